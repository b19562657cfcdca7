"""Curvature of a loss along axes, and the axes along which it is largest."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from linnet.phenomena.fluctuations.measure.window import unit_axes
from linnet.shapes import Float

Vector = Float[np.ndarray, " p"]
Gradient = Callable[..., np.ndarray]
HessianProduct = Callable[..., np.ndarray]

DENSE = 64  # weights up to which the Hessian is formed
ROUNDINGS = 8.0  # of the loss that a second difference of it may carry


def curvatures(
    hvp: HessianProduct, center: Vector, axes: Float[np.ndarray, "m p"]
) -> Float[np.ndarray, " m"]:
    r"""$p_i^\top Hp_i$ by Hessian-vector products. Exact: no error bar.

    Args:
        hvp: `(center, vector) -> H vector`, of the full-batch loss.
        center: Where the Hessian is taken.
        axes: Rows of length one.

    Raises:
        ValueError: when axes do not fit, or a product is not finite.
    """
    rows = unit_axes(axes, len(center))
    return np.array([row @ _product(hvp, center, row) for row in rows])


@dataclass(frozen=True, eq=False)
class DifferenceCurvatures:
    """Curvatures from values of the loss alone.

    Attributes:
        value: Extrapolated to no step.
        error: What extrapolation changed, or rounding of the loss where that is more:
            a bound in practice, not a standard error.
    """

    value: Float[np.ndarray, " m"]
    error: Float[np.ndarray, " m"]


def difference_curvatures(
    loss: Callable[..., float | np.ndarray],
    center: Vector,
    axes: Float[np.ndarray, "m p"],
    step: float | None = None,
) -> DifferenceCurvatures:
    r"""$p_i^\top Hp_i$ by central second differences at two steps, extrapolated.

    $D(s) = \frac{L(w+sp) - 2L(w) + L(w-sp)}{s^2}$, value $\frac{4D(s/2) - D(s)}3$:
    exact for a loss that is quartic along the axis. For a loss in float32 take a step
    of some hundredth of the distance on which the loss changes.

    Args:
        loss: Of one vector of weights.
        center: Where the curvature is taken.
        axes: Rows of length one.
        step: $s$; a hundredth of the length of `center` if not given.

    Raises:
        ValueError: when the step is not positive, or the loss is not finite.
    """
    center = np.asarray(center, dtype=float)
    rows = unit_axes(axes, len(center))
    step = 0.01 * (float(np.linalg.norm(center)) or 1.0) if step is None else step
    if not 0 < step < np.inf:
        raise ValueError(f"Argument `step` must be finite and > 0, but is {step}.")
    middle = np.asarray(loss(center))
    shifts = step * np.array([1.0, -1.0, 0.5, -0.5])
    values = np.array(
        [[float(loss(center + s * row)) for s in shifts] for row in rows]
    ).reshape(len(rows), 4)
    if not (np.isfinite(values).all() and np.isfinite(middle)):
        raise ValueError(
            f"Argument `loss` must be finite within the step {step:.3g}, but is not:"
            " take a smaller step."
        )
    coarse = (values[:, :2].sum(1) - 2 * float(middle)) / step**2
    fine = (values[:, 2:].sum(1) - 2 * float(middle)) / (step / 2) ** 2
    grain = np.finfo(middle.dtype if middle.dtype.kind == "f" else float).eps
    rounding = ROUNDINGS * float(grain) * np.abs(values).max(1) / (step / 2) ** 2
    found = (4 * fine - coarse) / 3
    return DifferenceCurvatures(found, np.maximum(np.abs(found - fine), rounding))


@dataclass(frozen=True, eq=False)
class HessianAxes:
    """Leading eigenvectors of a Hessian.

    Attributes:
        curvatures: Eigenvalues, downwards.
        axes: Eigenvectors as rows, orthonormal.
        residuals: Norms of $Hv - hv$: an eigenvalue lies within each of them.
    """

    curvatures: Float[np.ndarray, " m"]
    axes: Float[np.ndarray, "m p"]
    residuals: Float[np.ndarray, " m"]


def hessian_axes(
    hvp: HessianProduct, center: Vector, count: int, tolerance: float = 1e-8
) -> HessianAxes:
    """Eigenvectors of the largest curvatures, by Lanczos on Hessian-vector products.

    Dense below 65 weights, or when nearly all are asked for. The start vector is fixed,
    so the same call gives the same axes. No error bar: `residuals` bound the error.

    Args:
        hvp: `(center, vector) -> H vector`, of the full-batch loss.
        center: Where the Hessian is taken.
        count: Number of axes.
        tolerance: Relative, of the eigenvalues.

    Raises:
        ValueError: when `count` is not in [1, p], a product is not finite, or Lanczos
            does not converge.
    """
    p = len(center)
    if int(count) != count or not 1 <= count <= p:
        raise ValueError(
            f"Argument `count` must be a whole number in [1, {p}], but is {count!r}."
        )

    def times(vector: np.ndarray) -> np.ndarray:
        return _product(hvp, center, np.ravel(vector))

    if p <= DENSE or count > p // 2:
        dense = np.array([times(row) for row in np.eye(p)])
        values, vectors = np.linalg.eigh((dense + dense.T) / 2)
        values, vectors = values[-count:], vectors[:, -count:]
    else:
        values, vectors = _lanczos(times, p, count, tolerance)
    order = np.argsort(values)[::-1]
    values, rows = values[order], vectors[:, order].T
    gaps = [np.linalg.norm(times(v) - h * v) for h, v in zip(values, rows, strict=True)]
    return HessianAxes(values, rows, np.array(gaps))


@dataclass(frozen=True)
class Derivatives:
    """NumPy in, NumPy out, in 64 bits inside.

    Attributes:
        gradient: `theta -> gradient`.
        hvp: `(theta, vector) -> H vector`.
    """

    gradient: Gradient
    hvp: HessianProduct


def derivatives(loss: Callable[..., object]) -> Derivatives:
    """Gradient and Hessian-vector product of a loss that JAX can trace.

    Both run in a 64-bit scope of their own: weights go in and come out as NumPy
    float64. Arrays that the loss closes over must be NumPy, for a JAX array made
    outside stays 32-bit.

    Args:
        loss: `theta (p,) -> scalar`, written with `jax.numpy`.
    """
    import jax

    def product(theta: jax.Array, vector: jax.Array) -> jax.Array:
        return jax.jvp(jax.grad(loss), (theta,), (vector,))[1]

    slope, twice = jax.jit(jax.grad(loss)), jax.jit(product)

    def gradient(theta: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):
            return np.asarray(slope(np.asarray(theta, dtype=float)))

    def hvp(theta: np.ndarray, vector: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):
            given = (np.asarray(a, dtype=float) for a in (theta, vector))
            return np.asarray(twice(*given))

    return Derivatives(gradient, hvp)


def _lanczos(
    times: Callable[[np.ndarray], np.ndarray], p: int, count: int, tolerance: float
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, "p m"]]:
    """Largest eigenvalues and their vectors, as columns."""
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    operator = LinearOperator((p, p), matvec=times, dtype=float)
    start = np.cos(np.arange(p) * np.e)  # in no special direction
    try:
        return eigsh(operator, count, which="LA", v0=start, tol=tolerance)
    except ArpackNoConvergence as error:
        raise ValueError(
            f"Argument `count` is {count}, but Lanczos found only"
            f" {len(error.eigenvalues)} eigenvalues: ask for fewer axes, or raise"
            f" `tolerance` above {tolerance}."
        ) from error


def _product(hvp: HessianProduct, center: Vector, vector: Vector) -> Vector:
    found = np.asarray(hvp(center, vector), dtype=float).ravel()
    if found.shape != np.shape(center) or not np.isfinite(found).all():
        raise ValueError(
            f"Argument `hvp` must give {len(center)} finite numbers, but gave shape"
            f" {found.shape}{'' if np.isfinite(found).all() else ' with NaN'}."
        )
    return found
