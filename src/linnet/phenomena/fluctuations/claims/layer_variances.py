"""Claim: a layer fluctuates where the other one is large."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import networks, problems, runs
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import (
    Bound,
    ChiSquare,
    Figure,
    Panel,
    Problem,
    Quantities,
    Series,
    ZTest,
)
from linnet.study.verdict import Observed, Status

FIRST = "variances of the first layer along its axes"
SECOND = "variances of the second layer along its axes"
SHARES = "variances of the second layer / temperature, many samples"
RANK = "directions that fluctuate"
RATE, BATCH = 0.02, 10
NOISE = 1e-4  # of the labels: the drift against the fluctuations is like its square
EVERY, REPLICAS = 40, 192
FAINT = 1e-9  # of the temperature: what the figure leaves out
ABOVE = 0.1  # of the largest variance: what counts as a direction that fluctuates


class LayerVariances(CanonicalClaim):
    """The coupling of the layers makes each of them anisotropic."""

    name: ClassVar[str] = "layer_variances"
    statement: ClassVar[str] = (
        "In two layers SGD fluctuates along as many directions as the product has"
        " entries, equally in all of them; a single layer does not: it varies most"
        " where it adds to directions that are strong in the other layer."
    )
    formula: ClassVar[str] = (
        r"\lambda^{(2)}_{aj} = \frac{s_{1,j}^2}{s_{1,j}^2 + s_{2,a}^2},\quad"
        r" \lambda^{(1)}_{aj} = \frac{s_{2,a}^2}{s_{1,j}^2 + s_{2,a}^2},\quad"
        r" \operatorname{rank} = kd - (d - r_1)(k - r_2)"
    )
    domain: ClassVar[str] = (
        "Two layers at the least-squares minimum, independent batches, label noise so"
        " small that the layers do not drift. Variances are those of this data set at"
        r" this rate; shares, in units of $\eta\kappa\sigma^2/2$, are for $n \gg d$ and"
        r" $\eta \to 0$, and their error bar holds what is left at this n and rate."
    )
    wrong_theory: ClassVar[str] = (
        "the other layer stands still: a layer fluctuates equally in all directions;"
        " and every weight is free"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Many samples, three outputs, as many hidden units as inputs."""
        return problems.gaussian(3000, 12, 3, noise=NOISE, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """The shares hold for many samples."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest | ChiSquare | Bound:
        """A whole number; shares with their correction; variances over chains."""
        if label == RANK:
            return Bound(1e-9)
        return ZTest() if label == SHARES else ChiSquare()

    def predict(self, problem: Problem) -> Quantities:
        """From layers and data; shares and rank from the layers alone."""
        first, second = _predicted(problem)
        shares = theory.layer_shares(networks.layers(problem))[1].ravel()
        error = shares * _correction(problem)
        return {
            FIRST: first,
            SECOND: second,
            SHARES: Estimate(shares, error, np.inf),
            RANK: float(theory.jacobian_rank(networks.layers(problem))),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Isotropic layers, and as many directions as weights."""
        heat = np.full(_moving(problem)[0].size, _temperature(problem))
        weights = sum(layer.size for layer in networks.layers(problem))
        return {
            FIRST: heat,
            SECOND: heat,
            SHARES: np.ones_like(heat),
            RANK: float(weights),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Replicas of SGD from one minimum."""
        first, second = _observed(problem)
        share = Estimate.from_samples(second / _temperature(problem))
        spectrum = _spectrum(problem)
        count = float((spectrum > ABOVE * spectrum[0]).sum())
        observed: dict[str, Observed] = {FIRST: first, SECOND: second}
        return observed | {SHARES: share, RANK: count}

    def note(self, problem: Problem) -> str:
        """Nothing: replicas that diverge would be seen in their variance."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Both layers on one line, and the spectrum of all weights."""
        return Figure(
            name=self.name,
            caption=(
                "Left: each dot is one direction of one layer; its variance under SGD,"
                " in units of what a single layer would have, against the share that"
                " theory gives it. Dots follow the diagonal (a finite learning rate"
                " lifts them a little); if the other layer stood still, all would lie"
                " on the dashed line. Right:"
                " all variances of all weights together, sorted. As many as the"
                " product of the layers has entries are alike, and a cliff parts them"
                " from the rest, which only drift."
            ),
            panels=(_on_line(problem), _cliff(problem)),
        )


def _temperature(problem: Problem) -> float:
    factor = networks.noise_factor(problem, BATCH)
    return theory.temperature(RATE, factor, NOISE)


def _correction(problem: Problem) -> float:
    r"""Relative size of what the law of many samples and small rates leaves out.

    The scatter of $C_{ii}/h_i$ over data sets, $6/n$ in square, and both effects of a
    finite rate: $\eta\lambda_{\max}/2$ and $\eta\kappa\,\mathrm{tr}K/2$.
    """
    curvatures = networks.fluctuations(problem, RATE, BATCH).curvatures
    assert curvatures is not None
    batches = networks.noise_factor(problem, BATCH) * curvatures.sum()
    finite = RATE / 2 * np.array([curvatures.max(), batches])
    return float(np.sqrt(6 / runs.minimum(problem).samples + (finite**2).sum()))


def _moving(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Variances of the axes of each layer that move, as the other layer has them."""
    first, second = networks.layers(problem)
    k, d, h = len(second), first.shape[1], len(first)
    return np.ones((min(k, h), d)), np.ones((k, min(h, d)))


def _predicted(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    found = networks.fluctuations(problem, RATE, BATCH)
    axes = theory.layer_axes(networks.layers(problem))
    out = []
    for index, (pair, moving) in enumerate(zip(axes, _moving(problem), strict=True)):
        rows, columns = moving.shape
        turn = np.kron(pair[0][:, :rows], pair[1][:, :columns])
        out.append(((turn.T @ found.layer(index)) * turn.T).sum(axis=1))
    return out[0], out[1]


@lru_cache(maxsize=4)
def _deviations(problem: Problem) -> np.ndarray:
    saves = 25 if problem.quick else 100
    return networks.about_means(problem, RATE, BATCH, REPLICAS, saves, EVERY)


@lru_cache(maxsize=4)
def _observed(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Mean square along the axes of each layer, one row a replica."""
    start = networks.layers(problem)
    seen = _deviations(problem)
    axes = theory.layer_axes(start)
    parts = zip(networks.split(seen, start), axes, _moving(problem), strict=True)
    first, second = (
        (networks.along(part, pair, moving.shape) ** 2).mean(axis=1)
        for part, pair, moving in parts
    )
    return first, second


@lru_cache(maxsize=4)
def _spectrum(problem: Problem) -> np.ndarray:
    """Variances of all weights along their principal axes, largest first."""
    seen = _deviations(problem)
    whole = np.einsum("rtp,rtq->pq", seen, seen, optimize=True)
    return np.linalg.eigvalsh(whole)[::-1] / np.prod(seen.shape[:2])


def _on_line(problem: Problem) -> Panel:
    heat, line = _temperature(problem), np.array([0.0, 1.0])
    shares = theory.layer_shares(networks.layers(problem))
    series = [Series(line, line, "predicted")]
    names = ("first layer", "second layer")
    parts = zip(names, shares, _moving(problem), _observed(problem), strict=True)
    for color, (name, share, moving, samples) in enumerate(parts):
        seen = Estimate.from_samples(samples / heat)
        x = share[: moving.shape[0], : moving.shape[1]].ravel()
        dots = Series(x, seen.value, name, "simulation", color, seen.stderr)
        series.append(dots)
    series.append(Series(line, np.ones(2), "other layer stands still", "wrong"))
    return Panel(
        title="each direction of each layer",
        x_label="predicted share of the variance",
        y_label="variance / that of a single layer",
        series=tuple(series),
    )


def _cliff(problem: Problem) -> Panel:
    heat, seen = _temperature(problem), _spectrum(problem)
    ranks = np.arange(1.0, len(seen) + 1)
    predicted = np.linalg.eigvalsh(networks.fluctuations(problem, RATE, BATCH).reduced)
    shown = seen[seen > FAINT * heat] / heat
    edge = len(predicted) + 0.5
    return Panel(
        title="all weights together",
        x_label="principal axis, largest variance first",
        y_label="variance / that of a single layer",
        series=(
            Series(ranks[: len(predicted)], predicted[::-1] / heat, "predicted"),
            Series(ranks[: len(shown)], shown, "SGD", "simulation"),
            Series(
                np.full(2, edge), np.array([1e-6, 2]), "entries of the product", "guide"
            ),
            Series(ranks, np.ones(len(ranks)), "every weight free", "wrong"),
        ),
        y_scale="log",
    )
