import itertools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import linregress, ortho_group

from linnet.numerics import Estimate
from linnet.phenomena.spectral_bias import measure

seeds = st.integers(0, 2**32 - 1)
depths = st.integers(1, 5)


def drawn(rng, sizes):
    """Layers of any network: nothing of ours went into them."""
    return tuple(
        rng.standard_normal((out, into)) for into, out in itertools.pairwise(sizes)
    )


def turned(rng, size):
    return np.linalg.qr(rng.standard_normal((size, size)))[0]


def test_spectra_of_layers_made_by_hand_come_back_downwards():
    rng = np.random.default_rng(0)
    first = turned(rng, 4)[:, :3] * [0.5, 3.0, 2.0] @ turned(rng, 3)
    second = np.array([[0.0, 0.0, -5.0, 0.0]])
    spectra = measure.layer_spectra((first, second))
    np.testing.assert_allclose(spectra[0], [3, 2, 0.5], rtol=1e-13)
    np.testing.assert_allclose(spectra[1], [5], rtol=1e-15)


@given(seed=seeds, depth=depths)
def test_spectra_are_roots_of_gram_eigenvalues_at_any_depth(seed, depth):
    rng = np.random.default_rng(seed)
    weights = drawn(rng, rng.integers(1, 6, depth + 1))
    spectra = measure.layer_spectra(weights)
    assert len(spectra) == depth
    for layer, spectrum in zip(weights, spectra, strict=True):
        assert spectrum.shape == (min(layer.shape),)
        gram = layer @ layer.T if layer.shape[0] < layer.shape[1] else layer.T @ layer
        expected = np.linalg.eigvalsh(gram)[::-1]
        # Squaring loses half of the digits of the small ones, in the Gram matrix.
        np.testing.assert_allclose(spectrum**2, expected, atol=1e-14 * expected[0])


