r"""Where a small start rests on its way: saddles at maps of reduced rank."""

import numpy as np

from linnet.phenomena.spectral_bias.theory.escape import ROUNDING
from linnet.phenomena.spectral_bias.theory.refusals import check_gamma
from linnet.shapes import Float
from linnet.task import Moments


def plateau_losses(moments: Moments) -> Float[np.ndarray, " plateaus"]:
    r"""Excess loss of the best map of rank $0, 1, \dots$ over the least loss.

    $$L_r - L_\ast = \tfrac12\sum_{i>r}s_i^2,\qquad
      s_i\ \text{the singular values of}\ W_\ast\mathtt{xx}^{1/2}.$$
    As the scale of the start vanishes, training rests at these levels one after the
    other, at reduced-rank regression and not at the truncated solution.

    Valid for: first layer isotropic, second zero, $\gamma\to0$. At finite scale the
    flattest point lies a little off its level, by an amount that falls as a power of
    $\gamma$ set by the gap between the modes: above it where the modes before are
    still relaxing, below it where the next one has begun to grow.

    Args:
        moments: Data or population.

    Returns:
        Falling levels, the first that of the zero map, the last one zero.

    Raises:
        ValueError: when all inputs vanish.

    Reference: sequential reduced-rank path at vanishing initialization stated by Gidel,
        Bach and Lacoste-Julien 2019; level derived here.
    """
    strengths = np.linalg.svd(_whitened(moments), compute_uv=False)
    # Summed from the smallest one on: no cancellation.
    return np.append(np.cumsum(strengths[::-1] ** 2)[::-1] / 2, 0.0)


def reduced_rank_map(moments: Moments, rank: int) -> Float[np.ndarray, "k d"]:
    r"""Best map of at most `rank`: $W_r = P_rW_\ast$.

    $P_r$ projects on the first $r$ left singular vectors of $W_\ast\mathtt{xx}^{1/2}$:
    the saddle of the plateau. Unless inputs are white it is not the truncated solution.

    Valid for: any data; unique where the singular values $r$ and $r+1$ differ.

    Args:
        moments: Data or population.
        rank: $r \ge 0$.

    Returns:
        $W_r$.

    Raises:
        ValueError: when `rank` is negative, or all inputs vanish.

    Reference: reduced-rank regression, as known; derived here.
    """
    if rank < 0:
        raise ValueError(f"Argument `rank` must be >= 0, but is {rank}.")
    left, _, _ = np.linalg.svd(_whitened(moments), full_matrices=False)
    kept = left[:, :rank]
    return kept @ (kept.T @ moments.minimizer().end_to_end)


def truncated_losses(moments: Moments) -> Float[np.ndarray, " plateaus"]:
    r"""Excess loss of the solution cut off after its first $0, 1, \dots$ modes.

    $$L(W_{(r)}) - L_\ast = \tfrac12\lVert(W_\ast - W_{(r)})\,\mathtt{xx}^{1/2}
      \rVert_F^2,$$
    $W_{(r)}$ the truncated singular value decomposition of $W_\ast$: never below
    `plateau_losses`, and equal to them on white inputs.

    Valid for: any data.

    Args:
        moments: Data or population.

    Returns:
        One level a rank, the first that of the zero map, the last one zero; not always
        falling, since a mode may serve only together with the next.

    Raises:
        ValueError: when all inputs vanish.

    Reference: the definition.
    """
    limit = moments.minimizer().end_to_end
    left, sigma, right = np.linalg.svd(limit, full_matrices=False)
    losses = []
    for rank in range(len(sigma) + 1):
        rest = (left[:, rank:] * sigma[rank:]) @ right[rank:]
        losses.append(float(np.sum((rest @ moments.xx) * rest)) / 2)
    return np.array(losses)


