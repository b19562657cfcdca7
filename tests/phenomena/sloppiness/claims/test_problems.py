"""Data with a wished spectrum, and problems of them."""

import numpy as np

from linnet.phenomena.sloppiness.claims.problems import (
    posed,
    sloppy_variances,
    spectral_data,
)


def test_inputs_have_exactly_the_wished_spectrum():
    data = spectral_data(sloppy_variances(0.5, 6), 9, inputs=8, seed=3)
    assert data.inputs.shape == (9, 8)
    left, sizes, _ = np.linalg.svd(data.inputs, full_matrices=False)
    np.testing.assert_allclose(sizes[:6] ** 2 / 9, np.exp(-0.5 * np.arange(6)))
    np.testing.assert_allclose(np.abs(left[:, :6].T @ data.axes), np.eye(6), atol=1e-12)


def test_a_problem_holds_these_inputs_and_a_target_that_they_can_reach():
    data = spectral_data(sloppy_variances(1.0, 4), 7)
    problem = posed(data, "four directions", seed=2, quick=True)
    assert problem.canonical
    assert problem.dataset is not None
    np.testing.assert_array_equal(problem.dataset.inputs, data.inputs)
    assert problem.moments.minimal_loss() < 1e-12


def test_a_problem_may_have_labels_of_its_own():
    data = spectral_data(sloppy_variances(1.0, 4), 7)
    labels = np.arange(7.0)[:, None]
    problem = posed(data, "seven labels", seed=2, quick=True, targets=labels)
    np.testing.assert_array_equal(problem.dataset.targets, labels)
    assert problem.moments.minimal_loss() > 0.1
