import json
import math
import time
from dataclasses import replace

import numpy as np
import pytest

from linnet.numerics import Estimate
from linnet.study import (
    AbstractClaim,
    Bound,
    Comparison,
    Figure,
    Problem,
    Verdict,
    ZTest,
    run_claim,
)
from linnet.task import Moments

PROBLEM = Problem(
    title="two white inputs",
    moments=Moments(np.eye(2), np.ones((1, 2)), np.eye(1)),
    dataset=None,
    hidden=2,
    init_scale=0.1,
    learning_rate=0.01,
    command="linnet analyze two_inputs",
)


class Doubling(AbstractClaim):
    """Says that numbers double; what it sees is handed to it."""

    phenomenon = "arithmetic"
    name = "doubling"
    statement = "Numbers double."
    source = "derived here"
    formula = "y = 2x"
    domain = "numbers"
    of_data = True
    wrong_theory = "they triple"
    citations = ("nobody2020",)

    def __init__(self, observed, tests=None, silent=None, strength="exact"):
        self.observed, self.tests = observed, tests or {}
        self.silent, self.strength = silent, strength
        self.calls = []

    def canonical(self, seed, quick):
        return PROBLEM

    def applies(self, problem):
        return self.silent

    def status(self, problem):
        return self.strength

    def test(self, problem, label):
        return self.tests.get(label, Bound(0.01))

    def predict(self, problem):
        self.calls.append("predict")
        return dict.fromkeys(self.observed, 2.0)

    def wrong(self, problem):
        self.calls.append("wrong")
        return dict.fromkeys(self.observed, 3.0)

    def observe(self, problem):
        self.calls.append("observe")
        return self.observed

    def note(self, problem):
        return "ended early"

    def figure(self, problem):
        return Figure("doubling", "a caption", ())


def test_a_claim_comes_back_as_a_verdict_with_its_figure():
    claim = Doubling({"x": 2.01})
    verdict, figure = run_claim(claim, PROBLEM)
    assert figure == Figure("doubling", "a caption", ())
    assert claim.calls == ["predict", "wrong", "observe"]  # each once, theory first
    assert verdict.comparisons == (Bound(0.01).judge("x", 2.0, 2.01, 3.0),)
    for name in ("phenomenon", "statement", "source", "wrong_theory", "formula"):
        assert getattr(verdict, name) == getattr(claim, name)
    assert (verdict.claim, verdict.domain) == (claim.name, claim.domain)
    assert (verdict.problem, verdict.command) == (PROBLEM.title, PROBLEM.command)
    assert (verdict.status, verdict.note) == ("exact", "ended early")


@pytest.mark.parametrize(("quick", "option"), [(False, ""), (True, " --quick")])
def test_the_command_of_a_canonical_claim_asks_it_alone(quick, option):
    asked = replace(PROBLEM, canonical=True, seed=3, quick=quick)
    verdict, _ = run_claim(Doubling({"x": 2.01}), asked)
    assert verdict.command == f"linnet reproduce arithmetic/doubling --seed 3{option}"


def test_the_headline_is_that_of_a_comparison():
    observed = {"x": 2.001, "y": Estimate(np.array(2.375), np.array(0.125), 9)}
    # 1/20 of its tolerance against 3/4 of it.
    claim = Doubling(observed, {"y": ZTest(power=4.5)})
    verdict, _ = run_claim(claim, PROBLEM)
    head = verdict.comparisons[1]
    assert (head.label, head.test) == ("y", "z")
    for name in ("test", "predicted", "observed", "stderr", "z", "tolerance"):
        assert getattr(verdict, name) == getattr(head, name)
    assert (verdict.deviation, verdict.wrong_deviation) == (3.0, 5.0)
    assert verdict.verdict == head.outcome == "holds"


HOLDS, NEARLY = 2.001, 2.019
BLIND = Estimate(np.array(2.1), np.array(1.0), 9)  # 0.1 standard errors off
CLEAR = Estimate(np.array(2.05), np.array(0.05), 9)  # one


