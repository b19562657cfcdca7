r"""The final risk from one data set to the next: its whole distribution.

For a teacher along the spike and labels without noise the risk of the least-norm
solution is $b^2q(1+\rho q)$ with $q$ of `finite_risk`, a function of one Beta variable.
It grows with $q$ as long as $\rho\ge-\frac12$; below, it has a top at
$q = -1/2\rho$, and two $q$ share a risk.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.refusals import (
    broadcast_floats,
    check_counts,
    check_norm,
    check_not_negative,
    check_spike,
)
from linnet.shapes import Float

BISECTIONS = 80


def risk_probability(
    risk: ArrayLike,
    n: ArrayLike,
    d: ArrayLike,
    spike_strength: ArrayLike,
    norm: ArrayLike = 1.0,
) -> Float[np.ndarray, "*grid"]:
    r"""Share of data sets on which the excess risk is at most `risk`.

    $$P(b^2q(1+\rho q)\le x) = P(q\le q_-) + P(q\ge q_+),\qquad
      q_\mp = \frac{2x/b^2}{1\pm\sqrt{1+4\rho x/b^2}}.$$

    Valid for: $\lvert A\rvert=1$, no label noise, Gaussian inputs of covariance
    $I+\rho\mu\mu^\top$, any $n, d\ge1$. For $d\le n$ the risk is always 0.

    Args:
        risk: $x\ge0$.
        n: Samples.
        d: Inputs.
        spike_strength: $\rho > -1$.
        norm: $b = \lVert\beta\rVert$. All broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.

    Example:
        >>> risk_probability(0.25, n=2, d=4, spike_strength=0.0).round(12)
        np.float64(0.25)
    """
    check_not_negative("risk", risk, "it is a mean square")
    check_counts(n, d)
    check_spike(spike_strength)
    check_norm(norm)
    value, size, *others = broadcast_floats(
        risk=risk, norm=norm, n=n, d=d, spike_strength=spike_strength
    )
    return _probability(value / size**2, *others)[()]


def risk_quantile(
    share: ArrayLike,
    n: ArrayLike,
    d: ArrayLike,
    spike_strength: ArrayLike,
    norm: ArrayLike = 1.0,
) -> Float[np.ndarray, "*grid"]:
    r"""The excess risk that a share of all data sets does not exceed.

    Of the quantile of the Beta variable for $\rho\ge-\frac12$, otherwise by bisection.
    The median is what to compare medians of few data sets with.

    Valid for: as `risk_probability`.

    Args:
        share: In [0, 1]; ½ is the median.
        n: Samples.
        d: Inputs.
        spike_strength: $\rho > -1$.
        norm: $b = \lVert\beta\rVert$. All broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.

    Example:
        >>> risk_quantile(0.25, n=2, d=4, spike_strength=0.0).round(12)
        np.float64(0.25)
    """
    from scipy.special import betaincinv

    check_not_negative("share", share, "it is a probability")
    if np.any(np.asarray(share, dtype=float) > 1):
        raise ValueError(
            f"Argument `share` must lie in [0, 1], but is {np.max(share):.6g}: it is a"
            " probability."
        )
    check_counts(n, d)
    check_spike(spike_strength)
    check_norm(norm)
    part, size, samples, inputs, rho = broadcast_floats(
        share=share, norm=norm, n=n, d=d, spike_strength=spike_strength
    )
    wide = np.maximum(inputs - samples, 1)
    v = betaincinv(wide / 2, samples / 2, part)
    rest = betaincinv(samples / 2, wide / 2, 1 - part)
    rest = np.where(part > 0.5, rest, 1 - v)  # 1 - V where V is close to 1
    q = v / (v + (1 + rho) * rest)
    value = np.array(q * (1 + rho * q))
    folded = (rho < -0.5) & (inputs > samples)
    if folded.any():
        given = part[folded], samples[folded], inputs[folded], rho[folded]
        value[folded] = _bisected(*given)
    return np.where(inputs > samples, size**2 * value, 0.0)[()]


def _probability(
    value: np.ndarray, samples: np.ndarray, inputs: np.ndarray, rho: np.ndarray
) -> Float[np.ndarray, "*grid"]:
    from scipy.special import betainc

    wide = np.maximum(inputs - samples, 1)

    def below(q: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """P(Q <= q), where `rest` is 1 - q."""
        odds = (1 + rho) * q / np.where(rest > 0, rest, 1.0)
        return np.where(
            rest > 0, betainc(wide / 2, samples / 2, odds / (1 + odds)), 1.0
        )

    radicand = 1 + 4 * rho * value
    root = np.sqrt(np.maximum(radicand, 0))
    less = np.clip(2 * value / (1 + root), 0, 1)
    found = below(less, 1 - less)
    # The other branch, (1 + root) / (-2 rho), is within (0, 1) below -1/2 alone.
    folded = rho < -0.5
    more = np.where(folded, (1 + root) / np.where(folded, -2 * rho, 1.0), 1.0)
    more = np.minimum(more, 1.0)
    found = found + np.where(folded & (more < 1), 1 - below(more, 1 - more), 0.0)
    found = np.where(radicand <= 0, 1.0, found)  # beyond the top
    return np.where(inputs > samples, found, 1.0)


def _bisected(
    share: np.ndarray, samples: np.ndarray, inputs: np.ndarray, rho: np.ndarray
) -> Float[np.ndarray, "*grid"]:
    low = np.zeros_like(share)
    high = -1 / (4 * rho)  # the top
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        enough = _probability(middle, samples, inputs, rho) >= share
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high
