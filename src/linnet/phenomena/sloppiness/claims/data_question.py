"""What a user's data is asked here: one layer, trained from starts of some width.

The rate is half the largest stable one; training is looked at after few, some and many
steps, at evenly spaced checkpoints.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from linnet.phenomena.sloppiness import theory
from linnet.shapes import Float
from linnet.study import Problem

DIMENSIONS = 3
FRACTION = 0.95
DURATIONS = (40, 400, 4000)  # steps
SPACES = 40  # between checkpoints of one duration
MOST_WORK = 4e11  # multiplications of all trajectories together
FEWEST_NETWORKS = 96  # that share one target
LAYERS = 4000  # single outputs of all networks that share one target
TASKS = 2000  # networks of one output, each with a target of its own
FEWEST = DIMENSIONS + 2  # directions that there must be


@dataclass(frozen=True, eq=False)
class Question:
    """What theory takes of the data.

    Attributes:
        directions: In which the inputs vary.
        target: Least-squares weights by mode and output.
        learning_rate: Of descent.
        durations: Steps of training, one for each look.
    """

    directions: theory.Directions
    target: Float[np.ndarray, "r k"]
    learning_rate: float
    durations: tuple[int, ...]

    @property
    def response(self) -> theory.GradientDescent:
        """The method of training."""
        return theory.GradientDescent(self.learning_rate)

    def checkpoints(self, steps: int) -> theory.Checkpoints:
        """When training of that many steps is looked at."""
        at = np.unique(np.round(np.linspace(0, steps, SPACES + 1)))
        return theory.given_checkpoints(at)


@lru_cache(maxsize=8)
def question(problem: Problem) -> Question:
    """Of a problem that `silent_because` says nothing against."""
    directions = theory.input_directions(problem.moments)
    target = directions.coordinates(problem.moments.minimizer().end_to_end)
    return Question(directions, target, learning_rate(problem), durations(problem))


def learning_rate(problem: Problem) -> float:
    """Half the largest stable one: the strongest direction is learned in one step."""
    return float(1 / problem.moments.spectrum()[0])


def durations(problem: Problem) -> tuple[int, ...]:
    """Those of `DURATIONS` that can be simulated within `MOST_WORK`."""
    offered = DURATIONS[:2] if problem.quick else DURATIONS
    return tuple(steps for steps in offered if _work(problem, steps) <= MOST_WORK)


def silent_because(problem: Problem) -> str | None:
    """Why theory has nothing to say of these data, or None."""
    if problem.dataset is None:
        return "there are no samples to train on"
    rank = problem.moments.minimizer().rank
    if rank < FEWEST:
        return (
            f"its inputs vary in {rank} directions only: fewer than {FEWEST} always lie"
            " on a ribbon"
        )
    if problem.moments.input_variance() is not None:
        return "its inputs are white: no direction is learned before another"
    if not durations(problem):
        return (
            f"{networks(problem)} networks of {problem.moments.yx.size:,} weights would"
            " take too long to train"
        )
    return None


def networks(problem: Problem) -> int:
    """How many share one target: of few outputs more, for as good an average."""
    return max(FEWEST_NETWORKS, LAYERS // len(problem.moments.yx))


def _work(problem: Problem, steps: int) -> float:
    outputs, inputs = problem.moments.yx.shape
    trained = max(networks(problem) * outputs, TASKS)
    return float(trained) * steps * inputs**2


@lru_cache(maxsize=64)
def axes(problem: Problem, steps: int) -> theory.BestAxes:
    """Curve from zero and scatter of starts, in that many steps."""
    q = question(problem)
    return theory.best_axes(
        q.directions.variances,
        q.directions.n,
        q.target,
        q.response,
        q.checkpoints(steps),
    )


def even_start(problem: Problem, steps: int) -> float:
    """Deviation at which starts and curve add the same variance."""
    found = axes(problem, steps)
    return float(np.sqrt(found.curve / found.cloud))


def widest_start(problem: Problem, steps: int) -> float:
    """Deviation up to which three dimensions hold 95 %: may be zero, or infinite."""
    return axes(problem, steps).widest_start(FRACTION, DIMENSIONS)


def along(
    problem: Problem, steps: int, init_deviation: float
) -> Float[np.ndarray, "n k 3"]:
    """The best three dimensions in the space of predictions, as theory names them."""
    q = question(problem).directions
    assert problem.dataset is not None  # `silent_because` has seen to it
    modes = problem.dataset.inputs @ q.basis / np.sqrt(q.n * q.variances)
    found = axes(problem, steps).axes(init_deviation, DIMENSIONS)
    return np.einsum("nr,rkq->nkq", modes, found)


def usual_start(problem: Problem) -> float:
    r"""$1/\sqrt{3d}$: weights are uniform within $\pm1/\sqrt d$ by common default."""
    return float(1 / np.sqrt(3 * len(problem.moments.xx)))


def usual_share(problem: Problem, steps: int) -> float:
    """What three dimensions hold from the usual start."""
    return float(axes(problem, steps).share(usual_start(problem), DIMENSIONS))


@lru_cache(maxsize=8)
def averages(problem: Problem, steps: int) -> theory.ModeAverages:
    """What training does to each mode, averaged over checkpoints."""
    q = question(problem)
    return theory.mode_averages(
        q.response, q.directions.variances, q.checkpoints(steps)
    )


@lru_cache(maxsize=8)
def boundary(problem: Problem, steps: int) -> theory.Boundary:
    """At which target ratios three dimensions hold 95 % of networks' own tasks."""
    variances = question(problem).directions.variances
    return theory.ribbon_boundary(
        averages(problem, steps), variances, fraction=FRACTION, dimensions=DIMENSIONS
    )


def even_ratio(problem: Problem, steps: int) -> float:
    """Target ratio at which starts and targets add the same variance."""
    variances, found = question(problem).directions.variances, averages(problem, steps)
    return float(np.sqrt((variances @ found.start) / (variances @ found.target)))


def share_of_tasks(
    problem: Problem, steps: int, target_ratio: float | np.ndarray
) -> Float[np.ndarray, "..."]:
    """Explained variance of three dimensions, a new target for each network."""
    return _leading(_moments(problem, steps, target_ratio))


def share_of_weights(
    problem: Problem, steps: int, target_ratio: float
) -> Float[np.ndarray, "..."]:
    """The same three directions in the space of weights instead of predictions."""
    variances = question(problem).directions.variances
    return _leading(_moments(problem, steps, target_ratio) / variances)


def _moments(
    problem: Problem, steps: int, target_ratio: float | np.ndarray
) -> Float[np.ndarray, "*grid r"]:
    q = question(problem)
    return theory.random_target_spectrum(
        q.directions.variances,
        q.directions.n,
        1.0,
        target_ratio,
        q.response,
        q.checkpoints(steps),
    )


def _leading(values: Float[np.ndarray, "*grid r"]) -> Float[np.ndarray, "*grid"]:
    return np.asarray(values[..., :DIMENSIONS].sum(-1) / values.sum(-1))
