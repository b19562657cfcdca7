import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from linnet.phenomena.anisotropy.theory import (
    equivalent_risk,
    finite_risk,
    finite_squared_norm,
    limit_risk,
    limit_squared_norm,
    spike_and_bulk,
    spike_plane,
    target_power,
)
from linnet.task import power_law_covariance, spiked_covariance

NOISE = 0.7


def sampled_ridge(spectrum, beta, n, ridge, sets=60, seed=0):
    """Excess risk, squared norm and training error of solved regressions."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(sets):
        inputs = rng.normal(size=(n, len(spectrum))) * np.sqrt(spectrum)
        targets = inputs @ beta + NOISE * rng.normal(size=n)
        if ridge == 0:
            w = np.linalg.pinv(inputs) @ targets
        else:
            gram = inputs.T @ inputs / n + ridge * np.eye(len(spectrum))
            w = np.linalg.solve(gram, inputs.T @ targets / n)
        excess = (w - beta) ** 2 @ spectrum
        found.append([excess, w @ w, np.mean((targets - inputs @ w) ** 2)])
    found = np.array(found)
    return found.mean(0), found.std(0, ddof=1) / np.sqrt(sets)


@pytest.mark.statistical
@pytest.mark.parametrize("ridge", [0.0, 0.05, 2.0])
@pytest.mark.parametrize(("n", "d"), [(100, 60), (80, 140)])
def test_risk_norm_and_training_error_are_those_of_solved_regressions(n, d, ridge):
    spectrum = 3 * np.arange(1, d + 1) ** -0.7
    beta = np.cos(np.arange(d)) / np.sqrt(d)
    means, errors = sampled_ridge(spectrum, beta, n, ridge)
    said = equivalent_risk(spectrum, beta**2, n, ridge, NOISE)
    expected = [said.risk.excess, said.squared_norm, said.training_error]
    allowance = 2 / n * np.array(expected)  # the equivalents are good to order 1/n
    if ridge == 0:
        allowance[:2] = 2 / abs(d - n) * np.array(expected[:2])
    off = np.abs(means - expected)
    assert np.all(off < 4 * errors + allowance + 1e-20)
    assert abs(means[0] - 2 * expected[0]) > 10 * errors[0] + 2 * allowance[0]


@pytest.mark.parametrize("ratio", [1.5, 2.0, 4.0])
@pytest.mark.parametrize(("rho", "cosine"), [(5.0, 0.6), (-0.6, 0.8), (60.0, 1.0)])
def test_the_exact_risk_is_approached_like_one_over_n(ratio, rho, cosine):
    gaps = []
    for n in (100, 200, 400):
        d = int(ratio * n)
        eigenvalues, power, counts = spike_and_bulk(d, rho, cosine)
        said = equivalent_risk(eigenvalues, power, n, 0.0, NOISE, counts)
        exact = finite_risk(n, d, rho, cosine, 1.0, NOISE)
        norm = finite_squared_norm(n, d, rho, cosine, 1.0, NOISE)
        gap = [
            abs(said.risk.bias / exact.bias - 1),
            abs(said.risk.variance / exact.variance - 1),
            abs(said.squared_norm / norm - 1),
        ]
        assert max(gap) < 2 / (d - n) + 2 / n
        gaps.append(gap)
    # A bias of a nearly even problem is even closer: its 1/n may have no coefficient.
    falling = np.array(gaps[0])[1:] / np.array(gaps[2])[1:]
    np.testing.assert_allclose(falling, 4, rtol=0.15)
    assert gaps[2][0] < gaps[0][0] / 2


@pytest.mark.parametrize("ratio", [0.4, 3.0])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_a_large_problem_with_one_spike_has_the_closed_limit(ratio, ridge):
    n = 10**7
    eigenvalues, power, counts = spike_and_bulk(ratio * n, 4.0, 0.6, 1.5)
    said = equivalent_risk(eigenvalues, power, n, ridge, NOISE, counts)
    limit = limit_risk(4.0, 0.6, ratio, 1.5, NOISE, ridge)
    assert said.risk.bias == pytest.approx(limit.bias, rel=1e-6, abs=1e-12)
    assert said.risk.variance == pytest.approx(limit.variance, rel=1e-6)
    if ridge == 0:
        norm = limit_squared_norm(4.0, 0.6, ratio, 1.5, NOISE)
        assert said.squared_norm == pytest.approx(norm, rel=1e-6)


@given(
    rho=st.floats(-0.9, 1e3),
    cosine=st.floats(-1, 1),
    n=st.integers(2, 50),
    d=st.integers(2, 50),
)
@settings(max_examples=20)
def test_a_large_penalty_leaves_the_power_of_the_signal(rho, cosine, n, d):
    eigenvalues, power, counts = spike_and_bulk(d, rho, cosine, 2.0)
    said = equivalent_risk(eigenvalues, power, n, np.inf, NOISE, counts)
    signal = spike_plane(rho, cosine, 2.0).signal_power
    assert said.risk.excess == pytest.approx(signal, rel=1e-12)
    assert said.squared_norm == 0
    assert said.training_error == pytest.approx(signal + NOISE**2, rel=1e-12)
    almost = equivalent_risk(eigenvalues, power, n, 1e9, NOISE, counts)
    assert almost.risk.excess == pytest.approx(signal, rel=1e-3)


def test_a_tiny_penalty_and_a_huge_one_keep_relative_accuracy():
    # Equal eigenvalues, d = n / 2: kappa and the risk by their series.
    one, counts = np.ones(1), np.array([500.0])
    tiny, huge = 1e-12, 1e12
    bias = equivalent_risk(one, one, 1000, tiny, 0.0, counts).risk.bias
    assert bias == pytest.approx((2 * tiny) ** 2 / 0.5, rel=1e-10)
    found = equivalent_risk(one, one, 1000, huge, 1.0, counts)
    assert found.risk.variance == pytest.approx(0.5 / huge**2, rel=1e-10)
    # w = X'y / (n huge): signal 1 + d / n, noise d / n.
    assert found.squared_norm == pytest.approx(2.0 / huge**2, rel=1e-10)


def test_grids_of_spikes_penalties_and_samples_broadcast():
    eigenvalues, power, counts = spike_and_bulk(60, np.array([1.0, 9.0]), 0.5)
    n, ridge = np.array([30, 90, 200])[:, None], np.array([0.0, 1.0])[:, None, None]
    grid = equivalent_risk(eigenvalues, power, n, ridge, NOISE, counts)
    assert grid.risk.bias.shape == grid.squared_norm.shape == (2, 3, 2)
    one = equivalent_risk(eigenvalues[1], power[1], 30, 1.0, NOISE, counts[1])
    assert grid.risk.excess[1, 0, 1] == pytest.approx(one.risk.excess, rel=1e-13)
    assert (grid.training_error[0, 0] == 0).all()  # every sample is fitted


def test_as_many_inputs_as_samples_is_infinite_only_with_noise():
    ones = np.ones(20)
    noisy = equivalent_risk(ones, ones, 20, 0.0, NOISE)
    assert noisy.risk.variance == noisy.squared_norm == np.inf
    assert noisy.training_error == 0
    clean = equivalent_risk(ones, ones, 20)
    assert clean.risk.excess == 0
    assert clean.squared_norm == 20


def test_a_teacher_is_seen_in_the_basis_of_its_inputs():
    rng = np.random.default_rng(2)
    covariance = power_law_covariance(7, 1.0, rng)
    beta = rng.normal(size=7)
    power = target_power(covariance, beta)
    assert power.sum() == pytest.approx(beta @ beta)
    signal = beta @ covariance.matrix() @ beta
    assert covariance.eigenvalues @ power == pytest.approx(signal)
    spiked = target_power(spiked_covariance(7, 3.0, beta), beta)
    np.testing.assert_allclose(spiked, np.r_[beta @ beta, np.zeros(6)], atol=1e-12)


ONES = np.ones(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: equivalent_risk(ONES, ONES, 5, -1.0), "`ridge` must be >= 0"),
        (lambda: equivalent_risk(ONES, ONES, 0), "`n` must be finite and >= 1"),
        (lambda: equivalent_risk(ONES, ONES, 5, 0.0, -1.0), "`noise` must be finite"),
        (lambda: equivalent_risk(-ONES, ONES, 5), "`eigenvalues` must be finite"),
        (lambda: equivalent_risk(ONES, -ONES, 5), "`target_power` must be finite"),
        (lambda: equivalent_risk(ONES, 0 * ONES, 5), "must not be all zero"),
        (lambda: equivalent_risk(ONES, np.ones(2), 5), "as many entries"),
        (lambda: spike_and_bulk(0, 1.0, 0.5), "`d` must be finite and >= 1"),
        (lambda: spike_and_bulk(5, -1.0, 0.5), "`spike_strength` must be finite"),
        (lambda: spike_and_bulk(5, 1.0, 2.0), "`alignment` must lie in"),
        (lambda: spike_and_bulk(5, 1.0, 0.5, 0.0), "`norm` must be positive"),
        (lambda: target_power(spiked_covariance(3, 1.0), np.ones(2)), r"shape \(3,\)"),
        (lambda: target_power(spiked_covariance(3, 1.0), np.zeros(3)), "not zero"),
        (lambda: target_power(spiked_covariance(2, 1.0), np.full(2, np.nan)), "nan"),
    ],
)
def test_what_is_no_regression_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
