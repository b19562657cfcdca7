"""What late-time statistics are asked for, refused where it makes no sense."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np

from linnet.dynamics.schedule import LAST_STEP

CHUNK_BYTES = 2**24  # of records that are held at once
CHUNK_STEPS = 20_000  # between two looks at divergence and progress
GROUPS = 16


@dataclass(frozen=True, eq=False)
class RecordPlan:
    """What to record, and when.

    Attributes:
        burn_in: Steps before the first record.
        steps: Steps to record over.
        every: Record at the multiples of this.
        lags: Records apart.
        groups: Independent units.
        size: Numbers of one record.
        project: Modes as columns, or None.

    Raises:
        ValueError: when one of them makes no sense.
    """

    burn_in: int
    steps: int
    every: int
    lags: tuple[int, ...]
    groups: int
    size: int
    project: np.ndarray | None

    def __post_init__(self) -> None:
        _check_whole("burn_in", self.burn_in, 0)
        _check_whole("every", self.every, 1)
        _check_whole("steps", self.steps, self.every)
        if self.end > LAST_STEP:
            raise ValueError(
                f"Arguments `burn_in` and `steps` must not exceed {LAST_STEP} together,"
                f" but add up to {self.end}: merge runs of other seeds."
            )
        is_whole = all(isinstance(lag, Integral) for lag in self.lags)
        if not (is_whole and (np.diff(self.lags, prepend=0) > 0).all()):
            raise ValueError(
                "Argument `lags` must hold whole numbers >= 1 that rise, but is"
                f" {self.lags}."
            )
        if self.lags and self.lags[-1] >= self.records:
            raise ValueError(
                f"Argument `lags` must lie below {self.records}, the records of a"
                f" replica, but ends at {self.lags[-1]}: take more `steps`."
            )
        self._check_project()

    def _check_project(self) -> None:
        if self.project is None:
            return
        shape = np.shape(self.project)
        if len(shape) != 2 or shape[0] != self.size or not shape[1]:
            raise ValueError(
                f"Argument `project` must be ({self.size}, q), modes as columns, but"
                f" has shape {shape}."
            )
        if not np.isfinite(self.project).all():
            raise ValueError(
                "Argument `project` must be finite, but holds NaN or infinity."
            )
        if not self.lags:
            raise ValueError(
                "Argument `project` is for autocorrelations: give `lags`, or leave it"
                " out."
            )

    @property
    def end(self) -> int:
        """Last step."""
        return int(self.burn_in + self.steps)

    @property
    def records(self) -> int:
        """Records of one replica."""
        return int(self.end // self.every - self.burn_in // self.every)

    def chunk(self, record_bytes: int) -> int:
        """Records in one chunk: few enough to be held, and all but alike in number."""
        most = max(1, min(CHUNK_BYTES // record_bytes, CHUNK_STEPS // self.every))
        chunks = -(-self.records // most)
        return -(-self.records // chunks)


def choose_groups(replicas: int, groups: int | None) -> int:
    """How many groups, all of one size."""
    if replicas < 2:
        raise ValueError(
            "Argument `replicas` must be at least 2, but is 1: error bars take chains"
            " as independent units. Together they cost little more than one."
        )
    divisors = [g for g in range(1, replicas + 1) if replicas % g == 0]
    if groups is None:
        return min(divisors[1:], key=lambda g: abs(g - GROUPS))
    if groups not in divisors:
        raise ValueError(
            f"Argument `groups` must divide the {replicas} replicas, into one of"
            f" {divisors}, but is {groups!r}."
        )
    return int(groups)


def _check_whole(name: str, given: int, least: int) -> None:
    if not isinstance(given, Integral) or given < least:
        raise ValueError(
            f"Argument `{name}` must be a whole number >= {least}, but is {given!r}."
        )
