r"""What is done with a gradient: a plain step, or momentum; with or without decay.

Weight decay $\mu$ trains $L + \frac\mu2\lvert\theta\rvert^2$: it adds $\mu W$ to the
gradient of every layer.
"""

from abc import abstractmethod
from numbers import Real
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from linnet.dynamics.gradient import Layers

Memory = Any


class AbstractUpdate(eqx.Module):
    """What is done with a gradient."""

    @property
    def keeps_idle(self) -> bool:
        """Whether weights without gradients stay put, and gradients act linearly.

        If so, full-batch descent runs in reduced coordinates, which is exact then: it
        drops directions that get no gradient and turns the hidden layer. If not, as
        with weight decay, the whole network is stepped.
        """
        return False

    @abstractmethod
    def init(self, weights: Layers) -> Memory:
        """Memory at the start."""

    @abstractmethod
    def apply(
        self, weights: Layers, gradients: Layers, rate: float, memory: Memory
    ) -> tuple[Layers, Memory]:
        """New weights and memory."""


class PlainUpdate(AbstractUpdate):
    r"""$W \leftarrow W - \eta\,(\nabla L + \mu W)$.

    Attributes:
        weight_decay: $\mu \ge 0$.

    Raises:
        ValueError: when the weight decay is negative or not finite.
    """

    weight_decay: float = 0.0

    def __check_init__(self) -> None:
        check_number("weight_decay", self.weight_decay, 0.0, np.inf)

    @property
    def keeps_idle(self) -> bool:
        """Without weight decay."""
        return self.weight_decay == 0

    def init(self, weights: Layers) -> None:
        """Nothing is remembered."""
        del weights

    def apply(
        self, weights: Layers, gradients: Layers, rate: float, memory: None
    ) -> tuple[Layers, None]:
        """One plain step."""
        decay = self.weight_decay
        moved = jax.tree.map(
            lambda w, g: w - rate * (g + decay * w), weights, gradients
        )
        return moved, memory


class HeavyBall(AbstractUpdate):
    r"""$V \leftarrow \beta V - \eta\,(\nabla L + \mu W)$, then $W \leftarrow W + V$.

    $V$ is zero at the start. Slow directions are trained as at the rate
    $\eta/(1-\beta)$.

    Attributes:
        momentum: $\beta$ in [0, 1).
        weight_decay: $\mu \ge 0$.

    Raises:
        ValueError: when momentum or weight decay are out of range.
    """

    momentum: float
    weight_decay: float = 0.0

    def __check_init__(self) -> None:
        check_number("momentum", self.momentum, 0.0, 1.0)
        check_number("weight_decay", self.weight_decay, 0.0, np.inf)

    @property
    def keeps_idle(self) -> bool:
        """Without weight decay."""
        return self.weight_decay == 0

    def init(self, weights: Layers) -> Layers:
        """A ball at rest."""
        return jax.tree.map(jnp.zeros_like, weights)

    def apply(
        self, weights: Layers, gradients: Layers, rate: float, memory: Layers
    ) -> tuple[Layers, Layers]:
        """Push the ball, let it roll."""
        decay = self.weight_decay
        pushed = jax.tree.map(
            lambda v, w, g: self.momentum * v - rate * (g + decay * w),
            memory,
            weights,
            gradients,
        )
        return jax.tree.map(lambda w, v: w + v, weights, pushed), pushed


class Nesterov(AbstractUpdate):
    r"""$V \leftarrow \beta V - \eta\,g$, then $W \leftarrow W + \beta V - \eta\,g$.

    $g = \nabla L + \mu W$ at $W$, $V$ is zero at the start. The weights are the points
    at which gradients are taken, as in PyTorch and optax: the textbook's look-ahead
    points $\theta_t + \beta\,(\theta_t-\theta_{t-1})$ of
    $\theta_{t+1} = W_t - \eta\,g(W_t)$. Its other points are $\theta = W - \beta V$.

    Attributes:
        momentum: $\beta$ in [0, 1).
        weight_decay: $\mu \ge 0$.

    Raises:
        ValueError: when momentum or weight decay are out of range.
    """

    momentum: float
    weight_decay: float = 0.0

    def __check_init__(self) -> None:
        check_number("momentum", self.momentum, 0.0, 1.0)
        check_number("weight_decay", self.weight_decay, 0.0, np.inf)

    @property
    def keeps_idle(self) -> bool:
        """Without weight decay."""
        return self.weight_decay == 0

    def init(self, weights: Layers) -> Layers:
        """Nothing moves yet."""
        return jax.tree.map(jnp.zeros_like, weights)

    def apply(
        self, weights: Layers, gradients: Layers, rate: float, memory: Layers
    ) -> tuple[Layers, Layers]:
        """Push, and look ahead."""
        decay, beta = self.weight_decay, self.momentum
        kicks = jax.tree.map(lambda w, g: -rate * (g + decay * w), weights, gradients)
        pushed = jax.tree.map(lambda v, kick: beta * v + kick, memory, kicks)
        moved = jax.tree.map(
            lambda w, v, kick: w + (beta * v + kick), weights, pushed, kicks
        )
        return moved, pushed


def check_number(name: str, given: Any, least: float, below: float) -> None:
    """Refuse what is no number in `[least, below)`; traced numbers were checked before.

    Raises:
        ValueError: with what was given.
    """
    is_number = isinstance(given, Real) or getattr(given, "shape", None) == ()
    try:
        is_sound = is_number and bool(least <= given < below)
    except jax.errors.ConcretizationTypeError:
        return
    if not is_sound:
        raise ValueError(
            f"Argument `{name}` must be a number in [{least:g}, {below:g}), but is"
            f" {given!r}."
        )
