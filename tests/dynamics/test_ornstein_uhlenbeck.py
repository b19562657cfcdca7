import numpy as np
import pytest
from scipy.integrate import quad_vec
from scipy.linalg import expm

from linnet.dynamics import OrnsteinUhlenbeck

RNG = np.random.default_rng(0)


def symmetric(size=4, least=0.3):
    frame = np.linalg.qr(RNG.standard_normal((size, size)))[0]
    return frame @ np.diag(np.linspace(least, 2.0, size)) @ frame.T


def covariance(size=4):
    root = RNG.standard_normal((size, size))
    return root @ root.T


SYMMETRIC, DIFFUSION = symmetric(), covariance()
SPIRAL = SYMMETRIC + np.triu(np.ones((4, 4)), 1) - np.tril(np.ones((4, 4)), -1)
both = pytest.mark.parametrize(
    "drift", [SYMMETRIC, SPIRAL], ids=["symmetric", "spiral"]
)


@both
@pytest.mark.parametrize("time", [0.0, 1e-6, 0.7, 30.0])
def test_the_transition_is_the_integral_that_defines_it(drift, time):
    kept, added = OrnsteinUhlenbeck(drift, DIFFUSION).transition(time)
    np.testing.assert_allclose(kept, expm(-drift * time), rtol=1e-10, atol=1e-13)
    expected, _ = quad_vec(
        lambda s: expm(-drift * s) @ (2 * DIFFUSION) @ expm(-drift.T * s),
        0.0,
        time,
        epsrel=1e-11,
        epsabs=0.0 if time else 1.0,
    )
    scale = np.abs(expected).max()
    np.testing.assert_allclose(added, expected, rtol=0, atol=1e-10 * scale)


def test_the_transition_of_a_symmetric_drift_is_that_of_its_eigenbasis():
    # Stiff, and over a time at which a growing exponential would have overflowed.
    frame = np.linalg.qr(RNG.standard_normal((4, 4)))[0]
    rates, time = np.array([1e-4, 1e-2, 1.0, 1e4]), 3.0
    drift = frame @ np.diag(rates) @ frame.T
    _, added = OrnsteinUhlenbeck(drift, DIFFUSION).transition(time)
    sums = np.add.outer(rates, rates)
    mixed = 2 * (frame.T @ DIFFUSION @ frame) * -np.expm1(-sums * time) / sums
    inside = frame.T @ added @ frame
    np.testing.assert_allclose(inside, mixed, rtol=1e-7, atol=1e-11)


@both
def test_the_stationary_state_stays_as_it_is(drift):
    process = OrnsteinUhlenbeck(drift, DIFFUSION)
    still = process.stationary()
    np.testing.assert_allclose(drift @ still + still @ drift.T, 2 * DIFFUSION)
    kept, added = process.transition(1.3)
    np.testing.assert_allclose(kept @ still @ kept.T + added, still, rtol=1e-12)


@both
def test_steps_of_any_size_lead_to_one_law(drift):
    process = OrnsteinUhlenbeck(drift, DIFFUSION)
    kept, added = process.transition(2.0)
    kept_1, added_1 = process.transition(0.5)
    kept_2, added_2 = process.transition(1.5)
    np.testing.assert_allclose(kept_2 @ kept_1, kept, atol=1e-14)
    np.testing.assert_allclose(kept_2 @ added_1 @ kept_2.T + added_2, added, rtol=1e-11)


def moments_z(samples, expected):
    """z-scores of the second moments of independent samples, upper triangle."""
    each = samples[:, :, None] * samples[:, None, :]
    stderr = each.std(0, ddof=1) / np.sqrt(len(each))
    return ((each.mean(0) - expected) / stderr)[np.triu_indices(samples.shape[1])]


@both
def test_paths_have_the_stationary_covariance_and_the_lagged_one(drift):
    process = OrnsteinUhlenbeck(drift, DIFFUSION)
    paths = process.paths([0.0, 0.4, 50.0], replicas=20_000, seed=3)
    still, kept = process.stationary(), process.transition(0.4)[0]
    for at in range(3):
        assert np.abs(moments_z(paths[at], still)).max() < 4
        assert np.abs(moments_z(paths[at], 2 * still)).max() > 10
    lagged = paths[1][:, :, None] * paths[0][:, None, :]
    stderr = lagged.std(0, ddof=1) / np.sqrt(len(lagged))
    assert np.abs((lagged.mean(0) - kept @ still) / stderr).max() < 4


