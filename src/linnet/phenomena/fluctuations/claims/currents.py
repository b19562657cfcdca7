"""Claim: late-time SGD keeps circulating, as no system in equilibrium does."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import measure, theory
from linnet.phenomena.fluctuations.claims import late_chains, problems, runs
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import ChiSquare, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

if TYPE_CHECKING:
    from linnet.dynamics import SGD, GradientDescent

CURRENTS = "currents between principal inputs"
BALANCED = "the same under label noise alone"
ENTROPY = "entropy production per input"
SAMPLES, INPUTS, BATCH, RATE = 40, 4, 4, 0.1  # of the currents
CHAINS, STEPS = 512, 4000
MANY = {80: (128, 2000), 200: (64, 4000)}  # chains and steps by inputs; quick: first
GROUPS = 32  # of chains, where inputs are many
CURVE = (20, 40, 80, 130, 200, 300, 400)  # inputs at which the prediction is drawn


class BrokenBalance(CanonicalClaim):
    """Currents in the stationary state, and what they dissipate."""

    name: ClassVar[str] = "currents"
    statement: ClassVar[str] = (
        "The stationary state of minibatch SGD breaks detailed balance: weights"
        " circulate between principal inputs and produce entropy, the more, the more"
        " inputs there are per sample. With noise proportional to the Hessian they do"
        " not."
    )
    formula: ClassVar[str] = (
        r"\operatorname{E}[w_{t+1} w_t^\top - w_t w_{t+1}^\top] = -\eta [H, V],\quad"
        r" e_p = \operatorname{tr} H D^{-1} H V - \operatorname{tr} H,\quad"
        r" D = \tfrac12 \eta \kappa C"
    )
    domain: ClassVar[str] = (
        "One layer, independent batches of distinct samples. Currents: exact, with the"
        f" exact V; {SAMPLES} samples of {INPUTS} inputs. Entropy production per unit"
        " of time (learning rate times steps): in the continuum, which leaves out"
        r" about $\eta\kappa\operatorname{tr}H/2 = 0.02$ of it; observed as the work"
        r" of the drift, $\langle -D^{-1}Hw \circ dw\rangle$, on data sets of"
        f" {late_chains.SAMPLES} samples. Full-batch descent with fresh label noise has"
        " noise proportional to H, and no current."
    )
    wrong_theory: ClassVar[str] = (
        "detailed balance: no current and no entropy production (for label noise: the"
        " currents of minibatch noise)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Few inputs, so that all pairs of them can be looked at."""
        return problems.gaussian(SAMPLES, INPUTS, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """For every data set."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest | ChiSquare:
        """All pairs at once; the error bar of a number."""
        return ZTest() if label == ENTROPY else ChiSquare()

    def predict(self, problem: Problem) -> Quantities:
        """From the exact covariance; from noise and Hessian."""
        currents = _predicted(problem)
        per_input = np.array([_entropy(many(problem, d)) / d for d in _sizes(problem)])
        error = late_chains.SMALL * per_input
        return {
            CURRENTS: currents,
            BALANCED: np.zeros_like(currents),
            ENTROPY: Estimate(per_input, error, late_chains.SAMPLES),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Balance where it is broken, and currents where there are none."""
        currents = _predicted(problem)
        return {
            CURRENTS: np.zeros_like(currents),
            BALANCED: currents,
            ENTROPY: np.zeros(len(_sizes(problem))),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Products of weights one step apart."""
        produced = [entropy_production(many(problem, d)) for d in _sizes(problem)]
        return {
            CURRENTS: minibatch_currents(problem),
            BALANCED: label_noise_currents(problem),
            ENTROPY: runs.joined(produced),
        }

    def note(self, problem: Problem) -> str:
        """Nothing: a chain that diverges ends the run with an error."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Currents of all pairs, and entropy production against inputs per sample."""
        return Figure(
            name=self.name,
            caption=(
                "Left: current between each pair of principal inputs, the mean of"
                " product minus reversed product of weights one step apart, against its"
                " prediction. In equilibrium a recorded run could be played backwards"
                " and all currents would vanish (dashed): those of minibatches do not,"
                " while noise of the same size from fresh labels, which is proportional"
                " to the Hessian, drives none. Right: the entropy that the currents"
                f" produce, for data sets of {late_chains.SAMPLES} samples; dotted: the"
                " law of few inputs."
            ),
            panels=(_pairs(problem), _production(problem)),
        )


def many(problem: Problem, inputs: int) -> Problem:
    """A data set with many inputs."""
    return problems.gaussian(
        late_chains.SAMPLES, inputs, seed=problem.seed, quick=problem.quick
    )


def _sizes(problem: Problem) -> tuple[int, ...]:
    return tuple(MANY)[:1] if problem.quick else tuple(MANY)


def _noise_factor() -> float:
    return theory.batch_noise(runs.SAMPLING, SAMPLES, BATCH)


def _predicted(problem: Problem) -> np.ndarray:
    """Currents of all pairs."""
    minimum = runs.minimum(problem)
    exact = theory.exact_covariance(minimum, RATE, _noise_factor())
    lag = theory.antisymmetric_lag(minimum, exact, RATE)[0, 0]
    return lag[np.triu_indices(INPUTS, 1)]


@lru_cache(maxsize=16)
def _entropy(problem: Problem) -> float:
    return theory.entropy_production(runs.minimum(problem))


@lru_cache(maxsize=4)
def minibatch_currents(problem: Problem) -> np.ndarray:
    """Currents that every chain of SGD shows, shape `(chains, pairs)`."""
    from linnet.dynamics import SGD, WithoutReplacement

    dataset = problem.dataset
    assert dataset is not None  # canonical problems have one
    sgd = SGD(dataset.inputs, dataset.targets, RATE, BATCH, WithoutReplacement())
    found = _antisymmetric(problem, sgd, _noise_factor(), (CHAINS, STEPS, CHAINS))
    return found[(slice(None), *np.triu_indices(INPUTS, 1))]


@lru_cache(maxsize=4)
def label_noise_currents(problem: Problem) -> np.ndarray:
    """The same of full-batch descent, with label noise that makes as much noise."""
    from linnet.dynamics import GradientDescent

    noise = _gradient_noise(problem)
    share = np.trace(noise) / np.trace(problem.moments.xx)
    label_noise = float(np.sqrt(SAMPLES * _noise_factor() * share))
    descent = GradientDescent(problem.moments, RATE, label_noise=label_noise)
    found = _antisymmetric(problem, descent, _noise_factor(), (CHAINS, STEPS, CHAINS))
    return found[(slice(None), *np.triu_indices(INPUTS, 1))]


def entropy_production(problem: Problem) -> Estimate:
    r"""Work of the drift on chains of SGD, per input and unit of time.

    $\langle -D^{-1}Hw\circ dw\rangle/dt = -\frac1{2\eta}\mathrm{tr}(HD^{-1}L)$ with
    the antisymmetric lagged covariance $L$; noise and Hessian as measured.
    """
    rate, hessian = late_chains.learning_rate(problem), problem.moments.xx
    diffusion = rate * late_chains.noise_factor() / 2 * _gradient_noise(problem)
    basis = runs.minimum(problem).basis
    force = basis.T @ np.linalg.solve(diffusion, hessian) @ basis
    work = -np.einsum("ij,gij->g", force, many_currents(problem)) / (2 * rate)
    return Estimate.from_samples(work / len(hessian))


@lru_cache(maxsize=4)
def many_currents(problem: Problem) -> np.ndarray:
    """Currents of groups of chains between many inputs, `(groups, d, d)`."""
    from linnet.dynamics import SGD, WithoutReplacement

    dataset = problem.dataset
    assert dataset is not None  # canonical problems have one
    rate, batch = late_chains.learning_rate(problem), late_chains.BATCH
    sgd = SGD(dataset.inputs, dataset.targets, rate, batch, WithoutReplacement())
    size = (*MANY[dataset.inputs.shape[1]], GROUPS)
    return _antisymmetric(problem, sgd, late_chains.noise_factor(), size)


def _gradient_noise(problem: Problem) -> np.ndarray:
    """Covariance of the gradients of single samples at the minimum."""
    dataset = problem.dataset
    assert dataset is not None  # canonical problems have one
    end_to_end = problem.moments.minimizer().end_to_end
    residuals = dataset.targets - dataset.inputs @ end_to_end.T
    return measure.gradient_covariance(-residuals * dataset.inputs)


def _antisymmetric(
    problem: Problem,
    dynamics: "SGD | GradientDescent",
    noise_factor: float,
    size: tuple[int, int, int],
) -> np.ndarray:
    """Antisymmetric covariance one step apart of groups of chains, `(groups, d, d)`.

    In the principal inputs, about the minimum. Chains start from isotropic
    fluctuations, which carry no current, and burn in as those of `late_chains`.
    """
    from linnet.dynamics import late_time

    chains, steps, groups = size
    minimum = runs.minimum(problem)
    basis, d = minimum.basis, len(minimum.variances)
    minimizer = problem.moments.minimizer().end_to_end
    rng = np.random.default_rng([problem.seed, d])
    rate = float(dynamics.learning_rate)
    spread = np.sqrt(rate * noise_factor * (minimum.residuals**2).mean() / 2)
    found = late_time(
        dynamics,
        (minimizer + spread * rng.normal(size=(chains, 1, d)),),
        burn_in=late_chains.forgetting(minimum, rate),
        steps=steps,
        lags=(1,),
        groups=groups,
        seed=problem.seed,
        memory_limit=problem.memory_limit,
    )
    totals = found.totals.moved(minimizer[0])
    assert totals.cross is not None  # nothing was projected
    product = basis.T @ totals.cross[:, 0] @ basis / totals.counts[0]
    return product - product.transpose(0, 2, 1)


def _pairs(problem: Problem) -> Panel:
    predicted = _predicted(problem)
    seen = Estimate.from_samples(minibatch_currents(problem))
    none = Estimate.from_samples(label_noise_currents(problem))
    scale = np.abs(predicted).max()
    ends = np.array([predicted.min(), predicted.max()]) / scale
    at = predicted / scale
    zero = np.zeros(2)
    return Panel(
        title="currents between inputs",
        x_label="predicted for minibatches / largest",
        y_label="observed / largest predicted",
        series=(
            Series(ends, ends, "minibatches"),
            Series(
                at,
                seen.value / scale,
                "minibatches",
                "simulation",
                0,
                seen.stderr / scale,
            ),
            Series(
                at,
                none.value / scale,
                "fresh label noise",
                "simulation",
                1,
                none.stderr / scale,
            ),
            Series(ends, zero, "detailed balance", "wrong"),
        ),
    )


def _production(problem: Problem) -> Panel:
    aspects = np.array(CURVE) / late_chains.SAMPLES
    curve = np.array([_entropy(many(problem, d)) / d for d in CURVE])
    small = np.array([theory.small_entropy_production(aspect) for aspect in aspects])
    sizes = _sizes(problem)
    seen = runs.joined([entropy_production(many(problem, d)) for d in sizes])
    at = np.array(sizes) / late_chains.SAMPLES
    return Panel(
        title="entropy production",
        x_label="inputs per sample",
        y_label="per input and unit of time",
        series=(
            Series(aspects, curve, "predicted for these data"),
            Series(aspects, small, "law of few inputs", "guide"),
            Series(at, seen.value, "SGD", "simulation", 0, seen.stderr),
        ),
        x_scale="log",
        y_scale="log",
    )
