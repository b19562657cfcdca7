import dataclasses

import numpy as np
import plain_layers as plain
import pytest
from scipy.linalg import solve_continuous_lyapunov, solve_discrete_lyapunov

from linnet.network import end_to_end, flatten
from linnet.phenomena.fluctuations import theory

N = 40


def white_inputs(d, seed=0):
    raw = np.random.default_rng(seed).normal(size=(N, d))
    return raw @ np.linalg.inv(np.linalg.cholesky(raw.T @ raw / N)).T


def data(d, k, noise, seed=0):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(N, d))
    teacher = rng.normal(size=(d, k))
    return inputs, inputs @ teacher + noise * rng.normal(size=(N, k))


def split_in(product, depth, seed=0):
    """Square layers before the last, orthogonal, with a product as given."""
    d = product.shape[1]
    rng = np.random.default_rng(seed)
    layers = [np.linalg.qr(rng.normal(size=(d, d)))[0] for _ in range(depth - 1)]
    return (*layers, product @ end_to_end(tuple(layers)).T)


def bottleneck(product, width, depth=2):
    """Balanced layers at the best product of rank `width`, for white inputs."""
    left, singular, right = np.linalg.svd(product)
    sizes = singular[:width] ** (1 / depth)
    inner = np.linalg.qr(np.random.default_rng(8).normal(size=(width + 1, width)))[0]
    first, last = sizes[:, None] * right[:width], left[:, :width] * sizes
    return (first, last) if depth == 2 else (first, inner * sizes, last @ inner.T)


def case(name):
    """Data, layers at a minimum, weight decay, batch size."""
    if name == "bottleneck":
        inputs = white_inputs(3)
        noise = 0.1 * np.random.default_rng(2).normal(size=(N, 3))
        targets = inputs @ np.diag([1.5, 1.2, 0.5]) + noise
        product = theory.least_squares_minimum(inputs, targets).end_to_end
        return inputs, targets, bottleneck(product, 2), 0.0, 20
    if name == "deep bottleneck":
        inputs, targets, *_ = case("bottleneck")
        product = theory.least_squares_minimum(inputs, targets).end_to_end
        return inputs, targets, bottleneck(product, 2, depth=3), 0.0, 20
    if name == "weight decay":
        inputs, targets, *_ = case("bottleneck")
        product = theory.least_squares_minimum(inputs, targets).end_to_end
        return inputs, targets, theory.decayed_layers(product, 1.0, 0.2, 3), 0.2, 20
    depth = {"two layers": 2, "three layers": 3}[name]
    inputs, targets = data(3, 2, 0.02)
    product = theory.least_squares_minimum(inputs, targets).end_to_end
    return inputs, targets, split_in(product, depth), 0.0, 1


NAMES = [
    "two layers",
    "three layers",
    "bottleneck",
    "deep bottleneck",
    "weight decay",
]


def said(name, level, rate=0.02, **replaced):
    inputs, targets, layers, decay, batch = case(name)
    given = {"noise_factor": 1 / batch, "weight_decay": decay} | replaced
    minimum = theory.least_squares_minimum(inputs, targets)
    return theory.quasi_stationary(
        minimum, layers, learning_rate=rate, level=level, **given
    )


def by_hand(name):
    """Hessian by differences, and the noise of one sample, over all weights."""
    inputs, targets, layers, decay, _ = case(name)
    rows = np.array(
        [
            plain.joined([pull[0] for pull in pulls])
            for pulls in (
                plain.gradients([layer[None] for layer in layers], x, y)
                for x, y in zip(
                    inputs[:, None, None], targets[:, None, None], strict=True
                )
            )
        ]
    )
    return plain.hessian(layers, inputs, targets, decay), np.cov(rows.T, bias=True)


@pytest.mark.parametrize("name", NAMES)
def test_two_levels_solve_the_lyapunov_equation_of_the_whole_network(name):
    hessian, noise = by_hand(name)
    rate = 0.1
    for level, solve in (
        ("continuum", lambda k, c: solve_continuous_lyapunov(k, rate * c)),
        (
            "additive",
            lambda k, c: solve_discrete_lyapunov(
                np.eye(len(k)) - rate * k, rate**2 * c
            ),
        ),
    ):
        found = said(name, level, rate, noise_factor=1.0)
        basis = found.basis
        reduced = solve(basis.T @ hessian @ basis, basis.T @ noise @ basis)
        expected = basis @ reduced @ basis.T
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found.covariance(), expected, atol=2e-5 * scale)
        np.testing.assert_allclose(noise @ basis @ basis.T, noise, atol=1e-9)
        excess = np.trace(hessian @ expected) / 2
        assert found.excess_loss == pytest.approx(excess, rel=1e-5)


