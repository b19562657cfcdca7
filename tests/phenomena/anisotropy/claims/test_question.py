import numpy as np
import pytest

import linnet
from linnet.analyze import pose
from linnet.phenomena.anisotropy.claims import question, splits
from linnet.study import Problem
from linnet.task import Dataset, Moments


def test_class_labels_are_asked_for_what_varies():
    output = question.output(pose(linnet.load("iris")))
    assert abs(output.sum()) < 1e-10  # the sum of all labels is always one


def test_moments_alone_are_asked_for_what_correlates():
    cross = np.array([[0.0, 1.0], [0.0, -3.0]])
    moments = Moments(np.eye(2), cross, 20 * np.eye(2))
    output = question.output(Problem("moments", moments, None, 2, 1e-4, None))
    np.testing.assert_allclose(output, np.array([-1, 3]) / np.sqrt(10))


@pytest.mark.parametrize("center", [True, False])
def test_phases_and_test_errors_are_of_the_same_output(center):
    rng = np.random.default_rng(0)
    inputs = 1 + rng.standard_normal((50, 3))
    problem = pose(Dataset(inputs, 5 + inputs[:, :2], "two").prepared(center=center))
    values = splits.samples(problem)[1]
    asked = question.moments(problem)
    np.testing.assert_allclose(asked.yx[0], values @ problem.dataset.inputs / 50)
    assert asked.yy[0, 0] == pytest.approx((values**2).mean())