def test_a_spiral_breaks_detailed_balance_and_noise_like_the_drift_does_not():
    spiral = OrnsteinUhlenbeck(SPIRAL, DIFFUSION)
    lagged = spiral.transition(0.3)[0] @ spiral.stationary()
    assert np.abs(lagged - lagged.T).max() > 0.1 * np.abs(lagged).max()
    still = OrnsteinUhlenbeck(SYMMETRIC, SYMMETRIC)
    lagged = still.transition(0.3)[0] @ still.stationary()
    np.testing.assert_allclose(lagged, lagged.T, atol=1e-13)


def test_a_direction_without_drift_and_noise_rests():
    jacobian = RNG.standard_normal((2, 4))
    drift = jacobian.T @ jacobian
    process = OrnsteinUhlenbeck(drift, 0.2 * drift)
    # White noise of the product: half the noise over drift on the range, nothing else.
    shares = np.linalg.pinv(jacobian) @ jacobian
    np.testing.assert_allclose(process.stationary(), 0.2 * shares, atol=1e-12)
    start = RNG.standard_normal(4)
    paths = process.paths([1.0, 100.0], replicas=5, start=start)
    resting = np.eye(4) - shares
    moved = (paths - start) @ resting
    np.testing.assert_allclose(moved, 0, atol=1e-6)
    assert np.abs(paths - start).max() > 0.1


def test_nothing_at_all_stays_where_it_is():
    process = OrnsteinUhlenbeck(np.zeros((2, 2)), np.zeros((2, 2)))
    np.testing.assert_array_equal(process.stationary(), np.zeros((2, 2)))
    paths = process.paths([0.0, 7.0], replicas=2, start=np.ones(2))
    np.testing.assert_array_equal(paths, np.ones((2, 2, 2)))


def test_a_seed_fixes_paths_and_a_replica_does_not_depend_on_how_many_there_are():
    process = OrnsteinUhlenbeck(SPIRAL, DIFFUSION)
    few, many = (process.paths([0, 1.0], replicas=n, seed=5) for n in (2, 3))
    np.testing.assert_allclose(few, many[:, :2], atol=1e-13)
    assert (many[:, 0] != many[:, 1]).all()
    assert (process.paths([0, 1.0], replicas=2, seed=6) != few).all()


@pytest.mark.parametrize(
    ("drift", "diffusion", "complaint"),
    [
        (np.ones((2, 3)), np.eye(2), "`drift` must be a square matrix"),
        (np.eye(2), np.ones(2), "`diffusion` must be a square matrix"),
        (np.eye(2), np.eye(3), "must have one shape"),
        (np.full((2, 2), np.nan), np.eye(2), "`drift` must be finite"),
        (np.eye(2), np.array([[1.0, 0.5], [0.0, 1.0]]), "must be symmetric"),
        (np.eye(2), np.diag([1.0, -1.0]), "positive semi-definite"),
        (np.diag([1.0, -0.1]), np.eye(2), "least one is -0.1"),
        (np.array([[0.0, 1.0], [-1.0, 0.0]]), np.eye(2), "positive real part"),
        (np.diag([1.0, 0.0]), np.eye(2), "diffuse for ever"),
        # Zero twice, but one direction only in which nothing pulls.
        (np.array([[0.0, 1.0], [0.0, 0.0]]), np.diag([1.0, 0.0]), "stationary state"),
    ],
)
def test_what_has_no_stationary_state_is_refused(drift, diffusion, complaint):
    with pytest.raises(ValueError, match=complaint):
        OrnsteinUhlenbeck(drift, diffusion)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"times": []}, "`times` must be"),
        ({"times": [1.0, 0.5]}, "`times` must be"),
        ({"times": [-1.0]}, "`times` must be"),
        ({"times": [np.nan]}, "`times` must be"),
        ({"replicas": 0}, "`replicas` must be"),
        ({"start": np.ones(3)}, "`start` must be"),
        ({"start": np.full(4, np.inf)}, "`start` must be"),
    ],
)
def test_paths_that_make_no_sense_are_refused(options, complaint):
    process = OrnsteinUhlenbeck(SPIRAL, DIFFUSION)
    with pytest.raises(ValueError, match=complaint):
        process.paths(**{"times": [1.0], **options})


@pytest.mark.parametrize("time", [-1.0, np.nan, np.inf])
def test_a_transition_takes_time(time):
    with pytest.raises(ValueError, match="`time` must be >= 0"):
        OrnsteinUhlenbeck(SPIRAL, DIFFUSION).transition(time)
