import numpy as np
import pytest

from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    curve_axes,
    fixed_target_covariance,
    fixed_target_curve,
    fixed_target_spectrum,
    log_checkpoints,
    uniform_checkpoints,
)

VARIANCES = np.exp(-0.6 * np.arange(8))
TARGET = np.array(
    [[1.0, -0.4], [0.3, 0.8], [-0.9, 0.1], [0.5, 0.5]] * 2
)  # (modes, outputs)
RESPONSE = GradientDescent(0.8)
STEPS = log_checkpoints(400, 25)


def axes(**changed):
    given = {"target": TARGET, "response": RESPONSE, "checkpoints": STEPS}
    return curve_axes(variances=VARIANCES, n=10, **(given | changed))


@pytest.mark.parametrize("mean_start", [None, 0.3 * TARGET[::-1]])
def test_shares_are_those_of_the_whole_covariance_along_the_axes_of_the_curve(
    mean_start,
):
    found = axes(mean_start=mean_start)
    curve = fixed_target_curve(
        VARIANCES, 10, TARGET, RESPONSE, STEPS, mean_start=mean_start
    ).reshape(16, -1)
    middle = curve - (curve @ STEPS.weights)[:, None]
    basis = np.linalg.svd(middle * np.sqrt(STEPS.weights))[0]
    for deviation in (0.0, 0.05, 1.0):
        matrix = fixed_target_covariance(
            VARIANCES,
            10,
            TARGET,
            RESPONSE,
            STEPS,
            init_deviation=deviation,
            mean_start=mean_start,
        )
        for k in (1, 2, 3):
            lead = basis[:, :k]
            expected = np.trace(lead.T @ matrix @ lead) / np.trace(matrix)
            np.testing.assert_allclose(found.share(deviation, k), expected, rtol=1e-10)


def test_it_is_a_lower_bound_of_the_explained_variance_and_meets_it_without_spread():
    found = axes()
    for deviation in (0.0, 0.1, 0.5, 2.0):
        values = fixed_target_spectrum(
            VARIANCES, 10, TARGET, RESPONSE, STEPS, init_deviation=deviation
        )
        explained = values[:3].sum() / values.sum()
        assert found.share(deviation, 3) <= explained * (1 + 1e-12)
    values = fixed_target_spectrum(VARIANCES, 10, TARGET, RESPONSE, STEPS)
    assert found.share(0.0, 3) == pytest.approx(values[:3].sum() / values.sum())


def test_at_the_widest_start_exactly_the_fraction_is_held():
    found = axes()
    for fraction in (0.6, 0.8, 0.9):
        widest = found.widest_start(fraction, 3)
        assert 0 < widest < np.inf
        assert found.share(widest, 3) == pytest.approx(fraction, rel=1e-12)
        assert found.share(1.1 * widest, 3) < fraction < found.share(widest / 1.1, 3)


def test_a_curve_that_is_not_thin_has_no_widest_start_and_all_its_axes_hold_it():
    found = axes()
    assert found.share(0.0, 1) < 0.999
    assert found.widest_start(0.999, 1) == 0.0
    last = len(found.curve_along)
    assert found.share(0.0, last) == pytest.approx(1.0)


def test_a_cloud_as_thin_as_its_curve_may_be_as_wide_as_it_likes():
    found = curve_axes([1.0], 4, [2.0], RESPONSE, uniform_checkpoints(20))
    assert found.widest_start(0.9, 1) == np.inf


def test_a_billion_checkpoints_are_as_good_as_any():
    many = axes(checkpoints=uniform_checkpoints(10**9))
    assert 0 < many.share(0.1, 3) < 1


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match=r"must lie in \[1, \d+\], the axes that"):
        axes().share(0.1, 17)
    with pytest.raises(ValueError, match="`init_deviation` must be finite and >= 0"):
        axes().share(-0.1, 2)
    with pytest.raises(ValueError, match="`fraction`"):
        axes().widest_start(1.0, 2)
    with pytest.raises(ValueError, match="nothing moves"):
        axes(target=0 * TARGET)
