"""A number that knows how well it is known: value, standard error, sample size."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from linnet.shapes import Float


@dataclass(frozen=True, eq=False)  # arrays have no one truth value to compare
class Estimate:
    r"""Mean of `effective_samples` independent samples with its standard error.

    The standard error is $s / \sqrt{N}$, with $s$ the sample standard deviation and
    $N$ the number of *independent* samples, so that $z = (\bar x - \mu)/\mathrm{s.e.}$
    is of order one when $\mu$ is the truth.

    `a + b` pools two disjoint sets of samples of the same quantity: the result is
    what all samples together would have given. It is not the sum of two quantities.

    Attributes:
        value: The mean, of any shape.
        stderr: Standard error of the mean, same shape, not negative.
        effective_samples: $N > 1$.

    Raises:
        ValueError: when shapes differ, an entry is not finite, the standard error is
            negative or fewer than two samples stand behind it.

    Example:
        >>> Estimate.from_samples([1.0, 2.0, 3.0]).value
        array(2.)
    """

    value: Float[np.ndarray, "..."]
    stderr: Float[np.ndarray, "..."]
    effective_samples: float

    def __post_init__(self) -> None:
        value = np.asarray(self.value, dtype=float)
        stderr = np.asarray(self.stderr, dtype=float)
        if value.shape != stderr.shape:
            raise ValueError(
                f"Argument `stderr` must have the shape of `value`, {value.shape},"
                f" but has {stderr.shape}."
            )
        if not (np.isfinite(value).all() and np.isfinite(stderr).all()):
            raise ValueError(
                "Arguments `value` and `stderr` must be finite, but an entry is NaN or"
                " infinite: drop diverged replicas first, and count them."
            )
        if (stderr < 0).any():
            raise ValueError(
                "Argument `stderr` must be >= 0, but its least entry is"
                f" {stderr.min()}."
            )
        if not self.effective_samples > 1:
            raise ValueError(
                "Argument `effective_samples` must be > 1, but is"
                f" {self.effective_samples}: one sample has no error bar."
            )
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "stderr", stderr)

    @classmethod
    def from_samples(cls, samples: Iterable) -> "Estimate":
        """Mean and standard error of independent samples, stacked along axis 0."""
        given = samples if isinstance(samples, np.ndarray) else list(samples)
        stacked = np.asarray(given, dtype=float)
        count = len(stacked)
        if count < 2:
            raise ValueError(
                f"Argument `samples` must hold at least 2 samples, but holds {count}."
            )
        stderr = stacked.std(0, ddof=1) / np.sqrt(count)
        return cls(stacked.mean(0), stderr, count)

    def __add__(self, other: "Estimate") -> "Estimate":
        if self.value.shape != other.value.shape:
            raise ValueError(
                "Estimates that are pooled must have one shape, but have"
                f" {self.value.shape} and {other.value.shape}."
            )
        n, m = self.effective_samples, other.effective_samples
        total = n + m
        step = other.value - self.value
        squares = (
            self.stderr**2 * n * (n - 1)
            + other.stderr**2 * m * (m - 1)
            + step**2 * n * m / total
        )
        stderr = np.sqrt(squares / (total * (total - 1)))
        return Estimate(self.value + step * m / total, stderr, total)

    def z(self, expected: Float[np.ndarray, "..."] | float) -> Float[np.ndarray, "..."]:
        """Distance to `expected` in standard errors, signed; infinite if known exactly.

        Where the standard error is zero, z is 0 if the value is met, else infinite.
        """
        gap = self.value - np.asarray(expected, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.where(gap == 0, 0.0, gap / self.stderr)
