"""The edge in mean square, that it is the first one, and whose edge it is."""

from dataclasses import replace

import numpy as np
import pytest

from linnet.analyze import pose
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import edge, edge_chains
from linnet.phenomena.fluctuations.claims.edge import (
    EACH,
    EDGE,
    RESOLVED,
    MeanSquareEdge,
)
from linnet.task import Dataset, load

CLAIM = MeanSquareEdge()


def noisy(inputs):
    rng = np.random.default_rng(0)
    return Dataset(inputs, rng.normal(size=(len(inputs), 1)), "made up")


def lonely(n, size, **options):
    """All samples alike but one, that is larger."""
    inputs = np.ones((n, 1))
    inputs[0] = size
    return pose(noisy(inputs), quick=True, **options)


def blocks():
    """Samples of either of two inputs, one of them with heavier tails."""
    ramp = np.linspace(-1, 1, 30)
    near, far = ramp[:, None] * [1.0, 0.0], ramp[:, None] ** 3 * [0.0, 1.5]
    return pose(noisy(np.vstack([near, far])), batch_size=4, quick=True)


def comparisons(problem):
    predicted, wrong = CLAIM.predict(problem), CLAIM.wrong(problem)
    return {
        label: CLAIM.test(problem, label).judge(
            label, predicted[label], seen, wrong[label]
        )
        for label, seen in CLAIM.observe(problem).items()
    }


def outcomes(problem):
    return {label: found.outcome for label, found in comparisons(problem).items()}


BOTH_HOLD = {EDGE: "holds", EACH: "holds"}


def test_unequal_samples_have_an_edge_of_their_own():
    for step in (1e-4, 0.05):
        inputs = 1 + step * np.arange(40.0)[:, None]
        asked = pose(noisy(inputs), quick=True)
        assert CLAIM.applies(asked) is None
    assert outcomes(asked) == BOTH_HOLD
    assert CLAIM.note(asked) == ""


def test_samples_that_are_alike_make_the_edge_together():
    asked = lonely(60, -1.0)
    assert edge_chains.makers(asked, 1) == pytest.approx(60)
    assert edge_chains.makers(lonely(60, 100.0), 1) == pytest.approx(1, rel=1e-5)
    both = pose(noisy(np.r_[np.ones((58, 1)), np.full((2, 1), 100.0)]), quick=True)
    assert edge_chains.makers(both, 1) == pytest.approx(2, rel=1e-5)


def test_an_edge_that_one_sample_makes_is_refused_where_it_is_hardly_drawn():
    n = edge_chains.MOST  # each is drawn about once at batch size 1, 8 times at 8
    asked = lonely(n, 50.0, batch_size=8)
    assert CLAIM.applies(asked) == (
        f"about 1 of {n} samples makes the edge alone, too few for chains to draw them"
        " often"
    )


def test_batches_that_are_too_small_for_rare_samples_are_left_out_and_told():
    n = edge_chains.MOST
    asked = lonely(n, 50.0, batch_size=256)
    assert CLAIM.applies(asked) is None
    assert edge_chains.seen_sizes(asked) == [256]
    assert outcomes(asked) == BOTH_HOLD
    assert CLAIM.predict(asked)[EDGE].shape == (1,)
    assert f"At batch size 1 about 1 of {n} samples makes" in CLAIM.note(asked)


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_it_holds_on_data_with_rare_outliers(name):
    asked = pose(load(name, center=True, scale="standard"), quick=True)
    assert CLAIM.applies(asked) is None
    assert outcomes(asked) == BOTH_HOLD
    assert "At batch size 1 about" in CLAIM.note(asked)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("scale", ["none", "standard"])
@pytest.mark.parametrize(
    "name", ["digits", "breast_cancer", "wine", "diabetes", "iris"]
)
def test_it_holds_on_every_bundled_data_set(name, scale, seed):
    asked = pose(load(name, center=True, scale=scale), seed=seed)
    assert CLAIM.applies(asked) is None
    assert outcomes(asked) == BOTH_HOLD


def test_a_balance_that_only_its_own_weight_shows_is_not_the_edge(monkeypatch):
    """Isotropic starts balance at a rate of their own, but along no single input."""

    def isotropic(minimum, noise):
        x, h = minimum.coordinates, minimum.variances
        gain = (1 - noise) * (h**2).sum() + noise * ((x**2).sum(1) ** 2).mean()
        return 2 * h.sum() / gain, np.eye(len(h)) / len(h)

    monkeypatch.setattr(theory, "critical_covariance", isotropic)
    asked = pose(load("wine", center=True, scale="standard"), quick=True)
    assert outcomes(asked) == {EDGE: "holds", EACH: "fails"}


def test_single_inputs_whose_error_bars_hide_the_edge_are_left_out_and_told():
    asked = pose(load("wine", center=True), quick=True)
    seen = CLAIM.observe(asked)[EACH]
    largest = CLAIM.predict(asked)[EDGE][0]
    assert len(edge_chains.axes(asked, 1)) == 6
    assert CLAIM.predict(asked)[EACH].shape == seen.value.shape == (1,)
    assert (seen.stderr < largest / RESOLVED).all()
    assert outcomes(asked) == BOTH_HOLD
    assert "Along 5 of 6 single inputs chains are too few" in CLAIM.note(asked)


def test_where_no_single_input_tells_anything_the_edge_alone_is_judged(monkeypatch):
    monkeypatch.setattr(edge, "RESOLVED", 1e12)
    asked = pose(load("iris", center=True), quick=True)
    assert outcomes(asked) == {EDGE: "holds"}
    assert CLAIM.predict(asked).keys() == CLAIM.wrong(asked).keys() == {EDGE}
    assert CLAIM.note(asked) == "Along single inputs chains are too few to tell."


def test_what_leaves_a_direction_alone_is_told():
    asked = blocks()
    assert outcomes(asked) == BOTH_HOLD
    assert not edge_chains.is_definite(asked, 1)
    assert len(edge_chains.axes(asked, 1)) == 1
    assert "it was not seen that none becomes unstable before" in CLAIM.note(asked)


@pytest.mark.slow
def test_its_error_bars_are_those_of_its_scatter():
    asked = pose(load("iris", center=True), quick=True)
    found = [comparisons(replace(asked, seed=seed))[EACH].z for seed in range(20)]
    # The worst of four: normal scatter is beyond 3.2 in half a percent of the cases.
    assert 0.7 < np.abs(found).mean() < 2.2
    assert np.abs(found).max() < 4


def test_chains_are_as_many_as_are_needed_and_memory_holds():
    asked = pose(load("digits", center=True), quick=True)
    needed = edge_chains.ENOUGH * 1797 / edge_chains.makers(asked, 1)
    assert edge_chains.FEWEST < edge_chains.count(asked, 1) == int(needed)
    assert edge_chains.count(asked, 800) == edge_chains.FEWEST
    small = replace(asked, memory_limit=edge_chains.BYTES * 5 * 64 * 1000.0)
    assert edge_chains.count(small, 1) == 1000
    rare = pose(load("breast_cancer", center=True, scale="standard"), quick=True)
    assert edge_chains.count(rare, 1) == edge_chains.MOST