def plateau_times(moments: Moments) -> Float[np.ndarray, " modes"]:
    r"""When the plateaus of rank $0, 1, \dots$ end, in units of $\ln(1/\gamma)$.

    At the saddle $W_q$ the dormant part of the layers is driven by
    $N_q = (1-P_q)\,\mathtt{yx}$ alone, and its modes grow at the singular values
    $b^{(q)}_1\ge b^{(q)}_2\dots$ of $N_q$. Mode $i$ of the dormant part, counted from
    the start, has then the size $\gamma^{1 - e_i}$ with
    $$e_i = \sum_q 2\,b^{(q)}_{i-q}\,(t_q - t_{q-1})$$
    after stays up to $t_q$, and the stay at $W_q$ ends when $e_{q+1} = 1$. For white
    inputs $N_q$ is `yx` without its first $q$ modes, and $t_q = 1/2b_{q+1}$.

    Valid for: $\gamma\to0$, to leading order in $\ln(1/\gamma)$; corrections of order
    one in time. Data in general position: where directions of different saddles are
    exactly orthogonal, as in inputs and targets that fall apart into blocks, modes may
    escape in another order.

    Args:
        moments: Data or population.

    Returns:
        Increasing, one entry a mode of the solution.

    Raises:
        ValueError: when all inputs vanish.

    Reference: derived here, by the growth of the exterior powers of the layers.
    """
    count = _modes(moments)
    grown, ends, now = np.zeros(count), [], 0.0
    for rank in range(count):
        rates = 2 * escape_rates(moments, rank)[: count - rank]
        stay = max((1 - grown[rank]) / rates[0], 0.0)
        grown[rank:] += rates * stay
        now += stay
        ends.append(now)
    return np.array(ends)


def escape_rates(moments: Moments, rank: int) -> Float[np.ndarray, " modes"]:
    r"""Rates at which the layers leave the plateau of `rank`, fastest first.

    Singular values of $(1-P_r)\,\mathtt{yx}$, the gradient at the saddle: a dormant
    layer grows as $e^{bt}$, the product as $e^{2bt}$.

    Valid for: as `plateau_losses`.

    Args:
        moments: Data or population.
        rank: $r \ge 0$.

    Returns:
        Downwards; those beyond the rank of the solution are rounding errors.

    Raises:
        ValueError: when `rank` is negative, or all inputs vanish.

    Reference: derived here.
    """
    pull = moments.yx - reduced_rank_map(moments, rank) @ moments.xx
    return np.linalg.svd(pull, compute_uv=False)


def plateau_offsets(
    moments: Moments, gamma: float, ranks: int
) -> Float[np.ndarray, " plateaus"]:
    r"""How far from its level training is expected to rest at rank $1, 2, \dots$.

    $$\min_{0\le x\le t_r-t_{r-1}}\ \frac1{L_r-L_\ast}\Big[\sum_jc_j\,
      \varepsilon^{2\kappa_jx} + (L_r-L_{r+1})\,\varepsilon^{2b_r(t_r-t_{r-1}-x)}
      \Big],\quad \varepsilon = \gamma/\lVert W_\ast\rVert_2.$$
    The loss relaxes to its level at twice the curvatures $\kappa_j$ along maps of rank
    $r$, from where the mode that escaped last is half way to its best with all others
    fixed, and leaves it at $2b_r$, the largest of `escape_rates`. What is not small is
    not accurate: training leaves before it has come to rest.

    Valid for: as `plateau_times`; an estimate, right in the exponent of
    $\varepsilon$.

    Args:
        moments: Data or population.
        gamma: $\gamma > 0$, below $\lVert W_\ast\rVert_2$.
        ranks: How many plateaus, from rank 1 on; below the rank of the solution. Rank
            $r$ takes the eigenvectors of a matrix of size $r(k + d)$.

    Returns:
        Relative to each level.

    Raises:
        ValueError: when `gamma` is not positive or not small, `ranks` is out of range,
            or all inputs vanish.

    Reference: derived here.
    """
    check_gamma(gamma)
    size = float(np.linalg.norm(moments.minimizer().end_to_end, 2))
    if gamma >= size:
        raise ValueError(
            f"Argument `gamma` must lie below the solution's size {size:.4g}, but is"
            f" {gamma:.4g}: a large start has no plateaus."
        )
    stays = np.log(size / gamma) * np.diff(plateau_times(moments))
    if not 0 <= ranks <= len(stays):
        raise ValueError(
            f"Argument `ranks` must lie in [0, {len(stays)}], below the rank of the"
            f" solution, but is {ranks}."
        )
    levels, offsets = plateau_losses(moments), []
    for rank, stay in enumerate(stays[:ranks], 1):
        since = np.linspace(0, stay, 401)
        curvatures, excess = _arrival(moments, rank)
        above = np.exp(-2 * np.outer(since, curvatures)) @ excess
        growth = np.exp(-2 * escape_rates(moments, rank)[0] * (stay - since))
        below = (levels[rank] - levels[rank + 1]) * growth
        offsets.append(float((above + below).min() / levels[rank]))
    return np.array(offsets)