def wrong_theories(name):
    """Covariances on the range that leave out what this case is about."""
    inputs, targets, layers, decay, batch = case(name)
    if batch == 1:  # noise that depends on the weights
        yield said(name, "additive").reduced
        return
    found, full = said(name, "continuum"), theory.jacobian(layers)
    _, noise = by_hand(name)
    basis, k = found.basis, len(layers[-1])
    flat = full.T @ np.kron(np.eye(k), inputs.T @ inputs / N) @ full
    without = basis.T @ flat @ basis + decay * np.eye(found.rank)
    yield solve_continuous_lyapunov(without, 0.02 / batch * basis.T @ noise @ basis)
    if decay:  # the mean gradient taken for noise
        residuals = targets - inputs @ end_to_end(layers).T
        rows = (residuals[:, :, None] * inputs[:, None, :]).reshape(N, -1)
        raw = rows @ full @ basis
        yield solve_continuous_lyapunov(
            np.diag(found.curvatures), 0.02 / batch * raw.T @ raw / N
        )


@pytest.mark.parametrize("name", NAMES)
def test_sgd_fluctuates_as_the_exact_level_says(name):
    inputs, targets, layers, decay, batch = case(name)
    found = said(name, "exact")
    samples = plain.second_moments(
        layers,
        inputs,
        targets,
        np.random.default_rng(1),
        found.basis,
        burn=700,
        every=10,
        rate=0.02,
        batch=batch,
        steps=1700,
        replicas=400,
        weight_decay=decay,
    )
    upper = np.triu_indices(found.rank)
    assert plain.chance(samples, found.reduced[upper]) > 1e-4
    traces = samples[:, upper[0] == upper[1]].sum(axis=1)
    assert abs(plain.z_of(traces, found.total_variance)) < 4
    assert abs(plain.z_of(traces, 2 * found.total_variance)) > 10
    for wrong in wrong_theories(name):
        assert plain.chance(samples, wrong[upper]) < 1e-12


def test_the_residual_part_of_the_hessian_counts_where_a_gradient_is_left():
    for name in ("bottleneck", "deep bottleneck", "weight decay"):
        inputs, _, layers, _, _ = case(name)
        full = theory.jacobian(layers)
        found = said(name, "continuum")
        flat = full.T @ np.kron(np.eye(3), inputs.T @ inputs / N) @ full
        whole = np.diag(found.curvatures)
        off = found.basis.T @ flat @ found.basis - whole
        assert np.abs(off).max() > 0.05 * whole.max()


def exact_by_hand(name, rate):
    """Second moments of all weights' deviations on the range, sample by sample."""
    inputs, targets, layers, decay, batch = case(name)
    basis = said(name, "continuum").basis
    q, product = basis.shape[1], end_to_end(layers)
    full = theory.jacobian(layers)
    kernel, mean, source = np.zeros((q * q, q * q)), np.zeros((q, q)), 0
    pulls = []
    for x, y in zip(inputs, targets, strict=True):
        gradient = -np.outer(y - product @ x, x)
        bend = theory.residual_hessian(layers, gradient)
        flat = full.T @ np.kron(np.eye(len(product)), np.outer(x, x)) @ full
        sample = basis.T @ (flat + bend) @ basis
        kernel += np.kron(sample, sample) / N
        mean += sample / N
        pulls.append(basis.T @ full.T @ gradient.ravel())
    source = np.cov(np.array(pulls).T, bias=True)
    step = np.eye(q) - rate * (mean + decay * np.eye(q))
    second = np.kron(step, step) + rate**2 / batch * (kernel - np.kron(mean, mean))
    rest = np.eye(q * q) - second
    solved = np.linalg.solve(rest, rate**2 / batch * source.ravel())
    return basis @ solved.reshape(q, q) @ basis.T, np.abs(
        np.linalg.eigvals(second)
    ).max()


@pytest.mark.parametrize("name", NAMES)
def test_the_exact_level_is_the_fixed_point_of_the_second_moment_map(name):
    expected, radius = exact_by_hand(name, 0.03)
    assert radius < 1
    found = said(name, "exact", 0.03).covariance()
    np.testing.assert_allclose(found, expected, atol=1e-10 * np.abs(expected).max())


