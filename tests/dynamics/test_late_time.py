import re

import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import (
    SGD,
    GradientDescent,
    Langevin,
    late_time,
    record_plan,
    simulate,
)
from linnet.network import end_to_end
from linnet.task import Moments

INPUTS, TARGETS = plain.samples(0)
WEIGHTS = plain.layers((4, 3, 2), seed=1)
SMALL = SGD(INPUTS, TARGETS, 0.1, 3)


def ask(dynamics=SMALL, weights=WEIGHTS, **options):
    given = {"burn_in": 4, "steps": 30, "every": 2, "replicas": 6, "groups": 3}
    return late_time(dynamics, weights, **{**given, **options})


def flat(weights):
    return jnp.concatenate([layer.ravel() for layer in weights])


def product(weights):
    return end_to_end(weights).ravel()


def last_layer(weights):
    return weights[1].ravel()


@pytest.mark.parametrize("record", [None, product], ids=["weights", "product"])
def test_it_is_what_a_run_that_stores_its_records_would_have_given(record):
    run = simulate(
        SMALL,
        WEIGHTS,
        steps=range(6, 35, 2),
        replicas=6,
        seed=3,
        observe={"seen": record or flat},
    )
    found = ask(record=record, lags=(1, 4), seed=3)
    stored = run["seen"]
    rows = stored.reshape(-1, stored.shape[-1])
    mean = rows.mean(0)
    assert found.records == len(rows) == 90
    np.testing.assert_allclose(found.grand_mean, mean, atol=1e-13)
    expected = np.cov(rows.T, bias=True)
    np.testing.assert_allclose(found.covariance, expected, atol=1e-14)
    later, earlier = ((part - mean) for part in (stored[4:], stored[:-4]))
    expected = np.einsum("tri,trj->ij", later, earlier) / (11 * 6)
    np.testing.assert_allclose(found.lagged(4), expected, atol=1e-14)
    assert found.totals.groups == 3
    assert found.method == run.method


def test_it_does_not_depend_on_the_chunks(monkeypatch):
    whole = ask(lags=(1, 3), record=last_layer)
    for name, value in (("CHUNK_STEPS", 5), ("CHUNK_BYTES", 1)):
        monkeypatch.setattr(record_plan, name, value)
        parts = ask(lags=(1, 3), record=last_layer)
        np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=1e-12)
        np.testing.assert_allclose(parts.lagged(3), whole.lagged(3), rtol=1e-11)


def test_in_32_bits_it_agrees_to_their_own_accuracy():
    single, double = ask(precision="float32"), ask()
    scale = np.abs(double.covariance).max()
    np.testing.assert_allclose(single.covariance, double.covariance, atol=1e-4 * scale)
    assert single.covariance.dtype == np.float64


def line():
    """A quadratic in one dimension, and the exact variance at stationarity."""
    inputs = np.array([[1.0], [-0.5], [1.5], [0.8], [-1.2], [0.3]])
    targets = np.array([[0.7], [0.4], [-0.2], [1.1], [-0.9], [0.5]])
    x, y = inputs[:, 0], targets[:, 0]
    h, least = (x**2).mean(), (x * y).mean() / (x**2).mean()
    residual, rate, batch = y - least * x, 0.1, 2
    # V = (1 - eta h)^2 V + eta^2/m [V <x^4> - V h^2 + <r^2 x^2>], with replacement
    kept = (1 - rate * h) ** 2 + rate**2 / batch * ((x**4).mean() - h**2)
    variance = rate**2 / batch * (residual**2 * x**2).mean() / (1 - kept)
    return SGD(inputs, targets, rate, batch), least, variance, 1 - rate * h


def test_sgd_on_a_line_has_the_exact_variance_and_autocorrelation():
    sgd, least, variance, decay = line()
    found = late_time(
        sgd,
        (np.full((1, 1), least),),
        burn_in=300,
        steps=2000,
        lags=tuple(range(1, 60)),
        replicas=64,
        groups=32,
        seed=1,
    )
    mean, covariance = found.mean, found.covariance_estimate()
    assert abs(mean.value[0] - least) < 4 * mean.stderr[0]
    assert abs(covariance.value[0, 0] - variance) < 4 * covariance.stderr[0, 0]
    assert abs(covariance.value[0, 0] - 2 * variance) > 10 * covariance.stderr[0, 0]
    lagged = found.lagged_estimate(3)
    assert abs(lagged.value[0, 0] - decay**3 * variance) < 4 * lagged.stderr[0, 0]
    expected = found.records * (1 - decay) / (1 + decay)
    by_means, by_lags = found.effective_samples
    assert abs(by_means / expected - 1) < 4 * np.sqrt(2 / 63)
    assert by_lags == pytest.approx(expected, rel=0.1)


def test_replicas_from_the_stationary_law_need_no_burn_in():
    sgd, least, variance, _ = line()
    draws = least + np.sqrt(variance) * np.random.default_rng(0).standard_normal(2000)
    found = late_time(sgd, (draws[:, None, None],), burn_in=0, steps=5)
    assert found.totals.groups == 16
    covariance = found.covariance_estimate(about=np.array([least]))
    assert abs(covariance.value[0, 0] - variance) < 4 * covariance.stderr[0, 0]
    assert abs(covariance.value[0, 0] - 2 * variance) > 10 * covariance.stderr[0, 0]
    assert found.burn_in == 0


