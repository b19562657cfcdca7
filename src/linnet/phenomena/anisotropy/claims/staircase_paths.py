"""Paths of the claim on several spikes: predicted, wrongly predicted and trained."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from linnet.network import IsotropicFirstLayer, Weights, end_to_end
from linnet.numerics import krylov_basis
from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import problems, starts
from linnet.study import Problem
from linnet.task import Dataset, Moments

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

SPIKES, ALIGNMENTS = (100.0, 20.0, 4.0), (0.3, 0.4, 0.5)
INPUTS, HIDDEN, SAMPLES, NOISE = 20, 20, 40, 0.3
SCALE = 1e-8  # of the start
FIRST, LAST, SAVES = 1e-2, 12.0, 240  # saved times


def times() -> np.ndarray:
    """Zero, then saved times that are dense in their logarithm."""
    return np.append(0.0, np.geomspace(FIRST, LAST, SAVES))


def planted(seed: int, noise: float = 0.0) -> problems.Planted:
    """The spikes and the teacher."""
    return problems.planted(INPUTS, SPIKES, ALIGNMENTS, noise=noise, seed=seed)


@lru_cache(maxsize=4)
def drawn(seed: int) -> Dataset:
    """One noisy data set of them."""
    (dataset,) = problems.data_sets(planted(seed, NOISE), SAMPLES, 1, seed)
    return dataset


@lru_cache(maxsize=4)
def lanczos(problem: Problem) -> theory.AdaptedBasis:
    """The directions in which the population is learned."""
    return theory.adapted_basis(problem.moments)


@lru_cache(maxsize=4)
def predicted(problem: Problem) -> np.ndarray:
    """Coordinates in the population by the closed flow, shape (times, K + 1)."""
    basis = lanczos(problem)
    zero = np.zeros(basis.dimensions)
    return theory.reduced_flow(
        basis.moment, basis.drive_vector, zero, times(), imbalance=problem.init_scale
    )


@lru_cache(maxsize=4)
def predicted_on_data(problem: Problem) -> np.ndarray:
    """The first K + 1 coordinates on the data set by its modes."""
    dataset = drawn(problem.seed)
    modes = theory.modes_of_data(dataset.inputs, dataset.targets)
    alpha, omega = np.sqrt(SCALE), np.sqrt(SCALE) * _direction(problem.seed)
    path = theory.mode_flow(modes, alpha, omega, times()).end_to_end()
    basis = theory.adapted_basis(dataset.moments(), most=len(SPIKES) + 1)
    return basis.coordinates(path)


def alone(basis: theory.AdaptedBasis) -> np.ndarray:
    """The wrong theory: every principal component grows as if it were the only one."""
    variances, vectors = np.linalg.eigh(basis.moment)
    drives = vectors.T @ basis.drive_vector
    grown = [
        theory.first_phase(
            times(), theory.FirstLine(np.abs(drive), variance), 0.0, imbalance=SCALE
        )
        for drive, variance in zip(drives, variances, strict=True)
    ]
    signed = np.array(grown).T * np.sign(drives)
    return (signed @ vectors.T)[:, : len(SPIKES) + 1]


def _direction(seed: int) -> np.ndarray:
    drawn = np.random.default_rng([seed, INPUTS]).standard_normal(INPUTS)
    return drawn / np.linalg.norm(drawn)


@lru_cache(maxsize=4)
def training(problem: Problem) -> "Trajectory":
    """Gradient flow on the population from an isotropic first layer."""
    rng = np.random.default_rng(problem.seed)
    start = IsotropicFirstLayer(problem.init_scale)
    weights = start.weights((INPUTS, problem.hidden, 1), rng)
    return _flow(problem, problem.moments, weights)


@lru_cache(maxsize=4)
def observed(problem: Problem) -> np.ndarray:
    """Coordinates of the trained network, shape (times, K + 1)."""
    return _coordinates(problem.moments, training(problem))


@lru_cache(maxsize=4)
def observed_on_data(problem: Problem) -> np.ndarray:
    """The same on the data set, from layers of rank one."""
    moments = drawn(problem.seed).moments()
    hidden = len(SPIKES) + 1
    weights = starts.rank_one(_direction(problem.seed), SCALE, hidden)
    return _coordinates(moments, _flow(problem, moments, weights))


def _flow(problem: Problem, moments: Moments, weights: Weights) -> "Trajectory":
    from linnet.dynamics import GradientFlow, simulate

    return simulate(
        GradientFlow(moments),
        weights,
        times=times().tolist(),
        observe={"product": end_to_end},
        memory_limit=problem.memory_limit,
    )


def _coordinates(moments: Moments, run: "Trajectory") -> np.ndarray:
    directions = krylov_basis(moments.xx, moments.yx[0], most=len(SPIKES) + 1)
    return measure.project(run["product"][:, 0], directions).coordinates
