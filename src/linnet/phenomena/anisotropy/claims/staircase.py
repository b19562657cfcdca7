"""Claim: several spikes are learned along Krylov directions, one after the other."""

from typing import ClassVar

import numpy as np

from linnet.numerics import crossing, krylov_basis
from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import problems, staircase_paths as paths
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.figure import Role
from linnet.study.verdict import Status

PATH = "coordinates over training, population"
DATA = "coordinates over training, data set"
TIMES = "time at which each coordinate has half of its end"
LEFT = "excess loss at these times, over its start"

SHOWN, LEAST = 0.1, 1e-3  # time from which, and loss to which, there is much to see


class Staircase(CanonicalClaim):
    """K spikes, K + 1 phases."""

    name: ClassVar[str] = "staircase"
    statement: ClassVar[str] = (
        "With several spikes a small network learns in one phase more than there are"
        " spikes: first along the input-output correlation, then along what the"
        " covariance makes of it, and so on; not one principal component after the"
        " other."
    )
    formula: ClassVar[str] = (
        r"w = \sum_k c_ku_k,\ u_k \in \mathrm{span}\{\Sigma\beta,\dots,"
        r"\Sigma^k\beta\}:\quad \dot c = \tfrac12(R+\gamma)\,g"
        r" + \tfrac12(R-\gamma)\,\hat c\,(\hat c\cdot g),\quad g = s_1e_1 - Tc"
    )
    domain: ClassVar[str] = (
        "One output, any covariance, gradient flow. Population: first layer isotropic"
        r" at scale $\gamma$, second zero, so that $R^2 = \gamma^2+4|c|^2$; $T$ is the"
        " covariance in its Lanczos basis, tridiagonal. Data set: layers of rank one,"
        " one equation for each mode of its inputs. The levels that the loss passes"
        " are those of conjugate gradients; it rests at none of them. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "one plateau per eigenvalue: principal components are learned independently,"
        " the one that correlates most with the target first"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Three spikes; the weakest is the one closest to the target."""
        return problems.population(
            paths.planted(seed),
            "three spikes of strength 100, 20 and 4",
            hidden=paths.HIDDEN,
            deviation=np.sqrt(paths.SCALE / paths.HIDDEN),
            seed=seed,
            quick=quick,
        )

    def status(self, problem: Problem) -> Status:
        """Exact from these starts."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """Integration; times are read off by interpolation between saved ones."""
        if label in (PATH, DATA):
            return Bound(1e-6)
        return Bound(1e-5, relative_to="each")

    def predict(self, problem: Problem) -> Quantities:
        """From as many equations as there are directions, or modes of the data."""
        flow = paths.predicted(problem)
        return {
            PATH: flow,
            DATA: paths.predicted_on_data(problem),
            **_expected(problem, flow),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Each principal component by itself, in the same coordinates."""
        flow = paths.alone(paths.lanczos(problem))
        drawn = paths.drawn(problem.seed).moments()
        data = paths.alone(theory.adapted_basis(drawn))
        return {PATH: flow, DATA: data, **_expected(problem, flow)}

    def observe(self, problem: Problem) -> Quantities:
        """Gradient flow of all weights, projected."""
        flow, data = paths.observed(problem), paths.observed_on_data(problem)
        return {PATH: flow, DATA: data, **_seen(problem, flow)}

    def note(self, problem: Problem) -> str:
        """Nothing can be left unfinished: the run is short, its end is given."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Coordinates in the population and on data, and the loss."""
        return Figure(
            name=self.name,
            caption=(
                "How far a network has gone along the first four Krylov directions of"
                " the input-output correlation, each in units of where it ends: they"
                " come one after the other, in the population (left) and on a data set"
                f" of {paths.SAMPLES} samples (middle). Right: the loss above its"
                " minimum in the population. It rests nowhere, for each direction is"
                " driven by the one before it; dotted, the levels that one, two and"
                " three directions can reach. Dashed: the staircase that would be seen"
                " if principal components were learned one by one."
            ),
            panels=_panels(problem),
        )


def _expected(problem: Problem, path: np.ndarray) -> Quantities:
    """Half times of predicted coordinates, and the loss there; infinite if never."""
    from scipy.interpolate import PchipInterpolator

    basis, times = paths.lanczos(problem), paths.times()
    gap = path - basis.target
    losses = np.einsum("ti,ij,tj->t", gap, basis.moment, gap) / 2
    pairs = zip(path.T, basis.target, strict=True)
    when = np.array(
        [crossing(times, np.sign(end) * row, abs(end) / 2).time for row, end in pairs]
    )
    logarithm = PchipInterpolator(times, np.log(losses / basis.excess[0]))
    inside = np.isfinite(when)
    left = np.exp(logarithm(np.where(inside, when, 0.0)))
    return {TIMES: when, LEFT: np.where(inside, left, np.inf)}


def _seen(problem: Problem, path: np.ndarray) -> Quantities:
    """The same of what was trained, in a basis and units of its own."""
    times = paths.times()
    target = np.linalg.solve(problem.moments.xx, problem.moments.yx[0])
    directions = krylov_basis(problem.moments.xx, problem.moments.yx[0])
    end = target @ directions.vectors
    gap = path - end
    losses = np.einsum("ti,ij,tj->t", gap, directions.matrix(), gap)
    halves = [
        measure.phase_time(times, row, level)
        for row, level in zip(path.T, end, strict=True)
    ]
    seen = [measure.loss_at(times, losses, half).ratios for half in halves]
    left = [ratio if len(ratio) else np.array([np.inf]) for ratio in seen]
    return {
        TIMES: np.array([half.median for half in halves]),
        LEFT: np.concatenate(left),
    }


def _panels(problem: Problem) -> tuple[Panel, ...]:
    basis = paths.lanczos(problem)
    few = theory.adapted_basis(paths.drawn(problem.seed).moments())
    return (
        _coordinates_panel(
            "population",
            paths.predicted(problem),
            paths.observed(problem),
            basis.target,
        ),
        _coordinates_panel(
            f"one data set of {paths.SAMPLES} samples",
            paths.predicted_on_data(problem),
            paths.observed_on_data(problem),
            few.target[: len(paths.SPIKES) + 1],
        ),
        _loss_panel(problem),
    )


def _coordinates_panel(
    title: str, line: np.ndarray, dots: np.ndarray, end: np.ndarray
) -> Panel:
    times, few = paths.times(), slice(None, None, 6)
    shown = times > SHOWN
    series = []
    for k, level in enumerate(end):
        label = f"direction {k + 1}"
        y, seen = line[shown, k] / level, dots[shown, k][few] / level
        series.append(Series(times[shown], y, label, "theory", k))
        series.append(Series(times[shown][few], seen, label, "simulation", k))
    return Panel(
        title=title,
        x_label="time (learning rate × steps)",
        y_label="coordinate / its end",
        series=tuple(series),
        x_scale="log",
    )


def _loss_panel(problem: Problem) -> Panel:
    basis, times, few = paths.lanczos(problem), paths.times(), slice(None, None, 6)
    shown = times > SHOWN
    series = []
    shown_paths: dict[Role, tuple[np.ndarray, str]] = {
        "theory": (paths.predicted(problem), "predicted"),
        "simulation": (paths.observed(problem), "predicted"),
        "wrong": (
            paths.alone(basis),
            "principal components one by one",
        ),
    }
    for role, (path, label) in shown_paths.items():
        gap = path - basis.target
        loss = np.einsum("ti,ij,tj->t", gap, basis.moment, gap) / 2 / basis.excess[0]
        pick = few if role == "simulation" else slice(None)
        seen = np.where(loss > LEAST, loss, np.nan)[shown][pick]
        series.append(Series(times[shown][pick], seen, label, role))
    ends = times[shown][[0, -1]]
    for k, level in enumerate(basis.excess[1:-1]):
        name = "" if k else "1, 2, 3 directions alone"
        series.append(Series(ends, np.full(2, level / basis.excess[0]), name, "guide"))
    return Panel(
        title="loss",
        x_label="time (learning rate × steps)",
        y_label="excess loss / its start",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )
