import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.dynamics import GradientDescent, PlainUpdate, simulate
from linnet.dynamics.outcome import CONVERGED, RESTING, Clock, End, at_rest, classify
from linnet.task import Moments

END = {
    "gap": 0.5,
    "drift": 1e-3,
    "at": 100.0,
    "stopped": False,
    "limit": CONVERGED,
    "rests": False,
    "leaves": np.inf,
    "deep": False,
}
TIME, STEPS = Clock(False, 1.0), Clock(True, 0.1)
NOISE = Clock(True, 0.1, is_noisy=True)


@pytest.mark.parametrize(
    ("changes", "clock", "kind", "message"),
    [
        ({}, TIME, "limit", "still moving at time 100: excess loss at 5.0e-01 of its"),
        ({"gap": 1e-9}, TIME, "converged", "excess loss at 1.0e-09 of its scale by"),
        ({"gap": 0.3, "limit": 0.4}, TIME, "converged", "by time 100"),
        (
            {"rests": True, "leaves": 123.4},
            TIME,
            "plateau",
            "on a plateau at time 100: excess loss at 5.0e-01 of its scale, to be left"
            " by about time 123.4: train longer",
        ),
        (
            {"rests": True, "leaves": 123.4, "deep": True},
            TIME,
            "plateau",
            "to be left by time 123.4 at the latest: train longer",
        ),
        (
            {"rests": True},
            TIME,
            "plateau",
            "and nothing moves it from there: start elsewhere",
        ),
        ({"rests": True, "leaves": 123.4}, STEPS, "plateau", "by about step 123:"),
        ({"rests": True, "leaves": 2.34567e7}, STEPS, "plateau", "step 2.35e+07:"),
        ({"rests": True}, STEPS, "plateau", "on a plateau at step 100: "),
        ({"at": 0.0}, TIME, "limit", "still moving at time 0"),
        ({"stopped": True}, TIME, "limit", "used up its steps at time 100: raise"),
        ({"stopped": True, "gap": 1e-9}, TIME, "converged", "by time 100"),
        (
            {"stopped": True, "at": 7.0},
            STEPS,
            "diverged",
            "diverged at step 7: lower the learning rate or the initial scale",
        ),
        ({"stopped": True, "gap": 0.0}, STEPS, "diverged", "at step 100"),
        ({}, STEPS, "limit", "of its scale; train longer"),
        ({}, NOISE, "limit", "of its scale; lower the learning rate"),
    ],
)
def test_an_end_is_told_for_what_it_is(changes, clock, kind, message):
    end = End(**{**END, **changes})
    outcome = classify(end, clock)
    assert outcome.kind == kind
    assert message in outcome.message
    assert (outcome.at, outcome.gap) == (end.at, end.gap)
    assert outcome.imbalance_drift == end.drift
    assert outcome.leaves == (end.leaves if kind == "plateau" else None)


@given(gap=st.floats(1e-6, 1.0), time=st.floats(1e-3, 1e6))
def test_rest_is_to_gain_less_than_a_hundredth_in_another_run_as_long(gap, time):
    gaps, times = np.full(2, gap), np.full(2, time)
    speeds = np.array([0.99, 1.01]) * RESTING * gap / time
    assert at_rest(gaps, speeds, times).tolist() == [True, False]


def test_a_run_that_has_not_begun_rests_only_if_it_cannot_move():
    speeds = np.array([0.0, 1e-9])
    assert at_rest(np.ones(2), speeds, np.zeros(2)).tolist() == [True, False]


def test_weight_decay_is_not_told_to_train_longer():
    moments = Moments(np.diag([1.0, 0.5]), np.array([[1.0, 0.2]]), np.eye(1))
    descent = GradientDescent(moments, 0.1, PlainUpdate(weight_decay=0.2))
    run = simulate(descent, (np.zeros((1, 2)),), steps=[2000])
    assert run.outcome.kind == "limit"
    assert "under weight decay at step 2000" in run.outcome.message
    assert "above the minimum of the loss alone" in run.outcome.message
    idle = simulate(descent, (np.zeros((2, 2)), np.zeros((1, 2))), steps=[2000])
    assert idle.outcome.leaves is None
