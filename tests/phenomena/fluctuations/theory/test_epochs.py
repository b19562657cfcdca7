import itertools

import numpy as np
import plain_epochs as plain
import pytest

from linnet.phenomena.fluctuations import theory


def test_the_noise_of_an_epoch_correlates_as_all_of_its_orders_do():
    samples = np.array([0.3, -1.2, 2.0, -1.1])
    orders = np.array(list(itertools.permutations(samples)))
    square = (samples**2).mean()
    inside = np.einsum("oi,oj->ij", orders, orders) / len(orders) / square
    blocks = np.kron(np.eye(3), inside)  # three epochs, drawn independently
    lags = np.arange(-5, 6)
    seen = [np.mean([blocks[p, p + lag] for p in range(4, 8)]) for lag in lags[1:-1]]
    said = theory.noise_autocorrelation(4, lags)
    np.testing.assert_allclose(said[1:-1], seen, atol=1e-15)
    assert said[0] == said[-1] == 0
    assert theory.noise_autocorrelation(4, 0) == 1
    assert theory.noise_autocorrelation(9, np.arange(-9, 10)).sum() == pytest.approx(0)


def written_out(h, noise, rate, factor, batches, momentum, length=300):
    """Variances by phase, from the response to every batch of the last epochs."""
    steps = length * batches
    response, v = np.empty(steps), 1.0
    w = v
    for age in range(steps):
        response[age] = w
        v = momentum * v - rate * h * w
        w += v
    one = np.eye(batches) * batches - 1.0
    inside = factor * noise / (batches - 1) * one
    variances = []
    for phase in range(batches):
        ages = response[: steps - batches + phase][::-1].copy()
        whole, rest = ages[: steps - batches], ages[steps - batches :]
        total = rest @ inside[:phase, :phase] @ rest
        whole = whole.reshape(-1, batches)
        total += np.einsum("ei,ij,ej->", whole, inside, whole)
        variances.append(rate**2 * total)
    return np.array(variances)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("batches", [2, 5, 12])
def test_a_mode_moves_as_the_response_to_every_batch_says(batches, momentum):
    modes = np.array([0.3, 1.7, 4.1])
    given = (0.3, 0.2, batches, momentum)
    by_phase = theory.epoch_variance_by_phase(modes, 0.8 * modes, *given)
    seen = [written_out(h, 0.8 * h, *given) for h in modes]
    np.testing.assert_allclose(by_phase, seen, rtol=1e-9)
    mean = theory.epoch_variance(modes, 0.8 * modes, *given)
    np.testing.assert_allclose(mean, np.mean(seen, axis=1), rtol=1e-9)


def test_without_momentum_phases_have_a_closed_form():
    h, c, rate, factor, batches = 1.3, 0.7, 0.2, 0.15, 9
    a, p = 1 - rate * h, np.arange(batches + 1)
    n = batches / (batches - 1) * (1 - a ** (2 * p)) / (1 - a**2)
    n -= ((1 - a**p) / (1 - a)) ** 2 / (batches - 1)
    phases = (a ** (2 * p) * n[-1] / (1 - a ** (2 * batches)) + n)[:-1]
    said = theory.epoch_variance_by_phase(h, c, rate, factor, batches)
    np.testing.assert_allclose(said, rate**2 * factor * c * phases, rtol=1e-12)
    said = theory.epoch_variance_by_phase(1.0, 1.0, 0.05, 0.1, 10)
    assert said.mean() > 7 * said[0]  # quiet at the start of an epoch


