import numpy as np
import pytest

from linnet.network import AbstractInitialization
from linnet.network.init.shape import check_scale, check_sizes, two_layers


@pytest.mark.parametrize("sizes", [(1, 1), (3, 2, 1), [5, 4, 3, 2], np.array([2, 3])])
def test_whole_positive_sizes_pass(sizes):
    assert check_sizes(sizes) is None


@pytest.mark.parametrize(
    "sizes", [(), (3,), (3, 0, 1), (3, -1), (3, 2.0), (3, 2.5, 1), np.array([2.0, 3.0])]
)
def test_sizes_that_are_no_network_are_refused(sizes):
    with pytest.raises(ValueError, match="whole numbers of at least 1, but is"):
        check_sizes(sizes)


def test_two_layers_are_told_apart_by_their_three_sizes():
    assert two_layers((4, 3, 2), "Bottleneck") == (4, 3, 2)


@pytest.mark.parametrize("sizes", [(4, 2), (4, 3, 3, 2)])
def test_another_depth_is_refused_in_the_name_of_the_shape(sizes):
    with pytest.raises(ValueError, match="Bottleneck is a shape of two-layer networks"):
        two_layers(sizes, "Bottleneck")


@pytest.mark.parametrize("scale", [5e-324, 1.0, 1e308])
def test_every_positive_finite_scale_passes(scale):
    assert check_scale(scale) is None


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf, -np.inf])
def test_a_scale_that_is_not_positive_and_finite_is_refused(scale):
    with pytest.raises(ValueError, match=rf"`gain` must be positive.*but is {scale}"):
        check_scale(scale, "gain")


def test_a_shape_must_tell_everything():
    class Silent(AbstractInitialization):
        def weights(self, sizes, rng):
            return (np.zeros(sizes[::-1]),)

    with pytest.raises(TypeError, match=r"gamma.*mean_imbalance.*mirror_width"):
        Silent()
