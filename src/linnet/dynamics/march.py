"""The compiled loop over steps: in blocks whose randomness is drawn at once.

Two passes are compiled from it. The fast one only remembers how large the weights of
every replica became. The careful one looks at every step, and leaves a replica where it
was last sound; it runs where the fast one saw a replica leave its bound.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from linnet.dynamics.descent import AbstractDiscreteDynamics, Drawn
from linnet.dynamics.frame import Frame, full_weights
from linnet.dynamics.gradient import Layers, Stacked, squared_norm

Probe = Callable[[Layers], Float[Array, " p"]]
Records = Float[Array, "count replicas p"]


class State(NamedTuple):
    """Where all replicas stand.

    Attributes:
        layers: Weights as they are stepped.
        memory: Of their updates.
        diverged: The step that left every bound, or -1.
    """

    layers: Stacked
    memory: Any
    diverged: Int[Array, " replicas"]


class Span(NamedTuple):
    """The steps to take, and what bounds the squared norm of sound weights."""

    begin: Int[Array, ""]
    until: Int[Array, ""]
    bound: Float[Array, ""]


class Recording(NamedTuple):
    """What is recorded on the way: the full weights, seen through a function.

    Attributes:
        every: After each step that is a multiple of this.
        frame: How the stepped weights become the full ones.
    """

    every: Int[Array, ""]
    frame: Frame


class _Carry(NamedTuple):
    state: State
    worst: Float[Array, " replicas"]  # squared norm, so far
    records: Records | None


@partial(jax.jit, static_argnames=("probe", "count", "is_careful"))
def march(
    dynamics: AbstractDiscreteDynamics,
    keys: Array,
    state: State,
    span: Span,
    recording: Recording | None = None,
    *,
    probe: Probe | None = None,
    count: int = 0,
    is_careful: bool = False,
) -> tuple[State, Bool[Array, " replicas"], Records | None]:
    """Take all replicas over `span`, which ends at a record if there are any.

    Returns:
        Where they stand; which replicas have left their bound in a fast pass, and are
        to be taken from a careful one; the records.
    """
    diverged = state.diverged
    peak = jnp.zeros(len(diverged), state.layers[0].dtype)
    carry, note = _Carry(state, peak, None), None
    if recording is not None and probe is not None:
        note = partial(_note, recording, probe, span.begin // recording.every)
        carry = carry._replace(records=blank(recording, probe, count, state.layers))

    def step(at: Array, drawn: Drawn, carry: _Carry) -> _Carry:
        if is_careful:
            look = jax.vmap(partial(_look, dynamics, span.bound), (0, 0, None))
            return carry._replace(state=look(carry.state, drawn, at))
        layers, memory = carry.state.layers, carry.state.memory
        layers, memory = jax.vmap(dynamics.move)(layers, memory, drawn)
        worst = jnp.maximum(carry.worst, jax.vmap(squared_norm)(layers))
        state = State(layers, memory, diverged)
        return carry._replace(state=state, worst=worst)

    every = None if recording is None else recording.every
    ended = _blocks(dynamics, keys, span, step, every, note, carry)
    if is_careful:
        return ended.state, jnp.zeros_like(diverged, bool), ended.records
    going = diverged < 0
    is_lost = going & ~(ended.worst < span.bound)  # written so that NaN is lost
    return select(going, ended.state, state), is_lost, ended.records


def select(is_first: Bool[Array, " replicas"], first: State, second: State) -> State:
    """Some replicas from one state, the others from another."""

    def mix(one: Array, other: Array) -> Array:
        shape = (-1, *(1,) * (one.ndim - 1))
        return jnp.where(jnp.reshape(is_first, shape), one, other)

    return jax.tree.map(mix, first, second)


def _blocks(
    dynamics: AbstractDiscreteDynamics,
    keys: Array,
    span: Span,
    step: Callable[[Array, Drawn, _Carry], _Carry],
    every: Int[Array, ""] | None,
    note: Callable[[Array, _Carry], _Carry] | None,
    carry: _Carry,
) -> _Carry:
    """All steps of `span`, block by block; a record is noted where one is due.

    It is noted at the ends of blocks too, too early, and written over later: that is
    cheaper than to decide.
    """
    length = dynamics.block_length

    def block(number: Array, carry: _Carry) -> _Carry:
        start = number * length
        drawn = jax.vmap(dynamics.draw, (0, None))(keys, number)
        drawn = jax.tree.map(lambda rows: rows.swapaxes(0, 1), drawn)

        def body(at: Array, carry: _Carry) -> _Carry:
            now = jax.tree.map(partial(_row, at - start), drawn)
            return step(at, now, carry)

        # Differences first: the end of a block may lie beyond the largest integer.
        first = jnp.maximum(span.begin, start)
        last = start + jnp.minimum(span.until - start, length)
        if every is None or note is None:
            return jax.lax.fori_loop(first, last, body, carry)

        def stretch(index: Array, carry: _Carry) -> _Carry:
            begin = index * every
            end = begin + jnp.minimum(last - begin, every)
            carry = jax.lax.fori_loop(jnp.maximum(first, begin), end, body, carry)
            return note(index, carry)

        return jax.lax.fori_loop(
            first // every, (last - 1) // every + 1, stretch, carry
        )

    stop = (span.until - 1) // length + 1
    return jax.lax.fori_loop(span.begin // length, stop, block, carry)


def _look(
    dynamics: AbstractDiscreteDynamics,
    bound: Array,
    state: State,
    drawn: Drawn,
    at: Array,
) -> State:
    """One step of one replica, which stays where it is once it has diverged."""
    layers, memory, diverged = state
    moved, remembered = dynamics.move(layers, memory, drawn)
    is_sound = (squared_norm(moved) < bound) & (diverged < 0)
    layers, memory = jax.tree.map(
        lambda new, old: jnp.where(is_sound, new, old),
        (moved, remembered),
        (layers, memory),
    )
    first = jnp.where((diverged < 0) & ~is_sound, at + 1, diverged)
    return State(layers, memory, first.astype(diverged.dtype))


def blank(recording: Recording, probe: Probe, count: int, layers: Stacked) -> Records:
    """Room for records."""
    shape = jax.eval_shape(partial(_probed, probe), layers, recording.frame)
    return jnp.zeros((count, *shape.shape), shape.dtype)


def _note(
    recording: Recording, probe: Probe, first: Array, index: Array, carry: _Carry
) -> _Carry:
    seen = _probed(probe, carry.state.layers, recording.frame)
    records = jax.lax.dynamic_update_index_in_dim(
        carry.records, seen, index - first, axis=0
    )
    return carry._replace(records=records)


def _row(index: Array, rows: Array) -> Array:
    return jax.lax.dynamic_index_in_dim(rows, index, keepdims=False)


def _probed(probe: Probe, layers: Stacked, frame: Frame) -> Float[Array, "replicas p"]:
    return jax.vmap(probe)(full_weights(layers, frame))
