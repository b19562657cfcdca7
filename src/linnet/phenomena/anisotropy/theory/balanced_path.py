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
from numpy.polynomial import legendre

from linnet.shapes import Float

STAGES = 11
TOLERANCE = 1e-9
"""Largest last Legendre coefficient of the drive in a step, relative to the first."""
CAREFUL = 100.0
"""Cancellation between nodes from which on linear systems are solved one by one."""
MOST_STEPS = 2000


@final
@dataclass(frozen=True, eq=False)
class Tableau:
    """Collocation on the unit step: stages, integrals up to them, eigenbasis of these.

    Attributes:
        stages: Right Radau points in (0, 1], the last one 1.
        integrals: Row $j$ integrates, up to stage $j$, what is given at the stages.
        values: Eigenvalues of `integrals`; complex.
        left: Their eigenvectors as columns; complex.
        right: Inverse of `left`; complex.
        coefficients: Legendre coefficients from values at the stages.
    """

    stages: Float[np.ndarray, " s"]
    integrals: Float[np.ndarray, "s s"]
    values: Float[np.ndarray, " s"]
    left: Float[np.ndarray, "s s"]
    right: Float[np.ndarray, "s s"]
    coefficients: Float[np.ndarray, "s s"]

    def integral_to(
        self, fraction: Float[np.ndarray, "..."]
    ) -> Float[np.ndarray, "... s"]:
        """Weights that integrate from the start to a fraction of the step."""
        return integrated_legendre(fraction, len(self.stages)) @ self.coefficients

    def interpolation_at(
        self, fraction: Float[np.ndarray, "..."]
    ) -> Float[np.ndarray, "... s1"]:
        """Weights that interpolate the value at the start and those at the stages."""
        points = np.r_[0.0, self.stages]
        inverse = np.linalg.inv(legendre.legvander(2 * points - 1, len(self.stages)))
        return legendre.legvander(2 * fraction - 1, len(self.stages)) @ inverse


@cache
def radau_tableau(count: int = STAGES) -> Tableau:
    """The tableau of `count` stages: order 2 count - 1 at the end of a step."""
    series = np.zeros(count + 1)
    series[-2:] = [-1, 1]
    stages = (1 + np.sort(legendre.legroots(series).real)) / 2
    stages[-1] = 1.0
    coefficients = np.linalg.inv(legendre.legvander(2 * stages - 1, count - 1))
    integrals = integrated_legendre(stages, count) @ coefficients
    values, left = np.linalg.eig(integrals)
    return Tableau(stages, integrals, values, left, np.linalg.inv(left), coefficients)


def integrated_legendre(
    fraction: Float[np.ndarray, "..."], count: int
) -> Float[np.ndarray, "... s"]:
    r"""$\int_0^xP_p(2s-1)ds$ for $p<$ `count`."""
    at = legendre.legvander(2 * np.asarray(fraction, dtype=float) - 1, count)
    order = np.arange(1, count)
    rest = (at[..., 2:] - at[..., :-2]) / (2 * (2 * order + 1))
    return np.concatenate([(at[..., 1:2] + at[..., :1]) / 2, rest], axis=-1)


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
        tableau = radau_tableau(self.drive.shape[-1])
        starts = self.times[:, member, 0]
        step = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, None)
        known, rate = self.times[step, member], self.drive[step, member] ** 2
        length = self.steps[step]
        # Between stages for a start, then Newton's method on the polynomial t(theta).
        above = np.clip((known < times[:, None]).sum(1), 1, known.shape[1] - 1)
        fractions, row = np.r_[0.0, tableau.stages], np.arange(len(times))
        low, high = known[row, above - 1], known[row, above]
        part = (times - low) / (high - low)
        x = fractions[above - 1] + part * (fractions[above] - fractions[above - 1])
        for _ in range(6):
            passed = length * (tableau.integral_to(x) * rate).sum(1)
            values = legendre.legvander(2 * x - 1, rate.shape[1] - 1)
            speed = length * (values @ tableau.coefficients * rate).sum(1)
            x = np.clip(x - (known[:, 0] + passed - times) / speed, 0, 1)
        weights = tableau.interpolation_at(x)
        modes = (weights[:, None] @ self.modes[step, member])[:, 0]
        values = legendre.legvander(2 * x - 1, rate.shape[1] - 1)
        return 1 / (values @ tableau.coefficients * np.sqrt(rate)).sum(1), modes


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
            passed = time[:, None] + length * rate**2 @ radau_tableau().integrals.T
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
    raise ArithmeticError(
        f"The two layers need more than {MOST_STEPS} steps to reach t = {horizon:.6g},"
        f" but are at {time.min():.6g}: ask for earlier times."
    )


def _continued(
    drive: Float[np.ndarray, "B s"], length: float, following: float
) -> Float[np.ndarray, "B s"]:
    r"""The drive in the next step, as if it fell as $(\theta+\theta_0)^{-1/2}$."""
    tableau = radau_tableau()
    order = np.arange(STAGES)
    # The derivative of P_p at the end of the unit step is p (p + 1).
    slope = drive @ tableau.coefficients.T @ (order * (order + 1)) / length
    fall = np.clip(-2 * slope / drive[:, -1], 0, None)[:, None]
    return drive[:, -1:] / np.sqrt(1 + fall * following * tableau.stages)


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
    series = q @ radau_tableau().coefficients.T
    rest = float((abs(series[:, -1]) / abs(series[:, 0])).max())
    return (q, modes), max(rest, 1e-6 * TOLERANCE)


def _answers(
    stiffness: Float[np.ndarray, " N"], careful: bool
) -> tuple[Float[np.ndarray, "s N s"], Float[np.ndarray, "s N"]]:
    r"""$(1+xA)^{-1}A$ and $(1+xA)^{-1}1$ of the integrals $A$; complex.

    What a drive at the last index does to the mode at the first, and what is left of
    the start. The eigenbasis of $A$ is fast, but loses five digits.
    """
    tableau = radau_tableau()
    if careful:
        lost = np.eye(STAGES) + stiffness[:, None, None] * tableau.integrals
        both = np.c_[tableau.integrals, np.ones(STAGES)].astype(complex)
        solved = np.linalg.solve(lost, both).swapaxes(0, 1)
        return solved[..., :-1], solved[..., -1]
    kept = 1 / (1 + stiffness[:, None] * tableau.values)
    answer = (tableau.left[:, None] * (kept * tableau.values)) @ tableau.right
    return answer, tableau.left @ (kept * tableau.right.sum(1)).T


def cancellation(weights: Float[np.ndarray, "B N"]) -> float:
    """How much larger the terms of the sum over nodes are than the sum."""
    return float((abs(weights).sum(1) / weights.sum(1).real).max())


def precision(worst: float) -> float:
    """What a step can be asked for, at a cancellation."""
    return max(TOLERANCE, 1e-14 * worst)
