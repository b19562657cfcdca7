"""Drawing: plain figures through matplotlib, a whole report as one page."""

from linnet.show.figure import draw as draw
from linnet.show.figure import png as png
from linnet.show.figure import svg as svg
from linnet.show.report import Item as Item
from linnet.show.report import Report as Report
from linnet.show.report import Section as Section
from linnet.show.report import render as render
from linnet.show.report import write_report as write_report
