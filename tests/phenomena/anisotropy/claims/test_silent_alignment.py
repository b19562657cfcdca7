import numpy as np
import pytest
from judging import failed

from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import silent_alignment
from linnet.phenomena.anisotropy.claims.silent_alignment import (
    COURSE,
    ISOTROPIC,
    SPIKED,
    TOTAL,
    SilentAlignment,
)
from linnet.study import run_claim

CLAIM = SilentAlignment()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_the_kernel_turns_by_the_angle_between_correlation_and_teacher(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert {c.label for c in verdict.comparisons} == {TOTAL, COURSE}
    for comparison in verdict.comparisons:
        assert comparison.wrong_deviation > 10 * comparison.tolerance
    assert len(figure.panels) == 2


def test_without_a_spike_alignment_is_silent(asked):
    seen = np.degrees(CLAIM.observe(asked)[TOTAL])
    assert seen[0] < 0.1
    assert seen[1:].min() > 30


@pytest.mark.parametrize("spike", [ISOTROPIC, SPIKED[0]])
def test_the_line_of_the_figure_follows_the_kernel_from_its_random_start(asked, spike):
    length, angle = silent_alignment._predicted_turn(asked, spike)
    run = silent_alignment.trained(asked, spike)
    solution = run.directions[0, -1]
    seen = measure.axis_angles(run.directions[0], solution)
    size = np.abs(run.coordinates[0, :, 0])
    grown = (size > 1e3 * size[0]) & (size < 0.3)
    rising = np.flatnonzero(length > 1e-10)
    at = np.interp(np.log(size[grown]), np.log(length[rising]), angle[rising])
    np.testing.assert_allclose(seen[grown], at, atol=0.05)


def test_the_angle_between_spike_and_teacher_fails(asked, monkeypatch):
    monkeypatch.setattr(
        theory,
        "silent_alignment_angle",
        lambda plane: np.arccos(np.abs(plane.alignment)),
    )
    predicted = CLAIM.predict(asked)
    monkeypatch.undo()
    assert failed(CLAIM, asked, predicted) == {TOTAL}
