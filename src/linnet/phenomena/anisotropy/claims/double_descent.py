"""Claim: the risk against the number of inputs, with a spike and with label noise."""

from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import solutions
from linnet.phenomena.anisotropy.claims.solutions import Setting
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

FEWER = "excess risk with fewer inputs than samples"
MORE = "excess risk with more inputs than samples"
NOISE = 0.5
SPIKES = ((0.0, 0.0), (4.0, 1.0), (20.0, 1.0), (20.0, 0.5))  # strength, alignment
BELOW, ABOVE = (0.25, 0.5, 0.7), (1.5, 2.0, 3.0, 5.0)  # inputs a sample
PEAK = (-1, 0, 1)  # inputs less samples, where the mean over data sets is infinite


class DoubleDescent(CanonicalClaim):
    """Noisy labels, as many samples as there are, more and more inputs."""

    name: ClassVar[str] = "double_descent"
    statement: ClassVar[str] = (
        "With noisy labels the mean risk of the solution at which training ends rises"
        " towards as many inputs as samples and falls again beyond: before the peak it"
        " knows of no spike and no alignment at all, behind it both decide how much of"
        " the task is missed."
    )
    formula: ClassVar[str] = (
        r"\mathbb E E = \frac{\sigma^2 d}{n-d-1}\ (d < n-1),\qquad \infty\ "
        r"(\lvert d-n\rvert \le 1),\qquad \text{bias}(\rho, A) + \sigma^2\,"
        r"\frac{n+\rho^2\,\mathbb E[q^2(1-V)/V]}{d-n-1}\ (d > n+1)"
    )
    domain: ClassVar[str] = (
        "Gaussian inputs with one spike, solutions of least norm, solved and not"
        " trained; that networks end there with more inputs than samples is what"
        " `final_risk` shows. Exact at every size. Judged"
        " are means away from the peak; next to it the mean over data sets is infinite,"
        " so that the average of any number of them tells nothing: the figure shows"
        " medians there."
    )
    wrong_theory: ClassVar[str] = (
        "the effective number of inputs (participation ratio) in place of their number"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One data set of many, with twice as many inputs as samples."""
        n = _samples(quick)
        title = f"data sets of {n} samples, {BELOW[0]:g} to {ABOVE[-1]:g} inputs each"
        setting = Setting(n, 2 * n, *SPIKES[1], NOISE)
        return solutions.canonical(setting, title, seed, quick)

    def status(self, problem: Problem) -> Status:
        """At every size."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Errors over data sets."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From averages over one Beta variable, a row for each spike."""
        n = _samples(problem.quick)
        found = [[_law(n, d, *spike) for d in _inputs(n, BELOW)] for spike in SPIKES]
        more = [[_law(n, d, *spike) for d in _inputs(n, ABOVE)] for spike in SPIKES]
        return {FEWER: np.array(found), MORE: np.array(more)}

    def wrong(self, problem: Problem) -> Quantities:
        """White inputs, as many as the participation ratio counts."""
        n = _samples(problem.quick)
        found = [[_counted(n, d, s) for d in _inputs(n, BELOW)] for s, _ in SPIKES]
        more = [[_counted(n, d, s) for d in _inputs(n, ABOVE)] for s, _ in SPIKES]
        return {FEWER: np.array(found), MORE: np.array(more)}

    def observe(self, problem: Problem) -> Quantities:
        """Means over data sets."""
        n = _samples(problem.quick)
        return {
            FEWER: _means(problem, _inputs(n, BELOW)),
            MORE: _means(problem, _inputs(n, ABOVE)),
        }

    def note(self, problem: Problem) -> str:
        """What was left out."""
        return (
            f"Means are judged for {BELOW[0]:g} to {BELOW[-1]:g} and {ABOVE[0]:g} to"
            f" {ABOVE[-1]:g} inputs a sample; within one input of the number of samples"
            " they are infinite, and medians are shown."
        )

    def figure(self, problem: Problem) -> Figure:
        """Risk against inputs a sample, for several spikes."""
        n = _samples(problem.quick)
        return Figure(
            name=self.name,
            caption=(
                f"Mean risk with {n} noisy samples, against the number of inputs. Up"
                " to the peak all spikes lie on one curve; beyond (right) each has its"
                " own. To count inputs by their participation ratio (dashed, for the"
                " strongest spike) misses all of this. Where the lines end the mean is"
                f" infinite; the dots there are medians of {_sets(problem)} data sets."
            ),
            panels=(_whole(problem), _beyond(problem)),
        )


def _samples(quick: bool) -> int:
    return 40 if quick else 100


def _sets(problem: Problem) -> int:
    return 200 if problem.quick else 400


def _inputs(n: int, ratios: tuple[float, ...]) -> list[int]:
    return [round(n * ratio) for ratio in ratios]


def _law(n: int, d: int, strength: float, alignment: float) -> float:
    risk = theory.finite_risk(n, d, strength, alignment, noise=NOISE)
    return float(risk.excess)


def _counted(n: int, d: int | np.ndarray, strength: float) -> np.ndarray:
    """The limit for white inputs, of which there are as many as seem to be."""
    trace, squares = d + strength, d - 1 + (1 + strength) ** 2
    ratio = trace**2 / squares / n
    return theory.limit_risk(0.0, 0.0, ratio, noise=NOISE).excess


def _risks(problem: Problem, d: int) -> np.ndarray:
    """Of every data set: `(sets, spikes)`, in the order of `SPIKES`."""
    n, columns = _samples(problem.quick), []
    for strength, alignment in SPIKES:
        given = tuple(a for s, a in SPIKES if s == strength)  # solved together
        setting = Setting(n, d, strength, given[0], NOISE)
        risks = solutions.solved_risks(setting, given, problem.seed, _sets(problem))
        columns.append(risks[:, given.index(alignment)])
    return np.array(columns).T


def _means(problem: Problem, inputs: list[int]) -> Estimate:
    risks = np.array([_risks(problem, d) for d in inputs])
    return Estimate.from_samples(np.moveaxis(risks, 0, 2))


def _whole(problem: Problem) -> Panel:
    n = _samples(problem.quick)
    below, above = np.arange(round(0.2 * n), n + 2), np.arange(n - 1, 6 * n)
    peak = np.array(PEAK) + n
    medians = np.array([np.median(_risks(problem, d), axis=0) for d in peak.tolist()])
    series = []
    for color in range(len(SPIKES)):
        series.append(_line(n, below, color, _told(*SPIKES[color])))
        series.append(_line(n, above, color, ""))
        series.append(_dots(problem, (*BELOW, *ABOVE), color))
        series.append(Series(peak / n, medians[:, color], "", "simulation", color))
    every = np.arange(round(0.2 * n), 6 * n)
    counted = _counted(n, every, SPIKES[2][0])
    series.append(Series(every / n, counted, "participation ratio", "wrong"))
    return Panel(
        title=f"label noise {NOISE:g}",
        x_label="inputs a sample",
        y_label="excess risk",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )


def _beyond(problem: Problem) -> Panel:
    n = _samples(problem.quick)
    above, series = np.arange(round(1.3 * n), 6 * n), []
    for color in range(len(SPIKES)):
        series.append(_line(n, above, color, _told(*SPIKES[color])))
        series.append(_dots(problem, ABOVE, color))
    counted = _counted(n, above, SPIKES[2][0])
    series.append(Series(above / n, counted, "participation ratio", "wrong"))
    return Panel(
        title="beyond the peak",
        x_label="inputs a sample",
        y_label="excess risk",
        series=tuple(series),
    )


def _line(n: int, inputs: np.ndarray, color: int, label: str) -> Series:
    law = theory.finite_risk(n, inputs, *SPIKES[color], noise=NOISE).excess
    finite = np.where(np.isfinite(law), law, np.nan)
    return Series(inputs / n, finite, label, "theory", color)


def _dots(problem: Problem, ratios: tuple[float, ...], color: int) -> Series:
    n = _samples(problem.quick)
    inputs = _inputs(n, ratios)
    seen = _means(problem, inputs)
    x, value, error = np.array(inputs) / n, seen.value[color], seen.stderr[color]
    return Series(x, value, "", "simulation", color, error)


def _told(strength: float, alignment: float) -> str:
    if not strength:
        return "no spike"
    return f"spike {strength:g}, alignment {alignment:g}"
