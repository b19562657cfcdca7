import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import (
    effective_rank,
    geometric_spectrum,
    participation_ratio,
    power_law_spectrum,
    spectrum_decay,
    stable_rank,
    subspace_overlap,
)

RANKS = (stable_rank, effective_rank, participation_ratio)
spectra = st.lists(st.floats(0, 1e3), min_size=1, max_size=12).filter(
    lambda values: max(values) > 1e-3
)
seeds = st.integers(0, 2**32 - 1)


@given(d=st.integers(2, 50), condition=st.floats(1, 1e12))
def test_geometric_spectrum_runs_from_one_to_the_inverse_condition(d, condition):
    spectrum = geometric_spectrum(d, condition)
    np.testing.assert_allclose(spectrum[[0, -1]], [1, 1 / condition], rtol=1e-12)
    ratios = spectrum[1:] / spectrum[:-1]
    np.testing.assert_allclose(ratios, condition ** (-1 / (d - 1)), rtol=1e-10)


def test_one_eigenvalue_is_one():
    np.testing.assert_array_equal(geometric_spectrum(1, 50.0), [1.0])


@given(d=st.integers(1, 50), exponent=st.floats(0, 4))
def test_power_law_spectrum_is_a_power_of_the_index(d, exponent):
    spectrum = power_law_spectrum(d, exponent)
    expected = [(i + 1) ** -exponent for i in range(d)]
    np.testing.assert_allclose(spectrum, expected, rtol=1e-13)


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize("r", [1, 2, 7])
def test_every_rank_of_r_equal_values_is_r(rank, r):
    values = np.r_[np.full(r, 3.7), np.zeros(4)]
    np.testing.assert_allclose(rank(values), r, rtol=1e-13)


def test_ranks_of_a_geometric_spectrum_have_closed_forms():
    q, r = 0.6, 8
    s = q ** np.arange(r)
    first, second = (1 - q**r) / (1 - q), (1 - q ** (2 * r)) / (1 - q**2)
    np.testing.assert_allclose(stable_rank(s), second, rtol=1e-13)
    np.testing.assert_allclose(participation_ratio(s), first**2 / second, rtol=1e-13)
    # -sum p ln p with p_i = q^i / first.
    mean_index = (np.arange(r) * s).sum() / first
    entropy = np.log(first) - np.log(q) * mean_index
    np.testing.assert_allclose(effective_rank(s), np.exp(entropy), rtol=1e-13)


@pytest.mark.parametrize("rank", RANKS)
@given(values=spectra, scale=st.floats(1e-300, 1e300))
def test_ranks_do_not_depend_on_scale_or_order(rank, values, scale):
    values = np.array(values)
    scaled = scale * (values / values.max())
    np.testing.assert_allclose(rank(scaled[::-1]), rank(values), rtol=1e-6)


@pytest.mark.parametrize("rank", RANKS)
@given(values=spectra)
def test_ranks_lie_between_one_and_the_number_of_values(rank, values):
    assert 1 - 1e-12 <= rank(np.array(values)) <= np.count_nonzero(values) + 1e-9


@pytest.mark.parametrize("rank", RANKS)
def test_leading_axes_are_kept(rank):
    stack = np.random.default_rng(0).uniform(0.1, 1, (2, 3, 5))
    expected = [[rank(values) for values in block] for block in stack]
    np.testing.assert_allclose(rank(stack), expected, rtol=1e-14)


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(3), "must not vanish"),
        (np.array([1.0, -0.1]), "finite and >= 0"),
        (np.array([1.0, np.nan]), "finite and >= 0"),
        (np.empty(0), "non-empty"),
        (np.array([[1.0, 2.0], [0.0, 0.0]]), "must not vanish"),
    ],
)
def test_what_is_no_spectrum_is_refused(rank, values, message):
    with pytest.raises(ValueError, match=message):
        rank(values)


@given(angle=st.floats(0, np.pi))
def test_overlap_of_two_lines_is_the_squared_cosine(angle):
    first, second = np.eye(2)[:, :1], np.array([[np.cos(angle)], [np.sin(angle)]])
    overlap = subspace_overlap(first, second)
    np.testing.assert_allclose(overlap, np.cos(angle) ** 2, atol=1e-14)


