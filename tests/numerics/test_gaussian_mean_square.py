import numpy as np
import pytest

from linnet.numerics import fresh_feedback, largest_stable_fresh_rate

VARIANCES = np.array([1.0, 0.4, 0.1])


def step_map(rate, size):
    h = VARIANCES
    own = 1 - 2 * rate * h + rate**2 * (1 + 1 / size) * h**2
    return np.diag(own) + rate**2 / size * np.outer(h, h)


@pytest.mark.parametrize("size", [1, 3])
def test_at_the_largest_stable_rate_the_map_has_radius_one(size):
    rate = largest_stable_fresh_rate(VARIANCES, size)
    assert np.linalg.eigvalsh(step_map(rate, size))[-1] == pytest.approx(1, abs=1e-12)
    assert fresh_feedback(VARIANCES, rate, size)[1] == pytest.approx(1, abs=1e-9)


def test_the_share_over_one_minus_the_feedback_is_where_a_constant_drive_rests():
    share, feedback = fresh_feedback(VARIANCES, 0.3, 2)
    rest = share / (1 - feedback)
    again = step_map(0.3, 2) @ rest + 0.3**2 / 2 * VARIANCES
    np.testing.assert_allclose(again, rest, rtol=1e-13)


def test_beyond_a_pole_the_feedback_is_infinite():
    assert fresh_feedback(VARIANCES, 1.01, 1)[1] == np.inf
