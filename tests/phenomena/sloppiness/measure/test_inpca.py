import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from linnet.phenomena.sloppiness.measure import Search, embed_distances, place
from linnet.phenomena.sloppiness.measure.tiles import ArrayTiles


def _probabilities(models, samples=40, classes=4, seed=0):
    """Models that learn: logits grow along one of three paths, with a scatter."""
    rng = np.random.default_rng(seed)
    path = rng.standard_normal((3, samples, classes))[np.arange(models) % 3]
    time = np.geomspace(0.05, 12, models)[:, None, None]
    logits = time * (path + 0.3 * rng.standard_normal((models, samples, classes)))
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def _bhattacharyya(left, right):
    """Pair by pair and sample by sample, as it is written."""
    roots, others = np.sqrt(left), np.sqrt(right)
    overlap = np.einsum("usc,vsc->uvs", roots, others)
    return -np.log(overlap).mean(-1)


def _distances(models, **kind):
    p = _probabilities(models, **kind)
    matrix = _bhattacharyya(p, p)
    matrix = (matrix + matrix.T) / 2
    np.fill_diagonal(matrix, 0.0)
    return matrix


def _centered(matrix, weights=None):
    m = len(matrix)
    mean = np.full(m, 1 / m) if weights is None else weights
    left = np.eye(m) - np.outer(np.ones(m), mean)
    return -left @ matrix @ left.T / 2


def _of(values):
    """Squared distances of points."""
    return ((values[:, None] - values) ** 2).sum(-1)


MATRIX = _distances(60)


def test_coordinates_of_both_signs_give_the_distances_back():
    found = embed_distances(MATRIX, 59)
    np.testing.assert_allclose(
        found.distances(slice(None), slice(None)), MATRIX, atol=1e-12
    )
    assert (found.signature < 0).any()
    assert found.explained_stress()[-1] == pytest.approx(1)
    assert found.distance_error()[-1] < 1e-6


def test_columns_are_eigenvectors_of_the_centered_matrix_by_magnitude():
    found = embed_distances(MATRIX, 12)
    centered = _centered(MATRIX)
    exact = np.linalg.eigvalsh(centered)
    exact = exact[np.argsort(-np.abs(exact))]
    np.testing.assert_allclose(found.eigenvalues, exact[:12], atol=1e-12)
    x = found.coordinates
    np.testing.assert_allclose(centered @ x, x * found.eigenvalues, atol=1e-12)
    np.testing.assert_allclose((x**2).sum(0), np.abs(found.eigenvalues), rtol=1e-12)
    assert (np.diff(np.abs(found.eigenvalues)) <= 0).all()


def test_measures_of_the_whole_follow_from_sums_of_one_pass():
    found = embed_distances(MATRIX, 5)
    centered = _centered(MATRIX)
    assert found.trace == pytest.approx(np.trace(centered), rel=1e-12)
    np.testing.assert_allclose(found.self_products, np.diag(centered), atol=1e-12)
    np.testing.assert_allclose(found.row_means, MATRIX.mean(1), rtol=1e-12)
    for k in range(1, 6):
        x = found.coordinates[:, :k]
        lost = centered - (x * found.signature[:k]) @ x.T
        stress = 1 - np.linalg.norm(lost) / np.linalg.norm(centered)
        assert found.explained_stress()[k - 1] == pytest.approx(stress, abs=1e-10)
        inner = (x * found.signature[:k]) @ x.T
        own = np.diag(inner)
        near = own[:, None] + own - 2 * inner
        error = np.linalg.norm(MATRIX - near) / np.linalg.norm(MATRIX)
        assert found.distance_error()[k - 1] == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("method", ["lanczos", "randomized", "tiles"])
def test_every_method_finds_what_the_dense_one_finds(method, dtype, weighted):
    matrix = _distances(230, samples=20).astype(dtype)
    weights = None
    if weighted:
        weights = np.random.default_rng(1).random(230)
        weights[[3, 100]] = 0
        weights /= weights.sum()
    exact = embed_distances(matrix, 6, weights=weights, method="dense")
    given, how = matrix, method
    if method == "tiles":
        # 64 does not divide 230: the last tiles are smaller.
        given, how = ArrayTiles.of(matrix, side=64), "randomized"
    found = embed_distances(
        given, 6, weights=weights, method=how, search=Search(most_reads=12)
    )
    top, close = abs(exact.eigenvalues[0]), 1e-6 if dtype == np.float32 else 1e-11
    assert found.residuals.max() < (3e-6 if dtype == np.float32 else 1e-9) * top
    np.testing.assert_allclose(
        found.eigenvalues,
        exact.eigenvalues,
        atol=close * top,
    )
    loose = 2e-3 if dtype == np.float32 else 1e-6
    size = np.abs(exact.coordinates).max(0)
    np.testing.assert_allclose(
        found.coordinates / size, exact.coordinates / size, atol=loose
    )
    np.testing.assert_allclose(found.row_means, exact.row_means, rtol=1e-6)
    assert found.trace == pytest.approx(exact.trace, rel=1e-6)
    np.testing.assert_allclose(
        found.explained_stress(), exact.explained_stress(), atol=1e-5
    )


