r"""Which samples form the next batch: three processes that are often taken for one.

A sampling remembers nothing. It tells how many steps are drawn together, a block, and
draws the batches of one block from one key; block b of a replica takes its key from the
replica's stream and b alone, so a run does not depend on where it saves.

Random integers are made from 32-bit words by multiply-high: one word each, the same
ones in both precisions. The chances of two values out of n differ by a fraction of
$n/2^{32}$ at most.
"""

from abc import abstractmethod

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray, UInt32

# Steps drawn together: enough to hide the cost of a draw, unless batches are large.
BLOCK_STEPS, BLOCK_INDICES = 64, 4096
# Floyd's algorithm compares m^2/2 pairs, sorting n words costs this many per word.
FLOYD_SHARE = 1000


class AbstractSampling(eqx.Module):
    """Which samples form the next batch."""

    def check(self, n: int, batch_size: int) -> None:
        """Refuse what cannot be drawn; independent batches always can.

        Raises:
            ValueError: with what can.
        """
        del n, batch_size

    @abstractmethod
    def block_length(self, n: int, batch_size: int) -> int:
        """Number of steps whose batches are drawn together."""

    @abstractmethod
    def indices(
        self, key: PRNGKeyArray, n: int, batch_size: int
    ) -> Int[Array, "length batch"]:
        """Indices of the batches of one block out of `n` samples."""


class WithReplacement(AbstractSampling):
    r"""Independent uniform draws: at batch size m the noise has covariance $C/m$."""

    def block_length(self, n: int, batch_size: int) -> int:
        """64, or fewer for large batches."""
        del n
        return _independent_steps(batch_size)

    def indices(
        self, key: PRNGKeyArray, n: int, batch_size: int
    ) -> Int[Array, "length batch"]:
        """Independent indices."""
        shape = self.block_length(n, batch_size), batch_size
        return below(jax.random.bits(key, shape, jnp.uint32), n)


class WithoutReplacement(AbstractSampling):
    r"""Distinct samples in a batch, independent batches.

    Every subset of m samples is as likely as any other: the noise has covariance
    $\frac{n-m}{m(n-1)}C$. Small batches by Floyd's algorithm, large ones by sorting.
    """

    def block_length(self, n: int, batch_size: int) -> int:
        """64, or fewer for large batches."""
        del n
        return _independent_steps(batch_size)

    def indices(
        self, key: PRNGKeyArray, n: int, batch_size: int
    ) -> Int[Array, "length batch"]:
        """Independent subsets."""
        length = self.block_length(n, batch_size)
        if batch_size**2 <= FLOYD_SHARE * n:
            return subsets(key, n, batch_size, length)

        def one(key: PRNGKeyArray) -> Int[Array, " batch"]:
            return shuffled(key, n)[:batch_size]

        return jax.lax.map(one, jax.random.split(key, length))


class Epochs(AbstractSampling):
    r"""Batches of one permutation, which is drawn anew in every epoch.

    A batch by itself is one `WithoutReplacement`; those of one epoch of $M = n/m$ steps
    add up to all samples and so are anti-correlated. An epoch begins at step 0.
    """

    def check(self, n: int, batch_size: int) -> None:
        """Refuse batches of unequal size.

        Raises:
            ValueError: when `batch_size` does not divide `n`.
        """
        if n % batch_size:
            sizes = [m for m in range(1, n + 1) if n % m == 0]
            near = sorted(sizes, key=lambda m: (abs(m - batch_size), m))[:2]
            raise ValueError(
                f"Argument `batch_size` must divide the number of samples, {n}, in"
                f" epochs, but is {batch_size}: the last batch would be smaller, with"
                f" noise of its own. The nearest that do: {sorted(near)}."
            )

    def block_length(self, n: int, batch_size: int) -> int:
        """The batches of an epoch."""
        return n // batch_size

    def indices(
        self, key: PRNGKeyArray, n: int, batch_size: int
    ) -> Int[Array, "length batch"]:
        """One permutation, in rows."""
        return shuffled(key, n).reshape(-1, batch_size)


def below(words: UInt32[Array, "..."], n: int | Array) -> Int[Array, "..."]:
    r"""$\lfloor \mathrm{word}\cdot n/2^{32}\rfloor$, for `n` up to $2^{31}$.

    By halves, since there are no 64-bit products in the 32-bit precision.
    """
    n = jnp.asarray(n, jnp.uint32)
    high, low = words >> 16, words & 0xFFFF
    n_high, n_low = n >> 16, n & 0xFFFF
    upper = high * n_low + (low * n_low >> 16)
    lower = low * n_high + (upper & 0xFFFF)
    return (high * n_high + (upper >> 16) + (lower >> 16)).astype(jnp.int32)


def subsets(
    key: PRNGKeyArray, n: int, size: int, count: int
) -> Int[Array, "{count} {size}"]:
    """`count` uniform subsets of `size` out of `n`, by Floyd's algorithm.

    Round i draws one of the first n - size + i + 1; if it is taken, the last of these
    is not, and enters.
    """
    words = jax.random.bits(key, (size, count), jnp.uint32)

    def enter(i: Array, chosen: Int[Array, "size count"]) -> Int[Array, "size count"]:
        last = n - size + i
        drawn = below(words[i], last + 1)
        taken = (chosen == drawn[None]).any(axis=0)
        return chosen.at[i].set(jnp.where(taken, last, drawn).astype(jnp.int32))

    start = jnp.full((size, count), -1, jnp.int32)
    return jax.lax.fori_loop(0, size, enter, start).T


def shuffled(key: PRNGKeyArray, n: int) -> Int[Array, " n"]:
    r"""A uniform permutation, by sorting random words that carry positions.

    XLA sorts single words five times faster than pairs on a CPU, so the position fills
    the low bits of its word. Rounds are repeated until 32 random bits or more have
    decided: two samples come in either order with chances that differ by a fraction
    of $2^{-32}$ at most.
    """
    width = max((n - 1).bit_length(), 1)
    mask = jnp.uint32(2**width - 1)
    places = jnp.arange(n, dtype=jnp.uint32)
    rounds = -(-32 // (32 - width))
    for each in jax.random.split(key, rounds):
        words = (jax.random.bits(each, (n,), jnp.uint32) & ~mask) | jnp.arange(
            n, dtype=jnp.uint32
        )
        places = places[jnp.sort(words) & mask]
    return places.astype(jnp.int32)


def _independent_steps(batch_size: int) -> int:
    return max(1, min(BLOCK_STEPS, BLOCK_INDICES // batch_size))
