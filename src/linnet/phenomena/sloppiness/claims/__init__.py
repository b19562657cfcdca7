"""Claims of sloppiness: the only place where theory and simulation meet."""

from linnet.phenomena.sloppiness.claims.answers import (
    answers as answers,
    headline as headline,
    predictions as predictions,
)
from linnet.phenomena.sloppiness.claims.settings import (
    check as check,
    settings as settings,
)
from linnet.phenomena.sloppiness.claims.source import SloppinessClaim

CLAIMS: tuple[SloppinessClaim, ...] = ()
