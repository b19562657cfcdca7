r"""What one trajectory of an ensemble does in a step, each with a target of its own.

Loops, checkpoints and chunks live in `ensemble`, once.
"""

from abc import abstractmethod
from numbers import Integral
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from linnet.dynamics.sampling import AbstractSampling
from linnet.dynamics.update import AbstractUpdate

Carry = Any
Drawn = Any
Fixed = Any
Lens = Float[Array, "s q"]
Axes = Float[np.ndarray, "s q"] | None
Rate = float | Float[np.ndarray, " steps"]


class AbstractEnsembleProcess(eqx.Module):
    """One trajectory: a start, a target, and a step."""

    @property
    @abstractmethod
    def start_shape(self) -> tuple[int, ...]:
        """Of the weights (or predictions) that one trajectory starts from."""

    @property
    @abstractmethod
    def target_size(self) -> int:
        """Numbers in the target of one trajectory."""

    @property
    @abstractmethod
    def prediction_size(self) -> int:
        """Samples that predictions are on."""

    @property
    @abstractmethod
    def block_length(self) -> int:
        """Steps whose randomness is drawn together."""

    @property
    @abstractmethod
    def working_size(self) -> int:
        """Numbers that a step of one trajectory makes on the way, about."""

    @property
    @abstractmethod
    def most_steps(self) -> float:
        """Steps that there is a learning rate for."""

    @abstractmethod
    def lens(self, axes: Axes) -> np.ndarray:
        """What `see` needs in order to project predictions on axes."""

    @abstractmethod
    def prepare(self) -> Fixed:
        """What all steps of all trajectories need, formed once."""

    @abstractmethod
    def begin(self, start: Float[Array, "..."], target: Float[Array, " m"]) -> Carry:
        """All that a trajectory carries from step to step."""

    @abstractmethod
    def draw(self, key: PRNGKeyArray, block: Int[Array, ""]) -> Drawn:
        """All randomness of one block, and its learning rates, one row a step."""

    @abstractmethod
    def move(self, fixed: Fixed, carry: Carry, drawn: Drawn) -> Carry:
        """One step, on one row of what was drawn."""

    @abstractmethod
    def see(self, carry: Carry, lens: Lens) -> Float[Array, " q"]:
        """Predictions, projected."""


def floats(values: Any) -> np.ndarray:
    """NumPy, since a JAX array made outside the 64-bit scope would stay 32-bit."""
    return np.asarray(values, dtype=float)


def check_matrix(
    name: str, given: np.ndarray, rows: int | None = None, columns: int | None = None
) -> None:
    """Refuse what is no finite matrix (with so many rows or columns).

    Raises:
        ValueError: with what was given.
    """
    shape = given.shape
    wrong = given.ndim != 2 or 0 in shape
    if wrong or rows not in (None, shape[0]) or columns not in (None, shape[1]):
        wanted = f"({rows or 'n'}, {columns or 'd'})"
        raise ValueError(
            f"Argument `{name}` must be a matrix {wanted}, one row per sample, but has"
            f" shape {shape}."
        )
    if not np.isfinite(given).all():
        raise ValueError(
            f"Argument `{name}` must be finite, but holds NaN or infinity."
        )


def check_rate(rate: Any) -> None:
    """Refuse learning rates that are not positive and finite.

    Raises:
        ValueError: with what was given.
    """
    given = np.asarray(rate)
    is_number = given.ndim <= 1 and given.size and given.dtype.kind in "fiu"
    if not is_number or not (np.isfinite(given).all() and (given > 0).all()):
        raise ValueError(
            "Argument `learning_rate` must be positive and finite, one number or one a"
            f" step, but is {rate!r}."
        )


def check_update(update: object) -> None:
    """Refuse what is no update.

    Raises:
        TypeError: with what was given.
    """
    if not isinstance(update, AbstractUpdate):
        raise TypeError(
            f"Argument `update` must be a value such as HeavyBall(0.9), but is"
            f" {update!r}."
        )


def check_batch(batch_size: Any, n: int, sampling: object) -> None:
    """Refuse batches that cannot be drawn.

    Raises:
        ValueError: with the sizes that can.
        TypeError: when the sampling is none.
    """
    if not isinstance(batch_size, Integral) or not 1 <= int(batch_size) <= n:
        raise ValueError(
            f"Argument `batch_size` must be None or a whole number in [1, {n}], but is"
            f" {batch_size!r}."
        )
    if not isinstance(sampling, AbstractSampling):
        raise TypeError(
            f"Argument `sampling` must be a value such as Epochs(), but is"
            f" {sampling!r}."
        )
    sampling.check(n, int(batch_size))


def count_rates(rate: Any) -> float:
    """Steps that there is a learning rate for."""
    return np.inf if np.ndim(rate) == 0 else float(np.size(rate))


def block_rates(rate: Any, block: Array, length: int) -> Float[Array, " length"]:
    """Learning rates of the steps of a block; of steps beyond the last, the last."""
    rates = jnp.asarray(rate)
    if rates.ndim == 0:
        return jnp.broadcast_to(rates, (length,))
    return jnp.take(rates, block * length + jnp.arange(length), mode="clip")
