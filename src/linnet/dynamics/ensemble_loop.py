"""The compiled loop over an ensemble of trajectories that are seen at checkpoints.

All steps of a chunk of trajectories run in one compiled program: block by block, whose
randomness is drawn at once, and inside a block from one checkpoint to the next.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from linnet.dynamics.ensemble_process import AbstractEnsembleProcess, Carry, Lens


class Stretches(NamedTuple):
    """Steps between two notes; a note at the end of a block is written over later.

    Attributes:
        block_starts: First stretch of every block, and the number of stretches.
        ends: Step at which a stretch ends.
        slots: The checkpoint that its note is for.
    """

    block_starts: Int[np.ndarray, " blocks_and_one"]
    ends: Int[np.ndarray, " stretches"]
    slots: Int[np.ndarray, " stretches"]


def stretches(steps: Int[np.ndarray, " saves"], block_length: int) -> Stretches:
    """Cut the steps up to the last checkpoint at checkpoints and ends of blocks."""
    last = int(steps[-1])
    blocks = np.arange(block_length, last, block_length)
    ends = np.union1d(steps[steps > 0], blocks).astype(np.int32)
    slots = np.searchsorted(steps, ends).astype(np.int32)
    starts = np.searchsorted(ends, [0, *blocks], side="right")
    return Stretches(np.append(starts, len(ends)).astype(np.int32), ends, slots)


@partial(jax.jit, static_argnames=("saves",))
def travel(
    process: AbstractEnsembleProcess,
    lens: Lens,
    keys: Array,
    starts: Float[Array, "trajectories ..."],
    targets: Float[Array, "trajectories m"],
    plan: Stretches,
    saves: int,
) -> Float[Array, "{saves} trajectories q"]:
    """Predictions of all trajectories at all checkpoints.

    Every slot holds the start before it is written, so a checkpoint at step 0 needs
    no stretch.
    """
    carry = jax.vmap(process.begin)(starts, targets)
    see = jax.vmap(process.see, (0, None))
    move = jax.vmap(partial(process.move, process.prepare()))
    seen = see(carry, lens)
    records = jnp.broadcast_to(seen[None], (saves, *seen.shape))

    def block(number: Array, state: tuple[Carry, Array]) -> tuple[Carry, Array]:
        drawn = jax.vmap(process.draw, (0, None))(keys, number)
        drawn = jax.tree.map(lambda rows: rows.swapaxes(0, 1), drawn)
        origin = number * process.block_length

        def step(at: Array, carry: Carry) -> Carry:
            return move(carry, jax.tree.map(partial(_row, at - origin), drawn))

        def stretch(index: Array, state: tuple[Carry, Array]) -> tuple[Carry, Array]:
            carry, records = state
            first = jnp.where(index > 0, plan.ends[index - 1], 0)
            carry = jax.lax.fori_loop(first, plan.ends[index], step, carry)
            note, slot = see(carry, lens), plan.slots[index]
            return carry, jax.lax.dynamic_update_index_in_dim(records, note, slot, 0)

        first, stop = plan.block_starts[number], plan.block_starts[number + 1]
        return jax.lax.fori_loop(first, stop, stretch, state)

    blocks = len(plan.block_starts) - 1
    return jax.lax.fori_loop(0, blocks, block, (carry, records))[1]


def _row(index: Array, rows: Array) -> Array:
    return jax.lax.dynamic_index_in_dim(rows, index, keepdims=False)
