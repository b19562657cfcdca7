import io

import rich.console
from rich.progress import Progress

from linnet.cli.output import Bar


def told(stream):
    return [line.strip() for line in stream.getvalue().splitlines()]


def test_elsewhere_than_on_a_terminal_progress_is_about_ten_lines():
    stream = io.StringIO()
    bar = Bar(rich.console.Console(file=stream), None)
    bar.stage("Distances")
    for done in range(1, 1001):
        bar.advance(done, 1000)
    assert told(stream)[0] == "Distances"
    assert told(stream)[1] == "100 of 1,000 tiles"
    assert len(told(stream)) == 11


def test_a_single_piece_needs_no_progress_and_a_resumed_run_begins_where_it_was():
    stream = io.StringIO()
    bar = Bar(rich.console.Console(file=stream), None)
    bar.advance(1, 1)
    assert told(stream) == []
    bar.advance(77, 100)
    bar.advance(78, 100)
    assert told(stream) == ["77 of 100 tiles"]


def test_on_a_terminal_a_bar_counts_the_pieces():
    stream = io.StringIO()
    console = rich.console.Console(file=stream, force_terminal=True, width=80)
    with Progress(console=console) as shown:
        bar = Bar(console, shown)
        bar.stage("Distances")
        bar.advance(3, 4)
        task = shown.tasks[0]
        assert (task.description, task.completed, task.total) == ("Distances", 3, 4)
        bar.stage("Embedding")
        assert shown.tasks[0].total is None
