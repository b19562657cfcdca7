"""What all claims of this phenomenon share: whose statement it is."""

from typing import ClassVar

from linnet.study import AbstractClaim
from linnet.study.claim import OnCanonicalProblem


class FluctuationsClaim(AbstractClaim):
    """A statement on SGD at the minimum of a network that cannot fit its data."""

    phenomenon: ClassVar[str] = "fluctuations"
    source: ClassVar[str] = (
        "Gross, Raulf and Räth 2024 (statement); formula derived here"
    )
    citations: ClassVar[tuple[str, ...]] = ("gross2024",)


class CanonicalClaim(OnCanonicalProblem, FluctuationsClaim):
    """A statement on data or networks that are made for it."""

    elsewhere: ClassVar[str] = "it is a law of random data"
