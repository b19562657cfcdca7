r"""Hessian of two layers without a matrix over all weights.

At a minimum at which the gradient of the product vanishes the Hessian is
$K = J_S^\top J_S$ with $J_S = [\,W_2\otimes S^{1/2}\mid I_k\otimes S^{1/2}W_1^\top\,]$
and $S = \mathtt{xx}$. Its non-zero spectrum is that of $J_SJ_S^\top =
W_2W_2^\top\otimes S + I_k\otimes S^{1/2}W_1^\top W_1S^{1/2}$, one problem of size $d$
for each eigenvector of $W_2W_2^\top$: $O(kd^3)$ against $O((hd+kh)^3)$, and $kd^2$
numbers hold all eigenvectors.
"""

from dataclasses import dataclass

import numpy as np

from linnet.network import Weights
from linnet.phenomena.fluctuations.theory.jacobian import check_two_layers
from linnet.phenomena.fluctuations.theory.refusals import (
    check_descent,
    check_not_negative,
)
from linnet.shapes import Float

FLAT = 1e-12  # part of the largest eigenvalue below which a curvature counts as zero


@dataclass(frozen=True, eq=False)
class TwoLayerHessian:
    r"""Eigenvalues and factored eigenvectors of the Hessian of two layers.

    The mode $(i, m)$ has the eigenvector $J_S^\top(u_i\otimes v_{im})/\sqrt{\lambda}$.

    Attributes:
        eigenvalues: $\lambda_{im}$, shape `(k, r)`; zero for what does not move. The
            remaining $p - kr$ eigenvalues vanish.
        outputs: $u_i$ as columns, eigenvectors of $W_2W_2^\top$, `(k, k)`.
        modes: $v_{im}$ as columns of block $i$, shape `(k, r, r)`, in the eigenbasis of
            `xx`.
        variances: Non-zero eigenvalues of `xx`, shape `(r,)`.
        basis: Their eigenvectors, shape `(d, r)`.
        weights: Both layers.
        gap: Smallest eigenvalue kept over the largest one set to zero.
    """

    eigenvalues: Float[np.ndarray, "k r"]
    outputs: Float[np.ndarray, "k k"]
    modes: Float[np.ndarray, "k r r"]
    variances: Float[np.ndarray, " r"]
    basis: Float[np.ndarray, "d r"]
    weights: Weights
    gap: float

    @property
    def moving(self) -> np.ndarray:
        """Which modes have a curvature, shape `(k, r)`."""
        return self.eigenvalues > 0

    @property
    def rank(self) -> int:
        """Number of non-zero eigenvalues."""
        return int(self.moving.sum())

    def layer_variances(
        self, mode_variances: Float[np.ndarray, "k r"]
    ) -> tuple[Float[np.ndarray, "h d"], Float[np.ndarray, "k h"]]:
        r"""Variance of every weight when the modes vary independently.

        $O(kd^3 + khd^2)$ and $O(kd^2)$ numbers; no matrix over all weights is made.
        """
        first, second = self.weights
        behind = second.T @ self.outputs
        to_first = np.empty((len(self.outputs), len(self.basis)))
        to_second = np.empty((len(self.outputs), len(first)))
        for i, mode_variance in enumerate(mode_variances):
            inner = self._inner(i)
            to_first[i] = inner**2 @ mode_variance
            to_second[i] = (first @ inner) ** 2 @ mode_variance
        return behind**2 @ to_first, self.outputs**2 @ to_second

    def eigenvectors(self) -> Float[np.ndarray, "p q"]:
        """Of the modes that move, as a matrix over all weights, blocks in turn."""
        first, second = self.weights
        (h, d), k = first.shape, len(second)
        behind = second.T @ self.outputs
        vectors = np.empty((h * d + k * h, self.rank))
        at = 0
        for i, moves in enumerate(self.moving):
            inner = self._inner(i)[:, moves]
            here = slice(at, at + inner.shape[1])
            vectors[: h * d, here] = np.kron(behind[:, i : i + 1], inner)
            ahead = first @ inner
            vectors[h * d :, here] = np.kron(self.outputs[:, i : i + 1], ahead)
            at += inner.shape[1]
        return vectors

    def images(self) -> Float[np.ndarray, "kr q"]:
        r"""$J$ applied to the eigenvectors, with inputs in the eigenbasis of `xx`."""
        parts = [
            np.kron(
                self.outputs[:, i : i + 1],
                (self.modes[i] / np.sqrt(self.variances)[:, None])[:, moves]
                * np.sqrt(self.eigenvalues[i, moves]),
            )
            for i, moves in enumerate(self.moving)
        ]
        return np.hstack(parts)

    def _inner(self, i: int) -> Float[np.ndarray, "d r"]:
        r"""$S^{1/2}v_{im}/\sqrt{\lambda_{im}}$ in the inputs' own coordinates."""
        moves = self.moving[i]
        scale = np.where(moves, self.eigenvalues[i], 1.0) ** -0.5 * moves
        return self.basis @ (np.sqrt(self.variances)[:, None] * self.modes[i] * scale)


