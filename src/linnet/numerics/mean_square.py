r"""Mean squares under random multiplications, and where they explode.

A vector that is multiplied again and again by $1-\eta\,\overline{xx^\top}$, the mean
over a batch that is drawn anew each time, has a second moment with a map of its own:
$V\mapsto V-\eta L_0(V)+\eta^2L_1(V)$, where with $k_i = h_i+\mu$ in the eigenbasis of
the mean over all samples, $\mathrm{diag}(h)$,
$$L_0(V)_{ij} = (k_i+k_j)V_{ij},\qquad L_1(V)_{ij} = (k_ik_j-\kappa h_ih_j)V_{ij}
    + \frac\kappa n\sum_s(x_s^\top Vx_s)\,x_{si}x_{sj} .$$
Both are self-adjoint in the Frobenius product, and the map keeps positive matrices
positive: it is stable as long as $L_0-\eta L_1$ is positive definite on symmetric
matrices. $\kappa$ is the variance of the mean of a batch in units of that of a sample.

Reference: Mulayoff and Michaeli 2024 (statement of the criterion); derived here.
"""

import numpy as np

from linnet.shapes import Float

EDGE_TOLERANCE = 1e-10  # of the gradient, relative
EDGE_STEPS = 3000
DEPENDENT = 1e-8  # what is left of a direction that the others span


def scatter(
    samples: Float[np.ndarray, "n r"], matrix: Float[np.ndarray, "r r"]
) -> Float[np.ndarray, "r r"]:
    r"""$\frac1n\sum_s(x_s^\top Vx_s)\,x_sx_s^\top$, in $4nr^2$ operations."""
    product = samples @ matrix
    lengths = np.einsum("ni,ni->n", product, samples) / len(samples)
    np.multiply(samples, lengths[:, None], out=product)
    return product.T @ samples


def critical_mean_square(
    samples: Float[np.ndarray, "n r"],
    variances: Float[np.ndarray, " r"],
    noise_factor: float,
    weight_decay: float = 0.0,
) -> tuple[float, Float[np.ndarray, "r r"]]:
    r"""The rate $\eta_*$ at which mean squares explode, and the matrix that stays.

    $\eta_* = 1/\lambda_{\max}(L_0^{-1/2}L_1L_0^{-1/2})$ by conjugate gradients on
    symmetric matrices, $O(nr^2)$ a step; $2/\max(h+\mu)$ without noise. The matrix
    solves $L_0(V) = \eta_*L_1(V)$, is positive and scaled to a trace of one.

    Valid for: batches that are drawn independently of each other.

    Args:
        samples: Rows $x_s$ in the eigenbasis of their mean square.
        variances: $h$, the eigenvalues of that mean square, `(r,)`, positive.
        noise_factor: $\kappa$ in [0, 1].
        weight_decay: $\mu\ge0$, added to every $h$ where it multiplies, not where it
            scatters.

    Raises:
        ArithmeticError: when conjugate gradients do not converge.
    """
    h, k = variances, variances + weight_decay
    if noise_factor == 0:
        top = np.diag((k == k.max()).astype(float))
        return float(2 / k.max()), top / np.trace(top)
    loss = np.add.outer(k, k)
    local = np.multiply.outer(k, k) - noise_factor * np.multiply.outer(h, h)
    value, matrix = largest_gain(samples, noise_factor, local, loss)
    return 1 / value, matrix


def largest_gain(
    samples: Float[np.ndarray, "n r"],
    coupling: float,
    local: Float[np.ndarray, "r r"] | float,
    loss: Float[np.ndarray, "r r"],
) -> tuple[float, Float[np.ndarray, "r r"]]:
    r"""Largest eigenvalue of local $\circ V$ + coupling $S(V)$ relative to loss.

    Locally optimal conjugate gradients: the best of iterate, gradient and last move.
    All are polynomials in a map that keeps positive matrices positive, of a positive
    start: it overlaps with all leading positive matrices, so that none is missed, and
    where they are several, what is found is the projection of the start onto them, the
    limit of powers of the map and therefore positive.
    """

    def with_gain(matrix: Float[np.ndarray, "r r"]) -> Float[np.ndarray, "2 r r"]:
        spread = coupling * scatter(samples, matrix)
        return np.array([matrix, local * matrix + spread])

    start = np.diag((samples**2).mean(0))
    best = with_gain(start / np.sqrt(np.vdot(start, loss * start)))
    move = np.zeros_like(best)
    for _ in range(EDGE_STEPS):
        quotient = np.vdot(best[0], best[1])
        rest = best[1] / loss - quotient * best[0]
        if np.sqrt(np.vdot(rest, loss * rest)) <= EDGE_TOLERANCE * quotient:
            return float(quotient), _positive(best[0])
        best, move = _best([best, with_gain(rest), move], loss)
    raise ArithmeticError(
        "The edge of stability was not found: conjugate gradients did not converge."
    )


def _best(
    pairs: list[Float[np.ndarray, "2 r r"]], loss: Float[np.ndarray, "r r"]
) -> tuple[Float[np.ndarray, "2 r r"], Float[np.ndarray, "2 r r"]]:
    """Of the span of matrices $V$, each with $L_1(V)$, the one of largest quotient.

    Returns:
        It with unit loss, and what it has beside the first of the pairs.
    """
    basis: list[Float[np.ndarray, "2 r r"]] = []
    for pair in pairs:
        size = np.sqrt(np.vdot(pair[0], loss * pair[0]))
        for _ in range(2):  # what one pass leaves by rounding, the second takes
            for one in basis:
                pair = pair - np.vdot(one[0], loss * pair[0]) * one
        left = np.sqrt(np.vdot(pair[0], loss * pair[0]))
        if left > DEPENDENT * size:
            basis.append(pair / left)
    quotients = [[np.vdot(one[0], other[1]) for other in basis] for one in basis]
    shares = np.linalg.eigh(quotients)[1][:, -1]
    shares *= np.copysign(1, shares[0])
    parts = [share * one for share, one in zip(shares, basis, strict=True)]
    move = np.sum(parts[1:], axis=0) if parts[1:] else np.zeros_like(parts[0])
    return parts[0] + move, move


def _positive(matrix: Float[np.ndarray, "r r"]) -> Float[np.ndarray, "r r"]:
    """Without what rounding left below zero, scaled to a trace of one."""
    values, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    root = axes * np.sqrt(np.maximum(values, 0))
    positive = root @ root.T
    return positive / np.trace(positive)
