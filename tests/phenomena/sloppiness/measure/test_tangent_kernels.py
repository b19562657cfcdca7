import jax
import jax.numpy as jnp
import numpy as np
import pytest

from linnet.phenomena.sloppiness.measure import (
    mean_tangent_kernel,
    output_kernel,
    tangent_kernel,
)

RNG = np.random.default_rng(0)
INPUTS, OTHERS = RNG.standard_normal((5, 3)), RNG.standard_normal((4, 3))
HIDDEN, OUTPUTS = 6, 2


def draw(rng):
    return {
        "below": rng.standard_normal((HIDDEN, 3)),
        "above": [rng.standard_normal((OUTPUTS, HIDDEN)), rng.standard_normal(OUTPUTS)],
    }


PARAMETERS = draw(RNG)


def network(parameters, inputs):
    last, bias = parameters["above"]
    return jnp.tanh(inputs @ parameters["below"].T) @ last.T + bias[None]


def slopes(parameters, x):
    """Derivatives of the outputs at one sample, by hand: outputs as rows."""
    last, _ = parameters["above"]
    activity = np.tanh(parameters["below"] @ x)
    rows = []
    for c in range(OUTPUTS):
        below = np.outer(last[c] * (1 - activity**2), x)
        above, bias = np.zeros((OUTPUTS, HIDDEN)), np.zeros(OUTPUTS)
        above[c], bias[c] = activity, 1
        rows.append(np.concatenate([below.ravel(), above.ravel(), bias]))
    return np.array(rows)


ROWS = np.array([slopes(PARAMETERS, x) for x in INPUTS])
COLUMNS = np.array([slopes(PARAMETERS, x) for x in OTHERS])


def test_the_kernel_is_that_of_derivatives_by_hand():
    found = tangent_kernel(network, PARAMETERS, INPUTS, OTHERS)
    expected = np.einsum("ncp,mcp->nm", ROWS, COLUMNS) / OUTPUTS
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    joint = tangent_kernel(network, PARAMETERS, INPUTS, OTHERS, outputs="joint")
    flat = ROWS.reshape(10, -1) @ COLUMNS.reshape(8, -1).T
    np.testing.assert_allclose(joint, flat, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("others", [None, OTHERS])
def test_blocks_change_nothing(others):
    whole = tangent_kernel(network, PARAMETERS, INPUTS, others)
    row = 8 * OUTPUTS * ROWS.shape[2]
    parts = tangent_kernel(network, PARAMETERS, INPUTS, others, memory_limit=9 * row)
    np.testing.assert_allclose(parts, whole, rtol=1e-13)
    if others is None:
        np.testing.assert_allclose(whole, whole.T, rtol=1e-13)
        assert np.linalg.eigvalsh(whole)[0] > 0


def test_one_output_may_come_as_a_list_and_samples_in_any_shape():
    images = INPUTS.reshape(5, 3, 1)

    def one(parameters, images):
        return network(parameters, images[:, :, 0])[:, 0]

    found = tangent_kernel(one, PARAMETERS, images)
    expected = ROWS[:, 0] @ ROWS[:, 0].T
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_32_bits_agree_to_their_rounding_and_leave_no_trace():
    half = tangent_kernel(network, PARAMETERS, INPUTS, precision="float32")
    whole = tangent_kernel(network, PARAMETERS, INPUTS)
    np.testing.assert_allclose(half, whole, rtol=0, atol=1e-6 * whole.max())
    assert np.abs(half - whole).max() > 0
    assert whole.dtype == half.dtype == np.float64
    assert not jax.config.jax_enable_x64


def test_means_over_networks_are_those_of_their_kernels_one_by_one():
    rng = np.random.default_rng(3)
    drawn = [draw(rng) for _ in range(4)]
    kernels = [tangent_kernel(network, each, INPUTS, OTHERS) for each in drawn]
    found = mean_tangent_kernel(network, draw, INPUTS, OTHERS, networks=4, seed=3)
    np.testing.assert_allclose(found.value, np.mean(kernels, 0), rtol=1e-12)
    scatter = np.std(kernels, 0, ddof=1) / 2
    np.testing.assert_allclose(found.stderr, scatter, rtol=1e-10)
    with jax.enable_x64(True):
        seen = [[np.asarray(network(w, x)) for x in (INPUTS, OTHERS)] for w in drawn]
    moments = [one @ other.T / OUTPUTS for one, other in seen]
    found = output_kernel(network, draw, INPUTS, OTHERS, networks=4, seed=3)
    np.testing.assert_allclose(found.value, np.mean(moments, 0), rtol=1e-12)
    assert found.effective_samples == 4


@pytest.mark.statistical
def test_a_random_linear_network_has_the_kernel_of_its_inputs():
    def linear(weights, x):
        return x @ weights

    found = output_kernel(
        linear, lambda rng: rng.standard_normal((3, 2)), INPUTS, networks=3000
    )
    exact = INPUTS @ INPUTS.T
    assert np.abs(found.z(exact)).max() < 4
    assert np.abs(found.z(2 * exact)).max() > 10
    # Its derivatives know no weights: every network has the same kernel.
    given = linear, lambda rng: rng.standard_normal((3, 2)), INPUTS
    found = mean_tangent_kernel(*given, networks=3)
    np.testing.assert_allclose(found.value, exact, rtol=1e-13)
    assert found.stderr.max() < 1e-14


def calls_numpy(parameters, x):
    return np.tanh(x @ parameters["below"].T)


def breaks(parameters, x):
    return jnp.sqrt(x @ parameters["below"].T * 0)


BAD = {**PARAMETERS, "below": PARAMETERS["below"] * np.nan}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"function": calls_numpy}, TypeError, "`function` must be made of operators"),
        ({"function": breaks}, ValueError, "must have finite derivatives"),
        ({"parameters": [np.arange(3)]}, TypeError, "must be arrays of floats.*int64"),
        ({"parameters": BAD}, ValueError, "`parameters` must be finite"),
        ({"inputs": INPUTS * np.inf}, ValueError, "`inputs` must be finite"),
        ({"inputs": np.zeros((0, 3))}, ValueError, "`inputs` must hold samples"),
        ({"others": OTHERS[:, :2]}, ValueError, r"samples of shape \(3,\)"),
        ({"outputs": "all"}, ValueError, "must be one of mean, joint"),
        ({"precision": "half"}, ValueError, "must be one of float64, float32"),
        ({"memory_limit": 100.0}, ValueError, "Two rows of the Jacobian need"),
        ({"memory_limit": 0}, ValueError, "`memory_limit` must be > 0"),
    ],
)
def test_what_does_not_fit_is_refused(change, error, message):
    given = {"function": network, "parameters": PARAMETERS, "inputs": INPUTS}
    with pytest.raises(error, match=message):
        tangent_kernel(**{**given, **change})


def test_one_network_has_no_error_bar():
    for kernel in (mean_tangent_kernel, output_kernel):
        with pytest.raises(ValueError, match=r"`networks` must be a whole number >= 2"):
            kernel(network, draw, INPUTS, networks=1)
