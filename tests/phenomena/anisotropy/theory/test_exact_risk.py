import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import integrate, stats

from linnet.phenomena.anisotropy.theory import (
    finite_risk,
    finite_squared_norm,
    null_space_power,
)

SETS = 4000
NOISE = 0.7


def sampled(n, d, rho, cosine, seed=0):
    """Bias, variance and squared norm of `SETS` least-norm solutions, one by one."""
    rng = np.random.default_rng(seed)
    beta = np.r_[cosine, np.sqrt(1 - cosine**2), np.zeros(d)][:d]
    spectrum = np.r_[1 + rho, np.ones(d - 1)]
    inputs = rng.normal(size=(SETS, n, d)) * np.sqrt(spectrum)
    inverse = np.linalg.pinv(inputs)
    solution = np.einsum("sdn,snj,j->sd", inverse, inputs, beta)
    bias = ((solution - beta) ** 2) @ spectrum
    variance = NOISE**2 * np.einsum("sdn,d->s", inverse**2, spectrum)
    norm = (solution**2).sum(1) + NOISE**2 * (inverse**2).sum((1, 2))
    return bias, variance, norm


def z(samples, expected):
    error = samples.std(ddof=1) / np.sqrt(len(samples)) + 1e-12
    return (samples.mean() - expected) / error


# Margins |d - n| of five and more where the variance is averaged: below, its samples
# have no variance themselves, and no error bar.
@pytest.mark.statistical
@pytest.mark.parametrize(
    ("n", "d", "rho", "cosine"),
    [(3, 12, 5, 0.6), (1, 7, 100, 0.8), (5, 11, -0.9, -0.7), (4, 10, 1e4, 0.5)],
)
def test_means_are_those_of_sampled_data(n, d, rho, cosine):
    bias, variance, norm = sampled(n, d, rho, cosine)
    risk = finite_risk(n, d, rho, cosine, 1.0, NOISE)
    assert abs(z(bias, risk.bias)) < 4
    assert abs(z(variance, risk.variance)) < 4
    assert abs(z(norm, finite_squared_norm(n, d, rho, cosine, 1.0, NOISE))) < 4
    # Wrong: as if the spike did not exist.
    assert abs(z(bias, 1 - n / d)) > 10


@pytest.mark.statistical
def test_with_fewer_inputs_than_samples_only_the_numbers_of_both_matter():
    for rho in (-0.8, 30.0):
        bias, variance, norm = sampled(14, 4, rho, 0.5)
        risk = finite_risk(14, 4, rho, 0.5, 1.0, NOISE)
        assert risk.bias == 0
        assert bias.max() < 1e-20
        assert abs(z(variance, risk.variance)) < 4
        assert abs(z(norm, finite_squared_norm(14, 4, rho, 0.5, 1.0, NOISE))) < 4
        assert abs(z(variance, 2 * risk.variance)) > 10
        assert risk.variance == pytest.approx(NOISE**2 * 4 / 9)


