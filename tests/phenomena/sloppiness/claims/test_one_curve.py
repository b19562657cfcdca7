"""One curve: its dimension knows of a range alone; wrong ranges and shapes fail."""

import numpy as np
import pytest
from judging import failed

from linnet.numerics import participation_ratio
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import one_curve
from linnet.phenomena.sloppiness.claims.one_curve import (
    DIMENSION,
    EXACT,
    EXPLAINED,
    RANGES,
    SLOPES,
    OneCurve,
)
from linnet.study import run_claim

CLAIM = OneCurve()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_one_curve_has_the_dimensions_of_its_range(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert {c.label for c in verdict.comparisons} == {DIMENSION, EXPLAINED, EXACT}
    assert all(c.tolerance < 0.15 for c in verdict.comparisons)
    slopes, shares = figure.panels
    assert [s.role for s in slopes.series].count("simulation") == len(RANGES)
    assert [s.role for s in shares.series].count("simulation") == len(SLOPES)


def test_corrections_are_no_larger_than_told(asked):
    seen = np.asarray(CLAIM.observe(asked)[DIMENSION])
    cases = one_curve._cases(asked)
    limits = theory.curve_dimension(np.array([length for _, length in cases]))
    told = np.array([one_curve._left_out(*case) for case in cases])
    assert (np.abs(seen / limits - 1) <= told).all()


@pytest.mark.parametrize("length", [6.0, 8.0, 20.0])
def test_the_spacing_counts_as_told(length):
    """Of the sum instead of the integral alone, at c where its order shows."""
    for slope in (0.5, 1.0, 2.0):
        toeplitz = theory.sech_toeplitz(round(length / slope), slope)
        found = participation_ratio(np.linalg.eigvalsh(toeplitz))
        told = slope**2 / (48 * np.log(np.cosh(length / 2)))
        gap = theory.curve_dimension(length) / found - 1
        assert abs(gap - told) < 0.1 * told + np.exp(-(np.pi**2) / slope)


def test_full_runs_add_a_gentle_slope_and_a_long_range():
    cases = one_curve._cases(CLAIM.canonical(0, False))
    assert (one_curve.GENTLE, 8.0) in cases
    assert (0.25, one_curve.LONG) in cases
    assert len(set(cases)) == len(cases)


def test_weights_are_those_of_steps_halfway_to_the_neighbors():
    steps = one_curve._steps(6.0)
    assert (np.diff(steps) > 0).all()
    weights = one_curve._weights(steps)
    assert weights.sum() == pytest.approx(1)
    assert weights @ steps == pytest.approx(steps[-1] / 2, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("curve_dimension", {DIMENSION}),
        ("curve_spectrum", {EXPLAINED}),
        ("fixed_target_spectrum", {EXACT}),
    ],
)
def test_a_curve_of_another_shape_fails(asked, monkeypatch, name, labels):
    exact = getattr(theory, name)

    def other(*given, **more):
        found = exact(*given, **more)
        return found * 1.2 if name != "fixed_target_spectrum" else found**1.001

    monkeypatch.setattr(theory, name, other)
    predicted = CLAIM.predict(asked)
    monkeypatch.undo()
    assert failed(CLAIM, asked, predicted) == labels
