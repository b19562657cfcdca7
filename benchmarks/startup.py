"""How long a user waits before anything happens.

Every measurement is a fresh process, and all take turns. Imports are compared *net*:
the wall clock of the whole process minus that of a bare interpreter in the same round;
the gross ratio is told below the table. The first compiled call is a small gradient
flow, with an empty compilation cache (cold) and with one that the same call has filled
(warm); `call` is the time inside the process, after its imports.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import Row, Spread, interleave, ratio_of, stopwatch

ROUNDS = 9  # of what takes a fraction of a second

PROGRAMS = {
    "bare": "pass",
    "numpy": "import numpy",
    "linnet": "import linnet",
    "half time": (
        "from linnet.phenomena.spectral_bias import theory\n"
        "theory.half_time(strength=1.0, variance=1.0, delta=1e-3)"
    ),
    "limit": (
        "import numpy as np\n"
        "from linnet.phenomena.spectral_bias.theory import end_to_end_limit\n"
        "from linnet.task import Moments\n"
        "end_to_end_limit(Moments(np.eye(3), np.ones((2, 3)), np.eye(2)))"
    ),
}
FIRST_CALL = """
import time
import numpy as np
from linnet.dynamics import GradientFlow, simulate
from linnet.network import IsotropicFirstLayer
from linnet.task import Moments

moments = Moments(np.diag([2.0, 1.0, 0.5]), np.ones((2, 3)), 9 * np.eye(2))
start = IsotropicFirstLayer(1e-3).weights((3, 3, 2), np.random.default_rng(0))
begin = time.perf_counter()
simulate(GradientFlow(moments), start, times=[0.0, 1.0])
print(time.perf_counter() - begin)
"""


def run(full: bool) -> list[Row]:
    """Imports, the help page, the first compiled call."""
    del full
    return [*_imports(), *_first_calls()]


def _imports() -> list[Row]:
    environment = _environment(None)
    commands = {name: [sys.executable, "-c", p] for name, p in PROGRAMS.items()}
    commands["help"] = [*_linnet(), "--help"]
    timers = {
        name: stopwatch(lambda command=command: _call(command, environment))
        for name, command in commands.items()
    }
    for timer in timers.values():
        timer()  # writes bytecode and fills the file cache
    found = interleave(timers, ROUNDS)
    return [
        _import_row("import linnet", found, "linnet", 0.5),
        _import_row("first theory function: half_time", found, "half time", 2.0),
        _import_row("first theory function: end_to_end_limit", found, "limit", 2.0),
        Row(
            "linnet --help, whole process",
            found["help"],
            "bare interpreter",
            found["bare"],
            sense="seconds",
            goal=0.5,
        ),
    ]


def _import_row(title: str, found: dict[str, Spread], name: str, goal: float) -> Row:
    gross = ratio_of(found[name], found["numpy"])
    return Row(
        f"{title}, net of the interpreter",
        found[name].above(found["bare"]),
        "import numpy",
        found["numpy"].above(found["bare"]),
        sense="fraction",
        goal=goal,
        details={
            "gross ratio": f"{gross.median:.3g}x [{gross.low:.3g}, {gross.high:.3g}]",
            "gross ms": 1e3 * found[name].median,
            "bare interpreter ms": 1e3 * found["bare"].median,
        },
    )


def _first_calls() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        warm, cold = Path(folder) / "warm", Path(folder) / "cold"
        _first_call(warm)
        entries = _entries(warm)
        inside: dict[str, list[float]] = {"warm": [], "cold": []}

        def warm_timer() -> float:
            whole, call = _first_call(warm)
            inside["warm"].append(call)
            return whole

        def cold_timer() -> float:
            shutil.rmtree(cold, ignore_errors=True)
            whole, call = _first_call(cold)
            inside["cold"].append(call)
            return whole

        whole = interleave({"cold": cold_timer, "warm": warm_timer})
        added = _entries(warm) - entries
    calls = {name: Spread.of(seconds) for name, seconds in inside.items()}
    notes = {"cache entries": float(entries), "added by warm runs": float(added)}
    return [
        Row(
            "imports and first compiled call, warm cache, whole process",
            whole["warm"],
            "cold cache",
            whole["cold"],
            sense="fraction",
            goal=0.75,
            details=notes,
        ),
        Row(
            "first compiled call alone, warm cache",
            calls["warm"],
            "cold cache",
            calls["cold"],
            sense="fraction",
            goal=0.6,
        ),
    ]


def _first_call(cache: Path) -> tuple[float, float]:
    """Seconds of the whole process, and of the call inside it."""
    inside: list[float] = []
    command = [sys.executable, "-c", FIRST_CALL]
    environment = _environment(cache)

    def call() -> None:
        inside.append(float(_call(command, environment)))

    return stopwatch(call)(), inside[0]


def _entries(cache: Path) -> int:
    """Compiled programs in a cache; JAX keeps their times of use in files beside."""
    return sum(1 for path in cache.glob("*-cache"))


def _call(command: Sequence[str], environment: dict[str, str]) -> str:
    """Output of a process; what it complains about is shown, failure raises."""
    ended = subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return ended.stdout


def _environment(cache: Path | None) -> dict[str, str]:
    """The environment of this process, with the cache settings of the commands."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JAX_", "PYTHONDONTWRITEBYTECODE", "PYTHONPROFILE"))
    }
    if cache is None:
        return kept
    return kept | {
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def _linnet() -> list[str]:
    """The installed command beside this interpreter, or the module."""
    script = Path(sys.executable).with_name("linnet")
    return [str(script)] if script.exists() else [sys.executable, "-m", "linnet"]