def test_residuals_are_a_certificate_that_needs_no_trust():
    matrix = _distances(300, samples=20)
    found = embed_distances(
        ArrayTiles.of(matrix, side=100),
        8,
        method="randomized",
        search=Search(most_reads=2),
    )
    unit = found.coordinates / np.sqrt(np.abs(found.eigenvalues))
    gap = _centered(matrix) @ unit - unit * found.eigenvalues
    np.testing.assert_allclose(np.linalg.norm(gap, axis=0), found.residuals, rtol=1e-8)
    exact = np.linalg.eigvalsh(_centered(matrix))
    nearest = np.abs(found.eigenvalues[:, None] - exact).min(1)
    assert (nearest <= found.residuals * (1 + 1e-9)).all()
    assert found.reads == 2


class _Counted:
    """Tiles that count how often they are read."""

    def __init__(self, tiles):
        self.tiles, self.counts = tiles, {}
        self.size, self.side, self.dtype = tiles.size, tiles.side, tiles.dtype

    def has(self, i, j):
        return self.tiles.has(i, j)

    def read(self, i, j):
        self.counts[i, j] = self.counts.get((i, j), 0) + 1
        return self.tiles.read(i, j)

    def write(self, i, j, block):
        raise AssertionError("an embedding writes nothing")


def test_each_read_takes_every_tile_of_the_triangle_once():
    tiles = _Counted(ArrayTiles.of(_distances(200, samples=10), side=64))
    done = []
    search = Search(most_reads=4, progress=lambda at, of: done.append((at, of)))
    found = embed_distances(tiles, 4, method="randomized", search=search)
    assert set(tiles.counts) == {(i, j) for i in range(4) for j in range(i, 4)}
    assert set(tiles.counts.values()) == {found.reads}
    assert found.reads <= 4
    assert done[:10] == [(at, 10) for at in range(1, 11)]


def test_few_models_in_tiles_are_solved_densely():
    found = embed_distances(ArrayTiles.of(MATRIX, side=16), 3)
    assert found.method == "dense"
    np.testing.assert_array_equal(
        found.coordinates, embed_distances(MATRIX, 3).coordinates
    )


def test_the_convention_of_the_joint_distribution_only_scales():
    # -8 log of the overlap of all samples together: 8 n times the mean over samples.
    scale = 8 * 40
    found, joint = (embed_distances(f * MATRIX, 5) for f in (1, scale))
    np.testing.assert_allclose(joint.eigenvalues, scale * found.eigenvalues, rtol=1e-9)
    np.testing.assert_allclose(joint.explained_stress(), found.explained_stress())


