import io
from dataclasses import replace

import numpy as np
from PIL import Image

from linnet.show import png
from linnet.show.embed import MAX_INLINE_SVG, compact, picture
from linnet.study import Series


def test_a_figure_is_inline_svg_with_a_description(figure):
    drawn = picture(figure)
    (panel,) = drawn.panels
    assert panel.startswith('<div role="img" aria-label="Learning at ')
    assert "<svg" in panel
    assert drawn.step == 0


def test_a_heavy_svg_becomes_an_image(figure):
    (panel,) = figure.panels
    x = np.linspace(0, 1, 2000)
    dots = tuple(Series(x, x + i, role="simulation", color=i) for i in range(5))
    drawn = picture(replace(figure, panels=(replace(panel, series=dots),)))
    assert drawn.panels[0].startswith('<img alt="Learning at ')
    assert "data:image/png;base64," in drawn.panels[0]
    assert drawn.size < MAX_INLINE_SVG


def test_shrinking_ends_at_a_smaller_image(figure):
    first = picture(figure).shrunk()
    second = first.shrunk()
    assert second.size < first.size
    assert first.can_shrink
    assert not second.can_shrink


def test_an_image_with_a_palette_is_small_and_keeps_its_colors(figure):
    whole = png(figure)
    small = compact(whole)
    assert len(small) < 0.5 * len(whole)
    before, after = (
        np.asarray(Image.open(io.BytesIO(image)).convert("RGB"), dtype=float)
        for image in (whole, small)
    )
    # Of 255; the figures of all claims differ by 12 at most. Covering by frequency
    # instead turns thin lines grey.
    assert np.abs(before - after).max() < 20
    assert compact(whole) == small


def test_a_hostile_title_stays_inside_its_attribute(figure):
    (panel,) = figure.panels
    hostile = replace(panel, title='"><script>alert(1)</script>')
    drawn = picture(replace(figure, panels=(hostile,)))
    for panels in (drawn.panels, drawn.shrunk().panels):
        assert "<script" not in panels[0]
        assert "&#34;&gt;&lt;script" in panels[0]
