import numpy as np
import pytest

from linnet.phenomena.fluctuations import theory


def data(n=12, d=3, k=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.normal(size=(n, k))


def test_it_is_where_the_gradient_vanishes():
    inputs, targets = data()
    for decay in (0.0, 0.3):
        minimum = theory.least_squares_minimum(inputs, targets, weight_decay=decay)
        gradient = -minimum.residuals.T @ inputs / 12 + decay * minimum.end_to_end
        assert np.abs(gradient).max() < 1e-14
        predicted = targets - inputs @ minimum.end_to_end.T
        assert np.abs(minimum.residuals - predicted).max() < 1e-14
        assert minimum.curvatures == pytest.approx(minimum.variances + decay)


def test_the_eigenbasis_makes_the_input_moment_diagonal():
    inputs, targets = data()
    minimum = theory.least_squares_minimum(inputs, targets)
    moment = minimum.coordinates.T @ minimum.coordinates / minimum.samples
    assert np.abs(moment - np.diag(minimum.variances)).max() < 1e-14
    assert np.abs(minimum.coordinates @ minimum.basis.T - inputs).max() < 1e-14
    assert (np.diff(minimum.variances) <= 0).all()
    loss = np.mean((minimum.residuals**2).sum(1)) / 2
    assert minimum.least_loss == pytest.approx(loss, rel=1e-14)


def test_full_blocks_belong_to_the_row_major_weights():
    inputs, targets = data()
    minimum = theory.least_squares_minimum(inputs, targets)
    hessian = np.einsum("ab,ij->abij", np.eye(2), np.diag(minimum.variances))
    expected = np.kron(np.eye(2), inputs.T @ inputs / 12)
    assert np.abs(minimum.full(hessian) - expected).max() < 1e-14


def test_rank_deficient_inputs_are_taken_on_their_row_space_when_asked():
    inputs, targets = data()
    wide = inputs @ np.array([[1.0, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1]])
    with pytest.raises(ValueError, match=r"full rank 4, but has rank 3.*reduced=True"):
        theory.least_squares_minimum(wide, targets)
    minimum = theory.least_squares_minimum(wide, targets, reduced=True)
    narrow = theory.least_squares_minimum(inputs, targets)
    assert minimum.basis.shape == (4, 3)
    assert np.abs(minimum.residuals - narrow.residuals).max() < 1e-13


@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("n", [3, 2])
def test_data_that_can_be_fitted_exactly_are_refused(n, reduced):
    with pytest.raises(ValueError, match=f"more samples than inputs.*are {n} samples"):
        theory.least_squares_minimum(*data(n=n), reduced=reduced)


@pytest.mark.parametrize("reduced", [False, True])
def test_with_decay_even_data_that_could_be_fitted_leave_residuals(reduced):
    inputs, targets = data(n=3)
    decayed = theory.least_squares_minimum(
        inputs, targets, reduced=reduced, weight_decay=0.3
    )
    ridge = np.linalg.solve(inputs.T @ inputs / 3 + 0.3 * np.eye(3), inputs.T @ targets)
    assert np.abs(decayed.end_to_end - ridge.T / 3).max() < 1e-14
    assert decayed.least_loss > 0.01
    # The exact second moment of SGD over all batches of one sample, written out.
    gaps = decayed.end_to_end @ inputs.T - targets.T
    rate, square, source = 0.2, np.zeros((36, 36)), np.zeros((6, 6))
    for x, gap in zip(inputs, gaps.T, strict=True):
        step = np.eye(6) - rate * np.kron(np.eye(2), np.outer(x, x) + 0.3 * np.eye(3))
        kick = rate * (np.outer(gap, x) + 0.3 * decayed.end_to_end).ravel()
        square += np.kron(step, step) / 3
        source += np.outer(kick, kick) / 3
    solved = np.linalg.solve(np.eye(36) - square, source.ravel()).reshape(6, 6)
    said = decayed.full(theory.exact_covariance(decayed, rate, 1.0))
    np.testing.assert_allclose(said, solved, rtol=1e-9, atol=1e-13)


def test_with_decay_fewer_samples_than_inputs_leave_their_row_space():
    inputs, targets = data(n=2)
    with pytest.raises(ValueError, match=r"full rank 3, but has rank 2.*reduced=True"):
        theory.least_squares_minimum(inputs, targets, weight_decay=0.3)
    minimum = theory.least_squares_minimum(
        inputs, targets, reduced=True, weight_decay=0.3
    )
    assert minimum.basis.shape == (3, 2)
    assert minimum.least_loss > 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x[0], y), r"`inputs` must be \(n, d\)"),
        (lambda x, y: (x, y[:-1]), r"`targets` must be \(12, k\)"),
        (lambda x, y: (x, y[:, :0]), r"`targets` must be \(12, k\)"),
        (lambda x, y: (x * np.nan, y), "`inputs` must be finite"),
        (lambda x, y: (x, y + np.inf), "`targets` must be finite"),
        (lambda x, y: (0 * x, y), "`inputs` must not vanish"),
    ],
)
def test_impossible_data_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        theory.least_squares_minimum(*change(*data()))


@pytest.mark.parametrize("decay", [-0.1, np.inf, np.nan])
def test_an_impossible_weight_decay_is_refused(decay):
    with pytest.raises(ValueError, match="`weight_decay` must be finite and >= 0"):
        theory.least_squares_minimum(*data(), weight_decay=decay)
