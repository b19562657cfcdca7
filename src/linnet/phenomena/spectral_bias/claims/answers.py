"""What this phenomenon tells the owner of a data set, in words and in numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from linnet.phenomena.spectral_bias import measure, theory
from linnet.phenomena.spectral_bias.claims import modes, runs
from linnet.phenomena.spectral_bias.claims.descent import RATE, LargestStableRate
from linnet.phenomena.spectral_bias.claims.hidden_layer import (
    RANK,
    StableRank,
    rank_scales,
)
from linnet.phenomena.spectral_bias.claims.plateaus import (
    LEVELS,
    SequentialPlateaus,
    slowdowns,
)
from linnet.phenomena.spectral_bias.claims.variational import (
    VariationalLimit,
    least_penalty,
    penalty_label,
    stationarity_label,
)
from linnet.study import Answer, Problem, Verdict
from linnet.study.words import number, percent

Verdicts = Mapping[str, Verdict]

NAMED = 3  # modes, and inputs and targets of each, that are called by name
SMALL = 0.2  # of the largest: weights below it are left out of a sentence


def predictions(problem: Problem) -> dict[str, Any]:
    """Everything predicted for this data, as plain numbers. Theory only."""
    limit = runs.limit(problem)
    curvature = runs.curvature(problem, problem.init_scale)
    gammas, rate = rank_scales(problem), runs.learning_rate(problem)
    columns = zip(
        runs.directions(problem),
        runs.input_variances(problem),
        modes.half_times(problem),
        strict=True,
    )
    return {
        "modes": [
            {
                "strength": mode.strength,
                "input_variance": float(variance),
                "half_time": float(time),
                "half_step": float(time / rate),
                "inputs": _weights(problem, mode.input, "input_names"),
                "targets": _weights(problem, mode.output, "target_names"),
            }
            for mode, variance, time in columns
        ],
        "mode_law": "exact" if modes.is_white(problem) else "heuristic",
        "plateau_losses": _plateaus(problem),
        "hidden_spectrum": theory.hidden_spectrum(limit, problem.init_scale).tolist(),
        "stable_rank": {
            "init_scale": gammas.tolist(),
            "value": theory.hidden_stable_rank(limit, gammas).tolist(),
        },
        "limit_singular_values": np.linalg.svd(limit, compute_uv=False).tolist(),
        "sharpness": curvature.sharpness,
        "largest_stable_rate": curvature.largest_stable_rate,
        "slowest_curvature": curvature.slowest,
        "late_steps_per_e_fold": 1 / (2 * curvature.slowest * rate),
    }


def headline(problem: Problem) -> str:
    """The phenomenon's prediction in one sentence."""
    rate = runs.learning_rate(problem)
    steps = modes.half_times(problem) / rate
    limit = runs.limit(problem)
    rank = theory.hidden_stable_rank(limit, np.array([problem.init_scale]))[0]
    learned = (
        f"its single mode at step {_count(steps[0])}"
        if len(steps) == 1
        else f"{len(steps)} modes one after the other, the first at step"
        f" {_count(steps.min())} and the last at step {_count(steps.max())}"
    )
    if not modes.is_white(problem):
        learned += " (steps by a law that is a heuristic on correlated inputs)"
    return (
        f"Linear theory predicts that a two-layer network started at scale"
        f" $\\gamma$ = {number(problem.init_scale, 3)} and trained at learning rate"
        f" {number(rate, 3)} learns {learned}, and ends with a hidden"
        f" layer of stable rank {number(rank, 3)} out of {limit.shape[1]}."
    )


def answers(problem: Problem, verdicts: Verdicts) -> tuple[Answer, ...]:
    """The questions of a data set's owner, predicted and observed."""
    given = (
        _directions,
        _order,
        _rests,
        _rank,
        _stable,
        _duration,
        _limit,
        _penalty,
    )
    return tuple(make(problem, verdicts) for make in given)


def _directions(problem: Problem, verdicts: Verdicts) -> Answer:
    told = []
    for index, mode in enumerate(runs.directions(problem)[:NAMED], 1):
        # The sign of a pair of singular vectors is free: the largest input counts up.
        sign = np.sign(mode.input[np.argmax(np.abs(mode.input))])
        inputs = _weights(problem, sign * mode.input, "input_names")
        targets = _weights(problem, sign * mode.output, "target_names")
        told.append(f"mode {index}: {_sum(inputs)} for {_sum(targets)}")
    observation = "not trained"
    if "first_escape" in verdicts:
        off = verdicts["first_escape"].deviation
        observation = f"leaves zero along mode 1, off by {number(off, 2)} of its size"
    return Answer(
        question="Which directions of the data are learned first?",
        prediction="; ".join(told),
        observation=observation,
        outcome=_outcome(verdicts, "first_escape"),
    )


