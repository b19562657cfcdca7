r"""A data set's training, exactly: one scalar and one number per mode of the inputs.

Layers that start with rank one, $a = \alpha r$ and $W = r\omega^\top$, keep the hidden
direction $r$, and the network is $w = \alpha\omega$. In the modes of the inputs
(`InputModes`) gradient flow is
$$\dot\alpha = \omega\cdot g,\qquad \dot\omega_i = \alpha g_i,\qquad
  g_i = v_i-\lambda_i\alpha\omega_i,$$
and gradient descent the same with a finite step. What $\omega$ has outside of the
inputs' range never trains, but is read out through $\alpha$. $L$ layers of rank one
with upper layers of equal length $\alpha$ obey $w = \alpha^{L-1}\omega$,
$\dot\alpha = \alpha^{L-2}\omega\cdot g$, $\dot\omega = \alpha^{L-1}g$; weight decay
$\frac\mu2$ on the squares of all weights takes $\mu$ times each. Derived here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.arrow_flow import ArrowField, arrow_flow
from linnet.phenomena.anisotropy.theory.input_modes import InputModes
from linnet.phenomena.anisotropy.theory.refusals import (
    check_depth,
    check_finite_row,
    check_not_negative,
    check_positive,
    check_steps,
    check_times,
    check_tolerance,
)
from linnet.shapes import Float, Int
from linnet.task import Moments


@dataclass(frozen=True, eq=False)
class ModePath:
    r"""Training along its times, from `mode_flow` or `mode_descent`.

    Attributes:
        modes: The data.
        times: Learning rate times steps, for a descent.
        alpha: $\alpha$, length of each upper layer, with a sign.
        omega: $\omega_i$, shape `(times, r)`.
        idle: Part of $\omega(0)$ outside of the inputs' range, shape `(d,)`.
        idle_decay: What weight decay has left of it, 1 without.
        power: $L - 1$.
    """

    modes: InputModes
    times: Float[np.ndarray, " times"]
    alpha: Float[np.ndarray, " times"]
    omega: Float[np.ndarray, "times r"]
    idle: Float[np.ndarray, " d"]
    idle_decay: Float[np.ndarray, " times"]
    power: int

    @property
    def coordinates(self) -> Float[np.ndarray, "times r"]:
        r"""$w$ along the modes, $\alpha^{L-1}\omega_i$."""
        return self.alpha[:, None] ** self.power * self.omega

    def end_to_end(self) -> Float[np.ndarray, "times d"]:
        """$w$ in the input space, what is idle included."""
        scale = self.alpha**self.power * self.idle_decay
        return self.coordinates @ self.modes.basis.T + np.outer(scale, self.idle)

    def learned(self) -> Float[np.ndarray, "times r"]:
        r"""Learned fraction of each mode, $w_i\lambda_i/v_i$.

        Infinite, or 0 where $w_i$ is 0, when a mode has no drive.
        """
        found, target = self.coordinates, self.modes.minimizer
        driven = target != 0
        without = np.where(found == 0, 0.0, np.copysign(np.inf, found))
        return np.where(driven, found / np.where(driven, target, 1.0), without)

    def training_loss(self) -> Float[np.ndarray, " times"]:
        """Loss of the data that were trained on, with the ½."""
        return self.modes.loss(self.coordinates)

    def excess_risk(self, population: Moments) -> Float[np.ndarray, " times"]:
        r"""$(w-\beta)^\top\Sigma(w-\beta)$ on other moments; neither ½ nor noise.

        Raises:
            ValueError: when the moments have other inputs or several outputs.
        """
        if population.yx.shape != (1, len(self.idle)):
            raise ValueError(
                f"Argument `population` must have one output and {len(self.idle)}"
                f" inputs, but `yx` has shape {population.yx.shape}."
            )
        gap = self.end_to_end() - population.minimizer().end_to_end
        return np.sum((gap @ population.xx) * gap, axis=1)


def mode_flow(
    modes: InputModes,
    alpha: float,
    omega: Float[np.ndarray, " d"],
    times: ArrayLike,
    *,
    depth: int = 2,
    weight_decay: float = 0.0,
    tolerance: float = 1e-10,
) -> ModePath:
    r"""Gradient flow from layers of rank one, at $O(r)$ per step of the integrator.

    Valid for: one output; two layers of rank one with any signs and lengths, balanced
    or not, or more layers, the upper ones of one length (all balanced: $\alpha$ is the
    length of $\omega$ too). For a start of full rank that is small see `grown_start`.

    Args:
        modes: The data, from `modes_of_data` or `modes_of_moments`.
        alpha: $\alpha(0)$.
        omega: $\omega(0)$ in the input space. A zero start stays at zero.
        times: Rising, >= 0.
        depth: $L\ge2$.
        weight_decay: $\mu\ge0$.
        tolerance: Of each step, relative to the largest $\alpha$ and $\omega$ so far.

    Raises:
        ValueError: when an argument does not fit, or is not finite.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import (
        ...     modes_of_moments, spike_plane)
        >>> modes = modes_of_moments(spike_plane(10.0, 0.3).moments())
        >>> start = np.array([1e-3, 0.0])
        >>> mode_flow(modes, 1e-3, start, [1.85, 3.128]).end_to_end().round(3)
        array([[0.168, 0.01 ],
               [0.449, 0.417]])
    """
    check_tolerance(tolerance)
    at = check_times(times)
    inside, idle = _start(modes, alpha, omega, depth, weight_decay)
    field = ArrowField(
        modes.eigenvalues[None], modes.drive[None], depth - 1, weight_decay
    )
    start = np.concatenate([[alpha], inside])
    states = arrow_flow(field, start[None], at, tolerance)[0]
    decay = np.exp(-weight_decay * at)
    return ModePath(modes, at, states[:, 0], states[:, 1:], idle, decay, depth - 1)


def mode_descent(
    modes: InputModes,
    alpha: float,
    omega: Float[np.ndarray, " d"],
    steps: Int[np.ndarray, " saves"],
    learning_rate: float,
    *,
    depth: int = 2,
    weight_decay: float = 0.0,
) -> ModePath:
    r"""Gradient descent of all weights from layers of rank one, at $O(r)$ per step.

    $$\alpha' = \alpha + \eta(\alpha^{L-2}\omega\cdot g - \mu\alpha),\quad
      \omega_i' = \omega_i + \eta(\alpha^{L-1}g_i - \mu\omega_i).$$
    No approximation: the same numbers as of descent in all weights, up to rounding.

    Valid for: as `mode_flow`, at any learning rate for which it stays finite. Where
    descent is chaotic rounding grows, as it does in all weights.

    Args:
        modes: The data.
        alpha: $\alpha(0)$.
        omega: $\omega(0)$ in the input space.
        steps: Whole numbers >= 0, rising, after which the path is kept.
        learning_rate: $\eta > 0$.
        depth: $L\ge2$.
        weight_decay: $\mu\ge0$.

    Returns:
        The path; its times are $\eta$ times `steps`.

    Raises:
        ValueError: when an argument does not fit, or descent diverges.

    Reference: derived here.
    """
    check_positive("learning_rate", learning_rate, "descent has to move")
    at = check_steps(steps)
    now, idle = _start(modes, alpha, omega, depth, weight_decay)
    alphas, omegas = np.empty(len(at)), np.empty((len(at), len(now)))
    done, length = 0, float(alpha)
    for row, step in enumerate(at):
        length = _descended(
            modes, length, now, step - done, learning_rate, depth - 1, weight_decay
        )
        done, alphas[row], omegas[row] = step, length, now
        _check_bounded(length, now, step)
    decay = (1 - learning_rate * weight_decay) ** at.astype(float)
    return ModePath(modes, learning_rate * at, alphas, omegas, idle, decay, depth - 1)


def _start(
    modes: InputModes,
    alpha: float,
    omega: Float[np.ndarray, " d"],
    depth: int,
    weight_decay: float,
) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, " d"]]:
    """The start's coordinates along the modes, and what lies outside of them."""
    check_depth(depth, least=2)
    check_not_negative("weight_decay", weight_decay, "it pulls weights towards zero")
    if not np.isfinite(alpha):
        raise ValueError(f"Argument `alpha` must be finite, but is {alpha}.")
    row = check_finite_row("omega", omega, len(modes.basis))
    inside = row @ modes.basis
    return inside, row - modes.basis @ inside


def _descended(
    modes: InputModes,
    length: float,
    now: Float[np.ndarray, " r"],
    steps: int,
    learning_rate: float,
    power: int,
    weight_decay: float,
) -> float:
    r"""Some steps more, with $\omega$ changed in place; returns $\alpha$."""
    kept = 1 - learning_rate * weight_decay
    slope = np.empty_like(now)
    # Thousands of steps of a few microseconds: nothing is allocated in them.
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            below = learning_rate * length ** (power - 1)
            np.multiply(modes.eigenvalues, now, out=slope)
            np.multiply(slope, length**power, out=slope)
            np.subtract(modes.drive, slope, out=slope)
            pull = float(slope.dot(now))
            np.multiply(slope, below * length, out=slope)
            if weight_decay:
                np.multiply(now, kept, out=now)
            np.add(now, slope, out=now)
            length = kept * length + below * pull
    return length


def _check_bounded(length: float, now: np.ndarray, step: int) -> None:
    if not (np.isfinite(length) and np.isfinite(now).all()):
        raise ValueError(
            f"Argument `learning_rate` must be small enough, but by step {step} the"
            " weights have diverged: lower it."
        )
