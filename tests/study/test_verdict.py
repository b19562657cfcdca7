"""Four tests, three outcomes each, and no number that JSON cannot hold."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import Estimate
from linnet.study import Bound, ChiSquare, UpperBound, ZTest

NAN, INF = np.nan, np.inf


def estimate(value, stderr):
    value = np.asarray(value, dtype=float)
    return Estimate(value, np.broadcast_to(stderr, value.shape), 10)


def with_mean(mean):
    """Normal samples, moved so that their mean is exact up to rounding."""
    mean = np.asarray(mean, dtype=float)
    samples = np.random.default_rng(0).standard_normal((40, len(mean)))
    return samples - samples.mean(0) + mean


# Bound


@pytest.mark.parametrize(
    ("observed", "wrong", "outcome", "deviation", "wrong_deviation"),
    [
        ([1.0, 2.01], [2.0, 4.0], "holds", 0.005, 0.995),
        ([1.0, 2.5], [2.0, 4.0], "fails", 0.25, 0.75),
        # Power is asked of a theory that holds; here the wrong one is too close.
        ([1.0, 2.01], [1.0, 2.02], "not resolved", 0.005, 0.005),
        # One that fails has failed, whatever the wrong theory says.
        ([1.0, 2.5], [1.0, 2.5], "fails", 0.25, 0.0),
        ([2.0, 4.0], [2.0, 4.0], "fails", 1.0, 0.0),
    ],
)
def test_a_bound_holds_fails_or_is_not_resolved(
    observed, wrong, outcome, deviation, wrong_deviation
):
    predicted = np.array([1.0, 2.0])
    found = Bound(0.01).judge("x", predicted, np.array(observed), np.array(wrong))
    assert (found.outcome, found.test, found.tolerance) == (outcome, "bound", 0.01)
    np.testing.assert_allclose(found.deviation, deviation, rtol=1e-12)
    np.testing.assert_allclose(found.wrong_deviation, wrong_deviation, rtol=1e-12)
    assert found.stderr is None
    assert found.z is None


def test_the_headline_of_a_bound_is_the_entry_that_deviates_most():
    predicted = np.array([[1.0, -3.0], [5.0, 7.0]])
    observed = predicted + np.array([[0.1, -0.4], [0.2, 0.0]])
    found = Bound(0.01).judge("label", predicted, observed, 2 * predicted)
    assert (found.label, found.predicted, found.observed) == ("label", -3.0, -3.4)
    np.testing.assert_allclose(found.deviation, 0.4 / 7)


def test_a_bound_on_each_entry_sees_a_small_one():
    predicted, observed = np.array([1.0, 1e-6]), np.array([1.0, 2e-6])
    wrong = 10 * predicted
    largest = Bound(1e-3).judge("x", predicted, observed, wrong)
    each = Bound(1e-3, relative_to="each").judge("x", predicted, observed, wrong)
    assert (largest.outcome, each.outcome) == ("holds", "fails")
    np.testing.assert_allclose([largest.deviation, each.deviation], [1e-6, 1.0])
    assert each.predicted == 1e-6


@pytest.mark.parametrize("relative_to", ["largest", "each"])
def test_gaps_from_zero_are_judged_as_they_are(relative_to):
    test = Bound(1e-3, relative_to=relative_to)
    for observed, outcome in ((1e-4, "holds"), (1e-2, "fails")):
        found = test.judge("x", np.zeros(2), np.full(2, observed), np.ones(2))
        assert (found.outcome, found.deviation) == (outcome, observed)


def test_the_bound_itself_holds_and_the_margin_itself_has_no_power():
    held = Bound(0.25).judge("x", 1.0, 1.25, 9.0)
    assert (held.outcome, held.deviation) == ("holds", 0.25)
    assert Bound(0.25).judge("x", 1.0, 1.0, 1.75).outcome == "not resolved"
    assert Bound(0.25).judge("x", 1.0, 1.0, 1.75 + 1e-12).outcome == "holds"
    assert Bound(0.25, margin=2.0).judge("x", 1.0, 1.0, 1.75).outcome == "holds"


@given(
    values=st.lists(st.integers(1, 1000) | st.integers(-1000, -1), min_size=1),
    gap=st.floats(-1, 1),
    power=st.integers(-60, 60),
    relative_to=st.sampled_from(["largest", "each"]),
)
def test_a_bound_does_not_depend_on_the_unit(values, gap, power, relative_to):
    truth = np.array(values, dtype=float)
    unit = 2.0**power  # exact
    test = Bound(0.1, relative_to)
    plain = test.judge("x", truth, truth + gap, 2 * truth)
    scaled = test.judge("x", unit * truth, unit * (truth + gap), unit * 2 * truth)
    assert scaled.outcome == plain.outcome
    assert scaled.deviation == plain.deviation
    assert scaled.wrong_deviation == plain.wrong_deviation


def test_an_estimate_is_bounded_by_its_value_alone():
    found = Bound(0.01).judge("x", 1.0, estimate(1.5, 10.0), 2.0)
    assert (found.outcome, found.observed, found.stderr) == ("fails", 1.5, None)


# At most


@pytest.mark.parametrize(
    ("observed", "wrong", "outcome", "deviation", "wrong_deviation"),
    [
        ([1.0, 1.5], [0.5, 1.0], "holds", 0.0, 1.0),
        ([1.005, 1.0], [0.5, 2.0], "holds", 0.005, 1.01),
        ([1.02, 0.1], [0.5, 2.0], "fails", 0.02, 1.04),
        # So far below that the stronger bound fits as well.
        ([0.1, 0.1], [0.5, 1.0], "not resolved", 0.0, 0.0),
        ([1.0, 1.5], [0.99, 2.0], "not resolved", 0.0, 1 / 99),
        ([1.5, 1.0], [2.0, 4.0], "fails", 0.5, 0.0),
    ],
)
def test_an_upper_bound_holds_fails_or_is_not_resolved(
    observed, wrong, outcome, deviation, wrong_deviation
):
    predicted = np.array([1.0, 2.0])
    found = UpperBound(0.01).judge("x", predicted, np.array(observed), np.array(wrong))
    assert (found.outcome, found.test, found.tolerance) == (outcome, "at most", 0.01)
    np.testing.assert_allclose(found.deviation, deviation, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.wrong_deviation, wrong_deviation, rtol=1e-12)
    assert found.stderr is None
    assert found.z is None


def test_the_headline_of_an_upper_bound_is_the_entry_closest_to_it():
    predicted = np.array([1.0, 10.0, -4.0])
    found = UpperBound(0.01).judge(
        "x", predicted, predicted - [0.5, 1.0, 1.0], predicted
    )
    assert (found.predicted, found.observed, found.deviation) == (10.0, 9.0, 0.0)


def test_an_upper_bound_of_zero_is_exceeded_by_what_it_is():
    for observed, outcome in ((1e-4, "holds"), (1e-2, "fails"), (-5.0, "holds")):
        found = UpperBound(1e-3).judge("x", 0.0, observed, -9.0)
        assert (found.outcome, found.deviation) == (outcome, max(observed, 0.0))


def test_the_slack_itself_holds_and_its_margin_itself_has_no_power():
    assert UpperBound(0.25).judge("x", 1.0, 1.25, 0.1).outcome == "holds"
    assert UpperBound(0.25).judge("x", 4.0, 3.5, 2.0).outcome == "not resolved"
    assert UpperBound(0.25, margin=2.0).judge("x", 4.0, 3.5, 2.0).outcome == "holds"


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_an_observation_that_is_no_number_is_under_no_bound(bad):
    observed = np.array([0.5, bad])
    found = UpperBound(0.01).judge("x", np.ones(2), observed, np.full(2, 0.1))
    assert (found.outcome, found.deviation, found.observed) == ("fails", None, None)
    json.dumps(asdict(found), allow_nan=False)


# z


@pytest.mark.parametrize(
    ("predicted", "wrong", "outcome", "z", "wrong_deviation"),
    [
        ([3.0, 4.7], [6.0, 9.4], "holds", 3.0, 44.0),
        ([3.0, 4.5], [6.0, 9.0], "fails", 5.0, 40.0),
        ([3.0, 5.5], [6.0, 11.0], "fails", -5.0, 60.0),
        ([3.0, 4.7], [3.5, 5.5], "not resolved", 3.0, 5.0),
        ([3.0, 9.4], [3.0, 5.0], "fails", -44.0, 0.0),
    ],
)
def test_z_holds_fails_or_is_not_resolved(
    predicted, wrong, outcome, z, wrong_deviation
):
    observed = estimate([3.0, 5.0], 0.1)
    found = ZTest().judge("x", np.array(predicted), observed, np.array(wrong))
    assert (found.outcome, found.test, found.tolerance) == (outcome, "z", 4.0)
    np.testing.assert_allclose(found.z, z, rtol=1e-12)
    assert found.deviation == abs(found.z)
    np.testing.assert_allclose(found.wrong_deviation, wrong_deviation, rtol=1e-12)
    assert (found.predicted, found.observed) == (predicted[1], 5.0)
    assert found.stderr == 0.1


def test_a_factor_of_two_must_have_been_seen_at_ten_standard_errors():
    truth, twice = 1.0, 2.0
    for stderr, outcome in ((0.099, "holds"), (0.11, "not resolved")):
        assert (
            ZTest().judge("x", truth, estimate(1.0, stderr), twice).outcome == outcome
        )


def test_z_takes_estimates_of_numbers_and_of_matrices():
    number = ZTest().judge("x", 2.0, estimate(2.1, 0.1), 4.0)
    np.testing.assert_allclose(number.z, 1.0)
    truth = np.arange(6.0).reshape(2, 3)
    seen = truth.copy()
    seen[1, 0] += 0.35
    matrix = ZTest().judge("x", truth, estimate(seen, 0.1), truth + 2)
    np.testing.assert_allclose(matrix.z, 3.5)
    assert (matrix.predicted, matrix.outcome) == (3.0, "holds")


def test_what_is_known_exactly_is_met_or_missed():
    exact = estimate([1.0, 2.0], 0.0)
    met = ZTest().judge("x", np.array([1.0, 2.0]), exact, np.array([1.0, 3.0]))
    assert (met.outcome, met.z, met.deviation) == ("holds", 0.0, 0.0)
    assert met.wrong_deviation is None  # infinite
    missed = ZTest().judge("x", np.array([1.0, 3.0]), exact, np.array([1.0, 2.0]))
    assert (missed.outcome, missed.z, missed.deviation) == ("fails", None, None)
    assert missed.wrong_deviation == 0.0


def test_a_wrong_theory_beyond_all_numbers_has_been_rejected():
    # 1e200 standard errors of 1e-200: more than the largest float.
    found = ZTest().judge("x", 0.0, estimate(0.0, 1e-200), 1e200)
    assert (found.outcome, found.wrong_deviation) == ("holds", None)


# What is not finite


def bound_on(observed):
    return observed


def z_on(observed):
    return estimate(observed, 0.1)


def samples_on(observed):
    return with_mean(observed)


every_test = pytest.mark.parametrize(
    ("test", "seen"),
    [
        (Bound(0.01), bound_on),
        (Bound(0.01, relative_to="each"), bound_on),
        (UpperBound(0.01), bound_on),
        (ZTest(), z_on),
        (ChiSquare(), samples_on),
    ],
)
TRUTH = np.array([1.0, 2.0])


@every_test
@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("entry", [0, 1])
def test_a_prediction_that_is_no_number_fails(test, seen, bad, entry):
    predicted = TRUTH.copy()
    predicted[entry] = bad
    found = test.judge("x", predicted, seen(TRUTH), 2 * TRUTH)
    assert (found.outcome, found.deviation, found.predicted) == ("fails", None, None)
    assert found.observed == pytest.approx(TRUTH[entry])
    json.dumps(asdict(found), allow_nan=False)


@every_test
@pytest.mark.parametrize("entry", [0, 1])
def test_a_wrong_theory_that_says_nothing_gives_no_power(test, seen, entry):
    wrong = 2 * TRUTH
    wrong[entry] = NAN
    found = test.judge("x", TRUTH, seen(TRUTH), wrong)
    assert (found.outcome, found.wrong_deviation) == ("not resolved", None)
    json.dumps(asdict(found), allow_nan=False)


@every_test
@pytest.mark.parametrize("bad", [INF, -INF])
def test_a_wrong_theory_that_diverges_is_rejected(test, seen, bad):
    found = test.judge("x", TRUTH, seen(TRUTH), np.array([1.0, bad]))
    assert (found.outcome, found.wrong_deviation) == ("holds", None)
    json.dumps(asdict(found), allow_nan=False)


@every_test
def test_a_comparison_is_plain_numbers_and_words(test, seen):
    found = asdict(test.judge("x", TRUTH, seen(TRUTH), -3 * TRUTH))
    assert found["outcome"] == "holds"
    for name, value in found.items():
        assert type(value) in (str, float, type(None)), name
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize("relative_to", ["largest", "each"])
@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_an_observation_that_is_no_number_fails_a_bound(bad, relative_to):
    truth = np.array([1.0, 2.0])
    observed = np.array([1.0, bad])
    found = Bound(0.01, relative_to).judge("x", truth, observed, 2 * truth)
    assert (found.outcome, found.deviation) == ("fails", None)
    assert (found.predicted, found.observed) == (2.0, None)
    json.dumps(asdict(found), allow_nan=False)


def test_the_same_infinity_on_both_sides_is_no_agreement():
    both = np.array([1.0, INF])
    assert Bound(0.01).judge("x", both, both, 2 * both).outcome == "fails"


# Refusals


TWO, THREE = np.ones(2), np.ones(3)


@pytest.mark.parametrize(
    ("test", "two", "three"),
    [
        (Bound(0.1), TWO, THREE),
        (UpperBound(0.1), TWO, THREE),
        (ZTest(), estimate(TWO, 0.1), estimate(THREE, 0.1)),
        (ChiSquare(), with_mean(TWO), with_mean(THREE)),
    ],
)
def test_shapes_that_differ_are_refused_by_every_test(test, two, three):
    calls = [(THREE, two, TWO), (TWO, two, THREE), (TWO, three, TWO), (1.0, two, TWO)]
    for predicted, observed, wrong in calls:
        with pytest.raises(ValueError, match=r"of `x` must have one shape, but has \("):
            test.judge("x", predicted, observed, wrong)


@pytest.mark.parametrize(
    ("test", "nothing"),
    [(Bound(0.1), np.empty(0)), (ChiSquare(), np.empty((4, 0)))],
)
def test_nothing_to_compare_is_refused(test, nothing):
    with pytest.raises(ValueError, match=r"one shape, but has \(0,\), \(0,\) and"):
        test.judge("x", np.empty(0), nothing, np.empty(0))


@pytest.mark.parametrize("observed", [1.0, np.ones(2)])
def test_z_without_an_error_bar_is_refused(observed):
    with pytest.raises(
        ValueError, match=r"`x` is judged by its error bar.*bare number"
    ):
        ZTest().judge("x", observed, observed, observed)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Bound(0.0),
        lambda: Bound(-0.1),
        lambda: Bound(NAN),
        lambda: Bound(INF),
        lambda: Bound(0.1, margin=0.5),
        lambda: Bound(0.1, margin=INF),
        lambda: UpperBound(0.0),
        lambda: UpperBound(0.1, margin=0.5),
        lambda: UpperBound(NAN),
        lambda: ZTest(limit=0.0),
        lambda: ZTest(limit=4.0, power=3.0),
        lambda: ZTest(power=INF),
        lambda: ZTest(power=NAN),
        lambda: ChiSquare(limit=NAN),
        lambda: ChiSquare(limit=11.0),
    ],
)
def test_a_test_that_would_accept_what_it_rejects_is_refused(make):
    with pytest.raises(
        ValueError, match="within a positive limit and have power at or"
    ):
        make()


def test_a_misspelled_unit_of_the_bound_is_refused():
    with pytest.raises(ValueError, match="`largest` or `each`, but is `every`"):
        Bound(0.1, relative_to="every")


def test_errors_of_a_prediction_and_of_an_observation_add_up_in_squares():
    observed = Estimate(np.array(1.0), np.array(0.3), 2)
    predicted = Estimate(np.array(2.0), np.array(0.4), 2)
    found = ZTest().judge("x", predicted, observed, 11.0)
    assert found.stderr == pytest.approx(0.5)
    assert found.z == pytest.approx(-2.0)
    assert found.wrong_deviation == pytest.approx(20.0)
