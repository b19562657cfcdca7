"""The simulations that several claims look at, each run once per problem.

`dynamics` is imported inside functions, so that listing claims stays light. Theory only
chooses how long to train; whether training got there is read off the run.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from linnet.network import IsotropicFirstLayer, Weights, end_to_end
from linnet.phenomena.spectral_bias import measure, theory
from linnet.study import Problem
from linnet.study.words import number

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

STIFFEST = 2e9  # sharpness x time that a run of minutes can still afford
SAFE_RATE = 0.25  # learning rate in units of the largest stable one


@lru_cache(maxsize=4)
def deep(problem: Problem) -> float:
    """Excess loss, relative to its start, at which training counts as finished.

    On data as deep as the least input variance asks, along which the loss hardly tells
    the product, and the weakest mode, of which the layers show the square root.
    """
    if problem.canonical:
        return 1e-18
    moments, product = problem.moments, limit(problem)
    variances, sigma = moments.spectrum(), np.linalg.svd(product, compute_uv=False)
    least = variances[variances > moments.default_cutoff()][-1]
    weakest = sigma[len(directions(problem)) - 1] / sigma[0]
    seen = least * (product**2).sum() / ((product @ moments.xx) * product).sum()
    return float(max(1e-14 * seen * weakest, 1e-22))


def start(problem: Problem, gamma: float) -> Weights:
    """First layer isotropic, second layer zero."""
    k, d = problem.moments.yx.shape
    rng = np.random.default_rng(problem.seed)
    return IsotropicFirstLayer(gamma).weights((d, problem.hidden, k), rng)


@lru_cache(maxsize=4)
def limit(problem: Problem) -> np.ndarray:
    """The product at which training ends."""
    return theory.end_to_end_limit(problem.moments)


@lru_cache(maxsize=4)
def directions(problem: Problem) -> tuple[theory.Direction, ...]:
    """The modes that the targets ask for, strongest first."""
    return theory.directions(problem.moments)


@lru_cache(maxsize=64)
def curvature(problem: Problem, gamma: float) -> theory.Curvature:
    """Curvatures where training ends."""
    return theory.curvature(problem.moments, gamma)


def learning_rate(problem: Problem) -> float:
    """The one asked for, or a quarter of the largest stable one."""
    if problem.learning_rate is not None:
        return problem.learning_rate
    edge = curvature(problem, problem.init_scale).largest_stable_rate
    return SAFE_RATE * edge


@lru_cache(maxsize=4)
def input_variances(problem: Problem) -> np.ndarray:
    """Input variance along each mode: the $a$ of the mode law."""
    xx = problem.moments.xx
    return np.array([mode.input @ xx @ mode.input for mode in directions(problem)])


def half_times(problem: Problem, gamma: float) -> np.ndarray:
    """Half times by the mode law, in flow time, strongest mode first."""
    pairs = zip(directions(problem), input_variances(problem), strict=True)
    return np.array(
        [theory.half_time(mode.strength, a, gamma / 2) for mode, a in pairs]
    )


def horizon(problem: Problem, gamma: float) -> float:
    """Time in which every mode is expected to be learned and to relax to `deep`."""
    slowest = curvature(problem, gamma).slowest
    relaxing = np.log(1 / deep(problem)) / (2 * slowest)
    return float(1.5 * half_times(problem, gamma).max() + relaxing)


def patience(problem: Problem, gamma: float) -> float:
    """Time after which a run that has not ended is given up.

    On correlated inputs the mode law may be far off. A late mode grows from its plateau
    at no less than the slowest curvature, or half of it.
    """
    slowest = curvature(problem, gamma).slowest
    return float(
        horizon(problem, gamma) + np.log1p(4 * size(problem) / gamma) / slowest
    )


def out_of_reach(problem: Problem, gammas: Iterable[float]) -> str | None:
    """Why training to the limit from one of these scales is out of reach, or None."""
    shape = check_shape(problem)
    if shape is not None:
        return shape
    cost = max(
        curvature(problem, gamma).sharpness * horizon(problem, gamma)
        for gamma in gammas
    )
    return too_stiff(cost)


def too_stiff(cost: float) -> str | None:
    """Why a run of this sharpness x time is out of reach, or None."""
    if cost <= STIFFEST:
        return None
    return (
        f"training to its limit would take about {cost / 2:.0e} stable steps, because"
        " the inputs, or what they tell of the targets, vary on very different scales;"
        " bring the inputs to one scale (--scale standard) or whiten them (--whiten)"
    )


def check_shape(problem: Problem) -> str | None:
    """Why the shape of the laws is impossible here, or None."""
    d = problem.moments.yx.shape[1]
    if problem.hidden < d:
        return (
            f"the hidden width {problem.hidden} is below the {d} inputs, so the first"
            " layer cannot start isotropic; widen it (--hidden)"
        )
    return None


@lru_cache(maxsize=16)
def trained(problem: Problem, gamma: float) -> "Trajectory":
    """Gradient flow to its limit; product and spectra of both layers along the way."""
    from linnet.dynamics import GradientFlow, log_times, simulate

    first = 0.1 * half_times(problem, gamma).min()
    times = log_times(first, patience(problem, gamma), 60 if problem.quick else 80)
    return simulate(
        GradientFlow(problem.moments),
        start(problem, gamma),
        times=times.tolist(),
        observe={
            "product": end_to_end,
            "hidden": hidden_spectrum,
            "output": output_spectrum,
        },
        tolerance=1e-11 if problem.canonical else None,
        stop_gap=deep(problem),
        memory_limit=problem.memory_limit,
    )


def unfinished(problem: Problem, gammas: Iterable[float]) -> str:
    """What to know of runs that did not reach their limit; empty if all did."""
    told = [
        rf"At $\gamma$ = {number(gamma, 3)} training did not reach its limit:"
        f" {trained(problem, gamma).outcome.message}."
        for gamma in gammas
        if trained(problem, gamma).outcome.kind != "converged"
    ]
    return " ".join(told)


def hidden_spectrum(weights: Weights) -> np.ndarray:
    """Singular values of the first layer."""
    return measure.layer_spectra(weights[:1])[0]


def output_spectrum(weights: Weights) -> np.ndarray:
    """Singular values of the second layer."""
    return measure.layer_spectra(weights[1:])[0]


def first_layer(weights: Weights) -> np.ndarray:
    """The first layer itself."""
    return weights[0]


def second_layer(weights: Weights) -> np.ndarray:
    """The second layer itself."""
    return weights[1]


def scales(problem: Problem) -> tuple[float, ...]:
    """Scales of the start at which limits are checked."""
    if problem.canonical:
        return (1e-6, 1e-3, 1.0)
    given, lazy = problem.init_scale, size(problem)
    # One name for both: they are told by three digits.
    return (given,) if abs(given / lazy - 1) < 0.01 else (given, lazy)


def size(problem: Problem) -> float:
    """Largest singular value of the limit: scales above it are lazy, below it rich."""
    return float(np.linalg.norm(limit(problem), 2))
