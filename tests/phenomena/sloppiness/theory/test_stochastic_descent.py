"""Where SGD on a data set explodes, and what is refused."""

import numpy as np
import pytest

from linnet.phenomena.sloppiness import theory

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(12, 3)) * [1.0, 0.6, 0.3]
TARGETS = RNG.normal(size=(12, 2))


def descent(rate=0.1, inputs=INPUTS, targets=TARGETS, batch_size=2, **more):
    return theory.noisy_descent(inputs, targets, rate, batch_size=batch_size, **more)


def test_residuals_are_what_the_inputs_cannot_explain():
    found = descent()
    assert np.abs(INPUTS.T @ found.residuals).max() < 1e-13
    kept = found.coordinates @ found.minimizer.T + found.residuals
    np.testing.assert_allclose(kept, TARGETS, atol=1e-13)
    moment = found.basis * found.variances @ found.basis.T
    np.testing.assert_allclose(moment, INPUTS.T @ INPUTS / 12, atol=1e-14)
    assert (found.samples, found.outputs) == (12, 2)


def test_directions_that_no_sample_sees_are_left_out():
    wide = np.c_[INPUTS, INPUTS @ RNG.normal(size=(3, 2))]
    assert descent(0.01, wide).variances.shape == (3,)
    assert np.abs(wide.T @ descent(0.01, wide).residuals).max() < 1e-12


@pytest.mark.parametrize("sampling", ["with_replacement", "without_replacement"])
def test_mean_squares_stay_finite_below_the_largest_stable_rate_and_not_above(sampling):
    edge = descent(sampling=sampling).largest_stable_rate()
    start = np.multiply.outer(np.eye(2), np.eye(3))
    still, late = np.zeros((2, 3)), theory.given_checkpoints([4000])
    kept = theory.noise_covariance(
        descent(0.99 * edge, targets=0 * TARGETS, sampling=sampling), start, still, late
    )
    assert np.abs(kept).max() < 1
    with pytest.raises(ValueError, match=f"must be below {edge:.6g}, where the mean"):
        descent(1.01 * edge, sampling=sampling)
    assert edge < 2 / descent().variances[0]


def test_all_samples_without_replacement_are_stable_as_descent_is():
    full = descent(batch_size=12)
    assert full.noise_factor == 0
    assert full.largest_stable_rate() == pytest.approx(2 / full.variances[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 0.0}, "`learning_rate` must be positive"),
        ({"inputs": INPUTS[0]}, r"`inputs` must be \(n, d\)"),
        ({"targets": TARGETS[:3]}, r"`targets` must be \(12, k\)"),
        ({"inputs": INPUTS * np.nan}, "`inputs` must be finite"),
        ({"targets": TARGETS + np.inf}, "`targets` must be finite"),
        ({"inputs": 0 * INPUTS}, "`inputs` must not vanish"),
        ({"batch_size": 13}, r"`batch_size` must be a whole number in \[1, 12\]"),
        ({"sampling": "epochs"}, "Simulate them"),
        ({"sampling": "all"}, "`sampling` must be one of"),
    ],
)
def test_bad_input_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        descent(**change)
