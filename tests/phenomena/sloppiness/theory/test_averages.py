import time
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    GradientFlow,
    continuous_checkpoints,
    descent_averages,
    flow_averages,
    given_checkpoints,
    log_checkpoints,
    mode_averages,
    pair_averages,
    uniform_checkpoints,
)

NAMES = ("remaining", "learned", "start", "target", "cross")
PAIRS = ("start", "target", "cross")


def exact(left, right, count):
    """Sums of powers with sixty digits, one step at a time: scale, then value."""
    with localcontext() as context:
        context.prec = 60
        rho, other = 1 - Decimal(float(left)), 1 - Decimal(float(right))
        a = b = Decimal(1)
        sums, sizes = [Decimal(0)] * 5, [Decimal(0)] * 5
        for _ in range(count):
            terms = (a, 1 - a, a * b, (1 - a) * (1 - b), a * (1 - b))
            sums = [s + term for s, term in zip(sums, terms, strict=True)]
            sizes = [s + abs(term) for s, term in zip(sizes, terms, strict=True)]
            a, b = a * rho, b * other
        return [
            (float(s / count), float(z / count))
            for s, z in zip(sums, sizes, strict=True)
        ]


def steps_for(count):
    return np.array(
        [1e-30, 1e-12, 0.4 / count, 0.99 / count, min(1.01 / count, 1.7), 0.9999, 1.0,
         1.0000001, 1.3, 2 - 1e-9, 2.0]
    )  # fmt: skip


def assert_near(found, expected, tolerance=2e-14):
    value, size = expected
    assert abs(found - value) <= tolerance * size


@pytest.mark.parametrize("count", [1, 2, 3, 7, 30, 101])
def test_closed_averages_are_sums_of_sixty_digits_to_the_last(count):
    steps = steps_for(count)
    averages = descent_averages(steps, count)
    pairs = pair_averages(GradientDescent(1.0), steps, uniform_checkpoints(count))
    for i, left in enumerate(steps):
        for name, expected in zip(NAMES, exact(left, left, count), strict=True):
            assert_near(getattr(averages, name)[i], expected)
        for j, right in enumerate(steps):
            expected = dict(zip(NAMES, exact(left, right, count), strict=True))
            for name in PAIRS:
                assert_near(getattr(pairs, name)[i, j], expected[name])


def exact_late(left, right, count):
    """Geometric sums with 150 digits, for any number of steps."""
    with localcontext() as context:
        context.prec = 150
        one = Decimal(1)
        rho, other = one - Decimal(float(left)), one - Decimal(float(right))
        a, b, c = (
            one if r == 1 else (one - r**count) / (one - r) / count
            for r in (rho, other, rho * other)
        )
        return [float(v) for v in (a, one - a, c, one - a - b + c, a - c)]


@pytest.mark.parametrize("count", [10**6 + 1, 10**9])
def test_closed_averages_hold_to_the_last_digit_at_a_billion_steps(count):
    steps = np.array(
        [1e-25, 1e-12, 1e-9, 3e-7, 0.99 / count, 1.01 / count, 0.01, 0.7, 1.0, 1.5]
    )
    averages = descent_averages(steps, count)
    pairs = pair_averages(GradientDescent(1.0), steps, uniform_checkpoints(count))
    for i, left in enumerate(steps):
        for name, expected in zip(NAMES, exact_late(left, left, count), strict=True):
            np.testing.assert_allclose(getattr(averages, name)[i], expected, rtol=1e-14)
        for j, right in enumerate(steps):
            expected = dict(zip(NAMES, exact_late(left, right, count), strict=True))
            for name in PAIRS:
                np.testing.assert_allclose(
                    getattr(pairs, name)[i, j], expected[name], rtol=1e-14, atol=1e-300
                )


def test_faster_modes_are_wider_whatever_the_number_of_steps():
    x = np.linspace(1e-3, 2, 2001)
    for count in (1, 2, 3, 4, 5, 10, 33, 100, 1000):
        averages = descent_averages(x, count)
        assert (np.diff(x * averages.start) > 0).all()
        assert (np.diff(x * averages.target) >= 0).all()


