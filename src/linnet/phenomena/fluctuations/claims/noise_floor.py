"""Claim: how far above its minimum SGD keeps the loss, asked of any data set."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import Weights
from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import problems, runs
from linnet.phenomena.fluctuations.claims.source import FluctuationsClaim
from linnet.study import ChiSquare, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Observed, Status
from linnet.study.words import number

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

EXCESS = "excess loss"
VARIANCES = "weight variances along principal inputs"
PAIRS = 96  # of chains: one starts without fluctuations, one with twice too many
FOLLOWED = 6  # principal inputs whose variance is judged
EARLY, LATE = 24, 24  # saves in the first half of a run, and in the averaged second
TAME = 0.5  # of the largest stable rate: beyond it averages have heavy tails
EASE = 0.02  # of the start that may be left when the average begins


class NoiseFloor(FluctuationsClaim):
    """The loss above which SGD does not get, and the variances behind it."""

    name: ClassVar[str] = "noise_floor"
    statement: ClassVar[str] = (
        "Minibatch SGD keeps the loss above its minimum by half the trace of Hessian"
        " times weight covariance, which follows from the data, the learning rate and"
        " the batch size."
    )
    formula: ClassVar[str] = (
        r"\langle L\rangle - L_{\min} = \tfrac12 \operatorname{tr} H V,\quad"
        r" HV + VH - \eta HVH = \eta\kappa\left[C + \tfrac1n\sum_i A_i V A_i -"
        r" HVH\right]"
    )
    domain: ClassVar[str] = (
        "One layer, more samples than inputs, independent batches of distinct samples,"
        r" $\kappa = \frac{n-m}{m(n-1)}$; any learning rate that is stable in mean"
        r" square; $A_i$ is the Hessian of one sample and C the covariance of single"
        " gradients at the minimum. Exact."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = "half the covariance, as from noise without its ½"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Few noisy samples and three outputs."""
        return problems.gaussian(100, 12, 3, seed=seed, quick=quick)

    def applies(self, problem: Problem) -> str | None:
        """Where SGD fluctuates, is stable, and gets there within a run of minutes."""
        reason = runs.unsettled(problem)
        if reason is None and runs.learning_rate(problem) > TAME * runs.stable_rate(
            problem
        ):
            reason = (
                f"beyond {TAME:g} of the largest rate that is stable in mean square,"
                f" {runs.stable_rate(problem):.4g}, rare excursions dominate every"
                " average: it exists, but no run shows it (--sgd-learning-rate)"
            )
        return reason or runs.too_slow(problem)

    def status(self, problem: Problem) -> Status:
        """For every data set and stable rate."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest | ChiSquare:
        """Standard errors over pairs of chains."""
        return ZTest() if label == EXCESS else ChiSquare()

    def predict(self, problem: Problem) -> Quantities:
        """From the exact covariance."""
        minimum, blocks = runs.minimum(problem), runs.covariance(problem)
        variances = np.einsum("aaii->i", blocks)[followed(problem)]
        return {EXCESS: theory.excess_loss(minimum, blocks), VARIANCES: variances}

    def wrong(self, problem: Problem) -> Quantities:
        """Half of both."""
        right = self.predict(problem)
        return {label: np.asarray(value) / 2 for label, value in right.items()}

    def observe(self, problem: Problem) -> Quantities:
        """Late averages: every pair averages over both sides of its start."""
        run = _trained(problem)
        observed: dict[str, Observed] = {
            EXCESS: Estimate.from_samples(_paired(run["excess"])),
            VARIANCES: _paired(run["variances"]),
        }
        return observed

    def note(self, problem: Problem) -> str:
        """Chains that left every bound, of which there should be none."""
        return runs.told(runs.diverged(_trained(problem)))

    def figure(self, problem: Problem) -> Figure:
        """The loss from both sides, and variance against curvature."""
        return Figure(
            name=self.name,
            caption=(
                "Left: excess loss of SGD at learning rate"
                f" {number(runs.learning_rate(problem), 3)} and batches of"
                f" {runs.batch_size(problem)}, from the minimum (below) and from twice"
                " the predicted covariance (above); both come to the predicted floor."
                " Right: variance of the weights along principal inputs against the"
                " curvature there. Were noise and Hessian proportional, it would be the"
                " same everywhere."
            ),
            panels=(_floor(problem), _shape(problem)),
        )


def followed(problem: Problem) -> np.ndarray:
    """Indices of principal inputs that relax within the run, stiffest first."""
    minimum = runs.minimum(problem)
    pace = runs.learning_rate(problem) * minimum.curvatures
    left = (1 - pace) ** (2 * (runs.length(problem) // 2))
    relaxed = np.flatnonzero(np.abs(left) <= EASE)
    chosen = np.linspace(0, len(relaxed) - 1, min(FOLLOWED, len(relaxed)))
    return relaxed[np.unique(np.round(chosen).astype(int))]


def relaxation(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Steps, and the mean excess loss of chains that start at the minimum."""
    run = _trained(problem)
    steps = np.asarray(run.steps)
    return steps, run["excess"][:, :PAIRS].mean(1)


