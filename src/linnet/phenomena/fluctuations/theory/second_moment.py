r"""The second moment of SGD on least squares, one step further, and where it explodes.

For independent batches, $V\mapsto V - \eta L_0(V) + \eta^2L_1(V) + \eta^2\kappa C$ in
the eigenbasis of `xx`, block by block and exactly, with $\tilde h = h+\mu$ and
$$L_0(V)_{ij} = (\tilde h_i+\tilde h_j)V_{ij},\qquad
  L_1(V)_{ij} = (\tilde h_i\tilde h_j-\kappa h_ih_j)V_{ij}
    + \frac\kappa n\sum_s(x_s^\top Vx_s)\,x_{si}x_{sj} .$$
Both are self-adjoint in the Frobenius product and neither contains $\eta$. The map
keeps positive matrices positive, so its spectral radius is its largest eigenvalue: it
is stable if and only if $L_0-\eta L_1$ is positive definite on symmetric matrices.

Reference: Mulayoff and Michaeli 2024 (statement of the criterion); derived here.
"""

from dataclasses import dataclass

import numpy as np

from linnet.numerics.mean_square import (
    critical_mean_square,
    largest_gain,
    scatter,
)
from linnet.phenomena.fluctuations.theory.minimum import Minimum
from linnet.phenomena.fluctuations.theory.refusals import (
    check_momentum,
    check_noise_factor,
    check_step,
)
from linnet.shapes import Float

STEPS = 2000
"""Of conjugate gradients, at most."""


@dataclass(frozen=True, eq=False)
class SecondMoment:
    r"""$M = L_0 - \eta L_1 = A - \eta\kappa S$ with $A$ diagonal and $S\ge0$.

    Attributes:
        coordinates: Samples in the eigenbasis, `(n, r)`.
        diagonal: $A_{ij}$, positive where SGD is stable, `(r, r)`.
        coupling: $\eta\kappa$.
    """

    coordinates: Float[np.ndarray, "n r"]
    diagonal: Float[np.ndarray, "r r"]
    coupling: float

    def apply(self, matrix: Float[np.ndarray, "r r"]) -> Float[np.ndarray, "r r"]:
        """$M(V)$: two matrix products with the samples."""
        return self.diagonal * matrix - self.coupling * scatter(
            self.coordinates, matrix
        )

    def solve(
        self, rhs: Float[np.ndarray, "r r"], tolerance: float, steps: int
    ) -> Float[np.ndarray, "r r"] | None:
        r"""Solve $M(V) = Q$ by conjugate gradients.

        Preconditioned by $A$, which leaves eigenvalues $1-\rho$ to 1 where the plain
        iteration contracts by $\rho$: fewer steps, and no blow-up near the edge.

        Returns:
            The solution, or None when $M$ is not positive or the steps do not suffice.
        """
        # The first guess solves the diagonal part, and with it all that is
        # antisymmetric in Q: only a scatter is left over, which is symmetric.
        guess = rhs / self.diagonal
        if not self.coupling:
            return guess
        solution = np.zeros_like(guess)
        rest = self.coupling * scatter(self.coordinates, guess)
        better = rest / self.diagonal
        direction, size = better, np.vdot(rest, better)
        limit = tolerance**2 * np.vdot(rhs, guess)
        for _ in range(steps):
            if size <= limit:
                return guess + (solution + solution.T) / 2
            image = self.apply(direction)
            curvature = np.vdot(direction, image)
            if not curvature > 0:
                return None
            solution = solution + size / curvature * direction
            rest = rest - size / curvature * image
            better = rest / self.diagonal
            last, size = size, np.vdot(rest, better)
            direction = better + size / last * direction
        return None

    def stationary(
        self, noise: Float[np.ndarray, "k k r r"], tolerance: float
    ) -> Float[np.ndarray, "k k r r"] | None:
        r"""Solve $M(V_{ab}) = \eta\kappa C_{ab}$ for the blocks of all outputs.

        Returns:
            The covariance; None when there is none, or the solver did not get there.
        """
        if self.diagonal.min() <= 0:
            return None
        covariance = np.empty_like(noise)
        for a, b in np.ndindex(noise.shape[:2]):
            if a <= b:
                rhs = self.coupling * noise[a, b]
                solution = self.solve(rhs, tolerance, STEPS)
                if solution is None:
                    return None
                covariance[a, b], covariance[b, a] = solution, solution.T
        stable = not self.coupling or _is_stable(noise.trace(), covariance.trace())
        if stable is None:
            stable = self.feedback() < 1
        return covariance if stable else None

    def feedback(self) -> float:
        r"""Largest eigenvalue of $A^{-1}\eta\kappa S$: $M$ is positive below one.

        Infinite where $A$ itself is not positive, and not even the mean is stable.

        Raises:
            ArithmeticError: when conjugate gradients do not converge.
        """
        if self.diagonal.min() <= 0:
            return float(np.inf)
        if not self.coupling:
            return 0.0
        return largest_gain(self.coordinates, self.coupling, 0.0, self.diagonal)[0]


