"""What is known of a stationary process from the totals of its records."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from linnet.dynamics.group_sums import (
    Matrix,
    jackknifed,
    lagged_about,
    second_about,
)
from linnet.dynamics.record_totals import Totals
from linnet.numerics import Estimate


class EffectiveSamples(NamedTuple):
    r"""How many independent records the records are worth, all coordinates pooled.

    Attributes:
        from_means: From the scatter of the means of the replicas: total variance over
            that of the mean. Needs no cut-off; known to about
            $\sqrt{2/(R-1)}$ of itself for $R$ replicas, better for many coordinates.
        from_autocorrelation: From the measured autocorrelation, integrated over the
            lags by the trapezoidal rule; too large when correlations go on beyond the
            last lag. None without lags.
    """

    from_means: float
    from_autocorrelation: float | None


@dataclass(frozen=True, eq=False, repr=False)
class LateTime:
    r"""Statistics of weights at late times; records themselves were not kept.

    Averages are over the records of all replicas. Error bars take chains as the
    independent units: replicas for the mean, groups of replicas for second moments
    (jackknife). With one group there is none for these.

    Attributes:
        totals: Sums over records, about a pilot.
        burn_in: Steps before the first record.
        every: Steps from one record to the next.
        seeds: Of every run that is in the totals.
        method: How it was simulated.
    """

    totals: Totals
    burn_in: int
    every: int
    seeds: tuple[int, ...]
    method: str

    @property
    def records(self) -> int:
        """Records of all replicas together."""
        return self.totals.records * self.totals.replicas

    @property
    def grand_mean(self) -> Float[np.ndarray, " p"]:
        """Mean over all records."""
        return self.totals.pilot + self.totals.sums.sum(0) / self.records

    @property
    def mean(self) -> Estimate:
        """Mean over all records, with its error bar from the replicas."""
        means = self.totals.sums / self.totals.records
        found = Estimate.from_samples(means)
        return Estimate(self.grand_mean, found.stderr, found.effective_samples)

    @property
    def covariance(self) -> Matrix:
        r"""Covariance about the grand mean, the sum over all records divided by them.

        Low by the variance of the mean, about one part in the effective samples;
        `covariance_estimate` has no such bias.
        """
        return self.second_moment(self.grand_mean)

    def second_moment(self, about: Float[np.ndarray, " p"]) -> Matrix:
        r"""$\mathbb E(x-a)(x-a)^\top$ about a given point $a$.

        Raises:
            ValueError: when the point is not of the size of a record, and finite.
        """
        totals, point = self.totals, self._from_pilot(about)
        return second_about(
            totals.second.sum(0), totals.sums.sum(0), self.records, point
        )

    @property
    def covariance_samples(self) -> Float[np.ndarray, "groups p p"]:
        """Second moments of every group about the grand mean, as for a chi-square."""
        totals, point = self.totals, self._from_pilot(self.grand_mean)
        size = self.records // totals.groups
        each = zip(totals.second, totals.group_sums, strict=True)
        return np.stack([second_about(*sums, size, point) for sums in each])

    def covariance_estimate(
        self, about: Float[np.ndarray, " p"] | None = None
    ) -> Estimate:
        """The covariance with its error bar, by the jackknife over groups.

        Args:
            about: A known mean; None takes the measured one, whose bias the jackknife
                removes.

        Raises:
            ValueError: when there is only one group, or `about` does not fit.
        """
        totals, size = self.totals, self.records // self.totals.groups
        point = None if about is None else self._from_pilot(about)

        def covariance(groups: int, second: Matrix, sums: np.ndarray) -> Matrix:
            return second_about(second, sums, groups * size, point)

        return jackknifed(covariance, totals.second, totals.group_sums)

    def lagged(self, lag: int) -> Matrix:
        r"""$\mathbb E(x_{t+l}-\mu)(x_t-\mu)^\top$ about the grand mean.

        Args:
            lag: Records apart, one of those that were asked for.

        Raises:
            ValueError: when it was not, or the run kept autocorrelations alone.
        """
        sums, count = self._pairs(lag)
        cross, later, earlier, both = (part.sum(0) for part in sums)
        whole = self.totals.groups
        mean = both / self.records
        return lagged_about(cross, later, earlier, mean, whole * count)

    def lagged_estimate(self, lag: int) -> Estimate:
        """`lagged` with its error bar, by the jackknife over groups.

        Raises:
            ValueError: as `lagged`, or when there is only one group.
        """
        return self._lagged_estimate(lag, lambda lagged: lagged)

    def antisymmetric(self, lag: int) -> Estimate:
        r"""$\mathbb E[x_{t+l}x_t^\top - x_tx_{t+l}^\top]$, zero in detailed balance.

        Without a factor 1/2; about the mean, by the jackknife over groups.

        Raises:
            ValueError: as `lagged`, or when there is only one group.
        """
        return self._lagged_estimate(lag, lambda lagged: lagged - lagged.T)

    @property
    def autocorrelation(self) -> Float[np.ndarray, "lags q"]:
        """Of every mode of `project`, or every number of a record, at every lag.

        A mode that never moves has none: zero stands there.
        """
        apart, still = self._autocovariance()
        moves = still > 0
        return np.where(moves, apart / np.where(moves, still, 1.0), 0.0)

    @property
    def effective_samples(self) -> EffectiveSamples:
        """Independent samples behind the mean, measured in two ways.

        Numbers of a record that fluctuate most count most; a slow one that fluctuates
        little may have far fewer.
        """
        totals = self.totals
        spread = np.trace(self.covariance)
        means = totals.sums / totals.records
        count = float(self.records)
        scatter = means.var(axis=0, ddof=1).sum() / totals.replicas
        count = float((spread + scatter) / scatter) if scatter > 0 else count
        if not totals.lags:
            return EffectiveSamples(count, None)
        apart, still = self._autocovariance()
        if not still.sum() > 0:
            return EffectiveSamples(count, float(self.records))
        pooled = np.append(1.0, apart.sum(1) / still.sum())
        at = np.append(0.0, totals.lags)
        time = 2 * float(np.trapezoid(pooled, at)) + pooled[-1]
        return EffectiveSamples(count, self.records / max(time, 1 / self.records))

    def merge(self, other: "LateTime") -> "LateTime":
        """Both runs as one: their totals are added, their groups stay apart.

        Raises:
            ValueError: when they share a seed (they would count the same noise twice),
                or were not asked for the same.
        """
        shared = set(self.seeds) & set(other.seeds)
        if shared:
            raise ValueError(
                f"Runs that are merged must have seeds of their own, but share"
                f" {sorted(shared)}: they would count the same noise twice."
            )
        if self.every != other.every:
            raise ValueError(
                "Runs that are merged must have the same `every`, but have"
                f" {self.every} and {other.every}."
            )
        totals = self.totals + other.totals
        burn_in = min(self.burn_in, other.burn_in)
        seeds = self.seeds + other.seeds
        return LateTime(totals, burn_in, self.every, seeds, self.method)

    def __repr__(self) -> str:
        totals, found = self.totals, self.effective_samples
        lags = f", lags {', '.join(map(str, totals.lags))}" if totals.lags else ""
        also = found.from_autocorrelation
        worth = f"{found.from_means:.3g} by the scatter of means"
        worth += "" if also is None else f", {also:.3g} by autocorrelation"
        bars = "" if totals.groups > 1 else "; one group, no error bars of covariances"
        return (
            f"{totals.records} records of {len(totals.pilot)} numbers in each of"
            f" {totals.replicas} replicas ({totals.groups} groups), every {self.every}"
            f" steps after {self.burn_in}{lags}; effective samples: {worth}{bars};"
            f" {self.method}"
        )

    def _from_pilot(self, point: Float[np.ndarray, " p"]) -> Float[np.ndarray, " p"]:
        given, size = np.asarray(point, dtype=float), self.totals.pilot.shape
        if given.shape != size or not np.isfinite(given).all():
            raise ValueError(
                f"Argument `about` must be finite, of shape {size}, but has shape"
                f" {given.shape}."
            )
        return given - self.totals.pilot

    def _pairs(self, lag: int) -> tuple[tuple[np.ndarray, ...], float]:
        """Sums over pairs of records of every group, and how many pairs of one."""
        totals = self.totals
        if lag not in totals.lags:
            raise ValueError(
                f"Argument `lag` must be one of {totals.lags}, the lags that were asked"
                f" for, but is {lag!r}."
            )
        if totals.cross is None:
            raise ValueError(
                "A run with `project` keeps autocorrelations of modes alone: ask for"
                " lagged covariances without it, or let `record` return the modes."
            )
        at = totals.lags.index(lag)
        sums = totals.cross[:, at], totals.later[:, at], totals.earlier[:, at]
        return (*sums, totals.group_sums), float(totals.counts[at])

    def _lagged_estimate(
        self, lag: int, statistic: Callable[[Matrix], Matrix]
    ) -> Estimate:
        sums, count = self._pairs(lag)
        size = self.records // self.totals.groups

        def of(groups: int, *parts: np.ndarray) -> Matrix:
            cross, later, earlier, both = parts
            mean = both / (groups * size)
            return statistic(lagged_about(cross, later, earlier, mean, groups * count))

        return jackknifed(of, *sums)

    def _autocovariance(
        self,
    ) -> tuple[Float[np.ndarray, "lags q"], Float[np.ndarray, " q"]]:
        """At every lag, and at none, about the grand mean."""
        totals = self.totals
        counts = totals.groups * totals.counts[:, None]
        mean = totals.sums.sum(0) / self.records
        still = self.covariance
        later, earlier = totals.later.sum(0), totals.earlier.sum(0)
        if totals.project is None or totals.products is None:
            assert totals.cross is not None  # one of the two is always kept
            products = np.einsum("glpp->lp", totals.cross)
            variances = np.diag(still)
        else:
            modes = totals.project
            products = totals.products.sum(0)
            variances = np.einsum("pq,pr,rq->q", modes, still, modes, optimize=True)
            later, earlier, mean = later @ modes, earlier @ modes, mean @ modes
        apart = (products - (later + earlier) * mean) / counts + mean**2
        return apart, variances
