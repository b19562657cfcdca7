import dataclasses
from itertools import permutations

import numpy as np
import pytest

from linnet.dynamics import Outcome, Trajectory

OUTCOMES = {
    kind: Outcome(kind, 2.0, 0.1, drift, None, f"ended as {kind}")
    for drift, kind in enumerate(("diverged", "plateau", "limit", "converged"))
}


def trajectory(outcomes):
    return Trajectory(
        times=np.array([0.0, 2.0]),
        steps=None,
        observables={"loss": np.ones(2), "map": np.ones((2, 3, 4))},
        weights=(np.ones((3, 4)),),
        gap=np.array([1.0, 0.1]),
        outcomes=outcomes,
        method="by hand",
        evaluations=7,
    )


@pytest.mark.parametrize("order", list(permutations(OUTCOMES)))
def test_the_outcome_of_many_replicas_is_the_worst(order):
    while order:
        run = trajectory(tuple(OUTCOMES[kind] for kind in order))
        worst = min(order, key=list(OUTCOMES).index)
        assert run.outcome is OUTCOMES[worst]
        assert run.imbalance_drift == max(OUTCOMES[k].imbalance_drift for k in order)
        order = [kind for kind in order if kind != worst]


def test_observables_are_found_by_name():
    run = trajectory((OUTCOMES["limit"],))
    assert run["map"] is run.observables["map"]


def test_an_observable_that_was_not_saved_is_refused_with_those_that_were():
    with pytest.raises(KeyError, match=r"No observable `gain` was saved; .* loss, map"):
        trajectory((OUTCOMES["limit"],))["gain"]


def test_a_run_tells_in_one_line_what_was_done_and_how_it_ended():
    expected = (
        "2 saved times up to t = 2 (loss (2,), map (2, 3, 4)); by hand; ended as limit"
    )
    assert str(trajectory((OUTCOMES["limit"],))) == expected


def test_a_run_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        trajectory((OUTCOMES["limit"],)).evaluations = 0
