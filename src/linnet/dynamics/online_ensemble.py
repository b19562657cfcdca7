r"""One layer on fresh Gaussian samples at every step."""

from numbers import Integral

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from linnet.dynamics.ensemble_process import (
    AbstractEnsembleProcess,
    Axes,
    Carry,
    Drawn,
    Fixed,
    Lens,
    Rate,
    block_rates,
    check_rate,
    check_update,
    count_rates,
    floats,
)
from linnet.dynamics.gradient import batch_gradients
from linnet.dynamics.sampling import BLOCK_STEPS
from linnet.dynamics.update import AbstractUpdate, PlainUpdate, check_number


class OnlineEnsemble(AbstractEnsembleProcess):
    r"""A linear network of one layer on fresh Gaussian samples at every step.

    Every step draws `batch_size` inputs $x\sim N(0,\mathrm{diag}\,\lambda)$ and labels
    $y = x^\top w_\ast+\sigma\xi$; the target of a trajectory is $w_\ast$. Predictions
    are shown in the coordinates $\sqrt{\lambda_i}\,w_i$, one a mode: their second
    moments are those of predictions in the population.

    Attributes:
        variances: $\lambda > 0$ of the inputs.
        learning_rate: $\eta > 0$, one for all steps or one a step.
        batch_size: Samples in a step.
        label_noise: $\sigma \ge 0$.
        update: What is done with the gradient.

    Raises:
        ValueError: when a number is out of range.
        TypeError: when the update is of another kind.
    """

    variances: Float[np.ndarray, " d"] = eqx.field(converter=floats)
    learning_rate: Rate
    batch_size: int = eqx.field(static=True, default=1)
    label_noise: float = 0.0
    update: AbstractUpdate = PlainUpdate()

    def __check_init__(self) -> None:
        check_rate(self.learning_rate)
        check_update(self.update)
        check_number("label_noise", self.label_noise, 0.0, np.inf)
        if not isinstance(self.batch_size, Integral) or self.batch_size < 1:
            raise ValueError(
                "Argument `batch_size` must be a whole number >= 1, but is"
                f" {self.batch_size!r}."
            )
        given = self.variances
        if given.ndim != 1 or not len(given) or not (np.isfinite(given).all()):
            raise ValueError(
                "Argument `variances` must be a finite list of numbers, but has shape"
                f" {given.shape}."
            )
        if not (given > 0).all():
            raise ValueError(
                "Argument `variances` must be > 0, but its least entry is"
                f" {given.min():g}: drop modes that never move."
            )

    @property
    def start_shape(self) -> tuple[int, ...]:
        return self.variances.shape

    @property
    def target_size(self) -> int:
        return len(self.variances)

    @property
    def prediction_size(self) -> int:
        return len(self.variances)

    @property
    def block_length(self) -> int:
        numbers = self.batch_size * (len(self.variances) + 1)
        return max(1, min(BLOCK_STEPS, 4096 // numbers))

    @property
    def working_size(self) -> int:
        return 2 * self.batch_size * len(self.variances)

    @property
    def most_steps(self) -> float:
        return count_rates(self.learning_rate)

    def lens(self, axes: Axes) -> np.ndarray:
        scale = np.diag(np.sqrt(np.asarray(self.variances, dtype=float)))
        return scale if axes is None else scale @ axes

    def prepare(self) -> Fixed:
        return jnp.sqrt(self.variances)

    def begin(self, start: Float[Array, " d"], target: Float[Array, " d"]) -> Carry:
        layers = (start[None],)
        return layers, self.update.init(layers), target

    def draw(self, key: PRNGKeyArray, block: Int[Array, ""]) -> Drawn:
        rates = block_rates(self.learning_rate, block, self.block_length)
        shape = self.block_length, self.batch_size, len(self.variances) + 1
        mine = jax.random.fold_in(key, block)
        # In 32 bits: the same numbers in both precisions.
        return jax.random.normal(mine, shape, jnp.float32), rates

    def move(self, fixed: Fixed, carry: Carry, drawn: Drawn) -> Carry:
        layers, memory, target = carry
        normal, rate = drawn
        normal = normal.astype(target.dtype)
        inputs = normal[:, :-1] * fixed[None]
        labels = inputs @ target + self.label_noise * normal[:, -1]
        gradients = batch_gradients(layers, inputs, labels[:, None])
        layers, memory = self.update.apply(layers, gradients, rate, memory)
        return layers, memory, target

    def see(self, carry: Carry, lens: Lens) -> Float[Array, " q"]:
        return (carry[0][0] @ lens)[0]
