"""Claims of the fluctuations: the only place where theory and simulation meet."""

from collections.abc import Mapping
from typing import Any

from linnet.phenomena.fluctuations.claims.settings import check as check
from linnet.phenomena.fluctuations.claims.settings import settings as settings
from linnet.study import AbstractClaim, Answer, Problem, Verdict

CLAIMS: tuple[AbstractClaim, ...] = ()


def answers(problem: Problem, verdicts: Mapping[str, Verdict]) -> tuple[Answer, ...]:
    """What the owner of a data set is told."""
    del problem, verdicts
    return ()


def headline(problem: Problem) -> str:
    """The prediction in one sentence."""
    del problem
    return ""


def predictions(problem: Problem) -> dict[str, Any]:
    """Predicted numbers."""
    del problem
    return {}
