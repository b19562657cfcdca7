import json
import math
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from linnet.analyze import pose
from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import (
    CLAIMS,
    answers,
    headline,
    predictions,
    runs,
)
from linnet.phenomena.spectral_bias.claims.modes import (
    ENDS,
    ModeLaw,
    followed,
    plateaus,
)
from linnet.study import run_claim
from linnet.study.words import number
from linnet.task import Dataset

NAMES = ("correlated", "white", "one output", "lazy", "one input", "weak mode")
named = pytest.mark.parametrize("name", NAMES)


KEYS = (
    *("directions", "order", "rests", "rank"),
    *("rate", "long", "end", "least"),
)


@pytest.fixture(scope="module")
def told(problem, judged):
    """The answers for a named problem, by the first words of their questions."""

    @cache
    def tell(name):
        asked = problem(name)
        applying = [claim for claim in CLAIMS if claim.applies(asked) is None]
        verdicts = {claim.name: judged(claim, name).verdict for claim in applying}
        given = answers(asked, verdicts)
        return dict(zip(KEYS, given, strict=True))

    return tell


def leaves(value):
    if isinstance(value, dict):
        return [leaf for entry in value.values() for leaf in leaves(entry)]
    if isinstance(value, list):
        return [leaf for entry in value for leaf in leaves(entry)]
    return [value]


@named
def test_predictions_are_finite_plain_numbers(name, problem):
    said = predictions(problem(name))
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    for leaf in leaves(said):
        assert type(leaf) in (float, int, str)
        assert isinstance(leaf, str) or math.isfinite(leaf)


@named
def test_predictions_are_those_of_the_claims(name, problem):
    asked = problem(name)
    said, k_d = predictions(asked), asked.moments.yx.shape
    strengths = [mode["strength"] for mode in said["modes"]]
    np.testing.assert_allclose(
        strengths,
        np.linalg.svd(asked.moments.yx, compute_uv=False)[: len(strengths)],
        rtol=1e-12,
    )
    for mode in said["modes"]:
        steps = mode["half_time"] / runs.learning_rate(asked)
        assert mode["half_step"] == pytest.approx(steps)
        assert 0 < mode["input_variance"] <= asked.moments.spectrum()[0] * (1 + 1e-12)
    assert len(said["hidden_spectrum"]) == k_d[1]
    assert len(said["limit_singular_values"]) == min(k_d)
    assert said["largest_stable_rate"] == pytest.approx(2 / said["sharpness"])
    assert said["late_steps_per_e_fold"] * runs.learning_rate(asked) == pytest.approx(
        1 / (2 * said["slowest_curvature"])
    )
    scales, ranks = said["stable_rank"]["init_scale"], said["stable_rank"]["value"]
    assert len(scales) == len(ranks)
    assert asked.init_scale in scales


def test_the_mode_law_is_called_exact_on_white_inputs_alone(problem):
    laws = {name: predictions(problem(name))["mode_law"] for name in NAMES}
    assert laws == {
        "correlated": "heuristic",
        "white": "exact",
        "one output": "heuristic",
        "lazy": "heuristic",
        "one input": "exact",  # one direction has one variance
        "weak mode": "exact",
    }


def test_predictions_do_not_change_with_the_width(problem):
    assert predictions(problem("wide")) == predictions(problem("correlated"))
    assert headline(problem("wide")) == headline(problem("correlated"))


def test_one_output_is_one_mode_whose_input_is_a_single_one(problem):
    said = predictions(problem("one output"))
    assert len(said["modes"]) == 1
    # One spike, and all other singular values of the first layer idle.
    idle = said["hidden_spectrum"][1:]
    np.testing.assert_allclose(idle, np.sqrt(problem("one output").init_scale))
    assert said["stable_rank"]["value"][0] == pytest.approx(1, abs=1e-3)


@named
def test_the_headline_is_one_sentence_with_the_predicted_numbers(name, problem):
    asked, said = problem(name), predictions(problem(name))
    sentence = headline(asked)
    assert sentence.startswith("Linear theory predicts that a two-layer network")
    assert sentence.endswith(f"out of {asked.moments.xx.shape[0]}.")
    for wrong in ("nan", "inf", "None", "never"):
        assert wrong not in sentence
    steps = [mode["half_step"] for mode in said["modes"]]
    if len(steps) == 1:
        assert (
            f"learns its single mode at step {number(round(steps[0]), 3)}" in sentence
        )
    else:
        first, last = number(round(min(steps)), 3), number(round(max(steps)), 3)
        assert f"learns {len(steps)} modes one after the other" in sentence
        assert f"the first at step {first} and the last at step {last}" in sentence


@named
def test_the_questions_of_an_owner_are_answered_in_plain_words(name, told):
    for answer in told(name).values():
        assert answer.question.endswith("?")
        assert answer.outcome in ("holds", "misses", "not resolved", "")
        for words in (answer.prediction, answer.observation):
            assert words
            assert not re.search(r"\b(nan|inf|None)\b|array|np\.", words)
            assert "not trained" not in words


def test_white_inputs_are_told_to_follow_the_law_and_others_how_they_would(told):
    assert "exact on these white inputs" in told("white")["order"].prediction
    assert "--whiten" not in told("white")["order"].prediction
    assert "exact with `--whiten`" in told("correlated")["order"].prediction


