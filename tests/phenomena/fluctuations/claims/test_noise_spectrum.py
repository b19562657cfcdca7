import numpy as np
import pytest

from linnet.phenomena.fluctuations import measure, theory
from linnet.phenomena.fluctuations.claims import noise_spectrum, random_sets
from linnet.phenomena.fluctuations.claims.noise_spectrum import (
    HESSIAN,
    MEAN,
    NOISE,
    SHARES,
    NoiseSpectrum,
)
from linnet.phenomena.fluctuations.claims.random_sets import OTHERS, WHITE, Kind
from linnet.study import run_claim

CLAIM = NoiseSpectrum()


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_the_claim_holds_and_proportional_noise_is_rejected(seed):
    verdict, figure = run_claim(CLAIM, CLAIM.canonical(seed, True))
    assert verdict.verdict == "holds"
    assert verdict.status == "asymptotic"
    assert all(part.wrong_deviation > 10 for part in verdict.comparisons)
    for panel in figure.panels:
        assert {"theory", "simulation"} <= {s.role for s in panel.series}
        assert all(np.isfinite(s.y).all() for s in panel.series)


def test_it_is_not_asked_of_data(problem):
    assert not CLAIM.of_data
    assert CLAIM.applies(problem("plain")).startswith("it is a law of random data")


def test_gradients_that_forget_their_residual_are_found_out(monkeypatch):
    genuine = measure.gradient_covariance
    monkeypatch.setattr(
        measure,
        "gradient_covariance",
        lambda rows: genuine(rows / np.linalg.norm(rows, axis=1, keepdims=True)),
    )
    random_sets.sets.cache_clear()
    verdict, _ = run_claim(CLAIM, CLAIM.canonical(0, True))
    random_sets.sets.cache_clear()
    assert verdict.is_failure
    failed = {part.label for part in verdict.comparisons if part.outcome == "fails"}
    assert failed == {NOISE, MEAN, SHARES}


def test_what_is_seen_of_a_data_set_is_what_its_matrices_say():
    kind = Kind(5, outputs=2, condition=3.0)
    rng = np.random.default_rng(0)
    noise, hessian, mean, spectrum, curvatures = random_sets._one(kind, rng)
    rng = np.random.default_rng(0)
    teacher = rng.normal(size=(2, 5)) / np.sqrt(5)
    inputs = random_sets.geometric_covariance(5, 3.0).sample(800, rng)
    targets = inputs @ teacher.T + rng.standard_normal((800, 2))
    minimum = theory.least_squares_minimum(inputs, targets)
    full = minimum.full(theory.gradient_noise(minimum))
    values = np.linalg.eigvalsh(full)
    assert noise == pytest.approx((values**2).mean() / values.mean() ** 2)
    h = minimum.variances
    assert np.sort(curvatures) == pytest.approx(np.sort(h))
    assert hessian == pytest.approx((h**2).mean() / h.mean() ** 2)
    whole = np.kron(np.eye(2), inputs.T @ inputs / 800)
    assert mean == pytest.approx(np.trace(np.linalg.inv(whole) @ full) / 10)
    assert spectrum.size == 0


def test_shares_add_up_and_quantiles_are_those_of_the_density():
    kind = WHITE[1]
    assert noise_spectrum._shares_of_hessian(kind).sum() == pytest.approx(1)
    values, density, below = noise_spectrum._law(kind.aspect)
    assert below[-1] == pytest.approx(1, abs=2e-3)
    mean = np.trapezoid(values * density, values)
    square = np.trapezoid(values**2 * density, values)
    assert mean == pytest.approx(1, abs=5e-3)
    assert square == pytest.approx(1 + 3 * kind.aspect, rel=2e-2)


def test_several_outputs_and_unequal_inputs_are_looked_at_besides():
    predicted = CLAIM.predict(CLAIM.canonical(0, True))
    assert predicted[NOISE].value.shape == (2 + len(OTHERS),)
    assert predicted[NOISE].value[2] == pytest.approx(1.5)
    assert predicted[HESSIAN].value == pytest.approx([1.1, 1.25])
