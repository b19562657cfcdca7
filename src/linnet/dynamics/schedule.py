"""When to save: lists of times and steps, and what makes one."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

LAST_STEP = 2**31 - 1  # steps are counted in 32 bits, and so are random streams


def log_times(start: float, stop: float, num: int) -> Float[np.ndarray, " {num}+1"]:
    """Zero, then `num` logarithmically spaced times from `start` to `stop`."""
    return np.concatenate([[0.0], np.geomspace(start, stop, num)])


def log_steps(stop: int, num: int) -> list[int]:
    """Zero, then up to `num` distinct, about log-spaced steps from 1 to `stop`."""
    return [0, *np.unique(np.round(np.geomspace(1, stop, num)).astype(int)).tolist()]


def linear_steps(stop: int, num: int) -> list[int]:
    """`num` or fewer distinct, evenly spaced steps from 0 to `stop`."""
    return np.unique(np.round(np.linspace(0, stop, num)).astype(int)).tolist()


def check_schedule(
    owner: str,
    times: Sequence[float] | None,
    steps: Sequence[int] | None,
    is_discrete: bool,
) -> Float[np.ndarray, " saves"]:
    """The times or steps that `owner` is to save at, as floats.

    Raises:
        ValueError: when the wrong ones are given, or they are no rising list.
    """
    given, name = (steps, "steps") if is_discrete else (times, "times")
    if given is None or (times if is_discrete else steps) is not None:
        raise ValueError(
            f"{owner} saves at `{name}`, but `times` is"
            f" {'missing' if times is None else 'given'} and `steps` is"
            f" {'missing' if steps is None else 'given'}: time is learning rate times"
            " steps."
        )
    schedule = np.array(given, dtype=float)
    if schedule.ndim != 1 or len(schedule) == 0:
        raise ValueError(
            f"Argument `{name}` must be a non-empty list of numbers, but has shape"
            f" {schedule.shape}."
        )
    # Written so that NaN counts as bad.
    rises = np.diff(schedule, prepend=-np.inf) > 0
    bad = np.flatnonzero(~(rises & (schedule >= 0) & np.isfinite(schedule)))
    if len(bad):
        raise ValueError(
            f"Argument `{name}` must be finite, >= 0 and increasing, but its entry"
            f" {bad[0]} is {schedule[bad[0]]:g}"
            + (f" after {schedule[bad[0] - 1]:g}." if bad[0] else ".")
        )
    if is_discrete:
        _check_steps(schedule)
    return schedule


def _check_steps(schedule: Float[np.ndarray, " saves"]) -> None:
    broken = schedule[schedule != np.round(schedule)]
    if len(broken):
        raise ValueError(
            f"Argument `steps` must hold whole numbers, but holds {broken[0]:g}."
        )
    if schedule[-1] > LAST_STEP:
        raise ValueError(
            f"Argument `steps` must not exceed {LAST_STEP}, but ends at"
            f" {schedule[-1]:.0f}: go on from the weights of a shorter run."
        )
