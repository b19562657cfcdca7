import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.task import Dataset, load

seeds = st.integers(0, 2**32 - 1)


def drawn(seed=0, n=12, d=3, k=2):
    rng = np.random.default_rng(seed)
    scales = 10.0 ** rng.uniform(-3, 3, d)
    inputs = (rng.standard_normal((n, d)) + rng.uniform(-3, 3, d)) * scales
    return Dataset(inputs, rng.standard_normal((n, k)) + 1, "drawn")


def test_a_data_set_is_a_value_of_its_own():
    inputs = np.ones((3, 2))
    data = Dataset(inputs, np.ones((3, 1)), "ones")
    inputs[0, 0] = 7
    assert data.inputs[0, 0] == 1
    for array in (data.inputs, data.targets):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 2
    assert data == data
    assert data != Dataset(data.inputs, data.targets, "ones")  # by identity


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.float32, ">f8", bool])
def test_every_real_dtype_becomes_float64(dtype):
    data = Dataset(np.eye(3).astype(dtype), np.ones((3, 1), dtype), "typed")
    assert data.inputs.dtype == data.targets.dtype == np.float64
    np.testing.assert_array_equal(data.inputs, np.eye(3))


def test_names_default_to_numbered_letters():
    data = drawn(d=2, k=3)
    assert data.input_names == ("x0", "x1")
    assert data.target_names == ("y0", "y1", "y2")


def test_moments_are_uncentered_and_know_their_number_of_samples():
    data = drawn()
    moments = data.moments()
    np.testing.assert_allclose(moments.xx, data.inputs.T @ data.inputs / 12)
    np.testing.assert_allclose(moments.yx, data.targets.T @ data.inputs / 12)
    assert moments.n == 12


def test_nothing_asked_is_nothing_done():
    data = drawn()
    same = data.prepared()
    np.testing.assert_array_equal(same.inputs, data.inputs)
    assert same.preprocessing == ()


@given(seed=seeds)
def test_preparing_gives_zero_means_and_unit_variances(seed):
    data = drawn(seed)
    both = data.prepared(center=True, scale="standard")
    np.testing.assert_allclose(both.inputs.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(both.targets.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(both.inputs.std(0), 1, rtol=1e-12)
    np.testing.assert_allclose(both.targets.std(0), data.targets.std(0), rtol=1e-12)
    assert both.preprocessing == (
        "inputs and targets centered",
        "inputs scaled to unit variance",
    )


def test_scaling_alone_keeps_the_mean_over_the_deviation():
    data = drawn()
    scaled = data.prepared(scale="standard")
    expected = data.inputs.mean(0) / data.inputs.std(0)
    np.testing.assert_allclose(scaled.inputs.mean(0), expected, rtol=1e-12)
    np.testing.assert_array_equal(scaled.targets, data.targets)


@given(seed=seeds)
def test_steps_in_sequence_equal_both_at_once(seed):
    data = drawn(seed)
    at_once = data.prepared(center=True, scale="standard")
    in_steps = data.prepared(center=True).prepared(scale="standard")
    np.testing.assert_allclose(in_steps.inputs, at_once.inputs, rtol=1e-9, atol=1e-12)
    assert in_steps.preprocessing == at_once.preprocessing


def test_a_large_mean_does_not_spoil_the_variance():
    wiggle = np.resize([-1.0, 1.0], 100_000)
    data = Dataset(np.c_[1e9 + wiggle, 1e-200 * wiggle], wiggle[:, None], "far")
    both = data.prepared(center=True, scale="standard")
    np.testing.assert_allclose(both.inputs, np.c_[wiggle, wiggle], atol=1e-9)
    np.testing.assert_allclose(both.inputs.mean(0), 0, atol=1e-15)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e7 / 3, 1e-200])
def test_constant_columns_are_left_alone_and_named(value):
    rng = np.random.default_rng(0)
    inputs = np.c_[rng.standard_normal(1001), np.full(1001, value)]
    data = Dataset(inputs, np.ones((1001, 1)), "c", ("a", "bias"))
    scaled = data.prepared(scale="standard")
    assert scaled.inputs[0, 1] == value
    expected = "inputs scaled to unit variance (constant, left alone: `bias`)"
    assert scaled.preprocessing == (expected,)
    centered = data.prepared(center=True, scale="standard")
    assert not centered.inputs[:, 1].any()
    assert not centered.targets.any()
    assert centered.preprocessing[1] == expected


