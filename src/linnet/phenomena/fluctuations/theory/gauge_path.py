r"""Where the drift carries two layers: their path along the minima of one product.

The noise of SGD changes the imbalance (`gauge`); what the layers do is more than that,
and this is what principal components of a raw trajectory see. Every step of SGD is
orthogonal to the rotations of the hidden units, and stays so, hence the layers move
as $\dot W_1 = AW_1$, $\dot W_2 = -W_2A$ with the one $A$ that obeys this:
$$W_2^\top W_2\,A + A\,W_1W_1^\top = -\tfrac12\,\dot{\mathcal I},$$
a Sylvester equation. Every formula is derived here.
"""

import numpy as np

from linnet.network import Weights
from linnet.phenomena.fluctuations.theory.gauge import imbalance_drift
from linnet.phenomena.fluctuations.theory.jacobian import check_two_layers
from linnet.phenomena.fluctuations.theory.minimum import Minimum
from linnet.phenomena.fluctuations.theory.refusals import check_finite
from linnet.phenomena.fluctuations.theory.visited import noise_near, visited_noise
from linnet.shapes import Float, Int

UNUSED = 1e-12  # part of the largest: a hidden direction that neither layer uses
ACCURACY = 1e-7  # of the path, relative


def gauge_velocity(
    weights: Weights, imbalance_rate: Float[np.ndarray, "h h"]
) -> tuple[Float[np.ndarray, "h d"], Float[np.ndarray, "k h"]]:
    r"""How the layers move when their imbalance changes and their product does not.

    $(AW_1, -W_2A)$ with the $A$ of this module's head.

    Valid for: two layers, steps orthogonal to rotations of the hidden units, as those
    of gradient methods are; currents of the fluctuations, which turn the hidden units,
    are left out (they vanish when the noise is white). Hidden directions that neither
    layer uses do not move.

    Args:
        weights: Two layers.
        imbalance_rate: $\dot{\mathcal I}$, symmetric, per unit of any time.

    Raises:
        ValueError: when there are not two layers, or the rate does not fit or is not
            finite.

    Reference: derived here.
    """
    check_two_layers(weights)
    first, second = weights
    h = len(first)
    if np.shape(imbalance_rate) != (h, h):
        raise ValueError(
            f"Argument `imbalance_rate` must be {(h, h)}, over the hidden units, but"
            f" has shape {np.shape(imbalance_rate)}."
        )
    check_finite("imbalance_rate", imbalance_rate)
    behind, left = np.linalg.eigh(second.T @ second)
    ahead, right = np.linalg.eigh(first @ first.T)
    sums = np.add.outer(np.maximum(behind, 0), np.maximum(ahead, 0))
    used = sums > UNUSED * sums.max()
    turned = left.T @ imbalance_rate @ right / np.where(used, -2 * sums, np.inf)
    generator = left @ turned @ right.T
    return generator @ first, -second @ generator


def gauge_path(
    minimum: Minimum,
    weights: Weights,
    steps: Int[np.ndarray, " saves"],
    learning_rate: float,
    noise_factor: float,
) -> tuple[Float[np.ndarray, "saves h d"], Float[np.ndarray, "saves k h"]]:
    r"""Mean path of two layers that start at a minimum, at given steps of SGD.

    Solves $\dot\theta$ of `gauge_velocity` with the drift of `imbalance_drift` under
    `visited_noise`. Fluctuations about the path are those of `quasi_stationary`.

    Valid for: as these three; deviations from the mean path spread like the root of
    the number of steps and stay below it as long as $T\ll s^2$.

    Args:
        minimum: The data and its least-squares minimum.
        weights: Layers at it.
        steps: Whole numbers $\ge0$, rising.
        learning_rate: $\eta$.
        noise_factor: $\kappa$.

    Raises:
        ValueError: when steps fall or are negative, or as `visited_noise`.

    Reference: derived here.
    """
    from scipy.integrate import solve_ivp

    at = np.asarray(steps, dtype=float)
    check_finite("steps", at)
    if at.ndim != 1 or not len(at) or at[0] < 0 or (np.diff(at) <= 0).any():
        raise ValueError("Argument `steps` must rise from a number >= 0, but does not.")
    shapes = [layer.shape for layer in weights]
    size = weights[0].size

    def split(theta: Float[np.ndarray, " p"]) -> Weights:
        return theta[:size].reshape(shapes[0]), theta[size:].reshape(shapes[1])

    def velocity(_: float, theta: Float[np.ndarray, " p"]) -> Float[np.ndarray, " p"]:
        layers = split(theta)
        met = noise_near(minimum, layers, learning_rate, noise_factor)
        (rate,) = imbalance_drift(layers, met, learning_rate, 1.0)
        return np.concatenate([part.ravel() for part in gauge_velocity(layers, rate)])

    visited_noise(minimum, weights, learning_rate, noise_factor)  # refuses a bad start
    start = np.concatenate([layer.ravel() for layer in weights])
    found = start[:, None]
    if at[-1] > 0:
        found = solve_ivp(
            velocity,
            (0.0, at[-1]),
            start,
            method="DOP853",
            t_eval=at,
            rtol=ACCURACY,
            atol=ACCURACY * np.abs(start).max(),
        ).y
    first, second = np.split(found.T, [size], axis=1)
    return first.reshape(-1, *shapes[0]), second.reshape(-1, *shapes[1])
