import numpy as np
import pytest

from linnet.numerics import participation_ratio
from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    flow_averages,
    geometric_participation,
    is_on_plateau,
    log_checkpoints,
    peak_folds,
    plateau_width,
    random_target_spectrum,
    regime_asymptotes,
    regime_slopes,
    uniform_checkpoints,
)


def flow_spectrum(slope, target_ratio, folds, modes=None):
    """Spectrum of a flow with n = sigma_0 = lambda_1 = 1 and enough modes."""
    folds = np.asarray(folds)[..., None]
    modes = modes or int((40 + np.log(max(folds.max(), 1))) / slope)
    variances = np.exp(-slope * np.arange(modes))
    averages = flow_averages(folds * variances)
    return variances * (averages.start + target_ratio**2 * averages.target)


@pytest.mark.parametrize("slope", [0.1, 0.5, 2.0])
def test_the_four_regimes_have_slopes_zero_one_one_and_three(slope):
    variances = np.exp(-slope * np.arange(6))
    slopes = regime_slopes(slope)
    for folds, name in ((1e8, "learned"), (1e-4, "unlearned")):
        averages = flow_averages(folds * variances)
        for part in ("start", "target"):
            falls = -np.diff(np.log(variances * getattr(averages, part)))
            expected = getattr(slopes, f"{part}_{name}")
            np.testing.assert_allclose(falls, expected, atol=2e-3 * slope)


def test_spectra_tend_to_their_asymptotes():
    given = (7, 2.0, 3.0)
    for count, variances, error in (
        (10**5, np.array([1.9, 1.0, 0.02]), 1e-12),
        (50, np.array([1e-7, 1e-8]), 1e-5),
    ):
        found = regime_asymptotes(variances, *given, 1.0, count)
        method, when = GradientDescent(1.0), uniform_checkpoints(count)
        start = random_target_spectrum(variances, 7, 2.0, 0.0, method, when)
        target = random_target_spectrum(variances, 7, 0.0, 3.0, method, when)
        learned = count > 100
        near = found.start_learned if learned else found.start_unlearned
        np.testing.assert_allclose(start, near, rtol=error)
        near = found.target_learned if learned else found.target_unlearned
        np.testing.assert_allclose(target, near, rtol=error)


@pytest.mark.statistical
def test_descent_on_samples_shows_a_flat_plateau_of_starts_and_a_slope_of_targets():
    slope, n, d, runs, count, rate = 0.6, 16, 9, 600, 400, 0.9
    generator = np.random.default_rng(5)
    left, _ = np.linalg.qr(generator.normal(size=(n, d)))
    variances = np.exp(-slope * np.arange(d))
    inputs = np.sqrt(n) * left * np.sqrt(variances)
    for scale, expected, wrong in ((0.0, 0.0, slope), (50.0, slope, 0.0)):
        weights = generator.normal(size=(d, runs))
        labels = inputs @ (scale * generator.normal(size=(d, runs)))
        squares = np.zeros((d, runs))
        for _ in range(count):
            squares += (left.T @ (inputs @ weights)) ** 2 / count
            weights = weights - rate * inputs.T @ (inputs @ weights - labels) / n
        learned = squares[1:6]  # z from 200 down to 18, x below one half
        logs = np.log(learned.mean(1))
        index = np.arange(5) - 2.0
        falls = -(index @ logs) / (index @ index)
        noise = learned.std(1) / learned.mean(1) / np.sqrt(runs)
        error = np.sqrt((index**2) @ noise**2) / (index @ index)
        exact = random_target_spectrum(
            variances, n, 1.0, scale, GradientDescent(rate), uniform_checkpoints(count)
        )
        bend = -(index @ np.log(exact[1:6])) / (index @ index)
        assert abs(bend - expected) < 0.15 * slope  # not yet the limit
        assert abs(falls - bend) < 4 * error
        assert abs(falls - wrong) > 10 * error


