import itertools

import numpy as np
import plain_epochs as plain
import pytest
from scipy.linalg import solve_discrete_lyapunov
from scipy.optimize import brentq

from linnet.phenomena.fluctuations import theory


def problem(n=40, d=3, k=2, **given):
    """A minimum of plain draws, with inputs of several scales."""
    draws = np.random.default_rng(3)
    inputs = draws.standard_normal((n, d)) * np.linspace(1.2, 0.4, d)
    targets = draws.standard_normal((n, k))
    return inputs, targets, theory.least_squares_minimum(inputs, targets, **given)


def heavy_ball(hessian, rate, momentum):
    """One step of (w, v) without noise, as one matrix, and where the noise enters."""
    one = np.eye(len(hessian))
    step = np.block(
        [[one - rate * hessian, momentum * one], [-rate * hessian, momentum * one]]
    )
    return step, -rate * np.vstack([one, one])


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_modes_and_pairs_solve_the_dense_equation_of_positions_and_velocities(
    momentum, weight_decay
):
    inputs, targets, minimum = problem(weight_decay=weight_decay)
    rate, factor = 0.4, 0.2
    missed = targets - inputs @ minimum.end_to_end.T
    gradients = np.einsum("nk,nd->nkd", missed, inputs).reshape(40, -1)
    noise = np.cov(gradients.T, bias=True)
    hessian = np.kron(np.eye(2), inputs.T @ inputs / 40 + weight_decay * np.eye(3))
    step, entry = heavy_ball(hessian, rate, momentum)
    solved = solve_discrete_lyapunov(step, factor * entry @ noise @ entry.T)
    weights = theory.momentum_covariance(minimum, rate, factor, momentum)
    moving = theory.velocity_covariance(minimum, rate, factor, momentum)
    np.testing.assert_allclose(minimum.full(weights), solved[:6, :6], atol=1e-13)
    np.testing.assert_allclose(minimum.full(moving), solved[6:, 6:], atol=1e-13)
    for a in range(2):
        given = (minimum.curvatures, gradient_variance(minimum, a))
        diagonal = theory.mode_variance(*given, rate, factor, momentum)
        np.testing.assert_allclose(diagonal, np.diag(weights[a, a]), rtol=1e-10)
        diagonal = theory.velocity_variance(*given, rate, factor, momentum)
        np.testing.assert_allclose(diagonal, np.diag(moving[a, a]), rtol=1e-10)


def gradient_variance(minimum, output):
    gradients = minimum.residuals[:, output, None] * minimum.coordinates
    return gradients.var(axis=0)


def written_out(inputs, targets, minimum, rate, momentum):
    """Map of the second moment of (w, v) and what it adds, over all pairs."""
    size = 2 * minimum.end_to_end.size
    square, source = np.zeros((size**2,) * 2), np.zeros((size, size))
    batches = list(itertools.combinations(range(len(inputs)), 2))
    missed, decay = targets - inputs @ minimum.end_to_end.T, minimum.weight_decay
    for batch in batches:
        x, r = inputs[list(batch)], missed[list(batch)]
        hessian = x.T @ x / 2 + decay * np.eye(x.shape[1])
        step, entry = heavy_ball(np.kron(np.eye(r.shape[1]), hessian), rate, momentum)
        kick = entry @ (-r.T @ x / 2 + decay * minimum.end_to_end).ravel()
        square += np.kron(step, step) / len(batches)
        source += np.outer(kick, kick) / len(batches)
    return square, source


def settled(square, source):
    """Stationary covariance of the weights."""
    size = len(source)
    solved = np.linalg.solve(np.eye(size**2) - square, source.ravel())
    return solved.reshape(size, size)[: size // 2, : size // 2]


@pytest.mark.parametrize("momentum", [0.0, 0.6])
@pytest.mark.parametrize("weight_decay", [0.0, 0.2])
def test_the_exact_covariance_is_that_of_all_batches_written_out(
    momentum, weight_decay
):
    inputs, targets, minimum = problem(n=6, d=2, k=2, weight_decay=weight_decay)
    rate = 0.3
    factor = theory.batch_noise("without_replacement", 6, 2)
    said = theory.exact_momentum_covariance(minimum, rate, factor, momentum)
    seen = settled(*written_out(inputs, targets, minimum, rate, momentum))
    np.testing.assert_allclose(minimum.full(said), seen, rtol=1e-9, atol=1e-12)
    additive = theory.momentum_covariance(minimum, rate, factor, momentum)
    assert np.trace(minimum.full(additive)) < 0.98 * np.trace(seen)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.2])
