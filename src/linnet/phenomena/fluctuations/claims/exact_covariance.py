"""Claim: the stationary covariance of a single layer, at rates far from a continuum."""

from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations.claims import problems, processes, runs
from linnet.phenomena.fluctuations.claims.processes import CASES, LATE, Case
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import ChiSquare, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Observed, Status

BELOW, ABOVE = "from below", "from above"
LARGEST = "largest entry"


class ExactCovariance(CanonicalClaim):
    """What noise that grows with the fluctuations does to them."""

    name: ClassVar[str] = "exact_covariance"
    statement: ClassVar[str] = (
        "At a finite learning rate the weights of a single layer fluctuate by more than"
        " the continuum limit says, since fluctuations add to the noise; every entry of"
        " their covariance follows exactly from the data, with momentum too."
    )
    formula: ClassVar[str] = (
        r"HV + VH - \eta HVH = \eta\kappa\left[C + \tfrac1n\sum_i A_i V A_i -"
        r" HVH\right],\quad A_i = I \otimes x_i x_i^\top"
    )
    domain: ClassVar[str] = (
        "One layer on a fixed data set; independent batches of size m, with replacement"
        r" ($\kappa = 1/m$) or of distinct samples ($\kappa = \frac{n-m}{m(n-1)}$); the"
        " formula is that without momentum. Exact wherever second moments stay finite."
        " Observed: chains from the minimum and from twice the covariance."
    )
    elsewhere: ClassVar[str] = (
        "it takes every entry of a small covariance, and `noise_floor` asks data"
    )
    wrong_theory: ClassVar[str] = (
        "the continuum limit (a Lyapunov equation); of the largest entry by itself,"
        " where that may come close by chance, twice the exact one"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """So few samples that the continuum misses by tens of percent."""
        return problems.gaussian(24, 3, 2, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """For every data set and stable rate."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest | ChiSquare:
        """All distinct entries at once, and the largest by itself."""
        return ZTest() if label.startswith(LARGEST) else ChiSquare()

    def predict(self, problem: Problem) -> Quantities:
        """From the exact second moment."""
        return _labeled([processes.exact(problem, case) for case in CASES], problem)

    def wrong(self, problem: Problem) -> Quantities:
        """From a diffusion; momentum only makes it faster."""
        found = dict(
            _labeled([processes.continuum(problem, case) for case in CASES], problem)
        )
        for label, exact in self.predict(problem).items():
            if label.startswith(LARGEST):
                found[label] = 2 * np.asarray(exact)
        return found

    def observe(self, problem: Problem) -> Quantities:
        """Late averages of every chain, of both sides by themselves and together."""
        found: dict[str, Observed] = {}
        for case in CASES:
            products = _late(problem, case)
            half = len(products) // 2
            below, above = products[:half], products[half:]
            found[f"{BELOW}, {case.name}"] = below
            found[f"{ABOVE}, {case.name}"] = above
            at = _largest(problem, case)
            pairs = (below[:, at] + above[:, at]) / 2
            found[f"{LARGEST}, {case.name}"] = Estimate.from_samples(pairs)
        return found

    def note(self, problem: Problem) -> str:
        """Chains that left every bound, of which there should be none."""
        each = [processes.trained(problem, case) for case in CASES]
        return runs.told(sum(map(runs.diverged, each)))

    def figure(self, problem: Problem) -> Figure:
        """All entries, and the way to them from both sides."""
        return Figure(
            name=self.name,
            caption=(
                "Left: every entry of the covariance of the weights as SGD shows it,"
                " against the exact prediction, for three processes in units of their"
                " largest entry: all dots lie on the line. Dashed: what the continuum"
                " limit says of the entries of the first process, too small by tens of"
                " percent. Right: the sum of all variances while it settles, for chains"
                " that start at the minimum and for chains that start with twice the"
                " predicted covariance: both end at the exact level, not at that of the"
                " continuum."
            ),
            panels=(_entries(problem), _settling(problem)),
        )


def _labeled(covariances: list[np.ndarray], problem: Problem) -> Quantities:
    found: dict[str, Observed] = {}
    for case, whole in zip(CASES, covariances, strict=True):
        entries = whole[np.triu_indices(len(whole))]
        found[f"{BELOW}, {case.name}"] = entries
        found[f"{ABOVE}, {case.name}"] = entries
        at = _largest(problem, case)
        found[f"{LARGEST}, {case.name}"] = float(entries[at])
    return found


def _largest(problem: Problem, case: Case) -> int:
    """Which distinct entry is predicted to be the largest."""
    whole = processes.exact(problem, case)
    return int(np.argmax(np.abs(whole[np.triu_indices(len(whole))])))


def _late(problem: Problem, case: Case) -> np.ndarray:
    """Distinct products of weights, averaged over late saves: (chains, entries)."""
    return processes.trained(problem, case)["products"][-LATE:].mean(0)


def _entries(problem: Problem) -> Panel:
    series = []
    for color, case in enumerate(CASES):
        whole = processes.exact(problem, case)
        upper = np.triu_indices(len(whole))
        unit = np.abs(whole).max()
        seen = Estimate.from_samples(_late(problem, case) / unit)
        exact, other = (
            whole[upper] / unit,
            processes.continuum(problem, case)[upper] / unit,
        )
        ends = np.array([exact.min(), exact.max()])
        if color == 0:
            order = np.argsort(exact)
            series.append(Series(ends, ends, "exact", "theory"))
            series.append(Series(exact[order], other[order], "continuum", "wrong"))
        series.append(
            Series(exact, seen.value, case.name, "simulation", color, seen.stderr)
        )
    return Panel(
        title="every entry of the covariance",
        x_label="predicted exactly / the largest one",
        y_label="seen in SGD / the largest one",
        series=tuple(series),
    )


def _settling(problem: Problem) -> Panel:
    case = CASES[1]
    run = processes.trained(problem, case)
    size = len(processes.exact(problem, case))
    rows, columns = np.triu_indices(size)
    trace = run["products"][:, :, rows == columns].sum(-1)[:-LATE]
    steps = np.asarray(run.steps, dtype=float)[: len(trace)]
    last = int(steps[-1])
    line = np.arange(last + 1.0)
    rising, level = (
        processes.rise(problem, case, last),
        np.trace(processes.exact(problem, case)),
    )
    half = trace.shape[1] // 2
    series = []
    sides = (
        ("from the minimum", rising, trace[:, :half]),
        ("from twice too much", 2 * level - rising, trace[:, half:]),
    )
    for color, (label, law, values) in enumerate(sides):
        seen = Estimate.from_samples(values.T)
        series.append(Series(line, law, f"exact, {label}", "theory", color))
        series.append(
            Series(steps, seen.value, "SGD", "simulation", color, seen.stderr)
        )
    other = np.full(2, np.trace(processes.continuum(problem, case)))
    series.append(Series(line[[0, -1]], other, "continuum", "wrong"))
    return Panel(
        title=f"settling, {case.name}",
        x_label="step",
        y_label="sum of all variances",
        series=tuple(series),
    )
