import io
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sklearn import datasets

from linnet.task import BUNDLED, Dataset, load

X, Y = np.arange(12.0).reshape(4, 3), np.array([[0.5], [1.5], [2.5], [4.0]])
TABLE = "height,weight,price\n1,2,3.5\n4,5,6.5\n7,8,9\n"


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("digits", (1797, 64, 10)),
        ("breast_cancer", (569, 30, 2)),
        ("wine", (178, 13, 3)),
        ("diabetes", (442, 10, 1)),
        ("iris", (150, 4, 3)),
    ],
)
def test_bundled_sets_are_those_of_scikit_learn(name, shape):
    data, bunch = load(name), getattr(datasets, f"load_{name}")()
    assert (*data.inputs.shape, data.targets.shape[1]) == shape
    np.testing.assert_array_equal(data.inputs, bunch.data)
    found = data.targets[:, 0] if name == "diabetes" else data.targets.argmax(1)
    np.testing.assert_array_equal(found, bunch.target)
    assert (data.name, data.preprocessing) == (name, ())
    assert data.input_names == tuple(bunch.feature_names)
    if name != "diabetes":
        assert data.target_names == tuple(map(str, bunch.target_names))


def test_every_bundled_name_loads():
    assert all(isinstance(load(name), Dataset) for name in BUNDLED)


def test_bundled_classes_can_be_taken_as_values():
    assert load("iris", target_kind="values").targets.shape == (150, 1)


def test_options_are_applied_and_recorded(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n1,cat\n2,dog\n4,cat\n")
    data = load(path, "y", center=True, scale="standard")
    assert data.preprocessing == (
        "target `y`: 2 classes as one-hot columns",
        "inputs and targets centered",
        "inputs scaled to unit variance",
    )
    np.testing.assert_allclose(data.targets.mean(0), 0, atol=1e-15)


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "T.CSV"])
def test_tables_are_read(tmp_path, name, as_text):
    path = tmp_path / name
    path.write_text(TABLE.replace(",", "\t") if name == "t.tsv" else TABLE)
    data = load(str(path) if as_text else path, "price")
    np.testing.assert_array_equal(data.inputs, [[1, 2], [4, 5], [7, 8]])
    np.testing.assert_array_equal(data.targets, [[3.5], [6.5], [9]])
    assert data.input_names == ("height", "weight")
    assert (data.name, data.target_names) == (name, ("price",))


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode())
    assert load(path, "price").input_names == ("height", "weight")


@pytest.mark.parametrize(
    "keys", [("inputs", "targets"), ("X", "Y"), ("X", "y"), ("x", "y")]
)
def test_archives_are_read(tmp_path, keys):
    path = tmp_path / "d.npz"
    objects = np.array([{}], dtype=object)  # not asked for, so not in the way
    np.savez_compressed(path, notes=objects, **dict(zip(keys, (X, Y), strict=True)))
    data = load(path)
    np.testing.assert_array_equal(data.inputs, X)
    np.testing.assert_array_equal(data.targets, Y)


def test_class_names_in_an_archive_become_one_hot(tmp_path):
    path = tmp_path / "d.npz"
    np.savez(path, X=X, y=np.array(["b", "a", "b", "b"]))
    data = load(path)
    assert data.target_names == ("a", "b")
    np.testing.assert_array_equal(data.targets[:, 0], [0, 1, 0, 0])


@pytest.fixture
def pair(tmp_path):
    paths = tmp_path / "in.npy", tmp_path / "out.npy"
    np.save(paths[0], X)
    np.save(paths[1], Y)
    return paths


def test_pairs_are_read_as_tuple_and_as_text(pair):
    for source in (pair, f"{pair[0]},{pair[1]}", f"{pair[0]}, {pair[1]}"):
        data = load(source)
        np.testing.assert_array_equal(data.inputs, X)
        np.testing.assert_array_equal(data.targets, Y)
        assert data.name == "in.npy,out.npy"


