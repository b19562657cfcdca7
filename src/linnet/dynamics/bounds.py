"""Which numbers a run can hold: what its precision cannot is refused at once."""

import numpy as np

from linnet.dynamics.reduction import RowSpace, StackedWeights

DIVERGED = 1e24  # squared weight norm, in units of start and minimizer


def divergence_bound(space: RowSpace, start: StackedWeights, dtype: np.dtype) -> float:
    r"""Squared weight norm beyond which a replica counts as diverged.

    $10^{24}$ times the scale of start and minimizer, but not so much that the loss,
    $\tfrac12\lambda_{\max}(N/L)^L$ at most for $L$ layers of squared norm $N$, could
    overflow.

    Raises:
        ValueError: when the start itself lies beyond.
    """
    with np.errstate(over="ignore"):
        size = max(sum((layer[r] ** 2).sum() for layer in start) for r in _range(start))
    depth, top = len(start), max(1.0, float(space.variances.max()))
    scale = 1 + size + np.linalg.norm(space.minimizer) ** (2 / depth)
    bound = min(DIVERGED * scale, depth * (_largest(dtype) / top) ** (1 / depth))
    if not size < bound:
        raise ValueError(
            f"Argument `weights` must have a squared norm below {bound:.3g} at this"
            f" depth in {dtype.name}, but has {size:.3g}: lower the initial scale."
        )
    return float(bound)


def check_range(space: RowSpace, dtype: np.dtype) -> None:
    r"""Refuse data whose variances or losses the precision would turn to 0 or infinity.

    Raises:
        ValueError: with what the data have and what could be held.
    """
    with np.errstate(over="ignore", under="ignore"):
        least, top = float(space.variances.min()), float(space.variances.max())
        loss = float(space.reachable_losses()[0])
        highest = max(top, top * float(np.linalg.norm(space.minimizer)) ** 2)
    lowest = min(least, loss) if space.yx.any() else least
    if lowest < np.finfo(dtype).tiny or not highest < _largest(dtype):
        raise ValueError(
            f"Data must have input variances and losses in [{np.finfo(dtype).tiny:.0e},"
            f" {_largest(dtype):.0e}] to be held in {dtype.name}, but the variances lie"
            f" in [{least:.3g}, {top:.3g}] and the zero map loses {loss:.3g}: rescale"
            " inputs and targets."
        )


def _largest(dtype: np.dtype) -> float:
    """With room above for what is formed from losses on the way."""
    return float(np.finfo(dtype).max) ** 0.75


def _range(stacked: StackedWeights) -> range:
    return range(len(stacked[0]))
