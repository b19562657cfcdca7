"""Claim: a finite learning rate nudges the layers toward balance."""

import itertools
from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import Weights, end_to_end
from linnet.phenomena.spectral_bias import measure, theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Observed, Status

EXPONENT = "loss of imbalance, logarithm per learning rate"
END = "product at the end"
RATES = (0.02, 0.01, 0.005)  # each half of the one before, for the extrapolation
SHOWN = (*RATES, 0.04, 0.06, 0.08)
TIME = 60.0  # of which the weakest mode needs half


class FiniteRate(CanonicalClaim):
    """What descent does to the quantity that the flow conserves."""

    name: ClassVar[str] = "finite_rate"
    statement: ClassVar[str] = (
        "A finite learning rate nudges the layers toward balance: each mode loses a"
        " part of its imbalance that is proportional to the learning rate, while the"
        " product ends where it would."
    )
    formula: ClassVar[str] = (
        r"\frac{\gamma_{\mathrm{eff}}}{\gamma} ="
        r" e^{-\frac{\eta a}{2} \phi_\delta(b/a)}\left(1 + O(\eta^2)\right),\quad"
        r" \phi_\delta(\sigma) = \sigma \operatorname{arcsinh}\tfrac{\sigma}{\delta} -"
        r" \sqrt{\sigma^2 + \delta^2} + \delta"
    )
    domain: ClassVar[str] = (
        "Two layers, first isotropic, second zero at the start; white inputs of"
        r" variance a, mode of strength b, $\delta = \gamma/2$; gradient descent to"
        r" its end, $\eta b \ll 1$. Observed: the limit of small learning rates, by"
        " Richardson extrapolation."
    )
    elsewhere: ClassVar[str] = "its modes are those of white inputs"
    wrong_theory: ClassVar[str] = (
        "twice the exponent, and a product that ends where the second layer makes up"
        " for the loss"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """White inputs, three modes."""
        return problems.isotropic(seed, quick)

    def status(self, problem: Problem) -> Status:
        """For small learning rates."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound:
        """What three learning rates leave of the next order; rounding for the end."""
        if label == END:
            return Bound(1e-10)
        return Bound(5e-5, relative_to="each")

    def predict(self, problem: Problem) -> Quantities:
        """From the strength of each mode and the scale."""
        return {EXPONENT: _exponents(problem), END: runs.limit(problem)}

    def wrong(self, problem: Problem) -> Quantities:
        """Twice the exponent; a product of the first layer and more of the second."""
        gamma, rate = problem.init_scale, max(RATES)
        left, sigma, right = np.linalg.svd(runs.limit(problem), full_matrices=False)
        first, second = theory.layer_singular_values(sigma, gamma)
        lost = np.zeros_like(sigma)
        lost[: len(runs.directions(problem))] = gamma * (1 - _left(problem, rate))
        moved = first * np.sqrt(second**2 + lost)
        return {EXPONENT: 2 * _exponents(problem), END: (left * moved) @ right}

    def observe(self, problem: Problem) -> Quantities:
        """Descent at three learning rates, extrapolated to none."""
        exponents = [np.log(_imbalance(problem, rate)) / rate for rate in RATES]
        quantities: dict[str, Observed] = {EXPONENT: _extrapolated(exponents)}
        quantities[END] = end_to_end(_trained(problem, max(RATES)))
        return quantities

    def note(self, problem: Problem) -> str:
        """Nothing: the end is checked by the test itself."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Imbalance left against learning rate, and against time."""
        return Figure(
            name=self.name,
            caption=(
                "What is left of the imbalance between the layers of each mode, which"
                " the flow would conserve: at the end of gradient descent, against its"
                " learning rate (left), and while it trains (right). A mode loses it"
                " when it is learned, and a stronger one loses more. The law is"
                " that of small rates, and only its limit is judged: dots come to the"
                " line there. Dashed: the strongest mode, with twice the exponent."
            ),
            panels=(_against_rate(problem), _against_time(problem)),
        )


def _against_rate(problem: Problem) -> Panel:
    line = np.linspace(0, max(SHOWN), 50)[1:]
    law = np.array([_left(problem, rate) for rate in line])
    dots = np.array([_imbalance(problem, rate) for rate in SHOWN])
    series = []
    for i, mode in enumerate(runs.directions(problem)):
        label = f"mode of strength {mode.strength:.3g}"
        series.append(Series(line, law[:, i], label, "theory", i))
        series.append(Series(np.array(SHOWN), dots[:, i], label, "simulation", i))
    strongest = law[:, 0] ** 2
    series.append(Series(line, strongest, "twice the exponent", "wrong"))
    return Panel(
        title="left at the end",
        x_label="learning rate",
        y_label="imbalance / that of the start",
        series=tuple(series),
    )


def _against_time(problem: Problem) -> Panel:
    rate = max(RATES)
    times, seen = _course(problem, rate)
    line, gamma = np.geomspace(times[0], times[-1], 200), problem.init_scale
    series = []
    for i, mode in enumerate(runs.directions(problem)):
        label = f"mode of strength {mode.strength:.3g}"
        variance = runs.input_variances(problem)[i]
        sigma = theory.mode_curve(line, mode.strength, variance, gamma / 2)
        law = theory.imbalance_left(mode.strength, variance, gamma / 2, rate, sigma)
        series.append(Series(line, law, label, "theory", i))
        series.append(Series(times, seen[:, i], label, "simulation", i))
    return Panel(
        title=f"on the way, learning rate {rate:g}",
        x_label="time (learning rate × steps)",
        y_label="imbalance / that of the start",
        series=tuple(series),
        x_scale="log",
    )


def _left(problem: Problem, rate: float) -> np.ndarray:
    strengths = np.array([mode.strength for mode in runs.directions(problem)])
    variance = runs.input_variances(problem)[0]
    return theory.imbalance_left(strengths, variance, problem.init_scale / 2, rate)


def _exponents(problem: Problem) -> np.ndarray:
    """Logarithm of what is left, per learning rate: the law has no other order."""
    return np.log(_left(problem, min(RATES))) / min(RATES)


def _extrapolated(values: list[np.ndarray]) -> np.ndarray:
    """Limit of small rates, each half of the one before: two orders are removed."""
    once = [2 * fine - coarse for coarse, fine in itertools.pairwise(values)]
    return (4 * once[1] - once[0]) / 3


def _imbalance(problem: Problem, rate: float) -> np.ndarray:
    """Of every mode, in units of that at the start."""
    return _fractions(problem, _trained(problem, rate))


def _fractions(problem: Problem, weights: Weights) -> np.ndarray:
    modes = runs.directions(problem)
    outputs = np.array([mode.output for mode in modes])
    inputs = np.array([mode.input for mode in modes])
    seen = measure.mode_imbalances(weights, outputs, inputs)
    return seen / problem.init_scale


@lru_cache(maxsize=32)
def _trained(problem: Problem, rate: float) -> Weights:
    """Both layers at the end of gradient descent."""
    from linnet.dynamics import GradientDescent, simulate

    return simulate(
        GradientDescent(problem.moments, rate),
        runs.start(problem, problem.init_scale),
        steps=[round(TIME / rate)],
    ).weights


@lru_cache(maxsize=4)
def _course(problem: Problem, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Times, and what every mode still has of its imbalance."""
    from linnet.dynamics import GradientDescent, log_steps, simulate

    run = simulate(
        GradientDescent(problem.moments, rate),
        runs.start(problem, problem.init_scale),
        steps=log_steps(round(TIME / rate), 36)[12:],
        observe={"first": runs.first_layer, "second": runs.second_layer},
    )
    layers = zip(run["first"], run["second"], strict=True)
    return run.times, np.array([_fractions(problem, pair) for pair in layers])
