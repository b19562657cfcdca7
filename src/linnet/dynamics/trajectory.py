"""What a run returns: observables at the saved times, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from linnet.dynamics.reduction import AnyWeights

Kind = Literal["converged", "diverged", "plateau", "limit"]


@dataclass(frozen=True)
class Outcome:
    """How training of one replica ended.

    Attributes:
        kind: `converged` (the gap fell to 1e-8 or to what was asked), `diverged`
            (weights left every bound), `plateau` (nearly at rest above the minimum: a
            saddle, or too slow to matter within such a run), `limit` (the asked times
            or the solver's steps were used up while the loss still moved).
        at: Time (flow) or step (descent) at which it ended.
        gap: The last of `Trajectory.gap`.
        imbalance_drift: Largest change of the imbalance since the start, as a fraction
            of the squared weight norm at that time. Exact flow conserves the imbalance:
            there it is an error monitor that costs nothing; of descent it tells what
            the finite learning rate does.
        leaves: On a plateau the time or step by which training would leave it, losing
            a tenth of its excess loss: predicted from the curvatures along the
            directions that the gradient excites. With more than two layers growth
            speeds up on the way, and it is left earlier, several times so from a tiny
            start. Infinite where no way leads down; None elsewhere.
        message: One sentence for a reader.
    """

    kind: Kind
    at: float
    gap: float
    imbalance_drift: float
    leaves: float | None
    message: str


@dataclass(frozen=True, eq=False, repr=False)
class Trajectory:
    """Observables of a run; weights are kept at the end only.

    Attributes:
        times: Learning rate times steps, or flow time, shape `(saves,)`.
        steps: Steps, None for gradient flow.
        observables: By name, each `(saves, ...)`, or `(saves, replicas, ...)` for a run
            with replicas.
        weights: At the end, with a leading replica axis if there were replicas.
        gap: Excess loss over that of the best map that the narrowest layer lets
            through, as a fraction of its start or of that of the zero map, whichever is
            larger; `(saves,)` or `(saves, replicas)`.
        outcomes: One per replica.
        method: How it was integrated, with the reason.
        evaluations: Steps (descent) or attempted solver steps (flow).
    """

    times: Float[np.ndarray, " saves"]
    steps: Int[np.ndarray, " saves"] | None
    observables: Mapping[str, Float[np.ndarray, "saves ..."]]
    weights: AnyWeights
    gap: Float[np.ndarray, "saves ..."]
    outcomes: tuple[Outcome, ...]
    method: str
    evaluations: int

    @property
    def outcome(self) -> Outcome:
        """The outcome of a single run, or the worst of the replicas."""
        order = ("diverged", "plateau", "limit", "converged")
        return min(self.outcomes, key=lambda outcome: order.index(outcome.kind))

    @property
    def imbalance_drift(self) -> float:
        """The largest `Outcome.imbalance_drift` of all replicas."""
        return max(outcome.imbalance_drift for outcome in self.outcomes)

    def __getitem__(self, name: str) -> Float[np.ndarray, "saves ..."]:
        """An observable by name."""
        if name not in self.observables:
            raise KeyError(
                f"No observable `{name}` was saved; there are"
                f" {', '.join(self.observables)}."
            )
        return self.observables[name]

    def __repr__(self) -> str:
        shapes = ", ".join(
            f"{name} {values.shape}" for name, values in self.observables.items()
        )
        return (
            f"{len(self.times)} saved times up to t = {self.times[-1]:.4g} ({shapes});"
            f" {self.method}; {self.outcome.message}"
        )
