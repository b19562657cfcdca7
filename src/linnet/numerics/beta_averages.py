r"""Averages over the Beta distribution, to rounding, however narrow or singular it is.

In the logarithm of the odds $x = \ln\frac V{1-V}$ the density of
$V\sim\mathrm{Beta}(a, b)$ is $\propto e^{ax}/(1+e^x)^{a+b}$: it decays exponentially on
both sides, and functions that are rational in $V$ with a pole outside of (0, 1) are
singular at $\mathrm{Im}\,x = \pm\pi$ *wherever the pole is*. The rule of equal steps
then converges exponentially, for a pole next to the interval as well, where the rule of
Gauss and Jacobi needs as many nodes as the inverse root of the distance.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from linnet.shapes import Float

DECAY = 38.0  # the density has fallen by exp(-38) = 3e-17 where the rule ends
STEP = 0.25, 0.45  # of equal steps: at most this, and this many standard deviations
NEWTON_STEPS = 40
BLOCK = 1 << 19  # nodes that are held at a time


def beta_rule(
    a: ArrayLike, b: ArrayLike, nodes: int | None = None
) -> tuple[Float[np.ndarray, "*grid nodes"], Float[np.ndarray, "*grid nodes"]]:
    r"""Nodes, as odds $V/(1-V)$, and weights that sum to 1, for $a, b \ge 1/2$.

    $\mathbb Ef(V) \approx \sum_kw_kf(o_k/(1+o_k))$; odds, since $1-V = 1/(1+o)$
    keeps its accuracy.

    Valid for: $f$ that is rational in $V$ and grows at the ends no faster than
    $V^{-1}$ and $(1-V)^{-1}$, or than half a power less than what has a mean; then to
    about 1e-12, from $a, b = 1/2$ (500 nodes) to any size (25 nodes).

    Args:
        a: Power of $V$ is $a-1$.
        b: Power of $1-V$ is $b-1$. Both broadcast.
        nodes: Number of nodes; None takes as many as the most difficult point needs.

    Raises:
        ValueError: when a parameter is below 1/2 or not finite, or `nodes` is no whole
            number >= 2.

    Example:
        >>> odds, weights = beta_rule(2.0, 3.0)
        >>> (weights @ (odds / (1 + odds))).round(12)  # a / (a + b)
        np.float64(0.4)
    """
    left, right = _powers(a, b)
    below, above = _reach(left, right), _reach(right, left)
    if nodes is None:
        nodes = int(_need(left, right, below + above).max(initial=2))
    if not (nodes >= 2 and nodes == int(nodes)):
        raise ValueError(
            f"Argument `nodes` must be >= 2, but is {nodes}: it is a whole number."
        )
    steps = (np.arange(nodes) + 0.5) / nodes
    y = (below + above)[..., None] * steps - below[..., None]
    weights = np.exp(-_fall(left[..., None], right[..., None], y))
    odds = (left / right)[..., None] * np.exp(y)
    return odds, weights / weights.sum(axis=-1, keepdims=True)


def beta_averages(
    functions: Callable[..., tuple[np.ndarray, ...]],
    a: ArrayLike,
    b: ArrayLike,
    *parameters: ArrayLike,
) -> tuple[Float[np.ndarray, "*grid"], ...]:
    r"""Means of several functions of the odds, over a grid of any size.

    Points of like difficulty are taken together, so that a few narrow or singular ones
    do not make all others slow, and a bounded number at a time.

    Valid for: as `beta_rule`.

    Args:
        functions: From the odds, and the parameters with a last axis of length one,
            to a tuple of arrays of the shape of the odds.
        a: As in `beta_rule`.
        b: As in `beta_rule`.
        parameters: What else the functions depend on. All broadcast.

    Returns:
        As many arrays as there are functions.

    Raises:
        ValueError: as `beta_rule`.
    """
    left, right = _powers(a, b)
    given = np.broadcast_arrays(
        left, right, *(np.asarray(x, float) for x in parameters)
    )
    flat = [x.ravel() for x in given]
    need = _need(flat[0], flat[1], _reach(*flat[:2]) + _reach(flat[1], flat[0]))
    order = np.argsort(need, kind="stable")
    means: list[np.ndarray] = []
    start = 0
    while start < len(order) or not means:
        nodes = need[order[start : start + BLOCK]].max(initial=2)
        size = max(1, BLOCK // int(nodes))
        take = order[start : start + size]
        nodes = int(need[take].max(initial=2))
        odds, weights = beta_rule(flat[0][take], flat[1][take], nodes)
        values = functions(odds, *(x[take][:, None] for x in flat[2:]))
        if not means:
            means = [np.empty(len(order)) for _ in values]
        for mean, value in zip(means, values, strict=True):
            mean[take] = np.sum(weights * value, axis=-1)
        start += size
    return tuple(mean.reshape(given[0].shape)[()] for mean in means)


def _powers(
    a: ArrayLike, b: ArrayLike
) -> tuple[Float[np.ndarray, "*grid"], Float[np.ndarray, "*grid"]]:
    given = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    for name, value in zip("ab", given, strict=True):
        fine = np.isfinite(value) & (value >= 0.5)
        if not fine.all():
            raise ValueError(
                f"Argument `{name}` must be finite and >= 1/2, but is"
                f" {value[~fine].flat[0]:.6g}: a slower decay needs a longer rule."
            )
    left, right = np.broadcast_arrays(*given)
    return left, right


def _need(
    a: np.ndarray, b: np.ndarray, width: np.ndarray
) -> Float[np.ndarray, "*grid"]:
    """Number of nodes: a whole number, as a float."""
    most, deviations = STEP
    return np.ceil(width / np.minimum(most, deviations * np.sqrt(1 / a + 1 / b)))


def _fall(
    a: np.ndarray, b: np.ndarray, y: np.ndarray
) -> Float[np.ndarray, "*grid nodes"]:
    r"""Minus the log density at a distance $y$ from its top, where it is 0.

    $(a+b)\ln(1+\bar V(e^y-1)) - ay$ with $\bar V = a/(a+b)$, and the same with $a$ and
    $b$, $y$ and $-y$ exchanged: the form whose terms cancel less.
    """
    few, many, turned = np.minimum(a, b), np.maximum(a, b), np.where(a > b, -y, y)
    total = few + many
    return total * np.log1p(few / total * np.expm1(turned)) - few * turned


def _reach(slope: np.ndarray, other: np.ndarray) -> Float[np.ndarray, "*grid"]:
    r"""How far to go on the side where the density falls as $e^{-\mathrm{slope}\,y}$.

    To where it is below `exp(-DECAY)` even times $e^y$, or as much growth as leaves
    half a power.
    """
    total, growth = slope + other, np.minimum(1.0, slope - 0.5)
    # The fall is convex, at least its asymptote: Newton from beyond never overshoots.
    y = (DECAY - total * np.log(other / total)) / (slope - growth)
    for _ in range(NEWTON_STEPS):
        kept = slope / total * np.exp(-y)
        part = kept + other / total
        rest = total * np.log(part) + (slope - growth) * y - DECAY
        step = rest / (slope - growth - total * kept / part)
        y = y - step
        if np.all(np.abs(step) < 1e-2 * y):
            break
    return y
