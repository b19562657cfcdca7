"""What a run will take, before it takes it."""

import numpy as np

from linnet.dynamics.descent import SGD
from linnet.dynamics.flow import GradientFlow
from linnet.dynamics.reduction import StackedWeights
from linnet.dynamics.request import Dynamics

# Copies of the stepped weights that are alive at once: the stages of Dopri8 with what
# step control keeps, or the weights, gradients and products of a plain step.
FLOW_COPIES = 24
STEP_COPIES = 6
WHOLE_COPIES = 4  # of the whole network: start, frozen part, hidden frame, end


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
    needed = working + saves * bytes_per_save
    if needed <= limit:
        return
    fitting = []
    if working + bytes_per_save <= limit:
        fitting.append(f"{int((limit - working) // bytes_per_save)} saved times")
    if needed / replicas <= limit:
        fitting.append(f"{int(limit // (needed / replicas))} replicas")
    mebi = 2**20
    raise ValueError(
        f"A run of {replicas} replicas with {saves} saved times needs about"
        f" {needed / mebi:.4g} MiB, {saves * bytes_per_save / mebi:.4g} MiB of it for"
        f" observables, but `memory_limit` is {limit / mebi:.4g} MiB:"
        f" {' or '.join(fitting) or 'not even one replica at one time'} would fit."
    )


def working_bytes(dynamics: Dynamics, layers: StackedWeights, dtype: np.dtype) -> int:
    """About what the run itself takes, apart from what it saves."""
    replicas = len(layers[0])
    shapes = [layer.shape[1:] for layer in layers]
    sizes = [shapes[0][1], *(out for out, _ in shapes)]
    whole = sum(out * inner for out, inner in shapes)
    if isinstance(dynamics, SGD):
        batch = 2 * dynamics.batch_size * sum(sizes)
        data = dynamics.inputs.size + dynamics.targets.size
        numbers = replicas * ((STEP_COPIES + WHOLE_COPIES) * whole + batch) + data
    else:
        copies = FLOW_COPIES if isinstance(dynamics, GradientFlow) else STEP_COPIES
        stepped = whole
        if len(layers) == 2:
            d, h, k = sizes
            stepped = min(h, d + k) * (d + k)
        numbers = replicas * (copies * stepped + WHOLE_COPIES * whole)
    return numbers * dtype.itemsize
