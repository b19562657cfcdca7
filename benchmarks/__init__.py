"""How fast `linnet` is, against what people use today, measured in one run.

`python -m benchmarks` from the root of the repository, or `make bench`. Each benchmark
is a module with `run(full) -> list[Row]`; it runs in a fresh process that is pinned to
one core before anything heavy is loaded.
"""

NAMES = (
    "startup",
    "limits",
    "flow",
    "ensemble",
    "descent",
    "sgd",
    "late_time",
    "stationary",
    "layers",
    "anisotropy",
    "trajectories",
    "inpca_distances",
    "embedding",
    "phase_map",
    "inpca_whole",
)
