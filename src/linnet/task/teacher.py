r"""Linear teachers $y = W_\ast x + \sigma\xi$, and data sets labeled by them."""

from dataclasses import dataclass
from typing import final

import numpy as np

from linnet.numerics import haar_frame
from linnet.shapes import Float
from linnet.task.covariance import Covariance, unit_vector
from linnet.task.dataset import Dataset
from linnet.task.moments import Moments


@final
@dataclass(frozen=True, eq=False)
class Teacher:
    r"""The rule of the labels: $y = W_\ast x + \sigma\xi$, $\xi\sim\mathcal N(0, I)$.

    Attributes:
        end_to_end: $W_\ast$, shape `(k, d)`.
        noise: $\sigma \ge 0$, standard deviation of the label noise on every output.

    Raises:
        ValueError: when `end_to_end` is not a finite matrix, or `noise` is negative or
            not finite.
    """

    end_to_end: Float[np.ndarray, "k d"]
    noise: float = 0.0

    def __post_init__(self) -> None:
        end_to_end = np.array(self.end_to_end, dtype=float)
        if end_to_end.ndim != 2 or end_to_end.size == 0:
            raise ValueError(
                "Argument `end_to_end` must be a matrix (k, d), but has shape"
                f" {end_to_end.shape}: a scalar output is a matrix of one row."
            )
        if not np.isfinite(end_to_end).all():
            raise ValueError("Argument `end_to_end` must be finite, but is not.")
        if not (np.isfinite(self.noise) and self.noise >= 0):
            raise ValueError(
                f"Argument `noise` must be finite and >= 0, but is {self.noise}: it is"
                " a standard deviation."
            )
        end_to_end.setflags(write=False)
        object.__setattr__(self, "end_to_end", end_to_end)


def aligned_teacher(
    direction: Float[np.ndarray, " d"],
    alignment: float,
    norm: float,
    rng: np.random.Generator,
    noise: float = 0.0,
) -> Teacher:
    r"""A scalar teacher at a chosen angle: $w = \lVert w\rVert(a u + \sqrt{1-a^2}\,v)$.

    Args:
        direction: $u$, normalized here.
        alignment: $a$, cosine between $w$ and $u$, in [-1, 1]; met to rounding.
        norm: $\lVert w\rVert > 0$.
        rng: Draws $v$, uniform among the unit vectors orthogonal to $u$.
        noise: Standard deviation of the label noise.

    Returns:
        A teacher with `end_to_end` of shape `(1, d)`.

    Raises:
        ValueError: when `alignment` lies outside [-1, 1], `norm` is not positive,
            `direction` is no direction, or d = 1 and the cosine is not 1 or -1.
    """
    u = unit_vector(direction, np.size(direction))
    if not -1 <= alignment <= 1:
        raise ValueError(
            f"Argument `alignment` must lie in [-1, 1], but is {alignment}: it is a"
            " cosine."
        )
    if not (np.isfinite(norm) and norm > 0):
        raise ValueError(f"Argument `norm` must be positive and finite, but is {norm}.")
    if len(u) == 1 and abs(alignment) != 1:
        raise ValueError(
            f"Argument `alignment` must be 1 or -1 when d = 1, but is {alignment}: one"
            " dimension leaves no other angle."
        )
    v = rng.standard_normal(len(u))
    for _ in range(2):  # the second pass removes the rounding of the first
        v -= (v @ u) * u
    aside = np.sqrt((1 - alignment) * (1 + alignment))
    across = aside * v / np.linalg.norm(v) if aside > 0 else 0.0
    return Teacher(norm * (alignment * u + across)[None, :], noise)


def low_rank_teacher(
    singular_values: Float[np.ndarray, " r"],
    k: int,
    d: int,
    rng: np.random.Generator,
    noise: float = 0.0,
) -> Teacher:
    r"""$W_\ast = U\,\mathrm{diag}(s)\,V^\top$ with Haar-random singular vectors.

    Args:
        singular_values: $s \ge 0$, at most min(k, d) of them.
        k: Number of outputs.
        d: Number of inputs.
        rng: Draws $U$ and $V$.
        noise: Standard deviation of the label noise.

    Raises:
        ValueError: when there are too many singular values, none, or one is negative or
            not finite.
    """
    sizes = np.array(singular_values, dtype=float)
    if sizes.ndim != 1 or not 1 <= len(sizes) <= min(k, d):
        raise ValueError(
            "Argument `singular_values` must hold between 1 and min(k, d) ="
            f" {min(k, d)} values, but has shape {sizes.shape}."
        )
    if not (np.isfinite(sizes).all() and (sizes >= 0).all()):
        raise ValueError(
            f"Argument `singular_values` must be finite and >= 0, but is {sizes}."
        )
    left, right = haar_frame(k, len(sizes), rng), haar_frame(d, len(sizes), rng)
    return Teacher((left * sizes) @ right.T, noise)


def population_moments(covariance: Covariance, teacher: Teacher) -> Moments:
    r"""Moments of infinitely many samples.

    $\mathtt{xx} = \Sigma$, $\mathtt{yx} = W_\ast\Sigma$,
    $\mathtt{yy} = W_\ast\Sigma W_\ast^\top + \sigma^2 I$.

    Raises:
        ValueError: when teacher and covariance differ in their input dimension.
    """
    _check_inputs(covariance, teacher)
    xx, end_to_end = covariance.matrix(), teacher.end_to_end
    yx = end_to_end @ xx
    yy = yx @ end_to_end.T + teacher.noise**2 * np.eye(len(end_to_end))
    return Moments(xx, yx, yy)


def sample_dataset(
    covariance: Covariance,
    teacher: Teacher,
    n: int,
    rng: np.random.Generator,
    name: str = "sampled",
) -> Dataset:
    r"""`n` independent samples: Gaussian inputs, targets by the teacher.

    Raises:
        ValueError: when `n` < 2, or teacher and covariance differ in their dimension.
    """
    _check_inputs(covariance, teacher)
    inputs = covariance.sample(n, rng)
    targets = inputs @ teacher.end_to_end.T
    targets += teacher.noise * rng.standard_normal(targets.shape)
    return Dataset(inputs, targets, name)


def _check_inputs(covariance: Covariance, teacher: Teacher) -> None:
    expected, found = len(covariance.eigenvalues), teacher.end_to_end.shape[1]
    if expected != found:
        raise ValueError(
            f"Argument `teacher` must take {expected} inputs, as the covariance has,"
            f" but takes {found}."
        )
