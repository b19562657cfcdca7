import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.task.targets import Raw, encoded


def encode(targets, kind="auto", **fields):
    inputs = np.arange(float(len(targets)))[:, None]
    return encoded(Raw(inputs, targets, "t", **fields), kind)


@given(
    labels=st.lists(st.sampled_from("abcd"), min_size=2).filter(
        lambda labels: len(set(labels)) > 1
    )
)
def test_one_hot_columns_name_the_class_of_every_sample(labels):
    data = encode(list(labels))
    np.testing.assert_array_equal(data.targets.sum(1), 1)
    found = [data.target_names[j] for j in data.targets.argmax(1)]
    assert found == labels
    assert data.target_names == tuple(sorted(set(labels)))


@pytest.mark.parametrize(
    "targets",
    [
        np.array([10, 2, 2, -1]),
        np.array([10.0, 2.0, 2.0, -1.0]),
        np.array([10, 2, 2, -1], dtype=np.int8),
    ],
)
def test_integers_are_classes_in_the_order_of_numbers(targets):
    data = encode(targets)
    assert data.target_names == ("-1", "2", "10")
    expected = [[0, 0, 1], [0, 1, 0], [0, 1, 0], [1, 0, 0]]
    np.testing.assert_array_equal(data.targets, expected)
    assert data.preprocessing == ("targets: 3 classes as one-hot columns",)


def test_truth_values_are_two_classes():
    assert encode(np.array([True, False])).target_names == ("0", "1")


def test_more_than_twenty_integers_are_values():
    assert encode(np.arange(20)).targets.shape == (20, 20)
    data = encode(np.arange(21))
    np.testing.assert_array_equal(data.targets[:, 0], np.arange(21))
    assert data.preprocessing == ()


def test_fractions_and_matrices_are_values():
    assert encode(np.array([0.0, 0.5, 1.0])).targets.shape == (3, 1)
    assert encode(np.array([[0], [1], [2]])).targets.shape == (3, 1)


def test_the_rule_can_be_overridden_both_ways():
    values = encode(np.array([0, 1, 2]), "values")
    np.testing.assert_array_equal(values.targets, [[0], [1], [2]])
    assert encode(np.arange(30), "classes").targets.shape == (30, 30)
    assert encode(np.array([[0], [1]]), "classes").targets.shape == (2, 2)


def test_the_record_names_the_column():
    data = encode(["a", "b"], target_names=("kind",))
    assert data.preprocessing == ("target `kind`: 2 classes as one-hot columns",)


def test_names_that_the_source_knows_are_taken():
    data = encode(np.array([0, 1, 1]), class_names=("no", "yes"))
    assert (data.target_names, data.preprocessing) == (("no", "yes"), ())


@pytest.mark.parametrize(
    ("targets", "kind", "message"),
    [
        (np.array([0, 1]), "labels", "`auto`, `classes` or `values`, but is `labels`"),
        (["a", "b"], "values", "must be numbers when.*`values`, but the first is 'a'"),
        (["a", "a"], "auto", "2 to 1000 classes, but show 1: all samples are `a`"),
        (np.array([3, 3]), "auto", "but show 1: all samples are `3`"),
        (np.array([1.0]), "auto", "at least 2 samples, but has 1"),
        (np.arange(2000), "classes", "but show 2000: are these names of samples"),
        (np.array([0, 0.5]), "classes", r"row 1 \(counted from 0\) is 0.5"),
        (np.array([0, np.inf]), "classes", r"row 1 \(counted from 0\) is inf"),
        (np.array([np.nan, 0]), "classes", r"row 0 \(counted from 0\) is nan"),
        (np.eye(2), "classes", r"one column of integers or text.*shape \(2, 2\)"),
        (np.array([1j, 2]), "classes", "dtype complex128"),
        (np.array([1.0, np.nan]), "auto", "targets of `t` must be finite.*row 1"),
        (np.array([1j, 2]), "auto", "must be real numbers, but have dtype complex128"),
    ],
)
def test_targets_that_cannot_be_learned_are_refused(targets, kind, message):
    with pytest.raises(ValueError, match=message):
        encode(targets, kind)


def test_unequal_lengths_are_refused_before_anything_else():
    raw = Raw(np.ones((3, 1)), ["a", "a"], "t")
    with pytest.raises(ValueError, match="equally many rows, but have 3 and 2"):
        encoded(raw, "auto")
