"""Clouds of SGD against plain simulation, and without noise against descent."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from linnet.phenomena.sloppiness import theory

RNG = np.random.default_rng(1)
INPUTS = RNG.normal(size=(20, 5)) * 2.0 ** -np.arange(5)
LABELS = RNG.normal(size=(20, 1))
NONE = np.zeros((20, 1))
STEPS = theory.uniform_checkpoints(40)


def descent(batch_size, labels=LABELS, **more):
    return theory.noisy_descent(INPUTS, labels, 0.3, batch_size=batch_size, **more)


def test_all_samples_without_replacement_are_gradient_descent():
    cloud = theory.noisy_random_target(descent(20), 0.5, 2.0, STEPS)
    h = cloud.descent.variances
    plain = theory.random_target_spectrum(
        h, 20, 0.5, 2.0, theory.GradientDescent(0.3), STEPS
    )
    np.testing.assert_array_equal(cloud.noise, 0)
    np.testing.assert_allclose(cloud.along_modes()[0], plain, rtol=1e-14)


def test_as_many_samples_with_replacement_are_not():
    process = descent(20, sampling="with_replacement")
    cloud = theory.noisy_fixed_target(process, 0.0, theory.given_checkpoints([1]))
    gradients = LABELS * process.coordinates  # of single samples, at zero weights
    kick = np.cov(gradients.T, bias=True) * 0.3**2 / 20
    np.testing.assert_allclose(cloud.noise[0, 0], kick, atol=1e-15)


def simulated(sampling, batch_size, replicas, seed):
    """Each trajectory's time average of the squared coordinates, plain SGD from 0."""
    rng = np.random.default_rng(seed)
    h, axes = np.linalg.eigh(INPUTS.T @ INPUTS / 20)
    x, order = INPUTS @ axes[:, ::-1], np.sqrt(20 * h[::-1])
    w, seen = np.zeros((2, replicas, 5))
    for _ in range(40):
        seen += (order * w) ** 2 / 40
        if sampling == "with_replacement":
            pick = rng.integers(0, 20, size=(replicas, batch_size))
        else:
            pick = rng.random((replicas, 20)).argpartition(batch_size)[:, :batch_size]
        miss = np.einsum("rbi,ri->rb", x[pick], w) - LABELS[pick, 0]
        w = w - 0.3 * np.einsum("rb,rbi->ri", miss, x[pick]) / batch_size
    return seen


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("sampling", "other"),
    [
        ("with_replacement", "without_replacement"),
        ("without_replacement", "with_replacement"),
    ],
)
def test_simulated_clouds_are_as_predicted_and_not_as_those_of_the_other_sampling(
    sampling, other
):
    size = 12
    seen = simulated(sampling, size, replicas=10_000, seed=0)
    error = seen.std(0, ddof=1) / np.sqrt(len(seen))

    def z(kind):
        cloud = theory.noisy_fixed_target(descent(size, sampling=kind), 0.0, STEPS)
        return np.abs(seen.mean(0) - cloud.along_modes()[0]) / error

    assert z(sampling).max() < 4
    assert z(other).max() > 10


def test_outputs_share_batches_and_residuals_couple_them():
    both = RNG.normal(size=(20, 2))
    cloud = theory.noisy_random_target(descent(2, both), 0.5, 2.0, STEPS)
    for output in (0, 1):
        single = theory.noisy_random_target(
            descent(2, both[:, [output]]), 0.5, 2.0, STEPS
        )
        np.testing.assert_allclose(
            cloud.noise[output, output], single.noise[0, 0], rtol=1e-9, atol=1e-13
        )
    assert np.abs(cloud.noise[0, 1]).max() > 1e-4
    np.testing.assert_allclose(cloud.noise[0, 1], cloud.noise[1, 0].T)


def test_the_mean_over_targets_of_fixed_clouds_is_the_random_one():
    # Moments are quadratic in the target: its mean square over the axes is exact.
    random = theory.noisy_random_target(descent(3, NONE), 0.5, 2.0, STEPS)
    total = 0
    for axis in np.linalg.svd(INPUTS)[2]:
        fixed = theory.noisy_fixed_target(
            descent(3, 2.0 * INPUTS @ axis[:, None]), 0.5, STEPS
        )
        # Five targets, each of which is seen with the start of one alone.
        rest = theory.noisy_fixed_target(descent(3, NONE), 0.5, STEPS)
        total = total + fixed.second_moment() - rest.second_moment()
    total = total + rest.second_moment()
    np.testing.assert_allclose(total, random.second_moment(), atol=1e-10)


def test_noise_is_a_positive_matrix_that_adds_to_every_direction():
    cloud = theory.noisy_fixed_target(descent(1), 0.5, STEPS)
    assert np.linalg.eigvalsh(cloud._predicted(cloud.noise))[0] > 0
    assert (cloud.spectrum() > 0).all()
    assert cloud.noise_spectrum()[0] < cloud.spectrum()[0]


@settings(max_examples=20)
@given(scale=st.floats(1e-3, 1e3), size=st.integers(1, 20))
def test_the_cloud_scales_with_all_of_its_deviations(scale, size):
    plain = theory.noisy_random_target(descent(size), 0.5, 2.0, STEPS)
    grown = theory.noisy_random_target(
        descent(size, scale * LABELS), scale * 0.5, scale * 2.0, STEPS
    )
    np.testing.assert_allclose(
        grown.second_moment(),
        scale**2 * plain.second_moment(),
        rtol=1e-9,
        atol=1e-10 * scale**2 * plain.spectrum()[0],
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: theory.noisy_random_target(d, -1, 1, STEPS), "`init_deviation`"),
        (lambda d: theory.noisy_random_target(d, 1, np.nan, STEPS), "`target_dev"),
        (lambda d: theory.noisy_fixed_target(d, -1, STEPS), "`init_deviation`"),
        (
            lambda d: theory.noisy_fixed_target(
                d, 1, STEPS, mean_start=np.ones((2, 5))
            ),
            r"`mean_start` must be finite weights \(k, d\) = \(1, 5\)",
        ),
        (
            lambda d: theory.noisy_fixed_target(d, 1, STEPS).second_moment_at(NONE),
            r"`inputs` must be \(m, 5\)",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(descent(2))
