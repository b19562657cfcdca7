r"""The stochastic differential equation behind SGD, for linear networks of any depth.

$d\theta = -\nabla L\,dt + \sqrt{\eta\kappa}\,C(\theta)^{1/2}dB$ in the sense of Itô,
with $C(\theta)$ the covariance of the gradients of single samples: the continuum limit
of SGD at learning rate $\eta$ and batch noise $\kappa$. The noise needs no root of a
matrix: with $z_i$ independent normal numbers, one a sample,
$\frac1{\sqrt n}\sum_i(z_i-\bar z)\,g_i(\theta)$ has the covariance $C(\theta)$ exactly,
and in a linear network it is one backward pass with weighted samples.

Every noise field $\sum_iz_ig_i$ conserves the imbalance, as gradients do. Read in the
sense of Stratonovich the equation would hence leave the imbalance alone, while SGD
moves it by $\eta^2\kappa(W_1M_iW_1^\top - W_2^\top M_oW_2)$ a step on average: the Itô
term. Derived here.
"""

from numbers import Real
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from linnet.dynamics.descent import AbstractDiscreteDynamics, Drawn
from linnet.dynamics.gradient import Layers, weighted_gradients
from linnet.dynamics.update import Memory

SCHEMES = ("ito", "stratonovich")
# Steps drawn together: enough to hide the cost of a draw, unless samples are many.
BLOCK_STEPS, BLOCK_NUMBERS = 64, 4096


def _floats(values: object) -> np.ndarray:
    return np.asarray(values, dtype=float)


class Langevin(AbstractDiscreteDynamics):
    r"""The Langevin twin of SGD, by steps of Euler and Maruyama.

    A step of length $\Delta t$ is
    $\Delta\theta = -\Delta t\,\nabla L
      + \sqrt{\eta\kappa\Delta t}\,\frac1{\sqrt n}\sum_i(z_i-\bar z)\,g_i$.
    For $\Delta t\to0$ it is the Itô equation whose drift is plain gradient flow: the
    correction of order $\eta$ to the drift, with which a flow would follow descent
    more closely, is not included. At $\Delta t = \eta$, the default, a step has mean
    and covariance of one step of SGD, with Gaussian noise instead of that of batches.
    The cost of a step is that of a full-batch one on all samples.

    Trained by `simulate` as SGD is, with `steps` counted in time steps.

    Attributes:
        inputs: Samples as rows.
        targets: Targets as rows.
        learning_rate: $\eta > 0$, which sets the noise.
        noise_factor: $\kappa \ge 0$, covariance of a batch gradient over $C$: $1/m$ for
            batches of $m$ drawn with replacement, $\frac{n-m}{m(n-1)}$ for distinct
            samples.
        scheme: `ito`. With `stratonovich` (Heun's method) the equation is another one,
            wrong for SGD: it is here to be compared with.
        time_step: $\Delta t > 0$; None for the learning rate.

    Raises:
        ValueError: when shapes differ, an entry is not finite, or a number is out of
            range.

    Example:
        >>> from linnet.dynamics import simulate
        >>> twin = Langevin(np.eye(2), np.eye(2), 0.1, noise_factor=0.5)
        >>> simulate(twin, (np.zeros((2, 2)),), steps=[10])["end_to_end"].shape
        (1, 2, 2)
    """

    inputs: Float[np.ndarray, "n d"] = eqx.field(converter=_floats)
    targets: Float[np.ndarray, "n k"] = eqx.field(converter=_floats)
    learning_rate: float
    noise_factor: float
    scheme: Literal["ito", "stratonovich"] = eqx.field(static=True, default="ito")
    time_step: float | None = None

    def __check_init__(self) -> None:
        _check_samples(self.inputs, self.targets)
        if self.scheme not in SCHEMES:
            raise ValueError(
                f"Argument `scheme` must be one of {', '.join(SCHEMES)}, but is"
                f" {self.scheme!r}: SGD is `ito`."
            )
        _check_number("learning_rate", self.learning_rate, "positive", exclusive=True)
        _check_number("noise_factor", self.noise_factor, "at least 0", exclusive=False)
        if self.time_step is not None:
            _check_number("time_step", self.time_step, "positive", exclusive=True)

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.inputs)

    @property
    def is_noisy(self) -> bool:
        """It fluctuates for ever."""
        return True

    @property
    def block_length(self) -> int:
        """Steps whose noise is drawn together."""
        return max(1, min(BLOCK_STEPS, BLOCK_NUMBERS // self.n))

    @property
    def step_time(self) -> float:
        r"""Time that one step takes, $\Delta t$."""
        return self.learning_rate if self.time_step is None else self.time_step

    def init(self, weights: Layers) -> Memory:
        """Nothing is remembered."""
        del weights

    def draw(self, key: PRNGKeyArray, block: Int[Array, ""]) -> Drawn:
        """Normal numbers, one a sample and step; in 32 bits in both precisions."""
        shape = self.block_length, self.n
        return jax.random.normal(jax.random.fold_in(key, block), shape, jnp.float32)

    def move(
        self, weights: Layers, memory: Memory, drawn: Drawn
    ) -> tuple[Layers, Memory]:
        """One step, with one normal number a sample."""
        normal = drawn.astype(weights[0].dtype)
        change = self._change(weights, normal)
        moved = jax.tree.map(jnp.add, weights, change)
        if self.scheme == "stratonovich":  # the mean of both ends, with the same noise
            again = self._change(moved, normal)
            moved = jax.tree.map(
                lambda w, a, b: w + (a + b) / 2, weights, change, again
            )
        return moved, memory

    def _change(self, weights: Layers, normal: Float[Array, " n"]) -> Layers:
        """Drift and noise of one step, as one backward pass with weighted samples."""
        inputs, targets = jnp.asarray(self.inputs), jnp.asarray(self.targets)
        n, time = len(self.inputs), self.step_time
        strength = jnp.sqrt(self.learning_rate * self.noise_factor * time / n)
        shares = strength * (normal - normal.mean()) - time / n
        return weighted_gradients(weights, inputs, targets, shares)


def _check_samples(inputs: np.ndarray, targets: np.ndarray) -> None:
    if inputs.ndim != 2 or 0 in inputs.shape:
        raise ValueError(
            "Argument `inputs` must be (n, d), one row per sample, but has shape"
            f" {inputs.shape}."
        )
    if targets.ndim != 2 or len(targets) != len(inputs):
        raise ValueError(
            f"Argument `targets` must be ({len(inputs)}, k), one row per sample, but"
            f" has shape {targets.shape}."
        )
    for name, values in (("inputs", inputs), ("targets", targets)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"Argument `{name}` must be finite, but holds NaN or infinity."
            )


def _check_number(name: str, given: float, words: str, exclusive: bool) -> None:
    is_number = isinstance(given, Real | jax.Array) and np.ndim(given) == 0
    try:
        value = float(given) if is_number else np.nan
    except jax.errors.ConcretizationTypeError:  # inside jit, and checked before
        return
    if not (np.isfinite(value) and (value > 0 if exclusive else value >= 0)):
        raise ValueError(
            f"Argument `{name}` must be {words} and finite, but is {given!r}."
        )
