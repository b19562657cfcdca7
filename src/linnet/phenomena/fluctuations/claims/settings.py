"""Batch size and learning rate of SGD: checked, and chosen where none was asked for."""

import numpy as np

from linnet.phenomena.fluctuations.claims import runs
from linnet.study import Problem


def check(problem: Problem) -> None:
    """Refuse a batch that the data cannot fill, and a rate that is none.

    Raises:
        ValueError: when the batch size is not in [1, n], or the learning rate of SGD is
            not positive and finite.
    """
    rate = problem.sgd_learning_rate
    if rate is not None and not 0 < rate < np.inf:
        raise ValueError(
            f"Argument `sgd_learning_rate` must be positive and finite, but is {rate}."
        )
    if problem.dataset is None or problem.batch_size is None:
        return
    n = len(problem.dataset.inputs)
    is_whole = int(problem.batch_size) == problem.batch_size
    if not is_whole or not 1 <= problem.batch_size <= n:
        raise ValueError(
            f"Argument `batch_size` must be a whole number in [1, {n}], the number of"
            f" samples, but is {problem.batch_size}."
        )


def settings(problem: Problem) -> dict[str, float]:
    """What the phenomenon chose where nothing was asked for, by name."""
    if runs.silent(problem) is not None:
        return {}
    return {
        "batch_size": runs.batch_size(problem),
        "sgd_learning_rate": runs.learning_rate(problem),
    }
