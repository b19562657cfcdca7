"""Many data sets of one kind: one layer, two layers and ridge regression on each.

Means over data sets differ from their limit, many inputs and samples at a fixed ratio,
by a term like 1 / n, which a large number of data sets would show as a deviation. So
every kind is drawn at two sizes, one four times the other, in pairs: (4 large - small)
/ 3 of a pair is free of this term, whatever its coefficient, and pairs are independent.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from linnet.network import Weights
from linnet.numerics import Estimate
from linnet.phenomena.anisotropy import measure
from linnet.phenomena.anisotropy.claims.problems import (
    Planted,
    data_sets,
    planted,
    population as posed,
)
from linnet.study import Problem
from linnet.task import Dataset, Moments

INPUTS = (60, 240)  # of the small and of the large data set of a pair
NOISE = 0.7  # of the labels; the teacher has length one
HIDDEN = 4
AMPLITUDE = 0.05  # of either layer, in the direction that grows
IDLE = 3e-4  # deviation of the first layer's weights at the start
SAVES = np.r_[0.0, 2.0 ** (np.arange(-15, 19) / 6)]  # six for a factor of two
PENALTIES = 2.0 ** (np.arange(-16, 13) / 4)
RIDGE, ONE, TWO = "ridge", "one layer", "two layers"


@dataclass(frozen=True)
class Kind:
    """A kind of data set.

    Attributes:
        aspect_ratio: Inputs per sample.
        alignment: Cosine of the teacher with the spike.
        spike_strength: 0 for inputs of equal variance.
    """

    aspect_ratio: float
    alignment: float
    spike_strength: float

    @property
    def name(self) -> str:
        """What a reader calls it."""
        ratio = f"{self.aspect_ratio:g} inputs a sample"
        if not self.spike_strength:
            return f"{ratio}, equal variances"
        return f"{ratio}, spike {self.spike_strength:g}, alignment {self.alignment:g}"

    @property
    def rate(self) -> float:
        """Learning rate of descent: half a per cent off gradient flow, in time."""
        return 1 / (128 * (1 + self.spike_strength))

    @property
    def steps(self) -> np.ndarray:
        """Saved steps of descent, the start among them."""
        return np.rint(SAVES / self.rate).astype(int)

    @property
    def times(self) -> np.ndarray:
        """The same as times, learning rate times steps."""
        return self.steps * self.rate

    def samples(self, inputs: int) -> int:
        """How many go with so many inputs."""
        return round(inputs / self.aspect_ratio)


class Curves(NamedTuple):
    """Along training, one row a data set or pair.

    Attributes:
        risk: Excess risk, (sets, times).
        training_error: Mean squared error on the samples trained on.
        spike: Fraction of the teacher learned along the spike.
        rest: The same along the rest of the teacher.
    """

    risk: np.ndarray
    training_error: np.ndarray
    spike: np.ndarray
    rest: np.ndarray


class Trained(NamedTuple):
    """What was reached on data sets or pairs of one kind.

    Attributes:
        one: One layer.
        two: Two layers.
        ridge: Excess risk of ridge regression, (sets, penalties).
    """

    one: Curves
    two: Curves
    ridge: np.ndarray


class Best(NamedTuple):
    """Where the mean over pairs is lowest, and what is reached there.

    Attributes:
        place: Time or penalty, with its error.
        value: The mean there.
        rows: What each pair reaches at that place.
    """

    place: Estimate
    value: Estimate
    rows: np.ndarray


def best(places: np.ndarray, rows: np.ndarray) -> Best:
    """The lowest point of the mean curve, between saved places, all positive.

    It is one place for all pairs, as in the mean that theory predicts: each pair is
    read there, by the parabola in ln of the place that also gives the lowest point. A
    curve that still falls at its end is read there, without an error of the place.
    """
    logs = np.log(places)
    stop = measure.best_stop(logs, rows)
    if stop.time is None:
        end = Estimate(places[-1], np.zeros(()), len(rows))
        seen = rows[:, -1]
        return Best(end, Estimate.from_samples(seen), seen)
    at = np.clip(rows.mean(0).argmin(), 1, len(logs) - 2)
    near, middle = slice(at - 1, at + 2), float(stop.time.value)
    parabolas = np.polyfit(logs[near] - middle, rows[:, near].T, 2)
    place = np.exp(np.array(middle))
    error, read = place * stop.time.stderr, parabolas[-1]
    return Best(Estimate(place, error, len(rows)), Estimate.from_samples(read), read)


def problem(kind: Kind, count: int, seed: int, quick: bool) -> Problem:
    """What is said of the runs; the data sets themselves are drawn by `trained`."""
    task = _task(kind, INPUTS[0], seed)
    title = f"{count} pairs of Gaussian data sets with noisy labels, of each kind"
    deviation = 2 * AMPLITUDE / np.sqrt(HIDDEN)
    return posed(
        task, title, hidden=HIDDEN, deviation=deviation, seed=seed, quick=quick
    )


def limit(kind: Kind, count: int, seed: int) -> Trained:
    """Of every pair of data sets what has no term of order 1 / n in its mean."""
    small, large = (trained(kind, side, count, seed) for side in INPUTS)
    one, two = (Curves(*map(_beyond, small[i], large[i])) for i in (0, 1))
    return Trained(one, two, _beyond(small.ridge, large.ridge))


@lru_cache(maxsize=16)
def limit_bests(kind: Kind, count: int, seed: int) -> dict[str, Best]:
    """The best of each way of holding back, without a term of order 1 / n.

    Each size has its own best place. The lowest point of `limit` would be another one:
    where two layers start to learn, its mean is so noisy that it dips below the best.
    """
    small, large = (bests(kind, trained(kind, side, count, seed)) for side in INPUTS)
    found = {}
    for name, few in small.items():
        many = large[name]
        rows = _beyond(few.rows, many.rows)
        place = _beyond(few.place.value, many.place.value)
        error = np.hypot(
            _beyond(np.zeros(()), many.place.stderr),
            _beyond(few.place.stderr, np.zeros(())),
        )
        value = Estimate.from_samples(rows)
        found[name] = Best(Estimate(place, error, count), value, rows)
    return found


def bests(kind: Kind, sets: Trained) -> dict[str, Best]:
    """The best of each way of holding back on data sets of one size."""
    later = kind.times[1:]
    return {
        RIDGE: best(PENALTIES, sets.ridge),
        ONE: best(later, sets.one.risk[:, 1:]),
        TWO: best(later, sets.two.risk[:, 1:]),
    }


def _beyond(few: np.ndarray, many: np.ndarray) -> np.ndarray:
    """What size has no part in, if its part is like 1 / n: (4 many - few) / 3."""
    return many + (many - few) / (INPUTS[1] / INPUTS[0] - 1)


@lru_cache(maxsize=16)
def trained(kind: Kind, inputs: int, count: int, seed: int) -> Trained:
    """All regularizers on data sets of one size."""
    task = _task(kind, inputs, seed)
    sigma = task.covariance.matrix()
    starts = {ONE: (np.zeros((1, inputs)),), TWO: _start(inputs, seed)}
    curves: dict[str, list[tuple[np.ndarray, ...]]] = {ONE: [], TWO: []}
    ridges = []
    for data in data_sets(task, kind.samples(inputs), count, seed):
        moments = data.moments()
        for layers, start in starts.items():
            maps = _descent(kind, moments, start)
            risk = measure.excess_risk(maps, task.teacher.end_to_end, sigma)
            curves[layers].append((risk, *_learned(task, data, maps[:, 0])))
        ridge = _ridge(moments)
        ridges.append(measure.excess_risk(ridge, task.teacher.end_to_end, sigma))
    one, two = (
        Curves(*map(np.array, zip(*curves[layers], strict=True)))
        for layers in (ONE, TWO)
    )
    return Trained(one, two, np.array(ridges))


def _task(kind: Kind, inputs: int, seed: int) -> Planted:
    strengths, cosines = (kind.spike_strength,), (kind.alignment,)
    return planted(inputs, strengths, cosines, noise=NOISE, seed=seed)


def _start(inputs: int, seed: int) -> Weights:
    """A second layer of a given length, and hardly anything in the first one.

    The first layer takes the direction in which the second one grows: together they are
    as large as a balanced network of `AMPLITUDE` that starts along the data.
    """
    rng = np.random.default_rng([seed, inputs, HIDDEN])
    second = rng.normal(size=(1, HIDDEN))
    second *= 2 * AMPLITUDE / np.linalg.norm(second)
    return IDLE * rng.normal(size=(HIDDEN, inputs)), second


def _descent(kind: Kind, moments: Moments, start: Weights) -> np.ndarray:
    """End-to-end maps along training of all weights, (times, 1, d)."""
    from linnet.dynamics import GradientDescent, simulate

    descent = GradientDescent(moments, learning_rate=kind.rate)
    run = simulate(descent, start, steps=kind.steps.tolist())
    return run.observables["end_to_end"]


def _ridge(moments: Moments) -> np.ndarray:
    """Solutions of the normal equations for all penalties, (penalties, 1, d)."""
    values, vectors = np.linalg.eigh(moments.xx)
    turned = (moments.yx @ vectors) / (values + PENALTIES[:, None])
    return (turned @ vectors.T)[:, None]


def _learned(
    task: Planted, data: Dataset, vectors: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Training error and fractions of `Curves`, of end-to-end vectors (times, d)."""
    misses = data.targets[:, 0] - vectors @ data.inputs.T
    spike = task.directions[0]
    along = spike @ task.target
    rest = task.target - along * spike
    return (
        (misses**2).mean(1),
        _fraction(vectors @ spike, along),
        _fraction(vectors @ rest, rest @ rest),
    )


def _fraction(part: np.ndarray, whole: float) -> np.ndarray:
    """Zero where the teacher has nothing to learn."""
    return part / whole if whole > 1e-6 else np.zeros_like(part)
