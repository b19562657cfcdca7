r"""From probabilities, logits or log-probabilities to numbers that can be trusted.

Arrays here have the axes `(samples, classes, models)`: sums over classes then run along
whole rows of models. What comes out sums to one to rounding, whatever its precision
was; what cannot be put right is refused with the model and the sample.
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np

Kind = Literal["probabilities", "logits", "log-probabilities", "values"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Conversion = Callable[[np.ndarray, Kind, float, float], np.ndarray]

MODELS, CLASSES, SAMPLES = -1, -2, -3
LOOSEST = 0.1  # deviation from one that rounding of large logarithms may excuse


class Unusable(Exception):
    """Something wrong at `place` = (sample, class, model) of a block."""

    def __init__(self, what: str, place: tuple[int, ...], remedy: str):
        self.what, self.place, self.remedy = what, place, remedy


def default_tolerance(dtype: np.dtype, classes: int) -> float:
    r"""How far a sum over classes may be from one: rounding of a softmax in `dtype`.

    $\epsilon (\sqrt C + 4)$: rounding of the sum in the denominator, which adds up like
    a random walk, of the exponential, of the division. Numbers in double precision are
    often those of a network in single precision, and are allowed its rounding.
    """
    rounding = max(np.finfo(dtype).eps, np.finfo(np.float32).eps)
    return float(rounding) * (classes**0.5 + 4)


def working_dtype(dtype: np.dtype) -> np.dtype:
    """Single precision for what is single or half, double for what is double."""
    return np.dtype(np.float64 if dtype.itemsize > 4 else np.float32)


def normalized(
    block: np.ndarray, kind: Kind, tolerance: float, smoothing: float
) -> np.ndarray:
    r"""Probabilities of a block in its working precision; `block` is overwritten.

    Args:
        block: `(samples, classes, models)`, single or double precision.
        kind: What its numbers are; not `values`.
        tolerance: Largest deviation of a sum over classes from one.
        smoothing: $\delta$; probabilities become $(1-\delta)\,p + \delta / C$.
    """
    if kind == "probabilities":
        total = _over_classes(block)
        # NaN fails every comparison, and infinity the one of the sum.
        if not block.min() >= 0 or not (np.abs(total - 1) <= tolerance).all():
            _refuse_below_zero(block)
            _refuse_sum(total, tolerance)
        probabilities = np.divide(block, total, out=block)
    else:
        probabilities = np.exp(log_normalized(block, kind, tolerance, 0.0))
    if smoothing:
        classes = block.shape[CLASSES]
        probabilities *= block.dtype.type(1 - smoothing)
        probabilities += block.dtype.type(smoothing / classes)
    return probabilities


def log_normalized(
    block: np.ndarray, kind: Kind, tolerance: float, smoothing: float
) -> np.ndarray:
    """Logarithms of `normalized`, exact where the probability underflows."""
    if kind == "probabilities" or smoothing:
        with np.errstate(divide="ignore"):
            return np.log(normalized(block, kind, tolerance, smoothing))
    _refuse_not_finite(block, allow_zero=kind == "log-probabilities")
    top = block.max(CLASSES, keepdims=True)
    if kind == "log-probabilities":
        _refuse_nothing_left(top)
        # Logarithms come from numbers at least as large as the largest of them.
        finite_part = np.where(block > -np.inf, block, 0)
        slack = tolerance * (1 - finite_part.min(CLASSES, keepdims=True))
        slack = np.minimum(slack, max(tolerance, LOOSEST))
    shifted = np.subtract(block, top, out=block)
    total = _over_classes(np.exp(shifted))
    if kind == "log-probabilities":
        _refuse_sum(np.exp(np.minimum(top, 50)) * total, slack)
    shifted -= np.log(total)
    return shifted


def finite(
    block: np.ndarray, kind: Kind, tolerance: float, smoothing: float
) -> np.ndarray:
    """Values of any sign as they are, none of them NaN or infinite."""
    _refuse_not_finite(block, allow_zero=False)
    return block


def _over_classes(block: np.ndarray) -> np.ndarray:
    """Sums one class after the other, in double precision.

    NumPy's own order depends on how many models are beside, and so would last digits.
    In single precision thousands of like terms are rounded alike, to 4e-5 off.
    """
    total = block[:, :1].astype(np.float64)
    for label in range(1, block.shape[CLASSES]):
        total += block[:, label : label + 1]
    return total.astype(block.dtype)


def _refuse_below_zero(block: np.ndarray) -> None:
    # NaN compares false with everything: one pass finds all three.
    good = (block >= 0) & (block < np.inf)
    if good.all():
        return
    place = _first(~good)
    value = block[place]
    remedy = "remove the models whose training diverged, or the samples"
    if abs(value) < np.inf:
        remedy = (
            "give finite probabilities that are not negative, or name their `kind`"
            " (`logits`, `log-probabilities`)"
        )
    raise Unusable(f"a probability is {value}", place, remedy)


def _refuse_not_finite(block: np.ndarray, allow_zero: bool) -> None:
    good = block < np.inf if allow_zero else np.isfinite(block)
    if good.all():
        return
    place = _first(~good)
    raise Unusable(
        f"a number is {block[place]}",
        place,
        "remove the models whose training diverged, or the samples",
    )


def _refuse_nothing_left(top: np.ndarray) -> None:
    if (top > -np.inf).all():
        return
    raise Unusable(
        "all log-probabilities are -inf",
        _first(~(top > -np.inf)),
        "at least one class must be possible",
    )


def _refuse_sum(total: np.ndarray, tolerance: float | np.ndarray) -> None:
    off = np.abs(total - 1)
    if (off <= tolerance).all():
        return
    place = _first(~(off <= tolerance))
    allowed = np.broadcast_to(tolerance, off.shape)[place]
    raise Unusable(
        f"probabilities sum to {total[place]:.9g}, further from 1 than {allowed:.2g}",
        place,
        "name what they are (`kind`), or state the deviation that their computation"
        " allows as `tolerance`",
    )


def _first(bad: np.ndarray) -> tuple[int, ...]:
    return tuple(int(index) for index in np.unravel_index(bad.argmax(), bad.shape))
