r"""A linear network is a tuple of matrices: first layer first, each `(out, in)`.

All but `flatten`, `unflatten` and `check_weights` use operators alone, so they take
NumPy and JAX arrays alike, inside and outside jit.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from linnet.shapes import Float

Weights = tuple[Float[np.ndarray, "_out _in"], ...]


def end_to_end(weights: Weights) -> Float[np.ndarray, "_k _d"]:
    r"""Product of all layers, $W = W_L \cdots W_1$."""
    product = weights[0]
    for layer in weights[1:]:
        product = layer @ product
    return product


def apply(
    weights: Weights, inputs: Float[np.ndarray, "n _d"]
) -> Float[np.ndarray, "n _k"]:
    r"""Outputs $x_i \mapsto W_L\cdots W_1 x_i$, samples as rows."""
    for layer in weights:
        inputs = inputs @ layer.T
    return inputs


def imbalance(weights: Weights) -> tuple[Float[np.ndarray, "_h _h"], ...]:
    r"""$\mathcal I_l = W_{l+1}^\top W_{l+1} - W_l W_l^\top$ for each hidden layer.

    Gradient flow conserves every one of them, for any loss of the product.
    """
    return tuple(
        after.T @ after - before @ before.T
        for before, after in itertools.pairwise(weights)
    )


def widths(weights: Weights) -> tuple[int, ...]:
    """Sizes from input to output, `(d, h, ..., k)`."""
    return (weights[0].shape[1], *(layer.shape[0] for layer in weights))


def flatten(weights: Weights) -> Float[np.ndarray, " p"]:
    """All weights as one vector, layer by layer, rows first."""
    return np.concatenate([np.asarray(layer).ravel() for layer in weights])


def unflatten(vector: Float[np.ndarray, " p"], sizes: Sequence[int]) -> Weights:
    """Inverse of `flatten` for a network of `sizes` `(d, h, ..., k)`.

    Raises:
        ValueError: when the length does not fit.
    """
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    lengths = [rows * columns for rows, columns in shapes]
    if np.shape(vector) != (sum(lengths),):
        raise ValueError(
            f"Argument `vector` must have {sum(lengths)} entries for sizes"
            f" {tuple(sizes)}, but has shape {np.shape(vector)}."
        )
    parts = np.split(np.asarray(vector), np.cumsum(lengths)[:-1])
    return tuple(p.reshape(s) for p, s in zip(parts, shapes, strict=True))


def check_weights(weights: Weights, d: int | None = None, k: int | None = None) -> None:
    """Refuse what is no chain of finite matrices from `d` inputs to `k` outputs.

    Raises:
        ValueError: with the layer at fault and what would fit.
    """
    if len(weights) == 0:
        raise ValueError(
            "Argument `weights` must hold at least one layer, but is empty."
        )
    for index, layer in enumerate(weights):
        if np.ndim(layer) != 2 or 0 in np.shape(layer):
            raise ValueError(
                "Argument `weights` must hold matrices (out, in), but layer"
                f" {index} has shape {np.shape(layer)}."
            )
        if not np.isfinite(np.asarray(layer)).all():
            raise ValueError(
                f"Argument `weights` must be finite, but layer {index} holds NaN or"
                " infinity."
            )
    sizes = widths(weights)
    for index, (layer, size) in enumerate(zip(weights, sizes[:-1], strict=True)):
        if layer.shape[1] != size:
            raise ValueError(
                f"Argument `weights` must be a chain of layers, but layer {index} has"
                f" shape {layer.shape} and the one before it {size} outputs: weights"
                " are (out, in), first layer first."
            )
    for size, wanted, side in ((sizes[0], d, "inputs"), (sizes[-1], k, "outputs")):
        if wanted not in (None, size):
            raise ValueError(
                f"Argument `weights` must have {wanted} {side}, but has {size}: weights"
                " are (out, in), first layer first."
            )
