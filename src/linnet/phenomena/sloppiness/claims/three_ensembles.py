"""Claim: which trajectories are looked at together decides how many dimensions."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import explained_variance
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import target_runs
from linnet.phenomena.sloppiness.claims.ensembles import side_by_side
from linnet.phenomena.sloppiness.claims.problems import posed, sloppy_variances
from linnet.phenomena.sloppiness.claims.source import CanonicalClaim
from linnet.phenomena.sloppiness.claims.target_runs import (
    COUNT,
    DIMENSIONS,
    MODES,
    RATE,
    RATIOS,
    SAMPLES,
    SLOPES,
)
from linnet.shapes import Float
from linnet.study import (
    Bound,
    Figure,
    Panel,
    Problem,
    Quantities,
    Series,
    UpperBound,
    ZTest,
)
from linnet.study.verdict import Status

OWN = "explained by three dimensions: a target of its own for each"
SHARED = "explained along three axes of the mean curve: one target for all"
HALVES = "explained by three dimensions, by halves: one target for all"
SINGLE = "explained by three dimensions: a single trajectory from zero"
BOUNDS = "one target for all: three dimensions explain, and leave, at most"


class ThreeEnsembles(CanonicalClaim):
    """Random targets, one target for all, one trajectory."""

    name: ClassVar[str] = "three_ensembles"
    statement: ClassVar[str] = (
        "How thin the ribbon is depends on which trajectories are looked at together:"
        " one target that all share makes it thinner than targets of their own if it is"
        " strong and wider if it is weak, and a single trajectory is thin whatever the"
        " inputs are."
    )
    formula: ClassVar[str] = (
        r"M^R_{ij} = \delta_{ij}n\lambda_i\left[\sigma_0^2\langle h_i^2\rangle"
        r"+\sigma_*^2\langle(1-h_i)^2\rangle\right],\qquad"
        r" C^F_{ij} = \delta_{ij}n\lambda_i\sigma_0^2\langle h_i^2\rangle"
        r"+n\sqrt{\lambda_i\lambda_j}\,w^*_iw^*_j\,\mathrm{Cov}(h_i,h_j)"
    )
    domain: ClassVar[str] = (
        "Linear networks of one layer, full-batch descent, starts anew for each"
        f" trajectory, {COUNT} checkpoints. Exact; of one target the target drawn here."
        " A sample bends its principal axes towards itself: with one target the axes"
        " are those of the trajectory that starts at zero, and principal ones are"
        " taken from one half of the trajectories and tried on the other. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "three dimensions explain of trajectories what they explain of the inputs,"
        " whichever are looked at"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """The inputs with the middle slope; sizes of targets are the claim's own."""
        title = f"{SAMPLES} samples, variances falling by 0.2, 0.5 or 1 a direction"
        data = target_runs.data_of(SLOPES[1], seed)
        return posed(data, title, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """Closed second moments."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound | UpperBound | ZTest:
        """Errors over trajectories; rounding of what has no noise."""
        if label == SINGLE:
            return Bound(1e-9)
        # Four errors of a sum of squares of one normal number for each trajectory.
        slack = 4 * np.sqrt(2 / target_runs.trajectories(problem.quick))
        return UpperBound(slack) if label == BOUNDS else ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """Spectra and covariances; bounds from averages alone."""
        seed = problem.seed
        cases = [(c, ratio) for c in SLOPES for ratio in RATIOS]
        bounds = [_bounds(c, np.array([e]), seed) for c, e in cases]
        single = [float(_axes(c, seed).share(0.0, DIMENSIONS)) for c in SLOPES]
        along = [_axes(c, seed).share(1 / e, DIMENSIONS) for c, e in cases]
        return {
            OWN: np.array([_own(c, np.array([e]))[0] for c, e in cases]),
            SHARED: np.array(along, dtype=float),
            HALVES: np.array([_shared(c, np.array([e]), seed)[0] for c, e in cases]),
            SINGLE: np.array(single),
            BOUNDS: np.array([[high[0], 1 - low[0]] for low, high in bounds]),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """What three dimensions explain of the inputs."""
        inputs = np.array([_of_inputs(c) for c in SLOPES])
        each = np.repeat(inputs, len(RATIOS))
        pairs = np.stack([each, 1 - each], axis=-1)
        return {OWN: each, SHARED: each, HALVES: each, SINGLE: inputs, BOUNDS: pairs}

    def observe(self, problem: Problem) -> Quantities:
        """Axis moments, shares along named axes, singular values of one trajectory."""
        given = problem.seed, problem.quick
        cases = [(c, ratio) for c in SLOPES for ratio in RATIOS]
        shared = [target_runs.shared_target(c, e, *given) for c, e in cases]
        halves = side_by_side([half for _, half in shared])
        explained = np.asarray(halves.value)
        return {
            OWN: side_by_side(
                [target_runs.own_targets(c, e, *given) for c, e in cases]
            ),
            SHARED: side_by_side([along for along, _ in shared]),
            HALVES: halves,
            SINGLE: np.array([target_runs.single(c, problem.seed)[0] for c in SLOPES]),
            BOUNDS: np.stack([explained, 1 - explained], axis=-1),
        }

    def note(self, problem: Problem) -> str:
        """Every run is as long as it was asked to be."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """What three dimensions explain against the target, a panel for each slope."""
        return Figure(
            name=self.name,
            caption=(
                "How much three dimensions explain of training trajectories, against"
                " the size of targets, for inputs of three slopes c. Blue: every"
                " trajectory has a target of its own. Orange: all share one target;"
                " weak ones leave a wider cloud than targets of their own, strong ones"
                " a thinner, down to that of a single trajectory (green), which is thin"
                " for all inputs. Dotted: bounds for the shared target that need no"
                " eigenvalue. Dashed: what three dimensions explain of the inputs."
                " Lines: predicted; dots: simulated."
            ),
            panels=tuple(_panel(problem, c) for c in SLOPES),
        )


def _method() -> tuple[theory.GradientDescent, theory.Checkpoints]:
    return theory.GradientDescent(RATE), theory.uniform_checkpoints(COUNT)


def _own(
    slope: float, ratios: Float[np.ndarray, " ratios"]
) -> Float[np.ndarray, " ratios"]:
    variances = np.array(sloppy_variances(slope, MODES))
    spectra = theory.random_target_spectrum(variances, SAMPLES, 1.0, ratios, *_method())
    return explained_variance(spectra)[..., DIMENSIONS - 1]


def _shared_target(slope: float, seed: int) -> tuple[np.ndarray, int, np.ndarray]:
    """Variances, samples and the target along the inputs' directions."""
    data = target_runs.data_of(slope, seed)
    return data.variances, SAMPLES, data.directions.T @ target_runs.common_target(seed)


def _shared(
    slope: float, ratios: Float[np.ndarray, " ratios"], seed: int
) -> Float[np.ndarray, " ratios"]:
    """A weak target is a wide start, in units of the target."""
    spectra = theory.fixed_target_spectrum(
        *_shared_target(slope, seed), *_method(), init_deviation=1 / ratios
    )
    return explained_variance(spectra)[..., DIMENSIONS - 1]


@lru_cache(maxsize=8)
def _axes(slope: float, seed: int) -> theory.CurveAxes:
    return theory.curve_axes(*_shared_target(slope, seed), *_method())


def _bounds(
    slope: float, ratios: Float[np.ndarray, " ratios"], seed: int
) -> tuple[Float[np.ndarray, " ratios"], Float[np.ndarray, " ratios"]]:
    """From below and from above."""
    found = [
        theory.fixed_target_bounds(
            *_shared_target(slope, seed), *_method(), init_deviation=float(1 / ratio)
        )
        for ratio in ratios
    ]
    at = DIMENSIONS - 1
    low, high = ([getattr(b, side)[at] for b in found] for side in ("lower", "upper"))
    return np.array(low), np.array(high)


def _of_inputs(slope: float) -> float:
    return float(explained_variance(sloppy_variances(slope, MODES))[DIMENSIONS - 1])


def _panel(problem: Problem, slope: float) -> Panel:
    given = problem.seed, problem.quick
    dense, few = np.geomspace(0.05, 20, 61), np.geomspace(0.05, 20, 16)
    ends, at = dense[[0, -1]], np.array(RATIOS)
    single = float(_axes(slope, problem.seed).share(0.0, DIMENSIONS))
    own = side_by_side([target_runs.own_targets(slope, e, *given) for e in RATIOS])
    halves = [target_runs.shared_target(slope, e, *given)[1] for e in RATIOS]
    shared = side_by_side(halves)
    alone = np.array([target_runs.single(slope, problem.seed)[0]])
    low, high = _bounds(slope, few, problem.seed)
    law = _shared(slope, dense, problem.seed)
    return Panel(
        title=f"inputs of slope c = {slope:g}",
        x_label="target / start",
        y_label="explained by 3 dimensions",
        series=(
            Series(dense, _own(slope, dense), "targets of their own", "theory", 0),
            Series(at, own.value, "", "simulation", 0, own.stderr),
            Series(dense, law, "one target for all", "theory", 1),
            Series(at, shared.value, "", "simulation", 1, shared.stderr),
            Series(ends, np.full(2, single), "one trajectory", "theory", 2),
            Series(ends[1:], alone, "", "simulation", 2),
            Series(few, low, "bounds", "guide"),
            Series(few, high, "", "guide"),
            Series(ends, np.full(2, _of_inputs(slope)), "as the inputs", "wrong"),
        ),
        x_scale="log",
    )
