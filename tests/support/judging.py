"""Verdicts on a prediction that a test has tampered with, without training again."""

from linnet.study import AbstractClaim, Problem, Quantities


def outcomes(
    claim: AbstractClaim, problem: Problem, predicted: Quantities
) -> dict[str, str]:
    """Outcome by label of `predicted` against what `problem` shows."""
    observed, wrong = claim.observe(problem), claim.wrong(problem)
    return {
        label: claim.test(problem, label)
        .judge(label, predicted[label], observed[label], wrong[label])
        .outcome
        for label in predicted
    }


def failed(claim: AbstractClaim, problem: Problem, predicted: Quantities) -> set[str]:
    """Labels that fail."""
    found = outcomes(claim, problem, predicted)
    return {label for label, outcome in found.items() if outcome == "fails"}
