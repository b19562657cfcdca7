import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import minimize_scalar

from linnet.task import Moments

seeds = st.integers(0, 2**32 - 1)


def drawn(seed, n=20, d=4, k=2):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, d)) * 10.0 ** rng.uniform(-1, 1, d)
    targets = inputs @ rng.standard_normal((d, k)) + rng.standard_normal((n, k))
    return inputs, targets


def test_moments_of_data_follow_the_conventions():
    inputs, targets = drawn(0)
    moments = Moments.of_data(inputs, targets)
    np.testing.assert_allclose(moments.xx, np.mean([np.outer(x, x) for x in inputs], 0))
    expected = np.mean(
        [np.outer(y, x) for x, y in zip(inputs, targets, strict=True)], 0
    )
    np.testing.assert_allclose(moments.yx, expected)
    assert moments.n == 20


@given(seed=seeds)
def test_loss_of_moments_is_the_loss_of_the_samples(seed):
    inputs, targets = drawn(seed)
    weights = np.random.default_rng(seed + 1).standard_normal((2, 4))
    residual = targets - inputs @ weights.T
    expected = (residual**2).sum(1).mean() / 2
    loss = Moments.of_data(inputs, targets).loss(weights)
    np.testing.assert_allclose(loss, expected, rtol=1e-9, atol=1e-9)


@given(seed=seeds, n=st.integers(2, 12))
def test_minimizer_is_the_least_squares_map_of_least_norm(seed, n):
    inputs, targets = drawn(seed, n=n, d=6)
    minimizer = Moments.of_data(inputs, targets).minimizer()
    assert minimizer.rank == min(n, 6)
    expected = (np.linalg.pinv(inputs) @ targets).T
    scale = np.abs(expected).max()
    np.testing.assert_allclose(minimizer.end_to_end, expected, atol=1e-6 * scale)


def test_cutoff_is_honored_and_reported():
    moments = Moments(np.diag([1.0, 1e-3]), np.ones((1, 2)), np.ones((1, 1)))
    full, cut = moments.minimizer(), moments.minimizer(cutoff=1e-2)
    assert (full.rank, cut.rank, cut.cutoff) == (2, 1, 1e-2)
    assert full.cutoff == moments.default_cutoff() == 8 * np.finfo(float).eps
    np.testing.assert_allclose(cut.end_to_end, [[1.0, 0.0]])


@given(seed=seeds)
def test_excess_risk_is_twice_the_loss_above_the_least(seed):
    moments = Moments.of_data(*drawn(seed))
    weights = np.random.default_rng(seed + 1).standard_normal((2, 4))
    expected = 2 * (moments.loss(weights) - moments.minimal_loss())
    excess = moments.excess_risk(weights)
    np.testing.assert_allclose(excess, expected, rtol=1e-8, atol=1e-8)
    assert excess >= 0


@pytest.mark.parametrize("seed", range(5))
def test_least_loss_of_rank_one_agrees_with_brute_force(seed):
    moments = Moments.of_data(*drawn(seed, d=3))

    def loss(angle):
        left = np.array([np.cos(angle), np.sin(angle)])
        right = np.linalg.solve(moments.xx, moments.yx.T @ left)  # best, given `left`
        return moments.loss(np.outer(left, right))

    angles = np.linspace(0, np.pi, 721)
    start = angles[np.argmin([loss(angle) for angle in angles])]
    found = minimize_scalar(
        loss, bounds=(start - 0.01, start + 0.01), options={"xatol": 1e-9}
    ).fun
    np.testing.assert_allclose(moments.minimal_loss(rank=1), found, rtol=1e-9)
    assert found > 1.01 * moments.minimal_loss()  # the rank does bind


def test_least_loss_falls_with_the_rank_from_zero_map_to_minimum():
    moments = Moments.of_data(*drawn(3, d=5, k=3))
    losses = [moments.minimal_loss(rank) for rank in range(6)]
    np.testing.assert_allclose(losses[0], moments.loss(np.zeros((3, 5))), rtol=1e-12)
    assert np.all(np.diff(losses) <= 0)
    np.testing.assert_allclose(losses[3:], moments.minimal_loss(), rtol=1e-12)
    assert losses[2] > losses[3] * (1 + 1e-9)


@given(seed=seeds, n=st.integers(2, 12))
def test_whitening_gives_the_projector_on_the_row_space(seed, n):
    inputs, targets = drawn(seed, n=n, d=6)
    white = Moments.of_data(inputs, targets).whitened()
    np.testing.assert_allclose(white.xx @ white.xx, white.xx, atol=1e-12)
    assert np.trace(white.xx) == pytest.approx(min(n, 6))
    np.testing.assert_allclose(inputs @ white.xx, inputs, atol=1e-6)


@given(seed=seeds)
def test_whitening_leaves_the_least_loss_of_every_rank(seed):
    moments = Moments.of_data(*drawn(seed))
    for rank in range(3):
        np.testing.assert_allclose(
            moments.whitened().minimal_loss(rank), moments.minimal_loss(rank), rtol=1e-6
        )


@given(seed=seeds, variance=st.floats(1e-6, 1e6), n=st.integers(2, 12))
def test_the_variance_of_white_inputs_is_found(seed, variance, n):
    white = Moments.of_data(*drawn(seed, n=n, d=6)).whitened()
    scaled = Moments(variance * white.xx, white.yx, white.yy)
    np.testing.assert_allclose(scaled.input_variance(), variance, rtol=1e-8)


@pytest.mark.parametrize("spectrum", [[1.0, 1.0 - 1e-7], [2.0, 1.0], [0.0, 0.0]])
def test_inputs_that_are_not_white_have_no_one_variance(spectrum):
    moments = Moments(np.diag(spectrum), np.ones((1, 2)), np.ones((1, 1)))
    assert moments.input_variance() is None


def test_spectrum_is_sorted_downwards_and_never_negative():
    inputs, targets = drawn(2, n=3, d=6)
    spectrum = Moments.of_data(inputs, targets).spectrum()
    assert np.all(np.diff(spectrum) <= 0)
    assert spectrum[-1] >= 0
    expected = np.linalg.svd(inputs, compute_uv=False) ** 2 / 3
    np.testing.assert_allclose(spectrum[:3], expected, rtol=1e-10)


EYE, ROW, ONE = np.eye(2), np.ones((1, 2)), np.eye(1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((np.eye(3), ROW, ONE), r"`xx` must be \(2, 2\).*they are \(3, 3\)"),
        ((EYE, ROW, np.eye(2)), r"`yy` \(1, 1\), but they are"),
        ((np.array([[1, np.nan], [0, 1]]), ROW, ONE), "`xx` must be finite"),
        ((EYE, np.inf * ROW, ONE), "`yx` must be finite"),
        ((EYE, ROW, np.nan * ONE), "`yy` must be finite"),
        ((np.array([[1.0, 0.1], [0.0, 1.0]]), ROW, ONE), "`xx` must be symmetric"),
    ],
)
def test_inconsistent_moments_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Moments(*fields)


def test_inputs_without_content_have_no_minimizer():
    with pytest.raises(ValueError, match="No eigenvalue of `xx` lies above"):
        Moments(np.zeros((2, 2)), np.zeros((1, 2)), ONE).minimizer()


def test_a_negative_rank_is_refused():
    with pytest.raises(ValueError, match="`rank` must be >= 0, but is -1"):
        Moments(EYE, ROW, ONE).minimal_loss(-1)
