import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from linnet.phenomena.anisotropy.theory import (
    equivalent_risk,
    optimal_ridge,
    spike_and_bulk,
)


def test_of_equal_eigenvalues_the_optimum_is_that_of_bayes():
    ratio = np.geomspace(0.05, 20, 7)[:, None, None]
    noise, variance = np.geomspace(0.01, 10, 7)[:, None], np.geomspace(1e-3, 1e3, 7)
    counts, power = 1000 * ratio[..., None], np.array([4.0])
    best = optimal_ridge(variance[:, None], power, 1000, noise, counts)
    bayes = noise**2 * ratio / 4
    known = equivalent_risk(variance[:, None], power, 1000, bayes, noise, counts)
    np.testing.assert_allclose(best.risk.excess, known.risk.excess, rtol=1e-12)


def test_the_penalty_is_told_as_well_as_the_minimum_is_curved():
    ratio, noise = np.array([0.3, 2.0, 8.0])[:, None], np.array([0.5, 2.0])
    one, counts = np.ones(1), 1000 * ratio[..., None]
    best = optimal_ridge(one, 4 * one, 1000, noise, counts)
    np.testing.assert_allclose(best.ridge, noise**2 * ratio / 4, rtol=1e-5)


def test_the_optimum_is_that_of_a_scalar_search():
    spectrum = np.arange(1, 101) ** -1.2
    power = np.arange(1, 101) ** -0.5

    def risk(log):
        return equivalent_risk(spectrum, power, 40, np.exp(log), 0.5).risk.excess

    slow = minimize_scalar(
        risk, bounds=(-12, 5), method="bounded", options={"xatol": 1e-10}
    )
    best = optimal_ridge(spectrum, power, 40, 0.5)
    assert best.risk.excess == pytest.approx(slow.fun, rel=1e-12)
    assert best.ridge == pytest.approx(np.exp(slow.x), rel=1e-4)


def test_a_grid_holds_the_optima_of_its_points():
    eigenvalues, power, counts = spike_and_bulk(
        200, np.array([0.0, 5.0, 50.0])[:, None], np.array([0.0, 0.6, 1.0])
    )
    grid = optimal_ridge(eigenvalues, power, 100, 0.7, counts)
    assert grid.ridge.shape == (3, 3)
    one = optimal_ridge(eigenvalues[1, 2], power[1, 2], 100, 0.7, counts[1, 2])
    assert grid.risk.excess[1, 2] == pytest.approx(one.risk.excess, rel=1e-12)
    for ridge in (0.0, 0.1, 1.0, 10.0, np.inf):
        other = equivalent_risk(eigenvalues, power, 100, ridge, 0.7, counts)
        assert np.all(grid.risk.excess <= other.risk.excess * (1 + 1e-12))


def test_without_noise_and_with_samples_enough_no_penalty_is_best():
    spectrum = np.array([3.0, 1.0, 0.2])
    assert optimal_ridge(spectrum, np.ones(3), 10).ridge == 0
    assert optimal_ridge(spectrum, np.ones(3), 10).risk.excess == 0


def test_no_penalty_is_best_too_where_a_negative_one_would_be():
    # A strong spike on the teacher, a wide and quiet bulk: itself penalty enough.
    eigenvalues, power, counts = spike_and_bulk(1000, 50.0, 1.0)
    best = optimal_ridge(eigenvalues, power, 50, 0.01, counts)
    assert best.ridge == 0


def test_an_infinite_penalty_is_best_where_there_is_nothing_to_learn():
    # All of the teacher is along an input that never varies.
    best = optimal_ridge(np.array([1.0, 0.0]), np.array([0.0, 1.0]), 10, 1.0)
    assert best.ridge == np.inf
    assert best.risk.excess == 0


@pytest.mark.parametrize(
    ("weak", "counts", "n", "deeper"),
    [(1e-4, (3.0, 30.0), 20, 1), (1e-2, (59.0, 200.0), 200, 0)],
)
def test_the_deeper_of_two_minima_is_found(weak, counts, n, deeper):
    # Much power along weak inputs, little along strong ones: two scales, two valleys.
    spectrum, power = np.array([100.0, 1.0]), np.array([weak, 1.0])
    logs = np.linspace(-12, 20, 4001)
    risks = equivalent_risk(
        spectrum, power, n, np.exp(logs), 1.0, np.array(counts)
    ).risk.excess
    lows = 1 + np.flatnonzero((risks[1:-1] < risks[:-2]) & (risks[1:-1] < risks[2:]))
    assert len(lows) == 2
    assert np.argmin(risks[lows]) == deeper
    best = optimal_ridge(spectrum, power, n, 1.0, np.array(counts))
    assert best.risk.excess == pytest.approx(risks[lows[deeper]], rel=1e-5)


def test_a_negative_noise_is_refused():
    with pytest.raises(ValueError, match="`noise` must be finite and >= 0"):
        optimal_ridge(np.ones(2), np.ones(2), 5, -0.1)
    with pytest.raises(ValueError, match="`target_power` must not be all zero"):
        optimal_ridge(np.ones(2), np.zeros(2), 5, 0.1)
