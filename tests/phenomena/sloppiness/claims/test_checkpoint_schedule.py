import numpy as np
import pytest
from judging import failed

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import checkpoint_schedule
from linnet.phenomena.sloppiness.claims.checkpoint_schedule import (
    DIMENSIONS,
    LENGTHS,
    POINTS,
    SPREAD,
    CheckpointSchedule,
)
from linnet.study import run_claim

CLAIM = CheckpointSchedule()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_the_same_runs_fill_other_dimensions_when_looked_at_otherwise(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert {c.label for c in verdict.comparisons} == {DIMENSIONS, SPREAD}
    assert [panel.title for panel in figure.panels][:2] == [
        "every step looked at",
        "log-spaced steps",
    ]
    assert "wrong" in {series.role for series in figure.panels[1].series}


def test_log_spacing_moves_the_answer_in_either_direction(asked):
    none, weak, like = CLAIM.observe(asked)[DIMENSIONS].value
    assert none[0] > 1.5 * none[1]
    assert weak[1] > 1.3 * weak[0]
    assert abs(like[1] / like[0] - 1) < 0.1


def test_log_spaced_points_are_the_start_and_ever_rarer_steps():
    points = checkpoint_schedule._points(LENGTHS[-1])
    assert points[0] == 0
    assert points[-1] == LENGTHS[-1] - 1
    assert len(points) <= POINTS
    assert (np.diff(np.diff(points[-12:])) > 0).all()


def test_points_a_step_off_fail(asked):
    predicted = dict(CLAIM.predict(asked))
    points = checkpoint_schedule._points(LENGTHS[-1])
    shifted = theory.given_checkpoints(np.unique([0, *(points[1:] + 1)]))
    wrong = theory.random_target_spectrum(
        np.array(checkpoint_schedule.sloppy_variances(0.5, 24)),
        40,
        1.0,
        0.1,
        theory.GradientDescent(1.0),
        shifted,
    )
    predicted[SPREAD] = wrong[checkpoint_schedule.JUDGED]
    assert failed(CLAIM, asked, predicted) == {SPREAD}


def test_fewer_log_spaced_points_fail(asked, monkeypatch):
    monkeypatch.setattr(checkpoint_schedule, "POINTS", 12)
    checkpoint_schedule._law_dimensions.cache_clear()
    predicted = CLAIM.predict(asked)
    checkpoint_schedule._law_dimensions.cache_clear()
    monkeypatch.undo()
    assert failed(CLAIM, asked, predicted) == {DIMENSIONS, SPREAD}
