import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import brentq

from linnet.phenomena.fluctuations import measure

E = np.e


@given(
    slope=st.floats(-1, 1),
    curvature=st.floats(1e-3, 1e3),
    start=st.floats(1e-3, 10),
)
def test_a_parabola_is_as_wide_as_its_formula_says(slope, curvature, start):
    # Twice: L must not fall below zero, where no relative level is.
    slope *= np.sqrt(2 * curvature * start) * 0.9

    def loss(theta):
        return start + slope * theta[0] + 0.5 * curvature * theta[0] ** 2

    found = measure.widths(loss, np.zeros(2), np.eye(2))
    root = np.sqrt(slope**2 + 2 * curvature * (E - 1) * start)
    assert found.width[0] == pytest.approx(2 * root / curvature, rel=1e-6)
    assert found.right[0] == pytest.approx((root - slope) / curvature, rel=1e-6)
    assert found.left[0] == pytest.approx((root + slope) / curvature, rel=1e-6)
    assert found.width[1] == np.inf


@pytest.mark.parametrize("is_batched", [False, True])
def test_quartic_exponential_and_one_sided_losses(is_batched):
    def loss(theta):
        with np.errstate(over="ignore"):
            return (
                0.5
                + theta[..., 0] ** 4
                + np.exp(30 * theta[..., 1])
                + np.maximum(theta[..., 2], 0) ** 2
            )

    found = measure.widths(loss, np.zeros(3), np.eye(3), is_batched=is_batched)
    rise = (E - 1) * 1.5
    assert found.loss == 1.5
    np.testing.assert_allclose(found.width[0], 2 * rise**0.25, rtol=1e-7)
    np.testing.assert_allclose(found.right[1], np.log(1 + rise) / 30, rtol=1e-7)
    assert found.left[1] == np.inf
    np.testing.assert_allclose(found.right[2], np.sqrt(rise), rtol=1e-7)
    assert found.left[2] == np.inf
    assert found.level == E
    assert found.evaluations < 400


def test_batched_rays_end_where_brent_does(rng):
    inputs, targets = rng.normal(size=(50, 4)), rng.normal(size=50)

    def loss(theta):
        return ((targets - np.tanh(theta @ inputs.T)) ** 2).mean(-1)

    axes = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    center = rng.normal(size=4) * 0.1
    found = measure.widths(loss, center, axes, level=1.2, is_batched=True)
    goal = 1.2 * loss(center)
    for axis, right in zip(axes, found.right, strict=True):
        root = brentq(
            lambda s, axis=axis: loss(center + s * axis) - goal,
            0,
            2 * found.right.max(),
        )
        assert right == pytest.approx(root, rel=1e-7)


def test_a_wall_of_overflow_ends_the_width():
    def loss(theta):
        return 1.0 if abs(theta[0]) < 0.37 else float(np.sign(theta[0])) * np.nan

    found = measure.widths(loss, np.zeros(1), np.eye(1))
    np.testing.assert_allclose(found.right, 0.37, rtol=1e-6)
    np.testing.assert_allclose(found.left, 0.37, rtol=1e-6)


def test_nothing_beyond_the_largest_distance_is_found():
    found = measure.widths(
        lambda theta: 1 + theta[0] ** 2, np.zeros(1), np.eye(1), largest_distance=1.0
    )
    assert found.width[0] == np.inf
    assert found.largest_distance == 1.0


def test_no_level_no_width():
    def flat(theta):
        return theta @ theta

    for loss in (flat, lambda theta: flat(theta) - 1, lambda theta: np.nan):
        with pytest.raises(ValueError, match="finite and > 0 at the center, but is"):
            measure.widths(loss, np.zeros(2), np.eye(2))
    with pytest.raises(ValueError, match="rows of length one, but one has 2"):
        measure.widths(flat, np.ones(2), 2 * np.eye(2))
    with pytest.raises(ValueError, match="`level` must be finite and > 1, but is 1"):
        measure.widths(flat, np.ones(2), np.eye(2), level=1.0)
    with pytest.raises(ValueError, match="0 < `first_step` < `largest_distance`"):
        measure.widths(flat, np.ones(2), np.eye(2), first_step=0.0)
    with pytest.raises(ValueError, match="`tolerance` must lie in"):
        measure.widths(flat, np.ones(2), np.eye(2), tolerance=0.0)
