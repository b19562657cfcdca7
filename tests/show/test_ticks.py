import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from linnet.show.ticks import limits, set_ticks

NONE = np.empty(0)


def labels(scale, low, high):
    figure = Figure()
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    ax.set_xscale(scale)
    ax.set_xlim(low, high)
    set_ticks(ax.xaxis, scale, low, high)
    figure.draw_without_rendering()
    shown = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    return [text.get_text() for at, text in shown if low <= at <= high]


@given(arrays(float, 5, elements=st.floats(-1e12, 1e12)))
def test_limits_hold_all_data(data):
    low, high = limits(data, NONE, "linear")
    assert low < data.min() <= data.max() < high or low <= data.min() < high


@given(arrays(float, 5, elements=st.floats(1e-200, 1e200)))
def test_limits_of_a_log_axis_are_positive_and_hold_all_data(data):
    low, high = limits(data, NONE, "log")
    assert 0 < low <= data.min()
    assert data.max() <= high < np.inf


def test_a_wrong_theory_that_runs_away_does_not_flatten_the_data():
    low, high = limits(np.array([0.0, 1.0]), np.array([0.0, 1e6]), "linear")
    assert low < 0
    assert 1.4 < high < 1.7


def test_a_wrong_theory_nearby_is_shown_whole():
    assert limits(np.array([0.0, 1.0]), np.array([1.2]), "linear")[1] > 1.2


def test_rounding_is_not_magnified():
    low, high = limits(3.0 + np.array([0.0, 1e-14]), NONE, "linear")
    assert high - low > 1


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_limits_without_data_are_those_of_the_guests_or_a_default(scale):
    assert limits(NONE, np.array([2.0, 4.0]), scale)[0] < 2
    low, high = limits(NONE, NONE, scale)
    assert low < high


@pytest.mark.parametrize(
    ("scale", "low", "high", "expected"),
    [
        ("linear", -1.05, 1.05, ["−1", "−0.5", "0", "0.5", "1"]),
        (
            "linear",
            0.0,
            21000.0,
            ["0", "5000", "10\u2009000", "15\u2009000", "20\u2009000"],
        ),
        ("linear", 0.0, 2.1e-7, ["0", "5×10⁻⁸", "10⁻⁷", "1.5×10⁻⁷", "2×10⁻⁷"]),
        ("log", 0.009, 110.0, ["0.01", "0.1", "1", "10", "100"]),
        ("log", 0.9, 22.0, ["1", "2", "5", "10", "20"]),
        ("log", 9e-9, 1.1, ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]),
    ],
)
def test_ticks_are_few_and_round(scale, low, high, expected):
    assert labels(scale, low, high) == expected


@given(st.floats(-12, 12), st.floats(0.05, 20))
def test_a_log_axis_always_has_between_two_and_nine_labels(start, decades):
    assert 2 <= len(labels("log", 10.0**start, 10.0 ** (start + decades))) <= 9
