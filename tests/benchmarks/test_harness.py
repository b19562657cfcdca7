import json
import math
import os
import time
from collections.abc import Callable

import numpy as np
import pytest

from benchmarks import NAMES, __main__, machine
from benchmarks.harness import Row, Spread, interleave, ratio_of, stopwatch
from benchmarks.table import HEAD, LEGEND, SCHEMA, document, duration, render, rows_of


def noting(log: list[str], name: str, seconds: float = 1.0) -> Callable[[], float]:
    def timed() -> float:
        log.append(name)
        return seconds

    return timed


def speedup_row(**changes: object) -> Row:
    given = {
        "workload": "flow",
        "ours": Spread.of([1, 2, 1, 1, 1]),
        "baseline": "SciPy",
        "theirs": Spread.of([10, 10, 30, 10, 10]),
        "sense": "speedup",
        "goal": 10.0,
        "error": 1e-6,
        "error_limit": 1e-5,
        "memory": 3 * 2**20,
        "compile_seconds": 0.5,
        "details": {"evaluations": 120.0},
    }
    return Row(**{**given, **changes})


def test_spread_gives_median_and_quartiles():
    spread = Spread.of([5, 1, 2, 4, 3])
    assert (spread.low, spread.median, spread.high) == (2, 3, 4)


def test_spread_of_one_value_is_that_value():
    spread = Spread.of([7])
    assert (spread.low, spread.median, spread.high) == (7, 7, 7)


@pytest.mark.parametrize("values", [(), (1.0, math.nan), (math.inf,)])
def test_spread_without_finite_values_is_refused(values):
    with pytest.raises(ValueError, match=r"must hold finite numbers"):
        Spread(values)


def test_timers_take_turns():
    log: list[str] = []
    interleave({"a": noting(log, "a"), "b": noting(log, "b")}, rounds=5)
    assert log == ["a", "b"] * 5


def test_a_slow_timer_runs_once():
    log: list[str] = []
    timers = {"slow": noting(log, "slow", 9.0), "b": noting(log, "b")}
    found = interleave(timers, once=["slow"])
    assert log.count("slow") == 1
    assert found["slow"].values == (9.0,)
    assert len(found["b"].values) == 5


def test_fewer_than_five_rounds_are_refused():
    with pytest.raises(ValueError, match=r"must be >= 5, but is 4"):
        interleave({}, rounds=4)


def test_an_unknown_slow_timer_is_refused():
    with pytest.raises(ValueError, match=r"`once` names no timer: c"):
        interleave({"a": noting([], "a")}, once=["c"])


def test_ratios_are_formed_within_each_round():
    # The machine slows down threefold in the middle: both do, their ratio does not.
    slow, fast = Spread.of([10, 10, 30, 30, 10]), Spread.of([1, 1, 3, 3, 1])
    assert ratio_of(slow, fast).values == (10,) * 5


def test_a_single_run_meets_every_round():
    assert ratio_of(Spread.of([12]), Spread.of([1, 2, 3])).values == (12, 6, 4)


def test_unequal_rounds_are_refused():
    with pytest.raises(ValueError, match="zip"):
        ratio_of(Spread.of([1, 2]), Spread.of([1, 2, 3]))


def test_a_floor_is_taken_off_round_by_round():
    net = Spread.of([5, 7, 9]).above(Spread.of([1, 2, 3]))
    assert net.values == (4, 5, 6)
    assert net.per(2).values == (2, 2.5, 3)


def test_a_planted_slow_function_is_seen():
    timers = {
        "quick": stopwatch(lambda: time.sleep(0.002)),
        "slow": stopwatch(lambda: time.sleep(0.02)),
    }
    found = interleave(timers)
    row = Row("planted", found["slow"], "quick", found["quick"], goal=1.0)
    assert row.met is False
    assert row.ratio.high < 0.5
    assert Row("planted", found["quick"], "slow", found["slow"], goal=2.0).met is True


@pytest.mark.parametrize(
    ("sense", "ours", "theirs", "goal", "ratio", "met"),
    [
        ("speedup", 1.0, 10.0, 10.0, 10.0, True),
        ("speedup", 1.0, 10.0, 10.1, 10.0, False),
        ("fraction", 1.0, 4.0, 0.25, 0.25, True),
        ("fraction", 1.0, 4.0, 0.24, 0.25, False),
        ("seconds", 1.0, 4.0, 1.0, 0.25, True),
        ("seconds", 1.0, 4.0, 0.9, 0.25, False),
        ("speedup", 1.0, 10.0, None, 10.0, None),
    ],
)
def test_goals_are_judged_in_their_sense(sense, ours, theirs, goal, ratio, met):
    row = Row("x", Spread.of([ours]), "b", Spread.of([theirs]), sense, goal)
    assert row.ratio.median == ratio
    assert row.met is met


