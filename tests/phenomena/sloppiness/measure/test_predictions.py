import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from plain_predictions import drawn, softmax

from linnet.phenomena.sloppiness.measure.predictions import Kind, Predictions
from linnet.phenomena.sloppiness.measure.sphere import square_roots


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("kind", ["probabilities", "logits", "log-probabilities"])
def test_every_kind_and_precision_means_the_same(dtype: type, kind: Kind):
    p = drawn(4, 30, 5)
    given_as = {
        "probabilities": p,
        "logits": np.log(p) + 3,
        "log-probabilities": np.log(p),
    }
    found = Predictions(given_as[kind].astype(dtype), kind).probabilities()
    assert found.dtype == (np.float64 if dtype == np.float64 else np.float32)
    np.testing.assert_allclose(found, p, atol=20 * np.finfo(dtype).eps)
    np.testing.assert_allclose(found.sum(-1), 1, atol=4 * np.finfo(found.dtype).eps)


@given(st.integers(2, 2000), st.integers(0, 100))
@settings(max_examples=30)
def test_a_softmax_in_single_precision_is_accepted(classes: int, seed: int):
    rng = np.random.default_rng(seed)
    logits = (10 * rng.normal(size=(2, 5, classes))).astype(np.float32)
    Predictions(softmax(logits)).probabilities()
    Predictions(softmax(logits).astype(np.float16)).probabilities()


def test_a_block_is_the_part_that_was_asked_for():
    p = drawn(6, 7, 3)
    source = Predictions(p)
    block = source.packed_probabilities(np.array([1, 4]), slice(2, 5))
    np.testing.assert_allclose(block, np.moveaxis(p[[1, 4], 2:5], 0, -1), rtol=1e-14)
    np.testing.assert_allclose(
        source.packed_roots(slice(1, 3)) ** 2, source.packed_probabilities(slice(1, 3))
    )
    np.testing.assert_allclose(
        np.exp(source.packed_logarithms()), source.packed_probabilities()
    )


def test_the_source_is_left_as_it_was():
    p = drawn(3, 4, 5).astype(np.float32)
    before = p.copy()
    for kind in ("probabilities", "logits"):
        Predictions(p, kind).packed_roots()
    np.testing.assert_array_equal(p, before)


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.01])
def test_a_bad_probability_is_refused_with_its_place(value: float):
    p = drawn(5, 6, 3)
    p[3, 4, 1] = value
    with pytest.raises(
        ValueError, match=f"model 3 on sample 4 .* probability is {value}"
    ):
        Predictions(p).probabilities(slice(2, 5), slice(3, 6))


def test_probabilities_that_do_not_sum_to_one_are_refused():
    p = drawn(5, 6, 3).astype(np.float32)
    p[3, 4] *= 1 + 1e-5
    with pytest.raises(ValueError, match=r"model 3 on sample 4 .* sum to 1\.0000"):
        Predictions(p).probabilities()
    Predictions(p, tolerance=1e-4).probabilities()


def test_many_classes_in_half_precision_excuse_no_wrong_sum():
    p = drawn(3, 4, 1000)
    Predictions(p.astype(np.float16)).probabilities()
    with pytest.raises(ValueError, match=r"sum to 1\.[34]"):
        Predictions((1.4 * p).astype(np.float16)).probabilities()
    logits = np.array([[[-1e4, -5e3]]], np.float16)
    with pytest.raises(ValueError, match=r"sum to 0, further from 1 than 0\.1"):
        Predictions(logits, "log-probabilities").probabilities()


def test_single_precision_that_is_kept_in_double_is_accepted():
    p = drawn(3, 40, 10)
    rounded = p.astype(np.float32).astype(np.float64)
    assert np.abs(rounded.sum(-1) - 1).max() > 1e-8
    np.testing.assert_allclose(Predictions(rounded).probabilities().sum(-1), 1, 1e-15)
    np.testing.assert_allclose(square_roots(rounded) ** 2, p, rtol=2e-7)
    for found in (Predictions(1.00001 * p).probabilities, lambda: square_roots(p * 2)):
        with pytest.raises(ValueError, match="further from 1 than"):
            found()


def test_like_terms_of_many_classes_sum_to_one():
    even = np.full((2, 1, 50_000), 1 / 50_000, np.float32)
    found = Predictions(even).probabilities()
    np.testing.assert_allclose(found.sum(-1, dtype=float), 1, atol=1e-7)


def test_either_order_of_bytes_is_read():
    p = drawn(3, 4, 5)
    for order in "<>":
        found = Predictions(p.astype(f"{order}f4")).probabilities()
        np.testing.assert_allclose(found, p, rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_bad_logit_is_refused(value: float):
    logits = np.zeros((2, 3, 4))
    logits[1, 2, 3] = value
    with pytest.raises(ValueError, match=r"model 1 on sample 2 .* a number is"):
        Predictions(logits, "logits").probabilities()


def test_logits_are_not_taken_for_logarithms_of_probabilities():
    with pytest.raises(ValueError, match="sum to 4, further from 1"):
        Predictions(np.zeros((2, 3, 4)), "log-probabilities").probabilities()


def test_a_logarithm_of_zero_is_a_probability_of_zero():
    with np.errstate(divide="ignore"):
        logs = np.log([[[0.25, 0.75, 0.0]]])
    found = Predictions(logs, "log-probabilities").probabilities()
    np.testing.assert_allclose(found, [[[0.25, 0.75, 0]]])
    with pytest.raises(ValueError, match="all log-probabilities are -inf"):
        Predictions(np.full((1, 1, 2), -np.inf), "log-probabilities").probabilities()


def test_values_are_handed_out_as_they_are():
    values = np.random.default_rng(0).normal(size=(4, 5))
    np.testing.assert_array_equal(
        Predictions(values, "values").values()[..., 0], values
    )
    values[2, 1] = np.nan
    with pytest.raises(ValueError, match="model 2 on sample 1"):
        Predictions(values, "values").values()


def test_probabilities_of_values_and_values_of_probabilities_are_refused():
    with pytest.raises(ValueError, match="use the distance `gaussian`"):
        Predictions(np.ones((2, 3)), "values").probabilities()
    with pytest.raises(ValueError, match="must be `values`"):
        Predictions(drawn(2, 3, 4)).values()


@pytest.mark.parametrize("dtype", [int, bool, complex, object, np.longdouble])
def test_numbers_of_other_types_are_refused(dtype: type):
    with pytest.raises(ValueError, match="float16, float32 or float64, but holds"):
        Predictions(np.ones((2, 3, 4), dtype))


def test_one_class_is_refused_with_the_reason():
    with pytest.raises(ValueError, match="at least 2 classes, but has 1"):
        Predictions(np.ones((2, 3, 1)))


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4, 5), (0, 3, 4), (2, 0, 4)])
def test_other_shapes_are_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"must have the shape \(models, samples, cl"):
        Predictions(np.ones(shape))


def test_what_is_no_array_is_refused():
    with pytest.raises(ValueError, match="but is a list"):
        Predictions([[[0.5, 0.5]]])  # type: ignore[arg-type]


def test_options_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="`kind` must be one of"):
        Predictions(np.ones((2, 3, 4)), "votes")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"`smoothing` must lie in \[0, 1\)"):
        Predictions(np.ones((2, 3, 4)), smoothing=1.0)
    with pytest.raises(ValueError, match="`tolerance` must be finite"):
        Predictions(np.ones((2, 3, 4)), tolerance=-1.0)
