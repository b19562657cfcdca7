"""The machine under the benchmarks: one core of it, its peaks, its memory, its name."""

import ctypes
import importlib.metadata
import os
import platform
import resource
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.harness import ROUNDS, Spread, stopwatch

PACKAGES = ("linnet", "numpy", "scipy", "jax", "jaxlib", "diffrax", "equinox")
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
GEMM_SIZE = 1024
COPY_BYTES = 2**28  # far beyond every cache


def cores() -> list[int]:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def use_one_core(core: int) -> None:
    """Pin this process; to be called before NumPy or JAX start their threads.

    Environment flags do not limit XLA's threads on a CPU, the affinity mask does. Where
    there is no such mask only the linear-algebra libraries are limited.
    """
    for name in THREAD_SETTINGS:
        os.environ[name] = "1"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def environment() -> dict[str, Any]:
    """What the numbers depend on, as plain values for the JSON document."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        "core_count": os.cpu_count(),
        "cores_used": cores(),
        "threads": {name: os.environ.get(name) for name in THREAD_SETTINGS},
        "versions": {name: _version(name) for name in PACKAGES},
    }


def load_average() -> float | None:
    """Mean number of processes that wanted a core in the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def thread_pools() -> list[dict[str, Any]] | None:
    """Linear-algebra libraries loaded in this process and their threads, if known."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    kept = ("internal_api", "version", "num_threads", "architecture")
    return [{key: pool.get(key) for key in kept} for pool in threadpool_info()]


def peaks() -> dict[str, float]:
    """Best of some runs: GEMM in GF/s of one core, copying in GB/s (read and write)."""
    import numpy as np

    found = {}
    for name, dtype in (("dgemm", np.float64), ("sgemm", np.float32)):
        a = np.random.default_rng(0).random((GEMM_SIZE, GEMM_SIZE)).astype(dtype)
        out = np.empty_like(a)
        seconds = _best(lambda a=a, out=out: np.matmul(a, a, out=out))
        found[f"{name}_gflops"] = 2e-9 * GEMM_SIZE**3 / seconds
    source = np.ones(COPY_BYTES // 8)
    target = np.empty_like(source)
    seconds = _best(lambda: np.copyto(target, source))
    found["copy_gb_per_second"] = 2e-9 * COPY_BYTES / seconds
    return found


def peak_growth(call: Callable[[], Any]) -> int:
    """Bytes by which one call raises the peak memory above what was in use before.

    Linux can reset the peak of a process (`VmHWM`); elsewhere it is that of the whole
    life of the process, and the growth is a lower bound. Memory that was freed but is
    still held by the allocator is given back first, where that can be asked for.
    """
    _trim()
    clear = Path("/proc/self/clear_refs")
    try:
        clear.write_text("5")
    except OSError:
        before = _peak()
    else:
        before = _status("VmRSS") or _peak()
    call()
    return max(_peak() - before, 0)


def _best(call: Callable[[], Any]) -> float:
    timed = stopwatch(call)
    return min(Spread.of(timed() for _ in range(ROUNDS + 1)).values)


def _peak() -> int:
    """Largest resident size so far, in bytes."""
    known = _status("VmHWM")
    if known is not None:
        return known
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status(field: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    sizes = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return 1024 * int(sizes[0]) if sizes else None


def _trim() -> None:
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):
        return


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.machine()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
