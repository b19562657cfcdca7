"""Runs of SGD on fresh Gaussian samples: what is observed of the noise they make.

Mean squares along the inputs' directions of four kinds of training, in groups of
trajectories; noise alone in the end; the edge of stability.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np

from linnet.numerics import Estimate, participation_ratio
from linnet.phenomena.sloppiness.claims import ensembles
from linnet.phenomena.sloppiness.claims.online_steps import observed_edge
from linnet.phenomena.sloppiness.claims.problems import (
    SpectralData,
    sloppy_variances,
    spectral_data,
)
from linnet.shapes import Float, Int
from linnet.study import Problem

SLOPE, RATE = 0.5, 0.2
WEAK, STRONG = 0.1, 1.0  # targets, of the start
SLOW_RATE, FAST = 0.05, 5  # of the run to rest, and directions that get there
EDGE_SIZES = 1, 10  # batches whose largest stable rate is looked for
PARTS = 4  # runs of a strong target, beside which noise is small


@dataclass(frozen=True)
class Kind:
    """How weights are trained.

    Attributes:
        name: What a reader calls it.
        batch_size: Fresh samples a step; None for the mean over all there are.
        noise: Standard deviation of what labels hold beside the target.
    """

    name: str
    batch_size: int | None = None
    noise: float = 0.0


PLAIN = Kind("plain descent")
LOUD = Kind("1 sample, noisy labels", 1, 1.0)
KINDS = (PLAIN, Kind("1 sample", 1), Kind("10 samples, noisy labels", 10, 1.0), LOUD)


def data_of(seed: int, quick: bool) -> SpectralData:
    """As many samples as directions, for plain descent."""
    modes = 16 if quick else 24
    return spectral_data(sloppy_variances(SLOPE, modes), modes, seed=seed)


def last_step(quick: bool) -> int:
    """How long training goes on."""
    return 1000 if quick else 3000


def lengths(quick: bool) -> Int[np.ndarray, " lengths"]:
    """Numbers of steps that are looked at."""
    return np.unique(np.geomspace(1, last_step(quick), 22).round().astype(int))


def dimensions(problem: Problem, kind: Kind, ratio: float) -> Estimate:
    """Participation ratio of the first steps, for all lengths."""
    return ensembles.of_groups(_squares(problem, kind, ratio), participation_ratio)


def widths(problem: Problem, kind: Kind, ratio: float) -> Estimate:
    """Mean squares along each direction over all steps, in the population."""
    sums = _squares(problem, kind, ratio)[:, -1]
    count = _parts(ratio) * _trajectories(kind.batch_size, problem.quick)
    samples = sums.shape[1] if kind == PLAIN else 1
    return Estimate.from_samples(sums * len(sums) / count / samples)


def at_rest(problem: Problem) -> Estimate:
    """Mean squares along the first directions, late, of the loudest noise alone."""
    return Estimate.from_samples(_late_squares(problem))


def slope_at_rest(problem: Problem) -> Estimate:
    """That of a line through their logarithms."""

    def slope(spread: Float[np.ndarray, " r"]) -> float:
        return -float(np.polyfit(np.arange(len(spread)), np.log(spread), 1)[0])

    return ensembles.of_groups(_late_squares(problem), slope)


def edges(problem: Problem) -> Estimate:
    """Largest stable learning rates, for each of the batch sizes."""
    variances = tuple(data_of(problem.seed, problem.quick).variances.tolist())
    steps, found = last_step(problem.quick) - 1, []
    for size in EDGE_SIZES:
        count = _trajectories(size, problem.quick) // len(variances)
        seed = 100 * problem.seed + size  # samples of its own
        found.append(observed_edge(variances, size, count, steps, seed))
    return ensembles.side_by_side(found)


def _trajectories(batch_size: int | None, quick: bool) -> int:
    """Of a run; fewer where steps are costly."""
    costly = batch_size is not None and batch_size > 1
    if quick:
        return 256 if costly else 512
    return 512 if costly else 2048


@lru_cache(maxsize=16)
def _squares(
    problem: Problem, kind: Kind, ratio: float
) -> Float[np.ndarray, "groups lengths r"]:
    """Up to each length, summed over the trajectories of a group."""
    from linnet.dynamics import LinearEnsemble, OnlineEnsemble

    quick, data = problem.quick, data_of(problem.seed, problem.quick)
    steps = range(last_step(quick))

    def run(part: int) -> Iterator[Float[np.ndarray, "checkpoints r"]]:
        order = PARTS * KINDS.index(kind) + part
        seed = 100 * problem.seed + 2 * order + (ratio == WEAK)  # draws of its own
        drawn = ensembles.random_targets(
            data,
            init_deviation=1.0,
            target_deviation=ratio,
            trajectories=_trajectories(kind.batch_size, quick),
            seed=seed,
        )
        if kind.batch_size is None:
            process = LinearEnsemble(data.inputs, RATE)
            return ensembles.recorded(process, data, drawn, steps)
        online = OnlineEnsemble(data.variances, RATE, kind.batch_size, kind.noise)
        return ensembles.recorded_online(online, drawn, steps, seed=seed)

    paths = chain.from_iterable(run(part) for part in range(_parts(ratio)))
    return ensembles.squares_up_to(paths, lengths(quick).tolist())


def _parts(ratio: float) -> int:
    return PARTS if ratio == STRONG else 1


@lru_cache(maxsize=4)
def _late_squares(problem: Problem) -> Float[np.ndarray, "groups r"]:
    """Of the second half of a run from zero to zero."""
    from linnet.dynamics import OnlineEnsemble

    data, last = data_of(problem.seed, problem.quick), last_step(problem.quick)
    count = _trajectories(LOUD.batch_size, problem.quick)
    nothing = np.zeros(len(data.variances))
    process = OnlineEnsemble(data.variances, SLOW_RATE, 1, LOUD.noise)
    drawn = ensembles.Drawn(nothing, nothing, count)
    paths = ensembles.recorded_online(process, drawn, range(last), seed=problem.seed)
    late = (path[last // 2 :, :FAST] for path in paths)
    sums = ensembles.squares_up_to(late, [last - last // 2])[:, 0]
    return sums * len(sums) / count