def test_gaussian_predictions_give_principal_components():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((50, 7)) * 0.5 ** np.arange(7)
    samples, deviation = 7, 0.3
    matrix = _of(values) / (8 * deviation**2 * samples)
    found = embed_distances(matrix, 7)
    covariance = np.linalg.eigvalsh(np.cov(values.T, ddof=0))[::-1]
    expected = 50 * covariance / (8 * deviation**2 * samples)
    np.testing.assert_allclose(found.eigenvalues, expected, rtol=1e-10)
    assert (found.signature > 0).all()
    new = rng.standard_normal((4, 7))
    distances = ((new[:, None] - values) ** 2).sum(-1) / (8 * deviation**2 * samples)
    _, _, axes = np.linalg.svd(values - values.mean(0))
    projected = (new - values.mean(0)) @ axes.T / np.sqrt(8 * deviation**2 * samples)
    placed = place(found, distances)
    np.testing.assert_allclose(np.abs(placed), np.abs(projected), atol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
def test_models_that_are_there_are_placed_where_they_are(weighted):
    weights = np.random.default_rng(0).dirichlet(np.ones(60)) if weighted else None
    found = embed_distances(MATRIX, 10, weights=weights)
    assert (found.signature < 0).any()
    np.testing.assert_allclose(place(found, MATRIX), found.coordinates, atol=1e-11)


def test_placing_is_least_squares_in_the_metric_of_both_signs():
    p = _probabilities(61)
    old, new = p[:60], p[60:]
    found = embed_distances(MATRIX := _bhattacharyya(old, old), 5)
    distances = _bhattacharyya(new, old)
    one, shifted = place(found, distances), place(found, distances + 3.7)
    np.testing.assert_allclose(one, shifted, atol=1e-12)
    means = MATRIX.mean(1)
    products = -(distances[0] - distances[0].mean() - means + means.mean()) / 2
    fitted = np.linalg.lstsq(found.coordinates * found.signature, products)[0]
    np.testing.assert_allclose(one[0], fitted, atol=1e-11)


def test_models_are_placed_one_by_one():
    p = _probabilities(70)
    found = embed_distances(_bhattacharyya(p[:60], p[:60]), 4)
    distances = _bhattacharyya(p[60:], p[:60])
    together = place(found, distances)
    alone = np.concatenate([place(found, row[None]) for row in distances])
    np.testing.assert_allclose(together, alone, atol=1e-13)


def test_weights_make_the_eigenproblem_of_the_weighted_matrix():
    weights = np.random.default_rng(2).dirichlet(np.ones(60))
    found = embed_distances(MATRIX, 6, weights=weights)
    product = _centered(MATRIX, weights) * weights
    exact = np.linalg.eigvals(product).real
    exact = exact[np.argsort(-np.abs(exact))]
    np.testing.assert_allclose(found.eigenvalues, exact[:6], atol=1e-12)
    x = found.coordinates
    np.testing.assert_allclose(product @ x, x * found.eigenvalues, atol=1e-12)
    np.testing.assert_allclose(weights @ x**2, np.abs(found.eigenvalues), rtol=1e-10)
    everything = (found.eigenvalues**2).sum() + found.rest_square
    assert everything == pytest.approx((exact**2).sum(), rel=1e-10)
    assert found.trace == pytest.approx(exact.sum(), rel=1e-10)
    full = embed_distances(MATRIX, 59, weights=weights)
    np.testing.assert_allclose(
        full.distances(slice(None), slice(None)), MATRIX, atol=1e-10
    )


def test_uniform_weights_divide_eigenvalues_and_leave_coordinates():
    found = embed_distances(MATRIX, 4)
    weighted = embed_distances(MATRIX, 4, weights=np.full(60, 1 / 60))
    np.testing.assert_allclose(60 * weighted.eigenvalues, found.eigenvalues, rtol=1e-10)
    np.testing.assert_allclose(weighted.coordinates, found.coordinates, atol=1e-10)
    np.testing.assert_allclose(weighted.distance_error(), found.distance_error())


def test_a_model_counted_twice_is_a_model_of_twice_the_weight():
    twice = np.r_[np.arange(60), 7]
    found = embed_distances(MATRIX[np.ix_(twice, twice)], 4)
    weights = np.bincount(twice) / 61
    weighted = embed_distances(MATRIX, 4, weights=weights)
    np.testing.assert_allclose(weighted.coordinates, found.coordinates[:60], atol=1e-10)


def test_models_of_no_weight_are_placed():
    weights = np.r_[np.full(50, 1 / 50), np.zeros(10)]
    found = embed_distances(MATRIX, 4, weights=weights)
    part = embed_distances(MATRIX[:50, :50], 4)
    placed = place(part, MATRIX[50:, :50])
    sign = np.sign((found.coordinates[:50] * part.coordinates).sum(0))
    np.testing.assert_allclose(found.coordinates[50:] * sign, placed, atol=1e-11)
    np.testing.assert_allclose(place(found, MATRIX), found.coordinates, atol=1e-11)


@given(seed=st.integers(0, 10**6), factor=st.floats(1e-3, 1e3))
@settings(max_examples=20)
def test_order_of_models_and_unit_of_distance_do_not_matter(seed, factor):
    order = np.random.default_rng(seed).permutation(60)
    found = embed_distances(MATRIX, 3)
    other = embed_distances(factor * MATRIX[np.ix_(order, order)], 3)
    np.testing.assert_allclose(other.eigenvalues, factor * found.eigenvalues, rtol=1e-9)
    np.testing.assert_allclose(
        np.abs(other.coordinates),
        np.sqrt(factor) * np.abs(found.coordinates[order]),
        atol=1e-8 * np.sqrt(factor),
    )
    np.testing.assert_allclose(other.explained_stress(), found.explained_stress())


def test_the_same_call_gives_the_same_bits():
    matrix = _distances(200, samples=10).astype(np.float32)
    one, two = (embed_distances(matrix, 4, method="lanczos") for _ in range(2))
    np.testing.assert_array_equal(one.coordinates, two.coordinates)


def test_memory_order_and_number_type_do_not_matter():
    exact = embed_distances(MATRIX, 3, method="lanczos").eigenvalues
    for other in (np.asfortranarray(MATRIX), MATRIX[::-1, ::-1].copy()[::-1, ::-1]):
        found = embed_distances(other, 3, method="lanczos").eigenvalues
        np.testing.assert_allclose(found, exact, rtol=1e-12)
    whole = np.rint(MATRIX * 1e4)
    np.testing.assert_allclose(
        embed_distances(whole.astype(np.int64), 3).eigenvalues,
        embed_distances(whole, 3).eigenvalues,
    )


def _edited(at, value):
    matrix = MATRIX.copy()
    matrix[at] = value
    return matrix


@pytest.mark.parametrize(
    ("given", "asked", "message"),
    [
        (MATRIX[:5], {}, "must be square"),
        (_edited((3, 4), np.nan), {}, "must be finite.*row 3"),
        (_edited((3, 4), np.inf), {}, "must be finite.*floor"),
        (_edited((3, 4), 0.9), {}, "must be symmetric"),
        (MATRIX[:2, :2], {"components": 1}, "at least 3 models"),
        (MATRIX, {"components": 60}, r"must lie in \[1, 59\], but is 60"),
        (MATRIX, {"components": 0}, r"must lie in \[1, 59\], but is 0"),
        (_of(np.eye(9)[:, :2] + 1), {"components": 4}, "rank.*only 2"),
        (np.zeros((5, 5)), {"components": 2}, "must tell models apart"),
        (MATRIX, {"weights": np.full(60, 1 / 59)}, "must sum to one"),
        (MATRIX, {"weights": np.full(6, 1 / 6)}, "one number for each of the 60"),
        (MATRIX, {"weights": np.r_[-1, 2, np.zeros(58)]}, "not negative"),
        (MATRIX, {"weights": np.r_[0.5, 0.5, np.zeros(58)]}, "at least 3 models"),
        (MATRIX, {"method": "jacobi"}, "must be one of auto, dense"),
    ],
)
@pytest.mark.parametrize("method", ["dense", "lanczos"])
def test_what_cannot_be_embedded_is_refused(given, asked, message, method):
    with pytest.raises(ValueError, match=message):
        embed_distances(given, **({"components": 3, "method": method} | asked))


def test_tiles_that_are_missing_or_wrong_are_refused():
    tiles = ArrayTiles(60, side=20)
    tiles.write(0, 0, MATRIX[:20, :20])
    with pytest.raises(ValueError, match="missing"):
        embed_distances(tiles, 3, method="randomized")
    for at in ((0, 1), (1, 50)):
        whole = ArrayTiles.of(_edited(at, np.nan), side=20)
        with pytest.raises(ValueError, match="must be finite"):
            embed_distances(whole, 3, method="randomized")
    whole = ArrayTiles.of(_edited((0, 1), 3.0), side=20)
    with pytest.raises(ValueError, match=r"must be symmetric.* in rows 0 to 19"):
        embed_distances(whole, 3, method="randomized")


def test_what_cannot_be_placed_is_refused():
    found = embed_distances(MATRIX, 40)
    with pytest.raises(ValueError, match="one column for each embedded model"):
        place(found, MATRIX[:, :5])
    with pytest.raises(ValueError, match="must be finite"):
        place(found, np.full((1, 60), np.inf))
    with pytest.raises(ValueError, match=r"component \d+ has .*components="):
        place(found, MATRIX, tolerance=0.1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_asymmetry_of_rounding_passes_and_a_wrong_entry_does_not(dtype):
    matrix = _distances(700, samples=8).astype(dtype)
    off = np.finfo(dtype).eps * (np.arange(700) % 3 - 1)
    rounded = matrix * (1 + off).astype(dtype)
    assert (rounded != rounded.T).any()
    embed_distances(rounded, 2, method="lanczos")
    tiles = ArrayTiles.of(rounded, side=700)
    embed_distances(tiles, 2, method="randomized")
    rounded[np.unravel_index(rounded.argmax(), rounded.shape)] *= dtype(1.01)
    for wrong in (rounded, tiles):
        with pytest.raises(ValueError, match="must be symmetric"):
            embed_distances(wrong, 2)
