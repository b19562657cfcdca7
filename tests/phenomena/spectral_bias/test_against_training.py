"""Every law against training written out here: NumPy, SciPy, samples, no moments."""

from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from linnet.phenomena.spectral_bias import theory
from linnet.task import Moments

# Sizes n, d, h, k and the rank of the inputs.
SIZES = {
    "more samples than inputs": (12, 4, 4, 2, 4),
    "more inputs than samples": (4, 6, 6, 3, 4),
    "many samples of low rank": (15, 5, 5, 2, 3),
    "one output": (10, 4, 4, 1, 4),
    "one output, few samples": (3, 5, 5, 1, 3),
    "more outputs than inputs": (12, 3, 3, 5, 3),
    "a wide hidden layer": (12, 4, 9, 2, 4),
    "wide, few samples of low rank": (4, 6, 11, 3, 2),
}
GAMMAS = (1e-4, 0.3, 5.0)
tasks = pytest.mark.parametrize("name", SIZES)
scales = pytest.mark.parametrize("gamma", GAMMAS)


@cache
def data(name):
    """Inputs of singular values 1 to 2; targets that no linear map meets if n > rank.

    The strengths are of order one, so that every mode is learned in a short time.
    """
    n, d, _, k, rank = SIZES[name]
    rng = np.random.default_rng(list(SIZES).index(name))
    left, right = frame(rng, n)[:, :rank], frame(rng, d)[:, :rank]
    inputs = np.sqrt(n) * (left * np.geomspace(2, 1, rank)) @ right.T
    used = min(rank, k)
    map_in = right @ frame(rng, rank)[:, :used]
    truth = (map_in * np.linspace(2, 1, used)) @ frame(rng, k)[:, :used].T
    apart = np.eye(n) - left @ left.T  # noise that the inputs do not explain
    return inputs, inputs @ truth + apart @ rng.standard_normal((n, k))


@cache
def moments(name):
    return Moments.of_data(*data(name))


@cache
def least_norm(name):
    inputs, targets = data(name)
    return (np.linalg.pinv(inputs) @ targets).T


def frame(rng, size):
    return np.linalg.qr(rng.standard_normal((size, size)))[0]


def isotropic(name, gamma):
    _, d, h, k, _ = SIZES[name]
    return np.sqrt(gamma) * frame(np.random.default_rng(7), h)[:, :d], np.zeros((k, h))


def gradients(first, second, inputs, targets):
    """Of 1/2n sum |y - W2 W1 x|^2, summed over samples."""
    miss = (inputs @ first.T @ second.T - targets) / len(inputs)
    return second.T @ miss.T @ inputs, miss.T @ inputs @ first.T


def packed(first, second):
    return np.concatenate([first.ravel(), second.ravel()])


def unpacked(vector, like):
    cut = like[0].size
    return vector[:cut].reshape(like[0].shape), vector[cut:].reshape(like[1].shape)


def flow(start, inputs, targets, times, **options):
    """Layers at these times, and whatever solve_ivp tells."""

    def slope(_, vector):
        return -packed(*gradients(*unpacked(vector, start), inputs, targets))

    # The second layer grows out of zero: the absolute tolerance must not decide how.
    solution = solve_ivp(
        slope,
        (0.0, times[-1]),
        packed(*start),
        method="DOP853",
        t_eval=times,
        rtol=1e-12,
        atol=1e-15 * np.abs(start[0]).max(),
        **options,
    )
    assert solution.success
    return [unpacked(vector, start) for vector in solution.y.T], solution


# No rate is below this: the least input variance is one, and so are the strengths.
def long_enough(gamma):
    """Until the slowest direction has fallen by e^-30, and after the slowest escape."""
    return 30 / max(1.0, gamma) + np.log1p(4 / gamma)


@cache
def trained(name, gamma):
    """Layers at 40 times from the start to the end."""
    times = np.linspace(0, long_enough(gamma), 41)
    return flow(isotropic(name, gamma), *data(name), times)[0]


@scales
@tasks
def test_the_product_ends_at_the_least_norm_solution_from_every_scale(name, gamma):
    first, second = trained(name, gamma)[-1]
    expected = theory.end_to_end_limit(moments(name))
    # Solver: rtol 1e-12 over about a hundred steps.
    np.testing.assert_allclose(second @ first, expected, atol=1e-9)
    np.testing.assert_allclose(expected, least_norm(name), atol=1e-13)


