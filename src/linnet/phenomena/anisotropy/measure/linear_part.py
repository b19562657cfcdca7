"""The linear map inside any network: its product, its least-squares part, its slope."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from linnet.numerics import Estimate
from linnet.shapes import Float

STEP = 1e-3  # of a typical input entry; the error of the difference falls as its square


def end_to_end_path(
    layers: Sequence[Float[np.ndarray, "..."]],
) -> Float[np.ndarray, "... k d"]:
    r"""Products $W = W_L\cdots W_1$ of recorded layers of a linear network, any depth.

    Exact: no error bar.

    Args:
        layers: First layer first, each `(..., out, in)` with the same leading axes:
            none, times, or replicas and times.

    Returns:
        The end-to-end maps, leading axes kept.

    Raises:
        ValueError: when there is no layer, an entry is not finite, or layers do not
            form chains of the same length.
    """
    recorded = tuple(np.asarray(layer, dtype=float) for layer in layers)
    if not recorded or any(layer.ndim < 2 for layer in recorded):
        raise ValueError(
            "Argument `layers` must hold arrays (..., out, in), one or more, but has"
            f" shapes {[layer.shape for layer in recorded]}."
        )
    fits = all(
        after.shape[-1] == before.shape[-2] and after.shape[:-2] == before.shape[:-2]
        for before, after in itertools.pairwise(recorded)
    )
    if not fits:
        raise ValueError(
            "Argument `layers` must be one chain with equal leading axes, but has"
            f" shapes {[layer.shape for layer in recorded]}: layers are (out, in),"
            " first layer first."
        )
    if not all(np.isfinite(layer).all() for layer in recorded):
        raise ValueError(
            "Argument `layers` must be finite, but holds NaN or infinity: leave out"
            " what came after a divergence."
        )
    product = recorded[0]
    for layer in recorded[1:]:
        product = layer @ product
    return product


@dataclass(frozen=True, eq=False)
class LinearPart:
    r"""Least-squares linear part of predictions, and what it leaves out.

    Attributes:
        matrix: $W$ of $f(x)\approx Wx + c$, shape `(k, d)`; of least norm.
        offset: $c$, zero unless it was asked for.
        rank: Input directions that the samples resolve.
        estimate: `matrix` with its error as the linear part on the distribution from
            which the inputs were drawn, or None.
        nonlinear_share: Share of the second moment of $f$ (of its variance, with an
            offset) that no linear map explains, freed of the degrees of freedom spent,
            with its error, or None.
        reason: Why there is no error bar; None where there is one.
    """

    matrix: Float[np.ndarray, "k d"]
    offset: Float[np.ndarray, " k"]
    rank: int
    estimate: Estimate | None
    nonlinear_share: Estimate | None
    reason: str | None


def linear_part(
    inputs: Float[np.ndarray, "n d"],
    predictions: Float[np.ndarray, "n *k"],
    *,
    with_offset: bool = False,
) -> LinearPart:
    r"""Linear map nearest to a network's predictions, in the least-squares sense.

    $$W = \overline{f(x)\,x^\top}\;\hat\Sigma^+,$$ from inputs as they are, or about
    their means with an offset. Errors by the jackknife over samples, of which every one
    is left out once, in closed form: valid for a network that is not linear, whose
    curvature is a "noise" that depends on the input. For a linear network the result is
    its product to rounding.

    Valid for: inputs drawn independently, of any distribution, and predictions of fixed
    weights. The network can be asked at any inputs: draw many more than it has
    dimensions.

    Args:
        inputs: Samples as rows.
        predictions: Of the network at these inputs, (n, k), or (n,) for one output.
        with_offset: Whether a constant is fitted too.

    Returns:
        The linear part. No error bar if samples do not outnumber the directions, where
        every function is linear.

    Raises:
        ValueError: when shapes do not fit, an entry is not finite, or all inputs are
            zero.
    """
    x, f = _checked_samples(inputs, predictions)
    shift, height = (
        (x.mean(0), f.mean(0)) if with_offset else (np.zeros(x.shape[1]), 0.0)
    )
    x, f = x - shift, f - height
    left, sizes, right = np.linalg.svd(x, full_matrices=False)
    kept = sizes > max(x.shape) * np.finfo(float).eps * max(sizes[0], 1e-300)
    left, sizes, right = left[:, kept], sizes[kept], right[kept]
    rank = len(sizes)
    if rank == 0:
        raise ValueError("Argument `inputs` must vary, but all rows are equal.")
    inverse = right.T / sizes  # samples enter W as f.T @ left @ inverse.T
    matrix = (f.T @ left) @ inverse.T
    offset = np.zeros(f.shape[1]) + height - matrix @ shift
    spent = rank + with_offset
    if len(x) < spent + 2:
        reason = (
            f"{len(x)} samples resolve {rank} directions: any function is linear on"
            " them. Give more samples than dimensions."
        )
        return LinearPart(matrix, offset, rank, None, None, reason)
    leverage = (left**2).sum(1) + with_offset / len(x)
    rest = f - left @ (left.T @ f)
    if (leverage > 1 - 1e-10).any():
        reason = "one sample alone carries a direction: without it there is no fit."
        return LinearPart(matrix, offset, rank, None, None, reason)
    stderr = _jackknife_error(rest, leverage, left @ inverse.T)
    share = _share(f, rest, leverage, spent, with_offset)
    return LinearPart(
        matrix, offset, rank, Estimate(matrix, stderr, len(x)), share, None
    )


def mean_jacobian(
    function: Callable[[Any], Any], inputs: Float[np.ndarray, "n d"]
) -> Estimate:
    r"""Mean slope $\overline{\partial f/\partial x}$ of a network over inputs, by JAX.

    Exact derivatives in 64 bits; the error is that of the mean over inputs. For
    Gaussian inputs of mean zero it is the linear part on their distribution (Stein).

    Args:
        function: Maps a batch `(n, d)` to `(n, k)`, row by row, in JAX operations.
        inputs: Samples as rows, two or more, drawn independently.

    Returns:
        Shape `(k, d)`.

    Raises:
        ValueError: when inputs are no finite rows, or the function does not give
            finite rows.
    """
    import jax  # here, so that claims can be listed without loading JAX
    import jax.numpy as jnp

    x, _ = _checked_samples(inputs, inputs)
    with jax.enable_x64(True):
        batch = jnp.asarray(x, dtype=float)

        def slope(direction: Any) -> Any:
            moved = jnp.broadcast_to(direction, batch.shape)
            return jax.jvp(function, (batch,), (moved,))[1]

        def moments(direction: Any) -> Any:
            rows = slope(direction)
            middle = rows.mean(0)
            # Two passes: a linear network then has no spread but rounding.
            return middle, ((rows - middle[None]) ** 2).sum(0)

        along = jax.jit(lambda axes: jax.lax.map(moments, axes))
        _check_rows(jax.eval_shape(function, batch).shape, len(x))
        mean, squares = (np.asarray(a) for a in along(jnp.eye(x.shape[1])))
    return _mean_slope(mean.T, squares.T, len(x))


def difference_jacobian(
    function: Callable[[np.ndarray], np.ndarray],
    inputs: Float[np.ndarray, "n d"],
    step: float | None = None,
) -> Estimate:
    r"""Mean slope $\overline{\partial f/\partial x}$ of any callable, by differences.

    Central, $\frac{f(x+se_i)-f(x-se_i)}{2s}$, with an error of order $s^2$ that the
    error bar does not hold; two evaluations of the batch for each input dimension.

    Args:
        function: Maps a batch `(n, d)` to `(n, k)`, row by row.
        inputs: Samples as rows, two or more, drawn independently.
        step: $s$; None for a thousandth of the root mean square of the inputs. Take a
            tenth of it or so for predictions in 32 bits.

    Raises:
        ValueError: as `mean_jacobian`, and when the step is not positive.
    """
    x, _ = _checked_samples(inputs, inputs)
    size = STEP * float(np.sqrt((x**2).mean())) if step is None else float(step)
    if not (np.isfinite(size) and size > 0):
        raise ValueError(f"Argument `step` must be positive, but is {size}.")
    columns = []
    for axis in np.eye(x.shape[1]):
        ahead, back = (
            np.asarray(function(x + sign * size * axis), dtype=float)
            for sign in (1, -1)
        )
        _check_rows(ahead.shape, len(x))
        rows = (ahead - back) / (2 * size)
        middle = rows.mean(0)
        columns.append((middle, ((rows - middle) ** 2).sum(0)))
    mean, squares = (np.array(part).T for part in zip(*columns, strict=True))
    return _mean_slope(mean, squares, len(x))


def _jackknife_error(
    rest: Float[np.ndarray, "n k"],
    leverage: Float[np.ndarray, " n"],
    pull: Float[np.ndarray, "n d"],
) -> Float[np.ndarray, "k d"]:
    """Of the fit, with every sample left out once."""
    n = len(rest)
    # Leaving sample i out moves the fit by minus its pull times its push.
    push = rest / (1 - leverage)[:, None]
    spread = (push**2).T @ pull**2 - (push.T @ pull) ** 2 / n
    return np.sqrt(np.maximum(spread, 0) * (n - 1) / n)


def _share(
    f: Float[np.ndarray, "n k"],
    rest: Float[np.ndarray, "n k"],
    leverage: Float[np.ndarray, " n"],
    spent: int,
    with_offset: bool,
) -> Estimate | None:
    """Unexplained over total, all outputs together, with every sample left out once."""
    n = len(f)
    residual, total = (rest**2).sum(), (f**2).sum()
    if total == 0:
        return None
    one_less = residual - (rest**2).sum(1) / (1 - leverage)
    own = (f**2).sum(1) * (n / (n - 1) if with_offset else 1.0)

    def ratio(above: Any, below: Any, count: int) -> Any:
        return above / (count - spent) / (below / (count - with_offset))

    replaced = ratio(one_less, total - own, n - 1)
    stderr = np.sqrt((n - 1) / n * ((replaced - replaced.mean()) ** 2).sum())
    return Estimate(np.array(ratio(residual, total, n)), np.array(stderr), n)


def _mean_slope(
    mean: Float[np.ndarray, "k d"], squares: Float[np.ndarray, "k d"], n: int
) -> Estimate:
    return Estimate(mean, np.sqrt(squares / (n - 1) / n), n)


def _check_rows(shape: tuple[int, ...], n: int) -> None:
    if len(shape) != 2 or shape[0] != n:
        raise ValueError(
            f"Argument `function` must map a batch of {n} rows to as many rows (n, k),"
            f" but gives shape {tuple(shape)}."
        )


def _checked_samples(
    inputs: Float[np.ndarray, "n d"], predictions: Float[np.ndarray, "n *k"]
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n outputs"]]:
    x, f = np.asarray(inputs, dtype=float), np.asarray(predictions, dtype=float)
    f = f[:, None] if f.ndim == 1 else f
    if x.ndim != 2 or f.ndim != 2 or len(x) != len(f) or len(x) < 2 or 0 in x.shape:
        raise ValueError(
            "Arguments must be samples as rows, two or more, inputs (n, d) and"
            f" predictions (n, k) or (n,), but have shapes {x.shape} and {f.shape}."
        )
    if not (np.isfinite(x).all() and np.isfinite(f).all()):
        raise ValueError(
            "Arguments must be finite, but an input or a prediction is NaN or infinite."
        )
    return x, f
