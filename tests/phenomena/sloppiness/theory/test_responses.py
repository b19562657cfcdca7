import numpy as np
import pytest

from linnet.phenomena.sloppiness.theory import GradientDescent, GradientFlow

VARIANCES = np.array([2.0, 0.9, 0.05])


def regression(generator, outputs=1):
    """Inputs with given variances, a target that they explain, and the loss's parts."""
    n, d = 20, len(VARIANCES)
    left, _ = np.linalg.qr(generator.normal(size=(n, d)))
    right, _ = np.linalg.qr(generator.normal(size=(d, d)))
    inputs = np.sqrt(n) * left * np.sqrt(VARIANCES) @ right.T
    target = generator.normal(size=(d, outputs))
    return inputs, inputs @ target, right.T @ target, left, right


def predicted(response, when, start, target):
    """Coordinates of the predictions over the square root of n lambda."""
    h, gap = response.remaining(VARIANCES, when), response.learned(VARIANCES, when)
    return h * start + gap * response.rest(VARIANCES)[:, None] * target


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("rate", [0.2, 0.8])
def test_descent_on_samples_moves_as_its_response_says(rate, decay):
    generator = np.random.default_rng(0)
    inputs, labels, target, left, right = regression(generator)
    n = len(inputs)
    weights = generator.normal(size=(3, 1))
    start, path = right.T @ weights, []
    for _ in range(30):
        path.append(left.T @ (inputs @ weights))
        gradient = inputs.T @ (inputs @ weights - labels) / n + decay * weights
        weights = weights - rate * gradient
    response = GradientDescent(rate, decay)
    found = predicted(response, np.arange(30.0), start, target)
    seen = np.concatenate(path, axis=1) / np.sqrt(n * VARIANCES)[:, None]
    np.testing.assert_allclose(found, seen, rtol=1e-11, atol=1e-13)


def test_powers_start_at_one_even_where_a_mode_is_learned_in_one_step():
    response = GradientDescent(1.0)
    when = np.array([0.0, 1.0, 2.0])
    h = response.remaining(np.array([2.0, 1.0, 1.5]), when)
    np.testing.assert_array_equal(h, [[1, -1, 1], [1, 0, 0], [1, -0.5, 0.25]])
    gap = response.learned(np.array([2.0, 1.0, 1.5]), when)
    np.testing.assert_array_equal(gap, [[0, 2, 0], [0, 1, 1], [0, 1.5, 0.75]])


@pytest.mark.parametrize("response", [GradientDescent(1e-3), GradientFlow()])
def test_what_is_learned_keeps_its_digits(response):
    found = response.learned(np.array([1e-15]), np.array([1.0, 1e3]))
    scale = 1e-18 if isinstance(response, GradientDescent) else 1e-15
    np.testing.assert_allclose(found[0], [scale, 1e3 * scale], rtol=1e-11)


def test_too_large_a_step_is_refused_with_the_largest_that_is_stable():
    with pytest.raises(ValueError, match=r"must be <= 0.8, .* but is 0.81"):
        GradientDescent(0.81, 0.5).remaining(VARIANCES, np.zeros(1))
    GradientDescent(0.8, 0.5).remaining(VARIANCES, np.zeros(1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GradientDescent(0.0), "`learning_rate` must be positive"),
        (lambda: GradientDescent(np.nan), "`learning_rate` must be positive"),
        (lambda: GradientDescent(np.full(2, 0.1)), "`learning_rate` must be one num"),
        (lambda: GradientFlow(np.zeros(2)), "`weight_decay` must be one number"),
        (lambda: GradientDescent(0.1, -1.0), "`weight_decay` must be finite and >= 0"),
        (lambda: GradientFlow(-1.0), "`weight_decay` must be finite and >= 0"),
        (
            lambda: GradientDescent(0.1).remaining(VARIANCES, np.array([0.5])),
            "`when` must be whole numbers >= 0, but is 0.5",
        ),
        (
            lambda: GradientFlow().learned(VARIANCES, np.array([-0.5])),
            "`when` must be finite and >= 0, but is -0.5",
        ),
        (
            lambda: GradientFlow().rest(np.array([1.0, -1.0])),
            "`variances` must be positive and finite, but is -1: drop",
        ),
    ],
)
def test_what_is_no_response_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
