r"""Principal components of trajectories from starts that are given, without stepping.

$w_t = \bar rw^*+V\,h(t)V^\top(w_0-\bar rw^*)$: over starts and checkpoints the second
moment of $u_t = h(t)u_0$ is that of the starts times $\langle h_ih_j\rangle$, entry by
entry. Any number of steps costs the same. Derived here.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from linnet.phenomena.sloppiness.theory.averages import pair_averages
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.directions import Directions, with_still
from linnet.phenomena.sloppiness.theory.fixed_target import per_output
from linnet.phenomena.sloppiness.theory.refusals import (
    real_numbers,
)
from linnet.phenomena.sloppiness.theory.responses import AbstractResponse
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class TrajectoryPCA:
    r"""Principal components of a cloud of trajectories; from `trajectory_pca`.

    Coordinates are those of orthonormal directions, one per mode, and outputs within a
    mode; $q$ modes and $k$ outputs.

    Attributes:
        mean: Mean over starts and checkpoints, shape `(qk,)`.
        covariance: About that mean, divided by the number of points (a sample
            covariance divides by one less), shape `(qk, qk)`.
        modes: $q$.
        basis: The directions in weight space as columns, shape `(d, q)`; None for
            predictions.
    """

    mean: Float[np.ndarray, " qk"]
    covariance: Float[np.ndarray, "qk qk"]
    modes: int
    basis: Float[np.ndarray, "d q"] | None

    @cached_property
    def variances(self) -> Float[np.ndarray, " qk"]:
        """Eigenvalues of the covariance, downwards, right to rounding of the first."""
        return np.maximum(np.linalg.eigvalsh(self.covariance)[::-1], 0.0)

    @cached_property
    def components(self) -> Float[np.ndarray, "qk q k"]:
        """Principal directions in the same order, each by mode and output."""
        vectors = np.linalg.eigh(self.covariance)[1].T[::-1]
        return vectors.reshape(len(vectors), self.modes, -1)

    @property
    def weight_components(self) -> Float[np.ndarray, "qk k d"]:
        """Principal directions as house weights.

        Raises:
            ValueError: when the cloud is one of predictions.
        """
        if self.basis is None:
            raise ValueError(
                'Components of predictions are no weights: ask for `space="weights"`,'
                " or take `components`."
            )
        return np.swapaxes(self.basis @ self.components, -1, -2)


def trajectory_pca(
    directions: Directions,
    starts: Float[np.ndarray, "replicas k d"],
    response: AbstractResponse,
    checkpoints: Checkpoints,
    *,
    target: Float[np.ndarray, "k d"] | None = None,
    space: Literal["weights", "predictions"] = "weights",
) -> TrajectoryPCA:
    r"""Principal components of all points of all trajectories from given starts.

    With $u = V^\top(w_0-\bar rw^*)$, its mean $\bar u$ and covariance $S$ over starts,
    $$C_{ij} = S_{ij}\langle h_ih_j\rangle+\bar u_i\bar u_j\,\mathrm{Cov}(h_i,h_j),$$
    and $\sqrt{n\lambda_i}\,C_{ij}\sqrt{n\lambda_j}$ for predictions on the training
    inputs. The time does not depend on the number of steps for gradient descent and
    flow at uniform checkpoints.

    Valid for: one target for all starts; any linear response. In weight space the
    directions without variance stay where they start (or decay); on training inputs
    they do not show.

    Args:
        directions: Of the training inputs, from `input_directions`.
        starts: $w_0$ as house weights, one per trajectory, each counting the same.
        response: The method of training.
        checkpoints: Which points of a trajectory count, and how much.
        target: $w^*$, the least-squares map; zero if not given.
        space: Whether points are weights or predictions on the training inputs.

    Raises:
        ValueError: when shapes do not fit, an entry is not finite, `space` is neither,
            or training is not stable.

    Reference: derived here.
    """
    if space not in ("weights", "predictions"):
        raise ValueError(
            f'Argument `space` must be "weights" or "predictions", but is {space!r}.'
        )
    rate, basis = directions.variances, directions.basis
    if space == "weights":
        rate, basis = with_still(rate, basis)
    far, aim = _apart(starts, target, basis, response.rest(rate))
    scale = np.ones_like(rate)
    if space == "predictions":
        scale = np.sqrt(directions.n * rate)
    k, aim = aim.shape[-1], aim * scale[:, None]
    middle, covariance = _mean_and_covariance(far * scale[:, None])
    del far  # what only the starts need makes room for the pairs
    pairs = pair_averages(response, rate, checkpoints)
    covariance *= per_output(pairs.start, k)
    along = np.outer(middle, middle)
    along *= per_output(pairs.covariance, k)
    covariance += along
    # h_i h_j + h_i (1 - h_j) = h_i, whatever j is.
    left = np.repeat(pairs.start[:, 0] + pairs.cross[:, 0], k)
    return TrajectoryPCA(
        aim.ravel() + left * middle,
        covariance,
        len(rate),
        basis if space == "weights" else None,
    )


def _mean_and_covariance(
    points: Float[np.ndarray, "replicas q k"],
) -> tuple[Float[np.ndarray, " qk"], Float[np.ndarray, "qk qk"]]:
    flat = points.reshape(len(points), -1)
    middle = flat.mean(0)
    spread = flat - middle
    covariance = spread.T @ spread
    covariance /= len(flat)
    return middle, covariance


def _apart(
    starts: Float[np.ndarray, "replicas k d"],
    target: Float[np.ndarray, "k d"] | None,
    basis: Float[np.ndarray, "d q"],
    rest: Float[np.ndarray, " q"],
) -> tuple[Float[np.ndarray, "replicas q k"], Float[np.ndarray, "q k"]]:
    """Starts seen from where training ends, and that end, by mode and output."""
    begin, d = real_numbers("starts", starts), len(basis)
    if begin.ndim != 3 or begin.shape[-1] != d or 0 in begin.shape:
        raise ValueError(
            f"Argument `starts` must have shape (replicas, k, {d}), house weights, one"
            f" per trajectory, but has {begin.shape}."
        )
    end = np.zeros(begin.shape[1:])
    if target is not None:
        end = real_numbers("target", target)
    if end.shape != begin.shape[1:]:
        raise ValueError(
            f"Argument `target` must have shape {begin.shape[1:]} as each start, but"
            f" has {end.shape}."
        )
    aim = rest[:, None] * (end @ basis).T
    return np.swapaxes(begin @ basis, -1, -2) - aim, aim
