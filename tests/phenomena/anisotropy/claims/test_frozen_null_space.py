import numpy as np
import pytest

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import frozen_null_space
from linnet.phenomena.anisotropy.claims.frozen_null_space import (
    ADDED,
    FAN_IN,
    FROZEN,
    POWER,
    FrozenNullSpace,
)
from linnet.study import run_claim

CLAIM = FrozenNullSpace()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_it_holds_and_rejects_the_solution_of_least_norm(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert verdict.status == "asymptotic"
    assert verdict.note == ""
    labels = [entry.label for entry in verdict.comparisons]
    assert labels == [FROZEN, POWER, ADDED]
    assert verdict.comparisons[0].wrong_deviation == pytest.approx(1, rel=1e-3)
    assert all(entry.wrong_deviation > 10 for entry in verdict.comparisons[1:])
    assert len(figure.panels) == 2
    assert "it adds 17% to the risk" in figure.caption
    for panel in figure.panels:
        assert {"theory", "simulation", "wrong"} <= {s.role for s in panel.series}
        assert all(np.isfinite(series.y).all() for series in panel.series)


def test_frozen_weights_twice_as_large_fail(asked, monkeypatch):
    right = theory.null_space_power
    monkeypatch.setattr(theory, "null_space_power", lambda *given: 2 * right(*given))
    seen = CLAIM.observe(asked)[POWER]
    predicted = CLAIM.predict(asked)[POWER]
    judged = CLAIM.test(asked, POWER).judge(POWER, predicted, seen, 0 * predicted)
    assert judged.outcome == "fails"


def test_a_last_layer_that_reads_a_tenth_more_fails(asked, monkeypatch):
    right = theory.grown_readout
    monkeypatch.setattr(theory, "grown_readout", lambda *given: 1.1 * right(*given))
    seen, predicted = CLAIM.observe(asked)[FROZEN], CLAIM.predict(asked)[FROZEN]
    judged = CLAIM.test(asked, FROZEN).judge(FROZEN, predicted, seen, 0 * predicted)
    assert judged.outcome == "fails"


def test_the_usual_start_is_among_the_sizes_and_not_negligible():
    assert FAN_IN in frozen_null_space.JUDGED
    assert frozen_null_space._usual_share() > 0.15


def test_starts_of_all_sizes_are_the_same_but_for_their_size(asked):
    first, last = frozen_null_space._start(asked, 0)
    small, large = first[0], first[1]
    ratio = frozen_null_space.DEVIATIONS[1] / frozen_null_space.DEVIATIONS[0]
    np.testing.assert_allclose(large, ratio * small, rtol=1e-12)
    assert not last.any()
