r"""Minimizers of the three penalties of `variational`, found by descending them.

No closed formula enters: each search begins where the caller says and follows the slope
of one penalty. That all three end at the layers of `gram_matrices` is a check of them.

Derived here. Quasi-Newton descent on square matrices, meant for up to some dozen inputs
and scales $\gamma$ not far below the product: it slows down as their ratio grows.
"""

from collections.abc import Callable

import numpy as np

from linnet.network import Weights, end_to_end
from linnet.phenomena.spectral_bias.theory.layers import (
    end_to_end_limit,
    layer_singular_values,
)
from linnet.phenomena.spectral_bias.theory.refusals import check_gamma, check_product
from linnet.phenomena.spectral_bias.theory.variational import (
    check_two_layers,
    kernel_penalty,
    mode_penalty,
    parameter_penalty,
)
from linnet.shapes import Float
from linnet.task import Moments

SLOPE = 1e-6  # of the penalty, that counts as zero, in units of the layers
STEPS = 20_000

Entries = Float[np.ndarray, " entries"]


def kernel_minimizer(
    moments: Moments,
    gamma: float,
    start: Float[np.ndarray, "d d"],
    max_steps: int = STEPS,
) -> Float[np.ndarray, "d d"]:
    r"""Kernel $K$ of least `kernel_penalty`, found by descent.

    Over square roots, $K = R^\top R$, which keeps it positive. The problem is convex in
    $K$, so every start leads to the one minimizer.

    Valid for: as `kernel_penalty`.

    Args:
        moments: Data or population.
        gamma: $\gamma > 0$.
        start: Any positive definite matrix.
        max_steps: Steps after which the search is given up.

    Returns:
        $K$, symmetric.

    Raises:
        ValueError: when `gamma` is not positive, or `start` is not a positive definite
            matrix that fits the moments.
        RuntimeError: when the slope did not vanish, with what is left of it.

    Reference: derived here.
    """
    kernel_penalty(start, moments, gamma)  # refuses what is no kernel

    def penalty(entries: Entries) -> tuple[float, Entries]:
        root = entries.reshape(start.shape)
        value, slope = kernel_penalty(root.T @ root, moments, gamma)
        return value, 2 * (root @ slope).ravel()

    unit = _unit(moments, gamma)
    begin = np.linalg.cholesky(start).T.ravel()
    root = _descend(penalty, begin, unit, max_steps).reshape(start.shape)
    return root.T @ root


def parameter_minimizer(
    moments: Moments, gamma: float, start: Weights, max_steps: int = STEPS
) -> Weights:
    r"""Layers of least `parameter_penalty` that minimize the loss, found by descent.

    The constraint is solved for the second layer, $W_2 = (W_\ast + NV_\perp^\top)
    W_1^{-1}$ with $V_\perp$ a basis of the inputs that the data never show; $W_1$ and
    $N$ are free. Layers are found up to a rotation between them.

    Valid for: as `parameter_penalty`; hidden width $d$, since a wider minimizer is one
    of these beside zeros.

    Args:
        moments: Data or population.
        gamma: $\gamma > 0$.
        start: Any two layers, the first square and invertible; what they make of the
            data is replaced by what minimizes the loss.
        max_steps: Steps after which the search is given up.

    Returns:
        Both layers.

    Raises:
        ValueError: when `gamma` is not positive, or `start` is not two layers that fit
            the moments, the first square and invertible.
        RuntimeError: when the slope did not vanish, with what is left of it.

    Reference: derived here.
    """
    k, d = moments.yx.shape
    first, _ = check_two_layers(start, gamma, moments)
    if len(first) != d or np.isinf(parameter_penalty(start, gamma)):
        raise ValueError(
            f"Argument `start` must have an invertible first layer ({d}, {d}), but it"
            f" is {first.shape} of rank {np.linalg.matrix_rank(first)}."
        )
    limit, unseen = end_to_end_limit(moments), _unseen(moments)

    def layers(entries: Entries) -> Weights:
        first, free = entries[: d * d].reshape(d, d), entries[d * d :].reshape(k, -1)
        return first, np.linalg.solve(first.T, (limit + free @ unseen.T).T).T

    def penalty(entries: Entries) -> tuple[float, Entries]:
        first, second = layers(entries)
        size = (first**2).sum() + (second**2).sum()
        value = size / 2 - gamma * np.linalg.slogdet(first)[1]
        inverse = np.linalg.inv(first).T
        by_first = first - gamma * inverse - second.T @ second @ inverse
        by_free = second @ inverse @ unseen
        return float(value), np.concatenate([by_first.ravel(), by_free.ravel()])

    begin = np.concatenate([first.ravel(), (end_to_end(start) @ unseen).ravel()])
    return layers(_descend(penalty, begin, _unit(moments, gamma), max_steps))


