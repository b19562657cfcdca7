r"""Fixed target: bounds on its explained variance from averages alone.

The parts of $C = D+P$ are known entry by entry; see `explained_bounds`. Derived here.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.averages import pair_averages
from linnet.phenomena.sloppiness.theory.bounds import (
    ExplainedBounds,
    explained_bounds,
    leading_columns,
)
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.fixed_target import fixed_problem
from linnet.phenomena.sloppiness.theory.refusals import (
    one_deviation,
)
from linnet.phenomena.sloppiness.theory.responses import AbstractResponse


def fixed_target_bounds(
    variances: ArrayLike,
    n: int,
    target: ArrayLike,
    response: AbstractResponse,
    checkpoints: Checkpoints,
    *,
    init_deviation: float = 0.0,
    mean_start: ArrayLike | None = None,
) -> ExplainedBounds:
    r"""Bounds on the explained variance of $1..rk$ dimensions, from averages alone.

    `explained_bounds` of the cloud $D$ and of a few columns of the curve's covariance:
    no eigenvalue problem larger than the curve's numerical rank.

    Valid for: as `fixed_target_covariance`, centered.

    Args:
        variances: $\lambda_i>0$, shape `(r,)`.
        n: Number of samples.
        target: $w^*$ in the eigenbasis of the inputs, shape `(r,)` or `(r, k)`.
        response: The method of training.
        checkpoints: When predictions are looked at, with which weights.
        init_deviation: $\sigma_0\ge0$.
        mean_start: $\bar w^0$, as `target`; zero if not given.

    Raises:
        ValueError: as `fixed_target_covariance`, or when nothing moves.

    Reference: derived here.
    """
    rate, end, begin = fixed_problem(variances, n, target, mean_start)
    deviation = one_deviation("init_deviation", init_deviation)
    pairs = pair_averages(response, rate, checkpoints)
    travel = response.rest(rate)[:, None] * end - begin
    length = np.sqrt(n * rate) * np.linalg.norm(travel, axis=1)
    columns, rest = leading_columns(np.outer(length, length) * pairs.covariance)
    cloud = n * rate * deviation**2 * pairs.start.diagonal()
    others = end.shape[1] - 1
    return explained_bounds(
        np.r_[cloud, np.repeat(cloud, others)],
        np.pad(columns, ((0, others * len(rate)), (0, 0))),
        rest,
    )
