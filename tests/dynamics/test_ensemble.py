import math

import jax.numpy as jnp
import numpy as np
import pytest

from linnet.dynamics import (
    AbstractSampling,
    Epochs,
    HeavyBall,
    KernelEnsemble,
    LinearEnsemble,
    Nesterov,
    OnlineEnsemble,
    PlainUpdate,
    WithoutReplacement,
    WithReplacement,
    stream_ensemble,
    train_ensemble,
)
from linnet.dynamics.ensemble_loop import stretches
from linnet.numerics import Estimate

N, D, COUNT, RATE = 8, 5, 7, 0.3
RNG = np.random.default_rng(0)
INPUTS = RNG.standard_normal((N, D)) * np.geomspace(1.0, 0.2, D)
STARTS = RNG.standard_normal((COUNT, D))
TARGETS = RNG.standard_normal((COUNT, N))  # none of them a linear map of the inputs
AXES = np.linalg.qr(RNG.standard_normal((N, 3)))[0]
STEPS = [0, 1, 2, 63, 64, 65, 70, 130]


class InOrder(AbstractSampling):
    """One sample after the other, again and again: nothing random."""

    def block_length(self, n, batch_size):
        return math.lcm(n, batch_size) // batch_size

    def indices(self, key, n, batch_size):
        length = self.block_length(n, batch_size)
        return jnp.arange(length * batch_size).reshape(length, batch_size) % n


def rule(kind, momentum, decay):
    """One step of a method, in a line or two: weights, velocity, gradient, rate."""

    def step(w, v, gradient, rate):
        g = gradient + decay * w
        if kind == "heavy ball":
            v = momentum * v - rate * g
            return w + v, v
        if kind == "nesterov":
            v = momentum * v - rate * g
            return w + momentum * v - rate * g, v
        return w - rate * g, v

    return step


METHODS = {
    "plain": (PlainUpdate(), rule("plain", 0, 0)),
    "decay": (PlainUpdate(0.2), rule("plain", 0, 0.2)),
    "heavy ball": (HeavyBall(0.8, 0.1), rule("heavy ball", 0.8, 0.1)),
    "nesterov": (Nesterov(0.8), rule("nesterov", 0.8, 0)),
}


def plain_loop(step, gradient, start, target, rates, last):
    """The path of one trajectory."""
    w, v, path = start, np.zeros_like(start), [start]
    for at in range(last):
        w, v = step(w, v, gradient(w, target, at), rates[at])
        path.append(w)
    return np.array(path)


def all_samples(w, y, at):
    return INPUTS.T @ (INPUTS @ w - y) / N


def batches_of_three(w, y, at):
    pick = np.arange(3 * at, 3 * at + 3) % N
    return INPUTS[pick].T @ (INPUTS[pick] @ w - y[pick]) / 3


@pytest.mark.parametrize(
    ("method", "batch_size"), [*((name, None) for name in METHODS), ("heavy ball", 3)]
)
def test_every_trajectory_is_a_plain_loop_over_its_own_weights(method, batch_size):
    update, step = METHODS[method]
    process = LinearEnsemble(INPUTS, RATE, batch_size, InOrder(), update)
    run = train_ensemble(process, STARTS, TARGETS, STEPS, axes=AXES)
    gradient = all_samples if batch_size is None else batches_of_three
    for start, target, found in zip(STARTS, TARGETS, run.predictions, strict=True):
        path = plain_loop(step, gradient, start, target, [RATE] * 130, 130)
        expected = path[STEPS] @ INPUTS.T @ AXES
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert run.steps.tolist() == STEPS
    assert run.diverged == 0


