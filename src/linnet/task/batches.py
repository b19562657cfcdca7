r"""How strong the noise of a batch is: $\mathrm{Cov}\,g_B = \kappa C$.

$C$ is the covariance of the gradients of single samples. Three samplings, which are
three processes: batches drawn independently `with_replacement`, batches drawn
independently of distinct samples (`without_replacement`), and reshuffled `epochs`,
whose batches are anti-correlated besides. Derived here, by enumeration of batches.
"""

from typing import Literal

Sampling = Literal["with_replacement", "without_replacement", "epochs"]
SAMPLINGS: tuple[Sampling, ...] = ("with_replacement", "without_replacement", "epochs")


def batch_noise(sampling: Sampling, n: int, batch_size: int) -> float:
    r"""The factor $\kappa$ of one batch.

    $\kappa = 1/m$ with replacement; $\frac{n-m}{m(n-1)}$ for distinct samples, in
    independent batches and in epochs alike; zero for $m = n$.

    Raises:
        ValueError: when the sampling is unknown, or the batch size is not in [1, n].
    """
    if sampling not in SAMPLINGS:
        raise ValueError(
            f"Argument `sampling` must be one of {', '.join(SAMPLINGS)}, but is"
            f" {sampling!r}."
        )
    if int(batch_size) != batch_size or not 1 <= batch_size <= n:
        raise ValueError(
            f"Argument `batch_size` must be a whole number in [1, {n}], the number of"
            f" samples, but is {batch_size!r}."
        )
    if sampling == "with_replacement":
        return 1 / batch_size
    return (n - batch_size) / (batch_size * (n - 1)) if n > 1 else 0.0


def batches_per_epoch(n: int, batch_size: int) -> int:
    """Number $M$ of batches of an epoch.

    Raises:
        ValueError: when the batch size does not divide n (unequal batches break the
            formulas of epochs), or one batch holds all samples (there is no noise).
    """
    batch_noise("epochs", n, batch_size)
    if n % batch_size:
        raise ValueError(
            f"Argument `batch_size` must divide the {n} samples for `epochs`, but is"
            f" {batch_size}: the last batch would be smaller. Choose a divisor, or drop"
            " samples."
        )
    if n == batch_size:
        raise ValueError(
            f"Argument `batch_size` is {batch_size}, all samples: one batch an epoch"
            " has no noise. Choose a smaller one."
        )
    return n // batch_size
