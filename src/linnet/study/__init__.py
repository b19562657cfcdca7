"""Claims and verdicts: what is asked, how it is judged, what a figure holds."""

from linnet.study.claim import AbstractClaim as AbstractClaim
from linnet.study.claim import Quantities as Quantities
from linnet.study.claim import Verdict as Verdict
from linnet.study.claim import run_claim as run_claim
from linnet.study.figure import Figure as Figure
from linnet.study.figure import Panel as Panel
from linnet.study.figure import Series as Series
from linnet.study.findings import Answer as Answer
from linnet.study.findings import Finding as Finding
from linnet.study.findings import Findings as Findings
from linnet.study.findings import ask as ask
from linnet.study.problem import Problem as Problem
from linnet.study.verdict import Bound as Bound
from linnet.study.verdict import ChiSquare as ChiSquare
from linnet.study.verdict import Comparison as Comparison
from linnet.study.verdict import UpperBound as UpperBound
from linnet.study.verdict import ZTest as ZTest
