r"""One scalar drives all modes: an integrator whose work per step is linear in them.

A network whose layers start with rank one keeps them so: $w = \alpha^{L-1}\omega$ with
the common length $\alpha$ of the upper layers and the one row $\omega$ of the first. In
the eigenbasis of the input moment
$$\dot\alpha = \alpha^{L-2}\,\omega\cdot g,\qquad \dot\omega_i = \alpha^{L-1}g_i,\qquad
  g_i = v_i - \lambda_i\alpha^{L-1}\omega_i,$$
so that the Jacobian is an arrow: one row, one column and a diagonal. These equations
are stiff (rates from the bulk to the spike), start from almost nothing, and are smooth
also where $w$ passes through zero. Collocation at Radau points (stable for every step,
damping at infinity) solves them; its polynomial is as accurate between the steps as at
them, so that no step depends on the times that are asked for. Derived here.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from linnet.shapes import Float

STAGES = 10
ITERATIONS = 12  # of Newton, with one Jacobian per step
MANY = 8  # iterations after which a step is not lengthened
SOLVED = 0.02  # last change by Newton, in tolerances
LARGEST, SMALLEST, SAFETY = 3.0, 0.2, 0.85  # changes of a step
ATTEMPTS = 100_000


@dataclass(frozen=True, eq=False)
class ArrowField:
    r"""The vector field: $\lambda$, $v$, the power $L-1$ and the weight decay."""

    eigenvalues: Float[np.ndarray, " r"]
    drive: Float[np.ndarray, " r"]
    power: int = 1
    weight_decay: float = 0.0

    def velocity(
        self, state: Float[np.ndarray, "*rows r1"]
    ) -> Float[np.ndarray, "*rows r1"]:
        r"""$(\dot\alpha, \dot\omega)$ at states $(\alpha, \omega)$."""
        alpha, omega = state[..., :1], state[..., 1:]
        below = alpha ** (self.power - 1)
        gradient = self.drive - self.eigenvalues * (below * alpha * omega)
        pull = below * np.sum(omega * gradient, axis=-1, keepdims=True)
        moved = np.concatenate([pull, below * alpha * gradient], axis=-1)
        return moved - self.weight_decay * state

    def arrow(
        self, state: Float[np.ndarray, " r1"]
    ) -> tuple[
        float, Float[np.ndarray, " r"], Float[np.ndarray, " r"], Float[np.ndarray, " r"]
    ]:
        """The Jacobian at one state: corner, rest of the row, column, diagonal."""
        alpha, omega = float(state[0]), state[1:]
        below = alpha ** (self.power - 1)
        product = below * alpha
        curved = self.eigenvalues * omega
        slope = below * (self.drive - 2 * product * curved)
        corner = -self.power * below**2 * float(omega @ curved) - self.weight_decay
        if self.power > 1:
            pull = float(omega @ (self.drive - product * curved))
            corner += (self.power - 1) * alpha ** (self.power - 2) * pull
        diagonal = -(product**2) * self.eigenvalues - self.weight_decay
        return corner, slope, self.power * slope, diagonal


def arrow_flow(
    field: ArrowField,
    start: Float[np.ndarray, " r1"],
    times: Float[np.ndarray, " times"],
    tolerance: float,
) -> Float[np.ndarray, "times r1"]:
    r"""States $(\alpha, \omega)$ at rising times >= 0 of the flow from `start`.

    The error of one step is held below `tolerance` times the largest lengths that
    $\alpha$ and $\omega$ have had, each by itself.
    """
    from numpy.polynomial.legendre import legvander

    rule = _collocation(STAGES)
    states = np.repeat(start[None], len(times), axis=0)
    speed = float(np.linalg.norm(field.velocity(start)))
    if speed == 0 or not len(times):
        return states
    now, state, series, sizes = 0.0, start, None, _sizes(start[None])
    step = last = 0.01 * float(np.linalg.norm(start)) / speed
    filled = int(np.searchsorted(times, 0.0, side="right"))
    for _ in range(ATTEMPTS):
        if filled == len(times):
            return states
        guess = _continued(series, step / last, state, rule)
        with np.errstate(over="ignore", invalid="ignore"):  # a step that was too long
            found, iterations = _solved(
                field, rule, state, step, guess, sizes, tolerance
            )
        if found is None:
            step *= SMALLEST
            continue
        polynomial = rule.series @ np.vstack([state, found])
        reached = np.maximum(sizes, _sizes(found))
        factor = _next_factor(polynomial, reached, tolerance)
        if factor < SAFETY:
            step *= max(factor, SMALLEST)
            continue
        until = int(np.searchsorted(times, now + step, side="right"))
        inside = 2 * (times[filled:until] - now) / step - 1
        states[filled:until] = legvander(inside, STAGES) @ polynomial
        filled, now, state = until, now + step, found[-1]
        series, last, sizes = polynomial, step, reached
        step *= min(factor, LARGEST if iterations <= MANY else 1.0)
    raise ArithmeticError(
        f"The flow reached time {now:.3g} of {times[-1]:.3g} in {ATTEMPTS} steps: ask"
        " for earlier times."
    )


@dataclass(frozen=True, eq=False)
class _Collocation:
    """Radau points on [-1, 1], the last one 1, and what follows from them.

    `integrals` integrates over a step of length 1 up to each point and is diagonal,
    `rates`, in `modes`. `series` are the Legendre coefficients of the polynomial
    through the values at -1 and at the points.
    """

    nodes: Float[np.ndarray, " s"]
    integrals: Float[np.ndarray, "s s"]
    rates: np.ndarray
    modes: np.ndarray
    inverse: np.ndarray
    series: Float[np.ndarray, "s1 s1"]


@cache
def _collocation(stages: int) -> _Collocation:
    from numpy.polynomial import legendre

    nodes = np.sort(legendre.legroots([*([0.0] * (stages - 1)), 1.0, -1.0]).real)
    nodes[-1] = 1.0
    values = legendre.legvander(nodes, stages)
    degrees = np.arange(1, stages)
    from_left = np.empty((stages, stages))  # integrals of P_0, P_1, ... from -1
    from_left[:, 0] = nodes + 1
    from_left[:, 1:] = (values[:, 2:] - values[:, :-2]) / (2 * degrees + 1)
    integrals = from_left @ np.linalg.inv(values[:, :-1]) / 2
    rates, modes = np.linalg.eig(integrals)
    everywhere = legendre.legvander(np.concatenate([[-1.0], nodes]), stages)
    return _Collocation(
        nodes, integrals, rates, modes, np.linalg.inv(modes), np.linalg.inv(everywhere)
    )


def _continued(
    series: np.ndarray | None, ratio: float, state: np.ndarray, rule: _Collocation
) -> Float[np.ndarray, "s r1"]:
    """A first guess: the last step's polynomial, or no change."""
    from numpy.polynomial.legendre import legvander

    if series is None or ratio > 2:
        return np.repeat(state[None], len(rule.nodes), axis=0)
    return legvander(1 + ratio * (rule.nodes + 1), len(series) - 1) @ series


