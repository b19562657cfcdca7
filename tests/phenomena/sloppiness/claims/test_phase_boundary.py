"""Where three dimensions hold trajectories: verdict, outcomes, a wrong boundary."""

import dataclasses

import numpy as np
import pytest
from judging import failed

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import boundary_runs, phase_boundary
from linnet.phenomena.sloppiness.claims.phase_boundary import (
    EDGE,
    EXPLAINED,
    LAST,
    ON,
    OUTCOMES,
    RATIOS,
    PhaseBoundary,
)
from linnet.study import run_claim

CLAIM = PhaseBoundary()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_the_boundary_and_what_lies_beside_it_are_those_of_the_closed_form(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert len(verdict.comparisons) == len(OUTCOMES) + 2
    for comparison in verdict.comparisons:
        assert comparison.wrong_deviation is None or comparison.wrong_deviation > 20
    slopes, ratios, outcomes = figure.panels
    assert slopes.field is not None
    assert ratios.field is not None
    assert [series.role for series in outcomes.series].count("simulation") == 4


def test_all_four_outcomes_are_seen(asked):
    seen = CLAIM.observe(asked)
    kinds = {}
    for name, at in OUTCOMES.items():
        share = np.asarray(seen[phase_boundary._label(name)].value)
        kinds[name] = tuple((share[[0, -1]] >= boundary_runs.FRACTION).tolist())
        h = phase_boundary._variances(at.slope)
        found = theory.ribbon_boundary(phase_boundary._averages(at), h)
        assert kinds[name] == tuple(found.is_ribbon(RATIOS)[[0, -1]].tolist())
    assert len(set(kinds.values())) == 4


def test_the_settings_on_the_boundary_are_on_it():
    for at, ratio in ON.items():
        assert phase_boundary._law(at, [ratio]) == pytest.approx(0.95, abs=1e-4)


def test_dots_of_the_maps_have_the_shade_of_the_field_around_them(asked):
    for panel in CLAIM.figure(asked).panels[:2]:
        dots = panel.series[1]
        rows = [np.argmin(abs(panel.field.y - y)) for y in dots.y]
        columns = [np.argmin(abs(panel.field.x - x)) for x in dots.x]
        around = panel.field.values[rows, columns]
        assert np.abs(dots.shade - around).max() < 0.08
        assert np.abs(dots.shade - around).mean() < 0.015


def test_mean_squares_are_a_quadratic_in_the_size_of_targets():
    start, target, both, between = (
        boundary_runs._sums(LAST, sizes, 1, 128).sum(0)
        for sizes in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.3))
    )
    mixed = both - start - target
    found = start + 0.3 * mixed + 0.3**2 * target
    np.testing.assert_allclose(found, between, rtol=1e-9)


def test_a_share_that_never_passes_the_fraction_has_no_edge():
    assert np.isnan(boundary_runs._positive_root(1.0, 0.0, 1.0))
    assert boundary_runs._positive_root(-4.0, 0.0, 1.0) == pytest.approx(2.0)


def test_a_boundary_with_the_sizes_themselves_instead_of_their_squares_fails(
    asked, monkeypatch
):
    exact = theory.ribbon_boundary

    def linear(*given, **more):
        found = exact(*given, **more)
        return dataclasses.replace(found, missing=found.missing**2 / found.gained)

    monkeypatch.setattr(theory, "ribbon_boundary", linear)
    predicted = CLAIM.predict(asked)
    monkeypatch.undo()
    assert failed(CLAIM, asked, predicted) == {EDGE}


def test_targets_learned_twice_as_well_fail(asked, monkeypatch):
    exact = theory.random_target_spectrum

    def twice(variances, n, start, target, *more):
        return exact(variances, n, start, np.sqrt(2) * target, *more)

    monkeypatch.setattr(theory, "random_target_spectrum", twice)
    predicted = CLAIM.predict(asked)
    monkeypatch.undo()
    assert EXPLAINED in failed(CLAIM, asked, predicted)
