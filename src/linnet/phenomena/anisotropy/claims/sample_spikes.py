"""Claim: what a data set shows of a spike, and how fast training starts on it."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import SmallGaussian, end_to_end
from linnet.numerics import Estimate
from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import solutions
from linnet.phenomena.anisotropy.claims.solutions import Setting
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status
from linnet.task import Dataset

EIGENVALUE = "largest eigenvalue of the sample covariance"
OVERLAP = "squared cosine of its eigenvector with the spike"
CORRECTED = "spike strength, corrected for the size of the sample"
SPEED = "speed of the first phase, each network"
SQUARED = "mean square of that speed"
RATIO = 2  # inputs a sample
WEAK, STRONG = (0.4, 0.8), (2.5, 4.0, 8.0)  # the threshold is the root of the ratio
TASKS, ALIGNMENT = (0.0, 2.0, 5.0, 10.0), 0.3  # strengths on which networks start
TRAINED = 40  # samples they are trained on
DEVIATION, WINDOW = 1e-11, (12.0, 16.0)  # of the start; e-folds that are looked at
SPEED_ERROR = 1e-6


class SampleSpikes(CanonicalClaim):
    """As many samples as half the inputs: a data set is not its population."""

    name: ClassVar[str] = "sample_spikes"
    statement: ClassVar[str] = (
        "A data set shows a spike too strong, along a direction that is partly chance,"
        " and below a threshold not at all; its strength can be corrected for that, and"
        " for the same reason the first phase of training is faster on average than the"
        " population says."
    )
    source: ClassVar[str] = (
        "Baik, Ben Arous and Peche 2005 and Paul 2007 (spectrum); speed derived here"
    )
    citations: ClassVar[tuple[str, ...]] = ("baik2005", "paul2007")
    formula: ClassVar[str] = (
        r"\ell = (1+\rho)\Big(1+\frac\gamma\rho\Big),\quad \cos^2 ="
        r" \frac{1-\gamma/\rho^2}{1+\gamma/\rho}\quad(\rho > \sqrt\gamma),\qquad"
        r" \mathbb E\hat s_1^2 = s_1^2\Big(1+\frac1n\Big)"
        r" + \frac{(d+\rho)\,b^2(1+\rho A^2)}n"
    )
    domain: ClassVar[str] = (
        "Gaussian inputs with one spike. Spectrum: the limit of many inputs and"
        r" samples, judged with errors of relative size"
        r" $\frac2n(1-\gamma/\rho^2)^{-2}$ above the threshold, of the width of the law"
        " of Tracy and Widom and, for the overlap, of"
        r" $\frac{1+\rho}d(1-\rho/\sqrt\gamma)^{-2}$ below it; the spike"
        " well away from the threshold. Speed: half the growth rate of the map of a"
        " network of vanishing weights, exact for each data set; its mean square at"
        " every size."
    )
    wrong_theory: ClassVar[str] = "the data set has the moments of its population"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One of the data sets on which networks are trained."""
        title = f"data sets with {RATIO} inputs a sample and one spike"
        return solutions.canonical(_task(TASKS[1]), title, seed, quick)

    def status(self, problem: Problem) -> Status:
        """The spectrum is that of large data."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest | Bound:
        """Means by errors over data sets; speeds up to the size of the weights."""
        return Bound(SPEED_ERROR, "each") if label == SPEED else ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """Limits with the size of what they leave out; speeds exactly."""
        n = _samples(problem)
        squared = [
            theory.mean_squared_speed(TRAINED, RATIO * TRAINED, rho, ALIGNMENT)
            for rho in TASKS
        ]
        return {
            EIGENVALUE: _eigenvalues(n),
            OVERLAP: _overlaps(n),
            CORRECTED: _strengths(n),
            SPEED: np.array([_drive(d) for d in _every(problem)]),
            SQUARED: np.array(squared),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """One plus the strength, along the spike, at the population's speed."""
        rho, strong = np.array((*WEAK, *STRONG)), np.array(STRONG)
        speed = np.array([theory.spike_plane(r, ALIGNMENT).drive for r in TASKS])
        return {
            EIGENVALUE: 1 + rho,
            OVERLAP: np.ones(len(rho)),
            CORRECTED: theory.sample_spike(strong, RATIO) - 1,
            SPEED: np.repeat(speed, _networks(problem)),
            SQUARED: speed**2,
        }

    def observe(self, problem: Problem) -> Quantities:
        """Of the sample covariance, and of networks that have just begun to train."""
        seen, speeds = _spectra(problem), _speeds(problem)
        return {
            EIGENVALUE: Estimate.from_samples(seen[:, :, 0]),
            OVERLAP: Estimate.from_samples(seen[:, :, 1]),
            CORRECTED: Estimate.from_samples(seen[:, len(WEAK) :, 2]),
            SPEED: speeds.ravel(),
            SQUARED: Estimate.from_samples(speeds.T**2),
        }

    def note(self, problem: Problem) -> str:
        """Nothing: the runs are stopped on purpose."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Eigenvalue, overlap and speed against the strength of the spike."""
        return Figure(
            name=self.name,
            caption=(
                "What data sets with twice as many inputs as samples show of a spike"
                " (lines: predicted; dots: means over data sets), and what is in their"
                " population (dashed). Left: the largest variance is too large, and"
                " does not tell spikes below the threshold (upright) from none. Middle:"
                " the direction of largest variance is not the spike's. Right: small"
                " networks start to learn faster, since inputs and targets correlate"
                " by chance too."
            ),
            panels=_panels(problem),
        )


