import numpy as np
import pytest

from linnet.phenomena.sloppiness.theory import input_directions
from linnet.phenomena.sloppiness.theory.directions import with_still
from linnet.task import Moments


def inputs(seed=0, n=12, d=5):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) * np.geomspace(1, 0.01, d)


@pytest.mark.parametrize("n", [3, 5, 12])
def test_directions_diagonalize_the_moment_and_span_the_inputs(n):
    given = inputs(n=n)
    found = input_directions(given)
    v, rate = found.basis, found.variances
    assert len(rate) == min(n, 5)
    assert (np.diff(rate) < 0).all()
    np.testing.assert_allclose(v.T @ v, np.eye(len(rate)), atol=1e-12)
    np.testing.assert_allclose((v * rate) @ v.T, given.T @ given / n, atol=1e-14)
    np.testing.assert_allclose(given @ v @ v.T, given, atol=1e-12)
    of_moments = input_directions(Moments.of_data(given, given[:, :1]))
    np.testing.assert_allclose(of_moments.variances, rate, rtol=1e-9)
    assert of_moments.n == n


@pytest.mark.parametrize(("n", "d"), [(8, 15), (15, 8)])
def test_slow_directions_keep_their_digits_as_squares_would_not(n, d):
    rng = np.random.default_rng(0)
    left = np.linalg.qr(rng.standard_normal((n, 8)))[0]
    right = np.linalg.qr(rng.standard_normal((d, 8)))[0]
    sizes = np.geomspace(1, 1e-9, 8)
    found = input_directions(np.sqrt(n) * left * sizes @ right.T)
    np.testing.assert_allclose(found.variances, sizes**2, rtol=1e-5)
    np.testing.assert_allclose(found.basis.T @ found.basis, np.eye(8), atol=1e-13)
    of_squares = np.linalg.eigvalsh((left * sizes**2) @ left.T)[::-1][:8]
    assert np.abs(of_squares / sizes**2 - 1).max() > 0.1


def test_coordinates_of_weights_come_by_mode_and_output():
    found = input_directions(inputs())
    weights = np.random.default_rng(1).standard_normal((4, 2, 5))
    np.testing.assert_allclose(
        found.coordinates(weights),
        np.einsum("akd,di->aik", weights, found.basis),
        rtol=1e-12,
    )


def test_still_directions_complete_the_basis_or_hold_given_vectors():
    found = input_directions(inputs(n=3))
    rates, basis = with_still(found.variances, found.basis)
    np.testing.assert_allclose(basis.T @ basis, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(rates[3:], 1e-40 * rates[0])
    inside = inputs(n=3)
    beside = np.random.default_rng(2).standard_normal((1, 5))
    rates, basis = with_still(found.variances, found.basis, np.vstack([inside, beside]))
    assert basis.shape == (5, 4)
    np.testing.assert_allclose(basis.T @ basis, np.eye(4), atol=1e-12)
    np.testing.assert_allclose(beside @ basis @ basis.T, beside, atol=1e-12)
    assert with_still(found.variances, found.basis, inside)[1].shape == (5, 3)


def test_inputs_without_directions_are_refused():
    with pytest.raises(ValueError, match="`inputs` must not vanish"):
        input_directions(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"must have shape \(n, d\), but has \(3,\)"):
        input_directions(np.ones(3))
    with pytest.raises(ValueError, match="`inputs` must be finite"):
        input_directions(np.array([[np.nan]]))
    population = Moments(np.eye(2), np.ones((1, 2)), 2 * np.eye(1))
    with pytest.raises(ValueError, match="are those of a population"):
        input_directions(population)
    with pytest.raises(ValueError, match=r"`weights` must have shape \(..., k, 5\)"):
        input_directions(inputs()).coordinates(np.ones(5))
