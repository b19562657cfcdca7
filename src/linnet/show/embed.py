"""Figures inside a page: sharp where they are small, images where they grow large."""

import io
from base64 import b64encode
from dataclasses import dataclass, replace

from markupsafe import Markup
from PIL import Image

from linnet.show.figure import png_panels, svg_panels
from linnet.show.legend import role_key
from linnet.show.markup import inline
from linnet.show.prose import plain
from linnet.study.figure import Figure, Role

MAX_INLINE_SVG = 400_000  # bytes of one figure
_RESOLUTIONS = (160, 80)  # dots per inch, tried in turn
_COLORS = 256  # of an image


@dataclass(frozen=True)
class Picture:
    """A figure ready to be put into a page.

    Attributes:
        figure: The plain values; its name is unique in the page.
        panels: Markup of each panel.
        step: 0 for inline SVG, k for the k-th of the image resolutions.
    """

    figure: Figure
    panels: tuple[Markup, ...]
    step: int = 0

    @property
    def size(self) -> int:
        """Bytes in the page."""
        return sum(len(panel.encode()) for panel in self.panels)

    @property
    def can_shrink(self) -> bool:
        """Whether a smaller form is left."""
        return self.step < len(_RESOLUTIONS)

    @property
    def key(self) -> tuple[tuple[Role, str], ...]:
        """What lines and dots stand for."""
        return role_key(self.figure)

    def shrunk(self) -> "Picture":
        """The next smaller form: SVG, then images of falling resolution."""
        images = png_panels(self.figure, _RESOLUTIONS[self.step])
        texts = (_description(self.figure, i) for i in range(len(images)))
        panels = tuple(
            Markup('<img alt="{}" src="data:image/png;base64,{}">').format(
                text, b64encode(compact(image)).decode()
            )
            for text, image in zip(texts, images, strict=True)
        )
        return replace(self, panels=panels, step=self.step + 1)


def picture(figure: Figure) -> Picture:
    """The figure as inline SVG, or as images when that SVG would be heavy."""
    panels = tuple(
        Markup('<div role="img" aria-label="{}">{}</div>').format(
            _description(figure, i), Markup(inline(svg))
        )
        for i, svg in enumerate(svg_panels(figure))
    )
    drawn = Picture(figure, panels)
    return drawn.shrunk() if drawn.size > MAX_INLINE_SVG else drawn


def compact(image: bytes) -> bytes:
    """The same picture with a palette, in less than half of the bytes.

    Colors are chosen to cover those that occur, not by how often they do: a thin line
    keeps its own.
    """
    few = Image.open(io.BytesIO(image)).convert("RGB")
    few = few.quantize(
        _COLORS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )
    stream = io.BytesIO()
    few.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _description(figure: Figure, index: int) -> str:
    panel = figure.panels[index]
    return plain(f"{panel.title}: {panel.y_label} against {panel.x_label}.")
