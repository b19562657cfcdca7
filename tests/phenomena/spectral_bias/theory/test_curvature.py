import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.linalg import expm

from linnet.network import IsotropicFirstLayer, flatten, unflatten
from linnet.phenomena.spectral_bias import theory
from linnet.task import Moments

seeds = st.integers(0, 2**32 - 1)


def generic(seed, k=2, d=3, n=8):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, d)) * np.geomspace(1, 3, d)
    return Moments.of_data(inputs, rng.standard_normal((n, k)))


def minimizer_layers(moments, gamma):
    """The layers at the end of training, from the definition of the shape."""
    limit = theory.end_to_end_limit(moments)
    left, sigma, right = np.linalg.svd(limit)
    first, second = np.full(len(right), np.sqrt(gamma)), np.zeros(limit.shape)
    w1, w2 = theory.layer_singular_values(sigma, gamma)
    first[: len(sigma)] = w1
    second[: len(w2), : len(w2)] = np.diag(w2)
    return first[:, None] * right, left @ second


def dense_hessian(weights, moments):
    """Of the loss in all weights, by central differences of the gradient."""
    sizes = (weights[0].shape[1], weights[0].shape[0], weights[1].shape[0])
    at = flatten(weights)

    def gradient(vector):
        first, second = unflatten(vector, sizes)
        miss = second @ first @ moments.xx - moments.yx
        return np.concatenate([(second.T @ miss).ravel(), (miss @ first.T).ravel()])

    step = 1e-5 * np.abs(at).max()
    rows = [
        (gradient(at + step * e) - gradient(at - step * e)) / (2 * step)
        for e in np.eye(len(at))
    ]
    return np.array(rows)


def product_generator(weights, moments):
    """Dense matrix of the late flow of the product, D -> D xx K1 + K2 D xx."""
    first, second = weights
    left = np.kron(np.eye(len(second)), first.T @ first @ moments.xx)
    return left + np.kron(second @ second.T, moments.xx)


@given(seed=seeds, gamma=st.floats(1e-2, 1e2))
def test_sharpness_is_the_largest_eigenvalue_of_the_dense_hessian(seed, gamma):
    moments = generic(seed)
    weights = minimizer_layers(moments, gamma)
    top = np.linalg.eigvalsh(dense_hessian(weights, moments))[-1]
    found = theory.curvature(moments, gamma)
    assert found.sharpness == pytest.approx(top, rel=1e-5)
    assert found.largest_stable_rate == 2 / found.sharpness


@given(seed=seeds, gamma=st.floats(1e-2, 1e2))
def test_slowest_is_the_least_nonzero_eigenvalue_when_all_outputs_are_used(seed, gamma):
    moments = generic(seed)
    generator = product_generator(minimizer_layers(moments, gamma), moments)
    least = np.linalg.eigvals(generator).real.min()
    assert theory.curvature(moments, gamma).slowest == pytest.approx(least, rel=1e-7)


def late_rate(moments, gamma, hidden=None):
    """Rate of the linearized flow near its end, started from where training comes by.

    What training excites is found by flowing, not by reasoning: a short Euler run.
    """
    k, d = moments.yx.shape
    shape = IsotropicFirstLayer(gamma)
    first, second = shape.weights((d, hidden or d, k), np.random.default_rng(0))
    rate = 0.02 / theory.curvature(moments, gamma).sharpness
    for _ in range(400):
        miss = second @ first @ moments.xx - moments.yx
        first, second = first - rate * second.T @ miss, second - rate * miss @ first.T
    apart = (second @ first - theory.end_to_end_limit(moments)).ravel()
    generator = product_generator(minimizer_layers(moments, gamma), moments)
    slowest = theory.curvature(moments, gamma).slowest
    early, late = (
        np.linalg.norm(expm(-generator * (time / slowest)) @ apart)
        for time in (14.0, 18.0)
    )
    return np.log(early / late) / 4 * slowest


def block(*parts):
    rows, columns = (sum(p.shape[axis] for p in parts) for axis in (0, 1))
    whole, at = np.zeros((rows, columns)), np.zeros(2, int)
    for part in parts:
        whole[at[0] : at[0] + part.shape[0], at[1] : at[1] + part.shape[1]] = part
        at += part.shape
    return whole


TURN = np.linalg.qr(np.random.default_rng(3).standard_normal((4, 4)))[0]
STRUCTURED = {
    "white": (np.eye(4), np.diag([3.0, 2.0]) @ TURN[:2]),
    "white with a tie": (np.eye(4), np.diag([2.0, 2.0]) @ TURN[:2]),
    "white on a subspace": (2 * TURN[:3].T @ TURN[:3], np.diag([3.0, 1.0]) @ TURN[:2]),
    "aligned modes": (TURN.T @ np.diag([4.0, 2, 1, 0.5]) @ TURN, 3 * TURN[[0, 2]]),
    "one output": (np.diag([4.0, 2, 1, 0.5]), np.ones((1, 4))),
    "an input without use": (np.diag([4.0, 2, 1, 0.1]), np.array([[1.0, 1, 1, 0]])),
    "tied inputs": (np.diag([4.0, 1, 1, 1]), np.array([[1.0, 1, 2, 0], [0, 1, 0, 0]])),
    "two blocks": (
        block(np.array([[2.0, 0.5], [0.5, 1]]), np.array([[0.4, 0.1], [0.1, 0.3]])),
        block(np.ones((1, 2)), np.array([[0.5, -0.2]])),
    ),
    "an output without use": (
        np.diag([4.0, 2, 1, 0.5]),
        np.vstack([np.ones(4), np.zeros(4)]),
    ),
    "twin outputs": (np.diag([4.0, 2, 1, 0.5]), np.ones((2, 4))),
    "one input": (np.array([[2.0]]), np.array([[1.0], [3.0]])),
}


