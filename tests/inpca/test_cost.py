from pathlib import Path

import numpy as np
import pytest

from linnet.inpca.cost import (
    GIB,
    check_disk,
    cost_of,
    distances_cost,
    side_of,
    size_words,
)
from linnet.phenomena.sloppiness.measure.distances import as_distance
from linnet.phenomena.sloppiness.measure.predictions import Predictions


def test_many_models_are_embedded_out_of_tiles_where_memory_is_short():
    rich, poor = cost_of(16_384, 4, 8 * GIB), cost_of(16_384, 4, 0.6 * GIB)
    assert rich.route == "memory"
    assert poor.route == "tiles"
    assert poor.memory < 0.6 * GIB < rich.memory < 8 * GIB
    assert rich.disk == pytest.approx(16_384**2 * 2, rel=0.1)


def test_where_not_even_tiles_fit_the_message_says_what_would():
    with pytest.raises(ValueError, match=r"150,000 models .* or take `--landmarks \d"):
        cost_of(150_000, 4, 0.6 * GIB)
    with pytest.raises(ValueError, match="allow more with `--memory`"):
        cost_of(50_000, 8, 1 * GIB, on_disk=False)


def test_tiles_are_many_and_neither_tiny_nor_huge():
    assert side_of(30) == 64
    assert side_of(2_000) == 250
    assert side_of(100_000) == 1024


def test_a_disk_without_room_is_refused_before_the_work(tmp_path: Path):
    check_disk(cost_of(1_000, 4, None), tmp_path / "not" / "yet")
    with pytest.raises(ValueError, match="give another `--out`"):
        check_disk(cost_of(100_000_000, 4, None), tmp_path)


def test_the_time_of_long_work_is_told_from_a_small_part():
    class Same:
        """Many models, each the same, made when they are asked for."""

        shape, dtype = (5_000, 2_000, 3), np.dtype(np.float32)

        def __getitem__(self, key):
            models, samples = key
            sizes = (models.stop - models.start, samples.stop - samples.start, 3)
            return np.full(sizes, 1 / 3, dtype=np.float32)

    distance = as_distance("bhattacharyya")
    cost = distances_cost(
        cost_of(5_000, 4, GIB), Predictions(Same()), distance, 5_000**2 // 2
    )
    assert cost.seconds is not None
    assert 0 < cost.seconds < 1e5
    assert "of disk for the distances, about" in cost.sentence()
    few = Predictions(np.full((3, 2, 2), 0.5))
    assert distances_cost(cost_of(3, 4, GIB), few, distance, 6).seconds is None


def test_sizes_are_told_in_the_unit_that_suits_them():
    assert size_words(1_000) == "0.1 MiB"
    assert size_words(3 * 2**20) == "3 MiB"
    assert size_words(2.5 * GIB) == "2.5 GiB"
