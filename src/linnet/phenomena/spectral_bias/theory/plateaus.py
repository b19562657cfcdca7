r"""Where a small start rests on its way: saddles at maps of reduced rank."""

import numpy as np

from linnet.shapes import Float
from linnet.task import Moments


def plateau_losses(moments: Moments) -> Float[np.ndarray, " plateaus"]:
    r"""Excess loss of the best map of rank $0, 1, \dots$ over the least loss.

    $$L_r - L_\ast = \tfrac12\sum_{i>r}s_i^2,\qquad
      s_i\ \text{the singular values of}\ W_\ast\mathtt{xx}^{1/2}.$$
    As the scale of the start vanishes, training rests at these levels one after the
    other, at reduced-rank regression and not at the truncated solution.

    Valid for: first layer isotropic, second zero, $\gamma\to0$. At finite scale the
    flattest point lies a little below its level, by an amount that falls as a power of
    $\gamma$ set by the gap between the modes.

    Args:
        moments: Data or population.

    Returns:
        Falling levels, the first that of the zero map, the last one zero.

    Raises:
        ValueError: when all inputs vanish.

    Reference: sequential reduced-rank path at vanishing initialization stated by Gidel,
        Bach and Lacoste-Julien 2019; level derived here.
    """
    strengths = np.linalg.svd(_whitened(moments), compute_uv=False)
    # Summed from the smallest one on: no cancellation.
    return np.append(np.cumsum(strengths[::-1] ** 2)[::-1] / 2, 0.0)


def reduced_rank_map(moments: Moments, rank: int) -> Float[np.ndarray, "k d"]:
    r"""Best map of at most `rank`: $W_r = P_rW_\ast$.

    $P_r$ projects on the first $r$ left singular vectors of $W_\ast\mathtt{xx}^{1/2}$:
    the saddle of the plateau. Unless inputs are white it is not the truncated solution.

    Valid for: any data; unique where the singular values $r$ and $r+1$ differ.

    Args:
        moments: Data or population.
        rank: $r \ge 0$.

    Returns:
        $W_r$.

    Raises:
        ValueError: when `rank` is negative, or all inputs vanish.

    Reference: reduced-rank regression, as known; derived here.
    """
    if rank < 0:
        raise ValueError(f"Argument `rank` must be >= 0, but is {rank}.")
    left, _, _ = np.linalg.svd(_whitened(moments), full_matrices=False)
    kept = left[:, :rank]
    return kept @ (kept.T @ moments.minimizer().end_to_end)


def _whitened(moments: Moments) -> Float[np.ndarray, "k d"]:
    r"""$W_\ast\mathtt{xx}^{1/2} = \mathtt{yx}\,\mathtt{xx}^{+1/2}$."""
    return moments.whitened().yx
