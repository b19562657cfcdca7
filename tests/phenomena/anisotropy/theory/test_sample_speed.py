import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import Estimate
from linnet.phenomena.anisotropy.theory import (
    mean_squared_speed,
    population_direction_overlap,
    population_squared_speed,
    sample_direction_overlap,
    spike_plane,
)
from linnet.task import Moments, Teacher, population_moments, spiked_covariance

NOISE = 0.7


def sampled(n, d, rho, cosine, sets):
    """Squared speed on the data, and its cosine with the population's direction."""
    rng = np.random.default_rng(0)
    beta = np.r_[cosine, np.sqrt(1 - cosine**2), np.zeros(d - 2)]
    spectrum = np.r_[1 + rho, np.ones(d - 1)]
    inputs = rng.normal(size=(sets, n, d)) * np.sqrt(spectrum)
    targets = inputs @ beta + NOISE * rng.normal(size=(sets, n))
    drive = np.einsum("snd,sn->sd", inputs, targets) / n
    squared = (drive**2).sum(1)
    toward = spectrum * beta / np.linalg.norm(spectrum * beta)
    return squared, drive @ toward / np.sqrt(squared)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("n", "d", "rho", "cosine"),
    [(1, 3, 2.0, 0.6), (5, 12, 6.0, 0.4), (20, 6, -0.8, 0.9)],
)
def test_the_mean_squared_speed_is_exact_at_any_size(n, d, rho, cosine):
    squared, _ = sampled(n, d, rho, cosine, 20000)
    error = squared.std(ddof=1) / np.sqrt(len(squared))
    said = mean_squared_speed(n, d, rho, cosine, 1.0, NOISE)
    assert abs(squared.mean() - said) < 4 * error
    # Wrong: the population's.
    population = spike_plane(rho, cosine).drive ** 2
    assert abs(squared.mean() - population) > 10 * error


@pytest.mark.statistical
@pytest.mark.parametrize("ratio", [0.5, 3.0])
def test_the_direction_is_off_by_as_much_as_the_speed(ratio):
    n = 200
    d = int(ratio * n)
    _, cosine = sampled(n, d, 3.0, 0.5, 150)
    error = cosine.std(ddof=1) / np.sqrt(len(cosine))
    said = sample_direction_overlap(n, d, 3.0, 0.5, 1.0, NOISE)
    assert abs(cosine.mean() - said) < 4 * error + said / n
    assert abs(cosine.mean() - said**2) > 10 * error


@given(ratio=st.floats(0.1, 10), noise=st.floats(0, 3), size=st.floats(0.1, 10))
def test_without_a_spike_the_overlap_has_a_closed_form(ratio, noise, size):
    n = 10**7
    d = int(ratio * n)
    said = sample_direction_overlap(n, d, 0.0, 0.3, size, noise)
    closed = 1 / np.sqrt(1 + ratio * (1 + noise**2 / size**2))
    assert said == pytest.approx(closed, rel=1e-6)


def test_many_samples_have_the_speed_of_the_population():
    n = np.array([10**3, 10**6, 10**9])
    speed = np.sqrt(mean_squared_speed(n, 10, 4.0, 0.5, 2.0, NOISE))
    gap = speed / spike_plane(4.0, 0.5, 2.0).drive - 1
    np.testing.assert_allclose(gap[:-1] / gap[1:], 1000, rtol=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 0}, "`n` must be a whole number >= 1"),
        ({"d": 0}, "`d` must be a whole number >= 1"),
        ({"spike_strength": -1.0}, "`spike_strength` must be finite and > -1"),
        ({"alignment": -1.2}, "`alignment` must lie in"),
        ({"norm": 0.0}, "`norm` must be positive"),
        ({"d": 1}, "`alignment` must be -1 or 1 where `d` is 1, but is 0.5"),
        ({"noise": -1.0}, "`noise` must be finite and >= 0"),
    ],
)
def test_what_no_data_set_has_is_refused(change, message):
    given_ = {"n": 5, "d": 9, "spike_strength": 1.0, "alignment": 0.5} | change
    for function in (mean_squared_speed, sample_direction_overlap):
        with pytest.raises(ValueError, match=message):
            function(**given_)


