r"""The best penalty: what early stopping is to be compared with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.conventions import Risk
from linnet.phenomena.anisotropy.theory.equivalents import equivalent_risk
from linnet.shapes import Float

SPACING = 0.25  # of the first look, in ln ridge
MARGIN = 14.0  # a factor of a million beyond every scale of the problem
ZOOMS = 8
POINTS = 17


@dataclass(frozen=True, eq=False)
class OptimalRidge:
    r"""The penalty of least excess risk, and that risk; arrays over a grid.

    Attributes:
        ridge: $r$; 0 where no penalty helps, infinity where nothing can be learned
            that is worth its noise.
        risk: Excess risk at that penalty.
    """

    ridge: Float[np.ndarray, "*grid"]
    risk: Risk


def optimal_ridge(
    eigenvalues: Float[np.ndarray, "*grid m"],
    target_power: Float[np.ndarray, "*more m"],
    n: ArrayLike,
    noise: ArrayLike = 0.0,
    multiplicities: Float[np.ndarray, "*others m"] | None = None,
) -> OptimalRidge:
    r"""Minimum of `equivalent_risk` over $0\le r\le\infty$.

    Looks at every $\ln r$ that may matter, then closer and closer around the lowest,
    so that of several minima the deepest is found. For equal eigenvalues the optimum is
    $r = \sigma^2d/(nb^2)$.

    Valid for: as `equivalent_risk`. Negative penalties are not searched. The risk is
    exact to about 1e-12, the penalty as far as the flatness of the minimum tells it.

    Args:
        eigenvalues: $\lambda\ge0$.
        target_power: Squared coordinates of the teacher, as in `equivalent_risk`.
        n: Samples.
        noise: $\sigma$ of the labels.
        multiplicities: How often each eigenvalue occurs; 1 when left out.

    Raises:
        ValueError: as `equivalent_risk`.

    Reference: derived here.

    Example:
        >>> one = np.ones(1)
        >>> optimal_ridge(one, one, 100, 0.5, 40 * one).ridge.round(6)
        np.float64(0.1)
    """

    def evaluate(ridge: Float[np.ndarray, "*every"]) -> Risk:
        return equivalent_risk(
            eigenvalues, target_power, n, ridge, noise, multiplicities
        ).risk

    def look(logs: Float[np.ndarray, "points *every"]) -> Float[np.ndarray, "..."]:
        return evaluate(np.exp(logs)).excess

    without, endless = evaluate(np.array(0.0)), evaluate(np.array(np.inf))
    low, high = _range(eigenvalues, target_power, n, noise, multiplicities)
    points = 2 + int(np.ceil(np.max(high - low) / SPACING))
    shape = np.shape(without.excess)
    low, high = np.broadcast_to(low, shape), np.broadcast_to(high, shape)
    for _ in range(ZOOMS + 1):
        logs = np.linspace(low, high, points)
        best = np.argmin(look(logs), axis=0)[None]
        low, at, high = (
            np.take_along_axis(logs, np.clip(best + k, 0, points - 1), 0)[0]
            for k in (-1, 0, 1)
        )
        points = POINTS
    within = evaluate(np.exp(at)).excess
    ridge = np.exp(at)
    # A rounding error of gain is none: the ends are exact answers.
    ridge = np.where(without.excess <= within * (1 + 1e-13), 0.0, ridge)
    lesser = np.minimum(without.excess, within)
    ridge = np.where(endless.excess <= lesser * (1 + 1e-13), np.inf, ridge)[()]
    return OptimalRidge(ridge, evaluate(ridge))


def _range(
    eigenvalues: Float[np.ndarray, "*grid m"],
    target_power: Float[np.ndarray, "*more m"],
    n: ArrayLike,
    noise: ArrayLike,
    multiplicities: Float[np.ndarray, "*others m"] | None,
) -> tuple[Float[np.ndarray, "*every"], Float[np.ndarray, "*every"]]:
    r"""$\ln r$ between which the optimum is, by the spectrum and by the noise."""
    spectrum = np.asarray(eigenvalues, dtype=float)
    counts = np.ones(1) if multiplicities is None else np.asarray(multiplicities)
    known = spectrum > 0
    least = np.where(known, spectrum, np.inf).min(axis=-1)
    least = np.where(np.isfinite(least), least, 1.0)
    most = np.where(known, spectrum, least[..., None]).max(axis=-1)
    ratio = np.sum(counts * known, axis=-1) / np.asarray(n, dtype=float)
    loud = np.square(np.asarray(noise, dtype=float)) * ratio / np.sum(target_power, -1)
    loud = np.where(loud > 0, loud, least)
    low = np.log(np.minimum(least, loud)) - MARGIN
    high = np.log(np.maximum(most * np.maximum(1, ratio), loud)) + MARGIN
    return low, high
