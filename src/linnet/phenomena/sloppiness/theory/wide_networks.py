r"""Kernels of one random hidden layer: of its outputs, and of its tangents."""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.sloppiness.theory.kernels import sample_rows
from linnet.phenomena.sloppiness.theory.refusals import (
    check_positive,
)
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class HiddenLayerKernels:
    r"""What a random network of one hidden layer starts from, and descends with.

    Attributes:
        outputs: $K_0(x,x')=\mathbb E f(x)f(x')$.
        tangent: $K(x,x')=\mathbb E\,\partial_\theta f(x)\cdot\partial_\theta f(x')$.
    """

    outputs: Float[np.ndarray, "*rows n"]
    tangent: Float[np.ndarray, "*rows n"]


def hidden_layer_kernels(
    inputs: Float[np.ndarray, "n d"],
    others: Float[np.ndarray, "m d"] | None = None,
    *,
    activation: str = "relu",
    scale: float = 1.0,
) -> HiddenLayerKernels:
    r"""Kernels of $f(x)=\frac s{\sqrt h}\sum_ja_j\,\phi(w_j\cdot x/\sqrt d)$.

    With $u=x\cdot x'/d$ and normal pre-activations $z, z'$ of covariance $u$,
    $$K_0 = s^2\,\mathbb E\,\phi(z)\phi(z'),\qquad
      K = K_0+s^2u\,\mathbb E\,\phi'(z)\phi'(z').$$
    ReLU, $\theta$ the angle between $x$ and $x'$:
    $\frac{\sqrt{u_{xx}u_{x'x'}}}{2\pi}[\sin\theta+(\pi-\theta)\cos\theta]$ and
    $\frac{\pi-\theta}{2\pi}$. Error function, $D=(1+2u_{xx})(1+2u_{x'x'})-4u^2$:
    $\frac2\pi\arctan\frac{2u}{\sqrt D}$ and $\frac4{\pi\sqrt D}$.

    Valid for: standard normal, independent $w_j$ and $a_j$; then means over networks
    are these at any width $h$. One network has them up to $1/\sqrt h$, and keeps them
    while it trains in the limit $h\to\infty$ only.

    Args:
        inputs: Samples as rows; zero rows are allowed.
        others: Samples of the rows, as test points by training points, `(m, d)`; None
            for `inputs`.
        activation: $\phi$, `relu` or `erf`.
        scale: $s>0$.

    Raises:
        ValueError: when samples are no finite matrices of one width, or an option is
            out of range.

    Reference: the two means are textbook (arc-cosine and arc-sine kernels).

    Example:
        >>> x = np.array([[1.0, 0.0], [0.0, 1.0]])
        >>> hidden_layer_kernels(x).outputs.round(4)
        array([[0.25  , 0.0796],
               [0.0796, 0.25  ]])
    """
    check_positive("scale", scale, "it multiplies all outputs")
    means = {"relu": _relu_means, "erf": _erf_means}
    if activation not in means:
        raise ValueError(
            f"Argument `activation` must be one of {', '.join(means)}, but is"
            f" {activation!r}: measure the kernels of other networks."
        )
    rows, columns = sample_rows(inputs, others)
    overlap = rows @ columns.T / rows.shape[1]
    products, slopes = means[activation](rows, columns, overlap)
    outputs = scale**2 * products
    return HiddenLayerKernels(outputs, outputs + scale**2 * overlap * slopes)


def _relu_means(
    rows: Float[np.ndarray, "m d"],
    columns: Float[np.ndarray, "n d"],
    overlap: Float[np.ndarray, "m n"],
) -> tuple[Float[np.ndarray, "m n"], Float[np.ndarray, "m n"]]:
    """Means of products, and of products of slopes."""
    lengths = [np.sqrt((side**2).mean(1)) for side in (rows, columns)]
    first, second = (
        side / np.where(length > 0, length, 1)[:, None]
        for side, length in zip((rows, columns), lengths, strict=True)
    )
    # From sums and differences of unit vectors: the arc cosine of an overlap near one
    # would lose half of the digits.
    angle = np.empty(overlap.shape)
    for i, unit in enumerate(first):
        apart = np.linalg.norm(unit - second, axis=1)
        along = np.linalg.norm(unit + second, axis=1)
        angle[i] = 2 * np.arctan2(apart, along)
    size = np.outer(*lengths)
    turned = np.sin(angle) + (np.pi - angle) * np.cos(angle)
    return size * turned / (2 * np.pi), (np.pi - angle) / (2 * np.pi)


def _erf_means(
    rows: Float[np.ndarray, "m d"],
    columns: Float[np.ndarray, "n d"],
    overlap: Float[np.ndarray, "m n"],
) -> tuple[Float[np.ndarray, "m n"], Float[np.ndarray, "m n"]]:
    """Means of products, and of products of slopes."""
    first, second = (1 + 2 * (side**2).mean(1) for side in (rows, columns))
    # At least 1: the product of lengths exceeds the square of the overlap.
    root = np.sqrt(np.maximum(np.outer(first, second) - 4 * overlap**2, 1))
    return 2 / np.pi * np.arctan2(2 * overlap, root), 4 / (np.pi * root)
