"""Claim: an aligned spike of moderate strength makes a task harder, not easier."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import solutions
from linnet.phenomena.anisotropy.claims.solutions import Setting
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

CHANGE = "change of the excess risk by an aligned spike"
EVEN = "strength from which on an aligned spike helps"
SAMPLES = 40
FEW, MANY = 2, 5  # inputs a sample
STRENGTHS = (1.0, 3.0, 15.0)
JUDGED = STRENGTHS[:2]  # where many spikes hurt, and the risk scatters symmetrically
BRACKET = (10.0, 15.0, 20.0, 30.0)  # strengths between which the risk is interpolated


class AlignmentThatHurts(CanonicalClaim):
    """The teacher points along the spike, its length is fixed, and no label noise."""

    name: ClassVar[str] = "alignment_that_hurts"
    statement: ClassVar[str] = (
        "A spike along the task does not always improve what is learned: with five"
        " inputs a sample and a task of fixed length it makes the risk of trained"
        " networks larger, by more than half at its worst, and helps only beyond a"
        " strength of fifteen on large data (more on small ones); with two inputs a"
        " sample it never hurts."
    )
    source: ClassVar[str] = (
        "Li and Sonthalia 2025 (statement, of a related model); formula derived here"
    )
    citations: ClassVar[tuple[str, ...]] = ("li2025", "watanabe2026")
    formula: ClassVar[str] = (
        r"\frac{E(\rho)}{E(0)} \to \frac{(1+\rho)\gamma^2}{(\gamma+\rho)^2} > 1"
        r"\quad\text{for}\quad 0 < \rho < \gamma(\gamma-2),\qquad"
        r" \max_\rho = \frac{\gamma^2}{4(\gamma-1)}\ \text{at}\ \rho = \gamma-2"
    )
    domain: ClassVar[str] = (
        "Gaussian inputs with one spike, task along it and of fixed length, no label"
        " noise, networks trained from a small start until they rest; the strength from"
        " which on a spike helps is read off many more least-norm solutions. Both"
        " quantities are predicted for the size of the data, exactly; the formula is"
        " their limit."
        " Divided by the signal power, which grows with the spike, every spike helps:"
        " that alignment improves generalization holds for this risk without a"
        " condition, for the risk itself under the one given here."
    )
    wrong_theory: ClassVar[str] = "an aligned spike never hurts (harm cut to zero)"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One data set of many, at the worst spike."""
        title = f"data sets of {SAMPLES} samples, a spike along the task"
        return solutions.canonical(_setting(MANY, 3.0), title, seed, quick)

    def status(self, problem: Problem) -> Status:
        """At every size."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Errors over data sets; each is drawn once for all strengths."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From averages over one Beta variable."""
        return {CHANGE: _change(), EVEN: _even()}

    def wrong(self, problem: Problem) -> Quantities:
        """No increase anywhere, and help from the first."""
        return {CHANGE: np.minimum(_change(), 0.0), EVEN: 0.0}

    def observe(self, problem: Problem) -> Quantities:
        """Differences over the same data sets: trained networks, and solutions."""
        rows = [
            [_risks(problem, ratio, each) for each in (0.0, *JUDGED)]
            for ratio in (FEW, MANY)
        ]
        change = [measure.paired_difference(*_beside(row)) for row in rows]
        value = np.array([each.value for each in change])
        stderr = np.array([each.stderr for each in change])
        found = Estimate(value, stderr, _count(problem))
        return {CHANGE: found, EVEN: _crossing(problem)}

    def note(self, problem: Problem) -> str:
        """Whether every network came to rest."""
        return solutions.told_unfinished(
            sum(
                solutions.trained(_setting(ratio, each), *_drawn(problem)).unfinished
                for ratio in (FEW, MANY)
                for each in (0.0, *STRENGTHS)
            )
        )

    def figure(self, problem: Problem) -> Figure:
        """The same risk twice: as it is, and per signal power."""
        worst = float(theory.harmful_spikes(MANY).worst)
        even = float(theory.harmful_spikes(MANY).most)
        return Figure(
            name=self.name,
            caption=(
                "Two-layer networks trained on data whose one strong direction is the"
                f" task itself. Left: with {MANY} inputs a sample a spike makes them"
                " worse than no spike at all (dashed), most so at a strength of"
                f" {worst:g}, and helps beyond {even:g} only; with {FEW} it helps at"
                " once. Right: the same"
                " risk as a share of the signal power, which the spike makes larger:"
                " now every spike helps. Both are true; it depends on what is held"
                f" fixed. Dots: means over {_count(problem)} data sets of {SAMPLES}"
                " samples. Upright lines: the limit of large data."
            ),
            panels=(_panel(problem, False), _panel(problem, True)),
        )


