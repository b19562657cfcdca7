import numpy as np
import pytest
from judging import failed

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import spike_grid
from linnet.phenomena.anisotropy.claims.phase_maps import (
    LINE,
    ROUND,
    SECOND,
    SPEED,
    TIME,
    PhaseMaps,
)
from linnet.study import run_claim

CLAIM = PhaseMaps()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_speed_time_and_depth_are_those_of_the_closed_forms(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    labels = {SPEED, TIME, LINE, ROUND, SECOND}
    assert {c.label for c in verdict.comparisons} == labels
    for comparison in verdict.comparisons:
        assert comparison.wrong_deviation > 10 * comparison.tolerance
    assert len(figure.panels) == 3


def test_there_is_no_second_phase_without_spike_nor_along_nor_across_the_teacher(asked):
    seen = np.asarray(CLAIM.observe(asked)[SECOND])
    one = [not rho or a in (0.0, 1.0) for rho, a in spike_grid.spikes(asked)]
    assert seen[one].max() < 1e-6
    assert seen[~np.array(one)].min() > 0.02


def test_the_free_network_has_less_loss_at_the_corner_than_the_line_leaves(asked):
    seen = CLAIM.observe(asked)
    two = [spike in spike_grid.two_phased(asked) for spike in spike_grid.spikes(asked)]
    assert (seen[ROUND] < 0.95 * np.asarray(seen[LINE])[two]).all()


def test_a_speed_without_the_square_of_the_strength_fails(asked, monkeypatch):
    exact = theory.spike_plane

    def weak(strength, alignment):
        return exact(0.9 * np.asarray(strength), alignment)

    monkeypatch.setattr(theory, "spike_plane", weak)
    predicted = CLAIM.predict(asked)
    monkeypatch.undo()
    assert failed(CLAIM, asked, predicted) >= {SPEED, TIME, LINE, SECOND}
