"""What came out of asking many claims, and the answers a reader takes home."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from linnet.study.claim import AbstractClaim, Verdict, run_claim
from linnet.study.figure import Figure
from linnet.study.problem import Problem


@dataclass(frozen=True)
class Answer:
    """What theory says of the user's data, beside what was seen.

    `outcome` is `holds`, `fails`, `misses` (a heuristic that fails), `not resolved`, or
    empty where nothing was judged.
    """

    question: str
    prediction: str
    observation: str
    outcome: str


@dataclass(frozen=True)
class Finding:
    """One claim that was run: its verdict and the figure that shows it."""

    verdict: Verdict
    figure: Figure


@dataclass(frozen=True)
class Findings:
    """All claims that were run, those that say nothing with their reason, the time."""

    found: tuple[Finding, ...]
    not_asked: tuple[tuple[str, str], ...]
    seconds: float

    def verdicts(self, phenomenon: str) -> dict[str, Verdict]:
        """Verdicts of one phenomenon, by the name of the claim."""
        given = (finding.verdict for finding in self.found)
        return {v.claim: v for v in given if v.phenomenon == phenomenon}

    @property
    def has_failed(self) -> bool:
        """Whether an exact or asymptotic claim failed inside its domain."""
        return any(finding.verdict.is_failure for finding in self.found)

    def summary(self) -> str:
        """One clause that counts the outcomes."""
        outcomes = [finding.verdict.verdict for finding in self.found]
        heuristic = sum(
            f.verdict.verdict == "fails" and not f.verdict.is_failure
            for f in self.found
        )
        parts = [f"{outcomes.count('holds')} of {len(outcomes)} claims hold"]
        if failed := outcomes.count("fails") - heuristic:
            parts.append(f"{failed} {'fail' if failed > 1 else 'fails'}")
        if heuristic:
            plural = "heuristics miss" if heuristic > 1 else "heuristic misses"
            parts.append(f"{heuristic} {plural}")
        if open_ones := outcomes.count("not resolved"):
            verb = "are" if open_ones > 1 else "is"
            parts.append(f"{open_ones} {verb} not resolved")
        return ", ".join(parts)


Hook = Callable[[str], None]


def ask(
    questions: Iterable[tuple[AbstractClaim, Problem]], on_claim: Hook | None = None
) -> Findings:
    """Run every claim that applies; `on_claim` hears each statement as it is asked."""
    start = time.perf_counter()
    found, not_asked = [], []
    for claim, problem in questions:
        if on_claim is not None:
            on_claim(claim.statement)
        reason = claim.applies(problem)
        if reason is None:
            found.append(Finding(*run_claim(claim, problem)))
        else:
            not_asked.append((claim.statement, reason))
    seconds = time.perf_counter() - start
    return Findings(tuple(found), tuple(not_asked), seconds)
