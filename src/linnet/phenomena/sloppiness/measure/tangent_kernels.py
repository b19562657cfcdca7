r"""Kernels of a network given as a function: tangent kernel, and that of its outputs.

Trained lazily, a network does kernel descent with its tangent kernel, from outputs
whose second moment over random starts is the second kernel. Works on any network that
JAX can differentiate; JAX is loaded inside the functions.
"""

from collections.abc import Callable
from numbers import Integral
from typing import Any, Literal

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness.measure.derivatives import (
    Derivatives,
    Network,
    Precision,
    sample_rows,
)
from linnet.shapes import Float

Draw = Callable[[np.random.Generator], Any]
Outputs = Literal["mean", "joint"]
Rows = Float[np.ndarray, "n *sample"]
Tensor = Float[np.ndarray, "n k m k"]

JACOBIAN_BYTES = 2**28  # of the rows that are held at once, unless a limit is given


def tangent_kernel(
    function: Network,
    parameters: Any,
    inputs: Float[np.ndarray, "n *sample"],
    others: Float[np.ndarray, "m *sample"] | None = None,
    *,
    outputs: Outputs = "mean",
    precision: Precision = "float64",
    memory_limit: float | None = None,
) -> Float[np.ndarray, "rows columns"]:
    r"""Empirical tangent kernel of a network at given parameters.

    $$K(x,x') = \partial_\theta f(x)\cdot\partial_\theta f(x').$$
    Exact for these parameters: no error bar. Rows of the Jacobian that do not fit
    together are formed block by block.

    Valid for: networks that treat samples one by one (no batch normalization) and are
    differentiable at the parameters.

    Args:
        function: `(parameters, inputs) -> outputs`, of many samples at once, `(n,)` or
            `(n, k)`; made of operators or `jax.numpy`.
        parameters: An array of floats, or any nesting of tuples, lists and
            dictionaries of them.
        inputs: Samples as rows.
        others: Samples of the columns; None for `inputs`. For test points give all
            samples as `inputs` and the training ones as `others`.
        outputs: `mean` over the k outputs, `(n, m)`; or `joint`, every output with
            every other, `(n k, m k)`, outputs of one sample side by side.
        precision: In which the network is run.
        memory_limit: Bytes for rows of the Jacobian; None for 256 MiB.

    Returns:
        The kernel, in 64 bits.

    Raises:
        ValueError: when shapes or options do not fit, something is not finite, or not
            even one row would fit.
        TypeError: when the function calls NumPy, or parameters are no floats.

    Reference: textbook.

    Example:
        A linear network has the kernel of its inputs.

        >>> x = np.array([[1.0, 0.0], [1.0, 2.0]])
        >>> tangent_kernel(lambda w, x: x @ w, np.zeros(2), x)
        array([[1., 1.],
               [1., 5.]])
    """
    if outputs not in ("mean", "joint"):
        raise ValueError(
            f"Argument `outputs` must be one of mean, joint, but is {outputs!r}."
        )
    derivatives = Derivatives(function, precision)
    rows, columns = _sides(inputs, others)
    found = _tensor(derivatives, parameters, rows, columns, _limit(memory_limit))
    if outputs == "mean":
        return _mean_over_outputs(found)
    n, k, m, _ = found.shape
    return found.reshape(n * k, m * k)


def mean_tangent_kernel(
    function: Network,
    draw: Draw,
    inputs: Float[np.ndarray, "n *sample"],
    others: Float[np.ndarray, "m *sample"] | None = None,
    *,
    networks: int = 32,
    seed: int = 0,
    precision: Precision = "float64",
    memory_limit: float | None = None,
) -> Estimate:
    r"""Mean of the tangent kernel over random networks, with its error.

    Args:
        function: As in `tangent_kernel`; its outputs are averaged over.
        draw: Parameters of a random network, from a NumPy generator.
        inputs: Samples as rows.
        others: Samples of the columns; None for `inputs`.
        networks: How many are drawn.
        seed: Of the generator.
        precision: In which the networks are run.
        memory_limit: Bytes for rows of a Jacobian; None for 256 MiB.

    Raises:
        ValueError: as `tangent_kernel`, or when there are fewer than two networks.
        TypeError: as `tangent_kernel`.

    Reference: textbook.
    """
    derivatives, limit = Derivatives(function, precision), _limit(memory_limit)
    rows, columns = _sides(inputs, others)

    def kernel(parameters: Any) -> np.ndarray:
        return _mean_over_outputs(
            _tensor(derivatives, parameters, rows, columns, limit)
        )

    return _averaged(kernel, draw, networks, seed)


