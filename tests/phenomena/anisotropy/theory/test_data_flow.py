import itertools

import numpy as np
import pytest
from plain_training import descent, flow, gradients, product

from linnet.numerics import haar_frame
from linnet.phenomena.anisotropy.theory import (
    InputModes,
    mode_descent,
    mode_flow,
    modes_of_data,
    modes_of_moments,
)
from linnet.task import Moments, Teacher, population_moments, spiked_covariance


def sampled(n, d, seed):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, d)) * np.geomspace(2.0, 0.5, d)
    return inputs, inputs @ rng.standard_normal((d, 1)) + 0.3 * rng.standard_normal(
        (n, 1)
    )


def layers(alpha, omega, depth, seed, p=4):
    rng = np.random.default_rng(seed)
    hidden = [haar_frame(p, 1, rng)[:, 0] for _ in range(depth - 1)]
    upper = [
        alpha * np.outer(after, before) for before, after in itertools.pairwise(hidden)
    ]
    return (np.outer(hidden[0], omega), *upper, alpha * hidden[-1][None])


def vectors(path, d):
    return np.array([product(weights, d)[0] for weights in path])


@pytest.mark.parametrize(("n", "d"), [(6, 10), (30, 8), (9, 9)])
def test_modes_of_data_are_those_of_its_moments(n, d):
    inputs, targets = sampled(n, d, seed=n)
    modes, moments = modes_of_data(inputs, targets), Moments.of_data(inputs, targets)
    slow = modes_of_moments(moments)
    rank = min(n, d)
    assert modes.eigenvalues.shape == slow.eigenvalues.shape == (rank,)
    np.testing.assert_allclose(modes.eigenvalues, slow.eigenvalues, rtol=1e-10)
    np.testing.assert_allclose(modes.floor, slow.floor, atol=1e-12)
    np.testing.assert_allclose(modes.floor, max(moments.minimal_loss(), 0), atol=1e-12)
    for each in (modes, slow):
        np.testing.assert_allclose(each.correlation, moments.yx[0], atol=1e-12)
        np.testing.assert_allclose(
            (each.basis * each.eigenvalues) @ each.basis.T, moments.xx, atol=1e-11
        )
        np.testing.assert_allclose(
            each.basis @ each.minimizer, moments.minimizer().end_to_end[0], atol=1e-10
        )
        w = np.random.default_rng(0).standard_normal((3, d))
        np.testing.assert_allclose(
            each.loss(w @ each.basis), [moments.loss(row[None]) for row in w]
        )


def test_modes_leave_out_directions_in_which_inputs_do_not_vary():
    inputs, targets = sampled(12, 5, seed=0)
    inputs[:, 3] = inputs[:, 1]
    assert len(modes_of_data(inputs, targets).eigenvalues) == 4
    assert len(modes_of_data(inputs[:4], targets[:4]).eigenvalues) == 4
    assert len(modes_of_data(inputs[[0, 0, 1]], targets[[0, 0, 1]]).eigenvalues) == 2


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("weight_decay", [0.0, 0.05])
@pytest.mark.parametrize(("n", "d"), [(6, 10), (30, 6)])
def test_it_is_the_flow_of_all_weights(n, d, depth, weight_decay):
    inputs, targets = sampled(n, d, seed=1)
    moments = Moments.of_data(inputs, targets)
    omega = 0.2 * np.random.default_rng(2).standard_normal(d)
    times = np.linspace(0, 5, 6)
    start = layers(0.3, omega, depth, seed=3)
    if weight_decay:  # weight decay is a penalty on every weight
        plain = plain_decayed_flow(start, moments, times, weight_decay)
    else:
        plain = flow(start, moments, times)
    modes = modes_of_data(inputs, targets)
    path = mode_flow(modes, 0.3, omega, times, depth=depth, weight_decay=weight_decay)
    np.testing.assert_allclose(path.end_to_end(), vectors(plain, d), atol=1e-8)
    np.testing.assert_allclose(
        path.training_loss(),
        [moments.loss(product(weights, d)) for weights in plain],
        atol=1e-8,
    )


