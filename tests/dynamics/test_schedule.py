import numpy as np
import plain_training as plain
import pytest
from hypothesis import given, strategies as st

from linnet.dynamics import (
    GradientDescent,
    GradientFlow,
    linear_steps,
    log_steps,
    log_times,
    simulate,
)
from linnet.dynamics.schedule import LAST_STEP, check_schedule

MOMENTS, WEIGHTS = plain.moments(0), plain.layers((4, 3, 2), seed=0)


@given(start=st.floats(1e-6, 1e3), ratio=st.floats(1.1, 1e9), num=st.integers(2, 50))
def test_log_times_start_at_zero_and_rise_by_equal_factors(start, ratio, num):
    times = log_times(start, start * ratio, num)
    assert times[0] == 0
    assert len(times) == num + 1
    np.testing.assert_allclose(times[[1, -1]], [start, start * ratio], rtol=1e-14)
    np.testing.assert_allclose(np.diff(np.log(times[1:]), n=2), 0, atol=1e-12)


@given(stop=st.integers(1, 10**7), num=st.integers(1, 60))
def test_log_steps_are_distinct_whole_and_end_where_asked(stop, num):
    steps = log_steps(stop, num)
    assert steps[:2] == [0, 1]
    assert all(isinstance(step, int) for step in steps)
    assert np.all(np.diff(steps) > 0)
    assert len(steps) <= num + 1
    assert steps[-1] == (stop if num > 1 else 1)


def test_log_steps_grow_by_factors():
    assert log_steps(1000, 4) == [0, 1, 10, 100, 1000]


@given(stop=st.integers(1, 10**7), num=st.integers(2, 60))
def test_linear_steps_are_even_to_one_step(stop, num):
    steps = linear_steps(stop, num)
    assert (steps[0], steps[-1]) == (0, stop)
    assert all(isinstance(step, int) for step in steps)
    assert len(steps) == min(num, stop + 1)
    gaps = np.diff(steps)
    assert gaps.max() - gaps.min() <= 1
    assert gaps.min() >= 1


@given(rises=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=9))
def test_a_rising_list_of_times_is_taken_as_it_is(rises):
    times = np.cumsum(rises)
    taken = check_schedule("GradientFlow", times, None, is_discrete=False)
    np.testing.assert_array_equal(taken, times)


@pytest.mark.parametrize("steps", [[0, 3, 4], (0.0, 3.0, 4.0), np.array([0, 3, 4])])
def test_whole_steps_of_any_type_are_taken(steps):
    taken = check_schedule("SGD", None, steps, is_discrete=True)
    np.testing.assert_array_equal(taken, [0.0, 3.0, 4.0])
    assert taken.dtype == float


def test_schedule_is_a_copy():
    times = np.array([0.0, 1.0])
    check_schedule("GradientFlow", times, None, is_discrete=False)[0] = 7.0
    assert times[0] == 0


@pytest.mark.parametrize(
    ("dynamics", "given", "message"),
    [
        (GradientFlow, {}, "`times`, but `times` is missing and `steps` is missing"),
        (GradientFlow, {"steps": [1]}, "`times` is missing and `steps` is given"),
        (
            GradientFlow,
            {"times": [1], "steps": [1]},
            "GradientFlow saves at `times`, but `times` is given and `steps` is given",
        ),
        (
            GradientDescent,
            {"times": [1]},
            "GradientDescent saves at `steps`, but `times` is given and `steps` is"
            " missing: time is learning rate times steps",
        ),
        (GradientDescent, {}, "`steps`, but `times` is missing and `steps` is missing"),
        (GradientDescent, {"times": [1], "steps": [1]}, "`steps` is given: time is"),
        (
            GradientFlow,
            {"times": []},
            r"`times` must be a non-empty list.*shape \(0,\)",
        ),
        (
            GradientFlow,
            {"times": 3.0},
            r"non-empty list of numbers, but has shape \(\)",
        ),
        (GradientDescent, {"steps": [[1, 2]]}, r"`steps` must be.*shape \(1, 2\)"),
        (GradientFlow, {"times": [0, 1, 1]}, "its entry 2 is 1 after 1"),
        (GradientFlow, {"times": [0, 2, 1]}, "its entry 2 is 1 after 2"),
        (GradientFlow, {"times": [-1.0, 1]}, r"its entry 0 is -1\."),
        (GradientFlow, {"times": [0, np.nan, 1]}, "its entry 1 is nan after 0"),
        (GradientFlow, {"times": [np.nan]}, r"its entry 0 is nan\."),
        (GradientFlow, {"times": [0, np.inf]}, "finite, >= 0 and increasing.*1 is inf"),
        (GradientDescent, {"steps": [3, 2]}, "`steps` must be finite.*1 is 2 after 3"),
        (
            GradientDescent,
            {"steps": [1, 2.5]},
            "must hold whole numbers, but holds 2.5",
        ),
        (
            GradientDescent,
            {"steps": [1, LAST_STEP + 1]},
            "must not exceed 2147483647, but ends at 2147483648: go on from",
        ),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(dynamics, given, message):
    rate = () if dynamics is GradientFlow else (0.1,)
    with pytest.raises(ValueError, match=message):
        simulate(dynamics(MOMENTS, *rate), WEIGHTS, **given)


def test_the_last_step_that_can_be_counted_is_taken():
    assert check_schedule("SGD", None, [LAST_STEP], is_discrete=True) == [LAST_STEP]
