"""Someone's own network: tanh units in NumPy, trained by plain gradient descent."""

import numpy as np
import pytest

from linnet.numerics import krylov_basis
from linnet.phenomena.anisotropy import measure

SAMPLES, INPUTS, HIDDEN = 400, 20, 10
SPIKE, ALIGNMENT = 10.0, 0.3


def data(samples=SAMPLES, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, INPUTS))
    x[:, 0] *= np.sqrt(1 + SPIKE)
    teacher = np.zeros(INPUTS)
    teacher[:2] = ALIGNMENT, np.sqrt(1 - ALIGNMENT**2)
    return 0.2 * x, 0.2 * x @ teacher  # inputs small: units bend, but not much


@pytest.fixture(scope="module")
def training():
    """Times, losses, linear parts, first layers, last readout of a tanh network."""
    x, y = data()
    rng = np.random.default_rng(1)
    first = 1e-3 * rng.normal(size=(HIDDEN, INPUTS))
    second = 1e-3 * rng.normal(size=HIDDEN)
    rate, kept = 0.2, ([], [], [], [])
    for step in range(4001):
        units = np.tanh(x @ first.T)
        gap = units @ second - y
        if step % 20 == 0:
            part = measure.linear_part(x, (units @ second)[:, None])
            for store, what in zip(
                kept, (rate * step, gap @ gap / 2 / SAMPLES, part, first), strict=True
            ):
                store.append(what)
        if step == 4000:
            break
        back = np.outer(gap, second) * (1 - units**2)
        first = first - rate * back.T @ x / SAMPLES
        second = second - rate * units.T @ gap / SAMPLES
    times, losses, parts, layers = kept
    return np.array(times), np.array(losses), parts, np.array(layers), second


def test_its_linear_part_learns_along_the_krylov_basis_in_order(training):
    times, _, parts, _, _ = training
    x, y = data()
    basis = krylov_basis(x.T @ x / SAMPLES, x.T @ y / SAMPLES, most=6)
    path = np.array([part.matrix[0] for part in parts])
    found = measure.project(path, basis)
    reached = [
        measure.phase_time(times, found.coordinates[:, mode]).times[0]
        for mode in range(2)
    ]
    assert 0 < reached[0] < reached[1] < times[-1] / 2
    half = np.searchsorted(times, reached[0])
    # At the first phase it is along the cross moment, and hardly beyond the plane.
    share = found.coordinates[half] ** 2 / (path[half] ** 2).sum()
    assert share[0] > 0.9
    assert found.outside_share[-1] < 0.01


def test_its_loss_rests_between_the_phases(training):
    times, losses, *_ = training
    found = measure.loss_plateau(times, losses)
    assert found.missing == 0
    assert 0.2 < found.ratios[0] < 0.5


def test_its_curvature_is_seen_on_fresh_inputs_and_is_small(training):
    _, _, _, layers, second = training
    x, _ = data(samples=20_000, seed=5)
    found = measure.linear_part(x, np.tanh(x @ layers[-1].T) @ second[:, None])
    share = found.nonlinear_share
    assert share.value > 5 * share.stderr > 0
    assert share.value < 0.05


def test_its_linear_part_on_gaussian_inputs_is_its_mean_slope(training):
    _, _, _, layers, second = training

    def network(rows):
        return np.tanh(rows @ layers[-1].T) @ second[:, None]

    x, _ = data(samples=5000, seed=6)
    fitted = measure.linear_part(x, network(x)).estimate
    slope = measure.difference_jacobian(network, x)
    error = np.hypot(fitted.stderr, slope.stderr)
    assert (np.abs(fitted.value - slope.value) < 4 * error).all()
    # The slope at the origin is another one.
    origin = second @ layers[-1]
    assert np.abs((slope.value[0] - origin) / error[0]).max() > 10


def test_its_first_layer_turns_between_the_phases(training):
    times, _, parts, layers, _ = training
    tops = np.array([np.linalg.svd(layer)[2][0] for layer in layers])
    path = np.array([part.matrix[0] for part in parts])
    early = measure.phase_time(times, np.linalg.norm(path, axis=1), fraction=0.2)
    angle = measure.turning(times, tops, when=early.times)
    # Silent alignment would be no angle at all; arccos(beta_1 / b) is 0.98.
    assert 0.5 < angle < 1.2
    x, y = data()
    before = np.searchsorted(times, early.times[0])
    assert measure.axis_angles(tops[before], x.T @ y) < 0.3
