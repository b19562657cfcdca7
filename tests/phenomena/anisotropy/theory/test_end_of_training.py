import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import effective_ridge
from linnet.phenomena.anisotropy.theory import (
    equivalent_frozen_risk,
    fan_in_variance,
    finite_risk,
    frozen_risk,
    grown_readout,
    negligible_init_scale,
    null_space_power,
    readout_power,
    spike_and_bulk,
    trained_limit,
)


def trained(inputs, targets, first, last, rate=0.05, steps=4000):
    """Descent of both layers, of many replicas side by side: (s, n, d), (s, n)."""
    first, last = first.copy(), last.copy()
    for _ in range(steps):
        w = np.einsum("sp,spd->sd", last, first)
        gap = targets - np.einsum("snd,sd->sn", inputs, w)
        g = np.einsum("snd,sn->sd", inputs, gap) / inputs.shape[1]
        hidden = np.einsum("spd,sd->sp", first, g)
        first += rate * last[:, :, None] * g[:, None, :]
        last += rate * hidden
    return first, last


def problem(sets, n, d, p, scale, rho=0.0, seed=0):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(sets, n, d))
    inputs[..., 0] *= np.sqrt(1 + rho)
    beta = np.r_[0.6, 0.8, np.zeros(d - 2)]
    first = scale * rng.normal(size=(sets, p, d))
    last = scale * rng.normal(size=(sets, p))
    return inputs, inputs @ beta, first, last, beta


@pytest.mark.parametrize(("n", "d"), [(6, 15), (12, 5)])
@pytest.mark.parametrize("scale", [0.03, 0.4])
def test_training_ends_where_its_start_and_readout_say(n, d, scale):
    inputs, targets, first, last, _ = problem(1, n, d, 7, scale)
    targets = targets + 0.3 * np.cos(np.arange(n))  # no linear teacher at all
    end, readout = trained(inputs, targets, first, last, steps=20000)
    weights = first[0], last
    said = trained_limit(inputs[0], targets[0][:, None], weights, readout[0])
    np.testing.assert_allclose(readout[0] @ end[0], said, atol=1e-8)
    # Wrong: the least-norm solution alone, as soon as something is frozen.
    least = np.linalg.lstsq(inputs[0], targets[0], rcond=None)[0]
    assert (np.abs(least - said).max() > 1e-3) == (d > n)


def test_a_small_start_says_its_readout_by_itself():
    errors = []
    for scale in (0.02, 0.01):
        inputs, targets, first, last, _ = problem(1, 8, 20, 6, scale, rho=4.0)
        _, readout = trained(inputs, targets, first, last, 0.02, 12000)
        weights = first[0], last
        said = grown_readout(inputs[0], targets[0][:, None], weights)
        np.testing.assert_allclose(readout[0], said, atol=5 * scale)
        errors.append(abs(readout[0] @ readout[0] - said @ said))
    assert errors[1] < 0.5 * errors[0]  # an imbalance of the second order


@pytest.mark.parametrize("imbalance", [-1.5, -0.2, 0.0, 0.7])
def test_the_imbalance_decides_how_the_layers_share_the_solution(imbalance):
    inputs, targets, *_ = problem(1, 5, 9, 1, 0.1)
    direction = inputs[0].T @ targets[0]
    direction = direction / np.linalg.norm(direction)
    small = 0.01  # of the smaller layer
    alpha = np.sqrt(small**2 + max(imbalance, 0))
    omega = np.sqrt(small**2 + max(-imbalance, 0))
    hidden = np.array([0.6, 0.8])
    first = (hidden[:, None] * omega * direction)[None]
    _, readout = trained(inputs, targets, first, alpha * hidden[None], 0.005, 40000)
    least = np.linalg.lstsq(inputs[0], targets[0], rcond=None)[0]
    said = readout_power(least @ least, imbalance)
    assert readout[0] @ readout[0] == pytest.approx(said, rel=0.02)


@given(st.floats(0, 1e6), st.floats(-1e6, 1e6))
def test_the_readout_solves_its_quadratic_equation(power, imbalance):
    size = readout_power(power, imbalance)
    # |a|² (|a|² - delta) = |w|², and the other layer is of squared length |a|² - delta.
    assert size >= 0
    assert size >= imbalance * (1 - 1e-12)
    other = readout_power(power, -imbalance)
    assert size * other == pytest.approx(power, rel=1e-12, abs=1e-300)
    assert size - other == pytest.approx(imbalance, rel=1e-9, abs=1e-9 * (1 + size))


