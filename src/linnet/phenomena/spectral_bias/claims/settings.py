"""What this phenomenon needs of the settings, and what it chooses by itself."""

from linnet.phenomena.spectral_bias.claims import runs
from linnet.study import Problem


def check(problem: Problem) -> None:
    """Refuse settings that the predictions cannot be about.

    Raises:
        ValueError: when the network is narrower than the inputs, or the learning rate
            lies beyond the largest stable one.
    """
    d = problem.moments.yx.shape[1]
    if problem.hidden < d:
        raise ValueError(
            f"Argument `hidden` must be at least the number of inputs, {d}, but is"
            f" {problem.hidden}: the closed laws need a first layer that can start"
            " isotropic."
        )
    edge = runs.curvature(problem, problem.init_scale).largest_stable_rate
    if problem.learning_rate is not None and not 0 < problem.learning_rate < edge:
        raise ValueError(
            f"Argument `learning_rate` must lie in (0, {edge:.4g}), below the largest"
            " stable one of the two-layer network on this data, but is"
            f" {problem.learning_rate:g}: gradient descent would not stay at the"
            " minimizer that the predictions are about."
        )


def settings(problem: Problem) -> dict[str, float]:
    """What the phenomenon chose where nothing was asked for, by name."""
    return {"learning_rate": runs.learning_rate(problem)}
