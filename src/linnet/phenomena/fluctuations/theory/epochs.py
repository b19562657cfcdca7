r"""Reshuffled epochs: batches that together hold every sample once are anti-correlated.

$M$ batches make an epoch and the noise of them adds up to zero, so any two have the
correlation $-1/(M-1)$. A mode stiff enough to forget within an epoch does not notice; a
flat one sees its noise cancel and hardly moves (a Brownian bridge, tied down at every
end of an epoch). The noise here does not depend on the weights; for what real least
squares adds, see `reshuffling`. Heavy ball as in `momentum`.
"""

import numpy as np

from linnet.phenomena.fluctuations.theory.refusals import (
    check_finite,
    check_momentum,
    check_noise_factor,
    check_not_negative,
    check_positive,
    check_stable,
    check_whole,
)
from linnet.shapes import Float, Int


def noise_autocorrelation(
    batches: int, lags: Int[np.ndarray, "..."] | int
) -> Float[np.ndarray, "..."]:
    r"""Correlation of the noise of two batches $j$ steps apart, at a random phase.

    $$\rho_j = \delta_{j0} - \mathbf 1_{1\le|j|<M}\,\frac{M-|j|}{M(M-1)},$$
    $-1/(M-1)$ times the chance that both lie in one epoch. Its sum is zero.

    Args:
        batches: $M \ge 2$, batches of an epoch.
        lags: $j$, in steps, of any sign.

    Returns:
        The correlations, of the shape of `lags`.

    Raises:
        ValueError: when there are fewer than two batches, or a lag is not finite.

    Reference: Kühn and Rosenow 2023 (statement); derived here.
    """
    _check_batches(batches)
    check_finite("lags", lags)
    apart = np.abs(np.asarray(lags))
    together = np.clip(batches - apart, 0, None) / batches
    return np.where(apart == 0, 1.0, -together / (batches - 1))


def epoch_variance(
    curvature: Float[np.ndarray, "..."] | float,
    gradient_variance: Float[np.ndarray, "..."] | float,
    learning_rate: float,
    noise_factor: float,
    batches: int,
    momentum: float = 0.0,
) -> Float[np.ndarray, "..."]:
    r"""Variance of a mode, mean over the phases of an epoch.

    With $A_\tau$ the autocovariance that white noise would give the mode,
    $$\mathrm{Var}\,w = \sum_\tau\rho_\tau A_\tau
      = \frac2{M(M-1)}\sum_{\tau=1}^{M-1}(M-\tau)(A_0 - A_\tau),$$
    and $D_\tau = A_0 - A_\tau$ follows without cancellation from
    $D_{\tau+1} = (1+\beta-\eta h)D_\tau - \beta D_{\tau-1} + \eta hA_0$, $D_0=0$,
    $D_1 = \eta hA_0/(1+\beta)$. Stiff modes ($\eta hM\gg1-\beta$) have the variance of
    independent batches, flat ones that of `flat_epoch_variance`.

    Valid for: noise that does not depend on the weights; $0<\eta h<2(1+\beta)$. Cost
    $O(M)$ a mode.

    Args:
        curvature: $h > 0$.
        gradient_variance: $c \ge 0$, of the gradient of one sample along the mode.
        learning_rate: $\eta > 0$.
        noise_factor: $\kappa$ in [0, 1], of `batch_noise("epochs", ...)`.
        batches: $M \ge 2$, of `batches_per_epoch`.
        momentum: $\beta$ in [0, 1).

    Returns:
        The variances, of the shape that curvature and gradient variance have together.

    Raises:
        ValueError: when an argument is out of its range, or SGD diverges.

    Reference: derived here; Kühn and Rosenow 2023 state the reduction below a
        crossover.
    """
    step = _step_noise(
        curvature, gradient_variance, learning_rate, noise_factor, batches, momentum
    )
    x = learning_rate * np.asarray(curvature, dtype=float)
    pull = (1 + momentum) / ((1 - momentum) * (2 * (1 + momentum) - x))
    before, now = np.zeros_like(x), pull / (1 + momentum)
    total = np.zeros_like(x)
    for lag in range(1, batches):
        total += (batches - lag) * now
        before, now = now, (1 + momentum - x) * now - momentum * before + pull
    return np.asarray(step * 2 * total / (batches * (batches - 1)))