@given(seed=seeds, scale=st.floats(1e-100, 1e100))
def test_spectra_see_neither_frames_nor_order_and_grow_with_the_weights(seed, scale):
    rng = np.random.default_rng(seed)
    layer = rng.standard_normal((4, 6))
    permuted = layer[rng.permutation(4)][:, rng.permutation(6)]
    rotated = ortho_group.rvs(4, random_state=rng) @ layer @ turned(rng, 6)
    plain, *others = measure.layer_spectra((layer, permuted, rotated, scale * layer))
    for other, unit in zip(others, (1, 1, scale), strict=True):
        np.testing.assert_allclose(other / unit, plain, rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numpy_layers_give_numpy_at_their_own_precision(dtype):
    layer = np.diag([1.0, 1 / 3]).astype(dtype)
    (spectrum,) = measure.layer_spectra((layer,))
    assert type(spectrum) is np.ndarray
    assert spectrum.dtype == dtype
    assert spectrum[1] == layer[1, 1]  # 64 bits were not rounded to 32 on the way


def test_jax_layers_give_jax_of_their_precision():
    (spectrum,) = measure.layer_spectra((jnp.eye(2),))
    assert isinstance(spectrum, jax.Array)
    assert spectrum.dtype == jnp.float32


@pytest.mark.usefixtures("x64")
def test_spectra_can_be_taken_inside_jit():
    weights = drawn(np.random.default_rng(1), (5, 4, 3, 2))
    inside = jax.jit(measure.layer_spectra)(tuple(map(jnp.asarray, weights)))
    for ours, theirs in zip(measure.layer_spectra(weights), inside, strict=True):
        assert theirs.dtype == jnp.float64
        np.testing.assert_allclose(theirs, ours, rtol=1e-12)


@pytest.mark.parametrize("wrong", [np.ones(3), np.ones((2, 3, 3)), np.array(1.0)])
def test_a_layer_that_is_no_matrix_is_refused(wrong):
    message = re.escape(f"matrices (out, in), but layer 1 has shape {wrong.shape}.")
    with pytest.raises(ValueError, match=message):
        measure.layer_spectra((np.eye(3), wrong))


def test_ranks_of_spectra_made_by_hand():
    spectra = np.array([[1.0, 1, 1, 1], [2, 1, 1, 0], [7, 0, 0, 0]])
    ranks = measure.rank_history(spectra)
    np.testing.assert_allclose(ranks.stable, [4, 1.5, 1])
    entropy = -(0.5 * np.log(0.5) + 2 * 0.25 * np.log(0.25))
    np.testing.assert_allclose(ranks.effective, [4, np.exp(entropy), 1])


@given(seed=seeds, scale=st.floats(1e-150, 1e150))
def test_ranks_see_neither_scale_nor_order(seed, scale):
    rng = np.random.default_rng(seed)
    spectra = rng.uniform(0, 1, (5, 4))
    plain = measure.rank_history(spectra)
    other = measure.rank_history(scale * spectra[:, rng.permutation(4)])
    np.testing.assert_allclose(other.stable, plain.stable, rtol=1e-13)
    np.testing.assert_allclose(other.effective, plain.effective, rtol=1e-13)
    assert (plain.stable <= plain.effective + 1e-12).all()  # <= the rank
    assert (plain.effective <= 4 + 1e-12).all()


def test_ranks_of_a_layer_that_is_still_zero_are_refused():
    with pytest.raises(ValueError, match="must not vanish, but all of its values are"):
        measure.rank_history(np.array([[1.0, 0.5], [0.0, 0.0]]))


def test_change_of_the_imbalance_by_hand():
    before = np.array([[3.0]]), np.array([[1.0]])  # imbalance 1 - 9
    after = np.array([[2.0]]), np.array([[2.0]])  # 4 - 4
    assert measure.imbalance_change(before, after) == (8 / 9,)
    assert measure.imbalance_change(after, before) == (8 / 9,)
    assert measure.imbalance_change(after, after) == (0.0,)


def test_one_layer_has_no_imbalance_to_change():
    assert measure.imbalance_change((np.eye(2),), (2 * np.eye(2),)) == ()


@given(seed=seeds, depth=depths, scale=st.floats(1e-50, 1e50))
def test_change_of_the_imbalance_is_one_number_a_hidden_layer_in_weight_units(
    seed, depth, scale
):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 5, depth + 1)
    before, after = drawn(rng, sizes), drawn(rng, sizes)
    plain = measure.imbalance_change(before, after)
    assert len(plain) == depth - 1
    assert all(0 < change <= 4 for change in plain)
    scaled = [tuple(scale * layer for layer in layers) for layers in (before, after)]
    np.testing.assert_allclose(measure.imbalance_change(*scaled), plain, rtol=1e-12)


@given(seed=seeds)
def test_change_of_the_imbalance_does_not_see_the_frame_of_the_hidden_layer(seed):
    rng = np.random.default_rng(seed)
    before, after = drawn(rng, (3, 4, 2)), drawn(rng, (3, 4, 2))
    plain = measure.imbalance_change(before, after)
    for frame in (turned(rng, 4), np.eye(4)[rng.permutation(4)]):
        moved = [(frame @ first, second @ frame.T) for first, second in (before, after)]
        np.testing.assert_allclose(measure.imbalance_change(*moved), plain, rtol=1e-12)


def test_exact_flow_of_one_weight_each_keeps_the_imbalance():
    # Along any flow of the product, (w1, w2) runs on a hyperbola w1^2 - w2^2 = const.
    angle = np.array([[2.5]])
    before = np.array([[0.3]]), np.array([[0.0]])
    after = 0.3 * np.cosh(angle), 0.3 * np.sinh(angle)
    assert measure.imbalance_change(before, after)[0] < 1e-15


def test_descent_changes_the_imbalance_in_proportion_to_its_learning_rate():
    changes = []
    for steps in (400, 800, 1600):
        first, second = np.array([[0.5, 0.1]]), np.array([[0.2], [-0.4]])
        start = first, second
        for _ in range(steps):
            miss = second @ first - np.eye(2)
            first, second = (
                first - 2 / steps * second.T @ miss,
                second - 2 / steps * miss @ first.T,
            )
        changes += measure.imbalance_change(start, (first, second))
    ratios = np.divide(changes[:-1], changes[1:])
    # First order: halving the rate halves the change, the more exactly the smaller.
    assert abs(ratios[1] - 2) < abs(ratios[0] - 2) < 0.02


