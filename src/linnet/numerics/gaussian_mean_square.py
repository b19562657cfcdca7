r"""Mean squares under random multiplications by fresh Gaussian samples: closed forms.

As in `mean_square`, but each of the $m$ samples of a batch is new, $x\sim N(0,
\mathrm{diag}\,\lambda)$. Modes stay uncorrelated, and
$$q_i' = [1-2\eta\lambda_i+\eta^2(1+\tfrac1m)\lambda_i^2]\,q_i
   + \tfrac{\eta^2}m\lambda_i\sum_j\lambda_jq_j .$$
A constant drive $\frac{\eta^2}m\lambda_i$ is answered by the rest position
$q_i = s_i/(1-f)$ with $s_i = \frac\eta m/(2-\eta(1+1/m)\lambda_i)$ and the feedback
$f = \sum_i\lambda_is_i$, which is stable while all denominators are positive and
$f < 1$.

Reference: Liu et al. 2021 (statement); derived here.
"""

import numpy as np

from linnet.shapes import Float


def fresh_feedback(
    variances: Float[np.ndarray, "... d"],
    learning_rate: Float[np.ndarray, "..."] | float,
    batch_size: Float[np.ndarray, "..."] | float,
) -> tuple[Float[np.ndarray, "... d"], Float[np.ndarray, "..."]]:
    r"""$s$ and $f$ of the module's first lines; a pole makes $f$ infinite.

    Rates and batch sizes broadcast against the leading axes of the variances. Beyond a
    pole, where a denominator is not positive, no feedback is stable: $s$ is infinite.
    """
    rate, size = np.asarray(learning_rate)[..., None], np.asarray(batch_size)[..., None]
    left = 2 - rate * variances * (1 + 1 / size)
    share = np.full_like(left, np.inf)
    np.divide(np.broadcast_to(rate / size, left.shape), left, out=share, where=left > 0)
    return share, (share * variances).sum(-1)


def largest_stable_fresh_rate(
    variances: Float[np.ndarray, " d"], batch_size: int
) -> float:
    """The rate at which the feedback of `fresh_feedback` reaches one."""
    from scipy.optimize import brentq

    pole = 2 / (variances.max() * (1 + 1 / batch_size))
    # Multiplied by its smallest denominator f - 1 is finite up to the pole.
    return float(
        brentq(
            lambda rate: _beyond(variances, rate, batch_size),
            *(0.0, pole),
            xtol=1e-15 * pole,
        )
    )


def _beyond(
    variances: Float[np.ndarray, " d"], learning_rate: float, batch_size: int
) -> float:
    """Of the sign of f - 1 and finite up to the first pole of f."""
    left = 2 - learning_rate * variances * (1 + 1 / batch_size)
    least = left.min()
    # At the pole itself only the terms that diverge count.
    share = np.divide(least, left, out=np.ones_like(left), where=left > 0)
    return float(learning_rate / batch_size * (share @ variances) - least)
