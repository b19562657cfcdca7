import numpy as np
import pytest
from scipy.integrate import solve_ivp

import linnet.dynamics
from linnet.phenomena.spectral_bias.claims import modes, runs
from linnet.phenomena.spectral_bias.claims.modes import (
    CURVES,
    ENDS,
    HALF,
    HALF_SMALL,
    ModeLaw,
)
from linnet.study import run_claim
from linnet.task import Moments

CLAIM = ModeLaw()


def test_the_law_is_exact_on_white_inputs_and_a_heuristic_on_correlated_ones(problem):
    for name, status in (
        ("canonical, white", "exact"),
        ("white", "exact"),
        ("canonical", "heuristic"),
        ("correlated", "heuristic"),
        ("one output", "heuristic"),
    ):
        assert CLAIM.status(problem(name)) == status
        assert modes.is_white(problem(name)) == (status == "exact")


def test_the_canonical_curves_hold_to_six_digits(judged):
    verdict = judged(CLAIM, "canonical, white").verdict
    assert verdict.verdict == "holds"
    entries = {entry.label: entry for entry in verdict.comparisons}
    assert entries.keys() == {CURVES, HALF, HALF_SMALL}
    assert entries[CURVES].deviation <= 1e-6
    assert entries[HALF].deviation <= 1e-5
    assert entries[HALF_SMALL].deviation <= 1e-3


def test_trained_modes_solve_their_equation_of_motion(problem):
    """Not through the closed law: the equation itself, integrated here."""
    asked = problem("canonical, white")
    run, gamma = modes.learning(asked), asked.init_scale
    strengths = np.array([3.15, 1.74, 0.41])
    motion = solve_ivp(
        lambda _, s: np.sqrt(gamma**2 + 4 * s**2) * (strengths - s),
        (0, run.times[-1]),
        np.zeros(3),
        t_eval=run.times,
        method="LSODA",
        rtol=1e-11,
        atol=1e-16,
    )
    np.testing.assert_allclose(run["amplitudes"], motion.y.T, atol=1e-6)


def test_modes_are_learned_strongest_first(problem, judged):
    half = judged(CLAIM, "canonical, white").observed[HALF]
    assert half.shape == (3,)
    assert (np.diff(half) > 0).all()
    np.testing.assert_allclose(
        half,
        np.log(4 * np.array([3.15, 1.74, 0.41]) / 1e-4) / [6.3, 3.48, 0.82],
        rtol=1e-3,
    )


def test_modes_far_apart_in_time_are_all_resolved(fresh, problem):
    asked = fresh("weak mode", init_scale=1e-4)
    found = modes.crossings(asked)
    times = np.array([crossing.time for crossing in found])
    assert times[1] > 1000 * times[0]
    np.testing.assert_allclose(times, modes.half_times(asked), rtol=1e-5)


def test_without_white_inputs_half_times_and_ends_are_judged_within_fifteen_per_cent(
    judged,
):
    said = judged(CLAIM, "correlated")
    assert said.predicted.keys() == {HALF, ENDS}
    for entry in said.verdict.comparisons:
        assert entry.tolerance == 0.15
        gaps = np.abs(said.observed[entry.label] / said.predicted[entry.label] - 1)
        assert entry.deviation == pytest.approx(gaps.max())


def test_ends_are_those_of_the_trained_product_along_the_modes(problem):
    asked = problem("correlated")
    limit = asked.moments.minimizer().end_to_end
    along = [mode.output @ limit @ mode.input for mode in runs.directions(asked)]
    np.testing.assert_allclose(CLAIM.observe(asked)[ENDS], along, rtol=1e-5)


def test_ends_are_not_told_where_training_cannot_be_finished(fresh):
    moments = fresh("correlated").moments
    unit = np.diag([1.0, 1.0, 1e-6])
    stiff = Moments(unit @ moments.xx @ unit, moments.yx @ unit, moments.yy, 20)
    rate = runs.learning_rate(fresh("correlated"))
    asked = fresh("correlated", moments=stiff, hidden=3, learning_rate=rate)
    assert CLAIM.predict(asked).keys() == CLAIM.observe(asked).keys() == {HALF}


def test_the_short_formula_is_asked_only_where_the_scale_is_small(fresh, judged):
    assert HALF_SMALL in judged(CLAIM, "white").predicted
    assert HALF_SMALL not in CLAIM.predict(fresh("white", init_scale=0.1))
    assert HALF_SMALL not in CLAIM.predict(fresh("white", init_scale=1e3))


def test_modes_that_take_too_long_are_left_out_and_that_is_told(fresh):
    asked = fresh("weak mode", init_scale=1e-9)  # 4e6 times of its e-fold
    assert modes.followed(asked) == 1
    verdict, _ = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert verdict.note == "The 1 weakest modes take too long to be followed."


@pytest.mark.parametrize("name", ["correlated", "one output"])
def test_a_learning_rate_so_small_that_nothing_is_learned_is_refused(name, fresh):
    asked = fresh(name, learning_rate=1e-9)
    reason = CLAIM.applies(asked)
    assert reason.startswith("even the first mode would be half learned only after")
    assert reason.endswith("steps; raise the learning rate (--learning-rate)")
    with pytest.raises(
        ValueError, match="says nothing about this: even the first mode"
    ):
        run_claim(CLAIM, asked)


def test_descent_that_diverges_is_told_and_misses(fresh, monkeypatch):
    genuine = linnet.dynamics.GradientDescent
    monkeypatch.setattr(
        linnet.dynamics, "GradientDescent", lambda m, rate: genuine(m, 50 * rate)
    )
    verdict, figure = run_claim(CLAIM, fresh("correlated"))
    assert verdict.verdict == "fails"
    assert not verdict.is_failure  # a heuristic
    assert "diverged at step" in verdict.note
    assert figure.panels


def test_at_most_six_modes_are_drawn_the_first_and_the_last_among_them():
    for count in range(1, 20):
        shown = modes._shown(count)
        assert shown == sorted(set(shown))
        assert len(shown) == min(count, 6)
        assert (shown[0], shown[-1]) == (0, count - 1)
