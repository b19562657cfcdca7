import numpy as np
import plain_spike
import plain_training
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.anisotropy.theory import (
    late_rates,
    relaxation_rates,
    spike_plane,
)
from linnet.task import Moments


@given(
    rho=st.floats(-0.99, 1e4),
    cosine=st.floats(-1, 1),
    size=st.floats(0.01, 100),
    depth=st.integers(1, 6),
)
def test_rates_of_the_plane_are_eigenvalues(rho, cosine, size, depth):
    rates = late_rates(spike_plane(rho, cosine, size), depth=depth)
    unit = np.array([cosine, np.sqrt(1 - cosine**2)])
    layers = np.eye(2) + (depth - 1) * np.outer(unit, unit)
    plain = np.linalg.eigvals(layers @ np.diag([1 + rho, 1.0])) * rates.rest
    np.testing.assert_allclose(rates.fast, plain.real.max(), rtol=1e-9)
    # The plain small eigenvalue has lost digits to the large one; the product has not.
    product = depth * rates.rest**2 * (1 + rho)
    np.testing.assert_allclose(rates.slow * rates.fast, product, rtol=1e-12)
    np.testing.assert_allclose(rates.rest, size ** (2 - 2 / depth), rtol=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_all_weights_relax_at_these_rates(depth):
    size = 1.4
    moments = plain_spike.spiked(5.0, 0.4, size, d=3)
    teacher = np.linalg.solve(moments.xx, moments.yx[0])
    weights = plain_spike.in_line(teacher / size, size, depth)
    expected = late_rates(spike_plane(5.0, 0.4, size), depth=depth)
    listed = relaxation_rates(moments, depth=depth)
    plain = np.sort([expected.slow, expected.fast, expected.rest])
    np.testing.assert_allclose(listed, plain, rtol=1e-12)
    curvature = np.linalg.eigvalsh(plain_spike.hessian(weights, moments))
    np.testing.assert_allclose(curvature[-3:], plain, rtol=1e-6)
    np.testing.assert_allclose(curvature[:-3], 0, atol=1e-6)


@pytest.mark.parametrize("imbalance", [-3.0, 0.4, 3.0])
def test_unbalanced_weights_relax_at_their_own_rates(imbalance):
    moments = plain_spike.spiked(5.0, 0.4, 1.4, d=3)
    teacher = np.linalg.solve(moments.xx, moments.yx[0])
    weights = plain_spike.in_line(teacher / 1.4, 1.4, imbalance=imbalance)
    rates = late_rates(spike_plane(5.0, 0.4, 1.4), imbalance=imbalance)
    curvature = np.linalg.eigvalsh(plain_spike.hessian(weights, moments))[-3:]
    plain = np.sort([rates.slow, rates.fast, rates.rest])
    np.testing.assert_allclose(curvature, plain, rtol=1e-6)


def test_the_slow_rate_is_seen_in_the_last_part_of_training():
    moments = plain_spike.spiked(10.0, 0.3, d=3)
    axes = plain_spike.plane_axes(moments)
    teacher = axes @ np.linalg.solve(moments.xx, moments.yx[0])
    times = np.array([0.0, 9.0, 10.0])
    path = plain_training.flow(plain_spike.in_line(axes[0], 0.1), moments, times)
    left = np.abs(teacher[1] - plain_spike.end_to_end(path) @ axes[1])
    found = np.log(left[1] / left[2])
    rates = late_rates(spike_plane(10.0, 0.3))
    np.testing.assert_allclose(found, rates.slow, rtol=1e-4)
    assert abs(found - (2 - 0.3**2)) > 0.05  # what a zero gradient would leave


def test_extreme_spikes_keep_the_digits_of_the_slow_rate():
    for rho, limit in ((1e12, 2 / (1 + 0.3**2)), (1e15, 2 / (1 + 0.3**2))):
        np.testing.assert_allclose(late_rates(spike_plane(rho, 0.3)).slow, limit,
                                   rtol=1e-11)  # fmt: skip
    for delta in (-1e9, 1e9):  # eigenvalues about delta and 1 / delta
        rates = late_rates(spike_plane(3.0, 0.3), imbalance=delta)
        np.testing.assert_allclose(rates.rest, 1e9 if delta > 0 else 1e-9, rtol=1e-12)


def test_directions_that_data_lack_have_rate_zero():
    moments = plain_training.moments(1, n=3, d=5, k=1)
    rates = relaxation_rates(moments)
    assert rates.shape == (5,)
    np.testing.assert_allclose(rates[:2], 0, atol=1e-14)
    assert (rates[2:] > 1e-4).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: late_rates(spike_plane(1, 0.5), depth=0), "`depth` must be a whole"),
        (
            lambda: late_rates(spike_plane(1, 0.5), depth=3, imbalance=1.0),
            "`imbalance` must be 0 unless `depth` is 2",
        ),
        (
            lambda: late_rates(spike_plane(1, 0.5), imbalance=np.nan),
            "`imbalance` must be finite, but is nan",
        ),
        (
            lambda: relaxation_rates(Moments(np.eye(2), np.ones((2, 2)), np.eye(2))),
            "must have one output, but has 2",
        ),
        (
            lambda: relaxation_rates(plain_training.moments(1, k=1), depth=1.5),
            "`depth` must be a whole number >= 1, but is 1.5",
        ),
    ],
)
def test_what_has_no_late_rates_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
