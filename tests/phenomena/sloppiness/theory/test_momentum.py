from decimal import Decimal, localcontext

import numpy as np
import pytest

from linnet.phenomena.sloppiness.theory import (
    AbstractMomentum,
    GradientDescent,
    HeavyBall,
    Nesterov,
    descent_averages,
    flow_averages,
    given_checkpoints,
    mode_averages,
    pair_averages,
    uniform_checkpoints,
)
from linnet.phenomena.sloppiness.theory.recurrences import one_step

VARIANCES = np.array([1.9, 1.0, 0.3, 0.01, 1e-5, 1e-12])
METHODS = [
    HeavyBall(0.9, 0.9),
    HeavyBall(1.0, 0.0),
    HeavyBall(0.3, 0.99, weight_decay=0.2),
    Nesterov(0.6, 0.8),
    Nesterov(0.6, 0.8, look_ahead=True),
    Nesterov(0.4, 0.999, weight_decay=0.1),
]


def gradient_of(inputs, labels, decay):
    n = len(inputs)
    return lambda w: inputs.T @ (inputs @ w - labels) / n + decay * w


def heavy_ball(gradient, weights, method):
    change = np.zeros_like(weights)
    while True:
        yield weights
        change = method.momentum * change - method.learning_rate * gradient(weights)
        weights = weights + change


def nesterov(gradient, weights, method):
    before = weights
    while True:
        ahead = weights + method.momentum * (weights - before)
        yield ahead if method.look_ahead else weights
        before = weights
        weights = ahead - method.learning_rate * gradient(ahead)