def _weights(problem: Problem, vector: np.ndarray, names: str) -> list[dict[str, Any]]:
    """The largest entries of a unit vector, by name; its sign is free."""
    known = getattr(problem.dataset, names, ())
    order = np.argsort(-np.abs(vector), kind="stable")[:NAMED]
    return [
        {"name": known[i] if known else str(i), "weight": float(vector[i])}
        for i in order.tolist()
    ]


def _sum(entries: list[dict[str, Any]]) -> str:
    """Entries as a signed sum, without those too small to matter."""
    kept = [e for e in entries if abs(e["weight"]) > SMALL * abs(entries[0]["weight"])]
    signs = ["−" if entry["weight"] < 0 else "+" for entry in kept]
    terms = [f"{s} `{e['name']}`" for s, e in zip(signs, kept, strict=True)]
    return " ".join(terms).removeprefix("+ ")


def _order(problem: Problem, verdicts: Verdicts) -> Answer:
    predicted = modes.half_times(problem)
    status = "exact on these white inputs"
    if not modes.is_white(problem):
        status = "a heuristic on correlated inputs; exact with `--whiten`"
    observation = "not trained"
    if "mode_law" in verdicts:
        observation = _seen_order(problem, predicted[: modes.followed(problem)])
    steps = _list(predicted / runs.learning_rate(problem))
    return Answer(
        question="In which order are the modes learned, and after how many steps?",
        prediction=f"half of b/a reached at steps {steps} ({status})",
        observation=observation,
        outcome=_outcome(verdicts, "mode_law"),
    )


def _seen_order(problem: Problem, predicted: np.ndarray) -> str:
    """Steps at which the followed modes were half learned, and in which order."""
    found = modes.crossings(problem)
    observed = np.array([crossing.time for crossing in found])
    told = f"steps {_list(observed / runs.learning_rate(problem))}"
    missing = int(np.isinf(observed).sum())
    if missing:
        end = modes.learning(problem).times[-1] / runs.learning_rate(problem)
        told += f" ({missing} not within {_count(end)} steps)"
    # In the predicted order, each no earlier than the one before; equal modes may swap.
    sorted_times = observed[np.argsort(predicted, kind="stable")]
    in_order = (sorted_times[1:] >= (1 - 1e-3) * sorted_times[:-1]).all()
    if len(predicted) > 1:
        told += f"; order {'as' if in_order else 'not as'} predicted"
    return told + _seen_ends(problem)


def _seen_ends(problem: Problem) -> str:
    """Where the modes end on correlated inputs, in units of the law's b/a."""
    seen = modes.ModeLaw().observe(problem).get(modes.ENDS)
    if seen is None:
        return ""
    share = np.asarray(seen) / modes.plateaus(problem)
    span = f"{number(share.min(), 3)} to {number(share.max(), 3)}"
    return f"; in the end they reach {span if len(share) > 1 else span.split()[0]} b/a"


def _rests(problem: Problem, verdicts: Verdicts) -> Answer:
    shares = _plateaus(problem)
    prediction = "nowhere: there is one mode only"
    if shares:
        prediction = (
            f"from a vanishing start at {_shares(shares)} of the excess loss of the"
            " start, if it stays there for long enough to settle"
        )
    observation = "not trained"
    if "sequential_plateaus" in verdicts:
        told = np.asarray(SequentialPlateaus().observe(problem)[LEVELS])
        observation = f"at {_shares(told.tolist())}, from a start as good as zero"
    elif verdicts:
        observation = _seen_slowdowns(problem)
    return Answer(
        question="At which losses will training rest on its way?",
        prediction=prediction,
        observation=observation,
        outcome=_outcome(verdicts, "sequential_plateaus"),
    )


def _seen_slowdowns(problem: Problem) -> str:
    """What is left of the staircase where nothing settles."""
    if len(runs.directions(problem)) < 2:
        return "there is none to see"
    slow = slowdowns(problem)
    if slow is None:
        return "not trained: these data are too stiff"
    if not slow:
        return "nowhere, not even from a start as good as zero"
    return (
        f"nowhere for long: a start as good as zero slows down at {_shares(list(slow))}"
    )


def _plateaus(problem: Problem) -> list[float]:
    """Levels between the start and the end, as shares of the start's excess loss."""
    levels = theory.plateau_losses(problem.moments)
    return (levels[1 : len(runs.directions(problem))] / levels[0]).tolist()


def _shares(shares: list[float]) -> str:
    told = [percent(share) for share in shares[:10]]
    return ", ".join(told) + (", …" if len(shares) > 10 else "")


def _rank(problem: Problem, verdicts: Verdicts) -> Answer:
    gammas = rank_scales(problem)
    shown = [0, len(gammas) - 1]
    predicted = np.asarray(StableRank().predict(problem)[RANK])[shown]
    ends = [number(gamma, 3) for gamma in gammas[shown]]

    def words(ranks: np.ndarray) -> str:
        pairs = zip(ranks, ends, strict=True)
        said = [f"{number(rank, 3)} at $\\gamma$ = {end}" for rank, end in pairs]
        return "stable rank " + ", ".join(said)

    observation = "not trained"
    if "stable_rank" in verdicts:
        seen = np.asarray(StableRank().observe(problem)[RANK])[shown]
        observation = words(seen)
    return Answer(
        question="How does the rank of the hidden layer depend on the initial scale?",
        prediction=words(predicted),
        observation=observation,
        outcome=_outcome(verdicts, "stable_rank"),
    )


