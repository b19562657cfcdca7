r"""One training curve as a dynamical system: its Gramian, solved in closed form.

The residual $r_i(t) = h_i(t)\,b_i$ of mode $i$ obeys $r' = -\Lambda r$ (flow) or
$r_{t+1} = (1-\eta\Lambda)r_t$. Its Gramian, the sum of $rr^\top$ over time, solves an
equation of Lyapunov (flow) or Stein (descent) and is a matrix of Cauchy's kind, whose
pivots are known: so is how fast its eigenvalues fall. In prediction coordinates
$b_i = \sqrt{n\lambda_i}(w^0_i - w^*_i)$. Time is $\eta$ times steps. Derived here.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.refusals import (
    check_not_negative,
    check_positive,
    real_numbers,
    row_of_variances,
)
from linnet.shapes import Float

RANGE = "it is the logarithm of a ratio of eigenvalues"


def residual_gramian(
    variances: ArrayLike,
    residual: ArrayLike,
    learning_rate: float = 0.0,
    duration: float = np.inf,
) -> Float[np.ndarray, "r r"]:
    r"""Gramian $\int_0^\tau rr^\top ds$ or $\eta\sum_{t<T}r_tr_t^\top$, $\tau=\eta T$.

    $$K_{ij} = b_ib_j\frac{1-(\rho_i\rho_j)^T}{\lambda_i+\lambda_j
    -\eta\lambda_i\lambda_j},\qquad K - RKR = \eta\,[bb^\top-(R^Tb)(R^Tb)^\top],$$
    $R = \mathrm{diag}\rho$, $\rho = 1-\eta\lambda$, $R^T$ a power; for the flow
    ($\eta=0$) $\Lambda K+K\Lambda = bb^\top - r(\tau)r(\tau)^\top$.

    Valid for: gradient flow, or descent with $\eta\lambda_1<2$; no weight decay.

    Args:
        variances: $\lambda$, shape `(r,)`.
        residual: $b$, residual at the start in the coordinates of the modes, `(r,)`.
        learning_rate: $\eta$; 0 is gradient flow.
        duration: $\tau$; infinity is the whole way.

    Raises:
        ValueError: when shapes do not fit, $\eta\lambda_1\ge2$, or `duration` is not a
            whole number of steps.

    Reference: derived here.
    """
    start, rate = _system(variances, residual, learning_rate)
    total = rate[:, None] + rate - learning_rate * np.outer(rate, rate)
    whole = np.outer(start, start) / total
    if duration == np.inf:
        return whole
    check_positive("duration", duration, "it is the time from start to end")
    if learning_rate == 0:
        return whole * -np.expm1(-duration * total)
    steps = round(duration / learning_rate)
    if steps < 1 or abs(steps * learning_rate / duration - 1) > 1e-9:
        raise ValueError(
            "Argument `duration` must be a whole number of steps of"
            f" {learning_rate:.6g}, but is {duration:.6g}."
        )
    # |1 - x| = 1 - min(x, 2 - x): its logarithm is exact at both ends.
    step = learning_rate * rate
    with np.errstate(divide="ignore"):
        log = steps * np.log1p(-np.minimum(step, 2 - step))
    log = log[:, None] + log
    flips = (step[:, None] > 1) ^ (step > 1)
    odd = flips & (steps % 2 == 1)
    return whole * np.where(odd, 1 + np.exp(log), -np.expm1(log))


def gramian_pivots(
    variances: ArrayLike, residual: ArrayLike, learning_rate: float = 0.0
) -> Float[np.ndarray, " r"]:
    r"""Pivots of the whole Gramian, $K = LDL^\top$ with modes in the order given.

    $$d_k = \frac{b_k^2}{\lambda_k(2-\eta\lambda_k)}\prod_{j<k}
      \Big(\frac{\lambda_k-\lambda_j}{\lambda_k+\lambda_j-\eta\lambda_k\lambda_j}
      \Big)^2,$$
    no elimination and no cancellation. For a sloppy spectrum and flow the factors are
    $\tanh^2(c(k-j)/2)$: modes that are close in $\ln\lambda$ share a direction.

    Valid for: as `residual_gramian` with infinite duration.

    Args:
        variances: $\lambda$, shape `(r,)`.
        residual: $b$, `(r,)`.
        learning_rate: $\eta$; 0 is gradient flow.

    Raises:
        ValueError: when shapes do not fit or $\eta\lambda_1\ge2$.

    Reference: derived here.

    Example:
        >>> gramian_pivots([1.0, 0.5], [1.0, 1.0]).round(4)
        array([0.5   , 0.1111])
    """
    start, rate = _system(variances, residual, learning_rate)
    shares = _shares(rate, learning_rate)
    shares[np.triu_indices(len(rate))] = 1.0
    return start**2 / (rate * (2 - learning_rate * rate)) * shares.prod(-1)


def gramian_tails(
    variances: ArrayLike, residual: ArrayLike, learning_rate: float = 0.0
) -> Float[np.ndarray, " r"]:
    r"""What $k = 1..r$ well-chosen modes leave of the trace, an upper bound.

    $$\sum_{i>k}\mathrm{eig}_i(K)\;\le\;\sum_{j\notin P}\frac{b_j^2}{\lambda_j
      (2-\eta\lambda_j)}\prod_{l\in P}\Big(\frac{\lambda_j-\lambda_l}
      {\lambda_j+\lambda_l-\eta\lambda_j\lambda_l}\Big)^2,\qquad\lvert P\rvert=k,$$
    the trace of what is left when the modes of $P$ are eliminated. Each next mode is
    the one of which most is left. Cost $O(r^2)$, no eigenvalue. Divided by $\tau$ it
    bounds the variance that $k$ dimensions leave of one curve, for $\tau C\preceq K$.

    Valid for: as `gramian_pivots`; a curve that stops early has a smaller Gramian, so
    the bound holds for every duration.

    Args:
        variances: $\lambda$, shape `(r,)`.
        residual: $b$, `(r,)`.
        learning_rate: $\eta$; 0 is gradient flow.

    Raises:
        ValueError: when shapes do not fit or $\eta\lambda_1\ge2$.

    Reference: derived here.
    """
    start, rate = _system(variances, residual, learning_rate)
    shares = _shares(rate, learning_rate)
    left = start**2 / (rate * (2 - learning_rate * rate))
    tails = np.empty_like(left)
    for k in range(len(left)):
        left = left * shares[:, left.argmax()]
        tails[k] = left.sum()
    return tails


def gramian_decay(log_range: ArrayLike, index: ArrayLike) -> Float[np.ndarray, "..."]:
    r"""Bound on $\mathrm{eig}_{1+k}/\mathrm{eig}_1$ of any flow Gramian: $k=0,1,\dots$.

    $$\frac{\mathrm{eig}_{1+k}}{\mathrm{eig}_1}\le\min\Big(1,\;
      4\exp\Big(-\frac{\pi^2k}{\ln(4\lambda_1/\lambda_r)}\Big)\Big),$$
    Zolotarev's number for the intervals $\pm[\lambda_r,\lambda_1]$. Neither the number
    of modes nor $b$ enters: the dimension of one curve grows with $\ln\lambda_1/
    \lambda_r$ alone.

    Valid for: gradient flow to the end; exact inequality.

    Args:
        log_range: $\ln(\lambda_1/\lambda_r)\ge0$; broadcasts with `index`.
        index: $k\ge0$.

    Raises:
        ValueError: when an argument is negative or not finite.

    Reference: Beckermann and Townsend 2017.
    """
    spread = check_not_negative("log_range", log_range, RANGE) + np.log(4.0)
    power = check_not_negative("index", index, "it counts eigenvalues")
    return np.minimum(1.0, 4 * np.exp(-(np.pi**2) * power / spread))


def _shares(
    rate: Float[np.ndarray, " r"], learning_rate: float
) -> Float[np.ndarray, "r r"]:
    """What is left of mode j (row) when mode l (column) is eliminated."""
    total = rate[:, None] + rate - learning_rate * np.outer(rate, rate)
    return ((rate[:, None] - rate) / total) ** 2


def _system(
    variances: ArrayLike, residual: ArrayLike, learning_rate: float
) -> tuple[np.ndarray, np.ndarray]:
    rate = row_of_variances(variances)
    start = real_numbers("residual", residual)
    if start.shape != rate.shape:
        raise ValueError(
            f"Argument `residual` must have shape {rate.shape}, one entry per mode, but"
            f" has {start.shape}."
        )
    step = check_not_negative("learning_rate", learning_rate, "zero is the flow")
    if step.ndim or step * rate.max() >= 2:
        raise ValueError(
            f"Argument `learning_rate` must be one number below {2 / rate.max():.6g} ="
            f" 2 / largest variance, but is {learning_rate}: descent would diverge."
        )
    return start, rate
