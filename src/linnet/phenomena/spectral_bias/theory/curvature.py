r"""Curvature of the loss where training ends: stable rates, and how slowly it ends."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from linnet.phenomena.spectral_bias.theory.escape import ROUNDING
from linnet.phenomena.spectral_bias.theory.layers import layer_singular_values
from linnet.phenomena.spectral_bias.theory.refusals import check_gamma
from linnet.shapes import Float, Int
from linnet.task import Moments

TIED = 1e-8  # relative gap below which two input variances count as one
ALIGNED = 1e-9  # cosine below which two inputs count as uncoupled
UNSEEN = 1e-18  # share of the loss below which an input counts as not excited


@dataclass(frozen=True)
class Curvature:
    r"""Extreme non-zero curvatures of the loss at the minimizer that training reaches.

    Attributes:
        sharpness: Largest eigenvalue of the Hessian.
        slowest: Smallest eigenvalue that training excites.
    """

    sharpness: float
    slowest: float

    @property
    def largest_stable_rate(self) -> float:
        r"""Descent is stable near the minimizer for $\eta < 2/\lambda_{\max}$."""
        return 2 / self.sharpness


def curvature(moments: Moments, gamma: float) -> Curvature:
    r"""Sharpness and slowest rate at the end of training.

    At a minimizer the Hessian has the non-zero spectrum of
    $$I_k\otimes\mathtt{xx}^{1/2}W_1^\top W_1\mathtt{xx}^{1/2}
      + W_2W_2^\top\otimes\mathtt{xx},$$
    block-diagonal in the output directions of $W_2$: one problem of size
    $\mathrm{rank}\,X$ for each $w_2^2$, growing with it, so that two of them give both
    ends. Output directions that the task does not use are never excited.

    Nor does training leave the smallest sets of inputs that `xx` and
    $\mathtt{yx}^\top\mathtt{yx}$ do not couple. Generic data are one such set. White
    inputs $\mathtt{xx} = aI$ have one for each mode: the singular vectors do not turn,
    and the slowest excited curvature is $a\min_i\sqrt{\gamma^2 + 4\sigma_i^2}$.

    Valid for: first layer isotropic, second zero at the start. The loss falls as
    $e^{-2\lambda_{\min}t}$ in the end.

    Args:
        moments: Data or population.
        gamma: $\gamma > 0$.

    Returns:
        Both ends.

    Raises:
        ValueError: when `gamma` is not positive, all inputs vanish, or the targets do
            not depend linearly on the inputs at all.

    Reference: derived here.
    """
    check_gamma(gamma)
    variances, crossed = _uncoupled_coordinates(moments)
    floor = float(ROUNDING * np.linalg.norm(crossed, 2))
    if floor == 0:
        raise ValueError(
            "The cross moment `yx` must not vanish on the inputs, but does: the best"
            " linear map is zero, and there is nothing to learn."
        )
    hidden, levels = _grown(variances, crossed, gamma, floor)
    sharpness = np.linalg.eigvalsh(hidden + levels[0] * np.diag(variances))[-1]
    slowest = np.inf
    for among in _sets(variances, crossed, floor):
        part, levels = _grown(variances[among], crossed[:, among], gamma, floor)
        weakest = part + levels[-1] * np.diag(variances[among])
        slowest = min(slowest, np.linalg.eigvalsh(weakest)[0])
    return Curvature(float(sharpness), float(slowest))


def late_rate(moments: Moments, gamma: float, gap: float) -> float:
    r"""Rate at which the excess loss falls when it is down to the fraction `gap`.

    From a product of zero the loss linearized about the end of training is
    $\sum_jp_je^{-2\lambda_jt}$, with $\lambda_j$ the curvatures and $p_j$ the shares of
    the loss along them. Its slope tends to $2\lambda_{\min}$ as `gap` falls: how near
    it is tells whether the slowest direction has outlived the others by then.

    Valid for: as `curvature`; exact for $\gamma\to\infty$. From a small start an
    estimate: its weak modes are learned last and weigh more than here, so that the
    slope is mostly nearer to its limit than this one.

    Args:
        moments: Data or population.
        gamma: $\gamma > 0$.
        gap: Excess loss over its start, in (0, 1).

    Returns:
        The rate, at least $2\lambda_{\min}$.

    Raises:
        ValueError: as `curvature`, and when `gap` lies outside (0, 1).

    Reference: derived here.
    """
    from scipy.optimize import brentq

    if not 0 < gap < 1:
        raise ValueError(f"Argument `gap` must lie in (0, 1), but is {gap}.")
    slowest = curvature(moments, gamma).slowest
    rates, shares = _relaxations(moments, gamma)
    excited = rates >= slowest * (1 - TIED)  # rounding leaves a little along others
    rates, shares = rates[excited], shares[excited] / shares[excited].sum()
    # In units of the time that the slowest direction would take alone.
    exponents = rates / slowest * np.log(1 / gap)

    def left(time: float) -> Float[np.ndarray, " directions"]:
        return shares * np.exp(-exponents * time)

    time = brentq(lambda t: np.log(left(t).sum() / gap), 0.0, 1 + 2 * TIED)
    return float(2 * (left(time) @ rates) / left(time).sum())


def _relaxations(
    moments: Moments, gamma: float
) -> tuple[Float[np.ndarray, " directions"], Float[np.ndarray, " directions"]]:
    """All curvatures along the modes' outputs, and what of the loss lies along each."""
    variances, crossed = _uncoupled_coordinates(moments)
    floor = float(ROUNDING * np.linalg.norm(crossed, 2))
    hidden, levels = _grown(variances, crossed, gamma, floor)
    _, sigma, right = np.linalg.svd(crossed / variances, full_matrices=False)
    rates, shares = [], []
    for level, size, mode in zip(levels, sigma, right, strict=False):
        rate, basis = np.linalg.eigh(hidden + level * np.diag(variances))
        rates.append(rate)
        shares.append((size * (mode * np.sqrt(variances)) @ basis) ** 2)
    return np.concatenate(rates), np.concatenate(shares)


