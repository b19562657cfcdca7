import numpy as np
import pytest

from linnet.study.source_views import Chosen, Flattened


@pytest.fixture
def array():
    return np.random.default_rng(0).normal(size=(3, 4, 5, 2))


def test_slices_are_those_of_the_reshaped_array(array):
    flat, whole = Flattened(array), array.reshape(12, 5, 2)
    assert flat.shape == whole.shape
    assert flat.dtype == whole.dtype
    for start in range(13):
        for stop in range(start, 13):
            np.testing.assert_array_equal(flat[start:stop, 1:4], whole[start:stop, 1:4])
    np.testing.assert_array_equal(flat[:, :], whole)
    np.testing.assert_array_equal(flat[3:6], whole[3:6])


def test_a_file_is_read_only_where_it_is_asked_for(array):
    asked = []

    class File:
        shape, dtype = array.shape, array.dtype

        def __getitem__(self, key):
            asked.append(key)
            return array[key]

    Flattened(File())[3:6, 0:2]
    assert [key[0] for key in asked] == [0, 1]


def test_chosen_models_come_in_the_order_in_which_they_were_chosen(array):
    whole = array.reshape(12, 5, 2)
    for models in ([3], [0, 1, 2], [11, 2, 3, 4, 0], [5, 5]):
        view = Chosen(whole, np.array(models))
        assert view.shape == (len(models), 5, 2)
        np.testing.assert_array_equal(view[:, 1:3], whole[models, 1:3])
        np.testing.assert_array_equal(view[0:0, :], whole[0:0])
