r"""Gradient flow of one layer for thousands of starts and targets.

A linear network of k outputs is k trajectories of one output: row j of its weights
flows on the labels of column j alone. So `simulate` runs the ensemble as it is.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Array, Float

from linnet.dynamics.ensemble import EnsembleRun
from linnet.dynamics.ensemble_process import check_matrix
from linnet.dynamics.ensemble_request import check_whole, stacked
from linnet.dynamics.flow import GradientFlow
from linnet.dynamics.gradient import Layers
from linnet.dynamics.linear_ensemble import LinearEnsemble
from linnet.dynamics.simulate import simulate
from linnet.task import Moments

CHUNK = 1000  # the moments of targets take its square


def flow_ensemble(
    inputs: Float[np.ndarray, "n d"],
    starts: Float[np.ndarray, "..."],
    targets: Float[np.ndarray, "..."],
    times: Sequence[float],
    *,
    axes: Float[np.ndarray, "s q"] | None = None,
    evaluate_on: Float[np.ndarray, "s d"] | None = None,
    trajectories: int | None = None,
    first: int = 0,
    tolerance: float | None = None,
    memory_limit: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> EnsembleRun:
    r"""Let every trajectory flow, $\dot w=-X^\top(Xw-y)/n$, and keep its predictions.

    Trajectories flow in parts of 1000, whose steps are as short as the most demanding
    one asks for.

    Args:
        inputs: $X$, samples as rows.
        starts: Weights `(d,)` at time 0, one a trajectory, or one for all.
        targets: Labels `(n,)`, one a trajectory, or one for all.
        times: When predictions are kept: increasing, from 0 on.
        axes: Columns on the samples that predictions are projected on; None keeps
            predictions on all samples.
        evaluate_on: Inputs that predictions are on; None for `inputs`.
        trajectories: Their number where starts and targets are one for all.
        first: Number of the first one.
        tolerance: Relative tolerance of the solver; None takes that of `simulate`.
        memory_limit: Bytes that results and the part at hand may take; None for no
            limit.
        progress: Called with the fraction done.

    Returns:
        Predictions `(trajectories, times, q)`; nothing diverges.

    Raises:
        ValueError: when shapes or times do not fit, an entry is not finite, or the
            memory would not suffice.

    Example:
        >>> import numpy as np
        >>> run = flow_ensemble(np.eye(2), np.zeros(2), np.eye(2), [0, 2 * np.log(2)])
        >>> run.predictions[:, 1].round(8)
        array([[0.5, 0. ],
               [0. , 0.5]])
    """
    linear = LinearEnsemble(inputs, 1.0, evaluate_on=evaluate_on)
    if trajectories is not None:
        check_whole("trajectories", trajectories, 1)
    start, target = stacked(
        {"starts": (starts, linear.start_shape), "targets": (targets, (len(inputs),))},
        trajectories,
    )
    if axes is not None:
        check_matrix("axes", np.asarray(axes), rows=linear.prediction_size)
    lens = linear.lens(None if axes is None else np.asarray(axes, dtype=float))

    def seen(weights: Layers) -> Float[Array, "k q"]:
        return weights[0] @ lens

    left = _room(memory_limit, (len(start), len(times), lens.shape[1]))
    parts = []
    for begin in range(0, len(start), CHUNK):
        rows = slice(begin, begin + CHUNK)
        run = simulate(
            GradientFlow(Moments.of_data(linear.inputs, target[rows].T)),
            (start[rows],),
            times=times,
            observe={"seen": seen},
            tolerance=tolerance,
            memory_limit=left,
        )
        parts.append(run.observables["seen"].swapaxes(0, 1))
        if progress is not None:
            progress(min(1.0, (begin + CHUNK) / len(start)))
    sound = np.full(len(start), -1)
    return EnsembleRun(np.asarray(run.times), np.concatenate(parts), sound, first)


def _room(limit: float | None, shape: tuple[int, int, int]) -> float | None:
    """Bytes left beside the results.

    Raises:
        ValueError: when not even these fit.
    """
    if limit is None:
        return None
    taken = int(np.prod(shape)) * np.dtype(float).itemsize
    if limit <= taken:
        raise ValueError(
            f"{shape[0]} trajectories at {shape[1]} times of {shape[2]} numbers take"
            f" {taken / 2**20:.4g} MiB, but `memory_limit` is {limit / 2**20:.4g} MiB:"
            " take fewer times, or axes."
        )
    return limit - taken
