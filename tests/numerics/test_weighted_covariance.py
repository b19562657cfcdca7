import numpy as np
import pytest
from scipy.special import exp1

from linnet.numerics import (
    marchenko_pastur_density,
    marchenko_pastur_edges,
    weighted_covariance,
    weighted_covariance_density,
    weighted_covariance_edge,
    weighted_covariance_moments,
)
from linnet.numerics.weighted_covariance import _inverse_of_chi_square, _mean_weight


def grid(edge: float, top: float, points: int = 600) -> np.ndarray:
    """From the edge on, finest at the edge, where the density rises as a root."""
    return edge + (top - edge) * np.linspace(0, 1, points + 1)[1:] ** 3


def cumulative(x: np.ndarray, density: np.ndarray) -> np.ndarray:
    return np.r_[0, np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(x))]


@pytest.mark.parametrize("ratio", [0.01, 0.3, 0.95])
def test_weights_of_one_give_marchenko_and_pastur(ratio):
    low, high = marchenko_pastur_edges(ratio)
    edge = weighted_covariance_edge(ratio, degrees=None)
    assert edge == pytest.approx(low, rel=1e-10)
    x = np.linspace(low, high, 301)[1:-1]
    found = weighted_covariance_density(x, ratio, degrees=None)
    np.testing.assert_allclose(found, marchenko_pastur_density(x, ratio), rtol=1e-9)


@pytest.mark.parametrize("degrees", [1, 2, 5])
@pytest.mark.parametrize("ratio", [0.05, 0.5])
def test_the_density_has_the_moments_of_free_cumulants(ratio, degrees):
    x = grid(weighted_covariance_edge(ratio, degrees=degrees), 40)
    density = weighted_covariance_density(x, ratio, degrees=degrees)
    seen = [np.trapezoid(density * x**j, x) for j in range(4)]
    moments = weighted_covariance_moments(ratio, 3, degrees=degrees)
    np.testing.assert_allclose(seen, [1, *moments], rtol=1e-3)
    assert moments[1] == pytest.approx(1 + ratio * (degrees + 2) / degrees)


@pytest.mark.parametrize("degrees", [1, 3])
def test_sampled_matrices_of_unequal_inputs_have_this_density(degrees):
    rng = np.random.default_rng(0)
    n, p, draws = 600, 180, 8
    spectrum = np.linspace(0.2, 3, p)
    seen = []
    for _ in range(draws):
        inputs = rng.normal(size=(n, p)) * np.sqrt(spectrum)
        weight = rng.chisquare(degrees, size=n) / degrees
        seen.append(np.linalg.eigvalsh((inputs.T * weight) @ inputs / n))
    values = np.sort(np.ravel(seen))
    edge = weighted_covariance_edge(p / n, degrees=degrees, spectrum=spectrum)
    x = grid(edge, 60)
    law = {"degrees": degrees, "spectrum": spectrum}
    said = cumulative(x, weighted_covariance_density(x, p / n, **law))
    counted = np.searchsorted(values, x) / len(values)
    assert np.abs(counted - said).max() < 0.01
    law["degrees"] = 2 * degrees
    wrong = cumulative(x, weighted_covariance_density(x, p / n, **law))
    assert np.abs(counted - wrong).max() > 0.02
    assert (values < edge).mean() < 0.01


def test_many_degrees_are_weights_of_one():
    x = np.linspace(0.4, 2.2, 50)
    said = marchenko_pastur_density(x, 0.3)
    gaps = [
        np.abs(weighted_covariance_density(x, 0.3, degrees=o) - said).max()
        for o in (40, 80)
    ]
    assert gaps[0] / gaps[1] == pytest.approx(2, rel=0.1)


def test_mean_weights_agree_in_all_their_forms():
    b = np.array([0.1 + 0.2j, -0.3 + 1e-3j, -0.3 + 0j, 5 + 1j, -0.01 + 1e-5j, 9j])
    one = _mean_weight(b, 1)[0]
    np.testing.assert_allclose(one, _inverse_of_chi_square(b, 3), rtol=1e-11)
    v = 1 / (2 * b[b.imag > 0])  # four degrees by the exponential integral
    two = np.exp(v) * v * exp1(v)
    four = (1 - two) / (2 * b[b.imag > 0])
    np.testing.assert_allclose(
        _inverse_of_chi_square(b[b.imag > 0], 4), four, rtol=1e-9
    )
    for degrees in (1, 4):  # the series meets the closed form, and is its slope
        a = np.array([0.98, 1.02]) * 3e-3 * degrees / (degrees + 2) * np.exp(1j)
        value, slope = _mean_weight(a, degrees)
        difference = (value[1] - value[0]) / (a[1] - a[0])
        assert abs(difference - slope.mean()) < 1e-5 * abs(difference)


def test_with_more_inputs_than_samples_the_edge_is_zero_and_an_atom_is_left_out():
    assert weighted_covariance_edge(2.0) == 0
    x = grid(0.0, 60, 1500)
    density = weighted_covariance_density(x, 2.0)
    assert np.trapezoid(density, x) == pytest.approx(1 / 2, rel=1e-3)
    assert np.trapezoid(x * density, x) == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: weighted_covariance_edge(-1.0), "`aspect_ratio` must be positive"),
        (lambda: weighted_covariance_edge(2.0, degrees=None), "exchange samples"),
        (lambda: weighted_covariance_edge(0.5, degrees=0), "`degrees` must be a whole"),
        (
            lambda: weighted_covariance_edge(0.5, spectrum=np.array([1.0, 0.0])),
            "`spectrum` must hold positive",
        ),
        (
            lambda: weighted_covariance_density(np.array([np.nan]), 0.5),
            "`x` must be finite",
        ),
        (lambda: weighted_covariance_moments(0.5, 99), r"in \[1, 20\], but is 99"),
    ],
)
def test_an_impossible_law_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_point_where_the_equation_is_not_solved_is_told(monkeypatch):
    monkeypatch.setattr(weighted_covariance, "LAST_STEPS", 0)
    monkeypatch.setattr(weighted_covariance, "NEAREST", 1e-1)
    with pytest.raises(ArithmeticError, match="density was not found at x"):
        weighted_covariance_density(np.array([1.0, 2.0]), 0.5)
