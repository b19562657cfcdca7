"""Claim: reshuffled epochs quieten flat directions, and by how much."""

from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import additive, problems
from linnet.phenomena.fluctuations.claims.additive import (
    BATCHES,
    RATE,
    SAMPLES,
    Process,
)
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import ChiSquare, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Observed, Status

PLAIN = "variances under epochs, per curvature"
HEAVY = "variances under epochs with momentum 0.9, per curvature"
CROSSOVER = "crossover curvature"
PHASES = "variances by phase of the epoch"
MOMENTUM = 0.9
CURVATURES = (0.02, 0.08, 0.3, 1.0, 4.0, 16.0)
PHASED = 1.0  # curvature at which phases are told apart


class Epochs(CanonicalClaim):
    """Batches that together hold every sample once, against independent ones."""

    name: ClassVar[str] = "epochs"
    statement: ClassVar[str] = (
        "In reshuffled epochs the noise of batches is anti-correlated: directions that"
        " are flatter than a crossover curvature hardly fluctuate, in proportion to"
        " their curvature, while stiff ones do so as with independent batches."
    )
    source: ClassVar[str] = "Kühn and Rosenow 2023 (statement); formula derived here"
    citations: ClassVar[tuple[str, ...]] = ("kuhn2023",)
    formula: ClassVar[str] = (
        r"\operatorname{Var} w = \frac{2}{M(M-1)} \sum_{\tau=1}^{M-1} (M - \tau)"
        r" (A_0 - A_\tau) \approx \eta^2 \kappa c\,\frac{M+1}{6},\quad"
        r" h < h_\times = \frac{3}{\eta (M+1)}"
    )
    domain: ClassVar[str] = (
        "Noise that does not depend on the weights: one input that is the same for all"
        r" samples, curvature h, noise $c$; M batches an epoch, $A_\tau$ the"
        " autocovariance under independent batches. The variance is exact, with"
        r" momentum too; the second form and the crossover hold for $\eta h M \ll 1$,"
        " and the crossover is judged with that error."
    )
    elsewhere: ClassVar[str] = "it is a law of noise that ignores the weights"
    wrong_theory: ClassVar[str] = "independent batches (no anti-correlation)"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Ninety noisy values of one quantity, whose mean SGD learns."""
        return problems.repeated(SAMPLES, 8, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """The crossover is one of flat modes."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest | ChiSquare:
        """Standard errors over chains; phases of one chain belong together."""
        return ChiSquare() if label == PHASES else ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From curvature, noise and batches of an epoch."""
        h = np.array(CURVATURES)
        found: dict[str, Observed] = {
            PLAIN: _law(problem, h, 0.0),
            HEAVY: _law(problem, h, MOMENTUM),
            CROSSOVER: _crossover(problem),
        }
        common = (
            PHASED * additive.noise(problem),
            RATE,
            additive.noise_factor(),
            BATCHES,
        )
        found[PHASES] = theory.epoch_variance_by_phase(PHASED, *common)
        return found

    def wrong(self, problem: Problem) -> Quantities:
        """The plateau at all curvatures and phases; no crossover."""
        h = np.array(CURVATURES)
        same = _plateau(problem, np.array([PHASED]), 0.0)[0]
        return {
            PLAIN: _plateau(problem, h, 0.0),
            HEAVY: _plateau(problem, h, MOMENTUM),
            CROSSOVER: 0.0,
            PHASES: np.full(BATCHES, same),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Mean squares of the weights, over late saves, outputs and chains."""
        found: dict[str, Observed] = {
            PLAIN: _variances(problem, 0.0, True),
            HEAVY: _variances(problem, MOMENTUM, True),
        }
        flat = Process(CURVATURES[0])
        stiff = Process(CURVATURES[0], reshuffled=False)
        quiet, loud = additive.samples(problem, flat), additive.samples(problem, stiff)
        found[CROSSOVER] = _ratio(flat.curvature * loud, quiet)
        found[PHASES] = _by_phase(problem, Process(PHASED))
        return found

    def note(self, problem: Problem) -> str:
        """Nothing: no chain can diverge below full-batch stability."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Variance against curvature, twice, and within an epoch."""
        return Figure(
            name=self.name,
            caption=(
                "Left and middle: how much a weight fluctuates, against the curvature"
                " of the loss along it, without and with momentum. Independent batches"
                " keep it on a plateau (dashed, and their dots on it); in reshuffled"
                " epochs it falls in proportion to the curvature below the crossover"
                " (dotted), since the noise of an epoch adds up to nothing. Right:"
                " within an epoch the variance rises and falls like that of a bridge"
                " that is tied down at both ends; with independent batches it would be"
                f" {_excess(problem):.2g} times its largest value here, all the time."
            ),
            panels=(
                _against_curvature(problem, 0.0),
                _against_curvature(problem, MOMENTUM),
                _within(problem),
            ),
        )


