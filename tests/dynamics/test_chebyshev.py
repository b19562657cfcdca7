"""RKC3 against the textbook: Sommeijer and Verwer's scheme by its Chebyshev sums."""

from functools import lru_cache

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.integrate import solve_ivp

from linnet.dynamics import RKC3
from linnet.dynamics.chebyshev import (
    DAMPING,
    MOST_STAGES,
    STAGES_PER_STIFFNESS,
    chebyshev_step,
    stage_count,
)

RATES = np.array([0.1, 1.0, 10.0])


def cubic(y):
    """A smooth gradient system, written with operators alone."""
    return -RATES * y - 0.3 * y**3 - 0.1 * y.sum() ** 3


def polynomials(stages):
    r"""$w_0$, and $T_j, T_j', T_j''$ there for all $j$ up to `stages`."""
    w0 = 1 + DAMPING / stages**2
    value, first, second = [1.0, w0], [0.0, 1.0], [0.0, 0.0]
    for _ in range(2, stages + 1):  # T_j = 2 w T_{j-1} - T_{j-2}, derived twice
        second.append(4 * first[-1] + 2 * w0 * second[-1] - second[-2])
        first.append(2 * value[-1] + 2 * w0 * first[-1] - first[-2])
        value.append(2 * w0 * value[-1] - value[-2])
    return w0, np.array(value), np.array(first), np.array(second)


def textbook_step(slope, y0, size, stages):
    w0, value, first, second = polynomials(stages)
    w1 = first[-1] / second[-1]
    b = np.empty(stages + 1)
    b[2:] = second[2:] / first[2:] ** 2
    b[:2] = b[2]
    a = 1 - b * value
    f0 = slope(y0)
    older, newer = y0, y0 + b[1] * w1 * size * f0
    for j in range(2, stages + 1):
        mu, nu = 2 * b[j] * w0 / b[j - 1], -b[j] / b[j - 2]
        mu_tilde = 2 * b[j] * w1 / b[j - 1]
        newest = (1 - mu - nu) * y0 + mu * newer + nu * older
        newest = newest + mu_tilde * size * (slope(newer) - a[j - 1] * f0)
        older, newer = newer, newest
    return newer


def stable_interval(stages):
    r"""$\beta = (1 + w_0)\,T_s''(w_0)/T_s'(w_0)$."""
    w0, _, first, second = polynomials(stages)
    return (1 + w0) * second[-1] / first[-1]


@lru_cache
def step_of_cubic():
    return jax.jit(lambda y, h, s: chebyshev_step(cubic, y, cubic(y), h, s))


@lru_cache
def step_of_lines():
    """Many linear problems at once: the stability polynomial at all `z`."""

    def step(z, s):
        one = jnp.ones_like(z)
        return chebyshev_step(lambda y: -z * y, one, -z, jnp.ones_like(z[0]), s)

    return jax.jit(step)


def whole(number):
    return jnp.asarray(number, jnp.int32)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("stages", [2, 3, 4, 7, 20, 50, 100, 200])
def test_step_is_that_of_the_textbook(stages):
    y0 = np.array([1.0, 0.8, -0.5])
    size = 0.6 * stages**2 / 15  # the sharpest rate is about 10 + 3 * 0.4 + 0.3 * 9
    found = step_of_cubic()(jnp.asarray(y0), jnp.asarray(size), whole(stages))
    expected = textbook_step(cubic, y0, size, stages)
    # The textbook's w_0 - 1 = DAMPING / s² keeps few digits once 1 has been added.
    tolerance = np.finfo(float).eps * stages**2 / DAMPING
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)
    assert np.abs(expected - y0).max() > 0.1


def growth(stages, z):
    """What a step makes of linear modes of rate `z`, in the precision of `z`."""
    with jax.enable_x64(z.dtype == np.float64):
        found = np.array(step_of_lines()(jnp.asarray(z), whole(stages)))
    assert found.dtype == z.dtype
    return found


