import pytest
from hypothesis import given
from hypothesis import strategies as st

from linnet.dynamics.outcome import CONVERGED, RESTING, classify

RUN = {
    "gap": 0.5,
    "speed": 1.0,
    "at": 100.0,
    "stopped": False,
    "is_discrete": False,
    "time_unit": 1.0,
    "limit": CONVERGED,
}


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({}, "limit", "still moving at time 100: excess loss at 5.0e-01 of its scale"),
        ({"gap": 1e-9}, "converged", "excess loss at 1.0e-09 of its scale by time 100"),
        ({"gap": 0.3, "limit": 0.4}, "converged", "by time 100"),
        (
            {"speed": 1e-5},
            "plateau",
            "stopped on a plateau at time 100: excess loss at",
        ),
        ({"speed": 0.0}, "plateau", "at 5.0e-01 of its scale"),
        ({"speed": 0.0, "at": 0.0}, "plateau", "at time 0"),
        ({"at": 0.0}, "limit", "still moving at time 0"),
        ({"stopped": True}, "limit", "the solver used up its steps at time 100: raise"),
        ({"stopped": True, "gap": 1e-9}, "converged", "by time 100"),
        (
            {"stopped": True, "is_discrete": True, "at": 7.0},
            "diverged",
            "diverged at step 7: lower the learning rate or the initial scale",
        ),
        ({"stopped": True, "is_discrete": True, "gap": 0.0}, "diverged", "at step 100"),
        ({"is_discrete": True}, "limit", "still moving at step 100"),
    ],
)
def test_an_end_is_told_for_what_it_is(changes, kind, message):
    run = {**RUN, **changes}
    outcome = classify(**run)
    assert outcome.kind == kind
    assert message in outcome.message
    assert (outcome.at, outcome.gap) == (run["at"], run["gap"])


@given(gap=st.floats(1e-6, 1.0), at=st.floats(1e-3, 1e6), rate=st.floats(1e-6, 10.0))
def test_rest_is_to_gain_less_than_a_hundredth_in_another_run_as_long(gap, at, rate):
    for is_discrete, unit in ((False, 1.0), (True, rate)):
        for share, kind in ((0.99 * RESTING, "plateau"), (1.01 * RESTING, "limit")):
            speed = share * gap / (at * unit)  # a step takes the time of the rate
            run = {"gap": gap, "speed": speed, "at": at, "time_unit": unit}
            outcome = classify(**{**RUN, **run, "is_discrete": is_discrete})
            assert outcome.kind == kind
