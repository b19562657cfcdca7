"""Which trajectories are looked at together: verdict, order, bounds, wrong theories."""

import dataclasses

import numpy as np
import pytest
from judging import failed

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import target_runs
from linnet.phenomena.sloppiness.claims.three_ensembles import (
    BOUNDS,
    HALVES,
    OWN,
    RATIOS,
    SHARED,
    SINGLE,
    SLOPES,
    ThreeEnsembles,
)
from linnet.study import run_claim

CLAIM = ThreeEnsembles()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_three_ensembles_have_their_predicted_dimensions(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    labels = {OWN, SHARED, HALVES, SINGLE, BOUNDS}
    assert {c.label for c in verdict.comparisons} == labels
    for panel in figure.panels:
        roles = [series.role for series in panel.series]
        assert (roles.count("theory"), roles.count("simulation")) == (3, 3)
        assert roles.count("guide") == 2


def test_a_shared_target_is_thinner_if_strong_and_wider_if_weak(asked):
    seen = CLAIM.observe(asked)
    shape = len(SLOPES), len(RATIOS)
    own = np.asarray(seen[OWN].value).reshape(shape)
    shared = np.asarray(seen[HALVES].value).reshape(shape)
    assert (shared[:, 0] < own[:, 0] - 0.1).all()
    assert (shared[:2, -1] > own[:2, -1] + 0.1).all()
    assert np.asarray(seen[SINGLE]).min() > 0.95


def test_axes_of_the_curve_explain_no_more_than_the_best_and_bounds_hold_both(asked):
    predicted = CLAIM.predict(asked)
    best, along = np.asarray(predicted[HALVES]), np.asarray(predicted[SHARED])
    high, rest = np.asarray(predicted[BOUNDS]).T
    assert (along <= best + 1e-12).all()
    assert (1 - rest <= best + 1e-12).all()
    assert (best <= high + 1e-12).all()


def test_halves_of_a_known_cloud_lie_on_both_sides_of_the_truth():
    rng = np.random.default_rng(0)
    spread = np.sqrt(np.linspace(2, 0.5, target_runs.MODES))
    means = np.zeros((64, target_runs.MODES, target_runs.MODES + 1))
    for group in means:
        points = rng.standard_normal((8, target_runs.MODES)) * spread
        group[:, :-1], group[:, -1] = points.T @ points / 8, points.mean(0)
    truth = (spread[:3] ** 2).sum() / (spread**2).sum()
    own, other = target_runs._own_and_other(means[::2].mean(0), means[1::2].mean(0))
    assert other < truth < own
    found = target_runs._by_halves(means)
    assert abs(found.value - truth) < 1.5 * found.stderr


@pytest.mark.parametrize(
    ("name", "wrong", "labels"),
    [
        ("random_target_spectrum", "fixed", {OWN}),
        ("fixed_target_spectrum", "random", {HALVES}),
        ("curve_axes", "half", {SHARED, SINGLE}),
        ("fixed_target_bounds", "swapped", {BOUNDS}),
    ],
)
def test_a_theory_of_another_ensemble_fails(asked, monkeypatch, name, wrong, labels):
    exact = getattr(theory, name)
    random = theory.random_target_spectrum

    def other(*given, **more):
        if wrong == "fixed":  # twice the target
            return exact(*given[:3], 2 * given[3], *given[4:], **more)
        if wrong == "random":
            variances, n, _, *method = given
            return random(variances, n, more["init_deviation"], 1.0, *method)
        found = exact(*given, **more)
        if wrong == "half":
            return dataclasses.replace(found, curve_along=found.curve_along / 2)
        return dataclasses.replace(found, upper=0.5 * found.upper)

    monkeypatch.setattr(theory, name, other)
    from linnet.phenomena.sloppiness.claims import three_ensembles

    three_ensembles._axes.cache_clear()
    predicted = CLAIM.predict(asked)
    monkeypatch.undo()
    three_ensembles._axes.cache_clear()
    assert failed(CLAIM, asked, predicted) == labels