@given(seed=seeds, n=st.integers(2, 8), d=st.integers(1, 8))
def test_whitening_gives_the_projector_on_the_row_space(seed, n, d):
    data = drawn(seed, n, d)
    white = data.whitened()
    xx = white.moments().xx
    np.testing.assert_allclose(xx @ xx, xx, atol=1e-12)
    rank = data.moments().minimizer().rank
    assert np.trace(xx) == pytest.approx(rank)
    assert white.moments().minimizer().rank == rank
    assert f"inputs whitened (rank {rank} of {d}" in white.preprocessing[-1]


@given(seed=seeds)
def test_whitened_samples_have_the_whitened_moments(seed):
    data = drawn(seed, n=30).prepared(scale="standard")
    samples, moments = data.whitened().moments(), data.moments().whitened()
    for field in ("xx", "yx", "yy"):
        np.testing.assert_allclose(
            getattr(samples, field), getattr(moments, field), rtol=1e-8, atol=1e-8
        )


@given(seed=seeds)
def test_whitening_twice_is_whitening_once(seed):
    once = drawn(seed).whitened()
    np.testing.assert_allclose(once.whitened().inputs, once.inputs, atol=1e-11)


def test_whitening_ill_conditioned_data_is_exact_to_rounding():
    data = load("breast_cancer")  # condition number of xx: 2e12
    xx = data.whitened().moments().xx
    np.testing.assert_allclose(xx, np.eye(30), atol=1e-13)


def test_preprocessing_is_recorded_in_order():
    data = drawn().prepared(center=True).whitened()
    assert [record.split(" (")[0] for record in data.preprocessing] == [
        "inputs and targets centered",
        "inputs whitened",
    ]


def changed(array, row, column, value):
    array = array.copy()
    array[row, column] = value
    return array


X, Y = np.ones((4, 3)), np.ones((4, 2))


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (
            changed(X, 2, 1, np.nan),
            Y,
            r"inputs of `bad` must be finite.*row 2 \(counted from 0\), column `x1` is"
            " nan",
        ),
        (X, changed(Y, 3, 0, -np.inf), "targets of `bad`.*row 3.*column `y0` is -inf"),
        (changed(X, 0, 2, 1e200), Y, r"at most 1e\+150.*column `x2` is 1e\+200"),
        (X, Y[:3], "equally many rows, but have 4 and 3"),
        (X[:1], Y[:1], "at least 2 samples, but has 1"),
        (X[:0], Y[:0], "at least 2 samples, but has 0"),
        (X[0], Y, r"inputs of `bad` must be a matrix.*shape \(3,\): reshape"),
        (X, Y[None], r"targets of `bad` must be a matrix.*shape \(1, 4, 2\)"),
        (X[:, :0], Y, r"must be a matrix.*shape \(4, 0\)"),
        (X + 1j, Y, "must be real numbers, but have dtype complex128"),
        (X.astype(object), Y, "must be real numbers, but have dtype object"),
        (X.astype(str), Y, "must be real numbers, but have dtype <U32"),
    ],
)
def test_what_is_no_data_set_is_refused(inputs, targets, message):
    with pytest.raises(ValueError, match=message):
        Dataset(inputs, targets, "bad")


def test_the_first_of_several_gaps_is_named():
    inputs = changed(changed(X, 3, 0, np.nan), 1, 2, np.nan)
    with pytest.raises(ValueError, match=r"row 1 \(counted from 0\), column `c`"):
        Dataset(inputs, Y, "bad", ("a", "b", "c"))


def test_names_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"`input_names`.*each of 3 columns.*holds 1"):
        Dataset(X, Y, "bad", ("a",))
    with pytest.raises(ValueError, match=r"`target_names`.*each of 2 columns.*holds 3"):
        Dataset(X, Y, "bad", (), ("a", "b", "c"))


def test_an_unknown_scaling_is_refused():
    with pytest.raises(ValueError, match="`none` or `standard`, but is `minmax`"):
        drawn().prepared(scale="minmax")


def test_inputs_without_content_cannot_be_whitened():
    with pytest.raises(ValueError, match="inputs of `zero` must not all be zero"):
        Dataset(0 * X, Y, "zero").whitened()


def test_a_data_set_is_printed_in_one_line():
    shown = repr(Dataset(np.eye(3), np.ones((3, 1)), "tiny").prepared(center=True))
    assert shown == "Dataset(tiny: n=3, d=3, k=1, inputs and targets centered)"
