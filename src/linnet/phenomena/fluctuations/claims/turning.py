"""Where SGD turns unstable, found by chains that start alike in all directions.

A step of chains with second moment M has the second moment of its batch gradients,
L1(M), and takes L0(M) = HM + MH of it away. Chains that start again with what the
Hessian sustains of these gradients, the M' of L0(M') = L1(M), are spread ever more
along what becomes unstable first, wherever that is: nothing predicted enters.
"""

from functools import lru_cache

import numpy as np

from linnet.network import Weights
from linnet.numerics import Estimate
from linnet.phenomena.fluctuations.claims import runs
from linnet.study import Problem

CHAINS = 256  # each with batches of its own,
ROWS = 8  # and as many independent starts, as outputs of one layer
ROUNDS, LATE = 16, 8  # in all, and those that are looked at
# A direction that loses the share x of its weight each round, and is off by x, adds
# x(1-x)^(2 rounds) to the learning rate, in units of its weight at the start, and so
# 1/(2e rounds) at most. Twice that stands for several directions, and for what the
# noise of the two families adds, which is of second order and in no error bar.
REST = 1 / (np.e * (ROUNDS - LATE / 2))


@lru_cache(maxsize=32)
def turned(problem: Problem, size: int) -> Estimate:
    """Learning rate at which loss and gain of the second moment balance.

    Two families of chains turn by themselves, and the second moment of one is looked at
    along that of the other: its noise then lowers and raises the ratio alike.
    """
    rng = np.random.default_rng([problem.seed, size])
    curvatures = runs.minimum(problem).curvatures
    loss = np.add.outer(curvatures, curvatures)
    families = np.stack([np.eye(len(curvatures))] * 2)
    seen = []
    for _ in range(ROUNDS):
        families /= np.trace(families, axis1=1, axis2=2)[:, None, None]
        starts, gradients = _step(problem, size, families, rng)
        along = gradients @ families[::-1, None]
        seen.append([(2 * starts * along).sum((2, 3)), (gradients * along).sum((2, 3))])
        flat = gradients.reshape(2, -1, len(curvatures))
        families = flat.transpose(0, 2, 1) @ flat / loss
    losses, gains = np.array(seen[-LATE:]).transpose(1, 0, 2, 3).reshape(2, -1)
    rate = losses.mean() / gains.mean()
    return Estimate.from_samples(rate + (losses - rate * gains) / gains.mean())


def _step(
    problem: Problem, size: int, families: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian starts with second moments `(2, r, r)`, and gradients of their batches.

    Both `(2, chains / 2, rows, r)`; there is no label noise.
    """
    from linnet.dynamics import SGD, WithoutReplacement, simulate

    dataset = problem.dataset
    assert dataset is not None  # `applies` refused
    basis, rate = runs.minimum(problem).basis, 1 / runs.minimum(problem).curvatures[0]
    (n, d), r = dataset.inputs.shape, basis.shape[1]
    values, axes = np.linalg.eigh(families)
    root = np.sqrt(np.maximum(values, 0))[:, None] * axes
    drawn = rng.normal(size=(2, CHAINS // 2, ROWS, r))
    starts = drawn @ root.transpose(0, 2, 1)[:, None]
    run = simulate(
        SGD(dataset.inputs, np.zeros((n, ROWS)), rate, size, WithoutReplacement()),
        ((starts @ basis.T).reshape(-1, ROWS, d),),
        steps=[0, 1],
        observe={"weights": _layer},
        seed=int(rng.integers(2**32)),
        memory_limit=problem.memory_limit,
    )
    before, after = (np.asarray(run["weights"]) @ basis).reshape(2, *starts.shape)
    return before, (before - after) / rate


def _layer(weights: Weights) -> np.ndarray:
    return weights[0]
