"""What holds for every claim: one contract, and verdicts that can fail."""

from dataclasses import replace

import numpy as np
import pytest

import linnet.dynamics
from linnet.network import IsotropicFirstLayer, LambdaBalanced
from linnet.numerics import Estimate
from linnet.phenomena.spectral_bias.claims import CLAIMS, runs
from linnet.phenomena.spectral_bias.claims.conservation import Conservation
from linnet.phenomena.spectral_bias.claims.convergence import ConvergenceBound
from linnet.phenomena.spectral_bias.claims.descent import LateRate
from linnet.phenomena.spectral_bias.claims.end_to_end import EndToEndLimit
from linnet.phenomena.spectral_bias.claims.escape import FirstEscape
from linnet.phenomena.spectral_bias.claims.finite_rate import FiniteRate
from linnet.phenomena.spectral_bias.claims.hidden_layer import (
    HiddenLayerSpectrum,
    StableRank,
)
from linnet.phenomena.spectral_bias.claims.mirror import MirrorDefect, MirrorFlow
from linnet.phenomena.spectral_bias.claims.modes import ModeLaw
from linnet.phenomena.spectral_bias.claims.plateaus import SequentialPlateaus
from linnet.phenomena.spectral_bias.claims.shapes import GaussianShape
from linnet.phenomena.spectral_bias.claims.sharpness import HessianSpectrum
from linnet.phenomena.spectral_bias.claims.starts import RiccatiSolution, ScalarLimit
from linnet.phenomena.spectral_bias.claims.variational import VariationalLimit
from linnet.study import run_claim
from linnet.task import Moments

# Those with rules of their own are looked at in files of their own.
SPECIAL = (
    MirrorFlow,
    MirrorDefect,
    RiccatiSolution,
    ScalarLimit,
    SequentialPlateaus,
    ConvergenceBound,
    GaussianShape,
    FiniteRate,
    HessianSpectrum,
)
COMMON = [claim for claim in CLAIMS if not isinstance(claim, SPECIAL)]
# Relations that hold at all times: they predict from the products of a run.
RELATIONS = (Conservation,)
claims = pytest.mark.parametrize("claim", COMMON, ids=lambda claim: claim.name)
POSED = ("correlated", "lazy", "white", "one output")


def number(quantity):
    value = quantity.value if isinstance(quantity, Estimate) else quantity
    return np.atleast_1d(np.asarray(value, dtype=float))


def shape(quantity):
    return number(quantity).shape


def shown_on(claim):
    """The canonical problem if there is one, and what is asked of data otherwise."""
    canonical = claim.canonical(0, True)
    if canonical is None:
        return "lazy"
    if canonical.dataset is None:
        return "canonical, white"
    return "canonical, unscaled" if canonical.init_scale == 1 else "canonical"


@claims
@pytest.mark.parametrize("name", POSED)
def test_prediction_observation_and_wrong_theory_name_the_same_quantities(
    claim, name, judged
):
    said = judged(claim, name)
    assert said.predicted
    assert said.predicted.keys() == said.observed.keys() == said.wrong.keys()
    for label, predicted in said.predicted.items():
        assert (
            shape(predicted) == shape(said.observed[label]) == shape(said.wrong[label])
        )
        assert np.isfinite(number(predicted)).all()
        # The wrong theory is another one, if not so far off that it can be told.
        assert not np.array_equal(number(predicted), said.wrong[label])


@claims
@pytest.mark.parametrize("name", POSED)
def test_every_claim_holds_on_small_data_or_is_a_heuristic(claim, name, judged):
    verdict = judged(claim, name).verdict
    assert verdict.verdict == "holds" or verdict.status == "heuristic"
    assert not verdict.is_failure
    assert verdict.note == ""


@claims
@pytest.mark.parametrize("name", POSED)
def test_every_claim_draws_what_it_saw(claim, name, judged):
    figure = judged(claim, name).figure
    assert figure.name == claim.name
    assert figure.panels
    for panel in figure.panels:
        assert "simulation" in {series.role for series in panel.series}
        for series in panel.series:
            assert series.x.shape == series.y.shape
            assert np.isfinite(series.x).all()
            assert panel.x_scale == "linear" or (series.x > 0).all()
            assert panel.y_scale == "linear" or (series.y > 0).any()