def test_seconds_need_no_baseline():
    row = Row("x", Spread.of([2]), sense="seconds", goal=3.0)
    assert row.ratio is None
    assert row.met is True


def test_a_ratio_goal_without_a_baseline_is_refused():
    with pytest.raises(ValueError, match=r"no baseline: give `theirs`"):
        Row("x", Spread.of([2]), goal=3.0)


@pytest.mark.parametrize("error", [2e-5, math.nan, None])
def test_speed_bought_with_accuracy_meets_no_goal(error):
    assert speedup_row(error=error).met is False
    assert speedup_row(error=error, goal=None).met is False


def test_the_table_is_aligned_and_shows_a_miss():
    rows = [speedup_row(), speedup_row(workload="a longer name", goal=1000.0)]
    head, rule, first, second, legend, *details = render(rows).splitlines()
    starts = [head.index(name) for name in HEAD]
    assert all(rule[at] == "-" for at in starts)
    assert [second[at] for at in starts[:2]] == ["a", "S"]
    assert "10.0x [10.0, 10.0]" in first
    assert first[starts[HEAD.index("met?")] :].startswith("yes")
    assert second[starts[HEAD.index("met?")] :].startswith("MISSED")
    assert legend == LEGEND
    assert details[0] == "  flow: evaluations 120"


def test_a_baseline_that_ran_once_says_so():
    assert "SciPy: 10.0 s (once)" in render([speedup_row(theirs=Spread.of([10]))])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (123.4, "123 s"),
        (1.0, "1.00 s"),
        (0.0123, "12.3 ms"),
        (4.5e-5, "45.0 µs"),
        (3.22e-7, "322 ns"),
        (0.0, "0 ns"),
        (-0.002, "-2.00 ms"),
    ],
)
def test_durations_have_three_digits_and_a_unit(seconds, text):
    assert duration(seconds) == text


def test_the_document_has_its_schema_and_no_nan():
    rows = [speedup_row(), speedup_row(error=math.nan)]
    found = document(rows, {"cpu": "any"}, {"flow": {"seconds": math.inf}})
    text = json.dumps(found, allow_nan=False)
    assert set(found) == {"schema", "environment", "runs", "rows"}
    assert found["schema"] == SCHEMA
    assert found["runs"]["flow"]["seconds"] is None
    entry = json.loads(text)["rows"][0]
    assert entry["ratio"] == {
        "median": 10,
        "low": 10,
        "high": 10,
        "values": [10, 5, 30, 10, 10],
    }
    assert entry["met"] is True
    assert found["rows"][1]["error"] is None


def test_rows_come_back_from_the_document():
    row = speedup_row(theirs=None, baseline="", goal=None)
    again = rows_of(json.loads(json.dumps(document([row], {}, {})))["rows"])
    assert again == [row]


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="the peak cannot be reset"
)
def test_peak_growth_sees_a_temporary_array():
    grown = machine.peak_growth(lambda: np.ones(2**23).sum())
    assert 50 * 2**20 < grown < 200 * 2**20


def test_the_environment_is_plain_and_names_the_libraries():
    about = json.loads(json.dumps(machine.environment(), allow_nan=False))
    assert about["versions"]["numpy"] == np.__version__
    assert {"date", "cpu", "core_count", "cores_used", "threads"} <= set(about)


@pytest.mark.parametrize(("strict", "status"), [(False, 0), (True, 1)])
def test_a_miss_is_shown_and_only_strict_makes_it_a_failure(
    monkeypatch, capsys, tmp_path, strict, status
):
    def miss(name: str, core: int, full: bool) -> dict:
        peaks = {"dgemm_gflops": 1.0}
        run = {"seconds": 1.0, "peaks_before": peaks, "peaks_after": peaks}
        run |= {"load_before": 0.5, "load_after": 0.5}
        rows = [speedup_row(goal=1e3)]
        return document(rows, machine.environment(), {name: run})

    monkeypatch.setattr(__main__, "run_apart", miss)
    out = tmp_path / "found.json"
    arguments = ["--only", "flow", "--json", str(out)] + ["--strict"] * strict
    assert __main__.main(arguments) == status
    assert "MISSED: flow" in capsys.readouterr().out
    assert json.loads(out.read_text())["rows"][0]["met"] is False


def test_a_benchmark_that_breaks_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr(__main__, "run_apart", lambda name, core, full: None)
    assert __main__.main([]) == 1
    shown = capsys.readouterr().out
    assert all(f"FAILED: {name}" in shown for name in NAMES)
