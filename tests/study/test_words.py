import math
import re

import pytest
from hypothesis import given, strategies as st

from linnet.study.words import duration, measured, number, percent


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ").replace(
        "\N{NARROW NO-BREAK SPACE}", " "
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "—"),
        (math.nan, "—"),
        (-math.inf, "−∞"),
        (0.0, "0"),
        (0.123456, "0.1235"),
        (3.0, "3"),
        (-2.5, "−2.5"),
        (1234.56, "1235"),
        (12345.6, "12 346"),
        (0.001, "0.001"),
        (1.2e-9, "1.2 × 10⁻⁹"),
        (-1.23456e-9, "−1.235 × 10⁻⁹"),
        (1e-8, "10⁻⁸"),
        (4.1e12, "4.1 × 10¹²"),
    ],
)
def test_numbers_read_as_a_person_writes_them(value, expected):
    assert plain(number(value)) == expected


def read(text):
    """The number that a person reads."""
    raised = re.fullmatch("(−?)(?:(.*) × )?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text)
    if raised is None:
        return float(text.replace("−", "-").replace(" ", ""))
    sign, leading, exponent = raised.groups(default="1")
    exponent = exponent.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    return float(f"{sign.replace('−', '-')}{leading}e{exponent}")


@given(st.floats(-1e300, 1e300, allow_subnormal=False))
def test_a_number_keeps_its_leading_digits(value):
    assert read(plain(number(value))) == pytest.approx(value, rel=6e-4)


@pytest.mark.parametrize(
    ("value", "stderr", "expected"),
    [
        (3.14159, 0.0123, "3.142 ± 0.012"),
        (-0.5, 0.1, "−0.50 ± 0.10"),
        (12345.6, 120.0, "12 350 ± 120"),
        (1.234e-9, 5e-11, "(1.234 ± 0.050) × 10⁻⁹"),
        (-1.234e-9, 5e-11, "(−1.234 ± 0.050) × 10⁻⁹"),
        (3.0, 1e-9, "3 ± 10⁻⁹"),
        (0.0, 0.001, "0.0000 ± 0.0010"),
        (2.0, None, "2"),
        (2.0, 0.0, "2"),
        (2.0, math.inf, "2"),
        (None, 0.1, "—"),
    ],
)
def test_a_measurement_is_as_precise_as_its_error_bar(value, stderr, expected):
    assert plain(measured(value, stderr)) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.31, "31 %"),
        (1.0, "100 %"),
        (0.001, "0.1 %"),
        (3e-9, "3 × 10⁻⁹"),
        (40.0, "40"),
    ],
)
def test_a_share_is_a_percentage_while_that_reads_well(share, expected):
    assert plain(percent(share)) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "< 0.01 s"),
        (0.42, "0.42 s"),
        (12.4, "12 s"),
        (131.7, "2 min 12 s"),
        (3700.0, "1 h 1 min"),
    ],
)
def test_a_duration_has_the_unit_that_suits_it(seconds, expected):
    assert plain(duration(seconds)) == expected
