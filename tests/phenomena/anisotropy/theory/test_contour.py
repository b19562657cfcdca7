import numpy as np
import pytest

from linnet.phenomena.anisotropy.theory import (
    PopulationSpectrum,
    contour,
    equivalent_risk,
    learning_curve,
    sample_contour,
    spiked_population,
)

SPIKED = spiked_population([5.0, -0.8], [0.6, 0.5])
POWER_LAW = PopulationSpectrum(
    np.geomspace(0.05, 20, 40), np.full(40, 1 / 40), np.linspace(1, 2, 40) / 60
)
POPULATIONS = [SPIKED, POWER_LAW, spiked_population(1e4, 0.6)]
RATIOS = [0.05, 0.5, 0.98, 1.02, 2.0, 20.0]


def single(found, values):
    """Mean of a function along every eigenvalue, null space not included."""
    return ((values * found.weights) @ found.resolvent).real


def double(found, values):
    power = found.spectrum.target_power
    return found.risk_form(values[None, None], power[None])[0, 0]


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("population", POPULATIONS)
def test_the_first_moments_of_a_sample_covariance_are_exact(population, ratio):
    found = sample_contour(population, ratio)
    z, eigenvalues = found.points, population.eigenvalues
    trace = ratio * population.shares @ eigenvalues
    rounding = 1e-10 * eigenvalues.max()
    everything = single(found, np.ones_like(z)) + found.null_resolvent
    np.testing.assert_allclose(everything, 1, rtol=1e-10)
    np.testing.assert_allclose(single(found, z), eigenvalues, atol=rounding)
    second = eigenvalues * (eigenvalues + trace)
    np.testing.assert_allclose(
        single(found, z**2), second, rtol=1e-9, atol=rounding * eigenvalues.max()
    )


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("population", POPULATIONS)
def test_ridge_regression_is_one_function_among_others(population, ratio):
    # The contour knows no effective ridge, and the effective ridge no contour.
    ridge, noise = 0.3, 0.7
    found = sample_contour(population, ratio)
    gain = 1 / (found.points + ridge)
    left = ridge * gain
    expected = equivalent_risk(
        population.eigenvalues,
        population.target_power,
        1,
        ridge,
        noise,
        ratio * population.shares,
    )
    variance = noise**2 * (found.variance_weights * found.points * gain**2).sum().real
    drive = found.drive_weights(population.target_power[None], np.array([noise]))[0]
    norm = (drive * gain**2).sum().real
    spare = (found.sample_weights * left**2).sum().real + found.sample_null
    signal = found.points * single_power(found)
    training = (signal * left**2).sum().real + noise**2 * spare
    np.testing.assert_allclose(double(found, left), expected.risk.bias, rtol=1e-8)
    np.testing.assert_allclose(variance, expected.risk.variance, rtol=1e-8)
    np.testing.assert_allclose(norm, expected.squared_norm, rtol=1e-8)
    np.testing.assert_allclose(training, expected.training_error, rtol=1e-8)


def single_power(found):
    return found.weights * (found.resolvent @ found.spectrum.target_power)


@pytest.mark.parametrize("ratio", [0.98, 2.0])
@pytest.mark.parametrize("population", POPULATIONS)
def test_two_contours_agree(population, ratio):
    few = sample_contour(population, ratio)
    many = sample_contour(population, ratio, nodes=3 * len(few.points))
    for time in (0.1, 3.0, 50.0):
        values = [double(at, np.exp(-at.points * time)) for at in (few, many)]
        np.testing.assert_allclose(*values, atol=1e-9 * population.signal_power)


def test_the_error_falls_exponentially_and_is_known():
    fine = sample_contour(SPIKED, 2.0)
    exact = double(fine, np.exp(-fine.points))
    found = [sample_contour(SPIKED, 2.0, nodes=nodes) for nodes in (6, 12, 24)]
    errors = [abs(double(at, np.exp(-at.points)) - exact) for at in found]
    assert errors[1] < errors[0] ** 1.5
    assert errors[2] < errors[1] ** 1.5
    for at, error in zip(found, errors, strict=True):
        assert error < 3 * at.error * SPIKED.signal_power


def test_few_nodes_are_enough_even_beside_the_interpolation_threshold():
    for ratio in (0.98, 1.02):
        found = sample_contour(SPIKED, ratio)
        assert len(found.points) < 110
        assert found.error <= 1e-10


@pytest.mark.parametrize("ratio", [0.5, 2.0])
@pytest.mark.parametrize("depth", [1, 2])
def test_zero_may_be_left_out_or_enclosed(monkeypatch, ratio, depth):
    given = {
        "aspect_ratio": ratio,
        "depth": depth,
        "noise": 0.7,
        "init_scale": 0.05 if depth == 2 else None,
    }
    times = np.geomspace(0.1, 100, 12)
    without = learning_curve(SPIKED, times, **given)
    monkeypatch.setattr(contour, "CLOSEST", 1.0)
    around = learning_curve(SPIKED, times, **given)
    assert without.contour.null is not None
    assert around.contour.null is None
    for name in ("signal", "variance", "training_error", "learned", "size"):
        pair = getattr(without, name), getattr(around, name)
        np.testing.assert_allclose(*pair, atol=3e-8)


def test_a_teacher_of_small_variances_beside_large_ones_cancels_nothing():
    eigenvalues, shares = np.array([1e6, 1.0]), np.array([0.1, 0.9])
    power = np.array([1e-8, 0.05])
    population = PopulationSpectrum(eigenvalues, shares, power)
    found = sample_contour(population, 0.5)
    weights = found.drive_weights(power[None], np.array([0.3]))
    trace = 0.5 * shares @ eigenvalues
    drive = power @ (eigenvalues**2 + eigenvalues * trace) + 0.09 * trace
    np.testing.assert_allclose(weights.sum().real, drive, rtol=1e-12)
    assert abs(weights).sum() < 10 * drive  # it was a million times as much
    times = np.array([1e-6, 1e-2, 3e3])
    given = {"aspect_ratio": 0.5, "noise": 0.3}
    two = learning_curve(population, times, depth=2, init_scale=5e-3, **given)
    one = learning_curve(population, times, **given)
    np.testing.assert_allclose(two.risk[-1], one.risk[-1], rtol=1e-5)


def test_a_contour_that_cannot_converge_says_so(monkeypatch):
    monkeypatch.setattr(contour, "MOST_NODES", 300)
    with pytest.raises(ArithmeticError, match="is not accurate to 1e-18 with"):
        sample_contour(SPIKED, 2.0, tolerance=1e-18)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"aspect_ratio": 0.0}, "`aspect_ratio` must be positive"),
        ({"nodes": 0}, "`nodes` must be a whole number >= 1"),
        ({"nodes": 2.5}, "`nodes` must be a whole number >= 1"),
        ({"tolerance": 0.0}, "`tolerance` must be positive"),
        ({"horizon": -1.0}, "`horizon` must be finite and >= 0"),
        ({"horizon": np.inf}, "`horizon` must be finite and >= 0"),
    ],
)
def test_arguments_out_of_range_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        sample_contour(SPIKED, **{"aspect_ratio": 2.0, **given})
