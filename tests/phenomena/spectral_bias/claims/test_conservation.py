import numpy as np
import pytest

import linnet.dynamics
from linnet.phenomena.spectral_bias.claims import runs
from linnet.phenomena.spectral_bias.claims.conservation import Conservation
from linnet.study import run_claim

CLAIM = Conservation()


@pytest.mark.parametrize("name", ["canonical", "correlated"])
def test_the_imbalance_of_the_trained_layers_is_that_of_their_start(name, problem):
    asked = problem(name)
    for gamma in runs.scales(asked):
        first, second = runs.start(asked, gamma)
        before = second.T @ second - first @ first.T
        first, second = runs.trained(asked, gamma).weights
        after = second.T @ second - first @ first.T
        size = (first**2).sum() + (second**2).sum()
        assert np.linalg.norm(after - before) <= 1e-8 * size
        assert size > 0.1  # it has moved


def test_the_canonical_claim_holds_to_eight_digits(judged):
    verdict = judged(CLAIM, "canonical").verdict
    assert verdict.verdict == "holds"
    assert all(entry.deviation <= 1e-8 for entry in verdict.comparisons)
    assert len(verdict.comparisons) == 6


def test_all_singular_values_at_all_times_are_compared(problem, judged):
    asked, said = problem("canonical"), judged(CLAIM, "canonical")
    shapes = [np.shape(value) for value in said.predicted.values() if np.ndim(value)]
    lengths = [len(runs.trained(asked, g).times) for g in runs.scales(asked)]
    assert shapes == [(length, 10) for length in lengths]


def test_balanced_layers_would_have_drifted_by_the_scale(problem, judged):
    asked, said = problem("lazy"), judged(CLAIM, "lazy")
    drifts = [value for value in said.wrong.values() if not np.ndim(value)]
    for gamma, drift in zip(runs.scales(asked), drifts, strict=True):
        layers = runs.trained(asked, gamma).weights
        size = sum((layer**2).sum() for layer in layers)
        assert drift == pytest.approx(gamma * np.sqrt(3) / size)


def coarse_descent(rate):
    """Steps of descent in place of the flow, saved at about the same times."""
    genuine = linnet.dynamics.simulate

    def simulate(dynamics, weights, times, observe, stop_gap, **_):
        steps = np.unique(np.round(np.asarray(times) / rate)).astype(int)
        return genuine(
            linnet.dynamics.GradientDescent(dynamics.moments, rate),
            weights,
            steps=steps.tolist(),
            observe=observe,
            stop_gap=stop_gap,
        )

    return simulate


def test_descent_breaks_it_in_proportion_to_its_learning_rate(fresh, monkeypatch):
    drifts = []
    for rate in (0.02, 0.01):
        problem = fresh("lazy")
        monkeypatch.setattr(linnet.dynamics, "simulate", coarse_descent(rate))
        verdict, _ = run_claim(CLAIM, problem)
        monkeypatch.undo()
        assert verdict.is_failure
        drifts.append(runs.trained(problem, 1.0).imbalance_drift)
    # First order, up to rate x sharpness of about 0.07 x 2.
    assert drifts[0] / drifts[1] == pytest.approx(2, abs=0.15)


def test_a_start_too_small_to_tell_from_a_balanced_one_is_not_resolved(judged):
    verdict = judged(CLAIM, "tiny start").verdict
    assert verdict.verdict == "not resolved"
    assert verdict.deviation <= verdict.tolerance
    assert verdict.wrong_deviation <= 3 * verdict.tolerance
