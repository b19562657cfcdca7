r"""Where training ends: the solution of least norm, and a frozen part of the start.

The gradient of a data set lies in the row space of its inputs. With
$P_\perp = I-X^+X$ the part $W_0P_\perp$ of the first layer never moves, yet it is read
out by the last layer that has grown:
$$w_\infty = X^+y + P_\perp W_0^\top a_\infty .$$
With layers of the usual size this part is not small: small starts have to be
$\sigma_w^2(d-n)\ll1$. Letters: $W$ is the first layer `(p, d)`, $a$ the `readout`
`(p,)`, so that `weights` is $(W, a^\top)$; $\sigma_w^2$ is `weight_variance`.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.network import Weights
from linnet.numerics import effective_ridge
from linnet.phenomena.anisotropy.theory.exact_risk import null_space_power
from linnet.phenomena.anisotropy.theory.layers import layer_powers
from linnet.phenomena.anisotropy.theory.refusals import (
    check_counts,
    check_finite,
    check_finite_row,
    check_not_negative,
    check_positive,
    check_two_layers,
)
from linnet.phenomena.anisotropy.theory.starts import grown_start
from linnet.shapes import Float


def trained_limit(
    inputs: Float[np.ndarray, "n d"],
    targets: Float[np.ndarray, "n 1"],
    weights: Weights,
    readout: Float[np.ndarray, " p"],
) -> Float[np.ndarray, " d"]:
    r"""$w_\infty = X^+y + P_\perp W_0^\top a_\infty$, exactly, from the start.

    Valid for: training of both layers by flow or full-batch descent that converges to a
    minimum of the loss, without weight decay; one output. $a_\infty$ is the last layer
    at the end: observed, or `grown_readout` for a small start.

    Args:
        inputs: $X$.
        targets: $y$.
        weights: The start $(W_0, a_0^\top)$.
        readout: $a_\infty$.

    Raises:
        ValueError: when shapes do not fit, or something is not finite.

    Reference: a frozen part is described by Advani and Saxe 2020; derived here.
    """
    solution, rows = _least_norm(inputs, targets)
    check_two_layers(weights)
    first = _fitting(weights, len(solution))
    final = check_finite_row("readout", readout, len(first))
    kept = first.T @ final
    return solution + kept - rows.T @ (rows @ kept)


def grown_readout(
    inputs: Float[np.ndarray, "n d"],
    targets: Float[np.ndarray, "n 1"],
    weights: Weights,
) -> Float[np.ndarray, " p"]:
    r"""$a_\infty$ of a small start: $\sqrt{\lVert X^+y\rVert}\,r$.

    What grows has one hidden direction, $r\propto a_0+W_0\hat u_1$ with
    $\hat u_1\propto X^\top y$, and starts balanced compared with what it becomes, so
    that $aa^\top-WW^\top\approx0$ gives $\lvert a_\infty\rvert^2 = \lVert X^+y\rVert$.

    Valid for: $\lvert a_0\rvert^2, \lVert W_0\rVert^2\ll\lVert X^+y\rVert$. For larger
    starts $a_\infty$ depends on the whole path.

    Args:
        inputs: $X$.
        targets: $y$.
        weights: The start $(W_0, a_0^\top)$.

    Raises:
        ValueError: when shapes do not fit, something is not finite, inputs and targets
            do not correlate, or nothing grows from the start.

    Reference: derived here.
    """
    solution, _ = _least_norm(inputs, targets)
    check_two_layers(weights)
    _fitting(weights, len(solution))
    direction = np.asarray(inputs, float).T @ np.asarray(targets, float)[:, 0]
    if not direction.any():
        raise ValueError(
            "Arguments `inputs` and `targets` must correlate, but do not: there is"
            " nothing to grow towards."
        )
    hidden = grown_start(weights, direction).hidden
    return np.sqrt(np.linalg.norm(solution)) * hidden


def readout_power(
    squared_norm: ArrayLike, imbalance: ArrayLike = 0.0
) -> Float[np.ndarray, "*grid"]:
    r"""$\lvert a_\infty\rvert^2$ by the conserved imbalance.

    $\frac12\big(\delta+\sqrt{\delta^2+4\lVert w\rVert^2}\big)$, from the conserved
    $\delta = \lvert a\rvert^2-\lVert WP\rVert^2$ with
    $\lvert a\rvert\,\lVert WP\rVert = \lVert w\rVert$, where $P$ projects onto the row
    space and $w = X^+y$. A small start has $\delta = 0$ and gives $\lVert w\rVert$.

    Valid for: a start of rank one in the row space, $W_0P = r\omega^\top$ with
    $r\parallel a_0$, such as every small start becomes.

    Args:
        squared_norm: $\lVert X^+y\rVert^2\ge0$.
        imbalance: $\delta$, signed. Both broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.

    Example:
        >>> readout_power(4.0), readout_power(4.0, 3.0)
        (np.float64(2.0), np.float64(4.0))
    """
    check_not_negative("squared_norm", squared_norm, "it is a squared length")
    check_finite("imbalance", imbalance)
    return layer_powers(np.sqrt(np.asarray(squared_norm, float)), imbalance)[0]


def frozen_risk(
    n: ArrayLike,
    d: ArrayLike,
    spike_strength: ArrayLike,
    weight_variance: ArrayLike,
    readout_power: ArrayLike,
) -> Float[np.ndarray, "*grid"]:
    r"""Mean excess risk that the frozen part adds, for a given readout.

    $\sigma_w^2\,\lvert a_\infty\rvert^2\,(d-n+\rho\,\mathbb Eq)$ with $q$ of
    `finite_risk`; 0 with no more inputs than samples. The rest of the risk is that of
    the least-norm solution, since the two parts do not correlate.

    Valid for: independent entries of $W_0$ without mean, and Gaussian inputs of
    covariance $I+\rho\mu\mu^\top$. $\lvert a_\infty\rvert^2$ depends on the trained
    part $W_0P$ alone, of which $W_0P_\perp$ tells nothing if entries are Gaussian. The
    mean over data sets is a product of means without a spike, and up to a relative
    $O(1/n)$ with one.

    Args:
        n: Samples.
        d: Inputs.
        spike_strength: $\rho > -1$.
        weight_variance: $\sigma_w^2$ of an entry of $W_0$.
        readout_power: $\lvert a_\infty\rvert^2$. All broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.

    Example:
        >>> frozen_risk(20, 80, 0.0, fan_in_variance(80), 1.0).round(12)
        np.float64(0.25)
    """
    power = null_space_power(n, d, spike_strength)
    return _scale(weight_variance, readout_power) * power


def equivalent_frozen_risk(
    eigenvalues: Float[np.ndarray, "*grid m"],
    n: ArrayLike,
    weight_variance: ArrayLike,
    readout_power: ArrayLike,
    multiplicities: Float[np.ndarray, "*more m"] | None = None,
) -> Float[np.ndarray, "*every"]:
    r"""The same for any spectrum: $\sigma_w^2\,\lvert a_\infty\rvert^2\,n\kappa$.

    $\mathbb E\,\mathrm{tr}P_\perp\Sigma \simeq
    \mathrm{tr}\,\kappa\Sigma(\Sigma+\kappa)^{-1} = n\kappa$ with the ridgeless
    $\kappa$ of `effective_ridge`.

    Valid for: many samples; the error is of order $1/n$ relative to $d-n$.

    Args:
        eigenvalues: $\lambda\ge0$ of the covariance of the inputs.
        n: Samples.
        weight_variance: $\sigma_w^2$ of an entry of $W_0$.
        readout_power: $\lvert a_\infty\rvert^2$.
        multiplicities: How often each eigenvalue occurs; 1 when left out.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.

    Example:
        >>> one, variance = np.ones(1), fan_in_variance(80)
        >>> equivalent_frozen_risk(one, 20, variance, 1.0, 80 * one).round(12)
        np.float64(0.25)
    """
    kappa = effective_ridge(eigenvalues, n, 0.0, multiplicities)
    level = np.asarray(n, dtype=float) * kappa
    return _scale(weight_variance, readout_power) * level


def fan_in_variance(d: ArrayLike) -> Float[np.ndarray, "*grid"]:
    r"""$1/(3d)$: entries uniform in $\pm1/\sqrt d$, as libraries start a layer.

    With it `frozen_risk` is about $\lvert a_\infty\rvert^2(1-n/d)/3$: not negligible.

    Raises:
        ValueError: when `d` is no whole number >= 1.
    """
    check_counts(1, d)
    return 1 / (3 * np.asarray(d, dtype=float))


def negligible_init_scale(
    n: ArrayLike,
    d: ArrayLike,
    spike_strength: ArrayLike,
    risk: ArrayLike,
    readout_power: ArrayLike,
    part: ArrayLike = 0.01,
) -> Float[np.ndarray, "*grid"]:
    r"""Standard deviation $\sigma_w$ up to which the frozen part adds that part.

    $\sigma_w^2 = f\,\text{risk}\,/\,[\lvert a_\infty\rvert^2(d-n+\rho\,\mathbb Eq)]$;
    infinite where nothing is frozen.

    Valid for: as `frozen_risk`.

    Args:
        n: Samples.
        d: Inputs.
        spike_strength: $\rho > -1$.
        risk: Excess risk of the least-norm solution.
        readout_power: $\lvert a_\infty\rvert^2 > 0$.
        part: $f$, what is called negligible. All broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.
    """
    check_not_negative("risk", risk, "it is a mean square")
    check_positive("readout_power", readout_power, "nothing is read out by zero")
    check_positive("part", part, "it is a part of the risk")
    power = np.asarray(readout_power, dtype=float)
    power = power * null_space_power(n, d, spike_strength)
    allowed = np.asarray(part, dtype=float) * np.asarray(risk, dtype=float)
    frozen = power > 0
    return np.where(frozen, np.sqrt(allowed / np.where(frozen, power, 1.0)), np.inf)[()]


def _scale(
    weight_variance: ArrayLike, readout_power: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    check_not_negative("weight_variance", weight_variance, "it is a mean square")
    check_not_negative("readout_power", readout_power, "it is a squared length")
    return np.asarray(weight_variance, float) * np.asarray(readout_power, float)


def _least_norm(
    inputs: Float[np.ndarray, "n d"], targets: Float[np.ndarray, "n 1"]
) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, "r d"]]:
    r"""$X^+y$, and an orthonormal basis of the row space."""
    x, y = np.asarray(inputs, dtype=float), np.asarray(targets, dtype=float)
    if x.ndim != 2 or y.shape != (len(x), 1) or not x.size:
        raise ValueError(
            "Arguments `inputs` and `targets` must have shapes (n, d) and (n, 1), but"
            f" have {x.shape} and {y.shape}."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("Arguments `inputs` and `targets` must be finite.")
    left, scales, rows = np.linalg.svd(x, full_matrices=False)
    kept = scales > max(x.shape) * np.finfo(float).eps * scales[0]
    left, scales, rows = left[:, kept], scales[kept], rows[kept]
    return rows.T @ (left.T @ y[:, 0] / scales), rows


def _fitting(weights: Weights, d: int) -> Float[np.ndarray, "p d"]:
    first = np.asarray(weights[0], dtype=float)
    if first.shape[1] != d:
        raise ValueError(
            f"Argument `weights` must take {d} inputs like the data, but takes"
            f" {first.shape[1]}."
        )
    return first
