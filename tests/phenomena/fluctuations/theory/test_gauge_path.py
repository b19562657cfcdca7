import numpy as np
import pytest

from linnet.network import imbalance
from linnet.phenomena.fluctuations import theory


def data(n, d, k, noise, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    y = x @ rng.normal(size=(d, k)) / np.sqrt(d) + noise * rng.normal(size=(n, k))
    return x, y


def layers_of(product, h, ratio, seed=1):
    rng = np.random.default_rng(seed)
    left, middle, right = np.linalg.svd(product, full_matrices=False)
    turn = np.linalg.qr(rng.normal(size=(h, h)))[0][:, : len(middle)]
    root = np.sqrt(middle)
    return ratio * (turn * root) @ right, (left * root) @ turn.T / ratio


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(5)
    return rng.normal(size=(3, 5)), rng.normal(size=(2, 3))


def symmetric(seed):
    given = np.random.default_rng(seed).normal(size=(3, 3))
    return given + given.T


def test_the_layers_move_as_asked_and_their_product_does_not(wide):
    first, second = wide
    rate = symmetric(0)
    one, two = theory.gauge_velocity(wide, rate)
    assert second @ one + two @ first == pytest.approx(np.zeros((2, 5)), abs=1e-12)
    change = two.T @ second + second.T @ two - one @ first.T - first @ one.T
    assert change == pytest.approx(rate, abs=1e-12)


def test_the_motion_is_orthogonal_to_rotations_of_hidden_units(wide):
    first, second = wide
    one, two = theory.gauge_velocity(wide, symmetric(1))
    given = np.random.default_rng(2).normal(size=(3, 3))
    turn = given - given.T
    along = (one * (turn @ first)).sum() + (two * (second @ turn.T)).sum()
    assert along == pytest.approx(0, abs=1e-12)


def test_product_imbalance_and_rotations_fix_the_motion(wide):
    first, second = wide
    rate = symmetric(3)
    one, two = theory.gauge_velocity(wide, rate)
    turns = [np.eye(3)[[i]].T @ np.eye(3)[[j]] for i, j in ((0, 1), (0, 2), (1, 2))]
    rows = []
    for unit in np.eye(first.size + second.size):
        a, b = unit[: first.size].reshape(3, 5), unit[first.size :].reshape(2, 3)
        product = second @ a + b @ first
        change = b.T @ second + second.T @ b - a @ first.T - first @ a.T
        turned = [
            (a * ((turn - turn.T) @ first)).sum()
            + (b * (second @ (turn.T - turn))).sum()
            for turn in turns
        ]
        rows.append(np.concatenate([product.ravel(), change.ravel(), turned]))
    wanted = np.concatenate([np.zeros(10), rate.ravel(), np.zeros(3)])
    least = np.linalg.lstsq(np.array(rows).T, wanted, rcond=None)[0]
    found = np.concatenate([one.ravel(), two.ravel()])
    assert found == pytest.approx(least, abs=1e-9)


def test_hidden_units_that_no_layer_uses_stay_put():
    first, second = np.eye(3, 4), np.eye(2, 3)
    first[2], second[:, 2] = 0, 0
    one, two = theory.gauge_velocity((first, second), np.diag([1.0, -1.0, 0.0]))
    assert np.isfinite(one).all()
    assert not one[2].any()
    assert not two[:, 2].any()


def test_a_path_keeps_the_product_and_follows_the_drift():
    x, y = data(200, 4, 2, 0.3)
    minimum = theory.least_squares_minimum(x, y)
    start = layers_of(minimum.end_to_end, 3, 1.4)
    steps, rate, factor = np.array([0, 10, 4000]), 0.05, 0.2
    first, second = theory.gauge_path(minimum, start, steps, rate, factor)
    for one, two in zip(first, second, strict=True):
        assert two @ one == pytest.approx(minimum.end_to_end, abs=1e-6)
    met = theory.visited_noise(minimum, start, rate, factor)
    (drift,) = theory.imbalance_drift(start, met, rate, 1.0)
    moved = imbalance((first[1], second[1]))[0] - imbalance(start)[0]
    assert moved / 10 == pytest.approx(drift, abs=2e-2 * np.abs(drift).max())
    late = imbalance((first[2], second[2]))[0] - imbalance(start)[0]
    assert np.abs(late).max() > 0.1


def test_one_hidden_unit_takes_the_known_course():
    x, y = data(300, 3, 1, 0.5)
    minimum = theory.least_squares_minimum(x, y)
    start = layers_of(minimum.end_to_end, 1, 0.8)
    rate, factor = 1e-6, 0.1
    noise = minimum.full(theory.gradient_noise(minimum))
    axis = start[0][0] / np.linalg.norm(start[0])
    along = axis @ noise @ axis
    times = np.array([0.0, 2.0, 5.0, 12.0]) / (rate * factor)
    first, second = theory.gauge_path(minimum, start, times / rate, rate, factor)
    ratio = (first**2).sum((1, 2)) / (second**2).sum((1, 2))
    expected = theory.ratio_course(
        times,
        ratio[0],
        inputs=np.trace(noise) / along,
        outputs=1,
        variance=along,
        temperature=rate * factor / 2,
    )
    assert ratio == pytest.approx(expected, rel=1e-5)
    assert ratio[-1] > 1.3 * ratio[0]


def test_replicas_of_plain_sgd_go_there():
    n, rate, size, replicas, count = 60, 0.1, 4, 400, 1500
    x, y = data(n, 3, 1, 0.15, seed=2)
    minimum = theory.least_squares_minimum(x, y)
    start = layers_of(minimum.end_to_end, 2, 1.3)
    rng = np.random.default_rng(7)
    one = np.tile(start[0], (replicas, 1, 1))
    two = np.tile(start[1], (replicas, 1, 1))
    for _ in range(count):
        pick = rng.integers(n, size=(replicas, size))
        inner = x[pick] @ one.swapaxes(1, 2)
        error = inner @ two.swapaxes(1, 2) - y[pick]
        back = error.swapaxes(1, 2)
        pushed = two.swapaxes(1, 2) @ (back @ x[pick])
        one, two = one - rate * pushed / size, two - rate * (back @ inner) / size
    path = theory.gauge_path(minimum, start, np.array([0, count]), rate, 1 / size)
    moved = np.concatenate([(part[1] - part[0]).ravel() for part in path])
    seen = np.concatenate(
        [
            (one - start[0]).reshape(replicas, -1),
            (two - start[1]).reshape(replicas, -1),
        ],
        axis=1,
    )
    length = np.linalg.norm(moved)
    along = seen @ moved / length
    error = along.std(ddof=1) / np.sqrt(replicas)
    assert abs(along.mean() - length) / error < 4
    assert abs(along.mean() - 2 * length) / error > 10
    assert along.mean() / error > 10


@pytest.mark.parametrize("steps", [[], [-1, 2], [3, 3], [[1, 2]]])
def test_steps_must_rise(steps, wide):
    x, y = data(30, 5, 2, 0.1)
    minimum = theory.least_squares_minimum(x, y)
    with pytest.raises(ValueError, match="`steps` must rise"):
        theory.gauge_path(minimum, wide, np.array(steps), 0.1, 0.1)


def test_a_rate_of_another_shape_is_refused(wide):
    with pytest.raises(ValueError, match=r"`imbalance_rate` must be \(3, 3\)"):
        theory.gauge_velocity(wide, np.eye(2))
