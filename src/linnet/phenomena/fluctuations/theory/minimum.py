r"""Where a single layer fluctuates: the least-squares minimum, in its eigenbasis.

All theory of this phenomenon works in the eigenbasis $U$ of the input moment,
$\mathtt{xx} = U\,\mathrm{diag}(h)\,U^\top$, on the row space. Matrices over the weights
$(k, r)$ are kept as blocks of shape `(k, k, r, r)`: entry `[a, b, i, j]` belongs to the
weights $W_{ai}$ and $W_{bj}$. `Minimum.full` turns blocks into a `(kd, kd)` matrix over
the row-major `W.ravel()` in the coordinates of the inputs.
"""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.fluctuations.theory.refusals import (
    check_finite,
    check_not_negative,
)
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class Minimum:
    r"""The minimum of the loss, with or without a penalty $\frac\mu2\lVert W\rVert^2$.

    Attributes:
        coordinates: $XU$, inputs in the eigenbasis, shape `(n, r)`.
        basis: $U$, shape `(d, r)`.
        variances: Eigenvalues $h$ of `xx` on the row space, largest first, `(r,)`.
        residuals: $y_i - Wx_i$ at the minimum, shape `(n, k)`.
        end_to_end: $W$, shape `(k, d)`.
        weight_decay: $\mu \ge 0$.
    """

    coordinates: Float[np.ndarray, "n r"]
    basis: Float[np.ndarray, "d r"]
    variances: Float[np.ndarray, " r"]
    residuals: Float[np.ndarray, "n k"]
    end_to_end: Float[np.ndarray, "k d"]
    weight_decay: float = 0.0

    @property
    def samples(self) -> int:
        """Number of samples $n$."""
        return len(self.coordinates)

    @property
    def outputs(self) -> int:
        """Number of outputs $k$."""
        return self.residuals.shape[1]

    @property
    def curvatures(self) -> Float[np.ndarray, " r"]:
        r"""Eigenvalues of the Hessian, $h + \mu$, each of them $k$ times."""
        return self.variances + self.weight_decay

    @property
    def least_loss(self) -> float:
        r"""$\frac1{2n}\sum_i\lVert r_i\rVert^2$, without the weight decay."""
        return float((self.residuals**2).sum() / (2 * self.samples))

    def full(self, blocks: Float[np.ndarray, "k k r r"]) -> Float[np.ndarray, "kd kd"]:
        """Blocks in the eigenbasis as one matrix over `W.ravel()`, `(k d, k d)`."""
        turned = self.basis @ blocks @ self.basis.T
        k, _, d, _ = turned.shape
        return turned.transpose(0, 2, 1, 3).reshape(k * d, k * d)


def least_squares_minimum(
    inputs: Float[np.ndarray, "n d"],
    targets: Float[np.ndarray, "n k"],
    *,
    reduced: bool = False,
    weight_decay: float = 0.0,
    cutoff: float | None = None,
) -> Minimum:
    r"""The minimum of least squares (ridge, with weight decay) on a data set.

    $W = \mathtt{yx}\,U(\mathrm{diag}(h)+\mu)^{-1}U^\top$, from the singular value
    decomposition of the inputs.

    Valid for: more samples than the rank of the inputs.

    Args:
        inputs: Samples as rows.
        targets: Targets as rows.
        reduced: Whether inputs of lower rank than their number are taken on their row
            space, where alone SGD moves; else they are refused.
        weight_decay: $\mu \ge 0$.
        cutoff: Variances at or below it count as zero; None takes the rounding level
            of the singular values. `Moments.default_cutoff` is far above it: who
            compares with moments passes that one.

    Raises:
        ValueError: when shapes differ, an entry is not finite, the weight decay is
            negative, there are no more samples than the rank of the inputs and no
            decay (then every sample can be fitted and nothing fluctuates), or the
            inputs are rank deficient and `reduced` is not set.

    Reference: textbook least squares.
    """
    inputs, targets = np.asarray(inputs, dtype=float), np.asarray(targets, dtype=float)
    _check(inputs, targets, weight_decay)
    n, d = inputs.shape
    _, singular, right = np.linalg.svd(inputs, full_matrices=False)
    rounding = max(n, d) * np.finfo(float).eps * singular[0]
    if cutoff is not None:
        check_not_negative("cutoff", cutoff)
    least = rounding**2 / n if cutoff is None else cutoff
    rank = int((singular**2 / n > least).sum())
    if n <= rank and not weight_decay:
        raise ValueError(
            f"The data must have more samples than inputs, but there are {n} samples of"
            f" {d} inputs (rank {rank}): every sample can be fitted, so residuals and"
            " stationary fluctuations vanish. Take more samples, fewer"
            " inputs, or weight decay."
        )
    if rank < d and not reduced:
        raise ValueError(
            f"Argument `inputs` must have full rank {d}, but has rank {rank}: no sample"
            " sees the other directions, where the weights stay or decay. Ask for the"
            " row space alone (`reduced=True`)."
        )
    basis = right[:rank].T
    variances = singular[:rank] ** 2 / n
    coordinates = inputs @ basis
    cross = targets.T @ coordinates / n
    inner = cross / (variances + weight_decay)
    return Minimum(
        coordinates=coordinates,
        basis=basis,
        variances=variances,
        residuals=targets - coordinates @ inner.T,
        end_to_end=inner @ basis.T,
        weight_decay=float(weight_decay),
    )


def _check(
    inputs: Float[np.ndarray, "..."],
    targets: Float[np.ndarray, "..."],
    weight_decay: float,
) -> None:
    if inputs.ndim != 2 or 0 in inputs.shape:
        raise ValueError(
            "Argument `inputs` must be (n, d), one row per sample, but has shape"
            f" {inputs.shape}."
        )
    if targets.ndim != 2 or len(targets) != len(inputs) or targets.shape[1] == 0:
        raise ValueError(
            f"Argument `targets` must be ({len(inputs)}, k), one row per sample, but"
            f" has shape {targets.shape}."
        )
    for name, given in (("inputs", inputs), ("targets", targets)):
        check_finite(name, given)
    if not inputs.any():
        raise ValueError("Argument `inputs` must not vanish, but is all zero.")
    check_not_negative("weight_decay", weight_decay)