def _arrival(
    moments: Moments, rank: int
) -> tuple[Float[np.ndarray, " modes"], Float[np.ndarray, " modes"]]:
    """Curvatures at the saddle of `rank`, and the excess loss along each on arrival."""
    before = reduced_rank_map(moments, rank - 1)
    pull = moments.yx - before @ moments.xx
    left, strengths, right = np.linalg.svd(pull, full_matrices=False)
    output, given = left[:, 0], right[0]
    reach = strengths[0] / (2 * given @ moments.xx @ given)
    away = before + reach * np.outer(output, given) - reduced_rank_map(moments, rank)
    hessian, to_product = _saddle(moments, rank)
    step, *_ = np.linalg.lstsq(to_product, (away @ moments.row_space()).ravel())
    curvatures, basis = np.linalg.eigh(hessian)
    curvatures = np.maximum(curvatures, 0)  # rank squared of them move no product
    excess = curvatures * (basis.T @ step) ** 2 / 2
    return curvatures, excess


def _saddle(
    moments: Moments, rank: int
) -> tuple[Float[np.ndarray, "p p"], Float[np.ndarray, "m p"]]:
    r"""Hessian at $W_r$ of balanced layers of width `rank`, and how they move $W$.

    $\langle D, D\,\mathtt{xx}\rangle - 2\langle N_r, dW_2\,dW_1\rangle$ with
    $D = dW_2\,W_1 + W_2\,dW_1$, on the row space of the inputs. Columns: the entries
    of $dW_2$, then those of $dW_1$.
    """
    span = moments.row_space()
    reduced = reduced_rank_map(moments, rank)
    pull = (moments.yx - reduced @ moments.xx) @ span
    left, sigma, right = np.linalg.svd(reduced @ span, full_matrices=False)
    root = np.sqrt(sigma[:rank])
    second, first = left[:, :rank] * root, root[:, None] * right[:rank]
    (k, d), one = pull.shape, np.eye(rank)
    to_product = np.hstack([np.kron(np.eye(k), first.T), np.kron(second, np.eye(d))])
    inputs = span.T @ moments.xx @ span
    weighted = inputs @ to_product.reshape(k, d, -1)
    curved = to_product.T @ weighted.reshape(k * d, -1)
    mixed = np.einsum("nm,ai->anmi", one, pull).reshape(k * rank, rank * d)
    curved[: k * rank, k * rank :] -= mixed
    curved[k * rank :, : k * rank] -= mixed.T
    return curved, to_product


def _modes(moments: Moments) -> int:
    """Rank of the solution, above rounding."""
    strengths = np.linalg.svd(moments.yx, compute_uv=False)
    return int((strengths > ROUNDING * strengths[0]).sum())


def _whitened(moments: Moments) -> Float[np.ndarray, "k d"]:
    r"""$W_\ast\mathtt{xx}^{1/2} = \mathtt{yx}\,\mathtt{xx}^{+1/2}$."""
    return moments.whitened().yx
