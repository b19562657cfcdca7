r"""Claim: how long deep networks stay at zero: a power of the start, not a logarithm.

While a network of L layers is small its flow is homogeneous of degree L - 1 in the
weights. Scaling a start by s therefore scales its time by $s^{-(L-2)}$, exactly so as
the start vanishes, whatever its shape.
"""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import SmallGaussian, Weights, end_to_end
from linnet.numerics import crossing
from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import phase_runs, problems, starts
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status
from linnet.study.words import number

TIMES = "half time of the first phase, balanced start, depth {}"
EXPONENT = "exponent of that time in the weights' size, random starts, depth {}"

SPIKE, ALIGNMENT, INPUTS, HIDDEN = 10.0, 0.5, 8, 4
DEPTHS = (3, 4)
LENGTHS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)  # of the product at the start
SIZES = {3: (1e-2, 2e-3, 4e-4), 4: (3e-2, 1e-2, 3e-3)}  # of weights of random starts
DRAWS, FEWER = 6, 3
COARSE, FINE, AROUND = 250, 21, 0.03  # saved times: where is it, and then closer
SPAN = (1e-2, 1e1)  # of times in which it is looked for, in units of the power law
LEFT = 0.2  # excess loss at which it is over


class DeepEscape(CanonicalClaim):
    """The first phase of three and more layers."""

    name: ClassVar[str] = "deep_escape"
    statement: ClassVar[str] = (
        "With more than two layers the wait before the first phase grows as a power of"
        " how small the start is, not as its logarithm."
    )
    formula: ClassVar[str] = (
        r"t_{1/2} \simeq \frac{c_0^{-(1-2/L)}}{(L-2)\,s_1},\qquad"
        r" t_{1/2} \propto s^{-(L-2)}"
    )
    domain: ClassVar[str] = (
        "Depth $L\\ge3$, one output, any covariance, gradient flow. For balanced layers"
        r" of rank one, whose product starts at $c_0$ along the input-output"
        " correlation, the time is exact from two equations, and the first formula is"
        " its limit for small $c_0$. For random starts of weights of size $s$ only the"
        r" power is a law, for small $s$ to relative order $s^{L-2}$; its factor"
        " depends on the draw. Derived here."
    )
    wrong_theory: ClassVar[str] = "the logarithm of two layers"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One spike; depth is set here."""
        task = problems.planted(INPUTS, (SPIKE,), (ALIGNMENT,), seed=seed)
        return problems.population(
            task,
            f"one spike of strength {SPIKE:g}, three and four layers",
            hidden=HIDDEN,
            deviation=SIZES[3][-1],
            seed=seed,
            quick=quick,
        )

    def status(self, problem: Problem) -> Status:
        """Of small starts, for the power."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound:
        """Interpolation; a hundredth for the power, from starts of 1e-3 and below."""
        limit = 1e-5 if label in map(TIMES.format, DEPTHS) else 0.01
        return Bound(limit, relative_to="each")

    def predict(self, problem: Problem) -> Quantities:
        """The closed flow of this depth; the power by homogeneity."""
        times = {
            TIMES.format(depth): np.array(
                [_predicted(problem, depth, c) for c in LENGTHS]
            )
            for depth in DEPTHS
        }
        count = _draws(problem)
        powers = {EXPONENT.format(n): np.full(count, 2.0 - n) for n in DEPTHS}
        return {**times, **powers}

    def wrong(self, problem: Problem) -> Quantities:
        """What two layers would do from a product as small."""
        times = theory.half_time(problem.moments, LENGTHS, depth=2)
        found: dict[str, np.ndarray] = {TIMES.format(n): times for n in DEPTHS}
        for depth in DEPTHS:
            sizes = np.array(SIZES[depth][-2:])
            late = np.log(theory.half_time(problem.moments, sizes**depth, depth=2))
            power = (late[1] - late[0]) / np.log(sizes[1] / sizes[0])
            found[EXPONENT.format(depth)] = np.full(_draws(problem), power)
        return found

    def observe(self, problem: Problem) -> Quantities:
        """Gradient flow of all weights."""
        found: dict[str, np.ndarray] = {
            TIMES.format(depth): np.array(
                [_balanced(problem, depth, c) for c in LENGTHS]
            )
            for depth in DEPTHS
        }
        for depth in DEPTHS:
            sizes = SIZES[depth][-2:]
            times = np.array([random_times(problem, depth, size) for size in sizes])
            power = np.log(times[1] / times[0]) / np.log(sizes[1] / sizes[0])
            found[EXPONENT.format(depth)] = power
        return found

    def note(self, problem: Problem) -> str:
        """How much the factor of the power depends on the draw."""
        spread = []
        for depth in DEPTHS:
            times = random_times(problem, depth, SIZES[depth][-1])
            spread.append(number(float(times.max() / times.min()), 2))
        told = " and ".join(spread)
        return f"Between random starts of one size times differ by factors of {told}."

    def figure(self, problem: Problem) -> Figure:
        """Time against start, balanced and random."""
        return Figure(
            name=self.name,
            caption=(
                "Time until half of the first phase is over, on logarithmic axes, so"
                " that a power is a straight line. Left: balanced starts, against the"
                " length of the product; dotted, the power law alone. Two layers would"
                " wait the logarithm only (dashed). Right: random starts, against the"
                " size of the weights; lines have the predicted power and begin at the"
                " smallest start of a draw. How long a draw waits is not told by its"
                " product, which may even point away from the target."
            ),
            panels=(_balanced_panel(problem), _random_panel(problem)),
        )


