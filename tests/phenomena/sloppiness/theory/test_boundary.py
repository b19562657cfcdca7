"""The closed boundary against a search, a reference table and both asymptotes."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from linnet.numerics import explained_variance
from linnet.phenomena.sloppiness import theory

FOLDS = np.array([0.1, 1, 3, 10, 30, 100, 1e3, 1e4, 1e6])
INF = np.inf
TABLE = {
    0.5: (53.5, 7.46, 5.03, INF, INF, INF, INF, INF, INF),
    0.8: (21.7, 3.31, 1.88, 1.36, 1.5, INF, INF, INF, INF),
    0.9: (14.4, 2.55, 1.54, 1.12, 0.966, 1.26, INF, INF, INF),
    1.0: (5.44, 1.87, 1.25, 0.945, 0.774, 0.680, 0.617, 0.531, 0.129),
    1.2: (0, 0, 0.748, 0.680, 0.577, 0.446, 0.230, 0.0932, 0.0120),
    1.5: (0, 0, 0, 0.353, 0.378, 0.318, 0.158, 0.0638, 0.00838),
    2.0: (0, 0, 0, 0, 0.0799, 0.163, 0.110, 0.0470, 0.00650),
    3.0: (0, 0, 0, 0, 0, 0, 0.0259, 0.0282, 0.00459),
}


def flow(slope, folds, modes=None, **more):
    h = np.exp(-slope * np.arange(modes or int(60 / slope)))
    return theory.ribbon_boundary(
        theory.flow_averages(np.multiply.outer(folds, h)), h, **more
    )


@pytest.mark.parametrize("slope", TABLE)
def test_the_reference_table_is_reproduced(slope):
    np.testing.assert_allclose(flow(slope, FOLDS).ratio, TABLE[slope], rtol=5e-3)
    kinds = {0: "always", INF: "never"}
    expected = [kinds.get(ratio, "above") for ratio in TABLE[slope]]
    assert flow(slope, FOLDS).kind.tolist() == expected


def explained(slope, folds, ratio, dimensions=3):
    h = np.exp(-slope * np.arange(int(60 / slope)))
    means = theory.flow_averages(folds * h)
    v = h * (means.start + ratio**2 * means.target)
    return explained_variance(v)[dimensions - 1]


@settings(max_examples=60)
@given(
    slope=st.floats(0.1, 3),
    log_folds=st.floats(-2, 6),
    ratio=st.floats(1e-3, 1e3),
    fraction=st.floats(0.05, 0.99),
    dimensions=st.integers(1, 8),
)
def test_it_says_ribbon_where_the_spectrum_says_so(
    slope, log_folds, ratio, fraction, dimensions
):
    folds = 10**log_folds
    found = flow(slope, folds, fraction=fraction, dimensions=dimensions)
    share = explained(slope, folds, ratio, dimensions)
    assert found.is_ribbon(ratio) == (share >= fraction) or (
        share == pytest.approx(fraction, abs=1e-12)
    )
    if found.kind in ("above", "below"):
        on = explained(slope, folds, float(found.ratio), dimensions)
        assert on == pytest.approx(fraction, abs=1e-9)


def test_all_four_outcomes_occur_and_say_what_they_mean():
    cases = {
        "always": flow(1.5, 1.0),
        "never": flow(0.5, 100.0),
        "above": flow(1.2, 100.0),
    }
    # Not a method of training: starts that shrink in slow modes, targets in fast ones.
    h, fast = np.array([1.0, 0.9, 0.8, 0.1, 0.1]), np.array([1, 1, 1, 0.1, 0.1])
    odd = theory.ModeAverages(h, h, fast, fast[::-1], h)
    cases["below"] = theory.ribbon_boundary(odd, h)
    for kind, found in cases.items():
        assert found.kind == kind
    small, large = 1e-6, 1e6
    assert cases["always"].is_ribbon([small, large]).tolist() == [True, True]
    assert cases["never"].is_ribbon([small, large]).tolist() == [False, False]
    assert cases["above"].is_ribbon([small, large]).tolist() == [False, True]
    assert cases["below"].is_ribbon([small, large]).tolist() == [True, False]
    assert (cases["always"].ratio, cases["never"].ratio) == (0, INF)
    edge = cases["below"].ratio
    assert cases["below"].is_ribbon(edge * np.array([0.99, 1.01])).tolist() == [
        True,
        False,
    ]


def test_close_to_the_largest_stable_step_only_weak_targets_make_a_ribbon():
    """The first mode swings about its end for long, a ribbon by itself."""
    h, last = np.exp(-0.5 * np.arange(40)), theory.uniform_checkpoints(100)
    means = theory.mode_averages(theory.GradientDescent(1.999), h, last)
    found = theory.ribbon_boundary(means, h)
    assert found.kind == "below"
    assert found.is_ribbon([0.1, 1.0]).tolist() == [True, False]
    small = theory.mode_averages(theory.GradientDescent(0.5), h, last)
    assert theory.ribbon_boundary(small, h).kind == "never"


def test_weight_decay_holds_back_slow_targets_and_a_weaker_one_makes_a_ribbon():
    h = np.exp(-1.2 * np.arange(50))
    response = theory.GradientDescent(0.1, weight_decay=0.2)
    means = theory.mode_averages(response, h, theory.uniform_checkpoints(1000))
    rest = response.rest(h)
    found = theory.ribbon_boundary(means, h, rest=rest)
    v = h * (means.start + found.ratio**2 * rest**2 * means.target)
    assert explained_variance(v)[2] == pytest.approx(0.95, abs=1e-12)
    assert found.ratio < 0.95 * theory.ribbon_boundary(means, h).ratio


@pytest.mark.parametrize(
    ("slope", "within"), [(0.9, 1e-5), (1.0, 1e-4), (1.2, 5e-4), (1.5, 1e-3)]
)
def test_the_late_asymptote_holds_from_a_hundred_folds_on(slope, within):
    folds = np.array([1e2, 1e4, 1e6])
    exact = flow(slope, folds).ratio
    np.testing.assert_allclose(theory.late_boundary(slope, folds), exact, rtol=within)
    if slope > 1:
        # Its leading term alone, at the last: a share of 1 / z_1 is missing.
        q, k, z = 0.95, 3, 1e6
        wide = q * ((np.log(2 * z) + np.euler_gamma) / slope + 0.5) - k
        leading = wide * (1 - np.exp(-slope)) / (2 * z * (1 - np.exp(-slope * k) - q))
        assert np.sqrt(leading) == pytest.approx(exact[-1], rel=3e-4)


@pytest.mark.parametrize("slope", [0.4, 0.5, 0.8])
def test_the_early_asymptote_is_missed_in_proportion_to_the_folds(slope):
    folds = np.array([1e-2, 1e-3])
    gaps = theory.early_boundary(slope, folds) / flow(slope, folds).ratio - 1
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=0.05)
    assert abs(gaps[1]) < 1.5e-3


def test_before_training_slopes_decide_alone():
    edge = -np.log(0.05) / 3
    found = theory.early_boundary([edge / 3.1, edge / 2, 1.01 * edge], 1e-3)
    assert (found[0], found[2]) == (INF, 0)
    kinds = flow(edge / 3.1, 1e-3).kind, flow(1.01 * edge, 1e-3).kind
    assert kinds == ("never", "always")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: flow(1.0, 1.0, fraction=1.0), r"`fraction` must lie in \(0, 1\)"),
        (lambda: flow(1.0, 1.0, dimensions=0), "`dimensions` must be a whole"),
        (lambda: flow(1.0, 1.0, modes=3), "below the number of modes, 3, but is 3"),
        (
            lambda: theory.ribbon_boundary(
                theory.flow_averages(np.ones(4)), np.arange(1, 5)
            ),
            "`variances` must fall",
        ),
        (lambda: flow(1.0, 1.0).is_ribbon(-1.0), "`target_ratio` must be"),
        (lambda: theory.late_boundary(3.0, 100.0), "`folds` must be so large"),
        (lambda: theory.late_boundary(-1.0, 100.0), "`slope` must be positive"),
        (lambda: theory.early_boundary(1.0, np.nan), "`folds` must be positive"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
