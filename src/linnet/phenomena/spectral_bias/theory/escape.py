r"""Which way the product leaves the origin, and how fast."""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.spectral_bias.theory.refusals import (
    check_gamma,
    check_not_negative,
)
from linnet.shapes import Float
from linnet.task import Moments

ROUNDING = 1e-12  # of the strongest: weaker modes of `yx` are rounding errors


@dataclass(frozen=True)
class Direction:
    """A singular triplet of the cross moment.

    Attributes:
        output: Left singular vector, `(k,)`.
        strength: Singular value.
        input: Right singular vector, `(d,)`.
    """

    output: Float[np.ndarray, " k"]
    strength: float
    input: Float[np.ndarray, " d"]


def directions(moments: Moments) -> tuple[Direction, ...]:
    r"""Singular triplets of `yx` above rounding, strongest first.

    The first one escapes first, for any inputs: early on
    $W(t) \approx U\,\frac\gamma2\sinh(2bt)\,V^\top$ with $\mathtt{yx} = UbV^\top$, so
    what is learned first is the top singular pair of $Y^\top X/n$, not that of the
    solution. Where singular values are tied, only the sum of their modes has a meaning.

    Args:
        moments: Data or population.

    Returns:
        At least one triplet; their number is the rank of the solution.

    Raises:
        ValueError: when the cross moment vanishes.

    Reference: derived here.
    """
    left, strengths, right = np.linalg.svd(moments.yx, full_matrices=False)
    if strengths[0] == 0:
        raise ValueError(
            "The cross moment `yx` must not vanish, but does: there is nothing to"
            " learn, and no direction in which to start."
        )
    count = int((strengths > ROUNDING * strengths[0]).sum())
    return tuple(
        Direction(left[:, i], float(strengths[i]), right[i]) for i in range(count)
    )


def early_product(
    moments: Moments, gamma: float, time: float
) -> Float[np.ndarray, "k d"]:
    r"""Product while it is small: $W(t) \approx U\,\frac\gamma2\sinh(2bt)\,V^\top$.

    Valid for: first layer isotropic, second zero at the start; any inputs, while the
    strongest mode $\sigma \ll b/\lambda_{\max}$, with $\lambda_{\max}$ the largest
    input variance. The error of the product, in units of its norm, is of order
    $\lambda_{\max}\sigma/b$; a weak mode, taken alone, may be further off.

    Args:
        moments: Data or population.
        gamma: $\gamma > 0$.
        time: $t \ge 0$, at most `early_time` at `fraction` 1.

    Returns:
        $W(t)$.

    Raises:
        ValueError: when `gamma` is not positive, `time` is negative, or so late that
            the formula puts the strongest mode beyond $b/\lambda_{\max}$.

    Reference: derived here.
    """
    check_not_negative("time", time)
    latest = early_time(moments, gamma, 1.0)
    if time > latest * (1 + 1e-12):
        raise ValueError(
            f"Argument `time` must be at most {latest:.4g}, where the strongest mode"
            f" stops being small, but is {time:.4g}: use `mode_curve` from there on."
        )
    left, strengths, right = np.linalg.svd(moments.yx, full_matrices=False)
    return (left * (gamma / 2 * np.sinh(2 * strengths * time))) @ right


def early_time(moments: Moments, gamma: float, fraction: float) -> float:
    r"""Time at which the first mode has grown to `fraction` of $b_1/\lambda_{\max}$.

    $$t = \frac1{2b_1}\mathrm{arcsinh}\frac{2fb_1}{\gamma\lambda_{\max}}.$$

    Valid for: as `early_product`, $f \ll 1$.

    Args:
        moments: Data or population.
        gamma: $\gamma > 0$.
        fraction: $f$ in (0, 1].

    Returns:
        $t$.

    Raises:
        ValueError: when `gamma` is not positive, `fraction` lies outside (0, 1], or the
            cross moment vanishes.

    Reference: derived here, from `early_product`.
    """
    check_gamma(gamma)
    if not 0 < fraction <= 1:
        raise ValueError(
            f"Argument `fraction` must lie in (0, 1], but is {fraction}: beyond, the"
            " mode is no longer small."
        )
    strength = directions(moments)[0].strength
    size = fraction * strength / moments.spectrum()[0]
    return float(np.arcsinh(2 * size / gamma) / (2 * strength))
