import itertools

import numpy as np
import pytest

from linnet.phenomena.fluctuations import theory


def local(variances, widths):
    return -np.diff(np.log(variances)) / np.diff(np.log(widths))


def test_the_local_exponent_is_the_slope_of_variance_against_width():
    second = 1.4
    for first in (0.01, 0.7, 3.0, 60.0):
        pair = first * np.array([1 - 1e-4, 1 + 1e-4])
        share = pair**2 / (pair**2 + second**2)
        widths = theory.quadratic_width(0.8 * pair**2, 0.3)
        said = theory.second_layer_exponent(first, second)
        np.testing.assert_allclose(local(share, widths), said, rtol=1e-6)
    assert theory.second_layer_exponent(1e-9, 1.0) == pytest.approx(2)
    assert theory.second_layer_exponent(1.0, 0.0) == 0
    assert theory.second_layer_exponent(2.0, 2.0) == 1


def test_comparison_laws_have_the_exponents_they_are_named_with():
    h = np.geomspace(1e-5, 1e-2, 30)
    widths = theory.quadratic_width(h, 0.3)
    for variances, exponent in (
        (1 / h, theory.EQUILIBRIUM_EXPONENT),
        (theory.mode_variance(h, h, 1e-3, 0.1), theory.SINGLE_LAYER_EXPONENT),
        (theory.epoch_variance(h, h, 1e-3, 0.1, 50), theory.FLAT_EPOCHS_EXPONENT),
    ):
        fit = theory.fitted_exponent(variances, widths)
        assert fit.exponent == pytest.approx(exponent, abs=2e-3)
        assert fit.decades == pytest.approx(1.5)
        assert fit.curvature_decades == pytest.approx(3)
        assert fit.points == 30


def test_a_fit_returns_the_law_it_is_given_and_says_how_well_it_holds():
    widths = np.geomspace(0.1, 10, 40)
    exact = theory.fitted_exponent(3 * widths**-1.7, widths)
    assert exact.exponent == pytest.approx(1.7)
    assert exact.prefactor == pytest.approx(3)
    assert exact.r_squared == pytest.approx(1)
    spread = np.random.default_rng(0).standard_normal(40)
    fit = theory.fitted_exponent(3 * widths**-1.7 * np.exp(spread), widths)
    line = np.polyfit(np.log(widths), np.log(3 * widths**-1.7) + spread, 1)
    left = np.log(3 * widths**-1.7) + spread
    r_squared = 1 - (left - np.polyval(line, np.log(widths))).var() / left.var()
    assert fit.exponent == pytest.approx(-line[0])
    assert fit.r_squared == pytest.approx(r_squared)
    assert theory.fitted_exponent(np.ones(40), widths).r_squared == 0


def test_the_median_of_slopes_is_that_of_all_pairs_written_out():
    draws = np.random.default_rng(1)
    widths = np.append(draws.uniform(1, 9, 12), [3.0, 3.0])  # a pair without a slope
    variances = widths**-1.2 * draws.uniform(0.5, 2, 14)
    slopes = [
        np.log(variances[i] / variances[j]) / np.log(widths[i] / widths[j])
        for i, j in itertools.combinations(range(14), 2)
        if widths[i] != widths[j]
    ]
    assert len(slopes) == 90
    said = theory.median_exponent(variances, widths)
    assert said == pytest.approx(-np.median(slopes), rel=1e-12)
    clean = widths**-1.2
    assert theory.median_exponent(clean, widths) == pytest.approx(1.2)
    clean[:4] *= 1e6
    assert theory.median_exponent(clean, widths) == pytest.approx(1.2, abs=0.8)
    assert abs(theory.fitted_exponent(clean, widths).exponent - 1.2) > 2


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_the_second_layer_under_epochs_is_the_block_of_a_network_written_out(momentum):
    first, second, h, noise, rate, factor, batches = 0.7, 1.3, 0.4, 0.6, 0.3, 0.2, 7
    along = np.array([second, first])  # (W1, W2): the gradient of their product
    hessian, source = h * np.outer(along, along), noise**2 * h * np.outer(along, along)
    response, v = np.zeros((500 * batches, 2, 2)), np.eye(2)
    w = v
    for age in range(len(response)):
        response[age] = w
        v = momentum * v - rate * hessian @ w
        w = w + v
    # An epoch's noise, written out; the flat direction is never kicked.
    inside = np.kron((np.eye(batches) * batches - 1.0) * factor / (batches - 1), source)
    total = np.zeros(2)
    for phase in range(batches):
        parts = [response[:phase]]
        whole = len(response) // batches - 1
        before = response[phase : phase + whole * batches]
        parts += np.split(before, whole)
        for part in parts:
            wide = np.concatenate(list(part), axis=1) if len(part) else np.zeros((2, 0))
            size = wide.shape[1]
            total += np.diag(rate**2 * wide @ inside[:size, :size] @ wide.T)
    seen = total / batches
    given = (h, noise, rate, factor, batches, momentum)
    said = theory.second_layer_epoch_variance(first, second, *given)
    other = theory.second_layer_epoch_variance(second, first, *given)
    np.testing.assert_allclose([other, said], seen, rtol=1e-8)


def test_flat_epochs_give_the_second_layer_the_exponent_two_without_saturation():
    first = np.geomspace(0.1, 10, 9)
    given = (0.4, 0.6, 1e-6, 0.2, 20)
    said = theory.second_layer_epoch_variance(first, 1.0, *given)
    flat = theory.flat_second_layer_variance(first, *given)
    np.testing.assert_allclose(said, flat, rtol=2e-3)
    np.testing.assert_allclose(
        flat, 1e-12 * 0.2 * 0.36 * 0.4 * 21 / 6 * first**2, rtol=1e-12
    )
    widths = theory.quadratic_width(0.4 * first**2, 0.3)
    assert theory.fitted_exponent(said, widths).exponent == pytest.approx(2, abs=1e-3)
    # Independent batches saturate where the first layer is strong.
    shares = first**2 / (first**2 + 1)
    assert local(shares, widths)[-1] < 0.1


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="must not both vanish"):
        theory.second_layer_exponent(np.array([1.0, 0.0]), 0.0)
    with pytest.raises(ValueError, match="`first_singular` must be finite and >= 0"):
        theory.second_layer_exponent(-1.0, 1.0)
    with pytest.raises(ValueError, match="`variance` must be positive"):
        theory.flat_second_layer_variance(1.0, 0.0, 1.0, 0.1, 0.1, 5)
    ones = np.ones(4)
    for fit in (theory.fitted_exponent, theory.median_exponent):
        with pytest.raises(ValueError, match="one length >= 3"):
            fit(ones[:2], ones[:2])
        with pytest.raises(ValueError, match="an exponent needs a range"):
            fit(ones, ones)


def test_infinite_widths_of_flat_directions_are_refused_by_fits_with_the_reason():
    widths = theory.quadratic_width(np.array([1.0, 0.5, 0.2, 0.0]), 0.3)
    assert np.isinf(widths).tolist() == [False, False, False, True]
    for fit in (theory.fitted_exponent, theory.median_exponent):
        with pytest.raises(ValueError, match=r"positive and finite.*never reaches"):
            fit(np.ones(4), widths)
        fit(np.ones(3), widths[:3])
