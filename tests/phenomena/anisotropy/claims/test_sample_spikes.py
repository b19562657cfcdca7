import numpy as np
import pytest

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import sample_spikes
from linnet.phenomena.anisotropy.claims.sample_spikes import (
    CORRECTED,
    EIGENVALUE,
    OVERLAP,
    SPEED,
    SQUARED,
    SampleSpikes,
)
from linnet.study import run_claim

CLAIM = SampleSpikes()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_it_holds_and_rejects_the_moments_of_the_population(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    labels = [entry.label for entry in verdict.comparisons]
    assert labels == [EIGENVALUE, OVERLAP, CORRECTED, SPEED, SQUARED]
    for entry in verdict.comparisons:
        assert entry.wrong_deviation > 2.5 * entry.tolerance
    assert len(figure.panels) == 3
    for panel in figure.panels:
        assert {"theory", "simulation", "wrong"} <= {s.role for s in panel.series}
        assert all(np.isfinite(series.y).all() for series in panel.series)


def test_each_network_starts_at_the_speed_of_its_own_data(asked):
    seen, predicted = CLAIM.observe(asked)[SPEED], CLAIM.predict(asked)[SPEED]
    np.testing.assert_allclose(seen, predicted, rtol=1e-7)
    assert np.ptp(seen[: sample_spikes._networks(asked)]) > 0.1


def test_a_spectrum_of_half_the_inputs_fails(asked, monkeypatch):
    right = theory.sample_spike
    monkeypatch.setattr(
        theory, "sample_spike", lambda rho, ratio: right(rho, ratio / 2)
    )
    seen, predicted = CLAIM.observe(asked)[EIGENVALUE], CLAIM.predict(asked)[EIGENVALUE]
    test = CLAIM.test(asked, EIGENVALUE)
    assert test.judge(EIGENVALUE, predicted, seen, seen.value).outcome == "fails"


def test_errors_of_the_limit_are_small_and_grow_towards_the_threshold(asked):
    predicted = CLAIM.predict(asked)
    strong = slice(len(sample_spikes.WEAK), None)
    off = (predicted[EIGENVALUE].stderr / predicted[EIGENVALUE].value)[strong]
    assert (np.diff(off) < 0).all()
    assert off.max() < 0.03
    assert predicted[OVERLAP].stderr.max() < 0.03


def test_a_spike_below_the_threshold_is_not_told_from_none(asked):
    seen = CLAIM.observe(asked)[EIGENVALUE].value
    assert abs(seen[0] - seen[1]) < 0.1
    assert seen[0] > 5
