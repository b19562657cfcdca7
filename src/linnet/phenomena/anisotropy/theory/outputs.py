r"""Several outputs: where learning turns first, and why phases come in twos.

Near zero, layers grow along the singular vectors of $\mathtt{yx} = B\Sigma$, $B$ the
teacher of shape `(k, d)`. The saddles on the way, though, and what they cost, belong to
the eigenvectors of $B\Sigma B^\top$. White inputs have both alike; spiked inputs do
not, and each new component first grows along one direction and then turns to another,
at every saddle as from zero. The closed Riccati solution `balanced_gram` of the
phenomenon `spectral_bias` (theory, module `riccati`) is for white inputs only.
"""

from dataclasses import dataclass

import numpy as np

from linnet.shapes import Float
from linnet.task import Moments

_Escape = tuple[np.ndarray, np.ndarray, np.ndarray]  # rates, outputs, inputs

SEPARATED = 1e-10  # relative gap below which two directions cannot be told apart


@dataclass(frozen=True, eq=False)
class EscapeModes:
    r"""How components grow out of a saddle; from `escape_modes`.

    Attributes:
        rates: Growth rates of end-to-end components, downwards, shape `(r,)`; each
            layer grows at half of it.
        outputs: Rows are the output directions, shape `(r, k)`.
        inputs: Rows are the input directions of the layers, shape `(r, d)`: what a
            small hidden unit learns.
        products: End-to-end matrices that grow, of norm one, without what lies in
            outputs learned before, shape `(r, k, d)`: units that are already large
            respond. The outer products of the other two at zero, and for white inputs.
    """

    rates: Float[np.ndarray, " r"]
    outputs: Float[np.ndarray, "r k"]
    inputs: Float[np.ndarray, "r d"]
    products: Float[np.ndarray, "r k d"]


def saddle(moments: Moments, rank: int) -> Float[np.ndarray, "k d"]:
    r"""End-to-end matrix of the saddle that has learned `rank` components.

    $PB$, with $P$ the projector on the leading eigenvectors of $B\Sigma B^\top$: the
    best matrix of that rank.

    Valid for: two or more layers, any data; of all saddles of this rank it is the one
    of least loss. Rank 0 is the start, full rank the least-squares solution.

    Raises:
        ValueError: when `rank` is not between 0 and the number of outputs, or the
            directions it keeps cannot be told from those it drops.

    Reference: Baldi and Hornik 1989; derived here.
    """
    leading, _ = _explained(moments, rank)
    return leading.T @ leading @ moments.minimizer().end_to_end


def saddle_losses(moments: Moments) -> Float[np.ndarray, " ranks"]:
    r"""Losses of the saddles of rank 0, 1, ..., $k$: the plateaus of learning.

    $L_r = L_{\min}+\frac12\sum_{i>r}\mu_i$, $\mu_i$ the eigenvalues of
    $B\Sigma B^\top$ downwards.

    Valid for: any data; the plateaus of training from small weights where the
    components are learned one after the other.

    Reference: Baldi and Hornik 1989; derived here.
    """
    teacher = moments.minimizer().end_to_end
    explained = np.linalg.eigvalsh(teacher @ moments.xx @ teacher.T)
    left = np.cumsum(np.maximum(explained, 0.0))[::-1]
    return moments.loss(teacher) + np.append(left, 0.0) / 2


def escape_modes(moments: Moments, rank: int = 0) -> EscapeModes:
    r"""Rates and directions of growth out of the saddle of `rank` components.

    A hidden unit that is still small obeys $\dot a = -G\omega$,
    $\dot\omega = -G^\top a$, so the product grows at the rates
    $2\,\mathrm{svd}(G)$, with $-G = \mathtt{yx}-W\mathtt{xx} = (1-P)B\Sigma$. From
    zero: $2\,\mathrm{svd}$ of `yx`; with one output $2s_1$ along $u_1$.

    A product $uv^\top$ of small units, growing at rate $\varrho$, disturbs the large
    ones to the same order: their weights $A$, $\Omega$ move, at the same rate, by
    $$\varrho\,\delta A = -X\Sigma\Omega^\top-G\,\delta\Omega^\top,\qquad
      \varrho\,\delta\Omega = -A^\top X\Sigma-\delta A^\top G,\qquad
      X = uv^\top+A\,\delta\Omega+\delta A\,\Omega,$$
    a linear system, and what grows beside $P$ is $(1-P)X$.

    Valid for: two layers with more hidden units than `rank`, the others small; exact to
    first order in these (layers) or their product (`products`).

    Args:
        moments: Of a population or a data set.
        rank: Components already learned.

    Returns:
        The $\min(k, d)-r$ rates that remain.

    Raises:
        ValueError: as `saddle`.

    Reference: derived here.
    """
    learned = saddle(moments, rank)
    push = moments.yx - learned @ moments.xx
    outputs, values, inputs = np.linalg.svd(push, full_matrices=False)
    left = max(len(values) - rank, 0)
    found = 2 * values[:left], outputs.T[:left], inputs[:left]
    return EscapeModes(*found, _responded(moments, learned, rank, found))


