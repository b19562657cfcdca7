"""Claims: the spectrum of the trained hidden layer, and its rank against scale."""

from typing import ClassVar

import numpy as np

from linnet.numerics import stable_rank
from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import SpectralBiasClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Observed, Status
from linnet.study.words import number


class HiddenLayerSpectrum(SpectralBiasClaim):
    """Where the singular values of the hidden layer end."""

    name: ClassVar[str] = "hidden_layer_spectrum"
    statement: ClassVar[str] = (
        "A small start leaves the hidden layer with one large singular value per mode"
        " of the task and all others idle at the square root of the initial scale."
    )
    formula: ClassVar[str] = (
        r"w_1^2 = \tfrac12\left(\gamma + \sqrt{\gamma^2 + 4\sigma^2}\right),\qquad"
        r" \text{idle modes: } w_1 = \sqrt\gamma"
    )
    domain: ClassVar[str] = (
        "Two layers, first isotropic (hidden width at least the inputs), second zero at"
        r" the start; end of gradient flow; $\sigma$ are the singular values of the"
        " least-norm solution."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = "twice the initial scale"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Correlated inputs, planted rank two."""
        return problems.anisotropic(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Where training can be followed to its end."""
        return runs.out_of_reach(problem, runs.scales(problem))

    def status(self, problem: Problem) -> Status:
        """Exact at the end of the flow."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """1e-7 on canonical problems, 1e-5 on data (RKC3)."""
        return Bound(1e-7 if problem.canonical else 1e-5)

    def predict(self, problem: Problem) -> Quantities:
        """From the least-norm solution alone."""
        return _hidden(problem, factor=1.0)

    def wrong(self, problem: Problem) -> Quantities:
        """The same with twice the scale."""
        return _hidden(problem, factor=2.0)

    def observe(self, problem: Problem) -> Quantities:
        """Spectrum and Gram matrix of the trained first layer."""
        quantities: dict[str, Observed] = {}
        for gamma in runs.scales(problem):
            run = runs.trained(problem, gamma)
            quantities[_spectrum(gamma)] = run["hidden"][-1]
            quantities[_gram(gamma)] = run.weights[0].T @ run.weights[0]
        return quantities

    def note(self, problem: Problem) -> str:
        """Whether every run reached its end."""
        return runs.unfinished(problem, runs.scales(problem))

    def figure(self, problem: Problem) -> Figure:
        """Final spectra, one color a scale."""
        predicted, observed = self.predict(problem), self.observe(problem)
        series = []
        for color, gamma in enumerate(runs.scales(problem)):
            label = rf"$\gamma$ = {number(gamma, 3)}"
            line = np.asarray(predicted[_spectrum(gamma)])
            dots = np.asarray(observed[_spectrum(gamma)])
            index = np.arange(1, len(line) + 1)
            series.append(Series(index, line, label, "theory", color))
            series.append(Series(index, dots, label, "simulation", color))
        panel = Panel(
            title="hidden layer after training",
            x_label="index of the singular value",
            y_label="singular value",
            series=tuple(series),
            y_scale="log",
        )
        return Figure(
            name=self.name,
            caption=(
                "From a small start the hidden layer ends with as many large singular"
                " values as the task has modes; the rest stays at the square root of"
                " the initial scale. From a large start it stays near full rank."
            ),
            panels=(panel,),
        )


class StableRank(SpectralBiasClaim):
    """The rank of the hidden layer is set by the scale of the start."""

    name: ClassVar[str] = "stable_rank"
    statement: ClassVar[str] = (
        "The smaller the initialization, the lower the rank of the trained hidden"
        " layer: its stable rank falls from the number of inputs to the nuclear over"
        " the spectral norm of the solution."
    )
    formula: ClassVar[str] = (
        r"\frac{\sum_i w_{1,i}^2}{\max_i w_{1,i}^2}:\quad d\ (\gamma\to\infty)"
        r"\ \to\ \frac{\lVert W_\infty\rVert_*}{\lVert W_\infty\rVert_2}\ (\gamma\to0)"
    )
    domain: ClassVar[str] = HiddenLayerSpectrum.domain
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = "twice the initial scale"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Correlated inputs, planted rank two."""
        return problems.anisotropic(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Where training can be followed to its end from every scale."""
        return runs.out_of_reach(problem, rank_scales(problem).tolist())

    def status(self, problem: Problem) -> Status:
        """Exact at the end of the flow."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """1e-6 on canonical problems, 1e-4 on data (RKC3), of each rank."""
        return Bound(1e-6 if problem.canonical else 1e-4, relative_to="each")

    def predict(self, problem: Problem) -> Quantities:
        """From the least-norm solution alone."""
        limit = runs.limit(problem)
        return {RANK: theory.hidden_stable_rank(limit, rank_scales(problem))}

    def wrong(self, problem: Problem) -> Quantities:
        """The same with twice the scale."""
        limit = runs.limit(problem)
        return {RANK: theory.hidden_stable_rank(limit, 2 * rank_scales(problem))}

    def observe(self, problem: Problem) -> Quantities:
        """Measured on the trained layers."""
        spectra = [
            runs.trained(problem, gamma)["hidden"][-1]
            for gamma in rank_scales(problem).tolist()
        ]
        return {RANK: stable_rank(np.array(spectra))}

    def note(self, problem: Problem) -> str:
        """Whether every run reached its end."""
        return runs.unfinished(problem, rank_scales(problem).tolist())

    def figure(self, problem: Problem) -> Figure:
        """Stable rank against scale."""
        limit = runs.limit(problem)
        dots = rank_scales(problem)
        line = np.geomspace(dots[0], dots[-1], 200)
        sigma = np.linalg.svd(limit, compute_uv=False)
        ends, seen = dots[[0, -1]], np.asarray(self.observe(problem)[RANK])
        series = (
            Series(line, theory.hidden_stable_rank(limit, line), "stable rank"),
            Series(dots, seen, "stable rank", "simulation"),
            Series(
                line,
                theory.hidden_stable_rank(limit, 2 * line),
                "twice the scale",
                "wrong",
            ),
            Series(
                ends, np.full(2, sigma.sum() / sigma[0]), "small-scale limit", "guide"
            ),
            Series(ends, np.full(2, limit.shape[1]), "number of inputs", "guide"),
        )
        panel = Panel(
            title="rank against initial scale",
            x_label=r"initial scale $\gamma$",
            y_label="stable rank after training",
            series=series,
            x_scale="log",
            y_scale="log",
        )
        return Figure(
            name=self.name,
            caption=(
                "Every dot is a network trained to its limit. Left of the step the"
                " hidden layer is as low-rank as the task allows (rich regime), right"
                " of it it keeps the full rank of its start (lazy regime)."
            ),
            panels=(panel,),
        )


RANK = "stable rank at each scale"


def rank_scales(problem: Problem) -> np.ndarray:
    """Scales from deep in the rich to deep in the lazy regime."""
    if problem.canonical:
        # Powers, not a spaced range: the very numbers of `runs.scales`, run once.
        return 10.0 ** np.arange(-6, 4, 3 if problem.quick else 1)
    powers = (-2, -1, 0, 1) if problem.quick else (-3, -2, -1, 0, 1, 2)
    scales = {problem.init_scale, *(runs.size(problem) * 10.0**p for p in powers)}
    return np.array(sorted(scales))


def _hidden(problem: Problem, factor: float) -> dict[str, np.ndarray]:
    limit = runs.limit(problem)
    quantities = {}
    for gamma in runs.scales(problem):
        quantities[_spectrum(gamma)] = theory.hidden_spectrum(limit, factor * gamma)
        quantities[_gram(gamma)] = theory.gram_matrices(limit, factor * gamma)[0]
    return quantities


def _spectrum(gamma: float) -> str:
    return rf"spectrum, $\gamma$ = {number(gamma, 3)}"


def _gram(gamma: float) -> str:
    return rf"Gram matrix, $\gamma$ = {number(gamma, 3)}"
