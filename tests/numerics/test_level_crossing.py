import numpy as np
import pytest

from linnet.numerics import crossing


def test_a_line_is_crossed_where_it_says():
    times = np.linspace(0.0, 3.0, 7)
    found = crossing(times, 2 * times - 1, 4.0)
    np.testing.assert_allclose([found.time, found.error], [2.5, 0.0], atol=1e-14)


def test_error_shrinks_with_the_spacing_and_covers_the_truth():
    errors = []
    for count in (9, 17, 33):
        times = np.linspace(0.0, 8.0, count)
        found = crossing(times, 1 / (1 + np.exp(5.2 - 2 * times)), 0.5)
        assert abs(found.time - 2.6) <= found.error + 1e-12
        errors.append(found.error)
    assert errors[2] < errors[0] / 8


def test_two_times_leave_the_whole_interval_open():
    found = crossing(np.array([1.0, 4.0]), np.array([0.0, 3.0]), 1.0)
    np.testing.assert_allclose([found.time, found.error], [2.0, 3.0], atol=1e-14)


def test_what_is_never_reached_has_no_time():
    assert crossing(np.arange(3.0), np.arange(3.0), 9.0).time == np.inf


def test_a_start_above_the_level_is_refused():
    with pytest.raises(ValueError, match="`curve` must start below the level 1"):
        crossing(np.arange(3.0), np.full(3, 2.0), 1.0)
