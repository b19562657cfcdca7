"""The two claims that any data set can be asked, and what is told of it."""

import json
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from linnet.analyze import pose
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import (
    CLAIMS,
    answers,
    headline,
    predictions,
    runs,
    settings,
)
from linnet.phenomena.fluctuations.claims.edge import EDGE, MeanSquareEdge
from linnet.phenomena.fluctuations.claims.edge_chains import batch_sizes
from linnet.phenomena.fluctuations.claims.noise_floor import (
    EXCESS,
    VARIANCES,
    NoiseFloor,
)
from linnet.study import run_claim
from linnet.task import Dataset, load

OF_DATA = (NoiseFloor(), MeanSquareEdge())
asked = pytest.mark.parametrize("claim", OF_DATA, ids=lambda claim: claim.name)
posed = pytest.mark.parametrize(
    "name", [pytest.param("one output", marks=pytest.mark.slow), "rank deficient"]
)


@pytest.fixture(scope="module")
def verdict(problem):
    return cache(lambda claim, name: run_claim(claim, problem(name)))


@asked
@posed
def test_it_holds_on_small_data(claim, name, verdict):
    said, figure = verdict(claim, name)
    assert said.verdict == "holds"
    assert said.status == "exact"
    assert said.note == ""
    assert all(entry.outcome == "holds" for entry in said.comparisons)
    for panel in figure.panels:
        assert {"theory", "simulation", "wrong"} >= {s.role for s in panel.series}
        assert all(np.isfinite(s.y).all() for s in panel.series)


@pytest.mark.parametrize(
    "claim",
    [NoiseFloor(), pytest.param(MeanSquareEdge(), marks=pytest.mark.slow)],
    ids=lambda claim: claim.name,
)
def test_it_holds_on_its_canonical_problem(claim):
    said, _ = run_claim(claim, claim.canonical(0, True))
    assert said.verdict == "holds"


def test_a_wrong_noise_factor_is_found_out(problem, monkeypatch):
    fresh = replace(problem("plain"))
    right = runs.noise_factor(fresh)
    monkeypatch.setattr(runs, "noise_factor", lambda problem: 1.3 * right)
    assert run_claim(NoiseFloor(), fresh)[0].verdict == "fails"


def test_a_wrong_edge_is_found_out(problem, monkeypatch):
    fresh = replace(problem("plain"))
    true = theory.critical_covariance

    def low(minimum, noise):
        rate, matrix = true(minimum, noise)
        return 0.8 * rate, matrix

    monkeypatch.setattr(theory, "critical_covariance", low)
    claim = MeanSquareEdge()
    predicted, wrong = claim.predict(fresh)[EDGE], claim.wrong(fresh)[EDGE]
    seen = claim.observe(fresh)[EDGE]
    judged = claim.test(fresh, EDGE).judge(EDGE, predicted, seen, wrong)
    assert judged.outcome == "fails"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("few samples", "more samples than inputs"),
        ("exactly fitted", "fitted exactly, so SGD comes to rest"),
    ],
)
@asked
def test_where_nothing_fluctuates_nothing_is_claimed(claim, name, reason, problem):
    assert reason in claim.applies(problem(name))
    assert answers(problem(name), {}) == ()
    assert headline(problem(name)) == ""
    assert settings(problem(name)) == {}
    assert reason in predictions(problem(name))["silent"]


def test_all_samples_in_one_batch_make_no_noise(problem):
    assert "no noise" in NoiseFloor().applies(problem("all at once"))


def test_a_learning_rate_beyond_the_edge_is_told_with_the_edge(problem):
    asked = replace(problem("plain"), sgd_learning_rate=0.8, batch_size=1)
    reason = NoiseFloor().applies(asked)
    assert f"{runs.stable_rate(asked):.4g}" in reason
    assert "0.8 lies beyond the largest one that is stable in mean square" in reason
    assert len(answers(asked, {})) == 1
    assert MeanSquareEdge().applies(asked) is None


def test_an_impossible_batch_is_refused_before_any_work():
    with pytest.raises(ValueError, match=r"`batch_size` must be a whole number in \[1"):
        pose(load("iris", center=True), batch_size=151)


def test_settings_are_those_asked_for_or_safe_ones(problem):
    chosen = settings(problem("plain"))
    assert chosen["batch_size"] == 5
    edge = runs.stable_rate(problem("plain"))
    assert chosen["sgd_learning_rate"] == pytest.approx(0.1 * edge)
    given = replace(problem("plain"), batch_size=8, sgd_learning_rate=0.01)
    assert settings(given) == {"batch_size": 8, "sgd_learning_rate": 0.01}
    many = settings(pose(load("digits", center=True)))
    assert many["batch_size"] == 32


@posed
def test_predictions_are_finite_plain_numbers(name, problem):
    told = predictions(problem(name))
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    sizes = [entry["batch_size"] for entry in told["largest_stable_rates"]]
    assert sizes == batch_sizes(problem(name))
    rates = [entry["rate"] for entry in told["largest_stable_rates"]]
    assert rates == sorted(rates)
    full = 2 / max(told["curvatures"])
    assert rates[-1] < full


