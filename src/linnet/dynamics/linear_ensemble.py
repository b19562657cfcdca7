r"""One layer, every trajectory with a start and a target of its own: $f = Xw$."""

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
    check_batch,
    check_matrix,
    check_rate,
    check_update,
    count_rates,
    floats,
)
from linnet.dynamics.gradient import batch_gradients
from linnet.dynamics.sampling import (
    BLOCK_STEPS,
    AbstractSampling,
    WithoutReplacement,
)
from linnet.dynamics.update import AbstractUpdate, PlainUpdate


class LinearEnsemble(AbstractEnsembleProcess):
    r"""A linear network of one layer, $f = Xw$, on the loss $\lVert Xw-y\rVert^2/2n$.

    The weights themselves are stepped. With a batch size every step takes the samples
    of a batch; without one, all of them, through $X^\top X/n$ and $X^\top y/n$.

    Attributes:
        inputs: $X$, samples as rows.
        learning_rate: $\eta > 0$, one for all steps or one a step.
        batch_size: Samples in a batch; None for all, without noise.
        sampling: How batches are drawn, for every trajectory anew.
        update: What is done with the gradient.
        evaluate_on: Inputs that predictions are on; None for `inputs`.

    Raises:
        ValueError: when inputs are no finite matrix, or learning rate or batch size
            are out of range.
        TypeError: when sampling or update are of another kind.
    """

    inputs: Float[np.ndarray, "n d"] = eqx.field(converter=floats)
    learning_rate: Rate
    batch_size: int | None = eqx.field(static=True, default=None)
    sampling: AbstractSampling = WithoutReplacement()
    update: AbstractUpdate = PlainUpdate()
    evaluate_on: Float[np.ndarray, "s d"] | None = eqx.field(
        converter=lambda given: None if given is None else floats(given), default=None
    )

    def __check_init__(self) -> None:
        check_matrix("inputs", self.inputs)
        check_rate(self.learning_rate)
        check_update(self.update)
        n, d = self.inputs.shape
        if self.evaluate_on is not None:
            check_matrix("evaluate_on", self.evaluate_on, columns=d)
        if self.batch_size is not None:
            check_batch(self.batch_size, n, self.sampling)

    @property
    def start_shape(self) -> tuple[int, ...]:
        return self.inputs.shape[1:]

    @property
    def target_size(self) -> int:
        return len(self.inputs)

    @property
    def prediction_size(self) -> int:
        return len(self._shown)

    @property
    def block_length(self) -> int:
        if self.batch_size is None:
            return BLOCK_STEPS
        return self.sampling.block_length(len(self.inputs), self.batch_size)

    @property
    def working_size(self) -> int:
        batch = 1 if self.batch_size is None else int(self.batch_size)
        return 2 * batch * self.inputs.shape[1]

    @property
    def most_steps(self) -> float:
        return count_rates(self.learning_rate)

    @property
    def _shown(self) -> np.ndarray:
        return self.inputs if self.evaluate_on is None else self.evaluate_on

    def lens(self, axes: Axes) -> np.ndarray:
        shown = np.asarray(self._shown, dtype=float).T
        return shown if axes is None else shown @ axes

    def prepare(self) -> Fixed:
        if self.batch_size is not None:
            return None
        return self.inputs.T @ self.inputs / len(self.inputs)

    def begin(self, start: Float[Array, " d"], target: Float[Array, " m"]) -> Carry:
        layers = (start[None],)
        if self.batch_size is None:
            target = target @ self.inputs / len(self.inputs)
        return layers, self.update.init(layers), target[None]

    def draw(self, key: PRNGKeyArray, block: Int[Array, ""]) -> Drawn:
        rates = block_rates(self.learning_rate, block, self.block_length)
        if self.batch_size is None:
            return None, rates
        mine = jax.random.fold_in(key, block)
        n = len(self.inputs)
        return self.sampling.indices(mine, n, self.batch_size), rates

    def move(self, fixed: Fixed, carry: Carry, drawn: Drawn) -> Carry:
        layers, memory, target = carry
        pick, rate = drawn
        if pick is None:
            gradients = (layers[0] @ fixed - target,)
        else:
            inputs = jnp.asarray(self.inputs).at[pick].get(mode="clip")
            labels = target[0].at[pick].get(mode="clip")[:, None]
            gradients = batch_gradients(layers, inputs, labels)
        layers, memory = self.update.apply(layers, gradients, rate, memory)
        return layers, memory, target

    def see(self, carry: Carry, lens: Lens) -> Float[Array, " q"]:
        return (carry[0][0] @ lens)[0]
