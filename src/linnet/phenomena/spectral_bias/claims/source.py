"""What all claims of this phenomenon share: whose statement it is."""

from typing import ClassVar

from linnet.study import AbstractClaim, Problem


class SpectralBiasClaim(AbstractClaim):
    """A statement on two layers: the first starts isotropic, the second at zero."""

    phenomenon: ClassVar[str] = "spectral_bias"
    source: ClassVar[str] = (
        "Varre, Vladarean, Pillaud-Vivien and Flammarion 2023 (statement); formula"
        " derived here"
    )
    citations: ClassVar[tuple[str, ...]] = ("varre2023",)


class CanonicalClaim(SpectralBiasClaim):
    """A statement on starts or limits that no data set chooses.

    Attributes:
        elsewhere: Why it is not asked of data.
    """

    of_data: ClassVar[bool] = False
    elsewhere: ClassVar[str] = "its start is no choice of a data set"

    def applies(self, problem: Problem) -> str | None:
        """On its canonical problem."""
        return (
            None if problem.canonical else f"{self.elsewhere}; ask `linnet reproduce`"
        )
