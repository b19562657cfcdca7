import numpy as np
import pytest

from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import plateaus, problems
from linnet.phenomena.spectral_bias.claims.plateaus import (
    LEVELS,
    MAPS,
    SequentialPlateaus,
)
from linnet.study import run_claim
from linnet.task import Moments

CLAIM = SequentialPlateaus()


@pytest.mark.parametrize("seed", range(5))
def test_training_rests_twice_on_every_canonical_problem(seed):
    problem = problems.staircase(seed, True)
    verdict, figure = run_claim(CLAIM, problem)
    assert (verdict.verdict, verdict.status, verdict.note) == (
        "holds",
        "asymptotic",
        "",
    )
    levels = CLAIM.predict(problem)[LEVELS]
    np.testing.assert_allclose(levels, [1.01 / 17.01, 0.01 / 17.01], rtol=1e-9)
    np.testing.assert_allclose(CLAIM.observe(problem)[LEVELS], levels, rtol=1e-5)
    assert [comparison.label for comparison in verdict.comparisons] == [LEVELS, MAPS]
    roles = {s.role for panel in figure.panels for s in panel.series}
    assert roles == {"theory", "simulation", "wrong"}


def test_levels_of_the_truncated_solution_are_not_where_it_rests(monkeypatch):
    problem = problems.staircase(7, True)
    monkeypatch.setattr(theory, "plateau_losses", theory.truncated_losses)
    verdict, _ = run_claim(CLAIM, problem)
    assert verdict.is_failure
    assert verdict.deviation > 0.02


def test_one_mode_and_modes_too_close_to_each_other_are_not_asked(problem, fresh):
    assert "there is one mode only" in CLAIM.applies(problem("one output"))
    assert "below the 3 inputs" in CLAIM.applies(fresh("correlated", hidden=2))
    equal = np.eye(3)[:2] * [[1.0], [0.98]]
    close = fresh("correlated", moments=Moments(np.eye(3), equal, np.eye(2)))
    assert "no plateau is expected to show" in CLAIM.applies(close)


def test_on_white_inputs_the_wrong_theory_has_learned_one_mode_more(fresh):
    cross = np.diag([2.0, 0.5, 0.1])
    white = fresh("correlated", moments=Moments(np.eye(3), cross, cross @ cross))
    assert CLAIM.applies(white) is None
    levels = theory.plateau_losses(white.moments)
    np.testing.assert_allclose(theory.truncated_losses(white.moments), levels)
    np.testing.assert_array_equal(CLAIM.wrong(white)[LEVELS], levels[2:] / levels[0])
    assert run_claim(CLAIM, white)[0].verdict == "holds"


@pytest.mark.parametrize("seed", [0, 1])
def test_falls_move_with_the_logarithm_of_the_scale_as_predicted(seed):
    # Their times are right to leading order: what each decade of the scale adds.
    problem = problems.staircase(seed, True)
    levels = theory.plateau_losses(problem.moments)
    middles = (levels[:2] + levels[1:3]) / 2 / levels[0]
    falls = []
    for scale in (1e-9, 1e-13):
        run = plateaus._staircase(problem, scale)
        falls.append([run.times[np.argmax(run.gap < middle)] for middle in middles])
    slopes = np.diff(falls, axis=0)[0] / np.log(1e4)
    np.testing.assert_allclose(
        slopes, theory.plateau_times(problem.moments)[:2], rtol=0.05
    )
