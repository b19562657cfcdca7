r"""Deterministic equivalents of a sample covariance: one number, $\kappa$, replaces it.

For rows $x_i$ of covariance $\Sigma$ and $\hat\Sigma = \frac1n\sum_ix_ix_i^\top$,
$$r(\hat\Sigma + r)^{-1} \simeq \kappa(\Sigma + \kappa)^{-1},\qquad
  \kappa\Big(1 - \frac{\mathrm{df}_1(\kappa)}n\Big) = r,\qquad
  \mathrm{df}_k(\kappa) = \sum_im_i\Big(\frac{\lambda_i}{\lambda_i+\kappa}\Big)^k .$$
The last axis of `eigenvalues` runs over the spectrum; `multiplicities` $m_i$, not
necessarily whole, spare repeated ones. All other axes broadcast.

Reference: Marchenko and Pastur 1967; Bach 2024.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.shapes import Float

ITERATIONS = 200


def degrees_of_freedom(
    eigenvalues: Float[np.ndarray, "*grid m"],
    kappa: ArrayLike,
    order: int = 1,
    multiplicities: Float[np.ndarray, "*more m"] | None = None,
) -> Float[np.ndarray, "*every"]:
    r"""$\mathrm{df}_k(\kappa)$, from the number of positive eigenvalues down to 0.

    Args:
        eigenvalues: $\lambda\ge0$.
        kappa: $\kappa\ge0$, infinity allowed.
        order: $k$, 1 or 2 where a risk is asked for.
        multiplicities: $m$; 1 when left out.

    Raises:
        ValueError: when an eigenvalue, a multiplicity or $\kappa$ is negative or NaN,
            or `order` is below 1.

    Example:
        >>> degrees_of_freedom(np.array([1.0, 0.0]), 1.0, multiplicities=np.full(2, 8))
        np.float64(4.0)
    """
    spectrum, counts = check_spectrum(eigenvalues, multiplicities)
    if order < 1:
        raise ValueError(f"Argument `order` must be >= 1, but is {order}.")
    return np.sum(counts * learned_fractions(spectrum, kappa) ** order, axis=-1)


def learned_fractions(
    eigenvalues: Float[np.ndarray, "*grid m"], kappa: ArrayLike
) -> Float[np.ndarray, "*every m"]:
    r"""$\lambda_i/(\lambda_i+\kappa)$: 1 at $\kappa=0$, and 0 wherever $\lambda_i=0$.

    Raises:
        ValueError: when $\kappa$ is negative or NaN.
    """
    level = _not_negative("kappa", kappa)[..., None]
    spectrum = np.asarray(eigenvalues, dtype=float)
    known = spectrum > 0
    with np.errstate(over="ignore"):  # a ratio beyond all numbers is learned not at all
        ratio = level / np.where(known, spectrum, 1.0)
    return np.where(known, 1 / (1 + ratio), 0.0)


def missed_fractions(
    eigenvalues: Float[np.ndarray, "*grid m"], kappa: ArrayLike
) -> Float[np.ndarray, "*every m"]:
    r"""$\kappa/(\lambda_i+\kappa)$, to full relative accuracy: 1 where $\lambda_i=0$.

    Raises:
        ValueError: when $\kappa$ is negative or NaN.
    """
    level = _not_negative("kappa", kappa)[..., None]
    spectrum = np.asarray(eigenvalues, dtype=float)
    with np.errstate(over="ignore"):
        ratio = spectrum / np.where(level > 0, level, 1.0)
    return np.where(level > 0, 1 / (1 + ratio), np.where(spectrum > 0, 0.0, 1.0))


def effective_ridge(
    eigenvalues: Float[np.ndarray, "*grid m"],
    n: ArrayLike,
    ridge: ArrayLike = 0.0,
    multiplicities: Float[np.ndarray, "*more m"] | None = None,
) -> Float[np.ndarray, "*every"]:
    r"""$\kappa\ge r$: what a penalty $r$ on $n$ samples amounts to in the population.

    The only non-negative root of $\kappa(1-\mathrm{df}_1(\kappa)/n) = r$, found in
    $\ln\kappa$ by Newton's method between bounds. Without a penalty $\kappa$ solves
    $\mathrm{df}_1 = n$ where there are more positive eigenvalues than samples, and is
    exactly 0 where there are not.

    Args:
        eigenvalues: $\lambda\ge0$; zeros are allowed and count for nothing.
        n: Samples, $\ge1$.
        ridge: $r\ge0$ of $\frac1n\lVert y-Xw\rVert^2+r\lVert w\rVert^2$; infinity too.
        multiplicities: $m$; 1 when left out.

    Raises:
        ValueError: when an eigenvalue, a multiplicity or the penalty is negative or
            NaN, or $n$ is below 1.

    Example:
        >>> effective_ridge(np.array([1.0]), 10, 0.0, np.array([50.0])).round(12)
        np.float64(4.0)
    """
    spectrum, counts = check_spectrum(eigenvalues, multiplicities)
    penalty, samples = _not_negative("ridge", ridge), check_samples(n)
    grid = np.broadcast_shapes(spectrum.shape[:-1], penalty.shape, samples.shape)
    penalty, samples = np.broadcast_to(penalty, grid), np.broadcast_to(samples, grid)
    # More axes than the spectrum has are new ones, in front of its last.
    spectrum, counts = (
        np.broadcast_to(x, (*grid, x.shape[-1])) for x in (spectrum, counts)
    )
    positive = np.sum(counts * (spectrum > 0), axis=-1)
    kappa = np.where(np.isinf(penalty), np.inf, 0.0)
    solve = np.isfinite(penalty) & ((penalty > 0) | (positive > samples))
    solve &= positive > 0
    kappa = np.where((positive == 0) & np.isfinite(penalty), penalty, kappa)
    if solve.any():
        given = spectrum[solve], counts[solve], samples[solve], penalty[solve]
        kappa[solve] = _root(*given)
    return kappa[()]


def unlearned_share(
    eigenvalues: Float[np.ndarray, "*grid m"],
    n: ArrayLike,
    kappa: ArrayLike,
    order: int = 1,
    multiplicities: Float[np.ndarray, "*more m"] | None = None,
) -> Float[np.ndarray, "*every"]:
    r"""$1-\mathrm{df}_k(\kappa)/n$ without cancellation at small $\kappa$.

    For $k=1$ it is $r/\kappa$; for $k=2$ it is $\mathrm dr/\mathrm d\kappa$.

    Raises:
        ValueError: as `degrees_of_freedom` and `effective_ridge`.
    """
    spectrum, counts = check_spectrum(eigenvalues, multiplicities)
    if order < 1:
        raise ValueError(f"Argument `order` must be >= 1, but is {order}.")
    fractions = learned_fractions(spectrum, kappa)
    level = np.asarray(kappa, dtype=float)[..., None]
    return _share(spectrum, counts, check_samples(n), level, fractions, order)


def check_spectrum(
    eigenvalues: Float[np.ndarray, "*grid m"],
    multiplicities: Float[np.ndarray, "*more m"] | None,
) -> tuple[Float[np.ndarray, "*every m"], Float[np.ndarray, "*every m"]]:
    """Eigenvalues and multiplicities of one shape, both known to be sensible.

    Raises:
        ValueError: when there is no eigenvalue, or one of them is negative or not
            finite.
    """
    spectrum = _not_negative("eigenvalues", eigenvalues, finite=True)
    counts = np.ones(1)
    if multiplicities is not None:
        counts = _not_negative("multiplicities", multiplicities, finite=True)
    if not (spectrum.ndim and spectrum.size and counts.ndim):
        raise ValueError(
            "Argument `eigenvalues` must have a last axis of at least one eigenvalue,"
            f" but has shape {spectrum.shape}, `multiplicities` {counts.shape}."
        )
    same = np.broadcast_arrays(spectrum, counts)
    return same[0], same[1]


def check_samples(n: ArrayLike) -> Float[np.ndarray, "*grid"]:
    """Numbers of samples as floats; not necessarily whole.

    Raises:
        ValueError: when one is below 1 or not finite.
    """
    samples = np.asarray(n, dtype=float)
    wrong = samples[~(np.isfinite(samples) & (samples >= 1))]
    if wrong.size:
        raise ValueError(
            f"Argument `n` must be finite and >= 1, but is {wrong.flat[0]:.6g}."
        )
    return samples


def _root(
    spectrum: Float[np.ndarray, "points m"],
    counts: Float[np.ndarray, "points m"],
    samples: Float[np.ndarray, " points"],
    penalty: Float[np.ndarray, " points"],
) -> Float[np.ndarray, " points"]:
    r"""Root of $1 - \mathrm{df}_1/n - r/\kappa$, which increases with $\ln\kappa$."""
    low, high = _bounds(spectrum, counts, samples, penalty)
    at = high
    for _ in range(ITERATIONS):
        kappa = np.exp(at)
        fractions = learned_fractions(spectrum, kappa)
        share = _share(spectrum, counts, samples, kappa[:, None], fractions, 1)
        value = share - penalty / kappa
        slope = np.sum(counts * fractions * (1 - fractions), axis=-1) / samples
        slope = slope + penalty / kappa
        low, high = np.where(value < 0, at, low), np.where(value < 0, high, at)
        step = at - value / slope
        # Newton where it stays between the bounds, else their middle; so too where it
        # would go far: on an exponential it takes one e-fold at a time.
        slow = (high - low > 8) & (np.abs(step - at) > 0.5)
        newton = (step >= low) & (step <= high) & ~slow
        new = np.where(newton, step, (low + high) / 2)
        moved = np.abs(new - at)
        at = new
        if np.all(moved <= 4e-16 * (1 + np.abs(at))):
            break
    return np.exp(at)


def _bounds(
    spectrum: Float[np.ndarray, "points m"],
    counts: Float[np.ndarray, "points m"],
    samples: Float[np.ndarray, " points"],
    penalty: Float[np.ndarray, " points"],
) -> tuple[Float[np.ndarray, " points"], Float[np.ndarray, " points"]]:
    r"""$\ln\kappa$ is between these: $r\le\kappa\le r+\mathrm{tr}\,\Sigma/n$."""
    known = (spectrum > 0) & (counts > 0)
    least = np.where(known, spectrum, np.inf).min(axis=-1)
    surplus = np.sum(counts * known, axis=-1) / samples - 1
    # All eigenvalues at least `least` gives at least the kappa of an isotropic one.
    low = np.maximum(penalty, least * np.maximum(surplus, 0))
    high = penalty + np.sum(counts * spectrum, axis=-1) / samples
    return np.log(low) - 1e-9, np.log(high) + 1e-9


def _share(
    spectrum: Float[np.ndarray, "..."],
    counts: Float[np.ndarray, "..."],
    samples: Float[np.ndarray, "..."],
    level: Float[np.ndarray, "..."],
    fractions: Float[np.ndarray, "..."],
    order: int,
) -> Float[np.ndarray, "..."]:
    r"""$1-\mathrm{df}_k/n$: what the $n$ largest miss, less what the others learn."""
    known = spectrum > 0
    left = np.where(known, missed_fractions(spectrum, level[..., 0]), 0.0)
    # 1 - f^k = (1 - f)(1 + f + ... + f^(k-1)), with 1 - f known to full accuracy.
    missed = left * sum(fractions**j for j in range(order))
    among = counts * _among_largest(spectrum, counts, samples)
    idle = np.maximum(samples - np.sum(counts * known, axis=-1), 0.0)
    above = idle + np.sum(among * missed, axis=-1)
    return (above - np.sum((counts - among) * fractions**order, axis=-1)) / samples


def _among_largest(
    spectrum: Float[np.ndarray, "..."],
    counts: Float[np.ndarray, "..."],
    samples: Float[np.ndarray, "..."],
) -> Float[np.ndarray, "..."]:
    """Which part of every eigenvalue belongs to the $n$ largest ones."""
    order = np.argsort(-spectrum, axis=-1, kind="stable")
    size = np.take_along_axis(counts, order, axis=-1)
    room = np.asarray(samples)[..., None] - (np.cumsum(size, axis=-1) - size)
    part = np.clip(room / np.where(size > 0, size, 1.0), 0.0, 1.0)
    back = np.argsort(order, axis=-1, kind="stable")
    back = np.broadcast_to(back, part.shape)
    return np.take_along_axis(part, back, axis=-1)


def _not_negative(
    name: str, value: ArrayLike, finite: bool = False
) -> Float[np.ndarray, "..."]:
    given = np.asarray(value, dtype=float)
    fine = (given >= 0) & (np.isfinite(given) if finite else True)
    if not np.all(fine):
        rule = "finite and >= 0" if finite else ">= 0"
        worst = given[~fine].flat[0]
        raise ValueError(f"Argument `{name}` must be {rule}, but holds {worst:.6g}.")
    return given
