import numpy as np
import pytest

from linnet.phenomena.sloppiness.theory import (
    AbstractResponse,
    GradientDescent,
    HeavyBall,
    PolyakAverage,
    given_checkpoints,
    log_checkpoints,
    mode_averages,
    pair_averages,
    random_target_spectrum,
    uniform_checkpoints,
)

VARIANCES = np.exp(-0.7 * np.arange(6))


def inputs_with(variances, n, generator):
    d = len(variances)
    left, _ = np.linalg.qr(generator.normal(size=(n, d)))
    right, _ = np.linalg.qr(generator.normal(size=(d, d)))
    return np.sqrt(n) * left * np.sqrt(variances) @ right.T, left


@pytest.mark.statistical
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_trajectories_of_descent_spread_as_the_spectrum_says(decay):
    generator = np.random.default_rng(0)
    n, runs, count, rate = 12, 4000, 25, 0.8
    inputs, left = inputs_with(VARIANCES, n, generator)
    weights = 2.0 * generator.normal(size=(6, runs))
    labels = inputs @ (0.5 * generator.normal(size=(6, runs)))
    squares = np.zeros((6, runs))
    for _ in range(count):
        squares += (left.T @ (inputs @ weights)) ** 2 / count
        gradient = inputs.T @ (inputs @ weights - labels) / n + decay * weights
        weights = weights - rate * gradient
    mean, error = squares.mean(1), squares.std(1, ddof=1) / np.sqrt(runs)
    method = GradientDescent(rate, decay)
    found = random_target_spectrum(
        VARIANCES, n, 2.0, 0.5, method, uniform_checkpoints(count)
    )
    assert (np.abs(mean - found) < 4 * error).all()
    shifted = given_checkpoints(np.arange(1.0, count + 1))  # the start left out
    wrong = random_target_spectrum(VARIANCES, n, 2.0, 0.5, method, shifted)
    swapped = random_target_spectrum(
        VARIANCES, n, 0.5, 2.0, method, uniform_checkpoints(count)
    )
    assert (np.abs(mean - swapped) > 10 * error).any()
    assert (np.abs(mean - wrong) > 10 * error).any()


class HalfWay(AbstractResponse):
    """Learns half of what is left whenever the step is a power of two."""

    def remaining(self, variances, when):
        jumps = np.floor(np.log2(np.maximum(when, 0.5))) + 1
        return np.broadcast_to(0.5**jumps, (*variances.shape, len(when)))

    def learned(self, variances, when):
        return 1 - self.remaining(variances, when)

    def rest(self, variances):
        return np.full_like(variances, 0.25)


def test_a_method_of_your_own_works_everywhere():
    when = given_checkpoints([0, 1, 2, 4])
    h = 0.5 ** np.arange(4)
    found = random_target_spectrum(VARIANCES, 3, 2.0, 1.0, HalfWay(), when)
    spread = 4 * np.mean(h**2) + 0.25**2 * np.mean((1 - h) ** 2)
    np.testing.assert_allclose(found, 3 * VARIANCES * spread, rtol=1e-14)
    averaged = random_target_spectrum(
        VARIANCES, 3, 2.0, 0.0, PolyakAverage(HalfWay()), when
    )
    mean = np.array([1, 1.5, 1.75, 2.125]) / np.array([1, 2, 3, 5])
    np.testing.assert_allclose(averaged, 12 * VARIANCES * np.mean(mean**2), rtol=1e-14)


def test_what_a_method_of_your_own_returns_is_checked():
    class Wrong(HalfWay):
        def learned(self, variances, when):
            return self.wrong

    when = given_checkpoints([0, 1])
    for wrong, message in (
        (np.zeros(2), r"`Wrong.learned` must return .* \(6, 2\), .* shape \(2,\)"),
        (np.full((6, 2), np.nan), "must return finite numbers"),
    ):
        method = Wrong()
        method.wrong = wrong
        for function in (mode_averages, pair_averages):
            with pytest.raises(ValueError, match=message):
                function(method, VARIANCES, when)


def test_at_the_start_there_is_only_the_spread_of_starts():
    found = random_target_spectrum(
        VARIANCES, 5, 2.0, 7.0, GradientDescent(1.0), uniform_checkpoints(1)
    )
    np.testing.assert_array_equal(found, 5 * VARIANCES * 4)


def test_each_output_has_the_same_spectrum():
    given = (GradientDescent(1.0), uniform_checkpoints(9))
    one = random_target_spectrum(VARIANCES, 5, 1.0, 2.0, *given)
    three = random_target_spectrum(VARIANCES, 5, 1.0, 2.0, *given, outputs=3)
    np.testing.assert_array_equal(three, np.repeat(one, 3))


def test_spectra_fall_as_the_variances_do():
    for c in (0.1, 0.5, 3.0):
        variances = np.exp(-c * np.arange(20))[None]
        for rate, count in ((0.1, 10), (1.0, 1000), (1.99, 33)):
            found = random_target_spectrum(
                variances, 1, 1.0, np.array([0.0, 0.1, 1.0, 10.0]),
                GradientDescent(rate), uniform_checkpoints(count),
            )  # fmt: skip
            assert found.shape == (4, 20)
            assert (np.diff(found) < 0).all()


def test_deviations_broadcast_against_grids_of_variances():
    grid = VARIANCES * np.array([[1.0], [0.5]])
    start, target = np.array([1.0, 2.0]), np.array([[0.1], [3.0], [5.0]])
    method, when = HeavyBall(0.5, 0.8), log_checkpoints(100, 12)
    found = random_target_spectrum(grid, 2, start, target, method, when)
    assert found.shape == (3, 2, 6)
    one = random_target_spectrum(grid[1], 2, 2.0, 5.0, method, when)
    np.testing.assert_allclose(found[2, 1], one, rtol=1e-14)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 0}, "`n` must be a whole number >= 1"),
        ({"outputs": 0}, "`outputs` must be a whole number >= 1"),
        ({"init_deviation": -1.0}, "`init_deviation` must be finite and >= 0"),
        ({"target_deviation": np.nan}, "`target_deviation` must be finite and >= 0"),
        ({"variances": np.zeros(1)}, "`variances` must be positive"),
        ({"response": GradientDescent(3.0)}, "must be <= 2, the largest"),
    ],
)
def test_what_has_no_spectrum_is_refused(change, message):
    given = {
        "variances": VARIANCES, "n": 3, "init_deviation": 1.0,
        "target_deviation": 1.0, "response": GradientDescent(1.0),
        "checkpoints": uniform_checkpoints(2),
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        random_target_spectrum(**{**given, **change})


def test_lists_are_taken_as_arrays_are():
    for variances in ([1.0], [1.0, 0.1]):
        np.testing.assert_array_equal(
            random_target_spectrum(
                variances, 10, 1.0, 1.0, GradientDescent(1.0), uniform_checkpoints(4)
            ),
            random_target_spectrum(
                np.array(variances),
                10,
                1.0,
                1.0,
                GradientDescent(1.0),
                uniform_checkpoints(4),
            ),
        )
