import re
import struct
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.legend import Legend

from linnet.show import draw, png, svg
from linnet.show.figure import grid_shape, svg_and_png, svg_panels
from linnet.show.style import CATEGORIES, GUIDE, WRONG, palette
from linnet.study import Figure, Panel, Series


def only(series, **panel):
    return Figure("only", "", (Panel("", "", "", tuple(series), **panel),))


def identifiers(text):
    return set(re.findall(r'\bid="([^"]+)"', text))


def test_theory_is_a_solid_line_in_the_color_of_its_simulation(figure):
    theory, dots = draw(figure).axes[0].lines[:2]
    assert theory.get_linestyle() == "-"
    assert theory.get_marker() == "None"
    assert to_hex(theory.get_color()) == to_hex(dots.get_color()) == CATEGORIES[0]


def test_simulation_is_dots_with_error_bars(figure):
    (bars,) = draw(figure).axes[0].containers
    dots, _, (lines,) = bars.lines
    assert dots.get_marker() == "o"
    assert dots.get_linestyle() == "None"
    heights = [np.ptp(segment[:, 1]) for segment in lines.get_segments()]
    np.testing.assert_allclose(heights, 0.6)


def test_the_wrong_theory_is_dashed_and_grey_and_a_guide_dotted(figure):
    lines = draw(figure).axes[0].lines
    styles = {to_hex(line.get_color()): line.get_linestyle() for line in lines}
    assert styles[WRONG] == "--"
    assert styles[GUIDE] == ":"


def test_a_legend_names_a_theory_and_its_simulation_once(figure):
    canvas = draw(figure)
    rows = canvas.axes[0].findobj(Legend)
    texts = [text.get_text() for row in rows for text in row.get_texts()]
    assert sorted(texts) == ["first mode", "target", "wrong theory: twice the rate"]


def test_the_roles_are_explained_once_for_all_panels(figure):
    canvas = draw(replace(figure, panels=figure.panels * 3))
    (key,) = canvas.legends
    texts = [text.get_text() for text in key.get_texts()]
    assert texts == ["line: theory", "dots: simulation, bars: ±1 standard error"]


def test_no_legend_covers_the_axes(figure):
    canvas = draw(figure)
    canvas.draw_without_rendering()
    (ax,) = canvas.axes
    top = ax.get_window_extent().y1
    for legend in ax.findobj(Legend):
        assert legend.get_window_extent().y0 >= top


def test_titles_are_at_the_left_and_inside_the_picture(figure):
    long = replace(figure.panels[0], title="A rather long title " * 4)
    canvas = draw(replace(figure, panels=(long,)))
    canvas.draw_without_rendering()
    (ax,) = canvas.axes
    assert ax.get_title(loc="center") == ""
    box = ax._left_title.get_window_extent()
    assert box.x1 <= canvas.bbox.x1
    assert box.y1 <= canvas.bbox.y1


def test_the_legend_does_not_shrink_the_axes(figure):
    x = np.arange(3.0)
    names = [f"a curve with a long name {i}" for i in range(8)]
    crowded = only([Series(x, x + i, n, color=i) for i, n in enumerate(names)])
    heights = []
    for each in (only([Series(x, x)]), crowded):
        canvas = draw(each)
        canvas.draw_without_rendering()
        heights.append(canvas.axes[0].get_window_extent().height)
    assert heights[1] == pytest.approx(heights[0], rel=0.15)


def test_a_long_label_does_not_squeeze_the_axes():
    x = np.arange(3.0)
    widths = []
    for label in ("short", "a label that goes on " * 8):
        canvas = draw(only([Series(x, x, label)]))
        canvas.draw_without_rendering()
        widths.append(canvas.axes[0].get_window_extent().width)
    assert widths[1] == pytest.approx(widths[0], rel=0.05)


def test_points_that_are_not_finite_are_left_out():
    x = np.array([1.0, 2.0, np.nan, 4.0, 5.0])
    y = np.array([1.0, np.inf, 3.0, 4.0, -np.inf])
    (line,) = draw(only([Series(x, y)])).axes[0].lines
    np.testing.assert_array_equal(line.get_xdata(), [1.0, 4.0])