@given(stages=st.integers(2, 200))
def test_every_step_is_stable_and_damped_on_all_of_its_interval(stages):
    z = np.linspace(0, stable_interval(stages), 4001)
    found = growth(stages, z)
    assert found[0] == 1
    assert np.abs(found).max() <= 1
    # P = a + b T(w_0 - w_1 z): where |T| <= 1, all modes decay by a tenth
    # or more. The recursion amplifies the rounding of w by s², and so does T.
    w0, value, first, second = polynomials(stages)
    w1, b = first[-1] / second[-1], second[-1] / first[-1] ** 2
    a, rounding = 1 - b * value[-1], 4 * np.finfo(float).eps * stages**4
    inside = w0 - w1 * z <= 1
    angle = np.arccos(np.clip(w0 - w1 * z[inside], -1, 1))
    expected = a + b * np.cos(stages * angle)
    np.testing.assert_allclose(found[inside], expected, rtol=0, atol=rounding)
    assert np.abs(found[inside]).max() <= a + b + rounding < 0.9


@pytest.mark.parametrize("stages", [2, 10, 100, 1000])
def test_a_step_in_32_bits_is_as_stable_as_in_64(stages):
    z = np.linspace(0, 0.6 * (stages**2 - 1), 4001).astype(np.float32)
    found = growth(stages, z)
    assert found[0] == 1  # what is at rest stays so, for any number of stages
    assert np.abs(found).max() <= 1
    # Coefficients that are off by a few roundings act as if z were, of up to 0.6 s².
    expected = growth(stages, z.astype(float))
    tolerance = 4 * np.finfo(np.float32).eps * stages**2
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


@given(stiffness=st.floats(0, 1.5e4))
def test_stages_leave_a_margin_and_not_much_more(stiffness):
    with jax.enable_x64(True):
        count, stable = stage_count(jnp.asarray(stiffness))
    stages = int(count)
    assert stable
    # The spectral radius may grow by eight per cent within a step.
    assert stable_interval(stages) >= 1.08 * stiffness
    if stages > 3:
        assert stable_interval(int(0.94 * stages) - 2) < stiffness


@pytest.mark.usefixtures("x64")
def test_a_step_that_asks_for_too_many_stages_is_not_stable_and_costs_nothing():
    most = MOST_STAGES["float64"]
    limit = (most**2 - 1) / STAGES_PER_STIFFNESS  # 1 + √(1 + cz) = most + 1
    stages, stable = jax.vmap(stage_count)(jnp.asarray([0.9999, 1.0001, 1e9]) * limit)
    np.testing.assert_array_equal(stable, [True, False, False])
    np.testing.assert_array_equal(stages, [most, 2, 2])


@given(stiffness=st.floats(1e-3, 2e4))
def test_the_extrapolated_step_is_stable_and_damped(stiffness):
    # Of all modes at once: those of a step of this stiffness lie in [0, stiffness].
    z = np.linspace(0, stiffness, 4001)
    with jax.enable_x64(True):
        whole, _ = stage_count(jnp.asarray(stiffness))
        half, _ = stage_count(jnp.asarray(stiffness / 2))
    once, twice = growth(int(whole), z), growth(int(half), z / 2) ** 2
    found = twice + (twice - once) / 3
    np.testing.assert_allclose(found[0], 1, rtol=1e-14)
    assert np.abs(found).max() <= 1
    assert np.abs(found[z > 2]).max(initial=0) < 0.9


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("stages", [2, 5, 30])
def test_error_of_a_plain_step_falls_with_its_square(stages):
    start, span = np.array([1.0, 0.8, -0.5]), 0.2
    ends = []
    for count in (16, 32, 64):
        y = jnp.asarray(start)
        for _ in range(count):
            y = step_of_cubic()(y, jnp.asarray(span / count), whole(stages))
        ends.append(np.array(y))
    halves = np.linalg.norm(ends[0] - ends[1]) / np.linalg.norm(ends[1] - ends[2])
    assert abs(np.log2(halves) - 2) < 0.1


@lru_cache
def compiled_attempt():
    def step(size, radius):
        solver = RKC3(lambda y, args: args)
        terms, y0 = diffrax.ODETerm(lambda t, y, args: cubic(y)), jnp.ones(3)
        begin = jnp.zeros_like(size)
        slope = solver.init(terms, begin, size, y0, radius)
        y1, error, _, last, _ = solver.step(
            terms, begin, size, y0, radius, slope, False
        )
        return y1, error, last

    return jax.jit(step)


