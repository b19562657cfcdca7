from dataclasses import replace

import numpy as np

from linnet.show.legend import entries, role_key, safe_text, wrapped
from linnet.show.style import CATEGORIES
from linnet.study import Panel, Series

X = np.arange(3.0)


def texts(*series):
    return [text for _, text in entries(Panel("", "", "", series), CATEGORIES)]


def test_one_entry_stands_for_a_line_and_its_dots():
    pair = Series(X, X, "mode 1"), Series(X, X, "mode 1", "simulation")
    ((handle, text),) = entries(Panel("", "", "", pair), CATEGORIES)
    assert text == "mode 1"
    assert handle.get_marker() == "o"
    assert handle.get_linewidth() > 0


def test_unnamed_dots_belong_to_the_line_of_their_color():
    pair = Series(X, X, "mode 1"), Series(X, X, "", "simulation")
    ((handle, _),) = entries(Panel("", "", "", pair), CATEGORIES)
    assert handle.get_marker() == "o"


def test_two_labels_of_one_color_are_two_entries():
    assert texts(Series(X, X, "flow"), Series(X, X, "descent", "simulation")) == [
        "flow",
        "descent",
    ]


def test_a_label_that_repeats_the_key_is_left_out():
    assert texts(Series(X, X, "theory"), Series(X, X, "Simulation", "simulation")) == []


def test_a_wrong_theory_is_called_wrong_once():
    assert texts(Series(X, X, "twice", "wrong")) == ["wrong theory: twice"]
    assert texts(Series(X, X, "wrong exponent", "wrong")) == ["wrong exponent"]


def test_the_key_names_only_roles_that_are_drawn(figure):
    assert dict(role_key(figure)).keys() == {"theory", "simulation"}
    (panel,) = figure.panels
    unnamed = replace(panel, series=(Series(X, X, "", "wrong"),))
    assert role_key(replace(figure, panels=(unnamed,))) == (
        ("wrong", "dashed: wrong theory"),
    )


def test_the_key_explains_error_bars_only_where_there_are_some(figure):
    (panel,) = figure.panels
    bare = replace(panel, series=tuple(replace(s, stderr=None) for s in panel.series))
    key = dict(role_key(replace(figure, panels=(bare,))))
    assert key["simulation"] == "dots: simulation"


def test_lines_are_broken_between_words_and_never_inside_a_formula():
    text = wrapped(r"the spectrum $\lambda_i = a + b + c$ of the inputs", 14)
    assert text.split("\n") == [
        "the spectrum",
        r"$\lambda_i = a + b + c$",
        "of the inputs",
    ]
    assert wrapped("", 10) == ""


def test_dollars_around_no_formula_are_plain():
    assert safe_text(r"$\gamma$") == r"$\gamma$"
    assert safe_text(r"$\frac{$") == r"\$\frac{\$"


def test_a_long_label_with_a_formula_is_broken_without_a_complaint(caplog):
    text = r"learning rate over the largest stable one, $\eta\lambda_+/2$"
    assert wrapped(text, 30).count("\n") == 1
    assert not caplog.records
