"""Leading eigenpairs of a symmetric operator, by magnitude, with their residuals."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from linnet.shapes import Float

Block = Float[np.ndarray, "m b"]

SECOND_LOOK = 4
"""Products with a random vector, to see copies of an eigenvalue that were missed."""

LEAST_ROOM = 150
STRIDE = 3
"""Products between two looks at the residuals, for blocks of one vector."""


@dataclass(frozen=True, eq=False)
class LeadingPairs:
    r"""Eigenpairs of largest magnitude, both signs, ranked by $\lvert e\rvert$.

    Attributes:
        values: $e_k$.
        vectors: $u_k$ as columns, orthonormal.
        images: $Au_k$ as columns, as the operator gave them.
        products: How often the operator was applied to a block.
    """

    values: Float[np.ndarray, " k"]
    vectors: Float[np.ndarray, "m k"]
    images: Float[np.ndarray, "m k"]
    products: int

    def residuals(self) -> Float[np.ndarray, " k"]:
        r"""$\lVert Au_k - e_ku_k\rVert$: some eigenvalue lies at most this far off."""
        return np.linalg.norm(self.images - self.vectors * self.values, axis=0)


def leading_pairs(
    multiply: Callable[[Block], Block],
    start: Block,
    count: int,
    *,
    dimension: int,
    tolerance: float,
    most_products: int,
    project: Callable[[Block], Block] | None = None,
    seed: int = 0,
) -> LeadingPairs:
    r"""The `count` eigenpairs of largest $\lvert e\rvert$ of a symmetric operator.

    Block Krylov space of the start, kept whole and orthogonal, with Rayleigh-Ritz in
    it: every image is used for all that it says, so that few products are enough. It
    grows until the residual of each wanted pair, known from the recursion, is at most
    `tolerance` times the largest eigenvalue. A space that becomes too large starts
    again from its best vectors, one that becomes invariant goes on with random ones.

    A block of b vectors sees b copies of an eigenvalue that has more. Unless those are
    all that are wanted, after it has converged a random vector joins for `SECOND_LOOK`
    products, and as long as that changes the answer the search goes on.

    Valid for: symmetric operators, definite or not. When `most_products` are spent the
    best found so far is returned: look at the residuals.

    Args:
        multiply: $x\mapsto Ax$ on columns `(m, b)`, in the precision of `start`.
        start: First columns, independent; they fix the size of the blocks.
        count: Eigenpairs, at most `dimension`.
        dimension: Of the space on which the operator acts, at most m.
        tolerance: Of the residual, relative to the largest eigenvalue.
        most_products: Applications of the operator to a block, at most; if too few to
            span `count` dimensions, as many as that needs.
        project: Into that space, for the directions that are drawn; None if it is all.
        seed: Of the directions that are drawn.

    Reference: textbook (Lanczos; Golub and Underwood; thick restart of Wu and Simon).

    Example:
        >>> spectrum = np.array([3.0, -2.0, 0.5, 0.1])
        >>> found = leading_pairs(
        ...     lambda x: spectrum[:, None] * x, np.ones((4, 1)), 2,
        ...     dimension=4, tolerance=1e-12, most_products=4,
        ... )
        >>> print(found.values.round(10))
        [ 3. -2.]
    """
    space = _Space(multiply, start, count, dimension, project, seed)
    seen = np.full(count, np.inf)
    for at in range(1, max(most_products, dimension) + 1):
        space.expand()
        last = space.filled >= dimension or at >= most_products
        if space.filled < count or (at % space.stride and not last):
            continue
        values, mix, gaps = space.ritz(count)
        close = tolerance * abs(values[0])
        if last:
            break
        if gaps.max() > close or at < space.look_until:
            continue
        if start.shape[1] >= count or np.abs(values - seen).max() <= 4 * close:
            break
        space.look_again()
        seen = values
    vectors, images = space.combined(mix)
    return rayleigh_ritz(vectors.T, images.T, space.products)


def rayleigh_ritz(vectors: Block, images: Block, products: int) -> LeadingPairs:
    r"""Best eigenpairs within the span of nearly orthonormal columns, in float64.

    Args:
        vectors: Independent columns $u$.
        images: $Au$, column by column.
        products: What it took, to be told with the answer.
    """
    from scipy.linalg import eigh

    vectors, images = vectors.astype(float), images.astype(float)
    inner = vectors.T @ images
    values, mix = eigh((inner + inner.T) / 2, vectors.T @ vectors)
    order = np.argsort(-np.abs(values), kind="stable")
    values, mix = values[order], mix[:, order]
    return LeadingPairs(values, vectors @ mix, images @ mix, products)


class _Space:
    """Rows that span the Krylov space, their images, and what both have in common."""

    def __init__(
        self,
        multiply: Callable[[Block], Block],
        start: Block,
        count: int,
        dimension: int,
        project: Callable[[Block], Block] | None,
        seed: int,
    ) -> None:
        size, width = start.shape
        self.multiply, self.dimension, self.project = multiply, dimension, project
        self.random = np.random.default_rng(seed)
        self.room = min(max(6 * count, LEAST_ROOM) + 8 * width, dimension)
        self.keep = 2 * count + width
        self.stride = -(-STRIDE // width)
        self.basis = np.empty((self.room, size), start.dtype)
        self.images = np.empty((self.room, size), start.dtype)
        self.inner = np.zeros((self.room, self.room))
        self.filled, self.products, self.look_until = 0, 0, 0
        self.next, self.coupling = self._orthonormal(start.T)

    def expand(self) -> None:
        """Takes the next block in, with its images, and finds the block after it."""
        if self.filled + len(self.next) > self.room:
            self._restart()
        image = self.multiply(self.next.T).T
        at, end = self.filled, self.filled + len(self.next)
        self.basis[at:end], self.images[at:end] = self.next, image
        self.filled, known = end, self.basis[:end]
        shared = known @ image.T
        self.inner[:end, at:end] = shared
        self.inner[at:end, :end] = shared.T
        self.products += 1
        rest = image - shared.T @ known
        rest -= (rest @ known.T) @ known  # twice is enough
        self.next, self.coupling = self._orthonormal(rest)

    def ritz(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Leading values, their mixture of the basis, their residuals by recursion."""
        inner = self.inner[: self.filled, : self.filled]
        values, mix = np.linalg.eigh((inner + inner.T) / 2)
        order = np.argsort(-np.abs(values), kind="stable")[:count]
        values, mix = values[order], mix[:, order]
        newest = mix[-self.coupling.shape[1] :]
        return values, mix, np.linalg.norm(self.coupling @ newest, axis=0)

    def combined(self, mix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mixtures of the basis and of its images, as rows."""
        mixed = mix.astype(self.basis.dtype).T
        return mixed @ self.basis[: self.filled], mixed @ self.images[: self.filled]

    def look_again(self) -> None:
        """A random direction joins the next block; no image so far has a part in it."""
        self.look_until = self.products + SECOND_LOOK
        if self.filled + len(self.next) < self.dimension:
            self.next = np.concatenate([self.next, self._fresh(1, self.next)])

    def _restart(self) -> None:
        """Only the best vectors are kept; the block that comes next stays."""
        values, mix, _ = self.ritz(self.keep)
        kept = self.combined(mix)
        self.basis[: self.keep], self.images[: self.keep] = kept
        self.inner[:] = 0
        np.fill_diagonal(self.inner[: self.keep, : self.keep], values)
        self.filled = self.keep

    def _orthonormal(self, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Orthonormal rows and their part in `rest`; random rows where it has none.

        As many as the dimension has room for; `rest = part.T @ rows` to rounding.
        """
        from scipy.linalg import qr

        rows, upper, order = qr(rest.T, mode="economic", pivoting=True)
        part = np.zeros_like(upper)
        part[:, order] = upper
        scale = np.abs(self.inner[: self.filled, : self.filled]).max(initial=0.0)
        floor = 8 * np.finfo(rest.dtype).eps * scale
        good = int((np.abs(np.diag(upper)) > floor).sum())
        most = min(len(rest), self.dimension - self.filled)
        rows = np.ascontiguousarray(rows.T[: min(good, most)])
        if len(rows) < most:
            rows = np.concatenate([rows, self._fresh(most - len(rows), rows)])
        return rows, part[:good]

    def _fresh(self, count: int, beside: np.ndarray) -> np.ndarray:
        """Random orthonormal rows, orthogonal to the basis and to `beside`."""
        size = self.basis.shape[1]
        drawn = self.random.standard_normal((size, count)).astype(self.basis.dtype)
        rows = (drawn if self.project is None else self.project(drawn)).T
        for _ in range(2):
            for known in (self.basis[: self.filled], beside):
                rows = rows - (rows @ known.T) @ known
            rows = np.linalg.qr(rows.T)[0].T
        return np.ascontiguousarray(rows)
