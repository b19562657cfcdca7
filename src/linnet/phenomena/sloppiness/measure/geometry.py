r"""Lengths and geodesics between predictions, in the metric of Fisher and Rao.

Models are points of a product of spheres, one per sample (`sphere`). Lengths are per
square root of the number of samples, so that they stay finite when samples are added:
a small step has length $\sqrt{8\,d_B}$ with $d_B$ the Bhattacharyya distance, a mean
over samples.
"""

from typing import Literal

import numpy as np

from linnet.phenomena.sloppiness.measure.sphere import (
    angles,
    blocks,
    distances,
    square_roots,
)
from linnet.shapes import Float

Step = Literal["bhattacharyya", "geodesic"]


def geodesic(
    start: Float[np.ndarray, "samples classes"],
    end: Float[np.ndarray, "samples classes"],
    times: Float[np.ndarray, " times"],
) -> Float[np.ndarray, "times samples classes"]:
    r"""Probabilities along the shortest path from one model to another.

    With $\theta_s = \arccos\sum_c\sqrt{p_{sc}q_{sc}}$, at every sample
    $$\sqrt{\gamma_s(t)} =
      \frac{\sin((1-t)\theta_s)\sqrt{p_s}+\sin(t\theta_s)\sqrt{q_s}}{\sin\theta_s},$$
    which is $\sqrt{p_s}$ where both models agree.

    Valid for: any two models; $\theta\le\pi/2$, so that the path is unique.

    Args:
        start: $p$, the model at $t=0$.
        end: $q$, the model at $t=1$.
        times: $t$ in $[0,1]$.

    Raises:
        ValueError: when these are no probabilities, shapes differ, or a time lies
            outside of $[0,1]$.

    Reference: textbook (great circles).

    Example:
        >>> half = geodesic(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]),
        ...                 np.array([0.5]))
        >>> print(half.round(3))
        [[[0.5 0.5]]]
    """
    p, q = _pair(start, end)
    t = np.asarray(times, dtype=float)
    if t.ndim != 1 or not ((t >= 0) & (t <= 1)).all():
        raise ValueError(
            "Argument `times` must be one row of numbers in [0, 1], but has shape"
            f" {t.shape} or an entry outside."
        )
    along = between(p, q, t[:, None])
    return along**2


def between(
    start: Float[np.ndarray, "... classes"],
    end: Float[np.ndarray, "... classes"],
    times: Float[np.ndarray, "..."],
) -> Float[np.ndarray, "... classes"]:
    """Unit vectors on great circles; `times` broadcasts against the samples."""
    theta = angles(start, end)
    # sin(t x) / sin(x) without 0/0: both as sin(x)/x.
    scale = np.sinc(theta / np.pi)
    first, second = (
        (part * np.sinc(part * theta / np.pi) / scale)[..., None]
        for part in (1 - times, times)
    )
    vectors = first * start + second * end
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def geodesic_length(
    start: Float[np.ndarray, "samples classes"],
    end: Float[np.ndarray, "samples classes"],
) -> float:
    r"""Fisher-Rao distance of two models, $2\sqrt{\frac1N\sum_s\theta_s^2}\le\pi$.

    Per square root of the number of samples. Finite for disjoint supports, where the
    Bhattacharyya distance is not.

    Raises:
        ValueError: when these are no probabilities, or shapes differ.

    Reference: textbook (Rao 1945).
    """
    p, q = _pair(start, end)
    return 2 * float(np.sqrt((angles(p, q) ** 2).mean()))


def step_lengths(
    predictions: Float[np.ndarray, "... times samples classes"],
    *,
    step: Step = "bhattacharyya",
) -> Float[np.ndarray, "... steps"]:
    r"""Lengths of the steps of trajectories, from each checkpoint to the next.

    `bhattacharyya` is $\sqrt{8\,d_B}$, infinite where supports are disjoint at a
    sample; `geodesic` is $2\sqrt{\frac1N\sum_s\theta_s^2}$, at most $\pi$. They agree
    for small steps, to relative order $\theta^2$, and the first is the larger. Both are
    exact for checkpoints that hardly differ.

    Args:
        predictions: Trajectories of probabilities; leading axes are kept.
        step: How long a step is.

    Returns:
        One length for each of the `times - 1` steps. Exact: no error bar.

    Raises:
        ValueError: when these are no probabilities, or there is one checkpoint only.

    Reference: derived here.
    """
    if step not in ("bhattacharyya", "geodesic"):
        raise ValueError(
            f"Argument `step` must be 'bhattacharyya' or 'geodesic', but is {step!r}."
        )
    if predictions.ndim < 3 or predictions.shape[-3] < 2:
        raise ValueError(
            "Argument `predictions` must be (..., times, samples, classes) of at least"
            f" two checkpoints, but has shape {predictions.shape}."
        )
    *leading, times, samples, classes = predictions.shape
    lengths = np.empty((int(np.prod(leading)), times - 1))
    whole = predictions.reshape(-1, times, samples, classes)
    for trajectory, out in zip(whole, lengths, strict=True):
        for part in blocks(times - 1, samples * classes):
            roots = square_roots(trajectory[part.start : part.stop + 1])
            out[part] = _lengths(roots[:-1], roots[1:], step)
    return lengths.reshape(*leading, times - 1)


def path_length(
    predictions: Float[np.ndarray, "... times samples classes"],
    *,
    step: Step = "bhattacharyya",
) -> Float[np.ndarray, "..."]:
    r"""Fisher-Rao length of trajectories: the sum of their steps.

    Grows with the number of checkpoints towards the length of the true path. Never
    shorter than the geodesic between its ends (`geodesic_length`): their ratio says how
    crooked training went.

    Args:
        predictions: Trajectories of probabilities; leading axes are kept.
        step: How long a step is, see `step_lengths`.

    Raises:
        ValueError: when these are no probabilities, or there is one checkpoint only.

    Reference: derived here.

    Example:
        >>> path = geodesic(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]]),
        ...                 np.linspace(0, 1, 4))
        >>> print(path_length(path, step="geodesic").round(6), round(np.pi / 2, 6))
        1.570796 1.570796
    """
    return step_lengths(predictions, step=step).sum(-1)


def _lengths(
    first: Float[np.ndarray, "m samples classes"],
    second: Float[np.ndarray, "m samples classes"],
    step: Step,
) -> Float[np.ndarray, " m"]:
    if step == "bhattacharyya":
        return np.sqrt(8 * distances(first, second).mean(-1))
    return 2 * np.sqrt((angles(first, second) ** 2).mean(-1))


def _pair(
    start: Float[np.ndarray, "..."], end: Float[np.ndarray, "..."]
) -> tuple[Float[np.ndarray, "samples classes"], Float[np.ndarray, "samples classes"]]:
    p, q = square_roots(start, "start"), square_roots(end, "end")
    if p.ndim != 2 or p.shape != q.shape:
        raise ValueError(
            "Arguments `start` and `end` must be (samples, classes) of one shape, but"
            f" have shapes {p.shape} and {q.shape}."
        )
    return p, q
