import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import (
    Estimate,
    geometric_spectrum,
    haar_frame,
    power_law_spectrum,
)
from linnet.task import (
    Covariance,
    geometric_covariance,
    given_covariance,
    isotropic_covariance,
    power_law_covariance,
    spiked_covariance,
)

seeds = st.integers(0, 2**32 - 1)


def test_isotropic_covariance_is_a_multiple_of_the_identity():
    np.testing.assert_array_equal(
        isotropic_covariance(3, 2.5).matrix(), 2.5 * np.eye(3)
    )


@given(seed=seeds, d=st.integers(1, 8), strength=st.floats(-0.999, 1e6))
def test_spiked_covariance_is_identity_plus_one_direction(seed, d, strength):
    direction = np.random.default_rng(seed).standard_normal(d)
    covariance = spiked_covariance(d, strength, 7.0 * direction)
    u = direction / np.linalg.norm(direction)
    expected = np.eye(d) + strength * np.outer(u, u)
    tolerance = 1e-13 * (1 + abs(strength))
    np.testing.assert_allclose(covariance.matrix(), expected, atol=tolerance)
    assert np.all(np.diff(covariance.eigenvalues) <= 0)


def test_the_default_spike_is_the_first_axis():
    matrix = spiked_covariance(3, 4.0).matrix()
    np.testing.assert_allclose(matrix, np.diag([5.0, 1, 1]), atol=1e-15)


@given(
    seed=seeds,
    d=st.integers(1, 8),
    strengths=st.lists(st.floats(-0.999, 1e4), min_size=1, max_size=8),
)
def test_several_spikes_add_up(seed, d, strengths):
    rho = np.array(strengths[:d])
    rows = haar_frame(d, len(rho), np.random.default_rng(seed)).T
    covariance = spiked_covariance(d, rho, rows)
    expected = np.eye(d) + (rows.T * rho) @ rows
    tolerance = 1e-12 * (1 + np.abs(rho).max())
    np.testing.assert_allclose(covariance.matrix(), expected, atol=tolerance)
    assert np.all(np.diff(covariance.eigenvalues) <= 0)
    one = spiked_covariance(d, rho[:1], rows[:1]).matrix()
    np.testing.assert_allclose(
        one, spiked_covariance(d, rho[0], rows[0]).matrix(), atol=tolerance
    )


def test_several_default_spikes_are_the_first_axes():
    matrix = spiked_covariance(4, np.array([2.0, -0.5, 6.0])).matrix()
    np.testing.assert_allclose(matrix, np.diag([3.0, 0.5, 7, 1]), atol=1e-15)


@pytest.mark.statistical
def test_samples_of_spikes_have_this_covariance():
    rng = np.random.default_rng(6)
    covariance = spiked_covariance(5, np.array([8.0, -0.9]), haar_frame(5, 2, rng).T)
    x = covariance.sample(40_000, rng)
    second = Estimate.from_samples(np.einsum("ni,nj->nij", x, x))
    assert np.abs(second.z(covariance.matrix())).max() < 4
    # The tempting x = z + sqrt|rho| z_0 u would add the dip instead of removing it.
    dip = covariance.basis[:, -1]
    wrong = covariance.matrix() + 1.8 * np.outer(dip, dip)
    assert np.abs(second.z(wrong)).max() > 10


def test_spikes_are_stretched_out_of_a_white_draw():
    covariance = spiked_covariance(6, np.array([8.0, -0.9]))
    x = covariance.sample(3, np.random.default_rng(2))
    white = np.random.default_rng(2).standard_normal((3, 6))
    np.testing.assert_allclose(
        x, white * np.sqrt([9, 0.1, 1, 1, 1, 1]), rtol=1e-14, atol=1e-15
    )


@pytest.mark.parametrize("length", [1e-200, 1e200])
def test_the_length_of_the_direction_does_not_matter(length):
    u = np.array([3.0, 4.0])
    np.testing.assert_allclose(
        spiked_covariance(2, 2.0, length * u).matrix(),
        spiked_covariance(2, 2.0, u).matrix(),
        rtol=1e-14,
    )


@pytest.mark.parametrize(
    ("build", "spectrum"),
    [
        (geometric_covariance, geometric_spectrum(6, 50.0)),
        (power_law_covariance, power_law_spectrum(6, 50.0)),
    ],
)
def test_spectrum_is_the_planted_one_in_any_orientation(build, spectrum):
    diagonal = build(6, 50.0)
    np.testing.assert_array_equal(diagonal.matrix(), np.diag(spectrum))
    rotated = build(6, 50.0, np.random.default_rng(0)).matrix()
    np.testing.assert_allclose(np.linalg.eigvalsh(rotated)[::-1], spectrum, atol=1e-14)
    assert np.abs(rotated - np.diag(np.diag(rotated))).max() > 0.01


