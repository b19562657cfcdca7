"""Several spikes, several outputs, depth, large steps and weight decay, in turn."""

from functools import lru_cache

import numpy as np
import pytest

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import (
    deep_escape,
    discrete_clock,
    large_step,
    several_outputs,
    staircase,
    staircase_paths,
    weight_decay_collapse,
)
from linnet.study import run_claim

CLAIMS = [
    staircase.Staircase(),
    deep_escape.DeepEscape(),
    discrete_clock.DiscreteClock(),
    several_outputs.SeveralOutputs(),
    large_step.LargeStep(),
    weight_decay_collapse.WeightDecayCollapse(),
]
PREDICTED = (  # what is kept between two calls; observations may stay
    staircase_paths.predicted,
    staircase_paths.predicted_on_data,
    staircase_paths.lanczos,
    deep_escape._predicted,
    discrete_clock._predicted_drift,
)


@pytest.fixture(autouse=True)
def forget():
    """Predictions that are replaced must not leave anything behind."""
    yield
    for kept in PREDICTED:
        kept.cache_clear()


@pytest.fixture(scope="module", params=CLAIMS, ids=lambda claim: claim.name)
def asked(request):
    return request.param, canonical(request.param)


@lru_cache
def canonical(claim):
    """One problem for all tests, so that it is trained once."""
    return claim.canonical(0, True)


def failed(claim, problem):
    for kept in PREDICTED:
        kept.cache_clear()
    verdict, _ = run_claim(claim, problem)
    return {c.label for c in verdict.comparisons if c.outcome == "fails"}


def scaled(monkeypatch, name, factor):
    genuine = getattr(theory, name)
    monkeypatch.setattr(theory, name, lambda *a, **k: factor * genuine(*a, **k))


def test_it_holds_and_its_wrong_theory_is_rejected(asked):
    claim, problem = asked
    verdict, figure = run_claim(claim, problem)
    assert verdict.verdict == "holds"
    for part in verdict.comparisons:
        far = part.wrong_deviation
        assert far is None or far > 10 * part.tolerance
    roles = {s.role for panel in figure.panels for s in panel.series}
    assert {"theory", "simulation", "wrong"} <= roles
    for panel in figure.panels:
        assert {"simulation"} <= {s.role for s in panel.series}
        assert all(np.isfinite(s.y).any() for s in panel.series)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)
def test_it_is_not_asked_of_data(claim):
    assert not claim.of_data


@pytest.mark.parametrize(
    ("claim", "name", "label"),
    [
        (CLAIMS[0], "reduced_flow", staircase.PATH),
        (CLAIMS[1], "reduced_flow", deep_escape.TIMES.format(3)),
        (CLAIMS[2], "discrete_half_time", discrete_clock.DELAY),
        (CLAIMS[3], "saddle_losses", None),
        (CLAIMS[4], "largest_stable_step", large_step.EDGE),
        (CLAIMS[4], "settling_layer", large_step.LAYER),
    ],
)
def test_a_prediction_that_is_a_little_off_fails(claim, name, label, monkeypatch):
    problem = canonical(claim)
    if label is None:
        levels = theory.saddle_losses(problem.moments)
        bent = np.append(levels[:1], levels[1:] * 1.05)
        monkeypatch.setattr(theory, name, lambda moments: bent)
        assert failed(claim, problem) == {several_outputs.LEVELS}
        return
    scaled(monkeypatch, name, 0.95)
    assert label in failed(claim, problem)


def test_a_penalty_that_is_a_little_off_fails(monkeypatch):
    claim = CLAIMS[5]
    genuine = theory.decayed_solution
    monkeypatch.setattr(
        theory, "decayed_solution", lambda task, decay: genuine(task, 1.001 * decay)
    )
    assert len(failed(claim, canonical(claim))) == 2


def test_products_do_not_leave_a_saddle_the_way_small_units_do(monkeypatch):
    """What was learned before responds, and turns the product by degrees."""
    claim = CLAIMS[3]
    problem = canonical(claim)
    bent = np.array(claim.predict(problem)[several_outputs.ANGLES])
    teacher = problem.moments.minimizer().end_to_end
    values, vectors = np.linalg.eigh(teacher @ problem.moments.xx @ teacher.T)
    for rank in (1, 2):
        unit = theory.escape_modes(problem.moments, rank).inputs[0]
        end = vectors[:, ::-1][:, rank] @ teacher
        angle = np.arccos(abs(unit @ end) / np.linalg.norm(end))
        assert angle > bent[rank, 0] + 0.1
        bent[rank, 0] = angle
    assert values[0] > 0
    rows = iter(bent)
    monkeypatch.setattr(theory, "escape_angles", lambda moments, rank: next(rows))
    predicted = claim.predict(problem)[several_outputs.ANGLES]
    seen = claim.observe(problem)[several_outputs.ANGLES]
    verdict = claim.test(problem, several_outputs.ANGLES).judge(
        several_outputs.ANGLES, predicted, seen, np.zeros((3, 2))
    )
    assert verdict.outcome == "fails"
