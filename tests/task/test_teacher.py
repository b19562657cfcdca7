import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import Estimate
from linnet.task import (
    Moments,
    Teacher,
    aligned_teacher,
    geometric_covariance,
    isotropic_covariance,
    low_rank_teacher,
    population_moments,
    sample_dataset,
    spiked_covariance,
)

seeds = st.integers(0, 2**32 - 1)


def generator(seed=0):
    return np.random.default_rng(seed)


@given(
    seed=seeds,
    d=st.integers(2, 10),
    alignment=st.floats(-1, 1),
    norm=st.floats(1e-6, 1e6),
)
def test_an_aligned_teacher_has_this_cosine_and_norm(seed, d, alignment, norm):
    direction = generator(seed).standard_normal(d)
    teacher = aligned_teacher(direction, alignment, norm, generator(seed + 1))
    w = teacher.end_to_end[0]
    np.testing.assert_allclose(np.linalg.norm(w), norm, rtol=1e-13)
    cosine = w @ direction / (norm * np.linalg.norm(direction))
    np.testing.assert_allclose(cosine, alignment, atol=1e-14)


@pytest.mark.parametrize("alignment", [1.0, -1.0])
@pytest.mark.parametrize("d", [1, 4])
def test_full_alignment_gives_the_direction_itself(alignment, d):
    teacher = aligned_teacher(np.eye(d)[0] * 3, alignment, 2.0, generator())
    np.testing.assert_array_equal(teacher.end_to_end, 2 * alignment * np.eye(d)[:1])


@pytest.mark.statistical
def test_the_part_across_points_anywhere():
    rng = generator(3)
    rows = [
        aligned_teacher(np.eye(4)[0], 0.6, 1.0, rng).end_to_end[0] for _ in range(4000)
    ]
    mean, square = Estimate.from_samples(rows), Estimate.from_samples(np.square(rows))
    assert np.abs(mean.z(0.0))[1:].max() < 4
    assert np.abs(square.z(0.64 / 3))[1:].max() < 4
    assert np.abs(square.z(2 * 0.64 / 3))[1:].max() > 10


@given(seed=seeds, k=st.integers(1, 5), d=st.integers(1, 5), data=st.data())
def test_a_low_rank_teacher_has_exactly_these_singular_values(seed, k, d, data):
    count = st.floats(1e-3, 1e3)
    planted = data.draw(st.lists(count, min_size=1, max_size=min(k, d)))
    teacher = low_rank_teacher(np.array(planted), k, d, generator(seed))
    found = np.linalg.svd(teacher.end_to_end, compute_uv=False)
    expected = np.zeros(min(k, d))
    expected[: len(planted)] = sorted(planted, reverse=True)
    np.testing.assert_allclose(found, expected, atol=1e-13 * max(planted))


@pytest.mark.statistical
def test_singular_vectors_point_anywhere():
    rng = generator(4)
    maps = np.array(
        [low_rank_teacher(np.array([2.0]), 3, 2, rng).end_to_end for _ in range(4000)]
    )
    mean, square = Estimate.from_samples(maps), Estimate.from_samples(maps**2)
    assert np.abs(mean.z(0.0)).max() < 4
    assert np.abs(square.z(4 / 6)).max() < 4  # every entry shares the squared norm
    assert np.abs(square.z(8 / 6)).max() > 10


def test_population_moments_are_those_of_the_model():
    covariance = spiked_covariance(3, 2.0)
    teacher = Teacher(np.array([[1.0, 2, 0], [0, 0, 1]]), noise=0.5)
    moments = population_moments(covariance, teacher)
    np.testing.assert_allclose(moments.xx, np.diag([3.0, 1, 1]), atol=1e-15)
    np.testing.assert_allclose(moments.yx, [[3.0, 2, 0], [0, 0, 1]], atol=1e-15)
    np.testing.assert_allclose(moments.yy, [[7.25, 0], [0, 1.25]], atol=1e-15)
    assert moments.n is None


def test_the_teacher_is_the_minimizer_and_its_loss_is_the_noise():
    rng = generator(6)
    covariance = geometric_covariance(5, 100.0, rng)
    teacher = low_rank_teacher(np.array([2.0, 1.0]), 3, 5, rng, noise=0.3)
    moments = population_moments(covariance, teacher)
    minimizer = moments.minimizer()
    assert minimizer.rank == 5
    np.testing.assert_allclose(minimizer.end_to_end, teacher.end_to_end, atol=1e-12)
    np.testing.assert_allclose(moments.minimal_loss(), 3 * 0.09 / 2, rtol=1e-12)
    np.testing.assert_allclose(moments.minimal_loss(2), 3 * 0.09 / 2, rtol=1e-12)


