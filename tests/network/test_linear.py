import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.network import (
    apply,
    check_weights,
    end_to_end,
    flatten,
    imbalance,
    unflatten,
    widths,
)
from linnet.numerics import haar_frame

seeds = st.integers(0, 2**32 - 1)
sizes_of_networks = st.lists(st.integers(1, 5), min_size=2, max_size=6)

# Sums of at most 5 products per layer and 5 layers: some tens of roundings.
ROUNDING = 1e-13


def drawn(seed, sizes):
    rng = np.random.default_rng(seed)
    pairs = zip(sizes[1:], sizes[:-1], strict=True)
    return tuple(rng.standard_normal(pair) for pair in pairs)


def norm_product(weights):
    """Largest product of the layers: the unit in which rounding is counted."""
    return np.prod([max(np.linalg.norm(layer), 1.0) for layer in weights])


@given(seed=seeds, sizes=sizes_of_networks)
def test_the_product_is_the_sum_over_all_paths(seed, sizes):
    weights = drawn(seed, sizes)
    letters = "abcdef"
    paths = ",".join(letters[i + 1] + letters[i] for i in range(len(weights)))
    ends = letters[len(weights)] + letters[0]
    expected = np.einsum(f"{paths}->{ends}", *weights)
    atol = ROUNDING * norm_product(weights)
    np.testing.assert_allclose(end_to_end(weights), expected, rtol=0, atol=atol)


@given(seed=seeds, sizes=sizes_of_networks, n=st.integers(1, 4))
def test_outputs_are_those_of_the_product_one_sample_at_a_time(seed, sizes, n):
    weights = drawn(seed, sizes)
    inputs = np.random.default_rng(seed + 1).standard_normal((n, sizes[0]))
    expected = [end_to_end(weights) @ x for x in inputs]
    atol = ROUNDING * norm_product(weights) * np.linalg.norm(inputs)
    outputs = apply(weights, inputs)
    assert outputs.shape == (n, sizes[-1])
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=atol)


def test_the_first_layer_acts_first():
    first, second = np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[1.0, 0.0]])
    np.testing.assert_array_equal(end_to_end((first, second)), [[0.0, 1.0]])
    np.testing.assert_array_equal(
        apply((first, second), np.array([[5.0, 7.0]])), [[7.0]]
    )


def test_a_single_layer_is_its_own_product_and_has_no_imbalance():
    layer = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(end_to_end((layer,)), layer)
    assert imbalance((layer,)) == ()
    assert widths((layer,)) == (3, 2)


def test_imbalance_has_the_sign_of_the_later_layer():
    weights = (np.array([[1.0], [2.0]]), np.array([[3.0, 0.0], [0.0, 1.0]]))
    expected = [[9.0 - 1.0, -2.0], [-2.0, 1.0 - 4.0]]
    np.testing.assert_array_equal(imbalance(weights)[0], expected)


@given(seed=seeds, sizes=sizes_of_networks)
def test_imbalances_are_symmetric_and_their_trace_compares_two_layers(seed, sizes):
    weights = drawn(seed, sizes)
    found = imbalance(weights)
    assert [len(matrix) for matrix in found] == sizes[1:-1]
    for matrix, before, after in zip(found, weights[:-1], weights[1:], strict=True):
        expected = (after**2).sum() - (before**2).sum()
        atol = ROUNDING * ((after**2).sum() + (before**2).sum())
        np.testing.assert_allclose(matrix, matrix.T, rtol=0, atol=atol)
        np.testing.assert_allclose(np.trace(matrix), expected, rtol=0, atol=atol)


def descent_direction(weights, slope):
    """Minus the gradient of every layer, given that of the loss by the product."""
    moves = []
    for index in range(len(weights)):
        before, after = np.eye(weights[0].shape[1]), np.eye(len(weights[-1]))
        for layer in weights[:index]:
            before = layer @ before
        for layer in reversed(weights[index + 1 :]):
            after = after @ layer
        moves.append(-after.T @ slope @ before.T)
    return tuple(moves)


@given(seed=seeds, sizes=sizes_of_networks)
def test_gradient_flow_of_any_loss_conserves_every_imbalance(seed, sizes):
    weights = drawn(seed, sizes)
    slope = np.random.default_rng(seed + 1).standard_normal((sizes[-1], sizes[0]))
    moves = descent_direction(weights, slope)
    # The imbalance is quadratic: a step of any length changes it by that of the step,
    # and by a first-order part, which is what the flow must not have.
    stepped = imbalance(tuple(w + m for w, m in zip(weights, moves, strict=True)))
    for after, before, second_order in zip(
        stepped, imbalance(weights), imbalance(moves), strict=True
    ):
        atol = 10 * ROUNDING * norm_product(weights) ** 2 * (1 + (slope**2).sum())
        np.testing.assert_allclose(after, before + second_order, rtol=0, atol=atol)


def test_the_sum_of_both_squares_is_not_conserved():
    weights = drawn(0, (3, 4, 2))
    first, second = descent_direction(weights, np.ones((2, 3)))
    drift = second.T @ weights[1] + first @ weights[0].T
    assert np.abs(drift + drift.T).max() > 0.1


