r"""How far a heavy ball fluctuates: $v\leftarrow\beta v-\eta g_B$, $w\leftarrow w+v$.

The gradient is not damped by $1-\beta$; a library that damps it has another learning
rate. Batches are independent (`with_replacement`, `without_replacement`); for epochs
see `epochs`. With $x_i = \eta h_i$ two modes $i, j$ of curvatures $h_i, h_j$ whose
batch gradients have the covariance $\kappa C_{ij}$ reach
$$\langle w_iw_j\rangle = \frac{\eta^2\kappa C_{ij}\,(1-\beta^2)}
  {(1-\beta)^2\,[(1+\beta)(x_i+x_j) - x_ix_j] + \beta(x_i-x_j)^2},\qquad
  \langle v_iv_j\rangle = \frac{x_i+x_j}{1+\beta}\,\langle w_iw_j\rangle.$$
"""

import numpy as np

from linnet.phenomena.fluctuations.theory.minimum import Minimum
from linnet.phenomena.fluctuations.theory.noise import gradient_noise
from linnet.phenomena.fluctuations.theory.refusals import (
    check_noise_factor,
    check_not_negative,
    check_stable,
)
from linnet.phenomena.fluctuations.theory.second_moment import second_moment
from linnet.shapes import Float

TOLERANCE = 1e-14  # of the residual, relative


def mode_variance(
    curvature: Float[np.ndarray, "..."] | float,
    gradient_variance: Float[np.ndarray, "..."] | float,
    learning_rate: float,
    noise_factor: float,
    momentum: float = 0.0,
) -> Float[np.ndarray, "..."]:
    r"""Stationary variance of a mode's weight.

    $$\mathrm{Var}\,w = \frac{\eta\kappa c\,(1+\beta)}
      {h\,(1-\beta)\,(2(1+\beta) - \eta h)}.$$

    Valid for: independent batches, noise that does not depend on the weights;
    $0 < \eta h < 2(1+\beta)$.

    Args:
        curvature: $h > 0$.
        gradient_variance: $c \ge 0$, of the gradient of one sample along the mode.
        learning_rate: $\eta > 0$.
        noise_factor: $\kappa$ in [0, 1], of `batch_noise`.
        momentum: $\beta$ in [0, 1).

    Returns:
        The variances, of the shape that curvature and gradient variance have together.

    Raises:
        ValueError: when an argument is out of its range, or SGD diverges.

    Reference: derived here.
    """
    check_stable(curvature, learning_rate, momentum)
    check_not_negative("gradient_variance", gradient_variance)
    check_noise_factor(noise_factor)
    h = np.asarray(curvature, dtype=float)
    room = 2 * (1 + momentum) - learning_rate * h
    strength = learning_rate * noise_factor * np.asarray(gradient_variance, dtype=float)
    return np.asarray(strength * (1 + momentum) / (h * (1 - momentum) * room))


def velocity_variance(
    curvature: Float[np.ndarray, "..."] | float,
    gradient_variance: Float[np.ndarray, "..."] | float,
    learning_rate: float,
    noise_factor: float,
    momentum: float = 0.0,
) -> Float[np.ndarray, "..."]:
    r"""Stationary variance of a mode's velocity, the last step that was made.

    $$\mathrm{Var}\,v = \frac{2\eta^2\kappa c}{(1-\beta)(2(1+\beta)-\eta h)}.$$

    Arguments, validity and refusals are those of `mode_variance`.

    Raises:
        ValueError: when an argument is out of its range, or SGD diverges.

    Reference: derived here.
    """
    weights = mode_variance(
        curvature, gradient_variance, learning_rate, noise_factor, momentum
    )
    h = np.asarray(curvature, dtype=float)
    return np.asarray(2 * learning_rate * h / (1 + momentum) * weights)


