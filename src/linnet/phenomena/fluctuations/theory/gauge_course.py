r"""How two layers trade size while SGD keeps their product: courses and time scales.

White label noise drives the ratio $\rho = s_1^2/s_2^2$ of the layers' singular values
to $d/k$, the ratio at which both layers receive equal noise, and not to balance. Time
is the learning rate times steps. Every formula is derived here.
"""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.fluctuations.theory.refusals import (
    check_not_negative,
    check_positive,
)
from linnet.shapes import Float

BALANCED = 1e-12  # relative distance below which a ratio of layers is at its end


@dataclass(frozen=True)
class Window:
    """Numbers of steps between which the quasi-stationary picture holds.

    Attributes:
        relaxed: Steps after which the slowest mode has relaxed.
        drifting: Steps after which the imbalance has moved by a part of order one.
        principal: Steps after which the drift outgrows the fluctuations in the
            principal components of one raw trajectory.
    """

    relaxed: float
    drifting: float
    principal: float

    @property
    def exists(self) -> bool:
        """Whether fluctuations relax well before the drift is felt."""
        return 10 * self.relaxed < self.drifting


def scalar_imbalance_factor(
    weights: tuple[float, float],
    variance: float,
    learning_rate: float,
    temperature: float,
) -> float:
    r"""Factor by which one step changes the mean imbalance of two scalar layers.

    $$\mathbb E\,\mathcal I' = \mathcal I\,\Big(1 - \frac{4\eta aT}
      {2-\eta a(w_1^2+w_2^2)}\Big),\qquad T = \tfrac12\eta\kappa\sigma^2,$$
    for $\mathtt{xx} = a$: the finite rate is in the excess of the fluctuations.

    Valid for: $d = h = k = 1$, quasi-stationary, noise that does not depend on the
    weights.

    Raises:
        ValueError: when the variance or rate is not positive, the temperature is
            negative, or descent is unstable.

    Reference: derived here.
    """
    check_not_negative("temperature", temperature)
    curvature = variance * (weights[0] ** 2 + weights[1] ** 2)
    if not (variance > 0 and learning_rate > 0 and learning_rate * curvature < 2):
        raise ValueError(
            "Arguments `variance` and `learning_rate` must be positive, with a stable"
            f" product of rate and curvature below 2, but are {variance} and"
            f" {learning_rate} at curvature {curvature:.4g}."
        )
    slack = 2 - learning_rate * curvature
    return 1 - 4 * learning_rate * variance * temperature / slack


def ratio_course(
    times: Float[np.ndarray, " times"],
    ratio: float,
    *,
    inputs: int,
    outputs: int,
    variance: float,
    temperature: float,
) -> Float[np.ndarray, " times"]:
    r"""$\rho = s_1^2/s_2^2$ of a mode over time, on its way to $d/k$.

    The product $s_1s_2$ stands still, and with $c = 2aT$, $a$ the input variance,
    $$\dot\rho = -2c\,\rho\,\frac{k\rho-d}{1+\rho},\qquad
      \Big(\frac1d+\frac1k\Big)\ln|k\rho-d| - \frac1d\ln\rho = \mathrm{const} - 2ct.$$

    Valid for: two layers, white inputs, and $W_1W_1^\top$ commuting with $W_2^\top W_2$
    (always at $h = 1$); then every mode goes its own way. Leading order in $\eta$.

    Args:
        times: $t\ge0$, learning rate times steps.
        ratio: $\rho > 0$ at the start.
        inputs: $d$.
        outputs: $k$.
        variance: $a$, of each input.
        temperature: $T = \eta\kappa\sigma^2/2$.

    Raises:
        ValueError: when a time is negative, or a size, the ratio or variance is not
            positive.

    Reference: derived here.
    """
    from scipy.optimize import brentq

    times = np.asarray(times, dtype=float)
    _check_course(times, ratio, inputs, outputs, variance, temperature)
    distance = outputs * ratio - inputs
    if abs(distance) <= BALANCED * inputs:
        return np.full_like(times, ratio)
    sign, start = np.sign(distance), np.log(abs(distance))

    def level(log_distance: float) -> float:
        here = np.log((inputs + sign * np.exp(log_distance)) / outputs)
        return (1 / inputs + 1 / outputs) * log_distance - here / inputs

    def reached(passed: float) -> float:
        low = start - passed * outputs - 1
        wanted = level(start) - passed
        return brentq(lambda u: level(u) - wanted, low, start, xtol=1e-13)

    logs = np.array([reached(4 * variance * temperature * time) for time in times])
    return (inputs + sign * np.exp(logs)) / outputs


def imbalance_course(
    times: Float[np.ndarray, " times"],
    layers: tuple[float, float],
    *,
    inputs: int,
    outputs: int,
    variance: float,
    temperature: float,
) -> Float[np.ndarray, " times"]:
    r"""$\mathcal I = s_2^2 - s_1^2$ of a mode over time, from `layers` $(s_1, s_2)$.

    $s_1s_2\,(\rho^{-1/2}-\rho^{1/2})$ with the ratio of `ratio_course`.

    Valid for: as `ratio_course`.

    Raises:
        ValueError: as `ratio_course`, and when a layer is not positive.

    Reference: derived here.
    """
    first, second = layers
    if not (first > 0 and second > 0):
        raise ValueError(
            f"Argument `layers` must hold two positive numbers, but is {layers}: they"
            " are singular values of a mode that the product uses."
        )
    ratio = ratio_course(
        times,
        (first / second) ** 2,
        inputs=inputs,
        outputs=outputs,
        variance=variance,
        temperature=temperature,
    )
    return first * second * (ratio**-0.5 - ratio**0.5)


def quasi_stationary_window(
    learning_rate: float, temperature: float, slowest_rate: float, trace: float
) -> Window:
    r"""When the quasi-stationary picture holds, in steps, up to factors of order one.

    From $1/(\eta\lambda_{\min})$, with $\lambda_{\min} = a\,s^2$ the slowest rate, to
    $1/(\eta^2\kappa\sigma^2\,\mathrm{tr}\,\mathtt{xx}) = 1/(2\eta T\,\mathrm{tr}\,
    \mathtt{xx})$; principal components of a raw trajectory are free of the drift up to
    $(\eta^3\kappa\sigma^2)^{-1/2} = (2\eta^2T)^{-1/2}$ steps.

    Raises:
        ValueError: when an argument is not positive.

    Reference: derived here.
    """
    given = {
        "learning_rate": learning_rate,
        "temperature": temperature,
        "slowest_rate": slowest_rate,
        "trace": trace,
    }
    for name, value in given.items():
        check_positive(name, value)
    return Window(
        relaxed=1 / (learning_rate * slowest_rate),
        drifting=1 / (2 * learning_rate * temperature * trace),
        principal=(2 * learning_rate**2 * temperature) ** -0.5,
    )


def _check_course(
    times: Float[np.ndarray, " times"],
    ratio: float,
    inputs: int,
    outputs: int,
    variance: float,
    temperature: float,
) -> None:
    check_not_negative("temperature", temperature)
    check_not_negative("times", times)
    for name, value in (
        ("ratio", ratio),
        ("variance", variance),
        ("inputs", inputs),
        ("outputs", outputs),
    ):
        check_positive(name, value)
