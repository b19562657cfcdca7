"""The canonical problems: random Gaussian data with noisy labels.

`gaussian` draws any of them; claims that need several sizes ask for each.
"""

from functools import lru_cache

import numpy as np

from linnet.study import Problem
from linnet.task import Teacher, isotropic_covariance, sample_dataset


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
    option = " --quick" if quick else ""
    outputs = "1 output" if k == 1 else f"{k} outputs"
    return Problem(
        title=f"{n} samples of {d} white inputs, {outputs}, label noise {noise:g}",
        moments=dataset.moments(),
        dataset=dataset,
        hidden=d if hidden is None else hidden,
        init_scale=1.0,
        learning_rate=None,
        seed=seed,
        quick=quick,
        command=f"linnet reproduce fluctuations --seed {seed}{option}",
        canonical=True,
    )