@scales
@tasks
def test_layers_end_with_the_predicted_spectrum_and_gram_matrices(name, gamma):
    first, second = trained(name, gamma)[-1]
    limit = theory.end_to_end_limit(moments(name))
    hidden, output = theory.gram_matrices(limit, gamma)
    unit = 1 + gamma
    np.testing.assert_allclose(first.T @ first, hidden, atol=1e-9 * unit)
    np.testing.assert_allclose(second @ second.T, output, atol=1e-9 * unit)
    d = SIZES[name][1]
    spectrum = np.linalg.svd(first, compute_uv=False)
    predicted = theory.hidden_spectrum(limit, gamma)
    assert predicted.shape == (d,)
    np.testing.assert_allclose(spectrum[:d], predicted, atol=1e-9 * unit)
    # The inputs that the task does not use are idle, to the last digit.
    used = min(SIZES[name][3:])
    np.testing.assert_allclose(predicted[used:], np.sqrt(gamma), rtol=1e-12)
    # Twice the scale is another spectrum by far.
    wrong = theory.hidden_spectrum(limit, 2 * gamma)
    assert np.abs(spectrum[:d] - wrong).max() > 1e-5


@scales
@tasks
def test_the_product_fixes_the_gram_matrices_at_every_time(name, gamma):
    moved = 0.0
    for first, second in trained(name, gamma)[::4]:
        hidden, output = theory.gram_matrices(second @ first, gamma)
        np.testing.assert_allclose(first.T @ first, hidden, atol=1e-9 * (1 + gamma))
        np.testing.assert_allclose(second @ second.T, output, atol=1e-9 * (1 + gamma))
        moved = max(moved, np.abs(output).max())
    assert moved > 0.1  # it was not at rest all along


@tasks
def test_stable_rank_falls_with_the_scale_as_predicted(name):
    limit = theory.end_to_end_limit(moments(name))
    spectra = [
        np.linalg.svd(trained(name, gamma)[-1][0], compute_uv=False) for gamma in GAMMAS
    ]
    ranks = [(s**2).sum() / s[0] ** 2 for s in spectra]
    predicted = theory.hidden_stable_rank(limit, np.array(GAMMAS))
    np.testing.assert_allclose(ranks, predicted, rtol=1e-8)
    assert ranks[0] < ranks[1] < ranks[2]


@pytest.mark.parametrize(
    "name", ["more inputs than samples", "one output, few samples"]
)
def test_another_shape_of_the_start_ends_elsewhere(name):
    _, d, h, k, _ = SIZES[name]
    rng = np.random.default_rng(8)
    start = np.sqrt(0.3 / h) * rng.standard_normal((h, d)), np.zeros((k, h))
    (*_, (first, second)), _ = flow(start, *data(name), [0.0, 200.0])
    inputs, targets = data(name)
    np.testing.assert_allclose(inputs @ (second @ first).T, targets, atol=1e-8)
    assert np.abs(second @ first - least_norm(name)).max() > 0.01


def descended(name, gamma, rate, steps, momentum=0.0, batch=None):
    """The product after these steps of descent, heavy ball, or minibatch SGD."""
    first, second = isotropic(name, gamma)
    inputs, targets = data(name)
    rng, speed = np.random.default_rng(9), (0.0, 0.0)
    for _ in range(steps):
        pick = slice(None) if batch is None else rng.integers(0, len(inputs), batch)
        slopes = gradients(first, second, inputs[pick], targets[pick])
        speed = [momentum * v - rate * g for v, g in zip(speed, slopes, strict=True)]
        first, second = first + speed[0], second + speed[1]
    return second @ first


# The sharpness is about 4 (gamma + 2 sigma) <= 24: rates up to 0.08 are stable.
@pytest.mark.parametrize("gamma", [1e-3, 0.5])
@pytest.mark.parametrize(
    "options",
    [
        {"rate": 0.01, "steps": 4000},
        {"rate": 0.05, "steps": 1200},
        {"rate": 0.01, "steps": 4000, "momentum": 0.5},
    ],
)
@pytest.mark.parametrize(
    "name", ["more inputs than samples", "many samples of low rank"]
)
def test_descent_ends_there_too_at_any_stable_rate_and_with_momentum(
    name, options, gamma
):
    limit = theory.end_to_end_limit(moments(name))
    np.testing.assert_allclose(descended(name, gamma, **options), limit, atol=1e-10)


