"""The papers' statements on canonical problems: predicted against simulated."""

from collections.abc import Sequence

from linnet import phenomena
from linnet.study import AbstractClaim, Findings, Problem, ask
from linnet.study.findings import Hook

Question = tuple[AbstractClaim, Problem]


def select(
    names: Sequence[str] = (), seed: int = 0, quick: bool = False
) -> list[Question]:
    """Claims with their canonical problems.

    Args:
        names: Phenomena (`spectral_bias`) or single claims (`spectral_bias/mode_law`,
            `mode_law`); none for all.
        seed: Fixes the canonical problems.
        quick: Fewer scales and times.

    Raises:
        ValueError: when a name is unknown; the message lists what there is.
    """
    chosen: list[Question] = []
    matched: set[str] = set()
    for phenomenon in phenomena.names():
        for claim in phenomena.claims(phenomenon):
            keys = {phenomenon, claim.name, f"{phenomenon}/{claim.name}"}
            if names and keys.isdisjoint(names):
                continue
            problem = claim.canonical(seed, quick)
            if problem is not None:
                matched |= keys
                chosen.append((claim, problem))
    unknown = [name for name in names if name not in matched]
    if unknown:
        raise ValueError(
            f"There is no canonical claim named {', '.join(unknown)}. There are the"
            f" phenomena {', '.join(phenomena.names())} and their claims:"
            f" {', '.join(_claim_names())}. Others are asked of data only, by `linnet"
            " analyze`."
        )
    return chosen


def reproduce_claims(
    names: Sequence[str] = (),
    *,
    seed: int = 0,
    quick: bool = False,
    on_claim: Hook | None = None,
) -> Findings:
    """Run claims on their canonical problems.

    Args:
        names: Phenomena or claims; none for all.
        seed: Fixes all randomness.
        quick: Fewer scales and times, same verdicts.
        on_claim: Called with a claim's statement before it is run.

    Returns:
        Verdicts and figures.

    Raises:
        ValueError: when a name is unknown.
    """
    return ask(select(names, seed, quick), on_claim)


def _claim_names() -> list[str]:
    return [
        f"{phenomenon}/{claim.name}"
        for phenomenon in phenomena.names()
        for claim in phenomena.claims(phenomenon)
        if claim.canonical(0, True) is not None
    ]
