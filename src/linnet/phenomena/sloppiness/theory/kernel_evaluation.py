r"""Kernel machines on test points: the training modes, carried over by the kernel.

Whatever linear method trains, predictions elsewhere move in the range of the kernel,
$f_e(t)-f_e(0) = K_eK^+(f(t)-f(0))$. Targets at test points do not enter, and
what the start has there beside its extension from the training points stays. Derived
here.
"""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.sloppiness.theory.averages import PairAverages, pair_averages
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.directions import STILL
from linnet.phenomena.sloppiness.theory.fixed_target import per_output
from linnet.phenomena.sloppiness.theory.kernels import KernelModes, symmetric_matrix
from linnet.phenomena.sloppiness.theory.refusals import (
    per_mode,
    real_numbers,
)
from linnet.phenomena.sloppiness.theory.responses import AbstractResponse
from linnet.shapes import Float

BESIDE = 1e-5  # part of a test kernel that may lie in the null space: root of rounding


@dataclass(frozen=True, eq=False)
class StartKernels:
    r"""Covariance of the predictions before training, on training and test points.

    Attributes:
        training: $K_0$ on the training points, shape `(n, n)`.
        cross: Test points by training points, shape `(m, n)`.
        test: On the test points, shape `(m, m)`.
    """

    training: Float[np.ndarray, "n n"]
    cross: Float[np.ndarray, "m n"]
    test: Float[np.ndarray, "m m"]


def kernel_test_moment(
    modes: KernelModes,
    test_kernel: Float[np.ndarray, "m n"],
    starts: StartKernels,
    target_kernel: Float[np.ndarray, "n n"],
    response: AbstractResponse,
    checkpoints: Checkpoints,
) -> Float[np.ndarray, "m m"]:
    r"""Second moment of test predictions, start and target random per trajectory.

    With $A = K_eU\,\mathrm{diag}(n\lambda)^{-1}$ on the range of $K$,
    $f' = U^\top f$ and $q = f_e(0)-Af'(0)$, what the start has beside its extension,
    $$f_e(t) = h_0q+A[h f'(0)+(1-h)\bar ry'],\qquad M_e = \langle f_e
      f_e^\top\rangle,$$
    $h_0 = 1$ (with weight decay that of a direction without variance).

    Valid for: as `kernel_moment`; $K_e$ and $K$ of one kernel.

    Args:
        modes: Of the kernel that trains, from `kernel_modes`.
        test_kernel: $K_e$, test points by training points.
        starts: $K_0$ in three blocks.
        target_kernel: $K_y$ on the training points.
        response: The method of training.
        checkpoints: When predictions are looked at, with which weights.

    Returns:
        $M_e$, by test points.

    Raises:
        ValueError: when a matrix is not symmetric or has another shape, `test_kernel`
            lies outside of the range of the kernel, or training is not stable.

    Reference: derived here.
    """
    n, basis = len(modes.variances), modes.basis[:, : modes.rank]
    extension = _extension(modes, test_kernel)
    pairs = _pairs(modes, response, checkpoints)
    end = basis.T @ symmetric_matrix("target_kernel", target_kernel, n) @ basis
    rest = response.rest(modes.variances[: modes.rank])
    learned = np.outer(rest, rest) * end * pairs.target[:-1, :-1]
    return _cloud(starts, basis, extension, pairs) + extension @ learned @ extension.T


