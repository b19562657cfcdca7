r"""How the gradient of one sample scatters: the noise covariance $C$ of a single layer.

$C = \frac1n\sum_i\mathrm{vec}(g_i)\mathrm{vec}(g_i)^\top -
\mathrm{vec}(g)\mathrm{vec}(g)^\top$ with $g_i = (Wx_i - y_i)x_i^\top$; a batch
scatters by $\kappa C$. With few inputs per sample,
$C = \sigma^2I_k\otimes\mathtt{xx}$; with many it has a broader spectrum and commutes
with `xx` no more. (The note's letters: $N, o$
are n, k here, and $\gamma = d/n$ is `aspect_ratio`.)

Reference: Gross et al. 2024 (statements); derived here.
"""

import numpy as np

from linnet.numerics.weighted_covariance import (
    weighted_covariance_density,
    weighted_covariance_edge,
)
from linnet.phenomena.fluctuations.theory.minimum import Minimum
from linnet.phenomena.fluctuations.theory.refusals import (
    check_finite,
    check_noise,
    check_positive,
)
from linnet.shapes import Float


def gradient_noise(minimum: Minimum) -> Float[np.ndarray, "k k r r"]:
    r"""$C$ at the minimum, the scatter of $r_i x_i^\top$ over the samples.

    $C_{ab} = \frac1n\sum_ir_{ia}r_{ib}\,x_ix_i^\top - g_ag_b^\top$; the mean
    gradient of the data, $g_a = -\mu w_a$, vanishes without weight decay. Then
    every block is symmetric; with it $C_{ab} = C_{ba}^\top$ alone.

    Returns:
        Blocks in the eigenbasis, see `Minimum.full`. $O(k^2nd^2)$ operations.
    """
    x, r = minimum.coordinates, minimum.residuals
    k, rank = minimum.outputs, len(minimum.variances)
    blocks = np.empty((k, k, rank, rank))
    mean = r.T @ x / minimum.samples
    for a in range(k):
        for b in range(a, k):
            # One product of two scaled copies; of a diagonal block, with itself.
            left = x * (r[:, a] * r[:, b])[:, None] if a != b else x * r[:, [a]]
            block = left.T @ (x if a != b else left) / minimum.samples
            block = (block + block.T) / 2
            if minimum.weight_decay:
                block -= np.outer(mean[a], mean[b])
            blocks[a, b], blocks[b, a] = block, block.T
    return blocks


def noise_at(
    inputs: Float[np.ndarray, "n d"],
    targets: Float[np.ndarray, "n k"],
    end_to_end: Float[np.ndarray, "k d"],
) -> Float[np.ndarray, "kd kd"]:
    r"""$C$ of a data set at any weights, over the row-major `W.ravel()`.

    Weight decay does not enter: it is the same for every sample.

    Raises:
        ValueError: when the shapes do not fit, or an entry is not finite.
    """
    x, y = np.asarray(inputs, dtype=float), np.asarray(targets, dtype=float)
    w = np.asarray(end_to_end, dtype=float)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not len(x):
        raise ValueError(
            "Arguments `inputs` and `targets` must be (n, d) and (n, k) with one row"
            f" per sample, but have shapes {x.shape} and {y.shape}."
        )
    if w.shape != (y.shape[1], x.shape[1]):
        raise ValueError(
            f"Argument `end_to_end` must be (k, d) = {(y.shape[1], x.shape[1])}, but"
            f" has shape {w.shape}."
        )
    for name, given in (("inputs", x), ("targets", y), ("end_to_end", w)):
        check_finite(name, given)
    gradients = (x @ w.T - y)[:, :, None] * x[:, None, :]
    flat = gradients.reshape(len(x), -1)
    flat = flat - flat.mean(0)
    return flat.T @ flat / len(x)


def population_noise(
    error: Float[np.ndarray, "k d"], covariance: Float[np.ndarray, "d d"], noise: float
) -> Float[np.ndarray, "kd kd"]:
    r"""$C$ of fresh Gaussian samples at a distance $\Delta$ from the teacher.

    With $E = \Delta\Sigma\Delta^\top$ and independent label noise,
    $$C_{(ai)(bj)} = (\sigma^2\delta_{ab} + E_{ab})\,\Sigma_{ij} +
      (\Sigma\Delta_b)_i(\Sigma\Delta_a)_j ,$$
    by Wick's theorem: note the crossed indices of the second term.

    Args:
        error: $\Delta = W - W_*$.
        covariance: $\Sigma$ of the inputs.
        noise: $\sigma$ of the labels.

    Returns:
        Over the row-major `W.ravel()`.

    Raises:
        ValueError: when the shapes do not fit, an entry is not finite, or the noise is
            negative.
    """
    delta, sigma = np.asarray(error, dtype=float), np.asarray(covariance, dtype=float)
    check_noise(noise)
    if delta.ndim != 2 or sigma.shape != (delta.shape[1],) * 2:
        raise ValueError(
            "Arguments `error` and `covariance` must be (k, d) and (d, d), but have"
            f" shapes {delta.shape} and {sigma.shape}."
        )
    k, d = delta.shape
    check_finite("error", delta)
    check_finite("covariance", sigma)
    pull = delta @ sigma
    scale = noise**2 * np.eye(k) + pull @ delta.T
    crossed = np.einsum("bi,aj->aibj", pull, pull).reshape(k * d, k * d)
    return np.kron(scale, sigma) + crossed