def product_minimizer(
    moments: Moments,
    gamma: float,
    start: Float[np.ndarray, "k d"],
    max_steps: int = STEPS,
) -> Float[np.ndarray, "k d"]:
    r"""Product of least $\sum_i\psi_\gamma(\sigma_i)$ among the minimizers of the loss.

    Found by descent over $N$ in $W_\ast + NV_\perp^\top$, with the slope
    $\psi_\gamma' = w_2/w_1$ of `mode_penalty`. Every increasing function of the
    singular values has this minimizer, so the product does not tell them apart.

    Valid for: as `mode_penalty`.

    Args:
        moments: Data or population.
        gamma: $\gamma > 0$.
        start: Any map of the inputs; what it makes of the data is replaced by what
            minimizes the loss.
        max_steps: Steps after which the search is given up.

    Returns:
        $W$.

    Raises:
        ValueError: when `gamma` is not positive, or `start` does not fit the moments.
        RuntimeError: when the slope did not vanish, with what is left of it.

    Reference: derived here.
    """
    check_gamma(gamma)
    check_product(start, moments.yx.shape)
    limit, unseen = end_to_end_limit(moments), _unseen(moments)

    def product(entries: Entries) -> Float[np.ndarray, "k d"]:
        return limit + entries.reshape(len(limit), -1) @ unseen.T

    def penalty(entries: Entries) -> tuple[float, Entries]:
        left, sigma, right = np.linalg.svd(product(entries), full_matrices=False)
        first, second = layer_singular_values(sigma, gamma)
        slope = (left * (second / first)) @ right
        return float(mode_penalty(sigma, gamma).sum()), (slope @ unseen).ravel()

    begin = (start @ unseen).ravel()
    return product(_descend(penalty, begin, 1.0, max_steps))


def _descend(
    penalty: Callable[[Entries], tuple[float, Entries]],
    start: Entries,
    unit: float,
    max_steps: int,
) -> Entries:
    """Where the penalty is least, its slope below `SLOPE` in these units."""
    from scipy.optimize import minimize

    if start.size == 0:  # the loss leaves nothing to choose
        return start
    # Asked for more than is needed: rounding stops it, and what is left is judged.
    options = {"gtol": 1e-3 * SLOPE * unit, "maxiter": max_steps}
    found = minimize(penalty, start, jac=True, method="BFGS", options=options)
    rest = float(np.abs(found.jac).max())
    if not rest <= SLOPE * unit:
        raise RuntimeError(
            f"The minimum of the penalty was not found: after {found.nit} steps its"
            f" slope is {rest:.3g}, above {SLOPE * unit:.3g}. Allow more `max_steps`,"
            " or ask for a scale `gamma` closer to the size of the product."
        )
    return found.x


def _unseen(moments: Moments) -> Float[np.ndarray, "d unseen"]:
    """Basis of the inputs that the data never show."""
    span = moments.row_space()
    return np.linalg.svd(span)[0][:, span.shape[1] :]


def _unit(moments: Moments, gamma: float) -> float:
    """Size of the layers: the slope of the penalty by a layer has its unit."""
    return float(np.sqrt(gamma + np.linalg.norm(end_to_end_limit(moments), 2)))