@pytest.mark.parametrize("gamma", [1e-3, 0.5])
@pytest.mark.parametrize(
    "name", ["more inputs than samples", "one output, few samples"]
)
def test_minibatch_descent_ends_there_too_where_the_data_can_be_fitted(name, gamma):
    limit = theory.end_to_end_limit(moments(name))
    ended = descended(name, gamma, rate=0.01, steps=8000, batch=1)
    np.testing.assert_allclose(ended, limit, atol=1e-8)


def test_minibatch_descent_does_not_settle_where_they_cannot():
    name = "more samples than inputs"
    ended = descended(name, 0.5, rate=0.01, steps=4000, batch=1)
    apart = np.abs(ended - theory.end_to_end_limit(moments(name))).max()
    assert 1e-3 < apart < 1


WHITE = {  # n, d, k, variance
    "full rank": (9, 3, 2, 1.0),
    "fewer samples than inputs": (3, 5, 2, 2.5),
    "one output": (8, 4, 1, 0.4),
    "more outputs than inputs": (8, 2, 4, 1.7),
}


def white(name):
    """White inputs and their modes: strengths 3, 1.2, in frames of their own."""
    n, d, k, variance = WHITE[name]
    rng, rank = np.random.default_rng(10), min(n, d)
    right = frame(rng, d)[:, :rank]
    inputs = np.sqrt(n * variance) * frame(rng, n)[:, :rank] @ right.T
    used = min(rank, k, 2)
    outputs, given = frame(rng, k)[:, :used], right @ frame(rng, rank)[:, :used]
    strengths = np.array([3.0, 1.2])[:used]
    targets = inputs @ (given * strengths) @ outputs.T / variance
    return inputs, targets, strengths, outputs, given


@pytest.mark.parametrize("gamma", [1e-6, 1e-2, 3.0])
@pytest.mark.parametrize("name", WHITE)
def test_modes_of_white_inputs_grow_along_their_curves_from_any_scale(name, gamma):
    inputs, targets, strengths, outputs, given = white(name)
    _, d, k, variance = WHITE[name]
    start = np.sqrt(gamma) * frame(np.random.default_rng(11), d), np.zeros((k, d))
    half = [theory.half_time(b, variance, gamma / 2) for b in strengths]
    times = np.linspace(0, 2 * max(half), 41)

    def reaches(mode):
        def miss(_, vector):
            first, second = unpacked(vector, start)
            amplitude = outputs[:, mode] @ second @ first @ given[:, mode]
            return amplitude - strengths[mode] / variance / 2

        return miss

    events = [reaches(mode) for mode in range(len(strengths))]
    path, solution = flow(start, inputs, targets, times, events=events)
    products = np.array([second @ first for first, second in path])
    for mode, b in enumerate(strengths):
        grown = (products @ given[:, mode]) @ outputs[:, mode]
        curve = theory.mode_curve(times, b, variance, gamma / 2)
        np.testing.assert_allclose(grown, curve, atol=1e-9 * b / variance)
        assert solution.t_events[mode] == pytest.approx([half[mode]], rel=1e-9)
        # With one layer moving, hence at half the rate, it would look different.
        slow = theory.mode_curve(times / 2, b, variance, gamma / 2)
        assert np.abs(grown - slow).max() > 0.1 * b / variance
    # Nothing else grows.
    rest = products - np.einsum("ki,tij,dj->tkd", outputs, np.einsum(
        "ki,tkd,dj->tij", outputs, products, given), given)  # fmt: skip
    np.testing.assert_allclose(rest, 0, atol=1e-9)


@tasks
def test_the_early_product_is_right_to_first_order_in_how_far_it_has_grown(name):
    gamma, errors = 1e-8, []
    for fraction in (1e-2, 1e-3):
        time = theory.early_time(moments(name), gamma, fraction)
        path, _ = flow(isotropic(name, gamma), *data(name), [0.0, time])
        product = path[-1][1] @ path[-1][0]
        predicted = theory.early_product(moments(name), gamma, time)
        errors.append(np.linalg.norm(predicted - product) / np.linalg.norm(product))
    assert errors[0] < 2e-2
    assert errors[0] / errors[1] == pytest.approx(10, rel=0.1)
    # The solution's own direction is not the one: its top pair leaves later.
    solution = least_norm(name)
    cosine = np.vdot(solution, product) / np.linalg.norm(product)
    assert cosine / np.linalg.norm(solution) < 0.999


