"""Claim: SGD does not keep layers balanced, it drives them to equal noise."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import Weights
from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import (
    imbalance_steps as steps,
    networks,
    problems,
    runs,
)
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import ChiSquare, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Observed, Status

COURSE = "imbalance of a scalar network on its course"
END = "ratio of the squared layers at the end"
INPUTS, SAMPLES = steps.INPUTS, steps.SAMPLES
STEP = "change of the imbalance of a vector network per step"
RATE, BATCH, NOISE = 0.02, 1, 0.36  # of the scalar network
STARTS = (1.0, 0.2, 20.0)  # ratio of the squared layers; the first one is judged
CHAINS, LATE = 32, 5.0  # relaxation times of the ratio
SAVES = 24


class ImbalanceDrift(CanonicalClaim):
    """What every gradient flow conserves, the noise of SGD changes."""

    name: ClassVar[str] = "imbalance_drift"
    statement: ClassVar[str] = (
        "The noise of SGD slowly changes the imbalance of the layers, which gradient"
        " flow conserves for every batch, until both layers receive equal noise: with"
        " one output and white inputs the first layer ends with as many times the"
        " square of the second as there are inputs, and balance is left behind."
    )
    source: ClassVar[str] = (
        "Gross, Raulf and Räth 2024 (statement: quasi-stationary states); formula"
        " derived here; same mechanism: Ziyin et al. 2023, 2024"
    )
    formula: ClassVar[str] = (
        r"\mathbb{E}\,\Delta\mathcal{I} = \eta^2\kappa\,(W_1 M_i W_1^\top - W_2^\top"
        r" M_o W_2),\quad s_1^2 / s_2^2 \to d / k"
    )
    domain: ClassVar[str] = (
        "Two layers at the least-squares minimum, independent batches, fluctuations"
        " small against the weights. Course, end and steps are those of this data set,"
        " with the gradients that SGD meets at this rate; the error bar of course and"
        r" end is $T/s_2^2$ of the way, with $T = \eta\kappa\sigma^2/2$. The ratio"
        " d / k is what the end tends to for many samples and small rates; here it is a"
        " few per cent away, which the path knows."
    )
    wrong_theory: ClassVar[str] = (
        "the imbalance is conserved, as by gradient flow and by Stratonovich solvers"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Four inputs, one hidden unit, one output."""
        return problems.gaussian(
            SAMPLES, INPUTS, hidden=1, noise=NOISE, seed=seed, quick=quick
        )

    def status(self, problem: Problem) -> Status:
        """Leading order in the fluctuations."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest | ChiSquare:
        """Standard errors over replicas."""
        return ChiSquare() if label == STEP else ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the drift that the gradients met cause."""
        course = _predicted(problem, STARTS[0])
        ratio = _ratio(course, _product(problem))
        missed = _heat(problem) / _smaller(problem)  # of the way
        moved, way = np.abs(course - course[0])[_judged()], abs(ratio[-1] - ratio[0])
        return {
            COURSE: Estimate(course[_judged()], missed * moved, np.inf),
            END: Estimate(ratio[-1], missed * way, np.inf),
            STEP: steps.predicted(steps.wider(problem)),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Nothing moves."""
        entries = len(np.triu_indices(steps.HIDDEN)[0])
        return {
            COURSE: np.full(len(_judged()), _predicted(problem, STARTS[0])[0]),
            END: STARTS[0],
            STEP: np.zeros(entries),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Replicas of SGD from a balanced minimum, and short runs of a wider one."""
        seen = _imbalances(problem, STARTS[0])
        squares = _squares(problem, STARTS[0])[-1]
        ratio = squares[:, 0].mean() / squares[:, 1].mean()
        around = (squares[:, 0] - ratio * squares[:, 1]) / squares[:, 1].mean()
        observed: dict[str, Observed] = {
            COURSE: Estimate.from_samples(seen.T[:, _judged()]),
            END: Estimate.from_samples(ratio + around),
            STEP: steps.observed(steps.wider(problem)),
        }
        return observed

    def note(self, problem: Problem) -> str:
        """Nothing: chains are as long as asked."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """The course of the ratio from three starts, and the drift of a matrix."""
        return Figure(
            name=self.name,
            caption=(
                "Left: squared size of the first layer over that of the second during"
                f" SGD, from three minima with the same product. With {INPUTS} inputs"
                f" and one output all go to about {INPUTS}, the dotted line, even the"
                " one that starts balanced; gradient flow would leave it there"
                " (dashed). Right: mean change of every entry of the imbalance per"
                " step, in a network of three hidden units and two outputs; dots on the"
                " line mean that size and sign are as predicted."
            ),
            panels=(_course(problem), _entries(problem)),
        )


def _start(problem: Problem, ratio: float) -> Weights:
    """Scalar layers at the minimum, with a given ratio of their squares."""
    product = runs.minimum(problem).end_to_end
    size = np.sqrt(np.linalg.norm(product))
    first = product / size * ratio**0.25
    return first, np.full((1, 1), size * ratio**-0.25)


@lru_cache(maxsize=8)
def _steps(problem: Problem) -> np.ndarray:
    r"""Saved steps, up to five relaxation times of the ratio near its end.

    White noise relaxes $s_1^2/s_2^2$ at $4aTd/(1+d)$ per unit time (one output).
    """
    pace = 4 * _heat(problem) * RATE * INPUTS / (1 + INPUTS)
    return np.unique(np.linspace(0, LATE / pace, SAVES + 1).astype(int))


def _judged() -> np.ndarray:
    """Saves at which the course is compared: early, on the way, late."""
    return np.array([2, 5, 10, SAVES])


@lru_cache(maxsize=8)
def _predicted(problem: Problem, ratio: float) -> np.ndarray:
    """Imbalance of the mean path at all saved steps."""
    factor = networks.noise_factor(problem, BATCH)
    first, second = theory.gauge_path(
        runs.minimum(problem), _start(problem, ratio), _steps(problem), RATE, factor
    )
    return (second**2).sum(axis=(1, 2)) - (first**2).sum(axis=(1, 2))


@lru_cache(maxsize=8)
def _squares(problem: Problem, ratio: float) -> np.ndarray:
    """Squared layers of all chains, (saves, chains, 2)."""
    start = _start(problem, ratio)
    seen = networks.chains(
        problem,
        start,
        rate=RATE,
        batch=BATCH,
        replicas=CHAINS,
        steps=list(_steps(problem)),
    )
    layers = networks.split(seen, start)
    return np.stack([(layer**2).sum(axis=(-1, -2)) for layer in layers], axis=-1)


def _imbalances(problem: Problem, ratio: float) -> np.ndarray:
    squares = _squares(problem, ratio)
    return squares[..., 1] - squares[..., 0]


def _heat(problem: Problem) -> float:
    """Temperature of the scalar network."""
    return theory.temperature(RATE, networks.noise_factor(problem, BATCH), NOISE)


def _smaller(problem: Problem) -> float:
    """Square of the smaller layer at the end."""
    return _product(problem) / float(np.sqrt(INPUTS))


def _product(problem: Problem) -> float:
    """Of the sizes of both layers, which stands still."""
    return float(np.linalg.norm(runs.minimum(problem).end_to_end))


def _ratio(imbalance: np.ndarray, product: float) -> np.ndarray:
    r"""$s_1^2/s_2^2$ from $s_2^2 - s_1^2$ at $s_1s_2$ given."""
    half = imbalance / 2
    root = np.hypot(half, product)
    return (root - half) / (root + half)


def _course(problem: Problem) -> Panel:
    at = _steps(problem).astype(float)
    product = _product(problem)
    series = []
    for color, ratio in enumerate(STARTS):
        line = _ratio(_predicted(problem, ratio), product)
        squares = _squares(problem, ratio)
        mean = squares.mean(axis=1)
        seen = mean[:, 0] / mean[:, 1]
        around = squares[..., 0] / mean[:, None, 0] - squares[..., 1] / mean[:, None, 1]
        error = seen * around.std(axis=1, ddof=1) / np.sqrt(CHAINS)
        name = f"from {ratio:g}"
        series.append(Series(at, line, name, "theory", color))
        series.append(Series(at, seen, "", "simulation", color, error))
    ends = at[[0, -1]]
    series.append(Series(ends, np.full(2, INPUTS), "inputs / outputs", "guide"))
    series.append(Series(ends, np.ones(2), "conserved balance", "wrong"))
    return Panel(
        title="one hidden unit",
        x_label="step of SGD",
        y_label="squared first layer / squared second",
        series=tuple(series),
        y_scale="log",
    )


def _entries(problem: Problem) -> Panel:
    other = steps.wider(problem)
    predicted = steps.predicted(other)
    seen = Estimate.from_samples(steps.observed(other))
    line = np.array([predicted.min(), predicted.max()])
    return Panel(
        title="three hidden units: each entry",
        x_label="predicted change per step",
        y_label="observed change per step",
        series=(
            Series(line, line, "as predicted"),
            Series(predicted, seen.value, "SGD", "simulation", 0, seen.stderr),
            Series(line, np.zeros(2), "conserved", "wrong"),
        ),
    )