@pytest.mark.parametrize("gamma", [0.1, 2.0])
@pytest.mark.parametrize("name", STRUCTURED)
def test_slowest_is_what_training_excites(name, gamma):
    xx, yx = STRUCTURED[name]
    moments = Moments(xx, yx, np.eye(len(yx)))
    expected = late_rate(moments, gamma)
    assert theory.curvature(moments, gamma).slowest == pytest.approx(expected, rel=0.02)


@given(seed=seeds, gamma=st.floats(1e-6, 1e6))
def test_white_inputs_end_at_the_rate_of_the_weakest_mode(seed, gamma):
    yx = np.random.default_rng(seed).standard_normal((3, 5))
    moments = Moments(2 * np.eye(5), yx, np.eye(3))
    sigma = np.linalg.svd(yx / 2, compute_uv=False)
    found = theory.curvature(moments, gamma)
    expected = 2 * np.hypot(gamma, 2 * sigma)
    np.testing.assert_allclose(found.slowest, expected[-1], rtol=1e-7)
    np.testing.assert_allclose(found.sharpness, expected[0], rtol=1e-7)


@given(seed=seeds)
def test_curvature_does_not_depend_on_the_frame(seed):
    rng = np.random.default_rng(seed)
    moments = generic(seed)
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    turned = Moments(turn @ moments.xx @ turn.T, moments.yx @ turn.T, moments.yy)
    ours, theirs = (theory.curvature(m, 0.3) for m in (moments, turned))
    assert ours.sharpness == pytest.approx(theirs.sharpness, rel=1e-9)
    assert ours.slowest == pytest.approx(theirs.slowest, rel=1e-7)


@given(seed=seeds, gamma=st.floats(1e-4, 1e2))
def test_the_late_rate_falls_to_that_of_the_slowest_direction(seed, gamma):
    moments = generic(seed)
    rates = [theory.late_rate(moments, gamma, gap) for gap in (0.9, 1e-6, 1e-60)]
    slowest = theory.curvature(moments, gamma).slowest
    assert rates[0] >= rates[1] >= rates[2] >= 2 * slowest * (1 - 1e-9)
    assert rates[0] <= 2 * theory.curvature(moments, gamma).sharpness * (1 + 1e-9)


def test_the_late_rate_of_one_mode_is_twice_its_curvature_at_every_depth():
    moments = Moments(2 * np.eye(3), np.array([[3.0, 0, 0]]), np.eye(1))
    for gap in (0.5, 1e-3, 1e-20):
        found = theory.late_rate(moments, 0.7, gap)
        assert found == pytest.approx(4 * np.hypot(0.7, 3.0), rel=1e-12)


@pytest.mark.parametrize("gamma", [1e-3, 0.5, 20.0])
def test_the_late_rate_of_white_inputs_is_that_of_their_modes_each_alone(gamma):
    sigma, variance = np.array([3.0, 1.0, 0.2]), 2.0
    moments = Moments(
        variance * np.eye(4), variance * np.eye(3, 4) * sigma[:, None], np.eye(3)
    )
    rates, time = 2 * variance * np.hypot(gamma, 2 * sigma), 0.3
    left = sigma**2 * np.exp(-rates * time)
    found = theory.late_rate(moments, gamma, left.sum() / (sigma**2).sum())
    assert found == pytest.approx(left @ rates / left.sum(), rel=1e-9)


@pytest.mark.parametrize("share", [1e-4, 1e-12])
def test_a_direction_of_little_loss_shows_when_the_others_are_gone(share):
    # Two modes, so lazy that both run alone: 2 a gamma each, input variances 1 and 4.
    xx, gamma = np.diag([1.0, 4.0]), 1e9
    moments = Moments(xx, xx * np.sqrt([share, 1 / 4]), np.eye(2))
    # Where the two parts of the loss are equal: e^-8s = share e^-2s.
    crossing = 2 * share ** (4 / 3)
    found = theory.late_rate(moments, gamma, crossing / (1 + share))
    assert found / gamma == pytest.approx((2 + 8) / 2, rel=1e-6)
    assert theory.late_rate(moments, gamma, 1e3 * crossing) > 7.9 * gamma
    assert theory.late_rate(moments, gamma, 1e-3 * crossing) < 2.1 * gamma


@pytest.mark.parametrize("gap", [0.0, 1.0, -0.1, np.nan])
def test_a_gap_that_is_no_fraction_is_refused(gap):
    with pytest.raises(ValueError, match=rf"`gap` must lie in \(0, 1\), but is {gap}"):
        theory.late_rate(generic(0), 1.0, gap)


def test_curvature_without_anything_to_learn_is_refused():
    with pytest.raises(ValueError, match="cross moment `yx` must not vanish"):
        theory.curvature(Moments(np.eye(2), np.zeros((1, 2)), np.eye(1)), 1.0)
    with pytest.raises(ValueError, match="inputs must not all vanish"):
        theory.curvature(Moments(np.zeros((2, 2)), np.ones((1, 2)), np.eye(1)), 1.0)
    with pytest.raises(ValueError, match="`gamma` must be positive"):
        theory.curvature(Moments(np.eye(2), np.ones((1, 2)), np.eye(1)), 0.0)
