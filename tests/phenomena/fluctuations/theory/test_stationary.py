import itertools

import numpy as np
import plain_sgd as plain
import pytest
from hypothesis import given, settings, strategies as st

from linnet.phenomena.fluctuations import theory

SAMPLINGS = ("with_replacement", "without_replacement")


def minimum_of(n, d, k=1, weight_decay=0.0, key=0, noise=1.0):
    given = plain.data(np.random.default_rng(key), n, d, k, noise)
    return *given, theory.least_squares_minimum(*given, weight_decay=weight_decay)


def second_moment_map(minimum, rate, factor):
    """What a step takes off all (kr)^2 second moments and adds, per unit of time."""
    k, r = minimum.outputs, len(minimum.variances)
    p, one = k * r, np.eye(k * r)
    h = np.kron(np.eye(k), np.diag(minimum.variances))
    drift = h + minimum.weight_decay * one
    each = [np.kron(np.eye(k), np.outer(x, x)) for x in minimum.coordinates]
    spread = np.mean([np.kron(a, a) for a in each], axis=0) - np.kron(h, h)
    noise = theory.gradient_noise(minimum).transpose(0, 2, 1, 3).reshape(p, p)
    loss = np.kron(drift, one) + np.kron(one, drift) - rate * np.kron(drift, drift)
    return loss - rate * factor * spread, rate * factor * noise.ravel()


def radius(minimum, rate, factor):
    """Spectral radius of the map of one step."""
    loss, _ = second_moment_map(minimum, rate, factor)
    return np.abs(np.linalg.eigvals(np.eye(len(loss)) - rate * loss)).max()


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.4])
def test_one_step_over_all_batches_leaves_the_exact_covariance(sampling, weight_decay):
    inputs, targets, minimum = minimum_of(6, 2, 2, weight_decay)
    rate, size = 0.1, 2
    factor = theory.batch_noise(sampling, 6, size)
    said = minimum.full(theory.exact_covariance(minimum, rate, factor))
    # Points with this covariance and no mean, each taken through every batch.
    root = np.linalg.cholesky(said) * 2
    points = minimum.end_to_end.ravel() + np.vstack([root.T, -root.T])
    ends = []
    for batch in plain.batches(sampling, 6, size):
        x, y = inputs[list(batch)], targets[list(batch)]
        weights = points.reshape(-1, 2, 2)
        step = plain.gradient(x, y, weights) + weight_decay * weights
        ends.append(weights - rate * step - minimum.end_to_end)
    flat = np.reshape(ends, (-1, 4))
    np.testing.assert_allclose(flat.mean(0), 0, atol=1e-13)
    np.testing.assert_allclose(flat.T @ flat / len(flat), said, rtol=1e-11)


@pytest.mark.parametrize(
    ("n", "d", "k", "decay"), [(40, 8, 1, 0.0), (30, 3, 2, 0.3), (20, 2, 3, 0.0)]
)
def test_the_exact_covariance_is_that_of_the_dense_solution(n, d, k, decay):
    _, _, minimum = minimum_of(n, d, k, decay)
    edge = theory.largest_stable_rate(minimum, 1 / 4)
    for share in (0.1, 0.6, 0.99):
        found = theory.exact_covariance(minimum, share * edge, 1 / 4)
        dense = np.linalg.solve(*second_moment_map(minimum, share * edge, 1 / 4))
        flat = found.transpose(0, 2, 1, 3).ravel()
        limit = 1e-12 if share < 0.9 else 1e-10
        assert np.linalg.norm(flat - dense) < limit * np.linalg.norm(dense)


@pytest.mark.parametrize("decay", [0.0, 0.4])
@pytest.mark.parametrize("factor", [0.0, 1 / 8, 1.0])
@pytest.mark.parametrize(("d", "k"), [(1, 1), (2, 2), (5, 1)])
def test_at_the_largest_stable_rate_the_second_moment_map_has_radius_one(
    d, k, factor, decay
):
    _, _, minimum = minimum_of(12, d, k, decay)
    edge = theory.largest_stable_rate(minimum, factor)
    assert radius(minimum, edge, factor) == pytest.approx(1, abs=1e-9)
    assert radius(minimum, 0.98 * edge, factor) < 1
    assert radius(minimum, 1.02 * edge, factor) > 1


