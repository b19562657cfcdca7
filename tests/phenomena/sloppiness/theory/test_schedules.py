import numpy as np
import pytest

from linnet.phenomena.sloppiness.theory import (
    AbstractResponse,
    GradientDescent,
    GradientFlow,
    HeavyBall,
    PolyakAverage,
    Scheduled,
    given_checkpoints,
    log_checkpoints,
    mode_averages,
    uniform_checkpoints,
)

VARIANCES = np.array([2.0, 1.0, 0.3, 1e-3, 1e-14])
WARM_UP = np.r_[np.linspace(0, 0.9, 10), np.geomspace(0.9, 0.01, 30)]


def descent_on_samples(rates, decay, variances, generator):
    """Weights of plain descent in the basis of the inputs, its start and its target."""
    n, d = 8, len(variances)
    left, _ = np.linalg.qr(generator.normal(size=(n, d)))
    right, _ = np.linalg.qr(generator.normal(size=(d, d)))
    inputs = np.sqrt(n) * left * np.sqrt(variances) @ right.T
    start, target = generator.normal(size=(2, d, 1))
    weights, path = start, [start]
    for rate in rates:
        gradient = inputs.T @ (inputs @ (weights - target)) / n + decay * weights
        weights = weights - rate * gradient
        path.append(weights)
    return right.T @ np.concatenate(path, axis=1), right.T @ start, right.T @ target


@pytest.mark.parametrize("decay", [0.0, 0.2])
def test_descent_with_a_schedule_moves_as_its_response_says(decay):
    seen, start, target = descent_on_samples(
        WARM_UP, decay, VARIANCES, np.random.default_rng(1)
    )
    method, when = Scheduled(WARM_UP, decay), np.arange(41.0)
    found = method.remaining(VARIANCES, when) * start
    found += method.learned(VARIANCES, when) * method.rest(VARIANCES)[:, None] * target
    np.testing.assert_allclose(found, seen, atol=1e-12)


def test_running_means_of_descent_move_as_their_response_says():
    seen, start, target = descent_on_samples(
        WARM_UP, 0.1, VARIANCES, np.random.default_rng(2)
    )
    seen = seen.cumsum(1) / np.arange(1, 42)
    method, when = PolyakAverage(Scheduled(WARM_UP, 0.1)), np.arange(41.0)
    found = method.remaining(VARIANCES, when) * start
    found += method.learned(VARIANCES, when) * method.rest(VARIANCES)[:, None] * target
    np.testing.assert_allclose(found, seen, atol=1e-12)


def test_a_constant_schedule_is_gradient_descent():
    constant, plain = Scheduled(np.full(99, 0.9)), GradientDescent(0.9)
    for checkpoints in (uniform_checkpoints(100), log_checkpoints(99, 9)):
        found = mode_averages(constant, VARIANCES, checkpoints)
        expected = mode_averages(plain, VARIANCES, checkpoints)
        for name, value in vars(found).items():
            np.testing.assert_allclose(
                value, getattr(expected, name), rtol=1e-11, atol=1e-16
            )


def test_what_slow_modes_learn_keeps_its_digits():
    found = Scheduled(WARM_UP).learned(np.array([1e-18]), np.array([40.0]))
    np.testing.assert_allclose(found[0, 0], 1e-18 * WARM_UP.sum(), rtol=1e-12)


def test_modes_learned_in_one_step_stay_learned():
    found = Scheduled([0.0, 1.0, 0.3, 1.0]).remaining(np.array([1.0]), np.arange(5.0))
    np.testing.assert_array_equal(found, [[1, 1, 0, 0, 0]])


def test_large_steps_are_allowed_where_small_ones_make_up_for_them():
    rates = np.array([0.9, 2.5, 0.9])
    found = Scheduled(rates).remaining(np.ones(1), np.arange(4.0))
    np.testing.assert_allclose(found[0], [1, 0.1, -0.15, -0.015], rtol=1e-13)
    with pytest.raises(ValueError, match=r"one of curvature 1 grows: .* up to 2 are"):
        Scheduled(rates[1:2]).remaining(np.ones(1), np.zeros(1))


