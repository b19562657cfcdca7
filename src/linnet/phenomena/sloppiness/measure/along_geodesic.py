r"""How far models are on the shortest path from ignorance to the truth.

For predictions the sum of angles to a geodesic's point is a convex function of where
that point lies: on one sphere it is $\arccos(R\cos(t\theta-\varphi))$, whose second
derivative has the sign of $\cos(t\theta-\varphi)$, and that is not negative because
probabilities have no negative square roots. So the slope never falls, and bisection
finds the minimum whatever the samples say.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from linnet.phenomena.sloppiness.measure.predictions import Predictions
from linnet.phenomena.sloppiness.measure.sphere import (
    angles,
    blocks,
    check_same_samples,
    ignorance,
    square_roots,
)
from linnet.shapes import Float

HALVINGS = 44
CORNER = 1e-26  # squared width over which the slope turns at a model on the geodesic
FLAT = 1e-13  # slope, relative to its largest possible value, that is none


@dataclass(frozen=True, eq=False)
class Progress:
    r"""Where models are on a geodesic, and how far from it. Exact: no error bar.

    Attributes:
        along: $\lambda$ in $[0,1]$ of the nearest point of the geodesic.
        away: Mean angle to that point, in $[0,\pi/2]$; half a Fisher-Rao distance.
    """

    along: Float[np.ndarray, "..."]
    away: Float[np.ndarray, "..."]


@dataclass(frozen=True, eq=False)
class _Geodesic:
    """Orthonormal `first`, `second` of each sample's plane, and the angle in it."""

    first: Float[np.ndarray, "samples classes"]
    second: Float[np.ndarray, "samples classes"]
    theta: Float[np.ndarray, " samples"]


def progress(
    predictions: Float[np.ndarray, "... samples classes"] | Predictions,
    truth: Float[np.ndarray, "samples classes"],
    *,
    start: Float[np.ndarray, "samples classes"] | None = None,
) -> Progress:
    r"""Progress of models on the geodesic $\gamma$ from ignorance to the truth.

    $$\lambda = \arg\min_{0\le t\le1}
      \sum_s\arccos\sum_c\sqrt{P_{sc}\,\gamma_{sc}(t)},$$
    which may lie at an end. The sum is convex in $t$ (derived here), so that the
    minimum is the global one, found to 1e-12. Where a whole interval is minimal, as for
    a model that is certain and right at one half of the samples and ignorant at the
    other, one of its points is returned. Samples at which both ends agree say nothing,
    nor do those at which a model shares no class with either end.

    Args:
        predictions: Probabilities of models; leading axes, such as times, are kept. Or
            `Predictions`, for logits and for what lies in files.
        truth: The geodesic's end, as from `truth` of labels; may be uncertain.
        start: The geodesic's start; None for ignorance, all classes equally probable.

    Raises:
        ValueError: when these are no probabilities, samples or classes differ, or both
            ends are the same.

    Reference: the definition is Mao et al. 2025 and earlier work of theirs; that it is
    convex is derived here.

    Example:
        >>> ends = np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])
        >>> models = np.array([ends[0], ends[1], [[0.9, 0.1]]])
        >>> print(progress(models, ends[1]).along.round(6))
        [0.       1.       0.590334]
    """
    end = square_roots(truth, "truth")
    if end.ndim != 2:
        raise ValueError(
            f"Argument `truth` must be (samples, classes), but has shape {end.shape}."
        )
    shape = (end.shape[0], end.shape[1])
    first = square_roots(ignorance(*shape) if start is None else start, "start")
    check_same_samples(first.shape, shape, "truth")
    path = _geodesic(first, end)
    given = predictions.source if isinstance(predictions, Predictions) else predictions
    check_same_samples(given.shape, shape, "truth")
    leading = tuple(given.shape[:-2])
    read = _reader(predictions, shape)
    along, away = np.empty((2, int(np.prod(leading))))
    for part in blocks(along.size, shape[0] * shape[1]):
        along[part], away[part] = _nearest(square_roots(read(part)), path)
    return Progress(along.reshape(leading), away.reshape(leading))


def _reader(
    predictions: Float[np.ndarray, "..."] | Predictions, shape: tuple[int, int]
) -> Callable[[slice], Float[np.ndarray, "m samples classes"]]:
    """What gives the probabilities of some models."""
    if isinstance(predictions, Predictions):
        return predictions.probabilities
    return predictions.reshape(-1, *shape).__getitem__


def _geodesic(
    start: Float[np.ndarray, "samples classes"],
    end: Float[np.ndarray, "samples classes"],
) -> _Geodesic:
    theta = angles(start, end)
    if not (theta > 0).any():
        raise ValueError(
            "Arguments `start` and `truth` must differ at some sample, but are the"
            " same: no path leads from one to the other."
        )
    across = end - start
    across -= (across * start).sum(-1, keepdims=True) * start
    length = np.linalg.norm(across, axis=-1, keepdims=True)
    second = across / np.where(length > 0, length, 1.0)
    return _Geodesic(start, second, theta)


def _nearest(
    roots: Float[np.ndarray, "m samples classes"], path: _Geodesic
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Where on the path the sum of angles is least, and the mean angle there."""
    a = np.einsum("msc,sc->ms", roots, path.first)
    b = np.einsum("msc,sc->ms", roots, path.second)
    rest = roots - a[..., None] * path.first - b[..., None] * path.second
    outside = np.einsum("msc,msc->ms", rest, rest) + CORNER
    flat = FLAT * path.theta.sum()
    low, high = np.zeros(len(roots)), np.ones(len(roots))
    # The slope never falls: where it is not negative at the start, or not positive at
    # the end, that end is nearest.
    high[_slope(a, b, outside, path.theta, low) >= -flat] = 0.0
    low[_slope(a, b, outside, path.theta, np.ones_like(low)) <= flat] = 1.0
    high = np.maximum(low, high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        slope = _slope(a, b, outside, path.theta, middle)
        high = np.where(slope > -flat, middle, high)
        low = np.where(slope < flat, middle, low)
    along = (low + high) / 2
    nearest = _at(path, along)
    return along, angles(roots, nearest).mean(-1)


def _slope(
    a: Float[np.ndarray, "m samples"],
    b: Float[np.ndarray, "m samples"],
    outside: Float[np.ndarray, "m samples"],
    theta: Float[np.ndarray, " samples"],
    times: Float[np.ndarray, " m"],
) -> Float[np.ndarray, " m"]:
    r"""$\frac{d}{dt}\sum_s\arccos(a\cos t\theta + b\sin t\theta)$."""
    same = np.ptp(theta) <= 4 * np.finfo(float).eps  # labels seen from ignorance
    turned = times[:, None] * (theta[:1] if same else theta)
    off = a * np.sin(turned) - b * np.cos(turned)
    length = np.sqrt(outside + off**2)
    return (off / length) @ theta


def _at(
    path: _Geodesic, times: Float[np.ndarray, " m"]
) -> Float[np.ndarray, "m samples classes"]:
    turned = (times[:, None] * path.theta)[..., None]
    return np.cos(turned) * path.first + np.sin(turned) * path.second
