import numpy as np
import pytest

from linnet.phenomena.anisotropy import measure


def test_excess_risk_is_the_mean_square_gap_of_predictions():
    rng = np.random.default_rng(0)
    maps, teacher = rng.normal(size=(4, 2, 5)), rng.normal(size=(2, 5))
    x = rng.normal(size=(30, 5))
    covariance = x.T @ x / 30
    expected = [(((w - teacher) @ x.T) ** 2).sum(0).mean() for w in maps]
    found = measure.excess_risk(maps, teacher, covariance)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    halved = measure.excess_risk(maps, teacher, covariance, half=True, noise_floor=0.6)
    np.testing.assert_allclose(halved, found / 2 + 0.3, rtol=1e-12)
    np.testing.assert_allclose(
        measure.excess_risk(maps, teacher),
        measure.excess_risk(maps, teacher, np.eye(5)),
        rtol=1e-12,
    )


def test_held_out_error_is_excess_risk_and_noise_without_the_half():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4000, 3))
    teacher, learned = np.array([[1.0, 0.0, 0.0]]), np.array([[0.0, 1.0, 0.0]])
    targets = x @ teacher.T + 0.5 * rng.normal(size=(4000, 1))
    found = measure.held_out_error(x @ learned.T, targets)
    assert abs(found.z(2.25)) < 4
    assert abs(found.z(2.25 / 2)) > 10
    both = measure.held_out_error(np.stack([x @ learned.T] * 2), targets)
    np.testing.assert_array_equal(both.value, found.value)


TIMES = np.linspace(0.0, 4.0, 41)


def risks(sets, seed, shift=0.0):
    """Parabolas around t = 1.5, a common scatter of height, own scatters of place."""
    rng = np.random.default_rng(seed)
    height = rng.normal(1.0, 0.3, size=sets)
    place = rng.normal(1.53, 0.2, size=sets)
    return height[:, None] + shift + 0.5 * (TIMES - place[:, None]) ** 2, place


def test_band_holds_mean_error_and_quantiles():
    curves, _ = risks(200, 2)
    band = measure.curve_band(curves)
    np.testing.assert_allclose(band.mean.value, curves.mean(0))
    inside = (curves >= band.lower) & (curves <= band.upper)
    np.testing.assert_allclose(inside.mean(0), 0.8, atol=0.01)
    assert (band.lower < band.median).all()


def test_best_time_of_parabolas_is_exact_between_samples():
    curves, place = risks(30, 3)
    found = measure.best_stop(TIMES, curves)
    np.testing.assert_allclose(found.times, place, atol=1e-10)
    # The mean of parabolas has its minimum at the mean place, with that error.
    np.testing.assert_allclose(found.time.value, place.mean(), atol=1e-10)
    np.testing.assert_allclose(
        found.time.stderr, place.std(ddof=1) / np.sqrt(30), rtol=1e-8
    )
    assert abs(found.time.z(1.53)) < 4
    assert abs(found.time.z(3.06)) > 10


def test_the_best_value_of_parabolas_is_exact_between_samples_too():
    curves, place = risks(30, 3)
    heights = curves[:, 0] - 0.5 * (TIMES[0] - place) ** 2
    found = measure.best_stop(TIMES, curves).value
    # The mean of parabolas is higher than the mean of heights, by the scatter of place.
    said = heights.mean() + 0.5 * place.var()
    np.testing.assert_allclose(found.value, said, rtol=1e-12)


def test_times_need_not_be_equally_spaced():
    times = np.geomspace(0.1, 10, 30)
    curves = np.array([(times - 2.0) ** 2, (times - 2.0) ** 2 + 1])
    np.testing.assert_allclose(measure.best_stop(times, curves).times, 2.0, rtol=1e-10)


def test_curve_that_still_falls_has_no_best_time():
    found = measure.best_stop(TIMES, np.array([np.exp(-TIMES), 2 * np.exp(-TIMES)]))
    assert (found.times == np.inf).all()
    assert found.time is None
    assert "still falls" in found.reason
    rising = measure.best_stop(TIMES, np.array([TIMES, 2 * TIMES]))
    assert rising.time.value == 0


def test_paired_difference_sees_what_two_bars_do_not():
    first, _ = risks(40, 4)
    second = risks(40, 4, shift=0.02)[0] + 1e-3 * np.random.default_rng(5).normal(
        size=(40, 41)
    )
    paired = measure.paired_difference(second[:, 20], first[:, 20])
    assert abs(paired.z(0.02)) < 4
    assert abs(paired.z(0.0)) > 10
    apart = measure.curve_band(first).mean.stderr[20]
    assert apart > 0.02  # side by side, the bars overlap


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measure.excess_risk(np.ones((2, 3)), np.ones((2, 4))), "`maps` and"),
        (
            lambda: measure.excess_risk(np.ones((2, 3)), np.ones((2, 3)), np.eye(2)),
            r"`covariance` must have shape \(3, 3\)",
        ),
        (
            lambda: measure.excess_risk(np.full((1, 2), np.nan), np.ones((1, 2))),
            "must be finite",
        ),
        (
            lambda: measure.excess_risk(
                np.ones((1, 2)), np.ones((1, 2)), noise_floor=-1
            ),
            "`noise_floor`",
        ),
        (lambda: measure.held_out_error(np.ones((3, 1)), np.ones((4, 1))), "`targets`"),
        (lambda: measure.curve_band(np.ones((1, 4))), "two data sets or more"),
        (lambda: measure.curve_band(np.ones((3, 4)), 1.0), "`coverage`"),
        (lambda: measure.best_stop(TIMES, np.ones((3, 4))), "`times` and `curves`"),
        (lambda: measure.best_stop(np.zeros(41), np.ones((3, 41))), "increase"),
        (
            lambda: measure.paired_difference(np.ones(3), np.ones(4)),
            "same data sets",
        ),
    ],
)
def test_what_is_no_risk_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