def _samples(problem: Problem) -> int:
    """Behind each spectrum."""
    return 200 if problem.quick else 400


def _sets(problem: Problem) -> int:
    return 40 if problem.quick else 80


def _networks(problem: Problem) -> int:
    """For each strength, each on its own data set."""
    return 60 if problem.quick else 200


def _task(strength: float) -> Setting:
    return Setting(TRAINED, RATIO * TRAINED, strength, ALIGNMENT)


def _every(problem: Problem) -> list[Dataset]:
    """All that networks are trained on, strength by strength."""
    given = problem.seed, _networks(problem)
    return [data for rho in TASKS for data in solutions.drawn(_task(rho), *given)]


def _drive(data: Dataset) -> float:
    return theory.adapted_basis(data.moments()).drive


def _eigenvalues(n: int) -> Estimate:
    rho = np.array((*WEAK, *STRONG))
    value = theory.sample_spike(rho, RATIO)
    d = RATIO * n
    roots = np.sqrt(n) + np.sqrt(d)
    width = roots * (1 / np.sqrt(n) + 1 / np.sqrt(d)) ** (1 / 3) / n
    strong = theory.is_detectable(rho, RATIO)
    return Estimate(value, np.where(strong, value * _left_out(rho, n), width), np.inf)


def _left_out(rho: np.ndarray, n: int) -> np.ndarray:
    """Relative error of the limit: of order 1/n, and larger next to the threshold."""
    return 2 / n / (1 - RATIO / rho**2) ** 2


def _overlaps(n: int) -> Estimate:
    rho = np.array((*WEAK, *STRONG))
    value = theory.spike_overlap(rho, RATIO)
    chance = (1 + rho) / (RATIO * n) / (1 - rho / np.sqrt(RATIO)) ** 2
    strong = theory.is_detectable(rho, RATIO)
    return Estimate(value, np.where(strong, _left_out(rho, n), chance), np.inf)


def _strengths(n: int) -> Estimate:
    """The error of the eigenvalue, times how much a strength moves with it."""
    rho = np.array(STRONG)
    off = theory.sample_spike(rho, RATIO) * _left_out(rho, n) / (1 - RATIO / rho**2)
    return Estimate(rho, off, np.inf)


