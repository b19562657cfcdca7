"""From a predicted and an observed number to *holds*, *fails* or *not resolved*.

Four tests. `Bound`: the largest deviation, relative to the largest predicted entry,
stays below a stated bound (exact claims). `UpperBound`: nothing seen exceeds what was
predicted (inequalities). `ZTest`: every entry lies within a number of standard errors.
`ChiSquare`: a vector with its measured covariance. Each is asked twice: of the theory,
and of a named wrong theory. A test that would have accepted the wrong theory too had no
power, and the verdict is *not resolved*.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from linnet.numerics import Estimate
from linnet.shapes import Float
from linnet.study.hotelling import hotelling, samples_of

Status = Literal["exact", "asymptotic", "heuristic"]
Outcome = Literal["holds", "fails", "not resolved"]
Observed = Float[np.ndarray, "..."] | float | Estimate


@dataclass(frozen=True)
class Comparison:
    """One predicted quantity beside its observation, judged.

    Attributes:
        label: What was compared.
        test: `bound`, `at most`, `z` or `chi2`.
        predicted: Headline scalar: the entry that deviates most, or the largest one of
            a vector that keeps its bound (null when not finite).
        observed: The same entry as observed.
        stderr: Its standard error, None for a bound.
        z: Its z-score, observed minus predicted, None for a bound.
        deviation: What the test compared with `tolerance`; None when infinite.
        tolerance: The largest deviation that holds.
        wrong_deviation: The deviation of the named wrong theory; None when infinite, or
            when that theory says nothing.
        outcome: The verdict on this comparison alone.
    """

    label: str
    test: Literal["z", "bound", "at most", "chi2"]
    predicted: float | None
    observed: float | None
    stderr: float | None
    z: float | None
    deviation: float | None
    tolerance: float
    wrong_deviation: float | None
    outcome: Outcome


@dataclass(frozen=True)
class Bound:
    """Largest deviation, in units of what was predicted, at most `limit`.

    The test has power when the wrong theory deviates by more than `margin` times the
    bound in at least one entry. `limit` must be positive, and power lie beyond it.

    Attributes:
        limit: The bound.
        relative_to: `largest`: gaps over the largest predicted entry; `each`: every gap
            over its own prediction. Where that is zero the gap itself counts.
        margin: How much larger the deviation of the wrong theory must be.
    """

    limit: float
    relative_to: Literal["largest", "each"] = "largest"
    margin: float = 3.0

    def __post_init__(self) -> None:
        _check_thresholds(self.limit, self.margin * self.limit)
        if self.relative_to not in ("largest", "each"):
            raise ValueError(
                "Argument `relative_to` must be `largest` or `each`, but is"
                f" `{self.relative_to}`."
            )

    def judge(
        self, label: str, predicted: Observed, observed: Observed, wrong: Observed
    ) -> Comparison:
        """Compare arrays entry by entry; no error bar enters.

        Raises:
            ValueError: when the three have different shapes.
        """
        truth, seen, other = _alike(label, predicted, observed, wrong)
        gaps = self._gaps(seen, truth, truth)
        at = _worst(gaps)
        deviation = float(gaps.flat[at])
        if deviation <= self.limit:  # the worst entry may be a zero, and tell nothing
            at = _worst(np.abs(truth))
        wrong_deviation = _largest(self._gaps(seen, other, truth), other)
        entry, off = (truth.flat[at], seen.flat[at]), (deviation, wrong_deviation)
        return _bounded(label, "bound", entry, off, self.limit, self.margin)

    def _gaps(
        self,
        observed: Float[np.ndarray, "..."],
        expected: Float[np.ndarray, "..."],
        predicted: Float[np.ndarray, "..."],
    ) -> Float[np.ndarray, "..."]:
        """Gaps in units of the prediction; infinite where nothing was observed."""
        size = np.abs(predicted)
        unit = size.max() if self.relative_to == "largest" else size
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.abs(observed - expected) / np.where(unit > 0, unit, 1.0)
        return np.where(np.isfinite(gap), gap, np.inf)


@dataclass(frozen=True)
class UpperBound:
    """No entry exceeds its prediction, an upper bound, by more than `slack` of it.

    The deviation is the largest such excess; what lies below its bound counts as zero,
    however far. The headline is the entry that comes closest to its bound, or exceeds
    it most. The test has power when the wrong theory, a bound that is too low, is
    exceeded by more than `margin` times the slack in at least one entry; a loose bound,
    under which that one fits as well, is not resolved.

    Attributes:
        slack: Excess allowed, in units of each prediction: accuracy of the
            observation. Where a prediction is zero the excess itself counts.
        margin: How much larger the excess over the wrong theory must be.
    """

    slack: float
    margin: float = 3.0

    def __post_init__(self) -> None:
        _check_thresholds(self.slack, self.margin * self.slack)

    def judge(
        self, label: str, predicted: Observed, observed: Observed, wrong: Observed
    ) -> Comparison:
        """Compare arrays entry by entry; no error bar enters.

        Raises:
            ValueError: when the three have different shapes.
        """
        truth, seen, other = _alike(label, predicted, observed, wrong)
        excess = self._excess(seen, truth, truth)
        at = _worst(excess)
        deviation = max(float(excess.flat[at]), 0.0)
        wrong_deviation = _largest(
            np.maximum(self._excess(seen, other, truth), 0.0), other
        )
        entry, off = (truth.flat[at], seen.flat[at]), (deviation, wrong_deviation)
        return _bounded(label, "at most", entry, off, self.slack, self.margin)

    def _excess(
        self,
        observed: Float[np.ndarray, "..."],
        bound: Float[np.ndarray, "..."],
        predicted: Float[np.ndarray, "..."],
    ) -> Float[np.ndarray, "..."]:
        """Signed excess in units of the bound; infinite where one is no number.

        A wrong bound may be zero where the right one is not: that one is the unit then.
        """
        size = np.where(bound == 0, np.abs(predicted), np.abs(bound))
        with np.errstate(invalid="ignore", over="ignore"):
            excess = (observed - bound) / np.where(size > 0, size, 1.0)
        return np.where(np.isfinite(excess), excess, np.inf)


@dataclass(frozen=True)
class ZTest:
    """Every entry within `limit` standard errors; the wrong theory beyond `power`.

    Meant for a few entries: among thousands, one beyond four standard errors is no
    surprise (`ChiSquare` accounts for their number). A prediction that knows how far it
    may be off, as an asymptotic one does, is an Estimate too: the errors then add up in
    squares, for the wrong theory as well.
    """

    limit: float = 4.0
    power: float = 10.0

    def __post_init__(self) -> None:
        _check_thresholds(self.limit, self.power)

    def judge(
        self, label: str, predicted: Observed, observed: Observed, wrong: Observed
    ) -> Comparison:
        """Compare an `Estimate` with numbers, in standard errors.

        Raises:
            ValueError: when `observed` is no `Estimate`, or shapes differ.
        """
        if not isinstance(observed, Estimate):
            raise ValueError(
                f"`{label}` is judged by its error bar, so it must be observed as an"
                " Estimate, but is a bare number: give its standard error."
            )
        truth, seen, other = _alike(label, predicted, observed, wrong)
        if isinstance(predicted, Estimate):
            error = np.hypot(observed.stderr, predicted.stderr)
            observed = Estimate(observed.value, error, observed.effective_samples)
        z = np.atleast_1d(observed.z(truth.reshape(observed.value.shape)))
        wrong_z = np.atleast_1d(observed.z(other.reshape(observed.value.shape)))
        at = _worst(np.abs(z))
        wrong_deviation = _largest(np.abs(wrong_z), other)
        return Comparison(
            label=label,
            test="z",
            predicted=_finite(truth.flat[at]),
            observed=_finite(seen.flat[at]),
            stderr=_finite(observed.stderr.flat[at]),
            z=_finite(z.flat[at]),
            deviation=_finite(abs(z.flat[at])),
            tolerance=self.limit,
            wrong_deviation=_finite(wrong_deviation),
            outcome=_outcome(
                abs(z.flat[at]) <= self.limit, wrong_deviation > self.power
            ),
        )


@dataclass(frozen=True)
class ChiSquare:
    r"""A vector against its measured covariance, by Hotelling's $T^2$.

    `observed` of shape `(N, m)`: $T^2 = N\,g^\top S^{-1} g$ with $g$ the gap of the
    mean and $S$ the sample covariance; $\frac{N-m}{m(N-1)}T^2$ follows $F_{m,N-m}$ for
    normal samples and tends to $\chi^2_m/m$. The deviation is reported as the
    equivalent normal $\lvert z\rvert$, so that one tolerance serves every length.
    """

    limit: float = 4.0
    power: float = 10.0

    def __post_init__(self) -> None:
        _check_thresholds(self.limit, self.power)

    def judge(
        self, label: str, predicted: Observed, observed: Observed, wrong: Observed
    ) -> Comparison:
        """Compare the mean of independent samples with a vector.

        Raises:
            ValueError: when `observed` is not (samples, entries), has fewer than
                entries + 2 samples or one that is not finite, when its entries depend
                on each other linearly, or when shapes differ.
        """
        samples = samples_of(label, observed)
        mean = Estimate.from_samples(samples)
        truth, seen, other = _alike(label, predicted, mean, wrong)
        z = mean.z(truth)
        at = _worst(np.abs(z))
        deviation = hotelling(label, samples, truth)
        wrong_deviation = _largest(
            np.atleast_1d(hotelling(label, samples, other)), other
        )
        return Comparison(
            label=label,
            test="chi2",
            predicted=_finite(truth[at]),
            observed=_finite(seen[at]),
            stderr=_finite(mean.stderr[at]),
            z=_finite(z[at]),
            deviation=_finite(deviation),
            tolerance=self.limit,
            wrong_deviation=_finite(wrong_deviation),
            outcome=_outcome(deviation <= self.limit, wrong_deviation > self.power),
        )


Test = Bound | UpperBound | ZTest | ChiSquare


def _bounded(
    label: str,
    test: Literal["bound", "at most"],
    entry: tuple[float, float],
    deviations: tuple[float, float],
    limit: float,
    margin: float,
) -> Comparison:
    """A comparison without error bar: predicted and observed; off by, wrong off by."""
    right, wrong = deviations
    return Comparison(
        label=label,
        test=test,
        predicted=_finite(entry[0]),
        observed=_finite(entry[1]),
        stderr=None,
        z=None,
        deviation=_finite(right),
        tolerance=limit,
        wrong_deviation=_finite(wrong),
        outcome=_outcome(right <= limit, wrong > margin * limit),
    )


def _alike(
    label: str, predicted: Observed, observed: Observed, wrong: Observed
) -> tuple[
    Float[np.ndarray, "..."], Float[np.ndarray, "..."], Float[np.ndarray, "..."]
]:
    """All three as arrays of one shape; broadcasting would compare the wrong pairs."""
    truth, seen, other = (_values(given) for given in (predicted, observed, wrong))
    if not truth.shape == seen.shape == other.shape or truth.size == 0:
        raise ValueError(
            f"What is predicted, observed and wrongly predicted of `{label}` must have"
            f" one shape, but has {truth.shape}, {seen.shape} and {other.shape}."
        )
    return truth, seen, other


def _values(given: Observed) -> Float[np.ndarray, "..."]:
    value = given.value if isinstance(given, Estimate) else given
    return np.atleast_1d(np.asarray(value, dtype=float))


def _check_thresholds(limit: float, power: float) -> None:
    """What rejects the wrong theory must reject what does not hold."""
    if not 0 < limit <= power < np.inf:
        raise ValueError(
            "A test must hold within a positive limit and have power at or beyond it,"
            f" but has {limit:g} and {power:g}."
        )


def _outcome(agrees: bool, resolved: bool) -> Outcome:
    if not agrees:
        return "fails"
    return "holds" if resolved else "not resolved"


def _worst(size: Float[np.ndarray, "..."]) -> int:
    return int(np.argmax(np.where(np.isfinite(size), size, np.inf)))


def _largest(
    deviations: Float[np.ndarray, "..."], wrong: Float[np.ndarray, "..."]
) -> float:
    """Largest deviation of the wrong theory; NaN, hence no power, where it is NaN."""
    return float("nan") if np.isnan(wrong).any() else float(deviations.max())


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