def two_layer_hessian(
    weights: Weights, xx: Float[np.ndarray, "d d"]
) -> TwoLayerHessian:
    r"""Spectrum of the Hessian at a minimum with vanishing gradient of the product.

    That of $W_2W_2^\top\otimes S + I_k\otimes S^{1/2}W_1^\top W_1S^{1/2}$ with
    $S = \mathtt{xx}$, one problem of size $d$ an output direction.

    Valid for: two layers and residuals uncorrelated with the inputs, as at the
    least-squares product. A bottleneck has a further term: use `quasi_stationary`.

    Args:
        weights: Two layers.
        xx: Input moment, of any rank.

    Raises:
        ValueError: when there are not two layers, they are no chain, or `xx` does not
            fit, is not symmetric and finite, has a negative direction, or vanishes.

    Reference: derived here.
    """
    check_two_layers(weights)
    variances, basis = moment_eigenbasis(xx, weights[0].shape[1])
    return hessian_in_eigenbasis(weights, variances, basis)


def hessian_in_eigenbasis(
    weights: Weights,
    variances: Float[np.ndarray, " r"],
    basis: Float[np.ndarray, "d r"],
) -> TwoLayerHessian:
    """`two_layer_hessian` from the eigenvalues and eigenvectors of the input moment.

    Raises:
        ValueError: when there are not two layers, or they are no chain.

    Reference: derived here.
    """
    check_two_layers(weights)
    first, second = weights
    levels, outputs = np.linalg.eigh(second @ second.T)
    root = np.sqrt(variances)
    ahead = (first @ basis) * root
    blocks = np.maximum(levels, 0)[:, None, None] * np.diag(variances)
    eigenvalues, modes = np.linalg.eigh(blocks + ahead.T @ ahead)
    kept = eigenvalues > FLAT * eigenvalues.max()
    dropped = np.abs(eigenvalues[~kept]).max(initial=0.0)
    gap = float(eigenvalues[kept].min() / dropped) if dropped else np.inf
    eigenvalues = np.where(kept, eigenvalues, 0.0)
    return TwoLayerHessian(eigenvalues, outputs, modes, variances, basis, weights, gap)


def stationary_layer_variances(
    hessian: TwoLayerHessian,
    temperature: float,
    *,
    learning_rate: float | None = None,
) -> tuple[Float[np.ndarray, "h d"], Float[np.ndarray, "k h"]]:
    r"""Variance of every weight under white label noise, from the factors alone.

    Each mode that moves has $T$ in the continuum, and at a finite rate, with noise that
    does not depend on the weights,
    $$\mathrm{Var}_{im} = \frac{2T}{2-\eta\lambda_{im}},\qquad
      T = \tfrac12\eta\kappa\sigma^2.$$

    Args:
        hessian: See `two_layer_hessian`.
        temperature: $T$, see `temperature`.
        learning_rate: $\eta$ for the finite rate; None for the continuum.

    Raises:
        ValueError: when the temperature is negative, or the rate is not positive or
            beyond $2/\lambda_{\max}$, where descent diverges.

    Reference: derived here.
    """
    check_not_negative("temperature", temperature)
    rates = np.zeros_like(hessian.eigenvalues)
    if learning_rate is not None:
        check_descent(hessian.eigenvalues, learning_rate)
        rates = learning_rate * hessian.eigenvalues
    return hessian.layer_variances(hessian.moving * 2 * temperature / (2 - rates))


def moment_eigenbasis(
    xx: Float[np.ndarray, "d d"], d: int
) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "d r"]]:
    """Non-zero eigenvalues of an input moment, largest first, and their eigenvectors.

    Raises:
        ValueError: when it is no symmetric finite `(d, d)` matrix, has a negative
            direction, or vanishes.
    """
    if np.shape(xx) != (d, d):
        raise ValueError(
            f"Argument `xx` must be ({d}, {d}), as the layers have {d} inputs, but has"
            f" shape {np.shape(xx)}."
        )
    largest = np.abs(xx).max()
    if not np.isfinite(largest) or np.abs(xx - xx.T).max() > 1e-10 * largest:
        raise ValueError("Argument `xx` must be finite and symmetric, but is not.")
    values, vectors = np.linalg.eigh(xx)
    floor = d * np.finfo(float).eps * np.abs(values).max()
    if values[0] < -10 * floor or values[-1] <= 0:
        raise ValueError(
            "Argument `xx` must be a moment of inputs that do not all vanish, but its"
            f" eigenvalues are in [{values[0]:.3g}, {values[-1]:.3g}]."
        )
    kept = np.flatnonzero(values > floor)[::-1]
    return values[kept], vectors[:, kept]
