import numpy as np
import pytest

from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import problems, runs, sharpness
from linnet.phenomena.spectral_bias.claims.sharpness import HessianSpectrum
from linnet.study import run_claim

CLAIM = HessianSpectrum()


@pytest.mark.parametrize("seed", range(5))
def test_the_claim_holds_on_its_canonical_problem(seed):
    verdict, figure = run_claim(CLAIM, CLAIM.canonical(seed, True))
    assert verdict.verdict == "holds"
    assert verdict.status == "exact"
    assert verdict.note == ""
    (panel,) = figure.panels
    assert {s.role for s in panel.series} == {"theory", "simulation", "wrong"}


def test_it_is_not_asked_of_data(problem):
    assert not CLAIM.of_data
    assert CLAIM.applies(problem("lazy")).startswith("it measures the Hessian entry")


def test_the_predicted_layers_have_the_product_and_the_gram_matrices_of_the_end():
    asked = problems.anisotropic(0, True)
    for gamma in runs.scales(asked):
        first, second = sharpness._closed(asked, gamma)
        limit = runs.limit(asked)
        inputs, outputs = theory.gram_matrices(limit, gamma)
        np.testing.assert_allclose(second @ first, limit, atol=1e-12)
        np.testing.assert_allclose(first.T @ first, inputs, atol=1e-12)
        np.testing.assert_allclose(second @ second.T, outputs, atol=1e-9)


@pytest.mark.parametrize("factor", [1.0001, 2.0])
def test_a_spectrum_that_is_slightly_off_fails(factor, monkeypatch):
    genuine = theory.sharpness_spectrum
    monkeypatch.setattr(
        theory, "sharpness_spectrum", lambda *given: factor * genuine(*given)
    )
    verdict, _ = run_claim(CLAIM, problems.anisotropic(0, True))
    assert verdict.is_failure
