"""Claim: what reshuffled epochs do on real data, beyond noise of a fixed size."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import Weights
from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import problems, runs
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Observed, Status

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

BIAS = "mean weights less the minimum, per direction"
VARIANCE = "variance in the flattest direction"
SECOND = "mean square in the flattest direction"
CURVATURES = (1.0, 0.1, 0.02, 0.005)  # of the population
BEND = 2.0  # of the labels: residuals that depend on the inputs make the bias
SAMPLES, BATCH, RATE = 256, 8, 0.1
BATCHES = SAMPLES // BATCH
MEMORIES = 2.5  # relaxation times of the flattest mean; from both sides, it cancels
SAVES = 3 * BATCHES  # over a time as long, at every phase in turn


class Reshuffling(CanonicalClaim):
    """Batch Hessians: a bias, and a floor of variance."""

    name: ClassVar[str] = "reshuffling"
    statement: ClassVar[str] = (
        "On real data reshuffled epochs do not end at the minimum on average, but at a"
        " point that depends on the learning rate, and stiff directions force a floor"
        " of variance on flat ones, since a batch has a Hessian of its own."
    )
    source: ClassVar[str] = "Lok et al. 2024 (statement of the bias); derived here"
    citations: ClassVar[tuple[str, ...]] = ("lok2024",)
    formula: ClassVar[str] = (
        r"\mathbb E w - w_{\min} \approx \frac{\eta\kappa}{2} H^{-1} \frac1n \sum_i"
        r" r_i \lVert x_i \rVert^2 x_i,\quad \operatorname{Var}_i \approx"
        r" \operatorname{Var}_i^{\mathrm{add}} + \frac{\eta\kappa}{2 h_i} \sum_{j \ne"
        r" i} \langle x_i^2 x_j^2 \rangle \operatorname{Var}_j"
    )
    domain: ClassVar[str] = (
        "One layer on a fixed data set, reshuffled epochs of M batches, phase mean. The"
        r" formulas are those of flat modes, $\eta h M \ll 1$, beside stiff ones; what"
        " is judged weighs every pair of modes, to first order in"
        r" $\eta\kappa\operatorname{tr}H/2$. Stated error: that and 4/n of a variance;"
        " of the mean, that times the fluctuation, and third cumulants of batches,"
        r" $\frac{\eta}{3m} \frac{\eta\kappa}{2} H^{-1} \frac1n \sum_i r_i \lVert x_i"
        r" \rVert^4 x_i$."
    )
    elsewhere: ClassVar[str] = "its curvatures are spread on purpose"
    wrong_theory: ClassVar[str] = "noise that does not depend on the weights"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Four directions of very different curvatures, labels that are not linear."""
        return problems.spread(SAMPLES, CURVATURES, bend=BEND, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """For small learning rates and many samples."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over chains, and the stated error of the prediction."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """With batch Hessians."""
        law, off = _law(problem), _variance_error(problem)
        bias, variance = _bias(problem), law.variance[0, -1:]
        bias_error = _bias_error(problem)
        error = np.hypot(off * variance, 2 * bias[-1:] * bias_error[-1:])
        return {
            BIAS: Estimate(bias, bias_error, np.inf),
            VARIANCE: Estimate(variance, off * variance, np.inf),
            SECOND: Estimate(law.second_moment[0, -1:], error, np.inf),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Without: no bias, no floor."""
        law = _law(problem)
        additive = law.additive[0, -1:]
        return {BIAS: np.zeros_like(law.bias[0]), VARIANCE: additive, SECOND: additive}

    def observe(self, problem: Problem) -> Quantities:
        """Late averages of every chain."""
        mean, square = _late(problem)
        found: dict[str, Observed] = {BIAS: Estimate.from_samples(mean)}
        found[VARIANCE] = Estimate.from_samples(_centered(mean, square)[:, -1:])
        found[SECOND] = Estimate.from_samples(square[:, -1:])
        return found

    def note(self, problem: Problem) -> str:
        """Chains that left every bound, of which there should be none."""
        return runs.told(runs.diverged(_trained(problem)))

    def figure(self, problem: Problem) -> Figure:
        """Variance against curvature, and where the mean ends."""
        return Figure(
            name=self.name,
            caption=(
                "SGD in reshuffled epochs on data whose inputs have four very"
                " different sizes. Left: variance of the weights along each direction,"
                " against its curvature; noise of a fixed size (dashed) misses the"
                " floor that stiff directions force on the flattest one. Right: where"
                " the weights are on average, in units of the size of their"
                " fluctuations; it is not at the minimum (dashed), where"
                " independent batches would be."
            ),
            panels=(_variances(problem), _biases(problem)),
        )


@lru_cache(maxsize=8)
def _law(problem: Problem) -> theory.EpochFluctuations:
    return theory.epoch_fluctuations(runs.minimum(problem), RATE, BATCH)


def _signs(problem: Problem) -> np.ndarray:
    """Of the eigenvectors, so that each points along its input and not against it."""
    basis = runs.minimum(problem).basis
    return np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])