def _draws(problem: Problem) -> int:
    return FEWER if problem.quick else DRAWS


def _close(problem: Problem, depth: int, length: float) -> np.ndarray:
    """Times around the one that the line along the correlation alone would give."""
    middle = theory.half_time(problem.moments, length, depth=depth)
    return middle * np.linspace(0.7, 1.2, 101)


@lru_cache(maxsize=64)
def _predicted(problem: Problem, depth: int, length: float) -> float:
    basis = theory.adapted_basis(problem.moments)
    times = np.append(0.0, _close(problem, depth, length))
    start = length * np.eye(basis.dimensions)[0]
    path = theory.reduced_flow(
        basis.moment, basis.drive_vector, start, times, depth=depth
    )
    return crossing(times, path[:, 0], basis.plateaus[0, 0] / 2).time


@lru_cache(maxsize=64)
def _balanced(problem: Problem, depth: int, length: float) -> float:
    axis = problem.moments.yx[0] / np.linalg.norm(problem.moments.yx)
    start = starts.rank_one(
        axis, length, problem.hidden, depth=depth, seed=problem.seed
    )
    return _half(problem, start, _close(problem, depth, length))


@lru_cache(maxsize=32)
def random_times(problem: Problem, depth: int, size: float) -> np.ndarray:
    """Half times of random starts, the same draws at every size."""
    sizes = (INPUTS, *[problem.hidden] * (depth - 1), 1)
    unit = size ** (2 - depth) / np.linalg.norm(problem.moments.yx)
    found = []
    for draw in range(_draws(problem)):
        rng = np.random.default_rng([problem.seed, depth, draw])
        start = SmallGaussian(size).weights(sizes, rng)
        time = _half(problem, start, unit * np.geomspace(*SPAN, COARSE))
        closer = time * (1 + AROUND * np.linspace(-1, 1, FINE))
        found.append(_half(problem, start, closer))
    return np.array(found)


def _half(problem: Problem, start: Weights, times: np.ndarray) -> float:
    """When the product has gone half of the way along the correlation."""
    from linnet.dynamics import GradientFlow, simulate

    run = simulate(
        GradientFlow(problem.moments),
        start,
        times=[0.0, *times.tolist()],
        observe={"product": end_to_end},
        method="dopri8",  # stopped before anything is stiff
        stop_gap=LEFT,
        memory_limit=problem.memory_limit,
    )
    axis = problem.moments.yx[0] / np.linalg.norm(problem.moments.yx)
    corner = float(phase_runs.levels(problem.moments)[0])
    along = run["product"][:, 0] @ axis
    return measure.phase_time(run.times, along, corner).median


def _balanced_panel(problem: Problem) -> Panel:
    line = np.geomspace(LENGTHS[-1], LENGTHS[0], 60)
    series, dotted = [], []
    for color, depth in enumerate(DEPTHS):
        label = f"{depth} layers"
        y = theory.half_time(problem.moments, line, depth=depth)
        seen = np.array([_balanced(problem, depth, c) for c in LENGTHS])
        law = theory.first_phase_time(problem.moments, line, depth=depth)
        series.append(Series(line, y, label, "theory", color))
        series.append(Series(np.array(LENGTHS), seen, label, "simulation", color))
        name = "" if color else "power law alone"
        dotted.append(Series(line, law, name, "guide", color))
    two = theory.half_time(problem.moments, line, depth=2)
    series += [*dotted, Series(line, two, "two layers", "wrong")]
    return Panel(
        title="balanced starts",
        x_label="length of the product at the start",
        y_label="half time (learning rate × steps)",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )


def _random_panel(problem: Problem) -> Panel:
    series = []
    for color, depth in enumerate(DEPTHS):
        sizes = np.array(SIZES[depth])
        times = np.array([random_times(problem, depth, size) for size in sizes])
        label = f"{depth} layers, power {2 - depth}"
        for draw, seen in enumerate(times.T):
            line = seen[-1] * (sizes / sizes[-1]) ** (2.0 - depth)
            name = "" if draw else label
            series.append(Series(sizes, line, name, "theory", color))
            series.append(Series(sizes, seen, name, "simulation", color))
    sizes = np.array(SIZES[DEPTHS[0]])
    two = theory.half_time(problem.moments, sizes ** DEPTHS[0], depth=2)
    series.append(Series(sizes, two, "two layers", "wrong"))
    return Panel(
        title="random starts",
        x_label="standard deviation of initial weights",
        y_label="half time (learning rate × steps)",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )
