"""What linear theory says of a data set, each answer checked by training on it."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from linnet import phenomena
from linnet.numerics import participation_ratio, spectrum_decay
from linnet.study import Answer, Findings, Problem, ask
from linnet.study.words import number
from linnet.task import Dataset, Moments

SMALL_START = 1e-4  # initial scale in units of the solution's largest singular value
SMALLEST, LARGEST = 1e-60, 1e60  # data whose fourth powers are still numbers
WIDTH_COPIES = 40  # of the weights that are alive at once in a run


@dataclass(frozen=True)
class Analysis:
    """Predictions for one data set, and how training answered them.

    Attributes:
        problem: Data, network and settings.
        dataset: The data set as it was analyzed.
        findings: Verdicts and figures.
        answers: Questions with predicted and observed answers.
        lead: The result in three sentences.
        predictions: Predicted numbers by phenomenon.
        settings: What each phenomenon chose where nothing was asked for.
    """

    problem: Problem
    dataset: Dataset
    findings: Findings
    answers: tuple[Answer, ...]
    lead: tuple[str, str, str]
    predictions: dict[str, Any]
    settings: dict[str, dict[str, float]]

    @property
    def data(self) -> dict[str, Any]:
        """What the data are, as plain numbers."""
        n, d = self.dataset.inputs.shape
        spectrum = self.problem.moments.spectrum()
        solution = self.problem.moments.minimizer()
        return {
            "name": self.dataset.name,
            "n": n,
            "d": d,
            "k": self.dataset.targets.shape[1],
            "rank": solution.rank,
            "rank_cutoff": solution.cutoff,
            "spectrum": spectrum.tolist(),
            "participation_ratio": float(participation_ratio(spectrum)),
            "preprocessing": list(self.dataset.preprocessing),
        }


def pose(
    dataset: Dataset,
    *,
    hidden: int | None = None,
    init_scale: float | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    sgd_learning_rate: float | None = None,
    seed: int = 0,
    quick: bool = False,
    command: str = "",
    memory_limit: float | None = None,
) -> Problem:
    """The training problem of a data set, with defaults that the data suggest.

    Args:
        dataset: Samples, prepared as wished.
        hidden: Hidden width, at least the number of inputs; None takes that number.
        init_scale: Scale of the start, the square of a weight; None takes 1e-4 of the
            solution's largest singular value, well inside the rich regime.
        learning_rate: Of the two-layer network; None takes a quarter of the largest
            stable one.
        batch_size: Samples in a minibatch of SGD; None takes 32, or fewer where there
            are few samples.
        sgd_learning_rate: Of SGD of a single layer; None takes a tenth of the largest
            one that is stable in mean square.
        seed: Fixes all randomness.
        quick: Fewer scales and times.
        command: The command that recomputes the result.
        memory_limit: Bytes that saved observables of one run may take.

    Raises:
        ValueError: when the targets do not depend linearly on the inputs at all, the
            network is too wide for the memory, the scale is not positive, the data are
            so large or small that their squares could not be told from infinity or
            zero, or a phenomenon refuses a setting: a network that is too narrow, a
            learning rate beyond the largest stable one, an impossible batch size.
    """
    _check_magnitudes(dataset)
    moments = dataset.moments()
    k, d = moments.yx.shape
    _check_targets(moments)
    width = d if hidden is None else hidden
    _check_memory(width * (d + k), memory_limit)
    if init_scale is not None and not 0 < init_scale < np.inf:
        raise ValueError(
            "Argument `init_scale` must be positive and finite, but is"
            f" {init_scale}: it is the square of a weight, and at zero nothing moves."
        )
    size = float(np.linalg.norm(moments.minimizer().end_to_end, 2))
    problem = Problem(
        title=dataset.name,
        moments=moments,
        dataset=dataset,
        hidden=width,
        init_scale=SMALL_START * size if init_scale is None else init_scale,
        learning_rate=learning_rate,
        seed=seed,
        quick=quick,
        command=command,
        memory_limit=memory_limit,
        batch_size=batch_size,
        sgd_learning_rate=sgd_learning_rate,
    )
    for name in phenomena.names():
        _teller(name).check(problem)
    return problem


def analyze_problem(
    problem: Problem, on_claim: Callable[[str], None] | None = None
) -> Analysis:
    """Ask every claim of every phenomenon of a posed problem.

    Args:
        problem: From `pose`; it must hold a data set.
        on_claim: Called with a claim's statement before it is run.

    Returns:
        Answers, verdicts and figures.

    Raises:
        ValueError: when the problem holds no data set.
    """
    dataset = problem.dataset
    if dataset is None:
        raise ValueError("Argument `problem` must hold a data set: pose it from one.")
    questions = [
        (claim, problem)
        for name in phenomena.names()
        for claim in phenomena.claims(name)
        if claim.of_data
    ]
    findings = ask(questions, on_claim)
    told = {name: _teller(name) for name in phenomena.names()}
    answers = tuple(
        answer
        for name, module in told.items()
        for answer in module.answers(problem, findings.verdicts(name))
    )
    return Analysis(
        problem=problem,
        dataset=dataset,
        findings=findings,
        answers=(_spectrum_answer(problem.moments), *answers),
        lead=(
            _data_sentence(dataset, problem.moments),
            " ".join(filter(None, (m.headline(problem) for m in told.values()))),
            _check_sentence(findings),
        ),
        predictions={
            name: module.predictions(problem) for name, module in told.items()
        },
        settings={name: module.settings(problem) for name, module in told.items()},
    )


def count_claims() -> int:
    """How many claims `analyze_problem` asks."""
    claims = (claim for name in phenomena.names() for claim in phenomena.claims(name))
    return sum(claim.of_data for claim in claims)


def _teller(name: str) -> ModuleType:
    """The claims of a phenomenon, which tell its answers too."""
    return importlib.import_module(f"linnet.phenomena.{name}.claims")


def _spectrum_answer(moments: Moments) -> Answer:
    return Answer(
        question="How does the input spectrum decay?",
        prediction="measured, not predicted",
        observation=_decay_words(moments),
        outcome="",
    )


def _decay_words(moments: Moments) -> str:
    spectrum = moments.spectrum()
    kept = spectrum[spectrum > moments.default_cutoff()]
    spread = f"largest over smallest variance {number(kept[0] / kept[-1], 2)}"
    count = number(float(participation_ratio(kept)), 3)
    effective = f"about {count} directions carry the variance (participation ratio)"
    if moments.input_variance() is not None:
        return f"not at all: {len(kept)} directions of one variance"
    if len(kept) < 3:
        return f"{spread}; {effective}"
    decay = spectrum_decay(kept)
    law = {
        "geometric": "about geometrically, each direction"
        f" {number(float(np.exp(-decay.rate)), 3)} times the one before",
        "power-law": f"about as a power law, exponent {number(decay.rate, 3)}",
    }[decay.law]
    return f"{law} ($R^2$ = {decay.quality:.2f}); {spread}; {effective}"


def _data_sentence(dataset: Dataset, moments: Moments) -> str:
    n, d = dataset.inputs.shape
    rank = moments.minimizer().rank
    spectrum = moments.spectrum()[:rank]
    return (
        f"`{dataset.name}` has {n:,} samples of {d} inputs (rank {rank}) and"
        f" {dataset.targets.shape[1]} target"
        f"{'s' if dataset.targets.shape[1] > 1 else ''}; the variances along its"
        " principal directions span a factor of"
        f" {number(spectrum[0] / spectrum[-1], 2)}."
    )


def _check_sentence(findings: Findings) -> str:
    if not findings.found:
        return (
            "No claim applies to this network and data; the reasons are listed below."
        )
    silent = len(findings.not_asked)
    rest = f" ({silent} more say nothing here; the reasons are listed)"
    return (
        f"The network was trained on the data to check this: {findings.summary()}"
        f"{rest if silent else ''}."
    )


def _check_magnitudes(dataset: Dataset) -> None:
    for name in ("inputs", "targets"):
        largest = float(np.abs(getattr(dataset, name)).max())
        if largest == 0:
            raise ValueError(
                f"The {name} of `{dataset.name}` must not all vanish, but do (constant"
                " columns become zero when they are centered): nothing is left to learn"
                " from."
            )
        if not SMALLEST < largest < LARGEST:
            raise ValueError(
                f"The largest of the {name} of `{dataset.name}` must lie between"
                f" {SMALLEST:g} and {LARGEST:g}, but is {largest:.3g}: rescale them."
            )


def _check_memory(weights: int, limit: float | None) -> None:
    needed = WIDTH_COPIES * 8.0 * weights
    if limit is not None and needed > limit:
        fits = int(weights * limit / needed)
        raise ValueError(
            f"Argument `hidden` asks for {weights:,} weights, which take about"
            f" {needed / 2**20:,.0f} MiB with their copies, but there is room for"
            f" {limit / 2**20:,.0f} MiB, or {fits:,} weights: every width above the"
            " number of inputs trains in the same way, so leave it out."
        )


def _check_targets(moments: Moments) -> None:
    size = np.sqrt(np.trace(moments.xx)) * np.sqrt(np.trace(moments.yy))
    if np.linalg.norm(moments.yx) <= 1e-12 * size:
        raise ValueError(
            "The targets do not depend linearly on the inputs at all (their cross"
            " moment vanishes): a linear network has nothing to learn here."
        )
