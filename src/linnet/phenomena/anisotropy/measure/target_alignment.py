"""How far a linear target points along the spikes of its inputs, from samples alone."""

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.anisotropy.measure.bulk import SpikedSpectrum, spiked_spectrum
from linnet.phenomena.anisotropy.measure.spikes import (
    BLOCKS,
    checked_inputs,
    jackknife_error,
    outlier_columns,
    same_outliers,
    sample_modes,
    without_blocks,
)
from linnet.shapes import Float

LEAST_OVERLAP = 0.01  # squared; a correction for less would be noise
MANY = 1.25  # samples for each input from which least squares give the target's norm


def target_alignments(
    inputs: Float[np.ndarray, "n d"],
    targets: Float[np.ndarray, "n *one"],
    *,
    count: int | None = None,
    blocks: int = BLOCKS,
) -> Estimate:
    r"""Alignment $\lvert\mu_k\cdot\beta\rvert/\lVert\beta\rVert$ with every spike.

    With $v = X^\top y/n$ and an outlier $\hat\lambda_k$, $\hat u_k$ of overlap $q_k$
    with the population's direction,
    $$\mu_k\cdot\beta \simeq \frac{\hat u_k\cdot v}{\hat\lambda_kq_k},$$
    at any number of samples. The norm comes from least squares, less the share of the
    noise, if there are 1.25 samples for each input or more; else, with the bulk
    variance $s^2$, from
    $$\lVert\beta\rVert^2 = s^{-4}\lVert\Sigma\beta\rVert^2
      - \textstyle\sum_k\rho_k(2+\rho_k)(\mu_k\cdot\beta)^2,$$
    the norm of the cross moment as a mean over pairs of different samples and the
    squares freed of their variances. Strong spikes make that a small difference of
    large numbers, and its error shows it.

    Valid for: a bulk of one variance, a target that is linear plus noise. It is a
    modulus: a value below twice its error says no more than that it is small. It may
    exceed 1 within its error. Errors by a jackknife over blocks of samples, which made
    them up to twice too large in trials.

    Args:
        inputs: Samples as rows, drawn independently.
        targets: Of one output, (n,) or (n, 1).
        count: Number of spikes; None counts the eigenvalues beyond the bulk.
        blocks: Of samples, 4 or more.

    Returns:
        One number for each spike, in the order of `input_spikes`.

    Raises:
        ValueError: as `input_spikes`, and when targets do not fit, no spike is there or
            one hardly stands out, inputs are dependent, or the target's norm cannot be
            told from its error.

    Reference: derived here; the overlaps are those of `spiked_spectrum`.
    """
    x, y = checked_inputs(inputs, blocks), np.asarray(targets, dtype=float)
    y = y[:, 0] if y.shape == (len(x), 1) else y
    if y.shape != (len(x),) or not np.isfinite(y).all():
        raise ValueError(
            f"Argument `targets` must be {len(x)} finite numbers, one for each sample,"
            f" but has shape {y.shape} or an entry that is not finite."
        )
    whole = spiked_spectrum(sample_modes(x)[0], len(x), count=count)
    if whole.count == 0:
        raise ValueError(
            "Argument `inputs` must have a spike to align with, but no eigenvalue lies"
            f" beyond the bulk, which ends at {whole.edges[1]:.4g}."
        )
    axes = _axes(x, whole)
    readings = [
        _reading(rows, goals, whole, axes)
        for rows, goals in zip(
            without_blocks(x, blocks), without_blocks(y, blocks), strict=True
        )
    ]
    variances = jackknife_error(readings) ** 2
    value = _cosines(_reading(x, y, whole, axes), variances)
    parts = [_cosines(reading, variances) for reading in readings]
    return Estimate(value, jackknife_error(parts), blocks)


def _reading(
    x: Float[np.ndarray, "n d"],
    y: Float[np.ndarray, " n"],
    like: SpikedSpectrum,
    axes: Float[np.ndarray, "spikes d"],
) -> Float[np.ndarray, " numbers"]:
    """Target along every spike, the same times its eigenvalue, and a squared norm.

    The norm is that of the target, and then the second part is zero, or, with few
    samples, that of its cross moment over the bulk variance.
    """
    values, vectors = sample_modes(x)
    found = same_outliers(values, len(x), like)
    directions = vectors[:, outlier_columns(found, values)].T
    signs = np.where((directions * axes).sum(1) < 0, -1.0, 1.0)
    pull, n = x.T @ y, len(x)
    if not (found.squared_overlaps > LEAST_OVERLAP).all():
        raise ValueError(
            "Argument `inputs` must have spikes that stand out of the bulk in every"
            " part of the sample, but one has a squared overlap of only"
            f" {found.squared_overlaps.min():.2g}: lower `count`, or give more samples."
        )
    overlap = np.sqrt(found.squared_overlaps)
    along = signs * (directions @ pull) / (n * found.outliers * overlap)
    if n >= MANY * x.shape[1]:
        return np.r_[along, np.zeros(len(along)), _norm_by_least_squares(x, y)]
    own = y**2 @ (x**2).sum(1)
    cross = (pull @ pull - own) / (n * (n - 1)) / found.bulk_variance**2
    return np.r_[along, along * (1 + found.spike_strengths), cross]


def _cosines(
    reading: Float[np.ndarray, " numbers"], variances: Float[np.ndarray, " numbers"]
) -> Float[np.ndarray, " spikes"]:
    spikes = len(reading) // 2
    along, pulled = reading[:spikes], reading[spikes:-1]
    squared = float(reading[-1])
    if pulled.any():  # of the cross moment: exchange its part along the spikes
        free = reading**2 - variances
        squared += float(free[:spikes].sum() - free[spikes:-1].sum())
    if not squared > 0:
        raise ValueError(
            "Argument `targets` must have a linear part whose norm can be told from its"
            " error, but has not: give more samples."
        )
    return np.abs(along) / np.sqrt(squared)


def _norm_by_least_squares(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, " n"]
) -> float:
    r"""Unbiased: $\lvert\hat\beta\rvert^2-\hat\sigma^2\mathrm{tr}(X^\top X)^{-1}$."""
    left, sizes, _ = np.linalg.svd(x, full_matrices=False)
    if not sizes[-1] > 1e-10 * sizes[0]:
        raise ValueError(
            "Argument `inputs` must be independent columns, but are not: leave out"
            " those that follow from others."
        )
    part = left.T @ y
    noise = (y @ y - part @ part) / (len(x) - len(sizes))
    return float((part / sizes) @ (part / sizes) - noise * (1 / sizes**2).sum())


def _axes(
    x: Float[np.ndarray, "n d"], like: SpikedSpectrum
) -> Float[np.ndarray, "spikes d"]:
    values, vectors = sample_modes(x)
    return vectors[:, outlier_columns(like, values)].T