@pytest.mark.parametrize("factor", [0.0, 0.1, 1.0])
def test_the_critical_matrix_stays_as_it_is_at_the_largest_stable_rate(factor):
    _, _, minimum = minimum_of(20, 4, weight_decay=0.1)
    edge, matrix = theory.critical_covariance(minimum, factor)
    loss, _ = second_moment_map(minimum, edge, factor)
    assert np.abs(loss @ matrix.ravel()).max() < 1e-5
    assert np.trace(matrix) == pytest.approx(1)
    assert np.linalg.eigvalsh(matrix)[0] > -1e-6


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("sampling", "decay"), [*itertools.product(SAMPLINGS, (0.0,)), (SAMPLINGS[0], 0.3)]
)
def test_sgd_has_the_exact_covariance_and_not_that_of_the_continuum(sampling, decay):
    inputs, targets, minimum = minimum_of(16, 3, 1, decay, key=5)
    rng, replicas, size = np.random.default_rng(6), 3000, 2
    factor = theory.batch_noise(sampling, 16, size)
    rate = 0.35 * theory.largest_stable_rate(minimum, factor)
    start = np.broadcast_to(minimum.end_to_end, (replicas, 1, 3))
    burn = int(8 * theory.relaxation_steps(minimum, rate))
    total, shifted = np.zeros((2, replicas, 3, 3))
    old, count = start[:, 0], 0
    for step, weights in enumerate(
        plain.ensemble(
            inputs, targets, start, rate, size, sampling, burn + 300, rng, decay
        )
    ):
        new = (weights - minimum.end_to_end)[:, 0] @ minimum.basis
        if step >= burn:
            total += new[:, :, None] * new[:, None]
            lagged = new[:, :, None] * old[:, None]
            shifted += lagged - lagged.swapaxes(1, 2)
            count += 1
        old = new
    exact = theory.exact_covariance(minimum, rate, factor)
    z = scores(total / count, exact[0, 0])
    assert np.abs(z).max() < 4
    assert np.abs(scores(total / count, 2 * exact[0, 0])).max() > 10
    for wrong in (theory.continuum_covariance, theory.additive_covariance):
        other = wrong(minimum, rate, factor)[0, 0]
        assert np.abs(scores(total / count, other)).max() > 10
    lag = theory.antisymmetric_lag(minimum, exact, rate)[0, 0]
    pairs = np.triu_indices(3, 1)
    seen = (shifted / count)[:, pairs[0], pairs[1]]
    assert np.abs(scores(seen, lag[pairs])).max() < 4
    assert np.abs(scores(seen, 2 * lag[pairs])).max() > 10


