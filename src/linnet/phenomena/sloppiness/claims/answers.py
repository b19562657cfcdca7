"""What this phenomenon tells the owner of a data set, in words and in numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import data_question, data_runs
from linnet.phenomena.sloppiness.claims.data_question import DIMENSIONS, FRACTION
from linnet.phenomena.sloppiness.claims.training_manifold import (
    TrainingManifold,
    ratios,
    starts,
)
from linnet.phenomena.sloppiness.measure import spectrum_slope
from linnet.study import Answer, Problem, Verdict
from linnet.study.words import measured, number, percent

Verdicts = Mapping[str, Verdict]

NOT_RUN = "not trained"
HUGE = 5.0  # of the largest variance over the next: the mean of the inputs


def predictions(problem: Problem) -> dict[str, Any]:
    """Everything predicted for this data, as plain numbers. Theory only."""
    reason = TrainingManifold().applies(problem)
    if reason is not None:
        return {"silent": reason}
    every = data_question.durations(problem)
    edges = [data_question.boundary(problem, steps) for steps in every]
    return {
        "learning_rate": data_question.learning_rate(problem),
        "steps": list(every),
        "dimensions": DIMENSIONS,
        "fraction": FRACTION,
        "widest_start": [
            _finite(data_question.widest_start(problem, steps)) for steps in every
        ],
        "usual_start": data_question.usual_start(problem),
        "share_from_usual_start": [
            data_question.usual_share(problem, steps) for steps in every
        ],
        "boundary": [str(edge.kind) for edge in edges],
        "boundary_ratio": [_finite(float(edge.ratio)) for edge in edges],
        "critical_slope": float(theory.critical_slope(FRACTION, DIMENSIONS)),
    }


def headline(problem: Problem) -> str:
    """The phenomenon's prediction in a sentence."""
    if TrainingManifold().applies(problem) is not None:
        return ""
    steps = data_question.durations(problem)[-1]
    widest = data_question.widest_start(problem, steps)
    usual = _share(data_question.usual_share(problem, steps))
    told = (
        f"{_whose(problem)} moves a single layer, over {steps} steps from the usual"
        f" start, in more dimensions than it needs: {DIMENSIONS} hold {usual} of the"
        " variance"
    )
    if data_question.usual_share(problem, steps) >= FRACTION:
        return (
            f"{_whose(problem)} moves a single layer on a ribbon: {DIMENSIONS}"
            f" dimensions hold {usual} of the variance over {steps} steps from the"
            " usual start."
        )
    if widest == 0:
        return f"{told}, and smaller starts do not change that."
    return f"{told}; from starts of deviation {number(widest, 2)} they hold 95 %."


def _whose(problem: Problem) -> str:
    outputs = len(problem.moments.yx)
    return f"Training on {_target(outputs)}"


def _target(outputs: int) -> str:
    return "this target" if outputs == 1 else f"these {outputs} targets together"


def answers(problem: Problem, verdicts: Verdicts) -> tuple[Answer, ...]:
    """Questions with what was predicted and what was observed."""
    if TrainingManifold().applies(problem) is not None:
        return ()
    verdict = verdicts.get(TrainingManifold.name)
    return _start_answer(problem, verdict), _tasks_answer(problem, verdict)


def _start_answer(problem: Problem, verdict: Verdict | None) -> Answer:
    steps = data_question.durations(problem)[-1]
    widest = data_question.widest_start(problem, steps)
    usual = data_question.usual_share(problem, steps)
    told = {
        0.0: f"no width: the curve itself bends out of {DIMENSIONS} dimensions",
        np.inf: "any width: starts scatter in as few dimensions",
    }.get(widest, f"weights of deviation up to {number(widest, 2)}")
    if 0 < widest < np.inf and usual >= FRACTION:
        told += ", and again far wider ones, which scatter in as few dimensions"
    at = [start for t, start in starts(problem) if t == steps][-1]
    return Answer(
        question=(
            "How wide may the start be for training on"
            f" {_target(len(problem.moments.yx))} to stay on a thin ribbon?"
        ),
        prediction=(
            f"{told} ({percent(FRACTION)} of the variance of {steps} steps in"
            f" {DIMENSIONS} dimensions); from the usual start,"
            f" {number(data_question.usual_start(problem), 2)}, they hold"
            f" {_share(usual)}"
        ),
        observation=(
            NOT_RUN
            if verdict is None
            else f"{_percents(data_runs.share_of_networks(problem, steps, at))} from"
            f" starts of deviation {number(at, 2)}"
        ),
        outcome="" if verdict is None else verdict.verdict,
    )


def _tasks_answer(problem: Problem, verdict: Verdict | None) -> Answer:
    steps = data_question.durations(problem)[-1]
    edge = data_question.boundary(problem, steps)
    kind, ratio = str(edge.kind), number(float(edge.ratio), 2)
    told = {
        "always": "yes, however large the targets are",
        "never": "no, however large the targets are",
        "above": f"targets at least {ratio} times as large as the start",
        "below": f"targets at most {ratio} times as large as the start",
    }[kind]
    at = [place for t, place in ratios(problem) if t == steps][-1]
    predicted = data_question.share_of_tasks(problem, steps, at)
    return Answer(
        question="Would other targets on these inputs move on a thin ribbon, too?",
        prediction=(
            f"{told} ({_slope_words(problem)}); with weights {number(at, 2)} times as"
            f" large as the start's, {_share(float(predicted))} of the variance lie in"
            f" {DIMENSIONS} dimensions"
        ),
        observation=(
            NOT_RUN
            if verdict is None
            else _percents(data_runs.share_over_tasks(problem, steps, at))
        ),
        outcome="" if verdict is None else verdict.verdict,
    )


def _slope_words(problem: Problem) -> str:
    variances = data_question.question(problem).directions.variances
    skip = int(variances[0] > HUGE * variances[1])
    if len(variances) - skip < 4:
        return "the inputs have few directions"
    found = spectrum_slope(variances, skip=skip)
    falls = (
        f"falls by a factor {number(float(np.exp(found.slope)), 3)} from direction to"
        f" direction, slope {number(found.slope, 2)}, $R^2$ = {found.quality:.2f}"
    )
    if skip:
        first = _share(float(variances[0] / variances.sum()))
        return f"one direction has {first} of the inputs' variance; the rest {falls}"
    needed = number(float(theory.critical_slope(FRACTION, DIMENSIONS)), 2)
    return (
        f"the inputs' spectrum {falls}; late in training a straight one needs slope"
        f" {needed}"
    )


def _share(part: float) -> str:
    """A part of the variance; 99.8 % is not all of it."""
    return f"{number(100 * part, 3)}\N{NARROW NO-BREAK SPACE}%"


def _percents(found: Estimate) -> str:
    return f"{measured(100 * float(found.value), 100 * float(found.stderr))} %"


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
