"""What a person sees while waiting and at the end; progress goes to standard error."""

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import rich.box
import rich.console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from linnet.study import Findings

COLORS = {"holds": "green", "fails": "red", "not resolved": "yellow"}


class Console:
    """Progress bars on a terminal, plain lines elsewhere, silence beside JSON."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self._quiet = as_json and not sys.stderr.isatty()
        self._err = rich.console.Console(stderr=True, quiet=self._quiet)

    def say(self, text: str) -> None:
        """A line of the result, without markup."""
        rich.console.Console(soft_wrap=True).print(plain(text), markup=False)

    def note(self, text: str) -> None:
        """Something to know of the data, beside the progress; nothing if empty."""
        if text:
            self._err.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def status(self, text: str) -> Iterator[None]:
        """A spinner on a terminal, one line elsewhere."""
        if self._err.is_terminal:
            with self._err.status(text):
                yield
        else:
            self._err.print(text, markup=False, highlight=False, soft_wrap=True)
            yield

    @contextmanager
    def progress(self, total: int | None) -> Iterator[Callable[[str], None]]:
        """A hook that hears of every claim before it is run."""
        if not self._err.is_terminal:
            counted = itertools.count(1)
            of = f"/{total}" if total else ""
            yield lambda text: self._err.print(
                f"[{next(counted)}{of}] {text}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )
            return
        columns = (
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, console=self._err, transient=True) as bar:
            task = bar.add_task("", total=total)
            count = 0

            def advance(text: str) -> None:
                nonlocal count
                bar.update(task, completed=count, description=text.replace("[", r"\["))
                count += 1

            yield advance

    @contextmanager
    def bar(self) -> Iterator["Bar"]:
        """A bar with the time that is left on a terminal, a few lines elsewhere."""
        if not self._err.is_terminal:
            yield Bar(self._err, None)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._err, transient=True) as shown:
            yield Bar(self._err, shown)


class Bar:
    """Progress of work whose pieces are counted, and what it is just doing."""

    def __init__(self, err: rich.console.Console, progress: Progress | None) -> None:
        self._err, self._progress = err, progress
        self._task: TaskID | None = None
        self._tenth = 0

    def stage(self, text: str) -> None:
        """Say what comes next."""
        self._tenth = 0
        if self._progress is None:
            self._err.print(text, markup=False, highlight=False, soft_wrap=True)
        else:  # a bar of its own: a total cannot be taken back
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(text, total=None, count="")

    def advance(self, done: int, total: int) -> None:
        """Tell how many pieces are done; as a line, about ten times in all."""
        if self._progress is not None and self._task is not None:
            count = f"{done:,} of {total:,} tiles"
            self._progress.update(self._task, completed=done, total=total, count=count)
        elif total > 1 and 10 * done // total > self._tenth:
            self._tenth = 10 * done // total
            text = f"  {done:,} of {total:,} tiles"
            self._err.print(text, markup=False, highlight=False, soft_wrap=True)


def verdict_table(findings: Findings) -> None:
    """One row a claim, on standard output; it fits 80 columns."""
    table = Table(box=rich.box.SIMPLE_HEAD, show_edge=False, padding=0)
    for name in ("claim", "status", "predicted", "observed", "off/allowed"):
        table.add_column(name, no_wrap=True)
    table.add_column("verdict", no_wrap=True, min_width=12)
    for finding in findings.found:
        verdict = finding.verdict
        is_soft = verdict.verdict == "fails" and not verdict.is_failure
        color = "yellow" if is_soft else COLORS[verdict.verdict]
        table.add_row(
            verdict.claim,
            verdict.status,
            ("≤ " if verdict.test == "at most" else "") + _short(verdict.predicted, 3),
            _short(verdict.observed, 3),
            f"{_short(verdict.deviation, 2)}/{_limit(verdict.tolerance)}",
            f"[{color}]{'misses' if is_soft else verdict.verdict}[/{color}]",
        )
    rich.console.Console().print(table)
    reasons = dict.fromkeys(reason for _, reason in findings.not_asked)
    for reason in reasons:
        told = [s for s, given in findings.not_asked if given == reason]
        text = "\n- ".join([f"\nNot asked, since {reason}:", *told])
        rich.console.Console(soft_wrap=True).print(text, markup=False, highlight=False)


def _short(value: float | None, digits: int) -> str:
    """A number that fits a narrow column."""
    return "–" if value is None else f"{value:.{digits}g}"


def _limit(tolerance: float) -> str:
    """A tolerance in at most five characters."""
    return f"{tolerance:.2g}" if tolerance >= 1e-3 else f"{tolerance:.0e}"


def plain(text: str) -> str:
    """A sentence of the report without its mark-up."""
    return text.replace(r"$\gamma$", "γ").replace("$R^2$", "R²").replace("`", "")
