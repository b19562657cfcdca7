"""The Hessian of the square loss around given weights, measured by differences."""

import numpy as np

from linnet.network import Weights, check_weights, end_to_end, flatten
from linnet.shapes import Float
from linnet.task import Moments

STEP = 0.1  # of the largest weight; the differences are exact at any


def loss_hessian(weights: Weights, moments: Moments) -> Float[np.ndarray, "p p"]:
    r"""Second derivatives of the loss by all weights, for one or two layers.

    Central differences of the gradient at two steps, extrapolated to none. The gradient
    is a polynomial of degree three in the weights, for which that is exact: no error
    but rounding. Weights in the order of `flatten`.

    Args:
        weights: One or two layers, at a minimizer or anywhere.
        moments: Data or population.

    Returns:
        The Hessian, symmetric, $p$ the number of weights.

    Raises:
        ValueError: when the weights are more than two layers, all vanish, or do not fit
            the moments.
    """
    k, d = moments.yx.shape
    check_weights(weights, d, k)
    if len(weights) > 2:
        raise ValueError(
            "Argument `weights` must be one or two layers, for which differences are"
            f" exact, but holds {len(weights)}."
        )
    step = STEP * max(float(np.abs(layer).max()) for layer in weights)
    if step == 0:
        raise ValueError("Argument `weights` must not vanish, but does: no scale.")
    coarse, fine = (_differences(weights, moments, h) for h in (step, step / 2))
    hessian = (4 * fine - coarse) / 3
    return (hessian + hessian.T) / 2


def _differences(
    weights: Weights, moments: Moments, step: float
) -> Float[np.ndarray, "p p"]:
    """Central differences of the gradient along every weight."""
    rows = []
    for at, layer in enumerate(weights):
        for index in np.ndindex(layer.shape):
            push = np.zeros(layer.shape)
            push[index] = step
            ahead, back = (
                (*weights[:at], layer + sign * push, *weights[at + 1 :])
                for sign in (1, -1)
            )
            gap = _gradient(ahead, moments) - _gradient(back, moments)
            rows.append(gap / (2 * step))
    return np.array(rows)


def _gradient(weights: Weights, moments: Moments) -> Float[np.ndarray, " p"]:
    """Of the loss, by the chain rule."""
    pull = end_to_end(weights) @ moments.xx - moments.yx
    if len(weights) == 1:
        return flatten((pull,))
    first, second = weights
    return flatten((second.T @ pull, pull @ first.T))
