import numpy as np
import plain_spike
import plain_training
import pytest

from linnet.phenomena.anisotropy.theory import (
    escape_angles,
    escape_modes,
    saddle,
    saddle_losses,
    silent_alignment_angle,
)
from linnet.task import Moments


def task(rho=8.0, k=3, d=4, seed=0):
    """Several outputs, one spike, strengths of components well apart."""
    axes = plain_spike.frame(d, seed + 3)
    covariance = np.eye(d) + rho * np.outer(axes[0], axes[0])
    outputs, inputs = plain_spike.frame(k, seed + 1), plain_spike.frame(d, seed + 2)
    teacher = outputs @ np.diag([6.0, 2.5, 1.0][:k]) @ inputs[:k]
    return Moments(covariance, teacher @ covariance, teacher @ covariance @ teacher.T)


def balanced(matrix, width):
    """Balanced layers of this product, with hidden units to spare."""
    outputs, sizes, inputs = np.linalg.svd(matrix, full_matrices=False)
    first, second = np.zeros((width, matrix.shape[1])), np.zeros((len(matrix), width))
    roots = np.sqrt(np.where(sizes > 1e-10, sizes, 0.0))
    first[: len(roots)], second[:, : len(roots)] = (
        roots[:, None] * inputs,
        outputs * roots,
    )
    return first, second


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_saddles_are_saddles_and_weights_leave_them_at_the_escape_rates(rank):
    moments, width = task(), 5
    weights = balanced(saddle(moments, rank), width)
    slopes = plain_training.gradients(weights, moments)
    assert max(np.abs(g).max() for g in slopes) < 1e-12
    curvature = np.linalg.eigvalsh(plain_spike.hessian(weights, moments))
    modes = escape_modes(moments, rank)
    assert len(modes.rates) == 3 - rank
    # Each rate of a layer, once for every hidden unit that is free.
    expected = -np.repeat(modes.rates / 2, width - rank)
    np.testing.assert_allclose(
        curvature[: len(expected)], expected, rtol=1e-5, atol=1e-5
    )
    assert curvature[len(expected)] > -1e-5


@pytest.mark.parametrize("rank", [0, 1])
def test_what_leaves_a_saddle_grows_along_the_first_escape_mode(rank):
    moments = task()
    modes = escape_modes(moments, rank)
    rng = np.random.default_rng(2)
    weights = tuple(
        layer + 1e-6 * rng.standard_normal(layer.shape)
        for layer in balanced(saddle(moments, rank), 4)
    )
    times = np.array([0.0, 10.0, 14.0]) / modes.rates[0]
    path = plain_training.flow(weights, moments, times)
    grown = [
        np.linalg.norm(layers[0][rank:]) for layers in path
    ]  # rows of hidden units that were free
    np.testing.assert_allclose(
        np.log(grown[2] / grown[1]) / (times[2] - times[1]),
        modes.rates[0] / 2, rtol=0.05,
    )  # fmt: skip
    direction = np.linalg.svd(path[2][0][rank:])[2][0]
    assert abs(direction @ modes.inputs[0]) > 0.99


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_the_product_leaves_a_saddle_with_what_large_units_respond(rank):
    moments = task()
    modes, learned = escape_modes(moments, rank), saddle(moments, rank)
    first, second = balanced(learned, 4)  # and a unit that is on its way already
    first[rank], second[:, rank] = 1e-5 * modes.inputs[0], 1e-5 * modes.outputs[0]
    path = plain_training.flow(
        (first, second), moments, np.array([0.0, 14.0 / modes.rates[0]])
    )
    grown = plain_training.product(path[-1], 4) - learned
    top = np.linalg.svd(learned)[0][:, :rank]
    grown -= top @ (top.T @ grown)
    small = np.outer(modes.outputs[0], modes.inputs[0])
    seen = grown / np.linalg.norm(grown)
    np.testing.assert_allclose(seen, modes.products[0], atol=1e-5)
    if rank:
        assert np.linalg.norm(seen - small) > 0.05
    else:
        np.testing.assert_allclose(modes.products[0], small, atol=1e-12)


