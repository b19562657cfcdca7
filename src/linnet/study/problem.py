"""The training problem that a claim is asked about: data, network, settings."""

from dataclasses import dataclass

from linnet.task import Dataset, Moments


@dataclass(frozen=True, eq=False)
class Problem:
    r"""A two-layer linear network about to be trained on given moments.

    Compared by identity, so that claims may share one costly run through a cache.

    Attributes:
        title: What a reader calls it.
        moments: All that the full-batch loss knows of the data.
        dataset: The samples, or None when only moments are known.
        hidden: Hidden width $h$.
        init_scale: $\gamma$, the scale of $W_1^\top W_1$ at the start.
        learning_rate: $\eta$ of full-batch descent; one step advances time by $\eta$.
            None where nothing was asked for: a safe one is taken.
        seed: Fixes every random draw.
        quick: Fewer scales and times, same verdicts.
        command: The command that recomputes what is said about it.
        canonical: Whether it is the problem chosen to show a claim at its sharpest.
        memory_limit: Bytes that saved observables of one run may take; None for any.
        batch_size: Samples in a minibatch; None where nothing was asked for.
        sgd_learning_rate: $\eta$ of minibatch SGD of a single layer, whose stable rates
            are others; None where nothing was asked for.
    """

    title: str
    moments: Moments
    dataset: Dataset | None
    hidden: int
    init_scale: float
    learning_rate: float | None
    seed: int = 0
    quick: bool = False
    command: str = ""
    canonical: bool = False
    memory_limit: float | None = None
    batch_size: int | None = None
    sgd_learning_rate: float | None = None