def test_levels_agree_to_first_order_in_the_rate():
    errors = []
    for rate in (0.004, 0.002):
        levels = [
            said("three layers", level, rate).covariance() / rate
            for level in theory.LEVELS
        ]
        scale = np.abs(levels[0]).max()
        errors.append([np.abs(one - levels[0]).max() / scale for one in levels[1:]])
    ratios = np.divide(*errors)
    np.testing.assert_allclose(ratios, 2, rtol=0.1)


def test_mean_square_instability_is_found_where_the_second_moments_grow():
    low, high = 0.02, 0.2
    for _ in range(12):
        middle = (low + high) / 2
        grows = exact_by_hand("two layers", middle)[1] >= 1
        low, high = (low, middle) if grows else (middle, high)
    assert np.isfinite(said("two layers", "exact", 0.999 * low).reduced).all()
    with pytest.raises(ValueError, match="mean-square unstable"):
        said("two layers", "exact", 1.001 * high)
    assert np.isfinite(said("two layers", "additive", 1.001 * high).reduced).all()


def test_one_layer_is_the_single_layer_that_every_text_book_has():
    inputs, targets = data(3, 2, 0.1)
    minimum = theory.least_squares_minimum(inputs, targets)
    found = theory.quasi_stationary(
        minimum, (minimum.end_to_end,), learning_rate=0.1, noise_factor=0.2
    )
    pulls = (minimum.residuals[:, :, None] * inputs[:, None, :]).reshape(N, -1)
    step = np.eye(6) - 0.1 * np.kron(np.eye(2), inputs.T @ inputs / N)
    expected = solve_discrete_lyapunov(step, 0.1**2 * 0.2 * pulls.T @ pulls / N)
    np.testing.assert_allclose(found.covariance(), expected, atol=1e-12)


def test_white_noise_gives_the_projector():
    inputs, targets = data(3, 2, 0.1)
    minimum = theory.least_squares_minimum(inputs, targets)
    layers = split_in(minimum.end_to_end, 3)
    # Residuals of four signs that no input sees: their noise is white, exactly.
    signs = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    four = dataclasses.replace(
        minimum,
        coordinates=np.repeat(minimum.coordinates, 4, axis=0),
        residuals=0.7 * np.tile(signs, (N, 1)),
    )
    found = theory.quasi_stationary(
        four, layers, learning_rate=0.01, noise_factor=0.5, level="continuum"
    )
    heat = theory.temperature(0.01, 0.5, 0.7)
    white = theory.white_covariance(layers, heat)
    np.testing.assert_allclose(
        found.covariance(), white.covariance(), atol=1e-12 * heat
    )


def test_inputs_that_do_not_fill_their_space_move_the_rest_not_at_all():
    inputs, targets = data(3, 2, 0.1)
    wide = inputs[:, :2] @ np.array([[1.0, 0, 2, 0], [0, 1, 1, 0]])
    minimum = theory.least_squares_minimum(wide, targets, reduced=True)
    rng = np.random.default_rng(3)
    first = rng.normal(size=(2, 4))
    second = minimum.end_to_end @ minimum.basis @ np.linalg.inv(first @ minimum.basis)
    how = {"learning_rate": 0.01, "noise_factor": 0.5}
    for layers in ((first, second), (first, np.eye(2), second)):
        found = theory.quasi_stationary(minimum, layers, **how, level="exact")
        assert found.rank == 4
        away = np.eye(4) - minimum.basis @ minimum.basis.T
        block = found.layer(0).reshape(2, 4, 2, 4)
        np.testing.assert_allclose(away @ block.transpose(0, 2, 1, 3), 0, atol=1e-15)
    inside = dataclasses.replace(
        minimum,
        basis=np.eye(2),
        end_to_end=minimum.end_to_end @ minimum.basis,
    )
    small = theory.quasi_stationary(inside, (first @ minimum.basis, second), **how)
    whole = theory.quasi_stationary(minimum, (first, second), **how)
    np.testing.assert_allclose(whole.layer(1), small.layer(1), rtol=1e-9)


def test_variances_are_the_diagonal_and_layers_are_the_blocks():
    found = said("three layers", "additive")
    covariance = found.covariance()
    np.testing.assert_allclose(flatten(found.variances()), np.diag(covariance))
    np.testing.assert_allclose(found.layer(1), covariance[9:18, 9:18])
    assert found.rank == theory.jacobian_rank(case("three layers")[2])


