import numpy as np
import plain_layers as plain
import pytest

from linnet.network import flatten, imbalance
from linnet.phenomena.fluctuations import theory

DECAY = 0.1


def problem(width, noise=0.3):
    """White inputs, targets, and layers at the minimum with decay."""
    rng = np.random.default_rng(1)
    raw = rng.normal(size=(48, 3))
    inputs = raw @ np.linalg.inv(np.linalg.cholesky(raw.T @ raw / 48)).T
    signal = inputs @ np.diag([1.5, 1.2, 0.8])[:, :2]
    targets = signal + noise * rng.normal(size=(48, 2))
    yx = targets.T @ inputs / 48
    return inputs, targets, theory.decayed_layers(yx, 1.0, DECAY, width)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_layers_with_decay_rest_balanced_and_no_step_lowers_the_loss(width):
    inputs, targets, layers = problem(width)
    pulls = plain.gradients(
        [layer[None] for layer in layers], inputs[None], targets[None]
    )
    for pull, layer in zip(pulls, layers, strict=True):
        np.testing.assert_allclose(pull[0] + DECAY * layer, 0, atol=1e-12)
    np.testing.assert_allclose(imbalance(layers)[0], 0, atol=1e-12)
    hessian = plain.hessian(layers, inputs, targets, DECAY)
    assert np.linalg.eigvalsh(hessian)[0] > -1e-6
    product = layers[1] @ layers[0]
    strengths = np.linalg.svd(targets.T @ inputs / 48, compute_uv=False)[:width]
    singular = np.linalg.svd(product, compute_uv=False)[: len(strengths)]
    np.testing.assert_allclose(singular, strengths - DECAY)


def test_weak_modes_are_not_kept():
    first, second = theory.decayed_layers(np.diag([2.0, 0.5]), 1.0, 1.0, 2)
    np.testing.assert_allclose(second @ first, np.diag([1.0, 0]), atol=1e-15)


def test_the_gauge_has_twice_the_decay_and_rotations_none():
    inputs, targets, layers = problem(2)
    hessian = plain.hessian(layers, inputs, targets, DECAY)
    for turn, rate in (
        (np.array([[1.0, 0.3], [0.3, -2]]), 2 * DECAY),
        (np.array([[0.0, 1], [-1, 0]]), 0.0),
    ):
        tangent = flatten((turn @ layers[0], -layers[1] @ turn))
        np.testing.assert_allclose(hessian @ tangent, rate * tangent, atol=1e-5)


def test_sgd_settles_at_the_imbalance_said_up_to_the_first_order_of_the_rate():
    inputs, targets, layers = problem(2)
    residuals = targets - inputs @ (layers[1] @ layers[0]).T
    pulls = (residuals[:, :, None] * inputs[:, None, :]).reshape(48, -1)
    noise, seen = np.cov(pulls.T, bias=True), []
    for rate in (0.04, 0.02):
        said = theory.steady_imbalance(layers, noise, rate, 1 / 4, DECAY)
        *_, (first, second) = plain.sgd(
            layers,
            inputs,
            targets,
            np.random.default_rng(3),
            rate=rate,
            batch=4,
            steps=round(3 / rate / DECAY),  # six times 1 / (2 mu)
            replicas=1500,
            weight_decay=DECAY,
        )
        found = second.transpose(0, 2, 1) @ second - first @ first.transpose(0, 2, 1)
        seen.append((found * said).sum(axis=(1, 2)) / (said**2).sum())
    extrapolated = 2 * seen[1] - seen[0]
    assert abs(plain.z_of(extrapolated, 1)) < 4
    assert abs(plain.z_of(extrapolated, 2)) > 10
    assert abs(plain.z_of(extrapolated, 0)) > 10


def test_bad_input_is_refused():
    _, _, layers = problem(2)
    with pytest.raises(ValueError, match="`variance` must be positive"):
        theory.decayed_layers(np.eye(2), 0.0, 0.1, 2)
    with pytest.raises(ValueError, match="`weight_decay` must be finite and >= 0"):
        theory.decayed_layers(np.eye(2), 1.0, -0.1, 2)
    with pytest.raises(ValueError, match="`width` must be a whole number >= 1"):
        theory.decayed_layers(np.eye(2), 1.0, 0.1, 0)
    with pytest.raises(ValueError, match="nothing stops the drift"):
        theory.steady_imbalance(layers, np.eye(6), 0.1, 0.1, 0.0)
