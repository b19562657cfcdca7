"""Repeated timings, their ratio, and the row that reports them.

The machine is never quiet, so what is compared is measured in turns (A B A B ...), each
turn gives one ratio, and the median of the ratios is reported with their quartiles. A
slow baseline runs once; its ratio then inherits the spread of our own timings only.
Standard library only: this module is loaded by the start-up benchmark too.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

ROUNDS = 5

Sense = Literal["speedup", "fraction", "seconds"]
Timer = Callable[[], float]


@dataclass(frozen=True)
class Spread:
    """Repeated values, summed up by their median and quartiles.

    Raises:
        ValueError: when there is no value, or one is not finite.
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values or not all(math.isfinite(value) for value in self.values):
            raise ValueError(
                f"Argument `values` must hold finite numbers, but is {self.values}:"
                " a timing failed."
            )

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """From any iterable of numbers."""
        return cls(tuple(float(value) for value in values))

    @property
    def median(self) -> float:
        """Median."""
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        """Lower quartile."""
        return self._quartiles()[0]

    @property
    def high(self) -> float:
        """Upper quartile."""
        return self._quartiles()[2]

    def _quartiles(self) -> Sequence[float]:
        if len(self.values) == 1:
            return self.values * 3
        return statistics.quantiles(self.values, n=4, method="inclusive")

    def per(self, units: float) -> "Spread":
        """The same values divided by `units`, as time per step."""
        return Spread.of(value / units for value in self.values)

    def above(self, floor: "Spread") -> "Spread":
        """Round by round, what is left after a floor was taken off."""
        pairs = zip(self.values, floor.values, strict=True)
        return Spread.of(value - base for value, base in pairs)


def stopwatch(call: Callable[[], Any]) -> Timer:
    """A timer of one call: the wall-clock seconds until it returns."""

    def timed() -> float:
        begin = time.perf_counter()
        call()
        return time.perf_counter() - begin

    return timed


def interleave(
    timers: Mapping[str, Timer], rounds: int = ROUNDS, once: Sequence[str] = ()
) -> dict[str, Spread]:
    """Run all timers in turns.

    Args:
        timers: Functions that return seconds, by name.
        rounds: How often each runs.
        once: Names of slow ones that run in the first round only.

    Raises:
        ValueError: when there are fewer than 5 rounds, or `once` names no timer.
    """
    if rounds < ROUNDS:
        raise ValueError(f"Argument `rounds` must be >= {ROUNDS}, but is {rounds}.")
    unknown = set(once) - set(timers)
    if unknown:
        raise ValueError(f"Argument `once` names no timer: {', '.join(unknown)}.")
    values: dict[str, list[float]] = {name: [] for name in timers}
    for turn in range(rounds):
        for name, timer in timers.items():
            if turn == 0 or name not in once:
                values[name].append(timer())
    return {name: Spread.of(seconds) for name, seconds in values.items()}


def ratio_of(numerator: Spread, denominator: Spread) -> Spread:
    """Ratio of two timings, round by round; a single one meets every round.

    Raises:
        ValueError: when neither is single and their rounds differ in number.
    """
    above, below = numerator.values, denominator.values
    rounds = max(len(above), len(below))
    above = above * rounds if len(above) == 1 else above
    below = below * rounds if len(below) == 1 else below
    return Spread.of(a / b for a, b in zip(above, below, strict=True))


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        workload: What is computed.
        ours: Our seconds (or seconds per step).
        baseline: Who else computes it; empty for none.
        theirs: Their seconds, in the same unit.
        sense: How the goal is judged: `speedup`, their time over ours, at least the
            goal; `fraction`, our time over theirs, at most the goal; `seconds`, our
            time itself, at most the goal.
        goal: Limit in that sense, None for no goal.
        error: Of our result, relative.
        error_limit: Beyond it no goal is met: speed must not be bought with accuracy.
        memory: Growth of the peak memory during one steady call, in bytes.
        compile_seconds: First call minus a steady one.
        details: Further numbers, shown below the table.

    Raises:
        ValueError: when a ratio is asked for without a baseline.
    """

    workload: str
    ours: Spread
    baseline: str = ""
    theirs: Spread | None = None
    sense: Sense = "speedup"
    goal: float | None = None
    error: float | None = None
    error_limit: float | None = None
    memory: int | None = None
    compile_seconds: float | None = None
    details: Mapping[str, float | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sense != "seconds" and self.goal is not None and self.theirs is None:
            raise ValueError(
                f"Row `{self.workload}` has the goal of a {self.sense}, but no"
                " baseline: give `theirs`, or judge it in seconds."
            )

    @property
    def ratio(self) -> Spread | None:
        """Their time over ours, or ours over theirs for a `fraction`."""
        if self.theirs is None:
            return None
        if self.sense == "speedup":
            return ratio_of(self.theirs, self.ours)
        return ratio_of(self.ours, self.theirs)

    @property
    def is_exact_enough(self) -> bool:
        """Whether the error stays within its limit; NaN never does."""
        if self.error_limit is None:
            return True
        return self.error is not None and self.error <= self.error_limit

    @property
    def met(self) -> bool | None:
        """Whether the goal is met, by the median; None without a goal."""
        if not self.is_exact_enough:
            return False
        if self.goal is None:
            return None
        if self.sense == "seconds":
            return self.ours.median <= self.goal
        ratio = self.ratio
        assert ratio is not None  # checked when the row was made
        if self.sense == "speedup":
            return ratio.median >= self.goal
        return ratio.median <= self.goal
