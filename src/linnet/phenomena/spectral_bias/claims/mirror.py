"""Claims: singular values descend as a mirror flow, the matrix itself does not."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import end_to_end
from linnet.phenomena.spectral_bias import measure, theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import SpectralBiasClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status
from linnet.study.words import number

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

SPEEDS = "velocity of every singular value"
SYMMETRIC, ANTISYMMETRIC = "symmetric mobility", "antisymmetric mobility"
RICH = 0.1  # scale of the start in units of the solution: the frame turns, and it shows
WIDTHS = (1e-8, 1e-3, 0.1, 10.0)  # of the mirror map, for its potential
MODES = 3  # leading ones that are drawn, and whose pairs are looked at


class MirrorFlow(SpectralBiasClaim):
    """How singular values move, told by the product alone."""

    name: ClassVar[str] = "mirror_flow"
    statement: ClassVar[str] = (
        "The singular values of the product follow a mirror flow of their own: each"
        " moves at a speed that it and the initial scale alone set."
    )
    formula: ClassVar[str] = (
        r"\dot\sigma_i = -2\sqrt{\tfrac{\gamma^2}{4} + \sigma_i^2}\;"
        r"\frac{\partial L}{\partial \sigma_i}"
    )
    domain: ClassVar[str] = (
        "Two layers, first isotropic (hidden width at least the inputs), second zero at"
        " the start; any data, any loss of the product, all times."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = "twice the width of the mirror map"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Correlated inputs: the singular vectors turn all the time."""
        return problems.anisotropic(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Where training can be followed to its end."""
        return runs.out_of_reach(problem, [_scale(problem)])

    def status(self, problem: Problem) -> Status:
        """Exact for the flow."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """Solver accuracy: 1e-8 on canonical problems, 1e-5 on data (RKC3)."""
        return Bound(1e-8 if problem.canonical else 1e-5)

    def predict(self, problem: Problem) -> Quantities:
        """From the product at each time."""
        return {SPEEDS: _speeds(problem, 1.0)}

    def wrong(self, problem: Problem) -> Quantities:
        """The same with a mirror map twice as wide."""
        return {SPEEDS: _speeds(problem, 2.0)}

    def observe(self, problem: Problem) -> Quantities:
        """From the gradients of both layers, through the rule of the product."""
        return {SPEEDS: np.array([seen.speed for seen in _motions(problem)])}

    def note(self, problem: Problem) -> str:
        """Nothing: any time will do."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Speed over pull against the singular value: one curve for all modes."""
        gamma, motions = _scale(problem), _motions(problem)
        count = _count(problem)
        sigma = np.array([seen.sigma[:count] for seen in motions])
        ratio = -np.array([(seen.speed / seen.pull)[:count] for seen in motions])
        line = np.geomspace(max(sigma.min(), 1e-3 * gamma), sigma.max(), 200)
        series = [Series(line, 2 * np.hypot(gamma / 2, line), "mirror flow")]
        series.append(Series(line, 2 * np.hypot(gamma, line), "twice as wide", "wrong"))
        for i in range(count):
            label = f"mode {i + 1}"
            series.append(Series(sigma[:, i], ratio[:, i], label, "simulation", i))
        panel = Panel(
            title="one mobility for all modes",
            x_label="singular value of the product",
            y_label="its speed over its pull",
            series=tuple(series),
            x_scale="log",
            y_scale="log",
        )
        return Figure(
            name=self.name,
            caption=(
                "How fast a singular value moves for a unit of pull by the loss, at all"
                " times of training: the modes, however their directions turn, lie on"
                " one curve. Its inverse is the curvature of a potential, drawn beside"
                " it: nearly the singular value (nuclear norm) from a tiny start,"
                " nearly its square (Frobenius norm) from a large one."
            ),
            panels=(panel, _potentials()),
        )


class MirrorDefect(SpectralBiasClaim):
    """What the mirror flow hides."""

    name: ClassVar[str] = "mirror_defect"
    statement: ClassVar[str] = (
        "The matrix of the product does not follow the mirror flow of its singular"
        " values: its singular vectors turn faster, by a factor that grows with the"
        " distance of the modes."
    )
    formula: ClassVar[str] = (
        r"\frac{\text{mobility}}{\text{of the mirror flow}} = \frac{x}{\tanh x},\quad"
        r" x = \tfrac12\left(\operatorname{arcsinh}\tfrac{\sigma_i}{\delta} \mp"
        r" \operatorname{arcsinh}\tfrac{\sigma_j}{\delta}\right)"
    )
    domain: ClassVar[str] = (
        r"As the mirror flow, $\delta = \gamma/2$; entries off the diagonal in the"
        " frame of the singular vectors, symmetric (minus) and antisymmetric part"
        " (plus)."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = "the mirror flow of the hyperbolic entropy"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Correlated inputs: the singular vectors turn all the time."""
        return problems.anisotropic(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Where there are two modes to turn into each other."""
        if len(runs.directions(problem)) < 2:
            return "there is one mode only, and no other to turn into"
        if problem.moments.input_variance() is not None:
            return "on white inputs the modes never turn"
        return runs.out_of_reach(problem, [_scale(problem)])

    def status(self, problem: Problem) -> Status:
        """Exact for the flow."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """1e-6 on canonical problems, 1e-4 on data; of each, since pulls differ."""
        return Bound(1e-6 if problem.canonical else 1e-4, relative_to="each")

    def predict(self, problem: Problem) -> Quantities:
        """Mobilities of the mirror flow, times the defect."""
        return _mobilities(problem, with_defect=True)

    def wrong(self, problem: Problem) -> Quantities:
        """Without the defect."""
        return _mobilities(problem, with_defect=False)

    def observe(self, problem: Problem) -> Quantities:
        """Turning of the singular vectors over the pull that turns them."""
        chosen = _turning(problem)
        return {
            SYMMETRIC: _pairs(problem, [seen.symmetric for seen in chosen]),
            ANTISYMMETRIC: _pairs(problem, [seen.antisymmetric for seen in chosen]),
        }

    def note(self, problem: Problem) -> str:
        """Nothing: any time will do."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Ratio of mobilities against the distance of the modes."""
        slow, seen = self.wrong(problem), self.observe(problem)
        delta, chosen = _scale(problem) / 2, _turning(problem)
        u = [np.arcsinh(motion.sigma / delta) for motion in chosen]
        series, top = [], 0.0
        for color, (label, sign) in enumerate(((SYMMETRIC, -1), (ANTISYMMETRIC, 1))):
            x = _pairs(problem, [(v[:, None] + sign * v) / 2 for v in u]).ravel()
            ratio = np.ravel(np.asarray(seen[label]) / np.asarray(slow[label]))
            series.append(Series(np.abs(x), ratio, label, "simulation", color))
            top = max(top, float(np.abs(x).max()))
        line = np.linspace(1e-3, top, 200)
        law = Series(line, line / np.tanh(line), "x / tanh x")
        mirror = Series(line, np.ones(200), "mirror flow of the matrix", "wrong")
        panel = Panel(
            title="faster than a mirror flow",
            x_label="half difference (or sum) of arcsinh modes, x",
            y_label="speed of turning / that of the mirror flow",
            series=(law, mirror, *series),
        )
        return Figure(
            name=self.name,
            caption=(
                "How much faster singular vectors turn than the mirror flow of the"
                " singular values would let them, for every pair of the leading modes"
                " at several times of training. The flow is a mirror flow of its"
                " singular values, hidden in a matrix flow that is none."
            ),
            panels=(panel,),
        )


def _potentials() -> Panel:
    """The hyperbolic entropy between its two limits."""
    sigma = np.linspace(0, 1, 101)
    series = []
    for color, delta in enumerate(WIDTHS):
        entropy = np.asarray(theory.hyperbolic_entropy(sigma, delta))
        label = rf"$\delta$ = {number(delta, 3)}"
        series.append(Series(sigma, entropy / entropy[-1], label, "theory", color))
    for power, name in ((1, "singular value"), (2, "its square")):
        series.append(Series(sigma, sigma**power, f"limit: {name}", "guide"))
    return Panel(
        title="its potential: between two norms",
        x_label="singular value of the product",
        y_label="hyperbolic entropy / its value at 1",
        series=tuple(series),
    )


def _scale(problem: Problem) -> float:
    return RICH * runs.size(problem)


def _speeds(problem: Problem, widening: float) -> np.ndarray:
    delta = widening * _scale(problem) / 2
    products = _followed(problem)["product"]
    return np.array(
        [
            theory.singular_value_velocity(product, problem.moments, delta)
            for product in products
        ]
    )


def _mobilities(problem: Problem, with_defect: bool) -> Quantities:
    delta = _scale(problem) / 2
    parts: dict[str, list[np.ndarray]] = {SYMMETRIC: [], ANTISYMMETRIC: []}
    for motion in _turning(problem):
        slow = theory.mirror_mobility(motion.sigma, delta)
        ratio = theory.mirror_defect(motion.sigma, delta)
        for label, mobility, factor in zip(parts, slow, ratio, strict=True):
            whole = mobility * factor if with_defect else mobility
            parts[label].append(whole)
    return {label: _pairs(problem, found) for label, found in parts.items()}


def _pairs(problem: Problem, matrices: list[np.ndarray]) -> np.ndarray:
    """Entries above the diagonal, of the leading modes."""
    rows, columns = np.triu_indices(_count(problem), 1)
    return np.array([matrix[rows, columns] for matrix in matrices])


def _count(problem: Problem) -> int:
    return min(MODES, len(runs.directions(problem)))


def _turning(problem: Problem) -> list[measure.FrameMotion]:
    """The middle of training: not so early that all is rounding, nor at rest."""
    motions = _motions(problem)
    size = runs.size(problem)
    grown = [m for m in motions if 0.05 * size < m.sigma[0]]
    return grown[: max(1, len(grown) // 2)] or motions[-1:]


@lru_cache(maxsize=4)
def _motions(problem: Problem) -> list[measure.FrameMotion]:
    run, moments = _followed(problem), problem.moments
    found = []
    for first, second in zip(run["first"], run["second"], strict=True):
        product = second @ first
        pull = product @ moments.xx - moments.yx
        velocity = measure.product_velocity((first, second), pull)
        found.append(measure.frame_motion(product, velocity, pull))
    return found


@lru_cache(maxsize=4)
def _followed(problem: Problem) -> "Trajectory":
    """Both layers on their way; from the first growth to the end of learning."""
    from linnet.dynamics import GradientFlow, simulate

    gamma = _scale(problem)
    half = runs.half_times(problem, gamma)
    times = np.geomspace(0.1 * half.min(), 3 * half.max(), 16 if problem.quick else 40)
    return simulate(
        GradientFlow(problem.moments),
        runs.start(problem, gamma),
        times=times.tolist(),
        observe={
            "product": end_to_end,
            "first": runs.first_layer,
            "second": runs.second_layer,
        },
        tolerance=1e-11 if problem.canonical else None,
        memory_limit=problem.memory_limit,
    )
