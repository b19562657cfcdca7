"""The edge in mean square, and that nothing becomes unstable before it."""

import numpy as np

from linnet.analyze import pose
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import runs, turning
from linnet.phenomena.fluctuations.claims.edge import (
    EDGE,
    TURNED,
    MeanSquareEdge,
)
from linnet.task import Dataset

CLAIM = MeanSquareEdge()


def noisy(inputs):
    rng = np.random.default_rng(0)
    return Dataset(inputs, rng.normal(size=(len(inputs), 1)), "made up")


def blocks():
    """Samples of either of two inputs, one of them with heavier tails."""
    ramp = np.linspace(-1, 1, 30)
    near, far = ramp[:, None] * [1.0, 0.0], ramp[:, None] ** 3 * [0.0, 1.5]
    return pose(noisy(np.vstack([near, far])), batch_size=4, quick=True)


def outcomes(problem):
    predicted, wrong = CLAIM.predict(problem), CLAIM.wrong(problem)
    return {
        label: CLAIM.test(problem, label)
        .judge(label, predicted[label], seen, wrong[label])
        .outcome
        for label, seen in CLAIM.observe(problem).items()
    }


def test_unequal_samples_have_an_edge_of_their_own():
    for step in (1e-4, 0.05):
        inputs = 1 + step * np.arange(40.0)[:, None]
        asked = pose(noisy(inputs), quick=True)
        assert CLAIM.applies(asked) is None
    assert set(outcomes(asked).values()) == {"holds"}


def test_it_holds_where_two_groups_of_inputs_do_not_meet():
    assert outcomes(blocks()) == {EDGE: "holds", TURNED: "holds"}


def test_another_direction_that_stays_as_it_is_is_not_the_edge(monkeypatch):
    """The other input alone has a neutral matrix too, at a larger learning rate."""

    def of_one_input(minimum, noise):
        x, h = minimum.coordinates, minimum.variances
        rates = 2 * h / (h**2 + noise * ((x**4).mean(0) - h**2))
        later = int(np.argmax(rates))
        return float(rates[later]), np.diag(np.arange(2) == later).astype(float)

    monkeypatch.setattr(theory, "critical_covariance", of_one_input)
    assert outcomes(blocks()) == {EDGE: "holds", TURNED: "fails"}


def test_chains_turn_to_what_becomes_unstable_first():
    asked = CLAIM.canonical(0, True)
    size = runs.batch_size(asked)
    rate, _ = theory.critical_covariance(
        runs.minimum(asked), theory.batch_noise(runs.SAMPLING, 100, size)
    )
    found = turning.turned(asked, size)
    assert abs(found.value - rate) < 4 * found.stderr + turning.REST * rate
    assert found.stderr < 0.03 * rate
    assert abs(found.value - 2 * rate) > 10 * (found.stderr + turning.REST * rate)
