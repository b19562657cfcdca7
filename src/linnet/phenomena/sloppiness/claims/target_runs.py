"""Trajectories with targets of their own, with one target for all, and a single one."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from linnet.numerics import Estimate, explained_variance, jackknife
from linnet.phenomena.sloppiness import measure
from linnet.phenomena.sloppiness.claims import ensembles
from linnet.phenomena.sloppiness.claims.problems import (
    SpectralData,
    sloppy_variances,
    spectral_data,
)
from linnet.shapes import Float

SLOPES, RATIOS = (0.2, 0.5, 1.0), (0.1, 1.0, 10.0)  # of inputs; of target and start
MODES, SAMPLES, RATE, COUNT, DIMENSIONS = 40, 48, 1.0, 300, 3
GROUPS = 32


def data_of(slope: float, seed: int) -> SpectralData:
    """Inputs of a slope; their largest variance is one."""
    return spectral_data(sloppy_variances(slope, MODES), SAMPLES, seed=seed)


def common_target(seed: int) -> Float[np.ndarray, " d"]:
    """The target that all share, of unit weights, in the inputs' coordinates."""
    return np.random.default_rng([seed, MODES, 4]).standard_normal(MODES)


def trajectories(quick: bool) -> int:
    """Of each ensemble."""
    return 256 if quick else 8192


def _paths(
    data: SpectralData, drawn: ensembles.Drawn
) -> Iterator[Float[np.ndarray, "checkpoints r"]]:
    from linnet.dynamics import LinearEnsemble

    process = LinearEnsemble(data.inputs, RATE)
    return ensembles.recorded(process, data, drawn, range(COUNT))


def _draws(slope: float, ratio: float, seed: int) -> int:
    """Every ensemble has draws of its own: their errors are independent."""
    case = SLOPES.index(slope) * len(RATIOS) + RATIOS.index(ratio)
    return len(SLOPES) * len(RATIOS) * seed + case


@lru_cache(maxsize=16)
def own_targets(slope: float, ratio: float, seed: int, quick: bool) -> Estimate:
    """From second moments along the inputs' directions."""
    data = data_of(slope, seed)
    drawn = ensembles.random_targets(
        data,
        init_deviation=1.0,
        target_deviation=ratio,
        trajectories=trajectories(quick),
        seed=_draws(slope, ratio, seed),
    )

    def explained(moments: Float[np.ndarray, " r"]) -> Float[np.ndarray, ""]:
        return moments[:DIMENSIONS].sum() / moments.sum()

    return ensembles.along_axes(ensembles.clouded(_paths(data, drawn)), explained)


@lru_cache(maxsize=4)
def single(slope: float, seed: int) -> tuple[float, Float[np.ndarray, "r 3"]]:
    """Of the trajectory from zero: what three axes explain, and which they are."""
    data, goal = data_of(slope, seed), common_target(seed)
    drawn = ensembles.Drawn(np.zeros(MODES), goal, 1)
    path = next(_paths(data, drawn))
    _, sizes, axes = np.linalg.svd(path - path.mean(0), full_matrices=False)
    return float(explained_variance(sizes**2)[DIMENSIONS - 1]), axes[:DIMENSIONS].T


@lru_cache(maxsize=16)
def shared_target(
    slope: float, ratio: float, seed: int, quick: bool
) -> tuple[Estimate, Estimate]:
    """Shares along the curve's three axes, and along those of halves."""
    data = data_of(slope, seed)
    drawn = ensembles.fixed_target(
        ratio * common_target(seed),
        init_deviation=1.0,
        trajectories=trajectories(quick),
        seed=_draws(slope, ratio, seed),
    )
    sums = np.zeros((GROUPS, MODES, MODES + 1))

    def summed() -> Iterator[Float[np.ndarray, "checkpoints r"]]:
        for number, path in enumerate(_paths(data, drawn)):
            sums[number % GROUPS, :, :MODES] += path.T @ path / COUNT
            sums[number % GROUPS, :, MODES] += path.mean(0)
            yield path

    along = measure.variance_share(summed(), single(slope, seed)[1])
    last = Estimate(along.value[-1], along.stderr[-1], along.effective_samples)
    return last, _by_halves(sums / (trajectories(quick) // GROUPS))


def _by_halves(means: Float[np.ndarray, "groups r more"]) -> Estimate:
    """What three principal axes explain, between too much and too little.

    The axes of a half explain too much of it, and too little of the other half, by
    about as much: the middle is taken, and half of the gap is an error.

    Args:
        means: Second moments and means of groups of equal size.
    """
    parts = means[::2], means[1::2]
    totals = [part.mean(0) for part in parts]

    def between(skipped: int | None) -> Float[np.ndarray, "2"]:
        halves = list(totals)
        if skipped is not None:
            side, place, count = skipped % 2, skipped // 2, len(means) // 2
            rest = count * totals[side] - parts[side][place]
            halves[side] = rest / (count - 1)
        return _own_and_other(*halves)

    own, other = between(None)
    error = jackknife(own / 2 + other / 2, lambda g: between(g).mean(), len(means))
    spread = np.hypot(error.stderr, (own - other) / 2)
    return Estimate(np.array((own + other) / 2), np.array(spread), len(means))


def _own_and_other(
    first: Float[np.ndarray, "r more"], second: Float[np.ndarray, "r more"]
) -> Float[np.ndarray, "2"]:
    """Shares along the leading axes of a half itself, and of the other one."""
    halves = [
        one[:, :MODES] - np.outer(one[:, MODES], one[:, MODES])
        for one in (first, second)
    ]
    axes = [np.linalg.eigh(one)[1][:, -DIMENSIONS:] for one in halves]
    shares = [
        [np.einsum("ia,ij,ja->", axis, one, axis) / np.trace(one) for axis in axes]
        for one in halves
    ]
    return np.array([np.trace(shares), np.trace(shares[::-1])]) / 2
