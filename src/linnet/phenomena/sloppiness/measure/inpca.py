r"""inPCA of a distance matrix, in memory or in tiles, and of models that come later."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from linnet.numerics.block_krylov import LeadingPairs, leading_pairs, rayleigh_ritz
from linnet.phenomena.sloppiness.measure.centering import (
    ArrayDistances,
    Centering,
    Progress,
    TileDistances,
)
from linnet.phenomena.sloppiness.measure.distance_sums import totals
from linnet.phenomena.sloppiness.measure.embedding import About, Embedding
from linnet.phenomena.sloppiness.measure.embedding_requests import (
    check_rank,
    check_request,
    directed,
    shares_of,
)
from linnet.phenomena.sloppiness.measure.tiles import Tiles, assembled
from linnet.shapes import Float

METHODS = ("auto", "dense", "lanczos", "randomized")
SMALL = 600
"""Models up to which a dense solve costs less than thinking about it."""

EIGHT = 8
"""BLAS multiplies blocks of eight columns at little more than the cost of one."""

MOST_PRODUCTS = 3000


@dataclass(frozen=True)
class Search:
    """How eigenpairs are looked for.

    Attributes:
        tolerance: Of residuals, relative to the largest eigenvalue; None for 1e-6 of
            distances in float32 and 1e-10 in float64.
        most_reads: Of all tiles, at most, when they do not fit in memory.
        seed: Of the first vectors.
        progress: Called with the numbers of tiles done and of all, in each read.
    """

    tolerance: float | None = None
    most_reads: int = 5
    seed: int = 0
    progress: Progress | None = None

    def closeness(self, dtype: np.dtype) -> float:
        """The tolerance, given or usual."""
        usual = 1e-6 if dtype == np.float32 else 1e-10
        return usual if self.tolerance is None else self.tolerance


def embed_distances(
    distances: np.ndarray | Tiles,
    components: int = 10,
    *,
    weights: Float[np.ndarray, " m"] | None = None,
    method: str = "auto",
    search: Search | None = None,
    about: About | None = None,
) -> Embedding:
    r"""inPCA: eigenvectors of $W=-\frac12L\mathcal DL^\top$ by magnitude.

    $\mathcal D$ is not squared: it plays the role of a squared distance. Both signs are
    kept. With weights $\omega$ the means of $L=1-\mathbf 1\omega^\top$ are weighted and
    the eigenproblem is that of $W\,\mathrm{diag}(\omega)$.

    * `dense`: all eigenpairs in float64; an $m\times m$ matrix of its own.
    * `lanczos`: in memory, centering on the fly, no second $m\times m$ array; values
      and residuals in float64 at the end, whatever the distances are.
    * `randomized`: block Krylov space of random vectors. Each read takes every tile
      once and applies it and its transpose; the first one also sums up what the stress
      needs. Ends after `most_reads`, with the residuals that it has reached.
    * `auto`: dense up to 600 models, beyond `lanczos` in memory, `randomized` in tiles.

    Valid for: any symmetric matrix; eigenvalues nearer to zero than rounding of the
    distances, $8\epsilon\lVert\mathcal D\rVert$, are refused as no component.

    Args:
        distances: $\mathcal D$, `(m, m)`, or its tiles, of at least 3 models.
        components: k, at most the rank, which is at most m - 1.
        weights: $\omega$, not negative, with sum one; None for $\omega=1$ and uniform
            means. Models of weight zero are placed, not used.
        method: One of those above.
        search: Tolerance, reads, seed, progress.
        about: Labels, metadata and names to be carried along.

    Raises:
        ValueError: when distances are not square, not finite or not symmetric, tiles
            are missing, weights are not what they must be, or k is too large.

    Reference: Quinn et al. 2019 and Mao et al. 2024 for the embedding; the sums from
    one pass are derived here.

    Example:
        >>> line = np.array([0.0, 1.0, 3.0])
        >>> found = embed_distances((line[:, None] - line) ** 2, 1)
        >>> along = found.coordinates[:, 0]
        >>> print((along - along[0]).round(9), found.explained_stress())
        [0. 1. 3.] [1.]
    """
    search, about = search or Search(), about or About()
    size = _size(distances)
    centering = Centering(*shares_of(weights, size))
    check_request(components, centering.weights, about)
    method = _method(method, size, isinstance(distances, np.ndarray))
    if not isinstance(distances, np.ndarray) and method == "dense":
        distances = assembled(distances)
    if isinstance(distances, np.ndarray):
        array = ArrayDistances(distances)
        sums = array.sums(centering.weights)
        pairs, rest = _in_memory(array, components, method, centering, search)
        vectors = centering.vectors(pairs, array.multiply_precisely)
        reads, dtype = pairs.products + 1, array.dtype
    else:
        tiles = TileDistances(distances, centering.weights, search.progress)
        pairs, rest = _searched(tiles, components, method, centering, search), None
        vectors = centering.vectors(pairs, tiles.multiply)
        sums, reads, dtype = tiles.sums, tiles.reads, tiles.dtype
    noise = 8 * np.finfo(dtype).eps * centering.scale * np.sqrt(sums.squares)
    check_rank(pairs.values, noise, components)
    products, trace, square = totals(sums, centering.weights, centering.scale)
    rest = max(square - float((pairs.values**2).sum()), 0.0) if rest is None else rest
    return from_pairs(
        pairs,
        vectors,
        row_means=sums.row_means,
        self_products=products,
        trace=trace,
        rest_square=rest,
        weights=None if weights is None else centering.weights,
        method=method,
        reads=reads,
        about=about,
    )


def place(
    embedding: Embedding,
    distances: Float[np.ndarray, "q m"],
    *,
    tolerance: float = 1e-8,
) -> Float[np.ndarray, "q k"]:
    r"""Coordinates of new models, from their distances to the embedded ones.

    With $w_v=-\frac12(d_v-\bar d-r_v+\bar r)$, means by weight and r the row means of
    the embedded distances, $z_k=\operatorname{sgn}(e_k)\lvert e_k\rvert^{-1/2}
    \sum_v\omega_vw_vv_{vk}$. Each model is placed for itself; a constant added to all
    its distances drops out; an embedded model comes to lie where it is, up to the
    residuals over $\sqrt{\lvert e_k\rvert}$. Of all points in the space of these
    columns it is the one that fits best in the metric of both signs.

    Args:
        embedding: Of m models.
        distances: $d$, of q new models from the m embedded ones, or from those of them
            that have weight.
        tolerance: Eigenvalues must exceed this part of the largest.

    Raises:
        ValueError: when shapes do not fit, a distance is not finite, or an eigenvalue
            is so small that its coordinate would be noise.

    Reference: textbook for positive eigenvalues (Gower 1968); both signs derived here.
    """
    shares = embedding.shares
    has = shares > 0
    given = np.asarray(distances, dtype=float)
    if given.ndim == 2 and given.shape[1] == len(shares):
        given = given[:, has]
    if given.ndim != 2 or given.shape[1] != has.sum():
        raise ValueError(
            f"Argument `distances` must be (new models, {len(shares)}), one column for"
            f" each embedded model, but has shape {np.shape(distances)}."
        )
    if not np.isfinite(given).all():
        raise ValueError(
            "Argument `distances` must be finite, but holds NaN or infinity: models of"
            " disjoint support are infinitely far apart; give predictions a floor."
        )
    size = np.abs(embedding.eigenvalues)
    if (size < tolerance * size[0]).any():
        at = int(np.argmax(size < tolerance * size[0]))
        raise ValueError(
            "Argument `embedding` must have eigenvalues of at least `tolerance` ="
            f" {tolerance:g} of the first, but component {at} has"
            f" {size[at] / size[0]:.2g}: embed with `components={max(at, 1)}`."
        )
    part, means = shares[has], embedding.row_means[has]
    from_means = given - (given @ part)[:, None] - means + shares @ embedding.row_means
    weight = (embedding.scale * part)[:, None] * embedding.coordinates[has]
    return from_means @ (-weight / 2 / embedding.eigenvalues)


def from_pairs(
    pairs: LeadingPairs, vectors: Float[np.ndarray, "m k"], **parts: Any
) -> Embedding:
    """Coordinates of eigenvectors, with signs fixed, and the other `parts`."""
    return Embedding(
        coordinates=directed(vectors) * np.sqrt(np.abs(pairs.values)),
        eigenvalues=pairs.values,
        residuals=pairs.residuals(),
        **parts,
    )


def _size(distances: np.ndarray | Tiles) -> int:
    if not isinstance(distances, np.ndarray):
        return distances.size
    if distances.ndim != 2 or distances.shape[0] != distances.shape[1]:
        raise ValueError(
            "Argument `distances` must be square (models, models), but has shape"
            f" {distances.shape}."
        )
    return len(distances)


def _method(method: str, size: int, is_array: bool) -> str:
    if method not in METHODS:
        raise ValueError(
            f"Argument `method` must be one of {', '.join(METHODS)}, but is `{method}`."
        )
    if method != "auto":
        return method
    if size <= SMALL:
        return "dense"
    return "lanczos" if is_array else "randomized"


def _in_memory(
    source: ArrayDistances,
    components: int,
    method: str,
    centering: Centering,
    search: Search,
) -> tuple[LeadingPairs, float | None]:
    if method == "dense":
        return _dense(source.matrix, components, centering)
    rough = _searched(source, components, method, centering, search)
    images = centering.around(source.multiply_precisely)(rough.vectors)
    return rayleigh_ritz(rough.vectors, images, rough.products + 1), None


def _dense(
    matrix: np.ndarray, components: int, centering: Centering
) -> tuple[LeadingPairs, float]:
    weights = centering.weights
    whole = matrix.astype(float)
    whole -= whole @ weights[:, None]
    whole -= weights @ whole
    root = centering.root
    whole *= -centering.scale / 2 * root * root.T
    whole = (whole + whole.T) / 2
    values, vectors = np.linalg.eigh(whole)
    order = np.argsort(-np.abs(values), kind="stable")
    values, vectors = values[order], vectors[:, order[:components]]
    pairs = LeadingPairs(values[:components], vectors, whole @ vectors, 1)
    return pairs, float((values[components:] ** 2).sum())


def _searched(
    source: ArrayDistances | TileDistances,
    components: int,
    method: str,
    centering: Centering,
    search: Search,
) -> LeadingPairs:
    is_wide = method == "randomized"
    support = int((centering.weights > 0).sum())
    # Half as many again as are wanted, so that five reads bring them out well.
    wide = EIGHT * -(-3 * components // (2 * EIGHT))
    width = min(wide if is_wide else 1, support - 1)
    random = np.random.default_rng(search.seed)
    start = random.standard_normal((source.size, width)).astype(source.dtype)
    is_limited = is_wide and isinstance(source, TileDistances)
    return leading_pairs(
        centering.around(source.multiply),
        centering.project(start),
        components,
        dimension=support - 1,
        tolerance=search.closeness(source.dtype),
        most_products=search.most_reads if is_limited else MOST_PRODUCTS,
        project=centering.project,
        seed=search.seed + 1,
    )
