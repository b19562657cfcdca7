r"""Prediction clouds of SGD on a data set: gradient descent, and what batches add.

With the coordinates $a_i = \sqrt{n\lambda_i}\,w_i$ of predictions on the data, noise
adds $n\sqrt{\lambda_i\lambda_j}\,\langle V_{ij}\rangle$ of `noise_covariance` to the
second moment and to the covariance of gradient descent alike: at given start and target
its mean is zero. It is a positive matrix, which no axis of the cloud escapes.

Reference: derived here.
"""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.sloppiness.theory.averages import mode_averages, pair_averages
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.gradient_noise import noise_covariance
from linnet.phenomena.sloppiness.theory.refusals import (
    check_deviation,
)
from linnet.phenomena.sloppiness.theory.responses import GradientDescent
from linnet.phenomena.sloppiness.theory.stochastic_descent import NoisyDescent
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class NoisyCloud:
    r"""Moments of the weights of SGD over starts, targets, batches and checkpoints.

    Blocks of outputs in the eigenbasis of `xx`, whose null space never shows.

    Attributes:
        descent: The process.
        mean: $\langle\mathbb E w\rangle$, `(k, r)`.
        spread: Covariance of the weights without the noise of batches, that of
            gradient descent, `(k, k, r, r)`.
        noise: $\langle V\rangle$, what batches add, `(k, k, r, r)`.
    """

    descent: NoisyDescent
    mean: Float[np.ndarray, "k r"]
    spread: Float[np.ndarray, "k k r r"]
    noise: Float[np.ndarray, "k k r r"]

    def covariance(self) -> Float[np.ndarray, "kr kr"]:
        r"""Covariance of the predictions, in coordinates $a$, output by output."""
        return self._predicted(self.spread + self.noise)

    def second_moment(self) -> Float[np.ndarray, "kr kr"]:
        r"""The same about zero."""
        scale = np.sqrt(self.descent.samples * self.descent.variances)
        mean = (self.mean * scale).ravel()
        return self.covariance() + np.outer(mean, mean)

    def along_modes(self) -> Float[np.ndarray, "k r"]:
        r"""Diagonal of `second_moment`: what `diag(U^T M U)` of a sample estimates."""
        return np.diag(self.second_moment()).reshape(self.mean.shape)

    def spectrum(self) -> Float[np.ndarray, " kr"]:
        """Eigenvalues of the covariance, largest first; none below zero."""
        return np.maximum(np.linalg.eigvalsh(self.covariance())[::-1], 0.0)

    def noise_spectrum(self) -> Float[np.ndarray, " kr"]:
        """Eigenvalues of what batches add alone, largest first."""
        return np.maximum(np.linalg.eigvalsh(self._predicted(self.noise))[::-1], 0.0)

    def second_moment_at(
        self, inputs: Float[np.ndarray, "m d"]
    ) -> Float[np.ndarray, "km km"]:
        r"""$Z\,\mathbb E[ww^\top]Z^\top$ at other points $Z$, output by output.

        Of the part of the weights that training moves: the null space of the training
        inputs keeps its start, which is not in here.

        Raises:
            ValueError: when the points do not have as many inputs as the data.
        """
        points = np.asarray(inputs, dtype=float)
        d = len(self.descent.basis)
        if points.ndim != 2 or points.shape[1] != d:
            raise ValueError(
                f"Argument `inputs` must be (m, {d}), as the data, but has shape"
                f" {points.shape}."
            )
        x = points @ self.descent.basis
        moment = self.spread + self.noise
        moment = moment + np.einsum("ai,bj->abij", self.mean, self.mean)
        return _flat(x @ moment @ x.T)

    def _predicted(
        self, blocks: Float[np.ndarray, "k k r r"]
    ) -> Float[np.ndarray, "kr kr"]:
        scale = np.sqrt(self.descent.samples * self.descent.variances)
        return _flat(scale[:, None] * blocks * scale)