@pytest.mark.usefixtures("x64")
def test_change_of_the_imbalance_takes_jax_weights_and_gives_plain_numbers():
    rng = np.random.default_rng(2)
    before, after = drawn(rng, (3, 4, 4, 2)), drawn(rng, (3, 4, 4, 2))
    theirs = measure.imbalance_change(
        tuple(map(jnp.asarray, before)), tuple(map(jnp.asarray, after))
    )
    assert [type(change) for change in theirs] == [float, float]
    np.testing.assert_allclose(
        theirs, measure.imbalance_change(before, after), rtol=1e-13
    )


def test_two_different_networks_are_refused():
    message = re.escape("have shapes [(2, 2), (2, 2)] and [(2, 2), (1, 2)].")
    with pytest.raises(ValueError, match=f"one network at two times, but {message}"):
        measure.imbalance_change((np.eye(2), np.eye(2)), (np.eye(2), np.ones((1, 2))))


def test_weights_that_vanish_at_both_times_are_refused():
    nothing = np.zeros((2, 2)), np.zeros((1, 2))
    with pytest.raises(ValueError, match="vanish at both times: there is no scale"):
        measure.imbalance_change(nothing, nothing)
    assert measure.imbalance_change(nothing, (np.eye(2), np.zeros((1, 2))))[0] > 0


def test_amplitudes_along_singular_vectors_are_singular_values():
    rng = np.random.default_rng(3)
    left, right = turned(rng, 4)[:, :3], turned(rng, 5)[:, :3]
    product = left * [3.0, 2.0, 0.5] @ right.T
    found = measure.mode_amplitudes(product, left.T, right.T)
    np.testing.assert_allclose(found, [3, 2, 0.5], rtol=1e-14)
    np.testing.assert_allclose(
        measure.mode_amplitudes(product, -left.T, right.T), -found, rtol=1e-14
    )


@given(seed=seeds, axes=st.lists(st.integers(1, 3), max_size=2))
def test_amplitudes_are_the_bilinear_forms_written_out(seed, axes):
    rng = np.random.default_rng(seed)
    products = rng.standard_normal((*axes, 3, 4))
    outputs, inputs = rng.standard_normal((2, 3)), rng.standard_normal((2, 4))
    found = measure.mode_amplitudes(products, outputs, inputs)
    assert found.shape == (*axes, 2)
    for at in np.ndindex(*axes):
        expected = [u @ products[at] @ v for u, v in zip(outputs, inputs, strict=True)]
        np.testing.assert_allclose(found[at], expected, atol=1e-12)


@given(seed=seeds, scale=st.floats(-1e6, 1e6))
def test_amplitudes_turn_with_the_modes_and_are_linear_in_the_product(seed, scale):
    rng = np.random.default_rng(seed)
    product = rng.standard_normal((3, 4))
    outputs, inputs = rng.standard_normal((3, 3)), rng.standard_normal((3, 4))
    left, right, order = turned(rng, 3), turned(rng, 4), rng.permutation(3)
    found = measure.mode_amplitudes(product, outputs, inputs)
    rotated = measure.mode_amplitudes(
        scale * left @ product @ right.T,
        (outputs @ left.T)[order],
        (inputs @ right.T)[order],
    )
    np.testing.assert_allclose(
        rotated, scale * found[order], atol=1e-11 * (1 + abs(scale))
    )


@pytest.mark.usefixtures("x64")
def test_amplitudes_can_be_taken_inside_jit_with_numpy_directions():
    rng = np.random.default_rng(4)
    products = rng.standard_normal((6, 2, 3))
    outputs, inputs = rng.standard_normal((2, 2)), rng.standard_normal((2, 3))
    inside = jax.jit(lambda p: measure.mode_amplitudes(p, outputs, inputs))(products)
    assert inside.dtype == jnp.float64
    outside = measure.mode_amplitudes(products, outputs, inputs)
    assert type(outside) is np.ndarray
    np.testing.assert_allclose(inside, outside, rtol=1e-12, atol=1e-14)


def test_a_straight_line_is_crossed_where_it_says():
    times = np.array([0.0, 1.0, 3.0, 4.0])
    found = measure.crossing(times, 2 * times - 1, 4.0)
    assert found.time == pytest.approx(2.5, rel=1e-14)
    assert found.error < 1e-14


