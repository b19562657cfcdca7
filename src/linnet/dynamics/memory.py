"""What a run will take, before it takes it."""

import numpy as np

from linnet.dynamics.descent import SGD
from linnet.dynamics.flow import GradientFlow
from linnet.dynamics.langevin import Langevin
from linnet.dynamics.reduction import StackedWeights
from linnet.dynamics.request import Dynamics

# Copies of the stepped weights that are alive at once, with room above what XLA counts:
# the stages of Dopri8 and their selections with what step control keeps (34), or the
# weights, gradients, products and velocities of a step.
FLOW_COPIES = 40
STEP_COPIES = 6
DRAWN_COPIES = 3  # of the indices of a block: words, indices, their transpose
DRAWN_BYTES, KEY_BYTES = 4, 16
WHOLE_COPIES = 4  # of the whole network: start, frozen part, hidden frame, end
VIEW_BYTES = 32  # kept of every replica at every save: gap (twice), drift and speed


def check_memory(
    dynamics: Dynamics,
    layers: StackedWeights,
    saves: int,
    bytes_per_save: int,
    limit: float | None,
    dtype: np.dtype,
) -> None:
    """Refuse what would not fit, and say what would.

    Raises:
        ValueError: when saved observables and working copies exceed `limit` bytes.
    """
    if limit is None:
        return
    replicas = len(layers[0])
    working = working_bytes(dynamics, layers, dtype)
    bytes_per_save = bytes_per_save + VIEW_BYTES * replicas
    needed = working + saves * bytes_per_save
    if needed <= limit:
        return
    fitting = []
    if working + bytes_per_save <= limit:
        fitting.append(f"{int((limit - working) // bytes_per_save)} saved times")
    shared = shared_bytes(dynamics, dtype)
    each = (needed - shared) / replicas
    if shared + each <= limit:
        fitting.append(f"{int((limit - shared) // each)} replicas")
    mebi = 2**20
    raise ValueError(
        f"A run of {replicas} replicas with {saves} saved times needs about"
        f" {needed / mebi:.4g} MiB, {saves * bytes_per_save / mebi:.4g} MiB of it for"
        f" what it saves, but `memory_limit` is {limit / mebi:.4g} MiB:"
        f" {' or '.join(fitting) or 'not even one replica at one time'} would fit."
    )


def working_bytes(dynamics: Dynamics, layers: StackedWeights, dtype: np.dtype) -> int:
    """About what the run itself takes, apart from what it saves."""
    replicas = len(layers[0])
    shapes = [layer.shape[1:] for layer in layers]
    sizes = [shapes[0][1], *(out for out, _ in shapes)]
    whole = sum(out * inner for out, inner in shapes)
    drawn = 0
    if isinstance(dynamics, SGD | Langevin):
        batch = 2 * _samples_seen(dynamics) * sum(sizes)
        numbers = replicas * ((STEP_COPIES + WHOLE_COPIES) * whole + batch)
        drawn = replicas * drawn_bytes(dynamics)
    else:
        if isinstance(dynamics, GradientFlow):
            copies, is_reduced = FLOW_COPIES, True
        else:
            copies, is_reduced = STEP_COPIES, dynamics.update.keeps_idle
        stepped = whole
        if len(layers) == 2 and is_reduced:
            d, h, k = sizes
            stepped = min(h, d + k) * (d + k)
        numbers = replicas * (copies * stepped + WHOLE_COPIES * whole)
    return numbers * dtype.itemsize + drawn + shared_bytes(dynamics, dtype)


def _samples_seen(dynamics: SGD | Langevin) -> int:
    """In one step, by one replica."""
    return dynamics.batch_size if isinstance(dynamics, SGD) else dynamics.n


def drawn_bytes(dynamics: SGD | Langevin) -> int:
    """What the draws of a block take, per replica: a whole permutation in epochs."""
    each = DRAWN_COPIES * DRAWN_BYTES * _samples_seen(dynamics) + KEY_BYTES
    return dynamics.block_length * each


def shared_bytes(dynamics: Dynamics, dtype: np.dtype) -> int:
    """What all replicas hold in common: the samples."""
    if not isinstance(dynamics, SGD | Langevin):
        return 0
    return (dynamics.inputs.size + dynamics.targets.size) * dtype.itemsize
