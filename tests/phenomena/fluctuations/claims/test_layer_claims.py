"""The claims on two layers, on their canonical problems."""

from dataclasses import replace

import numpy as np
import pytest

from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import (
    flatness,
    flatness_axes,
    gauge_drift,
    imbalance,
    imbalance_steps,
    layer_variances,
    networks,
)
from linnet.study import run_claim

CLAIMS = (
    layer_variances.LayerVariances(),
    flatness.InverseVarianceFlatness(),
    gauge_drift.GaugeDrift(),
    imbalance.ImbalanceDrift(),
)
of_layers = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name)


@of_layers
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_it_holds_and_would_have_rejected_the_wrong_theory(claim, seed):
    said, figure = run_claim(claim, claim.canonical(seed, True))
    assert said.verdict == "holds"
    assert said.note == ""
    for entry in said.comparisons:
        assert entry.outcome == "holds"
        power = 3 * entry.tolerance if entry.test == "bound" else 10
        assert entry.wrong_deviation > power
    for panel in figure.panels:
        assert any(series.role == "simulation" for series in panel.series)
        for series in panel.series:
            assert np.isfinite(series.x).all()
            assert np.isfinite(series.y).all()


@of_layers
def test_it_is_not_asked_of_data(claim):
    asked = replace(claim.canonical(0, True), canonical=False)
    assert "linnet reproduce" in claim.applies(asked)


def outcomes(claim, predicted):
    """Verdicts of what was seen on the canonical problem, on other predictions."""
    problem = claim.canonical(0, True)
    seen, wrong = claim.observe(problem), claim.wrong(problem)
    return {
        label: claim.test(problem, label).judge(label, value, seen[label], wrong[label])
        for label, value in predicted.items()
    }


