"""Many Gaussian data sets at once, and all weights trained on each, in plain NumPy.

Shares no line with the theory of learning curves: no spectrum, no average but the mean
over the sets at the end.
"""

import numpy as np

from linnet.numerics import Estimate


def drawn(rng, sets, n, eigenvalues, teacher, noise):
    """Inputs (sets, n, d) of diagonal covariance, and labels (sets, n)."""
    d = len(eigenvalues)
    inputs = rng.standard_normal((sets, n, d)) * np.sqrt(eigenvalues)
    return inputs, inputs @ teacher + noise * rng.standard_normal((sets, n))


def aligned_start(inputs, targets, init_scale):
    """Two layers of one hidden unit, balanced, along the drive of each set."""
    drive = (targets[:, None] @ inputs)[:, 0]
    drive /= np.linalg.norm(drive, axis=1, keepdims=True)
    return np.full((len(drive), 1), init_scale), init_scale * drive[:, None]


def generic_start(rng, inputs, targets, init_scale, hidden=3):
    """Gaussian layers, scaled to one effective start along the drive of each set."""
    sets, _, d = inputs.shape
    drive = (targets[:, None] @ inputs)[:, 0]
    drive /= np.linalg.norm(drive, axis=1, keepdims=True)
    outer = rng.standard_normal((sets, hidden))
    inner = rng.standard_normal((sets, hidden, d))
    grown = np.linalg.norm(outer + (inner @ drive[..., None])[..., 0], axis=1) / 2
    factor = init_scale / grown
    return outer * factor[:, None], inner * factor[:, None, None]


def trained(inputs, targets, times, step, start=None):
    """`end_to_end` (times, sets, d) by Runge and Kutta's method on all weights."""
    sets, n, d = inputs.shape
    xx = np.swapaxes(inputs, 1, 2) @ inputs / n
    yx = (targets[:, None] @ inputs)[:, 0] / n
    weights = start or (np.zeros((sets, d)),)

    def product(weights):
        return weights[0] if len(weights) == 1 else mixed(weights[0], weights[1])

    def mixed(outer, inner):
        return (outer[:, None] @ inner)[:, 0]

    def rates(weights):
        pull = yx - (xx @ product(weights)[..., None])[..., 0]
        if len(weights) == 1:
            return (pull,)
        outer, inner = weights
        return (inner @ pull[..., None])[..., 0], outer[..., None] * pull[:, None]

    def moved(weights, by, rate):
        return tuple(w + by * r for w, r in zip(weights, rate, strict=True))

    now, found = 0.0, []
    for time in times:
        count = int(np.ceil((time - now) / step))
        h = (time - now) / max(count, 1)
        for _ in range(count):
            one = rates(weights)
            two = rates(moved(weights, h / 2, one))
            three = rates(moved(weights, h / 2, two))
            four = rates(moved(weights, h, three))
            for by, rate in ((1, one), (2, two), (2, three), (1, four)):
                weights = moved(weights, by * h / 6, rate)
        now = time
        found.append(product(weights))
    return np.array(found)


def observed(inputs, targets, end_to_end, eigenvalues, teacher):
    """Risk, training error and size, with their errors; each (3, times)."""
    risk = ((end_to_end - teacher) ** 2 * eigenvalues).sum(-1)
    predicted = (inputs @ end_to_end[..., None])[..., 0]
    training = ((targets - predicted) ** 2).mean(-1)
    every = np.stack([risk, training, np.linalg.norm(end_to_end, axis=-1)])
    error = every.std(-1, ddof=1) / np.sqrt(every.shape[-1])
    return Estimate(every.mean(-1), error, every.shape[-1])


def extrapolated(small, large):
    """Twice the mean at 2 n minus that at n: what is left when 1/n is gone."""
    error = np.hypot(2 * large.stderr, small.stderr)
    few = min(small.effective_samples, large.effective_samples)
    return Estimate(2 * large.value - small.value, error, few)