def test_points_that_a_log_axis_cannot_show_are_left_out():
    x, y = np.array([-1.0, 0.0, 1.0, 2.0]), np.array([1.0, 1.0, 0.0, 3.0])
    drawn = draw(only([Series(x, y)], x_scale="log", y_scale="log"))
    np.testing.assert_array_equal(drawn.axes[0].lines[0].get_xdata(), [2.0])


def test_an_error_bar_below_zero_does_not_stretch_a_log_axis():
    x = np.array([1.0, 2.0])
    dots = Series(x, x, role="simulation", stderr=np.array([0.1, 5.0]))
    low, high = draw(only([dots], y_scale="log")).axes[0].get_ylim()
    assert 0.5 < low < 0.9
    assert 7 < high < 9


def test_a_theory_of_a_single_point_is_seen():
    one = np.array([1.0])
    (line,) = draw(only([Series(one, one)])).axes[0].lines
    assert line.get_marker() == "_"


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_figure_with_nothing_to_show_says_so(scale):
    nothing = Series(np.array([np.nan]), np.array([1.0]))
    drawn = draw(only([nothing], x_scale=scale, y_scale=scale))
    assert drawn.axes[0].texts[0].get_text() == "nothing to show"
    assert "<svg" in svg(only([nothing], x_scale=scale, y_scale=scale))


def test_a_figure_without_panels_is_refused():
    empty = Figure("empty", "", ())
    for way in (draw, svg, png, svg_panels):
        with pytest.raises(ValueError, match=r"at least one panel, but `empty` has"):
            way(empty)


@pytest.mark.parametrize(("count", "images"), [(2000, 0), (2001, 1)])
def test_more_than_2000_dots_become_an_image_inside_the_svg(count, images):
    x = np.linspace(0.0, 1.0, count)
    text = svg(only([Series(x, x, role="simulation"), Series(x, x)]))
    assert text.count("<image") == images
    assert len(text) < 400_000


def test_the_same_figure_gives_the_same_bytes(figure):
    assert svg(figure) == svg(figure)
    assert png(figure) == png(figure)
    assert svg_panels(figure) == svg_panels(figure)
    assert svg_and_png(figure)[0] == svg(figure)


def test_an_svg_carries_neither_date_nor_program(figure):
    assert "<metadata" not in svg(figure)
    assert "Software" not in png(figure).decode("latin1")


def test_two_figures_share_no_identifier(figure):
    first = svg_panels(replace(figure, panels=figure.panels * 2))
    second = svg_panels(replace(figure, name="other"))
    found = [identifiers(text) for text in (*first, *second)]
    assert all(found)
    assert sum(map(len, found)) == len(set.union(*found))


def test_every_reference_inside_an_svg_finds_its_target(figure):
    text = svg(figure)
    references = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    assert references
    assert references <= identifiers(text)


def test_settings_of_the_user_change_nothing_and_stay_unchanged(figure):
    expected = svg(figure)
    with matplotlib.rc_context({"font.size": 30, "svg.fonttype": "none"}):
        assert svg(figure) == expected
        assert matplotlib.rcParams["font.size"] == 30


def test_a_png_has_the_resolution_asked_for(figure):
    widths = [struct.unpack(">I", png(figure, dpi)[16:20])[0] for dpi in (80, 160)]
    assert widths[1] == pytest.approx(2 * widths[0], abs=2)


@pytest.mark.parametrize("text", ["$\\frac{$", "5$ and 6$", "価格 🦜", "a_b^c%#&\\"])
def test_names_that_are_no_formula_are_drawn_as_they_are(text):
    x = np.arange(3.0)
    panel = Panel(text, text, text, (Series(x, x, text),))
    assert "<svg" in svg(Figure("hostile", "", (panel,)))


def test_many_colors_become_an_ordered_scale():
    assert palette(len(CATEGORIES)) == CATEGORIES
    many = palette(10)
    assert len(set(many)) == 10
    assert not set(many) & set(CATEGORIES)


@pytest.mark.parametrize(
    ("panels", "shape"),
    [(1, (1, 1)), (2, (1, 2)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3))],
)
def test_at_most_three_panels_stand_side_by_side(panels, shape):
    assert grid_shape(panels) == shape


def test_a_cell_without_panel_stays_empty(figure):
    drawn = draw(replace(figure, panels=figure.panels * 5))
    assert [ax.get_visible() for ax in drawn.axes] == [True] * 5 + [False]