def plain_decayed_flow(start, moments, times, weight_decay, steps=400):
    """RK4 of all layers, written out."""

    def velocity(weights):
        return [
            -slope - weight_decay * layer
            for slope, layer in zip(gradients(weights, moments), weights, strict=True)
        ]

    def ahead(weights, slopes, step):
        return tuple(w + step * s for w, s in zip(weights, slopes, strict=True))

    path, now = [start], start
    for before, after in itertools.pairwise(times):
        step = (after - before) / steps
        for _ in range(steps):
            a = velocity(now)
            b = velocity(ahead(now, a, step / 2))
            c = velocity(ahead(now, b, step / 2))
            e = velocity(ahead(now, c, step))
            mean = [
                (p + 2 * q + 2 * r + s) / 6
                for p, q, r, s in zip(a, b, c, e, strict=True)
            ]
            now = ahead(now, mean, step)
        path.append(now)
    return path


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("weight_decay", [0.0, 0.05])
@pytest.mark.parametrize("rate", [0.005, 0.02])
def test_descent_is_that_of_all_weights_to_rounding(depth, weight_decay, rate):
    n, d, steps = 7, 12, [0, 1, 2, 50, 300]
    inputs, targets = sampled(n, d, seed=4)
    moments = Moments.of_data(inputs, targets)
    omega = 0.2 * np.random.default_rng(5).standard_normal(d)
    now = layers(0.3, omega, depth, seed=6)
    if weight_decay:
        plain = [now]
        for _ in range(steps[-1]):
            slopes = gradients(now, moments)
            now = tuple(
                w - rate * (g + weight_decay * w)
                for w, g in zip(now, slopes, strict=True)
            )
            plain.append(now)
    else:
        plain = descent(now, moments, rate, steps[-1])
    path = mode_descent(
        modes_of_data(inputs, targets),
        0.3,
        omega,
        np.array(steps),
        rate,
        depth=depth,
        weight_decay=weight_decay,
    )
    kept = vectors([plain[step] for step in steps], d)
    np.testing.assert_allclose(path.end_to_end(), kept, rtol=0, atol=1e-12)
    np.testing.assert_allclose(path.times, rate * np.array(steps))


def test_descent_approaches_the_flow_in_first_order_of_the_rate():
    modes = modes_of_data(*sampled(8, 12, seed=7))
    omega, time = modes.correlation / 30, 2.0
    exact = mode_flow(modes, 0.1, omega, [time]).end_to_end()
    gaps = [
        np.abs(
            mode_descent(modes, 0.1, omega, np.array([k]), time / k).end_to_end()
            - exact
        ).max()
        for k in (1000, 2000)
    ]
    np.testing.assert_allclose(gaps[0] / gaps[1], 2, rtol=0.02)


def test_the_second_layer_may_start_at_zero_and_idle_directions_are_read_out():
    inputs, targets = sampled(5, 9, seed=8)
    modes = modes_of_data(inputs, targets)
    omega = np.random.default_rng(9).standard_normal(9)
    path = mode_flow(modes, 0.0, omega, [0.0, 1e4])
    np.testing.assert_array_equal(path.end_to_end()[0], 0)
    best = modes.basis @ modes.minimizer
    idle = omega - modes.basis @ (omega @ modes.basis)
    np.testing.assert_allclose(
        path.end_to_end()[1], best + path.alpha[1] * idle, atol=1e-8
    )
    np.testing.assert_allclose(path.training_loss()[1], modes.floor, atol=1e-12)
    np.testing.assert_allclose(path.learned()[1], 1, atol=1e-8)
    np.testing.assert_array_equal(path.learned()[0], 0)


def test_a_zero_start_stays():
    modes = modes_of_data(*sampled(5, 9, seed=8))
    path = mode_flow(modes, 0.0, np.zeros(9), [0.0, 10.0])
    np.testing.assert_array_equal(path.end_to_end(), 0)


def test_the_difference_of_squared_lengths_is_kept():
    modes = modes_of_data(*sampled(20, 6, seed=10))
    omega = np.random.default_rng(11).standard_normal(6)
    path = mode_flow(modes, -0.4, omega, np.linspace(0, 20, 30))
    kept = path.alpha**2 - np.sum(path.omega**2, axis=1)
    np.testing.assert_allclose(kept, kept[0], atol=1e-9)
    decayed = mode_flow(modes, -0.4, omega, path.times, weight_decay=0.1)
    left = decayed.alpha**2 - np.sum(decayed.omega**2, axis=1)
    np.testing.assert_allclose(left, left[0] * np.exp(-0.2 * path.times), atol=1e-9)


@pytest.mark.parametrize("weight_decay", [0.1, 0.5])
def test_weight_decay_ends_at_ridge_with_a_penalty_of_its_own_choosing(weight_decay):
    inputs, targets = sampled(8, 6, seed=13)
    moments, modes = Moments.of_data(inputs, targets), modes_of_data(inputs, targets)
    path = mode_flow(
        modes, 0.1, modes.correlation / 30, [1e3], weight_decay=weight_decay
    )
    w = path.end_to_end()[0]
    penalty = weight_decay / np.linalg.norm(w)
    ridge = np.linalg.solve(moments.xx + penalty * np.eye(6), moments.yx[0])
    np.testing.assert_allclose(w, ridge, rtol=1e-9)


@pytest.mark.parametrize(("times_drive", "ends"), [(1.01, True), (0.99, False)])
def test_weight_decay_beyond_the_drive_ends_everything(times_drive, ends):
    modes = modes_of_data(*sampled(8, 6, seed=13))
    decay = times_drive * np.linalg.norm(modes.drive)
    path = mode_flow(
        modes, 0.1, modes.correlation / 30, [1e4], weight_decay=decay, tolerance=1e-8
    )
    assert (np.linalg.norm(path.end_to_end()) < 1e-9) == ends


