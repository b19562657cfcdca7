"""Bundled data sets, the slopes of their spectra, and networks that train on them.

Every network starts at zero and learns a task of its own: targets of random weights.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness import measure
from linnet.phenomena.sloppiness.claims import ensembles
from linnet.phenomena.sloppiness.claims.problems import SpectralData
from linnet.shapes import Float
from linnet.task import load

SETS = ("digits", "breast_cancer", "wine", "diabetes", "iris")
SCALES: dict[str, Literal["none", "standard"]] = {
    "centered": "none",
    "standardized": "standard",
}
DIMENSIONS = 3
ROUNDING = 4  # times the rank and machine precision, of the largest variance
LOOKS = 40  # between checkpoints


class Phase(NamedTuple):
    """How long, and how fast.

    Attributes:
        step: Learning rate times the largest variance.
        steps: Their number.
        trajectories: Networks of one data set.
    """

    step: float
    steps: int
    trajectories: int

    @property
    def folds(self) -> float:
        """By which the strongest direction is learned at the end."""
        return self.step * self.steps


def early(quick: bool) -> Phase:
    """No direction is learned yet."""
    return Phase(0.00025, 400, 1000 if quick else 4000)


def late(quick: bool) -> Phase:
    """The directions that count are learned."""
    return Phase(1.0, 400, 1000) if quick else Phase(1.0, 4000, 2000)


@lru_cache(maxsize=16)
def data(name: str, preparation: str) -> SpectralData:
    """A bundled data set, and the axes in which its inputs vary."""
    inputs = load(name, center=True, scale=SCALES[preparation]).inputs
    left, sizes, right = np.linalg.svd(inputs, full_matrices=False)
    variances = sizes**2 / len(inputs)
    least = ROUNDING * len(variances) * np.finfo(float).eps * variances[0]
    kept = variances > least
    return SpectralData(variances[kept], inputs, left[:, kept], right[kept].T)


@lru_cache(maxsize=16)
def slope(name: str, preparation: str) -> measure.SpectrumSlope:
    """The line through the logarithms of all variances above rounding."""
    return measure.spectrum_slope(data(name, preparation).variances)


def at(phase: Phase) -> list[int]:
    """Steps that are looked at."""
    from linnet.dynamics import linear_steps

    return linear_steps(phase.steps, LOOKS + 1)


@lru_cache(maxsize=64)
def cloud(name: str, preparation: str, phase: Phase, seed: int) -> measure.Cloud:
    """Predictions of networks with random tasks, along the axes of the inputs."""
    from linnet.dynamics import LinearEnsemble

    given = data(name, preparation)
    drawn = ensembles.random_targets(
        given,
        init_deviation=0.0,
        target_deviation=1.0,
        trajectories=phase.trajectories,
        seed=seed,
        stream=_stream(name, preparation, phase),
    )
    process = LinearEnsemble(given.inputs, phase.step / float(given.variances[0]))
    return ensembles.clouded(ensembles.recorded(process, given, drawn, at(phase)))


def _stream(name: str, preparation: str, phase: Phase) -> int:
    """A number for each ensemble."""
    place = 2 * SETS.index(name) + list(SCALES).index(preparation)
    return 2 * place + (phase.folds < 1)


def missing(spread: Float[np.ndarray, " r"]) -> float:
    """The share that the first three directions do not hold."""
    return float(spread[DIMENSIONS:].sum() / spread.sum())


def seen_missing(name: str, preparation: str, phase: Phase, seed: int) -> Estimate:
    """Of a trained cloud, with its error over networks."""
    return ensembles.along_axes(cloud(name, preparation, phase, seed), missing)


def seen_slope(name: str, preparation: str, phase: Phase, seed: int) -> Estimate:
    """Slope of a trained cloud over that of the inputs, in the same directions."""
    unit = slope(name, preparation).slope

    def ratio(spread: Float[np.ndarray, " r"]) -> float:
        line = np.polyfit(np.arange(len(spread)), np.log(spread), 1)
        return float(-line[0] / unit)

    return ensembles.along_axes(cloud(name, preparation, phase, seed), ratio)
