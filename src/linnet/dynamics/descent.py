r"""Discrete training: full-batch gradient descent and stochastic gradient descent.

A discrete dynamics is a frozen value; loops, saving and replicas live in `simulate`,
once. What a step is made of are values too: where the gradient comes from (`sampling`),
and what is done with it (`update`). One step advances time by the learning rate.

Randomness is drawn in blocks of steps, so that drawing costs little: `draw` gives that
of one block, `move` takes one row of it, and `step` is both for one step alone, slow
and obviously right.
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
from linnet.dynamics.sampling import BLOCK_STEPS, AbstractSampling, WithReplacement
from linnet.dynamics.update import AbstractUpdate, Memory, PlainUpdate, check_number
from linnet.task import Moments

Drawn = Any
# The number of a block that no block has: the stream of label noise, so that batches
# are the same with and without it.
NOISE_STREAM = 2**32 - 1


class AbstractDiscreteDynamics(eqx.Module):
    """One step of training, and the memory that it carries."""

    @property
    @abstractmethod
    def block_length(self) -> int:
        """Steps whose randomness is drawn together."""

    @abstractmethod
    def init(self, weights: Layers) -> Memory:
        """Memory at the start."""

    @abstractmethod
    def draw(self, key: PRNGKeyArray, block: Int[Array, ""]) -> Drawn:
        """All randomness of one block, with a leading axis of steps.

        Args:
            key: The stream of a replica.
            block: Number of the block; it begins at step `block * block_length`.
        """

    @abstractmethod
    def move(
        self, weights: Layers, memory: Memory, drawn: Drawn
    ) -> tuple[Layers, Memory]:
        """One step, on one row of what was drawn."""

    def step(
        self, weights: Layers, memory: Memory, key: PRNGKeyArray, at: Int[Array, ""]
    ) -> tuple[Layers, Memory]:
        """One step by itself.

        Args:
            weights: Layers.
            memory: Of the step before; `init` gives the first.
            key: The stream of the replica, the same at every step.
            at: Number of steps taken before.
        """
        block, row = at // self.block_length, at % self.block_length
        drawn = jax.tree.map(lambda rows: rows[row], self.draw(key, block))
        return self.move(weights, memory, drawn)


def _floats(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=float)


def _check_kind(name: str, given: object, kind: type, example: str) -> None:
    if not isinstance(given, kind):
        raise TypeError(
            f"Argument `{name}` must be a value such as {example}, but is {given!r}."
        )


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
        label_noise: Standard deviation of the normal noise that every label gets anew
            at every step. Its effect on the gradient of the product, of covariance
            $\frac{s^2}{n} I\otimes\mathtt{xx}$, is drawn exactly.

    Raises:
        ValueError: when the learning rate is not positive and finite, the label noise
            is negative, or there is label noise on a population.
    """

    moments: Moments = eqx.field(static=True)
    learning_rate: float
    update: AbstractUpdate = PlainUpdate()
    label_noise: float = 0.0

    def __check_init__(self) -> None:
        check_moments(self.moments)
        _check_rate(self.learning_rate)
        check_number("label_noise", self.label_noise, 0.0, np.inf)
        if self.is_noisy and self.moments.n is None:
            raise ValueError(
                "Argument `label_noise` needs a number of samples, but `moments` has"
                " none: the noise of infinitely many labels averages out."
            )

    @property
    def is_noisy(self) -> bool:
        """Whether training stays noisy for ever."""
        return not _is_zero(self.label_noise)


