r"""Stationary covariance of a single layer under SGD, at four levels of accuracy.

With $\tilde h = h + \mu$ and the noise $C$ of `gradient_noise`, block by block in the
eigenbasis of `xx`: in the continuum
$(\tilde h_i+\tilde h_j)V_{ij} = \eta\kappa C_{ij}$;
for steps of finite size and constant noise $\tilde h_i+\tilde h_j$ loses
$\eta\tilde h_i\tilde h_j$; exactly, for independent batches, the noise depends on the
weights too. (Fresh Gaussian samples: `online_variances`.) What the continuum misses is
of the order $\eta\kappa\,\mathrm{tr}\,\mathtt{xx}/2$, not $\eta h_{\max}$: see
`small_parameter`. (The note's $\Sigma$ is $V$ here, its $S$ is `batch_size`.)

Reference: Gross et al. 2024 (statement of the continuum); derived here.
"""

import numpy as np

from linnet.numerics.lyapunov import symmetric_lyapunov
from linnet.phenomena.fluctuations.theory.minimum import Minimum
from linnet.phenomena.fluctuations.theory.noise import gradient_noise
from linnet.phenomena.fluctuations.theory.refusals import (
    check_blocks,
    check_positive,
    check_step,
    unstable,
)
from linnet.phenomena.fluctuations.theory.second_moment import (
    largest_stable_rate,
    second_moment,
)
from linnet.shapes import Float


def continuum_covariance(
    minimum: Minimum, learning_rate: float, noise_factor: float
) -> Float[np.ndarray, "k k r r"]:
    r"""$V_{ij} = \eta\kappa C_{ij}/(\tilde h_i+\tilde h_j)$: SGD as a diffusion.

    Its leading order in $\eta$, for `epochs` only where $\eta hM\gg1$. With
    $C = \sigma^2\mathtt{xx}$ it is $\frac{\eta\kappa\sigma^2}2I$, whatever `xx` is.

    Returns:
        Blocks in the eigenbasis, see `Minimum.full`.

    Raises:
        ValueError: when the rate is not positive, or the factor not in [0, 1].
    """
    check_step(learning_rate, noise_factor)
    noise = learning_rate * noise_factor * gradient_noise(minimum)
    return symmetric_lyapunov(minimum.curvatures, noise)


def additive_covariance(
    minimum: Minimum, learning_rate: float, noise_factor: float
) -> Float[np.ndarray, "k k r r"]:
    r"""Steps of finite size under constant noise.

    $V_{ij} = \eta\kappa C_{ij}/(\tilde h_i+\tilde h_j-\eta\tilde h_i\tilde h_j)$. It
    leaves out that the noise grows with the fluctuations, which is usually the larger
    effect.

    Returns:
        Blocks in the eigenbasis, see `Minimum.full`.

    Raises:
        ValueError: when $\eta\tilde h\ge2$ for some mode, or a factor is out of range.
    """
    check_step(learning_rate, noise_factor)
    k = minimum.curvatures
    if not learning_rate * k.max() < 2:
        raise unstable(learning_rate, 2 / k.max(), "The mean of SGD is unstable")
    loss = np.add.outer(k, k) - learning_rate * np.multiply.outer(k, k)
    return learning_rate * noise_factor * gradient_noise(minimum) / loss


