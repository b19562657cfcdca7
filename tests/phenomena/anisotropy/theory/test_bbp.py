import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.anisotropy.theory import (
    detection_threshold,
    is_detectable,
    sample_spike,
    sample_spike_spread,
    spike_of_sample,
    spike_overlap,
)

SETS = 60


def sampled(n, d, strengths):
    """Sample eigenvalues upwards, and squared coordinates of their vectors."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(SETS, n, d))
    inputs[..., : len(strengths)] *= np.sqrt(1 + np.array(strengths))
    values, vectors = np.linalg.eigh(inputs.swapaxes(1, 2) @ inputs / n)
    return values, vectors**2


def z(samples, expected, allowance):
    error = samples.std(ddof=1) / np.sqrt(len(samples))
    return max(abs(samples.mean() - expected) - allowance, 0) / error


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("n", "d", "rho"), [(400, 100, 2.0), (100, 200, 4.0), (600, 100, -0.8)]
)
def test_a_seen_spike_has_the_eigenvalue_and_overlap_of_samples(n, d, rho):
    values, overlaps = sampled(n, d, [rho])
    which = -1 if rho > 0 else 0
    found, shared = values[:, which], overlaps[:, 0, which]
    ratio = d / n
    expected, cosine = sample_spike(rho, ratio), spike_overlap(rho, ratio)
    assert z(found, expected, 3 * expected / n) < 4
    assert z(shared, cosine, 3 / n) < 4
    # Wrong: as if the sample had the eigenvalue and the vector of the population.
    assert z(found, 1 + rho, 3 * expected / n) > 10
    assert z(shared, 1.0, 3 / n) > 10
    spread = sample_spike_spread(rho, ratio, n)
    error = 1 / np.sqrt(2 * SETS)  # of a relative spread
    assert abs(found.std(ddof=1) / spread - 1) < 4 * error + 10 / n


@pytest.mark.statistical
def test_a_weak_spike_scatters_less_than_its_own_variance_would():
    n, d, rho, sets = 200, 40, 0.75, 3000
    rng, found = np.random.default_rng(1), np.empty(sets)
    for row in range(sets):
        inputs = rng.normal(size=(n, d))
        inputs[:, 0] *= np.sqrt(1 + rho)
        found[row] = np.linalg.eigvalsh(inputs.T @ inputs / n)[-1]
    spread, error = found.std(ddof=1), 1 / np.sqrt(2 * sets)
    assert abs(spread / sample_spike_spread(rho, d / n, n) - 1) < 4 * error + 5 / n
    # Wrong: that of a sum of n squares of the spiked input, without the bulk.
    assert abs(spread / ((1 + rho) * np.sqrt(2 / n)) - 1) > 10 * error


@pytest.mark.statistical
def test_several_spikes_do_not_know_of_each_other():
    strengths = np.array([8.0, 3.0, -0.8])
    values, _ = sampled(600, 120, strengths)
    expected = sample_spike(strengths, 0.2)
    for found, said in zip(values[:, [-1, -2, 0]].T, expected, strict=True):
        assert z(found, said, 3 * said / 600) < 4


def test_an_unseen_spike_leaves_the_edge_and_no_direction():
    values, overlaps = sampled(400, 200, [0.4])
    ratio = 0.5
    assert not is_detectable(0.4, ratio)
    assert spike_overlap(0.4, ratio) == 0
    assert overlaps[:, 0, -1].mean() < 0.1
    assert sample_spike(0.4, ratio) == pytest.approx(values[:, -1].mean(), rel=0.03)
    low = sample_spike(-0.4, ratio)
    assert low == pytest.approx(values[:, 0].mean(), rel=0.1)
    assert low == pytest.approx((1 - np.sqrt(ratio)) ** 2)


@given(
    ratio=st.floats(0.01, 10),
    beyond=st.floats(1.001, 1e3),
    bulk=st.floats(0.01, 100),
    sign=st.sampled_from([-1, 1]),
)
def test_the_strength_comes_back_from_its_sample_eigenvalue(ratio, beyond, bulk, sign):
    rho = sign * beyond * detection_threshold(ratio)
    if rho <= -0.9999:
        return
    value = sample_spike(rho, ratio, bulk)
    edge = bulk * (1 + sign * np.sqrt(ratio)) ** 2
    assert sign * (value - edge) > 0
    assert spike_of_sample(value, ratio, bulk) == pytest.approx(rho, rel=1e-6)
    assert 0 < spike_overlap(rho, ratio) < 1


@pytest.mark.parametrize("sign", [-1, 1])
def test_eigenvalue_and_overlap_are_continuous_at_the_threshold(sign):
    ratio = 0.3
    at = sign * np.sqrt(ratio)
    for rho in (at * (1 - 1e-9), at * (1 + 1e-9)):
        edge = (1 + at) ** 2
        assert sample_spike(rho, ratio) == pytest.approx(edge, rel=1e-12)
        assert spike_overlap(rho, ratio) == pytest.approx(0, abs=1e-8)


def test_dips_are_seen_only_with_fewer_inputs_than_samples():
    ratio = np.array([0.5, 1.0, 2.0])
    np.testing.assert_array_equal(is_detectable(-0.99, ratio), [True, False, False])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sample_spike(-1.0, 0.5), "`spike_strength` must be finite and > -1"),
        (lambda: sample_spike(1.0, 0.0), "`aspect_ratio` must be positive"),
        (lambda: sample_spike(1.0, 0.5, 0.0), "`bulk_variance` must be positive"),
        (lambda: spike_overlap(np.nan, 0.5), "`spike_strength` must be finite"),
        (lambda: sample_spike_spread(0.5, 0.5, 100), "must be beyond the threshold"),
        (lambda: sample_spike_spread(2.0, 0.5, 0), "`n` must be a whole number >= 1"),
        (lambda: spike_of_sample(1.0, 0.5), r"outside of the bulk.*but is 1"),
        (lambda: spike_of_sample(0.1, 4.0), "fewer inputs than samples"),
        (lambda: spike_of_sample(0.0, 0.5), "`eigenvalue` must be positive"),
        (lambda: detection_threshold(-1.0), "`aspect_ratio` must be positive"),
    ],
)
def test_what_is_no_spike_in_samples_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