def output_kernel(
    function: Network,
    draw: Draw,
    inputs: Float[np.ndarray, "n *sample"],
    others: Float[np.ndarray, "m *sample"] | None = None,
    *,
    networks: int = 256,
    seed: int = 0,
    precision: Precision = "float64",
) -> Estimate:
    r"""Second moment $\mathbb E\,f(x)f(x')$ of outputs over random networks.

    Not centered: what training starts from is this moment. Outputs of a network are
    averaged over.

    Args:
        function: As in `tangent_kernel`.
        draw: Parameters of a random network, from a NumPy generator.
        inputs: Samples as rows.
        others: Samples of the columns; None for `inputs`.
        networks: How many are drawn.
        seed: Of the generator; the networks are those of `mean_tangent_kernel`.
        precision: In which the networks are run.

    Raises:
        ValueError: when shapes do not fit, something is not finite, or there are fewer
            than two networks.
        TypeError: as `tangent_kernel`.

    Reference: textbook.

    Example:
        >>> found = output_kernel(
        ...     lambda w, x: x @ w, lambda rng: rng.standard_normal(1),
        ...     np.ones((1, 1)), networks=4000)
        >>> abs(found.z(1.0)).max() < 4
        np.True_
    """
    derivatives = Derivatives(function, precision)
    rows, columns = _sides(inputs, others)

    def kernel(parameters: Any) -> np.ndarray:
        seen = derivatives.values(parameters, rows)
        other = seen if columns is None else derivatives.values(parameters, columns)
        return seen @ other.T / seen.shape[1]

    return _averaged(kernel, draw, networks, seed)


def _sides(inputs: Rows, others: Rows | None) -> tuple[Rows, Rows | None]:
    """Samples of rows and columns; no columns where both are the same."""
    rows = sample_rows("inputs", inputs)
    if others is None:
        return rows, None
    columns = sample_rows("others", others)
    if columns.shape[1:] != rows.shape[1:]:
        raise ValueError(
            f"Argument `others` must have samples of shape {rows.shape[1:]}, as"
            f" `inputs` has, but they are {columns.shape[1:]}."
        )
    return rows, columns


def _limit(asked: float | None) -> float:
    if asked is None:
        return JACOBIAN_BYTES
    if not asked > 0:
        raise ValueError(f"Argument `memory_limit` must be > 0, but is {asked!r}.")
    return asked


def _tensor(
    derivatives: Derivatives,
    parameters: Any,
    rows: Rows,
    columns: Rows | None,
    limit: float,
) -> Tensor:
    """Kernel of all outputs, from blocks of rows of the Jacobian that fit together."""
    k = derivatives.values(parameters, rows[:1]).shape[1]
    each = k * _count(parameters) * np.dtype(float).itemsize
    # Two blocks are held at once, each with the leaves that it is made of.
    size = int(limit // (4 * each))
    if not size:
        raise ValueError(
            f"Two rows of the Jacobian need about {4 * each / 2**20:.4g} MiB, but"
            f" `memory_limit` is {limit / 2**20:.4g} MiB: raise it, or take float"
            " parameters that do not train into the function."
        )
    other = rows if columns is None else columns
    found = np.empty((len(rows), k, len(other), k))
    for i in range(0, len(rows), size):
        left = derivatives.rows(parameters, rows[i : i + size])
        first = i if columns is None else 0
        for j in range(first, len(other), size):
            is_same = columns is None and i == j
            right = (
                left if is_same else derivatives.rows(parameters, other[j : j + size])
            )
            block = np.tensordot(left, right, axes=(2, 2))
            found[i : i + size, :, j : j + size] = block
            if columns is None and not is_same:
                found[j : j + size, :, i : i + size] = block.transpose(2, 3, 0, 1)
    return found


def _count(parameters: Any) -> int:
    import jax

    return sum(int(np.size(leaf)) for leaf in jax.tree.leaves(parameters))


def _mean_over_outputs(found: Tensor) -> Float[np.ndarray, "n m"]:
    return np.einsum("ncmc->nm", found) / found.shape[1]


def _averaged(
    kernel: Callable[[Any], np.ndarray], draw: Draw, networks: int, seed: int
) -> Estimate:
    """Mean and error over random networks; none of them is kept."""
    if not isinstance(networks, Integral) or networks < 2:
        raise ValueError(
            "Argument `networks` must be a whole number >= 2, but is"
            f" {networks!r}: one network has no error bar."
        )
    rng, count = np.random.default_rng(seed), int(networks)
    mean = squares = np.zeros(())
    for number in range(1, count + 1):
        found = kernel(draw(rng))
        step = found - mean
        mean = mean + step / number
        squares = squares + step * (found - mean)
    return Estimate(mean, np.sqrt(squares / (count - 1) / count), count)
