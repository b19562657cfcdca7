import numpy as np
import pytest

from linnet.numerics import Estimate
from linnet.phenomena.anisotropy.theory import drive_overlap, mean_square_drive
from linnet.task import Moments, Teacher, population_moments, spiked_covariance


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
    assert abs(squares.z(mean_square_drive(moments, n))) < 4
    assert abs(squares.z(np.sum(moments.yx**2))) > 10  # the population's own
    without = mean_square_drive(moments, n) - np.sum(moments.yx**2) / n
    assert abs(squares.z(without)) > 10  # forgets that the same samples meet twice


@pytest.mark.statistical
def test_the_overlap_is_the_inverse_of_the_growth_up_to_the_inverse_size():
    n, d = 200, 300
    moments = population(d, 3.0, 0.5, 1.0)
    drives = drawn(np.random.default_rng(0), 200, n, d, 3.0, 0.5, 1.0)
    u = moments.yx[0] / np.linalg.norm(moments.yx)
    cosines = Estimate.from_samples(drives @ u / np.linalg.norm(drives, axis=1))
    said = drive_overlap(moments, n)
    assert abs(cosines.value - said) < 4 * cosines.stderr + 2 / n
    isotropic = drive_overlap(population(d, 0.0, 0.5, 1.0), n)
    np.testing.assert_allclose(
        isotropic, 1 / np.sqrt(1 + 1.5 * (1 + 1 / 4)), atol=1 / n
    )
    assert abs(cosines.z(isotropic)) > 10


def test_infinitely_many_samples_are_the_population():
    moments = population(5, 3.0, 0.5, 1.0)
    counts = np.array([10**3, 10**12])
    np.testing.assert_allclose(drive_overlap(moments, counts)[1], 1, rtol=1e-10)
    assert mean_square_drive(moments, counts).shape == (2,)


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
        drive_overlap(moments, n)
