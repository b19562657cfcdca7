import contextlib
import csv
import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from plain_classifiers import trained_predictions

from linnet.cli import main


def linnet(*arguments):
    """The command as a user calls it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "linnet", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
    )


def inside(*arguments):
    """The same in this process, which is faster: exit status, output, messages."""
    words = ["linnet", *map(str, arguments), "--cache", "off"]
    out, err = io.StringIO(), io.StringIO()
    status = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", words)
        try:
            main()
        except SystemExit as left:
            status = left.code or 0
    return status, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    predictions, names, steps = trained_predictions()
    path = tmp_path_factory.mktemp("data") / "nets.npz"
    np.savez(path, predictions=predictions, run=names, step=steps)
    return path


@pytest.fixture(scope="module")
def embedded(archive, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    table = out.parent / "labels.csv"
    rows = [f"{['SGD', 'Adam'][i // 18]},{8 * (i % 2 + 1)}" for i in range(36)]
    table.write_text("\n".join(["optimizer,width", *rows]))
    words = ["--labels", table, "--components", 4, "--json", "--out", out]
    status, told, err = inside("inpca", archive, *words)
    assert status == 0, err
    return json.loads(told), out


def test_the_printed_document_is_the_written_one(embedded):
    document, out = embedded
    assert json.loads((out / "inpca.json").read_text()) == document
    assert document["models"] == 36
    assert document["components"] == 4
    assert document["command"].startswith("linnet inpca")
    assert "--seed 0" in document["command"]


def test_coordinates_pictures_and_page_are_written(embedded):
    document, out = embedded
    assert set(document["labels"]) == {"run", "step", "optimizer", "width"}
    with (out / "coordinates.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 36
    assert rows[0].keys() >= {"run", "step", "optimizer", "width", "component_4"}
    pictures = {path.name for path in (out / "figures").iterdir()}
    assert pictures == {
        f"{name}.{kind}"
        for name in ("coordinates", "stress")
        for kind in ("svg", "png")
    }
    page = (out / "inpca.html").read_text()
    held = re.search(r'application/json" id="data">(.*?)</script>', page).group(1)
    told = json.loads(held)
    assert told["models"] == 36
    assert told["columns"][told["color"]]["name"] == "optimizer"
    assert len(told["trajectories"]) == 4
    assert told["signs"] == document["signature"]


def test_a_person_is_told_cost_progress_result_and_where_it_is(archive, tmp_path):
    done = linnet("inpca", archive, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "This takes" in done.stderr
    assert "1 of 1 tiles" not in done.stderr  # nothing to wait for
    assert "Distances between 36 models" in done.stderr
    assert "of the stress" in done.stdout
    assert str(tmp_path / "inpca.html") in done.stdout.replace("\n", "")


def test_new_models_are_placed_into_an_earlier_result(archive, embedded, tmp_path):
    _, old = embedded
    new = tmp_path / "new.npy"
    predictions, *_ = trained_predictions(seed=0)
    np.save(new, predictions[5:8])
    out = tmp_path / "placed"
    status, told, err = inside("inpca", new, "--into", old, "--out", out)
    assert status == 0, err
    assert "3 new models" in told
    with (out / "placed.csv").open() as lines:
        placed = [float(row["component_1"]) for row in csv.DictReader(lines)]
    with (old / "coordinates.csv").open() as lines:
        before = [float(row["component_1"]) for row in csv.DictReader(lines)]
    np.testing.assert_allclose(placed, before[5:8], atol=1e-9)
    assert (out / "inpca.html").exists()


def test_a_new_file_has_its_own_kind_labels_and_color(archive, embedded, tmp_path):
    _, old = embedded
    predictions, _, steps = trained_predictions()
    logits = np.log(predictions[9:18]) + np.arange(9.0)[:, None, None]
    np.savez(tmp_path / "new.npz", logits=logits, step=steps[9:18])
    out = tmp_path / "placed"
    words = ["inpca", tmp_path / "new.npz", "--into", old, "--out", out]
    status, _, err = inside(*words, "--kind", "logits", "--color", "optimizer")
    assert status == 2
    assert "`--color` must name a column" in err
    assert not (out / "placed.csv").exists()
    status, _, err = inside(*words, "--kind", "logits", "--color", "step")
    assert status == 0, err
    with (out / "placed.csv").open() as lines:
        placed = [float(row["component_1"]) for row in csv.DictReader(lines)]
    with (old / "coordinates.csv").open() as lines:
        before = [float(row["component_1"]) for row in csv.DictReader(lines)]
    np.testing.assert_allclose(placed, before[9:18], atol=1e-8)
    page = (out / "inpca.html").read_text()
    held = re.search(r'application/json" id="data">(.*?)</script>', page).group(1)
    told = json.loads(held)
    assert told["columns"][told["color"]]["name"] == "step"
    status, _, err = inside(*words, "--kind", "values")
    assert status == 2
    assert "distributions (`probabilities`" in err


def test_truth_and_ignorance_are_marked_on_the_map(archive, tmp_path):
    predictions, *_ = trained_predictions()
    np.save(tmp_path / "classes.npy", predictions[8].argmax(-1))
    out, truth = tmp_path / "out", ["--truth", tmp_path / "classes.npy"]
    status, _, err = inside("inpca", archive, *truth, "--out", out)
    assert status == 0, err
    page = (out / "inpca.html").read_text()
    held = re.search(r'application/json" id="data">(.*?)</script>', page).group(1)
    marks = json.loads(held)["marks"]
    assert [mark["name"] for mark in marks] == ["truth", "ignorance"]
    with (out / "marks.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert float(rows[0]["component_2"]) == marks[0]["at"][1]
    assert "truth, ignorance" in page
    status, _, err = inside("inpca", archive, "--out", out)
    assert status == 0, err
    assert not (out / "marks.csv").exists()


def stored(folder, array):
    np.save(folder / "wrong.npy", array)
    return folder / "wrong.npy"


def broken(kind):
    predictions, *_ = trained_predictions(runs=1)
    if kind == "nan":
        predictions[2, 3, 1] = np.nan
    elif kind == "negative":
        predictions[2, 3, 1] *= -1
    elif kind == "unnormalized":
        predictions[2, 3] *= 1.1
    elif kind == "one class":
        predictions = predictions[:, :, :1] * 0 + 1
    elif kind == "one column":
        predictions = predictions[:, :, 0]
    elif kind == "disjoint":
        predictions[2, 3], predictions[4, 3] = np.eye(3)[0], np.eye(3)[1]
    return predictions


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("nan", [], "model 2 on sample 3"),
        ("negative", [], "model 2 on sample 3"),
        ("unnormalized", [], "further from 1 than"),
        ("one class", [], "at least 2 classes, but has 1"),
        ("disjoint", [], "disjoint"),
        ("", ["--components", 9], r"`--components` must lie in [1, 8]"),
        ("", ["--distance", "euclid"], "`--distance` must be one of"),
        ("", ["--kind", "votes"], "`--kind` must be one of"),
        ("", ["--memory", 0.001], "there is room for 1 MiB"),
        ("", ["--memory", 0.001], "0.4 GiB of it for the program and its libraries"),
        ("", ["--memory", 0], "Option `--memory` must be positive, but is 0 GiB"),
        ("", ["--smoothing", 2], "Option `--smoothing` must lie in"),
        ("", ["--tolerance", -1], "Option `--tolerance` must be finite"),
        ("", ["--array", "b"], "Option `--array` must be left out"),
        ("disjoint", [], "(`--disjoint`, 100 is common), or smooth (`--smoothing`"),
        ("negative", [], "name their `--kind` (`logits`"),
        ("unnormalized", [], "(`--kind`), or state the deviation"),
        ("unnormalized", [], "computation allows as `--tolerance`"),
        ("nan", [], "is nan: remove the models whose training diverged"),
        ("one column", [], "say `--distance gaussian --kind values`"),
        ("text", [], "is no .npy file"),
        ("", ["--color", "width"], "`--color` must name a column"),
        ("", ["--into", "nowhere"], "there is no"),
        ("", ["--labels", "nowhere.csv"], "nowhere.csv"),
        ("", ["--into", "nowhere", "--sigma", 2], "together with `--sigma`"),
        ("", ["--distance", "hellinger", "--disjoint", 9], "`--disjoint` says what"),
        ("", ["--disjoint", -1], "Option `--disjoint` must be finite and positive"),
    ],
)
def test_wrong_use_ends_with_a_message_and_status_2(tmp_path, kind, options, message):
    path, out = stored(tmp_path, broken(kind)), tmp_path / "out"
    if kind == "text":
        path.write_text("a,b\n1,2\n")
    status, _, err = inside("inpca", path, *options, "--out", out)
    assert status == 2
    assert message in err.replace("\n", "")
    assert not (out / "coordinates.nc").exists()
    assert not list(out.rglob("tile*"))


def test_models_that_share_no_class_are_far_apart_where_that_is_said(tmp_path):
    path = stored(tmp_path, broken("disjoint"))
    words = ["--disjoint", 100, "--json", "--out", tmp_path / "out"]
    status, told, err = inside("inpca", path, *words)
    assert status == 0, err
    assert json.loads(told)["settings"]["disjoint"] == 100
    page = (tmp_path / "out" / "inpca.html").read_text()
    assert "a sample without a common class counts" in page


def test_weights_that_do_not_sum_to_one_are_refused(archive, tmp_path):
    np.save(tmp_path / "w.npy", np.full(36, 0.03))
    weights = tmp_path / "w.npy"
    words = ["--weights", weights, "--out", tmp_path / "out"]
    status, _, err = inside("inpca", archive, *words)
    assert status == 2
    assert "must sum to one, but sum to 1.08" in err.replace("\n", "")


def test_more_components_than_the_rank_are_refused(tmp_path):
    line = np.arange(5.0)
    path = stored(tmp_path, (line[:, None] - line) ** 2)
    words = ["--distance", "given", "--components", 2, "--out", tmp_path / "out"]
    status, _, err = inside("inpca", path, *words)
    assert status == 2
    assert "at most the rank" in err.replace("\n", "")
