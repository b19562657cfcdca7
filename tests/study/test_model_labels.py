import numpy as np
import pytest

from linnet.study.model_labels import (
    as_label,
    labels_of_names,
    read_labels,
    read_weights,
    trajectories,
)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_of_numbers_are_numbers_and_others_text(tmp_path):
    table = write(tmp_path / "l.csv", "run,step,optimizer\na,0,SGD\na,10,Adam\n")
    labels = read_labels(table, 2)
    assert labels["run"] == ("a", "a")
    np.testing.assert_array_equal(labels["step"], [0, 10])
    assert labels["optimizer"] == ("SGD", "Adam")


def test_a_spreadsheets_mark_and_blank_lines_are_skipped(tmp_path):
    table = write(tmp_path / "l.tsv", "\ufeffrun\tstep\n\na\t1\n\nb\t2\n")
    assert set(read_labels(table, 2)) == {"run", "step"}


def test_arrays_of_an_archive_with_one_entry_per_model_are_labels(tmp_path):
    path = tmp_path / "all.npz"
    np.savez(
        path,
        predictions=np.zeros((3, 4, 2)),
        step=np.arange(3),
        name=np.array(["a", "b", "c"]),
        classes=np.arange(4),
    )
    labels = read_labels(path, 3)
    assert set(labels) == {"step", "name"}
    assert labels["name"] == ("a", "b", "c")


def test_an_archive_with_objects_runs_no_code(tmp_path):
    path = tmp_path / "all.npz"
    np.savez(path, evil=np.array([{}, {}], dtype=object), step=np.arange(2))
    assert set(read_labels(path, 2)) == {"step"}


def test_not_a_number_and_infinity_are_text():
    assert as_label(["1", "nan"]) == ("1", "nan")
    assert as_label(["1_0", "2"]) == ("1_0", "2")


def test_trajectories_follow_their_steps_whatever_the_order_of_rows():
    labels = {"run": ("b", "a", "b", "a", "c"), "step": np.array([5, 1, 0, 0, 0.0])}
    found = trajectories(labels)
    assert [run.tolist() for run in found] == [[2, 0], [3, 1]]


def test_without_a_column_of_runs_there_are_no_trajectories():
    assert trajectories({"step": np.arange(3.0)}) == ()


def test_other_columns_can_be_named():
    labels = {"net": ("a", "a"), "when": np.array([2.0, 1.0])}
    (run,) = trajectories(labels, "net", "when")
    assert run.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "one row for each of the 2 models, but have 0"),
        ("a\n1\n", "one row for each of the 2 models, but have 1"),
        ("a,a\n1,2\n3,4\n", "name every column, each differently"),
        ("a,b\n1,2\n3\n", "2 cells in every row, but row 2 has 1"),
    ],
)
def test_what_is_no_table_of_the_models_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        read_labels(write(tmp_path / "l.csv", text), 2)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must be a .csv, .tsv or .npz file"):
        read_labels(write(tmp_path / "l.json", "{}"), 2)
    np.savez(tmp_path / "l.npz", a=np.zeros(5))
    with pytest.raises(ValueError, match="arrays of length 2"):
        read_labels(tmp_path / "l.npz", 2)


def test_unknown_columns_and_text_as_steps_are_refused():
    labels = {"run": ("a", "a"), "note": ("x", "y")}
    with pytest.raises(ValueError, match=r"`net` is none of them: there are `run`"):
        trajectories(labels, "net")
    with pytest.raises(ValueError, match="must hold numbers to order"):
        trajectories(labels, step="note")


def test_names_of_files_are_labels_where_all_tell_the_same_things():
    names = ["opt=SGD,run=1,step=5", "opt=Adam,run=2,step=50"]
    labels = labels_of_names(names)
    assert labels["opt"] == ("SGD", "Adam")
    np.testing.assert_array_equal(labels["step"], [5, 50])
    for mixed in (["run=1", "step=2"], ["run=1", "last"], ["=1", "=2"]):
        assert labels_of_names(mixed) == {"file": tuple(mixed)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name\né\nb\nc\n".encode("latin-1"), "must be a table in UTF-8"),
        (b"name\n" + b"a" * 200_000 + b"\nb\nc\n", "field larger than"),
        (b"name\na\0b\nc\nd\n", "hold a null character"),
    ],
)
def test_text_that_cannot_be_read_is_refused_with_the_file(tmp_path, content, message):
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(ValueError, match=rf"`labels\.csv`.*{message}"):
        read_labels(tmp_path / "labels.csv", 3)


def test_weights_that_are_no_numbers_are_refused_with_the_file(tmp_path):
    np.save(tmp_path / "w.npy", np.array([{}, 1, 2]), allow_pickle=True)
    (tmp_path / "w.txt").write_text("a b c")
    for name in ("w.npy", "w.txt"):
        with pytest.raises(ValueError, match=f"`{name}` must be numbers"):
            read_weights(tmp_path / name, 3)
