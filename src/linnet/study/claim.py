"""A claim: what a paper says of linear networks, as something that can be run.

A claim predicts (theory alone), observes (simulation and measurement alone) and is
judged by a test against a named wrong theory. `run_claim` is the one way to a verdict,
on the canonical problem and on a user's data alike.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from linnet.study.figure import Figure
from linnet.study.problem import Problem
from linnet.study.verdict import Comparison, Observed, Outcome, Status, Test

Quantities = Mapping[str, Observed]


class AbstractClaim(ABC):
    """One statement of one phenomenon. Subclasses are final.

    Attributes:
        phenomenon: The folder it belongs to.
        name: Identifier, unique within the phenomenon.
        statement: One sentence, in words.
        source: Who states it, and where the formula comes from.
        formula: LaTeX, without dollar signs.
        domain: Where the formula is valid, in words.
        of_data: Whether a user's data can be asked; else only canonical problems can.
        has_canonical: Whether it has a canonical problem, on which `reproduce` runs it.
        wrong_theory: The named wrong theory that the test must be able to reject.
        citations: Keys into the bibliography.
    """

    phenomenon: ClassVar[str]
    name: ClassVar[str]
    statement: ClassVar[str]
    source: ClassVar[str]
    formula: ClassVar[str]
    domain: ClassVar[str]
    of_data: ClassVar[bool]
    has_canonical: ClassVar[bool] = True
    wrong_theory: ClassVar[str]
    citations: ClassVar[tuple[str, ...]]

    @abstractmethod
    def canonical(self, seed: int, quick: bool) -> Problem | None:
        """The problem on which `reproduce` runs it; None when only data can ask it."""

    @abstractmethod
    def applies(self, problem: Problem) -> str | None:
        """None, or the reason why this claim says nothing about `problem`."""

    @abstractmethod
    def status(self, problem: Problem) -> Status:
        """How strong the claim is on this problem."""

    @abstractmethod
    def test(self, problem: Problem, label: str) -> Test:
        """The test for one predicted quantity, with its tolerance."""

    @abstractmethod
    def predict(self, problem: Problem) -> Quantities:
        """Predicted quantities by label: theory only."""

    @abstractmethod
    def wrong(self, problem: Problem) -> Quantities:
        """The same quantities by the named wrong theory."""

    @abstractmethod
    def observe(self, problem: Problem) -> Quantities:
        """The same quantities, simulated and measured: no theory."""

    @abstractmethod
    def note(self, problem: Problem) -> str:
        """What a reader must know of how the runs ended; empty if all went as asked."""

    @abstractmethod
    def figure(self, problem: Problem) -> Figure:
        """Predicted as lines, observed as dots."""


class OnCanonicalProblem(AbstractClaim):
    """A statement on problems that are made for it; no data set can ask it.

    Attributes:
        elsewhere: Why not.
    """

    of_data: ClassVar[bool] = False
    elsewhere: ClassVar[str]

    def applies(self, problem: Problem) -> str | None:
        """On its canonical problem."""
        if problem.canonical:
            return None
        return f"{self.elsewhere}; ask `linnet reproduce`"


@dataclass(frozen=True)
class Verdict:
    """What came out of one claim on one problem, with its reasons.

    `predicted` to `tolerance` are those of the worst comparison: a failure before one
    that is not resolved, then the largest deviation in units of its tolerance.
    `comparisons` holds them all. `note` says so where a run did not end as asked.
    """

    phenomenon: str
    claim: str
    statement: str
    source: str
    status: Status
    test: str
    predicted: float | None
    observed: float | None
    stderr: float | None
    z: float | None
    tolerance: float
    verdict: Outcome
    seconds: float
    deviation: float | None
    wrong_theory: str
    wrong_deviation: float | None
    formula: str
    domain: str
    problem: str
    command: str
    comparisons: tuple[Comparison, ...]
    note: str = ""

    @property
    def is_failure(self) -> bool:
        """A heuristic may miss; an exact or asymptotic claim may not."""
        return self.verdict == "fails" and self.status != "heuristic"

    def as_json(self) -> dict[str, Any]:
        """Plain values only, NaN-free."""
        return asdict(self)


def run_claim(claim: AbstractClaim, problem: Problem) -> tuple[Verdict, Figure]:
    """Predict, observe, judge and draw.

    Raises:
        ValueError: when the claim does not apply, with its reason; when prediction and
            observation do not name the same quantities; when a run would not fit into
            the memory that the problem allows.
    """
    reason = claim.applies(problem)
    if reason is not None:
        raise ValueError(f"Claim `{claim.name}` says nothing about this: {reason}.")
    start = time.perf_counter()
    predicted, wrong = claim.predict(problem), claim.wrong(problem)
    observed = claim.observe(problem)
    if not predicted.keys() == wrong.keys() == observed.keys() or not predicted:
        raise ValueError(
            f"Claim `{claim.name}` must predict and observe the same quantities, but"
            f" predicts {list(predicted)}, observes {list(observed)}, and its wrong"
            f" theory predicts {list(wrong)}."
        )
    comparisons = tuple(
        claim.test(problem, label).judge(
            label, predicted[label], observed[label], wrong[label]
        )
        for label in predicted
    )
    figure = claim.figure(problem)
    seconds = time.perf_counter() - start
    return _verdict(claim, problem, comparisons, seconds), figure


def _verdict(
    claim: AbstractClaim,
    problem: Problem,
    comparisons: tuple[Comparison, ...],
    seconds: float,
) -> Verdict:
    head = max(comparisons, key=_severity)
    return Verdict(
        phenomenon=claim.phenomenon,
        claim=claim.name,
        statement=claim.statement,
        source=claim.source,
        status=claim.status(problem),
        test=head.test,
        predicted=head.predicted,
        observed=head.observed,
        stderr=head.stderr,
        z=head.z,
        tolerance=head.tolerance,
        verdict=head.outcome,
        seconds=seconds,
        deviation=head.deviation,
        wrong_theory=claim.wrong_theory,
        wrong_deviation=head.wrong_deviation,
        formula=claim.formula,
        domain=claim.domain,
        problem=problem.title,
        command=_command(claim, problem),
        comparisons=comparisons,
        note=claim.note(problem),
    )


def _command(claim: AbstractClaim, problem: Problem) -> str:
    """A canonical problem is the claim's own, so that its command asks it alone."""
    if not problem.canonical:
        return problem.command
    option = " --quick" if problem.quick else ""
    name = f"{claim.phenomenon}/{claim.name}"
    return f"linnet reproduce {name} --seed {problem.seed}{option}"


def _severity(comparison: Comparison) -> tuple[int, float]:
    """Worst first: a failure, then what is not resolved, then the largest deviation."""
    rank = {"holds": 0, "not resolved": 1, "fails": 2}[comparison.outcome]
    if comparison.deviation is None:
        return rank, float("inf")
    return rank, comparison.deviation / comparison.tolerance