@pytest.mark.parametrize("n", [1, 2, 10, 150])
@pytest.mark.parametrize("margin", [1, 2, 3, 4, 60])
@pytest.mark.parametrize("rho", [-0.999, -0.3, 4.0, 1e4])
def test_averages_are_those_of_adaptive_quadrature(n, margin, rho):
    # Formulas in V with q written out, as they come out of the matrices.
    d, cosine, s = n + margin, 0.6, 1 + rho

    def mean(function):
        def weighted(x):  # V = 1 / (1 + exp(-x))
            v, rest = 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(x))
            q = v / (v + s * rest)
            return function(v, rest, q) * law(x)

        edges = np.sort(np.r_[-80, 80, np.log(s), centre + width * np.arange(-6, 7, 2)])
        edges = np.unique(np.clip(edges, -80, 80))
        pairs = itertools.pairwise(edges)
        return sum(
            integrate.quad(weighted, *ends, epsabs=1e-14, epsrel=1e-12, limit=200)[0]
            for ends in pairs
        )

    a, b = margin / 2, n / 2
    centre, width = np.log(a / b), np.sqrt(1 / a + 1 / b)
    top = stats.beta.logpdf(a / (a + b), a, b) + np.log(a * b / (a + b) ** 2)

    def law(x):
        fall = (a + b) * np.log((b + a * np.exp(x - centre)) / (a + b))
        return np.exp(top + a * (x - centre) - fall)

    along = mean(lambda v, rest, q: q * (1 + rho * q))
    aside = mean(lambda v, rest, q: margin - q + rho * q * (1 - q)) / (d - 1)
    bias = cosine**2 * along + (1 - cosine**2) * aside
    found = finite_risk(n, d, rho, cosine, 1.0, 1.0)
    assert found.bias == pytest.approx(bias, rel=1e-9)
    if margin > 2:  # where each of its terms has a mean
        one = mean(lambda v, rest, q: rest / v**2 * q)
        two = mean(lambda v, rest, q: rest / v**2 * q**2)
        variance = n / (margin - 2) - s * (one - rho * two) / (margin - 1)
        assert found.variance == pytest.approx(variance, rel=1e-8)


@given(n=st.integers(1, 500), margin=st.integers(2, 500), cosine=st.floats(-1, 1))
def test_without_a_spike_all_is_counting(n, margin, cosine):
    d = n + margin
    risk = finite_risk(n, d, 0.0, cosine, 2.0, NOISE)
    assert risk.bias == pytest.approx(4 * margin / d, rel=1e-10)
    assert risk.variance == pytest.approx(NOISE**2 * n / (margin - 1), rel=1e-12)
    norm = finite_squared_norm(n, d, 0.0, cosine, 2.0, NOISE)
    assert norm == pytest.approx(4 * n / d + NOISE**2 * n / (margin - 1), rel=1e-10)
    assert null_space_power(n, d, 0.0) == pytest.approx(margin, rel=1e-12)


@given(
    n=st.integers(1, 300),
    margin=st.integers(2, 300),
    rho=st.floats(-0.9999, 1e4),
    cosine=st.floats(-1, 1),
)
def test_no_solution_of_least_norm_is_longer_than_the_teacher(n, margin, rho, cosine):
    norm = finite_squared_norm(n, n + margin, rho, cosine)
    assert 0 < norm <= 1 + 1e-12
    risk = finite_risk(n, n + margin, rho, cosine, 1.0, 1.0)
    assert risk.bias > 0
    # A spike only adds variance to the noise part: least for white inputs.
    assert risk.variance >= n / (margin - 1) * (1 - 1e-12)


def test_the_variance_is_finite_as_soon_as_two_inputs_are_in_excess():
    assert np.isfinite(finite_risk(3, 5, 5.0, 0.6, 1.0, NOISE).variance)
    rng = np.random.default_rng(3)
    # Its samples have no variance: the median of means, compared roughly.
    inputs = rng.normal(size=(40, 2000, 3, 5)) * np.sqrt([6, 1, 1, 1, 1])
    inverse = np.linalg.pinv(inputs)
    each = np.einsum("bsdn,d->bs", inverse**2, [6.0, 1, 1, 1, 1])
    expected = finite_risk(3, 5, 5.0, 0.6, 1.0, 1.0).variance
    assert np.median(each.mean(1)) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("margin", [-1, 0, 1])
def test_next_to_the_square_only_noise_diverges(margin):
    n, d = 6, 6 + margin
    noisy = finite_risk(n, d, 2.0, 0.5, 1.0, NOISE)
    assert noisy.variance == np.inf
    assert noisy.excess == np.inf
    assert finite_squared_norm(n, d, 2.0, 0.5, 1.0, NOISE) == np.inf
    clean = finite_risk(n, d, 2.0, 0.5)
    assert clean.variance == 0
    assert np.isfinite(clean.bias)
    assert (clean.bias > 0) == (margin > 0)
    assert np.isfinite(finite_squared_norm(n, d, 2.0, 0.5))


