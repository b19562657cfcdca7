import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import special, stats

from linnet.numerics import Estimate, haar_frame
from linnet.study import ChiSquare

seeds = st.integers(0, 2**32 - 1)


def generator(seed=0):
    return np.random.default_rng(seed)


def with_mean(mean, count=40, seed=0):
    """Normal samples, moved so that their mean is exact up to rounding."""
    mean = np.asarray(mean, dtype=float)
    samples = generator(seed).standard_normal((count, len(mean)))
    return samples - samples.mean(0) + mean


def test_a_vector_holds_fails_or_is_not_resolved():
    samples = with_mean([1.0, 2.0, 3.0], count=400)
    truth = samples.mean(0)
    held = ChiSquare().judge("x", truth + 0.05, samples, 2 * truth)
    assert (held.outcome, held.test, held.tolerance) == ("holds", "chi2", 4.0)
    assert held.deviation < 2
    assert held.wrong_deviation > 10
    failed = ChiSquare().judge("x", 2 * truth, samples, 3 * truth)
    assert failed.outcome == "fails"
    assert failed.deviation == held.wrong_deviation
    blind = ChiSquare().judge("x", truth + 0.05, samples, truth + 0.2)
    assert blind.outcome == "not resolved"
    assert 0 < blind.wrong_deviation <= 10


def test_few_samples_of_many_entries_resolve_nothing():
    samples = with_mean(np.ones(8), count=10)
    found = ChiSquare().judge("x", np.ones(8), samples, np.full(8, 2.0))
    assert found.outcome == "not resolved"


def test_the_headline_of_a_vector_is_its_entry_of_largest_z():
    samples = with_mean([1.0, 2.0, 3.0])
    predicted = samples.mean(0) + np.array([0.1, -0.3, 0.2])
    found = ChiSquare().judge("x", predicted, samples, 2 * predicted)
    stderr = samples[:, 1].std(ddof=1) / np.sqrt(len(samples))
    assert found.predicted == predicted[1]
    np.testing.assert_allclose(found.observed, 2.0)
    np.testing.assert_allclose(found.stderr, stderr)
    np.testing.assert_allclose(found.z, 0.3 / stderr)


@given(seed=seeds, m=st.integers(1, 5), extra=st.integers(2, 40), far=st.floats(0, 2))
def test_the_deviation_is_that_of_the_textbook(seed, m, extra, far):
    rng, count = generator(seed), m + extra
    mixing = rng.standard_normal((m, m)) + 3 * np.eye(m)
    samples = rng.standard_normal((count, m)) @ mixing.T
    predicted = far * rng.standard_normal(m)
    # Hotelling, by an explicit inverse, and the two-sided normal of the same p-value.
    gap = samples.mean(0) - predicted
    inverse = np.linalg.inv(np.atleast_2d(np.cov(samples.T)))
    squared = count * gap @ inverse @ gap
    p_value = stats.f.sf(squared * (count - m) / (m * (count - 1)), m, count - m)
    expected = stats.norm.isf(p_value / 2)
    found = ChiSquare().judge("x", predicted, samples, predicted)
    # Near p = 1 the deviation is linear in 1 - p, which rounds to 1e-16.
    np.testing.assert_allclose(found.deviation, expected, rtol=1e-6, atol=1e-12)


@given(seed=seeds, count=st.integers(3, 50), shift=st.floats(-2, 2))
def test_one_entry_gives_the_t_test(seed, count, shift):
    samples = generator(seed).standard_normal((count, 1))
    p_value = stats.ttest_1samp(samples[:, 0], shift).pvalue
    found = ChiSquare().judge("x", shift, samples, shift)
    np.testing.assert_allclose(
        2 * stats.norm.sf(found.deviation), p_value, rtol=1e-9, atol=1e-300
    )


@given(seed=seeds, powers=st.lists(st.floats(-8, 8), min_size=3, max_size=3))
def test_a_vector_may_be_turned_and_its_entries_rescaled(seed, powers):
    rng = generator(seed)
    samples, predicted = rng.standard_normal((12, 3)), rng.standard_normal(3)
    change = 10.0 ** np.array(powers)[:, None] * haar_frame(3, 3, rng)
    plain = ChiSquare().judge("x", predicted, samples, -predicted)
    moved = ChiSquare().judge(
        "x", change @ predicted, samples @ change.T, -change @ predicted
    )
    np.testing.assert_allclose(moved.deviation, plain.deviation, rtol=1e-9)
    np.testing.assert_allclose(moved.wrong_deviation, plain.wrong_deviation, rtol=1e-9)


def drawn_deviations(count, m, replicas, seed):
    """Deviations from the truth, and T^2, of correlated normal samples."""
    rng = generator(seed)
    mixing, truth = rng.standard_normal((m, m)) + np.eye(m), rng.standard_normal(m)
    deviations, squares = [], []
    for _ in range(replicas):
        samples = truth + rng.standard_normal((count, m)) @ mixing.T
        deviations.append(ChiSquare().judge("x", truth, samples, truth).deviation)
        gap, covariance = samples.mean(0) - truth, np.atleast_2d(np.cov(samples.T))
        squares.append(count * gap @ np.linalg.solve(covariance, gap))
    return np.array(deviations), np.array(squares)


@pytest.mark.statistical
@pytest.mark.parametrize(("count", "m"), [(5, 3), (12, 6)])
def test_the_deviation_of_the_truth_is_half_normal(count, m):
    deviations, squares = drawn_deviations(count, m, replicas=600, seed=11)
    # The level of four standard errors.
    assert stats.kstest(deviations, stats.halfnorm.cdf).pvalue > 2 * stats.norm.sf(4)
    p_values = Estimate.from_samples(2 * stats.norm.sf(deviations))
    assert abs(p_values.z(1 / 2)) < 4
    # As if the covariance were known and not measured: p-values would be small.
    naive = Estimate.from_samples(stats.chi2.sf(squares, m))
    assert naive.z(1 / 2) < -10