def _excess(problem: Problem) -> float:
    """Variance under independent batches, in units of that of the loudest phase."""
    claim = Epochs()
    loudest = np.max(np.asarray(claim.predict(problem)[PHASES]))
    return float(np.max(np.asarray(claim.wrong(problem)[PHASES])) / loudest)


def _law(problem: Problem, h: np.ndarray, momentum: float) -> np.ndarray:
    noise = h * additive.noise(problem)
    return theory.epoch_variance(
        h, noise, RATE, additive.noise_factor(), BATCHES, momentum
    )


def _plateau(problem: Problem, h: np.ndarray, momentum: float) -> np.ndarray:
    noise = h * additive.noise(problem)
    return theory.mode_variance(h, noise, RATE, additive.noise_factor(), momentum)


def _crossover(problem: Problem) -> Estimate:
    """With what the flattest mode misses of the limit as its error."""
    flattest = np.array(CURVATURES[:1])
    limit = theory.flat_epoch_variance(
        flattest * additive.noise(problem), RATE, additive.noise_factor(), BATCHES
    )
    off = abs(float(_law(problem, flattest, 0.0)[0] / limit[0]) - 1)
    value = theory.crossover_curvature(RATE, BATCHES)
    return Estimate(np.array(value), np.array(value * off), np.inf)


def _ratio(above: np.ndarray, below: np.ndarray) -> Estimate:
    """Ratio of two means of independent samples."""
    top, bottom = Estimate.from_samples(above), Estimate.from_samples(below)
    value = top.value / bottom.value
    error = value * np.hypot(top.stderr / top.value, bottom.stderr / bottom.value)
    return Estimate(value, error, min(len(above), len(below)))


def _by_phase(problem: Problem, process: Process) -> np.ndarray:
    """The same for every phase: (chains, phases)."""
    run = additive.trained(problem, process)
    phases = np.asarray(run.steps) % BATCHES
    squares = run["squares"].mean(-1)
    return np.stack([squares[phases == p].mean(0) for p in range(BATCHES)], axis=-1)


def _variances(problem: Problem, momentum: float, reshuffled: bool) -> Estimate:
    """For every curvature."""
    asked = [Process(h, momentum, reshuffled) for h in CURVATURES]
    return additive.variances(problem, asked)


def _against_curvature(problem: Problem, momentum: float) -> Panel:
    h = np.array(CURVATURES)
    line = np.geomspace(h[0] / 1.5, h[-1] * 1.5, 60)
    law, plateau = _law(problem, line, momentum), _plateau(problem, line, momentum)
    crossover = theory.crossover_curvature(RATE, BATCHES, momentum)
    upright = np.array([law.min(), plateau.max()])
    series = [Series(line, law, "epochs")]
    for color, reshuffled in enumerate((True, False)):
        seen = _variances(problem, momentum, reshuffled)
        label = "SGD, epochs" if reshuffled else "SGD, independent batches"
        series.append(Series(h, seen.value, label, "simulation", color, seen.stderr))
    series.append(Series(line, plateau, "independent batches", "wrong"))
    series.append(Series(np.full(2, crossover), upright, "crossover", "guide"))
    return Panel(
        title=f"momentum {momentum:g}" if momentum else "no momentum",
        x_label="curvature",
        y_label="variance of the weight",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )


def _within(problem: Problem) -> Panel:
    phases = np.arange(BATCHES + 1.0)
    claim = Epochs()
    law = np.asarray(claim.predict(problem)[PHASES])
    seen = Estimate.from_samples(np.asarray(claim.observe(problem)[PHASES]))
    around = np.append(np.arange(BATCHES), 0)  # the end is the next start
    return Panel(
        title=f"within an epoch, curvature {PHASED:g}",
        x_label="batches of the epoch already used",
        y_label="variance of the weight",
        series=(
            Series(phases, law[around], "epochs"),
            Series(
                phases, seen.value[around], "SGD", "simulation", 0, seen.stderr[around]
            ),
        ),
    )