def test_targets_that_hardly_moved_are_not_rounding_noise():
    steps = 1e-12 * np.arange(1, 9)
    found = descent_averages(steps, 100).target
    expected = [exact(x, x, 100)[3][0] for x in steps]
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    lost = np.stack([steps, steps * (2 - steps)])  # even with careful means of powers
    g = -np.expm1(100 * np.log1p(-lost)) / (100 * lost)
    noise = np.abs(1 - 2 * g[0] + g[1])  # the obvious form
    assert (noise > 1000 * found).any()


def test_flow_averages_follow_their_series_and_their_limits():
    z = 1e-5
    series = z**2 / 3 - z**3 / 4 + 7 * z**4 / 60
    np.testing.assert_allclose(flow_averages(z).target, series, rtol=1e-14)
    late = flow_averages(1e6)
    np.testing.assert_allclose(late.start, 0.5e-6, rtol=1e-14)
    np.testing.assert_allclose(late.target, 1 - 1.5e-6, rtol=1e-14)
    still = flow_averages(0.0)
    assert [float(getattr(still, name)) for name in NAMES] == [1, 0, 1, 0, 0]


def test_flow_averages_are_integrals_over_time():
    nodes, weights = np.polynomial.legendre.leggauss(60)
    s, p = (nodes + 1) / 2, weights / 2
    for z in (0.3, 0.99, 1.01, 8.0):
        h = np.exp(-z * s)
        found = flow_averages(z)
        expected = h @ p, (1 - h) @ p, h**2 @ p, (1 - h) ** 2 @ p, (h * (1 - h)) @ p
        for name, value in zip(NAMES, expected, strict=True):
            np.testing.assert_allclose(getattr(found, name), value, rtol=1e-13)


@given(
    x=st.floats(0, 2),
    other=st.floats(0, 2),
    log_count=st.floats(0, 9),
)
def test_averages_keep_what_sums_keep(x, other, log_count):
    count = round(10**log_count)
    m = descent_averages(np.array([x, other]), count)
    tiny = 1e-13
    np.testing.assert_allclose(m.remaining + m.learned, 1, rtol=tiny)
    np.testing.assert_allclose(m.start + m.cross, m.remaining, rtol=tiny, atol=tiny)
    np.testing.assert_allclose(m.cross + m.target, m.learned, rtol=tiny, atol=tiny)
    assert (m.start >= m.remaining**2 * (1 - tiny)).all()
    assert (m.target >= m.learned**2 * (1 - tiny)).all()


@given(x=st.floats(1e-9, 0.5), count=st.integers(2, 10**9), every=st.integers(1, 9))
def test_checkpoints_further_apart_are_larger_steps(x, count, every):
    apart = mode_averages(
        GradientDescent(1.0), np.array([x]), uniform_checkpoints(count, every)
    )
    larger = descent_averages(1 - (1 - x) ** every, count)
    np.testing.assert_allclose(apart.target[0], larger.target, rtol=1e-6)


@pytest.mark.parametrize("response", [GradientDescent(0.7, 0.1), GradientFlow(0.1)])
@pytest.mark.parametrize("every", [1, 2, 5])
def test_closed_averages_are_the_sums_over_the_same_checkpoints(response, every):
    variances = np.array([[2.7, 1.9, 1.3], [0.2, 1e-3, 1e-9]])
    uniform = uniform_checkpoints(40, every)
    given = given_checkpoints(uniform.when)
    for function, names in ((mode_averages, NAMES), (pair_averages, PAIRS)):
        closed, summed = (function(response, variances, c) for c in (uniform, given))
        for name in (*names, *(("covariance",) if names is PAIRS else ())):
            np.testing.assert_allclose(
                getattr(closed, name), getattr(summed, name), rtol=1e-11, atol=1e-17
            )