@given(seed=seeds, d=st.integers(1, 8), rank=st.integers(1, 8))
def test_a_given_matrix_is_returned(seed, d, rank):
    root = np.random.default_rng(seed).standard_normal((d, rank))
    matrix = root @ root.T
    covariance = given_covariance(matrix)
    np.testing.assert_allclose(covariance.matrix(), matrix, atol=1e-12 * matrix.max())
    assert np.all(covariance.eigenvalues >= 0)
    assert np.all(np.diff(covariance.eigenvalues) <= 0)


@pytest.mark.statistical
def test_samples_have_this_covariance_and_no_mean():
    rng = np.random.default_rng(5)
    covariance = geometric_covariance(4, 30.0, rng)
    x = covariance.sample(40_000, rng)
    second = Estimate.from_samples(np.einsum("ni,nj->nij", x, x))
    assert np.abs(second.z(covariance.matrix())).max() < 4
    assert np.abs(second.z(2 * covariance.matrix())).max() > 10
    assert np.abs(Estimate.from_samples(x).z(0.0)).max() < 4
    # Gaussian: the fourth moment is three times the squared second one.
    along = x @ covariance.basis[:, 0]
    fourth = Estimate.from_samples(along**4)
    assert abs(fourth.z(3 * covariance.eigenvalues[0] ** 2)) < 4
    assert abs(fourth.z(9 / 5 * covariance.eigenvalues[0] ** 2)) > 10  # uniform


def test_samples_of_a_degenerate_covariance_stay_in_its_range():
    direction = np.array([3.0, 4.0]) / 5
    covariance = given_covariance(np.outer(direction, direction))
    x = covariance.sample(50, np.random.default_rng(0))
    np.testing.assert_allclose(x @ [4.0, -3.0], 0, atol=1e-6)


def test_the_same_generator_state_gives_the_same_samples():
    draws = [isotropic_covariance(3).sample(4, np.random.default_rng(9)) for _ in "ab"]
    np.testing.assert_array_equal(*draws)


def test_covariance_is_a_value_of_its_own():
    eigenvalues = np.ones(2)
    covariance = Covariance(eigenvalues, np.eye(2))
    eigenvalues[0] = 5
    assert covariance.eigenvalues[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        covariance.eigenvalues[0] = 2


TWO = np.ones(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: isotropic_covariance(0), "`d` must be >= 1, but is 0"),
        (lambda: isotropic_covariance(2, 0.0), "`variance` must be positive"),
        (lambda: isotropic_covariance(2, np.nan), "`variance` must be positive"),
        (lambda: spiked_covariance(0, 1.0), "`d` must be >= 1, but is 0"),
        (lambda: spiked_covariance(2, -1.0), "must be finite and > -1, but is -1.0"),
        (lambda: spiked_covariance(2, np.inf), "must be finite and > -1"),
        (lambda: spiked_covariance(3, 1.0, TWO), r"shape \(3,\), but has \(2,\)"),
        (lambda: spiked_covariance(2, 1.0, 0 * TWO), "finite and not zero"),
        (lambda: spiked_covariance(2, 1.0, np.nan * TWO), "finite and not zero"),
        (lambda: spiked_covariance(2, -TWO), "must be finite and > -1, but is -1.0"),
        (lambda: spiked_covariance(1, TWO), r"1 to d = 1 of them, .* shape \(2,\)"),
        (lambda: spiked_covariance(2, TWO[:0]), r"1 to d = 2 of them, .*\(0,\)"),
        (lambda: spiked_covariance(2, np.eye(2)), r"number or hold .* shape \(2, 2\)"),
        (lambda: spiked_covariance(3, TWO, np.eye(3)), r"\(2, 3\), a row .*\(3, 3\)"),
        (lambda: spiked_covariance(2, TWO, 2 * np.eye(2)), "orthonormal rows.*qr"),
        (lambda: spiked_covariance(2, TWO, np.nan * np.eye(2)), "orthonormal rows"),
        (lambda: power_law_covariance(3, -1.0), "`exponent` must be"),
        (lambda: geometric_covariance(3, 0.1), "`condition` must be"),
        (lambda: isotropic_covariance(2).sample(0, None), "`n` must be >= 1"),
        (lambda: Covariance(TWO, np.eye(3)), r"but have \(2,\) and \(3, 3\)"),
        (lambda: Covariance(-TWO, np.eye(2)), "finite and >= 0, but holds -1"),
        (lambda: Covariance(TWO * np.nan, np.eye(2)), "but holds nan"),
        (lambda: Covariance(TWO, 2 * np.eye(2)), "orthonormal columns, but its Gram"),
        (lambda: Covariance(TWO, np.nan * np.eye(2)), "orthonormal columns"),
        (lambda: given_covariance(np.ones((2, 3))), r"square \(d, d\).*\(2, 3\)"),
        (lambda: given_covariance(np.diag([1, np.nan])), r"entry \[1, 1\] is nan"),
        (lambda: given_covariance(np.diag([1, -0.25])), "the eigenvalue -0.25"),
        (lambda: given_covariance(-np.eye(2)), "the eigenvalue -1"),
        (
            lambda: given_covariance(np.array([[1.0, 0.5], [0.0, 1.0]])),
            "differs from its transpose by 0.5",
        ),
    ],
)
def test_an_impossible_covariance_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
