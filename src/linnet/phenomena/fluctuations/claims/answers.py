"""What this phenomenon tells the owner of a data set, in words and in numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import edge_chains, runs
from linnet.phenomena.fluctuations.claims.edge import EDGE, MeanSquareEdge
from linnet.phenomena.fluctuations.claims.noise_floor import (
    EXCESS,
    LATE,
    VARIANCES,
    NoiseFloor,
    followed,
    relaxation,
)
from linnet.study import Answer, Problem, Verdict
from linnet.study.words import number, percent

Verdicts = Mapping[str, Verdict]

NOT_RUN = "not trained"
NARROW = 0.1  # logarithm of the ratio of curvatures that tell no slope


def predictions(problem: Problem) -> dict[str, Any]:
    """Everything predicted for this data, as plain numbers. Theory only."""
    reason = runs.silent(problem)
    if reason is not None:
        return {"silent": reason}
    edges, reason = _edges(problem), runs.unsettled(problem)
    if reason is not None:
        return {"silent": reason, "largest_stable_rates": edges}
    found, blocks = runs.minimum(problem), runs.covariance(problem)
    excess = theory.excess_loss(found, blocks)
    rate, noise = runs.learning_rate(problem), runs.noise_factor(problem)
    return {
        "batch_size": runs.batch_size(problem),
        "learning_rate": rate,
        "noise_factor": noise,
        "least_loss": found.least_loss,
        "excess_loss": excess,
        "relative_fluctuation": _relative_size(problem),
        "small_parameter": theory.small_parameter(found, rate, noise),
        "curvatures": found.curvatures.tolist(),
        "weight_variances": _variances(problem).tolist(),
        "anisotropy": _anisotropy(problem),
        "largest_stable_rates": edges,
        "epochs_to_stationary_loss": _epochs(problem, runs.easing(problem, runs.LEFT)),
        "epochs_per_e_fold_of_the_slowest": _epochs(
            problem, theory.relaxation_steps(found, rate)
        ),
    }


def headline(problem: Problem) -> str:
    """The phenomenon's prediction in one sentence."""
    if runs.unsettled(problem) is not None:
        return ""
    found = runs.minimum(problem)
    floor = theory.excess_loss(found, runs.covariance(problem)) / found.least_loss
    return (
        f"A single layer trained by SGD with batches of {runs.batch_size(problem)} at"
        f" learning rate {number(runs.learning_rate(problem), 3)} never comes to rest:"
        f" its loss stays {percent(floor)} above the minimum, and its weights keep"
        f" moving by {_size_words(problem)}; it is stable up to a learning rate of"
        f" {number(runs.stable_rate(problem), 3)}."
    )


def answers(problem: Problem, verdicts: Verdicts) -> tuple[Answer, ...]:
    """The questions of a data set's owner, predicted and observed."""
    if runs.silent(problem) is not None:
        return ()
    given = [_edge]
    if runs.unsettled(problem) is None:
        given = [_size, _shape, _floor, _edge, _duration]
    return tuple(make(problem, verdicts) for make in given)


def _size(problem: Problem, verdicts: Verdicts) -> Answer:
    observation = NOT_RUN
    if "noise_floor" in verdicts:
        chosen = followed(problem)
        predicted = _variances(problem)[chosen]
        seen = np.asarray(NoiseFloor().observe(problem)[VARIANCES]).mean(0)
        ratio = seen / predicted
        observation = (
            f"variances along {len(chosen)} principal inputs are"
            f" {number(ratio.min(), 3)} to {number(ratio.max(), 3)} times the"
            " predicted ones"
        )
    return Answer(
        question="How much do the weights of SGD keep moving in the end?",
        prediction=(
            f"by {_size_words(problem)} (root mean square), with batches of"
            f" {runs.batch_size(problem)} at learning rate"
            f" {number(runs.learning_rate(problem), 3)}"
        ),
        observation=observation,
        outcome=_part(verdicts, "noise_floor", VARIANCES),
    )


def _shape(problem: Problem, verdicts: Verdicts) -> Answer:
    curvatures, variances = runs.minimum(problem).curvatures, _variances(problem)
    observation = NOT_RUN
    if "noise_floor" in verdicts:
        chosen = followed(problem)
        seen = np.asarray(NoiseFloor().observe(problem)[VARIANCES]).mean(0)
        observation = (
            f"along the {len(chosen)} that were judged, which relax within the run,"
            f" {_power(curvatures[chosen], seen)}; predicted there:"
            f" {_power(curvatures[chosen], variances[chosen])}"
        )
    return Answer(
        question="In which directions do they move most, steep or flat ones?",
        prediction=(
            f"along the principal inputs {_power(curvatures, variances)} (0: alike in"
            " all of them; −1: more in flat ones, as in thermal equilibrium); all"
            " variances spread by a relative variance A (0: isotropic) of"
            f" {number(_anisotropy(problem), 3)}"
        ),
        observation=observation,
        outcome=_part(verdicts, "noise_floor", VARIANCES),
    )