@pytest.mark.parametrize(
    ("claim", "labels"),
    [
        (layer_variances.LayerVariances(), (layer_variances.FIRST,)),
        (gauge_drift.GaugeDrift(), (gauge_drift.RAW, gauge_drift.REPLICAS)),
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_a_wrong_noise_factor_is_found_out(claim, labels, monkeypatch):
    right = networks.noise_factor
    monkeypatch.setattr(
        networks, "noise_factor", lambda problem, batch: 1.2 * right(problem, batch)
    )
    asked = replace(claim.canonical(0, True))
    judged = outcomes(claim, claim.predict(asked))
    assert {judged[label].outcome for label in labels} == {"fails"}


def test_what_moves_the_product_is_found_without_theory(monkeypatch):
    claim = gauge_drift.GaugeDrift()
    asked = claim.canonical(0, True)
    basis = gauge_drift._responding(asked)
    space = theory.fluctuating_space(networks.layers(asked))
    assert basis.shape == (12 * 12 + 3 * 12, 3 * 12)
    np.testing.assert_allclose(
        basis @ basis.T, space.basis @ space.basis.T, rtol=0, atol=1e-9
    )
    right = claim.observe(asked)  # burns in, for a time that theory says
    monkeypatch.setattr(gauge_drift, "theory", None)
    seen = claim.observe(asked)
    assert seen[gauge_drift.REPLICAS].value == right[gauge_drift.REPLICAS].value


def test_a_drift_of_another_pace_is_found_out(monkeypatch):
    claim, right = imbalance.ImbalanceDrift(), theory.gauge_path
    asked = replace(claim.canonical(0, True))
    fresh = replace(imbalance_steps.wider(asked))
    monkeypatch.setattr(imbalance_steps, "wider", lambda _: fresh)
    monkeypatch.setattr(
        theory, "gauge_path", lambda *given: right(*given[:-1], 0.8 * given[-1])
    )
    predicted = claim.predict(asked)
    monkeypatch.undo()
    judged = outcomes(claim, predicted)
    assert judged[imbalance.COURSE].outcome == "fails"
    assert judged[imbalance.STEP].outcome == "fails"


def test_an_end_at_balance_is_found_out(monkeypatch):
    """White noise in as many dimensions as outputs drives layers there, not this."""
    claim = imbalance.ImbalanceDrift()
    asked = replace(claim.canonical(0, True))
    monkeypatch.setattr(imbalance, "_ratio", lambda course, product: 0 * course + 1)
    predicted = claim.predict(asked)
    monkeypatch.undo()
    assert outcomes(claim, predicted)[imbalance.END].outcome == "fails"


def test_layers_that_do_not_feel_each_other_have_no_exponent(monkeypatch):
    claim = flatness.InverseVarianceFlatness()
    asked = replace(claim.canonical(0, True))
    weights = networks.layers(asked)
    size = sum(layer.size for layer in weights)
    shapes = tuple(layer.shape for layer in weights)
    round_ones = theory.LayerFluctuations(np.eye(size), np.eye(size), shapes)
    monkeypatch.setattr(networks, "fluctuations", lambda *_: round_ones)
    predicted = claim.predict(asked)
    del predicted[flatness.first(asked, flatness.EQUAL)]  # widths know of no noise
    assert len(predicted) == 3
    assert max(abs(value) for value in predicted.values()) < 1e-9
    assert all(
        entry.outcome == "fails" for entry in outcomes(claim, predicted).values()
    )


def test_a_first_layer_with_a_law_of_its_own_is_found_out(monkeypatch):
    claim, right = flatness.InverseVarianceFlatness(), flatness_axes.observed
    asked = claim.canonical(0, True)
    spread = flatness.first(asked, flatness.SPREAD)
    equal = flatness.first(asked, flatness.EQUAL)

    def as_in_the_second(problem, layer=1):
        samples, widths = right(problem, layer)
        if layer:
            return samples, widths
        wide = right(problem, 1)[1]
        noise = samples / samples.mean(axis=0)
        return noise * wide**-1.7, wide

    predicted = claim.predict(asked)
    assert 0.3 < predicted[spread] < 0.7
    assert claim.wrong(asked)[spread] < 0.1
    monkeypatch.setattr(flatness_axes, "observed", as_in_the_second)
    judged = outcomes(claim, predicted)
    assert {judged[label].outcome for label in (spread, equal)} == {"fails"}


def test_the_spread_of_noisy_variances_is_that_of_the_true_ones(monkeypatch):
    asked = flatness.InverseVarianceFlatness().canonical(0, True)
    rng = np.random.default_rng(0)
    truth = np.exp(0.3 * rng.normal(size=100))
    z = []
    for _ in range(60):
        samples = truth * rng.chisquare(6, size=(24, 100)) / 6
        monkeypatch.setattr(flatness_axes, "observed", lambda *_, s=samples: (s, truth))
        seen = flatness_axes.spread_seen(asked)
        z.append(float(seen.z(flatness_axes.spread(asked, truth))))
    assert abs(np.mean(z)) < 4 / np.sqrt(60)
    assert np.std(z) == pytest.approx(1, abs=0.35)


def test_the_ratio_at_the_end_is_near_that_of_inputs_to_outputs():
    claim = imbalance.ImbalanceDrift()
    asked = claim.canonical(0, True)
    predicted = claim.predict(asked)[imbalance.END]
    assert float(predicted.value) == pytest.approx(4, rel=0.15)
    assert 0 < float(predicted.stderr) < 0.02
    seen = claim.observe(asked)[imbalance.END]
    assert float(seen.value) == pytest.approx(float(predicted.value), rel=0.05)
    assert float(seen.stderr) < 0.1


@pytest.mark.slow
def test_the_end_is_where_the_path_of_each_data_set_goes_and_not_the_limit():
    claim, z = imbalance.ImbalanceDrift(), []
    for seed in range(12):
        asked = claim.canonical(seed, True)
        seen = claim.observe(asked)[imbalance.END]
        path = claim.predict(asked)[imbalance.END].value
        z.append([float(seen.z(path)), float(seen.z(4.0))])
    from_path, from_limit = np.array(z).T
    assert np.abs(from_path).max() < 4
    assert abs(from_path.mean()) < 4 / np.sqrt(len(z))
    assert from_limit.mean() < -10 / np.sqrt(len(z))


def test_layers_are_where_descent_ends():
    problem = layer_variances.LayerVariances().canonical(0, True)
    first, second = networks.layers(problem)
    least = problem.moments.minimizer().end_to_end
    assert second @ first == pytest.approx(least, abs=1e-12)
    whole = networks.split(np.arange(first.size + second.size), (first, second))
    assert [part.shape for part in whole] == [first.shape, second.shape]
