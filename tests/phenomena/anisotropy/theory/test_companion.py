import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from linnet.numerics import marchenko_pastur_edges
from linnet.phenomena.anisotropy.theory import (
    PopulationSpectrum,
    companion_transform,
    spiked_population,
    support_edges,
)

ISOTROPIC = spiked_population(0.0, 0.0)


def bulk(eigenvalues, shares=None):
    count = len(eigenvalues)
    shares = np.full(count, 1 / count) if shares is None else shares
    return PopulationSpectrum(eigenvalues, shares, np.ones(count))


WIDE = bulk(np.geomspace(0.05, 20, 60))


@settings(deadline=None, max_examples=30)
@given(
    ratio=st.floats(0.05, 20),
    size=st.floats(-4, 4),
    angle=st.floats(0.02, np.pi - 0.02),
)
def test_the_transform_solves_its_equation_with_the_right_sign(ratio, size, angle):
    z = np.array([np.exp(size + 1j * angle), np.exp(size - 1j * angle)])
    m = companion_transform(z, WIDE, ratio)
    mean = (WIDE.eigenvalues / (1 + m[:, None] * WIDE.eigenvalues)) @ WIDE.shares
    np.testing.assert_allclose(-1 / m + ratio * mean, z, rtol=1e-11)
    assert (np.sign(m.imag) == np.sign(z.imag)).all()
    np.testing.assert_allclose(m[1], m[0].conj(), rtol=1e-11)


@pytest.mark.parametrize("ratio", [0.05, 0.5, 1.0, 1.02, 20.0])
def test_iteration_and_quadratic_equation_agree_for_one_eigenvalue(ratio):
    z = np.exp(np.linspace(-9, 4, 40) + 0.5j)
    halves = bulk(np.array([3.0, 3.0]))
    np.testing.assert_allclose(
        companion_transform(z, halves, ratio),
        companion_transform(z, bulk(np.array([3.0])), ratio),
        rtol=1e-11,
    )


def test_the_transform_is_that_of_one_large_sample():
    n, d = 1200, 600
    eigenvalues = np.where(np.arange(d) < 200, 4.0, 0.5)
    rng = np.random.default_rng(3)
    inputs = rng.standard_normal((n, d)) * np.sqrt(eigenvalues)
    found = np.linalg.eigvalsh(inputs.T @ inputs / n)
    z = np.array([0.5 + 0.5j, 3 + 1j, 8 + 0.5j])
    plain = (1 / (found - z[:, None])).sum(1) / n - (1 - d / n) / z
    theory = companion_transform(z, bulk(np.array([4.0, 0.5]), [1 / 3, 2 / 3]), 0.5)
    assert (abs(plain - theory) < 10 / n).all()
    wrong = companion_transform(z, bulk(np.array([4.0, 0.5]), [2 / 3, 1 / 3]), 0.5)
    assert (abs(plain - wrong) > 30 / n).all()


@pytest.mark.parametrize("ratio", [0.05, 0.5, 0.98, 1.0, 1.02, 2.0, 20.0])
def test_isotropic_edges_are_those_of_marchenko_and_pastur(ratio):
    found = support_edges(ISOTROPIC, ratio)
    np.testing.assert_allclose(found, marchenko_pastur_edges(ratio), atol=1e-14)


def test_outliers_above_and_below_the_bulk_are_included():
    ratio, low, high = 0.25, -0.8, 3.0
    found = support_edges(spiked_population([low, high], [0.1, 0.1]), ratio)
    expected = [(1 + rho) * (1 + ratio / rho) for rho in (low, high)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_weak_spikes_leave_the_edges_of_the_bulk():
    found = support_edges(spiked_population([-0.4, 0.4], [0.1, 0.1]), 0.25)
    np.testing.assert_allclose(found, marchenko_pastur_edges(0.25), rtol=1e-12)


@pytest.mark.parametrize("ratio", [0.4, 2.5])
def test_the_extreme_eigenvalues_of_samples_tend_to_the_edges(ratio):
    levels = np.array([0.2, 0.5, 1.0, 2.0, 6.0])
    edges = np.array(support_edges(bulk(levels), ratio))
    rng = np.random.default_rng(0)
    gaps = []
    for n, sets in ((50, 20), (400, 5)):
        d = int(n * ratio)
        inputs = rng.standard_normal((sets, n, d)) * np.sqrt(np.repeat(levels, d // 5))
        found = np.linalg.svd(inputs, compute_uv=False) ** 2 / n
        gaps.append(found[:, [-1, 0]].mean(0) / edges - 1)
    # By the power 2/3 of n: a factor of four.
    assert (abs(gaps[1]) < abs(gaps[0]) / 2).all()
    assert (abs(gaps[1]) < 0.1).all()


def test_directions_without_variance_change_nothing_but_the_ratio():
    half = bulk(np.array([3.0, 1.0, 0.0]), [0.25, 0.25, 0.5])
    full = bulk(np.array([3.0, 1.0]))
    z = np.array([0.3 + 0.1j, 5 + 2j])
    np.testing.assert_allclose(support_edges(half, 3.0), support_edges(full, 1.5))
    np.testing.assert_allclose(
        companion_transform(z, half, 3.0), companion_transform(z, full, 1.5)
    )


def test_real_points_and_ratios_that_are_none_are_refused():
    with pytest.raises(ValueError, match="must be finite and off the real line"):
        companion_transform(np.array([1.0 + 0j]), ISOTROPIC, 0.5)
    for wrong in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="`aspect_ratio` must be positive"):
            support_edges(ISOTROPIC, wrong)
        with pytest.raises(ValueError, match="`aspect_ratio` must be positive"):
            companion_transform(np.array([1j]), ISOTROPIC, wrong)
