"""Random networks of one hidden layer: their kernels as measured, and their training.

Inputs have a sloppy spectrum and a mean square of one per entry; labels are those of
random linear teachers, one for each network.
"""

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness import measure
from linnet.phenomena.sloppiness.claims import problems
from linnet.shapes import Float
from linnet.study import Problem

if TYPE_CHECKING:
    from linnet.dynamics import NetworkEnsemble

SLOPE, INPUTS, SAMPLES = 0.5, 4, 12
RATE, STEPS = 2.5, 31  # the sum of the kernel's variances is about one
NARROW = 64  # width of networks whose kernels are measured: means are those of any
MEASURED = 1024, 256  # outputs scatter more than tangents
TEACHER = 0.3  # deviation of a teacher's weights, in units of the network's

Paths = Float[np.ndarray, "trajectories checkpoints n"]


def problem(seed: int, quick: bool) -> Problem:
    """The inputs, with one linear teacher."""
    return problems.posed(
        _data(seed),
        f"networks of one hidden layer, {INPUTS} inputs, {SAMPLES} samples",
        seed=seed,
        quick=quick,
    )


def inputs(seed: int) -> Float[np.ndarray, "n d"]:
    """Samples as rows."""
    return _data(seed).inputs


@lru_cache(maxsize=8)
def measured(seed: int) -> tuple[Estimate, Estimate]:
    """Output and tangent kernel of random networks, means with errors."""
    network = _network(seed, NARROW)
    draw = partial(_draw, network)
    x = inputs(seed)
    outputs = measure.output_kernel(
        network.function, draw, x, networks=MEASURED[0], seed=seed
    )
    tangent = measure.mean_tangent_kernel(
        network.function, draw, x, networks=MEASURED[1], seed=seed + 1
    )
    return outputs, tangent


@lru_cache(maxsize=16)
def trained(seed: int, width: int, count: int, is_centered: bool = False) -> Paths:
    """Predictions of networks on the training samples, at every step."""
    from linnet.dynamics import train_ensemble

    network = _network(seed, width, is_centered)
    run = train_ensemble(
        network,
        network.starts(count, seed),
        _labels(seed, count),
        range(STEPS),
        precision="float32",  # far below the scatter of networks
    )
    if run.diverged:
        raise RuntimeError(f"{run.diverged} networks diverged.")
    return run.predictions.astype(float)


@lru_cache(maxsize=16)
def departures(seed: int, width: int, count: int) -> Float[np.ndarray, " count"]:
    """Mean square between networks and kernel descent from the same outputs."""
    from linnet.dynamics import KernelEnsemble, train_ensemble

    paths = trained(seed, width, count)
    kernel = measured(seed)[1].value
    process = KernelEnsemble((kernel + kernel.T) / 2, RATE)
    lazy = train_ensemble(process, paths[:, 0], _labels(seed, count), range(STEPS))
    return ((paths - lazy.predictions) ** 2).mean(axis=(1, 2))


@lru_cache(maxsize=8)
def _data(seed: int) -> problems.SpectralData:
    shape = np.array(problems.sloppy_variances(SLOPE, INPUTS))
    variances = tuple((shape * INPUTS / shape.sum()).tolist())
    return problems.spectral_data(variances, SAMPLES, seed=seed)


def _network(seed: int, width: int, is_centered: bool = False) -> "NetworkEnsemble":
    from linnet.dynamics import NetworkEnsemble

    return NetworkEnsemble(inputs(seed), RATE, hidden=width, is_centered=is_centered)


def _draw(network: "NetworkEnsemble", rng: np.random.Generator) -> Any:
    return rng.standard_normal(network.start_shape)


def _labels(seed: int, count: int) -> Float[np.ndarray, "count n"]:
    """Of a random linear teacher for each network."""
    rng = np.random.default_rng([seed, count, 6])
    teachers = TEACHER * rng.standard_normal((count, INPUTS))
    return teachers @ inputs(seed).T / np.sqrt(INPUTS)
