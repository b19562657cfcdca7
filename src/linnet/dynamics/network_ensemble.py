r"""Regression by networks of one hidden layer, wide enough to be lazy if asked for."""

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
    check_matrix,
    check_rate,
    check_update,
    count_rates,
    floats,
)
from linnet.dynamics.ensemble_request import check_whole
from linnet.dynamics.sampling import BLOCK_STEPS
from linnet.dynamics.update import AbstractUpdate, PlainUpdate, check_number

BENDS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "erf": jax.lax.erf}


class NetworkEnsemble(AbstractEnsembleProcess):
    r"""One hidden layer, $f(x)=\frac s{\sqrt h}\sum_ja_j\,\phi(w_j\cdot x/\sqrt d)$.

    All parameters train by full-batch descent on $\lVert f(X)-y\rVert^2/2n$. A start
    is a matrix `(hidden, d + 1)`, row j the weights $w_j$ and last $a_j$; standard
    normal ones (`starts`) make kernels that do not depend on the width when it is
    large. Then training is that of `KernelEnsemble` with the tangent kernel at the
    start, and the better so the larger $s$ is at fixed $\eta s^2$.

    Attributes:
        inputs: $X$, samples as rows.
        learning_rate: $\eta > 0$, one for all steps or one a step.
        hidden: $h$.
        activation: $\phi$, `relu`, `tanh` or `erf`.
        scale: $s > 0$.
        is_centered: Whether the function at the start is subtracted, in training and in
            what is seen: then every network starts from zero.
        update: What is done with the gradient.
        evaluate_on: Inputs that predictions are on; None for `inputs`.

    Raises:
        ValueError: when inputs are no finite matrix, or a number or a word is out of
            range.
        TypeError: when the update is of another kind.
    """

    inputs: Float[np.ndarray, "n d"] = eqx.field(converter=floats)
    learning_rate: Rate
    hidden: int = eqx.field(static=True, default=256)
    activation: str = eqx.field(static=True, default="relu")
    scale: float = 1.0
    is_centered: bool = eqx.field(static=True, default=False)
    update: AbstractUpdate = PlainUpdate()
    evaluate_on: Float[np.ndarray, "s d"] | None = eqx.field(
        converter=lambda given: None if given is None else floats(given), default=None
    )

    def __check_init__(self) -> None:
        check_matrix("inputs", self.inputs)
        check_rate(self.learning_rate)
        check_update(self.update)
        check_whole("hidden", self.hidden, 1)
        check_number("scale", self.scale, np.finfo(float).tiny, np.inf)
        if self.evaluate_on is not None:
            columns = self.inputs.shape[1]
            check_matrix("evaluate_on", self.evaluate_on, columns=columns)
        if self.activation not in BENDS:
            raise ValueError(
                f"Argument `activation` must be one of {', '.join(BENDS)}, but is"
                f" {self.activation!r}."
            )

    @property
    def start_shape(self) -> tuple[int, ...]:
        return self.hidden, self.inputs.shape[1] + 1

    @property
    def target_size(self) -> int:
        return len(self.inputs)

    @property
    def prediction_size(self) -> int:
        return len(self._shown)

    @property
    def block_length(self) -> int:
        return BLOCK_STEPS

    @property
    def working_size(self) -> int:
        # Forwards, backwards, and the slopes between them.
        return 3 * self.hidden * max(len(self.inputs), len(self._shown))

    @property
    def most_steps(self) -> float:
        return count_rates(self.learning_rate)

    @property
    def _shown(self) -> np.ndarray:
        return self.inputs if self.evaluate_on is None else self.evaluate_on

    def starts(self, count: int, seed: int) -> Float[np.ndarray, "{count} h d_and_one"]:
        """Standard normal parameters of `count` networks."""
        rng = np.random.default_rng(seed)
        return rng.standard_normal((count, *self.start_shape))

    def function(
        self, parameters: Float[Array, "h d_and_one"], inputs: Float[Array, "s d"]
    ) -> Float[Array, " s"]:
        """The network itself, not centered; JAX-traceable."""
        weights, last = parameters[:, :-1], parameters[:, -1]
        h, d = weights.shape
        pushed = inputs @ weights.T / np.sqrt(d)
        return BENDS[self.activation](pushed) @ last * self.scale / np.sqrt(h)

    def lens(self, axes: Axes) -> np.ndarray:
        return np.eye(self.prediction_size) if axes is None else np.asarray(axes)

    def prepare(self) -> Fixed:
        return None

    def begin(self, start: Float[Array, "h d_and_one"], target: Array) -> Carry:
        layers, shown = (start,), jnp.zeros(self.prediction_size, start.dtype)
        if self.is_centered:
            target = target + self.function(start, jnp.asarray(self.inputs))
            shown = self.function(start, jnp.asarray(self._shown))
        return layers, self.update.init(layers), target, shown

    def draw(self, key: PRNGKeyArray, block: Int[Array, ""]) -> Drawn:
        del key
        return block_rates(self.learning_rate, block, self.block_length)

    def move(self, fixed: Fixed, carry: Carry, drawn: Drawn) -> Carry:
        layers, memory, target, shown = carry

        def loss(parameters: Array) -> Array:
            error = self.function(parameters, jnp.asarray(self.inputs)) - target
            return jnp.vdot(error, error) / (2 * len(self.inputs))

        gradients = (jax.grad(loss)(layers[0]),)
        layers, memory = self.update.apply(layers, gradients, drawn, memory)
        return layers, memory, target, shown

    def see(self, carry: Carry, lens: Lens) -> Float[Array, " q"]:
        layers, _, _, at_start = carry
        return (self.function(layers[0], jnp.asarray(self._shown)) - at_start) @ lens
