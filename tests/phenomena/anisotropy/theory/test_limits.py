import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.optimize import minimize_scalar

from linnet.numerics import effective_ridge
from linnet.phenomena.anisotropy.theory import (
    RiskConvention,
    finite_risk,
    harmful_spikes,
    limit_kappa,
    limit_risk,
    limit_squared_norm,
)


@given(rho=st.floats(-0.99, 1e4), cosine=st.floats(-1, 1), ratio=st.floats(1.001, 100))
def test_without_a_penalty_it_is_the_closed_form(rho, cosine, ratio):
    risk = limit_risk(rho, cosine, ratio, 2.0, 0.7)
    aligned = (1 + rho) * ratio**2 / (ratio + rho) ** 2
    bias = 4 * (1 - 1 / ratio) * (1 - cosine**2 + cosine**2 * aligned)
    assert risk.bias == pytest.approx(bias, rel=1e-9)
    assert risk.variance == pytest.approx(0.49 / (ratio - 1), rel=1e-9)


@pytest.mark.parametrize("rho", [-0.7, 0.0, 2.0, 40.0])
def test_finite_sizes_approach_it_like_one_over_n(rho):
    for ratio in (0.5, 2.0, 5.0):
        limit = limit_risk(rho, 0.6, ratio, 1.0, 0.7)
        gaps = []
        for n in (200, 400, 800):
            exact = finite_risk(n, int(ratio * n), rho, 0.6, 1.0, 0.7)
            gaps.append(
                [
                    abs(exact.bias - limit.bias),
                    abs(exact.variance - limit.variance),
                ]
            )
        gaps = np.array(gaps) + 1e-16
        falling = gaps[:-1] / gaps[1:]
        vanishing = gaps[:-1] < 1e-13  # no bias, or exactly that of the isotropic case
        assert np.all(vanishing | (np.abs(falling - 2) < 0.15))


def test_under_the_threshold_neither_spike_nor_alignment_matter():
    rho, cosine = np.array([-0.9, 0.0, 1e4])[:, None], np.array([-1.0, 0.0, 0.5])
    risk = limit_risk(rho, cosine, 0.8, 1.0, 0.5)
    assert (risk.bias == 0).all()
    np.testing.assert_allclose(risk.variance, 0.25 * 0.8 / 0.2)
    np.testing.assert_allclose(limit_squared_norm(rho, cosine, 0.8, 1.0, 0.5), 2.0)


def test_at_the_threshold_only_noise_diverges():
    assert limit_risk(2.0, 0.5, 1.0, 1.0, 0.5).variance == np.inf
    assert limit_risk(2.0, 0.5, 1.0, 1.0, 0.5).bias == 0
    assert limit_risk(2.0, 0.5, 1.0).excess == 0
    assert limit_squared_norm(2.0, 0.5, 1.0, 1.0, 0.5) == np.inf
    assert limit_squared_norm(2.0, 0.5, 1.0) == 1


@given(ratio=st.floats(0.01, 50), exponent=st.floats(-14, 8))
def test_kappa_is_the_root_of_any_spectrum_for_a_flat_one(ratio, exponent):
    ridge = 10.0**exponent
    slow = effective_ridge(np.ones(1), 1, ridge, np.array([ratio]))
    assert limit_kappa(ratio, ridge) == pytest.approx(slow, rel=1e-10)


@given(ratio=st.floats(1.05, 30))
@settings(max_examples=20)
def test_harm_is_done_up_to_the_second_strength_and_most_at_the_first(ratio):
    spikes = harmful_spikes(ratio)
    even = limit_risk(0.0, 1.0, ratio).bias
    end = spikes.most if ratio > 2 else spikes.least
    assert limit_risk(end, 1.0, ratio).bias == pytest.approx(even, rel=1e-9)
    worst = minimize_scalar(
        lambda rho: -float(limit_risk(rho, 1.0, ratio).bias),
        bounds=(-0.999999, ratio**2),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert worst.x == pytest.approx(spikes.worst, abs=1e-4 * ratio**2)
    assert -worst.fun == pytest.approx(even * spikes.factor, rel=1e-8)
    between = np.linspace(spikes.least, spikes.most, 9)[1:-1]
    assert np.all(limit_risk(between, 1.0, ratio).bias >= even * (1 - 1e-12))
    beyond = np.r_[spikes.least - 0.01 * (1 + spikes.least), spikes.most + 0.01]
    assert np.all(limit_risk(beyond, 1.0, ratio).bias < even)


@given(ratio=st.floats(1.05, 30), cosine=st.floats(0.01, 1))
def test_per_signal_power_every_spike_helps(ratio, cosine):
    rho = np.r_[0, np.logspace(-2, 4, 60)]
    risk = limit_risk(rho, cosine, ratio)
    divided = risk.value(RiskConvention("signal_power"))
    assert np.all(np.diff(divided) < 0)


def test_the_five_to_one_example_is_five_quarters():
    risk = limit_risk(np.array([0.0, 3.0, 15.0]), 1.0, 5.0)
    np.testing.assert_allclose(risk.bias, [0.8, 1.25, 0.8], rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: limit_risk(-1.0, 0.5, 2.0),
            "`spike_strength` must be finite",
        ),
        (lambda: limit_risk(1.0, 1.5, 2.0), "`alignment` must lie in"),
        (lambda: limit_risk(1.0, 0.5, 0.0), "`aspect_ratio` must be positive"),
        (lambda: limit_risk(1.0, 0.5, 2.0, 0.0), "`norm` must be positive"),
        (lambda: limit_risk(1.0, 0.5, 2.0, 1.0, -1.0), "`noise` must be finite"),
        (lambda: limit_risk(1.0, 0.5, 2.0, 1.0, 0.0, -1.0), "`ridge` must be finite"),
        (lambda: limit_squared_norm(1.0, 0.5, np.nan), "`aspect_ratio` must be"),
        (lambda: limit_squared_norm(1.0, 0.5, 2.0, 1.0, np.nan), "`noise` must be"),
        (
            lambda: limit_risk(1.0, [0.1, 0.5], [1.0, 2.0, 3.0]),
            r"broadcast, but are `alignment` \(2,\), `aspect_ratio` \(3,\): give each",
        ),
        (
            lambda: limit_squared_norm(1.0, 0.5, np.ones(3), 1.0, np.ones((2, 1, 2))),
            r"but are `aspect_ratio` \(3,\), `noise` \(2, 1, 2\)",
        ),
        (lambda: limit_kappa([1.0, 2.0], np.ones(3)), r"`aspect_ratio` \(2,\), `ridge"),
        (lambda: limit_kappa(2.0, np.inf), "`ridge` must be finite and >= 0"),
        (lambda: harmful_spikes(1.0), "`aspect_ratio` must be > 1, but is 1"),
    ],
)
def test_what_is_no_limit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
