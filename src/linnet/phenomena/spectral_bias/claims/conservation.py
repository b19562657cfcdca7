"""Claim: gradient flow conserves the imbalance, so the product fixes the layers."""

from typing import ClassVar

import numpy as np

from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import SpectralBiasClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Observed, Status
from linnet.study.words import number


class Conservation(SpectralBiasClaim):
    """The imbalance does not move, and the product fixes the first layer's spectrum."""

    name: ClassVar[str] = "conservation"
    statement: ClassVar[str] = (
        "Gradient flow conserves the imbalance of the layers, so at every time the"
        " product alone fixes the singular values of the hidden layer."
    )
    formula: ClassVar[str] = (
        r"W_2^\top W_2 - W_1W_1^\top = \mathrm{const},\qquad W_1^\top W_1 ="
        r" \tfrac\gamma2 I + \left(\tfrac{\gamma^2}{4} I + W^\top W\right)^{1/2}"
    )
    domain: ClassVar[str] = (
        "Two layers, first isotropic (hidden width at least the inputs), second zero at"
        " the start; gradient flow of any loss of the product. Descent breaks it in"
        " proportion to the learning rate."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = (
        "training balances the layers (imbalance to zero); twice the scale"
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
        """No drift; the spectrum that belongs to the observed product at each time."""
        return _from_products(problem, 1.0, [0.0 for _ in runs.scales(problem)])

    def wrong(self, problem: Problem) -> Quantities:
        """A drift that balances the layers; the spectrum of twice the scale."""
        drifts = []
        for gamma in runs.scales(problem):
            first, _ = runs.start(problem, gamma)  # the second one is zero
            layers = runs.trained(problem, gamma).weights
            norm = sum(float((layer**2).sum()) for layer in layers)
            drifts.append(float(np.linalg.norm(first.T @ first)) / norm)
        return _from_products(problem, 2.0, drifts)

    def observe(self, problem: Problem) -> Quantities:
        """Drift over the whole run, in units of the squared weights; the spectrum."""
        quantities: dict[str, Observed] = {}
        for gamma in runs.scales(problem):
            run = runs.trained(problem, gamma)
            quantities[_drift(gamma)] = run.imbalance_drift
            quantities[_spectrum(gamma)] = run["hidden"]
        return quantities

    def note(self, problem: Problem) -> str:
        """Whether the whole of training was seen."""
        return runs.unfinished(problem, runs.scales(problem))

    def figure(self, problem: Problem) -> Figure:
        """Spectra of the first layer over time, one panel a scale."""
        predicted, observed = self.predict(problem), self.observe(problem)
        panels = []
        for gamma in runs.scales(problem):
            times = runs.trained(problem, gamma).times[1:]
            lines = np.asarray(predicted[_spectrum(gamma)])[1:]
            dots = np.asarray(observed[_spectrum(gamma)])[1:]
            panels.append(
                Panel(
                    title=rf"start at $\gamma$ = {number(gamma, 3)}",
                    x_label="time (learning rate × steps)",
                    y_label="singular values of the hidden layer",
                    series=_spectra(times, lines, dots),
                    x_scale="log",
                    y_scale="log",
                )
            )
        return Figure(
            name=self.name,
            caption=(
                "Singular values of the hidden layer while it trains. Lines: computed"
                " from the product of the layers alone, through the conserved"
                " imbalance. Dots: measured on the simulated layer. Modes that the task"
                " does not use stay at the square root of the initial scale."
            ),
            panels=tuple(panels),
        )


def _from_products(
    problem: Problem, factor: float, drifts: list[float]
) -> dict[str, Observed]:
    """Drifts, and the spectra of `factor` times the scale from the products."""
    quantities: dict[str, Observed] = {}
    for gamma, drift in zip(runs.scales(problem), drifts, strict=True):
        products = runs.trained(problem, gamma)["product"]
        quantities[_drift(gamma)] = drift
        quantities[_spectrum(gamma)] = np.array(
            [theory.hidden_spectrum(product, factor * gamma) for product in products]
        )
    return quantities


def _spectra(
    times: np.ndarray, lines: np.ndarray, dots: np.ndarray
) -> tuple[Series, ...]:
    """The largest values and the smallest one; every few times for the dots."""
    count = lines.shape[1]
    shown = sorted({*range(min(count - 1, 4)), count - 1})
    few = slice(None, None, max(1, len(times) // 20))
    series = []
    for color, i in enumerate(shown):
        label = {0: "largest", count - 1: "smallest"}.get(i, f"number {i + 1}")
        series.append(Series(times, lines[:, i], label, "theory", color))
        series.append(Series(times[few], dots[few, i], label, "simulation", color))
    return tuple(series)


def _drift(gamma: float) -> str:
    return rf"drift of the imbalance, $\gamma$ = {number(gamma, 3)}"


def _spectrum(gamma: float) -> str:
    return rf"hidden spectrum at all times, $\gamma$ = {number(gamma, 3)}"
