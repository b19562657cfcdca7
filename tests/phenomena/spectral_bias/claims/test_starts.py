import numpy as np
import pytest

from linnet.network import LambdaBalanced
from linnet.phenomena.spectral_bias.claims import problems, starts
from linnet.phenomena.spectral_bias.claims.starts import (
    DELTAS,
    RiccatiSolution,
    ScalarLimit,
)
from linnet.study import run_claim

CLAIMS = pytest.mark.parametrize("claim", [RiccatiSolution(), ScalarLimit()])


@CLAIMS
@pytest.mark.parametrize("seed", [0, 1])
def test_the_claims_hold_on_their_canonical_problem(claim, seed):
    verdict, figure = run_claim(claim, claim.canonical(seed, True))
    assert verdict.verdict == "holds"
    assert verdict.status == "exact"
    roles = {s.role for panel in figure.panels for s in panel.series}
    assert {"theory", "simulation"} <= roles


@CLAIMS
def test_they_are_not_asked_of_data(claim, problem):
    assert not claim.of_data
    assert "no choice of a data set" in claim.applies(problem("correlated"))


@CLAIMS
def test_another_imbalance_makes_them_fail(claim, monkeypatch):
    def other(balance, product):
        return LambdaBalanced(1.5 * balance, product)

    problem = claim.canonical(7, True)  # of which no run was made yet
    predicted = claim.predict(problem)
    monkeypatch.setattr(starts, "LambdaBalanced", other)
    observed = claim.observe(problem)
    monkeypatch.undo()
    outcomes = {
        claim.test(problem, label)
        .judge(label, predicted[label], observed[label], claim.wrong(problem)[label])
        .outcome
        for label in predicted
    }
    assert outcomes == {"fails"}


def test_the_scalar_problem_leaves_directions_without_data():
    asked = problems.scalar(0, True)
    assert asked.moments.minimizer().rank == 3
    start = starts._first_product(asked)
    span = asked.moments.row_space()
    assert np.linalg.norm(start - (start @ span) @ span.T) > 0.1


def test_a_larger_imbalance_leaves_more_of_the_start_alone():
    asked = problems.scalar(0, True)
    nearest = ScalarLimit().wrong(asked)[starts._label(DELTAS[0])]
    off = [np.abs(end - nearest).max() for end in starts._ends(asked)]
    assert (np.diff(off) < 0).all()