@tasks
def test_one_step_of_descent_moves_the_imbalance_exactly_as_predicted(name):
    _, d, h, k, _ = SIZES[name]
    rng = np.random.default_rng(12)
    first, second = rng.standard_normal((h, d)), rng.standard_normal((k, h))
    along = gradients(first, second, *data(name))
    for rate in (1e-3, 0.1):
        new_first, new_second = first - rate * along[0], second - rate * along[1]
        before = second.T @ second - first @ first.T
        after = new_second.T @ new_second - new_first @ new_first.T
        predicted = theory.imbalance_step((first, second), moments(name), rate)
        unit = np.abs(before).max() + np.abs(after).max()
        np.testing.assert_allclose(predicted, after - before, atol=1e-13 * unit)


def hessian(weights, inputs, targets):
    """Dense, column by column; by complex steps, so that no digit is lost."""
    at, columns = packed(*weights), []
    for direction in np.eye(len(at)):
        moved = unpacked(at + 1e-30j * direction, weights)
        columns.append(packed(*gradients(*moved, inputs, targets)).imag / 1e-30)
    return np.array(columns).T


@scales
@tasks
def test_sharpness_is_the_top_eigenvalue_of_the_hessian_where_training_ended(
    name, gamma
):
    dense = hessian(trained(name, gamma)[-1], *data(name))
    np.testing.assert_allclose(dense, dense.T, atol=1e-8)
    found = theory.curvature(moments(name), gamma)
    top = np.linalg.eigvalsh(dense)[-1]
    assert found.sharpness == pytest.approx(top, rel=1e-8)
    assert found.largest_stable_rate == pytest.approx(2 / top, rel=1e-8)


@scales
@tasks
def test_descent_near_the_minimizer_stays_below_the_edge_and_leaves_above_it(
    name, gamma
):
    inputs, targets = data(name)
    edge = theory.curvature(moments(name), gamma).largest_stable_rate
    end = trained(name, gamma)[-1]
    rng = np.random.default_rng(13)
    pushed = [w + 1e-6 * rng.standard_normal(w.shape) for w in end]
    for factor, leaves in ((0.98, False), (1.02, True)):
        first, second = pushed
        for _ in range(300):  # 1.04^300 = 1e5
            along = gradients(first, second, inputs, targets)
            first = first - factor * edge * along[0]
            second = second - factor * edge * along[1]
        apart = np.abs(second @ first - end[1] @ end[0]).max()
        assert (apart > 1e-3) == leaves
        assert apart < 1e-3 or leaves


@scales
@tasks
def test_slowest_is_the_least_curvature_along_which_training_still_moves(name, gamma):
    path, dense = trained(name, gamma), hessian(trained(name, gamma)[-1], *data(name))
    steps = [packed(*gradients(*weights, *data(name))) for weights in path]
    sizes = np.array([np.linalg.norm(step) for step in steps])
    # So late that training is linear to 1e-6, which is what solver errors leave too.
    late = steps[np.flatnonzero(sizes > 1e-6)[-1]]
    curvatures, directions = np.linalg.eigh(dense)
    moving = np.abs(directions.T @ late) > 1e-4 * np.linalg.norm(late)
    found = theory.curvature(moments(name), gamma).slowest
    assert found == pytest.approx(curvatures[moving][0], rel=1e-6)
    # That is more than the least of the Hessian: some directions are flat.
    assert curvatures[0] < 1e-6 * found


@tasks
def test_the_late_rate_of_a_large_start_is_the_slope_of_the_loss_at_every_depth(name):
    gamma = 300.0  # so lazy that training is linear to 1e-4
    inputs, targets = data(name)
    times = np.linspace(0, 15 / gamma, 400)
    path, _ = flow(isotropic(name, gamma), inputs, targets, times)
    apart = [inputs @ (second @ first - least_norm(name)).T for first, second in path]
    depth = -np.log([(a**2).sum() for a in apart])
    depth -= depth[0]
    slopes = np.gradient(depth, times)
    for at in (20, 100, 300):
        gap = np.exp(-depth[at])
        found = theory.late_rate(moments(name), gamma, gap)
        # Central differences over a time of 0.04 / gamma.
        assert found == pytest.approx(slopes[at], rel=1e-3)
    assert slopes[20] > 1.02 * slopes[300]  # it does change on the way
