r"""What reshuffled epochs do on real least squares, beyond noise of fixed size.

The Hessian of a batch, $H_B$, differs from $H$, so the noise depends on the weights:
$(H_B-H)w$. Independent batches leave the mean where it was; batches of an epoch do not,
since a batch that pushed the weights one way is not seen again before the epoch ends.
And the noise that stiff modes make for flat ones does not cancel over the epoch, since
stiff modes have moved on meanwhile: flat modes keep a floor of variance.

Outputs do not mix: output $a$ sees the residuals $r_{na}$ alone. Everything is in the
eigenbasis of a `Minimum`, of shape `(k, r)`; `answer @ minimum.basis.T` is `(k, d)`.
Derived here; that reshuffled least squares ends at a point that depends on the step
size is stated by Lok et al. 2024.
"""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.fluctuations.theory.epochs import epoch_variance_by_phase
from linnet.phenomena.fluctuations.theory.minimum import Minimum
from linnet.phenomena.fluctuations.theory.refusals import (
    check_noise_factor,
    check_not_negative,
    check_positive,
    check_stable,
)
from linnet.shapes import Float
from linnet.task.batches import (
    batch_noise,
    batches_per_epoch,
)


@dataclass(frozen=True, eq=False)
class EpochFluctuations:
    r"""Weights under reshuffled epochs, means over the phases of an epoch.

    Attributes:
        additive: Variances that noise of fixed size makes, shape `(k, r)`.
        floor: Variances that batch Hessians add, shape `(k, r)`.
        bias: Mean weights less the minimum, shape `(k, r)`.
    """

    additive: Float[np.ndarray, "k r"]
    floor: Float[np.ndarray, "k r"]
    bias: Float[np.ndarray, "k r"]

    @property
    def variance(self) -> Float[np.ndarray, "k r"]:
        """Variances of the weights."""
        return self.additive + self.floor

    @property
    def second_moment(self) -> Float[np.ndarray, "k r"]:
        """Mean squares of the weights less the minimum."""
        return self.variance + self.bias**2


def reshuffling_bias(
    minimum: Minimum, learning_rate: float, batch_size: int, momentum: float = 0.0
) -> Float[np.ndarray, "k r"]:
    r"""Where reshuffled SGD ends on average, less the minimum; mean over phases.

    With the inputs $x_n$ in the eigenbasis and $b_{na} = r_{na}x_n - \mu W_a$,
    $$\mathbb E\,w_{ai} = \frac{\eta\kappa}{h_i}\sum_jT_{ij}\phi_j,\qquad
      T_{ij} = \frac1n\sum_nx_{ni}x_{nj}b_{naj},\qquad
      \phi_j = \frac1{M(M-1)}\sum_{l<M-1}(M-1-l)\,G_l(h_j),$$
    $G_l = (1-\eta h)^l$ the response to a kick $l$ steps ago (with momentum that of the
    heavy ball). Flat modes ($\eta h_jM\ll1$, all of them) have
    $\phi=\frac12$, which gives
    $\frac{\eta\kappa}2H^{-1}\frac1n\sum_nr_n\lVert x_n\rVert^2x_n$; stiff ones have
    less, $\phi_j\to1/(\eta h_jM)$. Independent batches have no bias.

    Valid for: $\eta\kappa\,\mathrm{tr}H/[2(1-\beta)]\ll1$, the relative error; any
    $\eta hM$. Third cumulants of batches add an error of relative size
    $\frac\eta m\langle r|x|^4x\rangle/\langle r|x|^2x\rangle$ for batches of m (seen
    in simulations, not derived): several per cent for inputs with heavy tails.

    Args:
        minimum: Where SGD fluctuates.
        learning_rate: $\eta > 0$.
        batch_size: A divisor of the number of samples.
        momentum: $\beta$ in [0, 1).

    Returns:
        The bias in the eigenbasis.

    Raises:
        ValueError: when an argument is out of its range, SGD diverges, or the batch
            size does not divide the samples.

    Reference: Lok et al. 2024 (statement); derived here.
    """
    check_stable(minimum.curvatures, learning_rate, momentum)
    batches = batches_per_epoch(minimum.samples, batch_size)
    noise_factor = batch_noise("epochs", minimum.samples, batch_size)
    x = minimum.coordinates
    kicks = minimum.residuals[:, :, None] * x[:, None, :]
    kicks = kicks - kicks.mean(axis=0)
    memory = _memory(learning_rate * minimum.curvatures, momentum, batches)
    pushed = ((kicks @ (x * memory)[:, :, None])[..., 0]).T @ x / len(x)
    return learning_rate * noise_factor * pushed / minimum.curvatures


