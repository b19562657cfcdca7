r"""What a data set shows of a spike: its sample eigenvalue, and the direction of it.

$n, d\to\infty$ at a fixed `aspect_ratio` $\gamma = d/n$ and a fixed number of spikes;
each acts on its own, so that several are an array of strengths. Spikes between
$-\sqrt\gamma$ and $\sqrt\gamma$ leave no trace. `bulk_variance` $s^2$ is the other
eigenvalues', $\Sigma = s^2(I+\rho\mu\mu^\top)$.

Reference: Baik, Ben Arous and Péché 2005; Paul 2007.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.refusals import (
    check_aspect_ratio,
    check_positive,
    check_sample_size,
    check_spike,
)
from linnet.shapes import Float


def detection_threshold(aspect_ratio: ArrayLike) -> Float[np.ndarray, "*grid"]:
    r"""$\sqrt\gamma$: weaker spikes leave the sample spectrum as it is.

    Raises:
        ValueError: when $\gamma$ is not positive.

    Example:
        >>> detection_threshold(4.0)
        np.float64(2.0)
    """
    check_aspect_ratio(aspect_ratio)
    return np.sqrt(np.asarray(aspect_ratio, dtype=float))


def is_detectable(
    spike_strength: ArrayLike, aspect_ratio: ArrayLike
) -> np.ndarray | np.bool_:
    r"""Whether the spike's sample eigenvalue leaves the bulk.

    $\lvert\rho\rvert>\sqrt\gamma$, see `detection_threshold`. A dip can only be seen
    for $\gamma<1$, since $\rho>-1$; with more inputs than samples the weakest
    directions are lost in the null space.

    Raises:
        ValueError: when $\rho\le-1$, or $\gamma$ is not positive.

    Example:
        >>> is_detectable(np.array([-0.9, -0.2, 0.4, 0.6]), 0.25)
        array([ True, False, False,  True])
    """
    rho, ratio = _spike_and_ratio(spike_strength, aspect_ratio)
    return (np.abs(rho) > np.sqrt(ratio))[()]


def sample_spike(
    spike_strength: ArrayLike, aspect_ratio: ArrayLike, bulk_variance: ArrayLike = 1.0
) -> Float[np.ndarray, "*grid"]:
    r"""Eigenvalue of $X^\top X/n$ that the spike causes.

    $s^2(1+\rho)(1+\gamma/\rho)$ for $\lvert\rho\rvert>\sqrt\gamma$: above the bulk for
    a spike, below it for a dip. Otherwise the nearer edge of the bulk,
    $s^2(1\pm\sqrt\gamma)^2$ with the sign of $\rho$.

    Valid for: the limit; at finite $n$ it is off by $O(1/n)$ and scatters by
    `sample_spike_spread`.

    Args:
        spike_strength: $\rho > -1$.
        aspect_ratio: $\gamma$.
        bulk_variance: $s^2$. All broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: Baik and Silverstein 2006.

    Example:
        >>> sample_spike(np.array([3.0, 0.1]), 1.0)
        array([5.33333333, 4.        ])
    """
    check_positive("bulk_variance", bulk_variance, "it is an eigenvalue")
    rho, ratio = _spike_and_ratio(spike_strength, aspect_ratio)
    seen = np.abs(rho) > np.sqrt(ratio)
    outside = (1 + rho) * (1 + ratio / np.where(seen, rho, 1.0))
    edge = (1 + np.where(rho < 0, -1, 1) * np.sqrt(ratio)) ** 2
    return np.asarray(bulk_variance, dtype=float) * np.where(seen, outside, edge)


def spike_overlap(
    spike_strength: ArrayLike, aspect_ratio: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    r"""Squared cosine between the spike and the sample eigenvector of it.

    $\frac{1-\gamma/\rho^2}{1+\gamma/\rho}$ for $\lvert\rho\rvert>\sqrt\gamma$, else 0.

    Valid for: as `sample_spike`. Of equal spikes, the share within their plane.

    Raises:
        ValueError: when an argument is out of range.

    Reference: Paul 2007; for dips the same formula, derived here.

    Example:
        >>> spike_overlap(3.0, 1.0).round(12)
        np.float64(0.666666666667)
    """
    rho, ratio = _spike_and_ratio(spike_strength, aspect_ratio)
    seen = np.abs(rho) > np.sqrt(ratio)
    strength = np.where(seen, rho, 1.0)
    cosine = (1 - ratio / strength**2) / (1 + ratio / strength)
    return np.where(seen, cosine, 0.0)[()]


def sample_spike_spread(
    spike_strength: ArrayLike,
    aspect_ratio: ArrayLike,
    n: ArrayLike,
    bulk_variance: ArrayLike = 1.0,
) -> Float[np.ndarray, "*grid"]:
    r"""Standard deviation of the sample eigenvalue over data sets.

    $s^2(1+\rho)\sqrt{\frac2n\big(1-\frac\gamma{\rho^2}\big)}$, Gaussian.

    Valid for: a single spike well beyond the threshold, Gaussian inputs, large $n$. At
    the threshold it vanishes, and the scatter is of another law, $\propto n^{-2/3}$.

    Args:
        spike_strength: $\rho$, detectable.
        aspect_ratio: $\gamma$.
        n: Samples.
        bulk_variance: $s^2$. All broadcast.

    Raises:
        ValueError: when a spike is not detectable, or an argument is out of range.

    Reference: Paul 2007.

    Example:
        >>> sample_spike_spread(3.0, 1.0, 200).round(6)
        np.float64(0.377124)
    """
    check_positive("bulk_variance", bulk_variance, "it is an eigenvalue")
    check_sample_size(n)
    rho, ratio = _spike_and_ratio(spike_strength, aspect_ratio)
    if not np.all(np.abs(rho) > np.sqrt(ratio)):
        raise ValueError(
            "Argument `spike_strength` must be beyond the threshold, the root of the"
            f" aspect ratio, but is {rho[np.abs(rho) <= np.sqrt(ratio)].flat[0]:.6g}:"
            " what is not seen has no spread."
        )
    variance = 2 / np.asarray(n, dtype=float) * (1 - ratio / rho**2)
    return np.asarray(bulk_variance, dtype=float) * (1 + rho) * np.sqrt(variance)


def spike_of_sample(
    eigenvalue: ArrayLike, aspect_ratio: ArrayLike, bulk_variance: ArrayLike = 1.0
) -> Float[np.ndarray, "*grid"]:
    r"""The strength $\rho$ whose sample eigenvalue this is: the inverse, bias removed.

    With $x = \ell/s^2-1-\gamma$, $\rho = \frac12\big[x\pm\sqrt{x^2-4\gamma}\big]$ with
    the sign of $x$: above the bulk the larger root, below it the smaller.

    Valid for: as `sample_spike`.

    Args:
        eigenvalue: $\ell$ of $X^\top X/n$, outside of the bulk.
        aspect_ratio: $\gamma$.
        bulk_variance: $s^2$. All broadcast.

    Raises:
        ValueError: when the eigenvalue is within the bulk, where every spike up to the
            threshold has the same, or an argument is out of range.

    Reference: derived here from `sample_spike`.

    Example:
        >>> spike_of_sample(16 / 3, 1.0).round(12)
        np.float64(3.0)
    """
    check_positive("eigenvalue", eigenvalue, "those of a null space tell of no spike")
    check_aspect_ratio(aspect_ratio)
    check_positive("bulk_variance", bulk_variance, "it is an eigenvalue")
    scaled = np.asarray(eigenvalue, float) / np.asarray(bulk_variance, float)
    scaled, ratio = np.broadcast_arrays(scaled, np.asarray(aspect_ratio, float))
    low, high = (1 - np.sqrt(ratio)) ** 2, (1 + np.sqrt(ratio)) ** 2
    inside = ((scaled <= high) & (scaled >= low)) | ((scaled < low) & (ratio >= 1))
    if inside.any():
        first = np.flatnonzero(inside)[0]
        raise ValueError(
            "Argument `eigenvalue` must lie outside of the bulk, in units of its"
            f" variance [{low.flat[first]:.4g}, {high.flat[first]:.4g}] (below it only"
            f" with fewer inputs than samples), but is {scaled.flat[first]:.6g}: no"
            " spike up to the threshold can be told from none."
        )
    x = scaled - 1 - ratio
    # Of (x - 2 root)(x + 2 root): no squares of near numbers at the edge.
    distance = np.sqrt((x - 2 * np.sqrt(ratio)) * (x + 2 * np.sqrt(ratio)))
    return ((x + np.sign(x) * distance) / 2)[()]


def _spike_and_ratio(
    spike_strength: ArrayLike, aspect_ratio: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    check_spike(spike_strength)
    check_aspect_ratio(aspect_ratio)
    given = np.asarray(spike_strength, float), np.asarray(aspect_ratio, float)
    rho, ratio = np.broadcast_arrays(*given)
    return rho, ratio
