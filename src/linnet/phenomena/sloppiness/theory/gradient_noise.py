r"""What the noise of batches adds to a prediction cloud: exact for finite data.

SGD of a single layer on $n$ samples, each step a batch of $m$ drawn independently of
the others, with or without replacement inside the batch. Given where a trajectory
starts and what it learns, its mean is that of gradient descent; about it the weights
scatter by $V_t$, whose average over starts and targets obeys, with $V_0 = 0$,
$$V' = \rho V\rho + \eta^2\kappa\Big[\tfrac1n\sum_sx_sx_s^\top(x_s^\top Q_tx_s)
  - \mathtt{xx}\,Q_t\,\mathtt{xx} + N_t\Big],\qquad Q_t = V_t + \rho^tE_0\rho^t ,$$
in the eigenbasis of `xx`, $\rho = 1-\eta\lambda$, where $E_0$ is the second moment and
$\mu_0$ the mean of the initial error $w^0-w_*$, and residuals $e$ of the minimum add
$$N_t = \tfrac1n\sum_sx_sx_s^\top(e_s^2 - 2e_s\,x_s^\top\rho^t\mu_0).$$
Nothing is expanded in $\eta$. The second moment of predictions is that of gradient
descent plus $X\langle V\rangle X^\top$; $\kappa$ is `batch_noise`, zero for all samples
without replacement. With several outputs the blocks $V_{ab}$ obey the same with
$e_ae_b$ and $e_a\mu_b+e_b\mu_a$.

Reshuffled epochs, whose batches are anti-correlated, follow no such recursion: simulate
them. Reference: derived here; checked by enumeration of all sequences of batches.
"""

import numpy as np

from linnet.numerics.mean_square import scatter
from linnet.phenomena.sloppiness.theory.averages import mode_averages
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.refusals import (
    check_steps,
)
from linnet.phenomena.sloppiness.theory.responses import GradientDescent
from linnet.phenomena.sloppiness.theory.stochastic_descent import NoisyDescent
from linnet.shapes import Float

DENSE_PAIRS = 2500
"""Largest number of pairs of modes whose map is taken apart as one dense matrix."""
LEAST_LOSS = 1e-200
BLOCK = 2**22
"""Numbers that a product of samples holds at once."""


def noise_covariance(
    descent: NoisyDescent,
    error: Float[np.ndarray, "k k r r"],
    mean_error: Float[np.ndarray, "k r"],
    checkpoints: Checkpoints,
) -> Float[np.ndarray, "k k r r"]:
    r"""$\langle V_{ab}\rangle$: scatter of the weights by batches, over checkpoints.

    $O(k^2nr^2)$ a step and no more memory than one step. Where few modes take many
    steps, the linear map of second moments is taken apart instead, at a cost and an
    absolute accuracy ($10^{-16}$ of the initial error) that know no number of steps;
    not for residuals together with a mean error, which always step.

    Valid for: batches drawn independently of each other, no weight decay.

    Args:
        descent: On which data and how.
        error: $E_0$, second moments of the initial error, in blocks of outputs.
        mean_error: $\mu_0$, its mean.
        checkpoints: When the cloud is looked at, in steps.

    Returns:
        Blocks in the eigenbasis.

    Raises:
        ValueError: when the checkpoints are those of a flow, or the shapes do not fit.

    Reference: derived here.
    """
    k, r = descent.outputs, len(descent.variances)
    if error.shape != (k, k, r, r) or mean_error.shape != (k, r):
        raise ValueError(
            f"Arguments `error` and `mean_error` must have shapes {(k, k, r, r)} and"
            f" {(k, r)}, but have {error.shape} and {mean_error.shape}."
        )
    if checkpoints.count is None:
        raise ValueError(
            "Argument `checkpoints` must hold steps, but is a time of gradient flow:"
            " batches have no continuum. Take `uniform_checkpoints`."
        )
    if checkpoints.kind == "given":
        check_steps(checkpoints.when)
    if descent.noise_factor == 0:
        return np.zeros((k, k, r, r))
    drifting = bool(descent.residuals.any() and mean_error.any())
    if not drifting and _dense_is_cheaper(descent, checkpoints):
        return _taken_apart(descent, error, checkpoints)
    return _stepped(descent, error, mean_error, checkpoints)


def _stepped(
    descent: NoisyDescent,
    error: Float[np.ndarray, "k k r r"],
    mean_error: Float[np.ndarray, "k r"],
    checkpoints: Checkpoints,
) -> Float[np.ndarray, "k k r r"]:
    """The recursion itself, one step after the other."""
    rho = descent.factors
    strength = descent.learning_rate**2 * descent.noise_factor
    spread, total = np.zeros_like(error), np.zeros_like(error)
    left, mean, now = error, mean_error, 0
    for when, weight in zip(checkpoints.when, checkpoints.weights, strict=True):
        for _ in range(now, int(when)):
            kick = _kick(descent, spread + left, mean)
            spread = np.multiply.outer(rho, rho) * spread + strength * kick
            left, mean = np.multiply.outer(rho, rho) * left, rho * mean
        now = int(when)
        total += weight * spread
    return total


