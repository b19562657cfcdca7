"""How much of a product each of two layers carries."""

import numpy as np
from numpy.typing import ArrayLike

from linnet.shapes import Float


def layer_powers(
    norm: ArrayLike, imbalance: ArrayLike
) -> tuple[Float[np.ndarray, "*grid"], Float[np.ndarray, "*grid"]]:
    r"""$\lvert a\rvert^2$ and $\lVert W\rVert^2$ of layers of rank one.

    $\frac12(R\pm\delta)$ with $R = \sqrt{\delta^2+4\lVert w\rVert^2}$, from
    $\lvert a\rvert\lVert W\rVert = \lVert w\rVert$ and
    $\lvert a\rvert^2-\lVert W\rVert^2 = \delta$. The smaller one is had from the
    product, so that neither cancels.

    Valid for: depth 2, first layer of rank one.

    Args:
        norm: $\lVert w\rVert\ge0$.
        imbalance: $\delta$. Both broadcast.

    Reference: derived here.

    Example:
        >>> layer_powers(2.0, 3.0)
        (np.float64(4.0), np.float64(1.0))
    """
    length, delta = np.asarray(norm, dtype=float), np.asarray(imbalance, dtype=float)
    larger = (np.hypot(delta, 2 * length) + np.abs(delta)) / 2
    smaller = length / np.where(larger > 0, larger, 1.0) * length
    last, first = (
        np.where(ahead, larger, smaller)[()] for ahead in (delta >= 0, delta < 0)
    )
    return last, first
