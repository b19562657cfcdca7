import numpy as np
import plain_sgd as plain
import pytest

from linnet.phenomena.fluctuations import theory


@pytest.mark.parametrize("sampling", ["with_replacement", "without_replacement"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_batches_one_by_one_scatter_as_the_noise_says(sampling, weight_decay):
    inputs, targets = plain.data(np.random.default_rng(0), 6, 2, 2)
    minimum = theory.least_squares_minimum(inputs, targets, weight_decay=weight_decay)
    w = minimum.end_to_end
    steps = np.array(
        [
            plain.gradient(inputs[list(b)], targets[list(b)], w).ravel()
            for b in plain.batches(sampling, 6, 3)
        ]
    )
    seen = np.cov(steps.T, bias=True)
    factor = theory.batch_noise(sampling, 6, 3)
    at_minimum = minimum.full(theory.gradient_noise(minimum))
    np.testing.assert_allclose(factor * at_minimum, seen, atol=1e-13)
    anywhere = theory.noise_at(inputs, targets, w)
    np.testing.assert_allclose(factor * anywhere, seen, atol=1e-13)


def test_blocks_of_the_noise_are_symmetric_in_both_pairs():
    minimum = theory.least_squares_minimum(
        *plain.data(np.random.default_rng(1), 20, 3, 3)
    )
    noise = theory.gradient_noise(minimum)
    np.testing.assert_array_equal(noise, noise.transpose(1, 0, 2, 3))
    np.testing.assert_array_equal(noise, noise.transpose(0, 1, 3, 2))
    decayed = theory.least_squares_minimum(
        *plain.data(np.random.default_rng(1), 20, 3, 3), weight_decay=0.2
    )
    noise = theory.gradient_noise(decayed)
    np.testing.assert_array_equal(noise, noise.transpose(1, 0, 3, 2))
    assert np.abs(noise - noise.transpose(1, 0, 2, 3)).max() > 1e-3


@pytest.mark.statistical
def test_fresh_samples_scatter_as_the_population_says():
    rng = np.random.default_rng(2)
    mix, error = rng.normal(size=(3, 3)), rng.normal(size=(2, 3))
    noise, n, blocks = 0.7, 20_000, 60
    seen = []
    for _ in range(blocks):
        inputs = rng.normal(size=(n, 3)) @ mix.T
        targets = noise * rng.normal(size=(n, 2))
        seen.append(theory.noise_at(inputs, targets, error))
    said = theory.population_noise(error, mix @ mix.T, noise)
    scatter = np.std(seen, axis=0, ddof=1) / np.sqrt(blocks)
    z = (np.mean(seen, axis=0) - said) / scatter
    assert np.abs(z).max() < 4
    assert np.abs((np.mean(seen, axis=0) - 2 * said) / scatter).max() > 10
    straight = said.reshape(2, 3, 2, 3).transpose(2, 1, 0, 3).reshape(6, 6)
    assert np.abs((np.mean(seen, axis=0) - straight) / scatter).max() > 10


def test_at_the_teacher_the_population_noise_is_that_of_the_labels():
    sigma = np.array([[2.0, 0.5], [0.5, 1.0]])
    found = theory.population_noise(np.zeros((3, 2)), sigma, 0.3)
    np.testing.assert_allclose(found, 0.09 * np.kron(np.eye(3), sigma))


@pytest.mark.statistical
@pytest.mark.parametrize("n", [6, 40])
def test_the_mean_noise_has_n_plus_two_in_its_denominator(n):
    rng = np.random.default_rng(3)
    d, draws, noise = 4, 1500, 0.7
    spread = np.sqrt(np.array([3.0, 1.0, 0.5, 0.1]))
    seen = []
    for _ in range(draws):
        inputs = rng.normal(size=(n, d)) * spread
        targets = noise * rng.normal(size=(n, 1))
        minimum = theory.least_squares_minimum(inputs, targets)
        diagonal = np.diagonal(theory.gradient_noise(minimum)[0, 0])
        seen.append(diagonal / theory.mean_noise(minimum.variances, n, d, noise))
    mean, scatter = np.mean(seen), np.std(np.mean(seen, axis=1)) / np.sqrt(draws)
    assert abs(mean - 1) < 4 * scatter
    assert abs(mean - 2) > 10 * scatter
    if n == 6:  # and n alone is seen to be wrong
        assert abs(mean - (n + 2) / n) > 10 * scatter


def test_the_mean_noise_takes_the_moment_itself():
    xx = np.array([[2.0, 0.5], [0.5, 1.0]])
    np.testing.assert_allclose(theory.mean_noise(xx, 8, 2, 2.0), 4 * 6 / 10 * xx)


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_spectrum_of_the_noise_is_that_of_sampled_data(outputs):
    rng = np.random.default_rng(4)
    n, d, noise, draws = 800, 200, 0.5, 6
    spectrum = np.linspace(0.3, 2, d)
    values = []
    for _ in range(draws):
        inputs = rng.normal(size=(n, d)) * np.sqrt(spectrum)
        targets = noise * rng.normal(size=(n, outputs))
        minimum = theory.least_squares_minimum(inputs, targets)
        values.append(np.linalg.eigvalsh(minimum.full(theory.gradient_noise(minimum))))
    law = {"outputs": outputs, "spectrum": spectrum}
    edge = theory.noise_edge(d / n, noise=noise, **law)
    x = edge + (10 - edge) * np.linspace(0, 1, 500)[1:] ** 3
    density = theory.noise_spectrum(x, d / n, noise=noise, **law)
    said = np.r_[0, np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(x))]
    counted = np.searchsorted(np.sort(np.ravel(values)), x) / np.size(values)
    assert np.abs(counted - said).max() < 0.02
    assert np.abs(np.interp(x / 2, x, counted) - said).max() > 0.1  # twice the noise
    ratio = np.mean([(v**2).mean() / v.mean() ** 2 for v in values])
    assert ratio == pytest.approx(theory.noise_moment_ratio(d / n, **law), rel=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.mean_noise(np.ones(5), 5, 5, 1.0), "5 samples of 5 inputs"),
        (lambda: theory.mean_noise(np.ones(2), 5, 2, -1.0), "`noise` must be finite"),
        (lambda: theory.noise_spectrum(np.ones(2), 1.0), r"in \(0, 1\), but is 1.0"),
        (lambda: theory.noise_edge(0.5, noise=0.0), "`noise` must be positive"),
        (
            lambda: theory.noise_moment_ratio(0.5, spectrum=np.zeros(2)),
            "`spectrum` must be positive",
        ),
        (
            lambda: theory.population_noise(np.ones((1, 2)), np.eye(3), 1.0),
            r"shapes \(1, 2\) and \(3, 3\)",
        ),
        (
            lambda: theory.noise_at(np.ones((3, 2)), np.ones((2, 1)), np.ones((1, 2))),
            "one row per sample",
        ),
        (
            lambda: theory.noise_at(np.ones((3, 2)), np.ones((3, 1)), np.ones((2, 2))),
            r"`end_to_end` must be \(k, d\) = \(1, 2\)",
        ),
        (
            lambda: theory.noise_at(
                np.ones((3, 2)), np.full((3, 1), np.nan), np.ones((1, 2))
            ),
            "must be finite",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
