r"""Inputs in the directions in which they vary: one decomposition for all that follows.

With $\mathtt{xx} = V\mathrm{diag}(\lambda)V^\top$ on the range of the inputs, training
needs $\lambda_i$ and the drive $v_i = (V^\top\mathtt{yx}^\top)_i$ and nothing else of
the data. Derived here.
"""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.anisotropy.theory.refusals import check_scalar_output
from linnet.shapes import Float
from linnet.task import Moments


@dataclass(frozen=True, eq=False)
class InputModes:
    r"""From `modes_of_moments` or `modes_of_data`; $r$ is the rank of the inputs.

    Attributes:
        eigenvalues: $\lambda_1\ge\dots\ge\lambda_r>0$.
        basis: $V$, orthonormal columns, shape `(d, r)`.
        drive: $v$, shape `(r,)`.
        floor: Least loss of any linear map, with the ½.
    """

    eigenvalues: Float[np.ndarray, " r"]
    basis: Float[np.ndarray, "d r"]
    drive: Float[np.ndarray, " r"]
    floor: float

    @property
    def minimizer(self) -> Float[np.ndarray, " r"]:
        r"""Least-squares solution of least norm, $v_i/\lambda_i$."""
        return self.drive / self.eigenvalues

    @property
    def correlation(self) -> Float[np.ndarray, " d"]:
        r"""$\mathtt{yx}^\top = s_1u_1$ in the input space; its length is the drive."""
        return self.basis @ self.drive

    def loss(
        self, coordinates: Float[np.ndarray, "*rows r"]
    ) -> Float[np.ndarray, "*rows"]:
        r"""Loss of vectors $w$ by their coordinates; the rest of $w$ costs nothing."""
        gap = coordinates - self.minimizer
        return self.floor + np.sum(self.eigenvalues * gap**2, axis=-1) / 2


def modes_of_moments(moments: Moments) -> InputModes:
    r"""Modes of a population or of a data set's moments, one eigendecomposition.

    Valid for: one output. Eigenvalues up to `Moments.default_cutoff` count as zero.

    Raises:
        ValueError: when there are several outputs, the inputs vanish, or `yx` lies
            outside of the range of `xx`: no data have such moments.
    """
    check_scalar_output(moments)
    eigenvalues, basis = np.linalg.eigh(moments.xx)
    kept = eigenvalues > 4 * len(basis) * np.finfo(float).eps * eigenvalues[-1]
    _check_varies(kept)
    eigenvalues, basis = eigenvalues[kept][::-1], basis[:, kept][:, ::-1]
    drive = moments.yx[0] @ basis
    outside = float(np.linalg.norm(moments.yx[0] - basis @ drive))
    if outside > 1e-8 * np.linalg.norm(moments.yx):
        raise ValueError(
            "Argument `moments` must be those of data, but `yx` lies outside of the"
            f" range of `xx` by {outside:.3g}: inputs that never vary cannot correlate."
        )
    floor = float(moments.yy[0, 0] - np.sum(drive**2 / eigenvalues)) / 2
    return InputModes(eigenvalues, basis, drive, max(floor, 0.0))


def modes_of_data(
    inputs: Float[np.ndarray, "n d"], targets: Float[np.ndarray, "n 1"]
) -> InputModes:
    r"""Modes of a data set, from the smaller one of $X^\top X$ and $XX^\top$.

    With $n < d$ the cost is $O(n^2d)$ and nothing of size $d\times d$ is formed.

    Valid for: one output; eigenvalues of the moment down to its rounding,
    $4\min(n,d)\,\epsilon\lambda_1$, which count as zero.

    Raises:
        ValueError: when shapes do not fit, there are several outputs, an entry is not
            finite or the inputs vanish.
    """
    inputs, targets = np.asarray(inputs, dtype=float), np.asarray(targets, dtype=float)
    if inputs.ndim != 2 or 0 in inputs.shape or targets.shape != (len(inputs), 1):
        raise ValueError(
            "Arguments `inputs` and `targets` must have shapes (n, d) and (n, 1), but"
            f" have {inputs.shape} and {targets.shape}: take one output at a time."
        )
    if not (np.isfinite(inputs).all() and np.isfinite(targets).all()):
        raise ValueError(
            "Arguments `inputs` and `targets` must be finite, but are not."
        )
    n, d = inputs.shape
    if d <= n:
        return modes_of_moments(Moments.of_data(inputs, targets))
    eigenvalues, samples = np.linalg.eigh(inputs @ inputs.T / n)
    kept = eigenvalues > 4 * n * np.finfo(float).eps * eigenvalues[-1]
    _check_varies(kept)
    eigenvalues, samples = eigenvalues[kept][::-1], samples[:, kept][:, ::-1]
    lengths = np.sqrt(n * eigenvalues)
    along = targets[:, 0] @ samples
    rest = targets[:, 0] - samples @ along
    basis = (inputs.T @ samples) / lengths
    return InputModes(
        eigenvalues, basis, lengths * along / n, float(rest @ rest) / (2 * n)
    )


def _check_varies(kept: np.ndarray) -> None:
    if not kept.any():
        raise ValueError("The inputs must not vanish, but all of them are zero.")
