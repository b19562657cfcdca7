"""Thousands of short trajectories, each with a start and a target of its own.

Predictions are kept at checkpoints, projected if asked for; weights never. Chunks of
trajectories are stepped in one compiled program each, so memory need not grow with
their number.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from linnet.dynamics.ensemble_loop import stretches, travel
from linnet.dynamics.ensemble_process import AbstractEnsembleProcess
from linnet.dynamics.ensemble_request import EnsembleRequest, pose_ensemble

Progress = Callable[[float], None] | None


@dataclass(frozen=True, eq=False, repr=False)
class EnsembleRun:
    """What was seen of an ensemble.

    Attributes:
        steps: Checkpoints; of a flow its times.
        predictions: Projected on the axes if there were any.
        diverged_at: Of every trajectory, the first checkpoint at which its predictions
            had left every bound, -1 of a sound one. From there on its predictions are
            those of the checkpoint before: never NaN.
        first: Number of the first trajectory among all.
    """

    steps: np.ndarray
    predictions: Float[np.ndarray, "trajectories saves q"]
    diverged_at: Int[np.ndarray, " trajectories"]
    first: int = 0

    @property
    def diverged(self) -> int:
        """Number of trajectories that diverged."""
        return int((self.diverged_at >= 0).sum())


def train_ensemble(
    process: AbstractEnsembleProcess,
    starts: Float[np.ndarray, "..."],
    targets: Float[np.ndarray, "..."],
    steps: Sequence[int],
    *,
    axes: Float[np.ndarray, "s q"] | None = None,
    trajectories: int | None = None,
    first: int = 0,
    seed: int = 0,
    precision: Literal["float64", "float32"] = "float64",
    chunk: int | None = None,
    memory_limit: float | None = None,
    progress: Progress = None,
) -> EnsembleRun:
    r"""Step every trajectory, and keep its predictions at checkpoints.

    Args:
        process: `LinearEnsemble`, `OnlineEnsemble`, `KernelEnsemble` or
            `NetworkEnsemble`, or a process of your own.
        starts: Weights (of `KernelEnsemble`: predictions) at step 0, one a trajectory;
            or one for all, without that axis.
        targets: Labels of the training samples (of `OnlineEnsemble`: teacher weights),
            one a trajectory, or one for all.
        steps: Checkpoints, increasing, from 0 on: 0 is the start.
        axes: Columns on the samples that predictions are projected on, $f^\top U$; None
            keeps predictions on all samples.
        trajectories: Their number where starts and targets are one for all.
        first: Number of the first one: trajectory r draws from a stream that depends on
            `seed` and `first + r` alone, so an ensemble may be trained in parts.
        seed: Fixes all randomness of the training; in [0, 2**32).
        precision: 64 or 32 bits.
        chunk: Trajectories that are stepped together; None chooses.
        memory_limit: Bytes that results and working arrays may take; None for no limit.
        progress: Called with the fraction done.

    Returns:
        Predictions `(trajectories, checkpoints, q)` with what diverged.

    Raises:
        ValueError: when shapes, steps or options do not fit, an entry is not finite, or
            the memory would not suffice: the message says what would.

    Example:
        Three trajectories from zero to targets of their own, on two samples.

        >>> import numpy as np
        >>> from linnet.dynamics import LinearEnsemble
        >>> process = LinearEnsemble(np.eye(2), learning_rate=1.0)
        >>> targets = np.array([[1.0, 0.0], [0.0, 2.0], [4.0, 4.0]])
        >>> run = train_ensemble(process, np.zeros(2), targets, [0, 1, 2])
        >>> run.predictions[:, :, 0]
        array([[0.  , 0.5 , 0.75],
               [0.  , 0.  , 0.  ],
               [0.  , 2.  , 3.  ]])
    """
    request = pose_ensemble(
        process, starts, targets, steps, axes, trajectories, first, seed, precision
    )
    size = request.chunk(chunk)
    request.check_memory(size, request.count, memory_limit)
    found = np.empty(request.result_shape(request.count), request.dtype)
    diverged_at = np.empty(request.count, dtype=int)
    for part in _parts(request, size, progress):
        place = slice(part.first - first, part.first - first + len(part.predictions))
        found[place], diverged_at[place] = part.predictions, part.diverged_at
    return EnsembleRun(request.steps, found, diverged_at, first)


def stream_ensemble(
    process: AbstractEnsembleProcess,
    starts: Float[np.ndarray, "..."],
    targets: Float[np.ndarray, "..."],
    steps: Sequence[int],
    *,
    axes: Float[np.ndarray, "s q"] | None = None,
    trajectories: int | None = None,
    first: int = 0,
    seed: int = 0,
    precision: Literal["float64", "float32"] = "float64",
    chunk: int | None = None,
    memory_limit: float | None = None,
    progress: Progress = None,
) -> Iterator[EnsembleRun]:
    """As `train_ensemble`, chunk by chunk, for what adds up over trajectories.

    What is asked for is checked before the first chunk is taken. Arguments and errors
    are those of `train_ensemble`; the same trajectories come out, to rounding, whatever
    the chunks are.
    """
    request = pose_ensemble(
        process, starts, targets, steps, axes, trajectories, first, seed, precision
    )
    size = request.chunk(chunk)
    request.check_memory(size, size, memory_limit)
    return _parts(request, size, progress)


def _parts(
    request: EnsembleRequest, size: int, progress: Progress
) -> Iterator[EnsembleRun]:
    """One run per chunk; the last chunk is filled up, so that one program serves."""
    count, dtype = request.count, request.dtype
    plan = stretches(request.steps, request.process.block_length)
    for begin in range(0, count, size):
        stop = min(begin + size, count)
        rows = np.minimum(np.arange(begin, begin + size), count - 1)
        with jax.enable_x64(dtype == np.float64):  # not held while the caller works
            process = jax.tree.map(partial(_cast, dtype=dtype), request.process)
            root = jax.random.key(request.seed)
            streams = jnp.asarray(request.first + rows, jnp.uint32)
            keys = jax.vmap(partial(jax.random.fold_in, root))(streams)
            seen = travel(
                process,
                jnp.asarray(request.lens, dtype),
                keys,
                jnp.asarray(request.starts[rows], dtype),
                jnp.asarray(request.targets[rows], dtype),
                plan,
                len(request.steps),
            )
            found = np.asarray(seen)[:, : stop - begin]
        held, diverged_at = held_where_sound(found, request.steps)
        if progress is not None:
            progress(stop / count)
        yield EnsembleRun(request.steps, held, diverged_at, request.first + begin)


def held_where_sound(
    seen: Float[np.ndarray, "saves trajectories q"], steps: Int[np.ndarray, " saves"]
) -> tuple[Float[np.ndarray, "trajectories saves q"], Int[np.ndarray, " trajectories"]]:
    """Trajectories first; what left every bound is held at the checkpoint before.

    A trajectory that has left at the first checkpoint already is zero.
    """
    largest = np.finfo(seen.dtype).max ** 0.25  # its moments do not overflow
    with np.errstate(invalid="ignore"):
        is_sound = (np.abs(seen) < largest).all(axis=-1)  # written so that NaN is not
    paths = np.ascontiguousarray(seen.swapaxes(0, 1))
    diverged_at = np.full(len(paths), -1)
    for number in np.flatnonzero(~is_sound.all(axis=0)):
        lost = int(np.argmin(is_sound[:, number]))
        diverged_at[number] = steps[lost]
        paths[number, lost:] = paths[number, lost - 1] if lost else 0.0
    return paths, diverged_at


def _cast(leaf: Any, dtype: np.dtype) -> Array:
    return jnp.asarray(leaf, dtype)
