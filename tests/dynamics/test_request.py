import jax
import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import SGD, GradientDescent, GradientFlow, simulate
from linnet.dynamics.request import check_dynamics, check_observables, stack
from linnet.network import FanIn, end_to_end
from linnet.task import Dataset, Moments

INPUTS, TARGETS = plain.samples(0)
MOMENTS = Moments.of_data(INPUTS, TARGETS)
WEIGHTS = plain.layers((4, 3, 2), seed=0)
FLOW, DESCENT = GradientFlow(MOMENTS), GradientDescent(MOMENTS, 0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "euler"}, "`method` must be one of auto, dopri8, rkc3, but is 'eu"),
        (
            {"precision": "float16"},
            "`precision` must be one of float64, float32, but is",
        ),
        ({"seed": -1}, r"`seed` must be a whole number in \[0, 2\*\*32\), but is -1"),
        ({"seed": 2**32}, "but is 4294967296"),
        ({"seed": 1.0}, r"but is 1\.0"),
        ({"seed": None}, "but is None"),
        (
            {"tolerance": 1e-15},
            r"`tolerance` must be a number in \[2\.22e-15, 1\), but",
        ),
        (
            {"tolerance": 1e-8, "precision": "float32"},
            r"in \[1\.19e-06, 1\), but is 1e-",
        ),
        ({"tolerance": 1.0}, r"but is 1\.0"),
        ({"tolerance": np.nan}, "but is nan"),
        ({"tolerance": "high"}, "but is 'high'"),
        ({"stop_gap": -1e-3}, r"`stop_gap` must be a number in \[0, inf\), but is -0"),
        ({"stop_gap": np.inf}, "but is inf"),
        (
            {"memory_limit": -1},
            r"`memory_limit` must be a number in \[0, inf\), but is",
        ),
        ({"memory_limit": np.nan}, "but is nan"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        simulate(FLOW, WEIGHTS, times=[1.0], **options)


@pytest.mark.parametrize(
    "options", [{"method": "dopri8"}, {"method": "rkc3"}, {"tolerance": 1e-3}]
)
@pytest.mark.parametrize("dynamics", [DESCENT, SGD(INPUTS, TARGETS, 0.1, 3)])
def test_how_to_integrate_is_refused_where_nothing_is_integrated(dynamics, options):
    name = type(dynamics).__name__
    with pytest.raises(ValueError, match=f"are for GradientFlow, but the.* is {name}"):
        simulate(dynamics, WEIGHTS, steps=[1], **options)


def test_every_dynamics_trains_on_the_moments_of_its_data():
    assert check_dynamics(FLOW) is MOMENTS
    assert check_dynamics(DESCENT) is MOMENTS
    of_samples = check_dynamics(SGD(INPUTS, TARGETS, 0.1, 3))
    np.testing.assert_array_equal(of_samples.xx, MOMENTS.xx)
    np.testing.assert_array_equal(of_samples.yx, MOMENTS.yx)


@pytest.mark.parametrize("dynamics", [MOMENTS, GradientFlow, None])
def test_a_dynamics_of_no_known_kind_is_refused(dynamics):
    name = type(dynamics).__name__
    message = f"a GradientFlow, GradientDescent, SGD or Langevin, but is of type {name}"
    with pytest.raises(TypeError, match=message):
        simulate(dynamics, WEIGHTS, times=[1.0])


def test_one_start_becomes_one_replica_that_is_dropped_again():
    stacked, single = stack(WEIGHTS, None, MOMENTS)
    assert single
    assert [layer.shape for layer in stacked] == [(1, 3, 4), (1, 2, 3)]


def test_copies_of_one_start_share_its_memory():
    stacked, single = stack(WEIGHTS, 1000, MOMENTS)
    assert not single
    for layer, original in zip(stacked, WEIGHTS, strict=True):
        assert layer.shape == (1000, *original.shape)
        assert np.shares_memory(layer, original)
        assert (layer == original).all()


def test_given_replicas_are_taken_as_they_are():
    given = tuple(np.stack([layer, 2 * layer]) for layer in WEIGHTS)
    for replicas in (None, 2):
        stacked, single = stack(given, replicas, MOMENTS)
        assert not single
        assert all(a is b for a, b in zip(stacked, given, strict=True))


FIRST, SECOND = WEIGHTS
TWO = np.stack([FIRST, FIRST]), np.stack([SECOND, SECOND])
HOLED = np.where(np.arange(3) == 1, np.nan, TWO[1])


@pytest.mark.parametrize(
    ("weights", "replicas", "message"),
    [
        ((), None, "at least one layer, but is empty"),
        ((SECOND, FIRST), None, "must be a chain of layers"),
        ((FIRST[:, :3], SECOND), None, "must have 4 inputs, but has 3"),
        ((FIRST, SECOND[:1]), None, "must have 2 outputs, but has 1"),
        ((FIRST, SECOND[0]), None, r"layer 1 has shape \(3,\)"),
        ((FIRST, np.inf * SECOND**2), None, "must be finite, but layer 1"),
        (WEIGHTS, 0, "`replicas` must be a whole number >= 1, but is 0"),
        (WEIGHTS, 2.0, r"`replicas` must be a whole number >= 1, but is 2\.0"),
        (TWO, 3, "`replicas` must be None or 2, the leading axis.* but is 3"),
        ((TWO[0], SECOND), None, r"one leading axis.*\[\(2, 3, 4\), \(2, 3\)\]"),
        ((TWO[0], TWO[1][:1]), None, "one leading axis of replicas in all layers"),
        ((TWO[0][:0], TWO[1][:0]), None, "one leading axis of replicas"),
        ((TWO[0], HOLED), None, "must be finite, but layer 1 holds NaN"),
        ((TWO[0][..., :2], TWO[1]), None, "must have 4 inputs, but has 2"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights, replicas, message):
    with pytest.raises(ValueError, match=message):
        simulate(FLOW, weights, times=[1.0], replicas=replicas)


@pytest.mark.parametrize(
    ("observable", "message"),
    [
        (7, "Observable `seen` must be a function of the weights, but is 7"),
        (
            lambda weights: weights,
            "must return one array, but returns tuple: give each",
        ),
        (lambda weights: {"a": weights[0]}, "but returns dict"),
        (lambda weights: None, "but returns NoneType"),
    ],
)
def test_an_observable_of_no_known_kind_is_refused(observable, message):
    with pytest.raises(TypeError, match=message):
        simulate(FLOW, WEIGHTS, times=[1.0], observe={"seen": observable})


def test_bytes_of_a_save_are_those_of_all_observables_of_all_replicas():
    stacked, _ = stack(WEIGHTS, 5, MOMENTS)
    observe = {"last": lambda weights: weights[1], "all": end_to_end}
    with jax.enable_x64(True):
        named, size = check_observables(observe, stacked, np.dtype("float64"))
    assert [name for name, _ in named] == ["all", "last"]  # order does not recompile
    assert size == 5 * 8 * (2 * 4 + 2 * 3)
    with jax.enable_x64(False):
        _, half = check_observables(observe, stacked, np.dtype("float32"))
        _, default = check_observables(None, stacked, np.dtype("float32"))
    assert 2 * half == size
    assert default == 5 * 4 * 2 * 4


def test_an_observable_that_calls_numpy_is_told_what_to_use():
    with pytest.raises(TypeError, match="`seen` must be made of operators or"):
        simulate(
            GradientFlow(MOMENTS),
            WEIGHTS,
            times=[1.0],
            observe={"seen": lambda weights: np.linalg.svd(weights[0])[1]},
        )


def test_a_shape_in_place_of_weights_and_data_in_place_of_moments_are_told_apart():
    with pytest.raises(TypeError, match=r"draws them by `.weights\(sizes, rng\)`"):
        simulate(GradientFlow(MOMENTS), FanIn(), times=[1.0])
    data = Dataset(np.eye(4), np.eye(4), "identity")
    for make in (GradientFlow, lambda given: GradientDescent(given, 0.1)):
        with pytest.raises(TypeError, match=r"a data set gives them by `.moments\(\)`"):
            make(data)
