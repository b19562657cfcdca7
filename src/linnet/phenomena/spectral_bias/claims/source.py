"""What all claims of this phenomenon share: whose statement it is."""

from typing import ClassVar

from linnet.study import AbstractClaim
from linnet.study.claim import OnCanonicalProblem


class SpectralBiasClaim(AbstractClaim):
    """A statement on two layers: the first starts isotropic, the second at zero."""

    phenomenon: ClassVar[str] = "spectral_bias"
    source: ClassVar[str] = (
        "Varre, Vladarean, Pillaud-Vivien and Flammarion 2023 (statement); formula"
        " derived here"
    )
    citations: ClassVar[tuple[str, ...]] = ("varre2023",)


class CanonicalClaim(OnCanonicalProblem, SpectralBiasClaim):
    """A statement on starts or limits that no data set chooses."""

    elsewhere: ClassVar[str] = "its start is no choice of a data set"