@posed
def test_every_answer_sets_what_was_seen_beside_what_was_said(name, problem, verdict):
    verdicts = {claim.name: verdict(claim, name)[0] for claim in OF_DATA}
    told = answers(problem(name), verdicts)
    assert len(told) == 5
    for answer in told:
        assert answer.question.endswith("?")
        assert answer.prediction
        assert answer.observation not in ("", "not trained")
        assert answer.outcome in ("holds", "")
    assert "never comes to rest" in headline(problem(name))
    unseen = answers(problem(name), {})
    assert {answer.observation for answer in unseen} == {"not trained"}


def test_the_time_to_fill_up_is_that_of_the_slowest_share(problem):
    asked = problem("plain")
    minimum, blocks = runs.minimum(asked), runs.covariance(asked)
    share = minimum.curvatures * np.einsum("aaii->i", blocks)
    rate = runs.learning_rate(asked)

    def missing(steps):
        left = (1 - rate * minimum.curvatures) ** (2 * steps)
        return (share * left).sum() / share.sum()

    steps = runs.easing(asked, 0.01)
    assert missing(steps) <= 0.01 < missing(steps - 1)
    assert runs.easing(asked, 0.1) < steps < runs.length(asked)


def test_observed_numbers_are_near_the_predicted_ones(problem):
    asked = problem("plain")
    claim = NoiseFloor()
    predicted, observed = claim.predict(asked), claim.observe(asked)
    assert observed[EXCESS].value == pytest.approx(predicted[EXCESS], rel=0.1)
    seen = np.asarray(observed[VARIANCES]).mean(0)
    assert seen == pytest.approx(predicted[VARIANCES], rel=0.2)
    edge = MeanSquareEdge()
    rates = edge.observe(asked)[EDGE].value
    assert rates == pytest.approx(edge.predict(asked)[EDGE], rel=0.1)
    assert math.isfinite(claim.wrong(asked)[EXCESS])


def test_claims_have_names_of_their_own():
    names = [claim.name for claim in CLAIMS]
    assert len(set(names)) == len(names)
    assert {claim.name for claim in OF_DATA} <= set(names)


def made(inputs, noise=0.3):
    rng = np.random.default_rng(4)
    rule = np.ones((inputs.shape[1], 1))
    targets = inputs @ rule + noise * rng.normal(size=(len(inputs), 1))
    return pose(Dataset(inputs, targets, "odd"), quick=True)


@pytest.mark.parametrize("size", [1e-7, 1e-9, 1e-12])
def test_one_rank_is_meant_where_inputs_are_nearly_collinear(size):
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(60, 3))
    copy = inputs[:, :1] + size * rng.normal(size=(60, 1))
    asked = made(np.hstack([inputs, copy]))
    minimizer = asked.moments.minimizer()
    assert len(runs.minimum(asked).variances) == minimizer.rank
    assert run_claim(NoiseFloor(), asked)[0].verdict == "holds"


@pytest.mark.filterwarnings("error")
def test_one_curvature_has_no_slope():
    rng = np.random.default_rng(3)
    one = made(rng.normal(size=(40, 1)))
    assert "one curvature only, and no slope" in answers(one, {})[1].prediction
    two = np.linalg.qr(rng.normal(size=(40, 2)))[0]
    assert "one curvature only, and no slope" in answers(made(two), {})[1].prediction


def test_where_sgd_is_unstable_the_stable_rates_are_still_told(problem):
    fast = replace(problem("plain"), sgd_learning_rate=0.8, batch_size=1)
    told = predictions(fast)
    assert "lies beyond" in told["silent"]
    assert told["largest_stable_rates"][0]["rate"] < 0.8
    whole = predictions(problem("all at once"))
    assert "no noise" in whole["silent"]
    assert all(entry["batch_size"] < 40 for entry in whole["largest_stable_rates"])


def test_a_covariance_that_memory_does_not_hold_is_not_told(problem):
    small = replace(problem("plain"), memory_limit=1000.0)
    assert "the covariance of 6 weights takes about" in NoiseFloor().applies(small)


def test_half_a_sample_is_no_batch():
    with pytest.raises(ValueError, match=r"whole number in .* but is 2\.5"):
        pose(load("iris", center=True), batch_size=2.5)


@pytest.mark.parametrize(
    "inputs", [np.ones((40, 1)), np.tile([[1.0], [-1.0]], (20, 1))]
)
def test_batches_of_one_hessian_have_no_edge_of_their_own(inputs):
    asked = made(inputs)
    assert "every batch has the same Hessian" in MeanSquareEdge().applies(asked)
    assert "at batch size 1" in answers(asked, {})[3].prediction


def test_factorial_inputs_whose_edge_is_degenerate_are_judged():
    design = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    asked = made(np.tile(design, (5, 1)))
    assert run_claim(MeanSquareEdge(), asked)[0].verdict == "holds"


def test_so_near_to_the_edge_that_no_average_settles_nothing_is_judged(problem):
    edge = runs.stable_rate(problem("plain"))
    near = replace(problem("plain"), sgd_learning_rate=0.9 * edge)
    assert "rare excursions dominate every average" in NoiseFloor().applies(near)
    assert answers(near, {})[2].prediction
    half = replace(problem("plain"), sgd_learning_rate=0.4 * edge)
    assert run_claim(NoiseFloor(), half)[0].verdict == "holds"


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_rate_of_sgd_is_refused_by_its_name(rate):
    with pytest.raises(ValueError, match="`sgd_learning_rate` must be positive"):
        pose(load("iris", center=True), sgd_learning_rate=rate)