def test_no_noise_of_the_batch_means_no_fluctuations():
    for level in theory.LEVELS:
        assert said("two layers", level, noise_factor=0.0).total_variance == 0


def test_what_is_no_minimum_is_refused():
    inputs, targets, layers, *_ = case("two layers")
    minimum = theory.least_squares_minimum(inputs, targets)
    how = {"learning_rate": 0.01, "noise_factor": 0.1}
    moved = (layers[0], 1.01 * layers[1])
    with pytest.raises(ValueError, match="stationary point to be linearized"):
        theory.quasi_stationary(minimum, moved, **how)
    with pytest.raises(ValueError, match="stationary point to be linearized"):
        theory.quasi_stationary(minimum, layers, **how, weight_decay=0.1)
    inputs, targets, *_ = case("bottleneck")
    white = theory.least_squares_minimum(inputs, targets)
    left, singular, right = np.linalg.svd(white.end_to_end)
    sizes = np.sqrt(singular[1:])  # the strongest mode is left out: a saddle
    saddle = (sizes[:, None] * right[1:], left[:, 1:] * sizes)
    with pytest.raises(ValueError, match="a saddle, and SGD leaves it"):
        theory.quasi_stationary(white, saddle, **how)
    zero = (np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="let the product move"):
        theory.quasi_stationary(white, zero, **how)


def test_layers_of_very_unequal_size_keep_their_slow_modes():
    inputs, targets = data(3, 2, 0.1)
    minimum = theory.least_squares_minimum(inputs, targets)
    first = np.diag([1.0, 1, 1e-6])
    layers = (first, np.eye(3), minimum.end_to_end @ np.linalg.inv(first))
    how = {"learning_rate": 1e-15, "noise_factor": 1.0}
    found = theory.quasi_stationary(minimum, layers, **how)
    assert found.rank == 6
    assert found.curvatures.max() / found.curvatures.min() > 1e11
    slowest = np.diag(found.reduced)[found.curvatures.argmin()]
    assert 0.1 < slowest / theory.temperature(1e-15, 1.0, 0.1) < 10


def test_what_nothing_holds_back_is_refused():
    inputs = white_inputs(2)
    noise = np.random.default_rng(3).normal(size=(N, 2))
    noise -= inputs @ (inputs.T @ noise) / N  # so that both strengths are equal
    minimum = theory.least_squares_minimum(inputs, inputs + noise)
    tied = (np.eye(2)[:1], np.eye(2)[:, :1])  # either mode fits through one unit
    with pytest.raises(ValueError, match="no stationary size"):
        theory.quasi_stationary(minimum, tied, learning_rate=0.1, noise_factor=0.1)


def test_other_bad_input_is_refused():
    with pytest.raises(ValueError, match="where descent is stable"):
        said("two layers", "additive", 5.0)
    with pytest.raises(ValueError, match="`level` must be one of continuum"):
        said("two layers", "best")
    with pytest.raises(ValueError, match="`learning_rate` must be positive"):
        said("two layers", "additive", 0.0)
    with pytest.raises(ValueError, match=r"`noise_factor` must be in \[0, 1\]"):
        said("two layers", "additive", noise_factor=-1.0)
    with pytest.raises(ValueError, match="`weight_decay` must be finite and >= 0"):
        said("two layers", "additive", weight_decay=-1.0)
    inputs, targets, layers, *_ = case("two layers")
    ridge = theory.least_squares_minimum(inputs, targets, weight_decay=0.1)
    how = {"learning_rate": 0.01, "noise_factor": 0.1}
    with pytest.raises(ValueError, match="without weight decay here"):
        theory.quasi_stationary(ridge, layers, **how)
    minimum = theory.least_squares_minimum(inputs, targets)
    with pytest.raises(ValueError, match="must have 3 inputs"):
        theory.quasi_stationary(minimum, (np.ones((2, 2)),), **how)
    rng = np.random.default_rng(0)
    many = rng.normal(size=(80, 14))
    minimum = theory.least_squares_minimum(many, rng.normal(size=(80, 5)))
    wide = (np.eye(14), minimum.end_to_end)
    with pytest.raises(ValueError, match="for 70 directions that fluctuate"):
        theory.quasi_stationary(minimum, wide, **how, level="exact")
