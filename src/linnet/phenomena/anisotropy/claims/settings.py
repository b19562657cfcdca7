"""The learning rate of one output's network: chosen where none was asked for."""

from linnet.phenomena.anisotropy.claims import question
from linnet.study import Problem


def check(problem: Problem) -> None:
    """Nothing that is asked for by name is refused here; claims tell what they need."""


def settings(problem: Problem) -> dict[str, float]:
    """What the phenomenon chose where nothing was asked for, by name."""
    return {"learning_rate": question.learning_rate(problem)}
