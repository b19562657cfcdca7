from dataclasses import replace

import numpy as np
import pytest

import linnet
from linnet.analyze import pose
from linnet.dynamics import GradientFlow, simulate
from linnet.numerics import Estimate
from linnet.phenomena.anisotropy.claims import splits
from linnet.task import Dataset, Moments

VARIANCES = np.array([9.0, 2.0, 1.0, 0.5, 0.1])
TEACHER = np.array([0.2, 0.0, 0.5, 0.0, 1.0])


def drawn(n, rng, noise=0.5):
    inputs = np.sqrt(VARIANCES) * rng.standard_normal((n, 5))
    return inputs, inputs @ TEACHER + noise * rng.standard_normal(n)


@pytest.fixture(scope="module")
def problem():
    inputs, output = drawn(400, np.random.default_rng(0))
    return pose(Dataset(inputs, output[:, None], "drawn"), quick=True)


def test_every_half_is_reference_once_and_pool_once(problem):
    found = splits.halves(problem)
    assert len(found) == 4
    for reference, pool in found:
        assert sorted([*reference, *pool]) == list(range(400))
    np.testing.assert_array_equal(found[0][0], found[1][1])


def test_theory_sees_the_reference_half_alone(problem):
    half, pool = splits.halves(problem)[0]
    targets = problem.dataset.targets.copy()
    targets[pool] += 100.0
    other = pose(replace(problem.dataset, targets=targets), quick=True)
    before, after = (splits.references(p)[0] for p in (problem, other))
    assert before.noise == after.noise
    np.testing.assert_array_equal(
        before.spectrum.target_power, after.spectrum.target_power
    )
    assert len(half) == 200


def test_noise_and_signal_are_estimated_without_bias():
    rng = np.random.default_rng(1)
    found = [splits.estimated(*drawn(25, rng, 0.7)) for _ in range(2000)]
    noise = Estimate.from_samples([one.noise**2 for one in found])
    assert abs(noise.z(0.49)) < 4
    assert abs(noise.z(0.49 * 20 / 25)) > 10  # residuals over n
    power = Estimate.from_samples([one.spectrum.signal_power for one in found])
    truth = VARIANCES @ TEACHER**2
    assert abs(power.z(truth)) < 4
    assert abs(power.z(truth + 0.49 * 5 / 25)) > 10  # that of least squares


def test_directions_of_next_to_no_variance_count_as_noise():
    rng = np.random.default_rng(2)
    inputs, output = drawn(200, rng)
    tiny = 1e-5 * rng.standard_normal((200, 1))
    found = splits.estimated(np.c_[inputs, tiny], output)
    assert len(found.spectrum.eigenvalues) == 5


def test_training_sets_have_two_samples_a_direction_or_half_a_sample():
    digits = pose(linnet.load("digits"), quick=True)
    assert splits.rank(digits) == 61
    assert splits.sizes(digits) == (122, 30)
    assert splits.sizes(pose(linnet.load("iris"))) == (20,)


def test_one_layer_is_the_flow_of_all_its_weights(problem):
    inputs, output = splits.samples(problem)
    moments = Moments.of_data(inputs[:20], output[:20, None])
    times = np.array([0.01, 0.3, 5.0])
    run = simulate(GradientFlow(moments), (np.zeros((1, 5)),), times=times)
    found = splits.one_layer(moments, times)
    np.testing.assert_allclose(found, run["end_to_end"][:, 0], atol=1e-8)


@pytest.mark.slow
def test_unseen_directions_do_not_change_training(problem):
    inputs, output = splits.samples(problem)
    moments = Moments.of_data(inputs[:3], output[:3, None])
    times = np.array([0.1, 1.0, 10.0])
    found = splits.two_layers(problem, moments, times)
    rng = np.random.default_rng(problem.seed)
    start = splits.IsotropicFirstLayer(problem.init_scale).weights((5, 5, 1), rng)
    run = simulate(GradientFlow(moments), start, times=times)
    np.testing.assert_allclose(found, run["end_to_end"][:, 0], atol=1e-4)


def test_a_split_trains_and_tests_on_different_rows(problem, monkeypatch):
    inputs, output = splits.samples(problem)
    seen = []

    def spy(moments, times):
        seen.append(moments.xx)
        return np.tile(TEACHER, (len(times), 1))

    monkeypatch.setattr(splits, "one_layer", spy)
    monkeypatch.setattr(splits, "two_layers", lambda p, m, t: spy(m, t))
    monkeypatch.setattr(splits, "_per_pool", lambda p: 1)
    splits.observed.cache_clear()
    errors = splits.observed(problem, 20)
    splits.observed.cache_clear()
    # The noise is independent of the map: its error on held-out rows is that of them.
    for (_, pool), error in zip(splits.halves(problem), errors.one, strict=True):
        all_rows = (inputs[pool] @ TEACHER - output[pool]) ** 2
        rest = 200 * all_rows.mean() - 180 * error[0]
        assert 0 < rest < all_rows.sum()
    assert len(seen) == 8
