import numpy as np
import pytest

from linnet.phenomena.anisotropy.theory import arrow_flow as module
from linnet.phenomena.anisotropy.theory.arrow_flow import ArrowField, arrow_flow


def drawn(power, weight_decay, flows=3, r=4):
    rng = np.random.default_rng(power)
    rates = np.abs(rng.standard_normal((flows, r))) * np.geomspace(1, 100, r)
    field = ArrowField(rates, rng.standard_normal((flows, r)), power, weight_decay)
    return field, rng.standard_normal((flows, r + 1))


@pytest.mark.parametrize("power", [1, 2, 3])
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_the_arrow_is_the_jacobian_of_the_velocity(power, weight_decay):
    field, state = drawn(power, weight_decay)
    corner, row, diagonal = field.arrow(state)
    step = 1e-6
    for at in range(state.shape[1]):
        shift = step * np.eye(state.shape[1])[at]
        ahead, behind = (field.velocity((state + s)[:, None]) for s in (shift, -shift))
        column = ((ahead - behind) / (2 * step))[:, 0]
        expected = np.zeros_like(column)
        if at == 0:
            expected[:, 0], expected[:, 1:] = corner, power * row
        else:
            expected[:, 0], expected[:, at] = row[:, at - 1], diagonal[:, at - 1]
        np.testing.assert_allclose(column, expected, rtol=1e-6, atol=1e-6)


def test_the_error_falls_with_the_tolerance():
    field, state = drawn(1, 0.0)
    times = np.linspace(0, 3, 40)
    fine = arrow_flow(field, state, times, 1e-13)
    for tolerance in (1e-3, 1e-6, 1e-9):
        gap = np.abs(arrow_flow(field, state, times, tolerance) - fine).max()
        assert gap < 30 * tolerance


def test_times_do_not_change_the_steps():
    field, state = drawn(1, 0.0)
    many = arrow_flow(field, state, np.linspace(0, 3, 301), 1e-8)
    few = arrow_flow(field, state, np.linspace(0, 3, 4), 1e-8)
    np.testing.assert_allclose(many[:, ::100], few, rtol=1e-13, atol=1e-14)


def test_a_flow_that_never_arrives_is_an_error(monkeypatch):
    monkeypatch.setattr(module, "ATTEMPTS", 3)
    field, state = drawn(1, 0.0)
    with pytest.raises(ArithmeticError, match="did not reach time 5 in 3 steps"):
        arrow_flow(field, state, np.array([5.0]), 1e-8)
