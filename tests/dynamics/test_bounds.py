import numpy as np
import plain_training as plain
import pytest
from hypothesis import given, strategies as st

from linnet.dynamics import SGD, GradientDescent, GradientFlow, simulate
from linnet.dynamics.bounds import DIVERGED, check_range, divergence_bound
from linnet.dynamics.reduction import row_space
from linnet.task import Moments

INPUTS, TARGETS = plain.samples(0)
MOMENTS = Moments.of_data(INPUTS, TARGETS)
WEIGHTS = plain.layers((4, 3, 2), seed=0)
DOUBLE, SINGLE = np.dtype("float64"), np.dtype("float32")
precisions = pytest.mark.parametrize("dtype", [DOUBLE, SINGLE], ids=lambda d: d.name)


def dynamics(inputs=INPUTS, targets=TARGETS):
    """All three, with when to save."""
    moments = Moments.of_data(inputs, targets)
    return [
        (GradientFlow(moments), {"times": [0, 1.0]}),
        (GradientDescent(moments, 0.1), {"steps": [0, 1]}),
        (SGD(inputs, targets, 0.1, 3), {"steps": [0, 1]}),
    ]


def stacked(scale):
    return tuple(scale * layer[None] for layer in WEIGHTS)


def test_bound_is_in_units_of_start_and_minimizer():
    space = row_space(MOMENTS)
    for scale in (0.0, 1.0, 1e6):
        unit = 1 + scale**2 * plain.squared_norm(WEIGHTS)
        unit += np.linalg.norm(MOMENTS.minimizer().end_to_end)
        bound = divergence_bound(space, stacked(scale), DOUBLE)
        np.testing.assert_allclose(bound, DIVERGED * unit, rtol=1e-10)


def test_bound_of_replicas_is_that_of_the_largest():
    space = row_space(MOMENTS)
    both = tuple(np.stack([layer, 3 * layer]) for layer in WEIGHTS)
    alone = divergence_bound(space, stacked(3.0), DOUBLE)
    assert divergence_bound(space, both, DOUBLE) == alone


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("scale", [1e-10, 1.0, 1e10, 1e20])
def test_a_target_of_any_scale_that_can_be_held_lies_within_the_bound(depth, scale):
    # Balanced layers of product W* have the squared norm L |W*|^(2/L), at most.
    moments = Moments(np.eye(1), scale * np.eye(1), scale**2 * np.eye(1))
    start = tuple(np.full((1, 1, 1), 1e-3) for _ in range(depth))
    bound = divergence_bound(row_space(moments), start, DOUBLE)
    assert bound > 1e10 * depth * scale ** (2 / depth)


@precisions
@given(
    depth=st.integers(1, 5),
    variance=st.floats(1e-6, 1e6),
    share=st.floats(0.01, 0.99),
)
def test_no_loss_within_the_bound_overflows(dtype, depth, variance, share):
    moments = Moments(variance * np.eye(1), np.zeros((1, 1)), np.eye(1))
    start = tuple(np.zeros((1, 1, 1)) for _ in range(depth))
    bound = divergence_bound(row_space(moments), start, dtype)
    # Most is lost where all layers share the norm, at the bound.
    loss = 0.5 * variance * (share * bound / depth) ** depth
    assert loss < float(np.finfo(dtype).max) ** 0.75
    speed = variance * loss * (bound / depth) ** (depth - 1)
    assert np.isfinite(speed)


@precisions
@pytest.mark.parametrize("scale", [1e60, 1e160, 1e300])
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_start_whose_loss_would_overflow_is_refused(kind, scale, dtype):
    trained, saves = dynamics()[kind]
    weights = tuple(scale * layer for layer in WEIGHTS)
    message = f"squared norm below .* at this depth in {dtype.name}, but has .*lower"
    with pytest.raises(ValueError, match=message):
        simulate(trained, weights, **saves, precision=dtype.name)


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_what_32_bits_cannot_hold_is_refused_there_alone(kind):
    trained, saves = dynamics()[kind]
    weights = tuple(1e10 * layer for layer in WEIGHTS)
    with pytest.raises(ValueError, match="in float32, but has"):
        simulate(trained, weights, **saves, precision="float32")
    divergence_bound(row_space(MOMENTS), stacked(1e10), DOUBLE)


@precisions
@pytest.mark.parametrize(
    ("inputs", "targets"),
    [(1.0, 1.0), (1e-15, 1.0), (1e6, 1.0), (1.0, 1e-15), (1.0, 1e6), (1.0, 0.0)],
)
def test_data_of_ordinary_scales_can_be_held(inputs, targets, dtype):
    moments = Moments.of_data(inputs * INPUTS, targets * TARGETS)
    check_range(row_space(moments), dtype)


@pytest.mark.parametrize(
    ("inputs", "targets", "precision"),
    [
        (1e-25, 1.0, "float32"),  # its variances would be zero there
        (1e20, 1.0, "float32"),
        (1.0, 1e25, "float32"),
        (1.0, 1e-30, "float32"),  # its loss would be: converged, before it starts
        (1e-160, 1.0, "float64"),
        (1.0, 1e-170, "float64"),
        (1.0, 1e150, "float64"),
    ],
)
@pytest.mark.parametrize("kind", [0, 1, 2])
def test_data_beyond_the_precision_are_refused(kind, inputs, targets, precision):
    trained, saves = dynamics(inputs * INPUTS, targets * TARGETS)[kind]
    message = f"to be held in {precision}, but the variances lie in .* zero map loses"
    with pytest.raises(ValueError, match=message):
        simulate(trained, WEIGHTS, **saves, precision=precision)
