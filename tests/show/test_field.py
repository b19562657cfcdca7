import re
from dataclasses import replace

import numpy as np
import pytest

from linnet.show import draw, svg
from linnet.show.field import edges, scale_of
from linnet.study import Field, Figure, Panel, Series

X = np.linspace(0.5, 3.0, 6)
Y = np.geomspace(0.1, 1e4, 5)
VALUES = np.outer(np.arange(5), np.ones(6)) / 5
LINE = Series(X, 10.0**X, "border", "theory")
DOTS = Series(X[:2], Y[:2], "", "simulation", shade=np.array([0.0, 0.8]))


@pytest.fixture
def shaded() -> Figure:
    field = Field(X, Y, VALUES, "share")
    panel = Panel("map", "slope", "folds", (LINE, DOTS), y_scale="log", field=field)
    return Figure("map", "", (panel,))


def test_cells_end_halfway_to_their_neighbors_on_the_axis_as_drawn():
    np.testing.assert_allclose(edges(np.array([1.0, 2.0, 4.0]), "linear"), [
        0.5, 1.5, 3.0, 5.0
    ])  # fmt: skip
    np.testing.assert_allclose(
        edges(np.array([1.0, 4.0]), "log"), [0.5, 2.0, 8.0], rtol=1e-12
    )


def test_a_single_cell_has_a_width():
    np.testing.assert_allclose(edges(np.array([3.0]), "linear"), [2.5, 3.5])


def test_the_axes_end_where_the_shades_end(shaded):
    ax = draw(shaded).axes[0]
    np.testing.assert_allclose(ax.get_xlim(), edges(X, "linear")[[0, -1]])
    np.testing.assert_allclose(ax.get_ylim(), edges(Y, "log")[[0, -1]])


def test_dots_have_the_shade_of_what_was_seen_on_the_scale_of_the_field(shaded):
    mesh, dots = draw(shaded).axes[0].collections
    scale = scale_of(shaded.panels[0].field)
    for collection in (mesh, dots):
        assert (collection.norm.vmin, collection.norm.vmax) == (scale.vmin, scale.vmax)
    np.testing.assert_allclose(dots.get_array(), DOTS.shade)


def test_given_ends_of_the_scale_are_kept_and_blank_cells_do_not_count():
    holes = np.where(VALUES > 0.5, np.nan, VALUES)
    assert scale_of(Field(X, Y, holes, "share")).vmax == pytest.approx(0.4)
    scale = scale_of(Field(X, Y, holes, "share", low=-1.0, high=2.0))
    assert (scale.vmin, scale.vmax) == (-1.0, 2.0)
    assert scale_of(Field(X, Y, VALUES * np.nan, "share")).vmax == 1.0


def test_lines_on_shades_are_drawn_in_ink_and_the_bar_says_what_is_shaded(shaded):
    canvas = draw(shaded)
    plain = replace(shaded.panels[0], field=None)
    beside = draw(replace(shaded, panels=(plain,)))
    ink, colored = (c.axes[0].lines[0].get_color() for c in (canvas, beside))
    assert ink != colored
    assert canvas.axes[1].get_ylabel() == "share"
    texts = [text.get_text() for text in canvas.legends[0].get_texts()]
    assert "dots: simulation in the shade of what was seen" in texts


def test_a_map_of_many_cells_stays_a_small_image_with_the_same_bytes_each_time():
    x, y = np.linspace(0, 1, 300), np.linspace(0, 1, 200)
    field = Field(x, y, np.outer(y, x), "share")
    figure = Figure("many", "", (Panel("", "x", "y", (), field=field),))
    text = svg(figure)
    assert len(text) < 100_000
    assert re.search("<image", text)
    assert text == svg(figure)