def epoch_variance_by_phase(
    curvature: Float[np.ndarray, "..."] | float,
    gradient_variance: Float[np.ndarray, "..."] | float,
    learning_rate: float,
    noise_factor: float,
    batches: int,
    momentum: float = 0.0,
) -> Float[np.ndarray, "... batches"]:
    r"""Variance of a mode after each number of batches of an epoch.

    Over $p$ steps the state $(w, v)$ goes by $T^p$ and gathers
    $$Q_p = \eta^2\kappa c\Big[\tfrac M{M-1}\sum_{j<p}G_jG_j^\top
      - \tfrac1{M-1}\sum_{j<p}G_j\sum_{j<p}G_j^\top\Big],\qquad G_j = T^j(1,1)^\top;$$
    $P_0 = T^MP_0T^{M\top}+Q_M$ holds at the start of an epoch, then
    $P_p = T^pP_0T^{p\top} + Q_p$. Without momentum, $a = 1-\eta h$, this is
    $\eta^2\kappa c\,[a^{2p}n(M)/(1-a^{2M}) + n(p)]$ with
    $n(p) = \frac M{M-1}\frac{1-a^{2p}}{1-a^2}
      - \frac1{M-1}\big(\frac{1-a^p}{1-a}\big)^2$.
    At the start of an epoch flat modes are far quieter than in its middle.

    Arguments, validity and refusals are those of `epoch_variance`, its mean; cost
    $O(M)$ a mode.

    Returns:
        The variances, last axis $p = 0,\dots,M-1$: batches of the epoch already used.

    Raises:
        ValueError: when an argument is out of its range, or SGD diverges.

    Reference: derived here.
    """
    step = _step_noise(
        curvature, gradient_variance, learning_rate, noise_factor, batches, momentum
    )
    x = learning_rate * np.asarray(curvature, dtype=float).reshape(-1)
    rows, gathered, turned, final = _lift(x, momentum, batches)
    square = np.einsum("mij,mkl->mikjl", turned, turned).reshape(-1, 4, 4)
    start = np.linalg.solve(np.eye(4) - square, final.reshape(-1, 4, 1))
    start = start.reshape(-1, 2, 2)
    carried = np.einsum("pmi,mij,pmj->mp", rows, start, rows)
    phases = (carried + gathered.T).reshape(*np.shape(curvature), batches)
    return np.asarray(step[..., None] * phases)


def flat_epoch_variance(
    gradient_variance: Float[np.ndarray, "..."] | float,
    learning_rate: float,
    noise_factor: float,
    batches: int,
    momentum: float = 0.0,
) -> Float[np.ndarray, "..."]:
    r"""Variance of a mode too flat to pull back within an epoch, mean over phases.

    $$\frac{\eta^2\kappa c}{(1-\beta)^2}\Big[\frac{M+1}6
      - \frac\beta{1-\beta^2}\Big(1 - \frac{2}{M(M-1)}
        \sum_{\tau=1}^{M-1}(M-\tau)\beta^\tau\Big)\Big],$$
    the limit of `epoch_variance` for $\eta hM\ll1-\beta$. Without momentum it is that
    of a Brownian bridge, $\eta^2\kappa c\,(M+1)/6$: proportional to the noise, hence to
    the curvature where $c=\sigma^2h$, and not to $1/h$ times it.

    Valid for: $\eta hM\ll1-\beta$, noise that does not depend on the weights.

    Args:
        gradient_variance: $c \ge 0$.
        learning_rate: $\eta > 0$.
        noise_factor: $\kappa$ in [0, 1].
        batches: $M \ge 2$.
        momentum: $\beta$ in [0, 1).

    Returns:
        The variances, of the shape of `gradient_variance`.

    Raises:
        ValueError: when an argument is out of its range.

    Reference: derived here.
    """
    check_not_negative("gradient_variance", gradient_variance)
    check_noise_factor(noise_factor)
    strength = (
        learning_rate**2 * noise_factor * np.asarray(gradient_variance, dtype=float)
    )
    return np.asarray(strength * _bridge(learning_rate, batches, momentum))