@pytest.mark.parametrize("method", [GradientDescent(0.9), GradientFlow()])
def test_running_means_have_closed_forms_that_are_sums(method):
    class Hidden(AbstractResponse):
        def remaining(self, variances, when):
            return method.remaining(variances, when)

        def learned(self, variances, when):
            return method.learned(variances, when)

        def rest(self, variances):
            return method.rest(variances)

    when = np.array([0.0, 1.0, 7.0, 200.0])
    closed = PolyakAverage(method)
    if isinstance(method, GradientDescent):
        summed = PolyakAverage(Hidden())
        for name in ("remaining", "learned"):
            np.testing.assert_allclose(
                getattr(closed, name)(VARIANCES, when),
                getattr(summed, name)(VARIANCES, when),
                rtol=1e-11,
            )
    else:
        fine = np.linspace(0, 7, 70_001)
        path = method.remaining(np.array([0.3]), fine)[0]
        mean = (path.sum() - (path[0] + path[-1]) / 2) / 70_000
        found = closed.remaining(np.array([0.3]), when)[0, 2]
        np.testing.assert_allclose(found, mean, rtol=1e-8)


def test_averaging_keeps_the_start_for_longer():
    checkpoints = log_checkpoints(10**6, 40)
    plain = mode_averages(GradientDescent(0.5), VARIANCES, checkpoints)
    slow = mode_averages(PolyakAverage(GradientDescent(0.5)), VARIANCES, checkpoints)
    assert (slow.start[:4] > plain.start[:4]).all()
    late = PolyakAverage(GradientDescent(0.5)).remaining(np.ones(1), np.array([1e9]))
    np.testing.assert_allclose(late, 2e-9, rtol=1e-8)


def test_means_of_means_are_means():
    twice = PolyakAverage(PolyakAverage(GradientDescent(0.5)))
    found = twice.remaining(np.ones(1), np.arange(4.0))
    once = np.array([1, 0.5, 0.25, 0.125]).cumsum() / np.arange(1, 5)
    np.testing.assert_allclose(found[0], once.cumsum() / np.arange(1, 5), rtol=1e-14)


def test_many_modes_and_steps_are_taken_in_blocks(monkeypatch):
    from linnet.phenomena.sloppiness.theory import checkpoint_sums, schedules

    method, when = PolyakAverage(Scheduled(WARM_UP)), given_checkpoints([0, 3, 40])
    whole = mode_averages(method, VARIANCES, when)
    monkeypatch.setattr(schedules, "BLOCK", 90)
    monkeypatch.setattr(checkpoint_sums, "BLOCK", 7)
    parts = mode_averages(method, VARIANCES, when)
    for name, value in vars(whole).items():
        np.testing.assert_allclose(value, getattr(parts, name), rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Scheduled([]), "`learning_rates` must be a row of rates"),
        (lambda: Scheduled(0.1), "`learning_rates` must be a row of rates"),
        (lambda: Scheduled([0.1, -0.1]), "`learning_rates` must be finite and >= 0"),
        (lambda: Scheduled([0.1, np.inf]), "`learning_rates` must be finite and >= 0"),
        (lambda: Scheduled([0.1], -1.0), "`weight_decay` must be finite and >= 0"),
        (
            lambda: Scheduled([0.1]).learned(VARIANCES, np.array([2.0])),
            "`when` must be <= 1, the number of `learning_rates`, but is 2",
        ),
        (
            lambda: PolyakAverage(HeavyBall(0.1, 0.5)).learned(
                VARIANCES, np.array([1e9])
            ),
            "`when` must be <= 10000000 for the average of a `HeavyBall`",
        ),
    ],
)
def test_what_is_no_schedule_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