def attempt(size, radius=15.0):
    """One step of the solver: its end, its error estimate and its last slope."""
    return compiled_attempt()(jnp.asarray(size), jnp.asarray(radius))


@pytest.mark.usefixtures("x64")
def test_error_estimate_falls_with_the_third_power_of_the_step():
    solver, sizes = RKC3(lambda y, args: jnp.asarray(15.0)), [4e-3, 2e-3, 1e-3]
    errors = [np.linalg.norm(attempt(size)[1]) for size in sizes]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    np.testing.assert_allclose(orders, 3, atol=0.1)
    assert solver.order(None) == 3
    assert solver.error_order(None) == 3


@pytest.mark.usefixtures("x64")
def test_error_estimate_is_that_of_the_half_steps_and_the_end_is_better():
    y1, error, last = attempt(0.05)
    solved = solve_ivp(
        lambda _, y: cubic(y), (0, 0.05), np.ones(3), rtol=1e-12, atol=1e-14
    )
    truth = solved.y[:, -1]
    ratio = np.linalg.norm(error) / np.linalg.norm(y1 - error - truth)
    assert 0.7 < ratio < 1.5
    np.testing.assert_allclose(last, cubic(y1), rtol=1e-15)  # opens the next step


@pytest.mark.usefixtures("x64")
def test_the_error_of_an_extrapolated_step_falls_with_the_fourth_power():
    misses = []
    for size in (0.02, 0.01, 0.005):
        known = solve_ivp(
            lambda _, y: cubic(y), (0, size), np.ones(3), rtol=1e-13, atol=1e-15
        )
        misses.append(np.linalg.norm(attempt(size)[0] - known.y[:, -1]))
    orders = np.log2(np.divide(misses[:-1], misses[1:]))
    np.testing.assert_allclose(orders, 4, atol=0.4)


@pytest.mark.usefixtures("x64")
def test_error_of_a_step_beyond_the_most_stages_is_infinite():
    _, error, _ = attempt(0.05, radius=1e9)
    assert np.isposinf(error).all()


@pytest.mark.usefixtures("x64")
def test_a_step_that_overflows_is_refused_from_where_it_began():
    y1, error, _ = attempt(1e200, radius=1e-199)
    np.testing.assert_array_equal(y1, np.ones(3))
    assert np.isposinf(error).all()


STIFF = np.geomspace(1, 1e6, 7)


@lru_cache
def solve_stiff():
    def solve(first_step):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, rates: -rates * y),
            RKC3(lambda y, rates: rates.max()),
            0.0,
            2.0,
            first_step,
            jnp.ones(7),
            jnp.asarray(STIFF),
            stepsize_controller=diffrax.PIDController(1e-6, 1e-9),
            max_steps=10_000,
        )

    return jax.jit(solve)


@pytest.mark.usefixtures("x64")
# The longest asks for 3 times the stages there are: it has to be refused.
@pytest.mark.parametrize("first_step", [1e-7, 2.0])
def test_a_stiff_problem_takes_few_steps_to_the_exact_end(first_step):
    solution = solve_stiff()(jnp.asarray(first_step))
    np.testing.assert_allclose(solution.ys[-1], np.exp(-2 * STIFF), atol=1e-5)
    explicit = 2 * STIFF.max() / 6  # what stability would ask of Dopri8
    assert solution.stats["num_steps"] < explicit / 50


@pytest.mark.usefixtures("x64")
def test_a_nonlinear_problem_ends_where_scipy_ends():
    @jax.jit
    def solve(tolerance):
        return diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, args: cubic(y)),
            RKC3(lambda y, args: jnp.asarray(15.0)),
            0.0,
            3.0,
            1e-3,
            jnp.ones(3),
            stepsize_controller=diffrax.PIDController(tolerance, tolerance),
        ).ys[-1]

    known = solve_ivp(lambda _, y: cubic(y), (0, 3), np.ones(3), rtol=1e-12, atol=1e-14)
    rough, fine = (
        np.abs(solve(tolerance) - known.y[:, -1]).max() for tolerance in (1e-4, 1e-7)
    )
    # Tolerance ~ h³, and so is the error of the end.
    assert 300 < rough / fine < 3000
    assert fine < 1e-7
