"""Claim: what principal components of a raw trajectory of two layers see is drift."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import measure, theory
from linnet.phenomena.fluctuations.claims import networks, problems, runs
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

RAW = "variance of one trajectory along its first component"
REPLICAS = "total variance of replicas, where the product responds"
RATE, BATCH, NOISE = 0.05, 10, 0.1
CHAINS, SHORT = 32, (32, 60, 20)  # of the trajectory; replicas, saves, steps apart
SHOWN = 60  # principal components
SEEN = 1e-8  # of the largest answer of the product; fainter ones are rounding
FIRST = 2500  # steps of the shortest trajectory shown


class GaugeDrift(CanonicalClaim):
    """The state of the layers is only quasi-stationary."""

    name: ClassVar[str] = "gauge_drift"
    statement: ClassVar[str] = (
        "Where the product does not change, the layers drift at a steady pace: the"
        " first principal component of a recorded trajectory is this drift, and"
        " exceeds every fluctuation by orders of magnitude; replicas from one"
        " checkpoint, about their mean, show the fluctuations."
    )
    source: ClassVar[str] = (
        "Gross, Raulf and Räth 2024 (statement: quasi-stationary states); formula"
        " derived here; same mechanism: Ziyin et al. 2023, 2024"
    )
    formula: ClassVar[str] = (
        r"\Delta W_1 = A W_1,\quad \Delta W_2 = -W_2 A,\quad W_2^\top W_2 A + A W_1"
        r" W_1^\top = -\tfrac{1}{2} \mathbb{E}\,\Delta\mathcal{I}"
    )
    domain: ClassVar[str] = (
        "Two layers at the least-squares minimum, independent batches, fluctuations"
        " small against the weights. The component is that of the mean of all other"
        " trajectories, so that no fluctuation has a say in it; the predicted variance"
        " is that of the mean path and of the fluctuations along it."
    )
    wrong_theory: ClassVar[str] = (
        "the state is stationary, without drift; and every weight fluctuates"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Many samples, three outputs, as many hidden units as inputs."""
        return problems.gaussian(3000, 12, 3, noise=NOISE, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """Leading order in the fluctuations."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over replicas."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the drift at the minimum, and from linear response."""
        found = _fluctuations(problem)
        steps = _steps(problem)
        return {RAW: _largest(problem, len(steps)), REPLICAS: found.total_variance}

    def wrong(self, problem: Problem) -> Quantities:
        """The largest stationary variance; the mean one, for every weight."""
        found = _fluctuations(problem)
        largest = float(np.linalg.eigvalsh(found.reduced)[-1])
        every = found.total_variance / found.rank * len(found.basis)
        return {RAW: largest, REPLICAS: every}

    def observe(self, problem: Problem) -> Quantities:
        """Principal components of each chain; replicas about their mean."""
        raw = _along_drift(problem, len(_steps(problem)))
        seen = _short(problem) @ _responding(problem)
        total = (seen**2).sum(axis=2).mean(axis=1)
        return {
            RAW: Estimate.from_samples(raw),
            REPLICAS: Estimate.from_samples(total),
        }

    def note(self, problem: Problem) -> str:
        """Nothing: chains are as long as asked."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Principal variances of both kinds of records, and the growth of the first."""
        return Figure(
            name=self.name,
            caption=(
                "Left: variances of all weights along principal components, from one"
                " long trajectory of SGD, and from replicas of one checkpoint about"
                " their mean. The replicas have the predicted spectrum; the trajectory"
                " has a first component that towers above it. Right: that component"
                " against the length of the trajectory. The line is the drift that the"
                " noise is predicted to cause; without drift the variance would stay on"
                " the dashed line."
            ),
            panels=(_spectra(problem), _growth(problem)),
        )


def _steps(problem: Problem) -> np.ndarray:
    """When weights are recorded."""
    return np.arange(0, 10_001, 50) if problem.quick else np.arange(0, 100_001, 200)


def _lengths(problem: Problem) -> list[int]:
    """Numbers of records in the right panel."""
    steps = _steps(problem)
    first = np.searchsorted(steps, FIRST)
    return [int(number) for number in np.geomspace(first, len(steps), 5)]


def _fluctuations(problem: Problem) -> theory.LayerFluctuations:
    return networks.fluctuations(problem, RATE, BATCH)


@lru_cache(maxsize=4)
def _path(problem: Problem) -> np.ndarray:
    """Predicted weights at the steps, one row a record."""
    found = theory.gauge_path(
        runs.minimum(problem),
        networks.layers(problem),
        _steps(problem),
        RATE,
        networks.noise_factor(problem, BATCH),
    )
    return np.concatenate([part.reshape(len(part), -1) for part in found], axis=1)


def _largest(problem: Problem, count: int) -> float:
    """First principal variance of the first records, of path and fluctuations."""
    path = _path(problem)[:count]
    path = path - path.mean(axis=0)
    whole = path.T @ path / count + _fluctuations(problem).covariance()
    return float(np.linalg.eigvalsh(whole)[-1])


def _along_drift(problem: Problem, count: int) -> np.ndarray:
    """Variance of the first records of each chain along the drift of the others."""
    chains = _trajectories(problem)[:, :count]
    total = chains.sum(axis=0)
    out = []
    for chain in chains:
        others = (total - chain) / (len(chains) - 1)
        axis = np.linalg.svd(others - others.mean(axis=0), full_matrices=False)[2][0]
        out.append((chain @ axis).var())
    return np.array(out)


@lru_cache(maxsize=4)
def _trajectories(problem: Problem) -> np.ndarray:
    """Weights of chains from one minimum, (chains, records, p)."""
    return networks.chains(
        problem,
        networks.layers(problem),
        rate=RATE,
        batch=BATCH,
        replicas=CHAINS,
        steps=list(_steps(problem)),
    ).swapaxes(0, 1)


@lru_cache(maxsize=4)
def _short(problem: Problem) -> np.ndarray:
    return networks.about_means(problem, RATE, BATCH, *SHORT)


def _responding(problem: Problem) -> np.ndarray:
    """Directions of the weights that move the product, tried one weight at a time.

    The product is linear in each weight, so that a step has no error but rounding.
    """
    start = networks.layers(problem)
    flat = np.concatenate([layer.ravel() for layer in start])
    first, second = networks.split(flat + np.eye(len(flat)), start)
    moved = (second @ first - start[1] @ start[0]).reshape(len(flat), -1)
    left, sizes, _ = np.linalg.svd(moved, full_matrices=False)
    return left[:, sizes > SEEN * sizes[0]]


def _components(records: np.ndarray) -> np.ndarray:
    """Variances along principal components of records, largest first."""
    return measure.principal_components(records).variances.value


def _spectra(problem: Problem) -> Panel:
    found = _fluctuations(problem)
    stationary = np.linalg.eigvalsh(found.reduced)[::-1]
    shown = slice(SHOWN)
    trajectory = np.mean([_components(c)[shown] for c in _trajectories(problem)], 0)
    replicas = _components(_short(problem))[shown]
    ranks = np.arange(1.0, SHOWN + 1)
    drift = np.full(2, _largest(problem, len(_steps(problem))))
    top = Series(np.array([0.5, 1.5]), drift, "drift", "theory", 1)
    return Panel(
        title="principal components",
        x_label="principal component, largest variance first",
        y_label="variance of the weights",
        series=(
            Series(ranks[: len(stationary)], stationary, "fluctuations alone"),
            Series(ranks, replicas, "replicas about their mean", "simulation", 0),
            Series(ranks, trajectory, "one trajectory", "simulation", 1),
            top,
        ),
        y_scale="log",
    )


def _growth(problem: Problem) -> Panel:
    steps, lengths = _steps(problem), _lengths(problem)
    line = np.unique(np.geomspace(lengths[0], lengths[-1], 30).astype(int))
    predicted = np.array([_largest(problem, count) for count in line])
    samples = [_along_drift(problem, count) for count in lengths]
    seen = Estimate.from_samples(np.stack(samples, axis=1))
    at = np.array([steps[count - 1] for count in lengths], dtype=float)
    along = steps[line - 1].astype(float)
    alone = np.full(len(along), float(np.asarray(GaugeDrift().wrong(problem)[RAW])))
    return Panel(
        title="the first one grows with the record",
        x_label="length of the trajectory in steps",
        y_label="largest variance of the weights",
        series=(
            Series(along, predicted, "drift and fluctuations", "theory", 1),
            Series(at, seen.value, "SGD", "simulation", 1, seen.stderr),
            Series(along, alone, "without drift", "wrong"),
        ),
        x_scale="log",
        y_scale="log",
    )
