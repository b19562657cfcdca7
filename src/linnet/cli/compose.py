"""From results to the report and to the JSON document: no number is made here."""

import importlib.metadata
import platform
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from linnet import phenomena
from linnet.analyze import Analysis
from linnet.show import Item, Report, Section
from linnet.study import Findings
from linnet.study.words import number

VERSIONS = ("linnet", "numpy", "scipy", "jax", "diffrax")


def analysis_document(analysis: Analysis) -> dict[str, Any]:
    """One document for machines."""
    problem = analysis.problem
    return {
        "command": problem.command,
        "data": analysis.data,
        "settings": {
            "hidden": problem.hidden,
            "init_scale": problem.init_scale,
            "seed": problem.seed,
            "quick": problem.quick,
            **analysis.settings,
        },
        "lead": list(analysis.lead),
        "predictions": analysis.predictions,
        **reproduction_document(analysis.findings),
    }


def reproduction_document(findings: Findings) -> dict[str, Any]:
    """Verdicts, and what was not asked with its reason."""
    return {
        "verdicts": [finding.verdict.as_json() for finding in findings.found],
        "not_asked": [
            {"statement": statement, "reason": reason}
            for statement, reason in findings.not_asked
        ],
        "versions": _versions(),
    }


def analysis_report(analysis: Analysis) -> Report:
    """The report of a data set."""
    problem, data = analysis.problem, analysis.data
    facts = (
        (
            "data",
            f"{data['name']}: n = {data['n']:,}, d = {data['d']}, k = {data['k']}",
        ),
        (
            "rank of the inputs",
            f"{data['rank']} (variances above {number(data['rank_cutoff'], 2)})",
        ),
        ("preprocessing", "; ".join(data["preprocessing"]) or "none"),
        ("hidden width", str(problem.hidden)),
        ("initial scale", f"{number(problem.init_scale, 6)}"),
        *_chosen(analysis),
        *_machine_facts(problem.seed),
    )
    return Report(
        title=f"What linear theory says of `{data['name']}`",
        lead=analysis.lead,
        facts=facts,
        answers=analysis.answers,
        sections=_sections(analysis.findings),
        not_asked=analysis.findings.not_asked,
        command=problem.command,
        seconds=analysis.findings.seconds,
    )


def reproduction_report(findings: Findings, command: str) -> Report:
    """The report of canonical problems."""
    names = _phenomena(findings)
    titles = [phenomena.find(name).TITLE.lower() for name in names]
    power = min(
        (
            comparison.wrong_deviation / comparison.tolerance
            for finding in findings.found
            for comparison in finding.verdict.comparisons
            if comparison.wrong_deviation is not None
        ),
        default=0.0,
    )
    lead = (
        f"On canonical problems of {', '.join(titles)}, {findings.summary()}.",
        "Every number was computed twice: by closed theory, and by simulating the"
        " training of a linear network, two programs that share the task and the start,"
        " but no gradient, no loss and no random draw.",
        "Every comparison was also made with a named wrong theory, which misses by at"
        f" least {number(power, 2)} times what the test allows.",
    )
    return Report(
        title="Linear networks: predicted against simulated",
        lead=lead,
        facts=_machine_facts(None),
        answers=(),
        sections=_sections(findings),
        not_asked=findings.not_asked,
        command=command,
        seconds=findings.seconds,
    )


def _chosen(analysis: Analysis) -> Iterable[tuple[str, str]]:
    """Settings of every phenomenon, as facts."""
    for name, chosen in analysis.settings.items():
        title = phenomena.find(name).TITLE.lower()
        for key, value in chosen.items():
            yield f"{key.replace('_', ' ')} ({title})", number(value, 6)


def _sections(findings: Findings) -> tuple[Section, ...]:
    def phenomenon(item: Item) -> str:
        return item.verdict.phenomenon

    items = [Item(finding.verdict, finding.figure) for finding in findings.found]
    return tuple(
        Section(phenomena.find(name).TITLE, phenomena.find(name).QUESTION, tuple(group))
        for name, group in groupby(items, key=phenomenon)
    )


def _phenomena(findings: Findings) -> list[str]:
    return list(dict.fromkeys(f.verdict.phenomenon for f in findings.found))


def _machine_facts(seed: int | None) -> tuple[tuple[str, str], ...]:
    seeds: Iterable[tuple[str, str]] = [] if seed is None else [("seed", str(seed))]
    versions = ", ".join(f"{name} {version}" for name, version in _versions().items())
    return (*seeds, ("versions", versions))


def _versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in VERSIONS}
    return {"python": platform.python_version(), **found}
