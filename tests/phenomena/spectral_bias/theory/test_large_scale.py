import numpy as np
import plain_training as plain
import pytest

from linnet.network import IsotropicFirstLayer
from linnet.phenomena.spectral_bias import theory

MOMENTS = plain.moments(4, n=20, d=4, k=2)


def products(gamma, times):
    start = IsotropicFirstLayer(gamma).weights((4, 5, 2), np.random.default_rng(0))
    return np.array([b @ a for a, b in plain.flow(start, MOMENTS, times)])


def test_the_error_of_the_lazy_limit_falls_as_the_inverse_square_of_the_scale():
    errors = []
    for gamma in (30.0, 300.0):
        times = np.array([0.3, 1.0, 3.0]) / gamma
        gap = products(gamma, times) - theory.lazy_product(MOMENTS, gamma, times)
        errors.append(np.abs(gap).max())
    assert errors[0] / errors[1] == pytest.approx(100, rel=0.05)


def test_the_lazy_product_goes_from_zero_to_the_solution():
    ends = theory.lazy_product(MOMENTS, 2.0, np.array([0.0, 1e4]))
    np.testing.assert_array_equal(ends[0], np.zeros((2, 4)))
    np.testing.assert_allclose(ends[1], theory.end_to_end_limit(MOMENTS), atol=1e-12)


@pytest.mark.parametrize("gamma", [0.01, 1.0, 100.0])
def test_the_loss_stays_below_its_bound(gamma):
    times = np.geomspace(1e-3, 20.0, 20) / gamma
    losses = np.array([MOMENTS.excess_risk(w) for w in products(gamma, times)])
    share = losses / MOMENTS.excess_risk(np.zeros((2, 4)))
    bound = theory.excess_loss_bound(MOMENTS, gamma, times)
    assert (share <= bound * (1 + 1e-9)).all()
    # Tight where it should be: late, at large scale. Twice the rate would be too much.
    assert gamma < 100 or share[-1] > bound[-1] ** 2


def test_the_bound_counts_the_smallest_variance_that_is_not_zero():
    flat = plain.moments(1, n=2, d=4, k=2)
    smallest = flat.spectrum()[1]
    said = theory.excess_loss_bound(flat, 2.0, np.array([0.5]))
    np.testing.assert_allclose(said, np.exp(-2 * smallest), rtol=1e-12)


def test_bad_input_is_refused():
    for law in (theory.lazy_product, theory.excess_loss_bound):
        with pytest.raises(ValueError, match="`gamma` must be positive"):
            law(MOMENTS, -1.0, np.ones(1))
        with pytest.raises(ValueError, match="`times` must be finite and >= 0"):
            law(MOMENTS, 1.0, -np.ones(1))
