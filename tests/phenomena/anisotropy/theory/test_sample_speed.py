import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.anisotropy.theory import (
    mean_squared_speed,
    sample_direction_overlap,
    spike_plane,
)

NOISE = 0.7


def sampled(n, d, rho, cosine, sets):
    """Squared speed on the data, and its cosine with the population's direction."""
    rng = np.random.default_rng(0)
    beta = np.r_[cosine, np.sqrt(1 - cosine**2), np.zeros(d - 2)]
    spectrum = np.r_[1 + rho, np.ones(d - 1)]
    inputs = rng.normal(size=(sets, n, d)) * np.sqrt(spectrum)
    targets = inputs @ beta + NOISE * rng.normal(size=(sets, n))
    drive = np.einsum("snd,sn->sd", inputs, targets) / n
    squared = (drive**2).sum(1)
    toward = spectrum * beta / np.linalg.norm(spectrum * beta)
    return squared, drive @ toward / np.sqrt(squared)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("n", "d", "rho", "cosine"),
    [(1, 3, 2.0, 0.6), (5, 12, 6.0, 0.4), (20, 6, -0.8, 0.9)],
)
def test_the_mean_squared_speed_is_exact_at_any_size(n, d, rho, cosine):
    squared, _ = sampled(n, d, rho, cosine, 20000)
    error = squared.std(ddof=1) / np.sqrt(len(squared))
    said = mean_squared_speed(n, d, rho, cosine, 1.0, NOISE)
    assert abs(squared.mean() - said) < 4 * error
    # Wrong: the population's.
    population = spike_plane(rho, cosine).drive ** 2
    assert abs(squared.mean() - population) > 10 * error


@pytest.mark.statistical
@pytest.mark.parametrize("ratio", [0.5, 3.0])
def test_the_direction_is_off_by_as_much_as_the_speed(ratio):
    n = 200
    d = int(ratio * n)
    _, cosine = sampled(n, d, 3.0, 0.5, 150)
    error = cosine.std(ddof=1) / np.sqrt(len(cosine))
    said = sample_direction_overlap(n, d, 3.0, 0.5, 1.0, NOISE)
    assert abs(cosine.mean() - said) < 4 * error + said / n
    assert abs(cosine.mean() - said**2) > 10 * error


@given(ratio=st.floats(0.1, 10), noise=st.floats(0, 3), size=st.floats(0.1, 10))
def test_without_a_spike_the_overlap_has_a_closed_form(ratio, noise, size):
    n = 10**7
    d = int(ratio * n)
    said = sample_direction_overlap(n, d, 0.0, 0.3, size, noise)
    closed = 1 / np.sqrt(1 + ratio * (1 + noise**2 / size**2))
    assert said == pytest.approx(closed, rel=1e-6)


def test_many_samples_have_the_speed_of_the_population():
    n = np.array([10**3, 10**6, 10**9])
    speed = np.sqrt(mean_squared_speed(n, 10, 4.0, 0.5, 2.0, NOISE))
    gap = speed / spike_plane(4.0, 0.5, 2.0).drive - 1
    np.testing.assert_allclose(gap[:-1] / gap[1:], 1000, rtol=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": 0}, "`n` must be a whole number >= 1"),
        ({"d": 0}, "`d` must be a whole number >= 1"),
        ({"spike_strength": -1.0}, "`spike_strength` must be finite and > -1"),
        ({"alignment": -1.2}, "`alignment` must lie in"),
        ({"norm": 0.0}, "`norm` must be positive"),
        ({"noise": -1.0}, "`noise` must be finite and >= 0"),
    ],
)
def test_what_no_data_set_has_is_refused(change, message):
    given_ = {"n": 5, "d": 9, "spike_strength": 1.0, "alignment": 0.5} | change
    for function in (mean_squared_speed, sample_direction_overlap):
        with pytest.raises(ValueError, match=message):
            function(**given_)
