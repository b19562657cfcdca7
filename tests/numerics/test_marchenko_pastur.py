import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import (
    marchenko_pastur_density,
    marchenko_pastur_edges,
    marchenko_pastur_moments,
    marchenko_pastur_rule,
)
from linnet.numerics.marchenko_pastur import moments_of_free_cumulants

ratios = st.floats(0.01, 0.9)


@given(ratio=ratios)
def test_the_rule_averages_powers_as_the_moments_say(ratio):
    x, weight = marchenko_pastur_rule(ratio)
    low, high = marchenko_pastur_edges(ratio)
    assert low < x.min() < x.max() < high
    assert weight.sum() == pytest.approx(1, abs=1e-12)
    moments = marchenko_pastur_moments(ratio, 5)
    np.testing.assert_allclose(x ** np.arange(1, 6)[:, None] @ weight, moments)
    known = [1, 1 + ratio, 1 + 3 * ratio + ratio**2]
    np.testing.assert_allclose(moments[:3], known)
    assert 1 / x @ weight == pytest.approx(1 / (1 - ratio), rel=1e-9)


def test_the_density_is_that_of_a_sampled_matrix():
    ratio, d = 0.3, 600
    inputs = np.random.default_rng(0).normal(size=(int(d / ratio), d))
    seen = np.linalg.eigvalsh(inputs.T @ inputs / len(inputs))
    x = np.linspace(*marchenko_pastur_edges(ratio), 4001)
    density = marchenko_pastur_density(x, ratio)
    said = np.r_[0, np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(x))]
    assert said[-1] == pytest.approx(1, abs=1e-4)
    assert np.abs(np.searchsorted(seen, x) / d - said).max() < 5 / d


def test_more_inputs_than_samples_leave_mass_at_zero():
    x = np.linspace(*marchenko_pastur_edges(4.0), 20001)
    mass = np.trapezoid(marchenko_pastur_density(x, 4.0), x)
    assert mass == pytest.approx(1 / 4, abs=1e-5)
    assert marchenko_pastur_density(np.array([0.0, -1.0, 99.0]), 4.0).max() == 0


def test_free_cumulants_of_the_semicircle_count_noncrossing_pairs():
    moments = moments_of_free_cumulants(np.array([0.0, 1, 0, 0, 0, 0, 0, 0]))
    np.testing.assert_array_equal(moments, [0, 1, 0, 2, 0, 5, 0, 14])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: marchenko_pastur_edges(0.0), "`aspect_ratio` must be positive"),
        (lambda: marchenko_pastur_density(np.ones(2), np.nan), "`aspect_ratio`"),
        (lambda: marchenko_pastur_rule(1.0), r"must be in \(0, 1\), but is 1.0"),
        (lambda: marchenko_pastur_rule(0.5, 0), "`nodes` must be >= 1, but is 0"),
        (lambda: marchenko_pastur_moments(0.5, 0), r"in \[1, 20\], but is 0"),
    ],
)
def test_an_impossible_law_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
