import math

import jax.numpy as jnp
import numpy as np
import pytest

from linnet.dynamics import (
    AbstractSampling,
    Classifier,
    Epochs,
    classifier_grid,
    train_classifiers,
)
from linnet.dynamics.classifiers import ClassifierOutcome

N, D, CLASSES = 12, 4, 3
RNG = np.random.default_rng(0)
INPUTS = RNG.standard_normal((N, D))
LABELS = np.arange(N) % CLASSES
ONE_HOT = np.eye(CLASSES)[LABELS]
STEPS = [0, 1, 2, 25]


class InOrder(AbstractSampling):
    """One sample after the other, again and again: nothing random."""

    def block_length(self, n, batch_size):
        return math.lcm(n, batch_size) // batch_size

    def indices(self, key, n, batch_size):
        length = self.block_length(n, batch_size)
        return jnp.arange(length * batch_size).reshape(length, batch_size) % n


def outputs(model, layers, x):
    """Activities below the last layer, and logits."""
    if model.hidden is None:
        return x, x @ layers[0].T + layers[1]
    bend = np.tanh if model.activation == "tanh" else lambda z: np.maximum(z, 0)
    activity = bend(x @ layers[0].T + layers[1])
    return activity, activity @ layers[2].T + layers[3]


def probabilities(model, layers, x):
    z = outputs(model, layers, x)[1]
    p = np.exp(z - z.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def gradients(model, layers, x, y):
    """Of the mean cross entropy, by hand."""
    activity = outputs(model, layers, x)[0]
    error = (probabilities(model, layers, x) - y) / len(x)
    last = [error.T @ activity, error.sum(0)]
    if model.hidden is None:
        return last
    slope = 1 - activity**2 if model.activation == "tanh" else activity > 0
    below = (error @ layers[2]) * slope
    return [below.T @ x, below.sum(0), *last]


def plain_training(model, steps):
    """Log-probabilities after these steps, in NumPy and one entry at a time."""
    layers = [np.array(p) for layer in model.start(D, CLASSES) for p in layer]
    first = [np.zeros_like(p) for p in layers]
    second = [np.zeros_like(p) for p in layers]
    seen = []
    for at in range(max(steps) + 1):
        if at in steps:
            seen.append(np.log(probabilities(model, layers, INPUTS)))
        pick = np.arange(N)
        if model.batch_size:
            pick = (at * model.batch_size + np.arange(model.batch_size)) % N
        slopes = gradients(model, layers, INPUTS[pick], ONE_HOT[pick])
        for i, slope in enumerate(slopes):
            g, rate = slope + model.weight_decay * layers[i], model.learning_rate
            if model.optimizer == "adam":
                first[i] = 0.9 * first[i] + 0.1 * g
                second[i] = 0.999 * second[i] + 0.001 * g**2
                mean = first[i] / (1 - 0.9 ** (at + 1))
                square = second[i] / (1 - 0.999 ** (at + 1))
                layers[i] = layers[i] - rate * mean / (np.sqrt(square) + 1e-8)
                continue
            beta = 0.0 if model.optimizer == "sgd" else model.momentum
            first[i] = beta * first[i] - rate * g
            move = first[i]
            if model.optimizer == "nesterov":
                move = beta * first[i] - rate * g
            layers[i] = layers[i] + move
    return np.array(seen)


ORDER = InOrder()
MODELS = (
    Classifier(optimizer="sgd", learning_rate=0.5, weight_decay=0.1),
    Classifier(optimizer="sgd", learning_rate=0.2, batch_size=5, sampling=ORDER),
    Classifier(optimizer="momentum", momentum=0.8, batch_size=5, sampling=ORDER),
    Classifier(6, "relu", "momentum", 0.2, seed=1, weight_decay=0.05),
    Classifier(6, "relu", "sgd", 0.3, seed=2, init_scale=0.5),
    Classifier(6, "tanh", "nesterov", 0.2, 5, seed=3, sampling=ORDER),
    Classifier(6, "tanh", "adam", 0.05, 5, seed=4, weight_decay=0.1, sampling=ORDER),
)


@pytest.fixture(scope="module")
def runs():
    return train_classifiers(MODELS, INPUTS, LABELS, STEPS, precision="float64")


@pytest.mark.parametrize("index", range(len(MODELS)), ids=lambda i: MODELS[i].name)
def test_a_model_is_a_plain_loop_over_its_own_parameters(runs, index):
    expected = plain_training(MODELS[index], STEPS)
    found = runs.log_probabilities[index]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)
    assert np.abs(found[-1] - found[0]).max() > 0.1
    loss = -(ONE_HOT * expected).sum(2).mean(1)
    np.testing.assert_allclose(runs.losses[index], loss, rtol=0, atol=1e-11)