def crossover_curvature(
    learning_rate: float, batches: int, momentum: float = 0.0
) -> float:
    r"""Curvature below which epochs quieten a mode.

    Where the plateau of independent batches, $\eta\kappa c/[2h(1-\beta)]$, meets
    $\eta^2\kappa c\,b$ of flat modes (`flat_epoch_variance`):
    $h_\times = 1/[2\eta(1-\beta)b]$. Without momentum $3/[\eta(M+1)]$; for
    $M(1-\beta)\gg1$ near $3(1-\beta)/[\eta(M+1)]$.

    Valid for: $\eta h_\times\ll1$; noise that does not depend on the weights.

    Raises:
        ValueError: when an argument is out of its range.

    Reference: Kühn and Rosenow 2023 (statement); derived here.
    """
    bridge = _bridge(learning_rate, batches, momentum)
    return 1 / (2 * learning_rate * (1 - momentum) * bridge)


def _step_noise(
    curvature: Float[np.ndarray, "..."] | float,
    gradient_variance: Float[np.ndarray, "..."] | float,
    learning_rate: float,
    noise_factor: float,
    batches: int,
    momentum: float,
) -> Float[np.ndarray, "..."]:
    """Variance of one step, after all checks, in the shape of the answer."""
    _check_batches(batches)
    check_stable(curvature, learning_rate, momentum)
    check_not_negative("gradient_variance", gradient_variance)
    check_noise_factor(noise_factor)
    c, _ = np.broadcast_arrays(np.asarray(gradient_variance, dtype=float), curvature)
    return learning_rate**2 * noise_factor * c


def _check_batches(batches: int) -> None:
    hint = ": one batch holds all samples and has no noise, choose a smaller one"
    check_whole("batches", batches, 2, hint)


def _bridge(learning_rate: float, batches: int, momentum: float) -> float:
    """Variance of a mode of no curvature, in units of that of one step."""
    _check_batches(batches)
    check_positive("learning_rate", learning_rate)
    check_momentum(momentum)
    lags = np.arange(1, batches)
    memory = (batches - lags) @ momentum**lags * 2 / (batches * (batches - 1))
    lost = momentum / (1 - momentum**2) * (1 - memory)
    return float(((batches + 1) / 6 - lost) / (1 - momentum) ** 2)


def _lift(
    x: Float[np.ndarray, " m"], momentum: float, batches: int
) -> tuple[
    Float[np.ndarray, "p m 2"],
    Float[np.ndarray, "p m"],
    Float[np.ndarray, "m 2 2"],
    Float[np.ndarray, "m 2 2"],
]:
    """First rows of $T^p$, variance gathered in $p$ steps; $T^M$ and $Q_M$."""
    one_step = np.empty((len(x), 2, 2))
    one_step[:, 0, 0], one_step[:, 1, 0] = 1 - x, -x
    one_step[..., 1] = momentum
    power = np.broadcast_to(np.eye(2), one_step.shape)
    mean, spread = np.zeros((len(x), 2)), np.zeros_like(one_step)
    rows, gathered = np.empty((batches, len(x), 2)), np.empty((batches, len(x)))
    for p in range(batches):
        weight = p * (batches - p) / (batches - 1)
        rows[p] = power[:, 0]
        gathered[p] = batches / (batches - 1) * spread[:, 0, 0]
        gathered[p] += weight * mean[:, 0] ** 2
        kick = power.sum(axis=-1)
        off = kick - mean
        mean = mean + off / (p + 1)
        spread = spread + off[:, :, None] * (kick - mean)[:, None, :]
        power = power @ one_step
    return rows, gathered, power, batches / (batches - 1) * spread
