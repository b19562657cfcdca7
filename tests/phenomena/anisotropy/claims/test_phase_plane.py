import numpy as np
import pytest
from judging import failed

from linnet.phenomena.anisotropy.claims import phase_plane
from linnet.phenomena.anisotropy.claims.phase_plane import (
    IMBALANCES,
    STARTS,
    TIMES,
    PhasePlane,
)
from linnet.study import run_claim

CLAIM = PhasePlane()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_paths_are_those_of_the_plane_for_every_imbalance(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert verdict.status == "exact"
    assert {c.label for c in verdict.comparisons} == set(IMBALANCES.values())
    for comparison in verdict.comparisons:
        assert comparison.deviation < 1e-8
        assert comparison.wrong_deviation > 0.1
    assert [p.title for p in figure.panels] == list(IMBALANCES.values())


def test_corner_and_teacher_are_marked_where_they_are(asked):
    balanced = CLAIM.figure(asked).panels[1]
    middle = {
        s.label: ((s.x.min() + s.x.max()) / 2, (s.y.min() + s.y.max()) / 2)
        for s in balanced.series
        if s.label in {"corner", "teacher"}
    }
    assert middle["corner"] == pytest.approx((0.3358, 0.0), abs=1e-4)
    assert middle["teacher"] == pytest.approx((0.5531, 0.8331), abs=1e-4)


def test_nullclines_in_the_figure_meet_at_the_teacher(asked):
    balanced = CLAIM.figure(asked).panels[1]
    for which in ("first", "second"):
        pieces = [s for s in balanced.series if s.label == f"{which} coordinate rests"]
        assert pieces
        near = min(np.hypot(s.x - 0.5531, s.y - 0.8331).min() for s in pieces)
        assert near < 0.01
        for piece in pieces:  # no line across what was cut off
            assert np.hypot(np.diff(piece.x), np.diff(piece.y)).max() < 0.1


def test_an_imbalance_of_the_other_sign_fails(asked, monkeypatch):
    genuine = phase_plane.predicted
    monkeypatch.setattr(
        phase_plane, "predicted", lambda delta, depth=2: genuine(-delta, depth)
    )
    predicted = CLAIM.predict(asked)
    monkeypatch.undo()
    assert failed(CLAIM, asked, predicted) == {IMBALANCES[-1.0], IMBALANCES[1.0]}


def test_every_path_ends_at_the_teacher():
    for delta in IMBALANCES:
        path = phase_plane.predicted(delta)
        assert path.shape == (len(STARTS), len(TIMES), 2)
        np.testing.assert_allclose(path[:, -1], [[0.5531, 0.8331]] * 5, atol=0.02)
