import time

import pytest

from linnet.study import Figure, Finding, Findings, Verdict, ask

FIGURE = Figure("figure", "caption", ())


def verdict(outcome="holds", status="exact", claim="claim"):
    return Verdict(
        phenomenon="arithmetic",
        claim=claim,
        statement=f"Statement of {claim}.",
        source="derived here",
        status=status,
        test="bound",
        predicted=1.0,
        observed=1.0,
        stderr=None,
        z=None,
        tolerance=0.1,
        verdict=outcome,
        seconds=0.0,
        deviation=0.0,
        wrong_theory="twice that",
        wrong_deviation=1.0,
        formula="1",
        domain="everywhere",
        problem="a problem",
        command="linnet",
        comparisons=(),
    )


def findings(*outcomes):
    """From pairs (outcome, status)."""
    found = [
        Finding(verdict(outcome, status, claim=f"claim {i}"), FIGURE)
        for i, (outcome, status) in enumerate(outcomes)
    ]
    return Findings(tuple(found), (), 0.0)


HOLDS, OPEN = ("holds", "exact"), ("not resolved", "exact")
FAILS, LATE = ("fails", "exact"), ("fails", "asymptotic")
MISSES = ("fails", "heuristic")


@pytest.mark.parametrize(
    ("outcomes", "summary", "failed"),
    [
        ([], "0 of 0 claims hold", False),
        ([HOLDS, HOLDS], "2 of 2 claims hold", False),
        ([HOLDS, FAILS], "1 of 2 claims hold, 1 fails", True),
        ([LATE, FAILS], "0 of 2 claims hold, 2 fail", True),
        ([HOLDS, MISSES], "1 of 2 claims hold, 1 heuristic misses", False),
        ([MISSES, MISSES], "0 of 2 claims hold, 2 heuristics miss", False),
        ([HOLDS, OPEN], "1 of 2 claims hold, 1 is not resolved", False),
        ([OPEN, OPEN, HOLDS], "1 of 3 claims hold, 2 are not resolved", False),
        (
            [HOLDS, FAILS, MISSES, OPEN],
            "1 of 4 claims hold, 1 fails, 1 heuristic misses, 1 is not resolved",
            True,
        ),
    ],
)
def test_outcomes_are_counted_and_a_heuristic_may_miss(outcomes, summary, failed):
    found = findings(*outcomes)
    assert found.summary() == summary
    assert found.has_failed is failed


def test_verdicts_are_found_by_the_name_of_the_claim():
    found = findings(HOLDS, FAILS).verdicts("arithmetic")
    assert list(found) == ["claim 0", "claim 1"]
    assert found["claim 1"].verdict == "fails"


def test_verdicts_of_another_phenomenon_are_left_out():
    assert findings(HOLDS, FAILS).verdicts("others") == {}


class Stub:
    """What `ask` needs of a claim, while `run_claim` is replaced."""

    def __init__(self, name, reason=None):
        self.name, self.statement, self.reason = name, f"Statement of {name}.", reason

    def applies(self, problem):
        return self.reason


@pytest.fixture
def events(monkeypatch):
    """Runs nothing but writes down what would have run, a second each."""
    heard, clock = [], [0.0]

    def run(claim, problem):
        heard.append(("run", claim.name, problem))
        clock[0] += 1.0
        return verdict(claim=claim.name), FIGURE

    monkeypatch.setattr("linnet.study.findings.run_claim", run)
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    return heard


def test_claims_are_run_in_order_each_on_its_problem(events):
    found = ask([(Stub("one"), "P"), (Stub("two"), "Q")])
    assert events == [("run", "one", "P"), ("run", "two", "Q")]
    assert [f.verdict.claim for f in found.found] == ["one", "two"]
    assert all(f.figure is FIGURE for f in found.found)
    assert found.not_asked == ()
    assert found.seconds == 2.0


def test_a_claim_that_says_nothing_is_kept_with_its_reason(events):
    found = ask([(Stub("one", "no samples"), "P"), (Stub("two"), "P")])
    assert events == [("run", "two", "P")]
    assert found.not_asked == (("Statement of one.", "no samples"),)
    assert list(found.verdicts("arithmetic")) == ["two"]


def test_a_listener_hears_each_statement_before_its_run(events):
    questions = [(Stub("one"), "P"), (Stub("two"), "P")]
    ask(questions, on_claim=lambda statement: events.append(("heard", statement)))
    assert events == [
        ("heard", "Statement of one."),
        ("run", "one", "P"),
        ("heard", "Statement of two."),
        ("run", "two", "P"),
    ]


def test_nothing_asked_is_nothing_found():
    found = ask([])
    assert (found.found, found.not_asked, found.has_failed) == ((), (), False)
