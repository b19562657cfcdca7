import itertools

import numpy as np
import plain_epochs as plain
import pytest

from linnet.phenomena.fluctuations import theory


def problem(n, variances, key, k=1):
    """Inputs whose second moment is diagonal with these variances; noisy targets."""
    draws = np.random.default_rng(key)
    frame, _ = np.linalg.qr(draws.standard_normal((n, len(variances))))
    inputs = np.sqrt(n * np.asarray(variances)) * frame
    targets = draws.standard_normal((n, k)) + inputs[:, :k] ** 3
    return inputs, targets, theory.least_squares_minimum(inputs, targets)


def every_order(inputs, missed, rate, momentum=0.0, pull=0.0, shift=0.0):
    """Mean and mean square of the weights over phases: all orders of single samples.

    In the coordinates of the inputs, less the minimum; `pull` is weight decay and
    `shift` its gradient at the minimum.
    """
    n, d = inputs.shape
    steps = []
    for x, r in zip(inputs, missed, strict=True):
        hessian = np.outer(x, x) + pull * np.eye(d)
        kick = rate * (r * x - shift)
        speed = np.hstack(
            [-rate * hessian, momentum * np.eye(d), kick[:, None]]
        )  # of (w, v, 1)
        place = speed + np.eye(d, 2 * d + 1)
        steps.append(np.vstack([place, speed, np.eye(2 * d + 1)[-1:]]))
    orders = list(itertools.permutations(range(n)))
    size = (2 * d + 1) ** 2
    phases = np.zeros((n + 1, size, size))
    for order in orders:
        product = np.eye(2 * d + 1)
        for phase, sample in enumerate((None, *order)):
            product = product if sample is None else steps[sample] @ product
            phases[phase] += np.kron(product, product) / len(orders)
    whole = phases[-1]
    start = np.linalg.solve(np.eye(size - 1) - whole[:-1, :-1], whole[:-1, -1])
    moments = (phases[:-1] @ np.append(start, 1)).mean(axis=0)
    moments = moments.reshape(2 * d + 1, -1)
    return moments[:d, -1], np.diag(moments)[:d]


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("weight_decay", [0.0, 0.4])
def test_the_bias_is_the_mean_over_all_orders_up_to_the_square_of_the_rate(
    momentum, weight_decay
):
    inputs, targets, _ = problem(5, (1.0, 0.4), 2, k=2)
    minimum = theory.least_squares_minimum(inputs, targets, weight_decay=weight_decay)
    missed = targets - inputs @ minimum.end_to_end.T
    errors = []
    for rate in (0.008, 0.004):
        said = theory.reshuffling_bias(minimum, rate, 1, momentum)
        seen = np.array([
            every_order(
                inputs, missed[:, a], rate, momentum, weight_decay,
                weight_decay * minimum.end_to_end[a],
            )[0]
            for a in range(2)
        ])  # fmt: skip
        scale = np.linalg.norm(seen)
        errors.append(np.linalg.norm(said @ minimum.basis.T - seen) / scale)
        assert np.linalg.norm(2 * said @ minimum.basis.T - seen) > 0.8 * scale
    assert errors[0] < 0.1
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.15)


def test_a_slow_bias_is_a_third_moment():
    inputs, _, minimum = problem(60, (1.0, 0.3, 0.1), 4, k=2)
    rate, factor = 1e-6, theory.batch_noise("epochs", 60, 6)
    lengths = (inputs**2).sum(axis=1)
    third = (minimum.residuals * lengths[:, None]).T @ inputs / 60
    slow = rate * factor / 2 * third @ np.linalg.inv(inputs.T @ inputs / 60)
    said = theory.reshuffling_bias(minimum, rate, 6) @ minimum.basis.T
    np.testing.assert_allclose(said, slow, rtol=1e-4)


def test_the_variance_over_all_orders_is_approached_in_proportion_to_the_rate():
    inputs, _, minimum = problem(5, (1.0, 0.4), 2)
    errors = []
    for rate in (0.008, 0.004):
        mean, square = every_order(inputs, minimum.residuals[:, 0], rate)
        turned = np.abs(minimum.basis).argmax(axis=0)
        seen = (square - mean**2)[turned]
        said = theory.epoch_fluctuations(minimum, rate, 1).variance[0]
        errors.append(np.abs(said / seen - 1))
    assert (errors[0] < 0.1).all()
    np.testing.assert_allclose(errors[0] / errors[1], 2, rtol=0.2)


