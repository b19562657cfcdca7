import re

import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import (
    SGD,
    Epochs,
    GradientDescent,
    GradientFlow,
    HeavyBall,
    simulate,
)
from linnet.dynamics.descent_engine import DescentEngine
from linnet.dynamics.flow import integrate
from linnet.dynamics.flow_engine import FlowEngine
from linnet.dynamics.march import Span, march
from linnet.dynamics.memory import check_memory, drawn_bytes, working_bytes
from linnet.dynamics.reduction import row_space
from linnet.dynamics.request import stack
from linnet.task import Moments

INPUTS, TARGETS = plain.samples(0, n=2000, d=30, k=10)
MOMENTS = Moments.of_data(INPUTS, TARGETS)
WEIGHTS = plain.layers((30, 50, 10), seed=0)
DOUBLE = np.dtype("float64")
DYNAMICS = {
    "flow": GradientFlow(MOMENTS),
    "descent": GradientDescent(MOMENTS, 0.1),
    "sgd": SGD(INPUTS, TARGETS, 0.1, 20),
    "descent with decay": GradientDescent(MOMENTS, 0.1, HeavyBall(0.5, 0.1)),
    "epochs": SGD(INPUTS, TARGETS, 0.1, 20, Epochs(), HeavyBall(0.5)),
}
each = pytest.mark.parametrize("name", DYNAMICS)


def ask(name, replicas, saves, limit, per_replica=80):
    layers, _ = stack(WEIGHTS, replicas, MOMENTS)
    size = per_replica * replicas
    check_memory(DYNAMICS[name], layers, saves, size, limit, DOUBLE)


def refusal(name, replicas, saves, limit):
    with pytest.raises(ValueError, match="would fit") as caught:
        ask(name, replicas, saves, limit)
    return str(caught.value)


@each
def test_no_limit_and_a_large_one_let_everything_pass(name):
    ask(name, 10**6, 10**6, limit=None)
    ask(name, 10, 10, limit=1e9)


@each
def test_as_many_saves_as_are_said_to_fit_do_and_one_more_does_not(name):
    text = refusal(name, 20, 10**7, limit=2e8)
    fitting = int(re.search(r"MiB: (\d+) saved times", text)[1])
    ask(name, 20, fitting, limit=2e8)
    refusal(name, 20, fitting + 1, limit=2e8)


@each
def test_as_many_replicas_as_are_said_to_fit_do_and_one_more_does_not(name):
    text = refusal(name, 10**5, 10, limit=2e7)
    fitting = int(re.search(r"(\d+) replicas would fit", text)[1])
    ask(name, fitting, 10, limit=2e7)
    refusal(name, fitting + 1, 10, limit=2e7)


def test_samples_are_held_once_for_all_replicas():
    size = 8 * (INPUTS.size + TARGETS.size)
    text = refusal("sgd", 1000, 1, limit=size)  # the samples alone fill it
    assert text.endswith("not even one replica at one time would fit.")
    one, two = (
        working_bytes(DYNAMICS["sgd"], stack(WEIGHTS, replicas, MOMENTS)[0], DOUBLE)
        for replicas in (1, 2)
    )
    assert 2 * one - two == size


def test_saves_count_what_is_observed_and_how_the_run_stands():
    text = refusal("descent", 1000, 2**20, limit=1e6)
    # 80 bytes of observables, 32 for gap, drift and speed: of each replica and save.
    assert " 1.12e+05 MiB of it for what it saves" in text


def test_too_large_a_run_is_refused_before_any_work():
    seen = []
    message = (
        r"10000 replicas with 3 saved times needs about .* MiB, .* MiB of it for what"
        r" it saves, but `memory_limit` is 0\.9537 MiB: .*would fit"
    )
    with pytest.raises(ValueError, match=message):
        simulate(
            DYNAMICS["descent"],
            WEIGHTS,
            steps=[1, 10**8, 2 * 10**9],
            replicas=10_000,
            memory_limit=1e6,
            progress=seen.append,
        )
    assert seen == []


def test_what_a_run_needs_does_not_depend_on_its_number_of_steps():
    texts = []
    for last in (3, 2 * 10**9):
        with pytest.raises(ValueError, match="would fit") as caught:
            simulate(DYNAMICS["sgd"], WEIGHTS, steps=[1, 2, last], memory_limit=1000)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


@pytest.mark.usefixtures("x64")
@each
def test_the_estimate_covers_what_the_compiled_step_takes(name):
    layers, _ = stack(WEIGHTS, 3, MOMENTS)
    space = row_space(MOMENTS)
    if name == "flow":
        engine = FlowEngine(space, layers, "dopri8", None, 1.0, DOUBLE)
        length = np.ones(())
        given = (engine.layers, engine._data, length, engine._step, engine._tolerances)
        compiled = integrate.lower(*given, "dopri8").compile()
    else:
        engine = DescentEngine(DYNAMICS[name], space, layers, 0, 1.0, 1e9, DOUBLE)
        span = Span(np.int32(0), np.int32(1), 1e9)
        given = (engine._dynamics, engine._keys, engine._state, span)
        compiled = march.lower(*given).compile()
    stats = compiled.memory_analysis()
    taken = (
        stats.temp_size_in_bytes
        + stats.argument_size_in_bytes
        + stats.output_size_in_bytes
    )
    estimate = working_bytes(DYNAMICS[name], layers, DOUBLE)
    assert taken <= estimate < 10 * taken


def test_half_the_precision_takes_half_the_memory():
    layers, _ = stack(WEIGHTS, 3, MOMENTS)
    for dynamics in DYNAMICS.values():
        # Apart from draws, which are the same in both.
        drawn = 3 * drawn_bytes(dynamics) if isinstance(dynamics, SGD) else 0
        single = working_bytes(dynamics, layers, np.dtype("float32")) - drawn
        assert 2 * single == working_bytes(dynamics, layers, DOUBLE) - drawn


def test_arrays_of_a_run_depend_on_its_saves_and_not_on_its_steps():
    moments, weights = plain.moments(0), plain.layers((4, 3, 2), seed=0)
    short, long = (
        simulate(GradientDescent(moments, 0.1), weights, steps=[0, last // 2, last])
        for last in (4, 30_000)
    )
    for run in (short, long):
        assert run["end_to_end"].shape == (3, 2, 4)
        assert run.gap.shape == run.times.shape == (3,)
    assert long.evaluations == 30_000
