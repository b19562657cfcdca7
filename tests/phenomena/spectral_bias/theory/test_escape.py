import numpy as np
import pytest
from scipy.integrate import solve_ivp

from linnet.phenomena.spectral_bias import theory
from linnet.task import Moments


def correlated(seed=0, k=3, d=4):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((12, d)) * np.geomspace(1, 2, d)
    return Moments.of_data(inputs, inputs @ rng.standard_normal((d, k)))


def flowed(moments, gamma, time):
    """The product by a general solver on both layers, gradients written by hand."""
    k, d = moments.yx.shape

    def slope(t, z):
        first, second = z[: d * d].reshape(d, d), z[d * d :].reshape(k, d)
        gradient = second @ first @ moments.xx - moments.yx
        return np.concatenate(
            [-(second.T @ gradient).ravel(), -(gradient @ first.T).ravel()]
        )

    start = np.concatenate([np.sqrt(gamma) * np.eye(d).ravel(), np.zeros(k * d)])
    end = solve_ivp(slope, (0, time), start, method="DOP853", rtol=1e-12, atol=1e-18).y[
        :, -1
    ]
    return end[d * d :].reshape(k, d) @ end[: d * d].reshape(d, d)


def test_directions_are_the_singular_triplets_of_the_cross_moment():
    moments = correlated()
    found = theory.directions(moments)
    total = sum(m.strength * np.outer(m.output, m.input) for m in found)
    np.testing.assert_allclose(total, moments.yx, atol=1e-12)
    assert [m.strength for m in found] == sorted(m.strength for m in found)[::-1]


def test_directions_leave_rounding_errors_out():
    rng = np.random.default_rng(0)
    inputs, targets = rng.standard_normal((20, 6)), rng.standard_normal((20, 2))
    doubled = Moments.of_data(inputs, np.hstack([targets, targets, 0 * targets]))
    assert len(theory.directions(doubled)) == 2


@pytest.mark.parametrize("gamma", [1e-4, 1e-8])
def test_early_product_is_right_to_its_stated_order(gamma):
    moments = correlated()
    top = moments.spectrum()[0]
    errors = []
    for fraction in (1e-2, 1e-3):
        time = theory.early_time(moments, gamma, fraction)
        product = theory.early_product(moments, gamma, time)
        size = np.linalg.norm(product, 2)
        strength = theory.directions(moments)[0].strength
        assert size == pytest.approx(fraction * strength / top)
        truth = flowed(moments, gamma, time)
        errors.append(np.linalg.norm(product - truth) / np.linalg.norm(truth))
        assert errors[-1] <= 2 * fraction
    if gamma < 1e-6:  # first order in how far the mode has grown
        assert 8 < errors[0] / errors[1] < 12


def test_early_product_starts_along_the_cross_moment():
    moments = correlated()
    product = theory.early_product(moments, 0.5, 1e-6)
    np.testing.assert_allclose(product, 0.5 * 1e-6 * moments.yx, rtol=1e-9)


def test_early_product_of_white_inputs_is_the_start_of_the_mode_law():
    moments = Moments(2 * np.eye(2), np.diag([3.0, 1.0]), np.eye(2))
    time = theory.early_time(moments, 1e-6, 1e-6)
    product = theory.early_product(moments, 1e-6, time)
    modes = [theory.mode_curve(np.array([time]), b, 2.0, 5e-7)[0] for b in (3.0, 1.0)]
    np.testing.assert_allclose(np.diag(product), modes, rtol=1e-5)


MOMENTS = correlated()


def test_times_outside_the_early_phase_are_refused():
    latest = theory.early_time(MOMENTS, 1e-3, 1.0)
    theory.early_product(MOMENTS, 1e-3, latest)
    with pytest.raises(ValueError, match=f"must be at most {latest:.4g}"):
        theory.early_product(MOMENTS, 1e-3, 1.01 * latest)
    with pytest.raises(ValueError, match="`time` must be finite and >= 0"):
        theory.early_product(MOMENTS, 1e-3, -1.0)


@pytest.mark.parametrize("fraction", [0.0, 1.5, np.nan])
def test_a_fraction_outside_the_unit_interval_is_refused(fraction):
    with pytest.raises(ValueError, match=r"`fraction` must lie in \(0, 1\], but is"):
        theory.early_time(MOMENTS, 1e-3, fraction)


def test_a_scale_of_zero_is_refused():
    for ask in (theory.early_time, theory.early_product):
        with pytest.raises(ValueError, match="`gamma` must be positive"):
            ask(MOMENTS, 0.0, 0.5)


def test_targets_without_a_linear_part_are_refused():
    nothing = Moments(np.eye(2), np.zeros((1, 2)), np.eye(1))
    with pytest.raises(ValueError, match="cross moment `yx` must not vanish"):
        theory.directions(nothing)
