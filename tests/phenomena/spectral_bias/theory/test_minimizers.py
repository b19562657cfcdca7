"""Searches that know no closed formula end where the closed formulas say."""

from functools import cache

import numpy as np
import plain_training as plain
import pytest

from linnet.phenomena.spectral_bias import theory

SHAPES = {  # samples, inputs, outputs
    "more samples than inputs": (20, 5, 3),
    "fewer samples than inputs": (3, 5, 3),
    "more outputs than inputs": (3, 4, 6),
    "one output": (2, 5, 1),
    "one input": (8, 1, 2),
}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
scales = pytest.mark.parametrize("gamma", [1e-2, 0.3, 5.0])


@cache
def task(shape):
    """Moments, and layers drawn at random."""
    n, d, k = shape
    rng = np.random.default_rng(7)
    start = rng.normal(size=(d, d)), rng.normal(size=(k, d))
    return plain.moments(5, n=n, d=d, k=k), start


def close(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


@shapes
@scales
def test_the_kernel_form_has_the_closed_kernel_as_its_minimizer(shape, gamma):
    moments, (first, _) = task(shape)
    limit = theory.end_to_end_limit(moments)
    found = theory.kernel_minimizer(moments, gamma, first.T @ first)
    close(found, theory.gram_matrices(limit, gamma)[0])


@shapes
@scales
def test_the_parameter_form_has_the_closed_gram_matrices_as_its_minimizer(shape, gamma):
    moments, start = task(shape)
    limit = theory.end_to_end_limit(moments)
    first, second = theory.parameter_minimizer(moments, gamma, start)
    inputs, outputs = theory.gram_matrices(limit, gamma)
    close(first.T @ first, inputs)
    close(second @ second.T, outputs)
    close(second @ first, limit)
    assert theory.parameter_stationarity((first, second), moments, gamma) < 1e-6


@shapes
@scales
def test_the_product_form_has_the_least_norm_solution_as_its_minimizer(shape, gamma):
    moments, (first, second) = task(shape)
    found = theory.product_minimizer(moments, gamma, second @ first)
    close(found, theory.end_to_end_limit(moments))


@shapes
def test_all_three_minimizers_need_the_same_penalty(shape):
    gamma = 0.3
    moments, start = task(shape)
    d = len(moments.xx)
    layers = theory.parameter_minimizer(moments, gamma, start)
    kernel = theory.kernel_minimizer(moments, gamma, start[0].T @ start[0])
    product = theory.product_minimizer(moments, gamma, start[1] @ start[0])
    sigma = np.linalg.svd(product, compute_uv=False)
    idle = (d - len(sigma)) * theory.mode_penalty(0.0, gamma)
    least = theory.mode_penalty(sigma, gamma).sum() + idle
    assert theory.parameter_penalty(layers, gamma) == pytest.approx(least, rel=1e-10)
    assert theory.kernel_penalty(kernel, moments, gamma)[0] == pytest.approx(
        least, rel=1e-10
    )


def test_every_start_leads_to_the_same_minimizer():
    moments, _ = task(SHAPES["fewer samples than inputs"])
    found = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        start = 10.0 ** rng.uniform(-1, 1) * rng.normal(size=(5, 5))
        found.append(theory.kernel_minimizer(moments, 0.3, start.T @ start))
    for kernel in found[1:]:
        close(kernel, found[0])


@pytest.mark.parametrize("size", [1e-4, 1e4])
def test_units_of_the_targets_are_units_of_the_answer(size):
    moments, (first, second) = task(SHAPES["fewer samples than inputs"])
    other = type(moments)(
        moments.xx, size * moments.yx, size**2 * moments.yy, moments.n
    )
    root = np.sqrt(size)
    start = (root * first, root * second)
    inputs, outputs = theory.gram_matrices(theory.end_to_end_limit(other), 0.3 * size)
    kernel = theory.kernel_minimizer(other, 0.3 * size, size * first.T @ first)
    found = theory.parameter_minimizer(other, 0.3 * size, start)
    product = theory.product_minimizer(other, 0.3 * size, size * second @ first)
    close(kernel, inputs)
    close(product, theory.end_to_end_limit(other))
    close(found[0].T @ found[0], inputs)
    close(found[1] @ found[1].T, outputs)


def test_a_search_that_is_given_up_says_how_far_it_came():
    moments, start = task(SHAPES["fewer samples than inputs"])
    message = "not found: after 2 steps its slope is .*, above .*Allow more `max_steps`"
    with pytest.raises(RuntimeError, match=message):
        theory.kernel_minimizer(moments, 0.3, start[0].T @ start[0], max_steps=2)
    with pytest.raises(RuntimeError, match=message):
        theory.parameter_minimizer(moments, 0.3, start, max_steps=2)
    with pytest.raises(RuntimeError, match=message):
        theory.product_minimizer(moments, 0.3, start[1] @ start[0], max_steps=2)


def test_bad_starts_are_refused():
    moments, (first, second) = task(SHAPES["fewer samples than inputs"])
    with pytest.raises(ValueError, match="`gamma` must be positive"):
        theory.kernel_minimizer(moments, 0.0, np.eye(5))
    with pytest.raises(ValueError, match="`gamma` must be positive"):
        theory.product_minimizer(moments, -1.0, second)
    with pytest.raises(ValueError, match=r"positive definite matrix \(5, 5\)"):
        theory.kernel_minimizer(moments, 0.3, -np.eye(5))
    with pytest.raises(ValueError, match=r"\(5, 5\), but it is \(6, 5\) of rank 1"):
        theory.parameter_minimizer(moments, 0.3, (np.ones((6, 5)), np.ones((3, 6))))
    with pytest.raises(ValueError, match=r"\(5, 5\), but it is \(5, 5\) of rank 1"):
        theory.parameter_minimizer(moments, 0.3, (np.ones((5, 5)), second))
    with pytest.raises(ValueError, match="must be two layers, but holds 1"):
        theory.parameter_minimizer(moments, 0.3, (second,))
    with pytest.raises(ValueError, match="must have 5 inputs, but has 4"):
        theory.parameter_minimizer(moments, 0.3, (np.eye(4), np.ones((3, 4))))
    with pytest.raises(ValueError, match="like the moments, but is"):
        theory.product_minimizer(moments, 0.3, first)
