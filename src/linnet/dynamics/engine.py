"""What `simulate` asks of an engine: to advance all replicas, and to tell of them.

An engine holds JAX arrays and lives only inside the precision scope of one run.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float

from linnet.dynamics.frame import Frame
from linnet.dynamics.gradient import Stacked

Progress = Callable[[float], None] | None


class AbstractEngine(ABC):
    """All replicas of one run, somewhere along their way."""

    @abstractmethod
    def advance(self, target: float, progress: Progress) -> None:
        """Take every replica that can go on to `target`, a time or a step."""

    @property
    @abstractmethod
    def layers(self) -> Stacked:
        """Weights as they are stepped, with a replica axis."""

    @property
    @abstractmethod
    def frame(self) -> Frame:
        """How they become the weights of the network."""

    @property
    @abstractmethod
    def stopped(self) -> Bool[np.ndarray, " replicas"]:
        """Which replicas can go no further; they keep their last sound weights."""

    @property
    @abstractmethod
    def at(self) -> Float[np.ndarray, " replicas"]:
        """The time or step that each replica has reached, or at which it stopped."""

    @property
    @abstractmethod
    def evaluations(self) -> int:
        """Steps (descent) or attempted solver steps (flow) so far."""

    @property
    @abstractmethod
    def description(self) -> str:
        """How the run is stepped, with the reason."""
