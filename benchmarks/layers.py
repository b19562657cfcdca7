"""Hessian and fluctuations of two layers, without a matrix over all weights.

d = h = k = 32, p = 2048 weights at the least-squares product. Against the dense way:
`eigh` of the Hessian over all weights, two products to turn the noise into its
eigenbasis and two to turn the covariance back; making the Hessian and the noise is free
for it. Ours starts from the layers and the moment of the inputs, or the samples.
Besides, layers of 128 with 32,768 weights, of which the dense way cannot hold a matrix.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.harness import Row, interleave, stopwatch
from benchmarks.machine import peak_growth
from linnet.phenomena.fluctuations.theory import (
    LayerFluctuations,
    Minimum,
    jacobian,
    least_squares_minimum,
    quasi_stationary,
    stationary_layer_variances,
    two_layer_hessian,
)

WIDTH, LARGE, SAMPLES = 32, 128, 2000
RATE, FACTOR, NOISE = 1e-4, 0.1, 0.5
FLAT = 1e-10  # of the largest eigenvalue, for the dense way
GOALS = {"spectrum and variances": 400.0, "covariance of the data": 5.0}  # x faster
SECONDS, MEMORY = 2.0, 200e6  # goals at the large size
DEVIATION = 1e-12

Layers = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Problem:
    """Layers at the least-squares product of their data."""

    minimum: Minimum
    weights: Layers
    xx: np.ndarray


def run(full: bool) -> list[Row]:
    """Spectrum and variances, the whole covariance, and the large size."""
    del full
    problem = _problem(WIDTH)
    hessian, noise = _dense_matrices(problem)
    calls: dict[str, Callable[[], Any]] = {
        "spectrum and variances": lambda: _by_factors(problem),
        "covariance of the data": lambda: _fluctuations(problem).covariance(),
    }
    errors = {
        "spectrum and variances": _factor_error(problem, hessian),
        "covariance of the data": _covariance_error(problem, hessian, noise),
    }
    timers = {name: stopwatch(call) for name, call in calls.items()}
    timers["dense"] = stopwatch(lambda: _dense(hessian, noise))
    found = interleave(timers, once=["dense"])
    size = f"layers {WIDTH},{WIDTH},{WIDTH} (p = {len(hessian):,})"
    rows = [
        Row(
            f"{size}: {name}",
            found[name],
            "dense eigh + 4 GEMMs",
            found["dense"],
            goal=GOALS[name],
            error=errors[name],
            error_limit=DEVIATION,
            memory=peak_growth(call),
        )
        for name, call in calls.items()
    ]
    return [*rows, _large()]


def _large() -> Row:
    problem = _problem(LARGE)
    size = sum(layer.size for layer in problem.weights)
    memory = peak_growth(lambda: _by_factors(problem))
    seconds = interleave({"large": stopwatch(lambda: _by_factors(problem))})["large"]
    values, variances = _by_factors(problem)
    return Row(
        f"layers {LARGE},{LARGE},{LARGE} (p = {size:,}): spectrum and variances",
        seconds,
        sense="seconds",
        goal=SECONDS,
        error=_trace_error(problem, values, variances),
        error_limit=DEVIATION,
        memory=memory,
        details={"memory / its goal": memory / MEMORY},
    )


def _problem(width: int) -> Problem:
    """Noisy linear targets of Gaussian inputs, and generic layers."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(SAMPLES, width)) * np.geomspace(1, 0.5, width)
    signal = inputs @ rng.normal(size=(width, width))
    targets = signal + NOISE * rng.normal(size=(SAMPLES, width))
    minimum = least_squares_minimum(inputs, targets)
    first = np.eye(width) + 0.5 * rng.normal(size=(width, width)) / np.sqrt(width)
    second = minimum.end_to_end @ np.linalg.inv(first)
    return Problem(minimum, (first, second), inputs.T @ inputs / SAMPLES)


def _by_factors(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Non-zero eigenvalues, and the variance of every weight under white noise."""
    found = two_layer_hessian(problem.weights, problem.xx)
    heat = RATE * FACTOR * NOISE**2 / 2
    variances = stationary_layer_variances(found, heat, learning_rate=RATE)
    return found.eigenvalues, np.concatenate([part.ravel() for part in variances])


def _fluctuations(problem: Problem) -> LayerFluctuations:
    """From the samples, with all of their noise."""
    return quasi_stationary(
        problem.minimum, problem.weights, learning_rate=RATE, noise_factor=FACTOR
    )


def _dense_matrices(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Hessian and noise of one sample over all weights."""
    full = jacobian(problem.weights)
    outputs = problem.minimum.outputs
    inputs = problem.minimum.coordinates @ problem.minimum.basis.T
    pulls = (problem.minimum.residuals[:, :, None] * inputs[:, None, :]).reshape(
        len(inputs), -1
    )
    turned = pulls @ full
    hessian = full.T @ np.kron(np.eye(outputs), problem.xx) @ full
    return hessian, turned.T @ turned / len(inputs)


def _dense(hessian: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, and the stationary covariance at a finite rate."""
    values, vectors = np.linalg.eigh(hessian)
    sums = np.add.outer(values, values) - RATE * np.outer(values, values)
    moves = values > FLAT * values[-1]
    kept = np.outer(moves, moves)
    turned = vectors.T @ noise @ vectors
    modes = np.where(kept, RATE * FACTOR * turned, 0) / np.where(kept, sums, 1)
    return values, vectors @ modes @ vectors.T


def _factor_error(problem: Problem, hessian: np.ndarray) -> float:
    values, covariance = _dense(hessian, NOISE**2 * hessian)
    seen, variances = _by_factors(problem)
    expected = np.diag(covariance)
    off = np.sort(seen.ravel()) - values[-seen.size :]
    return max(_relative(off, values), _relative(variances - expected, expected))


def _covariance_error(
    problem: Problem, hessian: np.ndarray, noise: np.ndarray
) -> float:
    expected = _dense(hessian, noise)[1]
    return _relative(_fluctuations(problem).covariance() - expected, expected)


def _trace_error(problem: Problem, values: np.ndarray, variances: np.ndarray) -> float:
    """Two sums that need no eigenvector: the traces of Hessian and covariance."""
    first, second = problem.weights
    outputs = len(second)
    trace = (second**2).sum() * np.trace(problem.xx)
    trace += outputs * np.trace(first @ problem.xx @ first.T)
    heat = RATE * FACTOR * NOISE**2 / 2
    total = (2 * heat / (2 - RATE * values)).sum()
    return max(abs(values.sum() / trace - 1), abs(variances.sum() / total - 1))


def _relative(off: Any, size: Any) -> float:
    return float(np.abs(off).max() / np.abs(size).max())
