"""Moments and spectra of a sampled ensemble, against descent in plain NumPy."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import explained_variance, participation_ratio
from linnet.phenomena.sloppiness.measure import (
    axis_moments,
    cloud_moments,
    cloud_slope,
    cloud_spectrum,
    gather_cloud,
    spectrum_slope,
)

SAMPLES, MODES, TIMES = 20, 8, 40
LAMBDA = np.exp(-0.5 * np.arange(MODES))
INIT, TARGET = 1.0, 0.5


def orthonormal(seed: int, rows: int, columns: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(rows, columns)))[0]


AXES = orthonormal(0, SAMPLES, MODES)
INPUTS = np.sqrt(SAMPLES) * AXES * np.sqrt(LAMBDA) @ orthonormal(1, MODES, MODES).T


def descent(trajectories: int, seed: int, outputs: int = 1) -> np.ndarray:
    """Least squares, every trajectory with its own start and its own target."""
    rng = np.random.default_rng(seed)
    w, goal = rng.normal(size=(2, trajectories, MODES, outputs))
    w, goal = INIT * w, TARGET * goal
    s = INPUTS.T @ INPUTS / SAMPLES
    predictions = []
    for _ in range(TIMES):
        predictions.append(INPUTS @ w)
        w = w - s @ (w - goal)
    return np.stack(predictions, axis=1)


def true_moments() -> np.ndarray:
    """Mode by mode, step by step: what a mode still has of its start."""
    left = (1 - LAMBDA) ** np.arange(TIMES)[:, None]
    both = (INIT * left) ** 2 + (TARGET * (1 - left)) ** 2
    return SAMPLES * LAMBDA * both.mean(0)


def test_axis_moments_meet_descent_within_their_errors():
    found = axis_moments(descent(600, 2), AXES)
    assert np.abs(found.z(true_moments())).max() < 4
    assert np.abs(found.z(2 * true_moments())).min() > 10


@pytest.mark.parametrize(
    "centered", [False, pytest.param(True, marks=pytest.mark.slow)]
)
def test_errors_of_axis_moments_are_those_over_repetitions(centered):
    z = []
    for seed in range(40):
        found = axis_moments(descent(100, 100 + seed), AXES, centered=centered)
        z.append(found.z(true_moments()))
    scatter = np.sqrt(np.mean(np.square(z)))
    # Squares are skewed: of 100 trajectories z scatters by 1.1.
    assert 0.9 < scatter < 1.3


def test_checkpoints_of_one_trajectory_are_no_independent_samples():
    runs = descent(400, 3)
    found = axis_moments(runs, AXES)
    points = (runs[..., 0] @ AXES).reshape(-1, MODES) ** 2
    naive = points.std(0, ddof=1) / np.sqrt(len(points))
    assert found.stderr[-1] > 4 * naive[-1]  # the slowest mode hardly moves


def test_centered_moments_are_unbiased_for_few_trajectories():
    """Three trajectories each, far from the origin: without J/(J-1) a third is lost."""
    values = [
        axis_moments(descent(3, 1000 + seed) + 5.0, AXES, centered=True).value
        for seed in range(300)
    ]
    mean, error = np.mean(values, 0), np.std(values, 0, ddof=1) / np.sqrt(300)
    assert np.abs((mean - true_moments()) / error).max() < 4
    lost = mean * 2 / 3
    assert np.abs((lost - true_moments()) / error).min() > 4


def brute_force(runs: np.ndarray, weights: np.ndarray, centered: bool) -> np.ndarray:
    flat = runs.reshape(len(runs), len(weights), -1)
    mean = np.einsum("t,jtk->k", weights, flat) / len(runs)
    shifted = flat - mean if centered else flat
    return np.einsum("t,jtk,jtl->kl", weights, shifted, shifted) / len(runs)


@given(
    seed=st.integers(0, 10_000),
    centered=st.booleans(),
    outputs=st.integers(1, 3),
    trajectories=st.integers(2, 9),
)
def test_cloud_is_the_second_moment_of_all_its_points(
    seed, centered, outputs, trajectories
):
    rng = np.random.default_rng(seed)
    runs = rng.normal(size=(trajectories, 4, 5, outputs))
    weights = rng.dirichlet(np.ones(4))
    matrix = brute_force(runs, weights, centered)
    expected = np.linalg.eigvalsh(matrix)[::-1]
    cloud = gather_cloud(runs, weights=weights, groups=4)
    found = cloud_spectrum(cloud, centered=centered)
    np.testing.assert_allclose(found.values, np.maximum(expected, 0), atol=1e-12)
    assert cloud.trajectories == trajectories
    assert found.eigenvalues.effective_samples == min(trajectories, 4)
    shares, ratio = found.explained.value, found.participation_ratio.value
    np.testing.assert_allclose(shares, explained_variance(found.values), rtol=1e-12)
    np.testing.assert_allclose(ratio, participation_ratio(found.values), rtol=1e-12)
    axes = orthonormal(seed, 5, 3)
    joint = np.kron(axes, np.eye(outputs))
    along = np.diag(joint.T @ matrix @ joint).reshape(3, outputs).mean(1)
    directly = axis_moments(runs, axes, weights=weights)
    if not centered:
        np.testing.assert_allclose(directly.value, along, rtol=1e-10)


def test_pooled_outputs_are_the_mean_of_the_clouds_of_each():
    runs = descent(6, 4, outputs=3)
    found = gather_cloud(runs, outputs="pooled", groups=3)
    weights = np.full(TIMES, 1 / TIMES)
    for centered in (False, True):
        each = [brute_force(runs[..., o], weights, centered) for o in range(3)]
        expected = np.linalg.eigvalsh(np.mean(each, 0))[::-1]
        values = cloud_spectrum(found, centered=centered).values
        np.testing.assert_allclose(values, np.maximum(expected, 0), atol=1e-12)


def test_axes_that_hold_all_predictions_change_no_eigenvalue():
    runs = descent(12, 5, outputs=2)
    whole, within = gather_cloud(runs), gather_cloud(runs, axes=AXES)
    found, expected = cloud_spectrum(within), cloud_spectrum(whole)
    count = 2 * MODES
    np.testing.assert_allclose(found.values, expected.values[:count], atol=1e-12)
    np.testing.assert_allclose(
        found.eigenvalues.stderr, expected.eigenvalues.stderr[:count], atol=1e-10
    )
    assert within.outside < 1e-14
    part = gather_cloud(runs, axes=AXES[:, :3])
    held = axis_moments(runs, AXES).value
    np.testing.assert_allclose(part.outside, held[3:].sum() / held.sum(), rtol=1e-10)


def test_moments_of_a_cloud_are_those_along_its_axes():
    runs = descent(40, 6)
    for centered in (False, True):
        directly = axis_moments(runs, AXES, centered=centered)
        cloud = gather_cloud(runs, groups=40)
        found = cloud_moments(cloud, AXES, centered=centered)
        np.testing.assert_allclose(found.value, directly.value, rtol=1e-10)
        np.testing.assert_allclose(found.stderr, directly.stderr, rtol=1e-8)
        own = cloud_moments(gather_cloud(runs, axes=AXES, groups=40), centered=centered)
        np.testing.assert_allclose(own.value, directly.value, rtol=1e-10)


def test_a_stream_and_sums_of_clouds_give_what_one_array_gives():
    runs = descent(10, 7)
    whole = gather_cloud(runs, groups=5)
    stream = gather_cloud((run.astype(np.float64) for run in runs), groups=5)
    np.testing.assert_array_equal(stream.moments, whole.moments)
    for cut in (5, 3):
        added = gather_cloud(runs[:cut], groups=5) + gather_cloud(runs[cut:], groups=5)
        assert added.trajectories == 10
        a, b = cloud_spectrum(added), cloud_spectrum(whole)
        np.testing.assert_allclose(a.values, b.values, atol=1e-12)


def test_errors_and_bias_of_sorted_eigenvalues_are_those_over_repetitions():
    truth = true_moments()
    rows = []
    for seed in range(80):
        cloud = gather_cloud(descent(20, 2000 + seed), axes=AXES, groups=20)
        found = cloud_spectrum(cloud, removes_bias=True)
        ratio, share = found.participation_ratio, found.explained
        rows.append(
            [
                participation_ratio(found.values), ratio.stderr,
                explained_variance(found.values)[2], share.stderr[2],
                found.values[0], found.bias[0], ratio.value,
            ]
        )  # fmt: skip
    rows = np.array(rows)
    mean, std = rows.mean(0), rows.std(0, ddof=1)
    assert 0.75 < std[0] / mean[1] < 1.25
    assert 0.75 < std[2] / mean[3] < 1.25
    # Too large a head, and by how much it says; too small a participation ratio.
    error = std[4] / np.sqrt(80)
    assert mean[4] - mean[5] - truth.max() < 4 * error
    assert mean[5] > 0
    right = participation_ratio(truth)
    assert (right - mean[0]) / (std[0] / np.sqrt(80)) > 4
    assert abs(right - mean[6]) / (std[6] / np.sqrt(80)) < 4


def test_one_trajectory_has_a_spectrum_but_no_error_bar():
    cloud = gather_cloud(descent(1, 8))
    found = cloud_spectrum(cloud)
    assert found.eigenvalues is found.participation_ratio is found.explained is None
    assert "its checkpoints are correlated" in found.reason
    # Of a single curve there are few dimensions, whatever the slope of the inputs.
    assert explained_variance(found.values)[2] > 0.95


def test_slope_of_a_cloud_of_starting_points_is_that_of_the_inputs():
    rng = np.random.default_rng(9)
    starts = (rng.normal(size=(800, 1, MODES)) * np.sqrt(LAMBDA)) @ AXES.T
    cloud = gather_cloud(starts, axes=AXES)
    found = cloud_slope(cloud, centered=False)
    assert abs(found.z(0.5)) < 4
    assert abs(found.z(0.6)) > 10


def test_small_moments_keep_digits_that_eigenvalues_lose():
    sizes = 10.0 ** -np.arange(0, 16, 2)  # moments down to 1e-28 of the largest
    signs = np.random.default_rng(14).choice([-1.0, 1.0], size=(5, 3, MODES))
    runs = (signs * sizes) @ AXES.T
    found = axis_moments(runs, AXES).value
    np.testing.assert_allclose(found[:7], sizes[:7] ** 2, rtol=1e-2)
    values = cloud_spectrum(gather_cloud(runs), centered=False).values
    assert values[6] < 1e-30 or values[6] > 100 * sizes[6] ** 2


def test_single_outputs_may_go_without_their_axis():
    runs = descent(5, 10)
    with_axis, without = gather_cloud(runs), gather_cloud(runs[..., 0])
    np.testing.assert_array_equal(with_axis.moments, without.moments)


def test_memory_that_would_not_suffice_is_refused_with_what_fits():
    runs = descent(3, 11)
    with pytest.raises(ValueError, match=r"choose `groups` <= \d+, fewer samples, or"):
        gather_cloud(runs, groups=1000, memory_limit=1e5)
    with pytest.raises(ValueError, match=r"MiB: choose fewer samples, or `axes`"):
        gather_cloud(runs, memory_limit=1e3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": np.full(TIMES, 0.5 / TIMES)}, "sum to one, but sums to 0.5"),
        ({"weights": np.ones(3) / 3}, f"each of {TIMES} checkpoints"),
        ({"weights": np.r_[-1.0, 2.0, np.zeros(TIMES - 2)]}, "least entry -1"),
        ({"weights": np.full(TIMES, np.nan)}, "sum to one"),
        ({"axes": 2 * AXES}, "orthonormal columns, but their products are off by 3"),
        ({"axes": AXES[:5]}, "orthonormal"),
        ({"axes": orthonormal(0, 9, 3)}, f"row for each of {SAMPLES} samples, but has"),
        ({"axes": AXES[:, 0]}, "finite columns"),
    ],
)
def test_axes_and_weights_that_do_not_fit_are_refused(arguments, message):
    runs = descent(3, 12)
    with pytest.raises(ValueError, match=message):
        gather_cloud(runs, **arguments)
    with pytest.raises(ValueError, match=message):
        axis_moments(runs, **{"axes": AXES, **arguments})


def test_ensembles_that_are_none_are_refused():
    runs = descent(3, 13)
    broken = runs.copy()
    broken[1, 5, 2] = np.nan
    with pytest.raises(ValueError, match="number 1 holds NaN or infinity: drop"):
        gather_cloud(broken)
    with pytest.raises(ValueError, match="at least 2 trajectories, but holds 1"):
        axis_moments(runs[:1], AXES)
    with pytest.raises(ValueError, match="but is empty"):
        gather_cloud([])
    with pytest.raises(ValueError, match=r"number 1 has shape \(3, 20, 1\)"):
        gather_cloud([runs[0], runs[1, :3]])
    with pytest.raises(ValueError, match="must be 'joint' or 'pooled'"):
        gather_cloud(runs, outputs="mean")
    with pytest.raises(ValueError, match="`groups` must be at least 1, but is 0"):
        gather_cloud(runs, groups=0)
    with pytest.raises(ValueError, match="all of its predictions are the same"):
        cloud_spectrum(gather_cloud(np.ones((3, 4, 5))))
    with pytest.raises(ValueError, match="must be of the same axes, outputs and"):
        gather_cloud(runs) + gather_cloud(runs[:, :3])
    one = gather_cloud(runs[:1])
    with pytest.raises(ValueError, match="must hold two or more: one trajectory"):
        cloud_moments(one)
    with pytest.raises(ValueError, match="must hold two or more: one trajectory"):
        cloud_slope(one)
    with pytest.raises(ValueError, match="row for each of 20 dimensions"):
        cloud_moments(gather_cloud(runs), orthonormal(0, 7, 2))


def test_slope_leaves_out_the_mean_mode_and_says_how_straight_it_is():
    geometric = np.exp(-0.3 * np.arange(30))
    found = spectrum_slope(np.r_[geometric, 1e3], skip=1)
    np.testing.assert_allclose([found.slope, *found.halves], 0.3, rtol=1e-10)
    assert (found.first, found.last) == (2, 31)
    assert found.quality > 1 - 1e-12 > found.power_quality
    with_mean = spectrum_slope(np.r_[geometric, 1e3])
    assert with_mean.quality < found.quality
    bent = spectrum_slope(np.arange(1, 31.0) ** -2.0)
    assert bent.halves[0] > 2 * bent.halves[1]
    assert bent.power_quality > 1 - 1e-12 > bent.quality


def test_slope_stops_at_rounding_and_where_it_is_told():
    values = np.r_[np.exp(-2.0 * np.arange(12)), np.full(20, 1e-19)]
    assert spectrum_slope(values).last == 12
    assert spectrum_slope(values, stop=6).last == 6


@given(seed=st.integers(0, 1000), scale=st.floats(1e-6, 1e6))
def test_slope_does_not_depend_on_scale_or_order(seed, scale):
    rng = np.random.default_rng(seed)
    values = np.exp(-0.2 * np.arange(20) + 0.3 * rng.normal(size=20))
    found = spectrum_slope(scale * rng.permutation(values)).slope
    np.testing.assert_allclose(found, spectrum_slope(values).slope, rtol=1e-9)


def test_slopes_of_nothing_are_refused():
    values = np.exp(-np.arange(6.0))
    with pytest.raises(ValueError, match="one row of finite numbers"):
        spectrum_slope(np.r_[values, np.nan])
    with pytest.raises(ValueError, match="0 <= skip < stop, but are 3 and 2"):
        spectrum_slope(values, skip=3, stop=2)
    with pytest.raises(ValueError, match="0 <= skip < stop, but are -1"):
        spectrum_slope(values, skip=-1)
    with pytest.raises(ValueError, match=r"at least 4 values .* but holds 3"):
        spectrum_slope(values, skip=3)
