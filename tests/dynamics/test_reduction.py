import numpy as np
import plain_training as plain
import pytest
from hypothesis import given, strategies as st

from linnet.dynamics.gradient import moment_gradients
from linnet.dynamics.reduction import expand, reduce_weights, row_space
from linnet.task import Moments

seeds = st.integers(0, 2**32 - 1)
# (d, h, ..., k): narrow and wide ones, one layer, many layers.
sizes = st.sampled_from([(5, 2), (5, 2, 3), (5, 6, 2), (5, 20, 2), (5, 9, 7, 2)])
few_or_many = st.integers(1, 12)  # below 5 samples the row space is smaller


def reduced_start(seed, n, sizes, replicas=2):
    """Moments, their row space, stacked weights of unlike scales, their reduction."""
    moments = plain.moments(seed, n, sizes[0], sizes[-1])
    space = row_space(moments)
    rng = np.random.default_rng(seed)
    scales = 10 ** rng.uniform(-8, 2, len(sizes) - 1)
    each = [plain.layers(sizes, seed % 1000 + r) for r in range(replicas)]
    stacked = tuple(
        scale * np.stack(layer)
        for scale, layer in zip(scales, zip(*each, strict=True), strict=True)
    )
    return moments, space, stacked, reduce_weights(space, stacked)


@given(seed=seeds, n=few_or_many, d=st.integers(1, 8))
def test_row_space_makes_the_input_moment_diagonal_and_loses_nothing(seed, n, d):
    moments = plain.moments(seed, n, d)
    space = row_space(moments)
    rank = min(n, d)
    assert space.basis.shape == (d, rank)
    scale = np.abs(moments.xx).max()
    eye = space.basis.T @ space.basis
    np.testing.assert_allclose(eye, np.eye(rank), atol=1e-13)
    rebuilt = (space.basis * space.variances) @ space.basis.T
    np.testing.assert_allclose(rebuilt, moments.xx, atol=1e-13 * scale)
    yx = space.yx @ space.basis.T
    np.testing.assert_allclose(yx, moments.yx, atol=1e-13 * np.abs(moments.yx).max())


@given(seed=seeds, n=few_or_many)
def test_minimizer_of_the_row_space_is_the_least_squares_map(seed, n):
    inputs, targets = plain.samples(seed, n, d=5, k=3)
    space = row_space(Moments.of_data(inputs, targets))
    expected = np.linalg.pinv(inputs) @ targets
    # The condition number enters squared through the moments.
    scale = np.abs(expected).max() * np.linalg.cond(inputs) ** 2
    found = space.minimizer @ space.basis.T
    np.testing.assert_allclose(found, expected.T, rtol=0, atol=1e-13 * scale)


@given(seed=seeds, n=few_or_many)
def test_reachable_losses_are_the_least_excess_losses_of_every_rank(seed, n):
    inputs, targets = plain.samples(seed, n, d=5, k=3)
    moments = Moments.of_data(inputs, targets)
    losses = row_space(moments).reachable_losses()
    zero = moments.loss(np.zeros((3, 5)))
    expected = [moments.minimal_loss(rank) for rank in range(len(losses))]
    gaps = np.array(expected) - moments.minimal_loss()
    # The condition number enters squared through the moments.
    atol = 1e-13 * np.linalg.cond(inputs) ** 2 * zero
    np.testing.assert_allclose(losses, gaps, rtol=0, atol=atol)
    assert losses[-1] == 0
    assert len(losses) == min(n, 5, 3) + 1


@given(seed=seeds, n=few_or_many, sizes=sizes)
def test_expanding_what_was_reduced_gives_it_back(seed, n, sizes):
    _, space, stacked, reduction = reduced_start(seed, n, sizes)
    back = expand(reduction.start, space.basis, reduction.frozen, reduction.hidden)
    for layer, original in zip(back, stacked, strict=True):
        # Layer by layer: one is not to be lost beside another, 1e10 times as large.
        atol = 1e-13 * np.linalg.norm(original)
        np.testing.assert_allclose(layer, original, rtol=0, atol=atol)


