"""Panels of models, read when needed and kept while there is room."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from linnet.phenomena.sloppiness.measure.distances.passes import AbstractPass, Panel
from linnet.phenomena.sloppiness.measure.predictions import Predictions

WIDTHS = (16, 64, 256)  # of panels; few, since each is compiled once
PANEL_BYTES = 2**24  # of one panel: samples come in pieces beyond that
SAMPLE_STEP = 256  # pieces are multiples, so that results do not depend on them


def panel_width(models: int) -> int:
    """The smallest width that holds so many models, or the largest."""
    return next((width for width in WIDTHS if models <= width), WIDTHS[-1])


def samples_at_once(features: int, itemsize: int, room: float = np.inf) -> int:
    """Samples of one piece, so that a panel stays below `PANEL_BYTES` and `room`."""
    each = features * itemsize * WIDTHS[-1]
    fitting = int(min(PANEL_BYTES, room) // each)
    return max(fitting // SAMPLE_STEP, 1) * SAMPLE_STEP


def pieces(samples: int, at_once: int) -> list[slice]:
    """Slices that cover all samples."""
    return [
        slice(start, min(start + at_once, samples))
        for start in range(0, samples, at_once)
    ]


def parts(models: slice, width: int) -> list[slice]:
    """Slices of at most `width` models that cover `models`."""
    return [
        slice(start, min(start + width, models.stop))
        for start in range(models.start, models.stop, width)
    ]


def columns_of(panel: Any, which: np.ndarray) -> Any:
    """Some models of a panel that XLA holds, without leaving it."""
    from linnet.phenomena.sloppiness.measure.distances import coefficients

    return coefficients.columns(panel, which)


@dataclass
class Reader:
    """Panels of one set of predictions for one pass; the last used are kept.

    Args:
        predictions: Where they are read.
        first: The pass that they are for.
        width: Models in a panel.
        at_once: Samples in a piece.
        capacity: Bytes that may be kept.
    """

    predictions: Predictions
    first: AbstractPass
    width: int
    at_once: int
    capacity: float
    _kept: OrderedDict[tuple[int, int], Panel] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def pieces(self) -> list[slice]:
        """All samples, in the pieces in which panels come."""
        return pieces(self.predictions.samples, self.at_once)

    def panel(self, models: slice, samples: slice) -> Panel:
        """A panel, read or remembered."""
        key = (models.start, samples.start)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        panel = self.first.panel(self.predictions, models, samples, self.width)
        self._bytes += sum(part.nbytes for part in panel)
        self._kept[key] = panel
        while self._bytes > self.capacity and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= sum(part.nbytes for part in dropped)
        return panel

    def picked(
        self, again: AbstractPass, models: slice, which: np.ndarray, width: int
    ) -> Iterator[Panel]:
        """Panels of some of `models` for another pass, of their first array alone.

        Args:
            again: The other pass.
            models: As in `panel`.
            which: Which of these, ascending, at most `width` of them.
            width: Of the panels.
        """
        for samples in self.pieces():
            if again.dtype != self.first.dtype:
                chosen = which + models.start
                yield again.panel(self.predictions, chosen, samples, width)
            else:
                # Models that fill the width up are compared and forgotten.
                filled = np.resize(which, width)
                panel = self.panel(models, samples)[0]
                yield (columns_of(panel, filled),)
