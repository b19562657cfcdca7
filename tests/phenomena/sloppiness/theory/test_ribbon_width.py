"""The best dimensions of a fixed target: exact in small, and at both ends."""

import numpy as np
import pytest

from linnet.numerics import explained_variance
from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    best_axes,
    curve_axes,
    fixed_target_covariance,
    fixed_target_spectrum,
    uniform_checkpoints,
)

RESPONSE, WHEN = GradientDescent(1.0), uniform_checkpoints(60)
WIDTHS = np.geomspace(1e-3, 1e3, 25)


def asked(modes, outputs, slope=0.4, seed=0):
    variances = np.exp(-slope * np.arange(modes))
    target = np.random.default_rng(seed).standard_normal((modes, outputs))
    return variances, 10, target, RESPONSE, WHEN


@pytest.mark.parametrize(("modes", "outputs"), [(6, 1), (8, 3), (5, 12)])
def test_few_modes_have_the_exact_shares(modes, outputs):
    given = asked(modes, outputs)
    exact = explained_variance(fixed_target_spectrum(*given, init_deviation=WIDTHS))
    found = best_axes(*given)
    for dimensions in (1, 3, 5):
        share = found.share(WIDTHS, dimensions)
        np.testing.assert_allclose(share, exact[:, dimensions - 1], rtol=1e-10)


def test_many_modes_have_the_shares_to_a_millionth_and_never_more():
    given = asked(50, 4, slope=0.1)
    exact = explained_variance(fixed_target_spectrum(*given, init_deviation=WIDTHS))
    gap = exact[:, 2] - best_axes(*given).share(WIDTHS, 3)
    assert -1e-12 < gap.min() <= gap.max() < 1e-5


def test_axes_are_orthonormal_and_hold_what_is_told():
    given = asked(8, 3)
    found = best_axes(*given)
    for width in (0.0, 0.1, 1.0, 30.0):
        axes = found.axes(width, 4)
        columns = axes.reshape(-1, 4)
        np.testing.assert_allclose(columns.T @ columns, np.eye(4), atol=1e-12)
        matrix = fixed_target_covariance(*given, init_deviation=width)
        along = np.diag(columns.T @ matrix @ columns)
        share = np.cumsum(along) / np.trace(matrix)
        told = [found.share(width, k) for k in (1, 2, 3, 4)]
        np.testing.assert_allclose(share, told, rtol=1e-9)


def test_they_hold_more_than_the_axes_of_the_curve_and_as_much_without_starts():
    given = asked(12, 2)
    best, curve = best_axes(*given), curve_axes(*given)
    np.testing.assert_allclose(best.share(0.0, 3), curve.share(0.0, 3), rtol=1e-12)
    assert (best.share(WIDTHS, 3) >= curve.share(WIDTHS, 3) - 1e-12).all()
    assert best.share(1e3, 3) > 1.2 * curve.share(1e3, 3)


def test_the_widest_start_is_where_the_share_falls_below_the_fraction():
    found = best_axes(*asked(12, 2))
    widest = found.widest_start(0.9, 3)
    assert found.share(widest, 3) == pytest.approx(0.9, abs=1e-9)
    assert (found.share(widest * np.linspace(0, 0.999, 50), 3) > 0.9).all()
    assert found.widest_start(0.99999, 1) == 0.0
    assert best_axes(*asked(6, 1, slope=3.0)).widest_start(0.9, 3) == np.inf


def test_a_mode_without_a_target_shows_its_starts_alone():
    variances, n, target, *rest = asked(6, 2)
    target[2] = 0.0
    found = best_axes(variances, n, target, *rest)
    exact = explained_variance(
        fixed_target_spectrum(variances, n, target, *rest, init_deviation=WIDTHS)
    )
    np.testing.assert_allclose(found.share(WIDTHS, 3), exact[:, 2], rtol=1e-10)
    assert np.isfinite(found.axes(1.0, 5)).all()


def test_what_makes_no_sense_is_refused():
    found = best_axes(*asked(6, 1))
    with pytest.raises(ValueError, match=r"must lie in \[1, 6\], but is 7"):
        found.share(1.0, 7)
    with pytest.raises(ValueError, match="standard deviation"):
        found.share(-1.0, 3)
    with pytest.raises(ValueError, match=r"must lie in \(0, 1\)"):
        found.widest_start(1.0, 3)
    variances, n, target, *rest = asked(4, 1)
    with pytest.raises(ValueError, match="nothing moves"):
        best_axes(variances, n, 0 * target, *rest)
