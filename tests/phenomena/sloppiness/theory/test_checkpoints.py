import tracemalloc

import numpy as np
import pytest

from linnet.phenomena.sloppiness.theory import (
    continuous_checkpoints,
    given_checkpoints,
    log_checkpoints,
    uniform_checkpoints,
)


def test_uniform_checkpoints_count_points_with_the_start_among_them():
    checkpoints = uniform_checkpoints(5, every=3)
    np.testing.assert_array_equal(checkpoints.when, [0, 3, 6, 9, 12])
    np.testing.assert_array_equal(checkpoints.weights, np.full(5, 0.2))
    assert checkpoints.count == 5
    assert checkpoints.last == 12


def test_a_billion_checkpoints_cost_nothing_but_are_not_written_out():
    tracemalloc.start()
    checkpoints = uniform_checkpoints(10**9)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
    assert checkpoints.count == 10**9
    assert checkpoints.last == 10**9 - 1
    with pytest.raises(ValueError, match=r"10000000 or fewer .* but are 1000000000"):
        _ = checkpoints.when
    with pytest.raises(ValueError, match="but are a continuum"):
        _ = continuous_checkpoints(3.0).weights


@pytest.mark.parametrize(("last", "num"), [(20_000, 60), (10, 60), (1, 2), (7, 2)])
def test_log_checkpoints_are_distinct_steps_from_the_start_to_the_last(last, num):
    checkpoints = log_checkpoints(last, num)
    when = checkpoints.when
    assert when[0] == 0
    assert when[-1] == last
    assert (np.diff(when) >= 1).all()
    assert (when == when.round()).all()
    assert len(when) == checkpoints.count <= num
    np.testing.assert_allclose(checkpoints.weights.sum(), 1, rtol=1e-14)


def test_log_checkpoints_are_evenly_spaced_in_their_logarithm():
    steps = np.log(log_checkpoints(10**9, 46).when[-20:])
    np.testing.assert_allclose(np.diff(steps), np.log(10**9) / 45, rtol=1e-3)


def test_given_checkpoints_keep_a_copy_that_nobody_changes():
    when = np.array([0.0, 2.0])
    checkpoints = given_checkpoints(when)
    when[0] = 1
    np.testing.assert_array_equal(checkpoints.when, [0, 2])
    with pytest.raises(ValueError, match="read-only"):
        checkpoints.when[0] = 1


def test_checkpoints_say_what_they_are():
    assert repr(uniform_checkpoints(3)) == "<3 uniform checkpoints up to 2>"
    assert repr(continuous_checkpoints(3)) == "continuous_checkpoints(3)"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: uniform_checkpoints(0), "`count` must be a whole number >= 1"),
        (lambda: uniform_checkpoints(2.5), "`count` must be a whole number >= 1"),
        (lambda: uniform_checkpoints(2, every=0), "`every` must be a whole number"),
        (lambda: log_checkpoints(0, 3), "`last` must be a whole number >= 1"),
        (lambda: log_checkpoints(9, 1), "`num` must be at least 2, but is 1"),
        (lambda: log_checkpoints(9, np.inf), "`num` must be a whole number"),
        (lambda: continuous_checkpoints(0.0), "`duration` must be positive"),
        (lambda: given_checkpoints([]), "must be a row of finite numbers"),
        (lambda: given_checkpoints([[0.0]]), "must be a row of finite numbers"),
        (lambda: given_checkpoints([0, np.nan]), "must be a row of finite numbers"),
        (lambda: given_checkpoints([-1, 0]), "must rise from a number >= 0"),
        (lambda: given_checkpoints([1, 1]), "must rise from a number >= 0"),
        (lambda: given_checkpoints([0, 1], [1.0]), r"must have shape \(2,\)"),
        (lambda: given_checkpoints([0, 1], [1.5, -0.5]), "must be finite and >= 0"),
        (lambda: given_checkpoints([0, 1], [np.nan, 1]), "must be finite and >= 0"),
        (
            lambda: given_checkpoints([0, 1], [0.5, 0.6]),
            "must sum to 1, but sums to 1.1",
        ),
    ],
)
def test_what_are_no_checkpoints_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
