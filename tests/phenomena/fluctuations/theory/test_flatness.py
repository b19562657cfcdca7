import itertools

import numpy as np
import pytest
from scipy.optimize import brentq

from linnet.network import end_to_end
from linnet.phenomena.fluctuations import theory
from linnet.task import Moments


def network(sizes=(4, 3, 5, 2), key=0):
    draws = np.random.default_rng(key)
    weights = tuple(
        draws.standard_normal((rows, columns))
        for columns, rows in itertools.pairwise(sizes)
    )
    inputs = draws.standard_normal((30, sizes[0]))
    targets = draws.standard_normal((30, sizes[-1]))
    moments = Moments(
        inputs.T @ inputs / 30, targets.T @ inputs / 30, targets.T @ targets / 30, 30
    )
    return weights, inputs, targets, moments


def loss(weights, inputs, targets):
    return ((targets - inputs @ end_to_end(weights).T) ** 2).sum() / (2 * len(inputs))


def line(weights, direction, t):
    return tuple(w + t * v for w, v in zip(weights, direction, strict=True))


def test_the_sides_of_a_parabola_are_where_the_loss_has_grown_to_its_level():
    for c, g, level in ((2.0, 0.7, np.e), (0.3, -1.1, 2.0), (5.0, 0.0, 1.1)):
        left, right = theory.quadratic_sides(c, 0.6, g, level)
        for t in (-left, right):
            assert 0.6 + g * t + c * t**2 / 2 == pytest.approx(level * 0.6, rel=1e-13)
        width = theory.quadratic_width(c, 0.6, g, level)
        root = 2 / c * np.sqrt(g**2 + 2 * c * (level - 1) * 0.6)
        assert width == pytest.approx(root, rel=1e-13)
    at_minimum = theory.quadratic_width(np.array([1.0, 4.0]), 0.5)
    np.testing.assert_allclose(at_minimum, 2 * np.sqrt(np.e - 1) / [1, 2])
    tiny = theory.quadratic_sides(1e-30, 1.0, 1.0)[1]
    assert tiny == pytest.approx(np.e - 1)


def test_a_side_that_never_reaches_the_level_is_infinitely_wide():
    inf = np.inf
    for c, g, sides in (
        (0.0, 0.0, (inf, inf)),
        (-1.0, 0.0, (inf, inf)),
        (0.0, 2.0, (inf, 0.5)),
        (0.0, -2.0, (0.5, inf)),
        (-1.0, 2.0, (inf, 2 - np.sqrt(2))),
        (-1.0, -2.0, (2 - np.sqrt(2), inf)),
        (-1.0, 1.4, (inf, inf)),
    ):
        said = theory.quadratic_sides(c, 1.0, g, 2.0)
        np.testing.assert_allclose(said, sides)
        assert theory.quadratic_width(c, 1.0, g, 2.0) == inf
        np.testing.assert_allclose(
            theory.polynomial_width(np.array([1.0, g, c / 2]), 2.0), sides
        )


@pytest.mark.parametrize("sizes", [(4, 2), (4, 3, 2), (4, 3, 5, 2)])
def test_the_loss_along_a_line_is_the_polynomial(sizes):
    weights, inputs, targets, moments = network(sizes)
    direction, *_ = network(sizes, key=1)
    said = theory.loss_along(weights, direction, moments)
    assert len(said) == 2 * len(weights) + 1
    for t in (-1.3, 0.0, 0.4, 2.0):
        seen = loss(line(weights, direction, t), inputs, targets)
        assert np.polynomial.Polynomial(said)(t) == pytest.approx(seen, rel=1e-11)


def test_the_width_of_all_layers_is_the_first_crossing_of_the_loss():
    weights, inputs, targets, moments = network((4, 3, 2))
    for key in (1, 2):
        direction, *_ = network((4, 3, 2), key=key)
        said = theory.polynomial_width(theory.loss_along(weights, direction, moments))
        start = loss(weights, inputs, targets)
        for sign, width in zip((-1, 1), said, strict=True):

            def above(t, sign=sign, direction=direction, start=start):
                moved = line(weights, direction, sign * t)
                return loss(moved, inputs, targets) - np.e * start

            steps = np.linspace(0, 5, 501)
            first = np.argmax([above(t) > 0 for t in steps])
            seen = brentq(above, steps[first - 1], steps[first], xtol=1e-14)
            assert width == pytest.approx(seen, rel=1e-11)


