import numpy as np
import pytest

from linnet.phenomena.fluctuations import theory

VARIANCES = np.array([2.0, 1.0, 0.3])


def fixed_point(rate, size, noise, steps=20_000):
    """The second moment of Gaussian samples by Wick, stepped until it rests."""
    h, seen = VARIANCES, np.zeros(3)
    for _ in range(steps):
        scatter = h * (h @ seen + noise**2) + h**2 * seen
        seen = (1 - rate * h) ** 2 * seen + rate**2 / size * scatter
    return seen


@pytest.mark.parametrize("size", [1, 4, 100])
def test_the_closed_form_is_the_fixed_point_of_the_second_moment(size):
    rate = 0.5 * theory.largest_stable_online_rate(VARIANCES, size)
    found = theory.online_variances(VARIANCES, rate, size, 0.3)
    np.testing.assert_allclose(found, fixed_point(rate, size, 0.3), rtol=1e-10)


@pytest.mark.parametrize("size", [1, 4, 100])
def test_at_the_largest_stable_rate_the_second_moment_neither_grows_nor_decays(size):
    h = VARIANCES
    edge = theory.largest_stable_online_rate(h, size)
    grow = np.diag((1 - edge * h) ** 2 + edge**2 / size * h**2)
    grow = grow + edge**2 / size * np.outer(h, h)
    assert np.linalg.eigvalsh(grow)[-1] == pytest.approx(1, abs=1e-12)


def test_equal_variances_and_one_mode_are_no_special_case():
    edge = theory.largest_stable_online_rate(np.ones(4), 1)
    # One sample, white: (1 - r)^2 + r^2 (d + 1) = 1, so r = 2 / (d + 2).
    assert edge == pytest.approx(2 / 6, rel=1e-12)
    assert theory.largest_stable_online_rate(np.ones(1), 1) == pytest.approx(2 / 3)


@pytest.mark.statistical
def test_sgd_on_fresh_samples_has_these_variances():
    rng = np.random.default_rng(0)
    replicas, size, noise = 4000, 2, 0.7
    rate = 0.4 * theory.largest_stable_online_rate(VARIANCES, size)
    w, total, count = np.zeros((replicas, 3)), np.zeros((replicas, 3)), 0
    burn = int(8 / (rate * VARIANCES.min()))
    for step in range(burn + 200):
        x = rng.normal(size=(replicas, size, 3)) * np.sqrt(VARIANCES)
        error = (x @ w[:, :, None])[..., 0] - noise * rng.normal(size=(replicas, size))
        w = w - rate * (error[:, None] @ x)[:, 0] / size
        if step >= burn:
            total, count = total + w**2, count + 1
    seen = total / count
    said = theory.online_variances(VARIANCES, rate, size, noise)
    scatter = seen.std(0, ddof=1) / np.sqrt(replicas)
    assert np.abs((seen.mean(0) - said) / scatter).max() < 4
    for wrong in (2 * said, rate * noise**2 / (2 * size) * np.ones(3)):
        assert np.abs((seen.mean(0) - wrong) / scatter).min() > 10


def test_many_samples_that_are_drawn_again_are_like_fresh_ones():
    rng = np.random.default_rng(1)
    gaps = []
    for n in (500, 8000):
        inputs = rng.normal(size=(n, 3)) * np.sqrt(VARIANCES)
        minimum = theory.least_squares_minimum(inputs, rng.normal(size=(n, 1)))
        exact = minimum.full(theory.exact_covariance(minimum, 0.05, 0.5))
        said = np.diag(theory.online_variances(VARIANCES, 0.05, 2, 1.0))
        gaps.append(np.linalg.norm(exact - said) / np.linalg.norm(said))
    assert gaps[1] < 0.05 < gaps[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: theory.online_variances(np.ones(4), 0.34, 1, 1.0),
            "unstable in the mean square.*below 0.333333, the largest stable one",
        ),
        (
            lambda: theory.online_variances(np.ones(4), 5.0, 1, 1.0),
            "below 0.333333",
        ),
        (lambda: theory.online_variances(np.ones(4), 0.1, 0, 1.0), "`batch_size`"),
        (lambda: theory.online_variances(np.ones(4), 0.1, 1, -1.0), "`noise`"),
        (lambda: theory.online_variances(np.ones(4), 0.0, 1, 1.0), "`learning_rate`"),
        (
            lambda: theory.largest_stable_online_rate(np.zeros(2), 1),
            "`variances` must be positive",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
