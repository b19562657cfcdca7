import numpy as np
import pytest

from linnet.phenomena.spectral_bias.claims import runs
from linnet.phenomena.spectral_bias.claims.end_to_end import EndToEndLimit
from linnet.study import run_claim
from linnet.task import Dataset

CLAIM = EndToEndLimit()


def test_flow_descent_and_sgd_end_at_one_map_from_every_scale(problem, judged):
    asked, said = problem("canonical"), judged(CLAIM, "canonical")
    ways = [label.split(",")[0] for label in said.observed]
    assert ways == ["flow"] * 3 + ["gradient descent", "SGD"] * 2
    assert len(said.observed) == 7  # no two scales under one name
    inputs, targets = asked.dataset.inputs, asked.dataset.targets
    expected = (np.linalg.pinv(inputs) @ targets).T
    for product in said.observed.values():
        # Excess loss of 1e-18 along the least input variance: 1e-8 of the product.
        np.testing.assert_allclose(product, expected, atol=1e-7)


def test_data_are_asked_about_the_flow_alone(judged):
    assert len(judged(CLAIM, "correlated").observed) == 2
    ways = {label.split(",")[0] for label in judged(CLAIM, "correlated").observed}
    assert ways == {"flow"}


def test_the_wrong_theory_lacks_exactly_the_weakest_mode(problem, judged):
    for name, rank in (("canonical", 2), ("correlated", 2), ("one output", 1)):
        limit = np.linalg.svd(runs.limit(problem(name)), compute_uv=False)
        (wrong, *_) = judged(CLAIM, name).wrong.values()
        wrong = np.linalg.svd(wrong, compute_uv=False)
        np.testing.assert_allclose(wrong[: rank - 1], limit[: rank - 1], rtol=1e-12)
        np.testing.assert_allclose(wrong[rank - 1 :], 0, atol=1e-14)
        assert limit[rank - 1] > 0.01


def test_a_weakest_mode_that_is_too_weak_leaves_it_unresolved(judged):
    verdict = judged(CLAIM, "weak mode").verdict
    assert verdict.verdict == "not resolved"
    assert verdict.deviation <= verdict.tolerance


def test_sgd_settles_only_where_the_data_can_be_fitted_exactly(fresh):
    canonical = fresh("canonical")
    data = canonical.dataset
    rng = np.random.default_rng(2)
    # Each sample twice, with labels that contradict each other: the moments ask for
    # the same map, but no map fits.
    noise = 0.3 * rng.standard_normal(data.targets.shape)
    twice = Dataset(
        np.vstack([data.inputs] * 2),
        np.vstack([data.targets + noise, data.targets - noise]),
        "contradicting",
    )
    problem = fresh("canonical", dataset=twice, moments=twice.moments())
    np.testing.assert_allclose(problem.moments.yx, canonical.moments.yx, atol=1e-14)
    verdict, _ = run_claim(CLAIM, problem)
    failed = [entry.label for entry in verdict.comparisons if entry.outcome == "fails"]
    assert [label.split(",")[0] for label in failed] == ["SGD", "SGD"]
    assert verdict.is_failure
    assert verdict.note  # and that it did not settle is told


def test_moments_without_samples_cannot_be_asked_about_sgd(fresh):
    with pytest.raises(ValueError, match="Minibatch SGD needs samples"):
        CLAIM.observe(fresh("canonical, white"))
