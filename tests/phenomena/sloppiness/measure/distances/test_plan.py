import numpy as np
import pytest
from plain_predictions import drawn

from linnet.phenomena.sloppiness.measure.distances import (
    Bhattacharyya,
    Gaussian,
    cost,
    cross_distances,
    distance_facts,
    distance_matrix,
)
from linnet.phenomena.sloppiness.measure.distances.panels import Reader, samples_at_once
from linnet.phenomena.sloppiness.measure.distances.plan import planned
from linnet.phenomena.sloppiness.measure.predictions import Predictions
from linnet.phenomena.sloppiness.measure.tiles import ArrayTiles

MEBI = 2**20


class Counted:
    """A source that remembers which models were read, and never holds an array."""

    def __init__(self, models: int, samples: int, classes: int):
        self.shape, self.dtype = (models, samples, classes), np.dtype(np.float32)
        self.read: list[tuple[int, int]] = []

    def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
        models, samples = key
        start, stop, _ = models.indices(self.shape[0])
        self.read += [(start, stop)]
        count = len(range(*samples.indices(self.shape[1])))
        drawn_of = [np.random.default_rng(model) for model in range(start, stop)]
        p = np.array([rng.random((count, self.shape[2])) for rng in drawn_of]) + 0.01
        return (p / p.sum(-1, keepdims=True)).astype(np.float32)


def test_a_matrix_that_does_not_fit_is_refused_with_what_would():
    source = Counted(20_000, 1000, 10)
    with pytest.raises(ValueError, match=r"1526 MiB of it for .* about \d+ models, or"):
        distance_matrix(source, memory_limit=800 * MEBI)
    with pytest.raises(ValueError, match="smaller tiles"):
        distance_matrix(source, memory_limit=30 * MEBI)
    assert not source.read


def test_the_number_of_models_that_would_fit_does_fit():
    with pytest.raises(ValueError, match="models, or") as told:
        distance_matrix(Counted(20_000, 1000, 10), memory_limit=800 * MEBI)
    models = int(str(told.value).split("about ")[2].split()[0])
    for count, fits in ((models, True), (int(1.02 * models), False)):
        size = cost(Counted(count, 1000, 10))
        assert (size.result_bytes + size.working_bytes <= 800 * MEBI) == fits


def test_all_models_are_read_once_where_panels_fit():
    source = Counted(600, 20, 3)
    distance_matrix(source, tiles=ArrayTiles(600, side=256, dtype=np.float32))
    assert sorted(source.read) == [(0, 256), (256, 512), (512, 600)]


def test_few_panels_in_memory_give_the_same_bits():
    p = drawn(600, 20, 3).astype(np.float32)
    whole = distance_matrix(p, tiles=ArrayTiles(600, side=256, dtype=np.float32))
    small = cost(p, side=256, in_memory=False).working_bytes
    again = distance_matrix(
        p, tiles=ArrayTiles(600, side=256, dtype=np.float32), memory_limit=small
    )
    np.testing.assert_array_equal(whole.matrix, again.matrix)


def test_many_samples_come_in_pieces_that_fit():
    predictions = Predictions(Counted(3000, 100_000, 10))
    for limit in (200 * MEBI, 400 * MEBI):
        plan = planned(
            predictions,
            Bhattacharyya(),
            side=1024,
            itemsize=4,
            in_memory=False,
            memory_limit=limit,
        )
        assert 8 * plan.at_once * 10 * 256 * 4 <= plan.capacity < limit
        assert plan.at_once % 256 == 0


def test_kept_panels_do_not_exceed_the_capacity():
    source = Counted(600, 32, 3)
    predictions = Predictions(source)
    first = Bhattacharyya().first(predictions)
    panel = 32 * 3 * 256 * 4
    reader = Reader(predictions, first, 256, samples_at_once(3, 4), 2.5 * panel)
    for start in (0, 256, 0, 512, 0, 256):
        reader.panel(slice(start, min(start + 256, 600)), slice(0, 32))
    assert [start for start, _ in source.read] == [0, 256, 512, 256]


def test_cost_counts_pairs_samples_and_bytes():
    size = cost(np.ones((100, 20, 3), np.float16), Gaussian())
    assert size.pairs == 5050
    assert size.coefficients == 5050 * 20
    assert size.multiply_adds == 5050 * 20 * 3
    assert size.source_bytes == 100 * 20 * 3 * 2
    assert size.result_bytes == 100 * 100 * 4
    half = cost(np.ones((100, 20, 3), np.float16), itemsize=8, in_memory=False)
    assert half.result_bytes == 5050 * 8


def test_cross_distances_that_do_not_fit_are_refused():
    source = Counted(20_000, 1000, 10)
    with pytest.raises(ValueError, match="MiB of it for the matrix"):
        cross_distances(source, source, memory_limit=800 * MEBI)


def test_facts_know_every_option():
    p = drawn(3, 4, 5)
    asked = [
        distance_facts(p),
        distance_facts(p, "hellinger"),
        distance_facts(p, Bhattacharyya(disjoint=100.0)),
        distance_facts(Predictions(p, "logits")),
        distance_facts(Predictions(p, smoothing=0.1)),
        distance_facts(p.astype(np.float32)),
        distance_facts(p[:2]),
    ]
    assert all(a != b for i, a in enumerate(asked) for b in asked[:i])
    assert asked[2]["options"] == {"disjoint": 100.0}
