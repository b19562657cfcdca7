r"""Noise of gradients: its covariance, how it lies to the Hessian, its memory."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from linnet.numerics import Estimate, jackknife
from linnet.phenomena.fluctuations.measure.correlation import autocorrelation
from linnet.phenomena.fluctuations.measure.window import Records, projected, unit_axes
from linnet.shapes import Float

Gradients = Float[np.ndarray, "n p"] | Callable[[np.ndarray], np.ndarray]
Square = Float[np.ndarray, "p p"]

BATCH = 256  # samples of a callable that are asked for at once
GROUPS = 20  # of samples that the jackknife leaves out


def gradient_covariance(gradients: Gradients, n: int | None = None) -> Square:
    r"""Covariance $C = \frac1n\sum_ig_ig_i^\top - \bar g\bar g^\top$ over samples.

    That of the data set at hand, with $1/n$: a batch drawn with replacement has
    covariance $C/m$. Exact for these data: no error bar.

    Args:
        gradients: Of each sample's loss, `(n, p)`; or a callable that takes indices of
            samples `(b,)` and gives theirs, `(b, p)`.
        n: Number of samples, of a callable.

    Raises:
        ValueError: when there are fewer than 2 samples, or a gradient is not finite.
    """
    sums = [(len(part), part.sum(0)) for part in _batches(gradients, n)]
    count = sum(size for size, _ in sums)
    mean = np.sum([total for _, total in sums], axis=0) / count
    square = np.zeros((len(mean), len(mean)))
    for part in _batches(gradients, n):  # about the mean: no cancellation
        square += (part - mean).T @ (part - mean)
    return square / count


def noise_along(
    gradients: Gradients, axes: Float[np.ndarray, "m p"], n: int | None = None
) -> Estimate:
    r"""Noise $p_i^\top Cp_i$ along axes, without forming $C$.

    Args:
        gradients: As in `gradient_covariance`.
        axes: Rows of length one.
        n: Number of samples, of a callable.

    Returns:
        Mean over samples, which is exact for these data; the error bar takes samples as
        draws from a population.

    Raises:
        ValueError: as `gradient_covariance`, or when axes do not fit.
    """
    parts = []
    for part in _batches(gradients, n):
        parts.append(part @ unit_axes(axes, part.shape[1]).T)
    along = np.concatenate(parts)
    return Estimate.from_samples((along - along.mean(0)) ** 2)


def commutator(first: Square, second: Square) -> float:
    r"""$\lVert AB - BA\rVert_F / (\lVert A\rVert_F\lVert B\rVert_F)$.

    Zero where both have common eigenvectors, at most $\sqrt2$. Of the Hessian and the
    covariance of the noise: not zero means broken detailed balance. Exact: no error
    bar, see `noise_to_hessian`.

    Raises:
        ValueError: when shapes differ, or a matrix vanishes.
    """
    scale = _scale(first, second)
    return float(np.linalg.norm(first @ second - second @ first) / scale)


def alignment(first: Square, second: Square) -> float:
    r"""Cosine $\mathrm{tr}(AB)/(\lVert A\rVert_F\lVert B\rVert_F)$ of two matrices.

    One for proportional ones. Exact: no error bar, see `noise_to_hessian`.

    Raises:
        ValueError: when shapes differ, or a matrix vanishes.
    """
    return float((first * second).sum() / _scale(first, second))


@dataclass(frozen=True)
class NoiseToHessian:
    """How the covariance of the noise lies to the Hessian.

    Attributes:
        commutator: Relative size of the commutator, as measured on these samples.
        null: What it would come to, in the root mean square, if the population's
            commutator vanished: the bias of finitely many samples.
        commutator_above_null: With that bias removed in the square; 0 where it is less.
        alignment: Cosine between both.
    """

    commutator: Estimate
    null: float
    commutator_above_null: float
    alignment: Estimate


def noise_to_hessian(
    hessian: Square, gradients: Float[np.ndarray, "n p"]
) -> NoiseToHessian:
    r"""Commutator and alignment of $H$ and $C$, errors by a jackknife over samples.

    Twenty groups of samples are left out in turn. The errors and `null` speak of the
    population that samples come from: of the data set at hand both numbers are exact.
    $\lVert[H, gg^\top]\rVert^2 = 2(\lVert Hg\rVert^2\lVert g\rVert^2 -
    (g^\top Hg)^2)$ gives the null in $O(np^2)$. $H$ is taken as known.

    Args:
        hessian: $H$ of the full-batch loss, symmetric.
        gradients: Of each sample's loss, at the same weights.

    Raises:
        ValueError: when shapes differ, a matrix vanishes, or samples are fewer than 40.
    """
    (rows,) = _batches(np.asarray(gradients, dtype=float), None)
    n = len(rows)
    if n < 2 * GROUPS:
        raise ValueError(
            f"Argument `gradients` must hold {2 * GROUPS} samples or more for an error"
            f" bar, but holds {n}: `commutator` has none and takes any."
        )
    noise = rows - rows.mean(0)
    whole = noise.T @ noise / n
    both = np.array([commutator(hessian, whole), alignment(hessian, whole)])
    found = jackknife(
        both,
        lambda group: _both_without(hessian, rows, group),
        GROUPS,
        removes_bias=False,
    )
    turned = noise @ hessian
    own = 2 * ((turned**2).sum(1) * (noise**2).sum(1) - ((turned * noise).sum(1)) ** 2)
    null = np.sqrt(own.sum()) / n / _scale(hessian, whole)
    above = np.sqrt(max(both[0] ** 2 - null**2, 0.0))
    of_commutator, of_alignment = (
        Estimate(np.array(value), np.array(error), GROUPS)
        for value, error in zip(found.value, found.stderr, strict=True)
    )
    return NoiseToHessian(of_commutator, float(null), float(above), of_alignment)


def noise_autocorrelation(
    batch_gradients: Records, axes: Float[np.ndarray, "m p"], lags: int
) -> Estimate:
    r"""Autocorrelation of the noise of batches along axes, shape `(lags + 1, m)`.

    White for independent batches; $-\frac{M-j}{M(M-1)}$ at lag $j \le M$ for reshuffled
    epochs of $M$ batches. Take all gradients at *one* set of weights, or subtract the
    full gradient at each step.

    Args:
        batch_gradients: `(steps, p)` or `(replicas, steps, p)`, in the order of
            training.
        axes: Rows of length one.
        lags: Largest lag, in steps.

    Raises:
        ValueError: when axes do not fit, there is no noise along one, or the record is
            too short.
    """
    return autocorrelation(projected(batch_gradients, axes), lags)


def _both_without(
    hessian: Square, rows: Float[np.ndarray, "n p"], group: int
) -> Float[np.ndarray, " 2"]:
    """Commutator and alignment without every twentieth sample."""
    keep = np.arange(len(rows)) % GROUPS != group
    part = rows[keep] - rows[keep].mean(0)
    noise = part.T @ part / len(part)
    return np.array([commutator(hessian, noise), alignment(hessian, noise)])


def _batches(gradients: Gradients, n: int | None) -> Iterator[Float[np.ndarray, "b p"]]:
    """Checked gradients in float64: all at once of an array, in parts of a callable."""
    found: Iterable[np.ndarray] = ()
    if not callable(gradients):
        found = [gradients]
    elif n is None or n < 2:
        raise ValueError(
            f"Argument `n` must be the number of samples, >= 2, but is {n}: a callable"
            " does not tell."
        )
    else:
        starts = range(0, n, BATCH)
        found = (gradients(np.arange(a, min(a + BATCH, n))) for a in starts)
    for part in found:
        rows = np.asarray(part, dtype=float)
        too_few = not callable(gradients) and len(rows) < 2
        if rows.ndim != 2 or too_few or not np.isfinite(rows).all():
            raise ValueError(
                "Argument `gradients` must be finite of shape (n, p), one row for each"
                f" of 2 samples or more, but has shape {rows.shape}"
                f"{'' if np.isfinite(rows).all() else ' and NaN or infinity'}."
            )
        yield rows


def _scale(first: Square, second: Square) -> float:
    if np.ndim(first) != 2 or np.shape(first) != np.shape(second):
        raise ValueError(
            "Both matrices must be square and of one shape, but have"
            f" {np.shape(first)} and {np.shape(second)}."
        )
    scale = float(np.linalg.norm(first) * np.linalg.norm(second))
    if not scale > 0:
        raise ValueError("Both matrices must not vanish, but one does.")
    return scale
