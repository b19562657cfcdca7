r"""Predictions on other inputs than those trained on: test points, or a whole grid.

On inputs $x_s$ the predictions are $x_s^\top w_t$, so their second moment is
$X_e\langle ww^\top\rangle X_e^\top$, with other eigenvalues than on the training
inputs: directions count by their variance among the test points, and those in which the
training inputs do not vary show what is left of the start. Derived here.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from linnet.phenomena.sloppiness.theory.averages import mode_averages
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.condensed import condense
from linnet.phenomena.sloppiness.theory.directions import Directions, with_still
from linnet.phenomena.sloppiness.theory.fixed_target import compressed
from linnet.phenomena.sloppiness.theory.refusals import (
    one_deviation,
    real_numbers,
)
from linnet.phenomena.sloppiness.theory.responses import AbstractResponse
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class EvaluationPoints:
    r"""Inputs to predict on, as a network trained on others sees them.

    From `evaluation_points`; $m$ inputs, $q$ directions that show on them.

    Attributes:
        variances: $\lambda$ of the training inputs, vanishing ($10^{-40}\lambda_1$) for
            directions in which only the new inputs vary, shape `(q,)`.
        basis: The directions, orthonormal columns, shape `(d, q)`.
        features: $X_e$ in these directions, shape `(m, q)`.
    """

    variances: Float[np.ndarray, " q"]
    basis: Float[np.ndarray, "d q"]
    features: Float[np.ndarray, "m q"]


@dataclass(frozen=True, eq=False)
class PredictionCloud:
    r"""Predictions of an ensemble over checkpoints, on $m$ inputs and $k$ outputs.

    Attributes:
        factor: $F$ with moment $FF^\top$; rows by input, then by output, `(mk, c)`.
    """

    factor: Float[np.ndarray, "mk c"]

    @property
    def moment(self) -> Float[np.ndarray, "mk mk"]:
        """Second moment, or covariance, of the predictions."""
        return self.factor @ self.factor.T

    @cached_property
    def spectrum(self) -> Float[np.ndarray, " values"]:
        """Its eigenvalues that need not vanish, downwards, right to 1e-28 of the first.

        As many as there are rows or columns of the factor, whichever are fewer.
        """
        return np.linalg.svd(self.factor, compute_uv=False) ** 2


def evaluation_points(
    directions: Directions, inputs: Float[np.ndarray, "m d"]
) -> EvaluationPoints:
    r"""Other inputs in the directions of the training inputs and beside them.

    Valid for: any inputs; a part beside the training inputs below rounding is dropped.

    Args:
        directions: Of the training inputs, from `input_directions`.
        inputs: $X_e$, rows are samples.

    Raises:
        ValueError: when `inputs` have another number of columns, or an entry is not
            finite.

    Reference: derived here.
    """
    given, d = real_numbers("inputs", inputs), len(directions.basis)
    if given.ndim != 2 or given.shape[1] != d or len(given) == 0:
        raise ValueError(
            f"Argument `inputs` must have shape (m, {d}) as the training inputs, but"
            f" has {given.shape}."
        )
    variances, basis = with_still(directions.variances, directions.basis, given)
    return EvaluationPoints(variances, basis, given @ basis)


def random_target_evaluation(
    points: EvaluationPoints,
    init_deviation: float,
    target_deviation: float,
    response: AbstractResponse,
    checkpoints: Checkpoints,
) -> PredictionCloud:
    r"""Test predictions of an ensemble with a new start and target per trajectory.

    $$M_e = X_eV\,\mathrm{diag}\big[\sigma_0^2\langle h_i^2\rangle
      +\sigma_*^2\bar r_i^2\langle(1-h_i)^2\rangle\big]V^\top X_e^\top,$$
    with $h=1$ in directions in which the training inputs do not vary.

    Valid for: starts $N(0,\sigma_0^2)$, targets $N(0,\sigma_*^2)$, one output;
    several independent ones have each eigenvalue as many times. Mean zero: the moment
    is the covariance.

    Args:
        points: Where to predict, from `evaluation_points`.
        init_deviation: $\sigma_0\ge0$.
        target_deviation: $\sigma_*\ge0$.
        response: The method of training.
        checkpoints: When predictions are looked at, with which weights.

    Raises:
        ValueError: when an argument is out of range, or training is not stable.

    Reference: derived here.
    """
    begin = one_deviation("init_deviation", init_deviation)
    end = one_deviation("target_deviation", target_deviation)
    averages = mode_averages(response, points.variances, checkpoints)
    rest = response.rest(points.variances)
    weight = begin**2 * averages.start + end**2 * rest**2 * averages.target
    return PredictionCloud(points.features * np.sqrt(weight))


def fixed_target_evaluation(
    points: EvaluationPoints,
    target: Float[np.ndarray, "k d"],
    response: AbstractResponse,
    checkpoints: Checkpoints,
    *,
    init_deviation: float = 0.0,
    mean_start: Float[np.ndarray, "k d"] | None = None,
    centered: bool = True,
) -> PredictionCloud:
    r"""Test predictions for one target; a single trajectory without deviation.

    $F = X_eV\,[\sigma_0\sqrt{\langle h^2\rangle}\otimes I_k\mid\sqrt{p_t}\,
    (w_t-\bar w)]$ with $w_t$ the mean weights, $h\bar w^0+(1-h)\bar rw^*$.

    Valid for: as `fixed_target_spectrum`. Parts of the target that the training inputs
    do not show are never learned, and do not enter.

    Args:
        points: Where to predict, from `evaluation_points`.
        target: $w^*$ as house weights.
        response: The method of training.
        checkpoints: When predictions are looked at, with which weights.
        init_deviation: $\sigma_0\ge0$.
        mean_start: $\bar w^0$ as house weights; zero if not given.
        centered: Covariance, or False for the second moment about zero.

    Raises:
        ValueError: when an argument is out of range, shapes do not fit, training is not
            stable, or there are too many checkpoints for the response.

    Reference: derived here.
    """
    deviation = one_deviation("init_deviation", init_deviation)
    rate = points.variances
    end = _coordinates("target", target, points.basis)
    begin = np.zeros_like(end)
    if mean_start is not None:
        begin = _coordinates("mean_start", mean_start, points.basis)
    if begin.shape != end.shape:
        raise ValueError(
            f"Argument `mean_start` must have the shape of `target`, but they have"
            f" {begin.shape[1]} and {end.shape[1]} outputs."
        )
    aim = response.rest(rate)[:, None] * end
    nodes = condense(response, rate, checkpoints)
    gap = nodes.learned[:, None]
    if centered:
        gap = gap - (gap @ nodes.weights)[..., None]
        curve = (aim - begin)[..., None] * gap
    else:
        curve = begin[..., None] * nodes.remaining[:, None] + aim[..., None] * gap
    k = end.shape[1]
    curve = compressed((curve * np.sqrt(nodes.weights)).reshape(len(rate) * k, -1))
    seen = np.einsum("mq,qkc->mkc", points.features, curve.reshape(len(rate), k, -1))
    left = np.sqrt(mode_averages(response, rate, checkpoints).start)
    cloud = np.kron(points.features * left * deviation, np.eye(k))
    parts = [seen.reshape(len(cloud), -1)] + ([cloud] if deviation else [])
    return PredictionCloud(np.hstack(parts))


def _coordinates(
    name: str, weights: Float[np.ndarray, "k d"], basis: Float[np.ndarray, "d q"]
) -> Float[np.ndarray, "q k"]:
    given = real_numbers(name, weights)
    if given.ndim != 2 or given.shape[1] != len(basis) or len(given) == 0:
        raise ValueError(
            f"Argument `{name}` must have shape (k, {len(basis)}), house weights, but"
            f" has {given.shape}."
        )
    return (given @ basis).T