def moments_error(n, rng):
    covariance = geometric_covariance(3, 10.0)
    teacher = Teacher(np.array([[1.0, -2.0, 0.5]]), noise=0.7)
    sampled = sample_dataset(covariance, teacher, n, rng).moments()
    population = population_moments(covariance, teacher)
    return np.concatenate(
        [
            (getattr(sampled, field) - getattr(population, field)).ravel()
            for field in ("xx", "yx", "yy")
        ]
    )


@pytest.mark.statistical
def test_sampled_moments_agree_with_the_population():
    rng = generator(7)
    teacher = Teacher(np.array([[1.0, -2.0, 0.5]]), noise=0.7)
    errors = Estimate.from_samples([moments_error(50, rng) for _ in range(2000)])
    assert np.abs(errors.z(0.0)).max() < 4
    # Taking `noise` for a variance would raise yy, the last entry, by 0.7 - 0.49.
    assert abs(errors.z(teacher.noise - teacher.noise**2)[-1]) > 10
    assert abs(errors.z(1.0)[0]) > 10  # xx twice too large


@pytest.mark.statistical
def test_sampled_moments_approach_the_population_as_one_over_root_n():
    rng = generator(8)
    squares = {
        n: Estimate.from_samples([moments_error(n, rng) ** 2 for _ in range(1000)])
        for n in (20, 320)
    }
    gap = 16 * squares[320].value - squares[20].value
    stderr = np.hypot(16 * squares[320].stderr, squares[20].stderr)
    difference = Estimate(gap, stderr, 1000)
    assert np.abs(difference.z(0.0)).max() < 4
    # An error falling as n^(-1/4) would give a fourfold mean square at n = 320.
    assert np.abs(difference.z(3 * squares[20].value)).min() > 10


def test_sampled_targets_without_noise_are_exact():
    teacher = low_rank_teacher(np.array([1.0]), 2, 3, generator())
    data = sample_dataset(isotropic_covariance(3), teacher, 10, generator(1))
    np.testing.assert_allclose(
        data.targets, data.inputs @ teacher.end_to_end.T, atol=1e-15
    )
    assert (data.name, data.preprocessing) == ("sampled", ())
    assert isinstance(data.moments(), Moments)


U = np.array([1.0, 0.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Teacher(np.ones(3)), r"matrix \(k, d\), but has shape \(3,\)"),
        (lambda: Teacher(np.full((1, 2), np.nan)), "`end_to_end` must be finite"),
        (lambda: Teacher(np.ones((1, 2)), -0.1), "`noise` must be finite and >= 0"),
        (lambda: Teacher(np.ones((1, 2)), np.inf), "`noise` must be finite"),
        (lambda: aligned_teacher(U, 1.5, 1.0, generator()), r"lie in \[-1, 1\]"),
        (lambda: aligned_teacher(U, np.nan, 1.0, generator()), r"lie in \[-1, 1\]"),
        (lambda: aligned_teacher(U, 0.5, 0.0, generator()), "`norm` must be positive"),
        (lambda: aligned_teacher(0 * U, 0.5, 1.0, generator()), "not zero"),
        (
            lambda: aligned_teacher(U[:1], 0.5, 1.0, generator()),
            "must be 1 or -1 when d = 1, but is 0.5",
        ),
        (
            lambda: low_rank_teacher(np.ones(3), 2, 5, generator()),
            r"between 1 and min\(k, d\) = 2 values, but has shape \(3,\)",
        ),
        (lambda: low_rank_teacher(np.empty(0), 2, 2, generator()), "between 1 and"),
        (lambda: low_rank_teacher(-U, 2, 2, generator()), "must be finite and >= 0"),
        (
            lambda: population_moments(isotropic_covariance(3), Teacher(U[None])),
            "must take 3 inputs, as the covariance has, but takes 2",
        ),
        (
            lambda: sample_dataset(
                isotropic_covariance(3), Teacher(U[None]), 9, generator()
            ),
            "must take 3 inputs",
        ),
        (
            lambda: sample_dataset(
                isotropic_covariance(2), Teacher(U[None]), 1, generator()
            ),
            "at least 2 samples, but has 1",
        ),
    ],
)
def test_an_impossible_teacher_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
