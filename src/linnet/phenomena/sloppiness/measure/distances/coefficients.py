r"""Bhattacharyya coefficients of many pairs of models, one logarithm for all samples.

Panels hold square roots of probabilities, `(samples, classes, models)`; the coefficient
of a pair on a sample is $b_s = \sum_c r_{sc}\, r'_{sc}$.

* `fast`: products of coefficients, split into mantissa and exponent every few samples,
  so that nothing underflows that is not told; no logarithm before the end.
* `guarded`: the same with a split after every sample, and samples without common
  support counted; for pairs whose product did underflow.
* `near`: $1 - \prod_s b_s$ is carried beside the product,
  $u \leftarrow u + h_s (1 - u)$ with $h_s = \frac12 \sum_c (r_{sc} - r'_{sc})^2$, all
  terms positive: close pairs keep their digits.

The kernels take single or double precision; double needs a 64-bit scope around them.
What a pair gets depends on nothing but the two models.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

# Sums of this many products are unrolled inside one fused loop; XLA's own small matrix
# products are slower there, and its loops are slow below.
FEWEST_TERMS, MOST_UNROLLED_CLASSES = 16, 16
SAMPLES_PER_SPLIT = 8
CLASSES_AT_ONCE = 128  # of a matrix product: rounding of like terms adds up
CLASS_BLOCK = 16  # classes that are unrolled at a time where there are more


class Products(NamedTuple):
    """Products of coefficients of all pairs of two panels so far.

    `mantissa` lies in [1, 2); `exponent` sums biased exponents, `splits` of them;
    `lowest` is the smallest one: zero tells that the product left the normal numbers.
    """

    mantissa: Any
    exponent: Any
    lowest: Any


class Guarded(NamedTuple):
    """The same, with the number of samples on which the supports are disjoint."""

    mantissa: Any
    exponent: Any
    disjoint: Any


def unrolled_samples(classes: int) -> int:
    """Samples whose coefficients are written out one after the other."""
    samples = 1
    while samples < SAMPLES_PER_SPLIT and samples * classes < FEWEST_TERMS:
        samples *= 2
    return samples


def samples_per_split(classes: int) -> int:
    """Coefficients that are multiplied before mantissa and exponent are split.

    Samples of a panel are a multiple.
    """
    if classes > MOST_UNROLLED_CLASSES:
        return SAMPLES_PER_SPLIT
    return max(SAMPLES_PER_SPLIT, 2 * unrolled_samples(classes))


def empty_products(rows: int, columns: int, dtype: np.dtype) -> Products:
    """Of no sample at all."""
    zero = np.zeros((rows, columns), np.int32)
    top = np.full((rows, columns), np.iinfo(np.int32).max, np.int32)
    return Products(np.ones((rows, columns), dtype), zero, top)


def empty_guarded(rows: int, columns: int, dtype: np.dtype) -> Guarded:
    """Of no sample at all."""
    zero = np.zeros((rows, columns), np.int32)
    return Guarded(np.ones((rows, columns), dtype), zero, zero)


@jax.jit
def fast(state: Products, left: Any, right: Any) -> Products:
    """Products with the samples of two panels multiplied in."""
    samples, classes, _ = left.shape
    per_split = samples_per_split(classes)
    multiply = _dots if classes > MOST_UNROLLED_CLASSES else _unrolled

    def step(at: Any, state: Products) -> Products:
        product = multiply(state.mantissa, left, right, at * per_split, per_split)
        mantissa, exponent = _split(product)
        return Products(
            mantissa,
            state.exponent + exponent,
            jnp.minimum(state.lowest, exponent),
        )

    return lax.fori_loop(0, samples // per_split, step, state)


@jax.jit
def guarded(state: Guarded, left: Any, right: Any) -> Guarded:
    """The same for pairs with coefficients of any size, zero included."""
    samples = left.shape[0]

    def step(at: Any, state: Guarded) -> Guarded:
        start = at * SAMPLES_PER_SPLIT
        coefficients = _coefficients(left, right, start, SAMPLES_PER_SPLIT)
        mantissas, exponents = _split(coefficients)
        is_zero = exponents == 0
        ones = jnp.ones_like(mantissas)
        product = jnp.prod(jnp.where(is_zero, ones, mantissas), axis=0)
        mantissa, exponent = _split(product * state.mantissa)
        bias = _bias(mantissa.dtype)
        carried = jnp.where(is_zero, bias, exponents).sum(0, dtype=jnp.int32)
        # The split of the product itself is one more, biased like the others.
        return Guarded(
            mantissa,
            state.exponent + carried + exponent,
            state.disjoint + is_zero.sum(0, dtype=jnp.int32),
        )

    return lax.fori_loop(0, samples // SAMPLES_PER_SPLIT, step, state)


@jax.jit
def near(total: Any, left: Any, right: Any) -> Any:
    r"""$-\sum_s \ln b_s$ added to `total`, to relative rounding for close pairs."""
    samples, classes, _ = left.shape
    per_split = samples_per_split(classes)
    is_unrolled = classes <= MOST_UNROLLED_CLASSES
    together = unrolled_samples(classes) if is_unrolled else 1
    half_and_dot = _half_and_dot if is_unrolled else _half_and_dot_by_blocks
    one = jnp.ones_like(total)

    def group(at: Any, total: Any) -> Any:
        def some(part: Any, carried: tuple[Any, Any]) -> tuple[Any, Any]:
            start = at * per_split + part * together
            rows, columns = _slices(left, right, start, together)
            lost, kept = carried
            for sample in range(together):
                half, dot = half_and_dot(rows[sample], columns[sample])
                lost, kept = lost + half * (one - lost), kept * dot
            return lost, kept

        start = (jnp.zeros_like(total), one)
        lost, kept = lax.fori_loop(0, per_split // together, some, start)
        is_close = lost < one / 2
        careful = -jnp.log1p(-jnp.where(is_close, lost, jnp.zeros_like(lost)))
        return total + jnp.where(is_close, careful, -jnp.log(kept))

    return lax.fori_loop(0, samples // per_split, group, total)


@jax.jit
def columns(panel: Any, which: Any) -> Any:
    """Some models of a panel."""
    return jnp.take(panel, which, axis=-1, mode="clip")


@jax.jit
def alone(panel: Any) -> Any:
    """Logarithm of each model's coefficients with itself, summed over samples.

    Summed over classes in the order of `fast`, so that roundings are alike.
    """
    together = CLASSES_AT_ONCE if panel.shape[1] > MOST_UNROLLED_CLASSES else 1
    total = jnp.zeros_like(panel[:, 0])
    for start in range(0, panel.shape[1], together):
        some = panel[:, start : start + together]
        total = total + (some * some).sum(1)
    return jnp.log(total).sum(0)


def logarithm(state: Products | Guarded, splits: int) -> np.ndarray:
    """Logarithm of the products, double precision; `splits` biases are taken off."""
    mantissa = np.asarray(state.mantissa)
    exponent = np.asarray(state.exponent).astype(np.float64)
    exponent -= splits * _bias(mantissa.dtype)
    exponent *= np.log(2.0)
    exponent += np.log(mantissa.astype(np.float64))
    return exponent


def _slices(left: Any, right: Any, start: Any, count: int) -> tuple[Any, Any]:
    cut = partial(lax.dynamic_slice_in_dim, start_index=start, slice_size=count)
    return cut(left), cut(right)


def _unrolled(product: Any, left: Any, right: Any, start: Any, count: int) -> Any:
    """`product` times `count` coefficients: a loop over a fused, unrolled body."""
    unrolled = unrolled_samples(left.shape[1])

    def some(part: Any, product: Any) -> Any:
        rows, columns = _slices(left, right, start + part * unrolled, unrolled)
        for sample in range(unrolled):
            coefficient = _outer(rows[sample, 0], columns[sample, 0])
            for c in range(1, left.shape[1]):
                coefficient = coefficient + _outer(rows[sample, c], columns[sample, c])
            product = product * coefficient
        return product

    return lax.fori_loop(0, count // unrolled, some, product)


def _dots(product: Any, left: Any, right: Any, start: Any, count: int) -> Any:
    """The same through matrix products, for many classes."""
    coefficients = _coefficients(left, right, start, count)
    for sample in range(count):
        product = product * coefficients[sample]
    return product


def _coefficients(left: Any, right: Any, start: Any, count: int) -> Any:
    """Coefficients of `count` samples; long sums over classes are cut."""
    rows, columns = _slices(left, right, start, count)
    batched = (((1,), (1,)), ((0,), (0,)))
    found = 0.0
    for at in range(0, left.shape[1], CLASSES_AT_ONCE):
        some = slice(at, at + CLASSES_AT_ONCE)
        part = lax.dot_general(
            rows[:, some], columns[:, some], batched, precision=lax.Precision.HIGHEST
        )
        found = part if at == 0 else found + part
    return found


def _half_and_dot(rows: Any, columns: Any) -> tuple[Any, Any]:
    """Half the squared distance of the roots of one sample, and its coefficient."""
    squared, dot = 0.0, 0.0
    for c in range(rows.shape[0]):
        difference = rows[c][:, None] - columns[c][None, :]
        square, term = difference * difference, _outer(rows[c], columns[c])
        squared, dot = (square, term) if c == 0 else (squared + square, dot + term)
    return squared / 2, dot


def _half_and_dot_by_blocks(rows: Any, columns: Any) -> tuple[Any, Any]:
    """The same for many classes, `CLASS_BLOCK` at a time."""

    def block(at: Any, so_far: Any) -> Any:
        some_rows, some_columns = _slices(rows, columns, at * CLASS_BLOCK, CLASS_BLOCK)
        return so_far + _half_and_dot(some_rows, some_columns)[0]

    whole, rest = divmod(rows.shape[0], CLASS_BLOCK)
    nothing = jnp.zeros((rows.shape[1], columns.shape[1]), rows.dtype)
    half = lax.fori_loop(0, whole, block, nothing)
    if rest:
        half = half + _half_and_dot(rows[-rest:], columns[-rest:])[0]
    dot = lax.dot(rows.T, columns, precision=lax.Precision.HIGHEST)
    return half, dot


def _outer(row: Any, column: Any) -> Any:
    return row[:, None] * column[None, :]


def _split(numbers: Any) -> tuple[Any, Any]:
    """Mantissas in [1, 2) and biased exponents; zero for what is not normal."""
    bits_of = jnp.int32 if numbers.dtype == jnp.float32 else jnp.int64
    fraction = np.finfo(numbers.dtype).nmant
    bits = lax.bitcast_convert_type(numbers, bits_of)
    exponent = lax.shift_right_logical(bits, jnp.asarray(fraction, bits_of))
    one = lax.bitcast_convert_type(jnp.ones((), numbers.dtype), bits_of)
    mantissa = (bits & jnp.asarray(2**fraction - 1, bits_of)) | one
    return (
        lax.bitcast_convert_type(mantissa, numbers.dtype),
        exponent.astype(jnp.int32),
    )


def _bias(dtype: Any) -> int:
    return int(np.finfo(dtype).maxexp) - 1
