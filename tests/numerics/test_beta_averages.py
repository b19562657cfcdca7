import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import integrate, special

from linnet.numerics import beta_averages, beta_rule

SHAPES = [(0.5, 0.5), (0.5, 3), (1, 7.5), (4, 0.5), (30, 9)]
POWERS = [0.5, 1.0, 1.5, 2.5, 7.0, 60.0, 1e3, 1e6]


@pytest.mark.parametrize("a", POWERS)
@pytest.mark.parametrize("b", POWERS)
def test_moments_are_those_of_the_beta_distribution(a, b):
    odds, weights = beta_rule(a, b)
    v, rest = odds / (1 + odds), 1 / (1 + odds)
    total = a + b
    assert weights.sum() == pytest.approx(1, rel=1e-12)
    assert weights @ v == pytest.approx(a / total, rel=1e-11)
    assert weights @ rest == pytest.approx(b / total, rel=1e-11)
    second = a * (a + 1) / (total * (total + 1))
    assert weights @ v**2 == pytest.approx(second, rel=1e-11)
    if b > 1:
        assert weights @ odds == pytest.approx(a / (b - 1), rel=1e-11)


@pytest.mark.parametrize(
    ("a", "b"), [(0.5, 0.5), (0.5, 3), (1, 7.5), (4, 0.5), (30, 9)]
)
@pytest.mark.parametrize("pole", [1e-8, 1e-3, 1.0, 1e4])
def test_a_pole_next_to_the_interval_costs_no_accuracy(a, b, pole):
    odds, weights = beta_rule(a, b)
    fast = weights @ (odds / (odds + pole))
    slow = adaptive(lambda v, rest: v / (v + pole * rest), a, b)
    assert fast == pytest.approx(slow, rel=1e-10)


def adaptive(function, a, b):
    """By the angle in V = sin², which leaves no singularity, in pieces."""

    def density(angle):
        v, rest = np.sin(angle) ** 2, np.cos(angle) ** 2
        weight = 2 * v ** (a - 0.5) * rest ** (b - 0.5) / special.beta(a, b)
        return weight * function(v, rest)

    edges = np.r_[0, np.logspace(-9, -0.1, 30), np.pi / 2 - np.logspace(-0.2, -9, 30)]
    edges = np.unique(np.r_[edges, np.pi / 2])
    pieces = [
        integrate.quad(density, low, high, epsabs=1e-15, epsrel=1e-12)[0]
        for low, high in itertools.pairwise(edges)
    ]
    return np.sum(pieces)


@given(
    a=st.floats(0.5, 1e5), b=st.floats(0.5, 1e5), pole=st.floats(-20, 20).map(np.exp)
)
def test_the_mirror_image_has_the_mirrored_average(a, b, pole):
    def functions(odds, level):
        return odds / (odds + level), level / (odds + level)

    here, there = (
        beta_averages(functions, a, b, pole),
        beta_averages(functions, b, a, 1 / pole),
    )
    np.testing.assert_allclose(here, there[::-1], rtol=1e-11)
    np.testing.assert_allclose(sum(here), 1, rtol=1e-13)


def test_a_grid_gives_the_numbers_of_its_points():
    a, b = np.array([0.5, 40.0, 3.0])[:, None], np.array([2.0, 900.0])
    (grid,) = beta_averages(lambda odds: (odds / (1 + odds),), a, b)
    assert grid.shape == (3, 2)
    np.testing.assert_allclose(grid, a / (a + b), rtol=1e-12)
    (one,) = beta_averages(lambda odds: (odds / (1 + odds),), 40.0, 2.0)
    assert np.ndim(one) == 0
    (none,) = beta_averages(lambda odds: (odds,), np.ones(0), 1.0)
    assert none.shape == (0,)


def test_the_error_falls_exponentially_with_the_nodes():
    exact = 2 / 5
    errors = []
    for nodes in (24, 48, 96):
        odds, weights = beta_rule(2.0, 3.0, nodes)
        errors.append(abs(weights @ (odds / (1 + odds)) - exact))
    assert errors[1] < errors[0] ** 1.5  # twice the nodes, twice the digits
    assert errors[2] < errors[1] ** 1.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: beta_rule(0.4, 1), "`a` must be finite and >= 1/2, but is 0.4"),
        (lambda: beta_rule(1, np.nan), "`b` must be finite and >= 1/2, but is nan"),
        (lambda: beta_rule(1, 1, 1), "`nodes` must be >= 2, but is 1"),
        (lambda: beta_rule(1, 1, 10.5), "`nodes` must be >= 2, but is 10.5"),
        (lambda: beta_averages(lambda o: (o,), np.inf, 1), "`a` must be finite"),
    ],
)
def test_a_distribution_that_is_too_wide_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
