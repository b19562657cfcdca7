"""What all claims of this phenomenon share: whose statement it is."""

from typing import ClassVar

from linnet.study import AbstractClaim
from linnet.study.claim import OnCanonicalProblem


class SloppinessClaim(AbstractClaim):
    """A statement on the manifold that training trajectories sweep out."""

    phenomenon: ClassVar[str] = "sloppiness"
    source: ClassVar[str] = "Mao et al. 2025 (statement); formula derived here"
    citations: ClassVar[tuple[str, ...]] = ("mao2025",)


class CanonicalClaim(OnCanonicalProblem, SloppinessClaim):
    """A statement on spectra, targets and starts that are made for it."""

    elsewhere: ClassVar[str] = "it is a law of a spectrum and targets made for it"
