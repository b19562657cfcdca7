import numpy as np
import pytest
from scipy.special import erf

from linnet.dynamics import HeavyBall, KernelEnsemble, NetworkEnsemble, train_ensemble

N, D, HIDDEN, RATE = 6, 3, 5, 0.2
RNG = np.random.default_rng(0)
INPUTS, OTHERS = RNG.standard_normal((N, D)), RNG.standard_normal((2, D))
TARGETS = RNG.standard_normal((3, N))

BENDS = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "erf": (erf, lambda z: 2 / np.sqrt(np.pi) * np.exp(-(z**2))),
}


def function(theta, x, activation, scale):
    pushed = x @ theta[:, :-1].T / np.sqrt(D)
    return scale / np.sqrt(len(theta)) * BENDS[activation][0](pushed) @ theta[:, -1]


def jacobian(theta, x, activation, scale):
    """Derivatives of the outputs, samples as rows, by hand."""
    pushed = x @ theta[:, :-1].T / np.sqrt(D)
    bend, slope = BENDS[activation]
    below = theta[:, -1] * slope(pushed)
    below = below[:, :, None] * x[:, None, :] / np.sqrt(D)
    whole = np.concatenate([below, bend(pushed)[:, :, None]], axis=2)
    return scale / np.sqrt(len(theta)) * whole


@pytest.mark.parametrize(
    ("activation", "is_centered"), [("relu", False), ("tanh", True), ("erf", False)]
)
def test_every_network_is_a_plain_loop_over_its_own_parameters(activation, is_centered):
    process = NetworkEnsemble(
        INPUTS,
        RATE,
        HIDDEN,
        activation,
        1.5,
        is_centered,
        HeavyBall(0.5),
        evaluate_on=np.concatenate([INPUTS, OTHERS]),
    )
    starts, steps = process.starts(3, seed=1), [0, 1, 20]
    run = train_ensemble(process, starts, TARGETS, steps)
    for start, target, found in zip(starts, TARGETS, run.predictions, strict=True):
        theta, speed = start, np.zeros_like(start)
        kind = activation, 1.5
        base = [function(start, x, *kind) * is_centered for x in (INPUTS, OTHERS)]
        for at in range(21):
            seen = [function(theta, x, *kind) for x in (INPUTS, OTHERS)]
            if at in steps:
                expected = np.concatenate(seen) - np.concatenate(base)
                slot = steps.index(at)
                np.testing.assert_allclose(found[slot], expected, rtol=0, atol=1e-12)
            error = seen[0] - base[0] - target
            slopes = np.einsum("n,nhp->hp", error, jacobian(theta, INPUTS, *kind)) / N
            speed = 0.5 * speed - RATE * slopes
            theta = theta + speed
    assert is_centered == (np.abs(run.predictions[:, 0]).max() == 0)


def test_networks_become_kernel_machines_as_their_outputs_are_scaled_up():
    deviations = []
    for scale in (20.0, 80.0):
        process = NetworkEnsemble(INPUTS, 0.5 / scale**2, 50, "erf", scale, True)
        start = process.starts(1, seed=2)
        rows = jacobian(start[0], INPUTS, "erf", scale).reshape(N, -1)
        lazy = KernelEnsemble(rows @ rows.T, 0.5 / scale**2)
        steps = [0, 10, 100]
        runs = [
            train_ensemble(process, start, TARGETS[:1], steps),
            train_ensemble(lazy, np.zeros(N), TARGETS[:1], steps),
        ]
        one, other = (run.predictions for run in runs)
        deviations.append(np.abs(one - other).max())
        assert np.abs(other[:, -1]).max() > 0.1
    # The first correction falls as one over the scale.
    assert 3.5 < deviations[0] / deviations[1] < 4.5
    assert deviations[1] < 0.01


def test_starts_depend_on_the_seed():
    process = NetworkEnsemble(INPUTS, RATE, HIDDEN)
    first, again, other = (process.starts(4, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (4, HIDDEN, D + 1)
    assert np.abs(first - other).max() > 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": INPUTS[0]}, "`inputs` must be a matrix"),
        ({"hidden": 0}, "`hidden` must be a whole number"),
        ({"activation": "gelu"}, "`activation` must be one of relu, tanh, erf"),
        ({"scale": 0.0}, "`scale` must be a number"),
        ({"learning_rate": -1.0}, "`learning_rate` must be positive"),
        ({"evaluate_on": OTHERS[:, :2]}, r"`evaluate_on` must be a matrix \(n, 3\)"),
    ],
)
def test_networks_that_make_no_sense_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        NetworkEnsemble(**{"inputs": INPUTS, "learning_rate": RATE, **change})
