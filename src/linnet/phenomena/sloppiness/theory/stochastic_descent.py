r"""SGD of one layer on a data set: what its noise is made of, and where it explodes.

Independent batches of $m$ samples, drawn with or without replacement inside the batch.
Reshuffled epochs, whose batches are anti-correlated, are another process: simulate it.
($m$ is `batch_size`, $\kappa$ is `noise_factor`, $\eta$ is `learning_rate`.)

Reference: derived here.
"""

from dataclasses import dataclass

import numpy as np

from linnet.numerics.mean_square import critical_mean_square
from linnet.phenomena.sloppiness.theory.directions import input_directions
from linnet.phenomena.sloppiness.theory.refusals import (
    check_positive,
    one_number,
)
from linnet.shapes import Float
from linnet.task.batches import Sampling, batch_noise


@dataclass(frozen=True, eq=False)
class NoisyDescent:
    r"""SGD on a data set, in the eigenbasis of `xx` on the row space of the inputs.

    Attributes:
        coordinates: $XU$, inputs in the eigenbasis, shape `(n, r)`.
        basis: $U$, shape `(d, r)`.
        variances: $\lambda$, eigenvalues of `xx`, largest first, `(r,)`.
        minimizer: $w_*$ of least norm in the eigenbasis, `(k, r)`.
        residuals: $e$, what the minimum leaves, $X^\top e = 0$, `(n, k)`.
        learning_rate: $\eta$.
        noise_factor: $\kappa$ of one batch.
    """

    coordinates: Float[np.ndarray, "n r"]
    basis: Float[np.ndarray, "d r"]
    variances: Float[np.ndarray, " r"]
    minimizer: Float[np.ndarray, "k r"]
    residuals: Float[np.ndarray, "n k"]
    learning_rate: float
    noise_factor: float

    @property
    def samples(self) -> int:
        """Number of samples $n$."""
        return len(self.coordinates)

    @property
    def outputs(self) -> int:
        """Number of outputs $k$."""
        return len(self.minimizer)

    @property
    def factors(self) -> Float[np.ndarray, " r"]:
        r"""$\rho = 1-\eta\lambda$, by which a step multiplies the mean error."""
        return 1 - self.learning_rate * self.variances

    def largest_stable_rate(self) -> float:
        r"""Learning rate at which mean squares explode; $2/\lambda_1$ without noise.

        Raises:
            ArithmeticError: when conjugate gradients do not converge.
        """
        return critical_mean_square(
            self.coordinates, self.variances, self.noise_factor
        )[0]


def noisy_descent(
    inputs: Float[np.ndarray, "n d"],
    targets: Float[np.ndarray, "n k"],
    learning_rate: float,
    *,
    batch_size: int,
    sampling: Sampling = "without_replacement",
) -> NoisyDescent:
    r"""SGD on a data set, refused where its mean square does not stay finite.

    The minimum and its residuals are derived from the targets, so that
    $X^\top e = 0$ holds. For random targets only the residuals count: pass
    `numpy.zeros((n, k))` for labels without noise.

    Valid for: batches drawn independently of each other, no weight decay.

    Args:
        inputs: Samples as rows.
        targets: Targets as rows.
        learning_rate: $\eta$.
        batch_size: $m$.
        sampling: `with_replacement` or `without_replacement`, inside one batch.

    Raises:
        ValueError: when shapes differ, an entry is not finite, the inputs vanish, the
            batch size is impossible, the sampling is `epochs`, or SGD is unstable in
            the mean square (the message says where stability ends; it is stricter
            than $\eta\lambda_1 < 2$).
        ArithmeticError: when that edge is asked for and not found.

    Reference: derived here.
    """
    x, y = np.asarray(inputs, dtype=float), np.asarray(targets, dtype=float)
    _check(x, y, learning_rate)
    if sampling == "epochs":
        raise ValueError(
            "Argument `sampling` must be with_replacement or without_replacement, but"
            " is 'epochs': batches of one epoch depend on each other and follow no"
            " such recursion. Simulate them."
        )
    kappa = batch_noise(sampling, len(x), batch_size)
    directions = input_directions(x)
    basis, variances = directions.basis, directions.variances
    coordinates = x @ basis
    minimizer = y.T @ coordinates / len(x) / variances
    descent = NoisyDescent(
        coordinates,
        basis,
        variances,
        minimizer,
        y - coordinates @ minimizer.T,
        float(learning_rate),
        kappa,
    )
    _check_stable(descent)
    return descent


def _check(
    inputs: Float[np.ndarray, "..."],
    targets: Float[np.ndarray, "..."],
    learning_rate: float,
) -> None:
    rate = one_number("learning_rate", learning_rate)
    check_positive("learning_rate", rate, "a step must go somewhere")
    if inputs.ndim != 2 or 0 in inputs.shape:
        raise ValueError(
            "Argument `inputs` must be (n, d), one row per sample, but has shape"
            f" {inputs.shape}."
        )
    if targets.ndim != 2 or len(targets) != len(inputs) or targets.shape[1] == 0:
        raise ValueError(
            f"Argument `targets` must be ({len(inputs)}, k), one row per sample, but"
            f" has shape {targets.shape}."
        )
    for name, given in (("inputs", inputs), ("targets", targets)):
        if not np.isfinite(given).all():
            raise ValueError(
                f"Argument `{name}` must be finite, but holds NaN or infinity."
            )
    if not inputs.any():
        raise ValueError("Argument `inputs` must not vanish, but is all zero.")


def _check_stable(descent: NoisyDescent) -> None:
    """Refuse what explodes; a positive matrix that shrinks proves that nothing does."""
    rate, kappa, x = descent.learning_rate, descent.noise_factor, descent.coordinates
    h = np.diag(descent.variances)
    longer = x * (x**2).sum(1, keepdims=True)
    gain = (1 - kappa) * h**2 + kappa * longer.T @ x / len(x)
    if rate * descent.variances[0] < 2 and (
        np.linalg.eigvalsh(2 * h - rate * gain)[0] > 0
    ):
        return
    edge = descent.largest_stable_rate()
    if not rate < edge:
        raise ValueError(
            f"Argument `learning_rate` must be below {edge:.6g}, where the mean square"
            f" of SGD explodes, but is {rate:.6g}: lower it, or take larger batches"
            f" (descent on all samples is stable below"
            f" {2 / descent.variances[0]:.6g})."
        )
