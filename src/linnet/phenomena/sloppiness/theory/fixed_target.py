r"""Fixed target: one curve that all trajectories share, and starts around it.

$m_i(t) = \sqrt{n\lambda_i}\,[h_i\bar w^0_i+(1-h_i)\bar r_iw^*_i]$ is the mean curve of
predictions in the eigenbasis of the inputs, and starts $N(\bar w^0,\sigma_0^2)$ put a
cloud of variance $D_i(t) = n\lambda_i\sigma_0^2h_i^2$ around it. Over checkpoints the
predictions have the covariance $C = D+P$, $P$ that of the curve. With several outputs
the curves of all (mode, output) pairs are stacked. A single trajectory is the case
$\sigma_0=0$. $\bar w^0$ is `mean_start`; $\bar r_i$ is 1 without weight
decay. Derived here.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.averages import (
    mode_averages,
    pair_averages,
)
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.condensed import Nodes, condensable, condense
from linnet.phenomena.sloppiness.theory.refusals import (
    check_deviation,
    one_deviation,
    per_mode,
    row_of_variances,
    sample_count,
)
from linnet.phenomena.sloppiness.theory.responses import AbstractResponse
from linnet.shapes import Float


def fixed_target_curve(
    variances: ArrayLike,
    n: int,
    target: ArrayLike,
    response: AbstractResponse,
    checkpoints: Checkpoints,
    *,
    mean_start: ArrayLike | None = None,
) -> Float[np.ndarray, "r k T"]:
    r"""Mean curve $m_{ic}(t)$ of every mode and output at the checkpoints.

    $$m_{ic}(t) = \sqrt{n\lambda_i}\,\big[h_i(t)\,\bar w^0_{ic}
      +(1-h_i(t))\,\bar r_iw^*_{ic}\big]$$

    Valid for: any linear response; few enough checkpoints to be written out.

    Args:
        variances: $\lambda_i>0$, shape `(r,)`.
        n: Number of samples.
        target: $w^*$ in the eigenbasis of the inputs, shape `(r,)` or `(r, k)`; of
            house weights the coordinates `Directions.coordinates`.
        response: The method of training.
        checkpoints: When predictions are looked at.
        mean_start: $\bar w^0$, as `target`; zero if not given.

    Raises:
        ValueError: when an argument is out of range, shapes do not fit, or training is
            not stable.

    Reference: derived here.
    """
    rate, end, begin = fixed_problem(variances, n, target, mean_start)
    aim = response.rest(rate)[:, None] * end
    h = response.remaining(rate, checkpoints.when)[:, None]
    gap = response.learned(rate, checkpoints.when)[:, None]
    scale = np.sqrt(n * rate)[:, None, None]
    return scale * (h * begin[..., None] + gap * aim[..., None])


def fixed_target_covariance(
    variances: ArrayLike,
    n: int,
    target: ArrayLike,
    response: AbstractResponse,
    checkpoints: Checkpoints,
    *,
    init_deviation: float = 0.0,
    mean_start: ArrayLike | None = None,
    centered: bool = True,
) -> Float[np.ndarray, "rk rk"]:
    r"""Covariance, or second moment, of predictions on the training inputs.

    $$C_{ic,je} = \delta_{ij}\delta_{ce}\,n\lambda_i\sigma_0^2\langle h_i^2\rangle
      + n\sqrt{\lambda_i\lambda_j}\,u_{ic}u_{je}\,\mathrm{Cov}(h_i,h_j),\qquad
      u = \bar r w^*-\bar w^0,$$
    rows by mode, then by output. For gradient descent at uniform checkpoints
    $\mathrm{Cov}(h_i,h_j) = g(\rho_i\rho_j)-g(\rho_i)g(\rho_j)$,
    $g(x) = \frac{1-x^T}{T(1-x)}$, closed for any number of steps.

    Valid for: any response and checkpoints that `pair_averages` takes. Entries have
    full relative precision; **eigenvalues of a matrix are right only down to** about
    $10^{-15}$ **of the largest**: take `fixed_target_spectrum`.

    Args:
        variances: $\lambda_i>0$, shape `(r,)`.
        n: Number of samples.
        target: $w^*$ in the eigenbasis of the inputs, shape `(r,)` or `(r, k)`.
        response: The method of training.
        checkpoints: When predictions are looked at, with which weights.
        init_deviation: $\sigma_0\ge0$; 0 is a single trajectory.
        mean_start: $\bar w^0$, as `target`; zero if not given.
        centered: Covariance about the mean over checkpoints and starts; False for the
            second moment about zero.

    Raises:
        ValueError: when an argument is out of range, shapes do not fit, or training is
            not stable.

    Reference: derived here.
    """
    rate, end, begin = fixed_problem(variances, n, target, mean_start)
    deviation = one_deviation("init_deviation", init_deviation)
    start, curve = _cloud_and_curve(
        rate, n, end, begin, response, checkpoints, centered
    )
    return curve + deviation**2 * np.diag(start)


def fixed_target_spectrum(
    variances: ArrayLike,
    n: int,
    target: ArrayLike,
    response: AbstractResponse,
    checkpoints: Checkpoints,
    *,
    init_deviation: ArrayLike = 0.0,
    mean_start: ArrayLike | None = None,
    centered: bool = True,
) -> Float[np.ndarray, "*grid rk"]:
    r"""Eigenvalues of `fixed_target_covariance`, downwards, without forming it.

    They are the squared singular values of the stack
    $[\sqrt D\mid\sqrt{p_t}\,(m(t)-\bar m)]$. The outputs of one mode share $h_i$, so
    its curve lies in one direction of outputs (two, uncentered): in the others the mode
    shows its cloud $D_i$ alone, and $k$ outputs cost as much as one.

    Valid for: any response with few enough checkpoints to be written out; gradient
    descent and flow at uniform or continuous checkpoints of any number, by nodes with
    the same averages. Eigenvalues are right down to $10^{-28}$ of the largest. Other
    responses at more checkpoints than that (momentum has closed averages) are left with
    the matrix: right down to $10^{-15}$ of the largest, zero where they came out below.

    Args:
        variances: $\lambda_i>0$, shape `(r,)`.
        n: Number of samples.
        target: $w^*$ in the eigenbasis of the inputs, shape `(r,)` or `(r, k)`.
        response: The method of training.
        checkpoints: When predictions are looked at, with which weights.
        init_deviation: $\sigma_0\ge0$, any shape: one spectrum each.
        mean_start: $\bar w^0$, as `target`; zero if not given.
        centered: Covariance, or False for the second moment about zero.

    Returns:
        All $rk$ eigenvalues, downwards along the last axis.

    Raises:
        ValueError: when an argument is out of range, shapes do not fit, training is not
            stable, or there are too many checkpoints for the response.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.sloppiness.theory import (
        ...     GradientDescent, uniform_checkpoints)
        >>> fixed_target_spectrum(
        ...     [1.0, 0.1], 1, [1.0, 1.0], GradientDescent(0.5), uniform_checkpoints(9))
        array([0.09981864, 0.00031864])
    """
    rate, end, begin = fixed_problem(variances, n, target, mean_start)
    deviation = check_deviation("init_deviation", init_deviation)
    if not condensable(response, rate, checkpoints):
        start, curve = _cloud_and_curve(
            rate, n, end, begin, response, checkpoints, centered
        )
        clouds = deviation[..., None, None] ** 2 * np.diag(start)
        return np.maximum(np.linalg.eigvalsh(clouds + curve)[..., ::-1], 0.0)
    nodes = condense(response, rate, checkpoints)
    travel = response.rest(rate)[:, None] * end
    if centered:
        curve = centered_curve(travel - begin, nodes)[:, None]
    else:
        curve = _curve(begin, travel, nodes)
    scale = np.sqrt(n * rate)
    moment = mode_averages(response, rate, checkpoints).start
    cloud = deviation[..., None] * scale * np.sqrt(moment)
    own, shown = curve.shape[1], np.repeat(cloud, curve.shape[1], axis=-1)
    rows = compressed((scale[:, None, None] * curve).reshape(shown.shape[-1], -1))
    stack = np.concatenate(
        [
            shown[..., None] * np.eye(shown.shape[-1]),
            np.broadcast_to(rows, (*shown.shape[:-1], *rows.shape)),
        ],
        axis=-1,
    )
    values = np.linalg.svd(stack, compute_uv=False) ** 2
    alone = np.repeat(cloud**2, end.shape[1] - own, axis=-1)
    return np.sort(np.concatenate([values, alone], axis=-1), axis=-1)[..., ::-1]


def _cloud_and_curve(
    rate: Float[np.ndarray, " r"],
    n: int,
    end: Float[np.ndarray, "r k"],
    begin: Float[np.ndarray, "r k"],
    response: AbstractResponse,
    checkpoints: Checkpoints,
    centered: bool,
) -> tuple[Float[np.ndarray, " rk"], Float[np.ndarray, "rk rk"]]:
    """Diagonal of the cloud for starts of unit variance, and moment of the curve."""
    pairs = pair_averages(response, rate, checkpoints)
    root = np.sqrt(n * rate)[:, None]
    far, near = root * response.rest(rate)[:, None] * end, root * begin
    if centered:
        curve = _outer(far - near, far - near, pairs.covariance)
    else:
        mixed = _outer(near, far, pairs.cross)
        curve = _outer(near, near, pairs.start) + mixed + mixed.T
        curve = curve + _outer(far, far, pairs.target)
    return np.repeat(n * rate * pairs.start.diagonal(), end.shape[1]), curve


def compressed(
    stack: Float[np.ndarray, "rows m"],
) -> Float[np.ndarray, "rows q"]:
    """Fewer columns with the same products of rows; small rows keep their digits."""
    rows, columns = stack.shape
    if columns <= rows:
        return stack
    triangle: np.ndarray = np.linalg.qr(stack.T, mode="r")  # type: ignore[assignment]
    return triangle.T


def centered_curve(
    travel: Float[np.ndarray, "r k"], nodes: Nodes
) -> Float[np.ndarray, "r m"]:
    """Weighted curve about its mean, in the one direction of outputs it moves in."""
    gap = nodes.learned - (nodes.learned @ nodes.weights)[:, None]
    length = np.linalg.norm(travel, axis=1)[:, None]
    return length * gap * np.sqrt(nodes.weights)


def _curve(
    begin: Float[np.ndarray, "r k"], aim: Float[np.ndarray, "r k"], nodes: Nodes
) -> Float[np.ndarray, "r q m"]:
    """Weighted curve about zero, in the at most two directions it moves in."""
    both = np.stack([begin, aim], axis=-1)
    sides: np.ndarray = np.linalg.qr(both, mode="r")  # type: ignore[assignment]
    h, gap = nodes.remaining[:, None], nodes.learned[:, None]
    curve = sides[..., :1] * h + sides[..., 1:] * gap
    return curve * np.sqrt(nodes.weights)


def per_output(
    pairs: Float[np.ndarray, "r r"], outputs: int
) -> Float[np.ndarray, "rk rk"]:
    """A matrix of modes as one of modes and outputs: outputs of a mode move alike."""
    if outputs == 1:
        return pairs
    return np.repeat(np.repeat(pairs, outputs, axis=0), outputs, axis=1)


def _outer(
    left: Float[np.ndarray, "r k"],
    right: Float[np.ndarray, "r k"],
    pairs: Float[np.ndarray, "r r"],
) -> Float[np.ndarray, "rk rk"]:
    """Entry (ic, je) is left_ic right_je pairs_ij."""
    return np.outer(left, right) * per_output(pairs, left.shape[1])


def fixed_problem(
    variances: ArrayLike, n: int, target: ArrayLike, mean_start: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates, target and mean start as (r,), (r, k), (r, k)."""
    rate = row_of_variances(variances)
    sample_count(n)
    end = per_mode("target", target, len(rate))
    if mean_start is None:
        return rate, end, np.zeros_like(end)
    begin = per_mode("mean_start", mean_start, len(rate))
    if begin.shape != end.shape:
        raise ValueError(
            f"Argument `mean_start` must have the shape of `target`, but they have"
            f" {begin.shape} and {end.shape}."
        )
    return rate, end, begin