def exact_covariance(
    minimum: Minimum,
    learning_rate: float,
    noise_factor: float,
    *,
    tolerance: float = 1e-14,
) -> Float[np.ndarray, "k k r r"]:
    r"""The covariance of SGD with independent batches on this data set, exactly.

    Every block $(a,b)$ obeys
    $$\tilde hV+V\tilde h-\eta\tilde hV\tilde h = \eta\kappa\Big[C_{ab}+
      \tfrac1n\textstyle\sum_sx_s(x_s^\top Vx_s)x_s^\top - hVh\Big],$$
    solved by preconditioned conjugate gradients on $r\times r$ matrices. The
    mean of the weights is the minimum. That the result is that of a stable process is
    checked: positive where the noise is, it can be no other.

    Args:
        minimum: Where.
        learning_rate: $\eta$.
        noise_factor: $\kappa$ of `with_replacement` or `without_replacement`.
        tolerance: Of the residual, relative, in the norm of the preconditioner.

    Returns:
        Blocks in the eigenbasis, see `Minimum.full`; $O(k^2nr^2)$ a step.

    Raises:
        ValueError: when SGD is unstable in the mean square (the message says where
            stability ends), or a factor is out of range.
        ArithmeticError: when it is stable, but by too little for the solver.
    """
    check_step(learning_rate, noise_factor)
    check_positive("tolerance", tolerance)
    noise = gradient_noise(minimum)
    system = second_moment(minimum, learning_rate, noise_factor)
    covariance = system.stationary(noise, tolerance)
    if covariance is None:
        raise _refusal(minimum, learning_rate, noise_factor)
    return covariance


def excess_loss(minimum: Minimum, covariance: Float[np.ndarray, "k k r r"]) -> float:
    r"""Mean training loss above the minimum, $\frac12\mathrm{tr}\,(I_k\otimes H)V$.

    Of the data alone, $H = \mathtt{xx}$, without the penalty of weight decay.

    Raises:
        ValueError: when the covariance does not belong to the minimum.
    """
    check_blocks(covariance, minimum.outputs, len(minimum.variances))
    return float(np.einsum("aaii,i->", covariance, minimum.variances) / 2)


def continuum_excess_loss(
    minimum: Minimum, learning_rate: float, noise_factor: float
) -> float:
    r"""The same in the continuum, $\frac{\eta\kappa}4\mathrm{tr}\,C$, without solving.

    $\frac{\eta\kappa}4\sum_{ai}\frac{h_i}{h_i+\mu}C_{ai,ai}$ with weight decay; in
    detailed balance or not.

    Raises:
        ValueError: when the rate is not positive, or the factor not in [0, 1].
    """
    check_step(learning_rate, noise_factor)
    x, r = minimum.coordinates, minimum.residuals
    diagonal = (r**2).sum(1) @ x**2 / minimum.samples
    diagonal = diagonal - ((r.T @ x / minimum.samples) ** 2).sum(0)
    share = minimum.variances / minimum.curvatures
    return float(learning_rate * noise_factor / 4 * (diagonal @ share))


def small_parameter(
    minimum: Minimum, learning_rate: float, noise_factor: float
) -> float:
    r"""$\eta\kappa\,\mathrm{tr}\,\mathtt{xx}/2$, by which the continuum is too small.

    A rule of thumb: the exact trace is about the continuum's over one minus it. With
    weight decay $\frac{\eta\kappa}2\sum_ih_i^2/(h_i+\mu)$.

    Raises:
        ValueError: when the rate is not positive, or the factor not in [0, 1].
    """
    check_step(learning_rate, noise_factor)
    weight = (minimum.variances**2 / minimum.curvatures).sum()
    return float(learning_rate * noise_factor * weight / 2)


def relaxation_steps(minimum: Minimum, learning_rate: float) -> float:
    r"""Steps in which the slowest mode relaxes by $1/e$: $1/(\eta(h_{\min}+\mu))$.

    Raises:
        ValueError: when the learning rate is not positive.
    """
    check_positive("learning_rate", learning_rate)
    return float(1 / (learning_rate * minimum.curvatures.min()))


def _refusal(
    minimum: Minimum, learning_rate: float, noise_factor: float
) -> ValueError | ArithmeticError:
    """What to raise where no stationary state was found."""
    edge = largest_stable_rate(minimum, noise_factor)
    if learning_rate < edge:
        return ArithmeticError(
            f"The covariance was not found at the learning rate {learning_rate:.6g},"
            f" too close to where stability ends, {edge:.6g}: lower it."
        )
    return unstable(learning_rate, edge, "SGD is unstable in the mean square")
