"""Networks on a grid of spikes: how fast they grow, where they turn, how they end."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from linnet.network import Weights, end_to_end
from linnet.phenomena.anisotropy import measure
from linnet.phenomena.anisotropy.claims import phase_runs, starts
from linnet.study import Problem
from linnet.task import Moments

INPUTS, HIDDEN, DEVIATION = 8, 4, 1e-6
ALIGNMENTS = (0.0, 0.3, 0.6, 1.0)
QUICK, FULL = (1.0, 6.0, 30.0), (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # strengths
NONE = (0.0, 0.3)  # no spike: the alignment means nothing
EARLY, LATE = 121, 80  # saved times of growth, and behind it
RELAXED = 8.0  # time that training goes on behind the phases
GROWING = (1e4, 1e-4)  # from this many squared deviations to this part of the corner
Spike = tuple[float, float]


@dataclass(frozen=True)
class Run:
    """What one trained network shows.

    Attributes:
        speed: Half the growth rate of its product while it is small.
        time: When the first coordinate is half its corner.
        corner_loss: Loss over that of the start where that coordinate is the corner;
            NaN where it never is.
        beside: Share of the squared length at the end beside the correlation.
    """

    speed: float
    time: float
    corner_loss: float
    beside: float


def spikes(problem: Problem) -> list[Spike]:
    """Strengths and alignments; without spike first."""
    strengths = QUICK if problem.quick else FULL
    return [NONE, *((rho, a) for a in ALIGNMENTS for rho in strengths)]


def two_phased(problem: Problem) -> list[Spike]:
    """Those with a second phase."""
    return [(rho, a) for rho, a in spikes(problem) if rho and 0 < a < 1]


@lru_cache(maxsize=256)
def trained(problem: Problem, spike: Spike) -> Run:
    """One network, by gradient flow of all weights."""
    moments = phase_runs.task(problem.seed, INPUTS, *spike)
    times, path = _flow(problem, moments)
    axes = phase_runs.axes(moments)
    seen = measure.project(path, axes[:, :1])
    first = seen.coordinates[:, 0]
    corner = float(phase_runs.levels(moments)[0])
    grown, ends = GROWING[0] * DEVIATION**2, GROWING[1] * corner
    early = slice(int(np.argmax(first > grown)), int(np.argmax(first > ends)))
    slope = np.polyfit(times[early], np.log(first[early]), 1)[0]
    half = measure.phase_time(times, first, corner)
    passing = measure.phase_time(times, first, 2 * corner)
    losses = np.array([moments.excess_risk(w[None]) for w in path])
    losses /= moments.excess_risk(np.zeros((1, INPUTS)))
    at = measure.loss_at(times, losses, passing).ratios
    left = float(at[0] * losses[0]) if len(at) else np.nan
    return Run(slope / 2, half.times[0], left, float(seen.outside_share[-1]))


@lru_cache(maxsize=256)
def along_the_line(problem: Problem, spike: Spike) -> float:
    """Loss, over that of the start, of a network that sees one direction of inputs."""
    moments = phase_runs.task(problem.seed, INPUTS, *spike)
    axis = phase_runs.axes(moments)[:, 0]
    seen = np.outer(axis, axis)
    one = Moments(seen @ moments.xx @ seen, moments.yx @ seen, moments.yy)
    _, path = _flow(problem, one, watched=False)
    read = (path[-1] @ axis) * axis
    whole = moments.excess_risk(np.zeros((1, INPUTS)))
    return float(moments.excess_risk(read[None]) / whole)


def _flow(
    problem: Problem, moments: Moments, watched: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    from linnet.dynamics import GradientFlow, simulate

    # Half as much again as the logarithm asks for; then slower and slower.
    grown = -1.5 * np.log(DEVIATION) / np.linalg.norm(moments.yx)
    behind = grown + RELAXED * np.linspace(0.0, 1.0, LATE + 1)[1:] ** 2
    times = np.concatenate([np.linspace(0.0, grown, EARLY), behind])
    run = simulate(
        GradientFlow(moments),
        layers(problem),
        times=(times if watched else times[-1:]).tolist(),
        observe={"product": end_to_end},
        memory_limit=problem.memory_limit,
    )
    return run.times, run["product"][:, 0]


def layers(problem: Problem) -> Weights:
    """The random start, the same for every spike."""
    drawn = starts.gaussian(problem.seed, 1, HIDDEN, INPUTS, DEVIATION)
    return starts.one_draw(drawn, 0)
