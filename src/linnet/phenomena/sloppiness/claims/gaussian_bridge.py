"""Claim: of predictions with Gaussian noise, inPCA is plain PCA."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness import measure, theory
from linnet.phenomena.sloppiness.claims import bridge_models, problems
from linnet.phenomena.sloppiness.claims.bridge_models import (
    MODELS,
    MODES,
    NEW,
    RATE,
    SAMPLES,
    SLOPE,
    START,
    STEPS,
    TARGET,
    TRAJECTORIES,
    UNIT,
    Points,
)
from linnet.phenomena.sloppiness.claims.source import CanonicalClaim
from linnet.shapes import Float
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

EIGENVALUES = "eigenvalues of inPCA"
NEGATIVE = "what is negative or left over, share of the trace"
PLACED = "overlaps of new models with embedded ones"
SPECTRUM = "mean eigenvalue along each axis of the inputs"
KEPT = 3  # dimensions into which new models are placed
ROUNDING = 1e-9  # of the largest entry; sums of a hundred terms, gaps of order one
SHOWN = 3  # embedded trajectories on the map


class GaussianBridge(CanonicalClaim):
    """The bridge from closed spectra to embeddings of distances."""

    name: ClassVar[str] = "gaussian_bridge"
    statement: ClassVar[str] = (
        "For predictions with Gaussian noise inPCA is plain principal component"
        " analysis: no eigenvalue is negative, new models are placed by projection, and"
        " the spectrum is the one that theory gives in closed form."
    )
    formula: ClassVar[str] = (
        r"\mathcal D_{uv} = \frac{\lVert f_u-f_v\rVert^2}{8\sigma^2N} \;\Rightarrow\;"
        r" e_k = \frac{m\,\lambda_k(C)}{8\sigma^2N},\qquad \mathbb E\,(U^\top CU)_{ii}"
        r" = v_i - \frac{n\lambda_i}{J}(\sigma_0^2\langle h_i\rangle^2"
        r"+\sigma_*^2\langle1-h_i\rangle^2)"
    )
    domain: ClassVar[str] = (
        "Predictions of any models with normal noise of one deviation, m models on N"
        " samples. Identities to rounding. The mean spectrum is that of J linear"
        " networks with random starts and targets, exact at every J: their common mean"
        " takes the second term away. It is seen along the axes of the inputs, through"
        " probes that are placed in the embedding; sorted eigenvalues would be biased."
        " Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "distances are squared before they are centered, as in classical scaling"
        " (placed: new models are centered on their own mean; mean spectrum: models"
        " spread like the inputs)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Few samples: the identities hold for any."""
        return problems.posed(
            bridge_models.sloppy_data(seed),
            f"{SAMPLES} samples, {MODES} directions of slope {SLOPE}",
            seed=seed,
            quick=quick,
        )

    def status(self, problem: Problem) -> Status:
        """Identities, and a mean over draws."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound | ZTest:
        """Rounding, or the error over ensembles."""
        return ZTest() if label == SPECTRUM else Bound(ROUNDING)

    def predict(self, problem: Problem) -> Quantities:
        """Covariance of the closed trajectories; closed spectrum."""
        old, new = bridge_models.closed(problem)
        center = old.mean(0)
        values, vectors = np.linalg.eigh(np.cov(old.T, bias=True))
        leading = vectors[:, ::-1][:, :KEPT]
        projector = leading @ leading.T / UNIT
        return {
            EIGENVALUES: MODELS * values[::-1] / UNIT,
            NEGATIVE: 0.0,
            PLACED: (new - center) @ projector @ (old - center).T,
            SPECTRUM: MODELS * _mean_spectrum() / UNIT,
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Squared distances; new models about themselves; the ribbon of the inputs."""
        old, new = bridge_models.closed(problem)
        values = _of_squares(old)
        right = self.predict(problem)
        leading = np.linalg.eigh(np.cov(old.T, bias=True))[1][:, ::-1][:, :KEPT]
        along = (new - new.mean(0)) @ leading @ leading.T
        variances = bridge_models.sloppy_data(problem.seed).variances
        total = np.sum(np.asarray(right[SPECTRUM]))
        return {
            EIGENVALUES: values[:MODES],
            NEGATIVE: float(np.abs(values[:MODES]).sum() / values.sum() - 1),
            PLACED: along @ (old - old.mean(0)).T / UNIT,
            SPECTRUM: total * variances / variances.sum(),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Embeddings of the distances of networks that were trained."""
        embedding = _embedded(problem, MODES)
        values, old = embedding.eigenvalues, _embedded(problem, KEPT)
        return {
            EIGENVALUES: values,
            NEGATIVE: float(np.abs(values).sum() / embedding.trace - 1),
            PLACED: _placed(problem) @ old.coordinates.T,
            SPECTRUM: _seen_spectrum(problem),
        }

    def note(self, problem: Problem) -> str:
        """Nothing: what diverges would have no distances."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Eigenvalues, the map, and the mean spectrum."""
        return Figure(
            name=self.name,
            caption=(
                f"Linear networks, each prediction with Gaussian noise. Left: inPCA of"
                f" the distances of {MODELS} models (dots) has the eigenvalues of plain"
                f" PCA (line), {MODES} in all and none negative; squared distances"
                " would give others (dashed: their size). Middle: trajectories as inPCA"
                " draws them (dots) and where theory puts them (lines), among them"
                " new ones that took no part in the embedding. Right: mean over"
                f" {bridge_models.ensemble_count(problem)} such ensembles, against the"
                " closed spectrum;"
                " models that spread like the inputs would lie on the dashed line."
            ),
            panels=(_identity(problem), _map(problem), _spectrum(problem)),
        )


def _of_squares(points: Points) -> Float[np.ndarray, " models"]:
    """Eigenvalues, largest in size first, if distances were squared once more."""
    squares = bridge_models.distances(points) ** 2
    away = squares - squares.mean(0) - squares.mean(1)[:, None] + squares.mean()
    values = np.linalg.eigvalsh(-away / 2)
    return values[np.argsort(-np.abs(values))]


def _mean_spectrum() -> Float[np.ndarray, " r"]:
    """Mean covariance of an ensemble along the axes of the inputs."""
    response = theory.GradientDescent(RATE)
    when = theory.given_checkpoints(STEPS)
    variances = np.array(problems.sloppy_variances(SLOPE, MODES))
    closed = theory.random_target_spectrum(
        variances, SAMPLES, START, TARGET, response, when
    )
    means = theory.mode_averages(response, variances, when)
    center = (START * means.remaining) ** 2 + (TARGET * means.learned) ** 2
    return closed - SAMPLES * variances * center / TRAJECTORIES


@lru_cache(maxsize=8)
def _embedded(problem: Problem, components: int) -> measure.Embedding:
    """Of the models of the first ensemble."""
    old, _ = bridge_models.trained(problem)
    return measure.embed_distances(bridge_models.distances(old), components)


def _placed(problem: Problem) -> Float[np.ndarray, "new kept"]:
    old, new = bridge_models.trained(problem)
    embedding = _embedded(problem, KEPT)
    return measure.place(embedding, bridge_models.distances(new, old))


@lru_cache(maxsize=4)
def _seen_spectrum(problem: Problem) -> Estimate:
    """Mean square of the coordinates along placed probes, in units of eigenvalues."""
    axes = bridge_models.sloppy_data(problem.seed).axes
    every = bridge_models.runs(problem)[:-NEW].reshape(
        bridge_models.ensemble_count(problem), MODELS, SAMPLES
    )
    return Estimate.from_samples([_along(models, axes) for models in every])


def _along(models: Points, axes: Float[np.ndarray, "n r"]) -> Float[np.ndarray, " r"]:
    """Moments of one ensemble along axes, seen through its embedding alone."""
    embedding = measure.embed_distances(bridge_models.distances(models), MODES)
    probes = models.mean(0) + axes.T
    directions = measure.place(embedding, bridge_models.distances(probes, models))
    return UNIT * ((embedding.coordinates @ directions.T) ** 2).sum(0)


def _identity(problem: Problem) -> Panel:
    ranks = np.arange(1.0, MODES + 1)
    squares = np.abs(_of_squares(bridge_models.closed(problem)[0]))[: 2 * MODES]
    predicted = np.asarray(GaussianBridge().predict(problem)[EIGENVALUES])
    return Panel(
        title="one ensemble",
        x_label="rank of the eigenvalue",
        y_label="eigenvalue",
        series=(
            Series(ranks, predicted, "PCA"),
            Series(ranks, _embedded(problem, MODES).eigenvalues, "inPCA", "simulation"),
            Series(
                np.arange(1.0, len(squares) + 1), squares, "squared distances", "wrong"
            ),
        ),
        y_scale="log",
    )


def _map(problem: Problem) -> Panel:
    old, new = bridge_models.closed(problem)
    vectors = np.linalg.eigh(np.cov(old.T, bias=True))[1][:, ::-1][:, :2]
    seen, placed = _embedded(problem, MODES).coordinates[:, :2], _placed(problem)[:, :2]
    center, steps = old.mean(0), len(STEPS)
    lines = [(part - center) @ vectors / np.sqrt(UNIT) for part in (old, new)]
    flip = np.sign((lines[0] * seen).sum(0))  # of an axis no direction is preferred
    series = []
    for color, (line, dots, count, name) in enumerate(
        ((lines[0], seen, SHOWN, "embedded"), (lines[1], placed, NEW, "new"))
    ):
        for at in range(count):
            part = slice(at * steps, (at + 1) * steps)
            label = name if at == 0 else ""
            x, y = (line[part] * flip).T
            series.append(Series(x, y, label, "theory", color))
            across, up = dots[part].T
            series.append(Series(across, up, label, "simulation", color))
    return Panel(
        title="trajectories",
        x_label="first coordinate",
        y_label="second coordinate",
        series=tuple(series),
    )


def _spectrum(problem: Problem) -> Panel:
    modes = np.arange(1.0, MODES + 1)
    predicted, wrong = (
        np.asarray(given[SPECTRUM])
        for given in (
            GaussianBridge().predict(problem),
            GaussianBridge().wrong(problem),
        )
    )
    seen = _seen_spectrum(problem)
    return Panel(
        title="mean over ensembles",
        x_label="axis of the inputs",
        y_label="eigenvalue along the axis",
        series=(
            Series(modes, predicted, "closed spectrum"),
            Series(modes, seen.value, "inPCA", "simulation", 0, seen.stderr),
            Series(modes, wrong, "like the inputs", "wrong"),
        ),
        y_scale="log",
    )
