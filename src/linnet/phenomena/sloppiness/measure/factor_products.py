"""Eigenpairs of a product of factors: on the smaller side, or by products alone."""

import numpy as np

from linnet.numerics.block_krylov import LeadingPairs, leading_pairs, rayleigh_ritz
from linnet.phenomena.sloppiness.measure.centering import Centering
from linnet.shapes import Float

SMALL = 600
"""Models or features up to which a dense solve costs less than a search."""

SIDE = 512
"""Models, or features, that are in float64 at a time."""

MOST_PRODUCTS = 3000


class FactorProducts:
    r"""$S=\frac c2\sqrt p(A_cB_c^\top+B_cA_c^\top)\sqrt p$, never written down.

    Args:
        left: $A$, a row for each model.
        right: $B$, or None where it is $A$.
        scale: $c$.
        centering: The weights $p$.
    """

    def __init__(
        self,
        left: np.ndarray,
        right: np.ndarray | None,
        scale: float,
        centering: Centering,
    ) -> None:
        self.left = _centered(left, centering.weights)
        self.is_square = right is None
        self.right = self.left if right is None else _centered(right, centering.weights)
        self.scale, self.centering, self.dtype = scale, centering, self.left.dtype

    def self_products(self) -> Float[np.ndarray, " m"]:
        r"""$a_u\cdot b_u$, centered."""
        rows = zip(self.left, self.right, strict=True)
        return np.array([np.dot(a.astype(float), b.astype(float)) for a, b in rows])

    def vectors(self, pairs: LeadingPairs) -> Float[np.ndarray, "m k"]:
        r"""$v=u/\sqrt{cp}$, also where the weights are zero."""
        # Centered factors act like distances of which nothing is left to center.
        return self.centering.vectors(pairs, lambda x: -2 * self._product(x))

    def solved(
        self, components: int, tolerance: float, seed: int
    ) -> tuple[LeadingPairs, float]:
        """Leading pairs, and the sum of the squares of all eigenvalues."""
        models, features = self.left.shape
        if min(models, features if self.is_square else 2 * features) > SMALL:
            return self._searched(components, tolerance, seed), self._square()
        values, vectors = self._singular() if self.is_square else self._dense()
        order = np.argsort(-np.abs(values), kind="stable")[:components]
        vectors = vectors[:, order]
        square = float((values**2).sum())
        return LeadingPairs(values[order], vectors, self._multiply(vectors), 1), square

    def _product(self, columns: np.ndarray) -> np.ndarray:
        """Without the roots of weights, in the precision of the columns."""
        features = self.left.shape[1]
        step = features if columns.dtype == self.dtype else SIDE
        total = np.zeros_like(columns)
        for at in range(0, features, max(step, 1)):
            some = slice(at, at + step)
            left = self.left[:, some].astype(columns.dtype, copy=False)
            right = self.right[:, some].astype(columns.dtype, copy=False)
            total += left @ (right.T @ columns)
            if not self.is_square:
                total += right @ (left.T @ columns)
        share = self.scale if self.is_square else self.scale / 2
        return columns.dtype.type(share) * total

    def _multiply(self, columns: np.ndarray) -> np.ndarray:
        root = self.centering.root.astype(columns.dtype)
        inner = self._product(root * self.centering.project(columns))
        return self.centering.project(root * inner)

    def _searched(self, components: int, tolerance: float, seed: int) -> LeadingPairs:
        models = len(self.left)
        start = np.random.default_rng(seed).standard_normal((models, 1))
        rough = leading_pairs(
            self._multiply,
            self.centering.project(start.astype(self.dtype)),
            components,
            dimension=int((self.centering.weights > 0).sum()) - 1,
            tolerance=tolerance,
            most_products=MOST_PRODUCTS,
            project=self.centering.project,
            seed=seed + 1,
        )
        images = self._multiply(rough.vectors)
        return rayleigh_ritz(rough.vectors, images, rough.products + 1)

    def _rooted(self) -> tuple[np.ndarray, np.ndarray]:
        """Factors in float64, with the roots of weights and of the scale."""
        root = self.centering.root * np.sqrt(self.scale)
        return root * self.left, root * self.right

    def _singular(self) -> tuple[np.ndarray, np.ndarray]:
        vectors, size, _ = np.linalg.svd(self._rooted()[0], full_matrices=False)
        return size**2, vectors

    def _dense(self) -> tuple[np.ndarray, np.ndarray]:
        left, right = self._rooted()
        models, features = left.shape
        if models <= 2 * features:
            half = left @ right.T / 2
            return np.linalg.eigh(half + half.T)
        # Both factors in one basis: of the same size, lest one hides in the other.
        ratio = np.linalg.norm(left) / max(float(np.linalg.norm(right)), 1e-300)
        basis, upper = np.linalg.qr(np.concatenate([left, ratio * right], axis=1))
        half = upper[:, :features] @ upper[:, features:].T / (2 * (ratio or 1.0))
        values, mix = np.linalg.eigh(half + half.T)
        return values, basis @ mix

    def _square(self) -> float:
        """Sum of all squares of entries, block by block, in float64."""
        left, right = self.left, self.right
        root = self.centering.root
        if self.is_square and left.shape[0] > left.shape[1]:
            # The other product of the two factors has the same eigenvalues.
            left = right = (root.astype(self.dtype) * left).T
            root = np.ones((len(left), 1))
        blocks = range(0, len(left), SIDE)
        total = 0.0
        for i in blocks:
            rows = slice(i, i + SIDE)
            a, b = (root[rows] * x[rows] for x in (left, right))
            for j in blocks[i // SIDE :]:
                across = slice(j, j + SIDE)
                c, d = (root[across] * x[across] for x in (left, right))
                block = a @ d.T if self.is_square else (a @ d.T + b @ c.T) / 2
                total += (1 if i == j else 2) * float((block**2).sum())
        return total * self.scale**2


def _centered(
    factor: np.ndarray, weights: Float[np.ndarray, " m"]
) -> Float[np.ndarray, "m f"]:
    if factor.dtype != np.float32:
        factor = factor.astype(float)
    return factor - (weights @ factor).astype(factor.dtype)
