"""How a run ended, judged from outside the loop."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from linnet.dynamics.trajectory import Kind, Outcome

CONVERGED = 1e-8  # excess loss as a fraction
RESTING = 0.01  # share of the excess loss that another run as long would gain
LEFT = 0.1  # share of the excess loss that is gone when a plateau counts as left


@dataclass(frozen=True)
class Clock:
    """What a run counts, and how much time one of it takes.

    Attributes:
        is_discrete: Steps, or else time.
        unit: Time of one step; one where time itself is counted.
        is_noisy: Whether training stays at the noise of its batches for ever.
        decays: Whether weight decay ends it above the minimum of the loss alone.
    """

    is_discrete: bool
    unit: float
    is_noisy: bool = False
    decays: bool = False

    def name(self, at: float) -> str:
        """A moment, in words."""
        if self.is_discrete and np.isfinite(at):
            return f"step {at:.0f}" if at < 1e6 else f"step {at:.3g}"
        return f"{'step' if self.is_discrete else 'time'} {at:.4g}"


@dataclass(frozen=True)
class End:
    """Where one replica stands at the end of its run.

    Attributes:
        gap: Excess loss as a fraction.
        drift: Largest change of the imbalance, over the squared weight norm.
        at: Time or step.
        stopped: Whether it could go no further.
        limit: Gap at which it counts as converged.
        rests: Whether it hardly moves, far above the minimum.
        leaves: Time or step by which it will have left a place of rest; infinite where
            nothing leads down.
        deep: Whether there are more than two layers, so that growth speeds up.
    """

    gap: float
    drift: float
    at: float
    stopped: bool
    limit: float
    rests: bool
    leaves: float
    deep: bool


def at_rest(
    gap: Float[np.ndarray, " replicas"],
    speed: Float[np.ndarray, " replicas"],
    time: Float[np.ndarray, " replicas"],
) -> Bool[np.ndarray, " replicas"]:
    """Whether a run would gain less than one per cent of its excess in another as long.

    A run that has not begun rests only if it cannot move at all.
    """
    return (speed * time <= RESTING * gap) & ((time > 0) | (speed == 0))


def classify(end: End, clock: Clock) -> Outcome:
    """The outcome of one replica."""
    where = clock.name(end.at)
    excess = f"excess loss at {end.gap:.1e} of its scale"
    if end.stopped and clock.is_discrete:
        text = f"diverged at {where}: lower the learning rate or the initial scale"
        return _outcome("diverged", end, text)
    if end.gap <= end.limit:
        return _outcome("converged", end, f"converged: {excess} by {where}")
    if end.stopped:
        text = f"the solver used up its steps at {where}: raise the tolerance"
        return _outcome("limit", end, text)
    if end.rests:
        text = f"on a plateau at {where}: {excess}, {_way_out(end, clock)}"
        return _outcome("plateau", end, text)
    state, advice = _still(clock)
    return _outcome("limit", end, f"{state} at {where}: {excess}; {advice}")


def _still(clock: Clock) -> tuple[str, str]:
    """What a run does that has neither converged nor come to rest, and what to do."""
    if clock.decays:
        return "under weight decay", "it ends above the minimum of the loss alone"
    if clock.is_noisy:
        return "still moving", "lower the learning rate"
    return "still moving", "train longer"


def _way_out(end: End, clock: Clock) -> str:
    if np.isinf(end.leaves):
        return "and nothing moves it from there: start elsewhere"
    when = clock.name(end.leaves)
    when = f"by {when} at the latest" if end.deep else f"by about {when}"
    return f"to be left {when}: train longer"


def _outcome(kind: Kind, end: End, text: str) -> Outcome:
    leaves = end.leaves if kind == "plateau" else None
    return Outcome(kind, end.at, end.gap, end.drift, leaves, text)
