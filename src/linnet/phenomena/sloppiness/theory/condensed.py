r"""A billion checkpoints in a thousand nodes: the same averages of exponentials.

Descent and flow relax as $\rho^t$, so every average over uniform checkpoints is one of
sums of exponentials. On $[L,2L)$ the Gaussian rule of the whole numbers (Gram's
polynomials) with 20 nodes has them to $6^{-40}$ of the panel, and 30 panels reach
$10^9$. Nodes have positive weights: a curve at the nodes has the moments of the curve
at all checkpoints, and the singular values of the small stack are right where a matrix
of moments would have lost its digits. Derived here.
"""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.responses import (
    AbstractResponse,
    GradientDescent,
    GradientFlow,
)
from linnet.shapes import Float

FEW = 1024  # checkpoints that are taken one by one
FIRST = 32  # of many checkpoints, those that are taken one by one
NODES = 20  # per panel
LARGEST_STACK = 50_000_000  # entries of one array of modes by checkpoints


@dataclass(frozen=True, eq=False)
class Nodes:
    """Responses at checkpoints, or at nodes that stand for many of them.

    Attributes:
        remaining: $h$, shape `(r, m)`.
        learned: $1-h$, without cancellation, shape `(r, m)`.
        weights: Positive, of sum one, shape `(m,)`.
    """

    remaining: Float[np.ndarray, "r m"]
    learned: Float[np.ndarray, "r m"]
    weights: Float[np.ndarray, " m"]


def condensable(
    response: AbstractResponse,
    variances: Float[np.ndarray, " r"],
    checkpoints: Checkpoints,
) -> bool:
    """Whether `condense` has nodes for these: see there."""
    if isinstance(response, GradientDescent | GradientFlow):
        return True
    count = checkpoints.count
    return count is not None and count * len(variances) <= LARGEST_STACK


def condense(
    response: AbstractResponse,
    variances: Float[np.ndarray, " r"],
    checkpoints: Checkpoints,
) -> Nodes:
    """Responses at few nodes with the averages of all checkpoints.

    Valid for: any response with up to fifty million pairs of mode and checkpoint, taken
    as they are; beyond, uniform checkpoints of gradient descent or flow.

    Raises:
        ValueError: when there are too many checkpoints for another response, or a
            continuum of them.
    """
    few = checkpoints.count is not None and (
        checkpoints.kind == "given" or checkpoints.count <= FEW
    )
    if not few and isinstance(response, GradientDescent | GradientFlow):
        return _by_panels(response, variances, checkpoints)
    if not condensable(response, variances, checkpoints):
        many = "a continuum" if checkpoints.count is None else f"{checkpoints.count}"
        raise ValueError(
            f"Argument `checkpoints` must be at most {LARGEST_STACK // len(variances)}"
            f" for {len(variances)} modes under {type(response).__name__}, but are"
            f" {many}: take log-spaced ones, or gradient descent or flow."
        )
    when, weights = checkpoints.when, checkpoints.weights
    return Nodes(
        response.remaining(variances, when), response.learned(variances, when), weights
    )


def _by_panels(
    response: GradientDescent | GradientFlow,
    variances: Float[np.ndarray, " r"],
    checkpoints: Checkpoints,
) -> Nodes:
    if isinstance(response, GradientDescent):
        if checkpoints.count is None:
            raise ValueError(
                "Argument `checkpoints` must be steps for gradient descent, but are a"
                " continuum: take `uniform_checkpoints`, or the response of a flow."
            )
        return _descent_nodes(response.steps(variances), checkpoints)
    rates = response.rates(variances)
    if checkpoints.count is None:
        at, weights = _continuous_nodes(checkpoints.last, float(rates.max()))
        return _exponentials(-rates, at, weights)
    at, weights = _whole_nodes(checkpoints.count)
    return _exponentials(-rates * checkpoints.every, at, weights)


def _descent_nodes(step: Float[np.ndarray, " r"], checkpoints: Checkpoints) -> Nodes:
    assert checkpoints.count is not None
    # |1 - x| = 1 - min(x, 2 - x): its logarithm is exact at both ends.
    with np.errstate(divide="ignore"):
        log = checkpoints.every * np.log1p(-np.minimum(step, 2 - step))
    flips = (step > 1) & (checkpoints.every % 2 == 1)
    at, weights = _whole_nodes(checkpoints.count)
    if not flips.any():
        return _exponentials(log, at, weights)
    # Signs alternate: even and odd checkpoints are smooth each for itself.
    evens = (checkpoints.count + 1) // 2
    even, odd = _whole_nodes(evens), _whole_nodes(checkpoints.count - evens)
    share = evens / checkpoints.count
    first = _exponentials(log, 2 * even[0], share * even[1])
    second = _exponentials(log, 2 * odd[0] + 1, (1 - share) * odd[1])
    sign = np.where(flips, -1.0, 1.0)[:, None]
    turned = np.where(flips[:, None], 1 + second.remaining, second.learned)
    return Nodes(
        np.hstack([first.remaining, sign * second.remaining]),
        np.hstack([first.learned, turned]),
        np.r_[first.weights, second.weights],
    )


def _exponentials(
    log: Float[np.ndarray, " r"],
    at: Float[np.ndarray, " m"],
    weights: Float[np.ndarray, " m"],
) -> Nodes:
    """Powers by their logarithms; the power zero is one, of zero too."""
    exponent = np.zeros((len(log), len(at)))
    np.multiply(log[:, None], at, out=exponent, where=at > 0)
    return Nodes(np.exp(exponent), -np.expm1(exponent), weights)


def _whole_nodes(
    count: int,
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Nodes and weights of the mean over 0, 1, ..., count - 1."""
    at, weights = [np.arange(min(count, FIRST))], [np.ones(min(count, FIRST))]
    start = FIRST
    while start < count:
        length = min(start, count - start)
        nodes, shares = _gram_rule(length)
        at.append(start + nodes)
        weights.append(length * shares)
        start += length
    return np.concatenate(at), np.concatenate(weights) / count


def _gram_rule(
    length: int,
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Gaussian rule of the mean over 0, 1, ..., length - 1."""
    nodes = min(NODES, length)
    k = np.arange(1, nodes, dtype=float)
    # Recurrence of Gram's polynomials, divided by the length: no large squares.
    beside = k / 2 * np.sqrt((1 - (k / length) ** 2) / (4 * k**2 - 1))
    jacobi = np.diag(beside, 1) + np.diag(beside, -1)
    values, vectors = np.linalg.eigh(jacobi)
    return (length - 1) / 2 + length * values, vectors[0] ** 2


def _continuous_nodes(
    duration: float, fastest: float
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Nodes and weights of the mean over [0, duration]: Gauss and Legendre."""
    nodes, shares = np.polynomial.legendre.leggauss(NODES)
    doublings = max(0, int(np.ceil(np.log2(max(duration * fastest, 1.0)))))
    edges = np.r_[0.0, duration * 2.0 ** np.arange(-doublings, 1)]
    length = np.diff(edges)[:, None]
    at = edges[:-1, None] + length * (1 + nodes) / 2
    return at.ravel(), (length * shares / (2 * duration)).ravel()
