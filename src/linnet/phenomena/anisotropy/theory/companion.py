r"""Law of the eigenvalues of large sample covariances, for any population spectrum.

The $n\times n$ matrix $\frac1nXX^\top$ has the Stieltjes transform $\tilde m(z)$ that
solves, with the shares $p_k$ of the eigenvalues $\lambda_k$ and $\gamma=d/n$,
$$z = Z(\tilde m) = -\frac1{\tilde m}
  + \gamma\sum_kp_k\frac{\lambda_k}{1+\tilde m\lambda_k},$$
the root with $\mathrm{Im}\,\tilde m\,\mathrm{Im}\,z>0$. On the real line outside of
all eigenvalues $Z$ increases, so that an edge is a zero of $Z'$; an eigenvalue of share
zero with $Z'(-1/\lambda)>0$ stands outside, at $Z(-1/\lambda)$.
"""

from collections.abc import Callable

import numpy as np

from linnet.phenomena.anisotropy.theory.population import PopulationSpectrum
from linnet.phenomena.anisotropy.theory.refusals import check_aspect_ratio, check_type
from linnet.shapes import Float

ROUNDS = 12
"""Each has twice as many plain steps as the one before, then ten of Newton's."""
PRECISION = 1e-11


def support_edges(
    spectrum: PopulationSpectrum, aspect_ratio: float
) -> tuple[float, float]:
    r"""Smallest and largest positive eigenvalue of large samples, outliers included.

    In $x=-1/\tilde m$ the law has its ends where
    $1=\gamma\sum_kp_k\lambda_k^2/(x-\lambda_k)^2$, above the largest $\lambda_k$, and
    below the smallest if the rank of $\Sigma$ is below $n$, else at negative $x$.

    Valid for: $n\to\infty$ at fixed $\gamma$; zero eigenvalues are left out. The lower
    edge is zero where the rank of $\Sigma$ is $n$.

    Args:
        spectrum: The population.
        aspect_ratio: $\gamma = d/n > 0$.

    Returns:
        The two edges.

    Raises:
        ValueError: when the aspect ratio is not positive and finite.

    Reference: Silverstein and Choi 1995; outliers: Baik and Silverstein 2006.

    Example:
        >>> population = PopulationSpectrum([6.0, 1.0], [0.0, 1.0], [1.0, 0.0])
        >>> np.round(support_edges(population, 0.25), 12)
        array([0.25, 6.3 ])
    """
    check_aspect_ratio(aspect_ratio)
    check_type("spectrum", spectrum, PopulationSpectrum)
    bulk = spectrum.shares * spectrum.eigenvalues > 0
    eigenvalues = spectrum.eigenvalues[bulk]
    shares = aspect_ratio * spectrum.shares[bulk]

    def rise(x: float) -> float:
        return float(1 - (shares * (eigenvalues / (x - eigenvalues)) ** 2).sum())

    def value(x: float) -> float:
        return float(x * (1 + (shares * eigenvalues / (x - eigenvalues)).sum()))

    top, bottom = eigenvalues.max(), eigenvalues.min()
    at_top = float(np.sqrt(shares[eigenvalues == top].sum()))
    reach = float(np.sqrt(shares.sum()))
    upper = _zero(rise, top * (1 + reach * 1.01), top * (1 + at_top * 0.99))
    if shares.sum() < 1:
        at_bottom = float(np.sqrt(shares[eigenvalues == bottom].sum()))
        lower = _zero(rise, 0.0, bottom * (1 - min(at_bottom * 0.99, 1.0)))
    else:
        lower = _zero(rise, -top * reach * 1.01, 0.0)
    found = [value(lower), value(upper)]
    spikes = spectrum.eigenvalues[~bulk & (spectrum.eigenvalues > 0)]
    for spike in spikes[(spikes > upper) | (spikes < lower)]:
        found.append(value(float(spike)))
    return abs(max(min(found), 0.0)), max(found)


