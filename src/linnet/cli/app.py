"""The commands. Heavy imports wait inside them, so that `--help` answers at once."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linnet.cli import machine
from linnet.cli.inpca import inpca
from linnet.cli.options import (
    Cache,
    Json,
    Out,
    Quick,
    Seed,
    Threads,
    given_command,
    one_of,
    report_folder,
)

if TYPE_CHECKING:
    from linnet.cli.output import Console
    from linnet.study import Findings

TARGET_KINDS = ("auto", "classes", "values")

app = typer.Typer(
    name="linnet",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(version("linnet"))
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, help="Print the version."),
    ] = False,
) -> None:
    """What will a linear network do on this data? Theory, checked by simulation."""


@app.command()
def analyze(
    data: Annotated[
        str,
        typer.Argument(
            help="A bundled set (digits, breast_cancer, wine, diabetes, iris), or a"
            " file: .csv/.tsv with --target, .npz, or inputs.npy,targets.npy."
        ),
    ],
    target: Annotated[
        str | None, typer.Option(help="Target column(s) of a table, by name: a,b.")
    ] = None,
    target_kind: Annotated[
        str,
        typer.Option(
            help="auto, classes (one-hot) or values; auto takes text, and up to 20"
            " whole numbers, for classes."
        ),
    ] = "auto",
    center: Annotated[
        bool, typer.Option(help="Center inputs and targets (the network has no bias).")
    ] = True,
    scale: Annotated[
        str, typer.Option(help="none, or standard: inputs to unit variance.")
    ] = "none",
    whiten: Annotated[
        bool, typer.Option("--whiten", help="Make the inputs white first.")
    ] = False,
    hidden: Annotated[
        int | None, typer.Option(min=1, help="Hidden width; default: the inputs.")
    ] = None,
    init_scale: Annotated[
        float | None,
        typer.Option(help="Scale of the start, a squared weight; default: small."),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="Of the two-layer network; default: a quarter of the largest stable."
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Samples in a minibatch of SGD; default: 32."),
    ] = None,
    sgd_learning_rate: Annotated[
        float | None,
        typer.Option(
            help="Of SGD of a single layer; default: a tenth of the largest that is"
            " stable in mean square."
        ),
    ] = None,
    seed: Seed = 0,
    quick: Quick = False,
    out: Out = None,
    as_json: Json = False,
    threads: Threads = None,
    cache: Cache = machine.DEFAULT_CACHE,
) -> None:
    """What linear theory predicts for DATA, checked by training on it."""
    machine.prepare(threads, cache)
    from linnet.analyze import analyze_problem, count_claims, pose
    from linnet.cli.compose import analysis_document, analysis_report
    from linnet.cli.output import Console
    from linnet.show import write_report
    from linnet.task import load

    console = Console(as_json)
    with console.status(f"Reading {data}"):
        dataset = load(
            data,
            target,
            target_kind=one_of("--target-kind", target_kind, *TARGET_KINDS),
            center=center,
            scale=one_of("--scale", scale, "none", "standard"),
        )
        dataset = dataset.whitened() if whiten else dataset
        problem = pose(
            dataset,
            hidden=hidden,
            init_scale=init_scale,
            learning_rate=learning_rate,
            batch_size=batch_size,
            sgd_learning_rate=sgd_learning_rate,
            seed=seed,
            quick=quick,
            command=given_command(seed),
            memory_limit=machine.memory_limit(),
        )
    console.note("; ".join(dataset.preprocessing))
    folder = report_folder(out, Path(dataset.name.split(",")[0]).stem)
    with console.progress(total=count_claims()) as advance:
        analysis = analyze_problem(problem, on_claim=advance)
    document = analysis_document(analysis)
    with console.status("Drawing the report"):
        page = write_report(analysis_report(analysis), folder, document)
    _finish(console, as_json, document, analysis.findings, analysis.lead, page)


@app.command()
def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Phenomena or claims (see `linnet list`); all by default."),
    ] = None,
    seed: Seed = 0,
    quick: Quick = False,
    out: Out = None,
    as_json: Json = False,
    threads: Threads = None,
    cache: Cache = machine.DEFAULT_CACHE,
) -> None:
    """Run the papers' statements on canonical problems: predicted against simulated."""
    machine.prepare(threads, cache)
    from linnet.cli.compose import reproduction_document, reproduction_report
    from linnet.cli.output import Console
    from linnet.reproduce import select
    from linnet.show import write_report
    from linnet.study import ask

    console = Console(as_json)
    questions = select(names or (), seed, quick)
    folder = report_folder(out, "reproduce")
    with console.progress(total=len(questions)) as advance:
        findings = ask(questions, on_claim=advance)
    document = reproduction_document(findings)
    report = reproduction_report(findings, given_command(seed))
    with console.status("Drawing the report"):
        page = write_report(report, folder, document)
    _finish(console, as_json, document, findings, report.lead, page)


app.command(name="inpca")(inpca)


@app.command(name="list")
def list_claims(as_json: Json = False) -> None:
    """The phenomena, their claims, and which command asks them."""
    from linnet.cli.catalog import catalog, print_catalog

    entries = catalog()
    if as_json:
        print(json.dumps({"phenomena": entries}, ensure_ascii=False, indent=2))
    else:
        print_catalog(entries)


@app.command()
def cite(
    names: Annotated[
        list[str] | None, typer.Argument(help="Phenomena; all by default.")
    ] = None,
) -> None:
    """BibTeX of the papers behind the phenomena, and of the methods used."""
    from linnet.cli.catalog import bibliography

    print(bibliography(tuple(names or ())))


def run() -> None:
    """Run the command line; wrong use ends with a message and status 2."""
    try:
        app()
    except (ValueError, OSError) as error:
        typer.echo(f"linnet: {error}", err=True)
        raise SystemExit(2) from None
    except MemoryError as error:
        typer.echo(f"linnet: this does not fit into memory ({error}).", err=True)
        raise SystemExit(2) from None


def _finish(
    console: "Console",
    as_json: bool,
    document: dict[str, Any],
    findings: "Findings",
    lead: tuple[str, str, str],
    page: Path,
) -> None:
    """Print the result and leave with 0, or 1 when a claim fails in its domain."""
    from linnet.cli.output import verdict_table

    if as_json:
        print(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2))
    else:
        verdict_table(findings)
        console.say("")
        for sentence in lead:
            console.say(sentence)
        console.say(f"\nReport: {page}")
    raise typer.Exit(1 if findings.has_failed else 0)
