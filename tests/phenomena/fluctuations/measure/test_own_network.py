"""End to end on a network that is not linear, trained plainly from one checkpoint.

Near a minimum weights answer noise linearly, whatever the network: with the measured
Hessian and covariance of gradients, $HV + VH - \\eta HVH = \\eta\\kappa C$.
"""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import solve_discrete_lyapunov

from linnet.phenomena.fluctuations import measure

SAMPLES, INPUTS, HIDDEN, BATCH, RATE = 200, 3, 2, 10, 0.05
WEIGHTS = HIDDEN * (INPUTS + 1)


class Net:
    """Loss, gradients and data of $v^T \\tanh(Ux)$, gradients written by hand."""

    def __init__(self, rng):
        self.x = rng.normal(size=(SAMPLES, INPUTS))
        self.start = np.array([1.5, 0.3, 0.0, 0.0, -0.3, 1.5, 1.0, -1.5])
        self.y = np.tanh(self.x @ self.start[:6].reshape(2, 3).T) @ self.start[6:]
        self.y += 0.3 * rng.normal(size=SAMPLES)

    def loss(self, theta, np=np):
        hidden = np.tanh(self.x @ theta[:6].reshape(2, 3).T)
        return 0.5 * np.mean((self.y - hidden @ theta[6:]) ** 2)

    def gradients(self, theta, pick):
        """Of single samples (r, b, p), for replicas theta (r, p), pick (r, b)."""
        x, first, second = self.x[pick], theta[:, :6].reshape(-1, 2, 3), theta[:, 6:]
        hidden = np.tanh(np.einsum("rhd,rbd->rbh", first, x))
        error = np.einsum("rbh,rh->rb", hidden, second) - self.y[pick]
        back = error[..., None] * second[:, None] * (1 - hidden**2)
        inner = back[..., None] * x[:, :, None, :]
        return np.concatenate(
            [inner.reshape(*pick.shape, 6), error[..., None] * hidden], -1
        )


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(7)
    net = Net(rng)
    everything = np.arange(SAMPLES)
    exact = measure.derivatives(lambda theta: net.loss(theta, jnp))
    center = net.start
    for _ in range(20):  # Newton, to the minimum
        hessian = np.array([exact.hvp(center, row) for row in np.eye(WEIGHTS)])
        center = center - np.linalg.solve(hessian, exact.gradient(center))
    assert np.linalg.norm(exact.gradient(center)) < 1e-12
    assert np.linalg.eigvalsh(hessian)[0] > 0
    noise = measure.gradient_covariance(
        lambda pick: net.gradients(center[None], pick[None])[0], SAMPLES
    )
    shrink = np.eye(WEIGHTS) - RATE * hessian
    linear = solve_discrete_lyapunov(shrink, RATE**2 * noise / BATCH)
    replicas = 400
    theta = rng.multivariate_normal(center, linear, replicas)
    records = []
    for step in range(500):
        pick = rng.integers(SAMPLES, size=(replicas, BATCH))
        theta = theta - RATE * net.gradients(theta, pick).mean(1)
        if step >= 300:
            records.append(theta)
    per_sample = net.gradients(center[None], everything[None])[0]
    return net, center, exact, hessian, linear, np.swapaxes(records, 0, 1), per_sample


def test_traced_and_written_gradients_are_one(trained):
    net, center, exact, *_ = trained
    shifted = center + 0.1
    by_hand = net.gradients(shifted[None], np.arange(SAMPLES)[None])[0].mean(0)
    np.testing.assert_allclose(by_hand, exact.gradient(shifted), atol=1e-12)
    bent = measure.difference_curvatures(net.loss, shifted, np.eye(WEIGHTS))
    along = measure.curvatures(exact.hvp, shifted, np.eye(WEIGHTS))
    assert (np.abs(bent.value - along) <= bent.error).all()


@pytest.mark.statistical
def test_variances_along_hessian_axes_are_those_of_linear_response(trained):
    _, center, exact, _, linear, records, _ = trained
    axes = measure.hessian_axes(exact.hvp, center, WEIGHTS).axes
    found = measure.variances_along(measure.about_replica_mean(records), axes)
    truth = np.diag(axes @ linear @ axes.T)
    # Noise that depends on the weights adds up to 3 % here, at one error bar or two.
    assert (np.abs(found.z(truth)) < 4).all()
    assert (np.abs(found.z(2 * truth)) > 10).all()


@pytest.mark.statistical
def test_principal_variances_of_layers_are_those_of_linear_response(trained):
    *_, linear, records, _ = trained
    shapes, cut = [(HIDDEN, INPUTS), (1, HIDDEN)], HIDDEN * INPUTS
    layers = measure.per_layer(measure.about_replica_mean(records), shapes)
    blocks = (linear[:cut, :cut], linear[cut:, cut:])
    for layer, block in zip(layers, blocks, strict=True):
        found = measure.principal_components(layer)
        truth = np.linalg.eigvalsh(block)[::-1]
        assert (np.abs(found.variances.z(truth)) < 4).all()
        assert np.abs(found.variances.z(2 * truth)).max() > 10
        assert found.is_resolved.all()


@pytest.mark.statistical
def test_weights_turn_as_the_noise_of_the_data_makes_them(trained):
    _, center, exact, hessian, linear, records, per_sample = trained
    axes = measure.hessian_axes(exact.hvp, center, WEIGHTS).axes
    series = measure.projected(records, axes)
    shrink, pairs = np.eye(WEIGHTS) - RATE * hessian, np.triu_indices(WEIGHTS, 1)
    for lag in (1, 10):
        lagged = axes @ np.linalg.matrix_power(shrink, lag) @ linear @ axes.T
        found = measure.antisymmetric_lag_covariance(series, lag)
        assert (np.abs(found.z(lagged - lagged.T)[pairs]) < 4).all()
    assert np.abs(found.z(lagged.T - lagged)[pairs]).max() > 10  # the other way round
    test = measure.time_reversal_test(series, np.random.default_rng(0), lag=10)
    assert test.p_value < 0.01
    # These data break detailed balance; their population need not.
    noise = measure.noise_to_hessian(hessian, per_sample)
    assert noise.commutator.value > 0.02
    assert noise.alignment.value > 0.8


def test_widths_are_those_of_the_curvature_where_it_is_large(trained):
    net, center, exact, *_, records, _ = trained
    axes = measure.hessian_axes(exact.hvp, center, WEIGHTS)
    found = measure.widths(net.loss, center, axes.axes)
    parabola = 2 * np.sqrt(2 * (np.e - 1) * found.loss / axes.curvatures)
    np.testing.assert_allclose(found.width[:3], parabola[:3], rtol=0.05)
    assert found.width[-1] < 0.7 * parabola[-1]  # where it bends up further out
    samples = measure.unit_variances(measure.about_replica_mean(records), axes.axes)
    rng = np.random.default_rng(1)
    fit = measure.flatness_exponent(samples, found.width, rng)
    # Noise in proportion to the Hessian: equal variances, no relation.
    assert abs(float(fit.exponent.value)) < 0.5
    assert "less than 1" in fit.fit.why
