"""How anisotropic inputs are, from samples: spikes, overlaps, participation.

Errors by a jackknife over blocks of samples: in trials right to a tenth for strong
spikes, and up to twice too large close to the threshold at which a spike appears.
"""

from dataclasses import dataclass

import numpy as np

from linnet.numerics import Estimate, jackknife
from linnet.phenomena.anisotropy.measure.bulk import SpikedSpectrum, spiked_spectrum
from linnet.shapes import Float

BLOCKS = 20


@dataclass(frozen=True, eq=False)
class InputSpikes:
    r"""Spikes of the input covariance, each with its error over samples.

    Attributes:
        spectrum: The reading of the whole sample.
        directions: Sample eigenvectors of the outliers, as rows.
        spike_strengths: $\rho_k$, relative to the bulk.
        squared_overlaps: Of each direction with the population's.
        bulk_variance: $s^2$.
    """

    spectrum: SpikedSpectrum
    directions: Float[np.ndarray, "spikes d"]
    spike_strengths: Estimate
    squared_overlaps: Estimate
    bulk_variance: Estimate


def input_spikes(
    inputs: Float[np.ndarray, "n d"], *, count: int | None = None, blocks: int = BLOCKS
) -> InputSpikes:
    """Population spikes behind a data matrix, corrected for its finite size.

    As `spiked_spectrum`, with samples taken away block by block for the errors.

    Args:
        inputs: Samples as rows, drawn independently, as they are: center them first
            where the mean is of no interest.
        count: Number of spikes; None counts the eigenvalues beyond the bulk.
        blocks: Of samples, 4 or more.

    Raises:
        ValueError: as `spiked_spectrum`, and when there are fewer than four samples for
            each block, or blocks are few.
    """
    x = checked_inputs(inputs, blocks)
    values, vectors = sample_modes(x)
    whole = spiked_spectrum(values, len(x), count=count)
    picked = outlier_columns(whole, values)

    def reading(rows: Float[np.ndarray, "m d"]) -> Float[np.ndarray, " numbers"]:
        part = same_outliers(sample_modes(rows)[0], len(rows), whole)
        return np.r_[part.spike_strengths, part.squared_overlaps, part.bulk_variance]

    error = jackknife_error([reading(rows) for rows in without_blocks(x, blocks)])
    k = whole.count
    return InputSpikes(
        whole,
        vectors[:, picked].T,
        Estimate(whole.spike_strengths, error[:k], blocks),
        Estimate(whole.squared_overlaps, error[k : 2 * k], blocks),
        Estimate(np.array(whole.bulk_variance), error[-1], blocks),
    )


def participation(inputs: Float[np.ndarray, "n d"]) -> Estimate:
    r"""Participation ratio $(\mathrm{tr}\,\Sigma)^2/\mathrm{tr}\,\Sigma^2$ of inputs.

    Of the population: both traces as means over pairs of different samples,
    $\overline{\lvert x_i\rvert^2\lvert x_j\rvert^2}$ and $\overline{(x_i\cdot x_j)^2}$,
    free of the bias of a sample spectrum, which for white inputs shows
    $d/(1+d/n)$ instead of $d$. Error by leaving every sample out once. Any
    distribution; uncentered.

    Args:
        inputs: Samples as rows, drawn independently, three or more.

    Raises:
        ValueError: when inputs are not finite rows, or no two of them overlap.
    """
    x = checked_inputs(inputs, 0)
    n = len(x)
    squares = (x**2).sum(1)
    gram = x @ x.T if n <= x.shape[1] else None
    if gram is not None:
        pairs = (gram**2).sum(1) - squares**2
    else:
        pairs = ((x @ (x.T @ x)) * x).sum(1) - squares**2
    above = squares.sum() ** 2 - (squares**2).sum()
    below = pairs.sum()
    if not below > 0:
        raise ValueError(
            "Argument `inputs` must have samples that overlap, but all are orthogonal:"
            " too few to see any covariance."
        )
    own = 2 * squares * (squares.sum() - squares)
    replaced = (above - own) / (below - 2 * pairs)
    return Estimate(np.array(above / below), jackknife_error(replaced[:, None])[0], n)


def same_outliers(
    values: Float[np.ndarray, " d"], n: int, like: SpikedSpectrum
) -> SpikedSpectrum:
    """Read with as many outliers above and below as the whole sample has."""
    low = int((like.spike_strengths < 0).sum())
    return spiked_spectrum(values, n, count=like.count - low, dips=low)


def outlier_columns(
    found: SpikedSpectrum, values: Float[np.ndarray, " d"]
) -> np.ndarray:
    """Columns of the outliers among the modes, downwards."""
    low = int((found.spike_strengths < 0).sum())
    return np.r_[: found.count - low, len(values) - low : len(values)]


def sample_modes(
    x: Float[np.ndarray, "n d"],
) -> tuple[Float[np.ndarray, " d"], Float[np.ndarray, "d r"]]:
    """Eigenvalues of the sample moment, downwards, zeros included, and axes."""
    n, d = x.shape
    if n >= d:
        values, vectors = np.linalg.eigh(x.T @ x / n)
        return np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    values, left = np.linalg.eigh(x @ x.T / n)
    values, left = np.maximum(values[::-1], 0.0), left[:, ::-1]
    axes = x.T @ left
    lengths = np.linalg.norm(axes, axis=0)
    return np.r_[values, np.zeros(d - n)], axes / np.where(lengths > 0, lengths, 1.0)


def without_blocks(values: np.ndarray, blocks: int) -> list[np.ndarray]:
    """The sample with one of its interleaved blocks left out, for each of them."""
    member = np.arange(len(values)) % blocks
    return [values[member != block] for block in range(blocks)]


def jackknife_error(replaced: object) -> Float[np.ndarray, " numbers"]:
    """Standard error from what an estimator gives with each block left out."""
    found = np.asarray(replaced, dtype=float)
    groups = len(found)
    return jackknife(found[0], found.__getitem__, groups, removes_bias=False).stderr


def checked_inputs(
    inputs: Float[np.ndarray, "n d"], blocks: int
) -> Float[np.ndarray, "n d"]:
    """Samples as finite rows, enough of them for so many blocks (0: no blocks).

    Raises:
        ValueError: when they are not that.
    """
    x = np.asarray(inputs, dtype=float)
    if x.ndim != 2 or len(x) < 3 or not np.isfinite(x).all():
        raise ValueError(
            "Argument `inputs` must be finite samples as rows, three or more, but has"
            f" shape {x.shape} or an entry that is not finite."
        )
    if blocks and len(x) < 16:
        raise ValueError(
            f"Argument `inputs` must hold 16 samples or more, but has {len(x)}: errors"
            " take 4 blocks of 4 samples, one sample a row."
        )
    if blocks and not 4 <= blocks <= len(x) // 4:
        raise ValueError(
            f"Argument `blocks` must lie in [4, {len(x) // 4}], a fourth of the"
            f" samples, but is {blocks}."
        )
    return x