def population(d, rho, cosine, noise):
    beta = np.zeros((1, d))
    beta[0, :2] = cosine, np.sqrt(1 - cosine**2)
    return population_moments(spiked_covariance(d, rho), Teacher(2 * beta, noise))


def drawn(rng, sets, n, d, rho, cosine, noise):
    """Drives X^T y / n of many data sets, in plain NumPy."""
    x = rng.standard_normal((sets, n, d)) * np.sqrt([1 + rho] + [1] * (d - 1))
    y = 2 * (cosine * x[..., 0] + np.sqrt(1 - cosine**2) * x[..., 1])
    y += noise * rng.standard_normal((sets, n))
    return np.einsum("sni,sn->si", x, y) / n


@pytest.mark.statistical
@pytest.mark.parametrize(("n", "d", "rho"), [(1, 3, 4.0), (5, 8, 4.0), (20, 4, -0.5)])
def test_the_mean_square_is_exact_at_every_size(n, d, rho):
    drives = drawn(np.random.default_rng(n), 100_000, n, d, rho, 0.6, 0.7)
    squares = Estimate.from_samples(np.sum(drives**2, axis=1))
    moments = population(d, rho, 0.6, 0.7)
    assert abs(squares.z(population_squared_speed(moments, n))) < 4
    assert abs(squares.z(np.sum(moments.yx**2))) > 10  # the population's own
    without = population_squared_speed(moments, n) - np.sum(moments.yx**2) / n
    assert abs(squares.z(without)) > 10  # forgets that the same samples meet twice


@pytest.mark.statistical
def test_the_overlap_is_the_inverse_of_the_growth_up_to_the_inverse_size():
    n, d = 200, 300
    moments = population(d, 3.0, 0.5, 1.0)
    drives = drawn(np.random.default_rng(0), 200, n, d, 3.0, 0.5, 1.0)
    u = moments.yx[0] / np.linalg.norm(moments.yx)
    cosines = Estimate.from_samples(drives @ u / np.linalg.norm(drives, axis=1))
    said = population_direction_overlap(moments, n)
    assert abs(cosines.value - said) < 4 * cosines.stderr + 2 / n
    isotropic = population_direction_overlap(population(d, 0.0, 0.5, 1.0), n)
    np.testing.assert_allclose(
        isotropic, 1 / np.sqrt(1 + 1.5 * (1 + 1 / 4)), atol=1 / n
    )
    assert abs(cosines.z(isotropic)) > 10


def test_infinitely_many_samples_are_the_population():
    moments = population(5, 3.0, 0.5, 1.0)
    counts = np.array([10**3, 10**12])
    np.testing.assert_allclose(
        population_direction_overlap(moments, counts)[1], 1, rtol=1e-10
    )
    assert population_squared_speed(moments, counts).shape == (2,)


@pytest.mark.parametrize(
    ("moments", "n", "message"),
    [
        (population(3, 1.0, 0.5, 0.0), 0, "whole number >= 1, but is 0"),
        (population(3, 1.0, 0.5, 0.0), 2.5, "whole number >= 1, but is 2.5"),
        (Moments(np.eye(2), np.eye(2), np.eye(2)), 5, "one output, but has 2"),
        (Moments(np.eye(2), np.zeros((1, 2)), np.zeros((1, 1))), 5, "no direction"),
    ],
)
def test_what_has_no_drive_is_refused(moments, n, message):
    with pytest.raises(ValueError, match=message):
        population_direction_overlap(moments, n)


def test_moments_of_one_spike_have_the_speed_of_its_numbers():
    n, d = np.array([1, 7, 50]), 6
    moments = population(d, 3.0, 0.5, 0.7)
    for by_moments, by_numbers in (
        (population_squared_speed, mean_squared_speed),
        (population_direction_overlap, sample_direction_overlap),
    ):
        np.testing.assert_allclose(
            by_moments(moments, n), by_numbers(n, d, 3.0, 0.5, 2.0, 0.7), rtol=1e-12
        )
