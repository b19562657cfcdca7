import gaussian_series
import numpy as np
import pytest

from linnet.phenomena.fluctuations import measure

MEMORY = np.array([0.0, 0.5, 0.8])
VARIANCES = np.array([1.0, 3.0, 0.2])
TIMES = (1 + MEMORY) / (1 - MEMORY)


def test_the_fast_autocovariance_is_the_slow_one(rng):
    series = rng.normal(size=(2, 30, 3)) + 5
    moved = series - series.mean((0, 1))
    slow = [
        [(chain[lag:] * chain[: 30 - lag]).mean(0) for lag in range(30)]
        for chain in moved
    ]
    found = measure.autocovariance(series, 29)
    np.testing.assert_allclose(found, slow, atol=1e-12)


@pytest.mark.parametrize("replicas", [1, 16])
def test_autocorrelation_and_its_time_are_those_of_the_process(rng, replicas):
    series = gaussian_series.modes(rng, MEMORY, VARIANCES, replicas, 64_000 // replicas)
    found = measure.autocorrelation(series, 10)
    expected = MEMORY ** np.arange(11)[:, None]
    assert (np.abs(found.z(expected)) < 4).all()
    assert (found.z(2 * expected)[:3, 1:] < -10).all()
    tau = measure.correlation_time(series)
    assert tau.is_resolved.all()
    # Cut at 5 correlation times the sum lacks a share exp(-10): nothing.
    assert (np.abs(tau.value - TIMES) < 4 * tau.stderr).all()
    assert (np.abs(tau.value - 2 * TIMES) > 10 * tau.stderr).all()
    np.testing.assert_allclose(
        measure.effective_samples(series), 64_000 / np.maximum(tau.value, 1)
    )


def test_the_error_of_the_autocorrelation_is_its_spread(rng):
    draws = [
        measure.autocorrelation(
            gaussian_series.modes(rng, MEMORY[1:], VARIANCES[1:], 8, 400), 4
        )
        for _ in range(100)
    ]
    spread = np.std([one.value for one in draws], 0, ddof=1)[1:]
    said = np.sqrt(np.mean([one.stderr**2 for one in draws], 0))[1:]
    np.testing.assert_allclose(said, spread, rtol=0.35)


def test_the_error_of_the_correlation_time_is_its_spread(rng):
    series = gaussian_series.modes(rng, np.full(200, 0.6), np.ones(200), 4, 2000)
    found = measure.correlation_time(series)
    seen = found.value.std(ddof=1)
    assert np.sqrt((found.stderr**2).mean()) == pytest.approx(seen, rel=0.3)


def test_a_series_shorter_than_its_memory_is_not_resolved(rng):
    drift = np.cumsum(rng.normal(size=(200, 1)), 0)
    still = np.ones((200, 1))
    found = measure.correlation_time(np.concatenate([drift, still], 1))
    assert not found.is_resolved.any()
    assert found.effective_samples[1] == 1


def test_anticorrelated_records_are_worth_no_more_than_their_number(rng):
    noise = rng.normal(size=(20_001, 1))
    found = measure.correlation_time(np.diff(noise, axis=0))
    assert found.value[0] < 0.2
    assert found.effective_samples[0] == 20_000


def test_the_lag_covariance_is_that_of_the_process(rng):
    step = np.array([[0.8, 0.2], [-0.3, 0.7]])
    kick = np.array([[1.0, 0.3], [0.3, 0.5]])
    series = gaussian_series.draw(rng, step, kick, 32, 2000)
    for lag in (0, 1, 3):
        truth = np.linalg.matrix_power(step, lag) @ gaussian_series.stationary(
            step, kick
        )
        found = measure.lag_covariance(series, lag)
        assert (np.abs(found.z(truth)) < 4).all()
    assert np.abs(measure.lag_covariance(series, 1).z(2 * truth)).max() > 10


def test_units_are_chains_where_there_are_many_and_blocks_otherwise(rng):
    series = rng.normal(size=(8, 100, 2))
    assert measure.units(series, 50).shape == (8, 100, 2)
    assert measure.units(series[:2], 2).shape == (20, 10, 2)
    assert measure.units(series[:2], 50).shape == (8, 25, 2)
    blocks = measure.units(series[0], 1)
    np.testing.assert_array_equal(blocks.reshape(-1, 2), series[0])


def test_bad_series_are_refused(rng):
    series = rng.normal(size=(10, 2))
    with pytest.raises(ValueError, match=r"\(times, p\) or .* but has \(10,\)"):
        measure.correlation_time(np.ravel(series[:, :1])[None][0])
    with pytest.raises(ValueError, match="drop diverged replicas first"):
        measure.correlation_time(np.where(series > 0, np.nan, series))
    with pytest.raises(ValueError, match=r"in \[0, 9\], below the number of times"):
        measure.autocovariance(series, 10)
    with pytest.raises(ValueError, match="must move, but column 1 is constant"):
        measure.autocorrelation(series * [1.0, 0.0], 1)
    with pytest.raises(ValueError, match="8 chains, or blocks of 3 times"):
        measure.autocorrelation(series, 1)
