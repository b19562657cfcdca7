r"""One output: a potential that holds from any balanced start, not only from zero."""

import numpy as np

from linnet.phenomena.spectral_bias.theory.refusals import (
    check_not_negative,
    check_positive,
    check_product,
)
from linnet.shapes import Float
from linnet.task import Moments


def radial_potential(
    length: Float[np.ndarray, "..."] | float, delta: float
) -> Float[np.ndarray, "..."]:
    r"""Potential of the time-warped mirror flow of a scalar output.

    $$q_\delta'(r) = \sqrt{\sqrt{\delta^2+r^2}-\delta},\qquad q_\delta(r) =
      \sqrt{2\delta}\,\delta\big[\tfrac43c^3 - 2c + \tfrac23\big],\quad
      c^2 = \tfrac12\big(1 + \sqrt{1+r^2/\delta^2}\big).$$
    With $s = c - 1$ the bracket is $\frac43s^3 + 4s^2 + 2s$, free of cancellation. It
    tends to $r^2/(2\sqrt{2\delta})$ for $r\ll\delta$ and to $\frac23r^{3/2}$ for
    $r\gg\delta$.

    Valid for: one output, $\delta > 0$.

    Args:
        length: $r = \lVert w\rVert \ge 0$.
        delta: $\delta = \lvert\lambda\rvert/2 > 0$ of the balanced start.

    Returns:
        $q_\delta(r)$.

    Raises:
        ValueError: when a `length` is negative or not finite, or `delta` not positive.

    Reference: form known from Azulay et al. 2021; derived here.
    """
    check_not_negative("length", length)
    check_positive("delta", delta)
    r = np.asarray(length, dtype=float)
    root = np.hypot(delta, r)
    # c^2 - 1 = (root - delta) / 2 delta, as a ratio; then c - 1.
    squared = r * (r / (root + delta)) / (2 * delta)
    s = squared / (np.sqrt(1 + squared) + 1)
    return np.sqrt(2 * delta) * delta * s * (2 + s * (4 + s * 4 / 3))


def scalar_limit(
    moments: Moments, start: Float[np.ndarray, "1 d"], delta: float
) -> Float[np.ndarray, "1 d"]:
    r"""Where a scalar output ends, from any balanced start.

    It is the minimizer of $q_\delta(\lVert w\rVert) - \nabla
    q_\delta(\lVert w_0\rVert)\cdot w$ among the minimizers of the loss. In closed form,
    with $z = P_\perp w_0$ the part of the start outside the row space of the inputs,
    $\rho = \sqrt{\delta^2+\lVert w\rVert^2}$ and $m = \lVert X^+y\rVert$,
    $$w_\infty = X^+y + \sqrt{\frac{\rho_\infty+\delta}{\rho_0+\delta}}\;z,\qquad
      \rho_\infty = \tfrac12\Big(\zeta + \sqrt{\zeta^2+4(\delta^2+m^2+\delta\zeta)}
      \Big),\quad \zeta = \frac{\lVert z\rVert^2}{\rho_0+\delta}.$$

    Valid for: two layers, one output, $\mathcal I = -2\delta I_h$ with $h = d$, or
    $\delta\to0$; from $w_0 = 0$ the least-norm solution.

    Args:
        moments: Data or population, one output.
        start: $w_0$, the product at the start.
        delta: $\delta > 0$.

    Returns:
        $w_\infty$.

    Raises:
        ValueError: when there is more than one output, `start` does not fit, `delta` is
            not positive, or all inputs vanish.

    Reference: derived here.
    """
    check_positive("delta", delta)
    if len(moments.yx) != 1:
        raise ValueError(
            f"Argument `moments` must have one output, but has {len(moments.yx)}."
        )
    check_product(start, moments.yx.shape)
    solution = moments.minimizer().end_to_end
    span = moments.row_space()
    outside = start - (start @ span) @ span.T
    lift = np.hypot(delta, np.linalg.norm(start)) + delta
    zeta = (outside**2).sum() / lift
    inside = delta**2 + (solution**2).sum() + delta * zeta
    root = (zeta + np.sqrt(zeta**2 + 4 * inside)) / 2
    return solution + np.sqrt((root + delta) / lift) * outside
