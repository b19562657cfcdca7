r"""The whole learning curve at a finite ratio of inputs to samples, one and two layers.

Gradient flow from a small start gives $w(t)=G_t(\hat\Sigma)v$, $v=\frac1nX^\top y$, so
that every mean over data sets is a contour sum with the response $h=1-zG$:
$$\text{risk}=\beta^\top h\Sigma h\beta
  +\frac{\sigma^2}n\mathrm{tr}\,\Sigma G^2\hat\Sigma,\qquad
  \text{training error}=\beta^\top h\hat\Sigma h\beta
  +\frac{\sigma^2}n\mathrm{tr}\,h(\tfrac1nXX^\top)^2,$$
$|w|^2=v^\top G^2v$, and a direction $u$ of $\Sigma$ is learned to the fraction
$u^\top(1-h)u$. One layer that starts from zero has $G=(1-e^{-zt})/z$. Two layers that
start balanced along $v$ have $G=\alpha F$ of `balanced_path`.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from linnet.phenomena.anisotropy.theory.balanced_path import BalancedPath, balanced_path
from linnet.phenomena.anisotropy.theory.companion import support_edges
from linnet.phenomena.anisotropy.theory.contour import Contour, sample_contour
from linnet.phenomena.anisotropy.theory.conventions import Risk
from linnet.phenomena.anisotropy.theory.population import PopulationSpectrum
from linnet.phenomena.anisotropy.theory.refusals import (
    check_noise,
    check_positive,
    check_time_row,
    check_type,
)
from linnet.shapes import Float

GROWTH = 3.0
"""Exponent that nodes below zero may have grown to, where zero is enclosed."""
SMALLEST = 1e-100
"""Start of two layers whose cube is still a number."""


@final
@dataclass(frozen=True, eq=False)
class LearningCurve:
    r"""Means over data sets along training; the last axis of arrays is time.

    Leading axes are those of `noise`, the teachers and `init_scale`, broadcast.

    Attributes:
        times: $t$, learning rate times steps.
        signal: Risk that the signal has left, $\beta^\top h\Sigma h\beta$.
        variance: Risk that label noise adds, $\propto\sigma^2$ for one layer.
        training_error: $\frac1n\lVert y-Xw\rVert^2$, twice the training loss.
        learned: Fraction of the teacher learned along each eigenvalue of $\Sigma$, in
            the order of the spectrum, of shape (..., K, T).
        size: $\lVert w\rVert$; for two layers this is $\alpha^2$.
        signal_power: $\beta^\top\Sigma\beta$, of shape (...).
        noise: $\sigma$, of shape (...).
        depth: 1 or 2.
        contour: Nodes that were used; their number was chosen for its `error`.
    """

    times: Float[np.ndarray, " T"]
    signal: Float[np.ndarray, "... T"]
    variance: Float[np.ndarray, "... T"]
    training_error: Float[np.ndarray, "... T"]
    learned: Float[np.ndarray, "... K T"]
    size: Float[np.ndarray, "... T"]
    signal_power: Float[np.ndarray, "..."]
    noise: Float[np.ndarray, "..."]
    depth: int
    contour: Contour

    @property
    def risk(self) -> Float[np.ndarray, "... T"]:
        r"""Mean of $(w-\beta)^\top\Sigma(w-\beta)$."""
        return self.signal + self.variance

    @property
    def parts(self) -> Risk:
        """The risk in its parts, for any convention."""
        return Risk(
            self.signal,
            self.variance,
            np.broadcast_to(self.signal_power[..., None], self.signal.shape),
            np.broadcast_to(self.noise[..., None], self.signal.shape),
        )

    def best(self) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
        """Time and risk of the smallest risk among the times asked for."""
        at = self.risk.argmin(-1)
        lowest = np.take_along_axis(self.risk, at[..., None], -1)[..., 0]
        return self.times[at], lowest


def learning_curve(
    spectrum: PopulationSpectrum,
    times: Float[np.ndarray, " T"],
    *,
    aspect_ratio: float,
    depth: int = 1,
    noise: Float[np.ndarray, "..."] | float = 0.0,
    init_scale: Float[np.ndarray, "..."] | float | None = None,
    nodes: int | None = None,
) -> LearningCurve:
    r"""Risk, training error, learned fractions and size of the network over training.

    `noise`, the leading axes of the teacher and `init_scale` broadcast and share one
    contour and, for two layers, one integration, whose steps suit all of them. Grids
    over the aspect ratio or the spectrum are loops over calls.

    Valid for: Gaussian inputs, $n,d\to\infty$ at fixed $\gamma$ with errors of $O(1/n)$
    in means over data sets (several $/n$, and more where $|d-n|$ is a few, or a single
    direction dominates); gradient flow, the loss of the house; one output. Depth 1
    starts from zero. Depth 2 starts at $a=\alpha_0\hat a$,
    $W=\alpha_0\hat a\hat v^\top$ along $v=\frac1nX^\top y$; any other start follows
    this with $\alpha_0=\frac12\lVert a_0+W_0\hat v\rVert$ if it is small, except for
    what it leaves in the null space of the data. At $\gamma=1$ all finite times are
    answered; the limit of infinite time has an infinite variance there.

    Args:
        spectrum: The population: eigenvalues, shares and teacher.
        times: $t\ge0$, finite, in any order.
        aspect_ratio: $\gamma=d/n>0$.
        depth: 1, linear regression, or 2.
        noise: $\sigma\ge0$, standard deviation of the labels.
        init_scale: $\alpha_0\ge10^{-100}$, of each layer, for depth 2; the product
            starts at $\alpha_0^2$. None for depth 1.
        nodes: Nodes of the contour; None chooses enough.

    Returns:
        The curve.

    Raises:
        ValueError: when an argument is out of its range.
        ArithmeticError: when the contour does not converge, or the integration takes
            too many steps.

    Reference: derived here; for the statement that aligned spikes improve
        generalization see Watanabe et al. 2026.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spiked_population
        >>> curve = learning_curve(
        ...     spiked_population(5.0, 0.6), np.array([0.0, 1.0, 2.0]), depth=2,
        ...     aspect_ratio=0.5, noise=0.7, init_scale=0.05,
        ... )
        >>> curve.risk.round(4)
        array([2.7826, 0.4445, 0.2519])
    """
    times = check_time_row(times)
    if not times.size:
        raise ValueError("Argument `times` must hold a time, but is empty.")
    fresh = np.asarray(noise, dtype=float)
    run = training(
        spectrum, float(times.max()), aspect_ratio=aspect_ratio, depth=depth,
        noise=fresh, init_scale=init_scale, nodes=nodes,
    )  # fmt: skip
    signal, variance, error, learned, size = (
        x.reshape(*run.grid, *x.shape[1:]) for x in _series(run, *run.filters(times))
    )
    total, fresh = (
        np.broadcast_to(x, run.grid) for x in (spectrum.signal_power, fresh)
    )
    return LearningCurve(
        times, signal, variance, error, learned, size, total, fresh, depth, run.contour
    )


@final
@dataclass(frozen=True, eq=False)
class Training:
    """A batch of networks under training: what gives their responses at any time.

    Attributes:
        contour: Nodes around the sample spectrum.
        power: Squared teacher components of each member, (B, K).
        noise: Label noise of each member, (B,).
        path: Of two layers; None for one.
        grid: Shape of the batch as it was asked for.
    """

    contour: Contour
    power: Float[np.ndarray, "B K"]
    noise: Float[np.ndarray, " B"]
    path: BalancedPath | None
    grid: tuple[int, ...]

    def filters(
        self, times: Float[np.ndarray, " T"]
    ) -> tuple[Float[np.ndarray, "B T N"], Float[np.ndarray, "B T N"]]:
        """The filter $G$ and the response $h$ at the nodes; complex."""
        points, members = self.contour.points, range(len(self.noise))
        if self.path is None:
            exponent = -points * times[:, None]
            shape = (len(members), *exponent.shape)
            gain = np.broadcast_to(-np.expm1(exponent) / points, shape)
            return gain, np.broadcast_to(np.exp(exponent), shape)
        pairs = [self.path.at(times, member) for member in members]
        gain = np.stack([amplitude[:, None] * modes for amplitude, modes in pairs])
        return gain, 1 - points * gain

    def risk(
        self, gain: Float[np.ndarray, "B T N"], left: Float[np.ndarray, "B T N"]
    ) -> tuple[Float[np.ndarray, "B T"], Float[np.ndarray, "B T"]]:
        """Signal and variance of filters and their responses."""
        weights = self.contour.variance_weights * self.contour.points
        variance = self.noise[:, None] ** 2 * (gain**2 @ weights).real
        return self.contour.risk_form(left, self.power), variance


def training(
    spectrum: PopulationSpectrum,
    horizon: float,
    *,
    aspect_ratio: float,
    depth: int,
    noise: Float[np.ndarray, "*noises"] | float,
    init_scale: Float[np.ndarray, "*scales"] | float | None,
    nodes: int | None = None,
    reach: float = np.inf,
) -> Training:
    r"""A `Training` up to a last time; arguments and refusals of `learning_curve`.

    Two layers end at $\theta=$ `reach` if that comes first.
    """
    check_type("spectrum", spectrum, PopulationSpectrum)
    _check(depth, noise, init_scale)
    fresh = np.asarray(noise, dtype=float)
    scale = np.asarray(1.0 if init_scale is None else init_scale, dtype=float)
    grid = np.broadcast_shapes(
        fresh.shape, spectrum.target_power.shape[:-1], scale.shape
    )
    count = len(spectrum.eigenvalues)
    power = np.broadcast_to(spectrum.target_power, (*grid, count)).reshape(-1, count)
    fresh, scale = (np.broadcast_to(x, grid).ravel() for x in (fresh, scale))
    largest = support_edges(spectrum, aspect_ratio)[1]
    latest = max(horizon if np.isfinite(horizon) else reach, 10 / largest)
    while True:
        contour = sample_contour(spectrum, aspect_ratio, horizon=latest, nodes=nodes)
        if depth == 1:
            return Training(contour, power, fresh, None, grid)
        # Nodes below zero grow: where they would grow too much, a wider contour.
        wide = GROWTH / contour.shift if contour.shift else np.inf
        weights = contour.drive_weights(power, fresh)
        path = balanced_path(contour.points, weights, scale, horizon, min(reach, wide))
        if reach <= wide or path.times[-1, :, -1].min() >= horizon:
            return Training(contour, power, fresh, path, grid)
        latest *= 10


def _series(
    run: Training,
    gain: Float[np.ndarray, "B T N"],
    left: Float[np.ndarray, "B T N"],
) -> tuple[np.ndarray, ...]:
    """Signal, variance, training error (B, T), learned (B, K, T) and size (B, T)."""
    contour, power = run.contour, run.power
    points, resolvent = contour.points, contour.resolvent
    drives = contour.drive_weights(power, run.noise)
    squares = ((gain**2) @ drives[..., None])[..., 0].real
    signals = contour.weights * points * (power @ resolvent.T)
    fitted = ((left**2) @ signals[..., None])[..., 0].real
    spare = (left**2 @ contour.sample_weights).real + contour.sample_null
    learned = ((points * gain * contour.weights) @ resolvent).real
    return (
        *run.risk(gain, left),
        fitted + run.noise[:, None] ** 2 * spare,
        np.swapaxes(learned, -1, -2),
        np.sqrt(np.clip(squares, 0, None)),
    )


def _check(
    depth: int,
    noise: Float[np.ndarray, "..."] | float,
    init_scale: Float[np.ndarray, "..."] | float | None,
) -> None:
    check_noise(noise)
    if depth not in (1, 2):
        raise ValueError(
            f"Argument `depth` must be 1 or 2, but is {depth}: deeper networks have no"
            " learning curve here."
        )
    if depth == 2:
        if init_scale is None:
            raise ValueError(
                "Argument `init_scale` must be given for two layers, but is None: from"
                " zero they never move."
            )
        check_positive("init_scale", init_scale, "from zero two layers never move")
        least = np.min(init_scale)
        if least < SMALLEST:
            raise ValueError(
                f"Argument `init_scale` must be >= {SMALLEST:g}, but is {least:.3g},"
                " whose cube underflows: start larger, since times grow with its"
                " logarithm only."
            )
    elif init_scale is not None:
        raise ValueError(
            f"Argument `init_scale` must be None for one layer, but is {init_scale}: a"
            " single layer starts from zero."
        )
