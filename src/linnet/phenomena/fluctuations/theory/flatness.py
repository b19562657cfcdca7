r"""How wide the valley of the loss is along an axis, and how steep a layer sees it.

The width is $F = \theta^r - \theta^l$ between the points on both sides at which the
loss has grown to `level` times its value, $e$ in Feng and Tu 2021. One layer of a
linear network makes the loss a parabola along every axis, all layers at once make it a
polynomial of degree twice their number: both widths are exact, without a search of the
loss.
"""

from math import prod

import numpy as np

from linnet.network import Weights, check_weights, widths
from linnet.phenomena.fluctuations.theory.refusals import check_finite
from linnet.shapes import Float
from linnet.task import Moments

UNIT = 1e-5  # how far from one the norm of an axis may be


def quadratic_sides(
    curvature: Float[np.ndarray, "..."] | float,
    loss: Float[np.ndarray, "..."] | float,
    slope: Float[np.ndarray, "..."] | float = 0.0,
    level: float = np.e,
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    r"""Distances to the left and to the right at which a parabola reaches its level.

    The loss is $L_0 + g\theta + \frac12c\theta^2$; to the right the distance is the
    first positive root of $\frac12c\theta^2 + g\theta = (\mathrm{level}-1)L_0$, and
    to the left the same with $-g$. A side that never reaches the level is infinitely
    wide: both for $c\le0$ and $g=0$; the falling side for $c\le0$ and $g\ne0$; for
    $c<0$ the rising side too, when its summit $g^2/(2|c|)$ stays below the level.

    Args:
        curvature: $c$, of any sign.
        loss: $L_0 > 0$, at the point itself, noise floor included.
        slope: $g$.
        level: Factor of the loss, above 1.

    Returns:
        Left and right distance, positive, of the shape that all have together.

    Raises:
        ValueError: when the loss is not positive (a level relative to zero means
            nothing), the level is not above 1, or an argument is not finite.

    Reference: Feng and Tu 2021 (definition); derived here.
    """
    _check_level(loss, level)
    check_finite("curvature", curvature)
    check_finite("slope", slope)
    c, rise, g = np.broadcast_arrays(
        np.asarray(curvature, dtype=float),
        (level - 1) * np.asarray(loss, dtype=float),
        np.asarray(slope, dtype=float),
    )
    return _first_root(c, -g, rise), _first_root(c, g, rise)


def quadratic_width(
    curvature: Float[np.ndarray, "..."] | float,
    loss: Float[np.ndarray, "..."] | float,
    slope: Float[np.ndarray, "..."] | float = 0.0,
    level: float = np.e,
) -> Float[np.ndarray, "..."]:
    r"""Two-sided width of a parabola.

    $$F = \frac2c\sqrt{g^2 + 2c\,(\mathrm{level}-1)L_0},$$
    at a minimum $2\sqrt{2(\mathrm{level}-1)L_0/c}$. Infinity is the answer for
    $c\le0$, a flat or falling direction, where at least one side never reaches the
    level; fits leave such axes out (`fitted_exponent` refuses them). Without a loss
    at the point itself, where every sample is fitted, there is no level and no width.

    Arguments and refusals are those of `quadratic_sides`.

    Raises:
        ValueError: when the loss is not positive, the level is not above 1, or an
            argument is not finite.

    Reference: Feng and Tu 2021 (definition); derived here.
    """
    left, right = quadratic_sides(curvature, loss, slope, level)
    return left + right


def loss_along(
    weights: Weights, direction: Weights, moments: Moments
) -> Float[np.ndarray, " p"]:
    r"""The loss along a line through all weights, as a polynomial.

    $L(\theta) = \frac12\mathrm{tr}[W\,\mathtt{xx}\,W^\top - 2W\mathtt{yx}^\top +
    \mathtt{yy}]$ with $W = \prod_l(W_l + \theta D_l)$: of degree $2L$ for $L$ layers,
    quartic for two, quadratic when one layer alone moves (higher ones are then 0).

    Args:
        weights: Matrices, first layer first.
        direction: $D_l$, of the same shapes; its norm is the unit of $\theta$.
        moments: Moments of the data.

    Returns:
        Coefficients, constant first, shape `(2L + 1,)`.

    Raises:
        ValueError: when shapes do not fit.

    Reference: derived here.
    """
    k, d = moments.yx.shape
    check_weights(weights, d, k)
    check_weights(direction, d, k)
    if widths(direction) != widths(weights):
        raise ValueError(
            "Argument `direction` must have the shapes of the weights, sizes"
            f" {widths(weights)}, but has sizes {widths(direction)}."
        )
    maps = [np.eye(d)]
    for layer, turn in zip(weights, direction, strict=True):
        grown = [layer @ term for term in maps] + [np.zeros_like(layer @ maps[0])]
        for power, term in enumerate(maps):
            grown[power + 1] = grown[power + 1] + turn @ term
        maps = grown
    coefficients = np.zeros(2 * len(weights) + 1)
    coefficients[0] = np.trace(moments.yy) / 2
    for power, term in enumerate(maps):
        coefficients[power] -= (term * moments.yx).sum()
        for other, partner in enumerate(maps):
            coefficients[power + other] += (term @ moments.xx * partner).sum() / 2
    return coefficients


def polynomial_width(
    coefficients: Float[np.ndarray, " p"], level: float = np.e
) -> tuple[float, float]:
    r"""Distances to the left and right at which a polynomial reaches its level.

    The first root of $L(\theta) = \mathrm{level}\,L(0)$ on either side, to rounding:
    between neighboring turning points the loss is monotone, and the first stretch that
    crosses the level is bisected. A side that never reaches it is infinitely wide.

    Args:
        coefficients: Of the loss, constant first (`loss_along`).
        level: Factor of the loss, above 1.

    Returns:
        Left and right distance; their sum is the width $F$.

    Raises:
        ValueError: when the loss at 0 is not positive, a coefficient is not finite,
            or the level is not above 1.

    Reference: Feng and Tu 2021 (definition); derived here.
    """
    given = np.asarray(coefficients, dtype=float)
    if given.ndim != 1 or not given.size or not np.isfinite(given).all():
        raise ValueError(
            "Argument `coefficients` must be a finite vector, constant first, but is"
            f" {coefficients!r}."
        )
    _check_level(given[0], level)
    above = given.copy()
    above[0] = (1 - level) * given[0]
    signs = (-1.0) ** np.arange(len(given))
    return _first_crossing(above * signs), _first_crossing(above)


def layer_curvature(
    weights: Weights, xx: Float[np.ndarray, "d d"], layer: int
) -> Float[np.ndarray, "p p"]:
    r"""Hessian of the loss in one layer alone, over its row-major weights.

    $A^\top A\otimes B\,\mathtt{xx}\,B^\top$, where $A$ is the product of the layers
    after it and $B$ of those before: $I_k\otimes W_1\mathtt{xx}W_1^\top$ for the second
    of two layers, $W_2^\top W_2\otimes\mathtt{xx}$ for the first. Holds at any weights.

    Args:
        weights: Matrices, first layer first.
        xx: Second moment of the inputs.
        layer: Which one, from 0.

    Raises:
        ValueError: when shapes do not fit, `xx` is not finite, or there is no such
            layer.

    Reference: derived here.
    """
    return np.kron(*_sides(weights, xx, layer))


def axis_curvature(
    weights: Weights,
    xx: Float[np.ndarray, "d d"],
    layer: int,
    axes: Float[np.ndarray, "m p"],
) -> Float[np.ndarray, " m"]:
    r"""Curvature of the loss along axes of one layer.

    $p^\top(A^\top A\otimes B\,\mathtt{xx}\,B^\top)p$, `layer_curvature` along unit axes
    without the matrix.

    Args:
        weights: Matrices, first layer first.
        xx: Second moment of the inputs.
        layer: Which one, from 0.
        axes: Rows, over the row-major weights of the layer; each of norm 1.

    Raises:
        ValueError: when shapes do not fit, a row is not of norm 1, `xx` is not finite,
            or there is no such layer.

    Reference: derived here.
    """
    after, before = _sides(weights, xx, layer)
    shape = weights[layer].shape
    if axes.ndim != 2 or axes.shape[1] != prod(shape):
        raise ValueError(
            f"Argument `axes` must be (m, {prod(shape)}), rows over the weights of"
            f" layer {layer}, but has shape {axes.shape}."
        )
    lengths = np.linalg.norm(axes, axis=1)
    wrong = lengths[~(np.abs(lengths - 1) <= UNIT)]
    if wrong.size:
        raise ValueError(
            f"Argument `axes` must have rows of norm 1, but one has {wrong[0]:.6g}:"
            " divide each row by its norm."
        )
    turned = axes.reshape(-1, *shape)
    return (turned * (after @ turned @ before)).sum(axis=(1, 2))


def _first_root(
    c: Float[np.ndarray, "..."],
    g: Float[np.ndarray, "..."],
    rise: Float[np.ndarray, "..."],
) -> Float[np.ndarray, "..."]:
    """First positive root of c t^2/2 + g t = rise, infinite where there is none."""
    inside = g**2 + 2 * c * rise
    root = np.sqrt(np.clip(inside, 0, None))
    far = np.full(inside.shape, np.inf)
    rising = np.divide(
        2 * rise, g + root, out=far.copy(), where=(g >= 0) & (g + root > 0)
    )
    falling = np.divide(root - g, c, out=far.copy(), where=(g < 0) & (c > 0))
    return np.where(inside < 0, np.inf, np.where(g >= 0, rising, falling))


def _first_crossing(above: Float[np.ndarray, " p"]) -> float:
    """First positive zero of a polynomial that is negative at 0, or infinity."""
    from scipy.optimize import brentq

    value = np.polynomial.Polynomial(above)
    # A turning point too many (the real part of a pair) splits a stretch, no more.
    turns = np.sort(value.trim().deriv().roots().real)
    at = 0.0
    for turn in turns[turns > 0]:
        if value(turn) >= 0:
            return float(brentq(value, at, turn, xtol=1e-300, rtol=1e-14))
        at = float(turn)
    significant = np.trim_zeros(above, "b")
    if len(significant) == 1 or significant[-1] < 0:
        return float(np.inf)
    reach = max(at, 1e-300)
    while value(at + reach) < 0:
        reach *= 2
    return float(brentq(value, at, at + reach, xtol=1e-300, rtol=1e-14))


def _check_level(loss: Float[np.ndarray, "..."] | float, level: float) -> None:
    if not (np.isfinite(level) and level > 1):
        raise ValueError(
            f"Argument `level` must be above 1, the loss itself, but is {level}."
        )
    given = np.asarray(loss, dtype=float)
    wrong = given[~(np.isfinite(given) & (given > 0))]
    if wrong.size:
        raise ValueError(
            f"The loss must be positive and finite, but is {wrong.flat[0]}: a level"
            " relative to it means nothing where every sample is fitted. Take more"
            " samples than can be fitted."
        )


def _sides(
    weights: Weights, xx: Float[np.ndarray, "d d"], layer: int
) -> tuple[Float[np.ndarray, "q q"], Float[np.ndarray, "p p"]]:
    """Curvature on the side of the outputs, and on that of the inputs, of a layer."""
    check_weights(weights, xx.shape[0])
    check_finite("xx", xx)
    if layer not in range(len(weights)):
        raise ValueError(
            f"Argument `layer` must be in 0..{len(weights) - 1}, but is {layer}."
        )
    before = np.eye(xx.shape[0])
    for matrix in weights[:layer]:
        before = matrix @ before
    after = np.eye(weights[-1].shape[0])
    for matrix in reversed(weights[layer + 1 :]):
        after = after @ matrix
    return after.T @ after, before @ xx @ before.T
