import numpy as np
from hypothesis import given, strategies as st

from linnet.phenomena.anisotropy.theory.layers import layer_powers

sizes = st.floats(1e-150, 1e150)


@given(norm=sizes, ratio=st.floats(1e-8, 1e8))
def test_powers_are_those_of_the_layers_they_come_from(norm, ratio):
    last, first = norm * ratio, norm / ratio
    found = layer_powers(norm, last - first)
    # Where the layers are alike, the imbalance has lost digits, not the powers.
    np.testing.assert_allclose(found, (last, first), rtol=1e-14)


@given(norm=sizes, imbalance=st.floats(-1e160, 1e160))
def test_the_sign_of_the_imbalance_exchanges_the_layers(norm, imbalance):
    assert layer_powers(norm, imbalance) == layer_powers(norm, -imbalance)[::-1]


def test_without_a_product_one_layer_has_all_there_is():
    last, first = layer_powers([0.0, 0.0, 0.0], [[2.0], [-3.0], [0.0]])
    np.testing.assert_array_equal(last[:, 0], [2.0, 0.0, 0.0])
    np.testing.assert_array_equal(first[:, 0], [0.0, 3.0, 0.0])
    assert last.shape == (3, 3)
