r"""Inputs in the directions in which they vary: what the modes of real data are.

$\mathtt{xx} = V\mathrm{diag}(\lambda)V^\top$ on the range of the inputs, and the
predictions on the training inputs have the coordinates $a_i = \sqrt{n\lambda_i}
(V^\top w)_i$ in an orthonormal basis of samples. Derived here.
"""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.sloppiness.theory.refusals import (
    real_numbers,
)
from linnet.shapes import Float
from linnet.task import Moments

STILL = 1e-40  # variance of a direction without any, in units of the largest


@dataclass(frozen=True, eq=False)
class Directions:
    r"""From `input_directions`; $r$ is the rank of the inputs.

    Attributes:
        variances: $\lambda_1\ge\dots\ge\lambda_r>0$.
        basis: $V$, orthonormal columns, shape `(d, r)`.
        n: Number of samples.
    """

    variances: Float[np.ndarray, " r"]
    basis: Float[np.ndarray, "d r"]
    n: int

    def coordinates(
        self, weights: Float[np.ndarray, "*many k d"]
    ) -> Float[np.ndarray, "*many r k"]:
        r"""House weights `(k, d)` by mode and output, $(WV)^\top$.

        Raises:
            ValueError: when `weights` have another number of inputs, or an entry is not
                finite.
        """
        given = real_numbers("weights", weights)
        d = len(self.basis)
        if given.ndim < 2 or given.shape[-1] != d:
            raise ValueError(
                f"Argument `weights` must have shape (..., k, {d}), but has"
                f" {given.shape}: one row per output."
            )
        return np.swapaxes(given @ self.basis, -1, -2)


def input_directions(inputs: Float[np.ndarray, "n d"] | Moments) -> Directions:
    r"""Variances and directions of the training inputs, from data or from moments.

    Data are decomposed as they are, by singular values: directions down to $\lambda\sim
    (\max(n,d)\,\epsilon)^2\lambda_1$ keep their digits. Moments have lost those below
    $4d\,\epsilon\lambda_1$. What is smaller is left out: it does not move in training
    and does not show on training inputs.

    Valid for: moments as given, uncentered; one constant direction of large mean is a
    mode like any other.

    Args:
        inputs: $X$, rows are samples, or moments with a number of samples.

    Raises:
        ValueError: when the inputs vanish or are not finite, or moments have no `n`.

    Reference: derived here.

    Example:
        >>> input_directions(np.array([[2.0, 0.0], [0.0, 1.0]])).variances
        array([2. , 0.5])
    """
    if isinstance(inputs, Moments):
        return _of_moments(inputs)
    given = real_numbers("inputs", inputs)
    if given.ndim != 2 or 0 in given.shape:
        raise ValueError(
            f"Argument `inputs` must have shape (n, d), but has {given.shape}."
        )
    n = len(given)
    # A triangle has the singular values of the data, and is small.
    small = given if n <= given.shape[1] else np.linalg.qr(given, mode="r")
    _, sizes, rows = np.linalg.svd(small, full_matrices=False)
    kept = sizes > max(given.shape) * np.finfo(float).eps * sizes[0]
    _check_any(kept)
    return Directions(sizes[kept] ** 2 / n, rows[kept].T, n)


def with_still(
    variances: Float[np.ndarray, " r"],
    basis: Float[np.ndarray, "d r"],
    within: Float[np.ndarray, "m d"] | None = None,
) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, "d q"]]:
    r"""Modes and directions, with those in which the training inputs do not vary.

    A direction without variance moves like one of vanishing variance: it stays, or
    decays with the weights. It is given the variance $10^{-40}\lambda_1$, so that one
    formula serves all.

    Args:
        variances: $\lambda$, downwards.
        basis: $V$.
        within: Vectors as rows; of the other directions only those are added that these
            vectors have a part in. All of them if not given.
    """
    d, r = basis.shape
    if r == d:
        return variances, basis
    if within is None:
        still = np.linalg.qr(basis, mode="complete")[0][:, r:]
    else:
        outside = within - within @ basis @ basis.T
        outside -= outside @ basis @ basis.T  # twice: orthogonal to rounding
        sizes, rows = np.linalg.svd(outside, full_matrices=False)[1:]
        noise = 4 * max(within.shape) * np.finfo(float).eps
        still = rows[sizes > noise * np.linalg.norm(within)].T
    added = np.full(still.shape[1], STILL * variances[0])
    return np.r_[variances, added], np.hstack([basis, still])


def _of_moments(moments: Moments) -> Directions:
    if moments.n is None:
        raise ValueError(
            "Argument `inputs` must be the moments of a data set, but are those of a"
            " population: there are no training inputs to predict on."
        )
    variances, basis = np.linalg.eigh(moments.xx)
    floor = 4 * len(variances) * np.finfo(float).eps * variances[-1]
    kept = variances[::-1] > floor
    _check_any(kept)
    return Directions(variances[::-1][kept], basis[:, ::-1][:, kept], moments.n)


def _check_any(kept: np.ndarray) -> None:
    if not kept.any():
        raise ValueError("Argument `inputs` must not vanish, but all entries are zero.")
