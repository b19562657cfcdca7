"""Samples as a value: checked once, read-only, with a record of their past."""

from dataclasses import dataclass, replace
from typing import Literal, final, get_args

import numpy as np
from numpy.typing import ArrayLike

from linnet.shapes import Float
from linnet.task.moments import Moments

Scaling = Literal["none", "standard"]

_LARGEST = 1e150  # beyond it squares, and so the moments, would overflow


@final
@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Inputs and targets, one sample a row; compared by identity.

    The arrays are copied to float64 and set read-only.

    Attributes:
        inputs: Shape `(n, d)`.
        targets: Shape `(n, k)`.
        name: What a reader calls the data.
        input_names: One for each input; empty takes `x0`, `x1`, ...
        target_names: One for each target; empty takes `y0`, `y1`, ...
        preprocessing: What was done to the raw data, in words, in this order.

    Raises:
        ValueError: when an array is not a real matrix, lengths differ, there are fewer
            than two samples, a value is not finite (or above 1e150, where its square is
            not), or the number of names does not fit.

    Example:
        >>> data = Dataset(np.eye(2), np.ones((2, 1)), "tiny")
        >>> data.input_names, data.prepared(center=True).preprocessing
        (('x0', 'x1'), ('inputs and targets centered',))
    """

    inputs: Float[np.ndarray, "n d"]
    targets: Float[np.ndarray, "n k"]
    name: str
    input_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    preprocessing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        inputs = _as_matrix(self.name, "inputs", self.inputs)
        targets = _as_matrix(self.name, "targets", self.targets)
        check_lengths(self.name, len(inputs), len(targets))
        input_names = _names("input_names", self.input_names, "x", inputs)
        target_names = _names("target_names", self.target_names, "y", targets)
        _check_finite(self.name, "inputs", inputs, input_names)
        _check_finite(self.name, "targets", targets, target_names)
        inputs.setflags(write=False)
        targets.setflags(write=False)
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "targets", targets)
        object.__setattr__(self, "input_names", input_names)
        object.__setattr__(self, "target_names", target_names)
        object.__setattr__(self, "preprocessing", tuple(self.preprocessing))

    def __repr__(self) -> str:
        n, d = self.inputs.shape
        record = "; ".join(self.preprocessing) or "as it is"
        return (
            f"Dataset({self.name}: n={n}, d={d}, k={self.targets.shape[1]}, {record})"
        )

    def moments(self) -> Moments:
        """Second moments, uncentered unless the data were centered."""
        return Moments.of_data(self.inputs, self.targets)

    def prepared(self, center: bool = False, scale: Scaling = "none") -> "Dataset":
        """Centered and scaled as asked, each choice added to the record.

        Args:
            center: Subtract the mean of every input and of every target.
            scale: `standard` divides every input by its standard deviation (over n);
                constant columns are left alone and named in the record.

        Raises:
            ValueError: when `scale` is not `none` or `standard`.
        """
        if scale not in get_args(Scaling):
            raise ValueError(
                f"Argument `scale` must be `none` or `standard`, but is `{scale}`."
            )
        inputs, targets, record = self.inputs, self.targets, list(self.preprocessing)
        if center:
            inputs, targets = _centered(inputs), _centered(targets)
            record.append("inputs and targets centered")
        if scale == "standard":
            deviation = _deviation(self.inputs)
            inputs = inputs / np.where(deviation > 0, deviation, 1.0)
            left = [f"`{self.input_names[j]}`" for j in np.flatnonzero(deviation == 0)]
            note = f" (constant, left alone: {', '.join(left)})" if left else ""
            record.append(f"inputs scaled to unit variance{note}")
        done = tuple(record)
        return replace(self, inputs=inputs, targets=targets, preprocessing=done)

    def whitened(self) -> "Dataset":
        r"""After $x \mapsto \mathtt{xx}^{+1/2}x$, in the same coordinates.

        The second moment of the inputs becomes the projector on their row space, to
        rounding however ill-conditioned they are. The rank is the number of eigenvalues
        of `xx` above `Moments.default_cutoff`, and is recorded.

        Raises:
            ValueError: when all inputs are zero.
        """
        moments = self.moments()
        cutoff, (n, d) = moments.default_cutoff(), self.inputs.shape
        rank = int((moments.spectrum() > cutoff).sum())
        if rank == 0:
            raise ValueError(
                f"The inputs of `{self.name}` must not all be zero to be whitened, but"
                " are: choose other input columns."
            )
        # X = U S V': the map gives sqrt(n) U V'. Through xx the condition number would
        # enter squared.
        left, _, right = np.linalg.svd(self.inputs, full_matrices=False)
        white = np.sqrt(n) * left[:, :rank] @ right[:rank]
        record = f"inputs whitened (rank {rank} of {d}, eigenvalues above {cutoff:.3g})"
        return replace(self, inputs=white, preprocessing=(*self.preprocessing, record))


def check_lengths(name: str, inputs: int, targets: int) -> None:
    """Refuse unequal numbers of rows, and fewer than two.

    Raises:
        ValueError: in these cases.
    """
    if inputs != targets:
        raise ValueError(
            f"Inputs and targets of `{name}` must have equally many rows, but have"
            f" {inputs} and {targets}."
        )
    if inputs < 2:
        raise ValueError(
            f"Data set `{name}` must have at least 2 samples, but has {inputs}: one"
            " sample has no spectrum to learn."
        )


def _as_matrix(name: str, field: str, given: ArrayLike) -> Float[np.ndarray, "n m"]:
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise ValueError(
            f"The {field} of `{name}` must be real numbers, but have dtype"
            f" {array.dtype}: convert them to float64 first."
        )
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError(
            f"The {field} of `{name}` must be a matrix with samples as rows, but have"
            f" shape {array.shape}: reshape to (n, columns)."
        )
    with np.errstate(over="ignore"):  # a wider float may become infinite: refused below
        return np.array(array, dtype=np.float64, order="C")


def _names(
    field: str, given: tuple[str, ...], letter: str, array: Float[np.ndarray, "n m"]
) -> tuple[str, ...]:
    columns = array.shape[1]
    names = tuple(given) or tuple(f"{letter}{j}" for j in range(columns))
    if len(names) != columns:
        raise ValueError(
            f"Argument `{field}` must hold one name for each of {columns} columns, but"
            f" holds {len(names)}."
        )
    return names


def _check_finite(
    name: str, field: str, array: Float[np.ndarray, "n m"], names: tuple[str, ...]
) -> None:
    usable = np.abs(array) <= _LARGEST  # False for NaN too
    if usable.all():
        return
    row, column = np.argwhere(~usable)[0]
    raise ValueError(
        f"The {field} of `{name}` must be finite and at most {_LARGEST:g}, but row"
        f" {row} (counted from 0), column `{names[column]}` is {array[row, column]}:"
        " drop the row, or fill it with a value you can defend."
    )


def _deviation(array: Float[np.ndarray, "n m"]) -> Float[np.ndarray, " m"]:
    """Standard deviation of every column; exactly zero where the spread is rounding."""
    width = np.ptp(array, axis=0)
    constant = width <= 4 * np.finfo(float).eps * np.abs(array).max(0)
    # Measured in widths from the first row: no large mean to cancel, no underflow.
    unit = (array - array[0]) / np.where(constant, 1.0, width)
    return np.where(constant, 0.0, width * unit.std(0))


def _centered(array: Float[np.ndarray, "n m"]) -> Float[np.ndarray, "n m"]:
    """Minus the column means; a constant column becomes exactly zero."""
    # NumPy adds up rows one by one, which for 1e6 rows loses five digits of a large
    # mean: take the first row off before, and what remains of the mean after.
    shifted = array - array[0]
    shifted -= shifted.mean(0)
    return shifted - shifted.mean(0)
