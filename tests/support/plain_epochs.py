"""SGD in plain NumPy, on a single layer: every batch written out."""

import numpy as np
from plain_sgd import gradient


def epochs(inputs, targets, batch_size, rate, momentum, length, start, draws):
    """Weights (replica, batch of the epoch, k, d) at each batch, epoch after epoch.

    Yields the weights before each batch is used, reshuffled epochs of the replicas.
    """
    n = len(inputs)
    weights, velocity = start.copy(), np.zeros_like(start)
    for _ in range(length):
        order = draws.permuted(np.tile(np.arange(n), (len(start), 1)), axis=1)
        seen = []
        for batch in order.reshape(len(start), -1, batch_size).swapaxes(0, 1):
            seen.append(weights)
            weights, velocity = step(
                inputs[batch], targets[batch], weights, velocity, rate, momentum
            )
        yield np.stack(seen, axis=1)


def independent(inputs, targets, batch_size, rate, momentum, length, start, draws):
    """Weights and velocities (replica, k, d) after batches of distinct samples."""
    n = len(inputs)
    weights, velocity = start.copy(), np.zeros_like(start)
    for _ in range(length):
        batch = draws.random((len(start), n)).argpartition(batch_size, axis=1)
        batch = batch[:, :batch_size]
        weights, velocity = step(
            inputs[batch], targets[batch], weights, velocity, rate, momentum
        )
    return weights, velocity


def step(x, y, weights, velocity, rate, momentum):
    """One heavy-ball step of all replicas on their own batches."""
    velocity = momentum * velocity - rate * gradient(x, y, weights)
    return weights + velocity, velocity
