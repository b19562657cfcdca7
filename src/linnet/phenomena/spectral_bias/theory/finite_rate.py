r"""What a finite learning rate does to the conserved imbalance."""

import numpy as np

from linnet.phenomena.spectral_bias.theory.mirror import hyperbolic_entropy
from linnet.phenomena.spectral_bias.theory.refusals import check_positive
from linnet.shapes import Float


def imbalance_left(
    strength: Float[np.ndarray, "..."] | float,
    variance: float,
    delta: float,
    learning_rate: float,
) -> Float[np.ndarray, "..."]:
    r"""Imbalance that a mode keeps after gradient descent to the end, as a fraction.

    $$\gamma_{\rm eff}/\gamma =
      \exp\!\big(-\tfrac{\eta a}2\,\phi_\delta(b/a)\big)\,(1 + O(\eta^2)).$$
    For one mode a step changes $w_1^2 - w_2^2$ by the factor $1 - \eta^2g^2$ with
    $g = b - a\sigma$, and along the mode law the exponents add up to
    $$-\eta\int g^2dt = -\eta\int_0^{b/a}
      \frac{(b-a\sigma)\,d\sigma}{2\sqrt{\delta^2+\sigma^2}}
      = -\frac{\eta a}2\phi_\delta(b/a).$$
    Descent nudges the layers toward balance; where the product ends is untouched.

    Valid for: white inputs, first layer isotropic, second zero at the start;
    $\eta b\ll1$.

    Args:
        strength: $b > 0$, singular value of `yx`.
        variance: $a > 0$.
        delta: $\delta = \gamma/2$ at the start.
        learning_rate: $\eta > 0$.

    Returns:
        The fraction, in (0, 1).

    Raises:
        ValueError: when an argument is not positive.

    Reference: derived here.
    """
    for name, value in (("variance", variance), ("learning_rate", learning_rate)):
        check_positive(name, value)
    for value in np.ravel(strength):
        check_positive("strength", float(value))
    end = np.asarray(strength, dtype=float) / variance
    return np.exp(-learning_rate * variance / 2 * hyperbolic_entropy(end, delta))
