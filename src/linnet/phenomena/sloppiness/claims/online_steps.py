"""Where the mean square of weights neither grows nor shrinks, seen in single steps.

Long runs would not tell: beyond the edge most trajectories shrink, and ever fewer ones
carry the mean square.
"""

from functools import lru_cache

import numpy as np

from linnet.numerics import Estimate, jackknife
from linnet.phenomena.sloppiness.claims.ensembles import Drawn, recorded_online
from linnet.shapes import Float

TINY = 1e-8  # learning rate that leaves weights where they are


@lru_cache(maxsize=16)
def observed_edge(
    variances: tuple[float, ...], batch_size: int, groups: int, steps: int, seed: int
) -> Estimate:
    r"""Largest learning rate at which SGD on fresh samples keeps its mean square.

    Along trajectories whose weights stay where they are, at $e_j$, steps tell gradients
    $g$. What a step of rate $\eta$ makes of mean squares $q_i$ is
    $q_i - 2\eta\langle g_i\rangle_iq_i + \eta^2\sum_j\langle g_i^2\rangle_jq_j$; some
    $q$ stays as it is at $1/\eta$ = the largest eigenvalue of
    $\langle g_i^2\rangle_j/2\langle g_i\rangle_i$.

    Args:
        variances: Of the inputs.
        batch_size: Fresh samples a step.
        groups: Trajectories from each direction, of which errors come.
        steps: Gradients a trajectory.
        seed: Of samples.

    Returns:
        The rate, with an error over groups of trajectories.
    """
    from linnet.dynamics import OnlineEnsemble

    r = len(variances)
    starts = np.tile(np.eye(r), (groups, 1))
    process = OnlineEnsemble(np.array(variances), TINY, batch_size)
    drawn = Drawn(starts, np.zeros(r), len(starts))
    means, squares = np.zeros((groups, r)), np.zeros((groups, r, r))
    paths = recorded_online(process, drawn, range(steps + 1), seed=seed)
    for number, path in enumerate(paths):
        group, start = divmod(number, r)
        gradients = -np.diff(path, axis=0) / TINY / np.sqrt(variances)
        means[group, start] = gradients[:, start].mean()
        squares[group, start] = (gradients**2).mean(0)

    def without(group: int) -> float:
        return _edge(*(np.delete(each, group, 0).mean(0) for each in (means, squares)))

    return jackknife(_edge(means.mean(0), squares.mean(0)), without, groups)


def _edge(means: Float[np.ndarray, " r"], squares: Float[np.ndarray, "r r"]) -> float:
    """Of mean gradients, each from its own direction, and squares, from each to all."""
    balance = squares.T / (2 * means[:, None])
    return float(1 / np.abs(np.linalg.eigvals(balance)).max())
