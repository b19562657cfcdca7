import numpy as np
import pytest

from linnet.analyze import analyze_problem, count_claims, pose
from linnet.phenomena.spectral_bias import claims as spectral_bias
from linnet.study import Problem
from linnet.task import Dataset, Moments, load


def dataset(targets):
    inputs = np.random.default_rng(0).normal(size=(30, 3))
    return Dataset(inputs, targets(inputs), "made up")


def linear(inputs):
    return inputs @ np.array([[1.0], [0.5], [-0.2]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 2}, "at least the number of inputs, 3, but is 2"),
        ({"init_scale": 0.0}, "`init_scale` must be positive and finite, but is 0.0"),
        ({"init_scale": float("nan")}, "must be positive and finite, but is nan"),
        ({"learning_rate": 1e3}, r"`learning_rate` must lie in \(0, .*but is 1000"),
        ({"learning_rate": 0.0}, r"`learning_rate` must lie in \(0, .*but is 0"),
    ],
)
def test_impossible_settings_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        pose(dataset(linear), **options)


def test_a_width_that_memory_does_not_hold_is_refused_by_its_name():
    with pytest.raises(ValueError, match=r"`hidden` asks for 400,000 weights.*or 3"):
        pose(dataset(linear), hidden=100_000, memory_limit=1e7)


@pytest.mark.parametrize("factor", [1e-100, 1e100])
def test_data_whose_squares_are_no_numbers_are_refused(factor):
    plain = dataset(linear)
    scaled = Dataset(factor * plain.inputs, plain.targets, "made up")
    with pytest.raises(ValueError, match=r"inputs of `made up` must lie between"):
        pose(scaled)


def test_inputs_that_are_constant_are_told_to_be():
    flat = Dataset(np.full((4, 2), 3.0), np.eye(4)[:, :1], "flat")
    with pytest.raises(ValueError, match="inputs of `flat` must not all vanish"):
        pose(flat.prepared(center=True))


def test_targets_without_a_linear_trace_are_refused():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(15, 3))
    made = Dataset(
        np.concatenate([half, half]), np.repeat([[1.0], [-1.0]], 15, axis=0), "even"
    )
    with pytest.raises(ValueError, match="do not depend linearly on the inputs"):
        pose(made)


def test_defaults_lie_in_the_rich_regime_and_inside_stability():
    problem = pose(dataset(linear))
    size = np.linalg.norm(problem.moments.minimizer().end_to_end)
    assert problem.init_scale == pytest.approx(1e-4 * size)
    chosen = spectral_bias.settings(problem)["learning_rate"]
    with pytest.raises(ValueError, match="learning_rate"):
        pose(dataset(linear), learning_rate=4.01 * chosen)
    asked = pose(dataset(linear), learning_rate=3.99 * chosen)
    assert spectral_bias.settings(asked)["learning_rate"] == 3.99 * chosen


def test_a_problem_without_data_is_refused():
    moments = Moments(np.eye(2), np.ones((1, 2)), np.eye(1) * 2)
    problem = Problem("bare", moments, None, 2, 1e-3, 0.1)
    with pytest.raises(ValueError, match="must hold a data set"):
        analyze_problem(problem)


@pytest.mark.parametrize(
    ("name", "scale", "whiten"),
    [
        pytest.param("iris", "none", False, marks=pytest.mark.slow),
        pytest.param("iris", "none", True, marks=pytest.mark.slow),
        ("diabetes", "none", False),
        pytest.param("wine", "standard", False, marks=pytest.mark.slow),
        pytest.param("breast_cancer", "none", False, marks=pytest.mark.slow),
    ],
)
def test_bundled_data_are_answered_and_no_exact_claim_fails(name, scale, whiten):
    data = load(name, center=True, scale=scale)
    data = data.whitened() if whiten else data
    heard = []
    analysis = analyze_problem(pose(data, quick=True), on_claim=heard.append)
    found, silent = analysis.findings.found, analysis.findings.not_asked
    assert len(heard) == len(found) + len(silent) == count_claims() == 18
    assert not analysis.findings.has_failed
    exact = [f.verdict for f in found if f.verdict.status != "heuristic"]
    assert all(verdict.verdict == "holds" for verdict in exact)
    # Fewer than five directions, or white ones, have no ribbon to be asked for.
    flat = [reason for _, reason in silent if "directions only" in reason]
    flat += [reason for _, reason in silent if "inputs are white" in reason]
    assert len(flat) == (whiten or name == "iris")
    assert len(analysis.answers) == 22 - 2 * len(flat)
    assert len(analysis.lead) == 3
    modes = {f.verdict.status for f in found if f.verdict.claim == "mode_law"}
    assert ("heuristic" in modes) is not whiten
    # Raw breast_cancer spans twelve decades: limits are out of reach, and that is said.
    reasons = [reason for _, reason in silent if "--scale standard" in reason]
    assert len(reasons) == (9 if name == "breast_cancer" else 0)
    # One mode alone has no other to turn into, and on white inputs none turns.
    still = [reason for _, reason in silent if "turn" in reason]
    assert len(still) == (whiten or name in ("diabetes", "breast_cancer"))
    # Nor does every staircase show its steps.
    plateaus = [reason for _, reason in silent if "plateau" in reason]
    assert len(plateaus) <= 1
    assert len(still) + len(reasons) + len(plateaus) + len(flat) == len(silent)