def test_only_the_first_crossing_counts():
    curve = np.array([0.0, 2.0, 0.0, 3.0, 3.0])
    found = measure.crossing(np.arange(5.0), curve, 1.0)
    assert 0 < found.time < 1
    assert measure.crossing(np.arange(5.0), curve, 2.5).time > 2


@pytest.mark.parametrize("curve", [[0, 1, 1, 1], [0, 1, 2, 3], [0, 1, 0, 1]])
def test_a_level_that_is_sampled_is_crossed_at_its_sample(curve):
    found = measure.crossing(np.arange(4.0), np.array(curve, float), 1.0)
    # Where the curve lies flat on the level it is a double root: half of the digits.
    assert abs(found.time - 1) <= found.error + 1e-12
    assert found.error < 1e-7


def test_a_level_that_is_never_reached_takes_for_ever():
    found = measure.crossing(np.arange(3.0), np.array([0.0, 0.5, 0.9]), 1.0)
    assert (found.time, found.error) == (np.inf, np.inf)


def test_lists_and_32_bits_are_taken_too():
    found = measure.crossing([0, 1], np.array([0, 1], np.float32), 0.25)
    assert (type(found.time), type(found.error)) == (float, float)
    assert found.time == pytest.approx(0.25)


def crossing_errors(samples):
    """Root mean squares over where the samples lie: true error, and error bar."""
    true, told = [], []
    for shift in np.linspace(0, 1, 60, endpoint=False):
        times = (np.arange(samples) + shift) * 2 / samples
        found = measure.crossing(times, np.expm1(times), 1.5)
        true.append(found.time - np.log(2.5))
        told.append(found.error)
    return np.sqrt(np.mean(np.square([true, told]), axis=1))


def test_a_crossing_is_of_third_order_in_the_sampling_and_its_error_bar_of_second():
    errors = np.array([crossing_errors(samples) for samples in (20, 40, 80, 160)])
    orders = np.log2(errors[:-1] / errors[1:])
    # The orders themselves are reached to first order in the spacing.
    np.testing.assert_allclose(orders[-1], [3, 2], atol=0.15)
    assert (errors[:, 0] < errors[:, 1]).all()
    assert errors[-1, 0] < errors[-1, 1] / 20


@given(
    seed=seeds,
    unit=st.floats(1e-6, 1e6),
    height=st.floats(1e-6, 1e6),
    level=st.floats(0.05, 0.95),
)
def test_a_crossing_lies_in_its_interval_and_scales_with_the_axes(
    seed, unit, height, level
):
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.1, 1, 12))
    curve = np.linspace(0, 1, 12) ** rng.uniform(0.5, 3)
    found = measure.crossing(times, curve, level)
    after = np.flatnonzero(curve >= level)[0]
    assert times[after - 1] <= found.time <= times[after]
    assert 0 <= found.error <= times[after] - times[after - 1]
    scaled = measure.crossing(unit * times, height * curve, height * level)
    assert scaled.time == pytest.approx(unit * found.time, rel=1e-9)
    assert scaled.error == pytest.approx(unit * found.error, rel=1e-5, abs=1e-9 * unit)


HALF_WAY = "Arguments `times` and `curve` must have one length, at least"


@pytest.mark.parametrize(
    ("times", "curve", "message"),
    [
        ([0.0, 1.0], [0.0], rf"{HALF_WAY} 2, but have shapes \(2,\) and \(1,\)"),
        ([0.0], [0.0], rf"{HALF_WAY} 2, but have shapes \(1,\) and \(1,\)"),
        ([[0.0, 1.0]], [[0.0, 1.0]], rf"{HALF_WAY} 2, but have shapes \(1, 2\)"),
        ([0.0, 0.0], [0.0, 1.0], "`times` must increase, but does not"),
        ([1.0, 0.0], [0.0, 1.0], "`times` must increase, but does not"),
        ([0.0, np.inf], [0.0, 1.0], "must be finite, but hold NaN or infinity: leave"),
        ([0.0, 1.0], [0.0, np.nan], "must be finite, but hold NaN or infinity: leave"),
        ([0.0, 1.0], [0.5, 1.0], "start below the level 0.5, but starts at 0.5: save"),
        ([0.0, 1.0], [0.75, 1.0], "must start below the level 0.5, but starts at 0.75"),
    ],
)
def test_a_curve_that_cannot_be_crossed_is_refused(times, curve, message):
    with pytest.raises(ValueError, match=message):
        measure.crossing(np.array(times), np.array(curve), 0.5)