@pytest.mark.parametrize("method", ["plain", "nesterov"])
def test_kernel_descent_is_a_plain_loop_over_predictions(method):
    update, step = METHODS[method]
    test = RNG.standard_normal((2, D))
    everything = np.concatenate([INPUTS, test])
    kernel = everything @ INPUTS.T
    starts = RNG.standard_normal((COUNT, N + 2))
    run = train_ensemble(KernelEnsemble(kernel, RATE, update), starts, TARGETS, STEPS)

    def gradient(f, y, at):
        return kernel @ (f[:N] - y) / N

    for start, target, found in zip(starts, TARGETS, run.predictions, strict=True):
        path = plain_loop(step, gradient, start, target, [RATE] * 130, 130)
        np.testing.assert_allclose(found, path[STEPS], rtol=0, atol=1e-12)


def test_the_kernel_of_linear_features_trains_as_the_linear_network_does():
    test = RNG.standard_normal((2, D))
    everything = np.concatenate([INPUTS, test])
    linear = LinearEnsemble(INPUTS, RATE, evaluate_on=everything)
    kernel = KernelEnsemble(everything @ INPUTS.T, RATE)
    runs = [
        train_ensemble(process, starts, TARGETS, STEPS).predictions
        for process, starts in ((linear, STARTS), (kernel, STARTS @ everything.T))
    ]
    np.testing.assert_allclose(*runs, rtol=0, atol=1e-12)


def test_every_step_takes_the_learning_rate_that_was_given_for_it():
    rates = np.linspace(0.1, 0.5, 130)
    run = train_ensemble(LinearEnsemble(INPUTS, rates), STARTS, TARGETS, STEPS)
    path = plain_loop(
        rule("plain", 0, 0), all_samples, STARTS[2], TARGETS[2], rates, 130
    )
    expected = path[STEPS] @ INPUTS.T
    np.testing.assert_allclose(run.predictions[2], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "process",
    [
        LinearEnsemble(INPUTS, RATE),
        LinearEnsemble(INPUTS, RATE, 2, WithReplacement()),
        OnlineEnsemble(np.geomspace(0.5, 0.1, N), 0.1),
    ],
)
def test_trajectories_do_not_depend_on_chunks_parts_or_checkpoints(process):
    starts = STARTS if process.start_shape == (D,) else TARGETS[::-1]
    given = {"steps": [0, 5, 40], "seed": 3, "chunk": 3}
    chunks = list(stream_ensemble(process, starts, TARGETS, **given))
    assert [part.first for part in chunks] == [0, 3, 6]
    together = np.concatenate([part.predictions for part in chunks])
    part = train_ensemble(process, starts[3:6], TARGETS[3:6], first=3, **given)
    np.testing.assert_array_equal(part.predictions, together[3:6])
    end = train_ensemble(process, starts, TARGETS, [40], seed=3).predictions
    np.testing.assert_allclose(end, together[:, 2:], rtol=0, atol=1e-13)
    other = train_ensemble(process, starts, TARGETS, [40], seed=4).predictions
    is_noisy = getattr(process, "batch_size", None) is not None
    assert is_noisy == (np.abs(other - end).max() > 0.01)


def test_batches_of_all_samples_in_epochs_are_full_batch_descent():
    runs = [
        train_ensemble(process, STARTS, TARGETS, STEPS).predictions
        for process in (
            LinearEnsemble(INPUTS, RATE),
            LinearEnsemble(INPUTS, RATE, N, Epochs()),
        )
    ]
    np.testing.assert_allclose(*runs, rtol=0, atol=1e-12)


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("sampling", "share", "wrong"),
    [
        (WithReplacement(), 1 / 2, (N - 2) / (2 * (N - 1))),
        (WithoutReplacement(), (N - 2) / (2 * (N - 1)), 1 / 2),
    ],
)
def test_one_step_scatters_as_batches_of_its_sampling_do(sampling, share, wrong):
    process = LinearEnsemble(INPUTS, RATE, 2, sampling)
    run = train_ensemble(
        process, STARTS[0], TARGETS[0], [1], trajectories=40_000, seed=1
    )
    residual = INPUTS @ STARTS[0] - TARGETS[0]
    slopes = INPUTS * residual[:, None]
    scatter = slopes - slopes.mean(0)
    covariance = INPUTS @ (scatter.T @ scatter / N) @ INPUTS.T
    seen = run.predictions[:, 0]
    moved = seen - INPUTS @ (STARTS[0] - RATE * slopes.mean(0))
    measured = Estimate.from_samples((moved**2).sum(1))
    size = RATE**2 * np.trace(covariance)
    assert abs(measured.z(share * size)) < 4
    assert abs(measured.z(wrong * size)) > 10


