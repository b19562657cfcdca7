import jax
import jax.numpy as jnp
import numpy as np
import pytest

from linnet.dynamics import LateTime
from linnet.dynamics.record_totals import RecordTotals, totals_bytes

RNG = np.random.default_rng(0)
RECORDS, REPLICAS, SIZE, GROUPS, LAGS = 23, 6, 3, 3, (1, 2, 5)
MIX = RNG.standard_normal((SIZE, SIZE))
STORED = np.cumsum(RNG.standard_normal((RECORDS, REPLICAS, SIZE)), 0) @ MIX + 5.0
PILOT = STORED[0].mean(0)
MODES = RNG.standard_normal((SIZE, 2))


def summed(stored=STORED, sizes=(RECORDS,), groups=GROUPS, lags=LAGS, project=None):
    with jax.enable_x64(stored.dtype == np.float64):
        totals = RecordTotals(
            PILOT, stored.shape[1], groups, lags, project, stored.dtype
        )
        for part in np.split(stored, np.cumsum(sizes)[:-1]):
            totals.add(jnp.asarray(part))
        return totals.totals()


def late(totals, **options):
    given = {"burn_in": 0, "every": 1, "seeds": (0,), "method": "by hand"}
    return LateTime(totals, **{**given, **options})


def pairs(stored, lag):
    """All pairs of records that far apart, of all replicas."""
    later, earlier = stored[lag:], stored[: len(stored) - lag]
    return later.reshape(-1, SIZE), earlier.reshape(-1, SIZE)


def test_statistics_are_those_of_the_stored_records():
    found, flat = late(summed()), STORED.reshape(-1, SIZE)
    mean = flat.mean(0)
    assert found.records == len(flat)
    np.testing.assert_allclose(found.grand_mean, mean, rtol=1e-13)
    expected = np.cov(flat.T, bias=True)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-11)
    about = np.array([1.0, -2.0, 0.5])
    expected = (flat - about).T @ (flat - about) / len(flat)
    np.testing.assert_allclose(found.second_moment(about), expected, rtol=1e-12)
    for lag in LAGS:
        later, earlier = (part - mean for part in pairs(STORED, lag))
        expected = later.T @ earlier / len(later)
        np.testing.assert_allclose(found.lagged(lag), expected, rtol=1e-11, atol=1e-11)


def test_groups_hold_the_replicas_in_their_order():
    found = late(summed())
    for at, sample in enumerate(found.covariance_samples):
        own = STORED[:, 2 * at : 2 * at + 2].reshape(-1, SIZE) - found.grand_mean
        np.testing.assert_allclose(sample, own.T @ own / len(own), rtol=1e-11)
    mean = found.covariance_samples.mean(0)
    np.testing.assert_allclose(mean, found.covariance, rtol=1e-12)


def jackknifed(statistic):
    """Delete one pair of replicas at a time, on stored records."""
    values = []
    for at in range(GROUPS):
        left = np.delete(STORED, [2 * at, 2 * at + 1], axis=1)
        values.append(GROUPS * statistic(STORED) - (GROUPS - 1) * statistic(left))
    return np.mean(values, 0), np.std(values, 0, ddof=1) / np.sqrt(GROUPS)


def covariance_of(stored):
    return np.cov(stored.reshape(-1, SIZE).T, bias=True)


def lagged_of(stored):
    later, earlier = (p - stored.mean((0, 1)) for p in pairs(stored, 2))
    return later.T @ earlier / len(later)


def skew_of(stored):
    return lagged_of(stored) - lagged_of(stored).T