def test_the_order_is_observed_and_compared_where_there_is_one(told):
    assert told("white")["order"].observation.endswith("order as predicted")
    assert "order" not in told("one output")["order"].observation
    assert re.match(r"steps \d+; in the end", told("one output")["order"].observation)


def test_on_correlated_inputs_it_is_told_how_far_the_modes_go(told, problem):
    asked = problem("correlated")
    ends = ModeLaw().observe(asked)[ENDS] / plateaus(asked)
    told_ends = told("correlated")["order"].observation.split("reach ")[1]
    assert told_ends == f"{number(ends.min(), 3)} to {number(ends.max(), 3)} b/a"
    assert "b/a" not in told("white")["order"].observation


def test_directions_are_called_by_name_with_the_largest_first(told, problem):
    said = predictions(problem("white"))["modes"]
    for mode in said:
        assert len(mode["inputs"]) == 3
        sizes = [abs(entry["weight"]) for entry in mode["inputs"]]
        assert sizes == sorted(sizes, reverse=True)
    first = told("white")["directions"]
    assert first.prediction.startswith(f"mode 1: `{said[0]['inputs'][0]['name']}`")
    assert "leaves zero along mode 1" in first.observation
    assert first.outcome == "holds"


def test_ten_modes_are_listed_and_the_rest_is_not():
    rng = np.random.default_rng(3)
    inputs = np.linalg.qr(rng.standard_normal((40, 12)))[0] * np.sqrt(40)
    asked = pose(Dataset(inputs, inputs * np.linspace(3, 1, 12), "many"), quick=True)
    (_, order, *_) = answers(asked, {})
    assert order.prediction.count(",") == 10
    assert ", … (exact" in order.prediction
    assert f"learns {followed(asked)} modes" in headline(asked)


def test_the_largest_stable_rate_and_the_rank_are_told_as_seen(told, problem, judged):
    rate = told("lazy")["rate"]
    edge = predictions(problem("lazy"))["largest_stable_rate"]
    assert rate.prediction == number(edge)
    assert float(rate.observation) == pytest.approx(edge, rel=0.01)
    rank = told("correlated")["rank"]
    assert rank.prediction == rank.observation  # to the digits shown


def test_the_limit_is_told_to_be_reached_unless_it_was_not(problem, judged, told):
    assert told("white")["end"].observation.startswith("reached from every scale")
    asked = problem("white")
    claims = {claim.name: claim for claim in CLAIMS}
    verdict = judged(claims["end_to_end_limit"], "white").verdict
    missed = {"end_to_end_limit": replace(verdict, verdict="fails", deviation=0.5)}
    end = answers(asked, missed)[KEYS.index("end")]
    assert (
        end.observation
        == "not reached from every scale: off by at most 0.5 of its size"
    )
    assert end.outcome == "fails"


@named
def test_what_training_minimizes_is_told_with_its_least_value(name, told, problem):
    asked, least = problem(name), told(name)["least"]
    sigma = np.linalg.svd(runs.limit(asked), compute_uv=False)
    gamma = asked.init_scale
    rise = theory.mode_penalty(sigma, gamma) - theory.mode_penalty(0.0, gamma)
    assert least.prediction.endswith(f", {number(rise.sum())} above the start")
    assert least.observation.startswith(f"{number(rise.sum())} above the start; ")
    assert least.outcome == "holds"


def test_how_long_it_took_is_told_even_where_its_end_was_too_weak_to_see(fresh):
    asked = fresh("weak mode", init_scale=1.5)
    claims = {claim.name: claim for claim in CLAIMS}
    assert claims["late_rate"].applies(asked) is not None
    verdict, _ = run_claim(claims["end_to_end_limit"], asked)
    duration = answers(asked, {"end_to_end_limit": verdict})[5]
    assert re.match(
        r"10 % of the excess loss left at step \d+, 1 % at step \d+$",
        duration.observation,
    )
    assert duration.outcome == ""


def test_steps_at_which_little_loss_is_left_are_those_of_the_run(told, problem):
    asked = problem("white")
    seen = told("white")["long"].observation
    steps = [float(found) for found in re.findall(r"at step (\d+)", seen)]
    run = runs.trained(asked, asked.init_scale)
    for step, share in zip(steps, (0.1, 0.01), strict=True):
        gap = np.interp(step * runs.learning_rate(asked), run.times, np.log(run.gap))
        # Whole steps, between times that are saved ten per cent apart.
        assert gap == pytest.approx(np.log(share), abs=0.5)


def test_without_verdicts_nothing_is_said_to_be_seen(problem):
    given = answers(problem("correlated"), {})
    assert [answer.observation for answer in given] == [
        *["not trained"] * 6,
        *["not trained to its limit"] * 2,
    ]
    assert {answer.outcome for answer in given} == {""}


def test_what_is_left_of_the_staircase_is_told_where_nothing_settles(told):
    # Judged, or else seen at least: one of the two.
    for name in ("correlated", "white"):
        rests = told(name)["rests"]
        assert bool(rests.outcome) != rests.observation.startswith("nowhere")
    assert told("one output")["rests"].observation == "there is none to see"
