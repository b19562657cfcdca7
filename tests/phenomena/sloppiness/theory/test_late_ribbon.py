import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from linnet.numerics import participation_ratio
from linnet.phenomena.sloppiness.theory import (
    GradientFlow,
    continuous_checkpoints,
    curve_dimension,
    curve_spectrum,
    fixed_target_covariance,
    fixed_target_spectrum,
    late_covariance,
    sech_symbol,
    sech_toeplitz,
)


def test_the_covariance_tends_to_its_late_form_as_one_over_the_duration():
    variances = np.exp(-0.5 * np.arange(8))
    rng = np.random.default_rng(0)
    target = rng.standard_normal(8)
    errors = []
    for duration in (1e5, 1e6):
        exact = fixed_target_covariance(
            variances, 6, target, GradientFlow(), continuous_checkpoints(duration),
            init_deviation=0.3,
        )  # fmt: skip
        late = late_covariance(variances, 6, target, 0.3, duration)
        left = (variances[:, None] + variances) / np.outer(variances, variances)
        np.testing.assert_array_less(np.abs(exact - late),
                                     1.01 * left / duration * np.abs(late))  # fmt: skip
        errors.append(np.abs(exact / late - 1).max())
    assert 9.9 < errors[0] / errors[1] < 10.1


def test_late_covariances_broadcast():
    variances = np.exp(-np.arange(4.0))
    travel = np.ones((3, 1, 4))
    found = late_covariance(variances, 2, travel, np.array([0.1, 1.0]), 50.0)
    assert found.shape == (3, 2, 4, 4)
    one = late_covariance(variances, 2, np.ones(4), 1.0, 50.0)
    np.testing.assert_array_equal(found[1, 1], one)


@pytest.mark.parametrize("slope", [0.2, 1.0])
def test_a_learned_curve_has_the_shape_of_a_toeplitz_matrix(slope):
    variances = np.exp(-slope * np.arange(10))
    late = late_covariance(variances, 1, np.ones(10), 0.0, 3.0)
    np.testing.assert_allclose(late * 6, sech_toeplitz(10, slope), rtol=1e-12)
    values = fixed_target_spectrum(
        variances, 1, np.ones(10), GradientFlow(), continuous_checkpoints(1e8)
    )
    shape = np.linalg.eigvalsh(sech_toeplitz(10, slope))[::-1]
    np.testing.assert_allclose(
        values / values.sum(), shape / shape.sum(), atol=3e-4, rtol=0
    )


@pytest.mark.parametrize("slope", [0.1, 0.3, 1.0, 2.9, 3.1, 10.0])
def test_the_symbol_is_the_sum_of_a_row(slope):
    angle = np.linspace(-7, 7, 15)
    whole = np.arange(-500, 501)
    row = 1 / np.cosh(np.clip(slope * whole / 2, -700, 700))
    expected = np.cos(angle[:, None] * whole) @ row
    np.testing.assert_allclose(sech_symbol(slope, angle), expected, atol=1e-9)


def test_eigenvalues_of_many_modes_are_values_of_the_symbol():
    count = 400
    values = np.linalg.eigvalsh(sech_toeplitz(count, 1.0))[::-1]
    symbol = sech_symbol(1.0, np.pi * np.arange(1, count + 1) / (count + 1))
    np.testing.assert_allclose(values, symbol, atol=0.02 * symbol[0])
    np.testing.assert_allclose(values[0], sech_symbol(1.0, 0.0), rtol=1e-3)


@pytest.mark.parametrize("slope", [0.1, 0.2, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("log_range", [10.0, 20.0])
def test_the_dimension_of_a_curve_depends_on_the_range_of_rates_alone(log_range, slope):
    count = round(log_range / slope)
    values = np.maximum(np.linalg.eigvalsh(sech_toeplitz(count, slope))[::-1], 0)
    close = 0.03 if slope > 1 else 0.006
    dimension = curve_dimension(log_range)
    np.testing.assert_allclose(participation_ratio(values), dimension, rtol=close)
    shares = curve_spectrum(log_range, 3)
    np.testing.assert_allclose(values[:3] / count, shares, atol=0.01)
    # With the slope in place of nothing it would change by a factor of five or more.
    assert abs(participation_ratio(values) / curve_dimension(2 * log_range) - 1) > 0.4


def test_known_values_of_the_dimension_and_its_limits():
    np.testing.assert_allclose(
        curve_dimension([5.0, 10.0, 20.0]), [1.7231, 2.9023, 5.3724], rtol=1e-4
    )
    np.testing.assert_allclose(
        curve_spectrum([5.0, 10.0, 20.0], 3).sum(-1),
        [0.9866, 0.9022, 0.6860],
        atol=1e-4,
    )
    np.testing.assert_allclose(curve_dimension(1e6) / 1e6, 0.25, rtol=1e-5)
    assert curve_dimension(0.0) == 1


@settings(max_examples=30)
@given(log_range=st.floats(1e-3, 60))
def test_the_spectrum_of_a_curve_sums_to_one_and_has_its_dimension(log_range):
    shares = curve_spectrum(log_range, 200)
    np.testing.assert_allclose(shares.sum(), 1, rtol=1e-12)
    np.testing.assert_allclose(1 / (shares**2).sum(), curve_dimension(log_range),
                               rtol=1e-9)  # fmt: skip


def test_what_has_no_late_form_is_refused():
    with pytest.raises(ValueError, match="`duration` must be positive"):
        late_covariance([1.0], 1, [1.0], 0.1, 0.0)
    with pytest.raises(ValueError, match="`slope` must be positive"):
        sech_toeplitz(3, 0.0)
    with pytest.raises(ValueError, match="`count` must be a whole number >= 1"):
        sech_toeplitz(0, 1.0)
    with pytest.raises(ValueError, match="`slope` must be positive"):
        sech_symbol(-1.0, 0.0)
    with pytest.raises(ValueError, match="`log_range` must be finite and >= 0"):
        curve_dimension(-1.0)
    with pytest.raises(ValueError, match="`log_range` must be positive"):
        curve_spectrum(0.0)
    with pytest.raises(ValueError, match="`count` must be a whole number >= 1"):
        curve_spectrum(1.0, 0)
    with pytest.raises(ValueError, match="`count` must be a whole number >= 1"):
        curve_spectrum(1.0, np.nan)
    with pytest.raises(ValueError, match="`log_range` must be <= 1500"):
        curve_spectrum([1.0, 2000.0])
