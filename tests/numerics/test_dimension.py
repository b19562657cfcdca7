import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from linnet.numerics import dimensions_to, explained_stress, explained_variance

NUMBERS = st.floats(-1e100, 1e100).map(lambda x: x if abs(x) > 1e-290 else 0.0)
SIGNED = arrays(float, 7, elements=NUMBERS).filter(np.any)  # an eighth keeps its digits


@pytest.mark.parametrize("slope", [0.05, 0.5, 2.0])
def test_a_long_geometric_spectrum_explains_the_same_in_both_measures(slope):
    spectrum = np.exp(-slope * np.arange(int(40 / slope)))
    expected = 1 - np.exp(-slope * np.arange(1, 5))
    for measure in (explained_variance, explained_stress):
        np.testing.assert_allclose(measure(spectrum)[:4], expected, rtol=1e-13)


def test_stress_is_what_the_truncated_matrix_misses_in_frobenius_norm():
    generator = np.random.default_rng(0)
    half = generator.normal(size=(6, 6))
    matrix = half + half.T
    eigenvalues, basis = np.linalg.eigh(matrix)
    order = np.argsort(-np.abs(eigenvalues))
    for k in range(1, 7):
        kept = order[:k]
        near = basis[:, kept] * eigenvalues[kept] @ basis[:, kept].T
        missed = np.linalg.norm(matrix - near) / np.linalg.norm(matrix)
        np.testing.assert_allclose(
            explained_stress(eigenvalues)[k - 1], 1 - missed, rtol=1e-12
        )


@given(SIGNED)
def test_what_is_explained_rises_to_one_whatever_the_order_and_scale(spectrum):
    for measure, values in (
        (explained_variance, np.abs(spectrum)),
        (explained_stress, spectrum),
    ):
        share = measure(values)
        assert (np.diff(share) >= 0).all()
        assert share[0] > 0
        assert share[-1] == 1
        np.testing.assert_array_equal(share, measure(values[::-1]))
        np.testing.assert_allclose(share, measure(values / 8), rtol=1e-12)


def test_grids_of_spectra_are_explained_one_by_one():
    grid = np.random.default_rng(1).normal(size=(2, 3, 5))
    both = explained_stress(grid)
    assert both.shape == grid.shape
    np.testing.assert_array_equal(both[1, 2], explained_stress(grid[1, 2]))
    fractions = np.array([[0.5], [0.9]])
    counts = dimensions_to(both, fractions)
    assert counts.shape == (2, 3)
    for row, column in np.ndindex(2, 3):
        k = counts[row, column]
        assert both[row, column, k - 1] >= fractions[row, 0]
        assert k == 1 or both[row, column, k - 2] < fractions[row, 0]


def test_all_is_explained_by_the_values_that_are_not_zero():
    assert dimensions_to(explained_variance([2.0, 0.0, 2.0]), 1.0) == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: explained_variance([1.0, -0.1]), "must be >= 0, but holds -0.1"),
        (lambda: explained_variance([]), "must have values along its last axis"),
        (lambda: explained_variance(1.0), "must have values along its last axis"),
        (lambda: explained_stress([np.nan]), "`eigenvalues` must be finite"),
        (lambda: explained_stress([[1.0], [0.0]]), "must not be all zero"),
        (lambda: dimensions_to(np.ones(2), 0.0), r"must lie in \(0, 1\], but is 0"),
        (lambda: dimensions_to(np.ones(2), np.nan), r"must lie in \(0, 1\]"),
        (lambda: dimensions_to(np.array([1, 0.5]), 0.5), "must rise to 1"),
        (lambda: dimensions_to(np.array([0.3, 0.5]), 0.5), "must rise to 1"),
    ],
)
def test_what_is_no_spectrum_or_share_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
