r"""Kernel machines: $f_{t+1} = f_t-\frac\eta n K(f_t-y)$, on training and test points.

In the eigenbasis of $K/n$ every mode responds as in a linear model of that variance,
but starts and targets need not be diagonal there: $f_0\sim(0,K_0)$, $y\sim(0,K_y)$.
A linear model is $K = XX^\top$, $K_0 = \sigma_0^2K$, $K_y = \sigma_*^2K$; random
features are the same with the features in place of $X$; a lazy network has $K$ its
tangent kernel and $K_0$ its kernel at the start, and $K_0=0$ when its start is
subtracted. The kernels are given as matrices. Derived here.
"""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.sloppiness.theory.averages import pair_averages
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.directions import STILL
from linnet.phenomena.sloppiness.theory.fixed_target import per_output
from linnet.phenomena.sloppiness.theory.refusals import (
    check_positive,
    per_mode,
    real_numbers,
)
from linnet.phenomena.sloppiness.theory.responses import AbstractResponse
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class KernelModes:
    r"""A kernel matrix of the training points, decomposed; from `kernel_modes`.

    Attributes:
        variances: Eigenvalues of $K/n$, downwards, shape `(n,)`; where $K$ has none
            they are $10^{-40}$ of the largest: such components do not move.
        basis: $U$, eigenvectors as columns, shape `(n, n)`.
        rank: How many eigenvalues $K$ has above rounding.
    """

    variances: Float[np.ndarray, " n"]
    basis: Float[np.ndarray, "n n"]
    rank: int


def linear_kernel(
    features: Float[np.ndarray, "n p"], others: Float[np.ndarray, "m p"] | None = None
) -> Float[np.ndarray, "*rows n"]:
    r"""$\Phi\Phi^\top$, or $\Phi_e\Phi^\top\,(m,n)$: inputs, or features of them.

    Random features are drawn outside of theory and given here as $\Phi$.

    Args:
        features: $\Phi$, one row per sample.
        others: $\Phi_e$, as of test points; None for `features`.

    Raises:
        ValueError: when shapes do not fit or an entry is not finite.

    Reference: textbook.
    """
    rows, columns = sample_rows(features, others)
    return rows @ columns.T


def radial_kernel(
    inputs: Float[np.ndarray, "n d"],
    width: float,
    others: Float[np.ndarray, "m d"] | None = None,
) -> Float[np.ndarray, "*rows n"]:
    r"""$e^{-\lVert x-x'\rVert^2/(2\ell^2)}$ of all pairs, $\ell$ the `width`.

    Args:
        inputs: One row per sample.
        width: $\ell>0$.
        others: Samples of the rows, as test points; None for `inputs`.

    Raises:
        ValueError: when `width` is not positive, shapes do not fit, or an entry is not
            finite.

    Reference: textbook.
    """
    check_positive("width", width, "it is a length")
    rows, columns = sample_rows(inputs, others)
    rows, columns = rows - columns.mean(0), columns - columns.mean(0)
    squares = np.sum(rows**2, axis=1)[:, None] + np.sum(columns**2, axis=1)
    apart = np.maximum(squares - 2 * rows @ columns.T, 0.0)
    if others is None:
        np.fill_diagonal(apart, 0.0)
    return np.exp(-apart / (2 * width**2))


def kernel_modes(kernel: Float[np.ndarray, "n n"]) -> KernelModes:
    r"""Eigenvalues of $K/n$ and their vectors, null space included.

    Valid for: symmetric positive semi-definite $K$; eigenvalues up to
    $4n\,\epsilon$ of the largest count as zero, or up to the size of the most negative
    one, which is the rounding that $K$ came with (as from single precision).

    Args:
        kernel: $K$ on the training points.

    Raises:
        ValueError: when `kernel` is not symmetric, not finite, vanishes, or has a
            negative eigenvalue of $10^8$ times that or more.

    Reference: derived here.
    """
    matrix = symmetric_matrix("kernel", kernel, None)
    n = len(matrix)
    values, vectors = np.linalg.eigh(matrix / n)
    floor = 4 * n * np.finfo(float).eps * np.abs(values).max()
    if values[0] < -1e8 * floor or values[-1] <= 0:
        raise ValueError(
            "Argument `kernel` must be positive semi-definite and not vanish, but its"
            f" eigenvalues span [{n * values[0]:.3g}, {n * values[-1]:.3g}]."
        )
    kept = values > max(floor, -values[0])
    values = np.where(kept, values, STILL * values[-1])
    return KernelModes(values[::-1], vectors[:, ::-1], int(kept.sum()))