def companion_transform(
    points: Float[np.ndarray, " N"], spectrum: PopulationSpectrum, aspect_ratio: float
) -> Float[np.ndarray, " N"]:
    r"""$\tilde m(z)$, Stieltjes transform of $\frac1nXX^\top$, off the real line.

    One eigenvalue with a share gives a quadratic equation. Otherwise
    $\tilde m\leftarrow[-z+\gamma\sum_kp_k\lambda_k/(1+\tilde m\lambda_k)]^{-1}$,
    which always converges, comes close, and Newton's method finishes, from there or
    from a neighboring point, where it ends at a root with the right sign: the only one.

    Valid for: $n\to\infty$ at fixed $\gamma$.

    Args:
        points: $z$, complex, $\mathrm{Im}\,z\ne0$.
        spectrum: The population.
        aspect_ratio: $\gamma = d/n > 0$.

    Returns:
        $\tilde m$, complex, of the shape of `points`.

    Raises:
        ValueError: when a point is real, or the aspect ratio is not positive.
        ArithmeticError: when the iteration does not converge.

    Reference: Marchenko and Pastur 1967; Silverstein and Choi 1995.
    """
    check_aspect_ratio(aspect_ratio)
    if not (np.isfinite(points) & (np.imag(points) != 0)).all():
        raise ValueError(
            "Argument `points` must be finite and off the real line, but is not."
        )
    check_type("spectrum", spectrum, PopulationSpectrum)
    bulk = spectrum.shares * spectrum.eigenvalues > 0
    eigenvalues = spectrum.eigenvalues[bulk]
    shares = aspect_ratio * spectrum.shares[bulk]
    if len(eigenvalues) == 1:
        return _one_eigenvalue(points / eigenvalues[0], shares[0]) / eigenvalues[0]
    return _iterated(points, eigenvalues, shares)


def _one_eigenvalue(
    z: Float[np.ndarray, " N"], ratio: float
) -> Float[np.ndarray, " N"]:
    half = (z + 1 - ratio) / 2
    root = np.sqrt(half**2 - z)
    far = np.where(abs(half + root) > abs(half - root), half + root, half - root)
    roots = np.stack([-far / z, -1 / far])  # no difference of near numbers
    right = np.sign(roots.imag) == np.sign(z.imag)
    return np.where(right[0], roots[0], roots[1])


def _iterated(
    z: Float[np.ndarray, " N"],
    eigenvalues: Float[np.ndarray, " K"],
    shares: Float[np.ndarray, " K"],
) -> Float[np.ndarray, " N"]:
    plain, found = -1 / z, np.full(len(z), np.nan, dtype=complex)
    for round_ in range(ROUNDS):
        open_ = np.isnan(found)
        for _ in range(2 ** (round_ + 2)):
            pull = (1 / (1 / eigenvalues + plain[open_, None])) @ shares
            plain[open_] = 1 / (pull - z[open_])
        found[open_] = _newton(plain[open_], z[open_], eigenvalues, shares)
        while np.isnan(found).any():  # continued from neighbors that are there
            before = np.isnan(found).sum()
            for shift in (1, -1):
                near = np.roll(found, shift)
                ready = np.isnan(found) & ~np.isnan(near)
                found[ready] = _newton(near[ready], z[ready], eigenvalues, shares)
            if np.isnan(found).sum() == before:
                break
        if not np.isnan(found).any():
            return found
    missing = z[np.isnan(found)]
    raise ArithmeticError(
        f"The Stieltjes transform did not converge at {len(missing)} of {len(z)} points"
        f", the first of them z = {missing[0]:.6g}."
    )


def _newton(
    start: Float[np.ndarray, " N"],
    z: Float[np.ndarray, " N"],
    eigenvalues: Float[np.ndarray, " K"],
    shares: Float[np.ndarray, " K"],
) -> Float[np.ndarray, " N"]:
    """The root with the right sign, or NaN where Newton's method does not get there."""
    m, step = start, start
    with np.errstate(all="ignore"):  # it may run away
        for _ in range(12):
            known = 1 / (1 / eigenvalues + m[:, None])
            step = known @ shares - 1 / m - z
            step /= 1 / m**2 - known**2 @ shares
            m = m - step
        # Where the step is small, the error is its square.
        done = np.isfinite(m) & (abs(step) <= PRECISION * abs(m))
    return np.where(done & (np.sign(m.imag) == np.sign(z.imag)), m, np.nan)


def _zero(
    function: Callable[[float], float], positive: float, negative: float
) -> float:
    """Where a monotonic function changes sign, kept on its positive side."""
    for _ in range(200):
        middle = (positive + negative) / 2
        if middle in (positive, negative):
            break
        if function(middle) >= 0:
            positive = middle
        else:
            negative = middle
    return positive
