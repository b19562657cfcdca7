r"""How unequal the fluctuations of single directions are, for many inputs per sample.

$A = \langle s^2\rangle/\langle s\rangle^2 - 1$ over the eigenvalues $s$ of the weight
covariance. With few inputs per sample it vanishes. (The note's $\gamma$ is
`aspect_ratio`, its $o$ is `outputs`.)

Reference: Gross et al. 2024 (statement); derived here.
"""

import numpy as np

from linnet.numerics.marchenko_pastur import marchenko_pastur_rule
from linnet.phenomena.fluctuations.theory.refusals import (
    check_positive,
    check_whole,
)
from linnet.shapes import Float


def anisotropy(eigenvalues: Float[np.ndarray, "*sets r"]) -> Float[np.ndarray, "*sets"]:
    r"""$A = \langle s^2\rangle/\langle s\rangle^2 - 1$ along the last axis; scale-free.

    Raises:
        ValueError: when an eigenvalue is negative beyond rounding, or all vanish.
    """
    s = np.asarray(eigenvalues, dtype=float)
    if not s.size or not np.isfinite(s).all():
        raise ValueError("Argument `eigenvalues` must be finite and not empty.")
    top = s.max(-1, keepdims=True)
    if (top <= 0).any() or (s < -1e-10 * top).any():
        raise ValueError(
            "Argument `eigenvalues` must be those of a covariance, >= 0 and not all"
            f" zero, but they go from {s.min():.3g} to {s.max():.3g}."
        )
    share = s / s.mean(-1, keepdims=True)
    return ((share - 1) ** 2).mean(-1)


def asymptotic_anisotropy(aspect_ratio: float, outputs: int = 1) -> float:
    r"""$A$ of the stationary covariance for white Gaussian inputs, $n, d\to\infty$.

    $$A = 4\frac dn(1+k)\Big\langle\frac{hh'}{(h+h')^2}\Big\rangle ,$$
    $h$ and $h'$ independent eigenvalues of `xx` (Marchenko-Pastur), from
    $V_{ij}\propto C_{ij}/(h_i+h_j)$: in the eigenbasis of `xx` an entry of $C_{ab}$ has
    the variance $\sigma^4(1-\frac dn)^2(1+\delta_{ab})h_ih_j/n$ about its
    mean. In the continuum limit.

    Raises:
        ValueError: when the aspect ratio is not in (0, 1), or there is no output.
    """
    check_whole("outputs", outputs, 1)
    h, weight = marchenko_pastur_rule(aspect_ratio)
    pairs = h[:, None] * h / (h[:, None] + h) ** 2
    return float(4 * aspect_ratio * (1 + outputs) * (weight @ pairs @ weight))


def small_anisotropy(aspect_ratio: float, outputs: int = 1) -> float:
    r"""Its limit $A\to\frac dn(1+k)$ for $d/n\to0$.

    Raises:
        ValueError: when the aspect ratio is not positive, or there is no output.
    """
    check_positive("aspect_ratio", aspect_ratio)
    check_whole("outputs", outputs, 1)
    return aspect_ratio * (1 + outputs)


def semicircle_radius(aspect_ratio: float) -> float:
    r"""For $d/n\to0$ and one output the $s/\langle s\rangle - 1$ fill a semicircle.

    Its radius is $2\sqrt{2d/n}$, so that its variance is $A = 2d/n$.

    Raises:
        ValueError: when the aspect ratio is not positive.
    """
    check_positive("aspect_ratio", aspect_ratio)
    return float(2 * np.sqrt(2 * aspect_ratio))