def escape_angles(
    moments: Moments, rank: int = 0
) -> tuple[Float[np.ndarray, ""], Float[np.ndarray, ""]]:
    r"""Angles by which the next component turns between its escape and its saddle.

    The end-to-end matrix leaves the saddle of `rank` along the leading directions of
    `escape_modes`, and arrives at the next saddle with $q$, the next eigenvector of
    $B\Sigma B^\top$, as output and $B^\top q$ as input direction. With one output the
    input angle is `silent_alignment_angle`.

    Valid for: any data; balanced layers, as small starts make them. Both angles are
    zero for inputs white on their row space, and when inputs are uncorrelated in the
    teacher's own axes with the same order.

    Args:
        moments: Of a population or a data set.
        rank: Components already learned.

    Returns:
        Input angle and output angle, radians in $[0, \pi/2]$.

    Raises:
        ValueError: as `saddle`; when nothing is left to learn, or the leading escape or
            the next component is not unique.

    Reference: derived here.
    """
    escape = escape_modes(moments, rank)
    rates = escape.rates
    if not len(rates) or rates[0] <= SEPARATED * np.abs(moments.yx).max():
        raise ValueError(
            f"Argument `rank` must leave something to learn, but is {rank}: nothing"
            " leaves that saddle."
        )
    if len(rates) > 1 and rates[0] - rates[1] <= SEPARATED * rates[0]:
        raise ValueError(
            f"Argument `rank` = {rank} must have one fastest escape, but two rates are"
            f" {rates[0]:.6g}: their directions are arbitrary."
        )
    output = _explained(moments, rank + 1)[0][rank]
    teacher = moments.minimizer().end_to_end
    left, _, right = np.linalg.svd(escape.products[0])
    return _angle(right[0], output @ teacher), _angle(left[:, 0], output)


def _responded(
    moments: Moments, learned: np.ndarray, rank: int, escape: _Escape
) -> Float[np.ndarray, "r k d"]:
    """What grows beside the learned outputs, the response of large units included."""
    left, sizes, right = np.linalg.svd(learned, full_matrices=False)
    roots = np.sqrt(sizes[:rank])
    upper, lower = left[:, :rank] * roots, roots[:, None] * right[:rank]
    push, split = moments.yx - learned @ moments.xx, upper.size

    def force(moved: np.ndarray) -> np.ndarray:
        above = moved[:split].reshape(upper.shape)
        below = moved[split:].reshape(lower.shape)
        pull = (upper @ below + above @ lower) @ moments.xx
        return np.concatenate(
            [
                (push @ below.T - pull @ lower.T).ravel(),
                (above.T @ push - upper.T @ pull).ravel(),
            ]
        )

    every = np.eye(split + lower.size)
    curvature = np.array([force(row) for row in every]).reshape(every.shape)
    found = []
    for rate, output, given in zip(*escape, strict=True):
        grown = np.outer(output, given)
        if rank and rate > SEPARATED * escape[0][0]:
            pull = grown @ moments.xx
            drive = np.concatenate([(pull @ lower.T).ravel(), np.zeros(lower.size)])
            moved = np.linalg.solve(rate * every - curvature, -drive)
            grown = grown + moved[:split].reshape(upper.shape) @ lower
            grown -= left[:, :rank] @ (left[:, :rank].T @ grown)
        found.append(grown / np.linalg.norm(grown))
    return np.array(found).reshape(-1, *learned.shape)


def _explained(moments: Moments, rank: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Leading eigenvectors of $B\Sigma B^\top$ as rows, and all its eigenvalues."""
    k = len(moments.yx)
    if not isinstance(rank, int | np.integer) or not 0 <= rank <= k:
        raise ValueError(
            f"Argument `rank` must be a whole number in [0, {k}], but is {rank}: there"
            " is one component per output."
        )
    teacher = moments.minimizer().end_to_end
    values, vectors = np.linalg.eigh(teacher @ moments.xx @ teacher.T)
    values, vectors = values[::-1], vectors[:, ::-1]
    if 0 < rank < k and values[rank - 1] - values[rank] <= SEPARATED * values[0]:
        raise ValueError(
            f"Argument `rank` = {rank} must not cut through equal components, but"
            f" components {rank} and {rank + 1} both explain {values[rank]:.6g}."
        )
    return vectors[:, :rank].T, values


def _angle(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    unit = other / np.linalg.norm(other)
    along = one @ unit
    return np.arctan2(np.linalg.norm(one - along * unit), np.abs(along))
