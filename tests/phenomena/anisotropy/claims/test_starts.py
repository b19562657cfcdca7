import itertools

import numpy as np
import pytest

from linnet.network import end_to_end
from linnet.phenomena.anisotropy.claims import starts


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_layers_of_rank_one_are_balanced_and_have_the_product_asked_for(depth):
    axis = np.array([0.6, 0.8])
    layers = starts.rank_one(axis, 0.3, 4, depth=depth)
    assert len(layers) == depth
    np.testing.assert_allclose(end_to_end(layers), 0.3 * axis[None], atol=1e-14)
    for below, above in itertools.pairwise(layers):
        np.testing.assert_allclose(above.T @ above, below @ below.T, atol=1e-14)


@pytest.mark.parametrize("delta", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("length", [1e-6, 0.5])
def test_tilted_layers_have_product_and_imbalance_asked_for(delta, length):
    vector = length * np.array([0.6, 0.8])
    first, last = starts.tilted(vector, delta, 4, 0)
    np.testing.assert_allclose((last @ first)[0], vector, rtol=1e-12)
    assert np.sum(last**2) - np.sum(first**2) == pytest.approx(delta, abs=1e-12)


def test_draws_are_independent_and_the_same_for_the_same_seed():
    one, other = (starts.gaussian(s, 2, 3, 4, 1.0) for s in (0, 1))
    again = starts.gaussian(0, 2, 3, 4, 1.0)
    assert (one[0] == again[0]).all()
    assert not np.allclose(one[0], other[0])
    assert not np.allclose(one[0][0], one[0][1])
    assert starts.one_draw(one, 1)[1].shape == (1, 3)
    pair = starts.stacked([starts.one_draw(one, i) for i in (0, 1)])
    assert all(map(np.array_equal, pair, one))


@pytest.mark.parametrize("depth", [2, 3])
def test_what_shakes_layers_has_nothing_to_do_with_where_they_point(depth):
    layers = starts.rank_one(np.array([0.6, 0.8]), 1.0, 4, depth=depth)
    noise = starts.shaken(layers, 1e-6, 0)[0] - layers[0]
    unit = layers[0][:, 0] / np.linalg.norm(layers[0][:, 0])
    seen = noise.ravel()[:4] / np.linalg.norm(noise.ravel()[:4])
    assert abs(unit @ seen) < 0.99
