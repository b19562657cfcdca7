r"""inPCA without distances: where the centered matrix is a product of known factors.

$W=\frac\gamma2(A_cB_c^\top+B_cA_c^\top)$, with the factors centered over models. The
symmetrized Kullback-Leibler divergence has $A=p$, $B=\log p$, Gaussian predictions have
$A=B=f$. No distance is computed, and nothing is $m\times m$.
"""

import numpy as np

from linnet.phenomena.sloppiness.measure.centering import Centering
from linnet.phenomena.sloppiness.measure.embedding import About, Embedding
from linnet.phenomena.sloppiness.measure.embedding_requests import (
    check_rank,
    check_request,
    shares_of,
)
from linnet.phenomena.sloppiness.measure.factor_products import FactorProducts
from linnet.phenomena.sloppiness.measure.inpca import Search, from_pairs
from linnet.phenomena.sloppiness.measure.predictions import (
    Predictions,
    Source,
    as_predictions,
)
from linnet.shapes import Float


def embed_factors(
    left: Float[np.ndarray, "m f"],
    right: Float[np.ndarray, "m f"] | None = None,
    components: int = 10,
    *,
    scale: float = 1.0,
    weights: Float[np.ndarray, " m"] | None = None,
    search: Search | None = None,
    about: About | None = None,
) -> Embedding:
    r"""InPCA of $\mathcal D_{uv}=\gamma\,(a_u-a_v)\cdot(b_u-b_v)$, from a and b.

    $W=\frac\gamma2(A_cB_c^\top+B_cA_c^\top)$. Without b it is that of $a=b$: principal
    components, all eigenvalues positive. Few features or few models are solved densely,
    on the smaller side; else a Krylov space takes products with the factors alone. What
    is held besides are centered copies of the factors.

    Valid for: any factors. In float32 the search is; residuals and sums are float64.

    Args:
        left: $A$, a row for each model.
        right: $B$ of the same shape, or None for $A$.
        components: k, at most m - 1 and the rank.
        scale: $\gamma>0$.
        weights: As in `embed_distances`.
        search: Tolerance and seed.
        about: Labels, metadata and names to be carried along.

    Raises:
        ValueError: as `embed_distances`, and when factors do not fit.

    Reference: derived here.

    Example:
        >>> line = np.array([[0.0], [1.0], [3.0]])
        >>> found = embed_factors(line, components=1)
        >>> print((found.coordinates[:, 0] - found.coordinates[0, 0]).round(9))
        [0. 1. 3.]
    """
    search, about = search or Search(), about or About()
    _check_factors(left, right, scale)
    centering = Centering(*shares_of(weights, len(left)))
    shares, total = centering.weights, centering.scale
    check_request(components, shares, about)
    factors = FactorProducts(left, right, scale * total, centering)
    tolerance = search.closeness(factors.dtype)
    pairs, square = factors.solved(components, tolerance, search.seed)
    noise = 8 * float(np.finfo(factors.dtype).eps) * square**0.5
    check_rank(pairs.values, noise, components)
    products = scale * factors.self_products()
    return from_pairs(
        pairs,
        factors.vectors(pairs),
        row_means=products + shares @ products,
        self_products=products,
        trace=total * float(shares @ products),
        rest_square=max(square - float((pairs.values**2).sum()), 0.0),
        weights=None if weights is None else shares,
        method="factors",
        reads=pairs.products,
        about=about,
    )


def embed_gaussian(
    source: Source | Predictions,
    components: int = 10,
    *,
    deviation: float = 1.0,
    weights: Float[np.ndarray, " m"] | None = None,
    search: Search | None = None,
    about: About | None = None,
) -> Embedding:
    r"""InPCA of predictions with Gaussian noise: principal components of their means.

    Normal predictions of mean f and deviation $\sigma$ have $\mathcal D_{uv}=\lVert
    f_u-f_v\rVert^2/(8\sigma^2n)$, so that $e_k=m/(8\sigma^2n)$ times an eigenvalue of
    their covariance.

    Args:
        source: Values `(models, samples)` or `(models, samples, outputs)`.
        deviation: $\sigma>0$.
        components: And all that follow: as in `embed_factors`.
        weights: $\omega$.
        search: Tolerance and seed.
        about: Labels, metadata and names to be carried along.

    Raises:
        ValueError: as `embed_factors`, and when the deviation is not positive.

    Reference: derived here.
    """
    if not 0 < deviation < np.inf:
        raise ValueError(
            f"Argument `deviation` must be positive and finite, but is {deviation}."
        )
    if not isinstance(source, Predictions):
        source = Predictions(source, kind="values")
    samples = source.samples
    return embed_factors(
        _rows(source.packed_values()),
        components=components,
        scale=1 / (8 * deviation**2 * samples),
        weights=weights,
        search=search,
        about=about or About("gaussian", samples),
    )


def embed_symmetrized_kl(
    source: Source | Predictions,
    components: int = 10,
    *,
    weights: Float[np.ndarray, " m"] | None = None,
    search: Search | None = None,
    about: About | None = None,
) -> Embedding:
    r"""InPCA of the symmetrized Kullback-Leibler divergence, without any distance.

    $\mathcal D_{uv}=\frac1n\sum_s\sum_c(p_{usc}-p_{vsc})(\ln p_{usc}-\ln p_{vsc})$, the
    sum of both divergences; from probabilities and logarithms as factors.

    Valid for: probabilities that are positive; zero is infinitely far.

    Args:
        source: Probabilities `(models, samples, classes)`, or `Predictions`.
        components: And all that follow: as in `embed_factors`.
        weights: $\omega$.
        search: Tolerance and seed.
        about: Labels, metadata and names to be carried along.

    Raises:
        ValueError: as `embed_factors`, and when a probability is zero.

    Reference: Teoh et al. 2020 for the distance; the factors are derived here.
    """
    predictions = as_predictions(source)
    logarithms = _rows(predictions.packed_logarithms())
    if not np.isfinite(logarithms).all():
        raise ValueError(
            "Argument `source` must hold positive probabilities for this distance, but"
            " one is zero: give them as logits, or smooth (`smoothing`, such as 1e-6)."
        )
    samples = predictions.samples
    return embed_factors(
        _rows(predictions.packed_probabilities()),
        logarithms,
        components,
        scale=1 / samples,
        weights=weights,
        search=search,
        about=about or About("symmetrized-kl", samples),
    )


def _rows(packed: np.ndarray) -> np.ndarray:
    """A row of all samples and classes for each model, without a copy."""
    return packed.reshape(-1, packed.shape[-1]).T


def _check_factors(left: np.ndarray, right: np.ndarray | None, scale: float) -> None:
    if left.ndim != 2 or (right is not None and right.shape != left.shape):
        shapes = left.shape if right is None else (left.shape, right.shape)
        raise ValueError(
            "Arguments `left` and `right` must be of one shape (models, features), but"
            f" have {shapes}."
        )
    for name, factor in (("left", left), ("right", right)):
        if factor is not None and not np.isfinite(factor).all():
            raise ValueError(
                f"Argument `{name}` must be finite, but holds NaN or infinity: leave"
                " out models whose training diverged."
            )
    if not 0 < scale < np.inf:
        raise ValueError(
            f"Argument `scale` must be positive and finite, but is {scale}."
        )
