"""Small problems that many tests share, so that each is trained once."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from linnet.analyze import pose
from linnet.study import AbstractClaim, Problem
from linnet.study.verdict import Comparison
from linnet.task import Dataset


def samples(n: int, d: int = 3, k: int = 2, noise: float = 0.5) -> Dataset:
    """Samples of unequal inputs, with noisy targets."""
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(n, d)) * np.linspace(1.5, 0.7, d)
    targets = inputs @ rng.normal(size=(d, k)) + noise * rng.normal(size=(n, k))
    return Dataset(inputs, targets, f"{n} made up samples")


def lonely() -> Dataset:
    """The last input is the sum of the others."""
    few = samples(40)
    inputs = np.column_stack([few.inputs, few.inputs.sum(1)])
    return Dataset(inputs, few.targets, "rank deficient")


MADE: dict[str, Callable[[], Problem]] = {
    "plain": lambda: pose(samples(40), quick=True),
    "one output": lambda: pose(samples(30, 2, 1), quick=True),
    "rank deficient": lambda: pose(lonely(), quick=True),
    "few samples": lambda: pose(samples(3, 4), quick=True),
    "exactly fitted": lambda: pose(samples(40, noise=0.0), quick=True),
    "all at once": lambda: pose(samples(40), batch_size=40, quick=True),
}


@pytest.fixture(scope="session")
def problem() -> Callable[[str], Problem]:
    """A problem by name, always the same one."""
    return cache(lambda name: MADE[name]())


@pytest.fixture(scope="session")
def judged() -> Callable[[AbstractClaim, int], list[Comparison]]:
    """A claim on its canonical problem of one seed, without the cost of a figure."""

    def judge(claim: AbstractClaim, seed: int) -> list[Comparison]:
        asked = claim.canonical(seed, True)
        predicted, wrong = claim.predict(asked), claim.wrong(asked)
        return [
            claim.test(asked, label).judge(label, predicted[label], seen, wrong[label])
            for label, seen in claim.observe(asked).items()
        ]

    return judge
