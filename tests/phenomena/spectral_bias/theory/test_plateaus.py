import numpy as np
import plain_training as plain
import pytest

from linnet.phenomena.spectral_bias import theory


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