def momentum_covariance(
    minimum: Minimum, learning_rate: float, noise_factor: float, momentum: float = 0.0
) -> Float[np.ndarray, "k k r r"]:
    r"""Stationary covariance of a single layer's weights, between all modes.

    The formula for two modes at the head of this module, with $C$ the covariance of
    the gradients of single samples at the minimum. Without momentum it solves
    $HV + VH - \eta HVH = \eta\kappa C$. Momentum couples modes of different curvature
    less: to leading order $C_{ij}$ is divided by
    $h_i+h_j + \beta\eta(h_i-h_j)^2/[(1-\beta)^2(1+\beta)]$.

    Valid for: independent batches, the noise of the minimum; exact for real batches up
    to a relative error $\eta\kappa\,\mathrm{tr}\,H/[2(1-\beta)]$, see
    `exact_momentum_covariance`.

    Args:
        minimum: Where SGD fluctuates.
        learning_rate: $\eta > 0$.
        noise_factor: $\kappa$ in [0, 1].
        momentum: $\beta$ in [0, 1).

    Returns:
        Blocks in the eigenbasis; `minimum.full` turns them.

    Raises:
        ValueError: when an argument is out of its range, or SGD diverges.

    Reference: derived here.
    """
    response = _response(minimum, learning_rate, noise_factor, momentum)
    return response * gradient_noise(minimum)


def velocity_covariance(
    minimum: Minimum, learning_rate: float, noise_factor: float, momentum: float = 0.0
) -> Float[np.ndarray, "k k r r"]:
    r"""Stationary covariance of the velocities, $\frac{x_i+x_j}{1+\beta}V_{ij}$.

    Arguments, validity and refusals are those of `momentum_covariance`.

    Raises:
        ValueError: when an argument is out of its range, or SGD diverges.

    Reference: derived here.
    """
    weights = momentum_covariance(minimum, learning_rate, noise_factor, momentum)
    x = learning_rate * minimum.curvatures
    return (x[:, None] + x) / (1 + momentum) * weights


def exact_momentum_covariance(
    minimum: Minimum, learning_rate: float, noise_factor: float, momentum: float = 0.0
) -> Float[np.ndarray, "k k r r"]:
    r"""The covariance of the weights, with noise that depends on the weights.

    Independent batches on a data set have the noise
    $C + \frac1n\sum_iA_iVA_i - HVH$, $A_i = I_k\otimes x_ix_i^\top$, in place of $C$;
    the weights at one step and the noise of the next stay uncorrelated, so the formula
    for two modes holds with it: a linear equation with a self-adjoint map
    (`second_moment`), solved by conjugate gradients in $O(k^2nr^2)$ a step.

    Valid for: independent batches, exactly, as long as second moments stay finite.

    Args:
        minimum: Where SGD fluctuates.
        learning_rate: $\eta > 0$.
        noise_factor: $\kappa$ in [0, 1].
        momentum: $\beta$ in [0, 1).

    Returns:
        Blocks in the eigenbasis.

    Raises:
        ValueError: when an argument is out of its range, SGD diverges, or its second
            moments do (long before $\eta h = 2(1+\beta)$, where batches are small).
        ArithmeticError: when they do not, but the solver does not get there.

    Reference: derived here.
    """
    check_stable(minimum.curvatures, learning_rate, momentum)
    system = second_moment(minimum, learning_rate, noise_factor, momentum)
    covariance = system.stationary(gradient_noise(minimum), TOLERANCE)
    if covariance is not None:
        return covariance
    place = (
        f"At learning rate {learning_rate:.6g}, noise factor {noise_factor:.6g} and"
        f" momentum {momentum:.6g}"
    )
    feedback = system.feedback()
    if feedback < 1:
        raise ArithmeticError(
            f"{place} the covariance was not found, too close to where stability ends:"
            f" batches feed back {feedback:.8g} of the variance, 1 is the edge. Lower"
            " the learning rate."
        )
    raise ValueError(
        f"{place} the second moments of the weights grow without bound: batches feed"
        f" back {feedback:.6g} of the variance, and less than 1 is stable. Lower the"
        " learning rate or take larger batches."
    )


def _response(
    minimum: Minimum, learning_rate: float, noise_factor: float, momentum: float
) -> Float[np.ndarray, "r r"]:
    """What a unit of noise between two modes becomes in their weights."""
    check_stable(minimum.curvatures, learning_rate, momentum)
    check_noise_factor(noise_factor)
    x = learning_rate * minimum.curvatures
    both, product = x[:, None] + x, x[:, None] * x
    apart = x[:, None] - x
    slow = (1 - momentum) ** 2 * ((1 + momentum) * both - product)
    scale = learning_rate**2 * noise_factor * (1 - momentum**2)
    return scale / (slow + momentum * apart**2)
