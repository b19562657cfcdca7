r"""Totals of many records, kept while they come: nothing is stored but sums.

Records are centered by a pilot $m$ that lies among them before anything is multiplied:
$\mathbb E\,xx^\top - \mathbb E x\,\mathbb E x^\top$ would lose all digits of a variance
far below the squared mean, in 32 bits soon. A chunk is summed by matrix products in the
precision of the run, on the device of the run, and chunks are added in 64 bits.

The replicas are dealt to groups of equal size, each with totals of its own: independent
units, of which error bars are made.
"""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

Chunk = Float[Array, "records replicas p"]


@dataclass(frozen=True, eq=False)
class Totals:
    r"""Sums over records $u = x - m$, centered by the pilot $m$.

    Attributes:
        pilot: $m$, shape `(p,)`.
        records: Records of every replica, $T$.
        sums: $\sum_t u_t$ of every replica.
        second: $\sum u u^\top$ of every group.
        lags: How many records apart, ascending; what follows is for each.
        later: $\sum_{t\ge l} u_t$ of every group.
        earlier: $\sum_{t<T-l} u_t$ of every group.
        cross: $\sum u_{t+l}u_t^\top$ of every group; None with a projection.
        project: $P$; None without.
        products: $\sum (P^\top u_{t+l})\odot(P^\top u_t)$ of every group, or None.
    """

    pilot: Float[np.ndarray, " p"]
    records: int
    sums: Float[np.ndarray, "replicas p"]
    second: Float[np.ndarray, "groups p p"]
    lags: tuple[int, ...]
    later: Float[np.ndarray, "groups lags p"]
    earlier: Float[np.ndarray, "groups lags p"]
    cross: Float[np.ndarray, "groups lags p p"] | None
    project: Float[np.ndarray, "p q"] | None
    products: Float[np.ndarray, "groups lags q"] | None

    @property
    def replicas(self) -> int:
        """Number of chains."""
        return len(self.sums)

    @property
    def groups(self) -> int:
        """Number of independent units of second moments."""
        return len(self.second)

    @property
    def group_sums(self) -> Float[np.ndarray, "groups p"]:
        """Sums of records of every group."""
        return self.sums.reshape(self.groups, -1, self.sums.shape[1]).sum(1)

    @property
    def counts(self) -> Float[np.ndarray, " lags"]:
        """Pairs of records of one group, for every lag."""
        apart = self.records - np.array(self.lags, dtype=float)
        return apart * (self.replicas // self.groups)

    def moved(self, pilot: Float[np.ndarray, " p"]) -> "Totals":
        """The same totals about another pilot: exact, as no record is needed."""
        step = self.pilot - pilot
        size = self.records * (self.replicas // self.groups)
        second = _shifted(
            self.second, self.group_sums, self.group_sums, step, np.array(size)
        )
        cross, products, counts = self.cross, self.products, self.counts
        if cross is not None:
            cross = _shifted(cross, self.later, self.earlier, step, counts)
        if self.project is not None and products is not None:
            later, earlier = self.later @ self.project, self.earlier @ self.project
            modes = step @ self.project
            products = products + (later + earlier) * modes + counts[:, None] * modes**2
        return Totals(
            pilot,
            self.records,
            self.sums + self.records * step,
            second,
            self.lags,
            self.later + counts[:, None] * step,
            self.earlier + counts[:, None] * step,
            cross,
            self.project,
            products,
        )

    def __add__(self, other: "Totals") -> "Totals":
        """Totals of both runs: the groups of the other follow those of this one.

        Raises:
            ValueError: when records, lags, projections or groups are not of one kind.
        """
        _check_alike(self, other)
        other = other.moved(self.pilot)
        joined = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("sums", "second", "later", "earlier", "cross", "products")
            if getattr(self, name) is not None
        }
        return Totals(
            self.pilot,
            self.records,
            lags=self.lags,
            project=self.project,
            cross=joined.pop("cross", None),
            products=joined.pop("products", None),
            **joined,
        )


class RecordTotals:
    """Adds up chunks of records; lives inside the precision scope of one run."""

    def __init__(
        self,
        pilot: Float[np.ndarray, " p"],
        replicas: int,
        groups: int,
        lags: tuple[int, ...] = (),
        project: Float[np.ndarray, "p q"] | None = None,
        dtype: np.dtype | str = "float64",
    ) -> None:
        size, count = len(pilot), len(lags)
        # As the records see it, or the means would be off by its rounding.
        self._pilot = np.asarray(pilot).astype(dtype).astype(float)
        self._lags, self._groups = lags, groups
        self._reach = max(lags, default=0)
        self._project = None if project is None else np.asarray(project, dtype=float)
        self._records = 0
        self._sums = np.zeros((replicas, size))
        self._second = np.zeros((groups, size, size))
        is_full = project is None
        self._cross = np.zeros((groups, count, size, size)) if is_full else None
        modes = 0 if self._project is None else self._project.shape[1]
        self._products = np.zeros((groups, count, modes))
        self._head = np.zeros((groups, 0, size))
        self._tail: Array | None = None

    def add(self, records: Chunk) -> None:
        """Add the next records of all replicas."""
        dtype = records.dtype
        pilot = jnp.asarray(self._pilot, dtype)
        if self._tail is None:  # zeros before the first record add nothing
            self._tail = jnp.zeros((self._reach, *records.shape[1:]), dtype)
        project = None if self._project is None else jnp.asarray(self._project, dtype)
        lags = jnp.asarray(self._lags, jnp.int32)
        sums, second, lagged, head, self._tail = _sum_chunk(
            records, self._tail, pilot, project, lags, self._groups
        )
        self._records += len(records)
        self._sums += np.asarray(sums)
        self._second += np.asarray(second)
        if lagged is not None:
            apart = self._products if self._cross is None else self._cross
            apart += np.asarray(lagged).swapaxes(0, 1)
        missing = self._reach - self._head.shape[1]
        if missing > 0:
            new = np.asarray(head, dtype=float)[:, :missing]
            self._head = np.concatenate([self._head, new], axis=1)

    def totals(self) -> Totals:
        """What was added so far.

        The arrays are those that are added to: ask at the end.
        """
        size = self._sums.shape[1]
        whole = self._sums.reshape(self._groups, -1, size).sum(1)
        later = np.zeros((self._groups, len(self._lags), size))
        earlier = np.zeros_like(later)
        for at, lag in enumerate(self._lags):
            tail = self._grouped_tail()[:, self._reach - lag :]
            later[:, at] = whole - self._head[:, :lag].sum(1)
            earlier[:, at] = whole - tail.sum(1)
        return Totals(
            pilot=self._pilot,
            records=self._records,
            sums=self._sums,
            second=self._second,
            lags=self._lags,
            later=later,
            earlier=earlier,
            cross=self._cross,
            project=self._project,
            products=None if self._project is None else self._products,
        )

    def _grouped_tail(self) -> Float[np.ndarray, "groups reach p"]:
        tail = np.asarray(self._tail, dtype=float)
        parts = tail.reshape(len(tail), self._groups, -1, tail.shape[-1])
        return parts.sum(2).swapaxes(0, 1)


def totals_bytes(
    size: int, groups: int, lags: int, modes: int | None, chunk_bytes: int
) -> int:
    """About what totals of records of `size` numbers take, with their chunks."""
    matrices = groups * size**2 * (1 if modes is not None else 1 + lags)
    return (
        8 * matrices + 8 * groups * lags * (2 * size + (modes or 0)) + 3 * chunk_bytes
    )


@partial(jax.jit, static_argnames="groups")
def _sum_chunk(
    records: Chunk,
    tail: Float[Array, "reach replicas p"],
    pilot: Float[Array, " p"],
    project: Float[Array, "p q"] | None,
    lags: Int[Array, " lags"],
    groups: int,
) -> tuple[Array, Array, Array | None, Array, Array]:
    """Sums of replicas, second moments, lagged ones, first sums and the next tail."""
    centered, reach = records - pilot[None, None], len(tail)
    sums = centered.sum(0)
    second = _products(centered, centered, groups)
    head = _deal(centered[:reach], groups).sum(2)
    if not reach:
        return sums, second, None, head, tail
    longer = jnp.concatenate([tail, centered])
    seen = longer if project is None else longer @ project
    now, count = seen[reach:], len(records)

    def apart(lag: Array) -> Array:
        before = jax.lax.dynamic_slice_in_dim(seen, reach - lag, count)
        if project is None:
            return _products(now, before, groups)
        return _deal(now * before, groups).sum((1, 2))

    # One program for all lags: to compile one for each would take longer than to run.
    return sums, second, jax.lax.map(apart, lags), head, longer[count:]


def _deal(
    records: Float[Array, "records replicas q"], groups: int
) -> Float[Array, "groups records each q"]:
    count, replicas, size = records.shape
    parts = records.reshape(count, groups, replicas // groups, size)
    return parts.swapaxes(0, 1)


def _products(now: Chunk, before: Chunk, groups: int) -> Float[Array, "groups p p"]:
    """Sums of outer products; full precision on devices that would take less."""
    size = now.shape[-1]
    left, right = (_deal(x, groups).reshape(groups, -1, size) for x in (now, before))
    return jnp.einsum("gnp,gnq->gpq", left, right, precision="highest")


def _shifted(
    matrices: Float[np.ndarray, "groups *lags p p"],
    left: Float[np.ndarray, "groups *lags p"],
    right: Float[np.ndarray, "groups *lags p"],
    step: Float[np.ndarray, " p"],
    counts: Float[np.ndarray, "*lags"],
) -> Float[np.ndarray, "groups *lags p p"]:
    """Sums of products after `step` was added to both factors."""
    mixed = left[..., :, None] * step + step[:, None] * right[..., None, :]
    return matrices + mixed + counts[..., None, None] * np.outer(step, step)


def _check_alike(one: Totals, other: Totals) -> None:
    for name in ("records", "lags"):
        if getattr(one, name) != getattr(other, name):
            raise ValueError(
                f"Totals that are merged must have the same {name}, but have"
                f" {getattr(one, name)} and {getattr(other, name)}."
            )
    if one.pilot.shape != other.pilot.shape:
        raise ValueError(
            "Totals that are merged must be of records of one size, but they have"
            f" {len(one.pilot)} and {len(other.pilot)} numbers."
        )
    sizes = [t.replicas // t.groups for t in (one, other)]
    if sizes[0] != sizes[1]:
        raise ValueError(
            "Totals that are merged must have groups of one size, but theirs hold"
            f" {sizes[0]} and {sizes[1]} replicas: choose `groups` in proportion."
        )
    ours, theirs = one.project, other.project
    if ours is None and theirs is None:
        return
    if ours is None or theirs is None or not np.array_equal(ours, theirs):
        raise ValueError("Totals that are merged must have the same `project`.")