@pytest.mark.statistical
def test_a_frozen_part_adds_the_risk_that_is_said_when_all_weights_train():
    sets, n, d, p = 160, 6, 24, 8
    inputs, targets, first, last, beta = problem(sets, n, d, p, 0.0)
    rng = np.random.default_rng(5)
    first = np.sqrt(fan_in_variance(d)) * rng.normal(size=first.shape)
    last = 0.05 * rng.normal(size=last.shape)
    end, readout = trained(inputs, targets, first, last, steps=1500)
    w = np.einsum("sp,spd->sd", readout, end)
    left = np.abs(targets - np.einsum("snd,sd->sn", inputs, w)).max()
    assert left < 1e-3
    least = (np.linalg.pinv(inputs) @ targets[..., None])[..., 0]
    added = ((w - beta) ** 2).sum(1) - ((least - beta) ** 2).sum(1)
    said = frozen_risk(n, d, 0.0, fan_in_variance(d), (readout**2).sum(1))
    gap = added - said
    error = gap.std(ddof=1) / np.sqrt(sets)
    assert abs(gap.mean()) < 4 * error
    assert abs((added - 2 * said).mean()) > 10 * error
    assert said.mean() > 0.1 * finite_risk(n, d, 0.0, 1.0).bias  # not negligible


@pytest.mark.statistical
@pytest.mark.parametrize("rho", [-0.8, 6.0])
def test_the_power_of_the_null_space_is_that_of_sampled_data(rho):
    n, d = 5, 11
    inputs = problem(3000, n, d, 1, 0.0, rho)[0]
    outside = np.eye(d) - np.linalg.pinv(inputs) @ inputs
    power = np.einsum("sii,i->s", outside, np.r_[1 + rho, np.ones(d - 1)])
    error = power.std(ddof=1) / np.sqrt(len(power))
    assert abs(power.mean() - null_space_power(n, d, rho)) < 4 * error
    assert abs(power.mean() - (d - n)) > 10 * error


def test_the_effective_ridge_gives_the_same_up_to_one_over_n():
    gaps = []
    for n in (50, 100, 200):
        eigenvalues, _, counts = spike_and_bulk(3 * n, 20.0, 0.5)
        exact = frozen_risk(n, 3 * n, 20.0, 0.1, 2.0)
        said = equivalent_frozen_risk(eigenvalues, n, 0.1, 2.0, counts)
        level = effective_ridge(eigenvalues, n, 0.0, counts)
        assert said == pytest.approx(0.2 * n * level)
        gaps.append(abs(said - exact) / exact)
    np.testing.assert_allclose(np.array(gaps[:-1]) / gaps[1:], 4, rtol=0.2)


def test_a_negligible_scale_adds_the_part_it_promises():
    risk = finite_risk(20, 60, 5.0, 0.6).bias
    scale = negligible_init_scale(20, 60, 5.0, risk, 0.8, 0.01)
    assert frozen_risk(20, 60, 5.0, scale**2, 0.8) == pytest.approx(0.01 * risk)
    assert negligible_init_scale(20, 20, 5.0, 1.0, 0.8) == np.inf
    assert frozen_risk(20, 12, 5.0, 1.0, 0.8) == 0
    grid = negligible_init_scale(20, np.array([10, 40, 80]), 0.0, 1.0, 1.0)
    np.testing.assert_allclose(grid, [np.inf, 0.1 / np.sqrt(20), 0.1 / np.sqrt(60)])


X, Y = np.eye(3), np.ones((3, 1))
W = (np.ones((2, 3)), np.ones((1, 2)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: trained_limit(X, Y[:2], W, np.ones(2)), "must have shapes"),
        (lambda: trained_limit(np.nan * X, Y, W, np.ones(2)), "must be finite"),
        (lambda: trained_limit(X, Y, W, np.ones(3)), r"`readout` must have shape \(2,"),
        (lambda: trained_limit(X[:, :2], Y, W, np.ones(2)), "must take 2 inputs"),
        (lambda: trained_limit(X, Y, W[:1], np.ones(2)), "two layers"),
        (lambda: grown_readout(X, 0 * Y, W), "must correlate, but do not"),
        (lambda: grown_readout(X, Y, (W[0], -np.sqrt(3) * W[1])), "must grow"),
        (lambda: readout_power(-1.0), "`squared_norm` must be finite and >= 0"),
        (lambda: readout_power(1.0, np.nan), "`imbalance` must be finite"),
        (lambda: frozen_risk(3, 9, 0.0, -1.0, 1.0), "`weight_variance` must be"),
        (lambda: frozen_risk(3, 9, 0.0, 1.0, -1.0), "`readout_power` must be"),
        (lambda: frozen_risk(3, 9, -1.0, 1.0, 1.0), "`spike_strength` must be"),
        (lambda: frozen_risk(0, 9, 0.0, 1.0, 1.0), "`n` must be a whole number"),
        (lambda: equivalent_frozen_risk(-X[0], 3, 1.0, 1.0), "`eigenvalues` must be"),
        (lambda: fan_in_variance(0), "`d` must be a whole number"),
        (lambda: negligible_init_scale(3, 9, 0.0, -1.0, 1.0), "`risk` must be"),
        (lambda: negligible_init_scale(3, 9, 0.0, 1.0, 0.0), "`readout_power` must"),
        (lambda: negligible_init_scale(3, 9, 0.0, 1.0, 1.0, 0.0), "`part` must be"),
    ],
)
def test_what_is_no_training_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
