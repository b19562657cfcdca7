import json
from pathlib import Path

import numpy as np
import pytest

from linnet.phenomena.sloppiness.measure.distances import distance_matrix
from linnet.phenomena.sloppiness.measure.tiles import (
    Tiles,
    assembled,
    missing_pairs,
    tile_pairs,
)
from linnet.study.tile_store import TileStore, identity_of

FACTS = {"source": "a", "distance": "bhattacharyya"}


def store(folder: Path, side: int = 4, **changed: str) -> TileStore:
    return TileStore(folder, {**FACTS, **changed}, 10, side)


def predictions() -> np.ndarray:
    p = np.random.default_rng(0).random((10, 6, 3))
    return p / p.sum(-1, keepdims=True)


def test_a_store_is_tiles_of_the_measurement(tmp_path: Path):
    tiles: Tiles = store(tmp_path)
    distance_matrix(predictions(), tiles=tiles)
    np.testing.assert_array_equal(
        assembled(tiles), distance_matrix(predictions()).astype(np.float32)
    )


def test_numpy_reads_the_files_as_they_are(tmp_path: Path):
    tiles = store(tmp_path)
    block = np.random.default_rng(0).random((4, 2)).astype(np.float32)
    tiles.write(0, 2, block)
    np.testing.assert_array_equal(np.load(tmp_path / "tile_0000_0002.npy"), block)
    np.testing.assert_array_equal(tiles.read(0, 2), block)


def test_a_run_that_was_killed_goes_on_and_gives_the_same_bits(tmp_path: Path):
    class Killed(Exception):
        pass

    def kill(done: int, total: int) -> None:
        if done == 3:
            raise Killed

    whole, halves = store(tmp_path / "whole"), tmp_path / "halves"
    distance_matrix(predictions(), tiles=whole)
    with pytest.raises(Killed):
        distance_matrix(predictions(), tiles=store(halves), progress=kill)
    (halves / ".tile_0001_0002.7.part.npy").write_bytes(b"half a tile")
    again = store(halves)
    assert len(missing_pairs(again)) == 3
    kept = {file.name: file.stat().st_mtime_ns for file in halves.glob("*.npy")}
    distance_matrix(predictions(), tiles=again)
    for file in sorted(tmp_path.glob("whole/*.npy")):
        assert (halves / file.name).read_bytes() == file.read_bytes()
    for name, written in kept.items():
        assert (halves / name).stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", ["shorter", "longer", "changed", "empty", "gone"])
def test_a_damaged_tile_is_missing_and_made_anew(tmp_path: Path, damage: str):
    distance_matrix(predictions(), tiles=store(tmp_path))
    file = tmp_path / "tile_0001_0002.npy"
    good = file.read_bytes()
    bad = {
        "shorter": good[:-9],
        "longer": good + b"x",
        "changed": good[:-9] + bytes([good[-9] ^ 1]) + good[-8:],
        "empty": b"",
    }
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(bad[damage])
    again = store(tmp_path)
    assert missing_pairs(again) == [(1, 2)]
    with pytest.raises(ValueError, match=r"Tile \(1, 2\) .* missing or damaged"):
        again.read(1, 2)
    distance_matrix(predictions(), tiles=again)
    assert file.read_bytes() == good


def test_tiles_of_other_facts_are_refused_with_what_differs(tmp_path: Path):
    store(tmp_path).write(0, 0, np.ones((4, 4)))
    with pytest.raises(ValueError, match="source was 'a', is 'b'"):
        store(tmp_path, source="b")
    with pytest.raises(ValueError, match="side was 4, is 5"):
        store(tmp_path, side=5)
    with pytest.raises(ValueError, match="size was 10, is 11"):
        TileStore(tmp_path, FACTS, 11, 4)
    assert store(tmp_path).identity == store(tmp_path / "other").identity


def test_a_store_without_tiles_may_become_another(tmp_path: Path):
    store(tmp_path)
    (tmp_path / ".tile_0000_0000.7.part.npy").write_bytes(b"half a tile")
    other = store(tmp_path, source="b")
    other.write(0, 0, np.ones((4, 4)))
    assert store(tmp_path, source="b").has(0, 0)
    with pytest.raises(ValueError, match="source was 'b', is 'a'"):
        store(tmp_path)


def test_a_folder_with_other_files_is_refused(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("text")
    with pytest.raises(ValueError, match=r"but holds `thesis\.tex`"):
        store(tmp_path)
    with pytest.raises(ValueError, match="must be a folder"):
        store(tmp_path / "thesis.tex")
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path, text: str):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match="must be the manifest of a store of tiles"):
        store(tmp_path)


def test_a_manifest_tells_what_the_tiles_are_of(tmp_path: Path):
    identity = store(tmp_path).identity
    found = json.loads((tmp_path / "manifest.json").read_text())
    assert found["identity"] == identity
    assert found["facts"] == FACTS


def test_a_matrix_that_no_disk_holds_is_refused_before_it_is_begun(tmp_path: Path):
    with pytest.raises(ValueError, match=r"must have room for .* models would fit"):
        TileStore(tmp_path / "new", FACTS, 10**9)
    assert not (tmp_path / "new").exists()


def test_wrong_tiles_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="tiles below the diagonal are transposes"):
        store(tmp_path).write(1, 0, np.ones((4, 4)))
    with pytest.raises(ValueError, match=r"must have shape \(4, 2\)"):
        store(tmp_path).write(0, 2, np.ones((4, 4)))
    with pytest.raises(ValueError, match="`side` must be at least 1"):
        store(tmp_path / "new", side=0)


def test_an_identity_knows_every_fact():
    assert identity_of({"a": 1, "b": [1, 2]}) == identity_of({"b": [1, 2], "a": 1})
    assert identity_of({"a": 1}) != identity_of({"a": 2})


def test_all_tiles_lie_in_the_upper_triangle(tmp_path: Path):
    assert len(list(tile_pairs(store(tmp_path)))) == 6
