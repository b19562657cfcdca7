"""Claim: kernel machines have ribbons of their own, on training and on test points."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import ensembles, kernel_runs
from linnet.phenomena.sloppiness.claims.kernel_runs import (
    RADIAL,
    RANDOM,
    SHOWN_TRAINING,
    STEPS,
    TARGET,
    TRAINING,
)
from linnet.phenomena.sloppiness.claims.source import CanonicalClaim
from linnet.shapes import Float
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

MACHINES = (RADIAL, RANDOM)
SEEN = {name: f"{name}, widths at training points" for name in MACHINES}
UNSEEN = {name: f"{name}, widths at test points" for name in MACHINES}
MIXED = f"{RADIAL}, correlations of neighboring modes"
FALL = "slopes of both ribbons at training points"

Matrix = Float[np.ndarray, "n n"]
Moments = tuple[Float[np.ndarray, "p p"], Float[np.ndarray, "q q"]]


class KernelRibbons(CanonicalClaim):
    """Descent with a kernel, from starts that need not be of the same kernel."""

    name: ClassVar[str] = "kernel_ribbons"
    statement: ClassVar[str] = (
        "Kernel machines have a ribbon of their own: the kernel, the spread of starts"
        " and the spread of targets give its widths at training and at test points; the"
        " spectrum of the inputs does not."
    )
    formula: ClassVar[str] = (
        r"M_{ij} = (K_0)_{ij}\langle h_ih_j\rangle"
        r" + (K_y)_{ij}\langle(1-h_i)(1-h_j)\rangle,\qquad"
        r" f_e(t) = f_e(0) + K_eK^+[f(t)-f(0)]"
    )
    domain: ClassVar[str] = (
        "Gradient descent with any kernel, independent starts and targets of mean zero"
        " with covariances $K_0$ and $K_y$; indices are eigenvectors of $K$. Exact for"
        " the given samples. Here: images of digits; a radial kernel that starts from"
        " random linear functions of the images and learns a random value for each"
        " digit, so that $M$ is not diagonal; and random features, where all three are"
        " one kernel. Test points are seen along the left"
        " singular vectors of the kernel between test and training. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "the ribbon of a linear model of the inputs, with starts and targets of the"
        " same total width (correlations: targets spread like the kernel)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """A few of the bundled digits, drawn by the seed."""
        return kernel_runs.problem(seed, quick)

    def status(self, problem: Problem) -> Status:
        """Second moments of a linear process."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """By the error over trajectories."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """Of the kernels alone."""
        right = {name: _machine(problem.seed, name) for name in MACHINES}
        return _told(right) | {MIXED: _correlations(right[RADIAL][0])}

    def wrong(self, problem: Problem) -> Quantities:
        """One kernel of the inputs for all; correlations from other targets."""
        wrong = {name: _linear_machine(problem.seed, name) for name in MACHINES}
        alike, _ = _machine(problem.seed, RADIAL, knows_digits=False)
        return _told(wrong) | {MIXED: _correlations(alike)}

    def observe(self, problem: Problem) -> Quantities:
        """Moments of trained machines, with errors over trajectories."""
        found = {}
        for name in MACHINES:
            cloud = kernel_runs.cloud(problem, name)
            widths = ensembles.along_axes(cloud, lambda widths: widths)
            found[SEEN[name]] = ensembles.entries(widths, slice(SHOWN_TRAINING))
            found[UNSEEN[name]] = ensembles.entries(widths, slice(SHOWN_TRAINING, None))
        cloud = kernel_runs.cloud(problem, RADIAL)
        found[MIXED] = ensembles.of_cloud(cloud, _correlations)
        clouds = [kernel_runs.cloud(problem, name) for name in MACHINES]
        slopes = [ensembles.along_axes(cloud, _slope) for cloud in clouds]
        found[FALL] = ensembles.side_by_side(slopes)
        return found

    def note(self, problem: Problem) -> str:
        """How steep kernels and ribbons are."""
        seen = ensembles.along_axes
        told = []
        for name in MACHINES:
            kernel = _slope(_eigenvalues(problem.seed, name))
            ribbon = seen(kernel_runs.cloud(problem, name), _slope).value
            told.append(
                f"Along the first {SHOWN_TRAINING} modes the {name} falls by a factor"
                f" e^{kernel:.2f} a mode, its ribbon by e^{ribbon:.2f}."
            )
        return " ".join(told)

    def figure(self, problem: Problem) -> Figure:
        """Widths of both machines, and those of the radial kernel at test points."""
        return Figure(
            name=self.name,
            caption=(
                "How wide the trajectories of two kernel machines on images of digits"
                " are spread along each mode of their kernel. Lines: predicted from the"
                " kernels; dots: trained machines. Starts and targets are not spread"
                " like the kernel (left), and starts linger in every mode (middle), so"
                " both ribbons fall less than the kernel's own spectrum (dotted, from"
                " the same first value). Dashed: a linear model of the images."
            ),
            panels=(
                _panel(problem, RADIAL, SEEN[RADIAL]),
                _panel(problem, RANDOM, SEEN[RANDOM]),
                _panel(problem, RADIAL, UNSEEN[RADIAL]),
            ),
        )


def _kernel(seed: int, name: str) -> Matrix:
    """Kernel of all images: theory's own."""
    images = kernel_runs.images(seed)
    if name == RADIAL:
        return theory.radial_kernel(images.pixels, kernel_runs.WIDTH)
    return theory.linear_kernel(images.features)


