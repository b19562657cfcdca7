"""Where training ends on many data sets: networks that were trained, and least norm.

A network that starts small ends at the solution of least norm; claims show that on
networks, and average over many more data sets what linear algebra solves at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from linnet.network import SmallGaussian, end_to_end
from linnet.phenomena.anisotropy import measure
from linnet.phenomena.anisotropy.claims.problems import (
    Planted,
    data_sets,
    planted,
    posed,
)
from linnet.shapes import Float
from linnet.study import Problem
from linnet.task import Dataset

HIDDEN = 4
DEVIATION = 1e-6  # of every weight at a small start
FIRST, LAST, SAVES = 10.0, 1e5, 16  # times at which a run may end
GAP = 1e-16  # of the training loss, relative to its start


@dataclass(frozen=True)
class Setting:
    """Data sets of one kind.

    Attributes:
        n: Samples.
        d: Inputs.
        spike_strength: Of the one spike.
        alignment: Cosine of spike and teacher, which has length one.
        noise: Standard deviation of the labels.
    """

    n: int
    d: int
    spike_strength: float
    alignment: float
    noise: float = 0.0

    def task(self, seed: int) -> Planted:
        """Covariance and teacher."""
        given = (self.spike_strength,), (self.alignment,)
        return planted(self.d, *given, noise=self.noise, seed=seed)


def canonical(
    setting: Setting, title: str, seed: int, quick: bool, hidden: int = HIDDEN
) -> Problem:
    """The problem of one data set of a kind, for claims about many of them."""
    (dataset,) = data_sets(setting.task(seed), setting.n, 1, seed)
    return posed(
        dataset.moments(),
        title,
        dataset=dataset,
        hidden=hidden,
        deviation=DEVIATION,
        seed=seed,
        quick=quick,
    )


def drawn(setting: Setting, seed: int, count: int) -> Iterator[Dataset]:
    """Data sets of a kind; two alignments have the same inputs and noise."""
    return data_sets(setting.task(seed), setting.n, count, seed)


def least_norm(
    inputs: Float[np.ndarray, "n d"], targets: Float[np.ndarray, "n k"]
) -> Float[np.ndarray, "k d"]:
    """Of all best fits the shortest, for every column of targets."""
    if len(inputs) >= inputs.shape[1]:
        return np.linalg.lstsq(inputs, targets, rcond=None)[0].T
    basis, triangle = np.linalg.qr(inputs.T)
    return (basis @ np.linalg.solve(triangle.T, targets)).T


@lru_cache(maxsize=512)
def solved_risks(
    setting: Setting, alignments: tuple[float, ...], seed: int, count: int
) -> Float[np.ndarray, "sets alignments"]:
    """Excess risk of the least-norm solution, for several tasks on the same data.

    Args:
        setting: Its own alignment is not used.
        alignments: One for each task; all labels get the same noise.
        seed: Fixes the data sets.
        count: Data sets.
    """
    settings = [replace(setting, alignment=each) for each in alignments]
    goals = np.vstack([each.task(seed).teacher.end_to_end for each in settings])
    found = []
    for data in drawn(settings[0], seed, count):
        noise = data.targets - data.inputs @ goals[:1].T
        found.append(least_norm(data.inputs, data.inputs @ goals.T + noise))
    maps = np.array(found)
    risks = [true_risk(s, seed, maps[:, i : i + 1]) for i, s in enumerate(settings)]
    return np.array(risks).T


@dataclass(frozen=True, eq=False)
class Ends:
    """Ends of training, one for each data set.

    Attributes:
        maps: End-to-end, `(sets, 1, d)`.
        unfinished: How many runs did not come to rest at a minimum.
    """

    maps: Float[np.ndarray, "sets 1 d"]
    unfinished: int


@lru_cache(maxsize=512)
def trained(setting: Setting, seed: int, count: int) -> Ends:
    """Gradient flow of all weights of two layers from a small random start."""
    from linnet.dynamics import GradientFlow, simulate

    maps, unfinished, start = [], 0, SmallGaussian(DEVIATION)
    times = np.geomspace(FIRST, LAST, SAVES).tolist()
    for i, data in enumerate(drawn(setting, seed, count)):
        run = simulate(
            GradientFlow(data.moments()),
            start.weights((setting.d, HIDDEN, 1), np.random.default_rng([seed, i])),
            times=times,
            stop_gap=GAP,
        )
        maps.append(end_to_end(run.weights))
        unfinished += run.outcome.kind != "converged"
    return Ends(np.array(maps), unfinished)


def trained_risks(
    setting: Setting, seed: int, count: int
) -> Float[np.ndarray, " sets"]:
    """Excess risk of every trained network."""
    return true_risk(setting, seed, trained(setting, seed, count).maps)


def true_risk(
    setting: Setting, seed: int, maps: Float[np.ndarray, "... 1 d"]
) -> Float[np.ndarray, "..."]:
    """Excess risk of maps under the covariance of the inputs."""
    task = setting.task(seed)
    covariance = task.covariance.matrix()
    return measure.excess_risk(maps, task.teacher.end_to_end, covariance)


def told_unfinished(count: int) -> str:
    """What a note says of runs that did not end."""
    if not count:
        return ""
    return f"{count} trained networks did not come to rest in time {LAST:g}."
