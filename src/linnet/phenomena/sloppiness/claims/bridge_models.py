"""Linear networks whose predictions carry Gaussian noise: trained, and in closed form.

One long draw of trajectories is cut into ensembles of a few, each embedded for itself;
the last trajectories are new to all of them.
"""

from functools import lru_cache

import numpy as np

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import ensembles, problems
from linnet.shapes import Float
from linnet.study import Problem

SLOPE, MODES, SAMPLES = 0.5, 8, 12
RATE, STEPS = 1.0, (0, 1, 2, 4, 8, 16, 32, 64)
START, TARGET = 1.0, 0.5
NOISE = 0.7  # standard deviation of every prediction
TRAJECTORIES, NEW = 12, 2  # embedded together, and placed afterwards
MODELS = TRAJECTORIES * len(STEPS)
UNIT = 8 * NOISE**2 * SAMPLES  # square of a distance of predictions for one of inPCA

Points = Float[np.ndarray, "models axes"]
OldAndNew = tuple[Points, Float[np.ndarray, "placed axes"]]


def ensemble_count(problem: Problem) -> int:
    """Independent ensembles, each embedded for itself."""
    return 200 if problem.quick else 2000


def sloppy_data(seed: int) -> problems.SpectralData:
    """Few inputs and samples."""
    variances = problems.sloppy_variances(SLOPE, MODES)
    return problems.spectral_data(variances, SAMPLES, seed=seed)


@lru_cache(maxsize=4)
def _drawn(problem: Problem) -> ensembles.Drawn:
    """All trajectories; those of the first ensemble first, new ones last."""
    return ensembles.random_targets(
        sloppy_data(problem.seed),
        init_deviation=START,
        target_deviation=TARGET,
        trajectories=ensemble_count(problem) * TRAJECTORIES + NEW,
        seed=problem.seed,
    )


@lru_cache(maxsize=4)
def runs(problem: Problem) -> Float[np.ndarray, "trajectories checkpoints n"]:
    """Predictions of gradient descent on every sample."""
    from linnet.dynamics import LinearEnsemble, train_ensemble

    inputs, drawn = sloppy_data(problem.seed).inputs, _drawn(problem)
    process = LinearEnsemble(inputs, learning_rate=RATE)
    run = train_ensemble(process, drawn.starts, drawn.goals @ inputs.T, STEPS)
    return run.predictions


def trained(problem: Problem) -> OldAndNew:
    """Models of the first ensemble, and new ones."""
    every = runs(problem)
    return (
        every[:TRAJECTORIES].reshape(-1, SAMPLES),
        every[-NEW:].reshape(-1, SAMPLES),
    )


def closed(problem: Problem) -> OldAndNew:
    """The same models without training, along the axes of the inputs."""
    data, drawn = sloppy_data(problem.seed), _drawn(problem)
    response = theory.GradientDescent(RATE)
    when = np.array(STEPS, dtype=float)
    left = response.remaining(data.variances, when)
    learned = response.learned(data.variances, when)
    begin = drawn.starts @ data.directions
    end = drawn.goals @ data.directions
    paths = begin[:, :, None] * left + end[:, :, None] * learned
    paths *= np.sqrt(SAMPLES * data.variances)[:, None]
    points = paths.swapaxes(1, 2)
    old, new = points[:TRAJECTORIES], points[-NEW:]
    return old.reshape(-1, MODES), new.reshape(-1, MODES)


def distances(
    points: Points, others: Float[np.ndarray, "others axes"] | None = None
) -> np.ndarray:
    """Bhattacharyya distances of normal predictions, pair by pair."""
    columns = points if others is None else others
    return ((points[:, None] - columns) ** 2).sum(-1) / UNIT