@given(seed=seeds, r=st.integers(1, 4), s=st.integers(1, 4))
def test_overlap_is_symmetric_and_blind_to_basis_and_rotation(seed, r, s):
    rng = np.random.default_rng(seed)
    first, second = rng.standard_normal((6, r)), rng.standard_normal((6, s))
    overlap = subspace_overlap(first, second)
    assert -1e-12 <= overlap <= 1 + 1e-12
    np.testing.assert_allclose(subspace_overlap(second, first), overlap, atol=1e-12)
    mixed = first @ np.linalg.qr(rng.standard_normal((r, r)))[0]
    scaled = mixed * 10.0 ** rng.uniform(-30, 30, r)
    rotation = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    np.testing.assert_allclose(subspace_overlap(mixed, second), overlap, atol=1e-9)
    np.testing.assert_allclose(
        subspace_overlap(rotation @ mixed, rotation @ second), overlap, atol=1e-9
    )
    np.testing.assert_allclose(subspace_overlap(scaled, second), overlap, atol=1e-9)


def test_overlap_is_one_for_a_contained_and_zero_for_an_orthogonal_space():
    basis = np.eye(5)
    assert subspace_overlap(basis[:, :2], basis[:, :4]) == pytest.approx(1, rel=1e-12)
    assert subspace_overlap(basis[:, :2], basis[:, 2:]) == 0


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (np.eye(3), np.eye(4), "equally many rows, but have 3 and 4"),
        (np.ones((3, 2)), np.eye(3), "2 columns of a subspace must be independent"),
        (np.eye(3), np.zeros((3, 1)), "must be independent"),
        (np.ones((2, 3)), np.eye(2), "must be independent"),
    ],
)
def test_what_spans_no_subspace_is_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        subspace_overlap(first, second)


@given(d=st.integers(4, 60), condition=st.floats(2, 1e10), scale=st.floats(1e-6, 1e6))
def test_a_planted_geometric_law_is_recovered(d, condition, scale):
    decay = spectrum_decay(scale * geometric_spectrum(d, condition))
    assert decay.law == "geometric"
    np.testing.assert_allclose(decay.rate, np.log(condition) / (d - 1), rtol=1e-8)
    assert decay.quality == pytest.approx(1, abs=1e-8)
    assert decay.other_quality < decay.quality


@given(d=st.integers(4, 60), exponent=st.floats(0.1, 5), scale=st.floats(1e-6, 1e6))
def test_a_planted_power_law_is_recovered_in_any_order(d, exponent, scale):
    spectrum = scale * power_law_spectrum(d, exponent)
    decay = spectrum_decay(np.random.default_rng(d).permutation(spectrum))
    assert decay.law == "power-law"
    np.testing.assert_allclose(decay.rate, exponent, rtol=1e-8)
    assert decay.quality == pytest.approx(1, abs=1e-8)
    assert decay.other_quality < decay.quality


@given(seed=seeds, idle=st.integers(1, 5))
def test_rounding_noise_in_place_of_zeros_does_not_change_the_decay(seed, idle):
    spectrum = geometric_spectrum(20, 1e6)
    noise = 1e-16 * np.random.default_rng(seed).standard_normal(idle)
    assert spectrum_decay(np.r_[spectrum, noise]) == spectrum_decay(spectrum)


@pytest.mark.parametrize("height", [0.1, 0.3, 1.0, 7e10])
@pytest.mark.parametrize("d", [3, 10, 37])
def test_a_flat_spectrum_does_not_decay(height, d):
    decay = spectrum_decay(np.full(d, height))
    assert abs(decay.rate) < 1e-12
    assert decay.quality == decay.other_quality == 1


def test_a_spectrum_that_follows_neither_law_has_low_quality():
    decay = spectrum_decay(np.r_[np.full(10, 1.0), np.full(10, 1e-3)])
    assert decay.quality < 0.9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: geometric_spectrum(0, 2.0), "`d` must be >= 1, but is 0"),
        (lambda: geometric_spectrum(3, 0.5), "`condition` must be finite and >= 1"),
        (lambda: geometric_spectrum(3, np.inf), "`condition` must be finite"),
        (lambda: power_law_spectrum(-1, 1.0), "`d` must be >= 1, but is -1"),
        (lambda: power_law_spectrum(3, -1.0), "`exponent` must be finite and >= 0"),
        (lambda: spectrum_decay(np.array([1.0, 0.5, 0.0])), "at least 3 positive"),
        (lambda: spectrum_decay(np.array([1, 1e-5, 1e-16])), "but holds 2"),
        (lambda: spectrum_decay(np.array([1.0, np.nan, 2, 3])), "must be finite"),
        (lambda: spectrum_decay(np.zeros(5)), "but holds 0"),
    ],
)
def test_an_impossible_spectrum_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