def test_outcomes_tell_how_it_ended(runs):
    assert runs.diverged == ()
    assert {outcome.kind for outcome in runs.outcomes} == {"trained"}
    loss = runs.losses[3, -1]
    text = f"trained to step 25: mean cross entropy {loss:.3g}"
    assert runs.outcomes[3] == ClassifierOutcome("trained", 25, loss, text)


def test_points_carry_the_settings_of_their_models(runs):
    told, columns = runs.points()
    assert told.shape == (len(MODELS) * len(STEPS), N, CLASSES)
    np.testing.assert_array_equal(told[4 * 5 + 3], runs.log_probabilities[5, 3])
    at = {name: values[4 * 5 + 3] for name, values in columns.items()}
    assert (at["model"], at["step"], at["hidden"], at["seed"]) == (5, 25, 6, 3)
    assert (at["optimizer"], at["batch_size"]) == ("nesterov", 5)
    assert columns["activation"][0] == "none"
    assert columns["hidden"][0] == 0


def test_random_batches_depend_on_the_seed_and_nothing_else():
    models = classifier_grid(hidden=5, batch_size=4, seed=[0, 1, 2], sampling=Epochs())
    given = (INPUTS, LABELS, [0, 3, 40])
    together = train_classifiers(models, *given).log_probabilities
    again = train_classifiers(models, *given).log_probabilities
    np.testing.assert_array_equal(together, again)
    other = (Classifier(hidden=5, batch_size=3, seed=1), models[1])
    alone = train_classifiers(other, INPUTS, LABELS, [40]).log_probabilities
    np.testing.assert_allclose(alone[1, 0], together[1, 2], rtol=0, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 0.1
    assert together.dtype == np.float32


def test_predictions_are_normalized_and_may_be_on_other_inputs(runs):
    total = np.exp(runs.log_probabilities).sum(-1)
    np.testing.assert_allclose(total, 1, rtol=0, atol=1e-13)
    other = train_classifiers(
        MODELS[:1], INPUTS, ONE_HOT, STEPS, evaluate_on=INPUTS[3:5], precision="float64"
    )
    expected = runs.log_probabilities[:1, :, 3:5]
    np.testing.assert_allclose(other.log_probabilities, expected, rtol=0, atol=1e-13)


def test_models_that_diverge_are_told_and_hold_where_they_were_sound():
    models = [
        Classifier(hidden=4, activation="relu", learning_rate=rate, weight_decay=1.0)
        for rate in (1e4, 0.1)
    ]
    runs = train_classifiers(models, INPUTS, LABELS, [0, 1, 50, 60])
    assert np.isfinite(runs.log_probabilities).all()
    assert np.isfinite(runs.losses).all()
    assert runs.diverged == (0,)
    assert runs.outcomes[0].step == 50
    assert "diverged by step 50: lower the learning rate" in runs.outcomes[0].text
    held = runs.log_probabilities[0]
    np.testing.assert_array_equal(held[2:], held[[1, 1]])
    assert set(runs.points()[1]["model"]) == {1}
    lost = train_classifiers(models[:1], INPUTS, LABELS, [0, 50])
    with pytest.raises(ValueError, match="All 1 models diverged"):
        lost.points()


def test_a_start_that_overflows_tells_nothing_and_takes_no_memory_as_it_was():
    models = [Classifier(hidden=4, init_scale=1e30, learning_rate=0.1), MODELS[0]]
    runs = train_classifiers(models, INPUTS, LABELS, [0, 1, 2])
    assert runs.diverged == (0,)
    assert runs.outcomes[0].step == 0
    even = np.float32(-np.log(CLASSES))
    np.testing.assert_allclose(runs.log_probabilities[0], even, rtol=1e-6)
    np.testing.assert_allclose(runs.losses[0], -even, rtol=1e-6)


def test_progress_ends_at_one_and_memory_is_asked_for_first():
    told, models = [], MODELS[:2]
    given = (INPUTS, LABELS, [0, 1])
    train_classifiers(models, *given, progress=told.append)
    assert told == [0.25, 0.5, 0.75, 1.0]
    with pytest.raises(ValueError, match=r"2 models at 2 checkpoints.*fewer models"):
        train_classifiers(models, *given, memory_limit=100)
    with pytest.raises(ValueError, match="1 checkpoints would fit"):
        train_classifiers(models, *given, memory_limit=1600)


BAD = INPUTS.copy()
BAD[0, 0] = np.nan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": []}, "`models` must hold a Classifier"),
        ({"inputs": INPUTS[0]}, "`inputs` must be a matrix"),
        ({"inputs": BAD}, "`inputs` must be finite"),
        ({"evaluate_on": INPUTS[:, :2]}, r"`evaluate_on` must be a matrix \(n, 4\)"),
        ({"labels": LABELS[:3]}, r"`labels` must be \(12,\) class numbers"),
        ({"labels": LABELS - 1}, "must be class numbers 0, 1, ..., but holds -1"),
        ({"labels": LABELS + 0.5}, "must be class numbers"),
        ({"labels": np.zeros(N)}, "two classes or more"),
        ({"labels": np.ones((N, 1))}, "two classes or more"),
        ({"labels": ONE_HOT - ONE_HOT.mean(0)}, "leave one-hot columns uncentered"),
        ({"labels": ONE_HOT * np.nan}, "`labels` must be finite"),
        ({"steps": [1, 1]}, "`steps` must be finite, >= 0 and increasing"),
        ({"precision": "half"}, "`precision` must be one of"),
        ({"models": [Classifier(batch_size=13)]}, r"in \[1, 12\].*but is 13"),
        ({"models": [Classifier(batch_size=5, sampling=Epochs())]}, "must divide"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    given = {"models": MODELS, "inputs": INPUTS, "labels": LABELS, "steps": STEPS}
    with pytest.raises(ValueError, match=message):
        train_classifiers(**{**given, **change})


def test_what_is_no_classifier_is_refused():
    with pytest.raises(TypeError, match="must hold values such as"):
        train_classifiers([3], INPUTS, LABELS, STEPS)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"hidden": 0}, ValueError, "`hidden` must be None or a whole number >= 1"),
        ({"batch_size": 1.5}, ValueError, "`batch_size` must be None or"),
        (
            {"activation": "gelu"},
            ValueError,
            "one of relu, tanh, but is",
        ),
        ({"optimizer": "lion"}, ValueError, "one of sgd, momentum, nesterov, adam"),
        ({"seed": -1}, ValueError, "`seed` must be a whole number"),
        ({"learning_rate": 0.0}, ValueError, "`learning_rate` must be a number in"),
        ({"learning_rate": np.nan}, ValueError, "`learning_rate` must be a number in"),
        ({"momentum": 1.0}, ValueError, "`momentum` must be a number in"),
        ({"weight_decay": -1.0}, ValueError, "`weight_decay` must be a number in"),
        ({"hidden": 3, "init_scale": 0.0}, ValueError, "`init_scale` must be a number"),
        ({"sampling": "epochs"}, TypeError, "`sampling` must be a value such as"),
    ],
)
def test_settings_out_of_range_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        Classifier(**settings)


def test_a_grid_is_every_combination_and_knows_the_settings():
    grid = classifier_grid(hidden=[None, 8], optimizer=["sgd", "adam"], seed=range(3))
    assert len(set(grid)) == 12
    assert grid[0] == Classifier()
    with pytest.raises(ValueError, match="`width` must be a setting of a classifier"):
        classifier_grid(width=[1, 2])
