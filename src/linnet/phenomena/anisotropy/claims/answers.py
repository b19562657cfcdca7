"""What this phenomenon tells the owner of a data set, in words and in numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from linnet.numerics import participation_ratio
from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import (
    data_path,
    data_phases,
    generalization,
    question,
    splits,
)
from linnet.phenomena.anisotropy.claims.data_generalization import (
    BEST,
    CHANCE,
    END,
    STOPPED,
    DataGeneralization,
)
from linnet.study import Answer, Problem, Verdict
from linnet.study.words import measured, number, percent

Verdicts = Mapping[str, Verdict]

NOT_RUN = "not trained"
NAMED = 3  # principal directions that are told one by one


def predictions(problem: Problem) -> dict[str, Any]:
    """Everything predicted for this data, as plain numbers. Theory only."""
    basis = question.basis(problem)
    reason = DataGeneralization().applies(problem)
    errors: Any = {"silent": reason} if reason else generalization.numbers(problem)
    return {
        "output": question.output(problem).tolist(),
        "learning_rate": question.learning_rate(problem),
        "largest_stable_rate": question.edge(problem),
        "drive": basis.drive,
        "directions": basis.dimensions,
        "phase_steps": data_path.phases(problem).tolist(),
        "plateau_losses": (basis.excess / basis.excess[0]).tolist(),
        "angle_of_correlation_and_solution": theory.silent_alignment_angle(
            question.moments(problem)
        ).item(),
        "test_errors": errors,
    }


def headline(problem: Problem) -> str:
    """The phenomenon's predictions in two sentences."""
    return " ".join(filter(None, (_order(problem), _promise(problem))))


def _order(problem: Problem) -> str:
    """What is learned first, and when."""
    if data_phases.DataPhases().applies(problem) is not None:
        return ""
    first, *second = data_path.phases(problem)
    told = f"half of it by step {_step(first)}"
    if second:
        told += f", then along what that leaves, half of it by step {_step(second[0])}"
    elif question.basis(problem).dimensions > 1:
        told += "; what that leaves takes longer than could be watched"
    return (
        f"{_whose(problem)}, trained from a small start at learning rate"
        f" {number(question.learning_rate(problem), 3)}, is learned first along the"
        f" input-output correlation, {told}."
    )


def _promise(problem: Problem) -> str:
    """What new samples will show, or that there is nothing to find."""
    reason = DataGeneralization().applies(problem)
    if reason is None:
        size = splits.sizes(problem)[0]
        one, two, ridge = generalization.best_predicted(problem, size)
        return (
            f"Trained on {size} of the samples and stopped in time, one layer is"
            f" expected to err by {number(float(one), 3)} on new ones (mean square),"
            f" two layers by {number(float(two), 3)}, the best ridge by"
            f" {number(float(ridge), 3)}."
        )
    return f"But {reason}." if reason == CHANCE else ""


def answers(problem: Problem, verdicts: Verdicts) -> tuple[Answer, ...]:
    """The questions of a data set's owner, predicted and observed."""
    given = [_shape(problem)]
    if data_phases.DataPhases().applies(problem) is None:
        given += [_phases(problem, verdicts), _first_alone(problem, verdicts)]
    if DataGeneralization().applies(problem) is None:
        told = _unseen, _stopping, _not_stopped
        given += [each(problem, verdicts) for each in told]
    return tuple(given)


def _shape(problem: Problem) -> Answer:
    """How anisotropic the inputs are, and where the target lies in them."""
    variances, axes = np.linalg.eigh(problem.moments.xx)
    solution = question.moments(problem).minimizer().end_to_end[0]
    shares = variances[::-1] / variances.sum()
    explained = np.maximum(variances, 0)[::-1] * (axes.T[::-1] @ solution) ** 2
    explained /= explained.sum()
    first, learned = (
        ", ".join(percent(float(share)) for share in part[:NAMED])
        for part in (shares, explained)
    )
    count = number(float(participation_ratio(np.maximum(variances, 0))), 3)
    return Answer(
        question="How anisotropic are the inputs, and how does the target lie in them?",
        prediction="measured, not predicted",
        observation=(
            f"the first principal directions carry {first} of the variance (about"
            f" {count} directions carry most) and {learned} of what a linear map"
            " explains of the target"
        ),
        outcome="",
    )


def _phases(problem: Problem, verdicts: Verdicts) -> Answer:
    observation = NOT_RUN
    if "data_phases" in verdicts:
        observation = _steps(data_phases.observed_phases(problem))
    angle = np.degrees(theory.silent_alignment_angle(question.moments(problem)).item())
    return Answer(
        question="In which phases is it learned, and when?",
        prediction=(
            f"{_steps(data_path.phases(problem))} (learning rate"
            f" {number(question.learning_rate(problem), 3)}; the correlation points"
            f" {number(float(angle), 2)}° away from the solution)"
        ),
        observation=observation,
        outcome=_part(verdicts, data_phases.STEPS),
    )


