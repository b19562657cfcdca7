import jax
import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import SGD, GradientDescent, Langevin, OrnsteinUhlenbeck, simulate
from linnet.task import Moments

N, RATE, BATCH = 12, 0.1, 3
INPUTS, TARGETS = plain.samples(0)
MOMENTS = Moments.of_data(INPUTS, TARGETS)
SIZES = {1: (4, 2), 2: (4, 3, 2), 3: (4, 3, 3, 2)}
depths = pytest.mark.parametrize("depth", SIZES)


def flat(layers):
    lead = layers[0].shape[:-2]
    return np.concatenate([layer.reshape(*lead, -1) for layer in layers], axis=-1)


def twin(**options):
    options = {"learning_rate": RATE, "noise_factor": 1 / BATCH, **options}
    return Langevin(INPUTS, TARGETS, **options)


def sample_gradients(weights):
    return np.stack(
        [
            flat(plain.batch_gradients(weights, x[None], y[None]))
            for x, y in zip(INPUTS, TARGETS, strict=True)
        ]
    )


def step_with(dynamics, weights, key=0):
    """One step, and the normal numbers that it draws."""
    with jax.enable_x64(True):
        key = jax.random.key(key)
        normal = np.array(dynamics.draw(key, 0)[5], float)
        layers = tuple(map(jax.numpy.asarray, weights))
        layers, _ = dynamics.step(layers, None, key, 5)
        return tuple(np.array(layer) for layer in layers), normal


@depths
def test_a_step_is_gradient_and_noise_of_single_samples(depth):
    weights = plain.layers(SIZES[depth], seed=1)
    dynamics = twin(time_step=0.02)
    moved, normal = step_with(dynamics, weights)
    slopes = sample_gradients(weights)
    noise = normal @ (slopes - slopes.mean(0)) / np.sqrt(N)
    expected = -0.02 * slopes.mean(0) + np.sqrt(RATE / BATCH * 0.02) * noise
    change = flat(moved) - flat(weights)
    np.testing.assert_allclose(change, expected, atol=1e-15)


def test_a_step_has_mean_and_covariance_of_one_of_sgd():
    weights = plain.layers(SIZES[2], seed=1)
    slopes = sample_gradients(weights)
    # All moves of SGD with batches of one: their mean and covariance, enumerated.
    mean, spread = -RATE * slopes.mean(0), RATE**2 * np.cov(slopes.T, bias=True)
    moved = steps_from(twin(noise_factor=1.0), weights, count=4000)
    moves = flat(moved) - flat(weights) - mean
    assert np.abs(moves.mean(0) / (moves.std(0) / np.sqrt(len(moves)))).max() < 4
    axes = np.linalg.eigh(spread)[1][:, -3:]
    seen, variances = (moves @ axes) ** 2, np.diag(axes.T @ spread @ axes)
    stderr = seen.std(0, ddof=1) / np.sqrt(len(seen))
    assert (np.abs(seen.mean(0) - variances) / stderr).max() < 4
    assert (np.abs(seen.mean(0) - 2 * variances) / stderr).min() > 10


def test_without_noise_it_is_descent():
    weights = plain.layers(SIZES[2], seed=1)
    expected = simulate(GradientDescent(MOMENTS, RATE), weights, steps=[0, 40])
    run = simulate(twin(noise_factor=0.0), weights, steps=[0, 40])
    np.testing.assert_allclose(run["end_to_end"], expected["end_to_end"], atol=1e-13)


def test_without_noise_and_with_short_steps_it_is_flow_to_the_order_of_its_scheme():
    weights = plain.layers(SIZES[2], seed=1)
    exact = flat(plain.flow(weights, MOMENTS, [0.0, 1.0])[-1])
    for scheme, order in (("ito", 1), ("stratonovich", 2)):
        errors = []
        for steps in (40, 80):
            dynamics = twin(noise_factor=0.0, scheme=scheme, time_step=1 / steps)
            run = simulate(dynamics, weights, steps=[steps])
            np.testing.assert_allclose(run.times, [1.0])
            errors.append(np.linalg.norm(flat(run.weights) - exact))
        assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.1)


def lean(weights):
    """Trace of the imbalance, of every replica."""
    first, second = weights
    return (second**2).sum((-2, -1)) - (first**2).sum((-2, -1))


def minimum():
    """Layers at the least-squares minimum, far from balanced."""
    least = MOMENTS.minimizer().end_to_end
    rng = np.random.default_rng(4)
    first = 2 * np.linalg.qr(rng.standard_normal((4, 4)))[0]
    return first, least @ np.linalg.inv(first)


def steps_from(dynamics, weights, count):
    """As many single steps away from one point, each with noise of its own."""
    with jax.enable_x64(True):
        layers = tuple(map(jax.numpy.asarray, weights))
        keys = jax.random.split(jax.random.key(2), count // dynamics.block_length)
        drawn = jax.vmap(dynamics.draw, (0, None))(keys, 0)
        rows = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), drawn)
        memory = dynamics.init(layers)
        move = jax.jit(jax.vmap(lambda row: dynamics.move(layers, memory, row)[0]))
        return tuple(np.array(layer) for layer in move(rows))