def kernel_moment(
    modes: KernelModes,
    start_kernel: Float[np.ndarray, "n n"],
    target_kernel: Float[np.ndarray, "n n"],
    response: AbstractResponse,
    checkpoints: Checkpoints,
) -> Float[np.ndarray, "n n"]:
    r"""Second moment of training predictions, start and target random per trajectory.

    $$U^\top MU = (U^\top K_0U)\circ\langle h_ih_j\rangle
      +(\bar rU^\top K_yU\bar r)\circ\langle(1-h_i)(1-h_j)\rangle .$$
    What $K_0$ has in the null space of $K$ never moves and stays in $M$ for ever; what
    $K_y$ has there is never learned.

    Valid for: independent starts and targets of mean zero (the moment is then the
    covariance), one output; several independent ones have each eigenvalue as many
    times. With weight decay the start decays too. Not diagonal unless $K_0$ and $K_y$
    share the eigenvectors of $K$; eigenvalues are right down to $10^{-15}$ of the
    largest.

    Args:
        modes: Of the kernel that trains, from `kernel_modes`.
        start_kernel: $K_0$, covariance of the predictions before training.
        target_kernel: $K_y$, covariance of the targets over trajectories.
        response: The method of training.
        checkpoints: When predictions are looked at, with which weights.

    Returns:
        $M$, by training points.

    Raises:
        ValueError: when a matrix is not symmetric or has another shape, or training is
            not stable.

    Reference: derived here.
    """
    n, basis = len(modes.variances), modes.basis
    begin = basis.T @ symmetric_matrix("start_kernel", start_kernel, n) @ basis
    end = basis.T @ symmetric_matrix("target_kernel", target_kernel, n) @ basis
    pairs = pair_averages(response, modes.variances, checkpoints)
    rest = response.rest(modes.variances)
    moved = begin * pairs.start + np.outer(rest, rest) * end * pairs.target
    return basis @ moved @ basis.T


def kernel_fixed_target(
    modes: KernelModes,
    start_kernel: Float[np.ndarray, "n n"],
    targets: Float[np.ndarray, "n *k"],
    response: AbstractResponse,
    checkpoints: Checkpoints,
) -> Float[np.ndarray, "nk nk"]:
    r"""Covariance of training predictions for one target: cloud and curve.

    $$U^\top CU = (U^\top K_0U)\circ\langle h_ih_j\rangle\otimes I_k
      +(\bar rU^\top y)(\bar rU^\top y)^\top\circ\mathrm{Cov}(h_i,h_j).$$

    Valid for: as `kernel_moment`, starts of mean zero. A single trajectory from zero
    has $K_0=0$.

    Args:
        modes: Of the kernel that trains, from `kernel_modes`.
        start_kernel: $K_0$, covariance of the predictions before training.
        targets: $y$, shape `(n,)` or `(n, k)`.
        response: The method of training.
        checkpoints: When predictions are looked at, with which weights.

    Returns:
        $C$, rows by training point, then by output.

    Raises:
        ValueError: as `kernel_moment`.

    Reference: derived here.
    """
    n, basis = len(modes.variances), modes.basis
    begin = basis.T @ symmetric_matrix("start_kernel", start_kernel, n) @ basis
    given = per_mode("targets", targets, n)
    k = given.shape[1]
    aim = response.rest(modes.variances)[:, None] * (basis.T @ given)
    pairs = pair_averages(response, modes.variances, checkpoints)
    moved = np.kron(begin * pairs.start, np.eye(k))
    moved += np.outer(aim, aim) * per_output(pairs.covariance, k)
    turn = np.kron(basis, np.eye(k))
    return turn @ moved @ turn.T


def symmetric_matrix(
    name: str, matrix: Float[np.ndarray, "n n"], n: int | None
) -> Float[np.ndarray, "n n"]:
    """A finite symmetric matrix, of this size if one is told."""
    given = real_numbers(name, matrix)
    size = len(given) if n is None and given.ndim else n
    if given.shape != (size, size) or size == 0:
        raise ValueError(
            f"Argument `{name}` must be a matrix of shape ({size}, {size}), but has"
            f" shape {given.shape}."
        )
    uneven = float(np.abs(given - given.T).max())
    if uneven > 1e-8 * np.abs(given).max():
        raise ValueError(
            f"Argument `{name}` must be symmetric, but differs from its transpose by"
            f" {uneven:.3g}."
        )
    return (given + given.T) / 2


def sample_rows(
    inputs: Float[np.ndarray, "n d"], others: Float[np.ndarray, "m d"] | None
) -> tuple[Float[np.ndarray, "*rows d"], Float[np.ndarray, "n d"]]:
    """Rows and columns of a kernel matrix: others by inputs, or inputs alone."""
    columns = _samples("inputs", inputs)
    if others is None:
        return columns, columns
    rows = _samples("others", others)
    if rows.shape[1] != columns.shape[1]:
        raise ValueError(
            f"Argument `others` must have {columns.shape[1]} columns, as those that"
            f" they are compared with, but has {rows.shape[1]}."
        )
    return rows, columns


def _samples(name: str, value: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    given = real_numbers(name, value)
    if given.ndim != 2 or 0 in given.shape:
        raise ValueError(
            f"Argument `{name}` must be a matrix, one row per sample, but has shape"
            f" {given.shape}."
        )
    return given
