"""Averages of methods with momentum over uniform checkpoints, by doubling."""

import numpy as np

from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.momentum import AbstractMomentum
from linnet.phenomena.sloppiness.theory.recurrences import (
    StepMap,
    many_steps,
    summed_products,
)
from linnet.shapes import Float


def momentum_modes(
    response: AbstractMomentum,
    variances: Float[np.ndarray, "*grid r"],
    checkpoints: Checkpoints,
) -> tuple[np.ndarray, ...]:
    r"""$\langle h\rangle$, $\langle1-h\rangle$, and the three squares, mode by mode."""
    step = many_steps(response.step_of(variances), checkpoints.every)
    return _read(response, step, step, checkpoints)


def momentum_pairs(
    response: AbstractMomentum,
    variances: Float[np.ndarray, "*grid r"],
    checkpoints: Checkpoints,
) -> tuple[np.ndarray, ...]:
    r"""$\langle h\rangle$, $\langle1-h\rangle$, and the three products of two modes."""
    step = many_steps(response.step_of(variances), checkpoints.every)
    remaining, learned, *_ = _read(response, step, step, checkpoints)
    modes = variances.ndim - 1
    products = _read(
        response, _beside(step, modes + 1), _beside(step, modes), checkpoints
    )
    return remaining, learned, *products[2:]


def _beside(step: StepMap, axis: int) -> StepMap:
    return StepMap(*(np.expand_dims(value, axis) for value in vars(step).values()))


def _read(
    response: AbstractMomentum,
    rows: StepMap,
    columns: StepMap,
    checkpoints: Checkpoints,
) -> tuple[np.ndarray, ...]:
    """Averages read off the summed products of states $(h, g, u, m, 1)$."""
    count = checkpoints.count or 1
    mean = summed_products(rows, columns, count) / count
    h = np.array([1, response.ahead, 0, 0, 0])
    gap = np.array([0, 0, 1, response.ahead, 0])
    one = np.array([0, 0, 0, 0, 1.0])
    pairs = (h, one), (gap, one), (h, h), (gap, gap), (h, gap)
    return tuple((mean @ right) @ left for left, right in pairs)
