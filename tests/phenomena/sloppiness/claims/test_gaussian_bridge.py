import numpy as np
import pytest
from judging import failed

from linnet.phenomena.sloppiness import measure, theory
from linnet.phenomena.sloppiness.claims import bridge_models
from linnet.phenomena.sloppiness.claims.gaussian_bridge import (
    EIGENVALUES,
    NEGATIVE,
    PLACED,
    SPECTRUM,
    GaussianBridge,
)
from linnet.study import run_claim

CLAIM = GaussianBridge()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_inpca_of_gaussian_predictions_is_pca_and_squared_distances_are_rejected(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    found = {c.label: c for c in verdict.comparisons}
    assert set(found) == {EIGENVALUES, NEGATIVE, PLACED, SPECTRUM}
    for label in (EIGENVALUES, NEGATIVE, PLACED):
        assert found[label].deviation < 1e-12
        assert found[label].wrong_deviation > 1e6 * found[label].tolerance
    identity, drawn, spectrum = figure.panels
    roles = ["theory", "simulation", "wrong"]
    assert [s.role for s in identity.series] == roles
    assert [s.role for s in spectrum.series] == roles
    lines = [s for s in drawn.series if s.role == "theory"]
    dots = [s for s in drawn.series if s.role == "simulation"]
    for line, seen in zip(lines, dots, strict=True):  # whatever the signs of the axes
        np.testing.assert_allclose([seen.x, seen.y], [line.x, line.y], atol=1e-9)


def test_distances_embed_as_the_predictions_themselves_do(asked):
    old, _ = bridge_models.trained(asked)
    direct = measure.embed_gaussian(
        old, bridge_models.MODES, deviation=bridge_models.NOISE
    )
    seen = np.asarray(CLAIM.observe(asked)[EIGENVALUES])
    np.testing.assert_allclose(direct.eigenvalues, seen, rtol=1e-9)


def test_a_spectrum_without_the_common_mean_of_the_ensemble_fails(asked):
    closed = theory.random_target_spectrum(
        np.array(bridge_models.sloppy_data(0).variances),
        bridge_models.SAMPLES,
        bridge_models.START,
        bridge_models.TARGET,
        theory.GradientDescent(bridge_models.RATE),
        theory.given_checkpoints(bridge_models.STEPS),
    )
    whole = bridge_models.MODELS * closed / bridge_models.UNIT
    assert failed(CLAIM, asked, dict(CLAIM.predict(asked)) | {SPECTRUM: whole}) == {
        SPECTRUM
    }


def test_trajectories_of_another_rate_fail(asked, monkeypatch):
    monkeypatch.setattr(bridge_models, "RATE", 0.999)
    fresh = CLAIM.predict(asked)  # what was trained is kept
    assert failed(CLAIM, asked, fresh) == {EIGENVALUES, PLACED}