def test_extremes_stay_finite_and_in_order():
    one = finite_risk(1, 2, np.array([-1 + 1e-12, 0.0, 1e4, 1e12]), 1.0)
    assert np.all(np.isfinite(one.bias) & (one.bias > 0))
    big = finite_risk(10**6, 4 * 10**6, 2.0, 0.5, 1.0, 1.0)
    limit = 0.75 * (0.75 + 0.25 * 3 * 16 / 36)
    assert big.bias == pytest.approx(limit, rel=1e-5)
    assert big.variance == pytest.approx(1 / 3, rel=1e-5)


def test_a_grid_of_ten_thousand_points_is_one_call():
    n, d = np.arange(1, 101)[:, None], np.arange(2, 202, 2)
    grid = finite_risk(n, d, 3.0, 0.5, 1.0, NOISE)
    assert grid.bias.shape == grid.variance.shape == grid.noise.shape == (100, 100)
    one = finite_risk(41, 88, 3.0, 0.5, 1.0, NOISE)
    assert grid.bias[40, 43] == pytest.approx(one.bias, rel=1e-11)
    assert grid.variance[40, 43] == pytest.approx(one.variance, rel=1e-11)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 0}, "`n` must be a whole number >= 1, but is 0"),
        ({"n": 2.5}, "`n` must be a whole number >= 1, but is 2.5"),
        ({"d": np.nan}, "`d` must be a whole number >= 1, but is nan"),
        ({"spike_strength": -1.0}, "`spike_strength` must be finite and > -1"),
        (
            {"spike_strength": 1e300},
            "must be <= 1e\\+12 for exact means, but is 1e\\+300",
        ),
        (
            {"n": [1, 2], "d": [7, 8, 9]},
            r"broadcast, but are `n` \(2,\), `d` \(3,\): g",
        ),
        ({"alignment": 1.01}, "`alignment` must lie in"),
        ({"norm": 0.0}, "`norm` must be positive and finite, but is 0"),
        ({"noise": -0.1}, "`noise` must be finite and >= 0, but is -0.1"),
        ({"noise": np.nan}, "`noise` must be finite and >= 0, but is nan"),
        ({"d": 1}, "`alignment` must be -1 or 1 where `d` is 1, but is 0.5"),
    ],
)
def test_what_no_data_set_has_is_refused(change, message):
    given_ = {"n": 5, "d": 9, "spike_strength": 1.0, "alignment": 0.5} | change
    for function in (finite_risk, finite_squared_norm):
        with pytest.raises(ValueError, match=message):
            function(**given_)
    if set(change) <= {"n", "spike_strength"}:
        del given_["alignment"]
        with pytest.raises(ValueError, match=message):
            null_space_power(**given_)


def test_the_strongest_spikes_keep_their_digits():
    # The slow obvious way: equal steps in the log-odds, as far as the tails go.
    x = np.arange(-300, 600, 0.05)
    rho, n, d = 1e12, 4, 7
    a, b = (d - n) / 2, n / 2
    weight = np.exp(a * x - (a + b) * np.logaddexp(0, x))
    null = np.exp(x - np.logaddexp(x, np.log1p(rho)))
    bias = weight @ (null * (1 + rho * null)) / weight.sum()
    assert finite_risk(n, d, rho, 1.0).bias == pytest.approx(bias, rel=2e-11)


@pytest.mark.parametrize("name", ["n", "d", "spike_strength", "alignment", "noise"])
def test_text_is_no_number(name):
    given_ = {"n": 20, "d": 80, "spike_strength": 1.0, "alignment": 1.0, name: "1"}
    message = f"`{name}` must be real numbers, but is '1': convert it"
    with pytest.raises(TypeError, match=message):
        finite_risk(**given_)
