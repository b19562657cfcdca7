"""What all claims of this phenomenon share: whose statement it is."""

from typing import ClassVar

from linnet.study import AbstractClaim


class SpectralBiasClaim(AbstractClaim):
    """A statement on two layers: the first starts isotropic, the second at zero."""

    phenomenon: ClassVar[str] = "spectral_bias"
    source: ClassVar[str] = (
        "Varre, Vladarean, Pillaud-Vivien and Flammarion 2023 (statement); formula"
        " derived here"
    )
    citations: ClassVar[tuple[str, ...]] = ("varre2023",)
