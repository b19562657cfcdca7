"""Claim: the largest learning rate at which SGD is stable in mean square."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations.claims import edge_chains, problems, runs
from linnet.phenomena.fluctuations.claims.source import FluctuationsClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

EDGE = "largest mean-square stable learning rate, per batch size"
EACH = "the same along single principal inputs, smallest of these batches"
SHOWN = (0.7, 1.0, 1.2)  # of the edge, in the figure
ALIKE = 1e-9  # edges that are closer than this are one
RESOLVED = 10  # standard errors that the edge must be, for a single input to tell
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
        " Observed: one step of many chains, spread along the matrix V that is"
        " predicted to become unstable first: where loss and gain of their second"
        " moment balance, weighted by V itself, which any spread would show; and along"
        " single principal inputs, where only a V that neither grows nor shrinks"
        " anywhere has the same balance. A positive definite matrix that does so"
        " belongs to the largest rate (Perron, Krein and Rutman). Asked where chains"
        f" draw the samples that make the edge {edge_chains.DRAWS} times or more."
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
        """Where there is noise, batches differ, and rare samples do not decide."""
        reason = runs.silent(problem)
        if reason is not None:
            return reason
        sizes = edge_chains.batch_sizes(problem)
        full = 2 / runs.minimum(problem).curvatures[0]
        if not edge_chains.edges(problem, sizes).min() < (1 - ALIKE) * full:
            return (
                "every batch has the same Hessian here, so batch size changes no edge"
            )
        if edge_chains.seen_sizes(problem):
            return None
        return f"{_makers(problem, sizes[-1])}, too few for chains to draw them often"

    def status(self, problem: Problem) -> Status:
        """For every data set."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over chains."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the data and the batch size; error bars say only how many are asked."""
        return _per_quantity(
            problem, edge_chains.edges(problem, edge_chains.seen_sizes(problem))
        )

    def wrong(self, problem: Problem) -> Quantities:
        """The same for all batch sizes."""
        full = 2 / runs.minimum(problem).curvatures[0]
        sizes = edge_chains.seen_sizes(problem)
        return _per_quantity(problem, np.full(len(sizes), full))

    def observe(self, problem: Problem) -> Quantities:
        """Where loss and gain of the second moment balance, in one step."""
        found = _observed(problem)
        each, kept = found.get(EACH), _resolved(problem)
        if not isinstance(each, Estimate) or not kept.any():
            return {EDGE: found[EDGE]}
        shown = Estimate(each.value[kept], each.stderr[kept], each.effective_samples)
        return {EDGE: found[EDGE], EACH: shown}

    def note(self, problem: Problem) -> str:
        """Where chains do not draw often enough, or V leaves a direction alone."""
        told = [
            f"At batch size {size} {_makers(problem, size)}, and chains draw them too"
            " rarely to tell it."
            for size in edge_chains.batch_sizes(problem)
            if size not in edge_chains.seen_sizes(problem)
        ]
        smallest = edge_chains.seen_sizes(problem)[0]
        if not edge_chains.is_definite(problem, smallest):
            told.append(
                "What becomes unstable first leaves a direction alone, so that it was"
                " not seen that none becomes unstable before."
            )
        kept = _resolved(problem)
        if edge_chains.is_definite(problem, smallest) and not kept.any():
            told.append("Along single inputs chains are too few to tell.")
        elif not kept.all():
            told.append(
                f"Along {np.sum(~kept)} of {len(kept)} single inputs chains are too few"
                f" to tell: the error bar is more than 1/{RESOLVED} of the edge."
            )
        return " ".join(told)

    def figure(self, problem: Problem) -> Figure:
        """The edge against batch size, and chains around one."""
        return Figure(
            name=self.name,
            caption=(
                "Left: the largest learning rate at which the second moment of the"
                " weights does not grow, against batch size; dashed: the edge of"
                " full-batch descent, which SGD approaches for large batches only."
                " Right: the mean of the second moment over many chains without label"
                f" noise, at batch size {_shown_size(problem)}, at and around the"
                " predicted edge: there it neither grows nor shrinks."
            ),
            panels=(_against_size(problem), _around(problem)),
        )


def _makers(problem: Problem, size: int) -> str:
    about = max(1, round(edge_chains.makers(problem, size)))
    verb = "makes" if about == 1 else "make"
    n = runs.minimum(problem).samples
    return f"about {about} of {n} samples {verb} the edge alone"


def _per_quantity(problem: Problem, rates: np.ndarray) -> Quantities:
    """Every principal input has the rate of the smallest batch."""
    kept = int(_resolved(problem).sum())
    each = {EACH: np.full(kept, rates[0])} if kept else {}
    return {EDGE: rates, **each}


def _resolved(problem: Problem) -> np.ndarray:
    """Which single inputs tell something: by their error bars, not by what is seen."""
    each = _observed(problem).get(EACH)
    if not isinstance(each, Estimate):
        return np.zeros(0, dtype=bool)
    edge = edge_chains.critical(problem, edge_chains.seen_sizes(problem)[0])[0]
    return RESOLVED * each.stderr < edge


@lru_cache(maxsize=8)
def _observed(problem: Problem) -> Quantities:
    """One step of chains at every batch size that they can tell something of."""
    found, each = [], {}
    for size in edge_chains.seen_sizes(problem):
        before, gradients = edge_chains.step(problem, size)
        found.append(_weighted(problem, size, before, gradients))
        chosen = edge_chains.axes(problem, size)
        if len(found) == 1 and len(chosen):
            loss = 2 * (before * gradients)[..., chosen].sum(1)
            each = {EACH: _balance(loss, (gradients**2)[..., chosen].sum(1))}
    return {EDGE: runs.joined(found), **each}


def _weighted(
    problem: Problem, size: int, before: np.ndarray, gradients: np.ndarray
) -> Estimate:
    """Loss and gain weighted by the critical covariance.

    The map of second moments is its own adjoint, so that what is neutral is also the
    weight with which any second moment keeps its size at the edge.
    """
    along = gradients @ edge_chains.critical(problem, size)[1]
    return _balance(2 * (before * along).sum((1, 2)), (gradients * along).sum((1, 2)))


def _balance(losses: np.ndarray, gains: np.ndarray) -> Estimate:
    """Rate at which the second moment stays as it is, from chains along axis 0.

    A step changes it by -a eta + b eta^2, so that it stays at eta = a / b. Around the
    ratio of their means the estimate is linear in both.
    """
    rate = losses.mean(0) / gains.mean(0)
    found = Estimate.from_samples(rate + (losses - rate * gains) / gains.mean(0))
    error = np.hypot(found.stderr, ALIKE * rate)  # it may not scatter at all
    return Estimate(found.value, error, found.effective_samples)


def _against_size(problem: Problem) -> Panel:
    sizes = edge_chains.batch_sizes(problem)
    found = MeanSquareEdge().observe(problem)[EDGE]
    assert isinstance(found, Estimate)
    between = np.geomspace(sizes[0], sizes[-1], LINE).round().astype(int)
    line = np.unique([*between, *sizes])
    predicted = edge_chains.edges(problem, [int(size) for size in line])
    full = np.full(len(line), 2 / runs.minimum(problem).curvatures[0])
    at = np.array(edge_chains.seen_sizes(problem), dtype=float)
    return Panel(
        title="the edge",
        x_label="batch size",
        y_label="largest stable learning rate",
        series=(
            Series(line.astype(float), predicted, "predicted"),
            Series(at, found.value, "SGD", "simulation", 0, found.stderr),
            Series(line.astype(float), full, "full-batch descent", "wrong"),
        ),
        x_scale="log",
        y_scale="log",
    )


def _shown_size(problem: Problem) -> int:
    """The one in use, where it is seen."""
    used, seen = runs.batch_size(problem), edge_chains.seen_sizes(problem)
    return used if used in seen else seen[-1]


def _around(problem: Problem) -> Panel:
    size = _shown_size(problem)
    steps = np.arange(0.0, edge_chains.TRIAL + 1, edge_chains.STRIDE)
    color = SHOWN.index(1.0)
    series = [
        Series(steps, np.ones(len(steps)), "predicted at the edge", "theory", color)
    ]
    for color, factor in enumerate(SHOWN):
        values = edge_chains.chains(problem, size, factor)
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
