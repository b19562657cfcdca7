"""Predicted and observed test errors of real data, and when to stop.

Predicted: theory of the population that each reference half tells. Observed: networks
trained on splits of the pools. Both are averaged over rows, and read on common paths.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import splits
from linnet.study import Problem

TEST_ERROR = theory.RiskConvention(noise_floor=True)


@lru_cache(maxsize=16)
def predicted(problem: Problem, size: int) -> tuple[splits.Errors, splits.Errors]:
    """Test and training errors along `splits.paths`, a row for each reference."""
    tests, fits = [], []
    for reference in splits.references(problem):
        curves = _curves(problem, size, reference)
        tests.append([test for test, _ in curves])
        fits.append([fit for _, fit in curves])
    test, fit = (
        splits.Errors(*(np.array(part) for part in zip(*rows, strict=True)))
        for rows in (tests, fits)
    )
    return test, fit


def _curves(
    problem: Problem, size: int, reference: splits.Reference
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Test and training error of one layer, two layers and ridge."""
    along, spectrum = splits.paths(problem, size), reference.spectrum
    found = []
    for depth, times in ((1, along.one), (2, along.two)):
        curve = theory.learning_curve(
            spectrum,
            times,
            aspect_ratio=len(spectrum.eigenvalues) / size,
            depth=depth,
            noise=reference.noise,
            # Isotropic first layer, second layer zero: |W u| / 2 along any direction.
            init_scale=None if depth == 1 else np.sqrt(problem.init_scale) / 2,
        )
        found.append((curve.parts.value(TEST_ERROR), curve.training_error))
    ridge = theory.equivalent_risk(
        spectrum.eigenvalues,
        spectrum.target_power,
        size,
        along.ridge,
        reference.noise,
    )
    return [*found, (ridge.risk.value(TEST_ERROR), ridge.training_error)]


def noise_power(problem: Problem) -> float:
    """Mean square that no linear map explains, of all references."""
    return float(np.mean([one.noise**2 for one in splits.references(problem)]))


def best_predicted(problem: Problem, size: int) -> np.ndarray:
    """Least mean test error of one layer, two layers and ridge."""
    return means(predicted(problem, size)[0]).min(-1)


def best_observed(problem: Problem, size: int) -> tuple[Estimate, ...]:
    """The same of training, at the times and the penalty that were best on average."""
    errors = splits.observed(problem, size)
    return tuple(
        Estimate.from_samples(rows[:, rows.mean(0).argmin()])
        for rows in (errors.one, errors.two, errors.ridge)
    )


def stopped_observed(problem: Problem, size: int) -> tuple[Estimate, ...]:
    """Test errors of one and two layers at the predicted best times."""
    errors, places = splits.observed(problem, size), stops(problem, size)
    pairs = zip((errors.one, errors.two), places, strict=True)
    return tuple(Estimate.from_samples(rows[:, at]) for rows, at in pairs)


def ends_observed(problem: Problem, size: int) -> tuple[Estimate, ...]:
    """Test errors of one and two layers at the last time."""
    errors = splits.observed(problem, size)
    return tuple(
        Estimate.from_samples(rows[:, -1]) for rows in (errors.one, errors.two)
    )


def stopping_times(problem: Problem, size: int) -> tuple[float, float]:
    """Predicted best times to stop one and two layers; the last one if none before."""
    along, (one, two) = splits.paths(problem, size), stops(problem, size)
    return float(along.one[one]), float(along.two[two])


def observed_times(problem: Problem, size: int) -> tuple[float, float]:
    """Times at which the mean test error of one and two layers was seen least."""
    along, errors = splits.paths(problem, size), splits.observed(problem, size)
    one, two = (int(rows.mean(0).argmin()) for rows in (errors.one, errors.two))
    return float(along.one[one]), float(along.two[two])


def numbers(problem: Problem) -> list[dict[str, Any]]:
    """All that is predicted, a record for each training size. Theory only."""
    told = []
    for n in splits.sizes(problem):
        names = "one_layer", "two_layers", "ridge"
        best = best_predicted(problem, n).tolist()
        times = zip(names, stopping_times(problem, n), strict=False)
        told.append(
            {
                "training_samples": n,
                "noise_power": noise_power(problem),
                "test_error_at_start": float(means(predicted(problem, n)[0])[0, 0]),
                "best_test_error": dict(zip(names, best, strict=True)),
                "best_time": dict(times),
            }
        )
    return told


def stops(problem: Problem, size: int) -> tuple[int, int]:
    """Where on the paths of one and two layers the predicted error is least."""
    one, two = means(predicted(problem, size)[0]).argmin(-1)[:2].tolist()
    return one, two


def means(errors: splits.Errors) -> np.ndarray:
    """Over rows; one layer, two layers and ridge, of shape (3, saves)."""
    return np.array([rows.mean(0) for rows in (errors.one, errors.two, errors.ridge)])


def ends(errors: splits.Errors) -> np.ndarray:
    """Of one and two layers at the last time."""
    return means(errors)[:2, -1]
