import numpy as np
import pytest

from linnet.phenomena.spectral_bias.claims import CLAIMS, problems

CANONICAL = {
    "anisotropic": problems.anisotropic,
    "isotropic": problems.isotropic,
    "staircase": problems.staircase,
    "unscaled": problems.unscaled,
    "few samples": problems.few_samples,
}
made = pytest.mark.parametrize("make", CANONICAL.values(), ids=CANONICAL)


def test_the_anisotropic_problem_has_fewer_samples_than_correlated_inputs():
    problem = problems.anisotropic(5, False)
    inputs, targets = problem.dataset.inputs, problem.dataset.targets
    assert inputs.shape == (6, 10)
    assert targets.shape == (6, 5)
    assert np.linalg.matrix_rank(inputs) == 6
    assert problem.moments.input_variance() is None
    np.testing.assert_array_equal(problem.moments.xx, inputs.T @ inputs / 6)
    np.testing.assert_array_equal(problem.moments.yx, targets.T @ inputs / 6)


def test_its_planted_rank_is_two_and_no_loss_is_left():
    problem = problems.anisotropic(5, False)
    sizes = np.linalg.svd(problem.dataset.targets, compute_uv=False)
    np.testing.assert_array_less(sizes[2:], 1e-13 * sizes[0])
    assert sizes[1] > 0.01 * sizes[0]
    limit = problem.moments.minimizer().end_to_end
    np.testing.assert_allclose(
        problem.dataset.inputs @ limit.T, problem.dataset.targets, atol=1e-12
    )
    # The teacher itself is out of reach: its part off the samples cannot be known.
    assert np.linalg.norm(limit, 2) < 2


def test_the_isotropic_problem_has_white_inputs_and_the_strengths_of_its_title():
    problem = problems.isotropic(5, False)
    assert problem.moments.input_variance() == 1
    assert problem.dataset is None
    np.testing.assert_allclose(
        np.linalg.svd(problem.moments.yx, compute_uv=False),
        [3.15, 1.74, 0.41, 0],
        atol=1e-14,
    )
    assert problem.title.endswith("3.15, 1.74 and 0.41")
    assert problem.moments.minimal_loss() == pytest.approx(0, abs=1e-14)


def test_the_staircase_has_the_whitened_modes_of_its_title():
    problem = problems.staircase(5, False)
    assert problem.dataset.inputs.shape == (40, 4)
    assert problem.moments.input_variance() is None
    strengths = np.linalg.svd(problem.moments.whitened().yx, compute_uv=False)
    np.testing.assert_allclose(strengths, [4.0, 1.0, 0.1], rtol=1e-10)
    assert problem.title.endswith("4, 1 and 0.1")


@made
def test_a_canonical_problem_is_wide_enough_and_says_how_to_make_it_again(make):
    problem = make(3, True)
    assert problem.canonical
    assert problem.hidden >= len(problem.moments.xx)
    assert problem.seed == 3
    assert problem.quick
    assert problem.command == "linnet reproduce spectral_bias --seed 3 --quick"
    assert make(3, False).command == "linnet reproduce spectral_bias --seed 3"


@made
def test_another_seed_is_another_problem_and_the_same_seed_the_same(make):
    assert make(1, True) is make(1, True)  # one object, so that runs are shared
    one, other = make(1, True).moments, make(2, True).moments
    assert np.abs(one.yx - other.yx).max() > 0.01
    np.testing.assert_array_equal(one.yx, make(1, False).moments.yx)


def test_claims_of_one_problem_share_it():
    given = [claim.canonical(4, True) for claim in CLAIMS]
    assert sum(problem is None for problem in given) == 1  # asked of data alone
    assert len({id(problem) for problem in given if problem is not None}) == 6


def test_the_unscaled_problem_is_the_anisotropic_one_from_another_scale():
    given, other = problems.unscaled(5, True), problems.anisotropic(5, True)
    assert given.moments is other.moments
    assert given.init_scale == 1


def test_few_samples_leave_most_directions_without_data_and_use_every_output():
    moments = problems.few_samples(5, True).moments
    assert moments.row_space().shape == (16, 4)
    assert moments.minimizer().rank == 4
    assert np.linalg.matrix_rank(moments.yx) == len(moments.yx) == 2
