r"""RKC3: a stabilized explicit method for stiff gradient flow.

A second-order Runge-Kutta-Chebyshev step of $s$ stages is stable on a real interval of
length about $0.6\,s^2$, against a constant for ordinary explicit methods; gradient
flow has a symmetric Jacobian, so its spectrum is real. The number of stages follows the
spectral radius at every step. One step and two of half its length, extrapolated, are of
third order. Second-order step: Sommeijer, Shampine and Verwer 1998; extrapolation and
its damping derived here. Written as a diffrax solver, so that step control comes from
the library.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, TypeAlias

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

State: TypeAlias = tuple[Float[Array, "..."], ...]

# With the usual light damping, 2/13, a step leaves between 0.3 and 0.95 of stiff modes,
# and (4 x 0.95^2 - 0.3) / 3 > 1: the extrapolated step would be unstable. This one
# leaves at most 0.86, at the price of a stable interval of 0.61 s^2, not 0.65 s^2.
DAMPING = 0.72
# Above 1 / 0.61 by a tenth, since the spectral radius is that of the step's beginning.
STAGES_PER_STIFFNESS = 1.8
# Rounding errors grow with the square of the number of stages.
MOST_STAGES = {"float64": 3000, "float32": 1000}
SUCCESS: Any = diffrax.RESULTS.successful  # an enumeration written as strings


class RKC3(diffrax.AbstractAdaptiveSolver):
    """Extrapolated Runge-Kutta-Chebyshev for autonomous systems, symmetric Jacobian.

    Attributes:
        spectral_radius: `(state, args)` to an upper bound of the Jacobian's spectral
            radius. Too low a bound makes steps unstable, too high a one wastes stages.
    """

    spectral_radius: Callable[[State, Any], Float[Array, ""]] = eqx.field(static=True)

    term_structure: ClassVar = diffrax.AbstractTerm
    interpolation_cls: ClassVar = diffrax.LocalLinearInterpolation

    def order(self, terms: diffrax.AbstractTerm) -> int:
        """Order of the method."""
        del terms
        return 3

    def error_order(self, terms: diffrax.AbstractTerm) -> int:
        """The estimate is that of the two half steps: it falls with the third power."""
        del terms
        return 3

    def init(
        self,
        terms: diffrax.AbstractTerm,
        t0: Float[Array, ""],
        t1: Float[Array, ""],
        y0: State,
        args: Any,
    ) -> State:
        """The slope at the start; the last slope of a step opens the next one."""
        del t1
        return terms.vf(t0, y0, args)

    def func(
        self, terms: diffrax.AbstractTerm, t0: Float[Array, ""], y0: State, args: Any
    ) -> State:
        """The slope, as diffrax asks for it."""
        return terms.vf(t0, y0, args)

    def step(
        self,
        terms: diffrax.AbstractTerm,
        t0: Float[Array, ""],
        t1: Float[Array, ""],
        y0: State,
        args: Any,
        solver_state: State,
        made_jump: Bool[Array, ""] | bool,
    ) -> tuple[State, State, dict[str, State], State, diffrax.RESULTS]:
        """One step, of as many stages as its length and the spectral radius ask for."""
        del made_jump
        size = t1 - t0
        stiffness = size * self.spectral_radius(y0, args)
        stages, stable = stage_count(stiffness)
        fewer, _ = stage_count(stiffness / 2)

        def slope(y: State) -> State:
            return terms.vf(t0, y, args)

        coarse = chebyshev_step(slope, y0, solver_state, size, stages)
        middle = chebyshev_step(slope, y0, solver_state, size / 2, fewer)
        fine = chebyshev_step(slope, middle, slope(middle), size / 2, fewer)
        error = jax.tree.map(lambda f, c: (f - c) / 3, fine, coarse)
        y1 = _sum(fine, error)
        # Beyond the largest stage count a step is unstable: its error must refuse it,
        # and be told in units of a state that is finite.
        sound = stable & jnp.all(jnp.stack([jnp.isfinite(y).all() for y in y1]))
        error = jax.tree.map(lambda e: jnp.where(sound, e, jnp.inf), error)
        y1 = jax.tree.map(lambda new, old: jnp.where(sound, new, old), y1, y0)
        return y1, error, {"y0": y0, "y1": y1}, slope(y1), SUCCESS


def stage_count(stiffness: Float[Array, ""]) -> tuple[Int[Array, ""], Bool[Array, ""]]:
    """Stages that keep a step of `stiffness` (length x spectral radius) stable.

    Returns:
        The number, and whether it is small enough. If not, the number is the least
        there is: the step will be refused, so it should cost nothing.
    """
    wanted = 1 + jnp.floor(jnp.sqrt(1 + STAGES_PER_STIFFNESS * stiffness))
    stable = wanted <= MOST_STAGES[stiffness.dtype.name]
    return jnp.where(stable, jnp.maximum(wanted, 2), 2).astype(jnp.int32), stable


class Polynomial(NamedTuple):
    """A Chebyshev polynomial of the first kind and two derivatives, at one point.

    Each as `(value, growth)`, the growth being that from the polynomial of one degree
    less: sums of positive terms lose no digits, even in 32 bits.
    """

    value: tuple[Float[Array, ""], Float[Array, ""]]
    first: tuple[Float[Array, ""], Float[Array, ""]]
    second: tuple[Float[Array, ""], Float[Array, ""]]

    @property
    def weight(self) -> Float[Array, ""]:
        """The scheme's $b_j = T_j''/T_j'^2$."""
        return self.second[0] / self.first[0] ** 2


class Stages(NamedTuple):
    """Where the recursion stands: one polynomial, two weights, two stages.

    A stage is kept as what it adds to the start, so that rounding errors, which all
    later stages amplify, are those of the change and not of the state.
    """

    index: Int[Array, ""]
    polynomial: Polynomial
    older_weight: Float[Array, ""]
    newer_weight: Float[Array, ""]
    older: State
    newer: State


def chebyshev_step(
    slope: Callable[[State], State],
    y0: State,
    slope0: State,
    size: Float[Array, ""],
    stages: Int[Array, ""],
) -> State:
    """The three-term recursion of `stages` stages from `y0` over a step of `size`."""
    excess = DAMPING / stages.astype(size.dtype) ** 2
    w1 = _scale(excess, stages)
    start = _start(excess, w1, slope0, size)

    def stage(at: Stages) -> Stages:
        polynomial = _next(excess, at.polynomial)
        b = polynomial.weight
        newest = 2 * (1 + excess) * b / at.newer_weight
        oldest = -b / at.older_weight
        kick = 2 * b * w1 / at.newer_weight * size
        first_kick = (at.newer_weight * at.polynomial.value[0] - 1) * kick
        change = jax.tree.map(
            lambda new, old, f, f0: (
                newest * new + oldest * old + kick * f + first_kick * f0
            ),
            at.newer,
            at.older,
            slope(_sum(y0, at.newer)),
            slope0,
        )
        return Stages(at.index + 1, polynomial, at.newer_weight, b, at.newer, change)

    def unfinished(at: Stages) -> Bool[Array, ""]:
        return at.index <= stages

    return _sum(y0, jax.lax.while_loop(unfinished, stage, start).newer)


def _sum(state: State, change: State) -> State:
    return jax.tree.map(lambda y, c: y + c, state, change)


def _start(
    excess: Float[Array, ""],
    w1: Float[Array, ""],
    slope0: State,
    size: Float[Array, ""],
) -> Stages:
    """The recursion after its first stage."""
    one, zero = jnp.ones_like(excess), jnp.zeros_like(excess)
    polynomial = Polynomial((1 + excess, excess), (one, one), (zero, zero))
    weight = 1 / (2 * (1 + excess)) ** 2  # b_0 = b_1 = b_2
    none = jax.tree.map(jnp.zeros_like, slope0)
    first = jax.tree.map(lambda f: weight * w1 * size * f, slope0)
    return Stages(jnp.asarray(2, jnp.int32), polynomial, weight, weight, none, first)


def _next(excess: Float[Array, ""], at: Polynomial) -> Polynomial:
    r"""The polynomial of one degree more, at $w_0 = 1 + \text{excess}$.

    $T_{j+1} = 2w_0T_j - T_{j-1}$ and its derivatives, as a recursion of the growth.
    """
    (value, up), (first, up1), (second, up2) = at
    up2 = up2 + 2 * excess * second + 4 * first
    up1 = up1 + 2 * excess * first + 2 * value
    up = up + 2 * excess * value
    return Polynomial((value + up, up), (first + up1, up1), (second + up2, up2))


def _scale(excess: Float[Array, ""], stages: Int[Array, ""]) -> Float[Array, ""]:
    r"""$w_1 = T_s'(w_0)/T_s''(w_0)$ in closed form."""
    s = stages.astype(excess.dtype)
    squared = excess * (2 + excess)  # w_0^2 - 1, without cancellation
    root = jnp.sqrt(squared)
    angle = s * jnp.log1p(excess + root)
    sinh, cosh = jnp.sinh(angle), jnp.cosh(angle)
    return sinh * squared / (cosh * s * root - (1 + excess) * sinh)
