"""The recursion against all sequences of batches, and against its own shortcut."""

from itertools import combinations, product

import numpy as np
import pytest

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.theory import gradient_noise

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(4, 2))
TARGETS = RNG.normal(size=(4, 2))
START = RNG.normal(size=(2, 2))
SPREAD, RATE = 0.7, 0.15
WHEN, WEIGHTS = (0, 1, 2), (0.2, 0.5, 0.3)


def batches(sampling, size):
    if sampling == "with_replacement":
        return list(product(range(4), repeat=size))
    return list(combinations(range(4), size))


def enumerated(sampling, size, targets):
    """Second moment and mean of predictions over every sequence of batches.

    Weights are an affine function of the start, (A, c) for `w @ A.T + c`.
    """
    paths, moment, mean = [(np.eye(2), np.zeros((2, 2)))], 0, 0
    drawn = [list(batch) for batch in batches(sampling, size)]
    for t in range(WHEN[-1] + 1):
        if t in WHEN:
            share = WEIGHTS[WHEN.index(t)] / len(paths)
            for turn, shift in paths:
                seen = ((START @ turn.T + shift) @ INPUTS.T).ravel()
                wide = SPREAD**2 * INPUTS @ turn @ turn.T @ INPUTS.T
                moment = moment + share * (
                    np.outer(seen, seen) + np.kron(np.eye(2), wide)
                )
                mean = mean + share * seen
        nxt = []
        for turn, shift in paths:
            for batch in drawn:
                x, y = INPUTS[batch], targets[batch]
                xx, yx = x.T @ x / size, y.T @ x / size
                nxt.append((turn - RATE * xx @ turn, shift - RATE * (shift @ xx - yx)))
        paths = nxt
    return moment, mean


@pytest.mark.parametrize(
    ("sampling", "size"),
    [
        ("with_replacement", 1),
        ("with_replacement", 2),
        ("without_replacement", 1),
        ("without_replacement", 2),
        ("without_replacement", 3),
        ("without_replacement", 4),
    ],
)
def test_the_cloud_is_that_of_all_sequences_of_batches(sampling, size):
    moment, mean = enumerated(sampling, size, TARGETS)
    descent = theory.noisy_descent(
        INPUTS, TARGETS, RATE, batch_size=size, sampling=sampling
    )
    cloud = theory.noisy_fixed_target(
        descent, SPREAD, theory.given_checkpoints(WHEN, WEIGHTS), mean_start=START
    )
    axes = descent.coordinates / np.sqrt(4 * descent.variances)
    axes = np.kron(np.eye(2), axes)
    found = axes @ cloud.second_moment() @ axes.T
    np.testing.assert_allclose(found, moment, atol=1e-13)
    centered = axes @ cloud.covariance() @ axes.T
    np.testing.assert_allclose(centered, moment - np.outer(mean, mean), atol=1e-13)
    np.testing.assert_allclose(cloud.second_moment_at(INPUTS), moment, atol=1e-13)


def test_the_two_samplings_are_told_apart_by_enumeration():
    apart = enumerated("with_replacement", 2, TARGETS)[0]
    distinct = enumerated("without_replacement", 2, TARGETS)[0]
    assert np.abs(apart - distinct).max() > 0.01


GRADED = RNG.normal(size=(30, 4)) * [1.0, 0.6, 0.3, 0.1]
LABELS = RNG.normal(size=(30, 2))
ERROR = RNG.normal(size=(8, 8))
ERROR = (ERROR @ ERROR.T).reshape(2, 4, 2, 4).transpose(0, 2, 1, 3)
STILL = np.zeros((2, 4))


@pytest.mark.parametrize(
    "checkpoints",
    [
        theory.uniform_checkpoints(50),
        theory.uniform_checkpoints(7, every=30),
        theory.log_checkpoints(1000, 20),
    ],
)
def test_taken_apart_the_map_gives_what_its_steps_give(checkpoints):
    descent = theory.noisy_descent(GRADED, LABELS, 0.2, batch_size=2)
    slow = gradient_noise._stepped(descent, ERROR, STILL, checkpoints)
    fast = gradient_noise._taken_apart(descent, ERROR, checkpoints)
    np.testing.assert_allclose(fast, slow, atol=1e-13 * np.abs(ERROR).max())


def test_a_billion_steps_end_at_the_stationary_state():
    descent = theory.noisy_descent(GRADED, LABELS, 0.2, batch_size=2)
    checkpoints = theory.given_checkpoints([10**9])
    rest = theory.noise_covariance(descent, ERROR, STILL, checkpoints)
    x, h, e = descent.coordinates, descent.variances, descent.residuals
    for a, b in ((0, 0), (0, 1)):
        v = rest[a, b]
        seen = np.einsum("si,ij,sj->s", x, v, x) + e[:, a] * e[:, b]
        kick = (x * seen[:, None]).T @ x / 30 - np.outer(h, h) * v
        shrink = 1 - 0.2 * h
        again = np.outer(shrink, shrink) * v + 0.2**2 * descent.noise_factor * kick
        np.testing.assert_allclose(again, v, atol=1e-13 * np.abs(rest).max())


def test_noise_without_residuals_dies_out_and_with_them_it_does_not():
    late = theory.given_checkpoints([10**7])
    exact = theory.noisy_descent(GRADED, 0 * LABELS, 0.2, batch_size=2)
    assert np.abs(theory.noise_covariance(exact, ERROR, STILL, late)).max() < 1e-12
    noisy = theory.noisy_descent(GRADED, LABELS, 0.2, batch_size=2)
    assert np.abs(theory.noise_covariance(noisy, ERROR, STILL, late)).max() > 0.01


@pytest.mark.parametrize(
    ("error", "mean", "checkpoints", "message"),
    [
        (ERROR[:1], STILL, theory.uniform_checkpoints(3), "must have shapes"),
        (ERROR, STILL[:, :1], theory.uniform_checkpoints(3), "must have shapes"),
        (ERROR, STILL, theory.continuous_checkpoints(1.0), "no continuum"),
        (ERROR, STILL, theory.given_checkpoints([0.5]), "whole"),
    ],
)
def test_bad_input_is_refused(error, mean, checkpoints, message):
    descent = theory.noisy_descent(GRADED, LABELS, 0.2, batch_size=2)
    with pytest.raises(ValueError, match=message):
        theory.noise_covariance(descent, error, mean, checkpoints)