def test_the_covariance_is_found_up_to_where_the_second_moment_explodes(
    momentum, weight_decay
):
    inputs, targets, minimum = problem(n=5, d=2, k=1, weight_decay=weight_decay)
    factor = theory.batch_noise("without_replacement", 5, 2)

    def excess(rate):
        square, _ = written_out(inputs, targets, minimum, rate, momentum)
        return np.abs(np.linalg.eigvals(square)).max() - 1

    edge = brentq(excess, 0.2 * (1 - momentum), 5, xtol=1e-13)
    below, above = (1 - 1e-6) * edge, (1 + 1e-6) * edge
    seen = settled(*written_out(inputs, targets, minimum, below, momentum))
    said = theory.exact_momentum_covariance(minimum, below, factor, momentum)
    np.testing.assert_allclose(minimum.full(said), seen, rtol=1e-6)
    for rate in (above, 1.2 * edge):
        with pytest.raises(ValueError, match="second moments of the weights grow"):
            theory.exact_momentum_covariance(minimum, rate, factor, momentum)


def test_a_solver_that_does_not_get_there_says_so(monkeypatch):
    minimum = problem()[2]
    monkeypatch.setattr(theory.SecondMoment, "solve", lambda *_: None)
    with pytest.raises(ArithmeticError, match=r"covariance was not found.*1 is the"):
        theory.exact_momentum_covariance(minimum, 0.2, 0.3, 0.5)


def test_without_momentum_both_covariances_are_those_of_plain_sgd():
    minimum = problem(weight_decay=0.1)[2]
    plain_sgd = theory.additive_covariance(minimum, 0.2, 0.3)
    said = theory.momentum_covariance(minimum, 0.2, 0.3)
    np.testing.assert_allclose(said, plain_sgd, rtol=1e-10, atol=1e-15)
    plain_sgd = theory.exact_covariance(minimum, 0.2, 0.3)
    said = theory.exact_momentum_covariance(minimum, 0.2, 0.3)
    np.testing.assert_allclose(said, plain_sgd, rtol=1e-9, atol=1e-13)


@pytest.mark.statistical
def test_sgd_with_momentum_spreads_as_far_as_the_law_says():
    inputs, targets, minimum = problem(n=30, d=2, k=1)
    draws, rate, momentum = np.random.default_rng(0), 0.1, 0.7
    start = np.tile(minimum.end_to_end, (6000, 1, 1))
    weights, _ = plain.independent(
        inputs, targets, 6, rate, momentum, 250, start, draws
    )
    squares = ((weights - minimum.end_to_end)[:, 0] @ minimum.basis) ** 2
    error = squares.std(axis=0) / np.sqrt(len(squares))
    factor = theory.batch_noise("without_replacement", 30, 6)
    said = theory.exact_momentum_covariance(minimum, rate, factor, momentum)
    said = np.diag(said[0, 0])
    undamped = theory.exact_momentum_covariance(minimum, rate, factor)
    assert (np.abs(squares.mean(axis=0) - said) < 4 * error).all()
    for wrong in (2 * said, np.diag(undamped[0, 0])):  # a factor; momentum forgotten
        assert (np.abs(squares.mean(axis=0) - wrong) > 10 * error).all()


def test_no_stationary_state_is_refused():
    minimum = problem()[2]
    for momentum in (0.0, 0.5):
        edge = 2 * (1 + momentum) / 1.5
        theory.mode_variance(1.5, 1.0, 0.999 * edge, 0.1, momentum)
        with pytest.raises(ValueError, match="SGD diverges and has no stationary"):
            theory.mode_variance(1.5, 1.0, edge, 0.1, momentum)
    with pytest.raises(ValueError, match="SGD diverges"):
        theory.momentum_covariance(minimum, 5.0, 0.1, 0.2)
    with pytest.raises(ValueError, match="second moments of the weights grow"):
        theory.exact_momentum_covariance(minimum, 0.9, 1.0, 0.5)


def test_bad_input_is_refused():
    for given, message in (
        ((0.0, 1.0, 0.1, 0.1), "`curvature` must be positive and finite"),
        ((1.0, -1.0, 0.1, 0.1), "`gradient_variance` must be finite and >= 0"),
        ((1.0, 1.0, 0.0, 0.1), "`learning_rate` must be positive"),
        ((1.0, 1.0, 0.1, -0.1), r"`noise_factor` must be in \[0, 1\], but is -0.1"),
        ((1.0, 1.0, 0.1, 0.1, 1.0), r"`momentum` must be in \[0, 1\), but is 1.0"),
    ):
        with pytest.raises(ValueError, match=message):
            theory.mode_variance(*given)