@pytest.mark.statistical
def test_fresh_samples_shrink_the_error_and_add_the_noise_of_labels():
    variances, rate, batch, noise = np.array([0.5, 0.2]), 0.2, 3, 0.7
    process = OnlineEnsemble(variances, rate, batch, noise)
    start, teacher = np.array([1.0, -2.0]), np.array([0.5, 1.0])
    run = train_ensemble(process, start, teacher, [1], trajectories=40_000, seed=2)
    error = start - teacher
    # Fourth moments of Gaussian inputs: E xx'Exx' = 2 SES + S tr(SE) for E = ee'.
    spread = variances * (variances @ error**2 + noise**2) + (variances * error) ** 2
    mean = teacher + (1 - rate * variances) * error
    weights = run.predictions[:, 0] / np.sqrt(variances)
    scatter = Estimate.from_samples((weights - mean) ** 2)
    expected = rate**2 / batch * spread
    assert np.abs(Estimate.from_samples(weights).z(mean)).max() < 4
    assert np.abs(scatter.z(expected)).max() < 4
    assert np.abs(scatter.z(2 * expected)).min() > 10


def test_32_bits_agree_to_their_rounding():
    process = LinearEnsemble(INPUTS, RATE, 2, WithReplacement())
    runs = [
        train_ensemble(process, STARTS, TARGETS, STEPS, precision=precision).predictions
        for precision in ("float32", "float64")
    ]
    assert [run.dtype for run in runs] == ["float32", "float64"]
    np.testing.assert_allclose(*runs, rtol=0, atol=1e-5)


def test_trajectories_that_diverge_are_told_and_hold_where_they_were_sound():
    starts = STARTS.copy()
    starts[1] = 0
    targets = TARGETS.copy()
    targets[1] = 0
    rates = 1e3
    run = train_ensemble(
        LinearEnsemble(INPUTS, rates), starts, targets, [0, 3, 400, 500]
    )
    assert np.isfinite(run.predictions).all()
    assert run.diverged_at.tolist() == [400, -1, *[400] * 5]
    assert run.diverged == 6
    np.testing.assert_array_equal(run.predictions[:, 2:], run.predictions[:, [1, 1]])
    assert (run.predictions[1] == 0).all()


def test_checkpoints_and_blocks_cut_the_steps():
    plan = stretches(np.array([0, 3, 4, 9]), 4)
    assert plan.ends.tolist() == [3, 4, 8, 9]
    assert plan.slots.tolist() == [1, 2, 3, 3]
    assert plan.block_starts.tolist() == [0, 2, 3, 4]
    assert stretches(np.array([0]), 4).block_starts.tolist() == [0, 0]


def test_progress_ends_at_one_and_memory_is_asked_for_first():
    told = []
    process = LinearEnsemble(INPUTS, RATE)
    given = (process, STARTS, TARGETS, STEPS)
    train_ensemble(*given, chunk=3, progress=told.append)
    assert told == [3 / 7, 6 / 7, 1.0]
    with pytest.raises(ValueError, match=r"7 trajectories.*not even one would fit"):
        train_ensemble(*given, memory_limit=10)
    with pytest.raises(ValueError, match=r"1 trajectories in chunks of 1 would fit"):
        train_ensemble(*given, memory_limit=3500)
    # The stream keeps a chunk only.
    assert len(list(stream_ensemble(*given, chunk=1, memory_limit=3500))) == COUNT


