import numpy as np
import pytest

from linnet.phenomena.anisotropy.claims import alignment_that_hurts
from linnet.phenomena.anisotropy.claims.alignment_that_hurts import (
    BRACKET,
    CHANGE,
    EVEN,
    MANY,
    AlignmentThatHurts,
)
from linnet.study import run_claim

CLAIM = AlignmentThatHurts()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_it_holds_and_rejects_a_spike_that_never_hurts(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert verdict.note == ""
    assert all(entry.wrong_deviation > 10 for entry in verdict.comparisons)
    assert len(figure.panels) == 2
    assert "at a strength of 3, and helps beyond 15 only" in figure.caption
    for panel in figure.panels:
        assert {"theory", "simulation", "wrong"} <= {s.role for s in panel.series}
        assert all(np.isfinite(series.y).all() for series in panel.series)


def test_harm_that_is_a_half_larger_fails(asked, monkeypatch):
    right = alignment_that_hurts._change()
    monkeypatch.setattr(alignment_that_hurts, "_change", lambda: 1.5 * right)
    found = {
        label: CLAIM.test(asked, label).judge(
            label,
            CLAIM.predict(asked)[label],
            seen,
            CLAIM.wrong(asked)[label],
        )
        for label, seen in CLAIM.observe(asked).items()
    }
    assert found[CHANGE].outcome == "fails"
    assert found[EVEN].outcome == "holds"


def test_harm_is_done_with_five_inputs_a_sample_and_not_with_two():
    few, many = alignment_that_hurts._change()
    assert (few < 0).all()
    assert (many > 0).all()


def test_the_even_spike_tends_to_the_limit_and_interpolation_finds_it():
    exact = alignment_that_hurts._even()
    assert 15 < exact < 18
    law = alignment_that_hurts._law
    change = law(MANY, np.array(BRACKET)) - law(MANY, 0.0)
    assert alignment_that_hurts._zero(change) == pytest.approx(exact, abs=0.01)


def test_per_signal_power_every_spike_helps(asked):
    panel = CLAIM.figure(asked).panels[1]
    for series in panel.series:
        if series.role in ("theory", "simulation"):
            assert (np.diff(series.y) < 0).all()