@lru_cache(maxsize=8)
def _machine(seed: int, name: str, knows_digits: bool = True) -> Moments:
    """Second moments along the shown modes, at training and at test points."""
    kernel, images = _kernel(seed, name), kernel_runs.images(seed)
    starts = targets = kernel
    if name == RADIAL:
        starts = theory.linear_kernel(images.centered)
        if knows_digits:
            targets = theory.linear_kernel(images.digits)
    return _moments(seed, name, kernel, starts, targets)


@lru_cache(maxsize=8)
def _linear_machine(seed: int, name: str) -> Moments:
    """The same of a linear model of the images, as wide in total."""
    kernel = _kernel(seed, name)
    linear = theory.linear_kernel(kernel_runs.images(seed).centered)
    linear *= np.trace(kernel[:TRAINING, :TRAINING]) / np.trace(
        linear[:TRAINING, :TRAINING]
    )
    return _moments(seed, name, linear, linear, linear)


def _moments(
    seed: int, name: str, kernel: Matrix, starts: Matrix, targets: Matrix
) -> Moments:
    """Training with one kernel, seen along the modes of the machine `name`."""
    training, test = slice(TRAINING), slice(TRAINING, None)
    modes = theory.kernel_modes(kernel[training, training])
    response = theory.GradientDescent(1 / modes.variances[0])
    when = theory.uniform_checkpoints(STEPS)
    end = TARGET[name] ** 2 * targets[training, training]
    begin = theory.StartKernels(
        starts[training, training], starts[test, training], starts[test, test]
    )
    seen = theory.kernel_moment(modes, begin.training, end, response, when)
    unseen = theory.kernel_test_moment(
        modes, kernel[test, training], begin, end, response, when
    )
    rows, columns = kernel_runs.axes(seed, name)
    return rows.T @ seen @ rows, columns.T @ unseen @ columns


def _told(machines: dict[str, Moments]) -> dict[str, np.ndarray]:
    """Widths and slopes of both machines."""
    told = {SEEN[name]: np.diag(seen) for name, (seen, _) in machines.items()}
    told |= {UNSEEN[name]: np.diag(test) for name, (_, test) in machines.items()}
    slopes = [_slope(np.diag(seen)) for seen, _ in machines.values()]
    return told | {FALL: np.array(slopes)}


def _slope(widths: Float[np.ndarray, " modes"]) -> float:
    """By how many e-folds widths at training points fall per mode: a line."""
    modes = np.arange(SHOWN_TRAINING)
    return -float(np.polyfit(modes, np.log(widths[:SHOWN_TRAINING]), 1)[0])


def _correlations(moment: Matrix) -> Float[np.ndarray, " pairs"]:
    """Of each mode at training points with the next."""
    shown = moment[:SHOWN_TRAINING, :SHOWN_TRAINING]
    widths = np.sqrt(np.diag(shown))
    return np.diag(shown / np.outer(widths, widths), 1)


def _eigenvalues(seed: int, name: str) -> Float[np.ndarray, " modes"]:
    kernel = _kernel(seed, name)[:TRAINING, :TRAINING]
    return theory.kernel_modes(kernel).variances[:SHOWN_TRAINING]


def _panel(problem: Problem, name: str, label: str) -> Panel:
    """Widths of one machine, on one kind of points."""
    claim = KernelRibbons()
    predicted, wrong, seen = (
        given(problem)[label] for given in (claim.predict, claim.wrong, claim.observe)
    )
    line, dashed = np.asarray(predicted), np.asarray(wrong)
    assert isinstance(seen, Estimate)
    modes = np.arange(1.0, len(line) + 1)
    series = [
        Series(modes, line, "predicted"),
        Series(modes, seen.value, "trained", "simulation", 0, seen.stderr),
        Series(modes, dashed, "linear model", "wrong"),
    ]
    if len(line) == SHOWN_TRAINING:
        kernel = _eigenvalues(problem.seed, name)
        own = kernel * line[0] / kernel[0]
        series.append(Series(modes, own, "kernel's own spectrum", "guide"))
    at = "training" if len(line) == SHOWN_TRAINING else "test"
    return Panel(
        title=f"{name}, {at} points",
        x_label="mode of the kernel",
        y_label="mean square along the mode",
        series=tuple(series),
        y_scale="log",
    )