@pytest.mark.parametrize(
    ("ask", "statistic"),
    [
        (lambda found: found.covariance_estimate(), covariance_of),
        (lambda found: found.lagged_estimate(2), lagged_of),
        (lambda found: found.antisymmetric(2), skew_of),
    ],
)
def test_error_bars_are_those_of_the_jackknife_on_stored_records(ask, statistic):
    estimate = ask(late(summed()))
    value, stderr = jackknifed(statistic)
    np.testing.assert_allclose(estimate.value, value, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(estimate.stderr, stderr, rtol=1e-10, atol=1e-11)
    assert estimate.effective_samples == GROUPS


def test_about_a_known_mean_groups_are_plain_samples():
    about = np.array([1.0, -2.0, 0.5])
    estimate = late(summed()).covariance_estimate(about)
    each = (STORED - about)[..., :, None] * (STORED - about)[..., None, :]
    each = each.reshape(RECORDS, GROUPS, 2, SIZE, SIZE).mean((0, 2))
    np.testing.assert_allclose(estimate.value, each.mean(0), rtol=1e-11)
    expected = each.std(0, ddof=1) / np.sqrt(GROUPS)
    np.testing.assert_allclose(estimate.stderr, expected, rtol=1e-10)


@pytest.mark.parametrize("project", [None, MODES], ids=["full", "modes"])
@pytest.mark.parametrize("sizes", [(10, 13), (1,) * 23])
def test_totals_do_not_depend_on_the_chunks(sizes, project):
    one, other = summed(project=project), summed(sizes=sizes, project=project)
    for name in ("sums", "second", "later", "earlier", "cross", "products"):
        expected = getattr(one, name)
        if expected is not None:
            np.testing.assert_allclose(
                getattr(other, name), expected, rtol=1e-12, atol=1e-10
            )


@pytest.mark.parametrize("project", [None, MODES], ids=["full", "modes"])
def test_autocorrelation_is_that_of_the_stored_modes(project):
    modes = (STORED - STORED.mean((0, 1))) @ (
        np.eye(SIZE) if project is None else MODES
    )
    found = late(summed(project=project)).autocorrelation
    assert found.shape == (3, modes.shape[-1])
    for at, lag in enumerate(LAGS):
        expected = (modes[lag:] * modes[:-lag]).mean((0, 1)) / (modes**2).mean((0, 1))
        np.testing.assert_allclose(found[at], expected, rtol=1e-10)


def test_what_never_moves_has_no_autocorrelation():
    still = np.full((RECORDS, REPLICAS, SIZE), PILOT)
    found = late(summed(still))
    np.testing.assert_array_equal(found.autocorrelation, np.zeros((3, SIZE)))
    assert found.effective_samples.from_means == found.records


@pytest.mark.parametrize("project", [None, MODES], ids=["full", "modes"])
def test_totals_of_two_runs_are_added_whatever_their_pilots(project):
    other = STORED[::-1] + 1.0
    with jax.enable_x64(True):
        second = RecordTotals(other[3, 0], REPLICAS, GROUPS, LAGS, project)
        second.add(jnp.asarray(other))
    merged = late(summed(project=project)).merge(late(second.totals(), seeds=(1,)))
    both = summed(np.concatenate([STORED, other], 1), groups=6, project=project)
    assert merged.seeds == (0, 1)
    assert merged.totals.groups == 2 * GROUPS
    expected = late(both)
    np.testing.assert_allclose(merged.covariance, expected.covariance, rtol=1e-11)
    np.testing.assert_allclose(
        merged.covariance_estimate().stderr, expected.covariance_estimate().stderr
    )
    np.testing.assert_allclose(merged.mean.stderr, expected.mean.stderr, rtol=1e-11)
    np.testing.assert_allclose(merged.autocorrelation, expected.autocorrelation)
    if project is None:
        np.testing.assert_allclose(merged.lagged(2), expected.lagged(2), rtol=1e-9)


def test_in_32_bits_records_are_centered_before_they_are_multiplied():
    # Fluctuations of 1e-4 about 1: products of bare records would lose all of it.
    noise = 1e-4 * RNG.standard_normal((400, 4, SIZE)) @ MIX
    stored = (PILOT + noise).astype(np.float32)
    exact = np.cov(stored.astype(float).reshape(-1, SIZE).T, bias=True)
    found = late(summed(stored, groups=2, sizes=(200, 200))).covariance
    np.testing.assert_allclose(found, exact, atol=1e-5 * np.abs(exact).max())
    flat = stored.reshape(-1, SIZE)
    bare = flat.T @ flat / np.float32(len(flat)) - np.outer(flat.mean(0), flat.mean(0))
    assert np.abs(bare - exact).max() > np.abs(exact).max()


def test_totals_take_about_what_is_said():
    totals = summed()
    kept = sum(
        getattr(totals, name).nbytes for name in ("second", "cross", "later", "earlier")
    )
    assert totals_bytes(SIZE, GROUPS, len(LAGS), None, 0) == kept
    totals = summed(project=MODES)
    kept = sum(
        getattr(totals, name).nbytes
        for name in ("second", "products", "later", "earlier")
    )
    assert totals_bytes(SIZE, GROUPS, len(LAGS), 2, 0) == kept


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        (summed(STORED[:20], (20,)), "same records"),
        (summed(lags=(1, 2)), "same lags"),
        (summed(groups=2), "groups of one size"),
        (summed(project=MODES), "same `project`"),
    ],
)
def test_totals_of_two_kinds_are_not_added(other, complaint):
    with pytest.raises(ValueError, match=complaint):
        late(summed()).merge(late(other, seeds=(1,)))


