"""What all claims of this phenomenon share: whose statement it is."""

from typing import ClassVar

from linnet.study import AbstractClaim, Problem


class FluctuationsClaim(AbstractClaim):
    """A statement on SGD at the minimum of a network that cannot fit its data."""

    phenomenon: ClassVar[str] = "fluctuations"
    source: ClassVar[str] = (
        "Gross, Raulf and Räth 2024 (statement); formula derived here"
    )
    citations: ClassVar[tuple[str, ...]] = ("gross2024",)


class CanonicalClaim(FluctuationsClaim):
    """A statement on data or networks that are made for it.

    Attributes:
        elsewhere: Why it is not asked of a user's data.
    """

    of_data: ClassVar[bool] = False
    elsewhere: ClassVar[str] = "it is a law of random data"

    def applies(self, problem: Problem) -> str | None:
        """On its canonical problem."""
        return (
            None if problem.canonical else f"{self.elsewhere}; ask `linnet reproduce`"
        )