def test_the_first_of_several_crossings_counts():
    # Up to 2 and back before it rises for good: t = 1 is a double maximum.
    bump = np.polynomial.Polynomial.fromroots([0, 0, 1.5, 1.5, 4, 4]).coef + 0.0
    bump[0] = 0.5
    value = np.polynomial.Polynomial(bump)
    left, right = theory.polynomial_width(bump, 3.0)
    assert value(right) == pytest.approx(1.5)
    assert value(-left) == pytest.approx(1.5)
    grid = np.linspace(0, right * (1 - 1e-9), 1000)
    assert value(grid).max() < 1.5
    assert (value(-grid * left / right) < 1.5).all()
    assert theory.polynomial_width(np.array([1.0, 0.0, 0.0])) == (np.inf, np.inf)
    assert theory.polynomial_width(np.array([1.0, 0.0, 1.0, 0.0, -1.0]), 2.0) == (
        np.inf,
        np.inf,
    )


def test_a_layer_sees_the_curvature_of_its_own_parabola():
    weights, _, _, moments = network()
    draws = np.random.default_rng(2)
    for layer, own in enumerate(weights):
        axes = draws.standard_normal((3, own.size))
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        seen = []
        for axis in axes:
            direction = tuple(np.zeros_like(w) for w in weights)
            direction[layer][:] = axis.reshape(own.shape)
            coefficients = theory.loss_along(weights, direction, moments)
            assert np.abs(coefficients[3:]).max() == 0
            seen.append(2 * coefficients[2])
        said = theory.axis_curvature(weights, moments.xx, layer, axes)
        np.testing.assert_allclose(said, seen, rtol=1e-10)
        matrix = theory.layer_curvature(weights, moments.xx, layer)
        np.testing.assert_allclose(np.diag(axes @ matrix @ axes.T), seen, rtol=1e-10)
    two, _, _, moments = network((4, 3, 2))
    first = np.kron(two[1].T @ two[1], moments.xx)
    second = np.kron(np.eye(2), two[0] @ moments.xx @ two[0].T)
    for layer, matrix in enumerate((first, second)):
        said = theory.layer_curvature(two, moments.xx, layer)
        np.testing.assert_allclose(said, matrix, atol=1e-13)


def test_bad_input_is_refused():
    weights, _, _, moments = network((4, 3, 2))
    with pytest.raises(ValueError, match="loss must be positive and finite, but is 0"):
        theory.quadratic_width(1.0, 0.0)
    with pytest.raises(ValueError, match="loss must be positive and finite"):
        theory.polynomial_width(np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="`level` must be above 1"):
        theory.quadratic_sides(1.0, 1.0, level=1.0)
    with pytest.raises(ValueError, match="`slope` must be finite"):
        theory.quadratic_sides(1.0, 1.0, np.nan)
    with pytest.raises(ValueError, match="`coefficients` must be a finite vector"):
        theory.polynomial_width(np.array([1.0, np.inf]))
    with pytest.raises(ValueError, match="`direction` must have the shapes"):
        theory.loss_along(weights, network((4, 5, 2))[0], moments)
    with pytest.raises(ValueError, match=r"`layer` must be in 0\.\.1, but is 2"):
        theory.layer_curvature(weights, moments.xx, 2)
    with pytest.raises(ValueError, match=r"`axes` must be \(m, 12\)"):
        theory.axis_curvature(weights, moments.xx, 0, np.ones((1, 3)))
    for axes in (2 * np.eye(12), np.zeros((1, 12)), np.full((1, 12), np.nan)):
        with pytest.raises(ValueError, match="`axes` must have rows of norm 1"):
            theory.axis_curvature(weights, moments.xx, 0, axes)
