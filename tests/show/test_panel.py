import numpy as np
import pytest
from matplotlib.legend import Legend

from linnet.show import draw
from linnet.show.panel import as_seen
from linnet.study import Figure, Panel, Series

X = np.arange(1.0, 5.0)


def labels(*guests, y_scale="linear"):
    data = Series(X, X, "SGD", "simulation")
    panel = Panel("", "", "", (data, *guests), y_scale=y_scale)
    return [series.label for series in as_seen(panel).series[1:]]


@pytest.mark.parametrize("role", ["wrong", "guide"])
def test_a_line_beyond_the_axes_says_where_it_is(role):
    below, above = (Series(X, 0 * X + y, "flat", role) for y in (-90, 90))
    assert labels(below, above) == ["flat (far below)", "flat (far above)"]


def test_a_line_that_is_seen_keeps_its_label():
    inside = Series(X, X + 0.5, "half more", "wrong")
    runs_away = Series(X, np.exp(X**2), "explodes", "wrong")
    assert labels(inside) == ["half more"]
    assert labels(runs_away) == ["explodes"]


def test_zero_lies_far_below_a_logarithmic_axis():
    none = Series(X, 0 * X, "none", "wrong")
    assert labels(none, y_scale="log") == ["none (far below)"]
    assert labels(none) == ["none"]


def test_theory_and_data_are_always_seen_and_what_has_no_name_is_not_missed():
    assert labels(Series(X, 0 * X + 90, "theory of 90")) == ["theory of 90"]
    assert labels(Series(X, 0 * X + 90, "", "guide")) == [""]
    assert labels(Series(X, np.nan * X, "nowhere", "wrong")) == ["nowhere"]


def test_the_wrong_theory_is_told_even_if_only_the_key_names_it():
    assert labels(Series(X, 0 * X + 90, "", "wrong")) == ["wrong theory (far above)"]


def test_the_legend_of_a_drawn_figure_says_it():
    data = Series(X, X, "SGD", "simulation")
    far = Series(X, 0 * X + 90, "other law", "wrong")
    canvas = draw(Figure("one", "", (Panel("", "", "", (data, far)),)))
    found = canvas.axes[0].findobj(Legend)
    texts = [text.get_text() for row in found for text in row.get_texts()]
    assert "wrong theory: other law (far above)" in texts
