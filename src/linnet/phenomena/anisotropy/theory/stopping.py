r"""When to stop: the smallest risk over time, for one and two layers, against ridge.

Early stopping is a penalty of another shape. Which of the three regularizes best
depends on how the teacher lies in the spectrum: isotropic data favor ridge, which is
Bayes optimal there; aligned and noisy data favor two layers, which grow what they see
first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from linnet.phenomena.anisotropy.theory.companion import support_edges
from linnet.phenomena.anisotropy.theory.curve import Training, training
from linnet.phenomena.anisotropy.theory.equivalents import equivalent_risk
from linnet.phenomena.anisotropy.theory.penalty import optimal_ridge
from linnet.phenomena.anisotropy.theory.population import PopulationSpectrum
from linnet.phenomena.anisotropy.theory.refusals import check_one_number, check_type
from linnet.shapes import Float

SAME = 1e-10
"""A gain on the final risk below this part of the signal power is none."""
LATEST = 1e9
r"""Last time of one layer, or $\theta$ of two, times the largest eigenvalue."""


@final
@dataclass(frozen=True)
class Stopping:
    r"""When training is at its best, and what stopping there is worth.

    Attributes:
        time: The time to stop; infinite if never.
        risk: The smallest excess risk.
        final_risk: The risk of training to the end; may be infinite.
    """

    time: float
    risk: float
    final_risk: float


@final
@dataclass(frozen=True)
class Regularizers:
    """The best excess risk that each regularizer reaches on one population.

    Attributes:
        final_risk: Without any: ridgeless, or training to the end.
        ridge: With the best penalty, not negative.
        one_layer: Linear regression, stopped at the best time.
        two_layers: A two-layer network from a small start, stopped at the best time.
    """

    final_risk: float
    ridge: float
    one_layer: Stopping
    two_layers: Stopping


def best_stopping(
    spectrum: PopulationSpectrum,
    *,
    aspect_ratio: float,
    noise: float,
    depth: int = 1,
    init_scale: float | None = None,
) -> Stopping:
    r"""The time at which the risk of `learning_curve` is smallest.

    The lowest of a few hundred times that follow the dynamics, then looked at closer
    and closer between its neighbors. Where no time beats the limit by more than 1e-10
    of the signal power, as without noise, the time is infinite.

    Valid for: as `learning_curve`; one teacher. Grids are loops.

    Args:
        spectrum: The population, with one teacher.
        aspect_ratio: $\gamma = d/n > 0$.
        noise: $\sigma\ge0$.
        depth: 1 or 2.
        init_scale: $\alpha_0\ge10^{-100}$ for depth 2, None for depth 1.

    Returns:
        The time, its risk, and the risk of training to the end.

    Raises:
        ValueError: when an argument is out of its range or a grid, or there are several
            teachers.
        ArithmeticError: when the risk still falls at the last time that is looked at,
            1e9 over the largest eigenvalue: with very little noise close to
            $\gamma=1$, or with a very wide spectrum.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spiked_population
        >>> aligned = spiked_population(5.0, 1.0)
        >>> stop = best_stopping(aligned, aspect_ratio=0.5, noise=0.7)
        >>> round(stop.risk, 4), round(stop.final_risk, 4)
        (0.1083, 0.49)
    """
    _check_one(spectrum, aspect_ratio, noise, init_scale)
    low, high = support_edges(spectrum, aspect_ratio)
    whole = low * LATEST > 40 * high
    enough = 40 / low if whole else LATEST / high
    run, times = _followed(spectrum, enough, aspect_ratio, depth, noise, init_scale)
    final_risk = _final_risk(spectrum, aspect_ratio, noise)

    def risk(at: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
        signal, variance = run.risk(*run.filters(at))
        return (signal + variance)[0]

    time, lowest, inside = _lowest(risk, times)
    never = final_risk <= lowest + SAME * float(spectrum.signal_power)
    if never and (whole or inside or noise == 0):
        return Stopping(np.inf, final_risk, final_risk)
    if not inside:
        raise ArithmeticError(
            f"The risk still falls at t = {times[-1]:.3g}, the last time looked at:"
            " with so little noise read the time off `learning_curve`."
        )
    return Stopping(time, lowest, final_risk)


def compare_regularizers(
    spectrum: PopulationSpectrum,
    *,
    aspect_ratio: float,
    noise: float,
    init_scale: float,
) -> Regularizers:
    r"""Best ridge against best stopping of one and of two layers.

    Isotropic: ridge < one layer < two layers. Aligned and noisy: the reverse, since two
    layers fit what is large and relevant before they fit the rest.

    Valid for: as `best_stopping`; the penalty is not negative.

    Args:
        spectrum: The population, with one teacher.
        aspect_ratio: $\gamma = d/n > 0$.
        noise: $\sigma\ge0$.
        init_scale: $\alpha_0\ge10^{-100}$ of the two layers; the risk hardly depends on
            it.

    Returns:
        The smallest risks.

    Raises:
        ValueError, ArithmeticError: as `best_stopping`.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spiked_population
        >>> best = compare_regularizers(
        ...     spiked_population(5.0, 1.0), aspect_ratio=0.5, noise=0.7,
        ...     init_scale=0.01,
        ... )
        >>> best.two_layers.risk < best.one_layer.risk < best.ridge
        True
    """
    one = best_stopping(spectrum, aspect_ratio=aspect_ratio, noise=noise)
    two = best_stopping(
        spectrum, aspect_ratio=aspect_ratio, noise=noise, depth=2, init_scale=init_scale
    )
    ridge = optimal_ridge(
        spectrum.eigenvalues,
        spectrum.target_power,
        1,  # multiplicities are per sample
        noise,
        aspect_ratio * spectrum.shares,
    )
    return Regularizers(one.final_risk, float(ridge.risk.excess), one, two)


def _final_risk(
    spectrum: PopulationSpectrum, aspect_ratio: float, noise: float
) -> float:
    counts = aspect_ratio * spectrum.shares  # per sample
    equivalent = equivalent_risk(
        spectrum.eigenvalues, spectrum.target_power, 1, 0.0, noise, counts
    )
    return float(equivalent.risk.excess)


def _followed(
    spectrum: PopulationSpectrum,
    enough: float,
    aspect_ratio: float,
    depth: int,
    noise: float,
    init_scale: float | None,
) -> tuple[Training, Float[np.ndarray, " T"]]:
    """A training that lasts long enough, and times that follow it."""
    run = training(
        spectrum,
        enough if depth == 1 else np.inf,
        aspect_ratio=aspect_ratio,
        depth=depth,
        noise=noise,
        init_scale=init_scale,
        reach=enough,
    )
    if run.path is None:
        first = 1e-3 / run.contour.edges[1]
        return run, np.r_[0.0, np.geomspace(first, enough, 400)]
    return run, np.r_[0.0, run.path.times[:, 0, 1:].ravel()]


def _lowest(
    risk: Callable[[Float[np.ndarray, " T"]], Float[np.ndarray, " T"]],
    grid: Float[np.ndarray, " T"],
) -> tuple[float, float, bool]:
    """Where a function is smallest, how small, and whether before the last point."""
    points, inside = grid, True
    for look in range(6):
        values = risk(points)
        best, last = int(values.argmin()), len(points) - 1
        if look == 0:
            inside = best < last
        found = float(points[best]), float(values[best])
        low, high = points[max(best - 1, 0)], points[min(best + 1, last)]
        points = np.linspace(low, high, 17)
    return *found, inside


def _check_one(
    spectrum: PopulationSpectrum,
    aspect_ratio: float,
    noise: float,
    init_scale: float | None,
) -> None:
    """Refuse grids: each point has a best time of its own."""
    check_type("spectrum", spectrum, PopulationSpectrum)
    check_one_number("aspect_ratio", aspect_ratio)
    check_one_number("noise", noise)
    check_one_number("init_scale", 1.0 if init_scale is None else init_scale)
    if spectrum.target_power.ndim != 1:
        raise ValueError(
            "Argument `spectrum` must have one teacher, but has the batch"
            f" {spectrum.target_power.shape[:-1]}: ask for each by itself."
        )