def _bias(problem: Problem) -> np.ndarray:
    return np.asarray(_law(problem).bias[0] * _signs(problem))


def _small(problem: Problem) -> float:
    return theory.small_parameter(runs.minimum(problem), RATE, _noise_factor())


def _noise_factor() -> float:
    return theory.batch_noise("epochs", SAMPLES, BATCH)


def _variance_error(problem: Problem) -> float:
    """Relative: the next order of the learning rate, and what few samples do."""
    return _small(problem) + 4 / SAMPLES


def _bias_error(problem: Problem) -> np.ndarray:
    """The next order, of a root mean square, and third cumulants of batches."""
    minimum = runs.minimum(problem)
    x, residuals = minimum.coordinates, minimum.residuals[:, 0]
    fourth = (residuals * (x**2).sum(1) ** 2) @ x / SAMPLES
    third = RATE**2 * _noise_factor() / (6 * BATCH) * fourth / minimum.curvatures
    size = np.sqrt(_law(problem).second_moment[0])
    return np.asarray(np.hypot(third, _small(problem) * size))


def _late(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Of every chain and direction: mean, and mean square."""
    gaps = _trained(problem)["gaps"]
    return gaps.mean(0), (gaps**2).mean(0)


def _centered(mean: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Samples whose mean is the variance about the mean of all chains, unbiased."""
    center = mean.mean(0)
    spread = mean.var(0, ddof=1) / len(mean)
    return np.asarray(square - 2 * center * (mean - center) - center**2 + spread)


@lru_cache(maxsize=4)
def _trained(problem: Problem) -> "Trajectory":
    """SGD in epochs, from both sides: half of the chains start at the minimum."""
    from linnet.dynamics import SGD, Epochs, simulate

    dataset = problem.dataset
    assert dataset is not None  # canonical problems have one
    minimizer = problem.moments.minimizer().end_to_end
    basis = runs.minimum(problem).basis * _signs(problem)

    def gaps(weights: Weights) -> np.ndarray:
        return ((weights[0] - minimizer) @ basis)[0]

    slow = theory.relaxation_steps(runs.minimum(problem), RATE)
    first = int(MEMORIES * slow)
    apart = BATCHES * int(np.ceil(first / (SAVES * BATCHES))) + 1
    return simulate(
        SGD(dataset.inputs, dataset.targets, RATE, BATCH, Epochs()),
        (_starts(problem),),
        steps=[first + apart * i for i in range(SAVES)],
        observe={"gaps": gaps},
        seed=problem.seed,
    )


def _pairs(problem: Problem) -> int:
    return 256 if problem.quick else 1024


def _starts(problem: Problem) -> np.ndarray:
    """Single layers: at the minimum, and around twice the bias."""
    minimum, law = runs.minimum(problem), _law(problem)
    half = _pairs(problem)
    rng = np.random.default_rng(problem.seed)
    drawn = rng.normal(size=(half, *law.bias.shape)) * np.sqrt(law.variance)
    around = (drawn + 2 * law.bias) @ minimum.basis.T
    return minimum.end_to_end + np.concatenate([np.zeros_like(around), around])


def _variances(problem: Problem) -> Panel:
    law, h = _law(problem), runs.minimum(problem).curvatures
    seen = Estimate.from_samples(_centered(*_late(problem)))
    return Panel(
        title="variance against curvature",
        x_label="curvature along a direction",
        y_label="variance of the weights",
        series=(
            Series(h, law.variance[0], "with batch Hessians"),
            Series(h, seen.value, "SGD in epochs", "simulation", 0, seen.stderr),
            Series(h, law.additive[0], "noise of fixed size", "wrong"),
        ),
        x_scale="log",
        y_scale="log",
    )


def _biases(problem: Problem) -> Panel:
    law, h = _law(problem), runs.minimum(problem).curvatures
    unit = np.sqrt(law.variance[0])
    seen = Estimate.from_samples(_late(problem)[0] / unit)
    return Panel(
        title="where it ends on average",
        x_label="curvature along a direction",
        y_label="mean less minimum / fluctuation",
        series=(
            Series(h, _bias(problem) / unit, "with batch Hessians"),
            Series(h, seen.value, "SGD in epochs", "simulation", 0, seen.stderr),
            Series(h, np.zeros(len(h)), "the minimum", "wrong"),
        ),
        x_scale="log",
    )
