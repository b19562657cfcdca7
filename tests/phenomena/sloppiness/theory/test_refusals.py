import numpy as np
import pytest

from linnet.phenomena.sloppiness.theory.refusals import (
    check_count,
    check_deviation,
    check_not_negative,
    check_positive,
    check_steps,
    check_variances,
    one_deviation,
    one_number,
    per_mode,
    real_numbers,
    row_of_variances,
    sample_count,
)


def test_what_passes_comes_back_as_floats_of_its_shape():
    assert real_numbers("x", [1, 2]).dtype == float
    assert check_variances([[2, 1]]).shape == (1, 2)
    assert check_deviation("x", [[1, 0]]).tolist() == [[1.0, 0.0]]
    assert check_steps([0, 3]).tolist() == [0.0, 3.0]
    assert per_mode("target", [1, 2], 2).shape == (2, 1)
    assert sample_count(np.int64(3)) == 3
    assert one_number("x", 2) == 2.0


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: real_numbers("x", [np.inf]), "`x` must be finite, but holds NaN or"),
        (lambda: check_not_negative("x", [1, -2], "why"), ">= 0, but is -2: why."),
        (lambda: check_positive("x", [1, 0], "why"), "finite, but is 0: why."),
        (lambda: check_positive("x", np.nan, "why"), "finite, but is nan: why."),
        (lambda: check_count("x", [1, 1.5], "why"), "number >= 1, but is 1.5: why."),
        (lambda: row_of_variances([]), r"but has shape \(0,\)"),
        (lambda: row_of_variances(1.0), r"but has shape \(\)"),
        (lambda: row_of_variances([[1.0]]), r"but has shape \(1, 1\): loop over"),
        (lambda: check_variances([1.0, 0.0]), "but is 0: drop the others"),
        (lambda: per_mode("target", np.ones((2, 2, 2)), 2), "one row per mode"),
        (lambda: per_mode("target", np.ones((2, 0)), 2), "one row per mode"),
        (lambda: sample_count(1.5), "whole number >= 1, but is 1.5"),
        (lambda: sample_count([1, 2]), "must be one number, but has shape"),
        (lambda: one_number("x", [1.0]), "must be one number, but has shape"),
        (lambda: one_deviation("x", -1.0), "but is -1: it is a standard deviation"),
    ],
)
def test_what_is_given_wrongly_is_refused(check, message):
    with pytest.raises(ValueError, match=message):
        check()


@pytest.mark.parametrize("check", [real_numbers, lambda *x: check_positive(*x, "")])
@pytest.mark.parametrize("value", [["a"], [1j], np.array([1 + 1j])])
def test_what_is_no_real_number_is_refused_and_nothing_is_discarded(check, value):
    with pytest.raises(TypeError, match="`x` must be real numbers, but is of type"):
        check("x", value)
