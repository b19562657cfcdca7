import numpy as np
import plain_spike
import plain_training
import pytest
from scipy.integrate import solve_ivp

from linnet.phenomena.anisotropy.theory import (
    corner,
    half_time,
    late_rates,
    phase_delay,
    phase_times,
    plateau_ratio,
    spike_plane,
    strong_spike_delay,
)

# spike, alignment | s1, corner, both teacher parts, L1/L0, t1 (whole flow), t1 (first
# phase alone), t2, slow late rate; b = 1, start 1e-6, depth 2: to the digits printed.
TABLE = """
1 0.5 | 1.323 0.8418 0.9449 0.3273 0.1091 5.150 5.157 6.042 1.407
3 0.3 | 1.533 0.5401 0.8285 0.5601 0.3481 4.290 4.305 5.287 1.783
10 0.1 | 1.483 0.2282 0.7416 0.6708 0.6923 4.128 4.159 5.407 1.978
10 0.3 | 3.435 0.3358 0.5531 0.8331 0.3928 1.850 1.852 3.128 1.821
10 0.5 | 5.568 0.5175 0.6286 0.7777 0.1767 1.181 1.182 2.260 1.581
10 0.8 | 8.820 0.8052 0.8390 0.5442 0.0402 0.7708 0.7709 1.611 1.209
30 0.3 | 9.349 0.3046 0.3958 0.9183 0.2303 0.6752 0.6753 2.048 1.831
100 0.3 | 30.32 0.3004 0.3299 0.9440 0.0892 0.208 0.208 1.614 1.834
"""
ROWS = [row.replace("|", "").split() for row in TABLE.strip().splitlines()]


def crossing(times, values, goal):
    """When a rising course passes a goal."""
    at = np.flatnonzero(values >= goal)[0]
    return np.interp(goal, values[at - 1 : at + 1], times[at - 1 : at + 1])


def plain_times(moments, start, until):
    """Both half times from all weights, and the coordinates at the end."""
    axes = plain_spike.plane_axes(moments)
    times = np.linspace(0, until, 4001)
    weights = plain_spike.in_line(axes[0], start)
    path = plain_training.flow(weights, moments, times)
    along, aside = axes @ plain_spike.end_to_end(path).T
    teacher = axes @ np.linalg.solve(moments.xx, moments.yx[0])
    return (
        crossing(times, along, corner(moments) / 2),
        crossing(times, aside, teacher[1] / 2),
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_the_table_of_phases_is_reproduced_to_its_digits(row):
    plane = spike_plane(float(row[0]), float(row[1]))
    first, second = phase_times(plane, 1e-6)
    found = [
        plane.drive, corner(plane), *plane.teacher, plateau_ratio(plane), first,
        half_time(plane, 1e-6), second, late_rates(plane).slow,
    ]  # fmt: skip
    for value, printed in zip(found, row[2:], strict=True):
        assert f"{value:.{len(printed.split('.')[1])}f}" == printed


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_all_weights_pass_both_phases_when_the_table_says(row):
    moments = plain_spike.spiked(float(row[0]), float(row[1]), d=3)
    first, second = plain_times(moments, 1e-6, 1.05 * float(row[9]))
    for value, printed in ((first, row[7]), (second, row[9])):
        assert f"{value:.{len(printed.split('.')[1])}f}" == printed


def test_other_sizes_dips_and_parts_are_timed_too():
    moments = plain_spike.spiked(-0.7, 0.6, 3.0, d=3)
    plane = spike_plane(-0.7, 0.6, 3.0)
    found = phase_times(plane, 1e-3)
    np.testing.assert_allclose(found, plain_times(moments, 1e-3, 9.0), rtol=1e-5)
    early, late = (phase_times(plane, 1e-3, fraction=f) for f in (0.3, 0.8))
    assert early[0] < found[0] < late[0]
    assert early[1] < found[1] < late[1]


def test_small_starts_leave_along_one_parabola():
    plane = spike_plane(3.0, 0.4)
    bend = -plane.moment[0, 1] / (3 * plane.drive)

    def slope(_, layers):
        alpha, omega = layers[0], layers[1:]
        pull = np.array([plane.drive, 0.0]) - alpha * plane.moment @ omega
        return [omega @ pull, *(alpha * pull)]

    until = np.log(1e5) / (2 * plane.drive)
    start = [1e-5, 1e-5, 0.0]
    flow = solve_ivp(slope, (0, until), start, "DOP853", rtol=1e-12, atol=1e-22)
    along, aside = flow.y[0, -1] * flow.y[1:, -1]
    # The start is forgotten by its power 3/2; the next order is that of `along`.
    assert aside / along**2 == pytest.approx(bend, rel=3e-5)


def test_the_delay_does_not_depend_on_the_start():
    plane = spike_plane(10.0, 0.1)
    starts = np.array([1e-3, 1e-4, 1e-5, 1e-12])
    first, second = phase_times(plane, starts)
    error = second - first - phase_delay(plane)
    np.testing.assert_allclose(error[:2] / error[1:3], 10**1.5, rtol=0.01)
    assert abs(error[3]) < 1e-9
    # An escape from a saddle would be later by this for the smallest start.
    assert first[3] - first[0] > 5


def test_strong_spikes_reach_the_closed_delay_with_order_one_over_their_strength():
    strengths = np.array([100.0, 1000.0, 10000.0])
    for cosine, size in ((0.3, 1.0), (-0.8, 2.5)):
        found = phase_delay(spike_plane(strengths, cosine, size))
        error = np.abs(found - strong_spike_delay(cosine, size))
        np.testing.assert_allclose(error[:-1] / error[1:], 10, rtol=0.06)


def test_the_closed_delay_is_the_time_along_a_fixed_first_coordinate():
    from scipy.integrate import quad

    cosine, size, part = 0.4, 1.7, 0.8
    first, last = size * cosine, size * np.sqrt(1 - cosine**2)

    def slowness(second):
        square = first**2 + second**2
        return (square + first**2) / (2 * square**1.5 * (last - second))

    plain, _ = quad(slowness, 0, part * last)
    found = strong_spike_delay(cosine, size, part)
    np.testing.assert_allclose(found, plain, rtol=1e-12)


def test_times_of_a_grid_are_those_of_its_points():
    rho, cosine = np.array([3.0, 30.0])[:, None], np.array([0.2, 0.7])
    grid = spike_plane(rho, cosine, 2.0)
    times = phase_times(grid, 1e-4)
    assert times[0].shape == (2, 2)
    one = phase_times(spike_plane(30.0, 0.2, 2.0), 1e-4)
    np.testing.assert_allclose([t[1, 0] for t in times], one, rtol=1e-12)
    assert phase_delay(grid).shape == strong_spike_delay(cosine).shape * 2


PLANE = spike_plane(3.0, 0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: phase_times(spike_plane(0.0, 0.5), 1e-3), "there is none where"),
        (lambda: phase_delay(spike_plane([2.0, 3.0], 1.0)), "alignment is 0 or ±1"),
        (lambda: strong_spike_delay(0.0), "A second phase must exist"),
        (lambda: strong_spike_delay(1.2), r"`alignment` must lie in \[-1, 1\]"),
        (lambda: strong_spike_delay(0.2, -1.0), "`norm` must be positive and finite"),
        (lambda: phase_times(PLANE, 0.0), "`start` must be positive and finite"),
        (lambda: phase_times(PLANE, 0.5), "`start` must lie below 0.5 of the corner"),
        (lambda: phase_delay(PLANE, fraction=0.0), r"must lie in \(0, 1\), but is 0"),
    ],
)
def test_what_has_no_second_phase_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
