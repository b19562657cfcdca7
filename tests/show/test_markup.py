import pytest

from linnet.show.markup import inline, prefixed, shortened, slug


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mode_law", "mode_law"),
        ("../../etc/passwd", "etc-passwd"),
        ('"><script>', "script"),
        ("γ", "figure"),
        ("", "figure"),
    ],
)
def test_a_slug_is_safe_as_file_name_and_identifier(name, expected):
    assert slug(name) == expected


def test_a_prefix_reaches_identifiers_and_references_alike():
    text = '<g id="a"/><use xlink:href="#a" clip-path="url(#a)"/>'
    assert prefixed(text, "f") == (
        '<g id="f-a"/><use xlink:href="#f-a" clip-path="url(#f-a)"/>'
    )


def test_only_outlines_are_shortened():
    text = '<path d="M 1.23456 2L -0.00001 3.5" transform="scale(0.015625)"/>'
    assert shortened(text) == (
        '<path d="M 1.23 2L -0.00 3.5" transform="scale(0.015625)"/>'
    )


def test_an_inline_svg_has_no_prolog_no_namespace_and_no_size():
    text = (
        '<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg xmlns:xlink="http://w" width="9pt"'
        ' height="9pt" viewBox="0 0 9 9" xmlns="http://w" version="1.1"><g/></svg>\n'
    )
    assert inline(text) == (
        '<svg viewBox="0 0 9 9" role="presentation" focusable="false"><g/></svg>'
    )
