import numpy as np
import pytest

from linnet.numerics import Estimate, participation_ratio
from linnet.phenomena.anisotropy import measure

BULK = 1.7  # never one: it has to be estimated


def spiked_inputs(n, d, strengths, seed):
    """Gaussian, spikes along the first axes, bulk variance `BULK`."""
    scale = np.ones(d)
    scale[: len(strengths)] = np.sqrt(1 + np.array(strengths))
    rng = np.random.default_rng(seed)
    return np.sqrt(BULK) * rng.normal(size=(n, d)) * scale, rng


def spectra(n, d, strengths, sets):
    for seed in range(sets):
        x, _ = spiked_inputs(n, d, strengths, seed)
        yield x, measure.spiked_spectrum(np.linalg.eigvalsh(x.T @ x / n), n)


@pytest.mark.statistical
@pytest.mark.parametrize(("n", "d"), [(200, 100), (100, 200)])
def test_spike_strength_and_overlap_are_corrected_for_the_finite_sample(n, d):
    strengths, overlaps, bulks, true, naive = [], [], [], [], []
    for x, found in spectra(n, d, [8.0], 60):
        assert found.count == 1
        strengths.append(found.spike_strengths[0])
        overlaps.append(found.squared_overlaps[0])
        bulks.append(found.bulk_variance)
        top = np.linalg.svd(x, full_matrices=False)[2][0]
        true.append(top[0] ** 2)
        naive.append(found.outliers[0] / found.bulk_variance - 1)
    strength = Estimate.from_samples(strengths)
    assert abs(strength.z(8.0)) < 4
    assert abs(strength.z(16.0)) > 10
    # What an outlier says uncorrected is another number.
    assert abs(measure.paired_difference(np.array(naive), np.array(strengths)).z(0)) > 8
    assert abs(Estimate.from_samples(bulks).z(BULK)) < 4
    assert abs(Estimate.from_samples(bulks).z(1.0)) > 10
    gap = measure.paired_difference(np.array(overlaps), np.array(true))
    assert abs(gap.value) < 4 * gap.stderr + 2 / min(n, d)  # a limit: of order 1/n
    assert abs(Estimate.from_samples(true).z(1.0)) > 10


@pytest.mark.statistical
def test_several_spikes_and_a_dip_are_told_apart():
    found = [spectrum for _, spectrum in spectra(600, 150, [12.0, 4.0, -0.85], 25)]
    assert all(one.count == 3 for one in found)
    strengths = Estimate.from_samples([one.spike_strengths for one in found])
    assert (np.abs(strengths.z([12.0, 4.0, -0.85])) < 4).all()
    assert (np.abs(strengths.z([24.0, 8.0, -0.425])) > 10).all()


def test_white_inputs_have_no_spike_whatever_their_variance():
    counts = [found.count for _, found in spectra(300, 100, [], 40)]
    # One in a thousand at either end.
    assert sum(counts) <= 2


def test_spike_below_the_threshold_leaves_no_trace():
    # rho = 0.3 below sqrt(d/n) = 0.7.
    counts = [found.count for _, found in spectra(200, 100, [0.3], 30)]
    assert sum(counts) <= 2


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_units_of_the_inputs_change_the_bulk_only(scale):
    x, _ = spiked_inputs(150, 60, [6.0], 0)
    values = np.linalg.eigvalsh(x.T @ x / 150)
    one = measure.spiked_spectrum(values, 150)
    scaled = measure.spiked_spectrum(scale * values, 150)
    np.testing.assert_allclose(scaled.spike_strengths, one.spike_strengths, rtol=1e-9)
    np.testing.assert_allclose(
        scaled.bulk_variance, scale * one.bulk_variance, rtol=1e-9
    )


@pytest.mark.parametrize("aspect_ratio", [0.3, 1.0, 4.0])
def test_strength_inverts_where_an_outlier_comes_to_lie(aspect_ratio):
    rho = np.array([1.01, 2.0, 50.0]) * np.sqrt(aspect_ratio)
    outlier = (1 + rho) * (1 + aspect_ratio / rho)
    np.testing.assert_allclose(
        measure.spike_strength(outlier, aspect_ratio), rho, rtol=1e-8
    )
    dip = -0.8
    if dip**2 > aspect_ratio:
        low = np.array([(1 + dip) * (1 + aspect_ratio / dip)])
        found = measure.spike_strength(low, aspect_ratio, dip=True)
        np.testing.assert_allclose(found, dip, rtol=1e-8)


def test_a_bulk_of_many_variances_is_seen_as_none():
    x, rng = spiked_inputs(400, 100, [5.0], 1)
    fits = measure.spiked_spectrum(np.linalg.eigvalsh(x.T @ x / 400), 400)
    x = rng.normal(size=(400, 100)) * np.arange(1, 101) ** -0.7
    power = measure.spiked_spectrum(np.linalg.eigvalsh(x.T @ x / 400), 400)
    assert fits.bulk_distance < 0.06
    assert power.bulk_distance > 3 * fits.bulk_distance