@pytest.mark.parametrize(
    ("observed", "head", "outcome"),
    [
        ({"a": HOLDS, "b": NEARLY}, "b", "holds"),
        ({"a": NEARLY, "b": HOLDS}, "a", "holds"),
        # Each in units of its own tolerance: 0.95 of it against 1/4 of it.
        ({"a": NEARLY, "y": CLEAR}, "a", "holds"),
        ({"a": NEARLY, "z": BLIND}, "z", "not resolved"),
        ({"a": 2.1, "z": BLIND, "b": HOLDS}, "a", "fails"),
        ({"a": 2.1, "b": 2.2, "c": 2.15}, "b", "fails"),
        ({"a": 100.0, "b": math.nan}, "b", "fails"),
        ({"a": -math.inf, "b": 100.0}, "a", "fails"),
    ],
)
def test_the_worst_outcome_comes_first_and_then_the_largest_deviation(
    observed, head, outcome
):
    tests = {"y": ZTest(), "z": ZTest()}
    verdict, _ = run_claim(Doubling(observed, tests), PROBLEM)
    worst = next(c for c in verdict.comparisons if c.label == head)
    assert verdict.verdict == worst.outcome == outcome
    assert (verdict.deviation, verdict.test) == (worst.deviation, worst.test)
    assert [c.label for c in verdict.comparisons] == list(observed)


def test_all_of_the_work_is_timed(monkeypatch):
    clock = [0.0]

    def spend(seconds, result):
        def method(self, *args):
            clock[0] += seconds
            return result

        return method

    names = {"predict": 1.0, "wrong": 10.0, "observe": 100.0}
    for name, seconds in names.items():
        monkeypatch.setattr(Doubling, name, spend(seconds, {"x": seconds}))
    monkeypatch.setattr(Doubling, "figure", spend(1000.0, Figure("", "", ())))
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    assert run_claim(Doubling({}), PROBLEM)[0].seconds == 1111.0


def test_a_claim_that_does_not_apply_is_refused_before_anything_runs():
    claim = Doubling({"x": 2.0}, silent="inputs are not white")
    with pytest.raises(
        ValueError, match="`doubling` says nothing about this: inputs are not white"
    ):
        run_claim(claim, PROBLEM)
    assert claim.calls == []


@pytest.mark.parametrize("method", ["predict", "wrong", "observe"])
def test_quantities_that_differ_are_refused(monkeypatch, method):
    claim = Doubling({"x": 2.0})
    monkeypatch.setattr(Doubling, method, lambda *_: {"x": 2.0, "extra": 1.0})
    with pytest.raises(ValueError, match=r"must predict and observe the same quant"):
        run_claim(claim, PROBLEM)


def test_a_claim_about_nothing_is_refused():
    with pytest.raises(ValueError, match=r"but predicts \[\], observes \[\]"):
        run_claim(Doubling({}), PROBLEM)


def test_a_claim_must_answer_everything():
    class Silent(AbstractClaim):
        def note(self, problem):
            return ""

    with pytest.raises(
        TypeError, match=r"applies.*canonical.*figure.*observe.*predict"
    ):
        Silent()


@pytest.mark.parametrize("status", ["exact", "asymptotic", "heuristic"])
@pytest.mark.parametrize("observed", [HOLDS, BLIND, 2.1])
def test_only_a_miss_of_an_exact_or_asymptotic_claim_is_a_failure(status, observed):
    test = ZTest() if observed is BLIND else Bound(0.01)
    claim = Doubling({"x": observed}, {"x": test}, strength=status)
    verdict, _ = run_claim(claim, PROBLEM)
    assert verdict.status == status
    assert verdict.is_failure == (observed == 2.1 and status != "heuristic")


@pytest.mark.parametrize(
    "observed",
    [
        {"x": 2.0},
        {"x": math.nan, "y": math.inf},
        {"x": np.array([2.0, 2.0])},
        {"z": BLIND, "x": 2.1},
        {"z": Estimate(np.array(2.1), np.array(0.0), 9)},
    ],
)
def test_a_verdict_is_json_without_nan(monkeypatch, observed):
    sizes = {label: np.ones(np.shape(seen)) for label, seen in observed.items()}
    sizes["z"] = np.ones(())
    for method, factor in (("predict", 2.0), ("wrong", math.inf)):
        told = {label: factor * sizes[label] for label in observed}
        monkeypatch.setattr(Doubling, method, lambda *_, told=told: told)
    verdict, _ = run_claim(Doubling(observed, {"z": ZTest()}), PROBLEM)
    text = json.dumps(verdict.as_json(), allow_nan=False)
    back = json.loads(text)
    comparisons = tuple(Comparison(**fields) for fields in back.pop("comparisons"))
    assert Verdict(**back, comparisons=comparisons) == verdict
    assert replace(verdict, note="") != verdict
