import csv

import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.task import tables
from linnet.task.tables import parse_table

finite = st.floats(allow_nan=False, allow_infinity=False)


def parsed(text, target="y", kind="auto", delimiter=","):
    return parse_table(text.splitlines(keepends=True), "t", delimiter, target, kind)


def test_columns_are_split_into_inputs_and_targets():
    raw = parsed("a,y,b\n1,2.5,3\n4,5,-6e-1\n")
    np.testing.assert_array_equal(raw.inputs, [[1, 3], [4, -0.6]])
    np.testing.assert_array_equal(raw.targets, [2.5, 5])
    assert (raw.input_names, raw.target_names) == (("a", "b"), ("y",))


@pytest.mark.parametrize("target", ["y,z", ("y", "z"), " y , z "])
def test_several_targets_keep_the_order_they_were_named_in(target):
    raw = parsed("z,a,y\n1,2,3\n4,5,6\n", target)
    np.testing.assert_array_equal(raw.targets, [[3, 1], [6, 4]])
    assert raw.target_names == ("y", "z")


def test_a_name_that_contains_the_comma_is_found_first():
    raw = parsed('a,"y,z"\n1,2\n3,4\n', "y,z")
    assert raw.target_names == ("y,z",)


def test_text_targets_stay_text():
    assert parsed("a,y\n1,cat\n2, dog \n").targets == ["cat", "dog"]


def test_numbers_among_class_names_are_kept_when_asked_for():
    assert parsed("a,y\n1,3a\n2,4\n", kind="classes").targets == ["3a", "4"]


@given(
    rows=st.lists(st.tuples(finite, finite, finite), min_size=1, max_size=20),
    delimiter=st.sampled_from([",", "\t"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_numbers_come_back_to_the_last_bit(rows, delimiter, ending):
    lines = ["a\tb\ty", *("\t".join(map(repr, row)) for row in rows)]
    text = ending.join(lines).replace("\t", delimiter)
    raw = parsed(text, kind="values", delimiter=delimiter)
    found = np.c_[raw.inputs, raw.targets]
    np.testing.assert_array_equal(found, np.array(rows))


def test_quotes_blanks_and_blank_lines_are_understood():
    raw = parsed('\n"a", "y"\n\n"1", 2.5 \n\n 3,"4.5"\n\n')
    np.testing.assert_array_equal(np.c_[raw.inputs, raw.targets], [[1, 2.5], [3, 4.5]])


def test_tables_of_several_blocks_are_one_table(monkeypatch):
    monkeypatch.setattr(tables, "_BLOCK_CELLS", 600)
    n = 701  # three columns: more than three blocks
    lines = ["a,b,y\n", *(f"{i},{-i},{i / 7!r}\n" for i in range(n))]
    raw = parse_table(lines, "t", ",", "y", "auto")
    np.testing.assert_array_equal(raw.inputs[:, 0], np.arange(n))
    np.testing.assert_array_equal(raw.targets, np.arange(n) / 7)
    lines[n] = "1,oops,2\n"
    with pytest.raises(ValueError, match=r"row 701 \(line 702\), column `b`"):
        parse_table(lines, "t", ",", "y", "auto")


def test_rows_and_lines_are_told_apart():
    with pytest.raises(ValueError, match=r"row 2 \(line 5\), column `a` is the text"):
        parsed("a,y\n\n1,2\n\nx,3\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must begin with a header, but is empty"),
        ("\n\n", "must begin with a header, but is empty"),
        ("a,y,a\n1,2,3\n", "columns 1 and 3 are both `a`"),
        (",a,y\n0,1,2\n", "column 1 of its header is empty: name it, or save without"),
        ("a,y\n1,2\n3\n", r"2 cells in every row.*row 2 \(line 3\) has 1"),
        ("a,y\n1,2,3\n", r"row 1 \(line 2\) has 3"),
        (
            "a,y\n1,2\n,4\n",
            r"no empty cells, but row 2 \(line 3\), column `a` is empty",
        ),
        ("a,y\n1,2\n  ,4\n", "column `a` is empty"),
        ("a,y\n1,2\n3,\n", r"row 2 \(line 3\), column `y` is empty"),
        ("a,y\nnan,2\n3,4\n", r"finite numbers, but row 1 .*column `a` is nan"),
        ("a,y\n1,2\n-inf,4\n", "column `a` is -inf"),
        ("a,y\n1,2\n1e999,4\n", "column `a` is 1e999"),
        ("a,y\n1,nan\n3,4\n", "column `y` is nan"),
        ("a,y\n1,2\nred,4\n", "column `a` is the text 'red': drop the column"),
        ("a,y\n1,2\n1_000,4\n", "column `a` is the text '1_000'"),
        ("a,y\n1,2\n3,NA\n", "mixes them: row 2 is 'NA'"),
        ("y\n1\n2\n", "must keep an input column"),
        ('a,y\n1,"2\n3,4\n', "must be well-formed, but near line 3: unexpected end"),
        ('a,y\n1,"2"x\n', "must be well-formed, but near line 2"),
    ],
)
def test_a_damaged_table_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parsed(text)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (None, "must name the target column.* none is given: choose from `a1`, `y`"),
        ("", "none is given"),
        ((), "none is given"),
        ("A1", "`A1` is none of `a1`, `y`. Did you mean `a1`?"),
        ("price", r"`price` is none of `a1`, `y`\.$"),
        ("y,y", "must name every column once, but names `y` twice"),
        ("a1,y", "every column is a target"),
    ],
)
def test_a_target_that_cannot_be_is_refused(target, message):
    with pytest.raises(ValueError, match=message):
        parsed("a1,y\n1,2\n3,4\n", target)


def test_long_headers_are_cut_in_messages():
    header = ",".join(f"c{j}" for j in range(50))
    with pytest.raises(ValueError, match="`c19` and 30 more"):
        parsed(f"{header}\n", "nope")


def test_text_in_a_target_of_values_is_refused():
    with pytest.raises(ValueError, match="column `y` is the text 'b'"):
        parsed("a,y\n1,2\n3,b\n", kind="values")


def test_text_in_one_of_several_targets_is_refused():
    with pytest.raises(ValueError, match="column `z` is the text 'b'"):
        parsed("a,y,z\n1,2,3\n3,4,b\n", "y,z")


@given(cells=st.lists(st.lists(st.text(max_size=4), max_size=4), max_size=5))
def test_any_text_is_parsed_or_refused(cells):
    class Sink(list):
        write = list.append

    sink = Sink()
    csv.writer(sink).writerows([["a", "y"], *cells])
    try:
        raw = parsed("".join(sink))
    except ValueError:
        return
    assert np.isfinite(raw.inputs).all()