SLOW = 0.01  # learning rate at which terms of the next order are small


def predicted_drift(weights):
    """Mean change of the lean in a step of SGD at the minimum, by enumeration."""
    first, second = weights
    residual = TARGETS - INPUTS @ (second @ first).T
    slopes = -np.einsum("na,ni->nai", residual, INPUTS)
    inner = np.einsum("nai,naj->ij", slopes, slopes) / N
    outer = np.einsum("nai,nbi->ab", slopes, slopes) / N
    pushed = first @ inner @ first.T - second.T @ outer @ second
    return SLOW**2 / BATCH * np.trace(pushed)


def drift_of(dynamics, weights, count=8000):
    change = lean(steps_from(dynamics, weights, count)) - lean(weights)
    return change.mean(), change.std(ddof=1) / np.sqrt(len(change))


def slow_twin(scheme, time_step=SLOW):
    return twin(learning_rate=SLOW, scheme=scheme, time_step=time_step)


def test_ito_and_sgd_move_the_imbalance_and_stratonovich_does_not():
    weights = minimum()
    expected = predicted_drift(weights)
    for dynamics in (SGD(INPUTS, TARGETS, SLOW, BATCH), slow_twin("ito")):
        drift, stderr = drift_of(dynamics, weights)
        assert abs(drift - expected) < 4 * stderr
        assert abs(drift - 2 * expected) > 10 * stderr
        assert abs(drift) > 10 * stderr
    drift, stderr = drift_of(slow_twin("stratonovich"), weights)
    assert abs(drift) < 0.1 * abs(expected)  # of the next order in the step
    assert abs(drift - expected) > 10 * stderr


def test_what_heun_does_to_the_imbalance_vanishes_faster_than_the_step():
    weights = minimum()
    long, short = (
        np.abs(
            [
                drift_of(slow_twin(scheme, step), weights)[0]
                for scheme in ("ito", "stratonovich")
            ]
        )
        for step in (SLOW, SLOW / 4)
    )
    ito, stratonovich = long / short
    assert ito == pytest.approx(4, rel=0.3)  # in proportion to time
    assert stratonovich > 10  # its square, so that nothing is left in the limit


def test_a_single_layer_with_short_steps_has_the_paths_of_the_linear_process():
    # At the minimum and for small noise: C is that of the minimum, to 1 in 1000.
    rate, noise_factor = 1e-3, 1e-2
    least = MOMENTS.minimizer().end_to_end
    slopes = sample_gradients((least,))
    drift = np.kron(np.eye(2), MOMENTS.xx)
    spread = rate * noise_factor / 2 * (slopes.T @ slopes / N)
    _, added = OrnsteinUhlenbeck(drift, spread).transition(1.0)
    steps, replicas = 200, 2000
    dynamics = twin(learning_rate=rate, noise_factor=noise_factor, time_step=1 / steps)
    run = simulate(dynamics, (least,), steps=[steps], replicas=replicas)
    moved = (run["end_to_end"][0] - least).reshape(replicas, -1)
    variance = np.diag(added)
    z = (np.mean(moved**2, axis=0) / variance - 1) * np.sqrt(replicas / 2)
    assert np.abs(z).max() < 4


def test_a_seed_fixes_every_bit_and_a_run_tells_what_it_was():
    weights = plain.layers(SIZES[2], seed=1)
    one, same, other = (
        simulate(twin(), weights, steps=[5], replicas=2, seed=s) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one["end_to_end"], same["end_to_end"])
    assert (one["end_to_end"] != other["end_to_end"]).all()
    assert (one["end_to_end"][:, 0] != one["end_to_end"][:, 1]).all()
    assert one.method == (
        "Langevin, ito, noise factor 0.3333, time step 0.1, learning rate 0.1"
    )


def test_samples_of_a_twin_count_as_memory():
    with pytest.raises(ValueError, match="would fit"):
        simulate(twin(), plain.layers(SIZES[2], seed=1), steps=[5], memory_limit=1e3)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"inputs": np.ones(3)}, r"`inputs` must be \(n, d\)"),
        ({"targets": np.ones((3, 2))}, r"`targets` must be \(12, k\)"),
        ({"targets": np.full((12, 2), np.nan)}, "`targets` must be finite"),
        ({"learning_rate": 0.0}, "`learning_rate` must be positive"),
        ({"noise_factor": -1.0}, "`noise_factor` must be at least 0"),
        ({"noise_factor": np.nan}, "`noise_factor` must be at least 0"),
        ({"time_step": 0.0}, "`time_step` must be positive"),
        ({"scheme": "milstein"}, "`scheme` must be one of ito, stratonovich"),
    ],
)
def test_a_twin_that_makes_no_sense_is_refused(options, complaint):
    given = {"inputs": INPUTS, "targets": TARGETS, "learning_rate": 0.1}
    with pytest.raises(ValueError, match=complaint):
        Langevin(**{**given, "noise_factor": 0.5, **options})
