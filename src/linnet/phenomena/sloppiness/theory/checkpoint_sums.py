"""Averages over checkpoints as sums, for any response, in blocks that fit in memory."""

import numpy as np

from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.responses import AbstractResponse
from linnet.shapes import Float

BLOCK = 2**22
"""Numbers that a sum over checkpoints holds at once."""


def summed_modes(
    response: AbstractResponse,
    variances: Float[np.ndarray, "*grid r"],
    checkpoints: Checkpoints,
) -> tuple[np.ndarray, ...]:
    r"""$\langle h\rangle$, $\langle1-h\rangle$, and the three squares, mode by mode.

    A block of modes at a time: a response may have to look at the whole past.

    Raises:
        ValueError: as the response; when what it returns has another shape or is not
            finite.
    """
    when, weights = checkpoints.when, checkpoints.weights
    modes = variances.reshape(-1)
    block = max(BLOCK // len(when), 1)
    sums = []
    for at in range(0, len(modes), block):
        h, gap = _both(response, modes[at : at + block], when)
        terms = (h, gap, h**2, gap**2, h * gap)
        sums.append([term @ weights for term in terms])
    joined = (np.concatenate(parts) for parts in zip(*sums, strict=True))
    return tuple(part.reshape(variances.shape) for part in joined)


def summed_pairs(
    response: AbstractResponse,
    variances: Float[np.ndarray, "*grid r"],
    checkpoints: Checkpoints,
) -> tuple[np.ndarray, ...]:
    r"""$\langle h\rangle$, $\langle1-h\rangle$, and the three products of two modes.

    A block of checkpoints at a time.

    Raises:
        ValueError: as `summed_modes`.
    """
    when, weights = checkpoints.when, checkpoints.weights
    block = max(BLOCK // variances.size, 1)
    total: tuple[np.ndarray, ...] = (np.zeros(()),) * 5
    for at in range(0, len(when), block):
        p = weights[at : at + block]
        h, gap = _both(response, variances, when[at : at + block])
        right, right_gap = np.swapaxes(h, -1, -2), np.swapaxes(gap, -1, -2)
        part = (
            h @ p,
            gap @ p,
            (h * p) @ right,
            (gap * p) @ right_gap,
            (h * p) @ right_gap,
        )
        total = tuple(a + b for a, b in zip(total, part, strict=True))
    return total


def _both(
    response: AbstractResponse,
    variances: Float[np.ndarray, "*grid r"],
    when: Float[np.ndarray, " T"],
) -> tuple[Float[np.ndarray, "*grid r T"], Float[np.ndarray, "*grid r T"]]:
    """What is left and what is learned, which may be a user's: checked."""
    shape = (*variances.shape, len(when))
    found = []
    for name in ("remaining", "learned"):
        value = np.asarray(getattr(response, name)(variances, when), dtype=float)
        if value.shape != shape or not np.isfinite(value).all():
            seen = f"shape {value.shape}" if value.shape != shape else "others"
            raise ValueError(
                f"`{type(response).__name__}.{name}` must return finite numbers of"
                f" shape {shape}, variances by checkpoints, but returned {seen}."
            )
        found.append(value)
    return found[0], found[1]