def _stable(problem: Problem, verdicts: Verdicts) -> Answer:
    predicted = float(np.asarray(LargestStableRate().predict(problem)[RATE]))
    observation = "not trained"
    if "largest_stable_rate" in verdicts:
        seen = verdicts["largest_stable_rate"].observed
        observation = "not seen" if seen is None else number(seen)
    return Answer(
        question="Up to which learning rate do two layers stay where they end?",
        prediction=number(predicted),
        observation=observation,
        outcome=_outcome(verdicts, "largest_stable_rate"),
    )


def _duration(problem: Problem, verdicts: Verdicts) -> Answer:
    rate = runs.learning_rate(problem)
    last = modes.half_times(problem).max() / rate
    slowest = 2 * runs.curvature(problem, problem.init_scale).slowest
    late = verdicts.get("late_rate")
    # Where it is read, faster directions may still be alive; in the limit they are not.
    expected = slowest if late is None or late.predicted is None else late.predicted
    prediction = (
        f"all modes half learned by step {_count(last)}; in the end one e-fold of the"
        f" excess loss every {_count(1 / (expected * rate))} steps"
    )
    observation = "not trained"
    # Its slow end may be too weak to be seen, though it was trained.
    if {"late_rate", "end_to_end_limit"} & verdicts.keys():
        observation = _seen_duration(problem, late.observed if late else None)
    return Answer(
        question="How long must training run?",
        prediction=prediction,
        observation=observation,
        outcome=_outcome(verdicts, "late_rate"),
    )


def _seen_duration(problem: Problem, late_rate: float | None) -> str:
    """Steps until little of the excess loss was left, and how the rest faded."""
    run, rate = runs.trained(problem, problem.init_scale), runs.learning_rate(problem)
    learned = -np.log(np.maximum(run.gap, np.finfo(float).tiny))
    times = [measure.crossing(run.times, learned, -np.log(s)).time for s in (0.1, 0.01)]
    told = (
        f"10 % of the excess loss left at step {_count(times[0] / rate)}, 1 % at step"
        f" {_count(times[1] / rate)}"
    )
    if not late_rate:
        return told
    return f"{told}; in the end one e-fold every {_count(1 / (late_rate * rate))} steps"


def _limit(problem: Problem, verdicts: Verdicts) -> Answer:
    shown = min(NAMED, len(runs.directions(problem)))
    sigma = np.linalg.svd(runs.limit(problem), compute_uv=False)[:shown]
    observation = "not trained to its limit"
    if "end_to_end_limit" in verdicts:
        verdict = verdicts["end_to_end_limit"]
        reached = "not reached" if verdict.verdict == "fails" else "reached"
        off = number(verdict.deviation, 2)
        observation = f"{reached} from every scale: off by at most {off} of its size"
    return Answer(
        question="Where does training end, and does the initial scale matter for it?",
        prediction=(
            "at the least-squares map of least norm for every scale (its largest"
            f" singular values: {', '.join(f'{number(s, 3)}' for s in sigma)})"
        ),
        observation=observation,
        outcome=_outcome(verdicts, "end_to_end_limit"),
    )


def _penalty(problem: Problem, verdicts: Verdicts) -> Answer:
    observation = "not trained to its limit"
    if "variational_limit" in verdicts:
        seen = VariationalLimit().observe(problem)
        value, slope = (
            float(np.asarray(seen[label(problem.init_scale)]))
            for label in (penalty_label, stationarity_label)
        )
        observation = (
            f"{number(value)} above the start; its slope along networks that fit as"
            f" well is {number(slope, 2)} of the size of the layers"
        )
    least = least_penalty(problem, problem.init_scale)
    return Answer(
        question="What does training minimize, beside the loss?",
        prediction=(
            "half the squared weights of both layers less $\\gamma$ times the sum of"
            " ln of the hidden layer's singular values: the least of all networks that"
            f" fit as well, {number(least)} above the start"
        ),
        observation=observation,
        outcome=_outcome(verdicts, "variational_limit"),
    )


def _outcome(verdicts: Verdicts, name: str) -> str:
    if name not in verdicts:
        return ""
    verdict = verdicts[name]
    is_soft = verdict.verdict == "fails" and not verdict.is_failure
    return "misses" if is_soft else verdict.verdict


def _count(steps: float) -> str:
    """A number of steps for a reader."""
    return number(round(steps), 3) if np.isfinite(steps) else "never"


def _list(steps: np.ndarray) -> str:
    shown = [_count(step) for step in steps[:10]]
    return ", ".join(shown) + (", …" if len(steps) > 10 else "")
