import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.fluctuations import theory


@given(scale=st.floats(1e-6, 1e6), key=st.integers(0, 1000))
def test_the_index_is_free_of_scale_and_zero_for_equal_eigenvalues(scale, key):
    s = np.random.default_rng(key).random((2, 5)) + 0.1
    expected = (s**2).mean(1) / s.mean(1) ** 2 - 1
    np.testing.assert_allclose(theory.anisotropy(scale * s), expected, atol=1e-12)
    assert theory.anisotropy(np.full(7, scale)) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(
    ("ratio", "known"), [(0.1, 0.190), (0.25, 0.441), (0.5, 0.771)]
)
def test_known_values_for_one_output(ratio, known):
    assert theory.asymptotic_anisotropy(ratio) == pytest.approx(known, abs=6e-4)


def test_few_inputs_per_sample_leave_the_limit():
    gaps = [
        theory.asymptotic_anisotropy(ratio, 3) / theory.small_anisotropy(ratio, 3) - 1
        for ratio in (2e-3, 1e-3)
    ]
    assert abs(gaps[1]) < 1e-3
    assert gaps[0] / gaps[1] == pytest.approx(2, rel=0.01)


@pytest.mark.statistical
@pytest.mark.parametrize(("outputs", "ratio"), [(1, 0.5), (1, 0.1), (2, 0.1)])
def test_sampled_data_have_the_asymptotic_anisotropy(outputs, ratio):
    rng = np.random.default_rng(0)
    d, draws = 120 // outputs, 40
    n = round(d / ratio)
    seen = []
    for _ in range(draws):
        inputs = rng.normal(size=(n, d))
        minimum = theory.least_squares_minimum(inputs, rng.normal(size=(n, outputs)))
        covariance = minimum.full(theory.continuum_covariance(minimum, 0.01, 0.1))
        seen.append(theory.anisotropy(np.linalg.eigvalsh(covariance)))
    said = theory.asymptotic_anisotropy(ratio, outputs)
    scatter = np.std(seen) / np.sqrt(draws)
    finite = 4 / d * said  # the statement is one of large n and d
    assert abs(np.mean(seen) - said) < 4 * scatter + finite
    assert abs(np.mean(seen) - 2 * said) > 10 * scatter + finite


def test_the_eigenvalues_of_the_covariance_fill_a_semicircle():
    rng = np.random.default_rng(1)
    n, d = 20_000, 200
    inputs = rng.normal(size=(n, d))
    minimum = theory.least_squares_minimum(inputs, rng.normal(size=(n, 1)))
    s = np.linalg.eigvalsh(theory.continuum_covariance(minimum, 0.01, 0.1)[0, 0])
    x = (s / s.mean() - 1) / theory.semicircle_radius(d / n)
    inside = np.clip(x, -1, 1)
    said = 0.5 + (inside * np.sqrt(1 - inside**2) + np.arcsin(inside)) / np.pi
    assert np.abs(said - (np.arange(d) + 0.5) / d).max() < 0.06
    halved = np.clip(2 * x, -1, 1)
    wrong = 0.5 + (halved * np.sqrt(1 - halved**2) + np.arcsin(halved)) / np.pi
    assert np.abs(wrong - (np.arange(d) + 0.5) / d).max() > 0.12


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.anisotropy(np.array([1.0, -0.5])), "those of a covariance"),
        (lambda: theory.anisotropy(np.zeros(3)), "not all zero"),
        (lambda: theory.anisotropy(np.array([np.nan])), "must be finite"),
        (lambda: theory.asymptotic_anisotropy(1.0), r"must be in \(0, 1\)"),
        (lambda: theory.asymptotic_anisotropy(0.5, 0), "`outputs` must be a whole"),
        (lambda: theory.small_anisotropy(-1.0), "`aspect_ratio` must be positive"),
        (lambda: theory.semicircle_radius(0.0), "`aspect_ratio` must be positive"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