def test_the_plateau_is_as_wide_as_its_modes_are_many():
    slope, modes = 0.05, np.arange(1200)
    for folds, ratio in ((1e6, 0.1), (1e6, 1e-4), (1e3, 0.9), (1e2, 1.0), (0.1, 0.1)):
        inside = is_on_plateau(folds * np.exp(-slope * modes), ratio)
        width = plateau_width(slope, folds, ratio)
        assert abs(inside.sum() - width) <= 1
    late = plateau_width(slope, np.array([1e5, 1e9]), 0.1)
    np.testing.assert_allclose(late, np.log(100) / slope, rtol=1e-12)
    np.testing.assert_allclose(plateau_width(0.5, 1e3, 0.0), np.log(2e3) / 0.5)


def test_modes_on_the_plateau_are_equally_wide():
    variances = np.exp(-0.5 * np.arange(80))
    spectrum = flow_spectrum(0.5, 1e-4, 1e6, 80)
    inside = np.flatnonzero(is_on_plateau(1e6 * variances, 1e-4))[6:-6]
    assert len(inside) > 10
    np.testing.assert_allclose(spectrum[inside], 0.5e-6, rtol=0.05)


@pytest.mark.parametrize(
    ("ratio", "peak", "ends_at"),
    [
        (1.0, 4.83, 2.01), (0.3, 7.36, 1.53), (0.1, 11.2, 1.24),
        (0.03, 15.85, 1.06), (0.01, 20.2, 0.98), (0.001, 29.3, 0.91),
    ],
)  # fmt: skip
def test_the_dimension_peaks_when_the_first_mode_meets_its_target(ratio, peak, ends_at):
    folds = peak_folds(ratio) * np.geomspace(0.3, 5, 301)
    found = participation_ratio(flow_spectrum(0.5, ratio, folds))
    best = int(np.argmax(found))
    assert 0 < best < 300
    np.testing.assert_allclose(found[best], peak, rtol=5e-3)
    np.testing.assert_allclose(folds[best] / peak_folds(ratio), ends_at, rtol=0.02)


@pytest.mark.parametrize("ratio", [0.01, 0.3, 1.0])
def test_the_dimension_ends_where_it_starts(ratio):
    for slope in (0.2, 0.5, 2.0):
        expected = geometric_participation(slope)
        for folds in (1e-7, 1e12):
            found = participation_ratio(flow_spectrum(slope, ratio, folds))
            np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("ratio", "uniform", "log"),
    [(0.0, 23.1, 9.2), (0.1, 4.23, 7.87), (1.0, 4.08, 3.94)],
)
def test_the_spacing_of_checkpoints_moves_the_dimension_either_way(ratio, uniform, log):
    variances = np.exp(-0.5 * np.arange(200))
    for checkpoints, expected in (
        (uniform_checkpoints(20_000), uniform),
        (log_checkpoints(19_999, 60), log),
    ):
        spectrum = random_target_spectrum(
            variances, 1, 1.0, ratio, GradientDescent(1.0), checkpoints
        )
        found = participation_ratio(spectrum)
        np.testing.assert_allclose(found, expected, rtol=3e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: regime_slopes(0.0), "`slope` must be positive"),
        (
            lambda: regime_asymptotes(np.ones(1), 1, 1.0, 1.0, 2.0, 3),
            "`learning_rate` must be < 2, but is 2",
        ),
        (
            lambda: regime_asymptotes(np.ones(1), 1, 1.0, 1.0, 1.0, 0),
            "`count` must be a whole number >= 1",
        ),
        (
            lambda: regime_asymptotes(np.ones(1), 1, -1.0, 1.0, 1.0, 3),
            "`init_deviation` must be finite and >= 0",
        ),
        (lambda: is_on_plateau(-1.0, 0.1), "`folds` must be finite and >= 0"),
        (lambda: is_on_plateau(1.0, -0.1), "`target_ratio` must be finite and >= 0"),
        (lambda: plateau_width(0.0, 1.0, 1.0), "`slope` must be positive"),
        (lambda: plateau_width(1.0, np.nan, 1.0), "`folds` must be finite"),
        (lambda: peak_folds(0.0), "`target_ratio` must be positive"),
    ],
)
def test_what_has_no_regime_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
