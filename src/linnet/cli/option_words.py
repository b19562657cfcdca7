"""Messages of functions in the words of the command."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

_WORDS = (
    (r"Argument `member`", "Option `--array`"),
    (r"Argument `deviation`", "Option `--sigma`"),
    (r"Argument `(smoothing|tolerance|kind|disjoint|distance)`", r"Option `--\1`"),
    (r"Argument `(?:path|source)`", "FILE"),
    (r"Argument `matrix`", "The matrix in FILE"),
    (r"(?<=[( ])(?<!is )`(smoothing|tolerance|kind|disjoint)`(?=[ ,)(:.])", r"`--\1`"),
)


def in_options(message: str) -> str:
    """The same with the options of `linnet inpca` for the arguments of functions.

    Example:
        >>> in_options("Argument `member` must be left out: smooth (`smoothing`).")
        'Option `--array` must be left out: smooth (`--smoothing`).'
    """
    for argument, option in _WORDS:
        message = re.sub(argument, option, message)
    return message


@contextmanager
def words_of_the_command() -> Iterator[None]:
    """Refusals inside speak of options.

    Raises:
        ValueError: where there was one.
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(in_options(str(error))) from error
