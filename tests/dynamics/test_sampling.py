import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from linnet.dynamics import SGD, Epochs, WithoutReplacement, WithReplacement, sampling
from linnet.dynamics.sampling import below, shuffled, subsets
from linnet.numerics import Estimate

KEY = jax.random.key(3)
KINDS = [WithReplacement(), WithoutReplacement(), Epochs()]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)


def draw(kind, n, batch_size, blocks, key=KEY):
    """Batches of many blocks, one after the other."""
    keys = jax.random.split(key, blocks)
    drawn = jax.jit(jax.vmap(lambda key: kind.indices(key, n, batch_size)))(keys)
    return np.array(drawn)


@pytest.mark.parametrize("n", [1, 2, 7, 1000, 2**16 + 1, 10**7 + 3, 2**31 - 1])
def test_an_integer_is_the_high_word_of_the_product(n):
    words = np.random.default_rng(0).integers(0, 2**32, 1000, dtype=np.uint32)
    words[:3] = 0, 1, 2**32 - 1
    expected = words.astype(object) * n >> 32
    np.testing.assert_array_equal(np.array(below(jnp.asarray(words), n)), expected)


@kinds
@pytest.mark.parametrize(("n", "batch_size"), [(12, 4), (12, 12), (9000, 4500)])
def test_batches_of_a_block_are_indices_of_their_shape(kind, n, batch_size):
    length = kind.block_length(n, batch_size)
    found = draw(kind, n, batch_size, 2)
    assert found.shape == (2, length, batch_size)
    assert found.dtype == np.int32
    assert found.min() >= 0
    assert found.max() < n
    if not isinstance(kind, WithoutReplacement) or batch_size < n:
        assert (found[0] != found[1]).any()
    if not isinstance(kind, WithReplacement):
        rows = np.sort(found.reshape(-1, batch_size), axis=1)
        assert (np.diff(rows, axis=1) > 0).all()
    if isinstance(kind, Epochs):
        assert length == n // batch_size
        for block in found:
            np.testing.assert_array_equal(np.sort(block, axis=None), np.arange(n))
    else:
        assert length == max(1, min(64, 4096 // batch_size))


@kinds
@pytest.mark.parametrize("seed", [7, 2**32 - 1])
def test_both_precisions_draw_the_same_samples(kind, seed):
    drawn = []
    for is_double in (True, False):
        with jax.enable_x64(is_double):
            key = jax.random.fold_in(jax.random.key(seed), 3)
            pick = kind.indices(key, 12, 4)
            assert pick.dtype == jnp.int32
            drawn.append(np.array(pick))
    np.testing.assert_array_equal(*drawn)


def numbers(rows, n):
    """Each row as one number, its digits in base n."""
    return rows @ n ** np.arange(rows.shape[-1])


def check_uniform(codes, outcomes):
    """Chi-squared of the counts within four standard errors; of a skew one, not."""
    counts = np.array([(codes == code).sum() for code in outcomes])
    assert counts.sum() == len(codes)
    expected, freedom = len(codes) / len(outcomes), len(outcomes) - 1

    def z(counts):
        chi = ((counts - expected) ** 2 / expected).sum()
        return (chi - freedom) / np.sqrt(2 * freedom)

    assert abs(z(counts)) < 4
    skew = counts + expected * np.where(np.arange(len(counts)) % 2, 0.1, -0.1)
    assert z(skew) > 10


@pytest.mark.statistical
@pytest.mark.parametrize("way", ["Floyd", "sorting"])
@pytest.mark.parametrize(("n", "batch_size"), [(6, 5), (7, 3)])
def test_every_subset_is_as_likely_as_any_other(n, batch_size, way, monkeypatch):
    monkeypatch.setattr(sampling, "FLOYD_SHARE", 1000 if way == "Floyd" else 0)
    found = draw(WithoutReplacement(), n, batch_size, 1000).reshape(-1, batch_size)
    subsets = np.array(list(itertools.combinations(range(n), batch_size)))
    check_uniform(numbers(np.sort(found, axis=1), n), numbers(subsets, n))


@pytest.mark.statistical
def test_every_order_is_as_likely_as_any_other():
    found = draw(Epochs(), 5, 1, 40_000)[:, :, 0]
    orders = np.array(list(itertools.permutations(range(5))))
    check_uniform(numbers(found, 5), numbers(orders, 5))


@pytest.mark.statistical
def test_ties_of_short_words_do_not_show_in_the_order():
    # Of 16 random bits a round leaves hundreds of pairs tied; the second decides them.
    keys = jax.random.split(KEY, 40)
    found = np.array(jax.jit(jax.vmap(lambda key: shuffled(key, 40_000)))(keys))
    place = np.argsort(found, axis=1)
    share = (place[:, :-1] < place[:, 1:]).mean(axis=1)
    assert abs(Estimate.from_samples(share).z(0.5)) < 4
    np.testing.assert_array_equal(np.sort(found[0]), np.arange(40_000))


def noise_of(kind, n, batch_size, blocks):
    """Batch means of fixed numbers, (blocks, length)."""
    values = np.random.default_rng(1).standard_normal(n)
    values = (values - values.mean()) / values.std()
    return values[draw(kind, n, batch_size, blocks)].mean(axis=2)


@pytest.mark.statistical
@kinds
def test_noise_of_a_batch_is_that_of_its_sampling(kind):
    n, m = 12, 4
    means = noise_of(kind, n, m, 4000)
    factor = 1 / m if isinstance(kind, WithReplacement) else (n - m) / (m * (n - 1))
    variance = Estimate.from_samples((means**2).mean(axis=1))
    assert abs(variance.z(factor)) < 4
    assert abs(variance.z(2 * factor)) > 10
    # Batches of one epoch are anti-correlated, all others are not correlated at all.
    product = Estimate.from_samples(means[:, 0] * means[:, 1])
    expected = -factor / (n / m - 1) if isinstance(kind, Epochs) else 0.0
    assert abs(product.z(expected)) < 4
    if isinstance(kind, Epochs):
        assert abs(product.z(2 * expected)) > 10


def test_floyd_and_the_last_of_all_batches_hold_everything():
    found = np.array(subsets(KEY, 9, 9, 20))
    np.testing.assert_array_equal(
        np.sort(found, axis=1), np.tile(np.arange(9), (20, 1))
    )


def test_epochs_of_unequal_batches_are_refused_with_sizes_that_fit():
    inputs, targets = np.ones((12, 2)), np.ones((12, 1))
    message = r"must divide the number of samples, 12, in epochs, but is 5.*\[4, 6\]"
    with pytest.raises(ValueError, match=message):
        SGD(inputs, targets, 0.1, 5, sampling=Epochs())
    SGD(inputs, targets, 0.1, 6, sampling=Epochs())