def _paired(values: np.ndarray) -> np.ndarray:
    """Average over late saves and over the two chains of a pair: (pairs, ...)."""
    mean = values[-LATE:].mean(0)
    return (mean[:PAIRS] + mean[PAIRS:]) / 2


@lru_cache(maxsize=4)
def _trained(problem: Problem) -> "Trajectory":
    """SGD from both sides: without fluctuations, and with twice their covariance."""
    from linnet.dynamics import SGD, WithoutReplacement, log_steps, simulate

    dataset = problem.dataset
    assert dataset is not None  # `applies` refused
    minimizer = problem.moments.minimizer().end_to_end
    axes = runs.minimum(problem).basis[:, followed(problem)]
    xx, last = problem.moments.xx, runs.length(problem)
    late = np.linspace(last // 2, last, LATE).astype(int).tolist()
    early = [step for step in log_steps(last // 2, EARLY) if step < late[0]]

    def excess(weights: Weights) -> np.ndarray:
        gap = weights[0] - minimizer
        return ((gap @ xx) * gap).sum() / 2

    def variances(weights: Weights) -> np.ndarray:
        return (((weights[0] - minimizer) @ axes) ** 2).sum(0)

    return simulate(
        SGD(
            dataset.inputs,
            dataset.targets,
            runs.learning_rate(problem),
            runs.batch_size(problem),
            WithoutReplacement(),
        ),
        (_starts(problem),),
        steps=[*early, *late],
        observe={"excess": excess, "variances": variances},
        seed=problem.seed,
        memory_limit=problem.memory_limit,
    )


def _starts(problem: Problem) -> np.ndarray:
    """Single layers, shape (chains, k, d): at the minimum, then around it.

    Every output is drawn by itself: what outputs have in common moves on by itself, and
    is not looked at.
    """
    minimum, blocks = runs.minimum(problem), runs.covariance(problem)
    rng = np.random.default_rng(problem.seed)
    drawn = np.empty((PAIRS, minimum.outputs, len(minimum.variances)))
    for a in range(minimum.outputs):
        eigenvalues, vectors = np.linalg.eigh(blocks[a, a])
        size = np.sqrt(2 * np.maximum(eigenvalues, 0))
        drawn[:, a] = rng.normal(size=drawn[:, a].shape) * size @ vectors.T
    around = drawn @ minimum.basis.T
    return minimum.end_to_end + np.concatenate([np.zeros_like(around), around])


def _floor(problem: Problem) -> Panel:
    run = _trained(problem)
    steps = np.asarray(run.steps, dtype=float)[1:]  # an axis of logarithms has no zero
    predicted = float(np.asarray(NoiseFloor().predict(problem)[EXCESS]))
    series = [Series(steps[[0, -1]], np.full(2, predicted), "predicted floor")]
    halves = {"from above": slice(PAIRS, None), "from below": slice(PAIRS)}
    for color, (label, half) in enumerate(halves.items()):
        seen = run["excess"][1:, half]
        error = seen.std(1, ddof=1) / np.sqrt(PAIRS)
        series.append(Series(steps, seen.mean(1), label, "simulation", color, error))
    series.append(
        Series(steps[[0, -1]], np.full(2, predicted / 2), "half of it", "wrong")
    )
    return Panel(
        title="the loss that SGD does not get below",
        x_label="step",
        y_label="loss above its minimum",
        series=tuple(series),
        x_scale="log",
    )


def _shape(problem: Problem) -> Panel:
    minimum, chosen = runs.minimum(problem), followed(problem)
    predicted = np.einsum("aaii->i", runs.covariance(problem))
    seen = Estimate.from_samples(_paired(_trained(problem)["variances"]))
    order = np.argsort(minimum.curvatures)
    return Panel(
        title="variance against curvature",
        x_label="curvature along a principal input",
        y_label="variance of the weights there",
        series=(
            Series(minimum.curvatures[order], predicted[order], "predicted"),
            Series(minimum.curvatures[order], predicted[order] / 2, "half", "wrong"),
            Series(
                minimum.curvatures[chosen],
                seen.value,
                "SGD",
                "simulation",
                0,
                seen.stderr,
            ),
        ),
        x_scale="log",
        y_scale="log",
    )
