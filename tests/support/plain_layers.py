"""SGD of linear layers by plain NumPy, many replicas at once: the slow right path."""

import itertools

import numpy as np
from scipy import stats


def loss(layers, inputs, targets, weight_decay=0.0):
    product = layers[0]
    for layer in layers[1:]:
        product = layer @ product
    residuals = targets - inputs @ product.T
    size = sum((layer**2).sum() for layer in layers)
    return (residuals**2).sum() / (2 * len(inputs)) + weight_decay * size / 2


def split(vector, shapes):
    sizes = list(itertools.accumulate(np.prod(shape) for shape in shapes))
    parts = np.split(vector, sizes[:-1], axis=-1)
    return [
        part.reshape(*vector.shape[:-1], *shape)
        for part, shape in zip(parts, shapes, strict=True)
    ]


def joined(layers):
    lead = layers[0].shape[:-2]
    return np.concatenate([layer.reshape(*lead, -1) for layer in layers], axis=-1)


def hessian(layers, inputs, targets, weight_decay=0.0, step=1e-3):
    """By central differences, to far below 1e-5: the loss is a polynomial."""
    shapes = [layer.shape for layer in layers]
    here = joined(layers)

    def at(vector):
        return loss(split(vector, shapes), inputs, targets, weight_decay)

    unit = step * np.eye(len(here))
    found = np.empty((len(here), len(here)))
    for i, j in itertools.combinations_with_replacement(range(len(here)), 2):
        corners = [
            at(here + a * unit[i] + b * unit[j]) * a * b
            for a, b in itertools.product((1, -1), repeat=2)
        ]
        found[i, j] = found[j, i] = sum(corners) / (4 * step**2)
    return found


def gradients(layers, x, y):
    """Of each replica's batch, with layers (R, out, in), x (R, m, d), y (R, m, k)."""
    ahead = [x]
    for layer in layers:
        ahead.append(ahead[-1] @ layer.transpose(0, 2, 1))
    error = (ahead[-1] - y) / x.shape[1]
    found = []
    for layer, seen in zip(reversed(layers), reversed(ahead[:-1]), strict=True):
        found.append(error.transpose(0, 2, 1) @ seen)
        error = error @ layer
    return found[::-1]


def sgd(layers, inputs, targets, rng, *, rate, batch, steps, replicas, weight_decay=0):
    """Batches with replacement; yields the layers of all replicas after every step."""
    now = [np.repeat(layer[None], replicas, axis=0) for layer in layers]
    for _ in range(steps):
        chosen = rng.integers(len(inputs), size=(replicas, batch))
        for layer, pull in zip(
            now, gradients(now, inputs[chosen], targets[chosen]), strict=True
        ):
            layer -= rate * (pull + weight_decay * layer)
        yield now


def second_moments(layers, inputs, targets, rng, basis, *, burn, every, **how):
    """Per replica, mean of the products of deviations along `basis`, upper triangle."""
    here = joined(layers)
    upper = np.triu_indices(basis.shape[1])
    total, count = 0.0, 0
    for at, now in enumerate(sgd(layers, inputs, targets, rng, **how)):
        if at >= burn and at % every == 0:
            along = (joined(now) - here) @ basis
            total = total + along[:, upper[0]] * along[:, upper[1]]
            count += 1
    return total / count


def z_of(samples, said):
    """Distance of a mean over replicas from what was said, in standard errors."""
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    return (samples.mean(axis=0) - said) / error


def chance(samples, said):
    """Hotelling's test: how likely means are so far from what was said, all at once."""
    count, m = samples.shape
    off = samples.mean(axis=0) - said
    square = count * off @ np.linalg.solve(np.cov(samples.T), off)
    return stats.f.sf(square * (count - m) / (m * (count - 1)), m, count - m)
