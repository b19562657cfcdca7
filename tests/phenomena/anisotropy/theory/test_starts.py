import numpy as np
import pytest
from plain_training import flow, product

from linnet.numerics import Estimate
from linnet.phenomena.anisotropy.theory import (
    early_end,
    early_layers,
    effective_start,
    grown_start,
    mean_effective_start,
    mean_log_effective_start,
    mode_flow,
    modes_of_moments,
    reduced_flow,
    spike_plane,
)
from linnet.task import Moments, Teacher, population_moments, spiked_covariance

D, P = 7, 4


def population(rho=10.0, cosine=0.3, d=D):
    beta = np.zeros((1, d))
    beta[0, :2] = cosine, np.sqrt(1 - cosine**2)
    return population_moments(spiked_covariance(d, rho), Teacher(beta))


def small(scale, seed=0, d=D, p=P):
    rng = np.random.default_rng(seed)
    return scale * rng.standard_normal((p, d)), scale * rng.standard_normal((1, p))


def paths(weights, moments, times):
    return np.array(
        [product(w, moments.xx.shape[0])[0] for w in flow(weights, moments, times)]
    )


def test_the_effective_start_is_what_grows():
    weights, moments = small(0.1), population()
    u = moments.yx[0] / np.linalg.norm(moments.yx)
    expected = np.sum((weights[1][0] + weights[0] @ u) ** 2) / 4
    for multiple in (1e-200, 1.0, 1e200):
        np.testing.assert_allclose(
            effective_start(weights, multiple * u), expected, rtol=1e-13
        )


def test_layers_that_cancel_have_no_start_at_all():
    first, _ = small(0.1)
    u = np.linalg.qr(np.random.default_rng(1).standard_normal((D, 1)))[0][:, 0]
    against = -(first @ u)[None]
    assert effective_start((first, against), u) == 0.0
    with pytest.raises(ValueError, match="they stay at the saddle"):
        grown_start((first, against), u)
    assert early_end(population(), effective_start((first, against), u)) == np.inf
    assert effective_start((first, against * (1 + 1e-9)), u) > 0


@pytest.mark.statistical
def test_means_over_random_layers():
    rng = np.random.default_rng(2)
    u = np.eye(D)[0]
    draws = [
        effective_start(
            (0.3 * rng.standard_normal((P, D)), 0.7 * rng.standard_normal((1, P))), u
        )
        for _ in range(4000)
    ]
    mean = Estimate.from_samples(np.array(draws))
    assert abs(mean.z(mean_effective_start(P, 0.3, 0.7))) < 4
    assert abs(mean.z(2 * mean_effective_start(P, 0.3, 0.7))) > 10
    logarithm = Estimate.from_samples(np.log(draws))
    assert abs(logarithm.z(mean_log_effective_start(P, 0.3, 0.7))) < 4
    assert abs(logarithm.z(np.log(mean_effective_start(P, 0.3, 0.7)))) > 10
    assert mean_log_effective_start(3, 0.0, 0.0) == -np.inf


def test_the_early_layers_solve_the_linear_flow_exactly():
    weights, moments = small(0.5), population()
    still = Moments(1e-30 * np.eye(D), moments.yx, 1e40 * np.eye(1))  # no curvature
    times = np.linspace(0, 1, 5)
    first, last = early_layers(weights, moments.yx[0], times)
    for row, plain in enumerate(flow(weights, still, times)):
        np.testing.assert_allclose(first[row], plain[0], atol=1e-11)
        np.testing.assert_allclose(last[row], plain[1], atol=1e-11)


def test_the_early_solution_is_off_by_the_announced_part_when_it_ends():
    moments = population()
    weights = small(1e-5)
    start = effective_start(weights, moments.yx[0])
    offs = []
    for part in (0.02, 0.01):
        end = float(early_end(moments, start, part))
        first, last = early_layers(weights, moments.yx[0], [end])
        linear = (last[0] @ first[0])[0]
        exact = paths(weights, moments, [0.0, end])[1]
        u = moments.yx[0] / np.linalg.norm(moments.yx)
        offs.append((linear @ u) / (exact @ u) - 1)
    np.testing.assert_allclose(offs, [0.02, 0.01], rtol=0.1)


def test_the_end_of_the_early_phase_is_zero_for_a_start_beyond_it():
    assert early_end(population(), 10.0) == 0
    assert early_end(spike_plane([3.0, 9.0], 0.3), [[1e-6], [1e-9]]).shape == (2, 2)
    ends = early_end(population(), np.array([0.0, 1e-12, 1e-6]))
    assert ends[0] == np.inf
    drive = spike_plane(10.0, 0.3).drive
    np.testing.assert_allclose(ends[1] - ends[2], np.log(1e6) / (2 * drive))


