"""The claims on the shape of the weight covariance: they share their chains."""

import numpy as np
import pytest

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import flat_curvature, late_chains
from linnet.phenomena.fluctuations.claims.anisotropy import (
    HERE,
    LAW,
    AnisotropicWeights,
)
from linnet.phenomena.fluctuations.claims.flat_curvature import (
    ENDS,
    SLOPE,
    SPREAD,
    FlatCurvature,
)
from linnet.phenomena.fluctuations.claims.late_chains import Chains
from linnet.study import run_claim

MEASURED = (
    flat_curvature.slope,
    flat_curvature.spread,
    flat_curvature.seen_ends,
    flat_curvature._axes,
)
CLAIMS = [AnisotropicWeights(), FlatCurvature()]


def forget():
    """Chains that are replaced must not leave anything behind, nor find it."""
    for function in MEASURED:
        function.cache_clear()


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_the_claims_hold_and_their_wrong_theories_are_rejected(seed):
    for claim in CLAIMS:
        verdict, figure = run_claim(claim, claim.canonical(seed, True))
        assert verdict.verdict == "holds"
        assert verdict.note == ""
        assert all(part.wrong_deviation > 10 for part in verdict.comparisons)
        for panel in figure.panels:
            assert {"theory", "simulation"} <= {s.role for s in panel.series}
            assert all(np.isfinite(s.y).all() for s in panel.series)


@pytest.mark.parametrize("claim", CLAIMS)
def test_they_are_not_asked_of_data(claim, problem):
    assert not claim.of_data
    assert claim.applies(problem("plain")).startswith("it is a law of random data")


def test_chains_that_fluctuate_too_much_along_one_axis_in_four_fail(monkeypatch):
    genuine = late_chains.chains

    def stretched(problem):
        found = genuine(problem)
        factor = np.where(np.arange(found.records.shape[2]) % 4, 1.0, 1.3)
        return Chains(found.records * factor, found.lost)

    monkeypatch.setattr(late_chains, "chains", stretched)
    asked = CLAIMS[0].canonical(0, True)
    failed = {
        c.label
        for c in run_claim(CLAIMS[0], asked)[0].comparisons
        if c.outcome == "fails"
    }
    assert failed == {HERE, LAW}


def test_fluctuations_along_steep_directions_fail(monkeypatch):
    genuine = late_chains.chains

    def steep(problem):
        found = genuine(problem)
        return Chains(found.records @ problem.moments.xx, found.lost)

    monkeypatch.setattr(late_chains, "chains", steep)
    forget()
    verdict, _ = run_claim(CLAIMS[1], CLAIMS[1].canonical(0, True))
    forget()
    failed = {c.label for c in verdict.comparisons if c.outcome == "fails"}
    assert failed == {SLOPE, SPREAD, ENDS}


def test_ends_are_not_invented_by_choosing_axes(monkeypatch):
    """Round fluctuations look round along axes that others of them have found."""
    asked = CLAIMS[1].canonical(0, True)
    drawn = np.random.default_rng(0).normal(
        size=late_chains.chains(asked).records.shape
    )
    monkeypatch.setattr(late_chains, "chains", lambda problem: Chains(drawn, 0))
    forget()
    seen = flat_curvature.seen_ends(asked)
    chosen = flat_curvature._axes(asked)
    forget()
    assert np.abs(seen.z(1.0)).max() < 4
    own = ((drawn[::2] @ chosen.T) ** 2).mean((0, 1))
    itself = Estimate(flat_curvature._quarters(own), seen.stderr, 2)
    assert np.abs(itself.z(1.0)).min() > 10


def test_the_law_is_that_of_the_exact_covariance_on_average():
    claim = CLAIMS[0]
    ratios = []
    for seed in range(4):
        predicted = claim.predict(claim.canonical(seed, True))
        ratios.append(predicted[HERE] / predicted[LAW].value)
    error = np.array([3 / 80, 3 / 200])
    assert (np.abs(np.mean(ratios, 0) - 1) < 2 * error).all()
    assert (np.abs(np.array(ratios) - 1) < 4 * error).all()


def test_the_slope_needs_no_axes_but_is_that_of_a_line_through_them():
    rng = np.random.default_rng(0)
    hessian = np.diag(rng.uniform(0.5, 1.5, 30))
    root = rng.normal(size=(30, 60)) / np.sqrt(60)
    truth = root @ root.T
    values, axes = np.linalg.eigh(truth)
    curvature = np.einsum("im,ij,jm->m", axes, hessian, axes)
    x, y = values / values.mean(), curvature / curvature.mean()
    line = ((x - 1) * (y - 1)).sum() / ((x - 1) ** 2).sum()
    d = len(values)
    trace = d * np.trace(truth @ hessian) / np.trace(truth) / np.trace(hessian)
    assert (trace - 1) / theory.anisotropy(values) == pytest.approx(line)
