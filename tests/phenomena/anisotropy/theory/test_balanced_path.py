import numpy as np
import pytest
from scipy.integrate import solve_ivp

from linnet.phenomena.anisotropy.theory import (
    balanced_path as module,
    sample_contour,
    spiked_population,
)
from linnet.phenomena.anisotropy.theory.balanced_path import balanced_path

TIMES = np.geomspace(0.01, 40, 25)


def drives(population, ratio, noise):
    found = sample_contour(population, ratio)
    power = population.target_power[None]
    return found.points, found.drive_weights(power, np.array([noise]))


def plain(points, weights, init_scale, times):
    """Amplitude and response by the equations in time, every node its own unknown."""
    count = len(points)

    def rates(_, state):
        modes, amplitude = state[:count] + 1j * state[count:-1], state[-1]
        left = 1 - points * amplitude * modes
        moved = amplitude * left
        grown = (weights * modes * left).sum().real
        return np.r_[moved.real, moved.imag, grown]

    start = np.full(count, init_scale / np.sqrt(weights.sum().real))
    begin = np.r_[start, np.zeros(count), init_scale]
    solved = solve_ivp(
        rates, (0, times[-1]), begin, "DOP853", times, rtol=1e-11, atol=1e-13
    ).y
    modes = (solved[:count] + 1j * solved[count:-1]).T
    return solved[-1], solved[-1][:, None] * modes


@pytest.mark.parametrize("init_scale", [1e-9, 1e-3, 0.3, 2.0])
def test_one_mode_follows_the_logistic_curve(init_scale):
    curvature, drive = 0.7, 1.9
    path = balanced_path(
        np.array([curvature + 0j]), np.array([[drive**2 + 0j]]),
        np.array([init_scale]), 40.0,
    )  # fmt: skip
    amplitude, modes = path.at(TIMES, 0)
    end = drive / curvature
    exact = end / (1 + (end / init_scale**2 - 1) * np.exp(-2 * drive * TIMES))
    np.testing.assert_allclose(amplitude**2, exact, rtol=2e-8)
    np.testing.assert_allclose(drive * amplitude * modes[:, 0].real, exact, rtol=2e-8)


@pytest.mark.parametrize(
    ("population", "ratio", "noise", "init_scale"),
    [
        (spiked_population(5.0, 0.6), 2.0, 0.7, 0.01),
        (spiked_population(5.0, 1.0), 0.5, 0.0, 1e-4),
        (spiked_population([8.0, 3.0, -0.6], [0.5, 0.3, 0.4]), 1.02, 0.3, 0.5),
        (spiked_population(150.0, 0.01), 0.5, 0.0, 0.01),  # nodes cancel 250-fold
    ],
)
def test_steps_in_theta_and_plain_integration_in_time_agree(
    population, ratio, noise, init_scale
):
    points, weights = drives(population, ratio, noise)
    times = TIMES[:20] if len(points) > 60 else TIMES
    path = balanced_path(points, weights, np.array([init_scale]), times[-1])
    amplitude, modes = path.at(times, 0)
    expected, gain = plain(points, weights[0], init_scale, times)
    np.testing.assert_allclose(amplitude, expected, rtol=1e-7)
    np.testing.assert_allclose(
        amplitude[:, None] * modes * points, gain * points, atol=1e-6
    )


def test_layers_stay_balanced_between_the_stages_as_well():
    points, weights = drives(spiked_population(5.0, 0.6), 2.0, 0.7)
    path = balanced_path(points, weights, np.array([1e-6]), 40.0)
    amplitude, modes = path.at(np.linspace(0, 40, 301), 0)
    square = (weights[0] * modes**2).sum(1).real
    np.testing.assert_allclose(square, amplitude**2, rtol=1e-7)


def test_stiff_modes_cost_no_more_steps():
    counts = []
    for rho in (10.0, 1e4):
        points, weights = drives(spiked_population(rho, 0.6), 2.0, 0.7)
        path = balanced_path(points, weights, np.array([1e-3]), 1e3)
        counts.append(len(path.steps))
    assert counts[1] < 1.5 * counts[0] < 150


def test_a_batch_is_its_members():
    population = spiked_population(5.0, [[0.0], [0.6], [1.0]])
    found = sample_contour(population, 2.0)
    weights = found.drive_weights(population.target_power, np.array([0.7, 0.1, 0.0]))
    scales = np.array([0.1, 1e-4, 0.01])
    together = balanced_path(found.points, weights, scales, 40.0)
    for member in range(3):
        alone = balanced_path(
            found.points, weights[member, None], scales[member, None], 40.0
        )
        for pair in zip(together.at(TIMES, member), alone.at(TIMES, 0), strict=True):
            np.testing.assert_allclose(*pair, rtol=1e-6, atol=1e-8)


def test_too_many_steps_are_refused(monkeypatch):
    points, weights = drives(spiked_population(5.0, 0.6), 2.0, 0.7)
    monkeypatch.setattr(module, "MOST_STEPS", 5)
    with pytest.raises(ArithmeticError, match="need more than 5 steps to reach t = 40"):
        balanced_path(points, weights, np.array([1e-3]), 40.0)
