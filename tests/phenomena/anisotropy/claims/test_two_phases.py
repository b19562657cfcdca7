import numpy as np
import pytest
from judging import failed

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import two_phases
from linnet.phenomena.anisotropy.claims.two_phases import (
    ALIGNMENTS,
    CURVES,
    FIRST,
    MEAN,
    RATE,
    SECOND,
    TwoPhases,
)
from linnet.study import run_claim

CLAIM = TwoPhases()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def times_of(problem):
    first, second = two_phases._times(problem).swapaxes(0, 1)
    return {FIRST: first, SECOND: second}


def test_both_phases_come_as_predicted_and_the_wrong_theories_are_rejected(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert {c.label for c in verdict.comparisons} == {MEAN, FIRST, SECOND, CURVES}
    for comparison in verdict.comparisons:
        assert comparison.wrong_deviation > 10 * comparison.tolerance
    assert len(figure.panels) == len(ALIGNMENTS)
    for panel in figure.panels:
        assert {s.role for s in panel.series} == {
            "theory",
            "simulation",
            "wrong",
            "guide",
        }


def test_times_of_the_flow_without_the_clock_of_steps_fail(asked, monkeypatch):
    monkeypatch.setattr(
        two_phases, "_late", lambda alignment, start: 0.0 * np.asarray(start)
    )
    fresh = CLAIM.canonical(0, True)
    assert failed(CLAIM, asked, times_of(fresh)) >= {FIRST}


def test_a_drive_that_is_one_per_cent_too_strong_fails(asked, monkeypatch):
    exact = theory.phase_times

    def fast(plane, start):
        first, second = exact(plane, start)
        return first / 1.01, second / 1.01

    monkeypatch.setattr(theory, "phase_times", fast)
    fresh = CLAIM.canonical(0, True)
    assert failed(CLAIM, asked, times_of(fresh)) == {FIRST, SECOND}


def test_starts_at_the_mean_size_miss_the_times_of_single_starts(asked, monkeypatch):
    mean = theory.mean_effective_start(
        two_phases.HIDDEN, two_phases.DEVIATION, two_phases.DEVIATION
    )
    monkeypatch.setattr(theory, "effective_start", lambda *given: float(mean))
    fresh = CLAIM.canonical(0, True)
    assert failed(CLAIM, asked, times_of(fresh)) >= {FIRST}


def test_second_times_follow_first_times_of_the_same_start(asked):
    seen = CLAIM.observe(asked)
    gap = seen[SECOND] - seen[FIRST]
    assert gap.std(1).max() < RATE / 2
    assert seen[FIRST].std(1).min() > 10 * RATE
