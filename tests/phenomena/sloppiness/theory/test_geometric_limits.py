import numpy as np
import pytest

from linnet.numerics import explained_variance, participation_ratio
from linnet.phenomena.sloppiness.theory import (
    critical_slope,
    flow_averages,
    geometric_explained,
    geometric_participation,
    zero_target_participation,
    zero_target_total,
)


def flow_spectrum(slope, target_ratio, folds, modes=None):
    """Spectrum of a flow with n = sigma_0 = lambda_1 = 1 and enough modes."""
    folds = np.asarray(folds)[..., None]
    modes = modes or int((40 + np.log(max(folds.max(), 1))) / slope)
    variances = np.exp(-slope * np.arange(modes))
    averages = flow_averages(folds * variances)
    return variances * (averages.start + target_ratio**2 * averages.target)


@pytest.mark.parametrize("slope", [0.2, 1.0])
def test_geometric_spectra_are_explained_as_their_limit_says(slope):
    spectrum = np.exp(-slope * np.arange(300))
    k = np.arange(1, 6)
    np.testing.assert_allclose(
        explained_variance(spectrum)[:5], geometric_explained(slope, k), rtol=1e-12
    )
    np.testing.assert_allclose(
        participation_ratio(spectrum), geometric_participation(slope), rtol=1e-12
    )


def test_the_critical_slope_is_where_the_fraction_is_reached():
    fraction, dimensions = np.array([[0.5], [0.95]]), np.array([1, 3, 10])
    slope = critical_slope(fraction, dimensions)
    np.testing.assert_allclose(
        geometric_explained(slope, dimensions), fraction + 0 * slope, rtol=1e-13
    )
    np.testing.assert_allclose(
        critical_slope(0.95, 3, early=True), np.log(20) / 9, rtol=1e-13
    )


def test_early_and_strong_targets_need_a_third_of_the_slope():
    slope = float(critical_slope(0.95, 3, early=True))
    for factor, enough in ((0.98, False), (1.02, True)):
        spectrum = flow_spectrum(factor * slope, 1e9, 1e-5)
        assert (explained_variance(spectrum)[2] >= 0.95) == enough


@pytest.mark.parametrize(("slope", "error"), [(0.5, 1e-9), (0.8, 3e-6), (1.2, 3e-4)])
def test_without_targets_the_dimension_grows_with_the_logarithm_of_time(slope, error):
    for folds in (1e2, 1e4, 1e6):
        spectrum = flow_spectrum(slope, 0.0, folds)
        total = zero_target_total(3, 2.0, slope, 1.0, folds)
        np.testing.assert_allclose(12 * spectrum.sum(), total, rtol=error)
        found = participation_ratio(spectrum)
        expected = zero_target_participation(slope, folds)
        np.testing.assert_allclose(found, expected, rtol=error)
        length = np.log(2 * folds) + np.euler_gamma
        leading = length**2 / (slope * (length - np.log(2))) + 0.5
        assert abs(found - leading) < 0.01


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: geometric_participation(-1.0), "`slope` must be positive"),
        (lambda: geometric_explained(1.0, 0), "`dimensions` must be a whole number"),
        (lambda: critical_slope(1.0, 1), r"`fraction` must lie in \(0, 1\)"),
        (lambda: critical_slope(0.5, 1.5), "`dimensions` must be a whole number"),
        (lambda: zero_target_participation(1.0, 0.5), "`folds` must be >= 1, but is"),
        (lambda: zero_target_total(1, 1.0, 1.0, 0.0, 1.0), "`variance` must be pos"),
        (lambda: zero_target_total(1, 1.0, 1.0, 1.0, np.inf), "`duration` must be pos"),
    ],
)
def test_what_has_no_limit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
