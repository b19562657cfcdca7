r"""The coupled modes of a balanced two-layer network, in steps of any stiffness.

A network of two layers that starts balanced along $v=\frac1nX^\top y$ stays at
$a=\alpha\hat a$, $W=\hat a\,(F(\hat\Sigma)v)^\top$, and in $\theta=\int\alpha^2dt$ each
mode obeys a linear equation with one drive for all,
$$\frac{dF}{d\theta}=q-zF,\qquad q=\frac1\alpha,\qquad
  \alpha^2=v^\top F(\hat\Sigma)^2v,\qquad \frac{dt}{d\theta}=q^2.$$
Over a step the stages of the collocation of Radau (IIA) depend linearly on the values
of $q$ there, so that only these, one number a stage, are solved for. The method damps
what is stiff, and geometric steps follow the start, however small, and the slow end.
"""

from dataclasses import dataclass
from functools import cache
from typing import final

import numpy as np

from linnet.phenomena.anisotropy.theory.collocation import collocation
from linnet.shapes import Float

STAGES = 11
TOLERANCE = 1e-9
"""Largest last Legendre coefficient of the drive in a step, relative to the first."""
CAREFUL = 100.0
"""Cancellation between nodes from which on linear systems are solved one by one."""
MOST_STEPS = 2000


@final
@dataclass(frozen=True, eq=False)
class BalancedPath:
    r"""The amplitude and the modes at the stages of all steps, for a batch of starts.

    Attributes:
        steps: Lengths in $\theta$, of shape (m,).
        drive: $q=1/\alpha$ at the stages, (m, B, s).
        times: $t$ at the start of each step and its stages, (m, B, s + 1).
        modes: $F(z_j)$ there, (m, B, s + 1, N); complex.
    """

    steps: Float[np.ndarray, " m"]
    drive: Float[np.ndarray, "m B s"]
    times: Float[np.ndarray, "m B s1"]
    modes: Float[np.ndarray, "m B s1 N"]

    def at(
        self, times: Float[np.ndarray, " T"], member: int
    ) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, "T N"]]:
        r"""$\alpha(t)$ and, complex, $F(z_j, t)$ of one member of the batch."""
        starts = self.times[:, member, 0]
        step = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, None)
        known, drive = self.times[step, member], self.drive[step, member]
        length = self.steps[step]
        # Between stages for a start, then Newton's method on the polynomial t(theta).
        above = np.clip((known < times[:, None]).sum(1), 1, known.shape[1] - 1)
        fractions, row = np.r_[0.0, _stages()], np.arange(len(times))
        low, high = known[row, above - 1], known[row, above]
        part = (times - low) / (high - low)
        x = fractions[above - 1] + part * (fractions[above] - fractions[above - 1])
        for _ in range(6):
            values, integrals = _legendre(x)
            passed = length * (integrals @ _to_series() * drive**2).sum(1)
            speed = length * (values[:, :-1] @ _to_series() * drive**2).sum(1)
            x = np.clip(x - (known[:, 0] + passed - times) / speed, 0, 1)
        values, _ = _legendre(x)
        weights = values @ collocation(STAGES).series
        modes = (weights[:, None] @ self.modes[step, member])[:, 0]
        return 1 / (values[:, :-1] @ _to_series() * drive).sum(1), modes


def balanced_path(
    points: Float[np.ndarray, " N"],
    weights: Float[np.ndarray, "B N"],
    init_scale: Float[np.ndarray, " B"],
    horizon: float,
    reach: float = np.inf,
) -> BalancedPath:
    r"""The path of balanced two-layer networks until all have $t\ge$ `horizon`.

    With terms that cancel $\chi$-fold between the nodes, steps cannot be judged below
    rounding times $\chi$, and are not asked to be better.

    Args:
        points: $z_j$, complex.
        weights: Complex $W$ with $v^\top f(\hat\Sigma)v=\mathrm{Re}\sum_jW_jf(z_j)$.
        init_scale: $\alpha_0>0$.
        horizon: Last time.
        reach: Largest $\theta$; a path that gets there ends before the horizon.

    Returns:
        The path.

    Raises:
        ArithmeticError: when the steps do not converge, or there are too many.
    """
    drive = np.sqrt(weights.sum(1).real)
    modes = np.repeat((init_scale / drive)[:, None], len(points), 1).astype(complex)
    time, length = np.zeros(len(drive)), float((init_scale**2 / drive).min()) / 8
    guess = np.repeat(1 / init_scale[:, None], STAGES, 1)
    tolerance = precision(cancellation(weights))
    steps, record, last = [], [], (length, tolerance)
    for _ in range(MOST_STEPS):
        new, error = _step(points, weights, modes, length, guess)
        if new is not None and error <= tolerance:
            rate, stages = new
            passed = time[:, None] + length * rate**2 @ collocation(STAGES).integrals.T
            steps.append(length)
            known = np.concatenate([time[:, None], passed], 1)
            record.append((rate, known, np.concatenate([modes[:, None], stages], 1)))
            time, modes = passed[:, -1], stages[:, -1]
            if time.min() >= horizon or sum(steps) >= reach:
                drives, times, stored = zip(*record, strict=True)
                return BalancedPath(
                    np.array(steps), np.array(drives), np.array(times), np.array(stored)
                )
            grown = length / last[0] * (last[1] / error) ** (1 / STAGES)
            last = length, error
            ratio = 0.9 * (tolerance / error) ** (1 / STAGES) * grown
            following = length * float(np.clip(ratio, 0.25, 4.0))
            guess = _continued(rate, length, following)
            length = following
        else:
            length /= 2
            guess = np.repeat(guess[:, :1], STAGES, 1)
    goal = f"t = {horizon:.6g}" if np.isfinite(horizon) else "the end"
    raise ArithmeticError(
        f"The two layers need more than {MOST_STEPS} steps to reach {goal}, but are at"
        f" t = {time.min():.6g}: ask for earlier times, or start larger (`init_scale`)."
    )