def _next_factor(
    polynomial: Float[np.ndarray, "s1 r1"], sizes: np.ndarray, tolerance: float
) -> float:
    """What the next step should be multiplied by; below `SAFETY` if this one failed."""
    # The last coefficient is the error of the degree below: on the safe side. The one
    # before it, because a single coefficient may vanish by symmetry.
    before, at_end = polynomial[-2:]
    error = max(_relative(at_end, sizes), _relative(before, sizes) / 8, 1e-300)
    return float(SAFETY * (tolerance / error) ** (1 / STAGES))


def _solved(
    field: ArrowField,
    rule: _Collocation,
    state: Float[np.ndarray, " r1"],
    step: float,
    guess: Float[np.ndarray, "s r1"],
    sizes: np.ndarray,
    tolerance: float,
) -> tuple[Float[np.ndarray, "s r1"] | None, int]:
    """States at the points by Newton, None if it does not converge; iterations."""
    at, before = guess, np.inf
    corner, row, column, diagonal = field.arrow(at[len(at) // 2])
    pace = step * rule.rates[:, None]
    inverse = 1 / (1 - pace * diagonal)
    reach = pace * row * inverse
    schur = 1 / (1 - pace[:, 0] * (corner + reach @ column))
    for iteration in range(1, ITERATIONS + 1):
        residual = state + step * (rule.integrals @ field.velocity(at)) - at
        right = rule.inverse @ residual
        first = schur * (right[:, 0] + np.sum(reach * right[:, 1:], axis=1))
        rest = inverse * (right[:, 1:] + pace * first[:, None] * column)
        change = (rule.modes @ np.concatenate([first[:, None], rest], axis=1)).real
        at = at + change
        size = _relative(_sizes(change), np.maximum(sizes, _sizes(at)))
        if size < SOLVED * tolerance:
            return at, iteration
        if not size < 2 * before:  # also ends on NaN
            break
        before = size
    return None, iteration


def _sizes(states: Float[np.ndarray, "rows r1"]) -> Float[np.ndarray, "2"]:
    r"""Largest lengths of $\alpha$ and of $\omega$."""
    lengths = np.linalg.norm(states[:, 1:], axis=1)
    return np.array([np.abs(states[:, 0]).max(), lengths.max()])


def _relative(change: Float[np.ndarray, " r1"], sizes: np.ndarray) -> float:
    r"""Length of a change of $(\alpha, \omega)$, each relative to its size."""
    parts = np.array([abs(change[0]), np.linalg.norm(change[1:])])
    return float(np.max(parts / np.where(sizes > 0, sizes, 1.0)))