PROCESS = LinearEnsemble(INPUTS, RATE)
BAD = TARGETS.copy()
BAD[0, 0] = np.nan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"starts": STARTS[:, :4]}, r"`starts` must be \(5,\).*but has shape \(7, 4\)"),
        ({"targets": TARGETS[:3]}, "must agree, but are: `starts` 7, `targets` 3"),
        ({"targets": BAD}, "`targets` must be finite"),
        ({"trajectories": 3}, "must agree, but are: `trajectories` 3"),
        ({"trajectories": 0}, r"`trajectories` must be a whole number in \[1"),
        ({"steps": [2, 1]}, "`steps` must be finite, >= 0 and increasing"),
        ({"steps": [0.5]}, "`steps` must hold whole numbers"),
        ({"axes": AXES[:4]}, r"`axes` must be a matrix \(8, d\).*shape \(4, 3\)"),
        ({"axes": np.full((N, 1), np.inf)}, "`axes` must be finite"),
        ({"seed": -1}, "`seed` must be a whole number"),
        ({"first": 0.5}, "`first` must be a whole number"),
        ({"chunk": 0}, "`chunk` must be a whole number"),
        ({"precision": "half"}, "`precision` must be one of float64, float32"),
        (
            {"process": LinearEnsemble(INPUTS, [0.1, 0.2])},
            "`steps` must not exceed 2, the number of learning rates, but ends at 130",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    given = {"process": PROCESS, "starts": STARTS, "targets": TARGETS, "steps": STEPS}
    with pytest.raises(ValueError, match=message):
        stream_ensemble(**{**given, **change})


def test_what_is_no_process_is_refused():
    with pytest.raises(TypeError, match=r"`process` must be a value such as.*type int"):
        train_ensemble(3, STARTS, TARGETS, STEPS)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LinearEnsemble(INPUTS[0], 0.1), ValueError, "`inputs` must be a mat"),
        (lambda: LinearEnsemble(INPUTS * np.nan, 0.1), ValueError, "must be finite"),
        (lambda: LinearEnsemble(INPUTS, 0.0), ValueError, "`learning_rate` must be"),
        (lambda: LinearEnsemble(INPUTS, [0.1, np.nan]), ValueError, "`learning_rate`"),
        (lambda: LinearEnsemble(INPUTS, 0.1, 9), ValueError, r"in \[1, 8\], but is 9"),
        (lambda: LinearEnsemble(INPUTS, 0.1, 3, Epochs()), ValueError, "must divide"),
        (lambda: LinearEnsemble(INPUTS, 0.1, 3, "all"), TypeError, "`sampling` must"),
        (lambda: LinearEnsemble(INPUTS, 0.1, update=0.9), TypeError, "`update` must"),
        (
            lambda: LinearEnsemble(INPUTS, 0.1, evaluate_on=INPUTS[:, :2]),
            ValueError,
            r"`evaluate_on` must be a matrix \(n, 5\)",
        ),
        (
            lambda: OnlineEnsemble([1.0, 0.0], 0.1),
            ValueError,
            "`variances` must be > 0",
        ),
        (lambda: OnlineEnsemble([[1.0]], 0.1), ValueError, "`variances` must be a fin"),
        (lambda: OnlineEnsemble([1.0], 0.1, 0), ValueError, "`batch_size` must be a"),
        (
            lambda: OnlineEnsemble([1.0], 0.1, label_noise=-1),
            ValueError,
            "`label_noise` must be",
        ),
        (lambda: KernelEnsemble(INPUTS.T, 0.1), ValueError, "`kernel` must have the"),
        (
            lambda: KernelEnsemble(np.triu(np.ones((3, 3))), 0.1),
            ValueError,
            r"symmetric, but is \(3, 3\) with other first rows",
        ),
    ],
)
def test_processes_that_make_no_sense_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
