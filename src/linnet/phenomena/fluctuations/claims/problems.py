"""The canonical problems: random Gaussian data with noisy labels.

`gaussian` draws any of them; claims that need several sizes ask for each.
"""

from functools import lru_cache

import numpy as np

from linnet.study import Problem
from linnet.task import Dataset, Teacher, isotropic_covariance, sample_dataset


@lru_cache(maxsize=32)
def gaussian(
    n: int,
    d: int,
    k: int = 1,
    *,
    hidden: int | None = None,
    noise: float = 1.0,
    seed: int = 0,
    quick: bool = False,
) -> Problem:
    r"""White Gaussian inputs, a Gaussian teacher of size one, labels with noise.

    Args:
        n: Samples.
        d: Inputs.
        k: Outputs.
        hidden: Hidden width, None for the number of inputs.
        noise: Standard deviation of the label noise.
        seed: Fixes data and runs.
        quick: Fewer sizes, shorter runs.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, n, d, k]))
    covariance = isotropic_covariance(d)
    teacher = Teacher(rng.normal(size=(k, d)) / np.sqrt(d), noise)
    name = f"{n} noisy samples"
    dataset = sample_dataset(covariance, teacher, n=n, rng=rng, name=name)
    outputs = "1 output" if k == 1 else f"{k} outputs"
    title = f"{n} samples of {d} white inputs, {outputs}, label noise {noise:g}"
    return _canonical(title, dataset, d if hidden is None else hidden, seed, quick)


@lru_cache(maxsize=32)
def repeated(n: int, k: int, *, seed: int = 0, quick: bool = False) -> Problem:
    """One input that is one for all samples: SGD learns the mean of noisy labels.

    Every batch has the Hessian of all samples, so its noise ignores the weights.

    Args:
        n: Samples.
        k: Outputs, each with noise of its own.
        seed: Fixes data and runs.
        quick: Fewer sizes, shorter runs.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, n, k]))
    name = f"{n} noisy values of one quantity"
    dataset = Dataset(np.ones((n, 1)), rng.normal(size=(n, k)), name=name)
    return _canonical(f"{name}, {k} times", dataset, 1, seed, quick)


@lru_cache(maxsize=32)
def spread(
    n: int,
    variances: tuple[float, ...],
    *,
    bend: float = 0.0,
    seed: int = 0,
    quick: bool = False,
) -> Problem:
    r"""Uniform inputs of given variances, noisy labels of size one.

    Labels $\sum_ix_i + b\,(x_1^2-\langle x_1^2\rangle)\sum_{i>1}x_i$ and noise: with a
    bend $b$ the residuals of least squares depend on the inputs.

    Args:
        n: Samples.
        variances: Of each input, the largest first.
        bend: How far the labels are from linear.
        seed: Fixes data and runs.
        quick: Fewer sizes, shorter runs.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, n, len(variances)]))
    inputs = rng.uniform(-1, 1, size=(n, len(variances))) * np.sqrt(
        3 * np.array(variances)
    )
    bent = bend * (inputs[:, 0] ** 2 - variances[0]) * inputs[:, 1:].sum(axis=1)
    targets = (inputs.sum(axis=1) + bent + rng.normal(size=n))[:, None]
    dataset = Dataset(inputs, targets, name=f"{n} noisy samples")
    listed = ", ".join(f"{variance:g}" for variance in variances)
    title = f"{n} samples of {len(variances)} inputs of variances {listed}"
    return _canonical(title, dataset, len(variances), seed, quick)


def _canonical(
    title: str, dataset: Dataset, hidden: int, seed: int, quick: bool
) -> Problem:
    option = " --quick" if quick else ""
    return Problem(
        title=title,
        moments=dataset.moments(),
        dataset=dataset,
        hidden=hidden,
        init_scale=1.0,
        learning_rate=None,
        seed=seed,
        quick=quick,
        command=f"linnet reproduce fluctuations --seed {seed}{option}",
        canonical=True,
    )