@claims
def test_every_claim_holds_where_it_is_shown(claim, judged):
    verdict = judged(claim, shown_on(claim)).verdict
    assert verdict.verdict == "holds"
    assert verdict.status != "heuristic"
    assert verdict.note == ""
    assert all(entry.outcome == "holds" for entry in verdict.comparisons)


@claims
def test_a_wrong_theory_that_says_the_same_leaves_every_claim_unresolved(
    claim, problem, judged
):
    name = shown_on(claim)
    said = judged(claim, name)
    for label, predicted in said.predicted.items():
        test = claim.test(problem(name), label)
        found = test.judge(label, predicted, said.observed[label], predicted)
        assert found.outcome == "not resolved"


@claims
def test_predictions_do_not_change_with_the_width(claim, problem, judged):
    if isinstance(claim, RELATIONS):
        return
    narrow, wide = judged(claim, "correlated").predicted, claim.predict(problem("wide"))
    assert narrow.keys() == wide.keys()
    for label in narrow:
        np.testing.assert_array_equal(number(wide[label]), number(narrow[label]))


@claims
def test_a_network_narrower_than_its_inputs_is_none_of_the_claims(claim, fresh):
    narrow = fresh("correlated", hidden=2)
    assert claim.applies(narrow) == (
        "the hidden width 2 is below the 3 inputs, so the first layer cannot start"
        " isotropic; widen it (--hidden)"
    )
    message = f"Claim `{claim.name}` says nothing about this: the hidden width 2 is"
    with pytest.raises(ValueError, match=message):
        run_claim(claim, narrow)


@claims
def test_inputs_of_very_different_scales_are_out_of_reach_of_all_limits(claim, fresh):
    moments = fresh("correlated").moments
    unit = np.diag([1.0, 1.0, 1e-6])
    stiff = Moments(unit @ moments.xx @ unit, moments.yx @ unit, moments.yy, 20)
    rate = runs.learning_rate(fresh("correlated"))
    asked = fresh("correlated", moments=stiff, hidden=3, learning_rate=rate)
    reason = claim.applies(asked)
    if claim.name in ("mode_law", "first_escape"):  # which look at the start alone
        assert reason is None
        return
    assert reason.startswith("training to its limit would take about")
    assert "(--scale standard) or whiten them (--whiten)" in reason


def other_flow(change):
    """Gradient flow as it would be on other moments."""
    genuine = linnet.dynamics.GradientFlow
    return lambda moments: genuine(change(moments))


def slowed(moments):
    """The same network in half of the time."""
    return Moments(moments.xx / 2, moments.yx / 2, moments.yy, moments.n)


def without_weakest_mode(moments):
    limit = moments.minimizer().end_to_end
    left, sigma, right = np.linalg.svd(limit, full_matrices=False)
    used = int((sigma > 1e-10 * sigma[0]).sum())
    sigma[used - 1 :] = 0
    return Moments(moments.xx, (left * sigma) @ right @ moments.xx, moments.yy)


def start_at_twice_the_scale(monkeypatch):
    genuine = runs.start
    monkeypatch.setattr(runs, "start", lambda p, gamma: genuine(p, 2 * gamma))


def start_in_balance(monkeypatch):
    """Both layers equally large from the start, their product small."""

    def balanced(problem, gamma):
        k, d = problem.moments.yx.shape
        rng = np.random.default_rng(problem.seed)
        product = 1e-3 * rng.normal(size=(k, d))
        return LambdaBalanced(0.0, product).weights((d, problem.hidden, k), rng)

    monkeypatch.setattr(runs, "start", balanced)


def flow_at_half_the_rate(monkeypatch):
    monkeypatch.setattr(linnet.dynamics, "GradientFlow", other_flow(slowed))


def flow_without_the_weakest_mode(monkeypatch):
    other = other_flow(without_weakest_mode)
    monkeypatch.setattr(linnet.dynamics, "GradientFlow", other)


