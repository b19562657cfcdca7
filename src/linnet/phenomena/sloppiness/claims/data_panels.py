"""Panels of a user's data: shares of three dimensions against what decides them."""

from collections.abc import Mapping

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness.claims import data_question
from linnet.phenomena.sloppiness.claims.data_question import (
    DIMENSIONS,
    FRACTION,
    SPACES,
)
from linnet.study import Field, Panel, Problem, Series

GRID = 61  # places of a predicted line
ROWS = 24  # durations of the map
MARGIN = 1.3  # around those that are simulated: dots stay within
REACH = 30.0  # how far the axis of target ratios goes on either side
SHARE = "share of the variance in three dimensions"
UPRIGHT = "upright: usual start"
START = "deviation of the weights at the start"

Seen = Mapping[tuple[int, float], Estimate]


def over_starts_and_steps(problem: Problem, seen: Seen) -> Panel:
    """Starts and durations, with the closed boundary of the ribbon."""
    starts = _starts(problem)
    longest = data_question.durations(problem)[-1]
    durations = np.geomspace(SPACES / MARGIN, MARGIN * longest, ROWS).round()
    every = [data_question.axes(problem, int(steps)) for steps in durations]
    shares = [axes.share(starts, DIMENSIONS) for axes in every]
    edge = [data_question.widest_start(problem, int(steps)) for steps in durations]
    within = [start if starts[0] < start < starts[-1] else np.nan for start in edge]
    places = np.array(list(seen))
    dots = Series(
        places[:, 1],
        places[:, 0],
        role="simulation",
        shade=np.array([one.value for one in seen.values()]),
    )
    border = Series(np.array(within), durations, "95 %: ribbon to the left")
    return Panel(
        "starts that make a ribbon",
        START,
        "steps of training",
        (border, dots) if np.isfinite(within).any() else (dots,),
        x_scale="log",
        y_scale="log",
        field=Field(starts, durations, np.array(shares), "share in three", 0, 1),
    )


def over_starts(problem: Problem, seen: Seen) -> Panel:
    """Networks that learn the data's target."""
    starts = _starts(problem)
    usual = data_question.usual_start(problem)
    series = [
        _edge(starts),
        Series(
            np.full(2, usual), np.array([0.0, 1.0]), "upright: usual start", "guide"
        ),
    ]
    for color, steps in enumerate(data_question.durations(problem)):
        axes = data_question.axes(problem, steps)
        share = axes.share(starts, DIMENSIONS)
        series.append(Series(starts, share, f"{steps} steps", color=color))
        series.append(_dots(seen, steps, color))
    return Panel(
        "all learn the data's target", START, SHARE, tuple(series), x_scale="log"
    )


def over_targets(problem: Problem, seen: Seen) -> Panel:
    """Networks that learn a target of their own."""
    even = [
        data_question.even_ratio(problem, steps)
        for steps in data_question.durations(problem)
    ]
    grid = np.geomspace(min(even) / REACH, max(even) * REACH, GRID)
    series = [_edge(grid)]
    for color, steps in enumerate(data_question.durations(problem)):
        share = data_question.share_of_tasks(problem, steps, grid)
        series.append(Series(grid, share, f"{steps} steps", color=color))
        series.append(_dots(seen, steps, color))
    return Panel(
        "each learns its own target",
        "weights of the target / weights at the start",
        SHARE,
        tuple(series),
        x_scale="log",
    )


def _starts(problem: Problem) -> np.ndarray:
    """From well inside the ribbon to beyond the usual start."""
    usual = data_question.usual_start(problem)
    even = [
        data_question.even_start(problem, steps)
        for steps in data_question.durations(problem)
    ]
    return np.geomspace(min([*even, usual]) / 30, max([*even, usual]) * 10, GRID)


def _dots(seen: Seen, steps: int, color: int) -> Series:
    own = {place: one for (at, place), one in seen.items() if at == steps}
    return Series(
        np.array(list(own)),
        np.array([one.value for one in own.values()]),
        role="simulation",
        color=color,
        stderr=np.array([one.stderr for one in own.values()]),
    )


def _edge(grid: np.ndarray) -> Series:
    return Series(grid[[0, -1]], np.full(2, FRACTION), "level: a ribbon, 95 %", "guide")
