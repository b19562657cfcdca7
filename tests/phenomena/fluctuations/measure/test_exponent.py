import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.fluctuations import measure


@given(psi=st.floats(-4, 6), scale=st.floats(1e-6, 1e6), seed=st.integers(0, 1000))
def test_a_power_law_gives_its_exponent_whatever_a_few_axes_do(psi, scale, seed):
    rng = np.random.default_rng(seed)
    widths = np.geomspace(0.1, 10, 30)
    variances = scale * widths**-psi
    clean = measure.power_law(variances, widths)
    assert clean.exponent == pytest.approx(psi, abs=1e-6)
    assert clean.decades == pytest.approx(2)
    assert clean.is_meaningful
    assert clean.why == ""
    variances[rng.choice(30, 4, replace=False)] *= 1e6
    assert measure.power_law(variances, widths).exponent == pytest.approx(psi, abs=0.5)


def test_infinite_widths_and_still_axes_are_dropped_and_counted():
    widths = np.array([1.0, 2.0, 4.0, 16.0, np.inf, 1.0])
    variances = np.array([1.0, 0.25, 1 / 16, 1 / 256, 3.0, 0.0])
    found = measure.power_law(variances, widths)
    assert found.exponent == pytest.approx(2)
    assert (found.axes, found.dropped) == (4, 2)
    assert found.quality == pytest.approx(1)
    samples = variances * np.random.default_rng(0).uniform(0.9, 1.1, (5, 6))
    drawn = measure.flatness_exponent(samples, widths, np.random.default_rng(1))
    assert (drawn.fit.axes, drawn.fit.dropped) == (4, 2)


def test_a_flat_direction_is_infinitely_wide_and_left_out_of_the_fit():
    curvatures = np.array([4.0, 1.0, 0.25, 0.0])
    found = measure.widths(
        lambda w: 0.5 + (curvatures * w**2).sum() / 2, np.zeros(4), np.eye(4)
    )
    assert np.isinf(found.width).tolist() == [False, False, False, True]
    fit = measure.power_law(np.append(curvatures[:3], 1.0), found.width)
    assert (fit.axes, fit.dropped) == (3, 1)
    assert fit.exponent == pytest.approx(2, rel=1e-6)


def test_a_short_range_is_said_to_mean_little():
    found = measure.power_law(np.array([1.0, 0.5, 0.2]), np.array([1.0, 2.0, 3.0]))
    assert not found.is_meaningful
    assert "3 axes span 0.48 decades, less than 1" in found.why


@pytest.mark.statistical
def test_the_interval_covers_the_exponent_as_often_as_it_says(rng):
    widths = np.geomspace(0.1, 10, 12)
    truth = widths**-2.0
    covered, z = 0, []
    for _ in range(100):
        # Variances of 30 replicas, each from 5 independent records.
        samples = truth * rng.chisquare(5, size=(30, 12)) / 5
        found = measure.flatness_exponent(samples, widths, rng, resamples=100)
        low, high = found.interval
        covered += low <= 2 <= high
        z.append(float(found.exponent.z(2.0)))
    assert covered >= 85  # of 95 expected; binomial and bootstrap spread
    assert np.std(z) == pytest.approx(1, abs=0.3)
    assert abs(found.exponent.z(2.0)) < 4
    assert abs(found.exponent.z(4.0)) > 10  # Boltzmann and flat axes are far as well


def test_the_same_generator_gives_the_same_interval():
    widths = np.geomspace(1, 20, 5)
    samples = np.random.default_rng(0).chisquare(4, size=(6, 5))
    first, second = (
        measure.flatness_exponent(samples, widths, np.random.default_rng(1))
        for _ in range(2)
    )
    assert first.interval == second.interval


def test_what_has_no_exponent_is_refused(rng):
    with pytest.raises(ValueError, match=r"leave 3 axes .* but leave 2 of 3"):
        measure.power_law(np.ones(3), np.array([1.0, 2.0, np.inf]))
    with pytest.raises(ValueError, match="all are equal: there is no exponent"):
        measure.power_law(np.arange(1.0, 5.0), np.ones(4))
    with pytest.raises(ValueError, match=r"shapes \(3,\) and \(4,\)"):
        measure.power_law(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="`widths` must be >= 0"):
        measure.power_law(np.ones(3), np.array([1.0, np.nan, 2.0]))
    with pytest.raises(ValueError, match="3 independent units or more"):
        measure.flatness_exponent(np.ones((2, 3)), np.arange(1.0, 4.0), rng)
    with pytest.raises(ValueError, match="`resamples` must be >= 50, but is 10"):
        measure.flatness_exponent(
            np.ones((3, 3)), np.arange(1.0, 4.0), rng, resamples=10
        )