@pytest.mark.parametrize(
    ("claim", "name", "make_it_true", "label"),
    [
        (Conservation(), "canonical", start_in_balance, "hidden layer"),
        (Conservation(), "canonical", start_in_balance, "output layer"),
        (Conservation(), "lazy", start_in_balance, "hidden layer"),
        (EndToEndLimit(), "canonical", flow_without_the_weakest_mode, "flow"),
        (EndToEndLimit(), "correlated", flow_without_the_weakest_mode, "flow"),
        (HiddenLayerSpectrum(), "canonical", start_at_twice_the_scale, ""),
        (HiddenLayerSpectrum(), "lazy", start_at_twice_the_scale, ""),
        (StableRank(), "canonical", start_at_twice_the_scale, ""),
        (StableRank(), "lazy", start_at_twice_the_scale, ""),
        (VariationalLimit(), "canonical", start_at_twice_the_scale, "Gram matrix"),
        (VariationalLimit(), "canonical", start_at_twice_the_scale, "spectra"),
        (VariationalLimit(), "lazy", start_at_twice_the_scale, "slope"),
        (ModeLaw(), "white", flow_at_half_the_rate, "modes against time"),
        (FirstEscape(), "canonical", flow_at_half_the_rate, "norm"),
        (FirstEscape(), "one output", flow_at_half_the_rate, "norm"),
        (LateRate(), "lazy", flow_at_half_the_rate, ""),
    ],
)
def test_where_the_named_wrong_theory_is_true_the_claim_fails_and_that_one_fits(
    claim, name, make_it_true, label, fresh, monkeypatch
):
    problem = fresh(name)
    predicted, wrong = claim.predict(problem), claim.wrong(problem)
    if isinstance(claim, RELATIONS):  # which predict from the products that were seen
        problem = fresh(name)
    make_it_true(monkeypatch)
    if isinstance(claim, RELATIONS):
        predicted, wrong = claim.predict(problem), claim.wrong(problem)
    observed = claim.observe(problem)
    asked = [key for key in predicted if key.startswith(label)]
    assert asked
    for key in asked:
        test = claim.test(problem, key)
        right = test.judge(key, predicted[key], observed[key], wrong[key])
        assert right.outcome == "fails"
        swapped = test.judge(key, wrong[key], observed[key], predicted[key])
        assert swapped.deviation <= swapped.tolerance
        assert swapped.outcome == "holds"


def unequal_start(problem, gamma):
    """A first layer of about the same size, but not isotropic."""
    k, d = problem.moments.yx.shape
    rng = np.random.default_rng(problem.seed)
    first, second = IsotropicFirstLayer(gamma).weights((d, problem.hidden, k), rng)
    return first * np.linspace(0.5, 2, d), second


@claims
def test_another_shape_of_the_start_makes_every_claim_fail(claim, fresh, monkeypatch):
    problem = fresh(shown_on(claim))
    monkeypatch.setattr(runs, "start", unequal_start)
    verdict, _ = run_claim(claim, problem)
    assert verdict.verdict == "fails"
    assert verdict.is_failure


@claims
def test_training_on_other_data_makes_every_claim_fail_that_speaks_of_them(
    claim, fresh, monkeypatch
):
    problem = fresh(shown_on(claim))

    def larger(moments):  # inputs twice as large
        return Moments(4 * moments.xx, 2 * moments.yx, moments.yy, moments.n)

    genuine = linnet.dynamics.GradientDescent
    monkeypatch.setattr(linnet.dynamics, "GradientFlow", other_flow(larger))
    monkeypatch.setattr(
        linnet.dynamics, "GradientDescent", lambda m, rate: genuine(larger(m), rate)
    )
    verdict, _ = run_claim(claim, problem)
    if isinstance(claim, RELATIONS):  # which ask nothing of the data
        assert verdict.verdict == "holds"
    else:
        assert verdict.is_failure
        # None where a mode is never half learned, or descent leaves at once.
        assert (verdict.deviation or np.inf) > 3 * verdict.tolerance


@claims
def test_a_heuristic_that_misses_is_no_failure_and_all_else_is(claim, judged):
    for name in ("white", "correlated"):
        missed = replace(judged(claim, name).verdict, verdict="fails")
        heuristic = claim.name == "mode_law" and name == "correlated"
        assert missed.is_failure is not heuristic
