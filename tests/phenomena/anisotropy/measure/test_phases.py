import numpy as np
import pytest

from linnet.phenomena.anisotropy import measure

TIMES = np.linspace(0.0, 12.0, 241)


def sigmoid(times, at, rate=2.0, height=1.0):
    return height / (1 + np.exp(-rate * (times - at)))


def two_falls(times, level=0.4, first=3.0, second=9.0):
    """One, then `level`, then zero, exponentially."""
    return (1 - level) * (1 - sigmoid(times, first, 4)) + level * (
        1 - sigmoid(times, second, 2)
    )


def test_half_time_of_a_sigmoid_is_found_between_samples():
    coarse = np.arange(0.0, 12.0, 0.5)
    found = measure.phase_time(coarse, sigmoid(coarse, 5.13), level=1.0)
    assert abs(found.times[0] - 5.13) < found.sampling[0] < 0.02
    assert found.estimate is None
    assert "one run" in found.reason


def test_half_of_the_end_and_half_of_a_plateau_are_different_times():
    curve = sigmoid(TIMES, 3.0) + sigmoid(TIMES, 8.0)
    plateau = measure.phase_time(TIMES, curve, level=1.0).times[0]
    end = measure.phase_time(TIMES, curve).times[0]
    np.testing.assert_allclose(plateau, 3.0, atol=1e-3)
    assert end > 4.5


def test_a_coordinate_that_grows_negative_has_the_same_time():
    curve = sigmoid(TIMES, 4.0, height=0.3)
    up, down = (measure.phase_time(TIMES, sign * curve).times[0] for sign in (1, -1))
    assert up == down


def test_replicas_give_their_mean_with_its_error():
    rng = np.random.default_rng(0)
    shifts = rng.normal(5.0, 0.3, size=40)
    curves = np.array([sigmoid(TIMES, shift) for shift in shifts])
    found = measure.phase_time(TIMES, curves, level=1.0)
    np.testing.assert_allclose(found.times, shifts, atol=2e-3)
    np.testing.assert_allclose(
        found.estimate.stderr, shifts.std(ddof=1) / np.sqrt(40), rtol=1e-2
    )
    assert abs(found.estimate.z(5.0)) < 4
    assert abs(found.estimate.z(6.0)) > 10


def test_what_was_not_seen_is_infinite_and_makes_no_mean():
    curves = np.array([sigmoid(TIMES, at) for at in (4.0, 5.0, 6.0, 30.0)])
    found = measure.phase_time(TIMES, curves, level=1.0)
    assert found.times[3] == np.inf
    assert found.estimate is None
    assert "1 of 4 never reached it" in found.reason
    np.testing.assert_allclose(found.median, 5.5, atol=1e-2)


def test_delay_is_known_better_than_either_phase():
    rng = np.random.default_rng(1)
    starts = rng.normal(4.0, 0.5, size=30)
    gaps = rng.normal(2.0, 0.05, size=30)
    first = measure.phase_time(
        TIMES, np.array([sigmoid(TIMES, a) for a in starts]), 1.0
    )
    second = measure.phase_time(
        TIMES, np.array([sigmoid(TIMES, a) for a in starts + gaps]), 1.0
    )
    delay = measure.phase_delay(first, second)
    assert abs(delay.estimate.z(2.0)) < 4
    assert abs(delay.estimate.z(4.0)) > 10
    assert delay.estimate.stderr < second.estimate.stderr / 5


def test_delay_to_a_phase_that_never_came_is_infinite():
    first = measure.phase_time(TIMES, sigmoid(TIMES, 2.0), 1.0)
    second = measure.phase_time(TIMES, sigmoid(TIMES, 40.0), 1.0)
    delay = measure.phase_delay(first, second)
    assert delay.times[0] == np.inf
    assert delay.estimate is None


@pytest.mark.parametrize("level", [0.1, 0.4, 0.8])
def test_plateau_ratio_is_the_level_of_the_rest(level):
    found = measure.loss_plateau(TIMES, 7.0 * two_falls(TIMES, level))
    np.testing.assert_allclose(found.ratios, [level], rtol=2e-3)
    assert 4 < found.times[0] < 8
    assert found.estimate is None


def test_plateau_ratios_of_replicas_have_an_error():
    levels = np.random.default_rng(2).normal(0.4, 0.02, size=25)
    curves = np.array([two_falls(TIMES, level) for level in levels])
    found = measure.loss_plateau(TIMES, curves)
    assert abs(found.estimate.z(0.4)) < 4
    assert abs(found.estimate.z(0.8)) > 10


def test_one_fall_has_no_plateau():
    curves = np.array([two_falls(TIMES), 1 - sigmoid(TIMES, 4.0)])
    found = measure.loss_plateau(TIMES, curves)
    assert found.missing == 1
    assert len(found.ratios) == 1
    assert found.estimate is None
    assert "1 of 2 losses fall without a rest" in found.reason


def test_loss_is_read_at_the_time_of_a_phase():
    curve = sigmoid(TIMES, 5.13)
    when = measure.phase_time(TIMES, curve, level=1.0)
    loss = np.exp(-TIMES)
    found = measure.loss_at(TIMES, loss, when)
    np.testing.assert_allclose(found.ratios[0], np.exp(-5.13), rtol=2e-3)


def test_loss_at_a_phase_that_never_came_is_missing():
    when = measure.phase_time(TIMES, sigmoid(TIMES, 40.0), 1.0)
    found = measure.loss_at(TIMES, np.exp(-TIMES), when)
    assert found.missing == 1
    assert "never came" in found.reason


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measure.phase_time(TIMES, np.ones((2, 2, 2))), "must have shape"),
        (lambda: measure.phase_time(TIMES, np.zeros(241)), "`level` must be finite"),
        (lambda: measure.phase_time(TIMES, TIMES, 1.0, 1.5), "`fraction` must lie in"),
        (lambda: measure.phase_time(TIMES, TIMES[:3]), "must have one length"),
        (lambda: measure.loss_plateau(TIMES, TIMES), "`losses` must be positive"),
        (lambda: measure.phase_time(TIMES, TIMES + 9, 1.0), "must start below"),
    ],
)
def test_what_is_no_curve_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_phases_of_different_replicas_have_no_delay():
    one = measure.phase_time(TIMES, sigmoid(TIMES, 2.0), 1.0)
    two = measure.phase_time(TIMES, np.array([sigmoid(TIMES, 2.0)] * 2), 1.0)
    never = measure.phase_time(TIMES, sigmoid(TIMES, 40.0), 1.0)
    with pytest.raises(ValueError, match="of the same replicas"):
        measure.phase_delay(one, two)
    with pytest.raises(ValueError, match="must have been reached"):
        measure.phase_delay(never, one)
    with pytest.raises(ValueError, match="one time for each of 2 replicas"):
        measure.loss_at(TIMES, np.ones((2, 241)), one)
    with pytest.raises(ValueError, match="`losses` must be positive"):
        measure.loss_at(TIMES, np.zeros(241), one)
