import numpy as np
import pytest

from linnet.network import IsotropicFirstLayer, LambdaBalanced
from linnet.numerics import Estimate
from linnet.phenomena.spectral_bias import measure

PRODUCT = np.random.default_rng(3).normal(size=(3, 4))


def test_balanced_layers_are_aligned_and_drawn_ones_are_not():
    rng = np.random.default_rng(0)
    balanced = LambdaBalanced(0.0, PRODUCT).weights((4, 6, 3), rng)
    (found,) = measure.layer_alignment(balanced, 2)
    assert found == pytest.approx(1, abs=1e-12)
    drawn = [
        measure.layer_alignment(tuple(rng.normal(size=(2, 40, 40))), 3)
        for _ in range(200)
    ]
    mean = Estimate.from_samples(drawn)
    assert abs(mean.z(np.array([3 / 40]))[0]) < 4
    assert abs(mean.z(np.array([6 / 40]))[0]) > 10


def test_alignment_does_not_depend_on_scale_sign_or_a_turn_of_the_hidden_layer():
    rng = np.random.default_rng(1)
    layers = (rng.normal(size=(5, 4)), rng.normal(size=(3, 5)), rng.normal(size=(2, 3)))
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    other = (-2 * turn @ layers[0], layers[1] @ turn.T, 3 * layers[2])
    np.testing.assert_allclose(
        measure.layer_alignment(other, 2), measure.layer_alignment(layers, 2)
    )


def test_the_first_layer_of_a_trained_network_reads_the_modes_of_its_product():
    layers = LambdaBalanced(0.0, PRODUCT).weights((4, 3, 3), np.random.default_rng(0))
    _, _, right = np.linalg.svd(PRODUCT)
    assert measure.input_alignment(layers[0], right[:2]) == pytest.approx(1)
    assert measure.input_alignment(layers[0], right[3:]) == pytest.approx(0, abs=1e-12)


def test_idle_modes_are_the_directions_that_did_not_move():
    first, _ = IsotropicFirstLayer(0.01).weights((5, 6, 2), np.random.default_rng(0))
    moved = first + np.outer(np.ones(6), [1.0, 0, 0, 0, 0])
    assert measure.idle_modes(first, moved) == 4
    assert measure.idle_modes(first, first) == 5
    assert measure.idle_modes(first, first + np.eye(6, 5)) == 0


def test_bad_input_is_refused():
    layer = np.outer(np.ones(3), np.ones(4))
    with pytest.raises(ValueError, match="two layers or more, but holds 1"):
        measure.layer_alignment((layer,), 1)
    with pytest.raises(ValueError, match=r"`rank` must lie in \[1, 1\], the rank of"):
        measure.input_alignment(layer, np.eye(4)[:2])
    with pytest.raises(ValueError, match="must be one layer at two times"):
        measure.idle_modes(layer, layer.T)
    with pytest.raises(ValueError, match=r"`tolerance` must lie in \(0, 1\)"):
        measure.idle_modes(layer, layer, 1.0)
