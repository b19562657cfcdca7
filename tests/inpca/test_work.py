import csv
import dataclasses
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from plain_classifiers import trained_predictions

from linnet.inpca import (
    Settings,
    cost_left,
    embed,
    load_embedding,
    place,
    prepare,
)

# The work of a user's process, each tile as slow as a large one.
SLOW = """
import sys, time
from pathlib import Path
from linnet.inpca import embed, prepare
embed(prepare(Path(sys.argv[1])), Path(sys.argv[2]), on_tile=lambda *_: time.sleep(0.5))
"""
RESULTS = ("coordinates.nc", "coordinates.csv", "inpca.json")


@pytest.fixture
def saved(tmp_path):
    """A user's archive: predictions with names and steps beside them."""
    predictions, names, steps = trained_predictions()
    path = tmp_path / "nets.npz"
    np.savez(path, predictions=predictions, run=names, step=steps)
    return path


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Enough models for several tiles."""
    rng = np.random.default_rng(1)
    odds = rng.gamma(0.7, size=(150, 12, 4))
    path = tmp_path_factory.mktemp("many") / "many.npy"
    np.save(path, odds / odds.sum(-1, keepdims=True))
    return path


def plain_distances(p, q):
    """The slow obvious way."""
    overlap = np.einsum("usc,vsc->uvs", np.sqrt(p), np.sqrt(q))
    return -np.log(overlap).mean(-1)


def plain_embedding(distances, components):
    m = len(distances)
    center = np.eye(m) - 1 / m
    values, vectors = np.linalg.eigh(-0.5 * center @ distances @ center)
    order = np.argsort(-np.abs(values))[:components]
    return values[order], vectors[:, order] * np.sqrt(np.abs(values[order]))


def contents(folder):
    return {name: (folder / name).read_bytes() for name in RESULTS}


def test_a_file_is_embedded_as_the_slow_obvious_way_does(saved, tmp_path):
    predictions, *_ = trained_predictions()
    found = embed(prepare(saved, Settings(components=4)), tmp_path / "out")
    values, coordinates = plain_embedding(plain_distances(predictions, predictions), 4)
    np.testing.assert_allclose(found.eigenvalues, values, rtol=1e-9)
    np.testing.assert_allclose(
        np.abs(found.coordinates), np.abs(coordinates), rtol=1e-6, atol=1e-9
    )


def test_both_signs_are_kept_and_reproduce_the_distances(many, tmp_path):
    p = np.load(many)
    found = embed(prepare(many, Settings(components=140)), tmp_path / "out")
    assert set(found.signature.tolist()) == {-1, 1}
    everyone = np.arange(len(p))
    left = np.abs(found.distances(everyone, everyone) - plain_distances(p, p))
    assert left.max() < 0.02 * plain_distances(p, p).max()  # ten components are left


def test_labels_are_saved_with_the_coordinates_and_loaded_to_the_last_bit(
    saved, tmp_path
):
    found = embed(prepare(saved), tmp_path)
    again = load_embedding(tmp_path)
    np.testing.assert_array_equal(again.coordinates, found.coordinates)
    np.testing.assert_array_equal(again.eigenvalues, found.eigenvalues)
    assert again.about.models["run"].tolist()[::9] == [f"net {i}" for i in range(4)]
    assert again.about.models["step"][:3].tolist() == [0, 1, 2]
    with (tmp_path / "coordinates.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert rows[5]["run"] == "net 0"
    assert float(rows[5]["component_1"]) == found.coordinates[5, 0]


def test_labels_may_be_called_as_what_is_saved(tmp_path):
    predictions, names, steps = trained_predictions()
    labels = {"model": names, "weights": steps, "component_1": steps, "a rate": steps}
    np.savez(tmp_path / "nets.npz", predictions=predictions, **labels)
    embed(prepare(tmp_path / "nets.npz"), tmp_path)
    again = load_embedding(tmp_path)
    kept = {"model", "weights_of_model", "component_1_of_model", "a_rate"}
    assert set(again.about.models) == kept
    np.testing.assert_array_equal(again.about.models["a_rate"], steps)
    assert again.about.models["model"].tolist() == names.tolist()


def test_the_summary_says_what_was_done(saved, tmp_path):
    found = embed(prepare(saved, Settings(seed=3)), tmp_path)
    told = json.loads((tmp_path / "inpca.json").read_text())
    assert told["models"] == 36
    assert told["samples"] == 30
    assert told["classes"] == 3
    assert told["settings"]["seed"] == 3
    assert told["signature"] == found.signature.astype(int).tolist()
    np.testing.assert_allclose(told["explained_stress"], found.explained_stress())


def test_a_killed_run_goes_on_and_gives_the_same_bits(many, tmp_path):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen([sys.executable, "-c", SLOW, str(many), str(killed)])
    deadline = time.monotonic() + 120
    while len(tiles := list((killed / "distances").rglob("*.npy"))) < 2:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (killed / "coordinates.nc").exists()
    finished = {
        tile: tile.stat().st_mtime_ns for tile in tiles if tile.stat().st_size > 0
    }

    computed = []
    embed(prepare(many), killed, on_tile=lambda done, total: computed.append(total))
    embed(prepare(many), whole)
    total = computed[0]
    assert 0 < len(computed) < total
    for tile, written in finished.items():
        if tile.exists():  # a tile that was just being written is not
            assert tile.stat().st_mtime_ns == written
    assert contents(killed) == contents(whole)


def test_a_second_run_computes_no_tile(many, tmp_path):
    embed(prepare(many), tmp_path)
    before = contents(tmp_path)
    computed = []
    embed(prepare(many), tmp_path, on_tile=lambda *told: computed.append(told))
    assert computed == []
    assert contents(tmp_path) == before


def test_out_of_core_gives_what_memory_gives(many, tmp_path):
    job = prepare(many, Settings(components=3))
    tiled = dataclasses.replace(job, cost=dataclasses.replace(job.cost, route="tiles"))
    inside = embed(job, tmp_path / "inside")
    outside = embed(tiled, tmp_path / "outside")
    np.testing.assert_allclose(outside.eigenvalues, inside.eigenvalues, rtol=1e-6)


def test_gaussian_predictions_are_embedded_by_their_principal_components(tmp_path):
    values = np.random.default_rng(0).normal(size=(20, 15, 2))
    np.save(tmp_path / "f.npy", values)
    settings = Settings(distance="gaussian", components=3, sigma=0.5)
    found = embed(prepare(tmp_path / "f.npy", settings), tmp_path / "out")
    rows = values.reshape(20, -1) - values.reshape(20, -1).mean(0)
    expected = np.linalg.eigvalsh(rows @ rows.T)[::-1][:3] / (8 * 0.5**2 * 15)
    np.testing.assert_allclose(found.eigenvalues, expected, rtol=1e-9)
    assert not (tmp_path / "out" / "distances").exists()


def test_the_symmetrized_divergence_needs_no_distances(saved, tmp_path):
    p, *_ = trained_predictions()
    settings = Settings(distance="symmetrized-kl", components=3)
    found = embed(prepare(saved, settings), tmp_path / "out")
    step = (p[:, None] - p) * (np.log(p[:, None]) - np.log(p))
    values, _ = plain_embedding(step.sum(-1).mean(-1), 3)
    np.testing.assert_allclose(found.eigenvalues, values, rtol=1e-8)
    assert not (tmp_path / "out" / "distances").exists()


def test_landmarks_give_a_map_that_is_labelled_approximate(many, tmp_path):
    settings = Settings(components=3, landmarks=40)
    found = embed(prepare(many, settings), tmp_path / "out")
    assert found.is_approximate
    assert found.coordinates.shape == (150, 3)
    told = json.loads((tmp_path / "out" / "inpca.json").read_text())
    assert told["is_approximate"]
    assert 0 < told["sampled_error"] < 1
    placed = place(many, tmp_path / "out", tmp_path / "placed")
    np.testing.assert_allclose(placed.coordinates, found.coordinates, atol=1e-6)


def test_each_distance_has_its_own_folder_of_tiles(saved, tmp_path):
    embed(prepare(saved), tmp_path)
    embed(prepare(saved, Settings(distance="hellinger")), tmp_path)
    folders = {folder.name for folder in (tmp_path / "distances").iterdir()}
    assert folders == {"bhattacharyya", "hellinger"}
    alone = embed(prepare(saved, Settings(distance="hellinger")), tmp_path / "alone")
    again = load_embedding(str(tmp_path))
    np.testing.assert_array_equal(again.coordinates, alone.coordinates)


def test_tiles_of_other_settings_are_refused_in_words(saved, tmp_path):
    embed(prepare(saved), tmp_path)
    other = prepare(saved, Settings(smoothing=0.1, disjoint=9.0))
    said = r"\(disjoint was not set, is 9.0; smoothing was 0.0, is 0.1\).*`--out`"
    with pytest.raises(ValueError, match=said):
        embed(other, tmp_path)
    np.savez(saved, predictions=trained_predictions(seed=1)[0])
    with pytest.raises(ValueError, match=r"\(the file has changed\): name another"):
        embed(prepare(saved), tmp_path)


def test_an_interrupted_run_is_told_only_what_is_left(many, tmp_path):
    class Stopped(Exception):
        pass

    def stop(done, total):
        if done == 3:
            raise Stopped

    job = prepare(many)
    job = dataclasses.replace(job, cost=dataclasses.replace(job.cost, seconds=60.0))
    assert cost_left(job, tmp_path) == job.cost
    with pytest.raises(Stopped):
        embed(job, tmp_path, on_tile=stop)
    left = cost_left(job, tmp_path)  # 150 models are 3 rows of tiles, 6 in all
    assert left.seconds == 30
    assert left.disk == job.cost.disk / 2


def test_given_distances_are_embedded_as_they_are(tmp_path):
    line = np.array([0.0, 1.0, 3.0, 7.0])
    np.save(tmp_path / "d.npy", (line[:, None] - line) ** 2)
    job = prepare(tmp_path / "d.npy", Settings(distance="given", components=1))
    found = embed(job, tmp_path / "out")
    np.testing.assert_allclose(
        np.abs(found.coordinates[:, 0]), np.abs(line - line.mean()), rtol=1e-9
    )
    assert not (tmp_path / "out" / "distances").exists()


def test_fewer_components_than_ten_are_kept_where_there_are_no_more(tmp_path):
    line = np.arange(6.0)
    np.save(tmp_path / "d.npy", (line[:, None] - line) ** 2)
    job = prepare(tmp_path / "d.npy", Settings(distance="given"))
    assert len(embed(job, tmp_path / "out").eigenvalues) == 1
    asked = prepare(tmp_path / "d.npy", Settings(distance="given", components=2))
    with pytest.raises(ValueError, match="at most the rank"):
        embed(asked, tmp_path / "out")


def test_an_embedded_model_is_placed_on_itself(saved, tmp_path):
    found = embed(prepare(saved, Settings(components=3)), tmp_path / "out")
    placed = place(saved, tmp_path / "out", tmp_path / "placed")
    np.testing.assert_allclose(placed.coordinates, found.coordinates, atol=1e-9)
    with (tmp_path / "placed" / "placed.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert rows[3]["run"] == "net 0"
    assert float(rows[3]["component_2"]) == placed.coordinates[3, 1]


def test_what_is_placed_does_not_hide_the_result(saved, tmp_path):
    embed(prepare(saved, Settings(components=3)), tmp_path / "out")
    with pytest.raises(ValueError, match="another folder than `--into`"):
        place(saved, tmp_path / "out", tmp_path / "x" / ".." / "out")
    with pytest.raises(ValueError, match=r"Distances need about .* MiB"):
        place(saved, tmp_path / "out", tmp_path / "new", memory_limit=2**20)


def test_what_cannot_be_used_is_refused_before_the_first_distance(many, tmp_path):
    p = np.load(many)
    p[-1, -1, -1] = np.nan
    np.save(tmp_path / "many.npy", p)
    with pytest.raises(ValueError, match="model 149 on sample 11"):
        prepare(tmp_path / "many.npy")


def test_models_are_not_placed_among_those_whose_predictions_changed(saved, tmp_path):
    embed(prepare(saved, Settings(components=3)), tmp_path / "out")
    new = tmp_path / "new.npy"
    np.save(new, trained_predictions(seed=1)[0])
    np.savez(saved, predictions=trained_predictions(seed=2)[0])
    with pytest.raises(ValueError, match="have changed since"):
        place(new, tmp_path / "out", tmp_path / "placed")
    saved.unlink()
    with pytest.raises(ValueError, match="is gone: put it back"):
        place(new, tmp_path / "out", tmp_path / "placed")
    with pytest.raises(ValueError, match=r"there is no .*nowhere"):
        place(new, tmp_path / "nowhere", tmp_path / "placed")
