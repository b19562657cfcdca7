"""Claim: with many inputs per sample the weights fluctuate unequally."""

from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import late_chains, problems, runs
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

HERE = "anisotropy on these data"
LAW = "anisotropy by the law of large sizes"
FINITE = 3.0  # relative error of the law, times the number of inputs
SHOWN = 200  # inputs in the left panel


class AnisotropicWeights(CanonicalClaim):
    """How unequal the variances along principal axes are."""

    name: ClassVar[str] = "anisotropic_weights"
    statement: ClassVar[str] = (
        "With many inputs per sample the weights of a single layer fluctuate"
        " anisotropically: the variances along the principal axes of their covariance"
        " spread the more, the more inputs there are per sample."
    )
    formula: ClassVar[str] = (
        r"A = \frac{\langle s^2\rangle}{\langle s\rangle^2} - 1 \to 4\frac{d}{n}(1+k)"
        r" \left\langle\frac{h h'}{(h+h')^2}\right\rangle"
    )
    domain: ClassVar[str] = (
        "One layer, independent batches of 10 distinct samples, white Gaussian inputs;"
        " s are the eigenvalues of the weight covariance, h and h' independent ones of"
        " the Hessian. On given data: exact. The law: for large n and d; with one"
        " output its factor 1 + k stands for the kurtosis of the residuals less one,"
        " which is taken from the data, and about 3/d of it is left out, which is its"
        " error bar. Its continuum"
        r" limit is corrected by $(1-x)^2$, $x = \eta\kappa\operatorname{tr}H/2 ="
        r" 0.02$: noise that grows with the fluctuations is isotropic."
    )
    wrong_theory: ClassVar[str] = (
        "isotropic weights on these data; twice the anisotropy for the law"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """The middle size stands for all."""
        return problems.gaussian(late_chains.SAMPLES, SHOWN, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """One exact number and one law."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over groups of chains, and of the law."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the exact covariance, and from the law."""
        sizes = late_chains.sizes(problem)
        here = [_exactly(late_chains.sized(problem, d)) for d in sizes]
        law = np.array([_law(late_chains.sized(problem, d)) for d in sizes])
        error = law * FINITE / np.array(sizes)
        return {
            HERE: np.array(here),
            LAW: Estimate(law, error, late_chains.SAMPLES),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """None, and twice."""
        sizes = late_chains.sizes(problem)
        twice = [2 * _law(late_chains.sized(problem, d)) for d in sizes]
        return {HERE: np.zeros(len(sizes)), LAW: np.array(twice)}

    def observe(self, problem: Problem) -> Quantities:
        """Products of covariances of independent groups of chains."""
        seen = runs.joined(
            [_seen(late_chains.sized(problem, d)) for d in late_chains.sizes(problem)]
        )
        return {HERE: seen, LAW: seen}

    def note(self, problem: Problem) -> str:
        """Chains that diverged, of which there should be none."""
        return late_chains.lost(problem)

    def figure(self, problem: Problem) -> Figure:
        """Variances along principal axes, and their spread."""
        return Figure(
            name=self.name,
            caption=(
                f"SGD with batches of {late_chains.BATCH} out of {late_chains.SAMPLES}"
                " samples, single layer. Left: variance of the weights along the"
                " predicted principal axes of their covariance, largest first, for"
                f" {SHOWN} inputs: some directions fluctuate many times more than"
                " others. With noise proportional to the Hessian all would fluctuate"
                " alike (dashed), and so the chains started. Right: relative spread of"
                " these variances against inputs per sample. Each dot is one random"
                " data set with its own prediction, and scatters about the law as the"
                " kurtosis of its residuals does; dotted: the law's limit of few"
                " inputs."
            ),
            panels=(_axes(late_chains.sized(problem, SHOWN)), _spread(problem)),
        )


def _exactly(problem: Problem) -> float:
    eigenvalues = np.linalg.eigvalsh(late_chains.covariance(problem))
    return float(theory.anisotropy(eigenvalues))


def _law(problem: Problem) -> float:
    """For the kurtosis of the residuals, at the learning rate of the chains."""
    residuals = runs.minimum(problem).residuals[:, 0]
    kurtosis = (residuals**4).mean() / (residuals**2).mean() ** 2
    aspect = len(problem.moments.xx) / late_chains.SAMPLES
    continuum = theory.asymptotic_anisotropy(aspect) * (kurtosis - 1) / 2
    missed = theory.small_parameter(
        runs.minimum(problem),
        late_chains.learning_rate(problem),
        late_chains.noise_factor(),
    )
    return float(continuum * (1 - missed) ** 2)


def _seen(problem: Problem) -> Estimate:
    covariances = late_chains.chains(problem).covariances
    return late_chains.unbiased_anisotropy(covariances)


def _axes(problem: Problem) -> Panel:
    """Variances along the axes that theory predicts, so that none is selected."""
    values, inner = np.linalg.eigh(late_chains.covariance(problem))
    values, axes = values[::-1], runs.minimum(problem).basis @ inner[:, ::-1]
    covariances = late_chains.chains(problem).covariances
    along = np.einsum("dm,gde,em->gm", axes, covariances, axes, optimize=True)
    seen = Estimate.from_samples(along / values.mean())
    rank = np.arange(1.0, len(values) + 1)
    few = np.unique(np.round(np.geomspace(1, len(values), 28)).astype(int)) - 1
    return Panel(
        title=f"variances of the weights, {len(values)} inputs",
        x_label="principal axis, largest variance first",
        y_label="variance / mean",
        series=(
            Series(rank, values / values.mean(), "predicted"),
            Series(
                rank[few], seen.value[few], "SGD", "simulation", 0, seen.stderr[few]
            ),
            Series(rank[[0, -1]], np.ones(2), "isotropic", "wrong"),
        ),
        y_scale="log",
    )


def _spread(problem: Problem) -> Panel:
    aspects = np.linspace(0.01, 0.55, 40)
    law = np.array([theory.asymptotic_anisotropy(aspect) for aspect in aspects])
    few = np.array([theory.small_anisotropy(aspect) for aspect in aspects])
    sizes = late_chains.sizes(problem)
    each = [late_chains.sized(problem, d) for d in sizes]
    at = np.array(sizes) / late_chains.SAMPLES
    exact = np.array([_exactly(one) for one in each])
    seen = runs.joined([_seen(one) for one in each])
    return Panel(
        title="anisotropy",
        x_label="inputs per sample",
        y_label="relative variance of these variances",
        series=(
            Series(aspects, law, "law of large sizes"),
            Series(aspects, few, "its limit of few inputs", "guide"),
            Series(at, exact, "predicted for these data", "theory", 1),
            Series(at, seen.value, "SGD", "simulation", 1, seen.stderr),
            Series(aspects, np.zeros_like(aspects), "isotropic", "wrong"),
        ),
    )
