"""What all claims of this phenomenon share: whose statement it is."""

from typing import ClassVar

from linnet.study import AbstractClaim
from linnet.study.claim import OnCanonicalProblem


class AnisotropyClaim(AbstractClaim):
    """A statement on training, when inputs vary more in some directions than others."""

    phenomenon: ClassVar[str] = "anisotropy"
    source: ClassVar[str] = (
        "Watanabe, Karakida and Teramae 2026 (statement); formula derived here"
    )
    citations: ClassVar[tuple[str, ...]] = ("watanabe2026",)


class CanonicalClaim(OnCanonicalProblem, AnisotropyClaim):
    """A statement on covariances or data that are made for it."""

    elsewhere: ClassVar[str] = "it is a law of a spiked covariance with a known task"
