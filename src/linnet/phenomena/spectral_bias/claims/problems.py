"""The canonical problems: small enough for minutes, sharp enough for eight digits."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from linnet.numerics import haar_frame
from linnet.study import Problem
from linnet.task import (
    Dataset,
    Moments,
    geometric_covariance,
    isotropic_covariance,
    low_rank_teacher,
    sample_dataset,
)


@lru_cache(maxsize=4)
def anisotropic(seed: int, quick: bool) -> Problem:
    """Fewer samples than inputs, correlated inputs, a noiseless teacher of rank two.

    The data can be fitted exactly, so that minibatch SGD has a limit too.
    """
    rng = np.random.default_rng(seed)
    covariance = geometric_covariance(10, condition=10.0, rng=rng)
    teacher = low_rank_teacher(np.array([2.0, 1.0]), k=5, d=10, rng=rng)
    dataset = sample_dataset(covariance, teacher, n=6, rng=rng, name="planted rank 2")
    title = "6 samples, 10 correlated inputs, 5 outputs, planted rank 2"
    return _problem(title, dataset.moments(), dataset, 12, 1e-6, seed, quick)


@lru_cache(maxsize=4)
def isotropic(seed: int, quick: bool) -> Problem:
    """White inputs and three modes of strengths 3.15, 1.74 and 0.41."""
    rng = np.random.default_rng(seed)
    teacher = low_rank_teacher(np.array([3.15, 1.74, 0.41]), k=4, d=6, rng=rng)
    product = teacher.end_to_end
    moments = Moments(np.eye(6), product, product @ product.T)
    title = "white inputs, 6 inputs, 4 outputs, modes 3.15, 1.74 and 0.41"
    return _problem(title, moments, None, 8, 1e-4, seed, quick)


@lru_cache(maxsize=4)
def scalar(seed: int, quick: bool) -> Problem:
    """Three samples of six inputs, one output: three directions without data."""
    rng = np.random.default_rng(seed)
    covariance = geometric_covariance(6, condition=4.0, rng=rng)
    teacher = low_rank_teacher(np.array([1.0]), k=1, d=6, rng=rng)
    dataset = sample_dataset(covariance, teacher, n=3, rng=rng, name="few samples")
    title = "3 samples, 6 correlated inputs, 1 output"
    return _problem(title, dataset.moments(), dataset, 6, 1e-2, seed, quick)


@lru_cache(maxsize=4)
def staircase(seed: int, quick: bool) -> Problem:
    """Modes that are far apart, each over all principal inputs: plateaus stand out.

    Strengths are those of the whitened solution. Its truncation is another map, since
    every mode mixes inputs of large and of small variance.
    """
    rng = np.random.default_rng(seed)
    covariance = geometric_covariance(4, condition=8.0, rng=rng)
    inputs = covariance.sample(40, rng)
    variances, axes = np.linalg.eigh(inputs.T @ inputs / 40)
    signs = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, -1, 1]])
    whitened = (haar_frame(3, 3, rng) * [4.0, 1.0, 0.1]) @ (signs / 2)
    solution = (whitened / np.sqrt(variances)) @ axes.T
    dataset = Dataset(inputs, inputs @ solution.T, "three modes far apart")
    title = "40 samples, 4 correlated inputs, 3 outputs, whitened modes 4, 1 and 0.1"
    return _problem(title, dataset.moments(), dataset, 4, 1e-13, seed, quick)


@lru_cache(maxsize=4)
def few_samples(seed: int, quick: bool) -> Problem:
    """Four samples of sixteen inputs: most directions have no data.

    Every output is used, so that no idle one is slow to come to rest.
    """
    rng = np.random.default_rng(seed)
    teacher = low_rank_teacher(np.array([2.0, 1.5]), k=2, d=16, rng=rng)
    covariance = isotropic_covariance(16)
    dataset = sample_dataset(covariance, teacher, n=4, rng=rng, name="four samples")
    title = "4 samples, 16 white inputs, 2 outputs"
    return _problem(title, dataset.moments(), dataset, 64, 1e-3, seed, quick)


@lru_cache(maxsize=4)
def unscaled(seed: int, quick: bool) -> Problem:
    """The anisotropic problem from a start that is not small: its scale matters."""
    return replace(anisotropic(seed, quick), init_scale=1.0)


def _problem(
    title: str,
    moments: Moments,
    dataset: Dataset | None,
    hidden: int,
    init_scale: float,
    seed: int,
    quick: bool,
) -> Problem:
    """What all canonical problems share: the learning rate and the command."""
    option = " --quick" if quick else ""
    return Problem(
        title=title,
        moments=moments,
        dataset=dataset,
        hidden=hidden,
        init_scale=init_scale,
        learning_rate=0.02,
        seed=seed,
        quick=quick,
        command=f"linnet reproduce spectral_bias --seed {seed}{option}",
        canonical=True,
    )