def _continued(
    drive: Float[np.ndarray, "B s"], length: float, following: float
) -> Float[np.ndarray, "B s"]:
    r"""The drive in the next step, as if it fell as $(\theta+\theta_0)^{-1/2}$."""
    order = np.arange(STAGES)
    # The derivative of P_p at the end of the unit step is p (p + 1).
    slope = drive @ _to_series().T @ (order * (order + 1)) / length
    fall = np.clip(-2 * slope / drive[:, -1], 0, None)[:, None]
    return drive[:, -1:] / np.sqrt(1 + fall * following * _stages())


def _step(
    points: Float[np.ndarray, " N"],
    weights: Float[np.ndarray, "B N"],
    start: Float[np.ndarray, "B N"],
    length: float,
    guess: Float[np.ndarray, "B s"],
) -> tuple[tuple[np.ndarray, np.ndarray] | None, float]:
    """Drive and modes at the stages of one step, and how well they are resolved."""
    worst = cancellation(weights)
    answer, free = _answers(length * points, worst > CAREFUL)
    answer *= length
    held, loads = free[..., None] * start.T, weights.T
    q = guess
    for _ in range(12):
        modes = held + answer @ q.T
        weighed = loads * modes
        square = (weighed * modes).real.sum(1).T
        if not (square > 0).all():
            return None, 1.0
        # Zero of 1 / q - sqrt(<F^2>), close to linear in q both early and late.
        root = np.sqrt(square)
        slope = (np.swapaxes(weighed, 1, 2) @ answer).real.swapaxes(0, 1)
        slope *= (q**2 / root)[..., None]
        slope[:, range(STAGES), range(STAGES)] += 1
        change = np.linalg.solve(slope, (q - q**2 * root)[..., None])[..., 0]
        q = np.clip(q + change, q / 4, 4 * q)
        if (abs(change) <= 1e-3 * precision(worst) * q).all():
            break
    else:
        return None, 1.0
    modes = (held + answer @ q.T).transpose(2, 0, 1)
    series = q @ _to_series().T
    rest = float((abs(series[:, -1]) / abs(series[:, 0])).max())
    return (q, modes), max(rest, 1e-6 * TOLERANCE)


def _answers(
    stiffness: Float[np.ndarray, " N"], careful: bool
) -> tuple[Float[np.ndarray, "s N s"], Float[np.ndarray, "s N"]]:
    r"""$(1+xA)^{-1}A$ and $(1+xA)^{-1}1$ of the integrals $A$; complex.

    What a drive at the last index does to the mode at the first, and what is left of
    the start. The eigenbasis of $A$ is fast, but loses five digits.
    """
    rule = collocation(STAGES)
    if careful:
        lost = np.eye(STAGES) + stiffness[:, None, None] * rule.integrals
        both = np.c_[rule.integrals, np.ones(STAGES)].astype(complex)
        solved = np.linalg.solve(lost, both).swapaxes(0, 1)
        return solved[..., :-1], solved[..., -1]
    kept = 1 / (1 + stiffness[:, None] * rule.rates)
    answer = (rule.modes[:, None] * (kept * rule.rates)) @ rule.inverse
    return answer, rule.modes @ (kept * rule.inverse.sum(1)).T


def _stages() -> Float[np.ndarray, " s"]:
    """The points of a step, as fractions of it."""
    return (1 + collocation(STAGES).nodes) / 2


@cache
def _to_series() -> Float[np.ndarray, "s s"]:
    """Legendre coefficients of what is given at the stages."""
    from numpy.polynomial import legendre

    return np.linalg.inv(legendre.legvander(collocation(STAGES).nodes, STAGES - 1))


def _legendre(
    fraction: Float[np.ndarray, " T"],
) -> tuple[Float[np.ndarray, "T s1"], Float[np.ndarray, "T s"]]:
    """Polynomials at fractions of a step, and the integrals of all but the last."""
    from numpy.polynomial import legendre

    values = legendre.legvander(2 * fraction - 1, STAGES)
    order = np.arange(1, STAGES)
    rest = (values[:, 2:] - values[:, :-2]) / (2 * (2 * order + 1))
    return values, np.c_[(values[:, 1] + values[:, 0]) / 2, rest]


def cancellation(weights: Float[np.ndarray, "B N"]) -> float:
    """How much larger the terms of the sum over nodes are than the sum."""
    return float((abs(weights).sum(1) / weights.sum(1).real).max())


def precision(worst: float) -> float:
    """What a step can be asked for, at a cancellation."""
    return max(TOLERANCE, 1e-14 * worst)
