import numpy as np
import pytest

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import double_descent
from linnet.phenomena.anisotropy.claims.double_descent import (
    FEWER,
    MORE,
    DoubleDescent,
)
from linnet.study import run_claim

CLAIM = DoubleDescent()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_it_holds_and_rejects_the_participation_ratio(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert "medians are shown" in verdict.note
    assert all(entry.wrong_deviation > 10 for entry in verdict.comparisons)
    assert len(figure.panels) == 2
    for panel in figure.panels:
        assert {"theory", "simulation", "wrong"} <= {s.role for s in panel.series}


def test_before_the_peak_no_spike_is_seen(asked):
    rows = np.asarray(CLAIM.predict(asked)[FEWER])
    np.testing.assert_allclose(rows, rows[:1].repeat(len(rows), 0), rtol=1e-12)
    assert np.ptp(np.asarray(CLAIM.predict(asked)[MORE])[:, 1]) > 0.3


def test_a_theory_without_label_noise_fails(asked, monkeypatch):
    quiet = theory.finite_risk
    monkeypatch.setattr(
        theory, "finite_risk", lambda *given, noise: quiet(*given, noise=noise / 2)
    )
    predicted, seen = CLAIM.predict(asked), CLAIM.observe(asked)
    for label, found in seen.items():
        test = CLAIM.test(asked, label)
        judged = test.judge(label, predicted[label], found, 0 * predicted[label])
        assert judged.outcome == "fails"


def test_lines_end_where_the_mean_is_infinite_and_medians_are_drawn(asked):
    panel = CLAIM.figure(asked).panels[0]
    at_peak = [s for s in panel.series if s.role == "simulation" and s.stderr is None]
    assert len(at_peak) == len(double_descent.SPIKES)
    for series in at_peak:
        assert np.isfinite(series.y).all()
    line = panel.series[0]
    assert np.isnan(line.y[np.abs(line.x - 1) < 1.5 / 40]).all()
