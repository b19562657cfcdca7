import dataclasses

import numpy as np
import pytest
from judging import failed

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import data_slopes, slope_runs
from linnet.phenomena.sloppiness.claims.data_slopes import (
    STEEPER,
    DataSlopes,
    share_label,
)
from linnet.study import run_claim
from linnet.task import load

CLAIM = DataSlopes()
SMALL = ("wine", "iris")
SHARES = {share_label(of, w) for of in slope_runs.SCALES for w in ("late", "early")}


@pytest.fixture(scope="module")
def asked():
    """Two small data sets: two programs to compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_slopes, "SETS", SMALL)
        yield CLAIM.canonical(0, True)


def test_spectra_tell_shares_and_slopes_alone_do_not(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert {each.label for each in verdict.comparisons} == SHARES | {STEEPER}
    spectra, late, early = figure.panels
    roles = [series.role for series in spectra.series]
    assert roles.count("simulation") == roles.count("wrong") == len(SMALL)
    for panel in (late, early):
        assert [s.label for s in panel.series][1:] == [
            "from the spectrum",
            "from the slope alone",
        ]


def test_clouds_fall_three_times_as_steeply_as_the_inputs(asked):
    np.testing.assert_allclose(CLAIM.observe(asked)[STEEPER].value, 3, atol=0.1)


def test_clouds_that_spread_as_the_inputs_do_fail(asked, monkeypatch):
    def moments(variances, *_):
        return variances

    monkeypatch.setattr(theory, "random_target_spectrum", moments)
    assert failed(CLAIM, asked, CLAIM.predict(asked)) == SHARES


def test_twice_the_slope_early_fails(asked, monkeypatch):
    exact = theory.regime_slopes

    def twice(slope):
        return dataclasses.replace(exact(slope), target_unlearned=2 * np.array(slope))

    monkeypatch.setattr(theory, "regime_slopes", twice)
    assert failed(CLAIM, asked, CLAIM.predict(asked)) == {STEEPER}


def test_axes_and_variances_are_those_of_the_data():
    data = slope_runs.data("wine", "centered")
    inputs = load("wine", center=True).inputs
    spectrum = np.sqrt(data.n * data.variances)
    again = spectrum * data.axes @ data.directions.T
    np.testing.assert_allclose(again, inputs, atol=1e-9 * np.abs(inputs).max())


def test_the_note_tells_every_slope_and_how_straight_the_spectrum_is(asked):
    note = CLAIM.note(asked)
    assert all(note.count(name) == 2 for name in SMALL)
    assert "wine 0.28 (0.96; 0.35 and 0.24)" in note


@pytest.mark.slow
def test_all_bundled_data_hold_what_is_claimed():
    verdict, _ = run_claim(CLAIM, CLAIM.canonical(0, True))
    assert verdict.verdict == "holds"
