r"""Means of functions of a sample covariance, as sums over nodes around its spectrum.

For data sets of Gaussian inputs, $\hat\Sigma=\frac1nX^\top X$ and $n\to\infty$ at fixed
$\gamma=d/n$, in the sense of deterministic equivalents,
$$f(\hat\Sigma)\simeq\sum_jc_jf(z_j)R_j,\qquad R_j=(I+\tilde m_j\Sigma)^{-1},\quad
  c_j=\frac{dz_j}{2\pi i\,z_j},$$
$$f(\hat\Sigma)\Sigma g(\hat\Sigma)\simeq\sum_{jk}c_jc_kf(z_j)g(z_k)
  \frac{R_j\Sigma R_k}{1-\frac1n\mathrm{tr}\,S_jS_k},\qquad
  S_j=\tilde m_j\Sigma R_j,$$
with $\tilde m$ of `companion`. The nodes lie on an ellipse in $\ln z$, whose foci are
the edges of the spectrum: $z$ itself spans too many orders of magnitude close to
$\gamma=1$ or with a large spike, and the ellipse keeps $\mathrm{Re}\,z>0$, where
responses decay. It leaves out zero; the null space is one more node, $c=1$, with the
real $\tilde m(0)$. Only the half above the real line is kept: $f$ is real.

Where the edge comes too close to zero to pass between them, the ellipse is one in
$\ln(z+\delta)$ and goes around zero, with the null space inside: then $f$ must be
analytic at zero, and $e^{-zt}$ may be asked for up to $t\sim1/\delta$.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from linnet.numerics.deterministic_equivalents import effective_ridge
from linnet.phenomena.anisotropy.theory.companion import (
    companion_transform,
    support_edges,
)
from linnet.phenomena.anisotropy.theory.population import PopulationSpectrum
from linnet.phenomena.anisotropy.theory.refusals import (
    check_not_negative,
    check_positive,
)
from linnet.shapes import Float

TOLERANCE = 1e-10
CLOSEST = 1e-12
"""Lower edge over upper edge below which the contour goes around zero as well."""
MOST_NODES = 1024


@final
@dataclass(frozen=True, eq=False)
class Contour:
    r"""Nodes, weights and the Stieltjes transform around a sample spectrum.

    Attributes:
        spectrum: The population.
        aspect_ratio: $\gamma$.
        edges: Smallest and largest positive eigenvalue, outliers included.
        points: $z_j$, complex, above the real line.
        weights: $2c_j$, complex: sums are real parts.
        companion: $\tilde m_j$, complex.
        null: $\tilde m(0)$ of the node of the null space; infinite where $\hat\Sigma$
            has only the null space of $\Sigma$; None if zero is inside the contour.
        shift: $\delta$.
        error: Largest change of the mass, the mean eigenvalue, and of a few responses
            when the nodes are doubled, relative to their size at time zero.
    """

    spectrum: PopulationSpectrum
    aspect_ratio: float
    edges: tuple[float, float]
    points: Float[np.ndarray, " N"]
    weights: Float[np.ndarray, " N"]
    companion: Float[np.ndarray, " N"]
    null: float | None
    shift: float
    error: float

    @cached_property
    def resolvent(self) -> Float[np.ndarray, "N K"]:
        r"""Diagonal of $R_j$ on the eigenvalues of $\Sigma$; complex."""
        return 1 / (1 + self.companion[:, None] * self.spectrum.eigenvalues)

    @property
    def null_resolvent(self) -> Float[np.ndarray, " K"]:
        r"""$(I+\tilde m(0)\Sigma)^{-1}$, the mean projector on the null space."""
        eigenvalues = self.spectrum.eigenvalues
        if self.null is None:
            return np.zeros_like(eigenvalues)
        if np.isinf(self.null):
            return np.where(eigenvalues > 0, 0.0, 1.0)
        return 1 / (1 + self.null * eigenvalues)

    @property
    def sample_null(self) -> float:
        r"""Share of the $n$ directions of samples without variance, if left out."""
        rank = float(self.spectrum.shares[self.spectrum.eigenvalues > 0].sum())
        return 0.0 if self.null is None else max(0.0, 1 - self.aspect_ratio * rank)

    @property
    def sample_weights(self) -> Float[np.ndarray, " N"]:
        r"""Complex $W$: $\frac1n\mathrm{tr}f(\frac1nXX^\top)$, without null."""
        return -self.weights * self.points * self.companion

    @cached_property
    def variance_weights(self) -> Float[np.ndarray, " N"]:
        r"""Complex $W$: $\frac1n\mathrm{tr}\,\Sigma f(\hat\Sigma)$, without null."""
        load = self.spectrum.shares * self.spectrum.eigenvalues
        return self.weights * self.aspect_ratio * (self.resolvent @ load)

    def drive_weights(
        self, power: Float[np.ndarray, "B K"], noise: Float[np.ndarray, " B"]
    ) -> Float[np.ndarray, "B N"]:
        r"""Complex $W$ of the moments of $v=\frac1nX^\top y$, for teachers and noises.

        $v^\top f(\hat\Sigma)v=\mathrm{Re}\sum_jW_jf_j$, from
        $\beta^\top\hat\Sigma^2f\beta+\frac{\sigma^2}n\mathrm{tr}\,\hat\Sigma f$.
        """
        # Less what has no pole inside, R - 1 in place of R and -z m - 1 of -z m: else
        # small variances would weigh as much as large ones until they cancel.
        load = (power * self.spectrum.eigenvalues) @ self.resolvent.T
        signal = self.points * self.weights * load
        fresh = noise[:, None] ** 2 * self.variance_weights
        return -self.points * self.companion * (signal + fresh)

    def risk_form(
        self,
        response: Float[np.ndarray, "B T N"],
        power: Float[np.ndarray, "B K"],
    ) -> Float[np.ndarray, "B T"]:
        r"""$\beta^\top f(\hat\Sigma)\Sigma f(\hat\Sigma)\beta$ for responses $f(z_j)$.

        Args:
            response: $f(z_j)$, complex; $f(0) = 1$ on the null space.
            power: $\beta_k^2$.
        """
        total = np.zeros(response.shape[:2])
        kinds, kind = np.unique(power, axis=0, return_inverse=True)
        for index, squares in enumerate(kinds):
            same = kind.ravel() == index
            total[same] = self._form(response[same] * self.weights, squares)
        return total

    def _form(
        self, weighed: Float[np.ndarray, "B T N"], squares: Float[np.ndarray, " K"]
    ) -> Float[np.ndarray, "B T"]:
        eigenvalues = self.spectrum.eigenvalues
        shares = self.aspect_ratio * self.spectrum.shares
        resolvent, null = self.resolvent, self.null_resolvent
        loaded = resolvent * (eigenvalues * squares)
        # S = 1 - R, of which neither is had by a difference where it is small.
        taken = self.companion[:, None] * eigenvalues * resolvent
        kernel = (loaded @ resolvent.T) / (1 - (taken * shares) @ taken.T)
        twin = (loaded @ resolvent.conj().T) / (1 - (taken * shares) @ taken.conj().T)
        total = ((weighed @ kernel) * weighed).sum(-1).real / 2
        total += ((weighed @ twin) * weighed.conj()).sum(-1).real / 2
        if self.null is None:
            return total
        gone = np.where(eigenvalues > 0, 1 - null, 0.0)
        mixed = (loaded @ null) / (1 - (taken * shares) @ gone)
        alone = (null**2 * eigenvalues) @ squares / (1 - shares @ gone**2)
        return total + 2 * (weighed @ mixed).real + alone


def sample_contour(
    spectrum: PopulationSpectrum,
    aspect_ratio: float,
    *,
    horizon: float = 0.0,
    nodes: int | None = None,
    tolerance: float = TOLERANCE,
) -> Contour:
    r"""The contour of a population at an aspect ratio, with as many nodes as it needs.

    The half axes of the ellipse are $c\cosh r$ and $c\sinh r$,
    $2c=\ln(\lambda_+/\lambda_-)$, $r=\frac12\mathrm{arsinh}\frac\pi{2c}$, halfway to
    where $\mathrm{Re}\,z<0$; the error falls as $e^{-2rN}$ with $N$ nodes above the
    real line. $N$ is doubled until doubling changes nothing beyond `tolerance`.

    Valid for: $n\to\infty$ at fixed $\gamma$. At $\gamma=1$, or where the lower edge
    is below 1e-12 of the upper one, only for responses up to the `horizon`.

    Args:
        spectrum: The population.
        aspect_ratio: $\gamma=d/n>0$.
        horizon: Largest $t$ of $e^{-zt}$, needed where zero is enclosed.
        nodes: Nodes above the real line; None chooses.
        tolerance: Of the doubling.

    Returns:
        The contour.

    Raises:
        ValueError: when an argument is out of its range.
        ArithmeticError: when the contour does not converge.

    Reference: derived here; deterministic equivalents of resolvents are textbook.
    """
    check_not_negative("horizon", horizon, "it is a time")
    check_positive("tolerance", tolerance, "no sum is exact")
    if nodes is not None and not (nodes >= 1 and nodes == int(nodes)):
        raise ValueError(
            f"Argument `nodes` must be a whole number >= 1, but is {nodes}."
        )
    low, high = edges = support_edges(spectrum, aspect_ratio)
    shift = 0.0 if low >= CLOSEST * high else 1 / max(horizon, 10 / high)
    count = nodes or _estimate(low, high, shift, tolerance)
    while True:
        coarse = _contour(spectrum, aspect_ratio, edges, shift, count)
        fine = _contour(spectrum, aspect_ratio, edges, shift, 2 * count)
        error = float(abs(_probes(coarse) - _probes(fine)).max())
        if nodes is not None or error <= tolerance:
            return replace(coarse, error=error)
        count *= 2
        if count > MOST_NODES:
            raise ArithmeticError(
                f"The contour around [{low:.3g}, {high:.3g}] is not accurate to"
                f" {tolerance:.3g} with {count // 2} nodes, but to {error:.3g}: raise"
                " `tolerance`."
            )


def _estimate(low: float, high: float, shift: float, tolerance: float) -> int:
    """Nodes that should be enough: a little more than the rate of the error asks."""
    rate = np.arcsinh(np.pi / np.log((high + shift) / (shift if shift else low)))
    return int(np.ceil(-1.15 * np.log(min(tolerance, 0.1)) / rate)) + 2


def _contour(
    spectrum: PopulationSpectrum,
    aspect_ratio: float,
    edges: tuple[float, float],
    shift: float,
    count: int,
) -> Contour:
    low, high = edges
    ends = np.log(shift if shift else low), np.log(high + shift)
    half, middle = max((ends[1] - ends[0]) / 2, 1e-3), (ends[0] + ends[1]) / 2
    wide = np.arcsinh(np.pi / 2 / half) / 2
    angle = (np.arange(count) + 0.5) * np.pi / count
    along, up = half * np.cosh(wide), half * np.sinh(wide)
    exponential = np.exp(middle + along * np.cos(angle) + 1j * up * np.sin(angle))
    points = exponential - shift
    slope = exponential * (-along * np.sin(angle) + 1j * up * np.cos(angle))
    weights = slope / (1j * count * points)  # twice the step pi / count over 2 pi i
    companion = companion_transform(points, spectrum, aspect_ratio)
    null = None if shift else _null(spectrum, aspect_ratio)
    return Contour(
        spectrum, aspect_ratio, edges, points, weights, companion, null, shift, 0.0
    )


def _null(spectrum: PopulationSpectrum, aspect_ratio: float) -> float:
    r"""$\tilde m(0)=1/\kappa$, of the effective ridge without a penalty."""
    counts = aspect_ratio * spectrum.shares
    kappa = float(effective_ridge(spectrum.eigenvalues, 1, 0.0, counts))
    return 1 / kappa if kappa > 0 else float("inf")


def _probes(contour: Contour) -> Float[np.ndarray, " P"]:
    """What must not depend on the number of nodes, each of order one."""
    low, high = contour.edges
    times = np.geomspace(1 / high, 1 / max(low, contour.shift), 6)[:, None]
    decay = np.exp(-contour.points * times)
    relative = contour.points / high
    values = np.concatenate([np.ones((1, len(relative))), relative[None], decay])
    eigenvalues = contour.spectrum.eigenvalues
    power = contour.spectrum.target_power.reshape(-1, len(eigenvalues))
    every = power.sum(0)
    pairs = contour.risk_form(values[None], every[None])[0] / (every @ eigenvalues)
    weights = contour.variance_weights
    variance = contour.aspect_ratio * (contour.spectrum.shares @ eigenvalues)
    drives = contour.drive_weights(power, np.zeros(len(power))).sum(1).real
    drives /= power @ (eigenvalues * (eigenvalues + variance))
    return np.concatenate([pairs, drives, (values @ weights).real / variance])
