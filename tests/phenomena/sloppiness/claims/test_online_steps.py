"""The edge of stability, out of single steps."""

import numpy as np

from linnet.phenomena.sloppiness.claims.online_steps import _edge, observed_edge


def test_one_direction_explodes_where_its_fourth_moment_says():
    # Mean gradient h, mean square (3 h^2 + (m - 1) h^2) / m: the rate is 2 m / (m + 2).
    found = observed_edge((0.5,), 2, groups=32, steps=400, seed=0)
    assert abs(found.z(2 * 2 / (2 + 2) / 0.5)) < 4
    assert abs(found.z(2 / 0.5)) > 10


def test_directions_feed_each_other():
    means, squares = np.array([1.0, 1.0]), np.array([[3.0, 1.0], [1.0, 3.0]])
    assert _edge(means, squares) == 0.5  # 2 / (3 + 1)
    alone = _edge(means, np.diag([3.0, 3.0]))
    np.testing.assert_allclose(alone, 2 / 3)
