import numpy as np
import pytest

from linnet.phenomena.anisotropy.theory import (
    PopulationSpectrum,
    covariance_population,
    spiked_population,
)
from linnet.task import Covariance, given_covariance, spiked_covariance


def test_a_spiked_population_has_the_spikes_first_and_the_bulk_last():
    found = spiked_population([8.0, -0.6], [0.6, -0.5], norm=2.0)
    np.testing.assert_allclose(found.eigenvalues, [9, 0.4, 1])
    np.testing.assert_allclose(found.shares, [0, 0, 1])
    np.testing.assert_allclose(found.target_power, [1.44, 1.0, 1.56])


def test_the_signal_power_of_one_spike_is_that_of_the_plane():
    found = spiked_population(5.0, [[0.0], [0.6], [1.0]], norm=2.0)
    np.testing.assert_allclose(found.signal_power, 4 * (1 + 5 * np.r_[0, 0.36, 1]))


def test_equal_eigenvalues_of_a_covariance_become_one():
    direction = np.r_[3.0, 4.0, np.zeros(18)]
    covariance = spiked_covariance(20, 5.0, direction)
    found = covariance_population(covariance, np.r_[1.0, np.zeros(19)])
    np.testing.assert_allclose(found.eigenvalues, [6, 1])
    np.testing.assert_allclose(found.shares, [0.05, 0.95])
    np.testing.assert_allclose(found.target_power, [0.36, 0.64])


def test_the_signal_power_of_a_covariance_is_its_quadratic_form():
    rng = np.random.default_rng(0)
    root = rng.standard_normal((7, 7))
    matrix, teacher = root @ root.T, rng.standard_normal(7)
    found = covariance_population(given_covariance(matrix), teacher)
    np.testing.assert_allclose(found.signal_power, teacher @ matrix @ teacher)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"eigenvalues": [2.0, -1.0]}, "`eigenvalues` must be finite and >= 0"),
        ({"shares": [np.nan, 1.0]}, "`shares` must be finite and >= 0"),
        ({"target_power": [1.0, -1.0]}, "`target_power` must be finite and >= 0"),
        ({"shares": [0.5, 0.25]}, "`shares` must sum to 1, but sums to 0.75"),
        ({"shares": [1.0]}, "must have one shape"),
        ({"target_power": [1.0]}, r"must have shape \(..., 2\)"),
        ({"eigenvalues": [1.0, 0.0], "shares": [0.0, 1.0]}, "almost no direction"),
    ],
)
def test_what_is_no_population_is_refused(change, message):
    given = {"eigenvalues": [2.0, 1.0], "shares": [0, 1.0], "target_power": [1.0, 1.0]}
    with pytest.raises(ValueError, match=message):
        PopulationSpectrum(**{**given, **change})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((-1.0, 0.5), "`spike_strengths` must be finite and > -1"),
        ((np.nan, 0.5), "`spike_strengths` must be finite and > -1"),
        ((5.0, 1.1), "squares that sum to at most 1"),
        (([5.0, 3.0], [0.8, 0.8]), "squares that sum to at most 1, but they sum to"),
        (([5.0, 3.0], 0.5), r"shapes \(r,\) and"),
        ((5.0, 0.5, 0.0), "`norm` must be positive and finite"),
        ((5.0, np.nan), "squares that sum to at most 1"),
    ],
)
def test_what_is_no_spike_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        spiked_population(*given)


def test_a_teacher_of_another_size_or_of_none_is_refused():
    with pytest.raises(ValueError, match=r"must have shape \(4,\)"):
        covariance_population(spiked_covariance(4, 1.0), np.ones(3))
    with pytest.raises(ValueError, match="must be finite and not zero"):
        covariance_population(spiked_covariance(4, 1.0), np.zeros(4))


def test_eigenvalues_in_any_order_keep_their_part_of_the_teacher():
    upwards = Covariance(np.array([1.0, 4.0, 1.0, 9.0]), np.eye(4))
    found = covariance_population(upwards, np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_array_equal(found.eigenvalues, [9.0, 4.0, 1.0])
    np.testing.assert_array_equal(found.shares, [0.25, 0.25, 0.5])
    np.testing.assert_allclose(found.target_power, [16.0, 4.0, 10.0])