class MomentDescent(AbstractDiscreteDynamics):
    r"""Gradient descent in the coordinates of the run; what is actually stepped.

    Attributes:
        xx: Input moment: its diagonal in reduced coordinates, or all of it.
        yx: Cross moment.
        learning_rate: $\eta$.
        update: What is done with the gradient.
        scatter: $\frac{s}{\sqrt n}\mathtt{xx}^{1/2}$ of label noise s, as diagonal or
            as some factor `(r, d)`; None without noise.
    """

    xx: Float[np.ndarray, "*_ d"]
    yx: Float[np.ndarray, "k d"]
    learning_rate: float
    update: AbstractUpdate
    scatter: Float[np.ndarray, "*_ d"] | None = None

    @property
    def block_length(self) -> int:
        """The same as for batches."""
        return BLOCK_STEPS

    def init(self, weights: Layers) -> Memory:
        """Memory of the update."""
        return self.update.init(weights)

    def draw(self, key: PRNGKeyArray, block: Int[Array, ""]) -> Drawn:
        """Keys of the noise, if any."""
        if self.scatter is None:
            return None
        return _noise_keys(key, block, self.block_length)

    def move(
        self, weights: Layers, memory: Memory, drawn: Drawn
    ) -> tuple[Layers, Memory]:
        """One full-batch step."""
        yx = self.yx
        if self.scatter is not None:
            shape = yx.shape[0], self.scatter.shape[0]
            noise = _normal(drawn, shape, weights[0])
            is_diagonal = self.scatter.ndim == 1
            yx += noise * self.scatter[None] if is_diagonal else noise @ self.scatter
        gradients = moment_gradients(weights, self.xx, yx)
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
        label_noise: Standard deviation of the normal noise that every label gets anew
            whenever it is used.

    Raises:
        ValueError: when shapes differ, an entry is not finite, or batch size, learning
            rate or label noise are out of range.
        TypeError: when sampling or update are of another kind.
    """

    inputs: Float[np.ndarray, "n d"] = eqx.field(converter=_floats)
    targets: Float[np.ndarray, "n k"] = eqx.field(converter=_floats)
    learning_rate: float
    batch_size: int = eqx.field(static=True)
    sampling: AbstractSampling = WithReplacement()
    update: AbstractUpdate = PlainUpdate()
    label_noise: float | None = 0.0

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
        _check_kind("sampling", self.sampling, AbstractSampling, "Epochs()")
        _check_kind("update", self.update, AbstractUpdate, "HeavyBall(0.9)")
        self.sampling.check(n, self.batch_size)
        _check_rate(self.learning_rate)
        if self.label_noise is not None:
            check_number("label_noise", self.label_noise, 0.0, np.inf)

    @property
    def is_noisy(self) -> bool:
        """Batches differ for ever."""
        return True

    @property
    def block_length(self) -> int:
        """That of the sampling."""
        return self.sampling.block_length(self.inputs.shape[0], self.batch_size)

    def init(self, weights: Layers) -> Memory:
        """Memory of the update."""
        return self.update.init(weights)

    def draw(self, key: PRNGKeyArray, block: Int[Array, ""]) -> Drawn:
        """Indices of the batches, and keys of the label noise, if any."""
        mine = jax.random.fold_in(key, block)
        picks = self.sampling.indices(mine, self.inputs.shape[0], self.batch_size)
        if _is_zero(self.label_noise):
            return picks, None
        return picks, _noise_keys(key, block, self.block_length)

    def move(
        self, weights: Layers, memory: Memory, drawn: Drawn
    ) -> tuple[Layers, Memory]:
        """Move against the mean gradient of a batch."""
        pick, key = drawn
        # NumPy arrays take no traced indices, as there are when steps are transformed.
        inputs, targets = (
            jnp.asarray(rows).at[pick].get(mode="clip")
            for rows in (self.inputs, self.targets)
        )
        if key is not None:
            noise = _normal(key, targets.shape, targets)
            targets += self.label_noise * noise
        gradients = batch_gradients(weights, inputs, targets)
        return self.update.apply(weights, gradients, self.learning_rate, memory)


def _is_zero(noise: float | None) -> bool:
    """Whether it is known that there is none."""
    return noise is None or (isinstance(noise, Real) and noise == 0)


def _noise_keys(key: PRNGKeyArray, block: Int[Array, ""], length: int) -> Array:
    """The keys of label noise at the steps of a block."""
    stream = jax.random.fold_in(key, NOISE_STREAM)
    return jax.random.split(jax.random.fold_in(stream, block), length)


def _normal(key: PRNGKeyArray, shape: tuple[int, ...], like: Array) -> Array:
    """Normal numbers, drawn in 32 bits: the same ones in both precisions."""
    return jax.random.normal(key, shape, jnp.float32).astype(like.dtype)
