from dataclasses import replace

import numpy as np
import pytest

from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.variational import (
    VariationalLimit,
    _drawn,
    penalty_scales,
)
from linnet.study import run_claim

CLAIM = VariationalLimit()


@pytest.mark.parametrize("seed", range(5))
def test_the_claim_holds_for_every_seed_far_inside_its_bound(seed):
    verdict, _ = run_claim(CLAIM, problems.anisotropic(seed, True))
    assert verdict.verdict == "holds"
    assert all(entry.outcome == "holds" for entry in verdict.comparisons)
    assert verdict.deviation < 2e-7


@pytest.mark.parametrize("form", ["kernel", "parameter", "product"])
def test_a_search_in_a_penalty_of_another_scale_makes_the_claim_fail(
    form, fresh, monkeypatch
):
    name = f"{form}_minimizer"
    genuine = getattr(theory, name)

    def wide(moments, gamma, start):
        return genuine(moments, 1.01 * gamma, start)

    monkeypatch.setattr(theory, name, wide)
    verdict, _ = run_claim(CLAIM, fresh("canonical"))
    if form == "product":  # which is the same for every scale
        assert verdict.verdict == "holds"
    else:
        assert verdict.is_failure


def test_a_search_that_forgets_to_fit_the_unseen_inputs_makes_the_claim_fail(
    fresh, monkeypatch
):
    def unmoved(moments, gamma, start):  # a minimizer of the loss, but not the least
        span = moments.row_space()
        return theory.end_to_end_limit(moments) + start - (start @ span) @ span.T

    monkeypatch.setattr(theory, "product_minimizer", unmoved)
    assert run_claim(CLAIM, fresh("canonical"))[0].is_failure


@pytest.mark.parametrize("function", ["parameter_penalty", "kernel_penalty"])
def test_a_penalty_with_half_the_barrier_makes_the_claim_fail(
    function, fresh, monkeypatch
):
    genuine = getattr(theory, function)

    def weak(*given):
        *rest, gamma = given
        return genuine(*rest, gamma / 2)

    problem = fresh("lazy")
    CLAIM.predict(problem)
    monkeypatch.setattr(theory, function, weak)
    assert run_claim(CLAIM, problem)[0].is_failure


def test_searches_begin_far_from_where_they_end(problem):
    asked = problem("canonical")
    first, second = _drawn(asked)
    for gamma in penalty_scales(asked):
        ends = theory.gram_matrices(runs.limit(asked), gamma)[0]
        assert np.linalg.norm(first.T @ first - ends) > 0.5 * np.linalg.norm(ends)
    gap = np.linalg.norm(second @ first - runs.limit(asked))
    assert gap > 0.5 * np.linalg.norm(runs.limit(asked))


def test_the_penalty_of_trained_layers_has_its_minimum_at_their_own_share(judged):
    for name in ("canonical", "correlated", "lazy"):
        panels = judged(CLAIM, name).figure.panels
        for panel in panels:
            own, dots, _ = panel.series
            assert own.x[np.argmin(own.y)] == pytest.approx(1)
            assert dots.x[np.argmin(dots.y)] == pytest.approx(1)
            np.testing.assert_allclose(
                np.interp(dots.x, own.x, own.y), dots.y, atol=1e-3 * own.y.max()
            )


def test_the_penalty_of_twice_a_large_scale_has_its_minimum_elsewhere(judged):
    *_, other = judged(CLAIM, "canonical").figure.panels[-1].series
    assert other.role == "wrong"
    assert other.x[np.argmin(other.y)] > 1.2


def test_a_start_whose_barrier_is_lost_in_rounding_is_refused(fresh):
    tiny = fresh("correlated", init_scale=1e-14)
    reason = CLAIM.applies(tiny)
    assert reason.startswith("the initial scale 10⁻¹⁴ is so small that rounding hides")
    assert reason.endswith("(--init-scale)")
    assert CLAIM.applies(replace(tiny, init_scale=1e-9)) is None


def test_a_start_too_small_for_the_barrier_to_show_is_not_resolved(problem, judged):
    verdict = judged(CLAIM, "tiny start").verdict
    assert verdict.verdict == "not resolved"
    assert verdict.deviation < verdict.tolerance