@pytest.mark.parametrize("method", METHODS)
def test_training_on_samples_moves_as_the_response_says(method):
    generator = np.random.default_rng(3)
    n, d, variances = 9, 4, VARIANCES[:4]
    left, _ = np.linalg.qr(generator.normal(size=(n, d)))
    right, _ = np.linalg.qr(generator.normal(size=(d, d)))
    inputs = np.sqrt(n) * left * np.sqrt(variances) @ right.T
    start, target = generator.normal(size=(2, d, 1))
    run = heavy_ball if isinstance(method, HeavyBall) else nesterov
    gradient = gradient_of(inputs, inputs @ target, method.weight_decay)
    path = run(gradient, start, method)
    seen = np.concatenate([right.T @ next(path) for _ in range(80)], axis=1)
    when = np.arange(80.0)
    end = method.rest(variances)[:, None] * (right.T @ target)
    found = method.remaining(variances, when) * (right.T @ start)
    found += method.learned(variances, when) * end
    np.testing.assert_allclose(found, seen, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("every", [1, 3])
def test_closed_averages_are_the_sums_over_the_same_checkpoints(method, every):
    uniform = uniform_checkpoints(50, every)
    given = given_checkpoints(uniform.when)
    for function in (mode_averages, pair_averages):
        closed, summed = (function(method, VARIANCES, c) for c in (uniform, given))
        for name, value in vars(closed).items():
            np.testing.assert_allclose(
                value, getattr(summed, name), rtol=1e-11, atol=1e-15
            )


def exact(x, method, count):
    """Sums with sixty digits, one step at a time: values, and sizes of their terms."""
    with localcontext() as context:
        context.prec = 60
        step, beta = Decimal(float(x)), Decimal(method.momentum)
        if isinstance(method, Nesterov):
            beta = beta * (1 - step)
        learned = change = Decimal(0)
        sums, sizes = [Decimal(0)] * 5, [Decimal(0)] * 5
        for _ in range(count):
            h = 1 - learned
            terms = (h, learned, h * h, learned * learned, h * learned)
            sums = [s + term for s, term in zip(sums, terms, strict=True)]
            sizes = [s + abs(term) for s, term in zip(sizes, terms, strict=True)]
            change = beta * change + step * (1 - learned)
            learned += change
        return [[float(v / count) for v in values] for values in (sums, sizes)]


@pytest.mark.parametrize("method", [HeavyBall(1.0, 0.9), Nesterov(1.0, 0.7)])
@pytest.mark.parametrize("count", [1, 2, 5, 300])
def test_closed_averages_are_sums_of_sixty_digits(method, count):
    twin_roots = (1 - np.sqrt(0.9)) ** 2  # of the recurrence of heavy ball
    steps = np.array([1e-14, 1e-6, 0.003, twin_roots, 0.5, 1.0, 1.2])
    found = mode_averages(method, steps, uniform_checkpoints(count))
    for i, x in enumerate(steps):
        values, sizes = exact(x, method, count)
        averages = [value[i] for value in vars(found).values()]
        errors = np.abs(np.subtract(averages, values))
        assert (errors <= 3e-14 * np.array(sizes)).all()


@pytest.mark.parametrize("method", [m for m in METHODS if not m.weight_decay])
def test_what_slow_modes_learn_keeps_its_digits(method):
    x, beta = method.learning_rate * 1e-12, method.momentum
    change = learned = 0.0
    expected = []
    for _ in range(400):
        expected.append(learned + method.ahead * change)
        change = beta * change + x  # what is left is one, to 1e-9
        learned += change
    found = method.learned(np.array([1e-12]), np.arange(400.0))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_without_momentum_both_are_gradient_descent():
    x = np.array([1.99, 1.0, 0.2, 1e-9])
    for method in (HeavyBall(1.0, 0.0), Nesterov(1.0, 0.0)):
        for count in (1, 2, 1000, 10**9):
            found = mode_averages(method, x, uniform_checkpoints(count))
            expected = descent_averages(x, count)
            for name, value in vars(found).items():
                np.testing.assert_allclose(
                    value, getattr(expected, name), rtol=1e-10, atol=1e-16
                )


def test_slow_modes_move_as_if_the_learning_rate_were_larger():
    variances, count = np.geomspace(1e-7, 1e-13, 7), 10**9
    found = mode_averages(HeavyBall(0.1, 0.9), variances, uniform_checkpoints(count))
    flow = flow_averages(variances * count)
    np.testing.assert_allclose(found.start, flow.start, rtol=1e-6)
    np.testing.assert_allclose(found.target, flow.target, rtol=1e-6)
    wrong = flow_averages(0.1 * variances * count)
    assert (np.abs(found.target / wrong.target - 1) > 0.05)[1:].all()


def test_responses_at_a_billion_steps_need_no_steps_before():
    when = np.array([0.0, 1.0, 10.0, 1e9])
    found = HeavyBall(0.1, 0.9).remaining(np.array([1.0, 1e-9]), when)
    np.testing.assert_allclose(found[:, :2], [[1, 0.9], [1, 1 - 1e-10]], rtol=1e-15)
    np.testing.assert_allclose(found[1, 3], np.exp(-1), rtol=1e-7)
    assert abs(found[0, 3]) < 1e-100


@pytest.mark.parametrize("function", [mode_averages, pair_averages])
def test_grids_of_variances_are_averaged_one_by_one(function):
    grid = np.array([[[1.0, 0.1, 1e-3]], [[0.5, 0.2, 1e-9]]])
    method, when = Nesterov(0.7, 0.6), uniform_checkpoints(77, every=2)
    found, one = function(method, grid, when), function(method, grid[1, 0], when)
    for name, value in vars(found).items():
        np.testing.assert_allclose(value[1, 0], getattr(one, name), rtol=1e-14)


class AbsentMinded(AbstractMomentum):
    """Heavy ball that forgets a fixed share more of its last change."""

    weight_decay = 0.0
    ahead = 0.0

    def step_of(self, variances):
        x = 0.5 * variances
        return one_step(x, np.full_like(x, 0.4))


def test_a_method_of_your_own_has_closed_averages_too():
    variances = np.array([1.0, 1e-6])
    own, known = (
        mode_averages(method, variances, uniform_checkpoints(10**8))
        for method in (AbsentMinded(), HeavyBall(0.5, 0.4))
    )
    for name, value in vars(own).items():
        np.testing.assert_array_equal(value, getattr(known, name))


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("method", [HeavyBall, Nesterov])
def test_steps_are_allowed_up_to_where_the_recurrence_grows(method, momentum):
    largest = 2 * (1 + momentum)
    if method is Nesterov:
        largest /= 1 + 2 * momentum
    when = np.array([0.0, 2000.0])
    inside = method(0.99 * largest, momentum).remaining(np.ones(1), when)
    assert abs(inside[0, 1]) < 1
    method(largest, momentum).remaining(np.ones(1), when)
    with pytest.raises(
        ValueError, match=rf"must be <= {largest:.6g}, the largest that"
    ):
        method(1.01 * largest, momentum).remaining(np.ones(1), when)
    before, now = 1.0, 1.0
    x = 1.01 * largest
    for _ in range(2000):
        lean = now + momentum * (now - before)
        step = (1 - x) * lean if method is Nesterov else lean - x * now
        before, now = now, step
    assert abs(now) > 1e3


@pytest.mark.parametrize("method", [HeavyBall, Nesterov])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((0.0, 0.5), "`learning_rate` must be positive"),
        ((0.1, 1.0), r"`momentum` must lie in \[0, 1\), but is 1"),
        ((0.1, -0.1), r"`momentum` must lie in \[0, 1\)"),
        ((0.1, np.nan), r"`momentum` must lie in \[0, 1\)"),
        ((0.1, 0.5, -1.0), "`weight_decay` must be finite and >= 0"),
    ],
)
def test_what_is_no_momentum_is_refused(method, given, message):
    with pytest.raises(ValueError, match=message):
        method(*given)


def test_momentum_moves_in_whole_steps():
    with pytest.raises(ValueError, match="`when` must be whole numbers"):
        HeavyBall(0.1, 0.5).learned(VARIANCES, np.array([0.5]))


def test_descent_is_not_momentum():
    x = np.array([0.1])
    plain = mode_averages(GradientDescent(1.0), x, uniform_checkpoints(100))
    pushed = mode_averages(HeavyBall(1.0, 0.5), x, uniform_checkpoints(100))
    assert pushed.start[0] < 0.7 * plain.start[0]
