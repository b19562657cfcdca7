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
    reached: Float[np.ndarray, "..."] | float | None = None,
) -> Float[np.ndarray, "..."]:
    r"""Imbalance that a mode keeps under gradient descent, as a fraction.

    At the end of training
    $$\gamma_{\rm eff}/\gamma =
      \exp\!\big(-\tfrac{\eta a}2\,\phi_\delta(b/a)\big)\,(1 + O(\eta^2)).$$
    For one mode a step changes $w_1^2 - w_2^2$ by the factor $1 - \eta^2g^2$ with
    $g = b - a\sigma$, and along the mode law the exponents add up to
    $$-\eta\int g^2dt = -\eta\int_0^{b/a}
      \frac{(b-a\sigma)\,d\sigma}{2\sqrt{\delta^2+\sigma^2}}
      = -\frac{\eta a}2\phi_\delta(b/a).$$
    On the way the integral ends at the $\sigma$ that is reached, and is half of
    $b\,\mathrm{arcsinh}(\sigma/\delta) - a(\sqrt{\sigma^2+\delta^2} - \delta)$.
    Descent nudges the layers toward balance; where the product ends is untouched.

    Valid for: white inputs, first layer isotropic, second zero at the start;
    $\eta b\ll1$.

    Args:
        strength: $b > 0$, singular value of `yx`.
        variance: $a > 0$.
        delta: $\delta = \gamma/2$ at the start.
        learning_rate: $\eta > 0$.
        reached: $\sigma$, at least 0 and at most $b/a$; None for the end, $b/a$.

    Returns:
        The fraction, in (0, 1]; of the shape that `strength` and `reached` have
        together.

    Raises:
        ValueError: when an argument is not positive, or `reached` is negative.

    Reference: derived here.
    """
    given = {"variance": variance, "delta": delta, "learning_rate": learning_rate}
    for name, value in given.items():
        check_positive(name, value)
    for value in np.ravel(strength):
        check_positive("strength", float(value))
    strength = np.asarray(strength, dtype=float)
    sigma = strength / variance if reached is None else np.asarray(reached, dtype=float)
    # The potential holds this sum at the end; what is missing there is left to do.
    left_to_do = (strength - variance * sigma) * np.arcsinh(sigma / delta)
    lost = variance * hyperbolic_entropy(sigma, delta) + left_to_do
    return np.exp(-learning_rate / 2 * lost)
