import numpy as np
import plain_spike
import plain_training
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.anisotropy.theory import (
    collapse_slope,
    decayed_solution,
    first_line,
    spike_plane,
    task_modes,
)
from linnet.task import Moments


def descent(moments, decay, steps=4000, rate=0.02, seed=1):
    """All weights under descent with decay."""
    rng = np.random.default_rng(seed)
    d = len(moments.xx)
    weights = (0.3 * rng.standard_normal((3, d)), 0.3 * rng.standard_normal((1, 3)))
    for _ in range(steps):
        slopes = plain_training.gradients(weights, moments)
        slopes = tuple(g + decay * w for g, w in zip(slopes, weights, strict=True))
        weights = plain_training.moved(weights, slopes, rate)
    return weights


@pytest.mark.parametrize("decay", [0.1, 1.0, 3.0])
def test_all_weights_end_at_the_decayed_solution(decay):
    for moments, steps in (
        (plain_spike.spiked(10.0, 0.3, 1.2, d=4), 4000),
        (plain_training.moments(3, n=3, d=5, k=1), 12000),
    ):
        decay_here = decay * first_line(moments).drive / 4.2
        weights = descent(moments, decay_here, steps)
        found = decayed_solution(moments, decay_here)
        end = plain_training.product(weights, len(moments.xx))[0]
        np.testing.assert_allclose(end, found.end_to_end, atol=1e-6)
        sizes = [(layer**2).sum() for layer in weights]
        np.testing.assert_allclose(sizes, found.norm, rtol=1e-5)
        # Ridge of the bare decay is another solution.
        ridge = np.linalg.solve(
            moments.xx + decay_here * np.eye(len(moments.xx)), moments.yx[0]
        )
        assert np.linalg.norm(ridge - end) > 1e-3  # a thousand times what is allowed


def test_from_the_drive_on_everything_collapses_and_below_it_nothing_does():
    moments = plain_spike.spiked(3.0, 0.5, d=3)
    drive = first_line(moments).drive
    above = descent(moments, 1.2 * drive)
    assert sum((layer**2).sum() for layer in above) < 1e-12
    below = descent(moments, 0.9 * drive)
    norm = decayed_solution(moments, 0.9 * drive).norm
    np.testing.assert_allclose((below[1] ** 2).sum(), norm, rtol=1e-6)
    found = decayed_solution(moments, np.array([1, 1.5]) * drive)
    assert not found.norm.any()
    assert not found.end_to_end.any()
    assert np.isinf(found.ridge).all()


@given(
    rho=st.floats(-0.95, 1e3),
    cosine=st.floats(-1, 1),
    size=st.floats(0.1, 10),
    part=st.floats(0, 0.999999),
)
def test_the_solution_is_ridge_with_the_penalty_of_its_own_norm(
    rho, cosine, size, part
):
    plane = spike_plane(rho, cosine, size)
    decay = part * plane.drive
    found = decayed_solution(plane, decay)
    np.testing.assert_allclose(np.linalg.norm(found.end_to_end), found.norm, rtol=1e-9)
    np.testing.assert_allclose(found.ridge * found.norm, decay, 1e-12, 1e-300)
    ridge = np.linalg.solve(
        plane.moment + found.ridge * np.eye(2), np.array([plane.drive, 0.0])
    )
    np.testing.assert_allclose(
        found.end_to_end, ridge, rtol=1e-8, atol=1e-10 * found.norm
    )


def test_without_decay_it_is_the_least_norm_solution():
    for moments in (
        plain_spike.spiked(3.0, 0.5, 2.0),
        plain_training.moments(2, n=3, d=6, k=1),
    ):
        found = decayed_solution(moments, 0.0)
        expected = moments.minimizer().end_to_end[0]
        np.testing.assert_allclose(found.end_to_end, expected, rtol=1e-9)
        assert found.ridge == 0


def test_a_badly_conditioned_task_is_solved_too():
    spectrum = np.geomspace(1e-9, 1.0, 10)
    teacher = np.ones(10)
    power = np.array([[teacher @ (spectrum * teacher)]])
    moments = Moments(np.diag(spectrum), (spectrum * teacher)[None], power)
    decay = np.geomspace(1e-12, 0.9, 30)
    found = decayed_solution(moments, decay)
    lengths = found.norm[:, None] * spectrum + decay[:, None]
    total = np.sum((moments.yx / lengths) ** 2, axis=1)
    np.testing.assert_allclose(total, 1, rtol=1e-9)
    assert (np.diff(found.norm) < 0).all()


def test_every_spike_alignment_and_decay_is_solved_to_rounding():
    rho = np.array([-0.999, -0.5, 0.1, 10, 1e4, 1e8])[:, None, None]
    cosine = np.array([0, 1e-6, 0.3, 0.9, 1])[:, None]
    plane = spike_plane(rho, cosine)
    decay = np.array([1e-8, 0.01, 0.3, 0.7, 0.99, 1 - 1e-9]) * plane.drive
    found, modes = decayed_solution(plane, decay), task_modes(plane)
    lengths = found.norm[..., None] * modes.eigenvalues + decay[..., None]
    total = np.sum((modes.drive / lengths) ** 2, axis=-1)
    np.testing.assert_allclose(total, 1, rtol=1e-13)


def test_the_collapse_is_continuous_with_exponent_one_and_half_of_it_for_layers():
    for task in (spike_plane(10.0, 0.3, 1.5), plain_training.moments(3, k=1)):
        drive = first_line(task).drive
        gaps = drive * np.array([1e-2, 1e-3, 1e-4])
        found = decayed_solution(task, drive - gaps)
        np.testing.assert_allclose(found.norm[-1] / gaps[-1], collapse_slope(task),
                                   rtol=1e-3)  # fmt: skip
        exponent = np.diff(np.log(found.norm)) / np.diff(np.log(gaps))
        np.testing.assert_allclose(exponent[-1], 1, atol=1e-3)
        error = np.abs(found.norm / gaps - collapse_slope(task))
        np.testing.assert_allclose(error[:-1] / error[1:], 10, rtol=0.1)


def test_decays_and_planes_broadcast():
    grid = spike_plane(np.array([1.0, 20.0])[:, None], np.array([0.2, 0.5, 0.9]))
    found = decayed_solution(grid, np.array([0.0, 0.5, 2.0, 30.0])[:, None, None])
    assert found.end_to_end.shape == (4, 2, 3, 2)
    one = decayed_solution(spike_plane(20.0, 0.9), 2.0)
    np.testing.assert_allclose(found.end_to_end[2, 1, 2], one.end_to_end, rtol=1e-12)
    assert not found.norm[3].any()


@pytest.mark.parametrize("decay", [-0.1, np.nan, np.inf])
def test_a_decay_that_is_none_is_refused(decay):
    with pytest.raises(ValueError, match="`weight_decay` must be finite and >= 0"):
        decayed_solution(spike_plane(1.0, 0.5), decay)
