"""Claims on curvature: the largest stable learning rate, and how training ends."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import end_to_end
from linnet.numerics import Estimate
from linnet.phenomena.spectral_bias import measure, theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import SpectralBiasClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

RATE = "largest stable learning rate"
SLOWEST = "late decay rate of the excess loss"
ABOVE, BELOW = 1.03, 0.97  # of the predicted rate: where descent is tried
NUDGE, TRIAL = 1e-9, 300  # relative size of the push off the minimizer, and steps
SMALL, WINDOW = 1e-4, 60  # steps read: the last ones while the departure is still small
UNRESOLVED = 0.01  # of a late rate: what two windows of it cannot tell
END = 1e-14  # excess loss, relative to its start, down to which the rate is read
OUTLIVED = 0.12  # of a late rate: what the faster directions may still add there


class LargestStableRate(SpectralBiasClaim):
    """Above this learning rate the minimizer repels."""

    name: ClassVar[str] = "largest_stable_rate"
    statement: ClassVar[str] = (
        "Gradient descent stays at the minimizer up to a learning rate of two over the"
        " sharpness there, which follows from the data and the initial scale."
    )
    formula: ClassVar[str] = (
        r"\eta_{\max} = 2 / \lambda_{\max}\left(\Sigma^{1/2}"
        r" (W_1^\top W_1 + w_{2,\max}^2 I) \Sigma^{1/2}\right)"
    )
    domain: ClassVar[str] = (
        r"Two layers, first isotropic, second zero at the start; linear stability of"
        r" the minimizer that gradient flow reaches; $\Sigma = X^\top X/n$."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = "one over the sharpness"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Correlated inputs, and a start that is not small: its scale matters."""
        return problems.unscaled(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Where training can be followed to its end."""
        return runs.out_of_reach(problem, [problem.init_scale])

    def status(self, problem: Problem) -> Status:
        """Exact for small deviations."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """One per cent: the fastest direction must outgrow the others in the trial."""
        return Bound(0.01)

    def predict(self, problem: Problem) -> Quantities:
        """From the least-norm solution and the scale."""
        return {RATE: _stable_rate(problem)}

    def wrong(self, problem: Problem) -> Quantities:
        """Half of it."""
        return {RATE: _stable_rate(problem) / 2}

    def observe(self, problem: Problem) -> Quantities:
        """From the growth per step above the edge: growth + 1 = sharpness x rate."""
        rate, strides = _trials(problem)[ABOVE]
        growth = np.exp(-_small_decay(problem, strides))
        # Without growth the trial was below the edge, and says nothing of it.
        return {RATE: 2 * rate / (1 + growth) if growth > 1 else np.nan}

    def note(self, problem: Problem) -> str:
        """Whether the minimizer was reached at all."""
        return runs.unfinished(problem, [problem.init_scale])

    def figure(self, problem: Problem) -> Figure:
        """Distance from the minimizer, just below and just above the edge."""
        series = []
        for color, factor in enumerate((ABOVE, BELOW)):
            strides = _trials(problem)[factor][1]
            steps = np.arange(1.0, len(strides) + 1)  # fewer than asked if it diverged
            few = slice(None, None, 8)
            label = f"{factor:g} × predicted largest rate"
            series.append(Series(steps[few], strides[few], label, "simulation", color))
        strides = _trials(problem)[ABOVE][1]
        small = np.flatnonzero(strides <= SMALL * runs.size(problem))
        last = small[-1] if small.size else 0
        steps = np.arange(1.0, last + 2)
        line = strides[last] * (2 * ABOVE - 1) ** (steps - steps[-1])
        growth = Series(steps, line, "predicted growth", "theory", 0)
        panel = Panel(
            title="pushed off the minimizer",
            x_label="step of gradient descent",
            y_label="change of the product per step",
            series=(growth, *series),
            y_scale="log",
        )
        return Figure(
            name=self.name,
            caption=(
                "The trained network is pushed off its minimizer by a tiny amount and"
                " trained on with a learning rate three per cent above and below the"
                " predicted edge: above it departs, below it comes to rest."
            ),
            panels=(panel,),
        )


class LateRate(SpectralBiasClaim):
    """How slowly training ends."""

    name: ClassVar[str] = "late_rate"
    statement: ClassVar[str] = (
        "In the end the excess loss falls exponentially, at twice the smallest"
        " curvature that training excites."
    )
    formula: ClassVar[str] = r"L(t) - L_\infty \sim e^{-2\lambda_{\min} t}"
    domain: ClassVar[str] = (
        "Two layers, first isotropic, second zero at the start; late times, when the"
        " slowest direction has outlived the others. Where the rate is read they may"
        " still add to it: the prediction is the middle between the limit and the"
        " linearized rate there, the error bar what the rate still changed over the"
        " last decades, one per cent, and the spread of that bracket."
    )
    of_data: ClassVar[bool] = True
    has_canonical: ClassVar[bool] = False
    wrong_theory: ClassVar[str] = "half the rate"

    def canonical(self, seed: int, quick: bool) -> None:
        """Asked of data: how soon one direction is left, a problem's seed decides."""
        return None

    def applies(self, problem: Problem) -> str | None:
        """Where the slowest direction outlives the others while it can be seen."""
        reason = runs.out_of_reach(problem, [problem.init_scale])
        if reason is not None:
            return reason
        there = theory.late_rate(problem.moments, problem.init_scale, END)
        if there <= 2 * (1 + OUTLIVED) * _slowest(problem):
            return None
        return (
            "the direction in which training ends carries so little of the loss that it"
            f" has not outlived the others when {END:.0e} of the loss is left"
        )

    def status(self, problem: Problem) -> Status:
        """Becomes exact as the second slowest direction dies out."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """In units of what the next direction may still contribute."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """Between the limit and the linearized rate: a small start falls below that."""
        rate, error = _late_rate(problem)
        return {SLOWEST: Estimate(np.array(rate), np.array(error), 2)}

    def wrong(self, problem: Problem) -> Quantities:
        """Half of it."""
        return {SLOWEST: _late_rate(problem)[0] / 2}

    def observe(self, problem: Problem) -> Quantities:
        """Slope of the logarithm of the excess loss over its last two decades."""
        times, gap = _ending(problem)
        if gap[0] >= 1e4 * gap[-1]:
            rate = measure.late_decay_rate(times, gap)
            error = rate.stderr + UNRESOLVED * abs(rate.value)
        else:  # the end was not reached: what was seen hardly tells its rate
            rate = measure.decay_rate(times, gap)
            error = rate.stderr + abs(rate.value)
        windows = 2  # stand behind it, in place of samples
        return {SLOWEST: Estimate(np.array(rate.value), np.array(error), windows)}

    def note(self, problem: Problem) -> str:
        """Whether the end was reached at all."""
        return runs.unfinished(problem, [problem.init_scale])

    def figure(self, problem: Problem) -> Figure:
        """Excess loss against time with its predicted slope."""
        times, gap = _ending(problem)
        run = runs.trained(problem, problem.init_scale)
        slope = _late_rate(problem)[0]
        line = gap[-1] * np.exp(-slope * (times - times[-1]))
        few = slice(None, None, max(1, len(times) // 20))
        seen = run.times < times[0]
        whole = np.concatenate([run.times[seen], times[few]])
        heights = np.concatenate([run.gap[seen], gap[few]])
        panel = Panel(
            title="the end of training",
            x_label="time (learning rate × steps)",
            y_label="excess loss / its start",
            series=(
                Series(times, line, "predicted slope"),
                Series(whole, heights, "trained network", "simulation"),
            ),
            y_scale="log",
        )
        return Figure(
            name=self.name,
            caption=(
                "After the modes are learned a slow tail remains: the excess loss falls"
                " at twice the smallest curvature."
            ),
            panels=(panel,),
        )


def _stable_rate(problem: Problem) -> float:
    return runs.curvature(problem, problem.init_scale).largest_stable_rate


def _late_rate(problem: Problem) -> tuple[float, float]:
    """Middle of its bracket where it is read, and the spread if all of it is likely."""
    limit = 2 * _slowest(problem)
    there = theory.late_rate(problem.moments, problem.init_scale, 10 * END)
    there = max(there, limit)  # which rounding may undercut
    return (limit + there) / 2, (there - limit) / np.sqrt(12)


def _slowest(problem: Problem) -> float:
    return runs.curvature(problem, problem.init_scale).slowest


@lru_cache(maxsize=4)
def _ending(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Times and excess loss over the last decades of a run.

    Five decades down to `END`, evenly in the loss and not in time: just before its end
    it may fall much faster than in the end.
    """
    from linnet.dynamics import GradientFlow, simulate

    run = runs.trained(problem, problem.init_scale)
    depth = np.maximum.accumulate(-np.log(np.maximum(run.gap, END / 10)))
    last = min(depth[-1], -np.log(END))
    first = max(depth[0], last - 5 * np.log(10))
    if last - first < 4 * np.log(10):  # no end to look at more closely
        return run.times, run.gap
    times = np.interp(np.linspace(first, last, 101), depth, run.times)
    ending: Trajectory = simulate(
        GradientFlow(problem.moments),
        runs.start(problem, problem.init_scale),
        times=np.unique(times).tolist(),
        observe={"product": end_to_end},
        memory_limit=problem.memory_limit,
    )
    seen = ending.gap > 0
    return ending.times[seen], ending.gap[seen]


def _small_decay(problem: Problem, strides: np.ndarray) -> float:
    """Decay rate of the strides, while they are small enough to be linear."""
    from_first = np.flatnonzero(strides > SMALL * runs.size(problem))
    end = int(from_first[0]) if from_first.size else len(strides)
    part = strides[max(end - WINDOW, 0) : end]
    if len(part) < 3:
        return np.nan
    return measure.decay_rate(np.arange(float(len(part))), part).value


@lru_cache(maxsize=4)
def _trials(problem: Problem) -> dict[float, tuple[float, np.ndarray]]:
    """Rate, and change of the product per step, above and below the edge.

    Changes and not distances: what is left of the slow end of training hardly moves.
    """
    from linnet.dynamics import GradientDescent, linear_steps, simulate

    weights = runs.trained(problem, problem.init_scale).weights
    rng = np.random.default_rng(problem.seed)
    pushed = tuple(
        layer + NUDGE * np.abs(layer).max() * rng.normal(size=layer.shape)
        for layer in weights
    )
    seen = {}
    for factor in (ABOVE, BELOW):
        rate = factor * _stable_rate(problem)
        run = simulate(
            GradientDescent(problem.moments, rate),
            pushed,
            steps=linear_steps(TRIAL, TRIAL + 1),
            observe={"product": end_to_end},
            memory_limit=problem.memory_limit,
        )
        moves = np.diff(run["product"], axis=0)
        seen[factor] = rate, np.linalg.norm(moves, axis=(1, 2))
    return seen
