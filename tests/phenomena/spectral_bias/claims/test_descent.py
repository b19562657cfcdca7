import numpy as np
import pytest

import linnet.dynamics
from linnet.phenomena.spectral_bias import measure, theory
from linnet.phenomena.spectral_bias.claims import descent, runs
from linnet.phenomena.spectral_bias.claims.descent import (
    RATE,
    SLOWEST,
    LargestStableRate,
    LateRate,
)
from linnet.study import run_claim

EDGE, LATE = LargestStableRate(), LateRate()


def test_the_largest_stable_rate_is_two_over_the_sharpness_of_the_trained_layers(
    problem, judged
):
    for name in ("correlated", "lazy", "one output"):
        asked, said = problem(name), judged(EDGE, name)
        first, second = runs.trained(asked, asked.init_scale).weights
        xx, k = asked.moments.xx, len(second)
        dense = np.kron(np.eye(k), first.T @ first @ xx)
        dense += np.kron(second @ second.T, xx)
        edge = 2 / np.linalg.eigvals(dense).real.max()
        assert said.predicted[RATE] == pytest.approx(edge, rel=1e-5)
        assert said.observed[RATE] == pytest.approx(edge, rel=0.01)
        assert said.wrong[RATE] == pytest.approx(edge / 2, rel=1e-5)


@pytest.mark.parametrize("factor", [0.98, 1.05])
def test_an_edge_somewhat_off_the_predicted_one_is_measured_and_fails(
    factor, fresh, monkeypatch
):
    asked, genuine = fresh("lazy"), linnet.dynamics.GradientDescent
    monkeypatch.setattr(
        linnet.dynamics, "GradientDescent", lambda m, rate: genuine(m, factor * rate)
    )
    verdict, _ = run_claim(EDGE, asked)
    assert verdict.is_failure
    assert verdict.observed == pytest.approx(verdict.predicted / factor, rel=0.01)


def test_an_edge_that_is_further_than_predicted_is_not_seen_and_fails(
    fresh, monkeypatch
):
    asked, genuine = fresh("lazy"), linnet.dynamics.GradientDescent
    monkeypatch.setattr(
        linnet.dynamics, "GradientDescent", lambda m, rate: genuine(m, 0.9 * rate)
    )
    verdict, _ = run_claim(EDGE, asked)
    assert verdict.is_failure
    assert verdict.observed is None  # and no number is made up


def test_below_the_edge_descent_comes_to_rest_and_above_it_departs(problem):
    trials = descent._trials(problem("lazy"))
    (rate, above), (lower, below) = trials[descent.ABOVE], trials[descent.BELOW]
    assert lower < descent._stable_rate(problem("lazy")) < rate
    assert below[-1] < 1e-3 * below[:10].max()
    assert above[-1] > 1e3 * above[:10].max()


def test_the_late_rate_is_twice_the_slowest_decay_of_the_loss(problem, judged):
    for name in ("correlated", "lazy", "white", "one output"):
        said = judged(LATE, name)
        run = runs.trained(problem(name), problem(name).init_scale)
        late = (run.gap < 1e-8) & (run.gap > 1e-14)
        slope = np.polyfit(run.times[late], np.log(run.gap[late]), 1)[0]
        predicted = said.predicted[SLOWEST].value
        assert predicted == pytest.approx(-slope, rel=0.05)
        assert said.wrong[SLOWEST] == pytest.approx(predicted / 2)


def test_the_end_is_seen_over_five_decades_evenly(problem):
    for name in ("correlated", "lazy", "white"):
        times, gap = descent._ending(problem(name))
        assert len(times) == len(gap) == 101
        assert (np.diff(gap) < 0).all()
        assert gap[-1] == pytest.approx(descent.END, rel=0.5)
        assert gap[0] / gap[-1] == pytest.approx(1e5, rel=0.5)
        steps = -np.diff(np.log10(gap))
        assert steps.max() < 0.5


def test_a_loss_that_falls_steeply_just_before_its_end_is_seen_all_the_same(fresh):
    # The second mode holds 1e-12 of the loss, and is the slow end of training.
    asked = fresh("weak mode", init_scale=0.02)
    assert LATE.applies(asked) is None
    verdict, _ = run_claim(LATE, asked)
    assert verdict.verdict == "not resolved"
    assert verdict.stderr > 0.1 * verdict.predicted


def test_a_slow_end_that_carries_too_little_of_the_loss_is_no_end(fresh):
    asked = fresh("weak mode", init_scale=1.5)
    reason = LATE.applies(asked)
    assert reason == (
        "the direction in which training ends carries so little of the loss that it has"
        " not outlived the others when 1e-14 of the loss is left"
    )
    # Rightly so: what would be seen is the rate of another direction.
    observed = LATE.observe(asked)[SLOWEST]
    slowest = 2 * runs.curvature(asked, asked.init_scale).slowest
    assert abs(observed.z(slowest)) > 10


def test_a_prediction_lies_between_the_limit_and_the_linearized_rate(problem):
    for name in ("correlated", "lazy", "one output"):
        asked = problem(name)
        predicted = LATE.predict(asked)[SLOWEST]
        limit = 2 * runs.curvature(asked, asked.init_scale).slowest
        there = theory.late_rate(asked.moments, asked.init_scale, 10 * descent.END)
        assert limit <= predicted.value <= there
        # An even distribution over the bracket has this spread.
        assert predicted.stderr == pytest.approx((there - limit) / np.sqrt(12))


def test_a_rate_that_still_changes_leaves_the_late_rate_unresolved(fresh, monkeypatch):
    genuine = measure.late_decay_rate

    def unsettled(times, curve):
        found = genuine(times, curve)
        return measure.Rate(found.value, 0.3 * found.value)

    monkeypatch.setattr(measure, "late_decay_rate", unsettled)
    verdict, _ = run_claim(LATE, fresh("white"))
    assert verdict.verdict == "not resolved"
    assert not verdict.is_failure


def test_the_late_rate_has_an_error_bar_of_at_least_one_per_cent(judged):
    for name in ("correlated", "white"):
        verdict = judged(LATE, name).verdict
        assert verdict.test == "z"
        assert verdict.status == "asymptotic"
        assert verdict.stderr >= 0.01 * verdict.observed