def test_half_times_are_the_crossings_of_half_of_each_end():
    times = np.linspace(0, 3, 40)
    amplitudes = np.stack([4 * times, times**2, -times], axis=1)
    found = measure.half_times(times, amplitudes, np.array([6.0, 2.0, 1.0]))
    assert found == tuple(
        measure.crossing(times, curve, level)
        for curve, level in zip(amplitudes.T, (3.0, 1.0, 0.5), strict=True)
    )
    assert found[0].time == pytest.approx(0.75)
    assert abs(found[1].time - 1) <= found[1].error
    assert found[2].time == np.inf


def test_a_mode_that_starts_half_learned_is_refused():
    with pytest.raises(ValueError, match="must start below the level 1, but starts"):
        measure.half_times(np.arange(2.0), np.array([[1.5], [2.0]]), np.array([2.0]))


@given(st.lists(st.sampled_from([0.5, 1.0, 2.0, np.inf]), max_size=6))
def test_the_learning_order_sorts_the_times_and_keeps_ties_as_they_are(times):
    order = measure.learning_order(tuple(measure.Crossing(t, 0.0) for t in times))
    assert order == tuple(sorted(range(len(times)), key=lambda i: (times[i], i)))
    never = [i for i in order if times[i] == np.inf]
    assert list(order[len(order) - len(never) :]) == never


@given(rate=st.floats(-5, 5), height=st.floats(1e-9, 1e9), seed=seeds)
def test_one_exponential_decays_at_its_rate_and_nothing_is_left_over(
    rate, height, seed
):
    times = np.cumsum(np.random.default_rng(seed).uniform(0.1, 1, 8))
    found = measure.decay_rate(times, height * np.exp(-rate * times))
    assert found.value == pytest.approx(rate, abs=1e-12)
    assert 0 <= found.stderr < 1e-12


@given(seed=seeds, n=st.integers(3, 30))
def test_decay_rate_and_its_error_are_those_of_a_regression_of_the_logarithm(seed, n):
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.1, 1, n))
    curve = np.exp(-0.7 * times + rng.standard_normal(n))
    found, expected = measure.decay_rate(times, curve), linregress(times, np.log(curve))
    assert found.value == pytest.approx(-expected.slope, rel=1e-8, abs=1e-10)
    assert found.stderr == pytest.approx(expected.stderr, rel=1e-6)


@given(seed=seeds, unit=st.floats(1e-6, 1e6), height=st.floats(1e-6, 1e6))
def test_decay_rate_does_not_see_the_height_and_scales_with_time(seed, unit, height):
    rng = np.random.default_rng(seed)
    times, curve = np.cumsum(rng.uniform(0.1, 1, 9)), rng.uniform(0.1, 1, 9)
    plain = measure.decay_rate(times, curve)
    other = measure.decay_rate(unit * times, height * curve)
    assert other.value * unit == pytest.approx(plain.value, rel=1e-7, abs=1e-9)
    assert other.stderr * unit == pytest.approx(plain.stderr, rel=1e-7)


@pytest.mark.statistical
def test_standard_error_of_a_decay_rate_is_that_of_independent_scatter():
    rng = np.random.default_rng(5)
    times = np.linspace(0, 2, 5)
    found = [
        measure.decay_rate(times, np.exp(-1.5 * times + 0.1 * scatter))
        for scatter in rng.standard_normal((4000, 5))
    ]
    missed = np.array([rate.value - 1.5 for rate in found]) ** 2
    told = np.array([rate.stderr for rate in found]) ** 2
    assert abs(Estimate.from_samples(missed - told).z(0.0)) < 4
    wrong = told * (5 - 2) / 5  # had the scatter been divided by n instead of n - 2
    assert abs(Estimate.from_samples(missed - wrong).z(0.0)) > 10