class Payload:
    """Would create a file if it were ever unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("form", ["npz", "npy", "bare"])
def test_pickles_are_never_loaded(tmp_path, pair, form):
    trap = tmp_path / "trap"
    objects = np.array([Payload(trap)] * 4, dtype=object)
    source = pair
    if form == "npz":
        source = tmp_path / "d.npz"
        np.savez(source, X=X, y=objects)
    elif form == "npy":
        np.save(pair[1], objects)
    else:
        pair[1].write_bytes(pickle.dumps(objects))
    with pytest.raises(ValueError, match="pickles are never loaded"):
        load(source)
    assert not trap.exists()


def written(array, form):
    buffer = io.BytesIO()
    if form == "npy":
        np.save(buffer, array)
    else:
        np.savez_compressed(buffer, X=array, Y=Y)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["npy", "npz"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_cut_anywhere_is_refused_by_name(tmp_path, pair, form, data):
    content = written(X, form)
    cut = data.draw(st.integers(0, len(content) - 1))
    path = pair[0] if form == "npy" else tmp_path / "cut.npz"
    path.write_bytes(content[:cut])
    with pytest.raises(ValueError, match=f"File `{path.name}` must"):
        load(pair if form == "npy" else path)


@pytest.mark.parametrize("form", ["npy", "npz"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_a_flipped_byte_is_read_or_refused(tmp_path, pair, form, data):
    content = bytearray(written(X, form))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(
        st.integers(1, 255)
    )
    path = pair[0] if form == "npy" else tmp_path / "flipped.npz"
    path.write_bytes(content)
    try:
        loaded = load(pair if form == "npy" else path)
    except ValueError:
        return
    assert np.isfinite(loaded.inputs).all()


def test_a_header_that_promises_more_than_memory_is_refused(pair):
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (10**15, 3), }"
    header = header.replace("10**15", str(10**15)).ljust(117) + "\n"
    pair[0].write_bytes(b"\x93NUMPY\x01\x00v\x00" + header.encode())
    with pytest.raises(ValueError, match=r"File `in\.npy` must be readable"):
        load(pair)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": X, "b": Y}, "arrays named `inputs` and `targets`; .*holds `a`, `b`"),
        ({"inputs": X, "Y": Y}, "but holds `inputs`, `Y`"),
        ({}, "but holds none"),
        ({"X": X, "Y": Y[:3]}, "equally many rows, but have 4 and 3"),
        ({"X": X[:1], "Y": Y[:1]}, "at least 2 samples, but has 1"),
        ({"X": X[:, 0], "Y": Y}, r"inputs of `d.npz` must be a matrix.*\(4,\)"),
        ({"X": X * np.nan, "Y": Y}, "inputs of `d.npz` must be finite.*row 0.*`x0`"),
        ({"X": X, "Y": Y * np.inf}, "targets of `d.npz` must be finite.*`y0` is inf"),
        ({"X": X + 1j, "Y": Y}, "real numbers, but have dtype complex128"),
        ({"X": X, "Y": Y * 1j}, "real numbers, but have dtype complex128"),
        ({"X": X.astype(str), "Y": Y}, "real numbers, but have dtype <U32"),
        ({"X": X.astype("M8[s]"), "Y": Y}, "real numbers, but have dtype datetime64"),
        ({"X": X, "Y": np.array(3.0)}, "targets of `d.npz` must be an array"),
        ({"X": X, "Y": np.array([["a"]] * 4)}, r"one-dimensional.*shape \(4, 1\)"),
        ({"X": X, "Y": np.array(["a", "b", " ", "b"])}, "row 2 .*: fill it"),
        ({"X": X, "Y": np.array(["a"] * 4)}, "show 1: all samples are `a`"),
    ],
)
def test_an_archive_of_something_else_is_refused(tmp_path, arrays, message):
    path = tmp_path / "d.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=message):
        load(path)


def test_an_archive_that_holds_no_arrays_is_refused(tmp_path):
    path = tmp_path / "d.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X", "text")
        archive.writestr("Y", "text")
    with pytest.raises(ValueError, match=r"must be an array.*single bytes"):
        load(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "File `t.csv` must hold data, but is empty"),
        ("t.npz", b"", "File `t.npz` must hold data, but is empty"),
        ("t.npz", b"hello", "must be a NumPy .npz file, but does not begin like one"),
        ("t.npy", b"hello", "must be a pair of .npy files.*`t.npy` alone"),
        ("t.xlsx", b"PK", "must end in .csv, .tsv, .npz or .npy, but is `t.xlsx`"),
        ("t", b"1,2", "must end in .csv, .tsv, .npz or .npy, but is `t`"),
    ],
)
def test_an_unfit_file_is_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load(path)


@pytest.mark.parametrize("lines", [1, 20_000])
def test_a_table_that_is_not_utf8_is_refused_with_its_line(tmp_path, lines):
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,y\n" + lines * b"1,2\n" + b"3,\xe9\n")
    with pytest.raises(ValueError, match=f"UTF-8, but line {lines + 2} cannot"):
        load(path, "y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            TABLE.replace("5", ""),
            r"`t.csv`.*row 2 \(line 3\), column `weight` is empty",
        ),
        ("height,price\n1,2\n", "`t.csv` must have at least 2 samples, but has 1"),
        ("height,price\n", "`t.csv` must have at least 2 samples, but has 0"),
        ("height,price\n1,2\n1e200,3\n", r"at most 1e\+150, but row 1 .*`height`"),
        ("height,price\n1,red\n2,red\n", "show 1: all samples are `red`"),
    ],
)
def test_a_damaged_table_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load(path, "price")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("missing.csv", "no file `missing.csv`; bundled are digits, breast_cancer"),
        ("digit", "Did you mean `digits`?"),
        (Path("iris"), "no file `iris`"),
        ("x" * 5000, "no file"),
        ("", r"must be a file, but `\.` is none"),
        ("a.npy,b.npy", "no file `a.npy`"),
        ((Path("a.npy"), Path("b.csv")), r"tuple, but is \(a.npy, b.csv\)"),
    ],
)
def test_a_source_that_is_not_there_is_refused(source, message):
    with pytest.raises(ValueError, match=message):
        load(source)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must be a file, but .* is none"):
        load(tmp_path)


def test_a_target_where_none_can_be_chosen_is_refused(pair):
    for source in ("iris", pair):
        with pytest.raises(ValueError, match="`target` must be left out for"):
            load(source, "species")


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match="`none` or `standard`, but is `minmax`"):
        load("iris", scale="minmax")
    with pytest.raises(ValueError, match="`classes` or `values`, but is `labels`"):
        load("iris", target_kind="labels")


def test_importing_the_task_loads_no_heavy_library():
    code = (
        "import sys, linnet.task;"
        "heavy = {'jax', 'scipy', 'sklearn', 'matplotlib', 'pandas'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
