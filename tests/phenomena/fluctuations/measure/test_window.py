import gaussian_series
import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import measure


def test_layers_are_cut_and_stacked_back(rng):
    first, bias = rng.normal(size=(2, 5, 3, 4)), rng.normal(size=(2, 5, 3, 1))
    records = measure.stacked([first, bias])
    assert records.shape == (2, 5, 15)
    back = measure.per_layer(records, [(3, 4), (3,)])
    np.testing.assert_array_equal(back[0].reshape(2, 5, 3, 4), first)
    np.testing.assert_array_equal(back[1], bias[..., 0])


@given(degree=st.integers(0, 5), seed=st.integers(0, 2**32 - 1))
def test_a_polynomial_drift_is_removed_without_rest(degree, seed):
    rng = np.random.default_rng(seed)
    time = np.linspace(0, 1, 40)
    noise = rng.normal(size=(2, 40, 3))
    drift = np.polynomial.polynomial.polyval(time, rng.normal(size=(degree + 1, 3)))
    drifting = noise + 100 * drift.T
    with_drift = measure.detrended(drifting, degree)
    np.testing.assert_allclose(with_drift, measure.detrended(noise, degree), atol=1e-8)


def test_differences_have_the_variance_they_promise(rng):
    memory, variance = np.array([0.5, 0.95]), np.array([2.0, 1.0])
    series = gaussian_series.modes(rng, memory, variance, 64, 2000)
    drift = np.arange(2000)[:, None] * 0.01
    for stride in (1, 100):
        found = measure.variances_along(
            measure.differences(series + drift, stride), np.eye(2)
        )
        expected = variance * (1 - memory**stride)
        assert (np.abs(found.z(expected)) < 4).all()
        assert (np.abs(found.z(2 * expected)) > 10).all()


def test_deviations_from_the_replica_mean_lose_no_slow_fluctuation(rng):
    # Correlation time far above the window: the mean of a window would take all.
    series = gaussian_series.modes(rng, [0.9999], [1.0], 1500, 20)
    drift = np.cumsum(rng.normal(size=(20, 1)), 0) * 10
    records = series + drift
    found = measure.variances_along(measure.about_replica_mean(records), np.eye(1))
    assert abs(found.z(1.0)[0]) < 4
    assert abs(found.z(2.0)[0]) > 10
    window = measure.variances_along(measure.detrended(series, 1), np.eye(1))
    assert window.value[0] < 0.01


def test_the_variance_about_the_mean_of_few_replicas_is_unbiased(rng):
    # 4 replicas of 4000 independent weights: each weight is one draw.
    deviations = measure.about_replica_mean(rng.normal(size=(4, 2, 4000)))
    found = Estimate.from_samples((deviations[:, 0] ** 2).mean(0))
    assert abs(found.z(1.0)) < 4
    assert abs(found.z(3 / 4)) > 10  # without the factor


@pytest.mark.parametrize("degree", [0, 1, 3])
def test_a_finite_window_hides_the_share_it_says(rng, degree):
    memory, length = 0.9, 50
    series = gaussian_series.modes(rng, [memory], [3.0], 6000, length)
    found = measure.variances_along(measure.detrended(series, degree), np.eye(1))
    share = measure.finite_window_bias(memory ** np.arange(length), length, degree)
    assert abs(found.z(3.0 * share)[0]) < 4
    assert abs(found.z(3.0)[0]) > 10


def test_the_bias_of_the_mean_is_the_known_sum():
    rho, length = 0.8 ** np.arange(7), 30
    lags = np.arange(1, 7)
    expected = 1 - (1 + 2 * ((1 - lags / length) * rho[1:]).sum()) / length
    assert measure.finite_window_bias(rho, length) == pytest.approx(expected)
    assert measure.finite_window_bias(np.ones(1), length, 2) == pytest.approx(0.9)


def test_a_random_walk_has_cosines_as_components_and_noise_has_not(rng):
    for steps, is_walk in ((rng.normal(size=(500, 400)), True), (None, False)):
        records = rng.normal(size=(500, 400)) if steps is None else steps.cumsum(0)
        axes = measure.principal_components(records, 3).axes
        content = measure.cosine_content(measure.projected(records, axes))
        assert (content > 0.85).all() if is_walk else (content < 0.1).all()


def test_the_cosine_content_of_a_cosine_is_one():
    time = (np.arange(200) + 0.5) / 200
    cosines = np.cos(np.pi * time[:, None] * np.array([1, 2]))
    np.testing.assert_allclose(measure.cosine_content(cosines), 1)
    np.testing.assert_allclose(measure.cosine_content(cosines[:, ::-1]), 0, atol=1e-20)


def test_bad_windows_are_refused(rng):
    records = rng.normal(size=(10, 4))
    with pytest.raises(ValueError, match="add up to the 4 weights of a record"):
        measure.per_layer(records, [(2, 3)])
    with pytest.raises(ValueError, match=r"`degree` must be .* in \[0, 8\]"):
        measure.detrended(records, 9)
    with pytest.raises(ValueError, match=r"`stride` must be .* in \[1, 8\]"):
        measure.differences(records, 9)
    with pytest.raises(ValueError, match="3 replicas or more from one checkpoint"):
        measure.about_replica_mean(np.stack([records, records]))
    with pytest.raises(ValueError, match="must start with 1 at lag 0"):
        measure.finite_window_bias(np.array([2.0, 1.0]), 10)
    with pytest.raises(ValueError, match=r"shape \(m, 4\), one row an axis"):
        measure.projected(records, np.eye(3))
    with pytest.raises(ValueError, match="rows of length one, but one has 2"):
        measure.projected(records, 2 * np.eye(4))
    with pytest.raises(ValueError, match="must move, but column 1 is constant"):
        measure.cosine_content(records * np.array([1.0, 0, 1, 1]))