def _first_alone(problem: Problem, verdicts: Verdicts) -> Answer:
    basis = question.basis(problem)
    first = round(data_path.phases(problem)[0])
    observation = NOT_RUN
    if "data_phases" in verdicts:
        left = data_phases.observed_loss(problem, first)
        observation = f"{percent(left)} left at step {first:,}"
    predicted = data_path.loss(problem, np.array([first]))[0]
    return Answer(
        question="How much of it can the first phase learn?",
        prediction=(
            f"the correlation alone leaves at least"
            f" {percent(basis.excess[1] / basis.excess[0])} of the loss above its"
            f" minimum; {percent(float(predicted))} are left at step {first:,}"
        ),
        observation=observation,
        outcome=_part(verdicts, data_phases.LOSS),
    )


def _unseen(problem: Problem, verdicts: Verdicts) -> Answer:
    """Best test errors of one layer, two layers and ridge."""
    sizes = splits.sizes(problem)
    expected = [generalization.best_predicted(problem, n) for n in sizes]
    observation = NOT_RUN
    if "data_generalization" in verdicts:
        told = [
            _each(n, [measured(float(e.value), float(e.stderr)) for e in seen])
            for n in sizes
            for seen in [generalization.best_observed(problem, n)]
        ]
        observation = f"{'; '.join(told)} (standard errors over splits)"
    return Answer(
        question="How well will it do on samples that it has not seen?",
        prediction="; ".join(
            _each(n, [number(float(error), 3) for error in errors])
            for n, errors in zip(sizes, expected, strict=True)
        )
        + f"; noise alone is {number(generalization.noise_power(problem), 3)}"
        " (mean square error)",
        observation=observation,
        outcome=_part(verdicts, BEST, "data_generalization"),
    )


def _stopping(problem: Problem, verdicts: Verdicts) -> Answer:
    """When to stop, and what stopping there costs."""
    sizes, observation = splits.sizes(problem), NOT_RUN
    if "data_generalization" in verdicts:
        told = []
        for n in sizes:
            best = generalization.best_observed(problem, n)
            stopped = generalization.stopped_observed(problem, n)
            pairs = zip(stopped, best, strict=False)
            costs = [_extra(float(at.value / least.value - 1)) for at, least in pairs]
            times = _times(problem, generalization.observed_times(problem, n))
            told.append(
                f"trained on {n}: best {times}; stopping as predicted costs"
                f" {' and '.join(costs)} more than that"
            )
        observation = "; ".join(told)
    return Answer(
        question="When should training stop, with one and with two layers? (The cost of"
        " stopping there is judged.)",
        prediction="; ".join(
            f"trained on {n}:"
            f" {_times(problem, generalization.stopping_times(problem, n))}"
            for n in sizes
        )
        + f" (learning rate {number(question.learning_rate(problem), 3)})",
        observation=observation,
        # The least error is flat in time: its place is told, its cost is judged.
        outcome=_part(verdicts, STOPPED, "data_generalization"),
    )


def _not_stopped(problem: Problem, verdicts: Verdicts) -> Answer:
    """Test errors at the end, where inputs that are not Gaussian count most."""
    sizes, observation = splits.sizes(problem), NOT_RUN
    if "data_generalization" in verdicts:
        told = [
            _at_the_end(n, [measured(float(e.value), float(e.stderr)) for e in seen])
            for n in sizes
            for seen in [generalization.ends_observed(problem, n)]
        ]
        observation = f"{'; '.join(told)} (standard errors over splits)"
    ends = [generalization.ends(generalization.predicted(problem, n)[0]) for n in sizes]
    return Answer(
        question="And if training is not stopped?",
        prediction="; ".join(
            _at_the_end(n, [number(float(error), 3) for error in errors])
            for n, errors in zip(sizes, ends, strict=True)
        ),
        observation=observation,
        outcome=_part(verdicts, END, "data_generalization"),
    )


def _at_the_end(size: int, errors: list[str]) -> str:
    one, two = errors
    return f"trained on {size} samples to the end, one layer {one}, two layers {two}"


def _each(size: int, errors: list[str]) -> str:
    one, two, ridge = errors
    return (
        f"trained on {size} samples and stopped at its best, one layer {one}, two"
        f" layers {two}; best ridge {ridge}"
    )


def _times(problem: Problem, times: tuple[float, float]) -> str:
    """Of one and two layers, in steps of the learning rate that is told."""
    one, two = (number(at / question.learning_rate(problem), 2) for at in times)
    return f"after {one} and {two} steps"


def _extra(share: float) -> str:
    """Of an error, where what is less than a tenth of a percent is nothing."""
    return percent(share) if share >= 1e-3 else "nothing"


def _whose(problem: Problem) -> str:
    if len(question.output(problem)) == 1:
        return "The target"
    return "Of all outputs the combination that varies most with the inputs"


def _steps(found: np.ndarray) -> str:
    told = f"half of the first direction after {_step(found[0])} steps"
    if len(found) > 1:
        told += f", half of the second after {_step(found[1])}"
    return told


def _step(step: float) -> str:
    return number(float(step), 3)


def _part(verdicts: Verdicts, label: str, name: str = "data_phases") -> str:
    """The outcome of one of the quantities that a claim judges."""
    verdict = verdicts.get(name)
    if verdict is None:
        return ""
    outcome = next(c.outcome for c in verdict.comparisons if c.label == label)
    misses = outcome == "fails" and verdict.status == "heuristic"
    return "misses" if misses else outcome
