"""The canonical problems: data whose inputs have exactly the spectrum that is wished.

`spectral_data` makes them, `posed` a `Problem` of them; `posed_dataset` makes one of
any data set.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from linnet.numerics import haar_frame
from linnet.shapes import Float
from linnet.study import Problem
from linnet.task import Dataset

HIDDEN = 1  # one layer: nothing is hidden


@dataclass(frozen=True, eq=False)
class SpectralData:
    r"""Inputs $X=\sqrt n\,U\sqrt\lambda\,V^\top$ with random orthonormal $U$ and $V$.

    Attributes:
        variances: $\lambda$, the eigenvalues of `xx`, falling.
        inputs: $X$.
        axes: $U$, the directions in the space of predictions.
        directions: $V$, those of the weights.
    """

    variances: Float[np.ndarray, " r"]
    inputs: Float[np.ndarray, "n d"]
    axes: Float[np.ndarray, "n r"]
    directions: Float[np.ndarray, "d r"]

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.inputs)


def sloppy_variances(slope: float, modes: int) -> tuple[float, ...]:
    r"""$\lambda_i=e^{-c(i-1)}$ with $c$ = `slope`, as a key for `spectral_data`."""
    return tuple(np.exp(-slope * np.arange(modes)).tolist())


@lru_cache(maxsize=64)
def spectral_data(
    variances: tuple[float, ...], n: int, *, inputs: int | None = None, seed: int = 0
) -> SpectralData:
    """Random data with exactly this spectrum.

    Args:
        variances: Falling; one direction each.
        n: Samples, as many as variances or more.
        inputs: Their number, as many as variances or more; None for as many.
        seed: Fixes the directions.
    """
    rank = len(variances)
    d = rank if inputs is None else inputs
    rng = np.random.default_rng([seed, n, d, rank])
    axes, directions = haar_frame(n, rank, rng), haar_frame(d, rank, rng)
    spectrum = np.array(variances)
    x = np.sqrt(n * spectrum) * axes @ directions.T
    return SpectralData(spectrum, x, axes, directions)


def posed(
    data: SpectralData,
    title: str,
    *,
    seed: int,
    quick: bool,
    targets: Float[np.ndarray, "n k"] | None = None,
) -> Problem:
    """A canonical problem of these inputs, with one random target of unit weights.

    Args:
        data: The inputs.
        title: What a reader calls it.
        seed: Fixes the target, and whatever a claim draws.
        quick: Fewer trajectories, shorter runs.
        targets: Other labels than those of that target.
    """
    rng = np.random.default_rng([seed, *data.inputs.shape, 1])  # 1: not the directions
    weights = rng.standard_normal((data.inputs.shape[1], 1))
    if targets is None:
        targets = data.inputs @ weights
    dataset = Dataset(data.inputs, targets, title)
    return posed_dataset(dataset, title, seed=seed, quick=quick)


def posed_dataset(dataset: Dataset, title: str, *, seed: int, quick: bool) -> Problem:
    """A canonical problem of this data set.

    Args:
        dataset: Its samples.
        title: What a reader calls it.
        seed: Fixes whatever a claim draws.
        quick: Fewer trajectories, shorter runs.
    """
    option = " --quick" if quick else ""
    return Problem(
        title=title,
        moments=dataset.moments(),
        dataset=dataset,
        hidden=HIDDEN,
        init_scale=1.0,
        learning_rate=None,
        seed=seed,
        quick=quick,
        command=f"linnet reproduce sloppiness --seed {seed}{option}",
        canonical=True,
    )