@pytest.mark.parametrize(
    ("times", "curve", "message"),
    [
        ([0.0, 1.0], [1.0, 0.5], rf"{HALF_WAY} 3, but have shapes \(2,\) and \(2,\)"),
        ([0.0, 1.0, 1.0], [1.0, 0.5, 0.2], "`times` must increase"),
        ([0.0, 1.0, 2.0], [1.0, np.inf, 0.2], "must be finite"),
        ([0.0, 1.0, 2.0], [1.0, 0.5, 0.0], "must be positive to decay exponentially,"),
        ([0.0, 1.0, 2.0], [1.0, -0.5, 0.1], "but its least value is -0.5: leave out"),
    ],
)
def test_a_curve_that_cannot_decay_is_refused(times, curve, message):
    with pytest.raises(ValueError, match=message):
        measure.decay_rate(np.array(times), np.array(curve))


def test_one_exponential_has_no_other_rate_late():
    times = np.linspace(0, 12, 200)
    found = measure.late_decay_rate(times, 3 * np.exp(-2 * times))
    assert found.value == pytest.approx(2, rel=1e-12)
    assert found.stderr < 1e-11


ROUNDING = 1e-12  # of a rate, through logarithms of size 40 over a time of 5


@pytest.mark.parametrize("faster", [1.5, 2.0, 5.0])
@pytest.mark.parametrize("weight", [0.01, 1.0, 100.0])
def test_a_sum_of_exponentials_decays_at_its_slowest_rate_within_the_error(
    faster, weight
):
    misses = []
    for end in (20, 30, 40):
        times = np.linspace(0, end, 50 * end)
        curve = np.exp(-times) + weight * np.exp(-faster * times)
        found = measure.late_decay_rate(times, curve)
        misses.append(found.value - 1)
        assert -ROUNDING < misses[-1] <= found.stderr + ROUNDING
    # What is missing dies out at the difference of the rates.
    shrinks = np.exp(-(faster - 1) * 10)
    assert misses[1] < 2 * shrinks * misses[0] + ROUNDING


def test_a_slowest_part_too_weak_to_be_seen_is_missed_by_the_error_bar_too():
    times = np.linspace(0, 25, 500)
    found = measure.late_decay_rate(
        times, np.exp(-times) + 1e-15 * np.exp(-0.1 * times)
    )
    assert found.value > 0.9
    assert found.stderr < 0.1


def test_only_the_last_four_decades_count():
    times = np.linspace(0, 20, 400)
    curve = np.exp(-times)
    plain = measure.late_decay_rate(times, curve)
    disturbed = np.where(curve > 1.01e4 * curve[-1], 1 + times, curve)
    assert measure.late_decay_rate(times, disturbed) == plain


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        (np.exp(-np.arange(5.0)), rf"{HALF_WAY} 6, but have shapes \(5,\)"),
        (
            np.exp(-0.1 * np.arange(40)),
            "at least 3 times in each of its last two pairs of decades, but has 40 and,"
            " before, 0: save more times, or train for longer",
        ),
        (
            10.0 ** -np.arange(8.0),
            "last two pairs of decades, but has 3 and, before, 2: save",
        ),
        (10.0 ** -(np.arange(8.0) / 10), "but has 8 and, before, 0"),
        (np.where(np.arange(8) < 7, 10.0 ** -np.arange(8), 0.0), "but has 1 and"),
    ],
)
def test_a_curve_whose_end_was_not_seen_is_refused(curve, message):
    with pytest.raises(ValueError, match=message):
        measure.late_decay_rate(np.arange(float(len(curve))), curve)


def test_spectra_of_layers_that_diverged_are_refused():
    with pytest.raises(ValueError, match="must be finite, but holds NaN or infinity"):
        measure.layer_spectra((np.array([[1.0, np.nan]]),))


def test_the_imbalance_of_a_mode_is_what_the_first_layer_holds_more_of_it():
    first, second = np.diag([3.0, 2.0]), np.diag([1.0, 4.0])
    modes = np.eye(2)
    seen = measure.mode_imbalances((first, second), modes, modes)
    np.testing.assert_allclose(seen, [8.0, -12.0])
    with pytest.raises(ValueError, match="must be two layers, but holds 1"):
        measure.mode_imbalances((first,), modes, modes)
