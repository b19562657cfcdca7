import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics.flow import integrate
from linnet.dynamics.reduction import row_space

SPACE = row_space(plain.moments(0))
START = plain.layers((4, 3, 2), seed=1)

pytestmark = pytest.mark.usefixtures("x64")


def follow(length, first_step, start=START):
    data = (jnp.asarray(SPACE.variances), jnp.asarray(SPACE.yx))
    layers = tuple(jnp.asarray(layer)[None] for layer in start)
    tolerances = jnp.asarray(1e-8), jnp.asarray([1e-11])
    length, first_step = jnp.asarray(length, float), jnp.asarray(first_step, float)
    ahead = integrate(layers, data, length, first_step, tolerances, "dopri8")
    return ahead._replace(layers=tuple(layer[0] for layer in ahead.layers))


def test_a_run_opens_with_the_step_it_is_given():
    ahead = follow(1e-3, first_step=1e-3)
    assert (int(ahead.tried), float(ahead.covered)) == (1, 1e-3)
    assert int(follow(1e-3, first_step=1e-4).tried) > 1


def test_a_step_cut_short_by_the_end_does_not_shorten_the_next_one():
    ahead = follow(1e-6, first_step=1e-2)
    assert ahead.tried == 1
    assert float(ahead.step) >= 1e-2


def test_a_refused_step_is_shortened_before_it_is_handed_on():
    ahead = follow(0.5, first_step=100.0)
    assert ahead.success
    assert 1e-3 < float(ahead.step) < 10


def test_a_run_in_parts_takes_about_as_many_steps_as_in_one():
    whole = follow(8.0, first_step=1e-3)
    layers, step, tried = START, 1e-3, 0
    for _ in range(20):
        ahead = follow(0.4, step, layers)
        layers, step = ahead.layers, ahead.step
        tried += int(ahead.tried)
    for one, other in zip(layers, whole.layers, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)
    assert tried <= int(whole.tried) + 20 + 5


def test_a_run_of_no_length_changes_nothing():
    ahead = follow(0.0, first_step=1e-2)
    assert ahead.success
    assert (float(ahead.covered), float(ahead.step)) == (0, 1e-2)
    for one, other in zip(ahead.layers, START, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("method", ["dopri8", "rkc3"])
@pytest.mark.parametrize("replicas", [1, 3])
def test_compiled_flow_calls_nothing_on_the_host(method, replicas):
    # A program with a callback is never kept in the persistent cache.
    layers = tuple(jnp.stack([layer] * replicas) for layer in START)
    one, tolerances = jnp.ones(()), (jnp.asarray(1e-8), jnp.full(replicas, 1e-11))
    data = (jnp.asarray(SPACE.variances), jnp.asarray(SPACE.yx))
    lowered = integrate.lower(layers, data, one, one, tolerances, method)
    assert "callback" not in lowered.as_text()