@given(seed=seeds, hidden=st.integers(1, 6))
def test_a_turned_hidden_layer_turns_the_imbalance_and_leaves_the_product(seed, hidden):
    first, second = drawn(seed, (3, hidden, 2))
    turn = haar_frame(hidden, hidden, np.random.default_rng(seed + 1))
    turned = (turn @ first, second @ turn.T)
    atol = ROUNDING * norm_product((first, second)) ** 2
    np.testing.assert_allclose(
        end_to_end(turned), end_to_end((first, second)), rtol=0, atol=atol
    )
    expected = turn @ imbalance((first, second))[0] @ turn.T
    np.testing.assert_allclose(imbalance(turned)[0], expected, rtol=0, atol=atol)


# Powers of two: scaling by one is exact.
@given(seed=seeds, sizes=sizes_of_networks, power=st.integers(-30, 30))
def test_the_product_scales_with_the_depth_and_the_imbalance_as_a_square(
    seed, sizes, power
):
    weights = drawn(seed, sizes)
    factor = 2.0**power
    scaled = tuple(factor * layer for layer in weights)
    depth = len(weights)
    np.testing.assert_array_equal(
        end_to_end(scaled), factor**depth * end_to_end(weights)
    )
    for found, before in zip(imbalance(scaled), imbalance(weights), strict=True):
        np.testing.assert_array_equal(found, factor**2 * before)


@given(seed=seeds, sizes=sizes_of_networks)
def test_flattened_weights_come_back_bit_by_bit(seed, sizes):
    weights = drawn(seed, sizes)
    vector = flatten(weights)
    assert vector.shape == (sum(layer.size for layer in weights),)
    back = unflatten(vector, widths(weights))
    assert len(back) == len(weights)
    for found, layer in zip(back, weights, strict=True):
        np.testing.assert_array_equal(found, layer)


def test_weights_are_flattened_layer_by_layer_and_rows_first():
    first, second = (
        np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        np.array([[7, 8, 9]]),
    )
    vector = flatten((first, second))
    np.testing.assert_array_equal(vector, np.arange(1, 10))
    assert [w.shape for w in unflatten(vector, (2, 3, 1))] == [(3, 2), (1, 3)]


def test_a_flattened_network_is_a_copy():
    layer = np.ones((1, 2))
    flatten((layer,))[0] = 5
    np.testing.assert_array_equal(layer, 1)


@given(seed=seeds, sizes=sizes_of_networks)
def test_widths_run_from_input_to_output(seed, sizes):
    assert widths(drawn(seed, sizes)) == tuple(sizes)


@pytest.mark.parametrize("run", [lambda f: f, jax.jit])
@pytest.mark.parametrize("function", [end_to_end, imbalance])
def test_jax_arrays_give_what_numpy_arrays_give(run, function):
    weights = drawn(1, (4, 3, 5, 2))
    single = tuple(jnp.asarray(layer, dtype=jnp.float32) for layer in weights)
    expected, found = function(weights), run(function)(single)
    assert all(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(found))
    # A few roundings of 32-bit numbers of size 10.
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), found, expected
    )


@pytest.mark.parametrize("run", [lambda f: f, jax.jit])
def test_jax_inputs_are_mapped_inside_and_outside_jit(run):
    weights, inputs = drawn(2, (4, 3, 2)), np.arange(8.0).reshape(2, 4)
    single = tuple(jnp.asarray(layer, dtype=jnp.float32) for layer in weights)
    found = run(apply)(single, jnp.asarray(inputs, dtype=jnp.float32))
    np.testing.assert_allclose(found, apply(weights, inputs), atol=1e-4)


@pytest.mark.parametrize(("d", "k"), [(None, None), (4, None), (None, 2), (4, 2)])
def test_a_chain_of_the_right_ends_passes(d, k):
    assert check_weights(drawn(0, (4, 3, 2)), d, k) is None


GOOD = np.ones((3, 4))


@pytest.mark.parametrize(
    ("weights", "ends", "message"),
    [
        ((), {}, "at least one layer, but is empty"),
        ((GOOD, np.ones(3)), {}, r"matrices \(out, in\), but layer 1 has shape \(3,\)"),
        ((GOOD, np.ones((0, 3))), {}, r"layer 1 has shape \(0, 3\)"),
        ((GOOD, np.ones((1, 2, 3))), {}, r"layer 1 has shape \(1, 2, 3\)"),
        ((GOOD, np.full((2, 3), np.nan)), {}, "but layer 1 holds NaN or infinity"),
        ((np.inf * GOOD, np.ones((2, 3))), {}, "but layer 0 holds NaN or infinity"),
        (
            (GOOD, np.ones((2, 5))),
            {},
            r"chain of layers, but layer 1 has shape \(2, 5\) and the one before it 3",
        ),
        # The usual slip: layers transposed, or in the wrong order.
        ((np.ones((2, 3)), GOOD), {}, r"layer 1 has shape \(3, 4\).*first layer first"),
        ((GOOD,), {"d": 5}, "must have 5 inputs, but has 4"),
        ((GOOD,), {"k": 4}, "must have 4 outputs, but has 3"),
    ],
)
def test_what_is_no_chain_of_layers_is_refused(weights, ends, message):
    with pytest.raises(ValueError, match=message):
        check_weights(weights, **ends)


@pytest.mark.parametrize("shape", [(8,), (10,), (9, 1)])
def test_a_vector_of_the_wrong_length_is_refused(shape):
    with pytest.raises(ValueError, match=r"must have 9 entries for sizes \(2, 3, 1\)"):
        unflatten(np.zeros(shape), (2, 3, 1))
