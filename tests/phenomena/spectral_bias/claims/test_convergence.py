import numpy as np
import pytest

from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims.convergence import LOSS, ConvergenceBound
from linnet.study import run_claim
from linnet.task import Moments

CLAIM = ConvergenceBound()


@pytest.mark.parametrize(
    "name", ["canonical", "correlated", "lazy", "white", "one output"]
)
def test_no_loss_is_above_the_bound_and_half_the_time_would_be_too_short(name, judged):
    said = judged(CLAIM, name)
    assert said.verdict.verdict == "holds"
    assert (said.verdict.status, said.verdict.test) == ("exact", "at most")
    assert said.verdict.wrong_deviation > 10
    assert np.shape(said.predicted[LOSS]) == np.shape(said.observed[LOSS])
    roles = {s.role for panel in said.figure.panels for s in panel.series}
    assert roles == {"theory", "simulation", "wrong"}
    assert [panel.title[:5] for panel in said.figure.panels] == ["large", "small"]


@pytest.mark.parametrize("seed", range(5))
def test_it_holds_on_every_canonical_problem(seed):
    assert run_claim(CLAIM, CLAIM.canonical(seed, True))[0].verdict == "holds"


def test_a_bound_that_falls_twice_as_fast_is_exceeded(fresh, monkeypatch):
    genuine = theory.excess_loss_bound
    monkeypatch.setattr(
        theory, "excess_loss_bound", lambda m, gamma, t: genuine(m, 2 * gamma, t)
    )
    verdict, _ = run_claim(CLAIM, fresh("canonical"))
    assert verdict.is_failure
    assert verdict.deviation > 10


def test_it_says_nothing_where_training_is_out_of_reach(fresh):
    assert "below the 3 inputs" in CLAIM.applies(fresh("correlated", hidden=2))
    moments, unit = fresh("correlated").moments, np.diag([1.0, 1.0, 1e-6])
    stiff = Moments(unit @ moments.xx @ unit, moments.yx @ unit, moments.yy, 20)
    assert "stable steps" in CLAIM.applies(fresh("correlated", moments=stiff))
