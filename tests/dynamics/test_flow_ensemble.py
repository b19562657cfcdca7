import sys

import numpy as np
import pytest
from scipy.linalg import expm

from linnet.dynamics import flow_ensemble

RNG = np.random.default_rng(0)
INPUTS = RNG.standard_normal((6, 3))
STARTS, TARGETS = RNG.standard_normal((4, 3)), RNG.standard_normal((4, 6))
TIMES = [0.0, 0.5, 3.0]


def test_every_trajectory_is_the_matrix_exponential_of_its_own_error(monkeypatch):
    module = sys.modules[flow_ensemble.__module__]
    monkeypatch.setattr(module, "CHUNK", 2)
    axes, told = RNG.standard_normal((6, 2)), []
    run = flow_ensemble(INPUTS, STARTS, TARGETS, TIMES, axes=axes, progress=told.append)
    for w, y, found in zip(STARTS, TARGETS, run.predictions, strict=True):
        end = np.linalg.lstsq(INPUTS, y)[0]
        for at, seen in zip(TIMES, found, strict=True):
            left = expm(-at * INPUTS.T @ INPUTS / 6) @ (w - end)
            expected = axes.T @ INPUTS @ (end + left)
            np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-8)
    assert told == [0.5, 1.0]
    assert run.steps.tolist() == TIMES
    assert run.diverged == 0


def test_one_target_may_serve_for_all_and_predictions_may_be_on_other_inputs():
    other = RNG.standard_normal((2, 3))
    run = flow_ensemble(INPUTS, STARTS, TARGETS[0], [0, 1e4], evaluate_on=other)
    end = other @ np.linalg.lstsq(INPUTS, TARGETS[0])[0]
    np.testing.assert_allclose(run.predictions[:, 0], STARTS @ other.T, atol=1e-12)
    np.testing.assert_allclose(run.predictions[:, 1], np.tile(end, (4, 1)), atol=1e-7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"starts": STARTS[:, :2]}, "`starts` must be"),
        ({"targets": TARGETS[:2]}, "must agree"),
        ({"times": [1, 0.5]}, "`times` must be finite"),
        ({"axes": np.ones((3, 1))}, r"`axes` must be a matrix \(6, d\)"),
        ({"trajectories": 2}, "must agree"),
        ({"memory_limit": 100}, "4 trajectories at 3 times of 6 numbers take"),
        ({"memory_limit": 1000}, "but `memory_limit` is"),  # no room to step in
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    given = {"inputs": INPUTS, "starts": STARTS, "targets": TARGETS, "times": TIMES}
    with pytest.raises(ValueError, match=message):
        flow_ensemble(**{**given, **change})
