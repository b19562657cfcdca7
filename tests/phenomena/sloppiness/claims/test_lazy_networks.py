import numpy as np
import pytest
from judging import failed

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import lazy_networks, wide_runs
from linnet.phenomena.sloppiness.claims.lazy_networks import (
    CENTERED,
    ORDER,
    OUTPUTS,
    PLAIN,
    TANGENT,
    LazyNetworks,
)
from linnet.study import run_claim

CLAIM = LazyNetworks()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_wide_networks_have_the_ribbon_of_their_kernels_and_one_kernel_is_rejected(
    asked,
):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    labels = {OUTPUTS, TANGENT, PLAIN, CENTERED, ORDER}
    assert {c.label for c in verdict.comparisons} == labels
    for comparison in verdict.comparisons:
        assert comparison.wrong_deviation > 10
    for panel, extra in zip(figure.panels, (1, 1, 0), strict=True):
        roles = [s.role for s in panel.series]
        assert roles == ["theory", *["guide"] * extra, "simulation", "wrong"]


def test_kernels_that_are_a_fifth_too_wide_fail(asked, monkeypatch):
    exact = theory.hidden_layer_kernels

    def wider(inputs):
        given = exact(inputs)
        return theory.HiddenLayerKernels(1.2 * given.outputs, 1.2 * given.tangent)

    monkeypatch.setattr(theory, "hidden_layer_kernels", wider)
    _forget()
    predicted = dict(CLAIM.predict(asked))
    _forget()
    monkeypatch.undo()
    found = {label: predicted[label] for label in (OUTPUTS, TANGENT)}
    assert failed(CLAIM, asked, dict(CLAIM.predict(asked)) | found) == set(found)


def test_targets_that_are_a_third_too_wide_fail_in_both_clouds(asked, monkeypatch):
    monkeypatch.setattr(lazy_networks, "TEACHER", 1.33 * wide_runs.TEACHER)
    predicted = CLAIM.predict(asked)
    monkeypatch.undo()
    assert failed(CLAIM, asked, predicted) == {PLAIN, CENTERED}


def test_what_the_scatter_of_kernels_adds_falls_like_one_over_the_width(monkeypatch):
    modes, unit = lazy_networks._modes(0), np.ones(wide_runs.SAMPLES)
    wide = lazy_networks._left(modes, unit)
    monkeypatch.setattr(lazy_networks, "WIDE", 4 * lazy_networks.WIDE)
    np.testing.assert_allclose(4 * lazy_networks._left(modes, unit), wide)


def test_the_scatter_of_kernels_adds_what_perturbed_kernel_descent_shows():
    """Kernels that scatter as stated, trained from unit residuals along the modes."""
    modes, rng = lazy_networks._modes(0), np.random.default_rng(0)
    rates, n = modes.variances, wide_runs.SAMPLES
    size = lazy_networks.FOURTH / lazy_networks.WIDE
    added = []
    for _ in range(2000):
        noise = rng.standard_normal((n, n))
        noise = (noise + noise.T) / np.sqrt(2)  # diagonal twice as wide in square
        off = 1e-3 * np.sqrt(size * np.outer(rates, rates)) * noise
        start = rng.standard_normal(n)
        exact, bent, total = start.copy(), start.copy(), np.zeros(n)
        for _ in range(1, wide_runs.STEPS):
            exact = exact - wide_runs.RATE * rates * exact
            bent = bent - wide_runs.RATE * (rates * bent + off @ bent)
            total += (bent - exact) ** 2 / wide_runs.STEPS
        added.append(total / 1e-6)
    z = Estimate.from_samples(added).z(lazy_networks._left(modes, np.ones(n)))
    assert np.abs(z).max() < 4


def _forget():
    lazy_networks._kernels.cache_clear()
    lazy_networks._modes.cache_clear()
