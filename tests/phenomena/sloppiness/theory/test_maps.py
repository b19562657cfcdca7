"""Maps against single spectra, one at a time, and what they refuse."""

import numpy as np
import pytest

from linnet.numerics import explained_variance, participation_ratio
from linnet.phenomena.sloppiness import theory

FOLDS = np.geomspace(1e-4, 1e8, 17)


def single(slope, folds, ratio, step, modes):
    """One spectrum, its explained share, its participation ratio, its boundary."""
    h = np.exp(-slope * np.arange(modes or int(110 / slope)))
    if step is None:
        means = theory.flow_averages(folds * h)
    else:
        means = theory.descent_averages(step * h, max(round(folds / step), 1))
    v = h * (means.start + ratio**2 * means.target)
    share = explained_variance(v)[2]
    return share, participation_ratio(v), theory.ribbon_boundary(means, h)


@pytest.mark.parametrize("step", [None, 0.3, 1.0, 1.99])
@pytest.mark.parametrize("modes", [None, 5, 60])
def test_a_map_over_slopes_is_made_of_single_spectra(step, modes):
    slopes, ratio = np.array([0.05, 0.9, 2.5]), 0.3
    plane = theory.slope_map(slopes, FOLDS, ratio, step=step, modes=modes)
    for i, slope in enumerate(slopes):
        for j, folds in enumerate(FOLDS):
            share, dimension, edge = single(slope, folds, ratio, step, modes)
            assert plane.explained[i, j] == pytest.approx(share, rel=1e-12)
            assert plane.participation[i, j] == pytest.approx(dimension, rel=1e-12)
            assert plane.boundary.kind[i, j] == edge.kind
            assert plane.boundary.ratio[i, j] == pytest.approx(edge.ratio, rel=1e-11)


@pytest.mark.parametrize("step", [None, 0.3])
def test_a_map_over_ratios_is_made_of_single_spectra(step):
    ratios = np.array([0.0, 0.1, 10.0])
    plane = theory.ratio_map(ratios, FOLDS, 0.7, step=step)
    for i, ratio in enumerate(ratios):
        for j, folds in enumerate(FOLDS):
            share, dimension, edge = single(0.7, folds, ratio, step, None)
            assert plane.explained[i, j] == pytest.approx(share, rel=1e-12)
            assert plane.participation[i, j] == pytest.approx(dimension, rel=1e-12)
            assert plane.boundary.ratio[j] == pytest.approx(edge.ratio, rel=1e-11)


def test_the_explained_share_crosses_the_fraction_where_the_boundary_is():
    slopes, folds = np.linspace(0.4, 2, 30), np.geomspace(0.1, 1e5, 40)
    plane = theory.slope_map(slopes, folds, 0.5, fraction=0.9, dimensions=2)
    np.testing.assert_array_equal(plane.boundary.is_ribbon(0.5), plane.explained >= 0.9)


def test_a_map_over_ratios_says_ribbon_above_its_boundary():
    ratios = np.geomspace(1e-3, 10, 50)
    plane = theory.ratio_map(ratios, np.geomspace(1, 1e5, 60), 1.2)
    np.testing.assert_array_equal(
        plane.boundary.is_ribbon(ratios[:, None]), plane.explained >= 0.95
    )


def test_both_ends_of_training_have_the_dimension_of_the_inputs():
    slopes = np.array([0.3, 1.0])
    plane = theory.slope_map(slopes, [1e-9, 1e12], 1.0)
    ends = np.repeat(1 / np.tanh(slopes / 2)[:, None], 2, axis=1)
    np.testing.assert_allclose(plane.participation, ends, rtol=1e-6)


def test_descent_of_small_steps_is_the_flow_and_of_large_steps_is_not():
    folds = np.array([1.0, 100.0])
    flow = theory.slope_map([0.5], folds, 0.1).participation
    gaps = [
        np.abs(theory.slope_map([0.5], folds, 0.1, step=step).participation / flow - 1)
        for step in (0.01, 0.001, 1.5)
    ]
    np.testing.assert_allclose(gaps[0] / gaps[1], 10, rtol=0.1)
    assert gaps[2].min() > 0.01


def test_the_strongest_targets_do_not_overflow():
    ends = theory.slope_map([0.001, 1.0], [1e-12, 1.0, 1e12], 1e70).participation
    assert np.isfinite(ends).all()
    np.testing.assert_allclose(ends[:, 2], 1 / np.tanh([0.0005, 0.5]), rtol=1e-6)


def test_folds_of_descent_are_those_of_whole_numbers_of_points():
    plane = theory.slope_map([0.5], [0.001, 1.0, 10.1], 0.1, step=0.5)
    np.testing.assert_allclose(plane.folds, [0.5, 1.0, 10.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.slope_map([0.0], FOLDS, 1.0), "`slopes` must be positive"),
        (lambda: theory.slope_map([1e-4], FOLDS, 1.0), "`slopes` must be at least"),
        (lambda: theory.slope_map(1.0, FOLDS, 1.0), "`slopes` must be a row"),
        (lambda: theory.slope_map([1.0], FOLDS[::-1], 1.0), "`folds` must rise"),
        (lambda: theory.slope_map([1.0], [1e-20], 1.0), r"`folds` must lie in"),
        (lambda: theory.slope_map([1.0], FOLDS, -1.0), "`target_ratio` must be"),
        (lambda: theory.slope_map([1.0], FOLDS, 1.0, step=2.1), "diverges"),
        (lambda: theory.slope_map([1.0], FOLDS, 1.0, step=0.0), "`step` must be"),
        (lambda: theory.slope_map([1.0], FOLDS, 1.0, modes=3), "above `dimensions`"),
        (lambda: theory.slope_map([1.0], FOLDS, 1.0, modes=3.5), "`modes` must be"),
        (lambda: theory.slope_map([1.0], FOLDS, 1.0, fraction=0), "`fraction` must"),
        (lambda: theory.ratio_map([], FOLDS, 1.0), "`target_ratios` must be .* row"),
        (lambda: theory.ratio_map([-1.0], FOLDS, 1.0), "`target_ratios` must be fin"),
        (lambda: theory.ratio_map([1.0], FOLDS, 1e-5), "`slope` must be at least"),
        (lambda: theory.ratio_map([1.0], FOLDS, np.nan), "`slope` must be positive"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