@lru_cache(maxsize=4)
def _spectra(problem: Problem) -> np.ndarray:
    """Eigenvalue, overlap and corrected strength: `(sets, strengths, 3)`."""
    n, rows = _samples(problem), []
    for rho in (*WEAK, *STRONG):
        setting = Setting(n, RATIO * n, rho, 0.0)
        (spike,) = setting.task(problem.seed).directions
        given = problem.seed, _sets(problem)
        rows.append([_seen(d.inputs, spike) for d in solutions.drawn(setting, *given)])
    return np.moveaxis(np.array(rows), 0, 1)


def _seen(inputs: np.ndarray, spike: np.ndarray) -> tuple[float, float, float]:
    n, d = inputs.shape
    values, vectors = np.linalg.eigh(inputs @ inputs.T / n)
    axis = inputs.T @ vectors[:, -1]
    overlap = (axis @ spike) ** 2 / (axis @ axis)
    spectrum = measure.spiked_spectrum(np.r_[values, np.zeros(d - n)], n, count=1)
    return float(values[-1]), float(overlap), float(spectrum.spike_strengths[0])


@lru_cache(maxsize=4)
def _speeds(problem: Problem) -> np.ndarray:
    """Half the growth rate of the map: `(strengths, sets)`."""
    found = [_speed(problem, i, data) for i, data in enumerate(_every(problem))]
    return np.array(found).reshape(len(TASKS), -1)


def _speed(problem: Problem, at: int, data: Dataset) -> float:
    """Of all weights trained, so early that they are still vanishing."""
    from linnet.dynamics import GradientFlow, simulate

    rng, hidden = np.random.default_rng([problem.seed, at]), solutions.HIDDEN
    sizes = data.inputs.shape[1], hidden, 1
    moments = data.moments()
    times = np.array(WINDOW) / np.linalg.norm(moments.yx)
    run = simulate(
        GradientFlow(moments),
        SmallGaussian(DEVIATION).weights(sizes, rng),
        times=times.tolist(),
        observe={"map": end_to_end},
    )
    lengths = np.linalg.norm(run["map"][:, 0], axis=1)
    return float(np.log(lengths[1] / lengths[0]) / (2 * (times[1] - times[0])))


def _panels(problem: Problem) -> tuple[Panel, Panel, Panel]:
    rho, line = np.array((*WEAK, *STRONG)), np.linspace(0.0, 9.0, 181)
    claim = SampleSpikes()
    seen = claim.observe(problem)
    threshold = float(theory.detection_threshold(RATIO))
    law = theory.sample_spike(line, RATIO)
    first = (law, 1 + line, np.array([0.0, law[-1]]))
    overlap = theory.spike_overlap(line, RATIO)
    second = (overlap, np.ones(len(line)), np.array([0.0, 1.0]))
    names = (
        (EIGENVALUE, "largest eigenvalue"),
        (OVERLAP, "squared cosine with the spike"),
    )
    panels = []
    for (label, axis), (curve, population, upright) in zip(
        names, (first, second), strict=True
    ):
        dots = seen[label]
        assert isinstance(dots, Estimate)
        series = (
            Series(line, curve, "data set"),
            Series(rho, dots.value, "", "simulation", 0, dots.stderr),
            Series(line, population, "population", "wrong"),
            Series(np.full(2, threshold), upright, "threshold", "guide"),
        )
        title = "largest variance" if label == EIGENVALUE else "its direction"
        panels.append(Panel(title, "spike strength", axis, series))
    return panels[0], panels[1], _speed_panel(seen[SQUARED])


def _speed_panel(seen: object) -> Panel:
    line = np.linspace(0.0, 11.0, 111)
    given = TRAINED, RATIO * TRAINED, line, ALIGNMENT
    assert isinstance(seen, Estimate)
    return Panel(
        title="start of training",
        x_label="spike strength",
        y_label="squared speed of the first phase",
        series=(
            Series(line, theory.mean_squared_speed(*given), "data set"),
            Series(np.array(TASKS), seen.value, "", "simulation", 0, seen.stderr),
            Series(
                line,
                theory.spike_plane(line, ALIGNMENT).drive ** 2,
                "population",
                "wrong",
            ),
        ),
    )