def test_one_noise_is_not_counted_twice():
    with pytest.raises(ValueError, match=r"share \[0\]"):
        late(summed()).merge(late(summed()))
    with pytest.raises(ValueError, match="same `every`"):
        late(summed()).merge(late(summed(), seeds=(1,), every=2))


def test_a_question_that_was_not_asked_before_the_run_is_refused():
    with pytest.raises(ValueError, match=r"one of \(1, 2, 5\)"):
        late(summed()).lagged(3)
    with pytest.raises(ValueError, match="autocorrelations of modes alone"):
        late(summed(project=MODES)).antisymmetric(2)
    with pytest.raises(ValueError, match="`about` must be finite"):
        late(summed()).second_moment(np.ones(2))


def test_one_group_has_no_error_bars_and_says_why():
    found = late(summed(groups=1))
    np.testing.assert_allclose(found.covariance, late(summed()).covariance)
    with pytest.raises(ValueError, match="at least 2 groups"):
        found.covariance_estimate()
    assert "one group, no error bars of covariances" in repr(found)
    assert found.mean.stderr.shape == (SIZE,)


def autoregressive(replicas, records, decay, seed):
    """Stationary, of unit variance, with autocorrelation `decay` to the lag."""
    rng = np.random.default_rng(seed)
    path = rng.standard_normal((records, replicas, SIZE))
    path[1:] *= np.sqrt(1 - decay**2)
    for at in range(1, records):
        path[at] += decay * path[at - 1]
    return path


def test_effective_samples_are_those_of_a_known_autocorrelation():
    stored, decay = autoregressive(100, 1000, 0.8, seed=1), 0.8
    found = late(summed(stored, (1000,), groups=10, lags=tuple(range(1, 25))))
    expected = found.records * (1 - decay) / (1 + decay)
    scatter = np.sqrt(2 / (99 * SIZE))
    worth = found.effective_samples
    assert abs(worth.from_means / expected - 1) < 4 * scatter
    assert worth.from_autocorrelation == pytest.approx(expected, rel=0.1)
    np.testing.assert_allclose(
        found.autocorrelation[:, 0], decay ** np.arange(1.0, 25), atol=0.03
    )


def test_error_bars_cover_the_truth_as_often_as_they_should():
    # 40 short runs of 30 groups: z-scores have the scatter of one, and not of two.
    z_mean, z_second = [], []
    for seed in range(40):
        stored = autoregressive(30, 60, 0.7, seed)
        found = late(summed(stored, (60,), groups=30, lags=()))
        z_mean.append((found.mean.value / found.mean.stderr)[0])
        estimate = found.covariance_estimate()
        z_second.append(((estimate.value - np.eye(SIZE)) / estimate.stderr)[0, 1])
    for z in map(np.array, (z_mean, z_second)):
        assert abs(z.mean()) < 4 / np.sqrt(len(z))
        assert abs(z.var() - 1) < 4 * np.sqrt(2.3 / len(z))
        assert abs(z.var() * 4 - 1) > 4 * np.sqrt(2.3 / len(z))
