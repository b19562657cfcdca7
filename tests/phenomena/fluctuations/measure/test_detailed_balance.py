import gaussian_series
import numpy as np
import pytest

from linnet.phenomena.fluctuations import measure

KICK = np.eye(3)
# The same rates, with a rotation in the first plane, and without one.
TURNING = np.array([[0.9, -0.05, 0.0], [0.05, 0.9, 0.0], [0.0, 0.0, 0.5]])
REVERSIBLE = np.array([[0.9, 0.05, 0.0], [0.05, 0.8, 0.1], [0.0, 0.1, 0.5]])


@pytest.mark.statistical
@pytest.mark.parametrize("replicas", [1, 16])
def test_a_turning_series_shows_the_current_of_its_process(rng, replicas):
    series = gaussian_series.draw(rng, TURNING, KICK, replicas, 48_000 // replicas)
    lagged = TURNING @ gaussian_series.stationary(TURNING, KICK)
    truth = lagged - lagged.T
    found = measure.antisymmetric_lag_covariance(series)
    assert (np.abs(found.z(truth)) < 4).all()
    assert abs(found.z(2 * truth)[0, 1]) > 10
    np.testing.assert_array_equal(found.value, -found.value.T)
    result = measure.time_reversal_test(series, rng)
    assert result.p_value < 0.01
    assert abs(result.z[0, 1]) > 10
    assert result.units >= 8
    later = measure.antisymmetric_lag_covariance(series, 3)
    cube = np.linalg.matrix_power(TURNING, 3)
    lagged = cube @ gaussian_series.stationary(TURNING, KICK)
    assert (np.abs(later.z(lagged - lagged.T)) < 4).all()


@pytest.mark.statistical
@pytest.mark.parametrize(("replicas", "times"), [(10, 60), (1, 2000)])
def test_a_reversible_series_is_rejected_as_often_as_it_should(rng, replicas, times):
    p = np.array(
        [
            measure.time_reversal_test(
                gaussian_series.draw(rng, REVERSIBLE, KICK, replicas, times),
                rng,
                flips=99,
            ).p_value
            for _ in range(200)
        ]
    )
    # Uniform: mean 1/2 with spread 0.02; a tenth below 0.1 with spread 0.021.
    assert abs(p.mean() - 0.505) < 0.08
    assert (p <= 0.1).mean() == pytest.approx(0.1, abs=0.08)


def test_a_series_played_backwards_has_the_opposite_current(rng):
    series = gaussian_series.draw(rng, TURNING, KICK, 8, 100)
    forward = measure.antisymmetric_lag_covariance(series, 2)
    backward = measure.antisymmetric_lag_covariance(series[:, ::-1], 2)
    np.testing.assert_allclose(forward.value, -backward.value, atol=1e-12)
    np.testing.assert_allclose(forward.stderr, backward.stderr, atol=1e-12)


def test_the_result_repeats_with_its_generator(rng):
    series = gaussian_series.draw(rng, REVERSIBLE, KICK, 8, 50)
    first, second = (
        measure.time_reversal_test(series, np.random.default_rng(5)) for _ in range(2)
    )
    assert first.p_value == second.p_value


def test_bad_input_is_refused(rng):
    series = rng.normal(size=(8, 20, 3))
    with pytest.raises(ValueError, match="2 columns or more to turn in, but has 1"):
        measure.antisymmetric_lag_covariance(series[..., :1])
    with pytest.raises(ValueError, match="`lag` must be >= 1, but is 0"):
        measure.antisymmetric_lag_covariance(series, 0)
    with pytest.raises(ValueError, match=r"`lags` must be .* in \[0, 19\]"):
        measure.antisymmetric_lag_covariance(series, 20)
    with pytest.raises(ValueError, match="`flips` must be >= 99, but is 10"):
        measure.time_reversal_test(series, rng, flips=10)
