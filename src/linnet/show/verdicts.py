"""What a verdict says, in words and marks that fit into a table."""

import math
from dataclasses import dataclass

from linnet.study.claim import Verdict
from linnet.study.verdict import Comparison
from linnet.study.words import DASH, measured, number, percent

Judged = Verdict | Comparison

GLOSSARY = (
    (
        "holds",
        "Prediction and observation agree within the tolerance, and the test had power:"
        " it would have rejected the named wrong theory.",
    ),
    (
        "fails",
        "They disagree by more than the tolerance. An exact or asymptotic claim that"
        " fails inside its domain is an error, in the theory or in the program."
        " A heuristic that fails has reached its limit; by how much is shown.",
    ),
    (
        "not resolved",
        "They agree, but the test could not have told the theory from the named wrong"
        " one: the error bar or the tolerance is too large to decide.",
    ),
    ("exact", "Follows from the stated assumptions without approximation."),
    (
        "asymptotic",
        "Exact in a limit, such as vanishing scale or large width; the tolerance covers"
        " the next order.",
    ),
    (
        "heuristic",
        "Exact elsewhere and used here outside its domain, to show how far it carries.",
    ),
    (
        "deviation",
        "For a bound: the largest gap, relative to what was predicted. For at most: the"
        " largest excess over it, zero where all lies below. Else: the gap in standard"
        " errors (s.e.); for a vector, that of its chi-square test.",
    ),
    (
        "initial scale γ",
        "Size of the first layer's Gram matrix at the start, the square of a weight.",
    ),
    (
        "mode",
        "A pair of an input and an output direction that the data correlate: a singular"
        " pair of the input-output correlation, of strength b.",
    ),
    (
        "imbalance",
        "Difference of the two layers' Gram matrices on their hidden side; gradient"
        " flow conserves it.",
    ),
    (
        "stable rank",
        "Sum of the squared singular values over the largest: how many directions a"
        " layer really uses.",
    ),
    (
        "excess loss",
        "Loss above that of the best linear map; an e-fold is a fall by a factor 2.7.",
    ),
    (
        "white, isotropic",
        "Inputs of one variance in every direction; a layer that treats all directions"
        " alike.",
    ),
    (
        "wrong theory",
        "A named mistake, such as a factor of two, put to the same test. Were it to"
        " pass as well, agreement would prove nothing.",
    ),
)


@dataclass(frozen=True)
class Badge:
    """A verdict as a mark: `kind` chooses color and symbol, `text` says it."""

    kind: str
    text: str


def badge(verdict: Verdict) -> Badge:
    """Amber, not red, for a heuristic that misses: that is information, no error."""
    if verdict.verdict != "fails" or verdict.status != "heuristic":
        return outcome_badge(verdict.verdict)
    known = verdict.deviation is not None
    return Badge("misses", f"misses, by {deviation(verdict)}" if known else "misses")


def outcome_badge(outcome: str) -> Badge:
    """The mark of a bare outcome; `kind` is empty for an outcome without verdict."""
    kinds = {
        "holds": "holds",
        "fails": "fails",
        "misses": "misses",
        "not resolved": "open",
    }
    return Badge(kinds.get(outcome, ""), outcome)


def deviation(judged: Judged) -> str:
    """How far off: relative for bounds, in standard errors for the others."""
    return _in_units(judged, judged.deviation)


def tolerance(judged: Judged) -> str:
    """How far off is still within the claim."""
    return _in_units(judged, judged.tolerance)


def wrong_deviation(judged: Judged) -> str:
    """How far off the named wrong theory is."""
    return _in_units(judged, judged.wrong_deviation)


def predicted(judged: Judged) -> str:
    """The prediction; an upper bound says so."""
    bound = "at most\N{NO-BREAK SPACE}" if judged.test == "at most" else ""
    return bound + number(judged.predicted)


def observed(judged: Judged) -> str:
    """The observation with its error bar, if it has one."""
    return measured(judged.observed, judged.stderr)


def z_score(judged: Judged) -> str:
    """The z-score of the entry shown, a dash for a bound."""
    return number(judged.z, 2)


def headline(verdict: Verdict) -> str:
    """Which comparison the numbers of the verdict belong to."""
    for comparison in verdict.comparisons:
        same = comparison.predicted == verdict.predicted
        if same and comparison.deviation == verdict.deviation:
            return comparison.label
    return ""


def gauge(judged: Judged) -> tuple[float, float | None]:
    """Where theory and wrong theory stand on a scale with the tolerance in its middle.

    Returns:
        Percentages from the left. A tenth of the tolerance lies half way to the left
        end, ten times the tolerance half way to the right, and so on.
    """
    wrong = judged.wrong_deviation
    right = None if wrong is None else _place(wrong, judged.tolerance)
    return _place(judged.deviation, judged.tolerance), right


def _place(value: float | None, limit: float) -> float:
    if value is None:  # not finite
        return 100.0
    if value <= 0 or limit <= 0:
        return 0.0 if value <= 0 else 100.0
    decades = math.log10(value / limit)
    return round(50 + 50 * decades / (1 + abs(decades)), 1)


def _in_units(judged: Judged, value: float | None) -> str:
    if value is None:
        return DASH
    if judged.test in ("bound", "at most"):
        return percent(value)
    return f"{number(value, 2)}\N{NO-BREAK SPACE}s.e."