@pytest.mark.statistical
def test_errors_over_samples_are_those_of_fresh_samples():
    found = [
        measure.input_spikes(spiked_inputs(300, 60, [8.0], seed)[0])
        for seed in range(30)
    ]
    z = np.array([one.spike_strengths.z(np.array([8.0]))[0] for one in found])
    assert 0.6 < z.std() < 1.4
    z = np.array([one.bulk_variance.z(BULK) for one in found])
    assert 0.6 < z.std() < 1.4
    assert all(abs(one.directions[0, 0]) > 0.95 for one in found)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("n", "d", "strength", "alignment"),
    [(300, 100, 5.0, 0.6), (300, 100, -0.9, 0.6), (250, 300, 8.0, 0.5)],
)
def test_target_alignment_is_corrected_for_the_overlap(n, d, strength, alignment):
    found = []
    for seed in range(16):
        x, rng = spiked_inputs(n, d, [strength], seed)
        teacher = np.zeros(d)
        teacher[:2] = alignment, np.sqrt(1 - alignment**2)
        y = x @ teacher * 3 + rng.normal(size=n)
        found.append(measure.target_alignments(x, y, blocks=12))
    values = Estimate.from_samples([one.value[0] for one in found])
    assert abs(values.z(alignment)) < 4
    assert abs(values.z(alignment**2)) > 4
    assert abs(values.z(alignment / 2)) > 10
    # Its own error bar covers the scatter and is of its size.
    claimed = np.mean([one.stderr[0] for one in found])
    scatter = values.stderr * 4
    assert 0.6 * scatter < claimed < 3 * scatter


@pytest.mark.statistical
def test_loud_labels_do_not_make_the_target_look_longer():
    n, d, alignment, noise = 400, 100, 0.6, 1.5 * np.sqrt(BULK)
    found = []
    for seed in range(25):
        x, rng = spiked_inputs(n, d, [5.0], seed)
        teacher = np.r_[alignment, np.sqrt(1 - alignment**2), np.zeros(d - 2)]
        y = x @ teacher + noise * rng.normal(size=n)
        found.append(measure.target_alignments(x, y, blocks=4).value[0])
    values = Estimate.from_samples(found)
    assert abs(values.z(alignment)) < 4
    # Wrong: over the length of the least-squares solution, noise included.
    longer = np.sqrt(1 + noise**2 / BULK * (d - 1) / (n - d - 1))
    assert abs(values.z(alignment / longer)) > 10


@pytest.mark.statistical
@pytest.mark.parametrize(("n", "d"), [(200, 60), (60, 120)])
def test_participation_is_free_of_the_bias_of_a_sample_spectrum(n, d):
    found, naive = [], []
    for seed in range(30):
        x, _ = spiked_inputs(n, d, [4.0], seed)
        found.append(measure.participation(x))
        naive.append(participation_ratio(np.linalg.svd(x, compute_uv=False) ** 2))
    truth = (d + 4.0) ** 2 / (d - 1 + 25.0)
    values = Estimate.from_samples([one.value for one in found])
    assert abs(values.z(truth)) < 4
    assert abs(Estimate.from_samples(naive).z(truth)) > 10
    scatter = values.stderr * np.sqrt(30)
    assert 0.6 * scatter < np.mean([one.stderr for one in found]) < 1.6 * scatter


def test_participation_errors_are_what_leaving_out_every_sample_gives():
    x, _ = spiked_inputs(20, 9, [3.0], 2)
    whole = measure.participation(x)
    parts = [measure.participation(np.delete(x, i, 0)).value for i in range(20)]
    expected = np.std(parts) * np.sqrt(19)
    np.testing.assert_allclose(whole.stderr, expected, rtol=1e-9)
    turned = x @ np.linalg.qr(np.random.default_rng(3).normal(size=(9, 9)))[0]
    np.testing.assert_allclose(
        measure.participation(turned).value, whole.value, rtol=1e-10
    )


def test_inputs_without_a_spike_have_no_strengths_but_a_bulk():
    x, _ = spiked_inputs(200, 50, [], 3)
    found = measure.input_spikes(x)
    assert found.directions.shape == (0, 50)
    assert found.spike_strengths.value.shape == (0,)
    assert abs(found.bulk_variance.z(BULK)) < 4


def test_targets_of_one_output_may_be_a_row_or_a_column():
    x, rng = spiked_inputs(200, 30, [8.0], 4)
    y = x[:, 0] + x[:, 1] + rng.normal(size=200)
    row = measure.target_alignments(x, y)
    column = measure.target_alignments(x, y[:, None])
    np.testing.assert_array_equal(row.value, column.value)
    np.testing.assert_array_equal(row.stderr, column.stderr)
    with pytest.raises(ValueError, match=r"`targets` must be 200 finite numbers"):
        measure.target_alignments(x, np.stack([y, y], axis=1))


X = np.random.default_rng(5).normal(size=(60, 12))
VALUES = np.linalg.eigvalsh(X.T @ X / 60)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measure.spiked_spectrum(-VALUES, 60), "must be >= 0"),
        (lambda: measure.spiked_spectrum(VALUES * np.nan, 60), "finite"),
        (lambda: measure.spiked_spectrum(VALUES, 1), "`n` must be a whole number"),
        (lambda: measure.spiked_spectrum(VALUES[:5], 60), "8 positive ones"),
        (
            lambda: measure.spiked_spectrum(np.r_[VALUES, 0.0], 60),
            "constant or dependent inputs come first out",
        ),
        (lambda: measure.spiked_spectrum(VALUES, 60, count=9), "leave a bulk of 8"),
        (lambda: measure.input_spikes(X, blocks=50), "`blocks` must lie in"),
        (
            lambda: measure.input_spikes(np.ones((5, 100))),
            "`inputs` must hold 16 samples or more, but has 5: errors take 4 blocks",
        ),
        (lambda: measure.input_spikes(X[:16, :3]), r"`blocks` must lie in \[4, 4\]"),
        (lambda: measure.input_spikes(X * np.nan), "`inputs` must be finite"),
        (lambda: measure.target_alignments(X, X[:9, 0], blocks=8), "`targets`"),
        (lambda: measure.target_alignments(X, X[:, 0], blocks=8), "must have a spike"),
        (
            lambda: measure.target_alignments(X, X[:, 0], count=1, blocks=8),
            "stand out of the bulk",
        ),
        (lambda: measure.participation(np.eye(5)), "that overlap"),
    ],
)
def test_what_has_no_bulk_or_spike_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
