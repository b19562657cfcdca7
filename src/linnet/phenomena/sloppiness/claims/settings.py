"""What this phenomenon chooses where nothing was asked for."""

from linnet.phenomena.sloppiness.claims import data_question
from linnet.study import Problem


def check(problem: Problem) -> None:
    """Nothing that is asked for by name is refused here; claims tell what they need."""


def settings(problem: Problem) -> dict[str, float]:
    """What the phenomenon chose where nothing was asked for, by name."""
    return {"learning_rate": data_question.learning_rate(problem)}
