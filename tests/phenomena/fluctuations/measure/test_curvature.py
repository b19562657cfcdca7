import jax
import jax.numpy as jnp
import numpy as np
import pytest

from linnet.phenomena.fluctuations import measure


@pytest.fixture
def quadratic(rng):
    root = rng.normal(size=(100, 80))
    return root.T @ root / 100


@pytest.mark.parametrize("size", [10, 80])
def test_axes_and_curvatures_are_those_of_the_matrix(quadratic, size):
    matrix = quadratic[:size, :size]
    center = np.zeros(size)
    found = measure.hessian_axes(lambda _, v: matrix @ v, center, 5)
    values, vectors = np.linalg.eigh(matrix)
    np.testing.assert_allclose(found.curvatures, values[::-1][:5], rtol=1e-7)
    overlap = np.abs((found.axes * vectors.T[::-1][:5]).sum(1))
    np.testing.assert_allclose(overlap, 1, rtol=1e-6)
    assert (found.residuals < 1e-4 * values[-1]).all()
    along = measure.curvatures(lambda _, v: matrix @ v, center, found.axes)
    np.testing.assert_allclose(along, found.curvatures, rtol=1e-7)
    again = measure.hessian_axes(lambda _, v: matrix @ v, center, 5)
    np.testing.assert_array_equal(again.axes, found.axes)


def test_differences_of_a_quartic_loss_are_exact_but_for_rounding(quadratic):
    matrix = quadratic[:6, :6]

    def loss(theta):
        return 1 + 0.5 * theta @ matrix @ theta + (theta**4).sum()

    center = np.linspace(-1, 1, 6)
    hessian = matrix + 12 * np.diag(center**2)
    axes = np.linalg.eigh(matrix)[1].T
    found = measure.difference_curvatures(loss, center, axes, step=0.1)
    truth = np.einsum("ip,pq,iq->i", axes, hessian, axes)
    np.testing.assert_allclose(found.value, truth, rtol=1e-10)
    assert (np.abs(found.value - truth) <= found.error).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_error_of_differences_covers_the_truth(dtype):
    def loss(theta):
        return dtype(np.cosh(3 * theta[0]) + np.exp(theta[1]))

    for step in (1e-4, 1e-3, 1e-2, 1e-1):
        found = measure.difference_curvatures(loss, np.zeros(2), np.eye(2), step)
        assert (np.abs(found.value - [9, 1]) <= found.error).all()


def test_jax_differentiates_a_loss_in_64_bits(rng):
    inputs, targets = rng.normal(size=(30, 4)), rng.normal(size=30)

    def loss(theta):
        return jnp.mean((jnp.tanh(inputs @ theta) - targets) ** 2)

    center = rng.normal(size=4)
    found = measure.derivatives(loss)
    slope = found.gradient(center)
    assert slope.dtype == np.float64
    assert not jax.config.jax_enable_x64
    out = np.tanh(inputs @ center)
    exact = 2 * ((out - targets) * (1 - out**2)) @ inputs / 30
    np.testing.assert_allclose(slope, exact, rtol=1e-12)
    hessian = np.array([found.hvp(center, row) for row in np.eye(4)])
    pushed = [
        (found.gradient(center + 1e-5 * row) - found.gradient(center - 1e-5 * row))
        / 2e-5
        for row in np.eye(4)
    ]
    np.testing.assert_allclose(hessian, pushed, atol=1e-8)
    twice = measure.difference_curvatures(
        lambda theta: ((np.tanh(inputs @ theta) - targets) ** 2).mean(),
        center,
        np.eye(4),
    )
    along = measure.curvatures(found.hvp, center, np.eye(4))
    assert (np.abs(twice.value - along) <= twice.error).all()
    assert (np.abs(twice.value - 2 * along) > 10 * twice.error).all()


def test_bad_callables_are_refused():
    center = np.ones(3)
    with pytest.raises(ValueError, match=r"`count` must be .* in \[1, 3\], but is 4"):
        measure.hessian_axes(lambda _, v: v, center, 4)
    with pytest.raises(ValueError, match="must give 3 finite numbers, but gave shape"):
        measure.curvatures(lambda _, v: v[:2], center, np.eye(3))
    with pytest.raises(ValueError, match="with NaN"):
        measure.curvatures(lambda _, v: v * np.nan, center, np.eye(3))
    with pytest.raises(ValueError, match="`step` must be finite and > 0, but is 0"):
        measure.difference_curvatures(lambda w: w @ w, center, np.eye(3), 0.0)
    with pytest.raises(ValueError, match="finite within the step"):
        measure.difference_curvatures(lambda w: np.inf, center, np.eye(3))