def mean_noise(
    variances: Float[np.ndarray, "*moment"], n: int, d: int, noise: float
) -> Float[np.ndarray, "*moment"]:
    r"""Mean of $C$ at the minimum over data sets of the same input moment.

    $$\mathbb E[C\mid\mathtt{xx}] = \sigma^2\,\frac{n-d}{n+2}\,I_k\otimes\mathtt{xx}$$
    for Gaussian inputs of any covariance and label noise of any distribution, every
    $n>d$. The denominator is $n+2$, because large inputs draw the minimum near.

    Args:
        variances: Eigenvalues of `xx`, or `xx` itself.
        n: Samples.
        d: Inputs.
        noise: $\sigma$.

    Returns:
        The diagonal block of each output, in the form that was given.

    Raises:
        ValueError: when $n \le d$, a variance is not finite, or the noise is negative.
    """
    check_noise(noise)
    check_finite("variances", variances)
    if not n > d >= 1:
        raise ValueError(
            f"There must be more samples than inputs, but there are {n} samples of {d}"
            " inputs: the residual vanishes, and so does its noise."
        )
    return noise**2 * (n - d) / (n + 2) * np.asarray(variances, dtype=float)


def noise_spectrum(
    values: Float[np.ndarray, "*points"],
    aspect_ratio: float,
    *,
    outputs: int = 1,
    noise: float = 1.0,
    spectrum: Float[np.ndarray, " r"] | None = None,
) -> Float[np.ndarray, "*points"]:
    r"""Density of the eigenvalues of $C$ at the minimum, for large $n$ and $d$.

    Residuals act as independent Gaussian weights of variance $\sigma^2(1-d/n)$, so that
    $C$ is a sample covariance of $kd$ dimensions with weights $\chi^2_k$; at
    $k$ fixed, $n, d\to\infty$. White inputs: the second moment over the square of the
    mean is $1+\frac dn(k+2)$, against $1+\frac dn$ of `xx`.

    Args:
        values: Eigenvalues at which the density is asked for.
        aspect_ratio: $d/n < 1$.
        outputs: $k$.
        noise: $\sigma > 0$.
        spectrum: Eigenvalues of the population covariance of the inputs; None for
            white inputs of variance one.

    Raises:
        ValueError: when an argument is outside its range.
    """
    scale = _scale(aspect_ratio, noise)
    density = weighted_covariance_density(
        np.asarray(values, dtype=float) / scale,
        outputs * aspect_ratio,
        degrees=outputs,
        spectrum=spectrum,
    )
    return density / scale


def noise_edge(
    aspect_ratio: float,
    *,
    outputs: int = 1,
    noise: float = 1.0,
    spectrum: Float[np.ndarray, " r"] | None = None,
) -> float:
    r"""Smallest eigenvalue of $C$ in that limit; there is no largest, but a thin tail.

    Zero when $kd\ge n$: then $C$ is singular.

    Raises:
        ValueError: when an argument is outside its range.
    """
    scale = _scale(aspect_ratio, noise)
    return scale * weighted_covariance_edge(
        outputs * aspect_ratio, degrees=outputs, spectrum=spectrum
    )


def noise_moment_ratio(
    aspect_ratio: float,
    *,
    outputs: int = 1,
    spectrum: Float[np.ndarray, " r"] | None = None,
) -> float:
    r"""Mean square of the eigenvalues of $C$ over their squared mean, for large n, d.

    $\frac{\langle\tau^2\rangle}{\langle\tau\rangle^2} + \frac dn(k+2)$, where $\tau$
    are the eigenvalues of the inputs' covariance.

    Raises:
        ValueError: when an argument is outside its range.
    """
    _scale(aspect_ratio, 1.0)
    tau = np.ones(1) if spectrum is None else np.asarray(spectrum, dtype=float)
    if not tau.size:
        raise ValueError("Argument `spectrum` must hold eigenvalues, but is empty.")
    check_positive("spectrum", tau)
    white = (tau**2).mean() / tau.mean() ** 2
    return float(white + aspect_ratio * (outputs + 2))


def _scale(aspect_ratio: float, noise: float) -> float:
    if not 0 < aspect_ratio < 1:
        raise ValueError(
            f"Argument `aspect_ratio` must be in (0, 1), but is {aspect_ratio}: with no"
            " more samples than inputs the residual vanishes."
        )
    check_positive("noise", noise)
    return noise**2 * (1 - aspect_ratio)
