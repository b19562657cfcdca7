"""Claims and verdicts: what is asked, how it is judged, what a figure holds."""

from linnet.study.claim import (
    AbstractClaim as AbstractClaim,
    Quantities as Quantities,
    Verdict as Verdict,
    run_claim as run_claim,
)
from linnet.study.figure import (
    Field as Field,
    Figure as Figure,
    Panel as Panel,
    Series as Series,
)
from linnet.study.findings import (
    Answer as Answer,
    Finding as Finding,
    Findings as Findings,
    ask as ask,
)
from linnet.study.problem import Problem as Problem
from linnet.study.verdict import (
    Bound as Bound,
    ChiSquare as ChiSquare,
    Comparison as Comparison,
    UpperBound as UpperBound,
    ZTest as ZTest,
)