def noisy_random_target(
    descent: NoisyDescent,
    init_deviation: float,
    target_deviation: float,
    checkpoints: Checkpoints,
) -> NoisyCloud:
    r"""The cloud when every trajectory has its own start and its own target.

    $w^0\sim N(0,\sigma_0^2I)$, $w_*\sim N(0,\sigma_*^2I)$; residuals are those of the
    descent, the same for all. Its mean is zero, and without noise its covariance is
    diagonal, $\sigma_0^2\langle h^2\rangle+\sigma_*^2\langle(1-h)^2\rangle$.

    Valid for: as `noisy_descent`; exact at any learning rate.

    Args:
        descent: On which data and how.
        init_deviation: $\sigma_0$.
        target_deviation: $\sigma_*$.
        checkpoints: When, in steps.

    Raises:
        ValueError: when a deviation is negative, or the checkpoints are no steps.

    Reference: derived here.
    """
    check_deviation("init_deviation", init_deviation)
    check_deviation("target_deviation", target_deviation)
    k, h = descent.outputs, descent.variances
    error = (init_deviation**2 + target_deviation**2) * np.eye(len(h))
    still = np.zeros((k, len(h)))
    blocks = np.multiply.outer(np.eye(k), error)
    noise = noise_covariance(descent, blocks, still, checkpoints)
    means = mode_averages(GradientDescent(descent.learning_rate), h, checkpoints)
    own = init_deviation**2 * means.start + target_deviation**2 * means.target
    return NoisyCloud(descent, still, np.multiply.outer(np.eye(k), np.diag(own)), noise)


def noisy_fixed_target(
    descent: NoisyDescent,
    init_deviation: float,
    checkpoints: Checkpoints,
    *,
    mean_start: Float[np.ndarray, "k d"] | None = None,
) -> NoisyCloud:
    r"""The cloud when all trajectories learn the targets of the descent.

    $w^0\sim N(\bar w^0,\sigma_0^2I)$. Without noise the covariance is
    $\sigma_0^2\langle h_i^2\rangle$ on the diagonal and the covariance of the one mean
    curve; a single noisy trajectory has $\sigma_0=0$.

    Valid for: as `noisy_descent`; exact at any learning rate.

    Args:
        descent: On which data and how.
        init_deviation: $\sigma_0$.
        checkpoints: When, in steps.
        mean_start: $\bar w^0$ as `end_to_end` weights; zero if not given.

    Raises:
        ValueError: when the deviation is negative, the mean does not fit the data, or
            the checkpoints are no steps.

    Reference: derived here.
    """
    check_deviation("init_deviation", init_deviation)
    start = _start(descent, mean_start)
    k, h, goal = descent.outputs, descent.variances, descent.minimizer
    wide = np.multiply.outer(np.eye(k), init_deviation**2 * np.eye(len(h)))
    away = start - goal
    error = wide + np.einsum("ai,bj->abij", away, away)
    noise = noise_covariance(descent, error, away, checkpoints)
    response = GradientDescent(descent.learning_rate)
    pairs = pair_averages(response, h, checkpoints)
    means = mode_averages(response, h, checkpoints)
    curve = np.einsum("ai,bj->abij", away, away) * pairs.covariance
    mean = means.remaining * start + means.learned * goal
    return NoisyCloud(descent, mean, wide * np.diag(means.start) + curve, noise)


def _start(
    descent: NoisyDescent, mean_start: Float[np.ndarray, "k d"] | None
) -> Float[np.ndarray, "k r"]:
    if mean_start is None:
        return np.zeros_like(descent.minimizer)
    given = np.asarray(mean_start, dtype=float)
    wanted = (descent.outputs, len(descent.basis))
    if given.shape != wanted or not np.isfinite(given).all():
        raise ValueError(
            f"Argument `mean_start` must be finite weights (k, d) = {wanted}, but has"
            f" shape {given.shape} or an entry that is not finite."
        )
    return given @ descent.basis


def _flat(blocks: Float[np.ndarray, "k k m m"]) -> Float[np.ndarray, "km km"]:
    k, _, m, _ = blocks.shape
    return blocks.transpose(0, 2, 1, 3).reshape(k * m, k * m)
