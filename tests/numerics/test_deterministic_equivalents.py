import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import brentq

from linnet.numerics import (
    degrees_of_freedom,
    effective_ridge,
    learned_fractions,
    missed_fractions,
    unlearned_share,
)

SPECTRA = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8).map(np.array)


@given(spectrum=SPECTRA, n=st.floats(1, 100), exponent=st.floats(-12, 12))
def test_kappa_solves_its_equation(spectrum, n, exponent):
    ridge = 10.0**exponent
    kappa = effective_ridge(spectrum, n, ridge)
    assert kappa >= ridge
    again = kappa * unlearned_share(spectrum, n, kappa)
    # The equation is a difference of two numbers of the size of kappa.
    assert abs(again - ridge) <= 1e-14 * len(spectrum) * kappa


@given(spectrum=SPECTRA, share=st.floats(0.05, 0.95))
def test_without_a_penalty_as_many_directions_are_learned_as_there_are_samples(
    spectrum, share
):
    counts = np.full(len(spectrum), 100.0)
    n = share * counts.sum()
    kappa = effective_ridge(spectrum, n, 0.0, counts)
    learned = degrees_of_freedom(spectrum, kappa, 1, counts)
    assert learned == pytest.approx(n, rel=1e-12)


def test_kappa_is_the_root_that_bisection_finds():
    spectrum = np.arange(1, 101) ** -1.3

    def equation(level, ridge):
        return level * (1 - np.sum(spectrum / (spectrum + level)) / 30) - ridge

    for ridge in (0.0, 1e-3, 10.0):
        slow = brentq(lambda x, r=ridge: equation(x, r), 1e-9, 1e3, xtol=1e-15)
        assert effective_ridge(spectrum, 30, ridge) == pytest.approx(slow, rel=1e-9)


@pytest.mark.parametrize("d", [1, 29, 30])
def test_kappa_is_exactly_zero_where_samples_suffice(d):
    assert effective_ridge(np.ones(d), 30) == 0
    assert degrees_of_freedom(np.ones(d), 0.0) == d


def test_inputs_that_never_vary_count_for_nothing():
    with_zeros = np.r_[np.arange(1, 41.0), np.zeros(100)]
    for n in (20, 40, 60):
        for ridge in (0.0, 0.1):
            found = effective_ridge(with_zeros, n, ridge)
            expected = effective_ridge(with_zeros[:40], n, ridge)
            assert found == pytest.approx(expected, rel=1e-14)
    assert effective_ridge(np.zeros(3), 5, 0.2) == 0.2
    np.testing.assert_array_equal(learned_fractions(np.array([0.0, 2]), 0.0), [0, 1])


def test_multiplicities_are_repeated_eigenvalues():
    few, counts = np.array([5.0, 1.0]), np.array([3.0, 60.0])
    many = np.repeat(few, counts.astype(int))
    kappa = effective_ridge(few, 20, 0.01, counts)
    assert kappa == pytest.approx(effective_ridge(many, 20, 0.01), rel=1e-14)
    for order in (1, 2):
        short = degrees_of_freedom(few, kappa, order, counts)
        assert short == pytest.approx(degrees_of_freedom(many, kappa, order), rel=1e-14)


def test_an_isotropic_spectrum_has_the_closed_root():
    ratio, ridge = np.array([0.3, 1.0, 4.0])[:, None], np.array([1e-9, 0.1, 7.0])
    counts = (1000 * ratio)[..., None]
    kappa = effective_ridge(np.ones(1), 1000, ridge, counts)
    half = ((ratio - 1) + ridge) / 2
    root = np.sqrt(half**2 + ridge)
    closed = np.where(half > 0, half + root, ridge / (root - half))
    assert kappa.shape == (3, 3)
    np.testing.assert_allclose(kappa, closed, rtol=1e-12)


def test_a_grid_of_spectra_is_solved_at_once():
    spike = np.array([0.5, 3.0, 1e4])
    grid = np.stack([1 + spike, np.ones(3)], axis=-1)
    counts = np.array([1.0, 199.0])
    kappa = effective_ridge(grid, np.array([[50], [400]]), 0.0, counts)
    assert kappa.shape == (2, 3)
    assert (kappa[1] == 0).all()
    one = effective_ridge(grid[1], 50, 0.0, counts)
    assert kappa[0, 1] == pytest.approx(one, rel=1e-14)


