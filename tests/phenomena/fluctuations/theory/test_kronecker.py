import tracemalloc

import numpy as np
import pytest

from linnet.phenomena.fluctuations import theory


def problem(d, h, k, seed=0, rank=None):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(4 * d, d)) * np.geomspace(0.3, 2, d)
    if rank is not None:
        inputs[:, rank:] = 0
    weights = rng.normal(size=(h, d)), rng.normal(size=(k, h))
    return weights, inputs.T @ inputs / len(inputs)


def dense(weights, xx):
    full = theory.jacobian(weights)
    return full.T @ np.kron(np.eye(len(weights[1])), xx) @ full


CASES = [(4, 5, 3), (5, 2, 4), (6, 6, 1), (3, 1, 5)]


@pytest.mark.parametrize("sizes", CASES)
@pytest.mark.parametrize("rank", [None, 2])
def test_blocks_give_the_eigenpairs_of_the_whole_hessian(sizes, rank):
    weights, xx = problem(*sizes, rank=rank)
    whole = dense(weights, xx)
    found = theory.two_layer_hessian(weights, xx)
    values = found.eigenvalues[found.moving]
    vectors = found.eigenvectors()
    scale = np.linalg.norm(whole, 2)
    assert found.rank == vectors.shape[1] == np.linalg.matrix_rank(whole, rtol=1e-11)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(found.rank), atol=1e-10)
    np.testing.assert_allclose(whole @ vectors, vectors * values, atol=1e-12 * scale)
    seen = np.linalg.eigvalsh(whole)[-found.rank :]
    np.testing.assert_allclose(np.sort(values), seen, atol=1e-12 * scale)
    full = theory.jacobian(weights) @ vectors
    turned = np.kron(np.eye(sizes[2]), found.basis) @ found.images()
    inside = np.kron(np.eye(sizes[2]), found.basis @ found.basis.T)
    np.testing.assert_allclose(turned, inside @ full, atol=1e-10)


@pytest.mark.parametrize("sizes", CASES)
def test_variances_from_factors_are_the_diagonal_of_the_covariance(sizes):
    weights, xx = problem(*sizes)
    values, vectors = np.linalg.eigh(dense(weights, xx))
    moves = values > 1e-10 * values.max()
    rate = 0.7 / values.max()
    for given, slack in ((None, 0.0), (rate, rate)):
        mode = np.where(moves, 2 * 0.3 / (2 - slack * values), 0.0)
        said = theory.stationary_layer_variances(
            theory.two_layer_hessian(weights, xx), 0.3, learning_rate=given
        )
        np.testing.assert_allclose(
            np.concatenate([part.ravel() for part in said]),
            vectors**2 @ mode,
            rtol=1e-9,
        )
    white = theory.white_covariance(weights, 0.3).variances()
    found = theory.stationary_layer_variances(
        theory.two_layer_hessian(weights, xx), 0.3
    )
    for one, two in zip(found, white, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9)


def test_what_does_not_move_is_counted_with_its_gap():
    first, second = np.diag([1.0, 0.0]), np.diag([1.0, 0.0])
    found = theory.two_layer_hessian((first, second), np.eye(2))
    assert found.rank == 3
    assert found.gap > 1e6
    assert np.isfinite(found.eigenvectors()).all()


def test_thirty_thousand_weights_fit_into_a_fraction_of_one_matrix():
    weights, xx = problem(128, 128, 128)
    tracemalloc.start()
    found = theory.two_layer_hessian(weights, xx)
    said = theory.stationary_layer_variances(found, 0.3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6 < 8 * 32768**2
    assert found.rank == 128**2
    trace = (weights[1] ** 2).sum() * np.trace(xx)
    trace += 128 * np.trace(weights[0] @ xx @ weights[0].T)
    assert found.eigenvalues.sum() == pytest.approx(trace, rel=1e-12)
    white = sum(share.sum() for share in theory.white_layer_variances(weights, 0.3))
    assert sum(part.sum() for part in said) == pytest.approx(white, rel=1e-9)


def test_bad_input_is_refused():
    weights, xx = problem(4, 5, 3)
    with pytest.raises(ValueError, match=r"`xx` must be \(4, 4\)"):
        theory.two_layer_hessian(weights, np.eye(3))
    with pytest.raises(ValueError, match="finite and symmetric"):
        theory.two_layer_hessian(weights, np.triu(xx))
    with pytest.raises(ValueError, match="a moment of inputs"):
        theory.two_layer_hessian(weights, -xx)
    with pytest.raises(ValueError, match="two layers here, but holds 1"):
        theory.two_layer_hessian(weights[:1], xx)
    found = theory.two_layer_hessian(weights, xx)
    edge = 2 / found.eigenvalues.max()
    with pytest.raises(ValueError, match="where descent is stable"):
        theory.stationary_layer_variances(found, 0.1, learning_rate=edge)
    with pytest.raises(ValueError, match="`temperature` must be finite"):
        theory.stationary_layer_variances(found, -0.1)
