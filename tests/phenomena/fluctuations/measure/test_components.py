import gaussian_series
import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.fluctuations import measure


@pytest.mark.parametrize("shape", [(8, 4, 50), (3, 40, 6), (16, 6)])
def test_components_are_those_of_the_covariance_matrix(rng, shape):
    records = rng.normal(size=shape) * np.linspace(0.1, 2, shape[-1])
    found = measure.principal_components(records)
    flat = records.reshape(-1, shape[-1])
    covariance = np.cov(flat.T, bias=True)
    sizes = np.linalg.eigvalsh(covariance)[::-1]
    sizes = sizes[: min(len(flat) - 1, shape[-1])]  # the others vanish
    np.testing.assert_allclose(found.variances.value, sizes, rtol=1e-9)
    np.testing.assert_allclose(
        found.axes @ found.axes.T, np.eye(len(sizes)), atol=1e-10
    )
    rebuilt = (found.axes.T * found.variances.value) @ found.axes
    np.testing.assert_allclose(rebuilt, covariance, atol=1e-9)
    np.testing.assert_allclose(found.center, flat.mean(0), atol=1e-12)
    assert found.shares.sum() == pytest.approx(1)
    assert found.gaps[-1] == 1


def test_a_few_components_are_the_first_of_all(rng):
    records = rng.normal(size=(9, 20, 7)) * np.arange(1, 8)
    few, all_of_them = (measure.principal_components(records, k) for k in (3, None))
    np.testing.assert_allclose(
        few.variances.value, all_of_them.variances.value[:3], rtol=1e-10
    )
    np.testing.assert_allclose(few.gaps, all_of_them.gaps[:3], rtol=1e-8)
    overlap = np.abs((few.axes * all_of_them.axes[:3]).sum(1))
    np.testing.assert_allclose(overlap, 1, rtol=1e-10)


@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-3, 1e3))
def test_variances_turn_and_scale_with_the_weights(seed, scale):
    rng = np.random.default_rng(seed)
    records = rng.normal(size=(8, 12, 4))
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    plain_one = measure.principal_components(records)
    turned = measure.principal_components(scale * records @ turn + 7)
    np.testing.assert_allclose(
        turned.variances.value, scale**2 * plain_one.variances.value, rtol=1e-6
    )
    np.testing.assert_allclose(
        turned.variances.stderr, scale**2 * plain_one.variances.stderr, rtol=1e-4
    )


@pytest.mark.statistical
@pytest.mark.parametrize("replicas", [1, 16])
def test_variances_along_given_axes_are_those_of_the_process(rng, replicas):
    variances = np.array([4.0, 1.0, 0.1])
    series = gaussian_series.modes(
        rng, [0.9, 0.5, 0.0], variances, replicas, 96_000 // replicas
    )
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    found = measure.variances_along(series @ turn, turn)
    assert (np.abs(found.z(variances)) < 4).all()
    assert (np.abs(found.z(2 * variances)) > 10).all()
    principal = measure.principal_components(series @ turn)
    assert principal.is_resolved.all()
    assert (np.abs(principal.variances.z(variances)) < 4).all()
    overlap = np.abs((principal.axes * turn).sum(1))
    assert (overlap > 0.999).all()
    expected = 96_000 * np.array([0.1 / 1.9, 0.5 / 1.5, 1])
    np.testing.assert_allclose(principal.effective_samples, expected, rtol=0.25)


def test_error_bars_are_the_spread_for_replicas_and_for_blocks(rng):
    for replicas, times in ((16, 100), (1, 4000)):
        draws = [
            measure.variances_along(
                gaussian_series.modes(rng, [0.8], [1.0], replicas, times), np.eye(1)
            )
            for _ in range(100)
        ]
        spread = np.std([one.value for one in draws], ddof=1)
        said = np.sqrt(np.mean([one.stderr**2 for one in draws]))
        assert said == pytest.approx(spread, rel=0.3)  # spread itself: 7 %


def test_drift_shows_as_a_component_that_is_not_resolved(rng):
    noise = rng.normal(size=(4000, 3))
    drift = np.linspace(0, 30, 4000)[:, None] * np.array([0.6, 0.8, 0])
    found = measure.principal_components(noise + drift)
    assert found.variances.value[0] > 20 * found.variances.value[1]
    assert list(found.is_resolved) == [False, True, True]
    assert found.effective_samples[0] < 5
    cured = measure.principal_components(measure.detrended(noise + drift))
    assert cured.is_resolved.all()
    np.testing.assert_allclose(cured.variances.value, 1, rtol=0.15)


def test_the_null_model_shows_how_few_records_spread_a_round_spectrum(rng):
    # White records: edges of Marchenko and Pastur, at ratio 40 / 160.
    white = measure.null_model(np.ones(40), 160, rng)
    assert white.spectrum.value[0] == pytest.approx(1.5**2, rel=0.12)
    assert white.spectrum.value[-1] == pytest.approx(0.5**2, rel=0.25)
    assert white.spectrum.value.sum() == pytest.approx(40 * 159 / 160, rel=0.02)
    # Second moment 1 + (p/T) sum of squared autocorrelations, up to tau / T.
    for tau, memory in ((1.0, 0.0), (4.0, 0.6)):
        null = measure.null_model(np.ones(40), 640, rng, correlation_times=tau)
        spread = (null.spectrum.value**2).mean() / null.spectrum.value.mean() ** 2 - 1
        expected = 40 / 640 * (1 + memory**2) / (1 - memory**2)
        assert spread == pytest.approx(expected, rel=0.05)


def test_measured_components_of_round_noise_agree_with_the_null_model(rng):
    series = gaussian_series.modes(rng, np.full(10, 0.6), np.full(10, 2.0), 8, 40)
    found = measure.principal_components(series).variances
    null = measure.null_model(
        np.full(10, 2.0), 40, rng, replicas=8, correlation_times=4.0, draws=100
    )
    assert (np.abs(found.value - null.spectrum.value) < 4 * null.spread).all()
    # The truth, 2, is not what the first and the last should show.
    assert null.spectrum.value[0] - 2 > 3 * null.spread[0]
    assert 2 - null.spectrum.value[-1] > 3 * null.spread[-1]


def test_axes_of_other_replicas_are_free_of_selection(rng):
    series = gaussian_series.modes(rng, np.full(20, 0.5), np.ones(20), 400, 4)
    own = measure.principal_components(series[:200], 1)
    other = measure.variances_along(series[200:], own.axes)
    assert abs(other.z(1.0)[0]) < 4
    assert own.variances.value[0] > 1.2


def test_bad_records_are_refused(rng):
    with pytest.raises(ValueError, match="must move, but all records are equal"):
        measure.principal_components(np.ones((20, 3)))
    with pytest.raises(ValueError, match=r"lie in \[1, 3\], the components above"):
        measure.principal_components(rng.normal(size=(20, 3)), 4)
    with pytest.raises(ValueError, match="record longer, or more replicas"):
        measure.variances_along(rng.normal(size=(6, 3)), np.eye(3))
    with pytest.raises(ValueError, match="finite and >= 0, but is"):
        measure.null_model(np.array([-1.0]), 10, rng)
    with pytest.raises(ValueError, match=r"least entry is 0.5: 1 is white noise"):
        measure.null_model(np.ones(2), 10, rng, correlation_times=0.5)
