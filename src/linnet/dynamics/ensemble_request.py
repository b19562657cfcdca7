"""What an ensemble is asked for, refused before any work where it makes no sense."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from linnet.dynamics.ensemble_process import AbstractEnsembleProcess, check_matrix
from linnet.dynamics.schedule import check_schedule

CHUNK_BYTES = 2**25  # that a chunk of trajectories works in, its records included
CACHE_BYTES = 2**22  # that its steps touch: what leaves the cache is two times slower
LARGEST_CHUNK = 2048
CARRY_COPIES = 4  # start, carry, what a step makes of it


@dataclass(frozen=True, eq=False)
class EnsembleRequest:
    """All that fixes the numbers of an ensemble.

    Attributes:
        process: What a trajectory does.
        starts: One a trajectory; where one serves for all it is not copied.
        targets: One a trajectory.
        steps: Checkpoints.
        lens: What predictions are seen through.
        first: Number of the first trajectory.
        seed: Of the training.
        dtype: Precision.
    """

    process: AbstractEnsembleProcess
    starts: Float[np.ndarray, "trajectories ..."]
    targets: Float[np.ndarray, "trajectories m"]
    steps: Int[np.ndarray, " saves"]
    lens: Float[np.ndarray, "s q"]
    first: int
    seed: int
    dtype: np.dtype

    @property
    def count(self) -> int:
        """Number of trajectories."""
        return len(self.starts)

    def result_shape(self, count: int) -> tuple[int, int, int]:
        """Of the predictions of `count` trajectories."""
        return count, len(self.steps), self.lens.shape[1]

    @property
    def moving_bytes(self) -> int:
        """About what every step of one trajectory touches."""
        start = jax.ShapeDtypeStruct(self.process.start_shape, jnp.float32)
        target = jax.ShapeDtypeStruct((self.process.target_size,), jnp.float32)
        carry = _numbers(jax.eval_shape(self.process.begin, start, target))
        numbers = CARRY_COPIES * carry + self.process.working_size
        return self.dtype.itemsize * numbers

    @property
    def bytes_each(self) -> int:
        """About what one trajectory takes while it is stepped, twice its records."""
        key = jax.eval_shape(lambda: jax.random.key(0))
        number = jax.ShapeDtypeStruct((), jnp.int32)
        drawn = _numbers(jax.eval_shape(self.process.draw, key, number))
        kept = drawn + int(np.prod(self.result_shape(1)))
        return self.moving_bytes + 2 * self.dtype.itemsize * kept

    def chunk(self, asked: int | None) -> int:
        """Trajectories that are stepped together.

        Raises:
            ValueError: when `asked` is no whole number >= 1.
        """
        if asked is not None:
            check_whole("chunk", asked, 1)
            return min(int(asked), self.count)
        fitting = CHUNK_BYTES // self.bytes_each
        cached = CACHE_BYTES // self.moving_bytes
        most = max(1, min(fitting, cached, LARGEST_CHUNK))
        parts = -(-self.count // most)
        return -(-self.count // parts)

    def check_memory(self, chunk: int, kept: int, limit: float | None) -> None:
        """Refuse what would not fit, and say what would.

        Raises:
            ValueError: when the results of `kept` trajectories and a chunk in work take
                more than `limit` bytes.
        """
        if limit is None:
            return
        each = int(np.prod(self.result_shape(1))) * self.dtype.itemsize
        shared = self.lens.size * self.dtype.itemsize
        needed = kept * each + chunk * self.bytes_each + shared
        if needed <= limit:
            return
        small = self.bytes_each + shared
        fitting = int((limit - small) // each) if limit > small else 0
        advice = f"{fitting} trajectories in chunks of 1" if fitting else "not even one"
        mebi, saves = 2**20, len(self.steps)
        raise ValueError(
            f"An ensemble of {self.count} trajectories, {chunk} at a time, with {saves}"
            f" checkpoints of {self.lens.shape[1]} numbers needs about"
            f" {needed / mebi:.4g} MiB, {kept * each / mebi:.4g} MiB of it for results,"
            f" but `memory_limit` is {limit / mebi:.4g} MiB: {advice} would fit. Take"
            " `stream_ensemble`, fewer checkpoints or fewer axes."
        )


def pose_ensemble(
    process: AbstractEnsembleProcess,
    starts: Float[np.ndarray, "..."],
    targets: Float[np.ndarray, "..."],
    steps: Sequence[int],
    axes: Float[np.ndarray, "s q"] | None,
    trajectories: int | None,
    first: int,
    seed: int,
    precision: str,
) -> EnsembleRequest:
    """Check what was asked for.

    Raises:
        ValueError: when shapes or numbers do not fit.
        TypeError: when the process is none.
    """
    if not isinstance(process, AbstractEnsembleProcess):
        raise TypeError(
            "Argument `process` must be a value such as LinearEnsemble(inputs, 0.1),"
            f" but is of type {type(process).__name__}."
        )
    if precision not in ("float64", "float32"):
        raise ValueError(
            "Argument `precision` must be one of float64, float32, but is"
            f" {precision!r}."
        )
    check_whole("first", first, 0)
    check_whole("seed", seed, 0)
    if trajectories is not None:
        check_whole("trajectories", trajectories, 1)
    schedule = check_schedule("An ensemble", None, steps, True).astype(np.int32)
    if schedule[-1] > process.most_steps:
        raise ValueError(
            f"Argument `steps` must not exceed {process.most_steps:.0f}, the number of"
            f" learning rates, but ends at {schedule[-1]}."
        )
    start, target = stacked(
        {
            "starts": (starts, process.start_shape),
            "targets": (targets, (process.target_size,)),
        },
        trajectories,
    )
    lens = process.lens(_checked_axes(axes, process.prediction_size))
    dtype = np.dtype(precision)
    return EnsembleRequest(process, start, target, schedule, lens, first, seed, dtype)


def stacked(
    given: dict[str, tuple[object, tuple[int, ...]]], trajectories: int | None
) -> list[np.ndarray]:
    """Arrays with an axis of trajectories, which those that serve for all get too.

    Raises:
        ValueError: when shapes do not fit, or an entry is not finite.
    """
    arrays = {
        name: np.asarray(values, dtype=float) for name, (values, _) in given.items()
    }
    counts = {} if trajectories is None else {"trajectories": int(trajectories)}
    for name, array in arrays.items():
        shape = given[name][1]
        inner = array.shape[array.ndim - len(shape) :]
        if inner != shape or array.ndim - len(shape) not in (0, 1) or not array.size:
            raise ValueError(
                f"Argument `{name}` must be {shape}, or with a leading axis of"
                f" trajectories, but has shape {array.shape}."
            )
        if not np.isfinite(array).all():
            raise ValueError(
                f"Argument `{name}` must be finite, but holds NaN or infinity."
            )
        if array.ndim > len(shape):
            counts[name] = len(array)
    if len(set(counts.values())) > 1:
        told = ", ".join(f"`{name}` {count}" for name, count in counts.items())
        raise ValueError(f"Numbers of trajectories must agree, but are: {told}.")
    count = next(iter(counts.values()), 1)
    return [
        np.broadcast_to(array, (count, *given[name][1]))
        for name, array in arrays.items()
    ]


def _checked_axes(axes: object, size: int) -> np.ndarray | None:
    if axes is None:
        return None
    given = np.asarray(axes, dtype=float)
    check_matrix("axes", given, rows=size)
    return given


def _numbers(tree: object) -> int:
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(tree))


def check_whole(name: str, given: object, least: int) -> None:
    """Refuse what is no whole number of at least `least`, below 2**32.

    Raises:
        ValueError: with what was given.
    """
    if not isinstance(given, Integral) or not least <= int(given) < 2**32:
        raise ValueError(
            f"Argument `{name}` must be a whole number in [{least}, 2**32), but is"
            f" {given!r}."
        )