@pytest.mark.parametrize("momentum", [0.0, 0.6, 0.95])
def test_flat_and_stiff_modes_reach_their_limits(momentum):
    h = np.array([1e-3, 1e-5, 1e-7])
    flat = theory.flat_epoch_variance(h, 0.1, 0.2, 40, momentum)
    said = theory.epoch_variance(h, h, 0.1, 0.2, 40, momentum)
    off = np.abs(said / flat - 1)
    assert off[0] < 0.1
    np.testing.assert_allclose(off[:-1] / off[1:], 100, rtol=0.2)
    mean = theory.epoch_variance_by_phase(h, h, 0.1, 0.2, 40, momentum).mean(axis=-1)
    np.testing.assert_allclose(mean, said, rtol=1e-7)
    for batches, closer in ((2000, 0.02), (20_000, 0.002)):
        white = theory.mode_variance(1.0, 1.0, 0.1, 0.2, momentum)
        said = theory.epoch_variance(1.0, 1.0, 0.1, 0.2, batches, momentum)
        assert abs(said / white - 1) < closer
    if momentum == 0:
        np.testing.assert_allclose(flat, 0.01 * 0.2 * h * 41 / 6, rtol=1e-14)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_crossover_is_where_plateau_and_slope_meet(momentum):
    rate, batches = 1e-4, 5000
    edge = theory.crossover_curvature(rate, batches, momentum)
    if momentum == 0:
        assert edge == pytest.approx(3 / (rate * 5001), rel=1e-12)
    assert edge == pytest.approx(3 * (1 - momentum) / (rate * 5001), rel=0.1)
    flat = theory.flat_epoch_variance(edge, rate, 0.1, batches, momentum)
    plateau = rate * 0.1 / (2 * (1 - momentum))
    assert flat == pytest.approx(plateau, rel=1e-12)

    def slope(h):
        pair = h * np.array([0.99, 1.01])
        said = theory.epoch_variance(pair, pair, rate, 0.1, batches, momentum)
        return np.diff(np.log(said)) / np.diff(np.log(pair))

    assert slope(edge / 100) == pytest.approx(1, abs=0.03)
    assert 0.2 < slope(edge) < 0.8
    assert slope(30 * edge) == pytest.approx(0, abs=0.1)


@pytest.mark.statistical
@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_reshuffled_sgd_on_inputs_of_one_size_follows_the_law(momentum):
    draws = np.random.default_rng(1)
    inputs = np.sign(draws.standard_normal((24, 1)))  # every batch has one Hessian
    targets = draws.standard_normal((24, 1))
    minimum = theory.least_squares_minimum(inputs, targets)
    noise = float((minimum.residuals**2).mean())
    start = np.tile(minimum.end_to_end, (8000, 1, 1))
    run = plain.epochs(inputs, targets, 4, 0.1, momentum, 12, start, draws)
    *_, last = run
    squares = (last[:, :, 0, 0] - minimum.end_to_end[0, 0]) ** 2
    error = squares.std(axis=0) / np.sqrt(len(squares))
    factor = theory.batch_noise("epochs", 24, 4)
    given = (1.0, noise, 0.1, factor)
    said = theory.epoch_variance_by_phase(*given, 6, momentum)
    assert (np.abs(squares.mean(axis=0) - said) < 4 * error).all()
    white = theory.mode_variance(*given, momentum)
    for wrong in (2 * said, white):  # a factor; independent batches
        assert (np.abs(squares.mean(axis=0) - wrong) > 10 * error).all()


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="`batches` must be a whole number >= 2"):
        theory.epoch_variance(1.0, 1.0, 0.1, 0.1, 1)
    with pytest.raises(ValueError, match="one batch holds all samples"):
        theory.noise_autocorrelation(1, 0)
    with pytest.raises(ValueError, match="SGD diverges"):
        theory.epoch_variance_by_phase(1.0, 1.0, 2.0, 0.1, 5)
    with pytest.raises(ValueError, match="`gradient_variance` must be finite and >= 0"):
        theory.flat_epoch_variance(np.array([1.0, np.nan]), 0.1, 0.1, 5)
    with pytest.raises(ValueError, match="`momentum` must be in"):
        theory.crossover_curvature(0.1, 5, -0.1)
    with pytest.raises(ValueError, match="`learning_rate` must be positive"):
        theory.crossover_curvature(0.0, 5)
