"""Claim: gradient flow conserves the imbalance, so the product fixes the layers."""

from typing import ClassVar

import numpy as np

from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import SpectralBiasClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Observed, Status
from linnet.study.words import number

MODES = 3  # leading ones that are drawn
DOTS = 20  # of each drawn singular value


class Conservation(SpectralBiasClaim):
    """The imbalance does not move, and the product fixes the spectra of both layers.

    The spectra are a relation of three things that are simulated: as the mirror flow,
    it predicts two of them from the third of the same run at the same time. At the
    start it needs no run: the product is zero and all modes are idle.
    """

    name: ClassVar[str] = "conservation"
    statement: ClassVar[str] = (
        "Gradient flow conserves the imbalance of the layers, so at every time the"
        " product alone fixes the singular values of both; what it does not use idles"
        " at the square root of the initial scale."
    )
    formula: ClassVar[str] = (
        r"W_2^\top W_2 - W_1W_1^\top = \mathrm{const},\qquad w_1^2 = \tfrac12\left("
        r"\gamma + \sqrt{\gamma^2 + 4\sigma^2}\right),\ w_2 = \sigma / w_1"
    )
    domain: ClassVar[str] = (
        "Two layers, first isotropic (hidden width at least the inputs), second zero at"
        " the start; gradient flow of any loss of the product, all times. Descent"
        " breaks it in proportion to the learning rate."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = (
        "training balances the layers: no imbalance, each the square root of the"
        " product"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Correlated inputs, planted rank two."""
        return problems.anisotropic(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Where training can be followed to its end."""
        return runs.out_of_reach(problem, runs.scales(problem))

    def status(self, problem: Problem) -> Status:
        """Exact for the flow."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """Solver accuracy: 1e-8 on canonical problems, 1e-5 on data (RKC3)."""
        return Bound(1e-8 if problem.canonical else 1e-5)

    def predict(self, problem: Problem) -> Quantities:
        """No drift; the spectra from the product of the run at each time."""
        quantities: dict[str, Observed] = {}
        for gamma in runs.scales(problem):
            quantities[_drift(gamma)] = 0.0
            first, second = theory.layer_singular_values(_modes(problem, gamma), gamma)
            quantities |= _both(problem, gamma, first, second)
        return quantities

    def wrong(self, problem: Problem) -> Quantities:
        """A drift that balances the layers; square roots of the product."""
        quantities: dict[str, Observed] = {}
        for gamma in runs.scales(problem):
            first, _ = runs.start(problem, gamma)  # the second one is zero
            layers = runs.trained(problem, gamma).weights
            norm = sum(float((layer**2).sum()) for layer in layers)
            quantities[_drift(gamma)] = float(np.linalg.norm(first.T @ first)) / norm
            root = np.sqrt(_modes(problem, gamma))
            quantities |= _both(problem, gamma, root, root)
        return quantities

    def observe(self, problem: Problem) -> Quantities:
        """Drift over the run, in units of the squared weights; spectra at all times."""
        quantities: dict[str, Observed] = {}
        for gamma in runs.scales(problem):
            run = runs.trained(problem, gamma)
            quantities[_drift(gamma)] = run.imbalance_drift
            quantities |= _both(problem, gamma, run["hidden"], run["output"])
        return quantities

    def note(self, problem: Problem) -> str:
        """Whether the whole of training was seen."""
        return runs.unfinished(problem, runs.scales(problem))

    def figure(self, problem: Problem) -> Figure:
        """Spectra of the product and of both layers over time, one panel a scale."""
        lines, dots = self.predict(problem), self.observe(problem)
        panels = [_panel(problem, g, lines, dots) for g in runs.scales(problem)]
        return Figure(
            name=self.name,
            caption=(
                "Singular values of the product and of both layers while the network"
                " learns; lines are computed from the product through the conserved"
                " imbalance. From a small start the modes grow one after the other out"
                " of a hidden layer that idles at the square root of the initial scale,"
                " until both layers have the same large values. From a large start the"
                " output layer does the learning, and the hidden layer hardly moves."
            ),
            panels=tuple(panels),
        )


def _drift(gamma: float) -> str:
    return rf"drift of the imbalance, $\gamma$ = {number(gamma, 3)}"


def _hidden(gamma: float) -> str:
    return rf"hidden layer at all times, $\gamma$ = {number(gamma, 3)}"


def _output(gamma: float) -> str:
    return rf"output layer at all times, $\gamma$ = {number(gamma, 3)}"


def _both(
    problem: Problem, gamma: float, hidden: np.ndarray, output: np.ndarray
) -> dict[str, Observed]:
    """Spectra of both layers by their labels, as many values as the layers have."""
    k, d = problem.moments.yx.shape
    count = min(k, problem.hidden)
    return {_hidden(gamma): hidden[:, :d], _output(gamma): output[:, :count]}


def _modes(problem: Problem, gamma: float) -> np.ndarray:
    """Singular values of the product at each time, zero where a layer has more."""
    products = runs.trained(problem, gamma)["product"]
    sigma = np.linalg.svd(products, compute_uv=False)
    missing = problem.hidden - sigma.shape[1]
    return np.pad(sigma, ((0, 0), (0, missing)))


def _panel(
    problem: Problem, gamma: float, lines: Quantities, dots: Quantities
) -> Panel:
    """The leading values of all three and the least of the hidden layer, all times."""
    times = runs.trained(problem, gamma).times[1:]  # zero has no place on a log axis
    shown = list(range(min(MODES, len(runs.directions(problem)))))
    series = _dots(times, _modes(problem, gamma)[1:], shown, "product", 0)
    layers = (
        (_hidden(gamma), "hidden layer", [*shown, -1]),
        (_output(gamma), "output layer", shown),
    )
    for color, (label, name, which) in enumerate(layers, 1):
        told, seen = np.asarray(lines[label])[1:], np.asarray(dots[label])[1:]
        for i in which:
            series.append(Series(times, told[:, i], name, "theory", color))
        series += _dots(times, seen, which, name, color)
    return Panel(
        title=rf"start at $\gamma$ = {number(gamma, 3)}",
        x_label="time (learning rate × steps)",
        y_label="singular values",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )


def _dots(
    times: np.ndarray, values: np.ndarray, which: list[int], name: str, color: int
) -> list[Series]:
    """Every few times, each color at other ones: where layers meet, both are seen."""
    step = max(1, len(times) // DOTS)
    few = slice(color * step // 3, None, step)
    return [
        Series(times[few], values[few, i], name, "simulation", color) for i in which
    ]
