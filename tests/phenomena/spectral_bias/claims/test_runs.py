import numpy as np
import pytest

import linnet.dynamics
from linnet.network import check_weights
from linnet.phenomena.spectral_bias.claims import runs
from linnet.phenomena.spectral_bias.claims.descent import LateRate
from linnet.phenomena.spectral_bias.claims.end_to_end import EndToEndLimit
from linnet.study import run_claim


@pytest.mark.parametrize("name", ["canonical", "wide", "one output"])
def test_runs_start_with_an_isotropic_first_layer_and_no_second(name, problem):
    asked = problem(name)
    first, second = runs.start(asked, 0.3)
    k, d = asked.moments.yx.shape
    check_weights((first, second), d, k)
    np.testing.assert_allclose(first.T @ first, 0.3 * np.eye(d), atol=1e-15)
    assert (second == 0).all()


def test_the_start_depends_on_the_seed_alone(fresh):
    one, same, other = (fresh("wide", seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(runs.start(one, 1.0)[0], runs.start(same, 1.0)[0])
    assert np.abs(runs.start(one, 1.0)[0] - runs.start(other, 1.0)[0]).max() > 0.1
    # Another scale is the same frame, so that runs differ in nothing else.
    np.testing.assert_allclose(runs.start(one, 4.0)[0], 2 * runs.start(one, 1.0)[0])


def test_a_run_is_made_once_for_each_problem_and_scale(fresh, monkeypatch):
    made, genuine = [], linnet.dynamics.simulate

    def counted(*args, **kwargs):
        made.append(args)
        return genuine(*args, **kwargs)

    monkeypatch.setattr(linnet.dynamics, "simulate", counted)
    one, other = fresh("white"), fresh("white")
    first = runs.trained(one, 0.5)
    assert runs.trained(one, 0.5) is first
    assert len(made) == 1
    assert runs.trained(other, 0.5) is not first
    assert runs.trained(one, 0.7) is not first
    assert len(made) == 3


@pytest.mark.parametrize("name", ["canonical", "correlated", "lazy", "one output"])
def test_training_goes_on_until_product_and_layers_are_known(name, problem):
    asked = problem(name)
    for gamma in runs.scales(asked):
        run = runs.trained(asked, gamma)
        assert run.outcome.kind == "converged"
        assert run.gap[-1] <= runs.deep(asked)
        apart = np.linalg.norm(run["product"][-1] - runs.limit(asked))
        assert apart <= 1e-7 * np.linalg.norm(runs.limit(asked))
        assert run.times[-1] <= runs.patience(asked, gamma)


def test_a_weak_mode_is_learned_too_before_training_counts_as_finished(problem):
    asked = problem("weak mode")
    product = runs.trained(asked, asked.init_scale)["product"][-1]
    sigma = np.linalg.svd(product, compute_uv=False)
    np.testing.assert_allclose(sigma, [1, 2e-6], rtol=1e-4)


def test_what_was_not_finished_is_told_and_no_claim_on_it_holds(fresh, monkeypatch):
    problem = fresh("correlated")
    monkeypatch.setattr(runs, "patience", lambda *_: 5.0)
    assert runs.unfinished(problem, []) == ""
    told = runs.unfinished(problem, [problem.init_scale])
    assert "training did not reach its limit: still moving at time 5" in told
    assert told.endswith(".")
    for claim in (EndToEndLimit(), LateRate()):
        verdict, _ = run_claim(claim, problem)
        assert verdict.verdict != "holds"
        assert "training did not reach its limit" in verdict.note


def test_scales_run_from_rich_to_lazy(problem):
    assert runs.scales(problem("canonical")) == (1e-6, 1e-3, 1.0)
    asked = problem("correlated")
    size = np.linalg.norm(runs.limit(asked), 2)
    assert runs.scales(asked) == (asked.init_scale, runs.size(asked))
    assert runs.size(asked) == pytest.approx(size)


def test_a_start_at_the_size_of_the_solution_is_one_scale_and_not_two(fresh, problem):
    size = runs.size(problem("correlated"))
    assert runs.scales(fresh("correlated", init_scale=size)) == (size,)
