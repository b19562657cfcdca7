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
them, so that no step depends on the times that are asked for. Several flows are
integrated at once, in the same calls but each with steps of its own. Derived here.
"""

from dataclasses import dataclass, replace

import numpy as np

from linnet.phenomena.anisotropy.theory.collocation import Collocation, collocation
from linnet.shapes import Float, Int

STAGES = 10
ITERATIONS = 12  # of Newton, with one Jacobian per step
MANY = 8  # iterations after which a step is not lengthened
SOLVED = 0.02  # last change by Newton, in tolerances
LARGEST, SMALLEST, SAFETY = 3.0, 0.5, 0.85  # changes of a step
ATTEMPTS = 100_000


@dataclass(frozen=True, eq=False)
class ArrowField:
    r"""The vector fields: $\lambda$, $v$, the power $L-1$ and the weight decay."""

    eigenvalues: Float[np.ndarray, "flows r"]
    drive: Float[np.ndarray, "flows r"]
    power: int = 1
    weight_decay: float = 0.0

    def part(self, which: Int[np.ndarray, " some"]) -> "ArrowField":
        """Some of the flows."""
        return replace(
            self, eigenvalues=self.eigenvalues[which], drive=self.drive[which]
        )

    def velocity(
        self, states: Float[np.ndarray, "flows s r1"]
    ) -> Float[np.ndarray, "flows s r1"]:
        r"""$(\dot\alpha, \dot\omega)$ at $s$ states $(\alpha, \omega)$ of each."""
        alpha, omega = states[..., :1], states[..., 1:]
        below = alpha ** (self.power - 1)
        curved = self.eigenvalues[:, None] * (below * alpha * omega)
        gradient = self.drive[:, None] - curved
        pull = below * np.sum(omega * gradient, axis=-1, keepdims=True)
        moved = np.concatenate([pull, below * alpha * gradient], axis=-1)
        return moved - self.weight_decay * states

    def arrow(
        self, state: Float[np.ndarray, "flows r1"]
    ) -> tuple[
        Float[np.ndarray, " flows"],
        Float[np.ndarray, "flows r"],
        Float[np.ndarray, "flows r"],
    ]:
        """The Jacobians: corner, rest of the row (column: times `power`), diagonal."""
        alpha, omega = state[:, 0], state[:, 1:]
        below = alpha ** (self.power - 1)
        product = (below * alpha)[:, None]
        curved = self.eigenvalues * omega
        row = below[:, None] * (self.drive - 2 * product * curved)
        corner = -self.power * below**2 * np.sum(omega * curved, axis=1)
        if self.power > 1:
            pull = np.sum(omega * (self.drive - product * curved), axis=1)
            corner += (self.power - 1) * alpha ** (self.power - 2) * pull
        diagonal = -(product**2) * self.eigenvalues
        return corner - self.weight_decay, row, diagonal - self.weight_decay


def arrow_flow(
    field: ArrowField,
    start: Float[np.ndarray, "flows r1"],
    times: Float[np.ndarray, " times"],
    tolerance: float,
) -> Float[np.ndarray, "flows times r1"]:
    r"""States $(\alpha, \omega)$ at rising times >= 0 of the flows from `start`.

    The error of one step is held below `tolerance` times the largest lengths that
    $\alpha$ and $\omega$ have had, each by itself.
    """
    rule = collocation(STAGES)
    states = np.repeat(start[:, None], len(times), axis=1)
    speed = np.linalg.norm(field.velocity(start[:, None])[:, 0], axis=1)
    last_time = times[-1] if len(times) else 0.0
    going = np.flatnonzero((speed > 0) & (last_time > 0))
    field, march = field.part(going), _begun(start[going], speed[going])
    for _ in range(ATTEMPTS):
        if not len(going):
            return states
        taken = march.attempt(field, rule, tolerance)
        march.part(taken).fill(states, going[taken], times)
        left = np.flatnonzero(march.now < last_time)
        if len(left) < len(going):
            going, field, march = going[left], field.part(left), march.part(left)
    raise ArithmeticError(
        f"The flow did not reach time {last_time:.3g} in {ATTEMPTS} steps: ask for"
        " earlier times."
    )


@dataclass(eq=False)
class _March:
    """Where each flow is: its last step, as a polynomial, and the next one's length."""

    before: Float[np.ndarray, " flows"]  # the last step began here ...
    now: Float[np.ndarray, " flows"]  # ... and ended here
    step: Float[np.ndarray, " flows"]  # to be attempted
    state: Float[np.ndarray, "flows r1"]
    sizes: Float[np.ndarray, "flows 2"]
    series: Float[np.ndarray, "flows s1 r1"]  # Legendre, over the last step

    def part(self, which: Int[np.ndarray, " some"]) -> "_March":
        """Some of the flows."""
        return _March(*(array[which] for array in vars(self).values()))

    def attempt(
        self, field: ArrowField, rule: Collocation, tolerance: float
    ) -> Int[np.ndarray, " taken"]:
        """Move every flow by its step, or shorten it; which have moved."""
        with np.errstate(over="ignore", invalid="ignore"):  # a step that was too long
            found, iterations = self._solved(field, rule, tolerance)
            series = rule.series @ np.concatenate([self.state[:, None], found], axis=1)
            reached = np.maximum(self.sizes, _sizes(found))
            # The last coefficient is the error of the degree below: on the safe side.
            # The one before it, because a single one may vanish by symmetry.
            last, other = (_relative(_sizes(series[:, [k]]), reached) for k in (-1, -2))
            error = np.maximum(np.maximum(last, other / 8), 1e-300)
        factor = SAFETY * (tolerance / error) ** (1 / STAGES)
        factor = np.where(iterations > 0, factor, 0.0)
        taken = np.flatnonzero(factor >= SAFETY)
        self.before[taken] = self.now[taken]
        self.now[taken] += self.step[taken]
        self.state[taken] = found[taken, -1]
        self.sizes[taken], self.series[taken] = reached[taken], series[taken]
        self.step *= np.clip(
            factor, SMALLEST, np.where(iterations > MANY, 1.0, LARGEST)
        )
        return taken

    def fill(
        self,
        states: Float[np.ndarray, "all_flows times r1"],
        which: Int[np.ndarray, " flows"],
        times: Float[np.ndarray, " times"],
    ) -> None:
        """Write the states at all times within the last step."""
        from numpy.polynomial.legendre import legvander

        inside = (times > self.before[:, None]) & (times <= self.now[:, None])
        flow, column = np.nonzero(inside)
        length = (self.now - self.before)[flow]
        values = legvander(2 * (times[column] - self.before[flow]) / length - 1, STAGES)
        states[which[flow], column] = sum(
            value[:, None] * self.series[flow, degree]
            for degree, value in enumerate(values.T)
        )

    def _guess(self, rule: Collocation) -> Float[np.ndarray, "flows s r1"]:
        """The last step's polynomial, continued; or no change, if that is too far."""
        from numpy.polynomial.legendre import legvander

        length = self.now - self.before
        ratio = np.where(length > 0, self.step / np.where(length > 0, length, 1), 0)
        near = legvander(1 + np.minimum(ratio, 2)[:, None] * (rule.nodes + 1), STAGES)
        return np.where(
            (ratio > 2)[:, None, None], self.state[:, None], near @ self.series
        )

    def _solved(
        self, field: ArrowField, rule: Collocation, tolerance: float
    ) -> tuple[Float[np.ndarray, "flows s r1"], Int[np.ndarray, " flows"]]:
        """States at the points by Newton; iterations, 0 where it did not converge."""
        at = self._guess(rule)
        corner, row, diagonal = field.arrow(at[:, len(rule.nodes) // 2])
        step, pace = self.step[:, None, None], np.multiply.outer(self.step, rule.rates)
        inverse = 1 / (1 - pace[..., None] * diagonal[:, None])
        reach = pace[..., None] * row[:, None] * inverse
        column = field.power * row
        folded = corner[:, None] + np.sum(reach * column[:, None], axis=2)
        schur = 1 / (1 - pace * folded)
        iterations = np.zeros(len(at), dtype=int)
        open_, before = np.ones(len(at), dtype=bool), np.full(len(at), np.inf)
        for iteration in range(1, ITERATIONS + 1):
            residual = self.state[:, None] - at
            residual += step * (rule.integrals @ field.velocity(at))
            right = rule.inverse @ residual
            first = schur * (right[..., 0] + np.sum(reach * right[..., 1:], axis=2))
            along = pace[..., None] * first[..., None] * column[:, None]
            rest = inverse * (right[..., 1:] + along)
            change = rule.modes @ np.concatenate([first[..., None], rest], axis=2)
            at = at + change.real
            size = _relative(_sizes(change.real), np.maximum(self.sizes, _sizes(at)))
            iterations[open_ & (size < SOLVED * tolerance)] = iteration
            open_ &= (size >= SOLVED * tolerance) & (size < 2 * before)
            if not open_.any():
                break
            before = size
        return at, iterations


def _begun(
    start: Float[np.ndarray, "flows r1"], speed: Float[np.ndarray, " flows"]
) -> _March:
    series = np.zeros((len(start), STAGES + 1, start.shape[1]))
    series[:, 0] = start
    zero = np.zeros(len(start))
    step = 0.01 * np.linalg.norm(start, axis=1) / speed
    return _March(zero, zero.copy(), step, start.copy(), _sizes(start[:, None]), series)


def _sizes(states: Float[np.ndarray, "flows rows r1"]) -> Float[np.ndarray, "flows 2"]:
    r"""Largest lengths of $\alpha$ and of $\omega$, of each flow."""
    lengths = np.linalg.norm(states[..., 1:], axis=2)
    return np.stack([np.abs(states[..., 0]).max(1), lengths.max(1)], axis=1)


def _relative(
    change: Float[np.ndarray, "flows 2"], sizes: Float[np.ndarray, "flows 2"]
) -> Float[np.ndarray, " flows"]:
    return np.max(change / np.where(sizes > 0, sizes, 1.0), axis=1)