def _uncoupled_coordinates(
    moments: Moments,
) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "k r"]]:
    """Input variances and cross moment in an eigenbasis of `xx` on the row space.

    Where variances are tied the basis is free, and taken so that the cross moment has
    orthogonal columns.
    """
    eigenvalues, vectors = np.linalg.eigh(moments.xx)
    cutoff = moments.default_cutoff()
    kept = eigenvalues > cutoff
    if not kept.any():
        raise ValueError("The inputs must not all vanish, but do: nothing moves.")
    variances, crossed = eigenvalues[kept], moments.yx @ vectors[:, kept]
    tied = np.diff(variances) <= np.maximum(TIED * variances[1:], cutoff)
    for cluster in np.split(np.arange(len(variances)), np.flatnonzero(~tied) + 1):
        if len(cluster) > 1:
            right = np.linalg.svd(crossed[:, cluster])[2]
            crossed[:, cluster] = crossed[:, cluster] @ right.T
    return variances, crossed


def _grown(
    variances: Float[np.ndarray, " r"],
    crossed: Float[np.ndarray, "k r"],
    gamma: float,
    floor: float,
) -> tuple[Float[np.ndarray, "r r"], Float[np.ndarray, " modes"]]:
    r"""$\mathtt{xx}^{1/2}W_1^\top W_1\mathtt{xx}^{1/2}$ at the end, and all $w_2^2$."""
    used = int((np.linalg.svd(crossed, compute_uv=False) > floor).sum())
    _, sigma, right = np.linalg.svd(crossed / variances, full_matrices=False)
    levels = layer_singular_values(sigma[:used], gamma)[1] ** 2
    modes = right[:used] * np.sqrt(variances)
    return gamma * np.diag(variances) + (modes.T * levels) @ modes, levels


def _sets(
    variances: Float[np.ndarray, " r"], crossed: Float[np.ndarray, "k r"], floor: float
) -> Iterator[Int[np.ndarray, " set"]]:
    """Sets of excited inputs, by index, that the targets do not couple."""
    from scipy.sparse.csgraph import connected_components

    lengths = np.linalg.norm(crossed, axis=0)
    shares = lengths**2 / variances
    seen = (shares > UNSEEN * shares.sum()) & (lengths > floor)
    excited = np.flatnonzero(seen)
    unit = crossed[:, excited] / lengths[excited]
    count, label = connected_components(np.abs(unit.T @ unit) > ALIGNED, directed=False)
    for at in range(count):
        yield excited[label == at]
