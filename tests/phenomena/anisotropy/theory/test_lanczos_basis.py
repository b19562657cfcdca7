import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import haar_frame
from linnet.phenomena.anisotropy.theory import adapted_basis, spike_plane
from linnet.task import (
    Moments,
    Teacher,
    given_covariance,
    population_moments,
    power_law_covariance,
    spiked_covariance,
)

SEEDS = st.integers(0, 2**32 - 1)


def population(d, strengths, seed, noise=0.0):
    rng = np.random.default_rng(seed)
    frame = haar_frame(d, len(strengths), rng).T
    covariance = spiked_covariance(d, np.array(strengths), frame)
    return population_moments(covariance, Teacher(rng.standard_normal((1, d)), noise))


def data(n, d, seed):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, d))
    targets = inputs @ rng.standard_normal((d, 1)) + rng.standard_normal((n, 1))
    return Moments.of_data(inputs, targets)


@given(rho=st.floats(-0.9, 100), cosine=st.floats(-0.99, 0.99), seed=SEEDS)
def test_with_one_spike_it_is_the_plane(rho, cosine, seed):
    if min(abs(rho), abs(cosine)) < 1e-3:
        return
    plane = spike_plane(rho, cosine, 1.7)
    spike, aside = haar_frame(6, 2, np.random.default_rng(seed)).T
    beta = 1.7 * (cosine * spike + np.sqrt(1 - cosine**2) * aside)
    moments = population_moments(spiked_covariance(6, rho, spike), Teacher(beta[None]))
    basis = adapted_basis(moments)
    assert basis.dimensions == 2
    np.testing.assert_allclose(basis.drive, plane.drive, rtol=1e-12)
    np.testing.assert_allclose(basis.moment, plane.moment, atol=1e-9 * (1 + abs(rho)))
    np.testing.assert_allclose(basis.target, plane.teacher, atol=1e-9)
    axes = plane.axes @ np.array([spike, aside])
    np.testing.assert_allclose(basis.vectors.T, axes, atol=1e-9)
    np.testing.assert_allclose(basis.losses[0], plane.signal_power / 2, rtol=1e-12)
    a, b = cosine**2, 1 - cosine**2
    ratio = rho**2 * (1 + rho) * a * b / ((1 + rho) ** 3 * a + b) / (1 + rho * a)
    np.testing.assert_allclose(basis.excess[1] / basis.losses[0], ratio, rtol=1e-7)
    np.testing.assert_allclose(
        basis.losses[1] - basis.excess[1], 0, atol=1e-13 + 1e-13 * abs(rho)
    )


@pytest.mark.parametrize(
    ("rho", "cosine"), [(0.0, 0.4), (5.0, 0.0), (5.0, 1.0), (-0.5, -1.0)]
)
def test_where_the_plane_is_a_line_there_is_one_direction(rho, cosine):
    beta = np.array([cosine, np.sqrt(1 - cosine**2), 0.0])
    basis = adapted_basis(
        population_moments(spiked_covariance(3, rho), Teacher(beta[None]))
    )
    assert basis.dimensions == 1
    np.testing.assert_allclose(basis.in_inputs(basis.target), beta, atol=1e-14)


def test_several_spikes_leave_one_direction_more_than_there_are_spikes():
    basis = adapted_basis(population(30, [20.0, 8.0, 3.0, -0.6], seed=0))
    assert basis.dimensions == 5
    equal = adapted_basis(population(30, [8.0, 8.0, 8.0], seed=1))
    assert equal.dimensions == 2  # of three equal spikes only one direction is seen


@pytest.mark.parametrize(
    "moments",
    [population(30, [20.0, 8.0, -0.6], 2, 0.5), data(40, 12, 3), data(7, 20, 4)],
)
def test_plateaus_are_the_iterates_of_conjugate_gradients(moments):
    basis = adapted_basis(moments)
    v = moments.yx[0]
    w, residual = np.zeros_like(v), v
    direction = residual
    assert basis.losses[0] == pytest.approx(moments.loss(np.zeros_like(moments.yx)))
    for k in range(basis.dimensions):
        image = moments.xx @ direction
        rate = residual @ residual / (direction @ image)
        w, before = w + rate * direction, residual
        residual = residual - rate * image
        direction = residual + direction * (residual @ residual) / (before @ before)
        np.testing.assert_allclose(
            basis.in_inputs(basis.plateaus[k]), w, atol=1e-8 * np.abs(w).max()
        )
        np.testing.assert_allclose(
            basis.losses[k + 1], moments.loss(w[None]), rtol=1e-9, atol=1e-13
        )


