"""Claim: a vanishing start rests at the losses of reduced-rank regression."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import end_to_end
from linnet.phenomena.spectral_bias import measure, theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import SpectralBiasClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.figure import Role
from linnet.study.verdict import Observed, Status
from linnet.study.words import power_of_ten

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

LEVELS = "excess loss at the plateaus, as a share of its start"
MAPS = "products at the plateaus"
VANISHING = 1e-13  # scale at which the limit is looked at, in units of the solution
LARGER = (1e-8, 1e-4)  # for comparison, in the figure
LARGEST = 2e7  # entries of a matrix by which an offset is estimated
DISTINCT = 0.9  # of the level before: what stands out as a level of its own
VISIBLE = 3e-4  # largest offset at which a plateau is expected to show
MARGIN = 30  # by which the estimate of the offset may be off: its exponent is right
SLOWED = 0.99  # slope of ln loss against ln time that counts as slow
UNSEEN = 1e-6  # excess loss that is not looked at for slowing down
SETTLED = 1e-4  # canonical levels: estimates of 40 seeds stay below 3.2e-6


class SequentialPlateaus(SpectralBiasClaim):
    """At which losses training rests on its way."""

    name: ClassVar[str] = "sequential_plateaus"
    statement: ClassVar[str] = (
        "From a vanishing start training rests at one plateau after the other; their"
        " losses are those of reduced-rank regression, not of the truncated solution."
    )
    source: ClassVar[str] = (
        "Gidel, Bach and Lacoste-Julien 2019 (statement: modes in sequence at vanishing"
        " initialization); losses and times derived here"
    )
    citations: ClassVar[tuple[str, ...]] = ("gidel2019",)
    formula: ClassVar[str] = (
        r"L_r - L_\ast = \tfrac12\sum_{i>r}s_i^2,\qquad"
        r" s_i = \sigma_i\big(W_\ast (X^\top X/n)^{1/2}\big)"
    )
    domain: ClassVar[str] = (
        "Any inputs; first layer isotropic, second zero at the start; vanishing scale."
        f" On data it is looked at from {power_of_ten(-13)} of the solution's size,"
        " whatever the scale asked for, and only at plateaus at which training is"
        " expected to stay for long enough to settle on them."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = (
        "the solution truncated to its leading modes; where that has the same losses,"
        " one mode more"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Three modes far apart on correlated inputs."""
        return problems.staircase(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Where a plateau should show, and can be reached."""
        shape = runs.check_shape(problem)
        if shape is not None:
            return shape
        if len(runs.directions(problem)) < 2:
            return "there is one mode only, and no plateau between two of them"
        if len(_visible(problem)) == 0:
            settles = (_offsets(problem) <= VISIBLE).any()
            why = (
                "the next is hardly lower" if settles else "it leaves before it settles"
            )
            return f"even from a vanishing start no plateau is expected to show: {why}"
        gamma = VANISHING * runs.size(problem)
        sharpness = runs.curvature(problem, gamma).sharpness
        return runs.too_stiff(sharpness * _times(problem, VANISHING)[-1])

    def status(self, problem: Problem) -> Status:
        """Exact as the scale vanishes."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound:
        """What a vanishing but finite scale leaves: `MARGIN` times its estimate.

        The loss counts the product's offset squared, so that takes the root.
        """
        limit = SETTLED if problem.canonical else MARGIN * VISIBLE
        if label == LEVELS:
            return Bound(limit, relative_to="each")
        return Bound(float(np.sqrt(limit)))

    def predict(self, problem: Problem) -> Quantities:
        """Levels and maps of reduced-rank regression."""
        levels = theory.plateau_losses(problem.moments)
        predicted: dict[str, Observed] = {LEVELS: _shares(problem, levels)}
        if problem.canonical:  # on data the loss hardly tells the product
            ranks = _visible(problem).tolist()
            maps = [theory.reduced_rank_map(problem.moments, rank) for rank in ranks]
            predicted[MAPS] = np.array(maps)
        return predicted

    def wrong(self, problem: Problem) -> Quantities:
        """The truncated solution, or one mode more."""
        levels = _wrong_levels(problem)
        wrong: dict[str, Observed] = {LEVELS: _shares(problem, levels)}
        if problem.canonical:
            left, sigma, right = np.linalg.svd(runs.limit(problem), full_matrices=False)
            ranks = _visible(problem).tolist()
            cut = [(left[:, :rank] * sigma[:rank]) @ right[:rank] for rank in ranks]
            wrong[MAPS] = np.array(cut)
        return wrong

    def observe(self, problem: Problem) -> Quantities:
        """Of all points where the loss rests, those nearest to each level."""
        run, found = _staircase(problem, VANISHING), _nearest(problem)
        observed: dict[str, Observed] = {
            LEVELS: np.array([plateau.level for plateau in found])
        }
        if problem.canonical:
            at = np.searchsorted(run.times, [plateau.time for plateau in found])
            observed[MAPS] = run["product"][at]
        return observed

    def note(self, problem: Problem) -> str:
        """How many plateaus were not looked at."""
        left_out = len(runs.directions(problem)) - 1 - len(_visible(problem))
        if left_out == 0:
            return ""
        plural = "plateaus are" if left_out > 1 else "plateau is"
        return f"{left_out} {plural} not expected to show and not looked at."

    def figure(self, problem: Problem) -> Figure:
        """Excess loss against time in units of the logarithm of the scale."""
        scales = (*(LARGER if problem.canonical else LARGER[-1:]), VANISHING)
        series = [_stairs(problem, theory.plateau_losses(problem.moments), "theory")]
        for color, scale in enumerate(sorted(scales, reverse=True)):
            run = _staircase(problem, scale)
            label = f"start at {power_of_ten(round(np.log10(scale)))}"
            few = slice(1, None, max(1, len(run.times) // 30))
            x = run.times[few] / np.log(1 / scale)
            dots = Series(x, run.gap[few], label, "simulation", len(scales) - color - 1)
            series.append(dots)
        series.append(_stairs(problem, _wrong_levels(problem), "wrong"))
        panel = Panel(
            title="down a staircase",
            x_label="time / ln(1 / scale of the start)",
            y_label="excess loss / its start",
            series=tuple(series),
            x_scale="log",
            y_scale="log",
        )
        return Figure(
            name=self.name,
            caption=(
                "Excess loss on the way of training, from starts of several scales in"
                " units of the solution. The smaller the start, the closer it follows"
                " the staircase of the limit (line): rest at the best loss of every"
                " rank, and a fall when one more mode has grown. The times of the falls"
                " are approached slowly, as one over the logarithm of the scale."
            ),
            panels=(panel,),
        )


@lru_cache(maxsize=4)
def slowdowns(problem: Problem) -> tuple[float, ...] | None:
    """Losses at which a vanishing start slows down without settling, if it can be run.

    For data on which no plateau is expected to show: as shares of the start's excess.
    """
    ends = np.log(1 / VANISHING) * theory.plateau_times(problem.moments)
    gamma, last = VANISHING * runs.size(problem), 3 * float(ends[-1])
    sharpness = runs.curvature(problem, gamma).sharpness
    if runs.check_shape(problem) or runs.too_stiff(sharpness * last):
        return None
    times = np.geomspace(0.2 * ends[0], last, 400)
    run = _flow(problem, VANISHING, times, stop_gap=UNSEEN)
    seen = run.gap[1:] > UNSEEN
    found = measure.plateaus(run.times[1:][seen], run.gap[1:][seen], flat=SLOWED)
    return tuple(plateau.level for plateau in found if plateau.level < DISTINCT)


def _visible(problem: Problem) -> np.ndarray:
    """Ranks of the plateaus that should show, by theory alone."""
    levels = theory.plateau_losses(problem.moments)
    offsets = _offsets(problem)
    ranks = np.arange(1, len(offsets) + 1)
    falls = levels[1:] <= DISTINCT * levels[:-1]
    return ranks[(offsets <= VISIBLE) & falls[ranks - 1] & falls[ranks]]


@lru_cache(maxsize=4)
def _offsets(problem: Problem) -> np.ndarray:
    """Of as many plateaus as can be foreseen."""
    k, d = problem.moments.yx.shape
    most = int(LARGEST / (k * d * (k + d)))
    ranks = min(len(runs.directions(problem)) - 1, most)
    gamma = VANISHING * runs.size(problem)
    return theory.plateau_offsets(problem.moments, gamma, ranks)


def _shares(problem: Problem, levels: np.ndarray) -> np.ndarray:
    """Levels of the plateaus that should show, in units of the start's excess loss."""
    start = theory.plateau_losses(problem.moments)[0]
    return levels[_visible(problem)] / start


def _wrong_levels(problem: Problem) -> np.ndarray:
    """Of the truncated solution, unless they are the same; else one mode further."""
    levels = theory.plateau_losses(problem.moments)
    truncated = theory.truncated_losses(problem.moments)[: len(levels)]
    if _truncation_differs(problem):
        return truncated
    return np.append(levels[1:], 0.0)


def _truncation_differs(problem: Problem) -> bool:
    """Whether it is another one by more than the test can miss."""
    right = _shares(problem, theory.plateau_losses(problem.moments))
    other = _shares(problem, theory.truncated_losses(problem.moments))
    test = SequentialPlateaus().test(problem, LEVELS)
    return bool(np.abs(other / right - 1).max() > 2 * test.margin * test.limit)


def _wrong_name(problem: Problem) -> str:
    truncated = _truncation_differs(problem)
    return "truncated solution" if truncated else "one mode more"


def _nearest(problem: Problem) -> list[measure.Plateau]:
    """For each level the plateau that was seen closest to it."""
    run = _staircase(problem, VANISHING)
    at_start = measure.Plateau(float(run.times[1]), float(run.gap[1]), 0.0)
    seen = (at_start, *measure.plateaus(run.times[1:], run.gap[1:]))
    levels = _shares(problem, theory.plateau_losses(problem.moments))
    return [
        min(seen, key=lambda plateau: abs(np.log(plateau.level / level)))
        for level in levels
    ]


def _times(problem: Problem, scale: float) -> np.ndarray:
    """From before the first fall to well after the last plateau that should show."""
    ends = np.log(1 / scale) * theory.plateau_times(problem.moments)
    last = int(_visible(problem)[-1])
    return np.geomspace(0.2 * ends[0], 3 * ends[last], 400)


@lru_cache(maxsize=8)
def _staircase(problem: Problem, scale: float) -> "Trajectory":
    """Gradient flow until it has left the last plateau that should show."""
    levels = theory.plateau_losses(problem.moments)
    last = int(_visible(problem)[-1])
    left = (0.1 * levels[last] + 0.9 * levels[last + 1]) / levels[0]
    return _flow(problem, scale, _times(problem, scale), stop_gap=float(left))


def _flow(
    problem: Problem, scale: float, times: np.ndarray, stop_gap: float
) -> "Trajectory":
    from linnet.dynamics import GradientFlow, simulate

    return simulate(
        GradientFlow(problem.moments),
        runs.start(problem, scale * runs.size(problem)),
        times=[0.0, *times.tolist()],
        observe={"product": end_to_end},
        tolerance=1e-10 if problem.canonical else None,
        stop_gap=stop_gap,
        memory_limit=problem.memory_limit,
    )


def _stairs(problem: Problem, levels: np.ndarray, role: Role) -> Series:
    """Rest at each level until the next mode has grown."""
    moments = problem.moments
    count = int(_visible(problem)[-1]) + 1
    ends = np.repeat(theory.plateau_times(moments)[:count], 2)
    height = np.repeat(levels[: count + 1], 2) / theory.plateau_losses(moments)[0]
    x = np.concatenate([[0.2 * ends[0]], ends])
    names = {"theory": "reduced-rank regression", "wrong": _wrong_name(problem)}
    return Series(x, np.where(height[:-1] > 0, height[:-1], np.nan), names[role], role)
