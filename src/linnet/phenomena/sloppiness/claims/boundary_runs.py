"""The ensembles behind the phase boundary: how much three dimensions explain of them.

Every ensemble has starts and targets of its own for each trajectory; `Setting` names
inputs, step and length, `shares` trains it at one ratio of target and start, `edge`
finds the ratio at which the share passes the fraction.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from linnet.numerics import Estimate, jackknife
from linnet.phenomena.sloppiness.claims import ensembles
from linnet.phenomena.sloppiness.claims.problems import (
    SpectralData,
    sloppy_variances,
    spectral_data,
)
from linnet.shapes import Float, Int

MODES, SAMPLES = 20, 24
FRACTION, DIMENSIONS = 0.95, 3
GROUPS = 64
LOOKED = (3, 10, 30, 100)  # numbers of checkpoints that settings may ask for


class Setting(NamedTuple):
    """Inputs, step and length of training.

    Attributes:
        slope: How fast the variances of the inputs fall.
        step: Learning rate times the largest of them.
        length: Number of checkpoints, the start among them; one of `LOOKED`.
    """

    slope: float
    step: float
    length: int


def inputs(slope: float, seed: int) -> SpectralData:
    """Their largest variance is one, so that the step is the learning rate."""
    return spectral_data(sloppy_variances(slope, MODES), SAMPLES, seed=seed)


def shares(setting: Setting, ratio: float, seed: int, trajectories: int) -> Estimate:
    """What three dimensions explain at one ratio of target and start."""
    stream = _stream(setting.step, ratio)
    sums = _sums(setting, (1.0, ratio), seed, trajectories, stream)
    return ensembles.of_groups(sums, leading_share)


def shares_by_length(
    slope: float,
    step: float,
    lengths: Int[np.ndarray, " lengths"],
    ratio: float,
    seed: int,
    trajectories: int,
) -> Float[np.ndarray, " lengths"]:
    """The same for training that is looked at up to each length."""
    given = slope, step, tuple(lengths.tolist()), 1.0, ratio
    stream = _stream(step, ratio)
    return leading_share(mean_squares(*given, seed, trajectories, stream).sum(0))


def edge(setting: Setting, seed: int, trajectories: int) -> Estimate:
    """The ratio at which the share is the fraction, as three ensembles tell it.

    Predictions of a linear network are those of its start plus those of its target. So
    mean squares are a quadratic in the ratio, which starts alone, targets alone and
    both of the same draws determine; so is what is missing to the fraction.
    """
    start, target, both = (
        _sums(setting, sizes, seed, trajectories)
        for sizes in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    )
    mixed = both - start - target

    def root(skipped: int | None) -> float:
        parts = (
            part.sum(0) - (0 if skipped is None else part[skipped])
            for part in (start, mixed, target)
        )
        low, middle, high = (_short(part) for part in parts)
        return _positive_root(low, middle, high)

    return jackknife(root(None), root, len(start))


def leading_share(
    squares: Float[np.ndarray, "*grid modes"],
) -> Float[np.ndarray, "*grid"]:
    """Of the first three directions of the inputs in all of them."""
    return squares[..., :DIMENSIONS].sum(-1) / squares.sum(-1)


@lru_cache(maxsize=128)
def mean_squares(
    slope: float,
    step: float,
    lengths: tuple[int, ...],
    start: float,
    target: float,
    seed: int,
    trajectories: int,
    stream: int = 0,
) -> Float[np.ndarray, "groups lengths modes"]:
    """Sums of mean squares along the inputs' directions, of groups of trajectories.

    Args:
        slope: Of the inputs.
        step: Of training.
        lengths: Numbers of checkpoints that are looked at.
        start: Size of starts.
        target: Size of targets.
        seed: Of the draws.
        trajectories: Their number.
        stream: Draws are the same for all sizes with the same slope and stream.
    """
    from linnet.dynamics import LinearEnsemble

    data = inputs(slope, seed)
    drawn = ensembles.random_targets(
        data,
        init_deviation=start,
        target_deviation=target,
        trajectories=trajectories,
        seed=10_000 * seed + round(1000 * slope),  # draws of their own
        stream=stream,
    )
    process = LinearEnsemble(data.inputs, step)
    paths = ensembles.recorded(process, data, drawn, range(max(lengths)))
    return ensembles.squares_up_to(paths, lengths, GROUPS)


def _stream(step: float, ratio: float) -> int:
    """Draws of its own for each step and ratio; those of an edge are 0."""
    return 1 + round(1000 * ratio) + 100_000 * round(1000 * step)


def _sums(
    setting: Setting,
    sizes: tuple[float, float],
    seed: int,
    trajectories: int,
    stream: int = 0,
) -> Float[np.ndarray, "groups modes"]:
    """Of starts and targets of these sizes; one run tells of all lengths."""
    given = setting.slope, setting.step, LOOKED, *sizes, seed, trajectories, stream
    return mean_squares(*given)[:, LOOKED.index(setting.length)]


def _short(squares: Float[np.ndarray, " modes"]) -> float:
    """What the first three lack of the fraction."""
    return float(FRACTION * squares.sum() - squares[:DIMENSIONS].sum())


def _positive_root(low: float, middle: float, high: float) -> float:
    """Of low + middle r + high r^2; no number where there is none."""
    inside = middle**2 - 4 * low * high
    if high == 0 or inside < 0:
        return float("nan")
    roots = (-middle + np.array([-1.0, 1.0]) * np.sqrt(inside)) / (2 * high)
    found = roots[roots > 0]
    return float(found[0]) if len(found) == 1 else float("nan")
