"""The command `inpca`: models as points, from a file of what they predict."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linnet.cli import machine
from linnet.cli.option_words import words_of_the_command
from linnet.cli.options import (
    Cache,
    Json,
    Out,
    Seed,
    Threads,
    given_command,
    report_folder,
)

if TYPE_CHECKING:
    from linnet.cli.output import Console
    from linnet.inpca import Job

# Options that an earlier result has settled.
SETTLED = (
    "distance",
    "components",
    "sigma",
    "smoothing",
    "disjoint",
    "weights",
    "landmarks",
    "truth",
)

Table = Annotated[
    Path | None,
    typer.Option(help="Labels: .csv, .tsv or .npz, a header and one row per model."),
]


def inpca(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="Predictions (models, samples, classes): .npy, .npz, zarr, or a folder"
            " of checkpoints; with --distance given, a matrix."
        ),
    ],
    distance: Annotated[
        str,
        typer.Option(
            help="bhattacharyya, symmetrized-kl, hellinger, jensen-shannon, gaussian,"
            " or given."
        ),
    ] = "bhattacharyya",
    kind: Annotated[
        str | None,
        typer.Option(
            help="What FILE holds: probabilities (the default), logits,"
            " log-probabilities, or values with --distance gaussian."
        ),
    ] = None,
    components: Annotated[
        int | None, typer.Option(help="How many to keep; default: 10 at most.")
    ] = None,
    array: Annotated[
        str | None, typer.Option(help="Name of the array, where FILE holds several.")
    ] = None,
    labels: Table = None,
    color: Annotated[
        str | None, typer.Option(help="Label that colors the points first.")
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="Label that names trajectories; default: run.")
    ] = None,
    step: Annotated[
        str | None, typer.Option(help="Label that orders them; default: step.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Weights of the models, with sum one.")
    ] = None,
    landmarks: Annotated[
        int | None,
        typer.Option(min=3, help="Embed by that many models only: approximate."),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            help="Classes of the samples, .npy or .npz of whole numbers from 0: marks"
            " truth and ignorance on the map."
        ),
    ] = None,
    sigma: Annotated[float, typer.Option(help="Noise of Gaussian predictions.")] = 1.0,
    smoothing: Annotated[
        float,
        typer.Option(help="Share of the uniform distribution mixed in, for zeros."),
    ] = 0.0,
    disjoint: Annotated[
        float | None,
        typer.Option(
            help="What a sample counts on which two models share no class, with"
            " --distance bhattacharyya: such as 100; they are refused by default."
        ),
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="How far from one probabilities may sum.")
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(help="Folder of an earlier result: place FILE's models there."),
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(help="GiB that may be used; default: half of the free."),
    ] = None,
    seed: Seed = 0,
    out: Out = None,
    as_json: Json = False,
    threads: Threads = None,
    cache: Cache = machine.DEFAULT_CACHE,
) -> None:
    """Show the models of FILE as points, by how differently they predict.

    A run that was interrupted goes on where it was when the command is given again.
    """
    machine.prepare(threads, cache)
    from linnet.cli.output import Console
    from linnet.inpca import Settings, prepare

    console = Console(as_json)
    command = given_command(seed)
    name = f"inpca-{file.stem}"
    if memory is not None and not memory > 0:
        raise ValueError(f"Option `--memory` must be positive, but is {memory:g} GiB.")
    limit = machine.working_memory(memory)
    columns = (color, run, step)
    if into is not None:
        _check_beside_into(context)
        folder = report_folder(out, f"{name}-placed")
        own = {"labels": labels, "array": array, "kind": kind, "tolerance": tolerance}
        with words_of_the_command():
            _place(
                console, file, into, folder, columns, command, memory_limit=limit, **own
            )
        return
    settings = Settings(
        distance=distance,
        kind=kind,
        components=components,
        sigma=sigma,
        tolerance=tolerance,
        smoothing=smoothing,
        disjoint=disjoint,
        array=array,
        landmarks=landmarks,
        seed=seed,
    )
    with words_of_the_command(), console.status(f"Reading {file}"):
        job = prepare(
            file,
            settings,
            labels=labels,
            weights=weights,
            memory_limit=limit,
            command=command,
        )
    with words_of_the_command():
        _embed(console, job, report_folder(out, name), columns, truth)


def _check_beside_into(context: typer.Context) -> None:
    """Refuse options that the earlier result has settled, and that do nothing."""
    given = [
        f"--{name}"
        for name in SETTLED
        if (source := context.get_parameter_source(name)) and source.name != "DEFAULT"
    ]
    if given:
        raise ValueError(
            f"Option `--into` must not be given together with `{given[0]}`: new models"
            " are placed as the earlier ones were embedded."
        )


def _embed(
    console: "Console",
    job: "Job",
    folder: Path,
    columns: tuple[str | None, str | None, str | None],
    truth: Path | None,
) -> None:
    from linnet.cli.inpca_page import check_columns, scatter_of, write_page
    from linnet.cli.inpca_words import headline
    from linnet.inpca import cost_left, embed, mark_distances, place_marks, summary

    check_columns(job.labels, columns)
    for warning in job.warnings:
        console.note(f"Warning: {warning}")
    console.note(cost_left(job, folder).sentence())
    distances = None if truth is None else mark_distances(job, truth)
    try:
        with console.bar() as bar:
            found = embed(job, folder, on_tile=bar.advance, on_stage=bar.stage)
    except KeyboardInterrupt:
        console.note("Interrupted: the same command goes on from here.")
        raise typer.Exit(130) from None
    with console.status("Drawing the page"):
        marks = None if distances is None else place_marks(found, distances, folder)
        page = write_page(scatter_of(job, found, *columns, marks=marks), folder)
    _finish(console, summary(job, found), headline(found), page)


def _place(
    console: "Console",
    file: Path,
    into: Path,
    folder: Path,
    columns: tuple[str | None, str | None, str | None],
    command: str,
    **given: Any,
) -> None:
    from linnet.cli.inpca_page import check_placed, placed_scatter, write_page
    from linnet.inpca import place

    look = partial(check_placed, columns=columns)
    with console.status(f"Placing the models of {file}"):
        found = place(file, into, folder, check_labels=look, **given)
    for warning in found.warnings:
        console.note(f"Warning: {warning}")
    with console.status("Drawing the page"):
        scatter = placed_scatter(found, file.name, command, columns)
        page = write_page(scatter, folder)
    document = {
        "command": command,
        "into": str(into),
        "models": len(found.coordinates),
        "components": found.coordinates.shape[1],
        "coordinates": str(folder / "placed.csv"),
        "warnings": list(found.warnings),
    }
    _finish(console, document, scatter.lead[0], page)


def _finish(
    console: "Console", document: dict[str, object], lead: str, page: Path
) -> None:
    if console.as_json:
        print(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2))
    else:
        console.say(lead)
        console.say(f"\nPage: {page}")