@pytest.mark.parametrize("kind", ["population", "data"])
def test_the_grown_network_is_off_in_second_order_of_the_scale(kind):
    moments = population()
    if kind == "data":
        rng = np.random.default_rng(3)
        inputs = spiked_covariance(D, 10.0).sample(5, rng)
        noise = 0.3 * rng.standard_normal((5, 1))
        beta = population().minimizer().end_to_end
        moments = Moments.of_data(inputs, inputs @ beta.T + noise)
    modes = modes_of_moments(moments)
    times = np.linspace(0, 12, 25)
    gaps = []
    for scale in (1e-2, 1e-3, 1e-4):
        weights = small(scale, seed=4)
        grown = grown_start(weights, moments.yx[0])
        rank_one = mode_flow(modes, grown.alpha, grown.omega, times, tolerance=1e-12)
        exact = paths(weights, moments, times)
        gaps.append(np.abs(rank_one.end_to_end() - exact).max())
    orders = -np.diff(np.log10(gaps))
    np.testing.assert_allclose(orders, 2, atol=0.15)
    assert gaps[1] < 1e-4


def test_a_network_of_rank_one_is_its_own_grown_start():
    hidden = np.array([0.6, 0.0, 0.8, 0.0])
    omega = 0.1 * np.arange(1.0, D + 1)
    weights = (np.outer(hidden, omega), 0.3 * hidden[None])
    grown = grown_start(weights, np.eye(D)[0])
    np.testing.assert_allclose(grown.alpha, 0.3, rtol=1e-14)
    np.testing.assert_allclose(grown.omega, omega, rtol=1e-14)
    np.testing.assert_allclose(grown.hidden, hidden, atol=1e-15)


def test_the_effective_start_times_the_whole_curve():
    plane, moments = spike_plane(10.0, 0.3), population()
    weights = small(1e-5, seed=5)
    start = effective_start(weights, moments.yx[0])
    times = np.linspace(0, 8, 30)
    exact = paths(weights, moments, times)[:, :2] @ plane.axes.T
    drive = np.array([plane.drive, 0.0])
    found = reduced_flow(plane.moment, drive, [start, 0.0], times)
    np.testing.assert_allclose(found, exact, atol=2e-4)
    wrong = reduced_flow(plane.moment, drive, [2 * start, 0.0], times)
    assert np.abs(wrong - exact).max() > 1e-2


PAIR = (np.ones((2, 3)), np.ones((1, 2)))
UNIT = np.array([1.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effective_start(PAIR[:1], UNIT), r"two layers \(p, d\) and \(1, p\)"),
        (lambda: effective_start((PAIR[0], np.ones((2, 2))), UNIT), r"two layers"),
        (lambda: effective_start(PAIR, UNIT[:2]), r"shape \(3,\), but has \(2,\)"),
        (lambda: effective_start(PAIR, 0 * UNIT), "must not vanish"),
        (lambda: effective_start(PAIR, UNIT + np.nan), "`direction` must be finite"),
        (lambda: grown_start(PAIR, 0 * UNIT), "`direction` must not vanish"),
        (lambda: early_layers(PAIR, 0 * UNIT, [1.0]), "`correlation` must not vanish"),
        (lambda: early_layers(PAIR, UNIT, [-1.0]), "`times` must rise"),
        (lambda: early_layers(PAIR, UNIT, [1e4]), "10000 is beyond 700, .*early_end"),
        (lambda: mean_effective_start(0, 1.0, 1.0), "whole number >= 1"),
        (lambda: mean_effective_start(2, -1.0, 1.0), "`first_layer` must be finite"),
        (lambda: mean_log_effective_start(2, 1.0, np.nan), "`last_layer` must be fin"),
        (lambda: early_end(population(), -1.0), "`effective_start` must be finite and"),
        (lambda: early_end(population(), 1.0, 1.0), r"lie in \(0, 1\), but is 1.0"),
        (lambda: early_end(population(), 1.0, 0.0), "`part` must be positive"),
        (
            lambda: early_end(Moments(np.eye(2), np.zeros((1, 2)), np.eye(1)), 1.0),
            "`yx` that is not zero",
        ),
    ],
)
def test_impossible_starts_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_lists_of_numbers_are_no_layers():
    for weights in ([[1.0, 0.0], [1.0]], [[[1.0, 0.0]], [[1.0]]], 3.0):
        with pytest.raises(
            TypeError, match=r"`weights` must be two arrays \(p, d\) and"
        ):
            effective_start(weights, np.ones(2))