def test_an_infinite_penalty_leaves_nothing_to_learn():
    kappa = effective_ridge(np.ones(3), 2, np.inf)
    assert kappa == np.inf
    assert degrees_of_freedom(np.ones(3), kappa) == 0
    assert unlearned_share(np.ones(3), 2, kappa) == 1


def test_the_share_does_not_cancel_where_all_is_nearly_learned():
    kappa = 1e-20
    assert unlearned_share(np.ones(7), 7, kappa) == pytest.approx(kappa, rel=1e-14)
    assert unlearned_share(np.ones(7), 7, kappa, 2) == pytest.approx(2 * kappa)


@given(spectrum=SPECTRA, exponent=st.floats(-30, 30))
def test_what_is_learned_and_what_is_missed_are_all(spectrum, exponent):
    kappa = 10.0**exponent
    learned = learned_fractions(spectrum, kappa)
    missed = missed_fractions(spectrum, kappa)
    np.testing.assert_allclose(learned + missed, 1, rtol=1e-15)
    np.testing.assert_allclose(missed * spectrum, learned * kappa, rtol=1e-14)


def test_at_the_ends_all_or_nothing_is_learned():
    spectrum = np.array([0.0, 2.0])
    np.testing.assert_array_equal(missed_fractions(spectrum, 0.0), [1, 0])
    np.testing.assert_array_equal(missed_fractions(spectrum, np.inf), [1, 1])
    np.testing.assert_array_equal(learned_fractions(spectrum, np.inf), [0, 0])


@pytest.mark.statistical
def test_a_sampled_resolvent_is_that_of_the_population_at_kappa():
    d, n, ridge = 300, 150, 0.1
    spectrum = np.linspace(0.1, 4, d)
    kappa = effective_ridge(spectrum, n, ridge)
    draw = np.random.default_rng(0).normal(size=(8, n, d)) * np.sqrt(spectrum)
    sampled = [
        ridge * np.trace(np.linalg.inv(x.T @ x / n + ridge * np.eye(d))) for x in draw
    ]
    expected = d - degrees_of_freedom(spectrum, kappa)
    error = np.std(sampled, ddof=1) / np.sqrt(8)
    assert abs(np.mean(sampled) - expected) < 4 * error + expected / n
    naive = d - degrees_of_freedom(spectrum, ridge)  # the penalty itself
    assert abs(np.mean(sampled) - naive) > 10 * error


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effective_ridge(np.ones(2), 3, -0.1), "`ridge` must be >= 0"),
        (lambda: effective_ridge(np.ones(2), 3, np.nan), "`ridge` must be >= 0"),
        (lambda: effective_ridge(-np.ones(2), 3), "`eigenvalues` must be finite"),
        (lambda: effective_ridge(np.array([np.inf]), 3), "holds inf"),
        (lambda: effective_ridge(np.ones(2), 0), "`n` must be finite and >= 1"),
        (lambda: effective_ridge(np.ones(2), np.nan), "`n` must be .* is nan"),
        (lambda: effective_ridge(np.ones(0), 3), "at least one eigenvalue"),
        (lambda: effective_ridge(np.ones(2), 3, 0, -np.ones(2)), "`multiplicities`"),
        (lambda: degrees_of_freedom(np.ones(2), -1.0), "`kappa` must be >= 0"),
        (lambda: degrees_of_freedom(np.ones(2), 1.0, 0), "`order` must be >= 1"),
        (lambda: unlearned_share(np.ones(2), 3, 1.0, 0), "`order` must be >= 1"),
    ],
)
def test_what_is_no_spectrum_or_penalty_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_spectra_over_many_orders_of_magnitude_cancel_nothing():
    # As many large eigenvalues as samples: kappa is a geometric mean.
    for small in (1e-12, 1e-30, 1e-300):
        kappa = effective_ridge([1.0, small], 100, 0.0, [100.0, 200.0])
        np.testing.assert_allclose(
            kappa, np.sqrt(2 * small), rtol=3 * np.sqrt(small) + 1e-13
        )
    # With a penalty far above the small and far below the large ones.
    kappa = effective_ridge([1e-150, 1e150], 1, 1e-100)
    np.testing.assert_allclose(kappa, 1e25, rtol=1e-13)
    share = unlearned_share([1.0, 1e-30], 100, 1e-15, 1, [100.0, 200.0])
    np.testing.assert_allclose(share, 1e-15 - 2e-15, rtol=1e-13)
