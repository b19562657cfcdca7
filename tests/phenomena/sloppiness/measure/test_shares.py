import numpy as np
import pytest

from linnet.phenomena.sloppiness.measure import variance_share

TIMES, SAMPLES, OUTPUTS = 6, 5, 2


def cloud(rng, count, spread=1.0):
    """One curve for all, and a scatter that fades."""
    t = np.linspace(0, 1, TIMES)
    curve = np.stack([t, t**2, np.sqrt(t)], axis=1) @ rng_axes()
    scatter = spread * rng.standard_normal((count, 1, SAMPLES * OUTPUTS))
    flat = curve + scatter * (1 - t)[:, None] * np.linspace(1, 0.2, SAMPLES * OUTPUTS)
    return flat.reshape(count, TIMES, SAMPLES, OUTPUTS)


def rng_axes():
    return np.linalg.qr(np.random.default_rng(5).normal(size=(SAMPLES * OUTPUTS, 3)))[
        0
    ].T


def exact(spread=1.0):
    t = np.linspace(0, 1, TIMES)
    curve = np.stack([t, t**2, np.sqrt(t)], axis=1) @ rng_axes()
    around = curve - curve.mean(0)
    fade = np.mean((1 - t) ** 2)
    widths = spread**2 * fade * np.linspace(1, 0.2, SAMPLES * OUTPUTS) ** 2
    matrix = around.T @ around / TIMES + np.diag(widths)
    axes = rng_axes().T
    along = np.cumsum(np.einsum("dk,de,ek->k", axes, matrix, axes))
    return along / np.trace(matrix)


AXES = rng_axes().T.reshape(SAMPLES, OUTPUTS, 3)


@pytest.mark.statistical
def test_shares_are_those_of_the_covariance_and_a_wider_scatter_is_told_apart():
    found = variance_share(cloud(np.random.default_rng(0), 300, 0.4), AXES)
    assert (np.abs(found.z(exact(0.4))) < 4).all()
    assert (np.abs(found.z(exact(0.8))) > 10).all()


@pytest.mark.statistical
def test_few_trajectories_have_no_bias_that_their_error_bars_would_hide():
    rng = np.random.default_rng(1)
    seen = np.array([variance_share(cloud(rng, 12), AXES).value for _ in range(200)])
    error = seen.std(0, ddof=1) / np.sqrt(len(seen))
    assert (np.abs(seen.mean(0) - exact()) < 4 * error).all()
    # The mean of a sample scatters itself: without products of different trajectories
    # the share would be off by more than that.
    assert (error < 0.015).all()


@pytest.mark.statistical
def test_error_bars_are_as_large_as_the_scatter_over_repetitions():
    rng = np.random.default_rng(2)
    every = [variance_share(cloud(rng, 40), AXES) for _ in range(60)]
    scatter = np.std([one.value for one in every], axis=0)
    stated = np.mean([one.stderr for one in every], axis=0)
    np.testing.assert_allclose(scatter / stated, 1, atol=0.4)


def test_all_axes_together_hold_everything_wherever_the_cloud_lies():
    paths = cloud(np.random.default_rng(3), 10)
    axes = np.eye(SAMPLES * OUTPUTS).reshape(SAMPLES, OUTPUTS, -1)
    near, far = variance_share(paths, axes), variance_share(paths + 1e6, axes)
    assert near.value[-1] == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(far.value, near.value, atol=1e-6)


def test_weights_of_checkpoints_count_as_often_as_they_say():
    paths = cloud(np.random.default_rng(4), 8)
    twice = np.concatenate([paths, paths[:, :2]], axis=1)
    weights = np.array([2, 2, 1, 1, 1, 1]) / 8
    np.testing.assert_allclose(
        variance_share(paths, AXES, weights=weights).value,
        variance_share(twice, AXES).value,
        rtol=1e-12,
    )


def test_what_makes_no_sense_is_refused():
    paths = cloud(np.random.default_rng(5), 8)
    with pytest.raises(ValueError, match="at least 3 trajectories, but holds 2"):
        variance_share(paths[:2], AXES)
    with pytest.raises(ValueError, match="must have 2 outputs as the predictions"):
        variance_share(paths, np.eye(SAMPLES))
    with pytest.raises(ValueError, match="orthonormal columns"):
        variance_share(paths, 2 * AXES)
    with pytest.raises(ValueError, match="all predictions are alike"):
        variance_share(np.ones_like(paths), AXES)
