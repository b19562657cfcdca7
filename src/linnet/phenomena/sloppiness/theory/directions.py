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

    Of data with $n < d$ the smaller matrix $XX^\top$ is decomposed. Directions with
    $\lambda\le4\min(n,d)\,\epsilon\lambda_1$ are left out: they do not move in training
    and do not show on training inputs.

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
    n, d = given.shape
    wide = d > n
    gram = (given @ given.T if wide else given.T @ given) / n
    variances, basis = _kept(gram)
    if wide:
        basis = given.T @ basis / np.sqrt(n * variances)
    return Directions(variances, basis, n)


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
    return Directions(*_kept(moments.xx), moments.n)


def _kept(
    gram: Float[np.ndarray, "m m"],
) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "m r"]]:
    """Eigenpairs above rounding, downwards."""
    variances, basis = np.linalg.eigh(gram)
    kept = variances > 4 * len(gram) * np.finfo(float).eps * variances[-1]
    if not kept.any():
        raise ValueError("Argument `inputs` must not vanish, but all entries are zero.")
    return variances[kept][::-1], basis[:, kept][:, ::-1]