def scores(seen: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Of the mean over replicas, which are independent."""
    return (seen.mean(0) - said) / (seen.std(0, ddof=1) / np.sqrt(len(seen)))


def test_the_levels_agree_to_first_order_in_the_learning_rate():
    _, _, minimum = minimum_of(50, 6)
    edge = theory.largest_stable_rate(minimum, 0.1)
    gaps = []
    for rate in (0.01 * edge, 0.005 * edge):
        levels = [
            level(minimum, rate, 0.1)
            for level in (
                theory.continuum_covariance,
                theory.additive_covariance,
                theory.exact_covariance,
            )
        ]
        gaps.append([np.linalg.norm(one - levels[2]) / rate for one in levels[:2]])
    np.testing.assert_allclose(np.divide(*gaps), 2, rtol=0.05)


def test_the_continuum_misses_what_the_small_parameter_says():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(2000, 500))
    minimum = theory.least_squares_minimum(inputs, rng.normal(size=(2000, 1)))
    for rate, known in ((0.002, 1.054), (0.008, 1.258), (0.016, 1.70)):
        exact = theory.exact_covariance(minimum, rate, 0.1, tolerance=1e-6)
        ratio = np.trace(exact[0, 0]) / np.trace(
            theory.continuum_covariance(minimum, rate, 0.1)[0, 0]
        )
        assert ratio == pytest.approx(known, rel=0.01)
        small = theory.small_parameter(minimum, rate, 0.1)
        assert ratio == pytest.approx(1 / (1 - small), rel=0.03)


@given(
    key=st.integers(0, 1000),
    d=st.integers(1, 5),
    k=st.integers(1, 3),
    share=st.floats(0.01, 0.9),
    factor=st.floats(0.01, 1),
)
@settings(max_examples=30)
def test_the_exact_covariance_is_positive_scales_with_the_noise_and_adds(
    key, d, k, share, factor
):
    inputs, _, minimum = minimum_of(25, d, k, key=key)
    rate = share * theory.largest_stable_rate(minimum, factor)
    found = theory.exact_covariance(minimum, rate, factor)
    assert np.linalg.eigvalsh(minimum.full(found))[0] > 0
    targets = 3 * minimum.residuals + inputs @ np.ones((d, k))
    louder = theory.least_squares_minimum(inputs, targets)
    np.testing.assert_allclose(
        louder.full(theory.exact_covariance(louder, rate, factor)),
        9 * minimum.full(found),
        rtol=1e-7,
        atol=1e-9 * np.abs(found).max(),
    )
    # The loss is the excess that the noise feeds: one balance without solving.
    small = theory.excess_loss(
        minimum, theory.continuum_covariance(minimum, rate, factor)
    )
    assert small == pytest.approx(
        theory.continuum_excess_loss(minimum, rate, factor), rel=1e-12
    )


def test_without_a_residual_nothing_fluctuates_and_without_noise_neither():
    inputs = np.random.default_rng(0).normal(size=(20, 3))
    still = theory.least_squares_minimum(inputs, np.zeros((20, 1)))
    assert not theory.exact_covariance(still, 0.01, 0.5).any()
    _, _, minimum = minimum_of(20, 3)
    assert not theory.exact_covariance(minimum, 0.01, 0.0).any()
    edge = theory.largest_stable_rate(still, 0.5)
    with pytest.raises(ValueError, match="unstable in the mean square"):
        theory.exact_covariance(still, 1.01 * edge, 0.5)


@pytest.mark.parametrize("excess", [1.0001, 1.3, 4.0, 100.0])
@pytest.mark.parametrize("factor", [0.1, 1.0])
def test_unstable_rates_are_refused_and_the_largest_stable_one_is_named(excess, factor):
    _, _, minimum = minimum_of(30, 6, 2)
    edge = theory.largest_stable_rate(minimum, factor)
    with pytest.raises(ValueError, match=f"below {edge:.6g}, the largest stable one"):
        theory.exact_covariance(minimum, excess * edge, factor)
    assert np.isfinite(theory.exact_covariance(minimum, edge / 1.0001, factor)).all()


def test_additive_noise_is_unstable_later_and_relaxation_is_that_of_the_flattest_mode():
    _, _, minimum = minimum_of(30, 4, weight_decay=0.1)
    edge = 2 / minimum.curvatures.max()
    with pytest.raises(ValueError, match=f"mean of SGD is unstable.*{edge:.6g}"):
        theory.additive_covariance(minimum, edge, 0.1)
    assert theory.largest_stable_rate(minimum, 0.1) < edge
    steps = theory.relaxation_steps(minimum, 1e-3)
    kept = (1 - 1e-3 * minimum.curvatures.min()) ** steps
    assert kept == pytest.approx(1 / np.e, rel=1e-3)


@pytest.mark.parametrize(
    ("given_rate", "factor", "message"),
    [
        (0.0, 0.1, "`learning_rate` must be positive"),
        (np.nan, 0.1, "`learning_rate` must be positive"),
        (0.1, 1.5, r"`noise_factor` must be in \[0, 1\], but is 1.5"),
        (0.1, -0.1, "`noise_factor` must be in"),
    ],
)
def test_bad_input_is_refused(given_rate, factor, message):
    _, _, minimum = minimum_of(10, 2)
    for level in (
        theory.continuum_covariance,
        theory.additive_covariance,
        theory.exact_covariance,
        theory.continuum_excess_loss,
        theory.small_parameter,
    ):
        with pytest.raises(ValueError, match=message):
            level(minimum, given_rate, factor)


def test_foreign_blocks_and_factors_are_refused():
    _, _, minimum = minimum_of(10, 2)
    with pytest.raises(ValueError, match=r"\(1, 1, 2, 2\), but has shape \(2, 2\)"):
        theory.excess_loss(minimum, np.eye(2))
    with pytest.raises(ValueError, match="`covariance` must be finite"):
        theory.excess_loss(minimum, np.full((1, 1, 2, 2), np.nan))
    with pytest.raises(ValueError, match="`noise_factor` must be in"):
        theory.largest_stable_rate(minimum, 2.0)
    with pytest.raises(ValueError, match="`tolerance` must be positive"):
        theory.exact_covariance(minimum, 0.1, 0.1, tolerance=0.0)
