r"""Kernel descent, stepped in the predictions."""

import equinox as eqx
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
    check_matrix,
    check_rate,
    check_update,
    count_rates,
    floats,
)
from linnet.dynamics.sampling import BLOCK_STEPS
from linnet.dynamics.update import AbstractUpdate, PlainUpdate


class KernelEnsemble(AbstractEnsembleProcess):
    r"""Kernel descent, $f \leftarrow f-\frac\eta n K_{\cdot,\mathrm{train}}(f-y)$.

    The predictions themselves are stepped; a trajectory starts from $f_0$ on all rows
    of the kernel, and its target is $y$ on the training samples.

    Attributes:
        kernel: $K$ `(s, n)`: all samples against the n training samples, which are its
            first rows. Test samples follow.
        learning_rate: $\eta > 0$, one for all steps or one a step.
        update: What is done with the gradient.

    Raises:
        ValueError: when the kernel is no finite matrix, its first rows are not
            symmetric, or the learning rate is out of range.
        TypeError: when the update is of another kind.
    """

    kernel: Float[np.ndarray, "s n"] = eqx.field(converter=floats)
    learning_rate: Rate
    update: AbstractUpdate = PlainUpdate()

    def __check_init__(self) -> None:
        check_rate(self.learning_rate)
        check_update(self.update)
        check_matrix("kernel", self.kernel)
        s, n = self.kernel.shape
        square = self.kernel[:n]
        if s < n or np.abs(square - square.T).max() > 1e-8 * np.abs(square).max():
            raise ValueError(
                "Argument `kernel` must have the training samples as its columns and as"
                f" its first rows, symmetric, but is {self.kernel.shape}"
                + (" with other first rows." if s >= n else ".")
            )

    @property
    def start_shape(self) -> tuple[int, ...]:
        return self.kernel.shape[:1]

    @property
    def target_size(self) -> int:
        return self.kernel.shape[1]

    @property
    def prediction_size(self) -> int:
        return len(self.kernel)

    @property
    def block_length(self) -> int:
        return BLOCK_STEPS

    @property
    def working_size(self) -> int:
        return 2 * sum(self.kernel.shape)

    @property
    def most_steps(self) -> float:
        return count_rates(self.learning_rate)

    def lens(self, axes: Axes) -> np.ndarray:
        return np.eye(len(self.kernel)) if axes is None else np.asarray(axes)

    def prepare(self) -> Fixed:
        return self.kernel.T / self.kernel.shape[1]

    def begin(self, start: Float[Array, " s"], target: Float[Array, " n"]) -> Carry:
        layers = (start[None],)
        return layers, self.update.init(layers), target[None]

    def draw(self, key: PRNGKeyArray, block: Int[Array, ""]) -> Drawn:
        del key
        return block_rates(self.learning_rate, block, self.block_length)

    def move(self, fixed: Fixed, carry: Carry, drawn: Drawn) -> Carry:
        layers, memory, target = carry
        n = self.kernel.shape[1]
        gradients = ((layers[0][:, :n] - target) @ fixed,)
        layers, memory = self.update.apply(layers, gradients, drawn, memory)
        return layers, memory, target

    def see(self, carry: Carry, lens: Lens) -> Float[Array, " q"]:
        return (carry[0][0] @ lens)[0]