def second_moment(
    minimum: Minimum, learning_rate: float, noise_factor: float, momentum: float = 0.0
) -> SecondMoment:
    r"""The map at a minimum, whether stable or not; $M(V) = \eta\kappa C$ at rest.

    With momentum that of the weights once their velocities are eliminated,
    $$A_{ij} = \frac{(1-\beta)^2[(1+\beta)(\tilde h_i+\tilde h_j)
      - \eta\tilde h_i\tilde h_j] + \eta\beta(\tilde h_i-\tilde h_j)^2}
      {1-\beta^2} + \eta\kappa h_ih_j .$$
    It is positive if and only if second moments of weights and velocities stay finite:
    noise enters by the covariance of the weights alone, and by a positive map.

    Raises:
        ValueError: when the rate is not positive, the noise factor not in [0, 1], or
            the momentum not in [0, 1).
    """
    check_step(learning_rate, noise_factor)
    check_momentum(momentum)
    h, k = minimum.variances, minimum.curvatures
    both, product = np.add.outer(k, k), np.multiply.outer(k, k)
    slow = (1 + momentum) * both - learning_rate * product
    apart = learning_rate * momentum * np.subtract.outer(k, k) ** 2
    diagonal = ((1 - momentum) ** 2 * slow + apart) / (1 - momentum**2)
    strength = learning_rate * noise_factor
    diagonal += strength * np.multiply.outer(h, h)
    return SecondMoment(minimum.coordinates, diagonal, strength)


def largest_stable_rate(minimum: Minimum, noise_factor: float) -> float:
    r"""Learning rate at which the mean square of SGD explodes.

    $\eta_* = 1/\lambda_{\max}(L_0^{-1/2}L_1L_0^{-1/2})$, the largest eigenvalue by
    conjugate gradients on symmetric matrices, where it lies: $O(nr^2)$ a step. Without
    noise it is $2/\max(h+\mu)$, with noise smaller. SGD is stable below it and, in the
    mean square, at no rate above.

    Valid for: independent batches. For reshuffled `epochs` it is the edge of
    independent batches with the same factor, no bound that is proven: their noise is
    anti-correlated, weaker in slow directions and of another kind in fast ones.

    Args:
        minimum: Where.
        noise_factor: $\kappa$, see `batch_noise`.

    Raises:
        ValueError: when the noise factor is not in [0, 1].
        ArithmeticError: when conjugate gradients do not converge.
    """
    return critical_covariance(minimum, noise_factor)[0]


def critical_covariance(
    minimum: Minimum, noise_factor: float
) -> tuple[float, Float[np.ndarray, "r r"]]:
    r"""`largest_stable_rate`, and the matrix that neither grows nor shrinks there.

    It solves $L_0(V) = \eta_*L_1(V)$, is positive and scaled to a trace of one. Since
    the map is self-adjoint, $\mathrm{tr}\,V\,\mathbb E[ww^\top]$ of one output without
    label noise stays as it is at $\eta_*$, from any start.

    Raises:
        ValueError: when the noise factor is not in [0, 1].
        ArithmeticError: when conjugate gradients do not converge.
    """
    check_noise_factor(noise_factor)
    return critical_mean_square(
        minimum.coordinates, minimum.variances, noise_factor, minimum.weight_decay
    )


def _is_stable(
    noise: Float[np.ndarray, "r r"], covariance: Float[np.ndarray, "r r"]
) -> bool | None:
    """Whether a solution proves stability (sums over outputs); None: it cannot tell.

    The map keeps positive matrices positive. If it takes a positive definite V below
    itself, by a definite noise, its spectral radius is below one.
    """
    least = np.linalg.eigvalsh(noise)[0]
    if least > len(noise) * np.finfo(float).eps * np.trace(noise):
        return bool(np.linalg.eigvalsh(covariance)[0] > 0)
    return None
