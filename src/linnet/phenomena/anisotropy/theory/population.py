r"""What means over Gaussian data sets depend on: the spectrum of $\Sigma$, and $\beta$.

A population is a list of eigenvalues $\lambda_k$ of $\Sigma$, the share $p_k$ of all
$d$ directions that has each, and the squared length $\beta_k^2$ of the teacher there.
A spike is an eigenvalue of share zero: one direction among infinitely many.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from linnet.phenomena.anisotropy.theory.equivalents import target_power
from linnet.shapes import Float
from linnet.task import Covariance

SAME = 1e-12
"""Eigenvalues closer than this, relatively, are one."""


@final
@dataclass(frozen=True, eq=False)
class PopulationSpectrum:
    r"""Eigenvalues of $\Sigma$ with their shares and the teacher on them.

    Attributes:
        eigenvalues: $\lambda_k \ge 0$, of shape (K,), at least one of them positive
            with a positive share.
        shares: $p_k \ge 0$, of shape (K,), that sum to one; zero for spikes.
        target_power: $\beta_k^2 \ge 0$, of shape (..., K): leading axes are teachers.

    Raises:
        ValueError: when shapes do not fit, an entry is negative or not finite, the
            shares do not sum to one, or no direction has a variance.

    Example:
        >>> spiked = PopulationSpectrum([6.0, 1.0], [0.0, 1.0], [0.36, 0.64])
        >>> round(float(spiked.signal_power), 12)
        2.8
    """

    eigenvalues: Float[np.ndarray, " K"]
    shares: Float[np.ndarray, " K"]
    target_power: Float[np.ndarray, "... K"]

    def __post_init__(self) -> None:
        for name in ("eigenvalues", "shares", "target_power"):
            array = np.array(getattr(self, name), dtype=float)
            if not (np.isfinite(array).all() and (array >= 0).all()):
                worst = array[~(np.isfinite(array) & (array >= 0))][0]
                raise ValueError(
                    f"Argument `{name}` must be finite and >= 0, but holds {worst:.3g}."
                )
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        count = self.eigenvalues.shape
        if len(count) != 1 or self.shares.shape != count or not count[0]:
            raise ValueError(
                "Arguments `eigenvalues` and `shares` must have one shape (K,), but"
                f" have {count} and {self.shares.shape}."
            )
        if self.target_power.shape[-1:] != count:
            raise ValueError(
                f"Argument `target_power` must have shape (..., {count[0]}), but has"
                f" {self.target_power.shape}."
            )
        total = self.shares.sum()
        if abs(total - 1) > 1e-9:
            raise ValueError(
                f"Argument `shares` must sum to 1, but sums to {total:.6g}: they are"
                " fractions of all directions."
            )
        if not (self.shares * self.eigenvalues).any():
            raise ValueError(
                "Argument `eigenvalues` must hold a positive one of positive share, but"
                " does not: almost no direction has a variance."
            )

    @property
    def signal_power(self) -> Float[np.ndarray, "..."]:
        r"""$\beta^\top\Sigma\beta$, the excess risk of a network that says zero."""
        return np.asarray(self.target_power @ self.eigenvalues)[()]


def spiked_population(
    spike_strengths: Float[np.ndarray, " r"] | float,
    alignments: Float[np.ndarray, "... r"] | float,
    norm: Float[np.ndarray, "..."] | float = 1.0,
) -> PopulationSpectrum:
    r"""$\Sigma = I + \sum_j\rho_j\mu_j\mu_j^\top$ in infinitely many dimensions.

    Eigenvalues $1+\rho_j$ of share zero, with the teacher $b^2A_j^2$ on them, and the
    bulk, 1, with the rest $b^2(1-\sum_jA_j^2)$.

    Args:
        spike_strengths: $\rho_j > -1$, one or several.
        alignments: $A_j = \mu_j\cdot\beta/b$, $\sum_jA_j^2\le1$; leading axes make
            several teachers.
        norm: $b > 0$, length of the teacher(s).

    Returns:
        The spectrum: the spikes in the order given, the bulk last.

    Raises:
        ValueError: when an argument is out of its range or shapes do not fit.

    Example:
        >>> spiked_population(5.0, 0.6).target_power
        array([0.36, 0.64])
    """
    strengths = np.atleast_1d(np.asarray(spike_strengths, dtype=float))
    aligned = np.atleast_1d(np.asarray(alignments, dtype=float))
    norm = np.asarray(norm, dtype=float)
    if strengths.ndim != 1 or aligned.shape[-1] != len(strengths):
        raise ValueError(
            "Arguments `spike_strengths` and `alignments` must have shapes (r,) and"
            f" (..., r), but have {strengths.shape} and {aligned.shape}."
        )
    if not (np.isfinite(strengths).all() and (strengths > -1).all()):
        raise ValueError(
            "Argument `spike_strengths` must be finite and > -1, but is"
            f" {spike_strengths}: at -1 a direction loses its variance."
        )
    total = (aligned**2).sum(-1)
    if not (total <= 1 + SAME).all():  # also refuses NaN
        raise ValueError(
            "Argument `alignments` must have squares that sum to at most 1, but they"
            f" sum to {np.max(total):.6g}."
        )
    if not (np.isfinite(norm).all() and (norm > 0).all()):
        raise ValueError(f"Argument `norm` must be positive and finite, but is {norm}.")
    rest = np.clip(1 - total, 0, None)[..., None]
    shares = np.r_[np.zeros(len(strengths)), 1.0]
    power = norm[..., None] ** 2 * np.concatenate([aligned**2, rest], axis=-1)
    return PopulationSpectrum(np.r_[1 + strengths, 1.0], shares, power)


def covariance_population(
    covariance: Covariance, teacher: Float[np.ndarray, " d"]
) -> PopulationSpectrum:
    r"""The spectrum of a covariance in $d$ dimensions, each direction of share $1/d$.

    Equal eigenvalues (to 1e-12 of the largest) become one. A spike keeps its share
    $1/d$ here, which moves results by $O(1/d)$ against `spiked_population`, towards
    what data sets of that size show.

    Args:
        covariance: $\Sigma$.
        teacher: $\beta$, of shape (d,), not zero.

    Returns:
        The spectrum, eigenvalues downwards.

    Raises:
        ValueError: when the teacher has another shape, is zero or not finite.
    """
    power = target_power(covariance, teacher)
    d = len(power)
    order = np.argsort(-covariance.eigenvalues, kind="stable")
    eigenvalues = covariance.eigenvalues[order]
    apart = np.r_[True, -np.diff(eigenvalues) > SAME * eigenvalues[0]]
    first = np.flatnonzero(apart)
    return PopulationSpectrum(
        eigenvalues[first],
        np.diff(np.r_[first, d]) / d,
        np.add.reduceat(power[order], first),
    )