def test_excess_risk_is_that_of_the_population():
    rng = np.random.default_rng(12)
    covariance, teacher = (
        spiked_covariance(9, 4.0),
        Teacher(rng.standard_normal((1, 9))),
    )
    inputs = covariance.sample(6, rng)
    modes = modes_of_data(inputs, inputs @ teacher.end_to_end.T)
    population = population_moments(covariance, teacher)
    path = mode_flow(modes, 1e-3, modes.correlation / 1e3, [0.0, 0.5, 1e3])
    gap = path.end_to_end() - teacher.end_to_end
    expected = np.einsum("ti,ij,tj->t", gap, covariance.matrix(), gap)
    np.testing.assert_allclose(path.excess_risk(population), expected, rtol=1e-9)
    np.testing.assert_allclose(
        path.excess_risk(population)[2],
        population.excess_risk(
            Moments.of_data(inputs, inputs @ teacher.end_to_end.T)
            .minimizer()
            .end_to_end
        ),
        rtol=1e-6,
    )
    with pytest.raises(ValueError, match=r"one output and 9 inputs, .*\(1, 8\)"):
        path.excess_risk(
            population_moments(spiked_covariance(8, 1.0), Teacher(np.ones((1, 8))))
        )


def test_a_mode_without_drive_has_learned_nothing_or_infinitely_much():
    modes = modes_of_moments(Moments(np.eye(2), np.array([[1.0, 0.0]]), np.eye(1)))
    still = mode_flow(modes, 1.0, modes.basis[:, :1].sum(1) * 0, [1.0])
    assert set(still.learned()[0] > 0) == {True, False}
    moved = mode_flow(modes, 1.0, np.array([0.0, -1.0]), [0.0])
    assert np.isneginf(moved.learned()).any()


ONE = InputModes(np.ones(1), np.array([[1.0], [0.0]]), np.ones(1), 0.0)
GOOD = np.array([1.0, 0.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mode_flow(ONE, np.nan, GOOD, [1.0]), "`alpha` must be finite"),
        (lambda: mode_flow(ONE, 1.0, GOOD[:1], [1.0]), r"shape \(2,\), but has \(1,\)"),
        (lambda: mode_flow(ONE, 1.0, GOOD[1:] + np.inf, [1.0]), "`omega` must"),
        (lambda: mode_flow(ONE, 1.0, GOOD + np.inf, [1.0]), "`omega` must be finite"),
        (lambda: mode_flow(ONE, 1.0, GOOD, [-1.0]), "`times` must rise"),
        (lambda: mode_flow(ONE, 1.0, GOOD, [1.0], depth=1), "whole number >= 2"),
        (lambda: mode_flow(ONE, 1.0, GOOD, [1.0], tolerance=1), "`tolerance` must lie"),
        (
            lambda: mode_flow(ONE, 1.0, GOOD, [1.0], weight_decay=-1.0),
            "`weight_decay` must be finite and >= 0",
        ),
        (lambda: mode_descent(ONE, 1.0, GOOD, [1.5], 0.1), "`steps` must be whole"),
        (lambda: mode_descent(ONE, 1.0, GOOD, [2, 1], 0.1), "`steps` must rise from"),
        (lambda: mode_descent(ONE, 1.0, GOOD, [1], 0.0), "`learning_rate` must be pos"),
        (
            lambda: mode_descent(ONE, 1.0, 3 * GOOD, [10_000], 5.0),
            "by step 10000 the weights have diverged: lower it",
        ),
        (
            lambda: modes_of_data(np.ones((3, 2)), np.ones((3, 2))),
            "one output at a time",
        ),
        (lambda: modes_of_data(np.ones((3, 2)), np.ones((2, 1))), r"\(3, 2\) and \(2"),
        (lambda: modes_of_data(np.ones((3, 0)), np.ones((3, 1))), r"\(3, 0\)"),
        (lambda: modes_of_data(np.nan * np.ones((3, 2)), np.ones((3, 1))), "be finite"),
        (lambda: modes_of_data(np.zeros((3, 2)), np.ones((3, 1))), "must not vanish"),
        (lambda: modes_of_data(np.zeros((2, 3)), np.ones((2, 1))), "must not vanish"),
        (
            lambda: modes_of_moments(Moments(np.eye(2), np.eye(2), np.eye(2))),
            "one output, but has 2",
        ),
        (
            lambda: modes_of_moments(
                Moments(np.diag([1.0, 0.0]), np.ones((1, 2)), 2 * np.eye(1))
            ),
            "outside of the range of `xx` by 1",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_samples_that_contradict_each_other_leave_a_floor_with_few_of_them_too():
    x = np.random.default_rng(0).normal(size=(4, 9))
    inputs, targets = np.vstack([x, x[:2]]), np.arange(6.0)[:, None]
    modes = modes_of_data(inputs, targets)
    fit = np.linalg.lstsq(inputs, targets)[0]
    loss = np.mean((targets - inputs @ fit) ** 2) / 2
    np.testing.assert_allclose(modes.floor, loss, rtol=1e-12)
