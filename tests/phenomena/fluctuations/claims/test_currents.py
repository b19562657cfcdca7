import numpy as np
import pytest

from linnet.dynamics import SGD, WithoutReplacement, simulate
from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import currents, late_chains, runs
from linnet.phenomena.fluctuations.claims.currents import (
    BALANCED,
    CURRENTS,
    ENTROPY,
    BrokenBalance,
)
from linnet.study import run_claim

CLAIM = BrokenBalance()


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_the_claim_holds_and_detailed_balance_is_rejected(seed):
    verdict, figure = run_claim(CLAIM, CLAIM.canonical(seed, True))
    assert verdict.verdict == "holds"
    assert verdict.status == "exact"
    assert all(part.wrong_deviation > 10 for part in verdict.comparisons)
    for panel in figure.panels:
        assert {"theory", "simulation"} <= {s.role for s in panel.series}
        assert all(np.isfinite(s.y).all() for s in panel.series)


def test_it_is_not_asked_of_data(problem):
    assert not CLAIM.of_data
    assert CLAIM.applies(problem("plain")).startswith("it is a law of random data")


def test_currents_without_the_factor_of_the_commutator_fail(monkeypatch):
    genuine = theory.antisymmetric_lag
    monkeypatch.setattr(theory, "antisymmetric_lag", lambda *given: genuine(*given) / 2)
    verdict, _ = run_claim(CLAIM, CLAIM.canonical(0, True))
    failed = {c.label for c in verdict.comparisons if c.outcome == "fails"}
    assert failed == {CURRENTS}


def test_chains_whose_noise_is_taken_twice_as_strong_fail(monkeypatch):
    asked = CLAIM.canonical(0, True)
    genuine = currents._gradient_noise
    monkeypatch.setattr(currents, "_gradient_noise", lambda one: 2 * genuine(one))
    observed = CLAIM.observe(asked)
    judged = CLAIM.test(asked, ENTROPY).judge(
        ENTROPY,
        CLAIM.predict(asked)[ENTROPY],
        observed[ENTROPY],
        CLAIM.wrong(asked)[ENTROPY],
    )
    assert judged.outcome == "fails"


def test_the_work_of_the_drift_is_the_entropy_production_in_the_continuum():
    asked = currents.many(CLAIM.canonical(0, True), 80)
    minimum = runs.minimum(asked)
    rate = 1e-6
    factor = late_chains.noise_factor()
    covariance = theory.continuum_covariance(minimum, rate, factor)
    lagged = theory.antisymmetric_lag(minimum, covariance, rate)[0, 0]
    diffusion = rate * factor / 2 * theory.gradient_noise(minimum)[0, 0]
    force = np.linalg.solve(diffusion, np.diag(minimum.curvatures))
    work = -(force * lagged).sum() / (2 * rate)
    assert work == pytest.approx(theory.entropy_production(minimum), rel=1e-9)


def test_label_noise_is_as_strong_as_that_of_minibatches():
    asked = CLAIM.canonical(0, True)
    noise = currents._gradient_noise(asked)
    minimum = runs.minimum(asked)
    expected = minimum.full(theory.gradient_noise(minimum))
    np.testing.assert_allclose(noise, expected, atol=1e-12)
    errors = [np.std(CLAIM.observe(asked)[label]) for label in (CURRENTS, BALANCED)]
    assert 0.5 < errors[0] / errors[1] < 2


def first_currents(asked, chains=2048, pairs=32):
    """Of the first step from isotropic starts: several of either sign, as outputs.

    Those of a chain draw the same batches, so that the noise of the residuals cancels.
    """
    dataset, minimum = asked.dataset, runs.minimum(asked)
    strength = currents.RATE * currents._noise_factor() / 2
    size = np.sqrt(strength * (minimum.residuals**2).mean())
    minimizer = asked.moments.minimizer().end_to_end
    rng = np.random.default_rng(0)
    start = size * rng.normal(size=(chains, pairs, currents.INPUTS))
    targets = np.repeat(dataset.targets, 2 * pairs, axis=1)
    sampling = WithoutReplacement()
    run = simulate(
        SGD(dataset.inputs, targets, currents.RATE, currents.BATCH, sampling),
        (minimizer + np.concatenate([start, -start], axis=1),),
        steps=[0, 1],
        observe={"layer": lambda weights: weights[0]},
    )
    before, after = (np.asarray(run["layer"]) - minimizer) @ minimum.basis
    product = np.einsum("cai,caj->cij", after, before) / (2 * pairs)
    lag = product - product.transpose(0, 2, 1)
    return lag[(slice(None), *np.triu_indices(currents.INPUTS, 1))]


def test_currents_set_in_while_isotropic_chains_burn_in():
    asked = CLAIM.canonical(0, True)
    exact = CLAIM.predict(asked)[CURRENTS]
    first, late = (
        Estimate.from_samples(found @ exact / (exact @ exact))  # 1: as predicted
        for found in (first_currents(asked), currents.minibatch_currents(asked))
    )
    assert abs(first.z(0)) < 4
    assert first.value + 4 * first.stderr < 1 / 2
    assert abs(first.z(1)) > 10
    assert abs(late.z(1)) < 4
    assert late.value - 4 * late.stderr > 1 / 2
    assert abs(late.z(0)) > 10
