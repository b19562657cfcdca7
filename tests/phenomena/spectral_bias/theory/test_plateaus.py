import numpy as np
import plain_training as plain
import pytest

from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.theory.plateaus import _saddle
from linnet.task import Moments


@pytest.mark.parametrize("n", [3, 20])
def test_levels_are_the_losses_of_the_reduced_maps(n):
    moments = plain.moments(2, n=n, d=5, k=3)
    least = moments.loss(theory.end_to_end_limit(moments))
    levels = theory.plateau_losses(moments)
    assert len(levels) == 4
    for rank, level in enumerate(levels):
        reduced = theory.reduced_rank_map(moments, rank)
        assert np.linalg.matrix_rank(reduced, tol=1e-9) == rank
        assert moments.loss(reduced) - least == pytest.approx(level, abs=1e-12)
        assert moments.minimal_loss(rank) - least == pytest.approx(level, abs=1e-12)


def test_a_reduced_map_cannot_be_improved_at_its_rank_but_the_truncation_can():
    moments = plain.moments(2, n=20, d=5, k=3)
    best = moments.loss(theory.reduced_rank_map(moments, 1))
    rng = np.random.default_rng(0)
    for _ in range(200):  # alternating least squares from anywhere ends no lower
        output = rng.normal(size=(3, 1))
        given = output.T @ moments.yx @ np.linalg.inv(moments.xx) / (output.T @ output)
        assert moments.loss(output @ given) >= best - 1e-12
    left, sigma, right = np.linalg.svd(theory.end_to_end_limit(moments))
    truncated = sigma[0] * np.outer(left[:, 0], right[0])
    assert moments.loss(truncated) > best + 1e-4


def test_full_rank_is_the_solution_and_rank_zero_the_start():
    moments = plain.moments(2, n=20, d=5, k=3)
    np.testing.assert_array_equal(theory.reduced_rank_map(moments, 0), np.zeros((3, 5)))
    whole = theory.reduced_rank_map(moments, 3)
    np.testing.assert_allclose(whole, theory.end_to_end_limit(moments), atol=1e-12)


def test_a_negative_rank_is_refused():
    with pytest.raises(ValueError, match="`rank` must be >= 0, but is -1"):
        theory.reduced_rank_map(plain.moments(0), -1)


def test_the_truncated_solution_loses_no_less_than_the_best_map_of_its_rank():
    moments = plain.moments(2, n=20, d=5, k=3)
    best, cut = theory.plateau_losses(moments), theory.truncated_losses(moments)
    assert cut.shape == best.shape
    np.testing.assert_allclose(cut[[0, -1]], best[[0, -1]], atol=1e-12)
    assert (cut[1:-1] > best[1:-1] + 1e-4).all()


def test_white_inputs_leave_every_plateau_at_half_the_inverse_strength():
    cross = np.diag([3.0, 1.0, 0.2])
    moments = Moments(2 * np.eye(3), cross, np.eye(3))
    times = theory.plateau_times(moments)
    np.testing.assert_allclose(times, 1 / (2 * np.array([3.0, 1.0, 0.2])))
    for rank, strength in enumerate([3.0, 1.0, 0.2]):
        assert theory.escape_rates(moments, rank)[0] == pytest.approx(strength)


def test_the_pull_at_a_saddle_is_what_the_reduced_map_leaves_unexplained():
    moments = plain.moments(2, n=20, d=5, k=3)
    saddle = theory.reduced_rank_map(moments, 1)
    pull = moments.yx - saddle @ moments.xx
    np.testing.assert_allclose(pull @ saddle.T, 0, atol=1e-12)  # no active mode moves
    rates = theory.escape_rates(moments, 1)
    np.testing.assert_allclose(rates[:2], np.linalg.svd(pull)[1][:2])
    assert rates[2] < 1e-12


def test_curvature_at_the_saddle_is_that_of_the_loss_by_differences():
    moments = plain.moments(2, n=20, d=5, k=3)
    hessian, to_product = _saddle(moments, 1)
    saddle = theory.reduced_rank_map(moments, 1)
    span = moments.row_space()
    left, sigma, right = np.linalg.svd(saddle @ span, full_matrices=False)
    second, first = left[:, :1] * sigma[0] ** 0.5, sigma[0] ** 0.5 * right[:1]
    step = np.random.default_rng(0).normal(size=8)
    change = step[:3, None], step[None, 3:]

    def loss(t):
        return moments.loss((second + t * change[0]) @ (first + t * change[1]) @ span.T)

    h = 1e-3
    second_difference = (loss(h) - 2 * loss(0) + loss(-h)) / h**2
    assert step @ hessian @ step == pytest.approx(second_difference, rel=1e-4)
    moved = change[0] @ first + second @ change[1]
    np.testing.assert_allclose(to_product @ step, moved.ravel(), atol=1e-12)


def test_a_smaller_start_rests_closer_to_its_levels():
    moments = plain.moments(2, n=20, d=5, k=3)
    near = theory.plateau_offsets(moments, 1e-30, 2)
    far = theory.plateau_offsets(moments, 1e-10, 2)
    assert near.shape == (2,)
    assert (near > 0).all()
    assert (near < far).all()


@pytest.mark.parametrize(
    ("gamma", "ranks", "message"),
    [
        (0.0, 1, "`gamma`"),
        (1e6, 1, "a large start has no plateaus"),
        (1e-9, 3, r"`ranks` must lie in \[0, 2\]"),
        (1e-9, -1, r"`ranks` must lie in \[0, 2\]"),
    ],
)
def test_offsets_of_what_has_no_plateau_are_refused(gamma, ranks, message):
    with pytest.raises(ValueError, match=message):
        theory.plateau_offsets(plain.moments(2, n=20, d=5, k=3), gamma, ranks)
