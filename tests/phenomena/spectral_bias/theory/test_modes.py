import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from linnet.phenomena.spectral_bias import theory

strengths = st.floats(1e-3, 1e3)
deltas = st.floats(1e-12, 1e6)

CASES = [
    (1.0, 1.0, 0.5),
    (3.0, 0.5, 1e-4),
    (0.2, 4.0, 1e-13),
    (2.0, 1.0, 1e3),
    (5.0, 20.0, 1e-7),
]


def integrated(times, b, a, delta):
    """The law in the coordinate in which it is smooth, by a general solver."""

    def slope(t, u):
        return 2 * (b - a * delta * np.sinh(u))

    run = solve_ivp(
        slope,
        (0, times[-1]),
        [0.0],
        method="Radau" if a * delta > 10 else "DOP853",
        t_eval=times,
        rtol=1e-12,
        atol=1e-14,
    )
    return delta * np.sinh(run.y[0])


@pytest.mark.parametrize(("b", "a", "delta"), CASES)
def test_mode_curve_solves_its_equation(b, a, delta):
    times = np.linspace(0, 2.5 * theory.half_time(b, a, delta), 60)
    curve = theory.mode_curve(times, b, a, delta)
    expected = integrated(times, b, a, delta)
    np.testing.assert_allclose(curve, expected, rtol=2e-9, atol=1e-30)


@given(b=strengths, a=strengths, delta=deltas)
def test_mode_curve_grows_from_zero_to_its_end(b, a, delta):
    times = theory.half_time(b, a, delta) * np.array([0, 1e-9, 0.5, 1, 3, 400.0])
    curve = theory.mode_curve(times, b, a, delta)
    assert curve[0] == 0
    assert (np.diff(curve[:4]) > 0).all()
    np.testing.assert_allclose(curve[-1], b / a, rtol=1e-9)
    # First growth from rest, 2 delta b t: lost if near numbers were subtracted.
    np.testing.assert_allclose(curve[1], 2 * delta * b * times[1], rtol=1e-6)


@given(b=strengths, a=strengths, delta=deltas)
def test_half_time_is_when_the_curve_is_half_way(b, a, delta):
    half = theory.half_time(b, a, delta)
    curve = theory.mode_curve(np.array([half]), b, a, delta)
    np.testing.assert_allclose(curve, b / a / 2, rtol=1e-9)


@given(b=strengths, a=strengths, delta=deltas, unit=st.floats(1e-3, 1e3))
def test_mode_law_scales_with_the_units(b, a, delta, unit):
    half = theory.half_time(b, a, delta)
    outputs = theory.half_time(unit * b, a, unit * delta)  # b, sigma and delta grow
    losses = theory.half_time(unit * b, unit * a, delta)
    np.testing.assert_allclose([outputs, losses], half / unit, rtol=1e-9)


def test_a_lazy_mode_relaxes_exponentially():
    times = np.linspace(0, 3, 20)
    curve = theory.mode_curve(times / 1e6, 2.0, 1.0, 5e5)
    np.testing.assert_allclose(curve, 2 * -np.expm1(-times), rtol=1e-5)


@pytest.mark.parametrize("delta", [1e-200, 1e-300])
def test_an_absurdly_small_start_overflows_nothing(delta):
    half = theory.half_time(1.0, 1.0, delta)
    np.testing.assert_allclose(half, np.log(2 / delta) / 2, rtol=1e-12)
    curve = theory.mode_curve(np.array([0.0, half, 10 * half]), 1.0, 1.0, delta)
    np.testing.assert_allclose(curve, [0, 0.5, 1])


@pytest.mark.parametrize("b", [1.0, 2.0, 3.0])
@pytest.mark.parametrize(("gamma", "error"), [(1e-2, 8.4e-4), (1e-4, 5e-6)])
def test_small_scale_half_time_has_its_stated_error(b, gamma, error):
    exact = theory.half_time(b, 1.0, gamma / 2)
    small = theory.half_time_small_scale(b, 1.0, gamma / 2)
    ratio = gamma / 2 / b
    np.testing.assert_allclose(
        small / exact - 1, ratio / np.log(2 / ratio), rtol=5 * ratio, atol=1e-12
    )
    assert abs(small / exact - 1) <= error
    if b == 1.0:
        assert abs(small / exact - 1) >= 0.9 * error


@given(b=strengths, a=strengths, delta=deltas)
def test_half_time_is_where_a_root_finder_finds_it(b, a, delta):
    half = theory.half_time(b, a, delta)

    def short(t):
        return theory.mode_curve(np.array([t]), b, a, delta)[0] - b / a / 2

    assert half == pytest.approx(brentq(short, 0.5 * half, 2 * half), rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 1.0, 1.0), "`strength` must be positive and finite, but is 0.0: a mode"),
        ((1.0, -1.0, 1.0), "`variance` must be positive and finite, but is -1.0"),
        ((1.0, 1.0, np.nan), "`delta` must be positive and finite, but is nan"),
    ],
)
def test_a_mode_that_is_none_is_refused(arguments, message):
    for ask in (theory.half_time, theory.half_time_small_scale):
        with pytest.raises(ValueError, match=message):
            ask(*arguments)
    with pytest.raises(ValueError, match=message):
        theory.mode_curve(np.zeros(1), *arguments)


@pytest.mark.parametrize("wrong", [-1.0, np.nan])
def test_a_time_before_the_start_is_refused(wrong):
    with pytest.raises(ValueError, match="`times` must be finite and >= 0"):
        theory.mode_curve(np.array([0.0, wrong]), 1.0, 1.0, 1.0)


def test_small_scale_formula_is_refused_at_a_large_scale():
    with pytest.raises(ValueError, match="must lie below strength / variance = 2"):
        theory.half_time_small_scale(2.0, 1.0, 2.0)
