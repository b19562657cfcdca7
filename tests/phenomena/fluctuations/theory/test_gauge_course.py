import numpy as np
import plain_layers as plain
import pytest
from scipy.integrate import solve_ivp

from linnet.phenomena.fluctuations import theory


@pytest.mark.parametrize("ratio", [0.05, 1.0, 3.9, 4.1, 300.0])
def test_the_course_solves_the_drift_of_two_numbers_and_ends_at_inputs_by_outputs(
    ratio,
):
    first, second = 1.1 * ratio**0.25, 1.1 * ratio**-0.25
    how = {"inputs": 4, "outputs": 1, "variance": 0.7, "temperature": 0.02}
    times = np.array([0.0, 1, 10, 40, 200])
    said = theory.imbalance_course(times, (first, second), **how)

    def drift(_, gap):
        large = np.hypot(gap, 2 * first * second)
        layers = np.sqrt((large - gap) / 2)[:, None] * np.eye(4)[:1], None
        layers = layers[0], np.sqrt((large + gap) / 2)[:, None]
        (change,) = theory.white_imbalance_drift(layers, 0.7 * np.eye(4), 1.0, 0.02)
        return change[0]

    seen = solve_ivp(
        drift,
        (0, times[-1]),
        [second**2 - first**2],
        t_eval=times,
        rtol=1e-9,
        atol=1e-11,
    )
    np.testing.assert_allclose(said, seen.y[0], rtol=1e-6, atol=1e-8)
    end = theory.ratio_course(np.array([1e4]), ratio, **how)
    np.testing.assert_allclose(end, 4)


def test_at_the_end_the_ratio_stays():
    how = {"inputs": 3, "outputs": 2, "variance": 1.0, "temperature": 0.1}
    said = theory.ratio_course(np.array([0.0, 5.0]), 1.5, **how)
    np.testing.assert_array_equal(said, 1.5)


def fresh_sgd(layers, draw, rate, steps, observe):
    """Batches of one new sample; yields what is observed at the given steps."""
    for at in range(1, steps + 1):
        pulls = plain.gradients(layers, *draw())
        for layer, pull in zip(layers, pulls, strict=True):
            layer -= rate * pull
        if at in observe:
            yield (layers[1] ** 2).sum((1, 2)) - (layers[0] ** 2).sum((1, 2))


def measured(rate, replicas=300, noise=0.3, d=4):
    """Imbalance on the way, over the course said; from balance, d inputs."""
    rng = np.random.default_rng(5)
    teacher = np.eye(d)[:1]
    heat = theory.temperature(rate, 1.0, noise)
    steps = round(0.3 / heat / rate)

    def draw():
        x = rng.normal(size=(replicas, 1, d))
        return x, x @ teacher.T + noise * rng.normal(size=(replicas, 1, 1))

    layers = [np.repeat(teacher[None], replicas, 0), np.ones((replicas, 1, 1))]
    seen = np.array(list(fresh_sgd(layers, draw, rate, steps, {steps // 2, steps})))
    times = np.array([steps // 2, steps]) * rate
    how = {"inputs": d, "outputs": 1, "variance": 1.0, "temperature": heat}
    return seen / theory.imbalance_course(times, (1.0, 1.0), **how)[:, None]


def test_sgd_leaves_balance_on_the_course_up_to_the_first_order_of_the_rate():
    coarse, fine = measured(0.04), measured(0.02)
    for one, two in zip(coarse, fine, strict=True):
        assert (one.mean() - 1) / (two.mean() - 1) == pytest.approx(2, rel=0.25)
        extrapolated = 2 * two - one
        assert abs(extrapolated.mean() - 1) < 0.01
        assert abs(plain.z_of(extrapolated, 2)) > 10
        assert abs(plain.z_of(extrapolated, -1)) > 10


def test_scalar_layers_lose_imbalance_by_the_factor_of_the_finite_rate():
    replicas, rate, noise, layers = 4000, 0.1, 0.1, (1.5, 0.8)
    rng = np.random.default_rng(6)

    def draw():
        x = rng.choice([-1.0, 1.0], size=(replicas, 1, 1))
        labels = x * layers[0] * layers[1]
        return x, labels + noise * rng.normal(size=(replicas, 1, 1))

    start = [np.full((replicas, 1, 1), layer) for layer in layers]
    first, last = fresh_sgd(start, draw, rate, 400, {50, 400})
    heat = theory.temperature(rate, 1.0, noise)
    factor = theory.scalar_imbalance_factor(layers, 1.0, rate, heat)
    lost = (last - first) / first
    assert abs(plain.z_of(lost, factor**350 - 1)) < 4
    assert abs(plain.z_of(lost, factor**700 - 1)) > 10
    assert abs(plain.z_of(lost, (1 - 2 * rate * heat) ** 350 - 1)) > 10  # continuum


def test_the_window_has_the_scales_of_relaxation_and_drift():
    window = theory.quasi_stationary_window(0.05, 0.05 * 0.1 * 0.01 / 2, 0.5, 12.0)
    assert window.relaxed == pytest.approx(40)
    assert window.drifting == pytest.approx(1 / (0.05**2 * 0.1 * 0.01 * 12))
    assert window.principal == pytest.approx((0.05**3 * 0.1 * 0.01) ** -0.5)
    assert window.exists
    assert not theory.quasi_stationary_window(0.05, 0.5, 0.5, 12.0).exists


def test_bad_input_is_refused():
    how = {"inputs": 4, "outputs": 1, "variance": 1.0, "temperature": 0.1}
    with pytest.raises(ValueError, match="`times` must be finite and >= 0"):
        theory.ratio_course(np.array([-1.0]), 1.0, **how)
    with pytest.raises(ValueError, match="`ratio` must be positive"):
        theory.ratio_course(np.array([1.0]), 0.0, **how)
    with pytest.raises(ValueError, match="two positive numbers"):
        theory.imbalance_course(np.array([1.0]), (0.0, 1.0), **how)
    with pytest.raises(ValueError, match="product of rate and curvature below 2"):
        theory.scalar_imbalance_factor((1.0, 1.0), 1.0, 1.0, 0.1)
    with pytest.raises(ValueError, match="`trace` must be positive"):
        theory.quasi_stationary_window(0.1, 0.1, 1.0, 0.0)
