import sys
from pathlib import Path

import numpy as np
import pytest

from linnet.study.prediction_files import fingerprint, open_predictions


@pytest.fixture
def predictions() -> np.ndarray:
    p = np.random.default_rng(0).random((12, 5, 3)).astype(np.float32)
    return p / p.sum(-1, keepdims=True)


def saved(folder: Path, form: str, p: np.ndarray) -> tuple[Path, str | None]:
    path = folder / f"p.{form}"
    if form == "npy":
        np.save(path, p)
    elif form == "npz":
        np.savez(path, p=p, labels=np.arange(5))
        return path, "p"
    elif form == "compressed.npz":
        np.savez_compressed(path, p=p)
    elif form == "zarr":
        import zarr

        zarr.save_array(path, p)
    elif form == "folder":
        path.mkdir()
        for step, block in enumerate(p):
            np.save(path / f"step{step}.npy", block)
    elif form == "folder of runs":
        path.mkdir()
        for run, first in enumerate((0, 1, 5)):
            np.save(path / f"run{run}.npy", p[first : (1, 5, 12)[run]])
    return path, None


FORMS = ["npy", "npz", "compressed.npz", "zarr", "folder", "folder of runs"]


@pytest.mark.filterwarnings("ignore::UserWarning:zarr")
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_numbers(
    tmp_path: Path, form: str, predictions: np.ndarray
):
    opened = open_predictions(*saved(tmp_path, form, predictions))
    assert tuple(opened.shape) == predictions.shape
    assert opened.dtype == np.float32
    for models in (slice(None), slice(2, 3), slice(3, 11), slice(11, 40), slice(0, 0)):
        for samples in (slice(None), slice(1, 4)):
            np.testing.assert_array_equal(
                np.asarray(opened[models, samples]), predictions[models, samples]
            )
    np.testing.assert_array_equal(np.asarray(opened[2:4]), predictions[2:4])
    assert fingerprint(opened) == fingerprint(predictions)


@pytest.mark.parametrize("form", ["npy", "npz"])
def test_files_are_mapped_not_read(tmp_path: Path, form: str, predictions: np.ndarray):
    opened = open_predictions(*saved(tmp_path, form, predictions))
    assert isinstance(opened, np.memmap)


def test_an_array_in_fortran_order_is_read_in_its_order(
    tmp_path: Path, predictions: np.ndarray
):
    path = tmp_path / "p.npz"
    np.savez(path, p=np.asfortranarray(predictions))
    np.testing.assert_array_equal(open_predictions(path)[:], predictions)


def test_a_fingerprint_knows_numbers_type_and_shape(predictions: np.ndarray):
    changed = predictions.copy()
    changed[7, 3, 1] = np.nextafter(changed[7, 3, 1], 1)
    prints = {
        fingerprint(array)
        for array in (
            predictions,
            changed,
            predictions.astype(float),
            predictions.reshape(12, 3, 5),
        )
    }
    assert len(prints) == 4


def test_a_fingerprint_does_not_depend_on_how_much_is_read_at_once(
    predictions: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    from linnet.study import prediction_files

    whole = fingerprint(predictions)
    monkeypatch.setattr(prediction_files, "BYTES_AT_ONCE", 1)
    assert fingerprint(predictions) == whole


def test_numbers_in_names_are_numbers(tmp_path: Path):
    for step in (10, 2, 1, 100):
        np.save(tmp_path / f"step{step}.npy", np.full((1, 2), float(step)))
    assert open_predictions(tmp_path)[:][:, 0, 0].tolist() == [1, 2, 10, 100]


def test_checkpoints_that_do_not_fit_together_are_refused(tmp_path: Path):
    np.save(tmp_path / "step1.npy", np.ones((3, 2)))
    np.save(tmp_path / "step2.npy", np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"`step2.npy` must have the same samples and"):
        open_predictions(tmp_path)
    np.save(tmp_path / "step2.npy", np.ones((3, 2), np.float32))
    with pytest.raises(ValueError, match=r"`step2.npy` must have the same type"):
        open_predictions(tmp_path)
    np.save(tmp_path / "step2.npy", np.ones(3))
    with pytest.raises(ValueError, match=r"`step2.npy` must hold \(samples, classes\)"):
        open_predictions(tmp_path)


def test_nothing_and_unknown_files_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="there is nothing at"):
        open_predictions(tmp_path / "missing.npy")
    path = tmp_path / "p.csv"
    path.write_text("1,2")
    with pytest.raises(ValueError, match=r"must be a .npy, .npz or zarr file"):
        open_predictions(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="must be a zarr array or group or a folder"):
        open_predictions(tmp_path / "empty")


@pytest.mark.parametrize("form", ["npy", "npz"])
def test_a_truncated_file_is_refused(
    tmp_path: Path, form: str, predictions: np.ndarray
):
    path, member = saved(tmp_path, form, predictions)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ValueError, match="cannot be read"):
        open_predictions(path, member)


@pytest.mark.parametrize("form", ["npy", "npz"])
def test_python_objects_are_never_loaded(tmp_path: Path, form: str):
    path = tmp_path / f"p.{form}"
    save = np.save if form == "npy" else np.savez
    save(path, np.array([{}, None], object))
    with pytest.raises(ValueError, match="pickles are never loaded"):
        open_predictions(path)


def test_a_member_must_be_named_where_there_are_several(
    tmp_path: Path, predictions: np.ndarray
):
    path, _ = saved(tmp_path, "npz", predictions)
    with pytest.raises(ValueError, match="which holds `p`, `labels`"):
        open_predictions(path)
    with pytest.raises(ValueError, match="but is `q`; it holds `p`, `labels`"):
        open_predictions(path, "q")
    with pytest.raises(ValueError, match="must be left out"):
        open_predictions(saved(tmp_path, "npy", predictions)[0], "p")


def test_zarr_that_is_not_installed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "zarr", None)
    (tmp_path / "p.zarr").mkdir()
    with pytest.raises(ValueError, match="unless zarr is installed"):
        open_predictions(tmp_path / "p.zarr")
