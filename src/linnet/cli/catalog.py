"""What there is: phenomena and claims, and the literature behind them."""

from typing import Any

import rich.console
from rich.table import Table

from linnet import phenomena
from linnet.study.bibliography import METHODS


def catalog() -> list[dict[str, Any]]:
    """Phenomena with their claims, as plain values; runs nothing."""
    return [
        {
            "name": name,
            "title": phenomena.find(name).TITLE,
            "question": phenomena.find(name).QUESTION,
            "claims": [
                {
                    "name": claim.name,
                    "statement": claim.statement,
                    "source": claim.source,
                    "domain": claim.domain,
                    "asked_by": _asked_by(claim),
                }
                for claim in phenomena.claims(name)
            ],
        }
        for name in phenomena.names()
    ]


def print_catalog(entries: list[dict[str, Any]]) -> None:
    """One table a phenomenon."""
    console = rich.console.Console()
    for entry in entries:
        console.print(f"\n[bold]{entry['title']}[/bold] ({entry['name']})")
        console.print(entry["question"])
        table = Table("claim", "statement", "asked by", show_lines=True)
        for claim in entry["claims"]:
            table.add_row(
                claim["name"], claim["statement"], ", ".join(claim["asked_by"])
            )
        console.print(table)


def bibliography(names: tuple[str, ...]) -> str:
    """BibTeX of the chosen phenomena's papers and of the methods."""
    chosen = names or phenomena.names()
    papers = [entry for name in chosen for entry in phenomena.find(name).BIBLIOGRAPHY]
    return "\n\n".join([*papers, *METHODS])


def _asked_by(claim: Any) -> list[str]:
    commands = ["linnet analyze"] if claim.of_data else []
    if claim.has_canonical:
        commands.append("linnet reproduce")
    return commands
