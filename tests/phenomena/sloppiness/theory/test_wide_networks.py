import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.special import erf

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness.theory import hidden_layer_kernels

RNG = np.random.default_rng(0)
INPUTS, OTHERS = RNG.standard_normal((4, 3)), RNG.standard_normal((2, 3))
BENDS = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "erf": (erf, lambda z: 2 / np.sqrt(np.pi) * np.exp(-(z**2))),
}


@pytest.mark.statistical
@pytest.mark.parametrize("activation", BENDS)
def test_random_networks_have_these_kernels_in_the_mean(activation):
    scale, count, hidden = 1.7, 4000, 5
    bend, slope = BENDS[activation]
    weights = RNG.standard_normal((count, hidden, 3))
    last = RNG.standard_normal((count, hidden))
    sides = [weights @ x.T / np.sqrt(3) for x in (INPUTS, OTHERS)]
    share = scale / np.sqrt(hidden)
    outputs = [share * np.einsum("rh,rhn->rn", last, bend(z)) for z in sides]
    moments = outputs[0][:, :, None] * outputs[1][:, None, :]
    above = np.einsum("rhn,rhm->rnm", *(share * bend(z) for z in sides))
    below = np.einsum(
        "rhn,rhm->rnm", *(share * last[:, :, None] * slope(z) for z in sides)
    )
    tangents = above + below * (INPUTS @ OTHERS.T / 3)
    found = hidden_layer_kernels(OTHERS, INPUTS, activation=activation, scale=scale)
    for exact, samples in ((found.outputs, moments), (found.tangent, tangents)):
        measured = Estimate.from_samples(samples)
        assert np.abs(measured.z(exact)).max() < 4
        assert np.abs(measured.z(2 * exact)).max() > 10


@pytest.mark.parametrize("activation", BENDS)
def test_kernels_are_symmetric_positive_and_blocks_of_one_matrix(activation):
    whole = hidden_layer_kernels(
        np.concatenate([INPUTS, OTHERS]), activation=activation
    )
    block = hidden_layer_kernels(OTHERS, INPUTS, activation=activation)
    for name in ("outputs", "tangent"):
        kernel = getattr(whole, name)
        np.testing.assert_allclose(kernel, kernel.T, rtol=1e-13)
        np.testing.assert_allclose(kernel[:4, 4:], getattr(block, name), rtol=1e-13)
        assert np.linalg.eigvalsh(kernel)[0] > 0


@given(size=st.floats(1e-6, 1e6), turn=st.floats(0, np.pi))
def test_a_relu_knows_lengths_and_angles_only(size, turn):
    pair = np.array([[1.0, 0.0], [size * np.cos(turn), size * np.sin(turn)]])
    found = hidden_layer_kernels(pair)
    diagonal = np.array([0.5, 0.5 * size**2]) / 2  # half of u, at d = 2
    np.testing.assert_allclose(np.diag(found.outputs), diagonal, rtol=1e-12)
    np.testing.assert_allclose(np.diag(found.tangent), 2 * diagonal, rtol=1e-12)
    turned = np.sin(turn) + (np.pi - turn) * np.cos(turn)
    expected = size / 2 * turned / (2 * np.pi)
    np.testing.assert_allclose(found.outputs[0, 1], expected, atol=1e-14 * size)


def test_near_inputs_keep_the_digits_of_their_angle():
    angle = 1e-9
    pair = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
    slopes = hidden_layer_kernels(pair)
    # The slopes' mean is (pi - angle) / 2 pi: an arc cosine would miss the angle.
    mean = (slopes.tangent - slopes.outputs)[0, 1] / (np.cos(angle) / 2)
    np.testing.assert_allclose(0.5 - mean, angle / (2 * np.pi), rtol=1e-6)


def test_opposite_inputs_and_zero_inputs_are_cornered():
    x = np.array([[1.0, 2.0], [-1.0, -2.0], [0.0, 0.0]])
    relu = hidden_layer_kernels(x)
    assert abs(relu.outputs[0, 1]) < 1e-15
    assert abs(relu.tangent[0, 1]) < 1e-15
    assert (relu.outputs[2] == 0).all()
    small = hidden_layer_kernels(1e-6 * x, activation="erf")
    # A small input sees a straight line of slope 2 / sqrt(pi).
    linear = 4 / np.pi * (1e-12 * x @ x.T / 2)
    np.testing.assert_allclose(small.outputs, linear, rtol=1e-9)
    np.testing.assert_allclose(small.tangent, 2 * linear, rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": INPUTS[0]}, r"`inputs` must be a matrix.*shape \(3,\)"),
        ({"inputs": INPUTS * np.nan}, "`inputs` must be finite"),
        ({"others": OTHERS[:, :2]}, "`others` must have 3 columns.*but has 2"),
        ({"activation": "tanh"}, "`activation` must be one of relu, erf"),
        ({"scale": 0.0}, "`scale` must be positive and finite"),
    ],
)
def test_what_has_no_kernel_here_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        hidden_layer_kernels(**{"inputs": INPUTS, **change})
