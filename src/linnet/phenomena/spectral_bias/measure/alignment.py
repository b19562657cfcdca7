"""Which directions layers share: with each other, with the data, with their start."""

import itertools

import numpy as np

from linnet.network import Weights
from linnet.numerics import subspace_overlap
from linnet.shapes import Float


def layer_alignment(weights: Weights, rank: int) -> tuple[float, ...]:
    """Overlap of what each layer writes with what the next one reads.

    Mean squared cosine between the `rank` leading left singular vectors of a layer and
    the `rank` leading right ones of the next: 1 for aligned layers, about `rank` over
    the width for layers drawn independently. Exact: no error bar.

    Args:
        weights: Layers `(out, in)` of any network, two or more.
        rank: Number of leading directions.

    Returns:
        One number for each hidden layer.

    Raises:
        ValueError: when there is one layer only, or a layer has fewer than `rank`
            directions that are not zero.
    """
    if len(weights) < 2:
        raise ValueError(
            "Argument `weights` must hold two layers or more, but holds"
            f" {len(weights)}."
        )
    parts = [_leading(layer, rank, index) for index, layer in enumerate(weights)]
    return tuple(
        subspace_overlap(before[0], after[1])
        for before, after in itertools.pairwise(parts)
    )


def input_alignment(
    first: Float[np.ndarray, "h d"], directions: Float[np.ndarray, "r d"]
) -> float:
    """Overlap of what the first layer reads with given input directions.

    Mean squared cosine between its leading right singular vectors, as many as there are
    directions, and these. Exact: no error bar.

    Args:
        first: First layer of any network.
        directions: As rows, independent: principal components, or modes of the task.

    Raises:
        ValueError: when the directions do not fit, are dependent, or are more than the
            layer's that are not zero.
    """
    return subspace_overlap(_leading(first, len(directions), 0)[1], directions.T)


def idle_modes(
    before: Float[np.ndarray, "out in"],
    after: Float[np.ndarray, "out in"],
    tolerance: float = 1e-3,
) -> int:
    """Directions in which a layer has not moved.

    Singular values of the change that are at most `tolerance` times the largest
    singular value of the layer after. Exact: no error bar.

    Args:
        before: A layer at one time.
        after: The same layer at another.
        tolerance: What counts as no movement.

    Raises:
        ValueError: when shapes differ, or `tolerance` is not in (0, 1).
    """
    if np.shape(before) != np.shape(after):
        raise ValueError(
            "Arguments `before` and `after` must be one layer at two times, but have"
            f" shapes {np.shape(before)} and {np.shape(after)}."
        )
    if not 0 < tolerance < 1:
        raise ValueError(
            f"Argument `tolerance` must lie in (0, 1), but is {tolerance}."
        )
    change = np.linalg.svd(after - before, compute_uv=False)
    return int((change <= tolerance * np.linalg.norm(after, 2)).sum())


def _leading(
    layer: Float[np.ndarray, "out in"], rank: int, index: int
) -> tuple[Float[np.ndarray, "out r"], Float[np.ndarray, "in r"]]:
    left, sizes, right = np.linalg.svd(layer, full_matrices=False)
    count = int((sizes > 1e-12 * sizes[0]).sum()) if sizes[0] > 0 else 0
    if not 1 <= rank <= count:
        raise ValueError(
            f"Argument `rank` must lie in [1, {count}], the rank of layer {index}, but"
            f" is {rank}."
        )
    return left[:, :rank], right[:rank].T
