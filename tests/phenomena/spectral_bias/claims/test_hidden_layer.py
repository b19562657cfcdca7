import numpy as np
import pytest

from linnet.phenomena.spectral_bias.claims import runs
from linnet.phenomena.spectral_bias.claims.hidden_layer import (
    RANK,
    HiddenLayerSpectrum,
    StableRank,
    rank_scales,
)


def test_the_canonical_spectrum_holds_to_seven_digits(judged):
    verdict = judged(HiddenLayerSpectrum(), "canonical").verdict
    assert verdict.verdict == "holds"
    assert len(verdict.comparisons) == 6
    assert all(entry.deviation <= 1e-7 for entry in verdict.comparisons)


def test_the_trained_layer_has_two_large_singular_values_and_eight_idle_ones(problem):
    asked = problem("canonical")
    first, _ = runs.trained(asked, 1e-6).weights
    spectrum = np.linalg.svd(first, compute_uv=False)
    assert (spectrum[:2] > 0.1).all()
    # Six samples: four inputs are never seen, and four of the others not used.
    np.testing.assert_allclose(spectrum[2:10], 1e-3, rtol=1e-4)
    limit = np.linalg.svd(runs.limit(asked), compute_uv=False)
    np.testing.assert_allclose(spectrum[:2] ** 2, limit[:2], rtol=1e-5)


def test_a_start_too_small_to_tell_from_twice_itself_is_not_resolved(judged):
    verdict = judged(HiddenLayerSpectrum(), "tiny start").verdict
    assert verdict.verdict == "not resolved"
    assert verdict.deviation <= verdict.tolerance


def test_gram_matrices_are_compared_entry_by_entry(judged):
    said = judged(HiddenLayerSpectrum(), "correlated")
    shapes = [np.shape(value) for value in said.predicted.values()]
    assert shapes == [(3,), (3, 3), (3,), (3, 3)]


def test_stable_rank_climbs_from_the_norm_ratio_to_the_number_of_inputs(
    problem, judged
):
    said = judged(StableRank(), "canonical")
    sigma = np.linalg.svd(runs.limit(problem("canonical")), compute_uv=False)
    for ranks in (said.predicted[RANK], said.observed[RANK]):
        assert (np.diff(ranks) > 0).all()
        assert ranks[0] == pytest.approx(sigma.sum() / sigma[0], rel=1e-4)
        assert ranks[-1] == pytest.approx(10, rel=0.01)


def test_every_scale_of_the_canonical_limits_is_one_of_the_ranks(problem, fresh):
    quick, whole = problem("canonical"), fresh("canonical", quick=False)
    assert set(runs.scales(quick)) <= set(rank_scales(quick).tolist())
    assert set(rank_scales(quick).tolist()) < set(rank_scales(whole).tolist())
    assert rank_scales(whole)[[0, -1]].tolist() == [1e-6, 1e3]


def test_the_rank_scales_of_data_hold_their_own_and_bracket_the_solution(
    problem, fresh
):
    for quick in (False, True):
        asked = fresh("correlated", quick=quick)
        scales = rank_scales(asked)
        assert (np.diff(scales) > 0).all()
        assert {asked.init_scale, runs.size(asked)} <= set(scales.tolist())
        assert scales[0] < runs.size(asked) / 10 < 10 * runs.size(asked) <= scales[-1]


def test_one_input_has_rank_one_from_every_scale_so_nothing_is_resolved(judged):
    said = judged(StableRank(), "one input")
    assert said.verdict.verdict == "not resolved"
    np.testing.assert_array_equal(said.observed[RANK], 1)
