"""Small problems that many tests share, so that each is trained once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from linnet.analyze import pose
from linnet.phenomena.spectral_bias.claims import problems
from linnet.study import AbstractClaim, Figure, Problem, Quantities, Verdict, run_claim
from linnet.task import Dataset


def samples(outputs: int) -> Dataset:
    """Twenty samples of three unequal inputs, and noisy targets."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((20, 3)) * [1.5, 1.0, 0.7]
    rule = np.array([[1.0, 0.3], [0.5, 0.2], [-0.2, 0.7]])[:, :outputs]
    targets = inputs @ rule + 0.1 * rng.standard_normal((20, outputs))
    return Dataset(inputs, targets, f"made up, {outputs} outputs")


def exactly(singular_values: list[float]) -> Dataset:
    """White inputs, and targets along them of these strengths."""
    inputs = samples(2).whitened().inputs
    targets = inputs[:, : len(singular_values)] * singular_values
    return Dataset(inputs, targets, "exactly white")


MADE: dict[str, Callable[[], Problem]] = {
    "canonical": lambda: problems.anisotropic(0, True),
    "canonical, white": lambda: problems.isotropic(0, True),
    "canonical, unscaled": lambda: problems.unscaled(0, True),
    "correlated": lambda: pose(samples(2), quick=True),
    "wide": lambda: pose(samples(2), hidden=7, quick=True),
    "lazy": lambda: pose(samples(2), init_scale=1.0, quick=True),
    "white": lambda: pose(samples(2).whitened(), quick=True),
    "one output": lambda: pose(samples(1), quick=True),
    "weak mode": lambda: pose(exactly([1.0, 2e-6]), init_scale=0.1, quick=True),
    "one input": lambda: pose(
        Dataset(samples(1).inputs[:, :1], samples(1).targets, "one input"), quick=True
    ),
    "tiny start": lambda: pose(samples(2), init_scale=1e-9, quick=True),
}


@pytest.fixture(scope="session")
def problem() -> Callable[[str], Problem]:
    """A problem by name, always the same one."""
    return cache(lambda name: MADE[name]())


@pytest.fixture(scope="session")
def fresh(problem: Callable[[str], Problem]) -> Callable[..., Problem]:
    """A copy that no run was made of yet: caches tell problems apart by identity."""
    return lambda name, **changes: replace(problem(name), **changes)


@dataclass(frozen=True)
class Judged:
    """All that a claim says of one problem."""

    predicted: Quantities
    observed: Quantities
    wrong: Quantities
    verdict: Verdict
    figure: Figure


@pytest.fixture(scope="session")
def judged(
    problem: Callable[[str], Problem],
) -> Callable[[AbstractClaim, str], Judged]:
    """What a claim says of a named problem, asked once."""

    @cache
    def judge(claim: AbstractClaim, name: str) -> Judged:
        asked = problem(name)
        verdict, figure = run_claim(claim, asked)
        given = claim.predict(asked), claim.observe(asked), claim.wrong(asked)
        return Judged(*given, verdict, figure)

    return judge
