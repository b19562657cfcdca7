"""Claim: the whole Hessian at the end of training, from data and scale alone.

Asked on its canonical problem only: the whole Hessian is measured, entry by entry.
"""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import Weights
from linnet.phenomena.spectral_bias import measure, theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status
from linnet.study.words import number


class HessianSpectrum(CanonicalClaim):
    """Every curvature of the loss where training ends."""

    name: ClassVar[str] = "hessian_spectrum"
    statement: ClassVar[str] = (
        "Where training ends, every curvature of the loss follows from the data and the"
        " initial scale: each output direction sees the inputs through the first layer,"
        " and its own weight in the second layer adds to it."
    )
    formula: ClassVar[str] = (
        r"\mathrm{spec}\,\nabla^2 L = \mathrm{spec}\left(I_k \otimes \Sigma^{1/2}"
        r" W_1^\top W_1 \Sigma^{1/2} + W_2W_2^\top \otimes \Sigma\right) \cup \{0\}"
    )
    domain: ClassVar[str] = (
        "Two layers, first isotropic (hidden width at least the inputs), second zero at"
        r" the start; the minimizer that gradient flow reaches; $\Sigma = X^\top X/n$."
    )
    elsewhere: ClassVar[str] = (
        "it measures the Hessian entry by entry, which is for small networks"
    )
    wrong_theory: ClassVar[str] = "the first layer alone"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Correlated inputs, planted rank two."""
        return problems.anisotropic(seed, quick)

    def status(self, problem: Problem) -> Status:
        """Exact at a minimizer."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """What is left of the gradient where the run stops."""
        return Bound(1e-7)

    def predict(self, problem: Problem) -> Quantities:
        """From the least-norm solution and the scale."""
        return {
            _label(gamma): _spectrum(problem, _closed(problem, gamma))
            for gamma in runs.scales(problem)
        }

    def wrong(self, problem: Problem) -> Quantities:
        """The same without the second layer's part."""
        found = {}
        for gamma in runs.scales(problem):
            first, second = _closed(problem, gamma)
            found[_label(gamma)] = _spectrum(problem, (first, np.zeros_like(second)))
        return found

    def observe(self, problem: Problem) -> Quantities:
        """Differences of the gradient around the trained weights."""
        return {
            _label(gamma): _measured(problem, gamma) for gamma in runs.scales(problem)
        }

    def note(self, problem: Problem) -> str:
        """Whether every run reached its end."""
        return runs.unfinished(problem, runs.scales(problem))

    def figure(self, problem: Problem) -> Figure:
        """All curvatures that are not zero, one color a scale."""
        predicted, wrong = self.predict(problem), self.wrong(problem)
        variances = problem.moments.spectrum()
        rank = int((variances > problem.moments.default_cutoff()).sum())
        index = np.arange(1.0, rank * len(problem.moments.yx) + 1)
        series = []
        for color, gamma in enumerate(runs.scales(problem)):
            label = rf"$\gamma$ = {number(gamma, 3)}"
            line = np.asarray(predicted[_label(gamma)])[: len(index)]
            dots = _measured(problem, gamma)[: len(index)]
            series.append(Series(index, line, label, "theory", color))
            series.append(Series(index, dots, label, "simulation", color))
        line = np.asarray(wrong[_label(min(runs.scales(problem)))])[: len(index)]
        series.append(Series(index, line, "first layer alone", "wrong"))
        panel = Panel(
            title="curvatures where training ends",
            x_label="index of the eigenvalue",
            y_label="eigenvalue of the Hessian",
            series=tuple(series),
            y_scale="log",
        )
        return Figure(
            name=self.name,
            caption=(
                "Eigenvalues of the Hessian of the loss at the trained weights that are"
                " not zero. From a small start the minimizer is flat in most"
                " directions: the modes of the task set the large curvatures, the"
                " initial scale all others. Dashed: the smallest scale, without the"
                " second layer's part."
            ),
            panels=(panel,),
        )


def _label(gamma: float) -> str:
    return rf"Hessian spectrum, $\gamma$ = {number(gamma, 3)}"


def _closed(problem: Problem, gamma: float) -> Weights:
    """Layers with the Gram matrices of the end of training, in a hidden basis."""
    limit = runs.limit(problem)
    first = np.linalg.cholesky(theory.gram_matrices(limit, gamma)[0]).T
    return first, np.linalg.solve(first.T, limit.T).T


def _spectrum(problem: Problem, weights: Weights) -> np.ndarray:
    """All eigenvalues, downwards, as many as the trained network has weights."""
    k, d = problem.moments.yx.shape
    spectrum = np.zeros((k + d) * problem.hidden)
    spectrum[: k * d] = theory.sharpness_spectrum(weights, problem.moments, k * d)
    return spectrum


@lru_cache(maxsize=8)
def _measured(problem: Problem, gamma: float) -> np.ndarray:
    weights = runs.trained(problem, gamma).weights
    hessian = measure.loss_hessian(weights, problem.moments)
    return np.linalg.eigvalsh(hessian)[::-1]
