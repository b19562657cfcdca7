r"""Gradient flow on moments, $\dot W_l = -\partial L/\partial W_l$, in reduced form.

Two methods. Dopri8, of high order, for what is not stiff; RKC3 for what is. A flow that
is stiff in the end is not so in the beginning, where accuracy asks for most steps: such
a run is handed from one to the other. The choice is made from the number of explicit
steps that stability alone would ask for, and told.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, TypeAlias

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from linnet.dynamics.chebyshev import RKC3
from linnet.dynamics.curvature import hessian_bound
from linnet.dynamics.gradient import Stacked, moment_gradients
from linnet.dynamics.reduction import RowSpace, StackedWeights, check_moments
from linnet.dynamics.warm_start import WarmStart
from linnet.network import Weights, imbalance
from linnet.task import Moments

Args = tuple[Float[Array, " r"], Float[Array, "k r"]]
Name: TypeAlias = Literal["dopri8", "rkc3"]

EXPLICIT_INTERVAL = 6.0  # stable real interval of Dopri8, roughly
MOST_EXPLICIT_STEPS = 1e4
# Up to this age, in explicit steps, Dopri8 needs fewer evaluations per octave of time
# than RKC3 at this tolerance, as counted on digits. The power is that by which the
# number of RKC3's steps is expected to change the crossing.
HANDOVER, HANDOVER_TOLERANCE = 100.0, 1e-8
MOST_STEPS = 200_000  # between two saved times; reaching it is an outcome, not a hang

TOLERANCES: dict[str, dict[Name, float]] = {
    "float64": {"dopri8": 1e-10, "rkc3": 1e-7},
    "float32": {"dopri8": 1e-5, "rkc3": 1e-4},  # rounding of the slope allows no less
}


class GradientFlow(eqx.Module):
    """Continuous-time full-batch training on moments, any depth.

    Attributes:
        moments: Data or population.
    """

    moments: Moments = eqx.field(static=True)

    def __check_init__(self) -> None:
        check_moments(self.moments)


@dataclass(frozen=True, eq=False)
class Method:
    """How a flow is integrated, and why so.

    Attributes:
        name: `dopri8`, or `rkc3` after the handover.
        handover: Age of the run, in explicit steps at its present stiffness, at which
            RKC3 takes over from Dopri8: zero for RKC3 alone, infinite for Dopri8 alone.
        tolerance: Relative tolerance.
        floors: Absolute tolerance of every replica, tied to the scale of its start.
        reason: One clause for the reader.
    """

    name: Name
    handover: float
    tolerance: float
    floors: Float[np.ndarray, " replicas"]
    reason: str


def choose_method(
    name: Literal["auto"] | Name,
    tolerance: float | None,
    steps: float,
    scales: Float[np.ndarray, " replicas"],
    dtype: np.dtype,
) -> Method:
    """Settle method and tolerances; `auto` compares the cost of stability.

    Layers that start at zero grow from rounding level, so the absolute tolerance lies
    far below the smallest scale present: a library default would decide what is
    learned.

    Args:
        name: What was asked for.
        tolerance: What was asked for; None for the default.
        steps: Steps that stability alone would ask of an explicit method.
        scales: Smallest scale at the start of every replica.
        dtype: Precision.
    """
    stiff = steps > MOST_EXPLICIT_STEPS
    chosen: Name = ("rkc3" if stiff else "dopri8") if name == "auto" else name
    reason = (
        f"stability alone would ask an explicit method for about {steps:.1e} steps,"
        f" {'above' if stiff else 'below'} {MOST_EXPLICIT_STEPS:.0e}"
    )
    if name != "auto":
        reason = f"asked for; {reason}"
    relative = TOLERANCES[dtype.name][chosen] if tolerance is None else tolerance
    handover = {"dopri8": np.inf, "rkc3": 0.0}[chosen]
    if name == "auto" and stiff:
        handover = HANDOVER * (HANDOVER_TOLERANCE / relative) ** 0.25
    # Denormal numbers count as zero on the way, and an error of 0 in 0 is none.
    floors = np.maximum(relative * 1e-3 * scales, 1e3 * float(np.finfo(dtype).tiny))
    return Method(chosen, handover, relative, floors, reason)


def explicit_steps(space: RowSpace, start: StackedWeights, horizon: float) -> float:
    r"""Steps that stability asks of Dopri8: $\rho\,t/6$.

    $\rho$ is the larger of start and end. The end is bounded by
    $\lambda_{\max}\,(q^2 + 4\sigma^2)^{1-1/L}$, with $q$ the norm of the conserved
    imbalance and $\sigma$ that of the minimizer: exact for two balanced layers, an
    estimate otherwise.
    """
    depth = len(start)
    target = np.linalg.norm(space.minimizer, 2)
    sizes = [1.0] if depth == 1 else []
    for weights in _replicas(start) if depth > 1 else []:
        squares = np.array([np.linalg.norm(layer, 2) ** 2 for layer in weights])
        gaps = [np.linalg.norm(gap, 2) for gap in imbalance(weights)]
        # Dropping the smallest factor gives the largest of the products of depth - 1.
        sizes.append(float(np.prod(np.sort(squares)[1:])))
        sizes.append(float(np.hypot(max(gaps), 2 * target) ** (2 - 2 / depth)))
    return float(space.variances.max() * max(sizes) * horizon / EXPLICIT_INTERVAL)


def smallest_scales(
    space: RowSpace, start: StackedWeights
) -> Float[np.ndarray, " replicas"]:
    r"""Smallest layer norm that matters: at the start, or next to a large layer.

    A layer that starts at zero beside one of norm $w$ grows to $\lVert W_\ast\rVert/w$
    at least: from a large start it stays far below its neighbor.
    """
    target = float(np.linalg.norm(space.minimizer, 2))
    return np.array([_smallest(weights, target) for weights in _replicas(start)])


def _smallest(weights: Weights, target: float) -> float:
    norms = [float(np.linalg.norm(layer, 2)) for layer in weights]
    present = [norm for norm in norms if norm > 0]
    if not present:
        return 1.0
    grown = target / max(present)
    return min(*present, grown) if grown > 0 else min(present)


class Advance(NamedTuple):
    """All replicas, after an attempt to go on by some time.

    Attributes:
        layers: Weights at the end, or where the solver gave up.
        step: Length of the step that would come next.
        tried: Steps that were tried.
        covered: Time that was covered.
        success: Whether that was all of it.
    """

    layers: Stacked
    step: Float[Array, ""]
    tried: Int[Array, ""]
    covered: Float[Array, ""]
    success: Bool[Array, ""]


@partial(jax.jit, static_argnames="name")
def integrate(
    start: Stacked,
    args: Args,
    length: Float[Array, ""],
    first_step: Float[Array, ""],
    tolerances: tuple[Float[Array, ""], Float[Array, " replicas"]],
    name: Name,
) -> Advance:
    """Follow all replicas for a time of `length`; the flow does not know the clock.

    They share their steps, each as long as the most demanding replica allows: products
    of all replicas are then formed at once, and no replica waits for the choices of
    another. Starts of one kind are stiff at about the same times; one that is far
    stiffer than the others makes them pay for its steps.
    """
    relative, absolute = tolerances
    control = diffrax.PIDController(relative, absolute[:, None, None], norm=_worst)
    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(_slope),
        RKC3(spectral_radius) if name == "rkc3" else diffrax.Dopri8(),
        0.0,
        length,
        None,
        start,
        args,
        saveat=diffrax.SaveAt(t1=True, controller_state=True),
        stepsize_controller=WarmStart(control, first_step),
        adjoint=diffrax.ForwardMode(),
        max_steps=MOST_STEPS,
        throw=False,
    )
    return Advance(
        jax.tree.map(lambda y: y[-1], solution.ys),
        solution.controller_state[1],
        solution.stats["num_steps"],
        solution.ts[-1],
        solution.result == diffrax.RESULTS.successful,
    )


def _slope(t: Float[Array, ""], weights: Stacked, args: Args) -> Stacked:
    del t
    gradients = jax.vmap(lambda layers: moment_gradients(layers, *args))(weights)
    return jax.tree.map(lambda gradient: -gradient, gradients)


@jax.jit
def spectral_radius(weights: Stacked, args: Args) -> Float[Array, ""]:
    """A bound on the Jacobian of all replicas."""
    return jax.vmap(lambda layers: hessian_bound(layers, *args))(weights).max()


def _worst(errors: Stacked) -> Float[Array, ""]:
    """Root mean square over the weights of the replica in which it is largest."""
    squares = [(error**2).sum((1, 2)) for error in errors]
    count = sum(error[0].size for error in errors)
    return jnp.sqrt(sum(squares[1:], start=squares[0]).max() / count)


def _replicas(stacked: StackedWeights) -> list[Weights]:
    return [tuple(layer[i] for layer in stacked) for i in range(len(stacked[0]))]
