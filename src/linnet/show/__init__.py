"""Drawing: plain figures through matplotlib, a whole report as one page."""

from linnet.show.figure import draw as draw, png as png, svg as svg
from linnet.show.report import (
    Item as Item,
    Report as Report,
    Section as Section,
    render as render,
    write_report as write_report,
)
