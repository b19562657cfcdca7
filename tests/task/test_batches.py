from itertools import combinations, permutations, product

import numpy as np
import pytest

from linnet.task import batches

GRADIENTS = np.array([0.3, -1.2, 2.0, 0.7, -0.1, 1.1])


def drawn(sampling, size):
    """Every batch that the sampling can draw, each as often as it is likely."""
    indices = range(len(GRADIENTS))
    if sampling == "with_replacement":
        return product(indices, repeat=size)
    if sampling == "without_replacement":
        return combinations(indices, size)
    return (order[:size] for order in permutations(indices))


@pytest.mark.parametrize("sampling", batches.SAMPLINGS)
@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_the_noise_of_a_batch_by_enumeration(sampling, size):
    if sampling == "with_replacement" and size == 6:
        size = 4  # already 1296 batches
    means = [GRADIENTS[list(batch)].mean() for batch in drawn(sampling, size)]
    expected = batches.batch_noise(sampling, 6, size) * GRADIENTS.var()
    assert np.var(means) == pytest.approx(expected, abs=1e-14)


def test_batches_of_an_epoch_are_anticorrelated():
    pairs = [
        (GRADIENTS[list(order[:2])].mean(), GRADIENTS[list(order[2:4])].mean())
        for order in permutations(range(6))
    ]
    correlation = np.corrcoef(np.array(pairs).T)[0, 1]
    assert batches.batches_per_epoch(6, 2) == 3
    assert correlation == pytest.approx(-1 / 2, abs=1e-12)


@pytest.mark.parametrize("size", [0, 7, 2.5, -1])
def test_an_impossible_batch_size_is_refused(size):
    with pytest.raises(ValueError, match=r"`batch_size` must be a whole number in \[1"):
        batches.batch_noise("with_replacement", 6, size)


def test_an_unknown_sampling_is_refused():
    with pytest.raises(ValueError, match="one of with_replacement, without"):
        batches.batch_noise("random", 6, 2)


@pytest.mark.parametrize(
    ("size", "message"), [(4, "must divide the 6 samples"), (6, "one batch an epoch")]
)
def test_epochs_that_the_formulas_do_not_cover_are_refused(size, message):
    with pytest.raises(ValueError, match=message):
        batches.batches_per_epoch(6, size)
