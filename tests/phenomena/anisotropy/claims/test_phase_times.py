import numpy as np
import pytest
from judging import failed

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims.phase_times import (
    DELAY,
    DEVIATIONS,
    FIRST,
    SLOPE,
    THREE,
    PhaseTimes,
    effective,
)
from linnet.study import run_claim

CLAIM = PhaseTimes()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_only_the_first_phase_waits_for_the_start(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert {c.label for c in verdict.comparisons} == {FIRST, SLOPE, DELAY, THREE}
    for comparison in verdict.comparisons:
        assert comparison.wrong_deviation > 10 * comparison.tolerance
    assert len(figure.panels) == 2
    assert all("wrong" in {s.role for s in p.series} for p in figure.panels)


def test_the_delay_tends_to_a_constant_as_the_start_shrinks(asked):
    seen = np.asarray(CLAIM.observe(asked)[DELAY])
    off = np.abs(seen - CLAIM.predict(asked)[DELAY])
    assert off[-3:].max() < 2e-5
    assert off[0] > 3 * off[-1]


def test_the_effective_start_is_the_square_of_the_deviation(asked):
    found = effective(asked) / DEVIATIONS**2
    np.testing.assert_allclose(found, found[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "label"), [("phase_times", FIRST), ("phase_delay", DELAY)]
)
def test_times_that_are_five_per_cent_off_fail(asked, monkeypatch, name, label):
    exact = getattr(theory, name)
    monkeypatch.setattr(theory, name, lambda *given: 1.05 * np.asarray(exact(*given)))
    assert label in failed(CLAIM, asked, CLAIM.predict(asked))


def test_four_layers_are_not_three(asked, monkeypatch):
    exact = theory.half_time
    predicted = dict(CLAIM.predict(asked))
    monkeypatch.setattr(
        theory, "half_time", lambda task, start, depth=2: exact(task, start, depth=4)
    )
    predicted[THREE] = CLAIM.predict(asked)[THREE]
    monkeypatch.undo()
    assert failed(CLAIM, asked, predicted) == {THREE}
