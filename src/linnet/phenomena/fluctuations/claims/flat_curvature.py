"""Claim: the loss is equally curved along all axes along which weights fluctuate."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import measure, theory
from linnet.phenomena.fluctuations.claims import late_chains, problems, runs
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

SLOPE = "relative slope of curvature on variance"
SPREAD = "relative spread of the curvature along principal axes"
ENDS = "variance along the first and last quarter of axes, over the mean"
SHOWN = 200  # inputs in the left panel
RESOLVED = 200  # inputs up to which the chains can tell one principal axis from another


class FlatCurvature(CanonicalClaim):
    """Anisotropic weights, effectively isotropic loss."""

    name: ClassVar[str] = "flat_curvature"
    statement: ClassVar[str] = (
        "However unequal the fluctuations of a single layer are along their principal"
        " axes, the curvature of the loss along these axes is the same: there is no"
        " relation between variance and flatness, its exponent is zero."
    )
    formula: ClassVar[str] = (
        r"p_i^\top H p_i \approx \tfrac1d \operatorname{tr} H,\quad"
        r" \operatorname{CV}(p_i^\top H p_i) \to \sqrt{2/n},\quad \psi = 0"
    )
    domain: ClassVar[str] = (
        "One layer, one output, white Gaussian inputs, independent batches; principal"
        " axes p of the weight covariance lie at random to those of the Hessian H. For"
        " large n and d; the slope is then of random sign and of size"
        r" $\sqrt{2/n}/\sqrt{dA}$ (A is the anisotropy), the spread off by d/n and by"
        r" $1/\sqrt{2d}$ of itself. The slope is that of a straight line through"
        r" variance and curvature over their means, $(\frac{d\operatorname{tr}VH}"
        r"{\operatorname{tr}V\operatorname{tr}H}-1)/A$, observed without finding axes,"
        " which sampling noise would turn; for the spread axes are found, and only"
        f" up to {RESOLVED} inputs do the chains resolve them. How unequal the"
        " variances are is exact on given data: half of the chains find the axes and"
        " their order, the other half sees the variances, for along axes that it chose"
        " itself a record is always unequal."
    )
    wrong_theory: ClassVar[str] = (
        "variance follows curvature (slope one), curvature spreads as the eigenvalues"
        " of the Hessian do, and variances are equal"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """The middle size stands for all."""
        return problems.gaussian(late_chains.SAMPLES, SHOWN, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """For large sizes."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over groups of chains, and the stated finite sizes."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """No slope, the spread of axes that lie at random, the exact variances."""
        d = np.array(late_chains.sizes(problem), dtype=float)
        n = late_chains.SAMPLES
        anisotropy = np.array([theory.asymptotic_anisotropy(each / n) for each in d])
        law = np.sqrt(2 / n)
        few = np.array(_resolved(problem), dtype=float)
        error = law * np.hypot(few / n, 1 / np.sqrt(2 * few))
        return {
            SLOPE: Estimate(np.zeros(len(d)), law / np.sqrt(d * anisotropy), n),
            SPREAD: Estimate(np.full(len(few), law), error, n),
            ENDS: np.array([exact_ends(one) for one in _each(problem)]),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Slope one, the spread of all curvatures, and isotropic weights."""
        few = np.array(_resolved(problem), dtype=float)
        return {
            SLOPE: np.ones(len(late_chains.sizes(problem))),
            SPREAD: np.sqrt(few / late_chains.SAMPLES),
            ENDS: np.ones((len(late_chains.sizes(problem)), 2)),
        }

    def observe(self, problem: Problem) -> Quantities:
        """From the covariances of groups of chains and the Hessian of the data."""
        return {
            SLOPE: runs.joined([slope(one) for one in _each(problem)]),
            SPREAD: _seen_spread(problem),
            ENDS: runs.joined([seen_ends(one) for one in _each(problem)]),
        }

    def note(self, problem: Problem) -> str:
        """Chains that diverged, of which there should be none."""
        return late_chains.lost(problem)

    def figure(self, problem: Problem) -> Figure:
        """Curvature against variance, and its spread."""
        return Figure(
            name=self.name,
            caption=(
                "Left: each dot is a principal axis of the weights that half of the SGD"
                f" chains visited ({SHOWN} inputs, {late_chains.SAMPLES} samples):"
                " curvature of the loss along it against the variance along it that the"
                " other half saw, both over their mean. Variances differ manifold while"
                " the curvature stays the same; if weights fluctuated more where the"
                " loss is steeper, dots would follow the dashed line. It is no lack of"
                " different curvatures: right, their relative spread along these axes"
                " and along the eigenvectors of the Hessian, of which every axis is a"
                " random mixture."
            ),
            panels=(_scatter(late_chains.sized(problem, SHOWN)), _spreads(problem)),
        )


@lru_cache(maxsize=8)
def slope(problem: Problem) -> Estimate:
    """Of curvature on variance, both over their mean: no axis is needed for it.

    Least squares over principal axes only takes traces; that of the squared covariance
    is from products of independent groups.
    """
    covariances = late_chains.chains(problem).covariances
    hessian = problem.moments.xx
    d = len(hessian)
    flat = covariances.reshape(len(covariances), -1)
    products = flat @ flat.T
    traces = np.einsum("gii->g", covariances)
    weighted = flat @ hessian.ravel() * d / np.trace(hessian)

    def value(keep: np.ndarray) -> float:
        inner, trace = products[np.ix_(keep, keep)], traces[keep]
        cross = inner.sum() - np.trace(inner)
        square = trace.sum() ** 2 - (trace**2).sum()
        anisotropy = d * cross / square - 1
        return float((weighted[keep].sum() / trace.sum() - 1) / anisotropy)

    return late_chains.jackknifed(value, len(covariances))


@lru_cache(maxsize=8)
def spread(problem: Problem) -> Estimate:
    """Standard deviation over mean of the curvature along principal axes as found."""
    covariances = late_chains.chains(problem).covariances

    def value(keep: np.ndarray) -> float:
        axes = np.linalg.eigh(covariances[keep].mean(0))[1].T
        curvatures = _curvatures(problem, axes)
        return float(curvatures.std() / curvatures.mean())

    return late_chains.jackknifed(value, len(covariances))


def exact_ends(problem: Problem) -> np.ndarray:
    """Variances along the quarters that chains found, by the exact covariance."""
    basis = runs.minimum(problem).basis
    turned = _axes(problem) @ basis
    variances = ((turned @ late_chains.covariance(problem)) * turned).sum(1)
    return _quarters(variances) / variances.mean()


@lru_cache(maxsize=8)
def seen_ends(problem: Problem) -> Estimate:
    """The same by the half of the chains that did not find the axes."""
    others = late_chains.chains(problem).records[1::2]
    variances = ((others @ _axes(problem).T) ** 2).mean(1)  # of every chain
    quarters, whole = _quarters(variances), variances.mean(1)[:, None]
    ratio = quarters.mean(0) / whole.mean()
    return Estimate.from_samples(ratio + (quarters - ratio * whole) / whole.mean())


@lru_cache(maxsize=4)
def _axes(problem: Problem) -> np.ndarray:
    """Principal axes of every other chain as rows, the largest variance first."""
    records = late_chains.chains(problem).records
    flat = records[::2].reshape(-1, records.shape[2])
    return np.linalg.eigh(flat.T @ flat)[1].T[::-1]


def _quarters(variances: np.ndarray) -> np.ndarray:
    """Mean over the first and over the last quarter of axes: (..., 2)."""
    count = variances.shape[-1] // 4
    ends = variances[..., :count], variances[..., -count:]
    return np.stack([end.mean(-1) for end in ends], axis=-1)


def _each(problem: Problem) -> list[Problem]:
    """The problems of all numbers of inputs."""
    return [late_chains.sized(problem, d) for d in late_chains.sizes(problem)]


def _resolved(problem: Problem) -> tuple[int, ...]:
    """Numbers of inputs whose principal axes the chains tell apart."""
    return tuple(d for d in late_chains.sizes(problem) if d <= RESOLVED)


def _seen_spread(problem: Problem) -> Estimate:
    few = [late_chains.sized(problem, d) for d in _resolved(problem)]
    return runs.joined([spread(one) for one in few])


def _curvatures(problem: Problem, axes: np.ndarray) -> np.ndarray:
    hessian = problem.moments.xx

    def product(center: np.ndarray, vector: np.ndarray) -> np.ndarray:
        del center
        return hessian @ vector

    return measure.curvatures(product, np.zeros(len(hessian)), axes)


def _scatter(problem: Problem) -> Panel:
    curvatures = _curvatures(problem, _axes(problem))
    curvature = curvatures / curvatures.mean()
    others = late_chains.chains(problem).records[1::2]
    variances = ((others @ _axes(problem).T) ** 2).mean((0, 1))
    variance = variances / variances.mean()
    ends = np.array([variance.min(), variance.max()])
    return Panel(
        title="curvature against variance",
        x_label="variance along a principal axis / mean",
        y_label="curvature along it / mean",
        series=(
            Series(ends, np.ones(2), "predicted"),
            Series(variance, curvature, "SGD", "simulation"),
            Series(ends, ends, "variance follows curvature", "wrong"),
        ),
        x_scale="log",
        y_scale="log",
    )


def _spreads(problem: Problem) -> Panel:
    """Spread of the curvature along axes of SGD, and over those of the Hessian."""
    aspects = np.geomspace(0.05, 0.55, 40)
    at = np.array(late_chains.sizes(problem)) / late_chains.SAMPLES
    few = np.array(_resolved(problem)) / late_chains.SAMPLES
    seen = _seen_spread(problem)
    hessian = [np.linalg.eigvalsh(one.moments.xx) for one in _each(problem)]
    all_of_it = np.array([values.std() / values.mean() for values in hessian])
    level = np.full(len(aspects), np.sqrt(2 / late_chains.SAMPLES))
    axes, eigen = "principal axes of SGD", "eigenvectors of the Hessian"
    return Panel(
        title="spread of the curvature along",
        x_label="inputs per sample",
        y_label="standard deviation / mean",
        series=(
            Series(aspects, level, axes),
            Series(few, seen.value, axes, "simulation", 0, seen.stderr),
            Series(aspects, np.sqrt(aspects), eigen, "theory", 1),
            Series(at, all_of_it, eigen, "simulation", 1),
        ),
        x_scale="log",
        y_scale="log",
    )
