import numpy as np
import plain_training as plain
import pytest

from linnet.network import IsotropicFirstLayer
from linnet.phenomena.spectral_bias import theory
from linnet.task import Moments


def left_by_descent(strengths, variance, gamma, rate):
    """Fractions of the imbalance left on each mode, by plain descent to the end."""
    size = len(strengths)
    yx = np.diag(strengths)
    moments = Moments(variance * np.eye(size), yx, 100 * np.eye(size))
    start = IsotropicFirstLayer(gamma).weights((size,) * 3, np.random.default_rng(0))
    end = plain.descent(start, moments, rate, int(60 / rate))[-1]
    inputs, outputs = end[0].T @ end[0], end[1] @ end[1].T
    return np.diag(inputs - outputs) / gamma


def test_descent_leaves_what_the_law_says_up_to_the_square_of_the_rate():
    strengths, variance, gamma = np.array([1.7, 0.6]), 1.3, 0.1
    errors = []
    for rate in (0.02, 0.01):
        seen = np.log(left_by_descent(strengths, variance, gamma, rate))
        said = np.log(theory.imbalance_left(strengths, variance, gamma / 2, rate))
        errors.append(np.abs(seen - said).max())
        assert np.abs(seen / (2 * said) - 1).min() > 0.4  # twice the exponent is seen
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


def test_bad_input_is_refused():
    for name, given in (
        ("strength", (-1.0, 1.0, 1.0, 0.1)),
        ("variance", (1.0, 0.0, 1.0, 0.1)),
        ("delta", (1.0, 1.0, 0.0, 0.1)),
        ("learning_rate", (1.0, 1.0, 1.0, -0.1)),
    ):
        with pytest.raises(ValueError, match=f"`{name}` must be positive and finite"):
            theory.imbalance_left(*given)


def test_on_the_way_the_law_begins_at_one_and_ends_where_training_does():
    given = (2.0, 1.3, 0.05, 0.01)
    assert theory.imbalance_left(*given, reached=0.0) == 1
    np.testing.assert_allclose(
        theory.imbalance_left(*given, reached=2.0 / 1.3), theory.imbalance_left(*given)
    )
    reached = np.linspace(0, 2.0 / 1.3, 2001)
    squares = (2.0 - 1.3 * reached) / (2 * np.hypot(0.05, reached))
    lost = np.concatenate([[0], np.cumsum((squares[1:] + squares[:-1]) / 2)])
    said = theory.imbalance_left(*given, reached=reached)
    np.testing.assert_allclose(np.log(said), -0.01 * lost * reached[1], atol=1e-7)