def test_pairs_on_the_diagonal_are_modes():
    variances = np.geomspace(2, 1e-9, 12)
    for response, checkpoints in (
        (GradientDescent(1.0), uniform_checkpoints(10**6)),
        (GradientFlow(), continuous_checkpoints(300.0)),
        (GradientDescent(0.3), log_checkpoints(1000, 20)),
    ):
        modes = mode_averages(response, variances, checkpoints)
        pairs = pair_averages(response, variances, checkpoints)
        for name in PAIRS:
            diagonal = np.diagonal(getattr(pairs, name))
            np.testing.assert_allclose(diagonal, getattr(modes, name), rtol=1e-12)


def test_covariances_of_unlearned_modes_keep_their_digits():
    folds = np.array([1e-9, 1e-3, 30.0])
    found = pair_averages(GradientFlow(), folds, continuous_checkpoints(1.0)).covariance
    np.testing.assert_allclose(found[0, 0], 1e-18 / 12, rtol=1e-8)
    np.testing.assert_allclose(found[0, 1], 1e-12 / 12, rtol=1e-3)
    s = np.linspace(0, 1, 200_001)
    h = np.exp(-30 * s)
    weights = np.full(len(s), 1 / (len(s) - 1))
    weights[[0, -1]] /= 2
    expected = -1e-9 * ((s * h) @ weights - (h @ weights) / 2)
    np.testing.assert_allclose(found[0, 2], expected, rtol=1e-6)
    np.testing.assert_allclose(found, found.T, rtol=1e-13)


def test_log_spaced_checkpoints_reach_a_billion_steps():
    variances = np.array([1.0, 1e-9, 1e-15])
    when = log_checkpoints(10**9, 50)
    found = mode_averages(GradientDescent(0.5), variances, when)
    t = when.when
    with np.errstate(under="ignore"):
        h = np.exp(np.log1p(-0.5e-9) * t)
    np.testing.assert_allclose(found.start[1], np.mean(h**2), rtol=1e-12)
    np.testing.assert_allclose(found.target[2], np.mean((0.5e-15 * t) ** 2), rtol=1e-6)


def test_a_billion_steps_take_as_long_as_a_thousand():
    variances = np.geomspace(1, 1e-9, 2000)

    def seconds(count):
        begin = time.process_time()
        for _ in range(5):
            mode_averages(GradientDescent(1.0), variances, uniform_checkpoints(count))
        return time.process_time() - begin

    times = [(seconds(10**9), seconds(10**3)) for _ in range(4)]
    long, short = (min(column) for column in zip(*times, strict=True))
    assert long < 3 * short  # by steps it would be a million times


def test_maps_over_steps_and_counts_are_one_call():
    x, count = np.geomspace(1e-3, 1, 4)[:, None, None], np.array([[1], [10]])
    variances = np.array([1.0, 0.5, 0.1])
    found = descent_averages(x * variances, count)
    assert found.target.shape == (4, 2, 3)
    one = mode_averages(
        GradientDescent(float(x[2, 0, 0])), variances, uniform_checkpoints(10)
    )
    np.testing.assert_allclose(found.target[2, 1], one.target, rtol=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: descent_averages(2.1, 3), "`x` must be <= 2, but is 2.1"),
        (lambda: descent_averages(np.nan, 3), "`x` must be finite and >= 0"),
        (lambda: descent_averages(0.1, 0), "`count` must be a whole number >= 1"),
        (lambda: flow_averages(-1.0), "`folds` must be finite and >= 0"),
        (
            lambda: mode_averages(
                GradientDescent(1.0), np.ones(1), continuous_checkpoints(1.0)
            ),
            "must not be continuous for a `GradientDescent`",
        ),
        (
            lambda: pair_averages(
                GradientDescent(1.0), np.array([1.0, 0.0]), uniform_checkpoints(2)
            ),
            "`variances` must be positive and finite, but is 0",
        ),
    ],
)
def test_what_has_no_average_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
