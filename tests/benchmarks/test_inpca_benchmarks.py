import sys

import numpy as np
import pytest

from benchmarks import NAMES, inpca_distances, inpca_whole, phase_map
from benchmarks.harness import Row
from benchmarks.inpca_distances import Sizes, rows_of_classes
from benchmarks.reference_distances import CAP, CHUNKS, best_chunk, reference
from benchmarks.softmax_paths import CHECKPOINTS, far_apart, fill, softmax_paths
from linnet.phenomena.sloppiness.measure.distances import distance_matrix

TINY = Sizes(models=70, samples=24, part=6, trial=20, checked=8, checked_pairs=30)


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)


def test_paths_are_distributions_from_ignorance_to_confidence():
    path = softmax_paths(CHECKPOINTS, 30, 4)
    assert path.dtype == np.float32
    np.testing.assert_allclose(path.sum(-1), 1, rtol=1e-6)
    sure = path.max(-1).mean(-1)
    assert sure[0] < 0.35
    assert sure[-1] > 0.95


def test_paths_in_a_file_are_those_in_memory_and_may_end_within_a_run():
    target = np.zeros((CHECKPOINTS + 5, 6, 3), np.float32)
    fill(target)
    np.testing.assert_array_equal(target, softmax_paths(CHECKPOINTS + 5, 6, 3))


def test_neighbors_on_a_path_are_close_and_other_models_are_not():
    along, apart = softmax_paths(20, 40, 3), far_apart(20, 40, 3)
    assert np.diag(distance_matrix(along), 1).min() < inpca_distances.CLOSE
    others = ~np.eye(20, dtype=bool)
    assert distance_matrix(apart)[others].min() > inpca_distances.CLOSE


@pytest.mark.parametrize("chunk", CHUNKS)
def test_the_reference_without_torch_finds_the_same_distances(no_torch, chunk):
    given = far_apart(12, 23, 4)
    name, call = reference(given)
    assert name.endswith("NumPy")
    exact = distance_matrix(given)
    np.testing.assert_allclose(call(chunk), exact, atol=3e-7)


def test_the_reference_in_torch_is_the_one_in_numpy(monkeypatch):
    pytest.importorskip("torch")
    given = far_apart(12, 23, 4)
    name, call = reference(given)
    assert name.endswith("torch")
    monkeypatch.setitem(sys.modules, "torch", None)
    np.testing.assert_allclose(call(5), reference(given)[1](5), atol=3e-7)


def test_the_reference_caps_models_without_a_common_class(no_torch):
    given = np.array([[[1.0, 0.0]] * 2, [[0.0, 1.0]] * 2], np.float32)
    assert reference(given)[1](1)[0, 1] == CAP


def test_the_fastest_chunk_is_one_of_those_on_offer(no_torch):
    assert best_chunk(far_apart(6, 20, 2)) in CHUNKS


def test_distances_are_timed_on_both_kinds_and_close_pairs_are_judged(no_torch):
    *kinds, close = rows_of_classes(3, TINY)
    assert [row.goal for row in kinds] == [None, None]
    assert all(row.is_exact_enough for row in [*kinds, close])
    assert close.error > 0
    assert all("6 samples, scaled" in row.baseline for row in kinds)


def test_the_error_of_distances_is_seen():
    given = softmax_paths(20, 24, 3)
    right = distance_matrix(given)
    off = right * (1 + 1e-3)
    largest = right[: TINY.checked].max()
    seen = inpca_distances.error(off, given, TINY)
    assert seen == pytest.approx(1e-3 * largest, rel=0.01)
    relative = inpca_distances.close_error(off, given, TINY)
    assert relative == pytest.approx(1e-3, rel=0.02)


def test_maps_are_checked_mode_by_mode(monkeypatch):
    assert [row.is_exact_enough for row in phase_map.rows(12)] == [True, True]
    found = phase_map._map(12, None)
    monkeypatch.setattr(phase_map, "RATIO", 1.01)
    assert phase_map._error(found, None) > 1e-5


def test_a_file_becomes_points_and_is_told_with_its_memory():
    row = inpca_whole.row(70, 8, 3)
    assert isinstance(row, Row)
    assert row.is_exact_enough
    assert row.details["route"] == "memory, dense"


def test_every_benchmark_of_this_file_is_run():
    assert {"inpca_distances", "phase_map", "inpca_whole"} <= set(NAMES)
