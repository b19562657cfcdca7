"""The compiled training of classifiers of one shape, all at once."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from linnet.dynamics.classifier import Classifier
from linnet.dynamics.sampling import AbstractSampling

LayerParameters = tuple[tuple[Float[Array, "..."], Float[Array, "..."]], ...]


class Kind(NamedTuple):
    """What fixes the compiled program, beside shapes.

    Attributes:
        activation: Of the hidden layer, if any.
        optimizer: Its name.
    """

    activation: str
    optimizer: str


class Knobs(NamedTuple):
    """Numbers of every model that compile nothing anew."""

    learning_rate: float | Float[Array, "..."]
    momentum: float | Float[Array, "..."]
    weight_decay: float | Float[Array, "..."]


class Data(NamedTuple):
    """Training samples, and those that predictions are on."""

    inputs: Float[Array, "n d"]
    labels: Float[Array, "n c"]
    evaluate_on: Float[Array, "s d"]


class Fit(NamedTuple):
    """Where all models stand."""

    parameters: LayerParameters
    memory: Any


def kind_of(model: Classifier) -> Kind:
    """Plain descent is momentum of zero, and shares its program."""
    activation = "none" if model.hidden is None else model.activation
    is_plain = model.optimizer == "sgd"
    return Kind(activation, "momentum" if is_plain else model.optimizer)


def knobs_of(model: Classifier) -> Knobs:
    """Numbers of one model."""
    momentum = 0.0 if model.optimizer == "sgd" else model.momentum
    return Knobs(model.learning_rate, momentum, model.weight_decay)


def optimizer_of(kind: Kind, knobs: Knobs) -> Any:
    """The rule of one model; weight decay enters as a part of the gradient.

    optax takes long to load, so it is loaded where it is used.
    """
    import optax

    rate, momentum, decay = knobs
    if kind.optimizer == "adam":
        rule = optax.adam(rate)
    else:
        is_nesterov = kind.optimizer == "nesterov"
        rule = optax.sgd(rate, momentum=momentum, nesterov=is_nesterov)
    return optax.chain(optax.add_decayed_weights(decay), rule)


def logits(
    kind: Kind, parameters: LayerParameters, inputs: Float[Array, "s d"]
) -> Float[Array, "s c"]:
    """Of one model."""
    *below, (weights, biases) = parameters
    activity = inputs
    for first, bias in below:
        pushed = activity @ first.T + bias[None]
        activity = (
            jax.nn.relu(pushed) if kind.activation == "relu" else jnp.tanh(pushed)
        )
    return activity @ weights.T + biases[None]


def cross_entropy(
    kind: Kind,
    parameters: LayerParameters,
    inputs: Float[Array, "b d"],
    labels: Float[Array, "b c"],
) -> Float[Array, ""]:
    """Mean over samples, without weight decay."""
    told = jax.nn.log_softmax(logits(kind, parameters, inputs))
    return -(labels * told).sum(axis=1).mean()


@partial(jax.jit, static_argnames=("kind",))
def begin(kind: Kind, knobs: Knobs, parameters: LayerParameters) -> Fit:
    """All models at their start."""
    memory = jax.vmap(lambda k, p: optimizer_of(kind, k).init(p))(knobs, parameters)
    return Fit(parameters, memory)


@partial(jax.jit, static_argnames=("sampling", "n", "size"))
def draw(
    sampling: AbstractSampling, n: int, size: int, keys: Array, block: Int[Array, ""]
) -> Int[Array, "length models size"]:
    """Batches of one block of steps, of the stream of every model.

    They depend on the number of the block alone: training does not depend on where it
    is looked at. A program of its own serves all networks and optimizers.
    """

    def one(key: Array) -> Int[Array, "length size"]:
        return sampling.indices(jax.random.fold_in(key, block), n, size)

    return jax.vmap(one, out_axes=1)(keys)


@partial(jax.jit, static_argnames=("kind",))
def advance(
    kind: Kind,
    knobs: Knobs,
    fit: Fit,
    data: Data,
    picks: Int[Array, "length models size"] | None,
    rows: tuple[Int[Array, ""], Int[Array, ""]],
) -> Fit:
    """Take all models over the steps from one row of `picks` to another.

    Without picks every step takes all samples.
    """

    def one(at: Array, fit: Fit) -> Fit:
        if picks is None:
            return jax.vmap(partial(_step, kind, data, pick=None))(knobs, fit)
        pick = jax.lax.dynamic_index_in_dim(picks, at, 0, False)
        return jax.vmap(partial(_step, kind, data))(knobs, fit, pick)

    return jax.lax.fori_loop(*rows, one, fit)


def _step(
    kind: Kind, data: Data, knobs: Knobs, fit: Fit, pick: Int[Array, " batch"] | None
) -> Fit:
    """One step of one model."""
    inputs, labels = data.inputs, data.labels
    if pick is not None:
        inputs, labels = inputs[pick], labels[pick]
    gradients = jax.grad(cross_entropy, argnums=1)(kind, fit.parameters, inputs, labels)
    rule = optimizer_of(kind, knobs)
    moves, memory = rule.update(gradients, fit.memory, fit.parameters)
    return Fit(jax.tree.map(jnp.add, fit.parameters, moves), memory)


@partial(jax.jit, static_argnames=("kind",))
def look(
    kind: Kind, parameters: LayerParameters, data: Data
) -> tuple[Float[Array, "models s c"], Float[Array, " models"]]:
    """Log-probabilities where they are asked for, and the loss of training."""

    def one(each: LayerParameters) -> tuple[Array, Array]:
        told = jax.nn.log_softmax(logits(kind, each, data.evaluate_on))
        return told, cross_entropy(kind, each, data.inputs, data.labels)

    return jax.vmap(one)(parameters)
