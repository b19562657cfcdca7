import numpy as np
import pytest

from linnet.phenomena.fluctuations import theory


@pytest.fixture(scope="module")
def minimum():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 4)) * [1.4, 1.0, 0.8, 0.6]
    y = x @ rng.normal(size=(4, 2)) + 0.01 * rng.normal(size=(60, 2))
    return theory.least_squares_minimum(x, y)


@pytest.fixture(scope="module")
def layers(minimum):
    rng = np.random.default_rng(4)
    left, middle, right = np.linalg.svd(minimum.end_to_end, full_matrices=False)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0][:, :2]
    root = np.sqrt(middle)
    return 1.5 * (turn * root) @ right, (left * root) @ turn.T / 1.5


def test_at_small_rates_it_is_the_noise_at_the_minimum(minimum, layers):
    noise = minimum.full(theory.gradient_noise(minimum))
    met = theory.visited_noise(minimum, layers, 1e-8, 0.25)
    assert met == pytest.approx(0.25 * noise, rel=1e-6, abs=1e-10 * noise.max())


@pytest.mark.parametrize("factor", [0.1, 1.0])
def test_it_is_what_the_covariance_it_leads_to_makes_of_every_sample(
    minimum, layers, factor
):
    rate = 0.05
    found = theory.visited_covariance(minimum, layers, rate, factor)
    j = theory.jacobian(layers)
    moved = j @ found.covariance() @ j.T
    x = minimum.coordinates @ minimum.basis.T
    eye = np.eye(2)
    each = [np.kron(eye, np.outer(row, row)) for row in x]
    mean = np.mean(each, axis=0)
    scatter = np.mean([a @ moved @ a for a in each], axis=0)
    noise = minimum.full(theory.gradient_noise(minimum))
    expected = factor * (noise + scatter) + (1 - factor) * mean @ moved @ mean
    met = theory.visited_noise(minimum, layers, rate, factor)
    assert met == pytest.approx(expected, rel=1e-8, abs=1e-9 * expected.max())
    step = np.eye(len(j.T)) - rate * j.T @ mean @ j
    pushed = rate**2 * j.T @ (met - mean @ moved @ mean) @ j
    after = step @ found.covariance() @ step.T + pushed
    whole = found.covariance()
    assert after == pytest.approx(whole, rel=1e-7, abs=1e-8 * whole.max())


def test_it_is_the_exact_covariance_but_for_the_residuals(minimum, layers):
    fast = theory.visited_covariance(minimum, layers, 0.05, 0.5).covariance()
    exact = theory.quasi_stationary(
        minimum, layers, learning_rate=0.05, noise_factor=0.5, level="exact"
    ).covariance()
    plain = theory.quasi_stationary(
        minimum, layers, learning_rate=0.05, noise_factor=0.5
    ).covariance()
    gap = np.abs(fast - exact).max() / exact.max()
    assert gap < 1e-3
    assert np.abs(plain - exact).max() / exact.max() > 100 * gap


def test_without_noise_nothing_is_met(minimum, layers):
    assert not theory.visited_noise(minimum, layers, 0.05, 0.0).any()


@pytest.mark.parametrize(
    ("rate", "factor", "match"),
    [
        (0.0, 0.1, "`learning_rate` must be positive"),
        (9.0, 0.1, "`learning_rate` must be below"),
        (0.2, 1.0, "mean-square unstable"),
        (0.05, -1.0, "`noise_factor`"),
    ],
)
def test_what_has_no_stationary_state_is_refused(minimum, layers, rate, factor, match):
    with pytest.raises(ValueError, match=match):
        theory.visited_noise(minimum, layers, rate, factor)


def test_layers_off_the_minimum_are_refused(minimum, layers):
    with pytest.raises(ValueError, match=r"off by 0\.01 of it"):
        theory.visited_covariance(minimum, (1.01 * layers[0], layers[1]), 0.05, 0.1)