def _kick(
    descent: NoisyDescent,
    error: Float[np.ndarray, "k k r r"],
    mean_error: Float[np.ndarray, "k r"],
) -> Float[np.ndarray, "k k r r"]:
    r"""Covariance of the gradients of single samples, in blocks of outputs."""
    x, e = descent.coordinates, descent.residuals
    seen = x @ mean_error.T if mean_error.any() else np.zeros_like(e)
    kick = np.empty_like(error)
    for a in range(descent.outputs):
        for b in range(a, descent.outputs):
            both = e[:, a] * e[:, b] - e[:, a] * seen[:, b] - e[:, b] * seen[:, a]
            block = -np.multiply.outer(descent.variances, descent.variances)
            block *= error[a, b]
            if error[a, b].any():
                block += scatter(x, error[a, b])
            if both.any():
                block += (x * both[:, None]).T @ x / len(x)
            kick[a, b], kick[b, a] = block, block.T
    return kick


def _dense_is_cheaper(descent: NoisyDescent, checkpoints: Checkpoints) -> bool:
    """Whether taking the map of second moments apart costs less than its steps."""
    n, r = descent.coordinates.shape
    pairs = r * (r + 1) // 2
    stepping = 4 * n * r**2 * checkpoints.last * descent.outputs**2
    return pairs <= DENSE_PAIRS and n * pairs**2 + 12 * pairs**3 < stepping


def _taken_apart(
    descent: NoisyDescent,
    error: Float[np.ndarray, "k k r r"],
    checkpoints: Checkpoints,
) -> Float[np.ndarray, "k k r r"]:
    r"""$\langle Q_t-\rho^tE_0\rho^t\rangle$ in eigenmatrices of the map, without steps.

    On symmetric matrices the map is self-adjoint, with eigenvalues $1-\eta g$. No
    sample scatters the antisymmetric part of a block.
    """
    rate, h = descent.learning_rate, descent.variances
    upper = np.triu_indices(len(h))
    weight = np.where(upper[0] == upper[1], 1.0, np.sqrt(2))
    loss, axes = np.linalg.eigh(_dense_loss(descent, upper, weight))
    stay, grown = mean_powers(loss, rate, checkpoints)
    plain = np.add.outer(h, h) - rate * np.multiply.outer(h, h)
    drift = mean_powers(plain, rate, checkpoints)[0]
    lone = plain + rate * descent.noise_factor * np.multiply.outer(h, h)
    twist = mean_powers(lone, rate, checkpoints)[0]
    still = np.zeros((descent.outputs, len(h)))
    drive = rate * descent.noise_factor * _kick(descent, np.zeros_like(error), still)
    total = np.empty_like(error)
    for a, b in np.ndindex(error.shape[:2]):
        even = (error[a, b] + error[a, b].T) / 2
        start, push = (weight * np.array([even[upper], drive[a, b][upper]])) @ axes
        row = axes @ (stay * start + grown * push) / weight
        block = np.zeros_like(even)
        block[upper] = row
        block = np.triu(block) + np.triu(block, 1).T
        total[a, b] = block + twist * (error[a, b] - even) - drift * error[a, b]
    return total


def _dense_loss(
    descent: NoisyDescent,
    upper: tuple[np.ndarray, np.ndarray],
    weight: Float[np.ndarray, " pairs"],
) -> Float[np.ndarray, "pairs pairs"]:
    r"""$L_0-\eta L_1$ on symmetric matrices, in an orthonormal basis of them."""
    h, x = descent.variances, descent.coordinates
    first, second = h[upper[0]], h[upper[1]]
    strength = descent.learning_rate * descent.noise_factor
    loss = np.zeros((len(weight), len(weight)))
    for rows in np.array_split(x, len(x) * len(weight) // BLOCK + 1):
        product = weight * rows[:, upper[0]] * rows[:, upper[1]]
        loss -= product.T @ product
    loss *= strength / len(x)
    own = first + second - descent.learning_rate * first * second
    loss[np.diag_indices(len(own))] += own + strength * first * second
    return loss


def mean_powers(
    loss: Float[np.ndarray, "*grid"], learning_rate: float, checkpoints: Checkpoints
) -> tuple[Float[np.ndarray, "*grid"], Float[np.ndarray, "*grid"]]:
    r"""$\langle g^t\rangle$ and $\langle1-g^t\rangle/$loss for $g = 1-\eta$ loss."""
    # A slow mode may lose less than rounding lets an eigenvalue tell.
    safe = np.maximum(loss, LEAST_LOSS)
    means = mode_averages(GradientDescent(learning_rate), safe, checkpoints)
    return means.remaining, means.learned / safe