def kernel_test_fixed_target(
    modes: KernelModes,
    test_kernel: Float[np.ndarray, "m n"],
    starts: StartKernels,
    targets: Float[np.ndarray, "n *k"],
    response: AbstractResponse,
    checkpoints: Checkpoints,
) -> Float[np.ndarray, "mk mk"]:
    r"""Covariance of test predictions for one target: cloud and curve.

    The cloud is that of `kernel_test_moment`, the curve
    $A\,[(\bar ry')(\bar ry')^\top\circ\mathrm{Cov}(h_i,h_j)]A^\top$.

    Valid for: as `kernel_test_moment`.

    Args:
        modes: Of the kernel that trains, from `kernel_modes`.
        test_kernel: $K_e$, test points by training points.
        starts: $K_0$ in three blocks.
        targets: $y$ on the training points, shape `(n,)` or `(n, k)`.
        response: The method of training.
        checkpoints: When predictions are looked at, with which weights.

    Returns:
        Rows by test point, then by output.

    Raises:
        ValueError: as `kernel_test_moment`.

    Reference: derived here.
    """
    basis = modes.basis[:, : modes.rank]
    given = per_mode("targets", targets, len(basis))
    k = given.shape[1]
    extension = _extension(modes, test_kernel)
    pairs = _pairs(modes, response, checkpoints)
    rest = response.rest(modes.variances[: modes.rank])
    aim = rest[:, None] * (basis.T @ given)
    curve = np.outer(aim, aim) * per_output(pairs.covariance[:-1, :-1], k)
    spread = np.kron(extension, np.eye(k))
    cloud = np.kron(_cloud(starts, basis, extension, pairs), np.eye(k))
    return cloud + spread @ curve @ spread.T


def _pairs(
    modes: KernelModes, response: AbstractResponse, checkpoints: Checkpoints
) -> PairAverages:
    """Of the modes that move and, last, of a direction without variance."""
    rate = modes.variances[: modes.rank]
    return pair_averages(response, np.r_[rate, STILL * rate[0]], checkpoints)


def _cloud(
    starts: StartKernels,
    basis: Float[np.ndarray, "n r"],
    extension: Float[np.ndarray, "m r"],
    pairs: PairAverages,
) -> Float[np.ndarray, "m m"]:
    """What the starts leave: along their extension, beside it, and both."""
    begin, beside, alone = _start_parts(starts, basis, extension)
    along = extension @ (begin * pairs.start[:-1, :-1]) @ extension.T
    mixed = (beside * pairs.start[-1, :-1]) @ extension.T
    return along + mixed + mixed.T + pairs.start[-1, -1] * alone


def _extension(
    modes: KernelModes, test_kernel: Float[np.ndarray, "m n"]
) -> Float[np.ndarray, "m r"]:
    """From coordinates of training predictions to test predictions."""
    n = len(modes.variances)
    given = real_numbers("test_kernel", test_kernel)
    if given.ndim != 2 or given.shape[1] != n or len(given) == 0:
        raise ValueError(
            f"Argument `test_kernel` must have shape (m, {n}), test points by training"
            f" points, but has {given.shape}."
        )
    turned = given @ modes.basis
    outside = float(np.linalg.norm(turned[:, modes.rank :]))
    if outside > BESIDE * np.linalg.norm(turned):
        raise ValueError(
            "Argument `test_kernel` must lie in the range of the training kernel, but"
            f" is outside by {outside:.3g}: no one kernel gives both matrices."
        )
    return turned[:, : modes.rank] / (n * modes.variances[: modes.rank])


def _start_parts(
    starts: StartKernels,
    basis: Float[np.ndarray, "n r"],
    extension: Float[np.ndarray, "m r"],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Moments of the start: in the modes, beside with modes, beside alone."""
    (m, n) = (len(extension), len(basis))
    training = symmetric_matrix("starts.training", starts.training, n)
    test = symmetric_matrix("starts.test", starts.test, m)
    cross = real_numbers("starts.cross", starts.cross)
    if cross.shape != (m, n):
        raise ValueError(
            f"Argument `starts.cross` must have shape ({m}, {n}), test points by"
            f" training points, but has {cross.shape}."
        )
    begin = basis.T @ training @ basis
    seen = cross @ basis
    beside = seen - extension @ begin
    mixed = extension @ seen.T
    alone = test - mixed - mixed.T + extension @ begin @ extension.T
    return begin, beside, alone