def test_training_from_small_weights_rests_at_the_saddle_losses():
    moments = task()
    rng = np.random.default_rng(3)
    weights = tuple(1e-7 * rng.standard_normal(s) for s in ((4, 4), (3, 4)))
    times = np.linspace(0, 12, 600)
    path = plain_training.flow(weights, moments, times)
    losses = np.array([moments.loss(plain_training.product(w, 4)) for w in path])
    speed = -np.gradient(np.log(losses), times)
    found = saddle_losses(moments)
    assert found.shape == (4,)
    np.testing.assert_allclose(losses[0], found[0], rtol=1e-6)
    for plateau in found[1:3]:
        slowest = speed[np.abs(losses / plateau - 1) < 0.1].min()
        at = np.flatnonzero(speed == slowest)[0]
        np.testing.assert_allclose(losses[at], plateau, rtol=0.01)
    for rank in range(4):
        loss = moments.loss(saddle(moments, rank))
        np.testing.assert_allclose(found[rank], loss, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(moments.minimal_loss(rank), loss, atol=1e-10)


def test_a_new_component_turns_from_its_escape_to_its_saddle():
    moments = task()
    angles = escape_angles(moments)
    assert min(angles) > 0.3
    # So small a start that the second component leaves the first time to turn.
    rng = np.random.default_rng(3)
    weights = tuple(1e-14 * rng.standard_normal(s) for s in ((4, 4), (3, 4)))
    path = plain_training.flow(weights, moments, np.linspace(0, 4.5, 200))
    products = [plain_training.product(w, 4) for w in path]
    early = np.flatnonzero([np.linalg.norm(p) > 1e-5 for p in products])[0]
    learned = np.linalg.svd(saddle(moments, 1))
    near = np.argmax([abs(np.linalg.svd(p)[2][0] @ learned[2][0]) for p in products])
    assert near > early
    ends = [np.linalg.svd(products[at]) for at in (early, near)]
    turned = np.arccos(
        [abs(ends[0][2][0] @ ends[1][2][0]), abs(ends[0][0][:, 0] @ ends[1][0][:, 0])]
    )
    np.testing.assert_allclose(turned, angles, atol=0.02)


def test_white_inputs_do_not_turn_and_one_output_turns_as_its_kernel():
    for rank in (0, 1, 2):
        np.testing.assert_allclose(escape_angles(task(rho=0.0), rank), 0, atol=1e-7)
    data = plain_training.moments(3, n=12, d=4, k=2).whitened()
    np.testing.assert_allclose(escape_angles(data), 0, atol=1e-7)
    one = plain_spike.spiked(6.0, 0.4)
    angles = escape_angles(one)
    np.testing.assert_allclose(angles[0], silent_alignment_angle(one), rtol=1e-9)
    assert angles[1] == 0
    np.testing.assert_allclose(escape_modes(one).rates, 2 * np.linalg.norm(one.yx))


def test_inputs_uncorrelated_in_the_axes_of_the_teacher_do_not_turn():
    spectrum, teacher = np.diag([5.0, 2.0, 1.0]), np.diag([2.0, 1.5, 0.5])[:2]
    moments = Moments(spectrum, teacher @ spectrum, teacher @ spectrum @ teacher.T)
    np.testing.assert_allclose(escape_angles(moments), 0, atol=1e-12)


TWINS = Moments(np.eye(2), np.eye(2), np.eye(2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: saddle(task(), 1.0), r"`rank` must be a whole number in \[0, 3\]"),
        (lambda: saddle(task(), 4), r"`rank` must be a whole number in \[0, 3\]"),
        (lambda: saddle(task(), 0.5), "but is 0.5: there is one component per output"),
        (lambda: saddle(TWINS, 1), "must not cut through equal components"),
        (lambda: escape_angles(TWINS), "must have one fastest escape"),
        (lambda: escape_angles(task(), 3), "must leave something to learn, but is 3"),
    ],
)
def test_what_has_no_direction_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
