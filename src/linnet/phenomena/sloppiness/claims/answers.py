"""What this phenomenon tells the owner of a data set, in words and in numbers."""

from collections.abc import Mapping
from typing import Any

from linnet.study import Answer, Problem, Verdict

Verdicts = Mapping[str, Verdict]


def predictions(problem: Problem) -> dict[str, Any]:
    """Everything predicted for this data, as plain numbers. Theory only."""
    return {}


def headline(problem: Problem) -> str:
    """The phenomenon's predictions in a sentence."""
    return ""


def answers(problem: Problem, verdicts: Verdicts) -> tuple[Answer, ...]:
    """Questions with what was predicted and what was observed."""
    return ()