def _floor(problem: Problem, verdicts: Verdicts) -> Answer:
    found = runs.minimum(problem)
    excess = theory.excess_loss(found, runs.covariance(problem))
    continuum = theory.continuum_excess_loss(
        found, runs.learning_rate(problem), runs.noise_factor(problem)
    )
    observation = NOT_RUN
    if "noise_floor" in verdicts:
        seen = NoiseFloor().observe(problem)[EXCESS]
        value = float(np.asarray(getattr(seen, "value", seen)))
        observation = f"{percent(value / found.least_loss)} above it"
    return Answer(
        question="How far above its minimum does SGD keep the loss?",
        prediction=(
            f"{percent(excess / found.least_loss)} above its minimum of"
            f" {number(found.least_loss)} (the continuum limit, without finite"
            f" learning rate, would say {percent(continuum / found.least_loss)})"
        ),
        observation=observation,
        outcome=_part(verdicts, "noise_floor", EXCESS),
    )


def _edge(problem: Problem, verdicts: Verdicts) -> Answer:
    sizes = edge_chains.batch_sizes(problem)
    predicted = edge_chains.edges(problem, sizes)
    observation = NOT_RUN
    if "mean_square_edge" in verdicts:
        seen = MeanSquareEdge().observe(problem)[EDGE]
        rates = np.asarray(getattr(seen, "value", seen))
        observation = _per_batch(edge_chains.seen_sizes(problem), rates)
    classical = 2 / runs.minimum(problem).curvatures[0]
    return Answer(
        question="Up to which learning rate is SGD of a single layer stable?",
        prediction=(
            f"{_per_batch(sizes, predicted)}; all samples at once"
            f" {number(classical, 3)}"
        ),
        observation=observation,
        outcome=_outcome(verdicts, "mean_square_edge"),
    )


def _duration(problem: Problem, verdicts: Verdicts) -> Answer:
    found, rate = runs.minimum(problem), runs.learning_rate(problem)
    slowest = theory.relaxation_steps(found, rate)
    most, all_of_it = (
        number(_epochs(problem, runs.easing(problem, left)), 2)
        for left in (0.1, runs.LEFT)
    )
    observation = NOT_RUN
    if "noise_floor" in verdicts:
        steps, excess = relaxation(problem)
        level = excess[-LATE:].mean()
        reached = steps[int(np.argmax(excess >= 0.9 * level))]
        observation = (
            "90 % of the late excess was there after"
            f" {number(_epochs(problem, reached), 2)} epochs"
        )
    return Answer(
        question="How long does it take until the fluctuations are stationary?",
        prediction=(
            f"from the minimum, 90 % of the excess loss is there after {most} epochs,"
            f" 99 % after {all_of_it}; the slowest direction takes"
            f" {number(_epochs(problem, slowest), 2)} epochs for one e-fold"
        ),
        observation=observation,
        outcome="",
    )


def _per_batch(sizes: list[int], rates: np.ndarray) -> str:
    pairs = zip(sizes, rates, strict=True)
    return ", ".join(f"{number(rate, 3)} at batch size {size}" for size, rate in pairs)


def _edges(problem: Problem) -> list[dict[str, float]]:
    sizes = edge_chains.batch_sizes(problem)
    pairs = zip(sizes, edge_chains.edges(problem, sizes), strict=True)
    return [{"batch_size": size, "rate": float(rate)} for size, rate in pairs]


def _variances(problem: Problem) -> np.ndarray:
    """Along principal inputs, summed over outputs."""
    return np.einsum("aaii->i", runs.covariance(problem))


def _anisotropy(problem: Problem) -> float:
    """Of the whole covariance: <s^2> / <s>^2 - 1 over its eigenvalues s."""
    blocks = runs.covariance(problem)
    size = blocks.shape[0] * blocks.shape[2]
    trace = np.einsum("aaii->", blocks)
    return float(size * (blocks**2).sum() / trace**2 - 1)


def _relative_size(problem: Problem) -> float:
    size = np.linalg.norm(runs.minimum(problem).end_to_end)
    return float(np.sqrt(_variances(problem).sum()) / size)


def _size_words(problem: Problem) -> str:
    share = _relative_size(problem)
    if share < 1:
        return f"{percent(share)} of the size of the solution"
    return f"{number(share, 2)} times the size of the solution"


def _epochs(problem: Problem, steps: float) -> float:
    return float(steps * runs.batch_size(problem) / runs.minimum(problem).samples)


def _power(curvatures: np.ndarray, variances: np.ndarray) -> str:
    """Variance against curvature as a power law, where they span enough for one."""
    kept = variances > 0
    if kept.sum() < 2 or np.ptp(np.log(curvatures[kept])) < NARROW:
        return "there is one curvature only, and no slope"
    slope = np.polyfit(np.log(curvatures[kept]), np.log(variances[kept]), 1)[0]
    return f"variance goes as curvature to the power {number(float(slope), 2)}"


def _outcome(verdicts: Verdicts, name: str) -> str:
    verdict = verdicts.get(name)
    return "" if verdict is None else verdict.verdict


def _part(verdicts: Verdicts, name: str, label: str) -> str:
    """The outcome of one of the quantities that a claim judges."""
    verdict = verdicts.get(name)
    if verdict is None:
        return ""
    return next(c.outcome for c in verdict.comparisons if c.label == label)
