"""Angles between what was learned, the target, and where a kernel ends."""

from collections.abc import Sequence

import numpy as np

from linnet.numerics import Estimate
from linnet.shapes import Float


def alignment_cosines(
    directions: Float[np.ndarray, "... d"], target: Float[np.ndarray, "d"]
) -> Float[np.ndarray, "..."]:
    """Signed cosines between directions and a target. Exact: no error bar.

    Args:
        directions: Vectors of any length along the last axis.
        target: One vector: a teacher, a principal axis, a cross moment.

    Raises:
        ValueError: when dimensions differ, an entry is not finite or a vector vanishes.
    """
    units, goal = _units(directions, "directions"), _units(target, "target")
    if goal.shape != units.shape[-1:]:
        raise ValueError(
            "Arguments `directions` and `target` must have one dimension, but have"
            f" shapes {units.shape} and {goal.shape}."
        )
    return np.clip(units @ goal, -1.0, 1.0)


def axis_angles(
    directions: Float[np.ndarray, "... d"], reference: Float[np.ndarray, "... d"]
) -> Float[np.ndarray, "..."]:
    r"""Angles between axes, in $[0, \pi/2]$: a direction and its opposite are one.

    $2\arctan(\lvert u-v\rvert/\lvert u+v\rvert)$, accurate for small angles too. Exact:
    no error bar.

    Args:
        directions: Vectors along the last axis.
        reference: Others, of a shape that broadcasts.

    Raises:
        ValueError: when dimensions differ, an entry is not finite or a vector vanishes.
    """
    first, second = _units(directions, "directions"), _units(reference, "reference")
    if first.shape[-1] != second.shape[-1]:
        raise ValueError(
            "Arguments `directions` and `reference` must have one dimension, but have"
            f" {first.shape[-1]} and {second.shape[-1]}."
        )
    apart = np.linalg.norm(first - second, axis=-1)
    along = np.linalg.norm(first + second, axis=-1)
    return 2 * np.arctan2(np.minimum(apart, along), np.maximum(apart, along))


def kernel_directions(
    layers: Sequence[Float[np.ndarray, "..."]],
) -> Float[np.ndarray, "... d"]:
    r"""Input direction along which a linear network's tangent kernel is largest.

    Top eigenvector of the kernel $x^\top\big(\sum_l\lVert A_l\rVert_F^2B_l^\top
    B_l\big)x'$, summed over outputs, with $A_l$ the product above layer $l$ and $B_l$
    the one below: of $W_1^\top W_1$ for two layers. Exact: no error bar; its sign
    means nothing.

    Args:
        layers: Two or more, first layer first, each `(..., out, in)` with the same
            leading axes, such as times.

    Returns:
        Vectors of length one, leading axes kept.

    Raises:
        ValueError: when there is one layer only (its kernel is isotropic), layers do
            not fit, an entry is not finite, or a kernel has no direction.
    """
    recorded = [np.asarray(layer, dtype=float) for layer in layers]
    if len(recorded) < 2 or any(layer.ndim < 2 for layer in recorded):
        raise ValueError(
            "Argument `layers` must hold two layers (..., out, in) or more, but has"
            f" shapes {[layer.shape for layer in recorded]}."
        )
    if not all(np.isfinite(layer).all() for layer in recorded):
        raise ValueError("Argument `layers` must be finite, but is not.")
    # The first layer's own term is isotropic and turns nothing; the last layer has
    # nothing above it but the identity of the outputs.
    weights = [np.sqrt(float(recorded[-1].shape[-2]))]
    above = recorded[-1]
    for layer in recorded[-2:0:-1]:
        weights.insert(0, np.linalg.norm(above, axis=(-2, -1))[..., None, None])
        above = above @ layer
    below, rows = recorded[0], [weights[0] * recorded[0]]
    for layer, weight in zip(recorded[1:-1], weights[1:], strict=True):
        below = layer @ below
        rows.append(weight * below)
    _, sizes, right = np.linalg.svd(np.concatenate(rows, -2), full_matrices=False)
    if not (sizes[..., 0] > 0).all():
        raise ValueError(
            "Argument `layers` must have a tangent kernel with a direction, but at one"
            " time all products that reach the input vanish: a saddle."
        )
    return right[..., 0, :]


def turning(
    times: Float[np.ndarray, " times"],
    paths: Float[np.ndarray, "*replicas times d"],
    when: Float[np.ndarray, " replicas"] | float,
) -> Estimate | Float[np.ndarray, ""]:
    """Angle between a direction at some time and where it points in the end.

    Silent alignment means that a kernel finds its final direction while the loss has
    hardly fallen: then this angle, taken at the first phase, is zero. By how much it
    fails is the angle itself, in radians.

    Args:
        times: Increasing.
        paths: Directions over time, `(times, d)` of one run or `(replicas, times, d)`;
            of a kernel, of a first layer, or of what has been learned.
        when: Time at which the direction is taken, one for all or one for each replica;
            linear between saved times.

    Returns:
        Mean and standard error over replicas; for one run its angle, a number without
        error bar.

    Raises:
        ValueError: when shapes do not fit, a vector vanishes or is not finite, times do
            not increase, or `when` is outside of them.
    """
    times, paths = np.asarray(times, dtype=float), np.asarray(paths, dtype=float)
    if times.ndim != 1 or len(times) < 2 or not (np.diff(times) > 0).all():
        raise ValueError("Argument `times` must increase, two or more, but does not.")
    if paths.ndim not in (2, 3) or paths.shape[-2] != len(times):
        raise ValueError(
            f"Argument `paths` must have shape ({len(times)}, d) or (replicas,"
            f" {len(times)}, d), but has {paths.shape}."
        )
    runs = paths if paths.ndim == 3 else paths[None]
    asked = np.broadcast_to(np.asarray(when, dtype=float), (len(runs),))
    if not ((asked >= times[0]) & (asked <= times[-1])).all():
        raise ValueError(
            f"Argument `when` must lie in [{times[0]:.4g}, {times[-1]:.4g}], but is"
            f" {when}: leave out replicas that never came there."
        )
    angles = axis_angles(runs, runs[:, -1:])
    found = [np.interp(t, times, row) for t, row in zip(asked, angles, strict=True)]
    return Estimate.from_samples(found) if paths.ndim == 3 else np.array(found[0])


def _units(vectors: Float[np.ndarray, "... d"], name: str) -> np.ndarray:
    vectors = np.asarray(vectors, dtype=float)
    if vectors.ndim == 0 or not np.isfinite(vectors).all():
        raise ValueError(
            f"Argument `{name}` must hold finite vectors along its last axis, but does"
            " not."
        )
    top = np.abs(vectors).max(-1, keepdims=True, initial=0)
    if not (top > 0).all():
        raise ValueError(
            f"Argument `{name}` must not vanish, but a vector does: it has no"
            " direction."
        )
    scaled = vectors / top  # no underflow where training starts small
    return scaled / np.linalg.norm(scaled, axis=-1, keepdims=True)