def test_a_plateau_minimizes_the_loss_on_its_directions():
    moments = data(25, 10, 5)
    basis = adapted_basis(moments)
    for k in range(1, basis.dimensions + 1):
        span = basis.vectors[:, :k]
        within = np.linalg.solve(span.T @ moments.xx @ span, span.T @ moments.yx[0])
        np.testing.assert_allclose(basis.plateaus[k - 1, :k], within, rtol=1e-9)
        assert not basis.plateaus[k - 1, k:].any()
    assert (np.diff(basis.plateaus, axis=0) > -1e-15).all()
    assert (np.diff(basis.losses) < 0).all()


@pytest.mark.parametrize(("n", "d"), [(5, 20), (60, 20), (200, 300)])
def test_a_data_set_has_as_many_directions_as_its_rank(n, d):
    # With n=200, d=300 rounding left in the null space would grow into a direction of
    # its own after some 190 vectors.
    moments = data(n, d, 6)
    basis = adapted_basis(moments)
    assert basis.dimensions == min(n, d)
    best = moments.minimizer().end_to_end[0]
    np.testing.assert_allclose(basis.in_inputs(basis.target), best, atol=1e-10)
    np.testing.assert_allclose(basis.coordinates(best), basis.target, atol=1e-10)
    np.testing.assert_allclose(
        basis.vectors.T @ basis.vectors, np.eye(basis.dimensions), atol=1e-12
    )
    np.testing.assert_allclose(
        basis.vectors.T @ moments.xx @ basis.vectors, basis.moment, atol=1e-11
    )
    np.testing.assert_allclose(
        basis.losses[-1], max(moments.minimal_loss(), 0), atol=1e-12
    )
    np.testing.assert_allclose(
        basis.drive_vector, basis.vectors.T @ moments.yx[0], atol=1e-12
    )


def test_the_excess_of_late_plateaus_does_not_cancel():
    moments = population_moments(
        power_law_covariance(50, 3.0), Teacher(np.ones((1, 50)))
    )
    basis = adapted_basis(moments)
    assert basis.excess[-1] == 0
    assert (np.diff(basis.excess) < 0).all()
    assert 0 < basis.excess[-2] < 1e-20


def test_the_number_of_directions_can_be_limited():
    moments = population(30, [20.0, 8.0, 3.0], 7)
    some, whole = adapted_basis(moments, most=2), adapted_basis(moments)
    assert some.dimensions == 2
    np.testing.assert_allclose(some.plateaus, whole.plateaus[:2, :2], rtol=1e-12)
    np.testing.assert_allclose(some.losses, whole.losses[:3], rtol=1e-12)


SINGULAR = given_covariance(np.diag([1.0, 2.0, 0.0])).matrix()


@pytest.mark.parametrize(
    ("moments", "message"),
    [
        (
            Moments(np.eye(2), np.eye(2), np.eye(2)),
            "must have one output, but has 2: ask for one",
        ),
        (
            Moments(np.eye(2), np.zeros((1, 2)), np.eye(1)),
            "`yx` other than zero, .*nothing is learned",
        ),
        (
            Moments(np.eye(2), np.ones((1, 2)), np.eye(1)),
            "`yx` explains 2 of the targets' second moment, which is 1",
        ),
        (
            Moments(SINGULAR, np.ones((1, 3)), 9 * np.eye(1)),
            "outside of the range of `xx` by 1",
        ),
    ],
)
def test_moments_of_no_data_or_of_several_outputs_are_refused(moments, message):
    with pytest.raises(ValueError, match=message):
        adapted_basis(moments)


def test_a_matrix_is_no_moments():
    with pytest.raises(TypeError, match="`moments` must be of type Moments, but is of"):
        adapted_basis(np.eye(3))
