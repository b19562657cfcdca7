"""Claim: wide networks have the ribbon of their tangent kernel."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import wide_runs
from linnet.phenomena.sloppiness.claims.source import CanonicalClaim
from linnet.phenomena.sloppiness.claims.wide_runs import (
    INPUTS,
    RATE,
    SAMPLES,
    STEPS,
    TEACHER,
)
from linnet.shapes import Float
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

OUTPUTS = "kernel of the outputs at the start"
TANGENT = "tangent kernel"
PLAIN = "log widths of the cloud along modes"
CENTERED = "the same, outputs at the start subtracted"
CLOUDS = PLAIN, CENTERED
ORDER = "power of 1/width of the mean square departure from kernel descent"
WIDE = 512
SCATTER = f"and scatter at width {WIDE}"
LARGE = 0.5  # of a prediction: modes that are off by more are not asked
FOURTH = 3.0  # moment of a normal weight: relative variance of a kernel times width

Matrix = Float[np.ndarray, "n n"]


class LazyNetworks(CanonicalClaim):
    """Networks of one hidden layer, all layers trained."""

    name: ClassVar[str] = "lazy_networks"
    statement: ClassVar[str] = (
        "Wide networks have the ribbon of a kernel machine: their tangent kernel says"
        " how it is trained, their outputs at the start how wide it begins; with the"
        " outputs at the start subtracted, there is no plateau."
    )
    formula: ClassVar[str] = (
        r"M_{ij} \to (K_0)_{ij}\langle h_ih_j\rangle"
        r" + (K_y)_{ij}\langle(1-h_i)(1-h_j)\rangle,\quad"
        r" K = \mathbb E\,\partial_\theta f\cdot\partial_\theta f,\quad"
        r" K_0 = \mathbb E f f \ne K \quad (K_0 = 0\ \mathrm{centered})"
    )
    domain: ClassVar[str] = (
        "One hidden layer of ReLU, standard normal weights, gradient descent on all of"
        " them, for width to infinity at fixed data and steps. Means of the kernels are"
        " exact at any width. One network departs from kernel descent by"
        r" $O(1/\sqrt{\mathrm{width}})$, the second moment by $O(1/\mathrm{width})$;"
        " its error here is the mean square that kernels add, which scatter like those"
        " of as many random features, $\\mathrm{Var}K_{ij} ="
        " 3K_{ii}K_{jj}(1+\\delta_{ij})/\\mathrm{width}$; modes where that exceeds half"
        " of the prediction are not asked. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "one kernel does for all, as in a linear model: starts spread like the tangent"
        " kernel (tangent kernel: only the last layer trains; outputs subtracted: the"
        " cloud stays as it is; power: 2)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Few inputs of a sloppy spectrum."""
        return wide_runs.problem(seed, quick)

    def status(self, problem: Problem) -> Status:
        """For wide networks."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """By errors over networks, and those of what is left at this width."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From kernels in closed form."""
        given = _kernels(problem.seed)
        clouds = {label: _predicted(problem, label) for label in CLOUDS}
        return {
            OUTPUTS: given.outputs[0],
            TANGENT: given.tangent[0],
            **{label: _asked(problem, label, cloud) for label, cloud in clouds.items()},
            ORDER: Estimate(np.array(1.0), np.array(_next_order(problem)), np.inf),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """One kernel for outputs and tangents; starts that do not matter."""
        given = _kernels(problem.seed)
        clouds = {label: _wrong(problem, label) for label in CLOUDS}
        return {
            OUTPUTS: given.tangent[0],
            TANGENT: given.outputs[0],
            **{label: _asked(problem, label, cloud) for label, cloud in clouds.items()},
            ORDER: 2.0,
        }

    def observe(self, problem: Problem) -> Quantities:
        """Kernels and clouds of random networks."""
        outputs, tangent = wide_runs.measured(problem.seed)
        clouds = {label: _seen(problem, label) for label in CLOUDS}
        return {
            OUTPUTS: _first_row(outputs),
            TANGENT: _first_row(tangent),
            **{label: _asked(problem, label, cloud) for label, cloud in clouds.items()},
            ORDER: _power(problem),
        }

    def note(self, problem: Problem) -> str:
        """Nothing: a network that diverged is an error."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Both clouds, and how networks become lazy."""
        return Figure(
            name=self.name,
            caption=(
                f"Left: {_count(problem)} networks with {WIDE} hidden units (dots) are"
                " spread along the modes of their tangent kernel as kernel machines are"
                " that start with the networks' own outputs (line); starts that spread"
                " like the tangent kernel would be wider (dashed). Middle: the outputs"
                " at the start are subtracted; what is left falls without a plateau"
                " (dashed: the cloud of the left). To the weakest modes the scatter of"
                " kernels at this width adds (dotted: expected size). Right: one"
                " network departs from kernel descent the less the wider it is, in mean"
                " square like 1/width (line, through the last dot; dashed: 1/width²)."
            ),
            panels=(
                _panel(problem, PLAIN, "wide networks", "starts like tangents"),
                _panel(problem, CENTERED, "start subtracted", "not subtracted"),
                _order(problem),
            ),
        )


def _count(problem: Problem) -> int:
    """Wide networks."""
    return 1024 if problem.quick else 4096


@lru_cache(maxsize=8)
def _kernels(seed: int) -> theory.HiddenLayerKernels:
    return theory.hidden_layer_kernels(wide_runs.inputs(seed))


@lru_cache(maxsize=8)
def _modes(seed: int) -> theory.KernelModes:
    return theory.kernel_modes(_kernels(seed).tangent)


def _predicted(problem: Problem, label: str) -> Estimate:
    starts = _kernels(problem.seed).outputs
    return _cloud(problem.seed, starts if label == PLAIN else np.zeros_like(starts))


def _wrong(problem: Problem, label: str) -> Estimate:
    given = _kernels(problem.seed)
    return _cloud(problem.seed, given.tangent if label == PLAIN else given.outputs)


def _asked(problem: Problem, label: str, cloud: Estimate) -> Estimate:
    """Logarithms, of those modes that theory says something about.

    Mean squares of a few hundred networks are skewed, their logarithms hardly.
    """
    told = _predicted(problem, label)
    at = told.stderr < LARGE * told.value
    value = cloud.value[at]
    return Estimate(np.log(value), cloud.stderr[at] / value, cloud.effective_samples)


def _cloud(seed: int, starts: Matrix) -> Estimate:
    """Widths along the modes of the tangent kernel, and how far they may be off."""
    modes, x = _modes(seed), wide_runs.inputs(seed)
    targets = TEACHER**2 * theory.linear_kernel(x) / INPUTS
    moment = theory.kernel_moment(
        modes,
        starts,
        targets,
        theory.GradientDescent(RATE),
        theory.uniform_checkpoints(STEPS),
    )
    to_learn = _along(modes.basis, starts + targets)
    return Estimate(_along(modes.basis, moment), _left(modes, to_learn), np.inf)


def _left(
    modes: theory.KernelModes, to_learn: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    r"""Mean square that the scatter of kernels adds to each mode, to first order.

    A kernel that is off by $\delta K$ changes mode i by $\frac\eta n\sum_j\delta K_{ij}
    r_jS_{ij}(t)$ with $S_{ij} = (\rho_i^t-\rho_j^t)/(\rho_i-\rho_j)$ and $r$ what there
    is to learn. Correlations with the start and the drift of the kernel are of the same
    order.
    """
    rate = modes.variances
    kept = 1 - RATE * rate
    kernels = FOURTH / WIDE * np.outer(rate, rate) * (1 + np.eye(len(rate)))
    sums, squares = np.zeros_like(kernels), np.zeros_like(kernels)
    for step in range(1, STEPS):
        sums = kept[:, None] * sums + kept[None, :] ** (step - 1)
        squares += sums**2 / STEPS
    return RATE**2 * (kernels * squares) @ to_learn


def _along(basis: Matrix, matrix: Matrix) -> Float[np.ndarray, " n"]:
    return np.einsum("im,im->m", basis, matrix @ basis)


def _first_row(kernel: Estimate) -> Estimate:
    """Of the first sample with all: other entries depend on the same networks."""
    return Estimate(kernel.value[0], kernel.stderr[0], kernel.effective_samples)


@lru_cache(maxsize=8)
def _seen(problem: Problem, label: str) -> Estimate:
    count, is_centered = _count(problem), label == CENTERED
    paths = wide_runs.trained(problem.seed, WIDE, count, is_centered)
    along = paths @ _modes(problem.seed).basis
    return Estimate.from_samples((along**2).mean(axis=1))


def _widths(problem: Problem) -> tuple[int, ...]:
    """Hidden units, the last those of the cloud."""
    return (64, WIDE) if problem.quick else (64, 128, 256, WIDE)


def _departures(problem: Problem) -> list[Estimate]:
    seed, count = problem.seed, _count(problem)
    return [
        Estimate.from_samples(wide_runs.departures(seed, width, count))
        for width in _widths(problem)
    ]


def _power(problem: Problem) -> Estimate:
    """Of 1/width, between the narrowest and the widest."""
    found, widths = _departures(problem), _widths(problem)
    first, last = found[0], found[-1]
    folds = np.log(widths[-1] / widths[0])
    error = np.hypot(first.stderr / first.value, last.stderr / last.value)
    ratio = np.log(first.value / last.value)
    return Estimate(ratio / folds, error / folds, first.effective_samples)


def _next_order(problem: Problem) -> float:
    """How far a power may be off.

    The relative scatter of an eigenvalue at the least width, and of the widest
    networks' departure the part that is the error of the measured kernel.
    """
    widths = _widths(problem)
    measured = wide_runs.NARROW * wide_runs.MEASURED[1]
    parts = 2 * FOURTH / widths[0] + widths[-1] / measured
    return float(parts / np.log(widths[-1] / widths[0]))


def _panel(problem: Problem, label: str, title: str, other: str) -> Panel:
    predicted, seen = _predicted(problem, label), _seen(problem, label)
    modes, dashed = np.arange(1.0, SAMPLES + 1), _wrong(problem, label).value
    return Panel(
        title=title,
        x_label="mode of the tangent kernel",
        y_label="mean square along the mode",
        series=(
            Series(modes, predicted.value, "kernel machine"),
            Series(modes, predicted.value + predicted.stderr, SCATTER, "guide"),
            Series(modes, seen.value, "networks", "simulation", 0, seen.stderr),
            Series(modes, dashed, other, "wrong"),
        ),
        y_scale="log",
    )


def _order(problem: Problem) -> Panel:
    found = _departures(problem)
    widths = np.array(_widths(problem), dtype=float)
    values = np.array([each.value for each in found])
    errors = np.array([each.stderr for each in found])
    fall = widths[-1] / widths
    return Panel(
        title="departure from kernel descent",
        x_label="hidden units",
        y_label="mean square of the departure",
        series=(
            Series(widths, values[-1] * fall, "1/width"),
            Series(widths, values, "networks", "simulation", 0, errors),
            Series(widths, values[-1] * fall**2, "1/width²", "wrong"),
        ),
        x_scale="log",
        y_scale="log",
    )
