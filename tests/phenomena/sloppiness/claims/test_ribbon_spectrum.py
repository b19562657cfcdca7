import dataclasses

import numpy as np
import pytest
from judging import failed

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import ribbon_spectrum
from linnet.phenomena.sloppiness.claims.ribbon_spectrum import (
    SLOPES,
    START,
    TARGET,
    RibbonSpectrum,
)
from linnet.study import run_claim

CLAIM = RibbonSpectrum()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_the_cloud_has_the_predicted_widths_and_slopes_and_not_those_of_the_inputs(
    asked,
):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert len(verdict.comparisons) == len(SLOPES) + 2
    spectra, parts = figure.panels
    roles = [series.role for series in spectra.series]
    assert all(roles.count(role) == 4 for role in ("theory", "simulation", "wrong"))
    assert {s.label for s in parts.series} >= {"starts alone", "targets alone"}


def test_slopes_are_nought_once_once_and_thrice_that_of_the_inputs(asked):
    seen = CLAIM.observe(asked)
    np.testing.assert_allclose(seen[START].value, [0, 1], atol=0.15)
    np.testing.assert_allclose(seen[TARGET].value, [1, 3], atol=0.2)


def test_widths_of_another_learning_rate_fail(asked, monkeypatch):
    monkeypatch.setattr(ribbon_spectrum, "RATE", 1.3)
    spectra = {label for label in CLAIM.predict(asked) if label not in (START, TARGET)}
    assert failed(CLAIM, asked, CLAIM.predict(asked)) == spectra


def test_a_fourth_regime_with_twice_the_slope_fails(asked, monkeypatch):
    exact = theory.regime_slopes

    def twice(slope):
        limits = exact(slope)
        return dataclasses.replace(limits, target_unlearned=2 * np.asarray(slope))

    monkeypatch.setattr(theory, "regime_slopes", twice)
    assert failed(CLAIM, asked, CLAIM.predict(asked)) == {TARGET}
