import numpy as np
import pytest

import linnet.dynamics
from linnet.analyze import pose
from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import runs
from linnet.phenomena.spectral_bias.claims.conservation import Conservation
from linnet.study import run_claim
from linnet.task import Dataset

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
    assert len(verdict.comparisons) == 9


def test_all_singular_values_at_all_times_are_compared(problem, judged):
    asked, said = problem("canonical"), judged(CLAIM, "canonical")
    shapes = [np.shape(value) for value in said.predicted.values() if np.ndim(value)]
    lengths = [len(runs.trained(asked, g).times) for g in runs.scales(asked)]
    assert shapes[::2] == [(length, 10) for length in lengths]
    assert shapes[1::2] == [(length, 5) for length in lengths]


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


@pytest.mark.parametrize("name", ["canonical", "wide"])
def test_at_the_start_all_modes_idle_and_the_output_layer_is_zero(
    name, judged, problem
):
    said = judged(CLAIM, name)
    for given in (said.predicted, said.observed):
        starts = [values[0] for values in given.values() if np.ndim(values)]
        hidden, output = starts[::2], starts[1::2]
        for spectrum, gamma in zip(hidden, runs.scales(problem(name)), strict=True):
            np.testing.assert_allclose(spectrum, np.sqrt(gamma), rtol=1e-12)
        assert all((spectrum == 0).all() for spectrum in output)


def test_both_layers_have_all_their_singular_values_in_any_shape():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(20, 2))
    targets = inputs @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(20, 4))
    asked = pose(Dataset(inputs, targets, "many outputs"), hidden=3, quick=True)
    verdict, _ = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    given = CLAIM.predict(asked).values()
    columns = [values.shape[1] for values in given if np.ndim(values)]
    assert columns == [2, 3, 2, 3]  # the third one of the output layer stays zero


@pytest.mark.parametrize("share", [0.99, 1.01])
def test_another_law_of_the_layers_makes_the_claim_fail(share, fresh, monkeypatch):
    genuine = theory.layer_singular_values
    monkeypatch.setattr(
        theory, "layer_singular_values", lambda s, gamma: genuine(s, share * gamma)
    )
    verdict, _ = run_claim(CLAIM, fresh("canonical"))
    assert verdict.is_failure


def test_the_figure_shows_modes_and_an_idle_floor(judged, problem):
    figure = judged(CLAIM, "canonical").figure
    assert len(figure.panels) == 3
    for panel, gamma in zip(
        figure.panels, runs.scales(problem("canonical")), strict=True
    ):
        hidden = [s for s in panel.series if s.label == "hidden layer"]
        floor = min(hidden, key=lambda s: s.y.max())
        np.testing.assert_allclose(floor.y, np.sqrt(gamma), rtol=1e-6)
        labels = {s.label for s in panel.series}
        assert labels == {"product", "hidden layer", "output layer"}