@given(seed=seeds, n=few_or_many, sizes=sizes)
def test_one_replica_expands_as_it_does_among_others(seed, n, sizes):
    _, space, _, reduction = reduced_start(seed, n, sizes)
    together = expand(reduction.start, space.basis, reduction.frozen, reduction.hidden)
    alone = expand(
        tuple(layer[1] for layer in reduction.start),
        space.basis,
        reduction.frozen[1],
        None if reduction.hidden is None else reduction.hidden[1],
    )
    for one, other in zip(alone, together, strict=True):
        atol = 1e-14 * np.linalg.norm(other[1])
        np.testing.assert_allclose(one, other[1], rtol=0, atol=atol)


@given(seed=seeds, n=few_or_many, sizes=sizes)
def test_a_step_of_the_reduced_network_is_one_of_the_whole_network(seed, n, sizes):
    moments, space, stacked, reduction = reduced_start(seed, n, sizes, replicas=1)
    rate, one = 0.3, tuple(layer[0] for layer in stacked)
    start = tuple(layer[0] for layer in reduction.start)
    slopes = moment_gradients(start, space.variances, space.yx)
    hidden = None if reduction.hidden is None else reduction.hidden[0]
    stepped = plain.moved(start, slopes, rate)
    found = expand(stepped, space.basis, reduction.frozen[0], hidden)
    expected = plain.moved(one, plain.gradients(one, moments), rate)
    norms = np.array([np.linalg.norm(layer) for layer in one])
    # A slope is a difference of these two, carried through all the other layers.
    parts = norms.prod() * np.linalg.norm(moments.xx) + np.linalg.norm(moments.yx)
    for at, (layer, other) in enumerate(zip(found, expected, strict=True)):
        atol = 1e-13 * (norms[at] + rate * np.delete(norms, at).prod() * parts)
        np.testing.assert_allclose(layer, other, rtol=0, atol=atol)


@given(seed=seeds, n=few_or_many, sizes=sizes)
def test_what_is_frozen_sees_no_input(seed, n, sizes):
    moments, _, stacked, reduction = reduced_start(seed, n, sizes)
    scale = np.linalg.norm(stacked[0]) * np.linalg.norm(moments.xx)
    seen = reduction.frozen @ moments.xx
    np.testing.assert_allclose(seen, 0, atol=1e-13 * scale)


@pytest.mark.parametrize(
    ("sizes", "n", "shapes"),
    [
        ((5, 20, 2), 12, [(7, 5), (2, 7)]),  # width to inputs + outputs
        ((5, 20, 2), 3, [(5, 3), (2, 5)]),  # inputs to their row space first
        ((5, 7, 2), 12, [(7, 5), (2, 7)]),  # no width to lose
        ((5, 4, 2), 3, [(4, 3), (2, 4)]),
        ((5, 2), 3, [(2, 3)]),
        ((5, 20, 20, 2), 3, [(20, 3), (20, 20), (2, 20)]),  # width: two layers only
    ],
)
def test_reduced_network_is_as_small_as_it_can_be(sizes, n, shapes):
    *_, reduction = reduced_start(0, n, sizes)
    assert [layer.shape[1:] for layer in reduction.start] == shapes
    assert (reduction.hidden is not None) == (shapes[0][0] < sizes[1])


def test_width_is_kept_on_demand():
    _, space, stacked, _ = reduced_start(0, 12, (5, 20, 2))
    kept = reduce_weights(space, stacked, keep_width=True)
    assert kept.hidden is None
    assert kept.start[1] is stacked[1]


def test_layers_at_zero_are_zero_after_reduction():
    space = row_space(plain.moments(0))
    first = np.random.default_rng(0).standard_normal((1, 15, 4))
    reduction = reduce_weights(space, (first, np.zeros((1, 2, 15))))
    assert (reduction.start[1] == 0).all()


def test_inputs_of_no_variance_are_refused():
    nothing = Moments(np.zeros((2, 2)), np.zeros((1, 2)), np.eye(1))
    with pytest.raises(ValueError, match="inputs of some variance, but `xx` has no"):
        row_space(nothing)


def test_targets_correlated_with_inputs_of_no_variance_are_refused():
    impossible = Moments(np.diag([1.0, 0.0]), np.array([[1.0, 0.25]]), np.eye(1))
    with pytest.raises(ValueError, match=r"but 0\.25 of it lies outside: no distribut"):
        row_space(impossible)
