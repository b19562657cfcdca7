"""The text of an SVG: shorter, with its own identifiers, ready to sit in a page."""

import re


def slug(name: str) -> str:
    """`name` as a file name and identifier: letters, digits, dashes, underscores."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-") or "figure"


def prefixed(svg: str, prefix: str) -> str:
    """`svg` with `prefix` before every identifier and every reference to one.

    Matplotlib numbers its groups from one in every figure; two figures in one page
    would otherwise borrow each other's marks and clip paths.
    """
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'href="#', f'href="#{prefix}-', svg)
    return svg.replace("url(#", f"url(#{prefix}-")


def shortened(svg: str) -> str:
    """`svg` with outlines to a hundredth of a point: no visible difference."""
    return re.sub(
        r' d="[^"]*"', lambda d: re.sub(r"(\.\d\d)\d+", r"\1", d.group()), svg
    )


def inline(svg: str) -> str:
    """The bare `svg` element, as HTML wants it: no prolog, no namespaces, no size.

    The size is the page's to choose; the view box keeps the proportions.
    """
    body = svg[svg.index("<svg") :]
    head, rest = body.split(">", 1)
    head = re.sub(r'\s(?:xmlns(?::\w+)?|width|height|version)="[^"]*"', "", head)
    return f'{head} role="presentation" focusable="false">{rest}'.strip()
