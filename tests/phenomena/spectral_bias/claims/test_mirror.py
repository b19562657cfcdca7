import numpy as np
import pytest

from linnet.phenomena.spectral_bias.claims import mirror, runs
from linnet.phenomena.spectral_bias.claims.mirror import (
    SPEEDS,
    MirrorDefect,
    MirrorFlow,
)
from linnet.study import run_claim

FLOW, DEFECT = MirrorFlow(), MirrorDefect()


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        *((FLOW, name) for name in ("canonical", "correlated", "white", "one output")),
        *((DEFECT, name) for name in ("canonical", "correlated", "lazy")),
    ],
)
def test_the_claims_hold_and_draw_what_they_saw(claim, name, judged):
    said = judged(claim, name)
    assert said.verdict.verdict == "holds"
    assert said.verdict.status == "exact"
    roles = {s.role for panel in said.figure.panels for s in panel.series}
    assert roles - {"guide"} == {"theory", "simulation", "wrong"}


def test_singular_values_move_on_the_canonical_problem_as_told_to_eight_digits(judged):
    assert judged(FLOW, "canonical").verdict.deviation < 1e-8


def test_a_start_of_another_scale_is_another_mirror_flow(fresh, monkeypatch):
    genuine = runs.start
    monkeypatch.setattr(runs, "start", lambda p, gamma: genuine(p, 2 * gamma))
    problem = fresh("canonical")
    verdict, _ = run_claim(FLOW, problem)
    assert verdict.is_failure
    # What then is true is the named wrong theory.
    right, seen = FLOW.wrong(problem)[SPEEDS], FLOW.observe(problem)[SPEEDS]
    np.testing.assert_allclose(seen, right, atol=1e-8 * np.abs(right).max())
    assert run_claim(DEFECT, problem)[0].is_failure


def test_the_defect_needs_two_modes_that_turn(problem, fresh):
    assert "one mode only" in DEFECT.applies(problem("one output"))
    assert "never turn" in DEFECT.applies(problem("white"))
    assert "below the 3 inputs" in DEFECT.applies(fresh("correlated", hidden=2))
    assert "below the 3 inputs" in FLOW.applies(fresh("correlated", hidden=2))


def test_pairs_are_looked_at_while_they_grow(problem):
    asked = problem("canonical")
    chosen = mirror._turning(asked)
    assert chosen
    first, last = chosen[0].sigma[0], chosen[-1].sigma[0]
    assert 0.05 * runs.size(asked) < first <= last
