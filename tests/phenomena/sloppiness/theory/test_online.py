"""SGD on fresh samples: against Wick by plain matrices, plain simulation, and rest."""

import numpy as np
import pytest

from linnet.numerics import participation_ratio
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.theory import online

H = np.exp(-0.5 * np.arange(20))
ERROR = np.full(20, 1.01)


def spectrum(batch_size, noise, ratio=0.1, count=3000, modes=40):
    return theory.online_spectrum(
        np.exp(-0.5 * np.arange(modes)),
        1,
        1.0,
        ratio,
        0.2,
        batch_size,
        theory.uniform_checkpoints(count),
        noise=noise,
    )


def test_a_step_is_what_wick_makes_of_the_fourth_moment_of_gaussian_samples():
    h, rate, size, noise = np.array([1.0, 0.3]), 0.4, 3, 0.5
    q, seen = np.array([2.0, 0.7]), []
    for _ in range(4):
        seen.append(q)
        full = np.diag(q)
        fourth = 2 * np.diag(h) @ full @ np.diag(h) + np.trace(
            np.diag(h) @ full
        ) * np.diag(h)
        scatter = fourth - np.diag(h) @ full @ np.diag(h) + noise**2 * np.diag(h)
        shrink = np.eye(2) - rate * np.diag(h)
        q = np.diag(shrink @ full @ shrink + rate**2 / size * scatter)
    plain = [(1 - rate * h) ** (2 * t) * seen[0] for t in range(4)]
    for t in range(4):
        found = theory.online_noise(
            h, seen[0], rate, size, theory.given_checkpoints([t]), noise=noise
        )
        np.testing.assert_allclose(found, seen[t] - plain[t], atol=1e-15)


@pytest.mark.parametrize(
    "checkpoints", [theory.uniform_checkpoints(3000), theory.log_checkpoints(5000, 30)]
)
def test_taken_apart_the_map_gives_what_its_steps_give(checkpoints):
    slow = online._stepped(H, ERROR, 0.2, 3, checkpoints, 0.5)
    fast = online._taken_apart(H, ERROR, 0.2, 3, checkpoints, 0.5)
    np.testing.assert_allclose(fast, slow, rtol=1e-9)


def test_after_a_billion_steps_the_stationary_ribbon_is_left():
    late = theory.given_checkpoints([10**9])
    found = theory.online_noise(H, ERROR, 0.2, 2, late, noise=0.7)
    rest = theory.stationary_ribbon(H, 10, 0.2, 2, 0.7)
    np.testing.assert_allclose(10 * H * found, rest, rtol=1e-9)


def test_the_stationary_ribbon_falls_off_as_the_inputs_do_and_sums_to_the_risk():
    rest = theory.stationary_ribbon(H, 1, 0.01, 2, 0.7)
    np.testing.assert_allclose(rest / rest[0], H, rtol=0.01)
    feedback = theory.online_feedback(H, 0.01, 2)
    assert rest.sum() == pytest.approx(0.7**2 * feedback / (1 - feedback), rel=1e-12)


def test_gradient_noise_restores_the_ribbon():
    def dimension(*process, **more):
        return float(participation_ratio(spectrum(*process, **more)))

    plain = theory.random_target_spectrum(
        np.exp(-0.5 * np.arange(40)),
        1,
        1.0,
        0.1,
        theory.GradientDescent(0.2),
        theory.uniform_checkpoints(3000),
    )
    assert float(participation_ratio(plain)) == pytest.approx(6.99, abs=0.005)
    assert dimension(1, 0.0) == pytest.approx(6.39, abs=0.005)
    assert dimension(10, 1.0) == pytest.approx(5.38, abs=0.005)
    assert dimension(1, 1.0) == pytest.approx(3.90, abs=0.005)
    # A strong target has a ribbon already, and noise leaves it as it is.
    assert dimension(1, 0.0, ratio=1.0) == pytest.approx(4.03, abs=0.005)
    assert dimension(10, 1.0, ratio=1.0) == pytest.approx(4.03, abs=0.005)
    assert dimension(1, 1.0, ratio=1.0) == pytest.approx(3.99, abs=0.005)
    # So many modes that no further one counts.
    assert dimension(1, 1.0, modes=80) == pytest.approx(dimension(1, 1.0), rel=1e-6)


