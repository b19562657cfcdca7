"""Claim: what the first layer holds beyond the data stays, and is read out."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import end_to_end
from linnet.numerics import Estimate
from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import solutions
from linnet.phenomena.anisotropy.claims.solutions import Setting
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.shapes import Float
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status
from linnet.task import Dataset

FROZEN = "frozen part of the map of a small start"
POWER = "power of the inputs that the frozen part reads, per readout"
ADDED = "excess risk beyond that of least norm"
SETTING = Setting(20, 80, 5.0, 0.5)
HIDDEN = 10
SMALL = 1e-5
FAN_IN = float(np.sqrt(theory.fan_in_variance(SETTING.d)))
DEVIATIONS = (SMALL, 0.01, 0.03, FAN_IN, 0.1, 0.3)
JUDGED = DEVIATIONS[1:5]  # that count as small, but are seen in the risk
SMALL_ERROR = 1e-3


class FrozenNullSpace(CanonicalClaim):
    """More inputs than samples; the first layer starts at random, the last at zero."""

    name: ClassVar[str] = "frozen_null_space"
    statement: ClassVar[str] = (
        "Directions that no sample shows keep their initial weights for ever, yet the"
        " grown last layer reads them out: a network generalizes worse than the"
        " solution of least norm by an amount that grows with the square of its initial"
        " weights, and that is not small at the sizes at which libraries start layers."
    )
    formula: ClassVar[str] = (
        r"w_\infty = X^+y + P_\perp W_0^\top a_\infty,\qquad \mathbb E\,\Delta E ="
        r" \sigma_w^2\,\mathbb E\lvert a_\infty\rvert^2\,(d-n+\rho\,\mathbb Eq),\quad"
        r" \lvert a_\infty\rvert^2 \approx \tfrac12\big(\sqrt{\delta^2 + 4\lVert"
        r" X^+y\rVert^2} + \delta\big),\ \delta = -\sigma_w^2(n+p-1)"
    )
    domain: ClassVar[str] = (
        "Two layers, one output, Gaussian inputs with one spike, no label noise, no"
        " weight decay; independent normal entries of the first layer, a last layer of"
        " p zeros, training to the end. What is read per squared length of the last"
        " layer is exact at every scale. The length itself follows from the conserved"
        " imbalance of a small random first layer. The share e by which that lowers it"
        " is the small number: the direction of the last layer is known up to an angle"
        r" of order $\sqrt e$, so the added risk is judged with an error of"
        r" $e^{3/2} + 1/2n$, of which the second is that of a root of a mean square in"
        " place of a mean. Of larger starts the length depends on the whole path."
    )
    wrong_theory: ClassVar[str] = "training ends at the solution of least norm"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One data set of many."""
        title = f"data sets of {SETTING.n} samples of {SETTING.d} inputs, one spike"
        return solutions.canonical(SETTING, title, seed, quick, HIDDEN)

    def status(self, problem: Problem) -> Status:
        """The length of the last layer is that of small starts."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest | Bound:
        """Means by errors over data sets; maps up to their small start."""
        return Bound(SMALL_ERROR) if label == FROZEN else ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From data and start alone."""
        n, d, rho = SETTING.n, SETTING.d, SETTING.spike_strength
        power = float(theory.null_space_power(n, d, rho))
        variances = np.square(JUDGED)
        added, lazy = _added(variances, True), _added(variances, False)
        error = added * ((1 - added / lazy) ** 1.5 + 1 / (2 * n))
        return {
            FROZEN: _predicted_maps(problem),
            POWER: np.full(len(DEVIATIONS), power),
            ADDED: Estimate(added, error, np.inf),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Nothing is left of the start."""
        return {
            FROZEN: np.zeros((_sets(problem), SETTING.d)),
            POWER: np.zeros(len(DEVIATIONS)),
            ADDED: np.zeros(len(JUDGED)),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Of trained networks less the least-norm solution of their data."""
        runs = _runs(problem)
        power = np.array([run.power / run.readout for run in runs]).mean(1)
        added = np.array([run.added for run in runs]).mean(1)
        return {
            FROZEN: np.array([run.frozen for run in runs]),
            POWER: Estimate.from_samples(power / np.square(DEVIATIONS)),
            ADDED: Estimate.from_samples(added[:, 1 : 1 + len(JUDGED)]),
        }

    def note(self, problem: Problem) -> str:
        """Whether every network came to rest."""
        return solutions.told_unfinished(sum(run.unfinished for run in _runs(problem)))

    def figure(self, problem: Problem) -> Figure:
        """Risk against the size of the initial weights."""
        return Figure(
            name=self.name,
            caption=(
                "Risk of trained two-layer networks against the size of their initial"
                " weights. All of them fit their data exactly; the dashed line is the"
                " best that they could then do by keeping weights short. What they hold"
                " in directions that no sample shows is never unlearned: at the size"
                " at which libraries start a layer (upright line) it adds"
                f" {_usual_share():.0%} to the risk, at larger ones far more. Right:"
                " what it costs, over the squared length of the initial weights and of"
                " the last layer, is the power of the inputs in these directions, at"
                " every size."
            ),
            panels=(_risk_panel(problem), _power_panel(problem)),
        )


@dataclass(frozen=True, eq=False)
class _Run:
    """Networks of one data set: starts, then sizes of the start.

    Attributes:
        frozen: Part of the map, of the first network with the smallest start, that lies
            beyond the data.
        power: Mean square output of that part, of every network.
        readout: Squared length of the last layer.
        added: Excess risk less that of least norm.
        unfinished: Networks that did not come to rest.
    """

    frozen: Float[np.ndarray, " d"]
    power: Float[np.ndarray, "starts sizes"]
    readout: Float[np.ndarray, "starts sizes"]
    added: Float[np.ndarray, "starts sizes"]
    unfinished: int


def _sets(problem: Problem) -> int:
    return 60 if problem.quick else 200


STARTS = 4  # of each size, on every data set


@lru_cache(maxsize=4)
def _runs(problem: Problem) -> tuple[_Run, ...]:
    drawn = solutions.drawn(SETTING, problem.seed, _sets(problem))
    return tuple(_run(problem, i, data) for i, data in enumerate(drawn))


def _start(
    problem: Problem, at: int
) -> tuple[Float[np.ndarray, "replicas p d"], Float[np.ndarray, "replicas 1 p"]]:
    """First layers of all starts and sizes, and last layers of zeros, as replicas."""
    rng = np.random.default_rng([problem.seed, at])
    drawn = rng.normal(size=(STARTS, 1, HIDDEN, SETTING.d))
    first = np.array(DEVIATIONS)[:, None, None] * drawn
    flat = first.reshape(-1, HIDDEN, SETTING.d)
    return flat, np.zeros((len(flat), 1, HIDDEN))


def _run(problem: Problem, at: int, data: Dataset) -> _Run:
    from linnet.dynamics import GradientFlow, simulate

    times = np.geomspace(solutions.FIRST, solutions.LAST, solutions.SAVES).tolist()
    run = simulate(
        GradientFlow(data.moments()),
        _start(problem, at),
        times=times,
        observe={"map": end_to_end},
        stop_gap=solutions.GAP,
    )
    maps, shape = run["map"][-1], (STARTS, len(DEVIATIONS))
    least = solutions.least_norm(data.inputs, data.targets)
    rows = np.linalg.qr(data.inputs.T)[0]
    frozen = maps - maps @ rows @ rows.T
    sigma = SETTING.task(problem.seed).covariance.matrix()
    risks = solutions.true_risk(SETTING, problem.seed, maps)
    best = solutions.true_risk(SETTING, problem.seed, least)
    return _Run(
        frozen[0, 0],
        ((frozen @ sigma) * frozen).sum((1, 2)).reshape(shape),
        (run.weights[1] ** 2).sum((1, 2)).reshape(shape),
        (risks - best).reshape(shape),
        sum(outcome.kind != "converged" for outcome in run.outcomes),
    )


def _predicted_maps(problem: Problem) -> np.ndarray:
    """The frozen part of the smallest start, from data and start, of every data set."""
    found = []
    for i, data in enumerate(solutions.drawn(SETTING, problem.seed, _sets(problem))):
        first, last = (layers[0] for layers in _start(problem, i))
        given = data.inputs, data.targets, (first, last)
        readout = theory.grown_readout(*given)
        end = theory.trained_limit(*given, readout)
        found.append(end - theory.trained_limit(*given, 0 * readout))
    return np.array(found)


def _added(variances: np.ndarray, imbalanced: bool) -> np.ndarray:
    """Mean risk that is added, with the imbalance of the start or as if it had none."""
    n, d, rho, a = SETTING.n, SETTING.d, SETTING.spike_strength, SETTING.alignment
    squared = theory.finite_squared_norm(n, d, rho, a)
    imbalance = -variances * (n + HIDDEN - 1) if imbalanced else 0.0
    readout = theory.readout_power(squared, imbalance)
    return theory.frozen_risk(n, d, rho, variances, readout)


def _least() -> float:
    given = SETTING.n, SETTING.d, SETTING.spike_strength, SETTING.alignment
    return float(theory.finite_risk(*given).excess)


def _usual_share() -> float:
    return float(_added(np.array(FAN_IN**2), True)) / _least()


def _risk_panel(problem: Problem) -> Panel:
    line, sizes = np.geomspace(3e-3, 0.12, 80), np.array(JUDGED)
    least = _least()
    law = least + _added(line**2, True)
    added = np.array([run.added for run in _runs(problem)]).mean(1)[
        :, 1 : 1 + len(JUDGED)
    ]
    data = solutions.drawn(SETTING, problem.seed, _sets(problem))
    maps = np.array([solutions.least_norm(d.inputs, d.targets) for d in data])
    best = solutions.true_risk(SETTING, problem.seed, maps)[:, None]
    seen = Estimate.from_samples(best + added)
    upright = np.array([0.0, law.max()])
    return Panel(
        title="risk in the end",
        x_label="standard deviation of initial weights",
        y_label="excess risk",
        series=(
            Series(line, law, "frozen part added"),
            Series(sizes, seen.value, "trained", "simulation", 0, seen.stderr),
            Series(line[[0, -1]], np.full(2, least), "least norm", "wrong"),
            Series(np.full(2, FAN_IN), upright, "usual size", "guide"),
        ),
        x_scale="log",
    )


def _power_panel(problem: Problem) -> Panel:
    claim = FrozenNullSpace()
    seen = claim.observe(problem)[POWER]
    assert isinstance(seen, Estimate)
    power = np.asarray(claim.predict(problem)[POWER])
    sizes = np.array(DEVIATIONS)
    return Panel(
        title="what the frozen part reads",
        x_label="standard deviation of initial weights",
        y_label="added risk / (weights² × last layer²)",
        series=(
            Series(sizes, power, "power of unseen inputs"),
            Series(sizes, seen.value, "trained", "simulation", 0, seen.stderr),
            Series(sizes, np.zeros(len(sizes)), "least norm", "wrong"),
        ),
        x_scale="log",
    )
