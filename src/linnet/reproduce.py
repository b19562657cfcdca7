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
        raise ValueError(_refusal(unknown))
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


def _refusal(unknown: list[str]) -> str:
    """What was meant, perhaps, before all that there is."""
    from difflib import get_close_matches  # slow to import, and rarely needed

    groups, claims = phenomena.names(), _claim_names()
    known = {name: name for name in (*groups, *claims)}
    known.update({name.split("/")[1]: name for name in claims})
    near = [known[key] for name in unknown for key in get_close_matches(name, known)]
    meant = f" Did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""
    return (
        f"There is no canonical claim named {', '.join(unknown)}.{meant} There are the"
        f" phenomena {', '.join(groups)} and their claims: {', '.join(claims)}. Others"
        " are asked of data only, by `linnet analyze`."
    )


def _claim_names() -> list[str]:
    return [
        f"{phenomenon}/{claim.name}"
        for phenomenon in phenomena.names()
        for claim in phenomena.claims(phenomenon)
        if claim.has_canonical
    ]
