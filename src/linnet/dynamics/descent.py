r"""Discrete training: full-batch gradient descent and stochastic gradient descent.

A discrete dynamics is a frozen value with `init` and `step`; loops, saving and replicas
live in `simulate`, once. What a step is made of are values too: where the gradient
comes from (`sampling`), and what is done with it (`update`). One step advances time by
the learning rate.
"""

from abc import abstractmethod
from numbers import Integral, Real
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from linnet.dynamics.gradient import Layers, batch_gradients, moment_gradients
from linnet.dynamics.reduction import check_moments
from linnet.task import Moments

Memory = Any


class AbstractDiscreteDynamics(eqx.Module):
    """One step of training, and the memory that it carries."""

    @abstractmethod
    def init(self, weights: Layers) -> Memory:
        """Memory at the start."""

    @abstractmethod
    def step(
        self, weights: Layers, memory: Memory, key: PRNGKeyArray
    ) -> tuple[Layers, Memory]:
        """One step; all of its randomness comes from `key`."""


class AbstractUpdate(eqx.Module):
    """What is done with a gradient.

    It must act on gradients linearly and leave alone what has none, as plain steps and
    momentum do: full-batch descent runs in reduced coordinates, which is exact for
    these only.
    """

    @abstractmethod
    def init(self, weights: Layers) -> Memory:
        """Memory at the start."""

    @abstractmethod
    def apply(
        self, weights: Layers, gradients: Layers, rate: float, memory: Memory
    ) -> tuple[Layers, Memory]:
        """New weights and memory."""


class PlainUpdate(AbstractUpdate):
    r"""$W \leftarrow W - \eta\,\nabla L$."""

    def init(self, weights: Layers) -> None:
        """Nothing is remembered."""
        del weights

    def apply(
        self, weights: Layers, gradients: Layers, rate: float, memory: None
    ) -> tuple[Layers, None]:
        """One plain step."""
        moved = jax.tree.map(lambda w, g: w - rate * g, weights, gradients)
        return moved, memory


class AbstractSampling(eqx.Module):
    """Which samples form the next batch."""

    @abstractmethod
    def init(self, n: int) -> Memory:
        """Memory at the start."""

    @abstractmethod
    def draw(
        self, key: PRNGKeyArray, n: int, batch_size: int, memory: Memory
    ) -> tuple[Int[Array, " batch"], Memory]:
        """Indices of the next batch out of `n` samples."""


class WithReplacement(AbstractSampling):
    """Independent uniform draws: at batch size m the noise has covariance $C/m$."""

    def init(self, n: int) -> None:
        """Nothing is remembered."""
        del n

    def draw(
        self, key: PRNGKeyArray, n: int, batch_size: int, memory: None
    ) -> tuple[Int[Array, " batch"], None]:
        """Independent indices."""
        # 32 bits always, so that both precisions draw the same samples.
        return jax.random.randint(key, (batch_size,), 0, n, jnp.int32), memory


def _floats(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=float)


def _check_rate(rate: float) -> None:
    is_number = isinstance(rate, Real | jax.Array) and np.ndim(rate) == 0
    try:
        is_sound = is_number and bool(np.isfinite(float(rate)) and rate > 0)
    except jax.errors.ConcretizationTypeError:  # inside jit, and checked before
        return
    if not is_sound:
        raise ValueError(
            f"Argument `learning_rate` must be positive and finite, but is {rate!r}."
        )


class GradientDescent(eqx.Module):
    r"""Full-batch gradient descent on moments; the cost does not depend on n.

    Attributes:
        moments: Data or population.
        learning_rate: $\eta > 0$.
        update: What is done with the gradient.

    Raises:
        ValueError: when the learning rate is not positive and finite.
    """

    moments: Moments = eqx.field(static=True)
    learning_rate: float
    update: AbstractUpdate = PlainUpdate()

    def __check_init__(self) -> None:
        check_moments(self.moments)
        _check_rate(self.learning_rate)


class ReducedDescent(AbstractDiscreteDynamics):
    """Gradient descent in reduced coordinates; what is actually stepped."""

    variances: Float[np.ndarray, " r"]
    yx: Float[np.ndarray, "k r"]
    learning_rate: float
    update: AbstractUpdate

    def init(self, weights: Layers) -> Memory:
        """Memory of the update."""
        return self.update.init(weights)

    def step(
        self, weights: Layers, memory: Memory, key: PRNGKeyArray
    ) -> tuple[Layers, Memory]:
        """One full-batch step; the key is not used."""
        del key
        gradients = moment_gradients(weights, self.variances, self.yx)
        return self.update.apply(weights, gradients, self.learning_rate, memory)


class SGD(AbstractDiscreteDynamics):
    r"""Minibatch stochastic gradient descent on a data set.

    Attributes:
        inputs: Samples as rows; NumPy, since a JAX array made outside the 64-bit scope
            would stay 32-bit inside it.
        targets: Targets as rows.
        learning_rate: $\eta > 0$.
        batch_size: Samples in a batch.
        sampling: How batches are drawn.
        update: What is done with the gradient.

    Raises:
        ValueError: when shapes differ, an entry is not finite, or batch size or
            learning rate are out of range.
    """

    inputs: Float[np.ndarray, "n d"] = eqx.field(converter=_floats)
    targets: Float[np.ndarray, "n k"] = eqx.field(converter=_floats)
    learning_rate: float
    batch_size: int = eqx.field(static=True)
    sampling: AbstractSampling = WithReplacement()
    update: AbstractUpdate = PlainUpdate()

    def __check_init__(self) -> None:
        if self.inputs.ndim != 2 or 0 in self.inputs.shape:
            raise ValueError(
                "Argument `inputs` must be (n, d), one row per sample, but has shape"
                f" {self.inputs.shape}."
            )
        n = self.inputs.shape[0]
        if self.targets.ndim != 2 or self.targets.shape[0] != n:
            raise ValueError(
                f"Argument `targets` must be ({n}, k), one row per sample, but has"
                f" shape {self.targets.shape}."
            )
        for name in ("inputs", "targets"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(
                    f"Argument `{name}` must be finite, but holds NaN or infinity."
                )
        if not isinstance(self.batch_size, Integral) or not 1 <= self.batch_size <= n:
            raise ValueError(
                f"Argument `batch_size` must be a whole number in [1, {n}], but is"
                f" {self.batch_size!r}."
            )
        _check_rate(self.learning_rate)

    def init(self, weights: Layers) -> Memory:
        """Memories of the sampling and of the update."""
        return self.sampling.init(self.inputs.shape[0]), self.update.init(weights)

    def step(
        self, weights: Layers, memory: Memory, key: PRNGKeyArray
    ) -> tuple[Layers, Memory]:
        """Draw a batch, move against its mean gradient."""
        drawn, moved = memory
        n = self.inputs.shape[0]
        pick, drawn = self.sampling.draw(key, n, self.batch_size, drawn)
        # NumPy arrays take no traced indices, as there are when steps are transformed.
        inputs, targets = jnp.asarray(self.inputs), jnp.asarray(self.targets)
        gradients = batch_gradients(weights, inputs[pick], targets[pick])
        weights, moved = self.update.apply(
            weights, gradients, self.learning_rate, moved
        )
        return weights, (drawn, moved)
