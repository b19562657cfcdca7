"""Claim: the largest learning rate at which SGD is stable in mean square."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import Weights
from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import problems, runs, turning
from linnet.phenomena.fluctuations.claims.source import FluctuationsClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

EDGE = "largest mean-square stable learning rate, per batch size"
TURNED = "the same, of chains that start isotropic"
SIZES, QUICK_SIZES = (1, 8, 64), (1,)
ENTRIES = 2e6  # of all batches that are drawn at once
FEWEST, MOST = 256, 2048  # chains
SHOWN, TRIAL, STRIDE = (0.7, 1.0, 1.2), 16, 4  # of the edge, and steps, in the figure
ALIKE = 1e-9  # edges that are closer than this are one
LINE = 12  # batch sizes of the predicted curve


class MeanSquareEdge(FluctuationsClaim):
    """Where the second moment starts to grow, long before the mean does."""

    name: ClassVar[str] = "mean_square_edge"
    statement: ClassVar[str] = (
        "The noise of small batches makes SGD unstable in mean square at learning rates"
        " far below the edge of full-batch descent; where follows from the data and the"
        " batch size."
    )
    formula: ClassVar[str] = (
        r"\eta_{\max} = 1 / \lambda_{\max}\left(\mathcal L_0^{-1/2} \mathcal L_1"
        r" \mathcal L_0^{-1/2}\right),\quad \mathcal L_0 V = HV + VH,\quad \mathcal L_1"
        r" V = (1-\kappa) HVH + \tfrac{\kappa}{n} \sum_i x_i x_i^\top V x_i x_i^\top"
    )
    domain: ClassVar[str] = (
        "One layer on a fixed data set, independent batches of distinct samples. Exact."
        " Observed: one step of many chains, spread along the matrix that is predicted"
        " to become unstable first; and, to see that none does before, of chains that"
        f" start isotropic and turn by themselves for {turning.ROUNDS} rounds, which"
        f" leaves about {turning.REST:.0%} of the learning rate as its error bar."
    )
    source: ClassVar[str] = (
        "Mulayoff and Michaeli 2024 (statement); formula derived here"
    )
    citations: ClassVar[tuple[str, ...]] = ("mulayoff2024",)
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = "the edge of full-batch descent, 2 / sharpness"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Few noisy samples and three outputs."""
        return problems.gaussian(100, 12, 3, seed=seed, quick=quick)

    def applies(self, problem: Problem) -> str | None:
        """Where there is noise, and batches differ in their Hessian."""
        reason = runs.silent(problem)
        if reason is not None:
            return reason
        edges = [_critical(problem, size)[0] for size in batch_sizes(problem)]
        full = 2 / runs.minimum(problem).curvatures[0]
        if min(edges) < (1 - ALIKE) * full:
            return None
        return "every batch has the same Hessian here, so batch size changes no edge"

    def status(self, problem: Problem) -> Status:
        """For every data set."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over chains, and what turning leaves."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the data and the batch size."""
        rates = np.array([_critical(problem, s)[0] for s in batch_sizes(problem)])
        rest = turning.REST * rates if len(runs.minimum(problem).curvatures) > 1 else 0
        return {EDGE: rates, TURNED: Estimate(rates, rest + 0 * rates, np.inf)}

    def wrong(self, problem: Problem) -> Quantities:
        """The same for all batch sizes."""
        edge = 2 / runs.minimum(problem).curvatures[0]
        same = np.full(len(batch_sizes(problem)), edge)
        return {EDGE: same, TURNED: same}

    def observe(self, problem: Problem) -> Quantities:
        """Where loss and gain of the second moment balance, after one step."""
        sizes = batch_sizes(problem)
        samples = [_balance(problem, size) for size in sizes]
        found = runs.joined([Estimate.from_samples(each) for each in samples])
        error = np.hypot(found.stderr, ALIKE * found.value)  # may not scatter at all
        turned = runs.joined([turning.turned(problem, size) for size in sizes])
        return {
            EDGE: Estimate(found.value, error, found.effective_samples),
            TURNED: turned,
        }

    def note(self, problem: Problem) -> str:
        """Nothing: every chain makes its one step."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """The edge against batch size, and chains around one."""
        return Figure(
            name=self.name,
            caption=(
                "Left: the largest learning rate at which the second moment of the"
                " weights does not grow, against batch size; dashed: the edge of"
                " full-batch descent, which SGD approaches for large batches only."
                " Right: the mean of the second moment over many chains without label"
                f" noise, at batch size {runs.batch_size(problem)}, at and around the"
                " predicted edge: there it neither grows nor shrinks."
            ),
            panels=(_against_size(problem), _around(problem)),
        )


def batch_sizes(problem: Problem) -> list[int]:
    """Those that are looked at: the one in use, and some that n allows."""
    n = runs.minimum(problem).samples
    known = QUICK_SIZES if problem.quick else SIZES
    sizes = {size for size in known if size <= max(n // 2, 1)}
    return sorted(sizes | ({runs.batch_size(problem)} - {n}))


@lru_cache(maxsize=32)
def _critical(problem: Problem, size: int) -> tuple[float, np.ndarray]:
    minimum = runs.minimum(problem)
    noise = theory.batch_noise(runs.SAMPLING, minimum.samples, size)
    return theory.critical_covariance(minimum, noise)


def _balance(problem: Problem, size: int) -> np.ndarray:
    """Independent samples of the learning rate at which the second moment stays.

    A step changes it by -a eta + b eta^2, so that it stays at eta = a / b. Both are
    read off the same batches at two learning rates; around the ratio of their means the
    estimate is linear in them.
    """
    rate = _critical(problem, size)[0]
    half, whole = (
        np.diff(_chains(problem, size, factor, 1)["second_moment"], axis=0)[0]
        for factor in (0.5, 1.0)
    )
    gain = 2 * (whole - 2 * half) / rate**2
    loss = (gain * rate**2 - whole) / rate
    edge = loss.mean() / gain.mean()
    return edge + (loss - edge * gain) / gain.mean()


@lru_cache(maxsize=32)
def _direction(problem: Problem, size: int) -> np.ndarray:
    """What becomes unstable first, in the coordinates of the inputs."""
    basis = runs.minimum(problem).basis
    return basis @ _critical(problem, size)[1] @ basis.T


@lru_cache(maxsize=32)
def _second_moment(problem: Problem, size: int) -> Callable[[Weights], np.ndarray]:
    """Its second moment; one function for all runs, which compile it once."""
    whole = _direction(problem, size)

    def observable(weights: Weights) -> np.ndarray:
        return ((weights[0] @ whole) * weights[0]).sum()

    return observable


@lru_cache(maxsize=32)
def _chains(problem: Problem, size: int, factor: float, steps: int) -> "Trajectory":
    """SGD without label noise from starts spread along what is unstable first."""
    from linnet.dynamics import SGD, WithoutReplacement, simulate

    dataset = problem.dataset
    assert dataset is not None  # `applies` refused
    rate, whole = _critical(problem, size)[0], _direction(problem, size)
    n, d = dataset.inputs.shape
    count = int(np.clip(ENTRIES / (size * d), FEWEST, MOST))
    values, axes = np.linalg.eigh(whole)
    rng = np.random.default_rng([problem.seed, size])
    drawn = rng.normal(size=(count, 1, d)) * np.sqrt(np.maximum(values, 0)) @ axes.T
    return simulate(
        SGD(
            dataset.inputs, np.zeros((n, 1)), factor * rate, size, WithoutReplacement()
        ),
        (drawn,),
        steps=list(range(0, steps + 1, min(steps, STRIDE))),
        observe={"second_moment": _second_moment(problem, size)},
        seed=problem.seed,
        memory_limit=problem.memory_limit,
    )


def _against_size(problem: Problem) -> Panel:
    sizes = np.array(batch_sizes(problem), dtype=float)
    seen = MeanSquareEdge().observe(problem)[EDGE]
    assert isinstance(seen, Estimate)
    between = np.geomspace(sizes[0], sizes[-1], LINE).round().astype(int)
    line = np.unique([*between, *batch_sizes(problem)])
    predicted = np.array([_critical(problem, int(size))[0] for size in line])
    full = np.full(len(line), 2 / runs.minimum(problem).curvatures[0])
    return Panel(
        title="the edge",
        x_label="batch size",
        y_label="largest stable learning rate",
        series=(
            Series(line.astype(float), predicted, "predicted"),
            Series(sizes, seen.value, "SGD", "simulation", 0, seen.stderr),
            Series(line.astype(float), full, "full-batch descent", "wrong"),
        ),
        x_scale="log",
        y_scale="log",
    )


def _around(problem: Problem) -> Panel:
    size = min(runs.batch_size(problem), runs.minimum(problem).samples - 1)
    steps = np.arange(0.0, TRIAL + 1, STRIDE)
    color = SHOWN.index(1.0)
    series = [
        Series(steps, np.ones(len(steps)), "predicted at the edge", "theory", color)
    ]
    for color, factor in enumerate(SHOWN):
        values = _chains(problem, size, factor, TRIAL)["second_moment"]
        ratio = values / values[0].mean()
        error = ratio.std(1, ddof=1) / np.sqrt(ratio.shape[1])
        label = f"{factor:g} × edge"
        series.append(Series(steps, ratio.mean(1), label, "simulation", color, error))
    return Panel(
        title=f"chains at batch size {size}",
        x_label="step",
        y_label="second moment / its start",
        series=tuple(series),
        y_scale="log",
    )
