import numpy as np
import plain_sgd as plain
import pytest
from scipy.linalg import expm

from linnet.phenomena.fluctuations import theory


def minimum_of(n, d, k=1, weight_decay=0.0, key=0):
    given = plain.data(np.random.default_rng(key), n, d, k)
    return theory.least_squares_minimum(*given, weight_decay=weight_decay)


def matrix(blocks):
    k, _, r, _ = blocks.shape
    return blocks.transpose(0, 2, 1, 3).reshape(k * r, k * r)


def parts(minimum, rate=0.01, factor=0.1):
    """Drift, diffusion and covariance of the continuum as matrices."""
    drift = np.kron(np.eye(minimum.outputs), np.diag(minimum.curvatures))
    diffusion = rate * factor / 2 * matrix(theory.gradient_noise(minimum))
    covariance = matrix(theory.continuum_covariance(minimum, rate, factor))
    return drift, diffusion, covariance


CASES = [(30, 3, 1, 0.0), (60, 2, 2, 0.0), (60, 3, 2, 0.3)]


@pytest.mark.parametrize("case", CASES)
def test_the_current_is_what_drift_and_diffusion_leave_over(case):
    minimum = minimum_of(*case)
    drift, diffusion, covariance = parts(minimum)
    blocks = theory.continuum_covariance(minimum, 0.01, 0.1)
    current = matrix(theory.antisymmetric_current(minimum, blocks))
    np.testing.assert_allclose(current, drift @ covariance - diffusion, atol=1e-16)
    np.testing.assert_allclose(current, -current.T, atol=1e-18)
    omega = diffusion @ np.linalg.inv(covariance) - drift
    np.testing.assert_allclose(
        matrix(theory.current_matrix(minimum)), omega, atol=1e-10
    )
    assert np.trace(omega) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_entropy_production_is_the_difference_of_traces_for_every_rate(case):
    minimum = minimum_of(*case)
    found = theory.entropy_production(minimum)
    for rate, factor in ((0.01, 0.1), (0.3, 1.0)):
        drift, diffusion, covariance = parts(minimum, rate, factor)
        pull = drift @ np.linalg.solve(diffusion, drift) @ covariance
        traces = np.trace(pull) - np.trace(drift)
        assert found == pytest.approx(traces, rel=1e-8)
    assert found > 0


def test_entropy_production_is_the_divergence_of_forward_and_backward_paths():
    minimum = minimum_of(30, 3)
    drift, _, covariance = parts(minimum)
    found = theory.entropy_production(minimum)
    rates = []
    for time in (1e-2, 5e-3):
        # Pairs of points a time apart are Gaussian: Kullback and Leibler say how
        # different they are when read backward.
        lag = expm(-drift * time) @ covariance
        forward = np.block([[covariance, lag.T], [lag, covariance]])
        backward = np.block([[covariance, lag], [lag.T, covariance]])
        rates.append((np.trace(np.linalg.solve(backward, forward)) - 6) / 2 / time)
    assert 2 * rates[1] - rates[0] == pytest.approx(found, rel=1e-3)


def test_noise_like_the_inputs_keeps_detailed_balance():
    # Inputs on the axes: noise and input moment are both diagonal.
    inputs = np.repeat(np.diag([2.0, 1.0, 0.5]), 4, axis=0)
    targets = np.tile([1.0, -1.0, 0.5, -0.5], 3)[:, None]
    minimum = theory.least_squares_minimum(inputs, targets)
    assert theory.entropy_production(minimum) == pytest.approx(0, abs=1e-25)
    exact = theory.exact_covariance(minimum, 0.05, 0.5)
    assert np.abs(theory.antisymmetric_lag(minimum, exact, 0.05)).max() < 1e-16


@pytest.mark.statistical
@pytest.mark.parametrize("outputs", [1, 2])
def test_entropy_production_of_sampled_data_has_the_asymptotic_size(outputs):
    rng = np.random.default_rng(0)
    d, ratio, draws = 60, 0.025, 30
    n, seen = round(d / ratio), []
    for _ in range(draws):
        inputs = rng.normal(size=(n, d))
        minimum = theory.least_squares_minimum(inputs, rng.normal(size=(n, outputs)))
        seen.append(theory.entropy_production(minimum) / (d * outputs))
    said = theory.small_entropy_production(ratio, outputs)
    scatter = np.std(seen) / np.sqrt(draws)
    higher = 4 * outputs * ratio * said
    assert abs(np.mean(seen) - said) < 4 * scatter + higher
    assert abs(np.mean(seen) - 2 * said) > 10 * scatter + higher


def test_known_values_of_the_small_entropy_production():
    for ratio, known in ((0.05, 0.0025), (0.1, 0.0098), (0.25, 0.059)):
        found = theory.small_entropy_production(ratio)
        assert found == pytest.approx(known, rel=0.02)
    assert theory.small_entropy_production(0.01, 3) == pytest.approx(2e-4, rel=0.01)


def test_lags_follow_the_mean_of_the_dynamics():
    minimum = minimum_of(20, 3, 2, 0.2)
    rate = 0.05
    covariance = theory.exact_covariance(minimum, rate, 0.5)
    keep = np.eye(6) - rate * np.kron(np.eye(2), np.diag(minimum.curvatures))
    for lag in (0, 1, 5):
        found = matrix(theory.lag_covariance(minimum, covariance, rate, lag))
        said = np.linalg.matrix_power(keep, lag) @ matrix(covariance)
        np.testing.assert_allclose(found, said, atol=1e-15)
    one = matrix(theory.lag_covariance(minimum, covariance, rate, 1))
    odd = matrix(theory.antisymmetric_lag(minimum, covariance, rate))
    np.testing.assert_allclose(odd, one - one.T, atol=1e-15)


def test_correlation_steps_are_the_sum_over_all_lags():
    h, lags = np.array([0.5, 1.0, 3.0]), np.arange(1, 4000)
    found = theory.correlation_steps(h, 0.1)
    kept = (1 - 0.1 * h[:, None]) ** lags
    np.testing.assert_allclose(found, 1 + 2 * kept.sum(1), rtol=1e-10)
    assert theory.correlation_steps(1.0, 1.0) == 1


def test_bad_input_is_refused():
    minimum = minimum_of(20, 3)
    covariance = theory.continuum_covariance(minimum, 0.1, 0.1)
    with pytest.raises(ValueError, match=r"\(1, 1, 3, 3\), but has shape \(3, 3\)"):
        theory.antisymmetric_current(minimum, covariance[0, 0])
    with pytest.raises(ValueError, match="`lag` must be a whole number >= 0"):
        theory.lag_covariance(minimum, covariance, 0.1, -1)
    with pytest.raises(ValueError, match="`learning_rate` must be positive"):
        theory.antisymmetric_lag(minimum, covariance, 0.0)
    with pytest.raises(ValueError, match=r"must be in \(0, 2\)"):
        theory.correlation_steps(np.array([1.0, 30.0]), 0.1)
    with pytest.raises(ValueError, match="`outputs` must be a whole number"):
        theory.small_entropy_production(0.1, 0)
    singular = minimum_of(8, 3, 4)
    for call in (theory.entropy_production, theory.current_matrix):
        with pytest.raises(ValueError, match="noise must be positive definite"):
            call(singular)
