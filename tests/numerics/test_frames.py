import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import Estimate, haar_frame

seeds = st.integers(0, 2**32 - 1)


def drawn(d, rank, count=3000, seed=0):
    rng = np.random.default_rng(seed)
    return np.array([haar_frame(d, rank, rng) for _ in range(count)])


@given(seed=seeds, d=st.integers(1, 30), data=st.data())
def test_frames_are_orthonormal(seed, d, data):
    rank = data.draw(st.integers(1, d))
    frame = haar_frame(d, rank, np.random.default_rng(seed))
    assert frame.shape == (d, rank)
    np.testing.assert_allclose(frame.T @ frame, np.eye(rank), atol=1e-14 * (d + 9))


def test_the_same_generator_state_gives_the_same_frame():
    one, same, other = (
        haar_frame(5, 3, np.random.default_rng(seed)) for seed in (4, 4, 5)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).all()


@pytest.mark.statistical
def test_frames_point_anywhere():
    frames = drawn(3, 2)
    mean, square = Estimate.from_samples(frames), Estimate.from_samples(frames**2)
    assert np.abs(mean.z(0.0)).max() < 4
    # Without the sign of R the first column points away from the first axis: its first
    # entry would be minus the mean distance from the equator, 1/2.
    assert abs(mean.z(-0.5)[0, 0]) > 10
    assert np.abs(square.z(1 / 3)).max() < 4
    assert np.abs(square.z(2 / 3)).min() > 10


@pytest.mark.statistical
def test_fourth_moments_are_those_of_the_uniform_measure():
    d, frames = 3, drawn(3, 2, seed=1)
    fourth = Estimate.from_samples(frames**4)
    assert np.abs(fourth.z(3 / (d * (d + 2)))).max() < 4
    assert np.abs(fourth.z(3 / d**2)).min() > 10  # normal entries, not normalized
    # Squares in one row are not independent, for they share a norm of at most one.
    row = Estimate.from_samples(frames[:, 0, 0] ** 2 * frames[:, 0, 1] ** 2)
    assert abs(row.z(1 / (d * (d + 2)))) < 4
    assert abs(row.z(1 / d**2)) > 10


@pytest.mark.statistical
def test_orthogonal_columns_are_not_independent():
    d, frames = 2, drawn(2, 2, seed=3)
    cross = Estimate.from_samples(frames[:, 0, 0] ** 2 * frames[:, 1, 1] ** 2)
    assert abs(cross.z((d + 1) / ((d - 1) * d * (d + 2)))) < 4
    assert abs(cross.z(1 / d**2)) > 10


@pytest.mark.statistical
def test_full_frames_turn_and_reflect_alike():
    determinants = np.linalg.det(drawn(3, 3, seed=2))
    np.testing.assert_allclose(np.abs(determinants), 1, rtol=1e-13)
    mean = Estimate.from_samples(determinants)
    assert abs(mean.z(0.0)) < 4
    assert abs(mean.z(1.0)) > 10  # rotations only


def test_one_dimension_has_two_frames():
    assert set(drawn(1, 1, count=50).ravel()) == {-1.0, 1.0}


@pytest.mark.parametrize("rank", [0, -1, 4])
def test_a_rank_that_the_dimension_cannot_hold_is_refused(rank):
    with pytest.raises(
        ValueError, match=rf"`rank` must lie in \[1, 3\], but is {rank}"
    ):
        haar_frame(3, rank, np.random.default_rng(0))