def _setting(ratio: int, strength: float) -> Setting:
    return Setting(SAMPLES, SAMPLES * ratio, strength, 1.0)


def _count(problem: Problem) -> int:
    """Trained networks behind each mean."""
    return 48 if problem.quick else 300


def _many(problem: Problem) -> int:
    """Data sets that are solved at once."""
    return 400 if problem.quick else 4000


def _drawn(problem: Problem) -> tuple[int, int]:
    return problem.seed, _count(problem)


def _risks(problem: Problem, ratio: int, strength: float) -> np.ndarray:
    """Of trained networks, one for each data set."""
    return solutions.trained_risks(_setting(ratio, strength), *_drawn(problem))


def _beside(row: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Risks with a spike of every strength, and without one, data sets as rows."""
    spiked = np.array(row[1:]).T
    return spiked, np.broadcast_to(row[0][:, None], spiked.shape)


def _law(ratio: int, strengths: np.ndarray | float) -> np.ndarray:
    return theory.finite_risk(SAMPLES, SAMPLES * ratio, strengths, 1.0).excess


def _change() -> np.ndarray:
    strengths = np.array(JUDGED)
    return np.array([_law(r, strengths) - _law(r, 0.0) for r in (FEW, MANY)])


@lru_cache(maxsize=1)
def _even() -> float:
    """Where the exact mean is that without a spike again."""
    from scipy.optimize import brentq

    white = float(_law(MANY, 0.0))
    return float(brentq(lambda rho: float(_law(MANY, rho)) - white, 3.0, 100.0))


def _crossing(problem: Problem) -> Estimate:
    """The same of the mean over data sets, with an error by leaving them out."""
    given = (1.0,), problem.seed, _many(problem)
    asked = [_setting(MANY, each) for each in (0.0, *BRACKET)]
    white, *others = (solutions.solved_risks(s, *given)[:, 0] for s in asked)
    rows, count = np.array(others) - white, len(white)
    whole = _zero(rows.mean(1))
    rest = (rows.sum(1, keepdims=True) - rows) / (count - 1)
    parts = np.array([_zero(column) for column in rest.T])
    stderr = np.sqrt(((parts - parts.mean()) ** 2).sum() * (count - 1) / count)
    return Estimate(np.array(whole), stderr, count)


def _zero(change: np.ndarray) -> float:
    """Strength at which a cubic through the bracket is zero; off by less than 0.01."""
    logs = np.log(BRACKET)
    # Strength as a function of the change needs no search.
    return float(np.exp(np.polyval(np.polyfit(change, logs, len(logs) - 1), 0.0)))


def _panel(problem: Problem, per_power: bool) -> Panel:
    line, seen_at = np.geomspace(0.3, 60.0, 80), np.array(STRENGTHS)
    series = []
    for color, ratio in enumerate((MANY, FEW)):
        unit = 1 + line if per_power else np.ones_like(line)
        white = float(_law(ratio, 0.0))
        label = f"{ratio} inputs a sample"
        series.append(Series(line, _law(ratio, line) / unit, label, "theory", color))
        rows = np.array([_risks(problem, ratio, each) for each in STRENGTHS])
        seen = Estimate.from_samples(rows.T)
        scale = 1 + seen_at if per_power else np.ones_like(seen_at)
        value, error = seen.value / scale, seen.stderr / scale
        series.append(Series(seen_at, value, "", "simulation", color, error))
        told = "as without a spike" if color == 0 else ""
        series.append(Series(line[[0, -1]], np.full(2, white), told, "wrong"))
    if not per_power:
        spikes = theory.harmful_spikes(MANY)
        for place in (float(spikes.worst), float(spikes.most)):
            ends = np.array([0.0, float(_law(MANY, place))])
            series.append(Series(np.full(2, place), ends, "", "guide"))
    return Panel(
        title="per signal power" if per_power else "for a task of fixed length",
        x_label="spike strength",
        y_label="excess risk / signal power" if per_power else "excess risk",
        series=tuple(series),
        x_scale="log",
    )
