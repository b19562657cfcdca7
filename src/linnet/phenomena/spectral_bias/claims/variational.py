"""Claim: training ends where a penalty of the parameters is least."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import Weights
from linnet.phenomena.spectral_bias import measure, theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import SpectralBiasClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Observed, Status
from linnet.study.words import number

SCALES = (1e-2, 1.0)  # of canonical starts: where a search for the minimum is sharp
TWICE = 2.0  # the scale of the wrong theory
ROUNDING = 1e-12  # scale in units of the solution whose barrier is lost in rounding


class VariationalLimit(SpectralBiasClaim):
    """What the end of training minimizes, beside the loss.

    On canonical problems all three penalties are minimized by descent from layers drawn
    at random. The product is judged by the penalty it needs, not entry by entry: every
    increasing function of its singular values has the same minimizer.

    On data no search is made, which could be as ill-conditioned as the data: the
    trained layers must be stationary, and their penalty the least that any network with
    the same fit needs. From a start so small that the barrier does not show in the
    penalty, twice the scale is not told apart, and the verdict says so.
    """

    name: ClassVar[str] = "variational_limit"
    statement: ClassVar[str] = (
        "What training ends at minimizes a penalty of the parameters; the same choice"
        " is a convex problem for the kernel and one for the spectrum of the product."
    )
    formula: ClassVar[str] = (
        r"\min_{L(W_2W_1) = \min L}\ \tfrac12\lVert W_1\rVert_F^2 +"
        r" \tfrac12\lVert W_2\rVert_F^2 - \tfrac\gamma2\ln\det W_1^\top W_1"
    )
    domain: ClassVar[str] = (
        "Two layers, first isotropic (hidden width at least the inputs), second zero at"
        " the start; end of gradient flow."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = "the penalty of twice the initial scale"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Fewer samples than inputs: the loss leaves much to choose."""
        return problems.anisotropic(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Where training can be followed to its end, from a scale that still counts."""
        reason = runs.out_of_reach(problem, penalty_scales(problem))
        if reason is not None:
            return reason
        smallest, least = min(penalty_scales(problem)), ROUNDING * runs.size(problem)
        if smallest >= least:
            return None
        return (
            f"the initial scale {number(smallest, 3)} is so small that rounding hides"
            f" what it adds to the penalty; raise it above {number(least, 3)}"
            " (--init-scale)"
        )

    def status(self, problem: Problem) -> Status:
        """Exact at the end of the flow."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """1e-6 on canonical problems, where the search is good to 1e-7; 1e-5 on data.

        The stationarity has no size of its own: its bound is one of the layers' norm.
        """
        return Bound(1e-6 if problem.canonical else 1e-5)

    def predict(self, problem: Problem) -> Quantities:
        """Minimizers of the three forms."""
        return _minima(problem, 1.0)

    def wrong(self, problem: Problem) -> Quantities:
        """The same with the penalties of twice the scale."""
        return _minima(problem, TWICE)

    def observe(self, problem: Problem) -> Quantities:
        """Trained layers: their Gram matrix and spectra, and what they are asked of.

        Penalty and stationarity are the functions that the statement is about, with the
        trained layers as their argument.
        """
        quantities: dict[str, Observed] = {}
        for gamma in penalty_scales(problem):
            layers = runs.trained(problem, gamma).weights
            gram = layers[0].T @ layers[0]
            idle = theory.parameter_penalty(runs.start(problem, gamma), gamma)
            by_kernel, _ = theory.kernel_penalty(gram, problem.moments, gamma)
            by_layers = theory.parameter_penalty(layers, gamma)
            rest = theory.parameter_stationarity(layers, problem.moments, gamma)
            quantities[stationarity_label(gamma)] = rest
            quantities[penalty_label(gamma)] = by_layers - idle
            quantities[_kernel_penalty(gamma)] = by_kernel - idle
            if problem.canonical:
                quantities[_gram(gamma)] = gram
                quantities[_spectra(gamma)] = _joined(layers)
        return quantities

    def note(self, problem: Problem) -> str:
        """Whether every run reached its end."""
        return runs.unfinished(problem, penalty_scales(problem))

    def figure(self, problem: Problem) -> Figure:
        """Penalty of stretched layers, one panel a scale."""
        panels = tuple(_panel(problem, gamma) for gamma in penalty_scales(problem))
        return Figure(
            name=self.name,
            caption=(
                "Multiply the hidden layer by a factor and divide the output layer by"
                " it: the network computes the same, but the penalty changes. Training"
                " stops at factor 1, where the penalty that belongs to its initial"
                " scale is least. From a small start that penalty is nearly the plain"
                " squared norm of the weights. Lines: layers of least penalty. Dots:"
                " trained layers."
            ),
            panels=panels,
        )


def penalty_scales(problem: Problem) -> tuple[float, ...]:
    """Scales of the start at which the penalty is asked for."""
    return SCALES if problem.canonical else runs.scales(problem)


def stationarity_label(gamma: float) -> str:
    """What is left of the slope that the loss does not hold."""
    return rf"slope along the solutions, $\gamma$ = {number(gamma, 3)}"


def penalty_label(gamma: float) -> str:
    """The penalty above that of the start."""
    return rf"penalty of the layers since the start, $\gamma$ = {number(gamma, 3)}"


def _kernel_penalty(gamma: float) -> str:
    return rf"penalty of the kernel since the start, $\gamma$ = {number(gamma, 3)}"


def _gram(gamma: float) -> str:
    return rf"Gram matrix by the kernel form, $\gamma$ = {number(gamma, 3)}"


def _spectra(gamma: float) -> str:
    return rf"spectra of both layers by their own form, $\gamma$ = {number(gamma, 3)}"


def _minima(problem: Problem, factor: float) -> dict[str, Observed]:
    """What the penalties of `factor` times the scale say of every quantity."""
    quantities: dict[str, Observed] = {}
    moments = problem.moments
    for gamma in penalty_scales(problem):
        layers = _layers(problem, factor * gamma)
        least = least_penalty(problem, factor * gamma)
        quantities[stationarity_label(gamma)] = (
            0.0
            if factor == 1
            else theory.parameter_stationarity(layers, moments, gamma)
        )
        quantities[penalty_label(gamma)] = least
        quantities[_kernel_penalty(gamma)] = least
        if problem.canonical:
            quantities[_gram(gamma)] = _kernel(problem, factor * gamma)
            quantities[_spectra(gamma)] = _joined(layers)
    return quantities


def _joined(layers: Weights) -> np.ndarray:
    return np.concatenate(measure.layer_spectra(layers))


def _drawn(problem: Problem) -> Weights:
    """Layers that know nothing of the answer: where every search begins."""
    k, d = problem.moments.yx.shape
    rng = np.random.default_rng([problem.seed, 3])
    return rng.normal(size=(d, d)) / np.sqrt(d), rng.normal(size=(k, d)) / np.sqrt(d)


@lru_cache(maxsize=16)
def _kernel(problem: Problem, gamma: float) -> np.ndarray:
    first, _ = _drawn(problem)
    return theory.kernel_minimizer(problem.moments, gamma, first.T @ first)


@lru_cache(maxsize=16)
def _layers(problem: Problem, gamma: float) -> Weights:
    """Layers of least penalty: found by descent, or in closed form on data."""
    if problem.canonical:
        return theory.parameter_minimizer(problem.moments, gamma, _drawn(problem))
    limit = runs.limit(problem)
    variances, basis = np.linalg.eigh(theory.gram_matrices(limit, gamma)[0])
    first = np.sqrt(variances)[:, None] * basis.T
    return first, limit @ basis / np.sqrt(variances)


@lru_cache(maxsize=16)
def least_penalty(problem: Problem, gamma: float) -> float:
    """Least penalty of a product that minimizes the loss, above that of the start."""
    product = runs.limit(problem)
    if problem.canonical:
        first, second = _drawn(problem)
        product = theory.product_minimizer(problem.moments, gamma, second @ first)
    sigma = np.linalg.svd(product, compute_uv=False)
    # Idle modes cost what they did at the start.
    return float(
        (theory.mode_penalty(sigma, gamma) - theory.mode_penalty(0.0, gamma)).sum()
    )


def _panel(problem: Problem, gamma: float) -> Panel:
    """Penalty along one family of networks that all compute the same."""
    theirs, ours = _layers(problem, gamma), runs.trained(problem, gamma).weights
    line, dots = np.geomspace(0.5, 2, 101), np.geomspace(0.5, 2, 9)
    series = (
        Series(line, _stretched(theirs, line, gamma), "penalty of its own scale"),
        Series(dots, _stretched(ours, dots, gamma), "trained layers", "simulation"),
        Series(
            line,
            _stretched(theirs, line, TWICE * gamma),
            "penalty of twice the scale",
            "wrong",
        ),
    )
    return Panel(
        title=rf"started at $\gamma$ = {number(gamma, 3)}",
        x_label="hidden layer × factor, output layer / factor",
        y_label="penalty above its value at factor 1",
        series=series,
        x_scale="log",
    )


def _stretched(layers: Weights, factors: np.ndarray, gamma: float) -> np.ndarray:
    """Penalty of layers of which one grows at the cost of the other."""
    first, second = layers
    least = theory.parameter_penalty(layers, gamma)
    found = [
        theory.parameter_penalty((factor * first, second / factor), gamma)
        for factor in factors
    ]
    return np.array(found) - least