def test_a_stiff_mode_gives_a_flat_one_its_floor_and_a_flat_one_half_of_it():
    *_, minimum = problem(2000, (1.0, 1e-6), 5)
    given = theory.epoch_fluctuations(minimum, 0.1, 1)
    factor = theory.batch_noise("epochs", 2000, 1)
    whole = given.additive + given.floor
    naive = theory.variance_floor(minimum, whole, 0.1, factor)
    assert given.floor[0, 1] == pytest.approx(naive[0, 1], rel=0.02)
    squares = minimum.coordinates**2
    by_hand = 0.1 * factor * (squares[:, 0] * squares[:, 1]).mean() * whole[0, 0]
    assert naive[0, 1] == pytest.approx(by_hand / (2 * minimum.variances[1]))
    flat = theory.epoch_fluctuations(minimum, 1e-6, 1)
    naive = theory.variance_floor(minimum, flat.additive, 1e-6, factor)
    assert flat.floor[0, 1] == pytest.approx(naive[0, 1] / 2, rel=2e-3)


@pytest.fixture(scope="module")
def spread():
    """Second moments and means of replicas, with the predictions, in two regimes."""
    answers = []
    for n, size, rate, length in ((256, 8, 0.1, 500), (32, 1, 0.3, 100)):
        inputs, targets, minimum = problem(n, (1.0, 0.1, 0.01), 3)
        targets = targets - inputs[:, :1] ** 3
        minimum = theory.least_squares_minimum(inputs, targets)
        start = np.tile(minimum.end_to_end, (150, 1, 1))
        burn, draws = int(5 * size / (rate * 0.01 * n)), np.random.default_rng(0)
        run = plain.epochs(inputs, targets, size, rate, 0, burn + length, start, draws)
        off = [(w - minimum.end_to_end)[:, :, 0] @ minimum.basis for w in run][burn:]
        mean = np.mean([w.mean(axis=1) for w in off], axis=0)
        square = np.mean([(w**2).mean(axis=1) for w in off], axis=0)
        answers.append((minimum, rate, size, mean, square))
    return answers


@pytest.mark.statistical
def test_the_bias_of_stiff_modes_is_what_they_remember_of_an_epoch(spread):
    minimum, rate, size, mean, _ = spread[0]
    error = mean.std(axis=0) / np.sqrt(len(mean))
    said = theory.reshuffling_bias(minimum, rate, size)[0]
    assert (np.abs(mean.mean(axis=0) - said) < 4 * error).all()
    off = np.abs(mean.mean(axis=0) - 2 * said) / error
    assert off.max() > 10
    slow = theory.reshuffling_bias(minimum, 1e-9, size)[0] * rate / 1e-9
    assert np.abs(mean.mean(axis=0) - slow)[0] > 10 * error[0]  # half an epoch's kicks


@pytest.mark.statistical
@pytest.mark.parametrize(("regime", "close"), [(0, 0.06), (1, 0.25)])
def test_floor_and_bias_explain_most_of_what_additive_noise_misses(
    spread, regime, close
):
    minimum, rate, size, _, square = spread[regime]
    seen = square.mean(axis=0)
    error = square.std(axis=0) / np.sqrt(len(square))
    said = theory.epoch_fluctuations(minimum, rate, size)
    assert np.abs(said.second_moment[0] / seen - 1).max() < close
    missed = seen[-1] - said.additive[0, -1]
    assert missed > 10 * error[-1]
    assert abs(said.second_moment[0, -1] - seen[-1]) < 0.3 * missed


def test_bad_input_is_refused():
    *_, minimum = problem(12, (1.0, 0.4), 2)
    with pytest.raises(ValueError, match="must divide the 12 samples"):
        theory.reshuffling_bias(minimum, 0.1, 5)
    with pytest.raises(ValueError, match="one batch an epoch has no noise"):
        theory.epoch_fluctuations(minimum, 0.1, 12)
    with pytest.raises(ValueError, match="SGD diverges"):
        theory.epoch_fluctuations(minimum, 2.1, 4)
    with pytest.raises(ValueError, match="grow without bound"):
        theory.epoch_fluctuations(minimum, 1.9, 1)
    with pytest.raises(ValueError, match=r"`variances` must be \(k, r\) = \(1, 2\)"):
        theory.variance_floor(minimum, np.ones((2, 2)), 0.1, 0.1)
