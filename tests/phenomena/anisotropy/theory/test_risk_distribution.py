import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from linnet.phenomena.anisotropy.theory import (
    finite_risk,
    risk_probability,
    risk_quantile,
)


def sampled(n, d, rho, sets=4000):
    """Risk of least-norm solutions for a teacher along the spike."""
    inputs = np.random.default_rng(0).normal(size=(sets, n, d))
    inputs[..., 0] *= np.sqrt(1 + rho)
    solution = np.linalg.pinv(inputs) @ inputs[..., :1]
    gap = solution[..., 0] - np.eye(d)[0]
    return (gap**2) @ np.r_[1 + rho, np.ones(d - 1)]


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("n", "d", "rho"), [(3, 12, 5.0), (2, 4, -0.9), (1, 2, 30.0), (6, 9, -0.6)]
)
def test_risks_of_sampled_data_are_distributed_as_said(n, d, rho):
    found = 2.25 * sampled(n, d, rho)
    said = stats.kstest(found, lambda x: risk_probability(x, n, d, rho, 1.5))
    assert said.pvalue > 1e-4
    wrong = stats.kstest(found, lambda x: risk_probability(x, n, d, rho, 1.5 * 1.41))
    assert wrong.pvalue < 1e-20


@settings(max_examples=50)
@given(
    n=st.integers(1, 200),
    margin=st.integers(1, 200),
    rho=st.floats(-0.999, 1e3),
    share=st.floats(0.001, 0.999),
)
def test_quantile_and_probability_are_inverse(n, margin, rho, share):
    value = risk_quantile(share, n, n + margin, rho, 2.0)
    again = risk_probability(value, n, n + margin, rho, 2.0)
    # Close to the top of a folded law, and where it is narrow, a rounding of the risk
    # is a visible share.
    nudge = risk_probability(
        value * (1 + 1e-12 * np.array([-1, 1])), n, n + margin, rho, 2.0
    )
    assert nudge[0] - 1e-9 <= share <= nudge[1] + 1e-9
    assert nudge[0] <= again <= nudge[1]


@pytest.mark.parametrize("rho", [-0.95, -0.3, 6.0])
def test_its_mean_is_the_exact_one(rho):
    n, d = 4, 9
    x, weight = np.polynomial.legendre.leggauss(400)
    # By the angle, so that both ends of the quantile are approached slowly.
    share, density = (1 + np.sin(np.pi * x / 2)) / 2, np.cos(np.pi * x / 2) * np.pi / 4
    mean = weight @ (density * risk_quantile(share, n, d, rho))
    assert mean == pytest.approx(finite_risk(n, d, rho, 1.0).bias, rel=1e-6)


def test_its_ends_are_the_least_and_the_greatest_risk():
    np.testing.assert_allclose(risk_quantile([0, 1], 3, 7, 4.0), [0, 5], rtol=1e-12)
    top = risk_quantile(1.0, 3, 7, -0.8)
    assert top == pytest.approx(1 / 3.2, rel=1e-12)
    assert risk_probability(top * (1 + 1e-9), 3, 7, -0.8) == 1


def test_with_samples_enough_there_is_no_risk():
    assert risk_quantile(0.9, 7, 7, 2.0) == 0
    assert risk_probability(0.0, 7, 5, 2.0) == 1


def test_a_grid_is_computed_at_once():
    share, rho = np.array([0.1, 0.5, 0.9])[:, None], np.array([-0.9, 0.0, 5.0])
    grid = risk_quantile(share, 5, 9, rho)
    assert grid.shape == (3, 3)
    assert np.all(np.diff(grid, axis=0) > 0)
    assert grid[1, 2] == risk_quantile(0.5, 5, 9, 5.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: risk_quantile(1.5, 3, 7, 1.0), r"`share` must lie in \[0, 1\]"),
        (lambda: risk_quantile(-0.5, 3, 7, 1.0), "`share` must be finite and >= 0"),
        (lambda: risk_quantile(0.5, 0, 7, 1.0), "`n` must be a whole number"),
        (lambda: risk_quantile(0.5, 3, 7, -1.0), "`spike_strength` must be finite"),
        (lambda: risk_quantile(0.5, 3, 7, 1.0, 0.0), "`norm` must be positive"),
        (lambda: risk_probability(-1.0, 3, 7, 1.0), "`risk` must be finite and >= 0"),
        (lambda: risk_probability(1.0, 3, 0.5, 1.0), "`d` must be a whole number"),
        (lambda: risk_probability(1.0, 3, 7, np.nan), "`spike_strength` must be"),
        (lambda: risk_probability(1.0, 3, 7, 1.0, -1.0), "`norm` must be positive"),
    ],
)
def test_what_is_no_probability_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