def variance_floor(
    minimum: Minimum,
    variances: Float[np.ndarray, "k r"],
    learning_rate: float,
    noise_factor: float,
) -> Float[np.ndarray, "k r"]:
    r"""Variance that stiff modes force on flat ones by batch Hessians.

    $$\frac{\eta\kappa}{2h_i}\sum_{j\ne i}\langle x_i^2x_j^2\rangle\,\mathrm{Var}_j.$$

    Valid for: a mode $i$ flat over an epoch, $\eta h_iM\ll1$, and modes $j$ stiff over
    it, $\eta h_jM\gg1$. Modes $j$ that are flat too make half of it, since their part
    of the noise cancels in part; `epoch_fluctuations` weighs every pair.

    Args:
        minimum: Where SGD fluctuates.
        variances: $\mathrm{Var}_j$ of each output, in the eigenbasis.
        learning_rate: $\eta > 0$.
        noise_factor: $\kappa$ in [0, 1], of `batch_noise("epochs", ...)`.

    Returns:
        The floor of each mode.

    Raises:
        ValueError: when an argument is out of its range or shape.

    Reference: derived here.
    """
    check_positive("learning_rate", learning_rate)
    check_noise_factor(noise_factor)
    check_not_negative("variances", variances)
    shape = (minimum.outputs, len(minimum.variances))
    if variances.shape != shape:
        raise ValueError(
            f"Argument `variances` must be (k, r) = {shape} like the minimum, but has"
            f" shape {variances.shape}."
        )
    squares = minimum.coordinates**2
    pairs = squares.T @ squares / len(squares)
    np.fill_diagonal(pairs, 0)
    return learning_rate * noise_factor * variances @ pairs / (2 * minimum.curvatures)