@pytest.mark.statistical
def test_simulated_runs_have_this_spectrum_and_not_that_of_noise_twice_as_large():
    rng = np.random.default_rng(0)
    h, rate, size, noise, replicas = np.array([1.0, 0.4, 0.1]), 0.3, 2, 0.5, 20_000
    goal, w = rng.normal(size=(2, replicas, 3)) * np.array([0.3, 1.0])[:, None, None]
    seen = np.zeros((replicas, 3))
    for _ in range(60):
        seen += h * w**2 / 60
        x = rng.normal(size=(replicas, size, 3)) * np.sqrt(h)
        miss = np.einsum("rbi,ri->rb", x, w - goal)
        miss -= noise * rng.normal(size=miss.shape)
        w = w - rate * np.einsum("rb,rbi->ri", miss, x) / size
    error = seen.std(0, ddof=1) / np.sqrt(replicas)

    def z(noise):
        said = theory.online_spectrum(
            h, 1, 1.0, 0.3, rate, size, theory.uniform_checkpoints(60), noise=noise
        )
        return np.abs(seen.mean(0) - said) / error

    assert z(noise).max() < 4
    assert z(np.sqrt(2) * noise).max() > 10


@pytest.mark.parametrize("size", [1, 4])
def test_the_feedback_is_one_at_the_largest_stable_rate(size):
    edge = theory.online_largest_rate(H, size)
    assert theory.online_feedback(H, edge, size) == pytest.approx(1, abs=1e-9)
    assert theory.online_feedback(H, 2.1, size) == np.inf
    assert edge < 2 / H[0]


def test_feedback_and_ribbon_broadcast_over_rates_and_batches():
    rates, sizes = np.array([[0.1], [0.2]]), np.array([1, 2, 5])
    found = theory.online_feedback(H, rates, sizes)
    assert found.shape == (2, 3)
    assert found[1, 2] == theory.online_feedback(H, 0.2, 5)
    ribbons = theory.stationary_ribbon(H, 3, rates, sizes, 0.4)
    single = theory.stationary_ribbon(H, 3, 0.1, 2, 0.4)
    np.testing.assert_allclose(ribbons[0, 1], single, rtol=1e-14)


STEPS = theory.uniform_checkpoints(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: theory.online_noise(np.ones(4), np.ones(4), 0.34, 1, STEPS),
            "must be below 0.333333, where the mean square",
        ),
        (
            lambda: theory.online_noise(np.ones(4), np.ones(4), 5.0, 1, STEPS),
            "must be below 0.333333",
        ),
        (lambda: theory.stationary_ribbon(np.ones(4), 1, 0.34, 1, 1), "feedback is"),
        (lambda: theory.online_noise(H, ERROR[1:], 0.1, 1, STEPS), "one entry per"),
        (lambda: theory.online_noise(H, -ERROR, 0.1, 1, STEPS), "`error` must be"),
        (lambda: theory.online_noise(H, ERROR, 0.1, 1.5, STEPS), "`batch_size`"),
        (lambda: theory.online_noise(H, ERROR, np.nan, 1, STEPS), "`learning_rate`"),
        (lambda: theory.online_noise(H, ERROR, 0.1, 1, STEPS, noise=-1), "`noise`"),
        (
            lambda: theory.online_spectrum(H, 0, 1, 1, 0.1, 1, STEPS),
            "`n` must be a whole number",
        ),
        (
            lambda: theory.online_spectrum(H, 9, 1, np.nan, 0.1, 1, STEPS),
            "`target_deviation` must be finite",
        ),
        (lambda: theory.online_largest_rate(H[None], 1), r"must be one row"),
        (lambda: theory.online_largest_rate(0 * H, 1), "`variances` must be positive"),
        (
            lambda: theory.online_noise(
                H, ERROR, 0.1, 1, theory.continuous_checkpoints(1.0)
            ),
            "no continuum",
        ),
        (
            lambda: theory.online_noise(
                H, ERROR, 0.1, 1, theory.given_checkpoints([0.5])
            ),
            "`when` must be whole numbers",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
