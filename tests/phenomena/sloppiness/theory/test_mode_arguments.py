import numpy as np
import pytest

from linnet.phenomena.sloppiness.theory.mode_arguments import (
    mode_variances,
    not_negative,
    one_number,
    per_mode,
    positive,
    real_numbers,
    sample_count,
)


def test_numbers_are_taken_as_floats_of_their_shape():
    assert real_numbers("x", [1, 2]).dtype == float
    assert mode_variances([[2, 1]], grids=True).shape == (1, 2)
    assert per_mode("target", [1, 2], 2).shape == (2, 1)
    assert sample_count(np.int64(3)) == 3
    assert one_number("x", 2) == 2.0


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: real_numbers("x", [np.inf]), "`x` must be finite, but holds NaN or"),
        (lambda: not_negative("x", [1, -2]), "`x` must be >= 0, but holds -2"),
        (lambda: positive("x", [1, 0]), "`x` must be > 0, but holds 0"),
        (lambda: mode_variances([]), r"but has shape \(0,\)"),
        (lambda: mode_variances(1.0), r"but has shape \(\)"),
        (lambda: per_mode("target", np.ones((2, 2, 2)), 2), "one row per mode"),
        (lambda: per_mode("target", np.ones((2, 0)), 2), "one row per mode"),
        (lambda: sample_count(1.5), "whole number >= 1, but is 1.5"),
        (lambda: one_number("x", [1.0]), "must be one number, but has shape"),
    ],
)
def test_what_is_given_wrongly_is_refused(check, message):
    with pytest.raises(ValueError, match=message):
        check()


def test_what_is_no_number_is_refused():
    with pytest.raises(TypeError, match="`x` must be real numbers, but is of type"):
        real_numbers("x", ["a"])
    with pytest.raises(TypeError, match="`x` must be real numbers, but is of type"):
        real_numbers("x", [1j])