@pytest.mark.statistical
def test_a_covariance_that_is_ignored_would_be_seen():
    rng = generator(12)
    truth, mixing = np.zeros(2), np.array([[1.0, 0.0], [0.95, 0.3]])
    along, across = [], []
    for _ in range(150):
        samples = rng.standard_normal((50, 2)) @ mixing.T
        stderr = samples.std(0, ddof=1) / np.sqrt(50)
        for shift, found in ((stderr, along), (stderr * [1, -1], across)):
            judged = ChiSquare().judge("x", truth + 3 * shift, samples, truth)
            found.append(judged.deviation)
    # Entries one by one are equally far off; only one direction fits the correlation.
    difference = Estimate.from_samples(np.subtract(across, along))
    assert difference.value > 3
    assert abs(difference.z(0.0)) > 10


def log_p_value(squared, count, m):
    """Log of the p-value of T^2 for even m: a finite sum, free of underflow."""
    share, a = squared / (count - 1), (count - m) / 2
    j = np.arange(m // 2)
    log_x = -np.log1p(share)
    terms = special.gammaln(a + j) - special.gammaln(a) - special.gammaln(j + 1)
    terms += j * (np.log(share) + log_x)
    return a * log_x + special.logsumexp(terms)


@pytest.mark.parametrize("m", [2, 4, 10])
@pytest.mark.parametrize(
    ("count", "rtol"),
    # Beyond the smallest float a factor 1/(1 - x) of p is left out, with
    # x = exp(-1490 / (count - m)): rounding for few samples, 2e-3 of z for thousands.
    [(13, 1e-9), (60, 1e-9), (1000, 1e-3), (10_000, 3e-3)],
)
def test_the_far_tail_is_that_of_the_distribution(m, count, rtol):
    samples = with_mean(np.zeros(m), count, seed=m)
    direction = generator(m).standard_normal(m)
    unit = count * direction @ np.linalg.solve(np.cov(samples.T), direction)
    # Up to p-values of about exp(-1500); few samples would need a larger distance than
    # there are numbers.
    for log_share in np.linspace(0.01, min(3000 / (count - m), 600.0), 50):
        squared = (count - 1) * np.expm1(log_share)
        truth = direction * np.sqrt(squared / unit)
        found = ChiSquare().judge("x", truth, samples, truth).deviation
        log_p = log_p_value(squared, count, m)
        expected = -special.ndtri_exp(log_p - np.log(2))
        # The smallest floats have no digits: off by up to ln 2 of 745, half that of z.
        few_digits = 5e-4 if -746 < log_p < -690 else 0.0
        np.testing.assert_allclose(found, expected, rtol=max(rtol, few_digits))


def test_the_deviation_grows_with_the_distance_through_all_scales():
    samples = with_mean([0.0, 0.0, 0.0], count=30)
    deviations = [
        ChiSquare().judge("x", np.full(3, far), samples, np.zeros(3)).deviation
        for far in np.geomspace(1e-3, 1e150, 150)
    ]
    assert np.all(np.diff(deviations) > 0)


@pytest.mark.parametrize("far", [1e155, 1e200, 1e308])
def test_a_vector_beyond_all_numbers_is_infinitely_far_off(far):
    samples = with_mean([0.0, 0.0])
    held = ChiSquare().judge("x", np.zeros(2), samples, np.array([far, -far]))
    assert (held.outcome, held.wrong_deviation) == ("holds", None)
    failed = ChiSquare().judge("x", np.array([far, -far]), samples, np.zeros(2))
    assert (failed.outcome, failed.deviation) == ("fails", None)


THREE = np.ones(3)


def depending(column):
    samples = generator().standard_normal((20, 3))
    samples[:, 2] = column(samples)
    return samples


@pytest.mark.parametrize(
    ("observed", "message"),
    [
        (Estimate(THREE, THREE, 9), "must be observed as samples, but is an Estimate"),
        (np.ones(9), r"as \(samples, entries\).*has shape \(9,\)"),
        (1.0, r"as \(samples, entries\).*has shape \(\)"),
        (np.ones((9, 3, 1)), r"has shape \(9, 3, 1\)"),
        (with_mean(THREE, count=4), r"at least entries \+ 2 samples.*\(4, 3\)"),
        (np.where(np.eye(9, 3) > 0, np.nan, 1.0), "must be finite, but hold NaN"),
        (
            np.where(np.eye(9, 3) > 0, np.inf, 1.0),
            "must be finite, but hold NaN or inf",
        ),
        (depending(lambda s: s[:, 0] + 2 * s[:, 1]), "covariance is singular"),
        (depending(lambda s: 1e-9 * s[:, 0]), "covariance is singular"),
        (depending(lambda s: 1.0), "covariance is singular"),
        # Its mean is off by rounding, so that its spread is not quite zero.
        (depending(lambda s: 0.1), "covariance is singular"),
    ],
)
def test_samples_that_give_no_covariance_are_refused(observed, message):
    with pytest.raises(ValueError, match=message):
        ChiSquare().judge("x", THREE, observed, 2 * THREE)


def test_the_fewest_samples_that_are_allowed_are_judged():
    found = ChiSquare().judge("x", THREE, with_mean(THREE, count=5), 2 * THREE)
    assert found.outcome == "not resolved"