def test_the_langevin_twin_is_accumulated_too():
    sgd, least, variance, _ = line()
    twin = Langevin(sgd.inputs, sgd.targets, sgd.learning_rate, 1 / sgd.batch_size)
    start = (np.full((1, 1), least),)
    found = late_time(twin, start, burn_in=300, steps=2000, replicas=64, seed=1)
    covariance = found.covariance_estimate()
    assert abs(covariance.value[0, 0] - variance) < 4 * covariance.stderr[0, 0]


def test_descent_with_label_noise_has_the_exact_variance():
    sgd, least, _, decay = line()
    moments = Moments.of_data(sgd.inputs, sgd.targets)
    descent = GradientDescent(moments, sgd.learning_rate, label_noise=0.3)
    spread = (sgd.learning_rate * 0.3) ** 2 * moments.xx[0, 0] / moments.n
    variance = spread / (1 - decay**2)
    start = (np.full((1, 1), least),)
    found = late_time(descent, start, burn_in=300, steps=2000, replicas=64, seed=1)
    covariance = found.covariance_estimate()
    assert abs(covariance.value[0, 0] - variance) < 4 * covariance.stderr[0, 0]
    assert abs(covariance.value[0, 0] - 2 * variance) > 10 * covariance.stderr[0, 0]


def test_two_seeds_make_one_longer_study():
    one, two = ask(seed=1), ask(seed=2)
    merged = one.merge(two)
    assert merged.seeds == (1, 2)
    assert merged.records == one.records + two.records
    np.testing.assert_allclose(
        merged.grand_mean, (one.grand_mean + two.grand_mean) / 2, atol=1e-13
    )


def test_progress_rises_to_one_and_nothing_global_changes():
    seen = []
    ask(progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert jnp.ones(1).dtype == jnp.float32


def test_a_result_tells_what_it_rests_on():
    text = repr(ask(lags=(1, 2)))
    assert "15 records of 18 numbers in each of 6 replicas (3 groups)" in text
    assert "every 2 steps after 4, lags 1, 2; effective samples: " in text
    assert "by the scatter of means" in text
    assert "SGD, batches of 3" in text


def test_a_single_start_is_copied_and_groups_are_near_16():
    found = late_time(SMALL, WEIGHTS, burn_in=0, steps=2)
    assert (found.totals.replicas, found.totals.groups) == (16, 16)
    choose = record_plan.choose_groups
    assert [choose(r, None) for r in (2, 17, 64, 100, 202)] == [2, 17, 16, 20, 2]


def test_a_replica_that_diverges_is_told_of_with_its_step():
    wild = tuple(300 * layer for layer in WEIGHTS)
    for burn_in in (0, 10):
        with pytest.raises(
            ValueError, match=r"6 of 6 replicas diverged.* step \d, and have"
        ):
            ask(weights=wild, burn_in=burn_in)


def test_records_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="Records must be finite"):
        ask(record=lambda weights: jnp.log(-(weights[0] ** 2)).ravel())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"burn_in": -1}, "`burn_in` must be a whole number >= 0"),
        ({"every": 0}, "`every` must be a whole number >= 1"),
        ({"steps": 1}, "`steps` must be a whole number >= 2"),
        ({"steps": 2**31}, "must not exceed"),
        ({"lags": (2, 1)}, "`lags` must hold whole numbers"),
        ({"lags": (0,)}, "`lags` must hold whole numbers"),
        ({"lags": (15,)}, "`lags` must lie below 15"),
        ({"project": np.eye(18)}, "give `lags`"),
        ({"project": np.eye(3), "lags": (1,)}, r"`project` must be \(18, q\)"),
        ({"project": np.full((18, 1), np.nan), "lags": (1,)}, "`project` must be fin"),
        ({"groups": 4}, r"must divide the 6 replicas, into one of \[1, 2, 3, 6\]"),
        ({"replicas": 1, "groups": None}, "`replicas` must be at least 2"),
        ({"precision": "float16"}, "`precision` must be one of"),
        ({"memory_limit": 1e3}, "record fewer numbers"),
    ],
)
def test_what_makes_no_sense_is_refused(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        ask(**options)


def test_what_would_not_fit_says_what_would():
    with pytest.raises(ValueError, match="MiB") as caught:
        ask(memory_limit=1e3)
    needed = float(re.search(r"need about ([\d.]+) MiB", str(caught.value))[1])
    ask(memory_limit=1.01 * needed * 2**20)
    with pytest.raises(ValueError, match="groups=1 would fit"):
        ask(memory_limit=0.98 * needed * 2**20)
    ask(memory_limit=0.98 * needed * 2**20, groups=1)


def test_only_what_fluctuates_has_statistics():
    moments = Moments.of_data(INPUTS, TARGETS)
    with pytest.raises(TypeError, match="is GradientDescent without noise"):
        ask(dynamics=GradientDescent(moments, 0.1))


def test_a_record_is_a_vector():
    with pytest.raises(TypeError, match="must return a vector"):
        ask(record=end_to_end)