def epoch_fluctuations(
    minimum: Minimum, learning_rate: float, batch_size: int
) -> EpochFluctuations:
    r"""Variance and bias of every mode under reshuffled epochs, without momentum.

    The noise $\sum_j(H_B-H)_{ij}w_j$ of a mode $i$ has the strength
    $\kappa q_{ij}$, $q_{ij} = \langle x_i^2x_j^2\rangle - \delta_{ij}\langle
    x_i^2\rangle^2$, and cancels over an epoch as far as $w_j$ stays what it was:
    $$\mathrm{Var}_i = \mathrm{Var}_i^{\rm add} + \frac{\eta\kappa}{h_i(2-\eta h_i)}
      \sum_jq_{ij}F_{ij}\mathrm{Var}_j,\qquad
      F_{ij} = 1 - \frac{2}{M-1}\sum_{\tau=1}^{M-1}(1-\eta h_i)^\tau\,
      \frac{B_j(\tau)}{\mathrm{Var}_j^{\rm add}},$$
    $B_j(\tau) = \frac1M\sum_{p<M-\tau}\langle w_{j,p}w_{j,p+\tau}\rangle$ over the
    phases $p$ of one epoch. $F\to1$ for stiff $j$ and flat $i$ (`variance_floor`),
    $F\to\frac12$ where both are flat (half of the noise of a Brownian bridge cancels).
    Cost $O(nr^2 + r^2M + r^3)$.

    Valid for: $\eta\kappa\,\mathrm{tr}H/2\ll1$ and many samples; heuristic: it leaves
    out what is of that size relative to a variance and what is of order $1/n$ (third
    cumulants of batches, felt by modes with $\eta hM$ near 1). Simulations of three
    modes of curvatures 1, 0.1, 0.01, several data sets each: with
    $\eta\kappa\,\mathrm{tr}H/2<0.03$ and $n\ge256$ all second moments are low by 0
    to 4 %, where additive theory misses up to half of that of the flattest; with 0.17
    and $n=32$, single samples, by 1 to 19 %, where it misses all but 13 to 23 %.

    Args:
        minimum: Where SGD fluctuates.
        learning_rate: $\eta > 0$.
        batch_size: A divisor of the number of samples.

    Returns:
        Additive variances, floor and bias.

    Raises:
        ValueError: when an argument is out of its range, SGD diverges, the batch size
            does not divide the samples, or batch Hessians make the variance grow
            without bound.

    Reference: derived here.
    """
    check_stable(minimum.curvatures, learning_rate, 0.0)
    batches = batches_per_epoch(minimum.samples, batch_size)
    noise_factor = batch_noise("epochs", minimum.samples, batch_size)
    h, squares = minimum.curvatures, minimum.coordinates**2
    phases = epoch_variance_by_phase(h, 1.0, learning_rate, noise_factor, batches)
    strength = learning_rate**2 * noise_factor
    left = _not_canceled(learning_rate * h, phases / strength)
    pairs = squares.T @ squares / len(squares) - np.diag(minimum.variances**2)
    forced = pairs * left * learning_rate * noise_factor
    forced /= (h * (2 - learning_rate * h))[:, None]
    if np.abs(np.linalg.eigvals(forced)).max() >= 1:
        raise ValueError(
            f"At learning rate {learning_rate} and batch size {batch_size} the noise of"
            " batch Hessians makes the variance of the weights grow without bound."
            " Lower the learning rate or take larger batches."
        )
    noise = (minimum.residuals**2).T @ squares / len(squares)
    noise = noise - (minimum.residuals.T @ minimum.coordinates / len(squares)) ** 2
    additive = noise * phases.mean(axis=-1)
    full = np.linalg.solve(np.eye(len(h)) - forced, additive.T).T
    bias = reshuffling_bias(minimum, learning_rate, batch_size)
    return EpochFluctuations(additive=additive, floor=full - additive, bias=bias)


def _memory(
    x: Float[np.ndarray, " r"], momentum: float, batches: int
) -> Float[np.ndarray, " r"]:
    r"""$\phi$: how much of an epoch's kicks a mode remembers, 1/2 when flat."""
    before, now = np.zeros_like(x), np.ones_like(x)
    total = np.zeros_like(x)
    for lag in range(batches - 1):
        total += (batches - 1 - lag) * now
        before, now = now, (1 + momentum - x) * now - momentum * before
    return total / (batches * (batches - 1))


def _not_canceled(
    x: Float[np.ndarray, " r"], phases: Float[np.ndarray, "r p"]
) -> Float[np.ndarray, "r r"]:
    r"""$F_{ij}$, from the variances by phase in units of $\eta^2\kappa c$.

    Two phases of an epoch have
    $\langle w_pw_{p+\tau}\rangle = a^\tau P_p - S_pS_\tau/(M-1)$, $a = 1-\eta h$,
    $S_p = \sum_{l<p}a^l$.
    """
    batches = phases.shape[1]
    powers = (1 - x)[:, None] ** np.arange(batches)
    sums = np.cumsum(powers, axis=1) - powers
    same = powers * np.cumsum(phases, axis=1)[:, ::-1]
    lost = sums * np.cumsum(sums, axis=1)[:, ::-1] / (batches - 1)
    together = (same - lost)[:, 1:] / (batches * phases.mean(axis=1))[:, None]
    return 1 - 2 / (batches - 1) * powers[:, 1:] @ together.T
