r"""Spectra of large sample covariances $\frac1n\sum_i y_iy_i^\top$, $y_i$ white.

$n, p\to\infty$ at a fixed aspect ratio $\gamma = p/n$: the Marchenko-Pastur law. What
weighs the samples differently is in `weighted_covariance`.
"""

import numpy as np

from linnet.shapes import Float

NODES = 400
ORDERS = 20
"""Highest moment that is given."""


def marchenko_pastur_edges(aspect_ratio: float) -> tuple[float, float]:
    r"""Where the continuous part begins and ends: $(1\mp\sqrt\gamma)^2$.

    Raises:
        ValueError: when the aspect ratio is not positive and finite.
    """
    check_aspect_ratio(aspect_ratio)
    root = np.sqrt(aspect_ratio)
    return float((1 - root) ** 2), float((1 + root) ** 2)


def marchenko_pastur_density(
    x: Float[np.ndarray, "*points"], aspect_ratio: float
) -> Float[np.ndarray, "*points"]:
    r"""Density $\frac{\sqrt{(b-x)(x-a)}}{2\pi\gamma x}$ between the edges $a$, $b$.

    For $\gamma > 1$ it integrates to $1/\gamma$; the rest is an atom at zero.

    Raises:
        ValueError: when the aspect ratio is not positive and finite.

    Reference: Marchenko and Pastur 1967.
    """
    low, high = marchenko_pastur_edges(aspect_ratio)
    x = np.asarray(x, dtype=float)
    inside = (x > low) & (x < high)
    at = np.where(inside, x, 1.0)
    height = np.sqrt(np.clip((high - at) * (at - low), 0, None))
    return np.where(inside, height / (2 * np.pi * aspect_ratio * at), 0.0)


def marchenko_pastur_rule(
    aspect_ratio: float, nodes: int = NODES
) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, " q"]]:
    r"""Nodes and weights that average a smooth function over the law, $\gamma < 1$.

    The rule of Gauss for the semicircle between the edges, divided by $x$. It converges
    as $\gamma^{q/2}$, so that close to $\gamma = 1$ more nodes are due.

    Raises:
        ValueError: when the aspect ratio is not in (0, 1), or there is no node.
    """
    low, high = marchenko_pastur_edges(aspect_ratio)
    if aspect_ratio >= 1:
        raise ValueError(
            f"Argument `aspect_ratio` must be in (0, 1), but is {aspect_ratio}: the law"
            " is singular at zero."
        )
    if nodes < 1:
        raise ValueError(f"Argument `nodes` must be >= 1, but is {nodes}.")
    angle = np.pi * np.arange(1, nodes + 1) / (nodes + 1)
    half = (high - low) / 2
    x = (high + low) / 2 + half * np.cos(angle)
    semicircle = np.pi / (nodes + 1) * half**2 * np.sin(angle) ** 2
    return x, semicircle / (2 * np.pi * aspect_ratio * x)


def marchenko_pastur_moments(
    aspect_ratio: float, order: int
) -> Float[np.ndarray, " order"]:
    r"""Moments $\langle x\rangle, \langle x^2\rangle, \dots$ up to `order`.

    $1,\ 1+\gamma,\ 1+3\gamma+\gamma^2, \dots$: all free cumulants are
    $\gamma^{j-1}$.

    Raises:
        ValueError: when the aspect ratio is not positive, or the order not in [1, 20].
    """
    check_aspect_ratio(aspect_ratio)
    check_order(order)
    return moments_of_free_cumulants(float(aspect_ratio) ** np.arange(order))


def moments_of_free_cumulants(
    cumulants: Float[np.ndarray, " order"],
) -> Float[np.ndarray, " order"]:
    r"""Moments $m_j$ from free cumulants $\kappa_j$, both from the first on.

    $M(z) = 1 + \sum_j\kappa_j(zM(z))^j$ for the series $M(z)=1+\sum_jm_jz^j$, one
    order after the other.

    Reference: Nica and Speicher 2006.
    """
    order = len(cumulants)
    series = np.r_[1.0, np.zeros(order)]
    for _ in range(order):  # each sweep makes one more coefficient right
        shifted = np.r_[0.0, series[:-1]]
        power, found = np.r_[1.0, np.zeros(order)], np.r_[1.0, np.zeros(order)]
        for cumulant in cumulants:
            power = np.convolve(power, shifted)[: order + 1]
            found = found + cumulant * power
        series = found
    return series[1:]


def check_aspect_ratio(aspect_ratio: float) -> None:
    """Refuse what is no ratio of dimensions to samples.

    Raises:
        ValueError: when it is not positive and finite.
    """
    if not 0 < aspect_ratio < np.inf:
        raise ValueError(
            "Argument `aspect_ratio` must be positive and finite, but is"
            f" {aspect_ratio}."
        )


def check_order(order: int) -> None:
    """Refuse orders without a moment.

    Raises:
        ValueError: when it is not a whole number in [1, 20].
    """
    if int(order) != order or not 1 <= order <= ORDERS:
        raise ValueError(
            f"Argument `order` must be a whole number in [1, {ORDERS}], but is {order}."
        )
