r"""Time and position of one direction of a deep balanced network, in closed form.

In units of the corner, $x = c_1/c^\ast$, and of time, the growth is
$\dot x = x^{2-2/L}(1-x)$: a clock $F(x)$ that runs evenly.
"""

import numpy as np

from linnet.shapes import Float

STEPS = 30  # of Newton's method at most, towards a deep network's position
LAST = 40.0  # log-odds at which the position is the corner, to rounding


def deep_clock(
    log_x: Float[np.ndarray, "*grid"], depth: int
) -> Float[np.ndarray, "*grid"]:
    r"""The integral $F$ of $x^{2/L-2}/(1-x)$, in elementary functions.

    $$F(y^L) = -\frac L{L-2}y^{2-L}-\sum_{\omega^L=1}\omega^{-2}\ln(1-\omega y).$$

    Valid for: $L\ge3$, $0\le x<1$; -infinity at 0, where any start takes for ever.

    Args:
        log_x: $\ln x$, of any shape: x close to 0 keeps its digits.
        depth: $L$.

    Reference: derived here.
    """
    y = np.exp(log_x / depth)
    # The root 1 apart: 1 - y must keep its digits where x is close to 1.
    total = -np.log(-np.expm1(log_x / depth))
    for k in range(1, depth // 2 + 1):
        root = np.exp(2j * np.pi * k / depth)
        both = 1 if 2 * k == depth else 2  # the conjugate root too
        total = total - both * (np.log(1 - root * y) / root**2).real
    with np.errstate(over="ignore"):
        return total - depth / (depth - 2) * np.exp((2 - depth) / depth * log_x)


def deep_position(
    target: Float[np.ndarray, "*grid"], depth: int
) -> Float[np.ndarray, "*grid"]:
    r"""The x at which `deep_clock` shows `target`, by Newton's method.

    In the log-odds of x the clock is concave with slope $x^{2/L-1}$: from the left no
    step overshoots.

    Valid for: $L\ge3$. 0 where the target is -infinity, 1 where the clock of the last
    number below 1 shows less.

    Args:
        target: Of any shape.
        depth: $L$.

    Reference: derived here.
    """
    power, grown = (depth - 2) / depth, np.isfinite(target)
    aim = np.where(grown, target, 0.0)
    middle = deep_clock(np.log(np.array(0.5)), depth)
    # Left of one half the part beside the power law is at most its value there.
    most = middle + 2**power / power
    log_x = -np.log(np.maximum((most - aim) * power, 2**power)) / power
    log_odds = np.where(aim > middle, 0.0, log_x - np.log1p(-np.exp(log_x)))
    for _ in range(STEPS):
        log_x = -np.logaddexp(0, -log_odds)
        step = (aim - deep_clock(log_x, depth)) * np.exp(power * log_x)
        log_odds = np.minimum(log_odds + step, LAST)
        if (np.abs(step) <= 1e-14 * (1 + np.abs(log_odds))).all():
            break
    return np.where(grown, np.exp(-np.logaddexp(0, -log_odds)), 0.0)
