"""A linear network of two layers, all weights by plain gradient descent, measured."""

import numpy as np
import pytest

from linnet.numerics import krylov_basis
from linnet.phenomena.anisotropy import measure

INPUTS, HIDDEN, REPLICAS = 30, 10, 8
SPIKE, ALIGNMENT = 10.0, 0.3
RATE, STEPS, EVERY = 0.002, 3500, 5
COVARIANCE = np.diag(np.r_[1 + SPIKE, np.ones(INPUTS - 1)])
TEACHER = np.r_[ALIGNMENT, np.sqrt(1 - ALIGNMENT**2), np.zeros(INPUTS - 2)]
BASIS = krylov_basis(COVARIANCE, COVARIANCE @ TEACHER)
# Along the first direction the loss is least at drive / diagonal[0].
PLATEAU = BASIS.drive / BASIS.diagonal[0]
END = BASIS.vectors.T @ TEACHER


def trained(scale):
    """Times, first layers and readouts of replicas with random starts."""
    rng = np.random.default_rng(0)
    first = scale * rng.normal(size=(REPLICAS, HIDDEN, INPUTS))
    last = scale * rng.normal(size=(REPLICAS, 1, HIDDEN))
    times, kept = [], []
    for step in range(STEPS + 1):
        if step % EVERY == 0:
            times.append(RATE * step)
            kept.append((first, last))
        pull = (TEACHER - last @ first) @ COVARIANCE
        first, last = (
            first + RATE * last.transpose(0, 2, 1) @ pull,
            last + RATE * pull @ first.transpose(0, 2, 1),
        )
    return np.array(times), *(np.stack(part, 1) for part in zip(*kept, strict=True))


def two_coordinates(start):
    """The same in the plane, from `start` along its first direction, by RK4."""
    matrix, drive = BASIS.matrix(), np.array([BASIS.drive, 0.0])

    def velocity(c):
        pull, length = drive - matrix @ c, np.linalg.norm(c)
        return length * pull + c * (c @ pull) / length

    step, c, kept = 0.002, np.array([start, 0.0]), []
    for _ in range(5 * STEPS // 4):
        kept.append(c)
        a = velocity(c)
        b = velocity(c + step / 2 * a)
        e = velocity(c + step / 2 * b)
        f = velocity(c + step * e)
        c = c + step / 6 * (a + 2 * b + 2 * e + f)
    return step * np.arange(len(kept)), np.array(kept)


@pytest.fixture(scope="module")
def run():
    times, first, last = trained(3e-5)
    return times, first, last, measure.end_to_end_path([first, last])


def effective_starts(first, last):
    along = first[:, 0] @ BASIS.vectors[:, 0] + last[:, 0, 0]
    return (along**2).sum(-1) / 4


def phases(times, path):
    c = measure.project(path[:, :, 0], BASIS).coordinates
    return (
        measure.phase_time(times, c[..., 0], level=PLATEAU),
        measure.phase_time(times, c[..., 1], level=END[1]),
    )


def test_network_stays_in_the_plane_of_spike_and_teacher(run):
    found = measure.project(run[3][:, :, 0], BASIS)
    assert BASIS.vectors.shape == (INPUTS, 2)
    # Outside, the grown readout, of length 1, sees what the start left in the layer.
    assert found.outside.max() < 2 * 3e-5 * np.sqrt(INPUTS)
    assert np.linalg.norm(run[3][:, -1], axis=(-2, -1)).min() > 0.99


def test_phase_times_are_those_of_two_coordinates_for_every_start(run):
    times, first, last, path = run
    found = phases(times, path)
    for at, start in enumerate(effective_starts(first, last)):
        clock, c = two_coordinates(start)
        for mode, level in ((0, PLATEAU), (1, END[1])):
            expected = measure.phase_time(clock, c[:, mode], level=level).times[0]
            # A step of descent is behind the flow by half of rate times growth.
            late = found[mode].times[at] - expected
            assert 0 < late < 2 * RATE * BASIS.drive * expected
            assert abs(found[mode].times[at] - expected / 2) > 0.5


def test_first_phase_waits_for_the_start_and_the_second_for_the_first_only(run):
    small = phases(run[0], run[3])
    times, first, last = trained(3e-4)
    large = phases(times, measure.end_to_end_path([first, last]))
    # A hundred times the product: ln(100) / (2 s_1) sooner.
    sooner = measure.paired_difference(small[0].times, large[0].times)
    np.testing.assert_allclose(sooner.value, np.log(100) / (2 * BASIS.drive), rtol=2e-2)
    delays = [measure.phase_delay(*both) for both in (small, large)]
    apart = measure.paired_difference(delays[0].times, delays[1].times)
    assert abs(apart.value) < 1e-3 * delays[0].estimate.value
    # Were it an escape from a saddle, it would be later by the share of the first.
    assert sooner.value > 500 * abs(apart.value)


def test_rest_of_the_loss_is_that_of_two_coordinates(run):
    times, _, _, path = run
    loss = measure.excess_risk(path, TEACHER[None], COVARIANCE, half=True)
    found = measure.loss_plateau(times, loss)
    _, c = two_coordinates(1e-9)
    gap = c - END
    clock_loss = np.einsum("ti,ij,tj->t", gap, BASIS.matrix(), gap) / 2
    expected = measure.loss_plateau(0.002 * np.arange(len(c)), clock_loss)
    np.testing.assert_allclose(found.ratios, expected.ratios[0], rtol=1e-2)
    # The corner is round: the loss rests below its least value on the first line.
    start = TEACHER @ COVARIANCE @ TEACHER
    line = 1 - BASIS.drive * PLATEAU / start
    assert 0.7 * line < found.estimate.value < 0.9 * line


def test_silent_alignment_fails_by_the_angle_between_cross_moment_and_teacher(run):
    times, first, last, path = run
    kernels = measure.kernel_directions([first, last])
    c = measure.project(path[:, :, 0], BASIS).coordinates
    early = measure.phase_time(times, c[..., 0], level=PLATEAU, fraction=0.01)
    angle = measure.turning(times, kernels, when=early.times)
    expected = np.arccos(END[0] / np.linalg.norm(TEACHER))
    np.testing.assert_allclose(angle.value, expected, rtol=2e-2)
    assert abs(angle.value - expected / 2) > 0.4
