"""Small figures, verdicts and reports to draw."""

from dataclasses import replace

import numpy as np
import pytest

from linnet.show import Item, Report, Section
from linnet.study import Answer, Comparison, Figure, Panel, Series, Verdict


@pytest.fixture
def figure() -> Figure:
    """One panel with every role, the simulation with error bars."""
    x = np.linspace(1.0, 10.0, 8)
    error = np.full(8, 0.3)
    panel = Panel(
        title=r"Learning at $\gamma = 0.1$",
        x_label="time",
        y_label="singular value",
        series=(
            Series(x, x, "first mode", "theory", color=0),
            Series(x, x + 0.1, "first mode", "simulation", color=0, stderr=error),
            Series(x, 2 * x, "twice the rate", "wrong"),
            Series(x, 0 * x + 3, "target", "guide"),
        ),
    )
    return Figure("mode_law", "Dots lie on the line.", (panel,))


@pytest.fixture
def verdict() -> Verdict:
    """A claim that holds, on two comparisons."""
    worse = Comparison(
        "half time of mode 2", "z", 1.5, 1.52, 0.01, 2.0, 2.0, 4.0, 50.0, "holds"
    )
    better = replace(worse, label="half time of mode 1", deviation=0.5, z=0.5)
    return Verdict(
        phenomenon="spectral_bias",
        claim="mode_law",
        statement="Strong modes are learned first.",
        source="derived here",
        status="exact",
        test="z",
        predicted=1.5,
        observed=1.52,
        stderr=0.01,
        z=2.0,
        tolerance=4.0,
        verdict="holds",
        seconds=0.42,
        deviation=2.0,
        wrong_theory="twice the rate",
        wrong_deviation=50.0,
        formula=r"t_{1/2} = \frac{1}{2b} \log \frac{2b}{a\delta}",
        domain="white inputs",
        problem="white data",
        command="linnet reproduce mode_law --seed 0",
        comparisons=(better, worse),
    )


@pytest.fixture
def report(figure: Figure, verdict: Verdict) -> Report:
    """Two claims under one figure name, so that names must be made unique."""
    second = replace(
        verdict,
        claim="stable_rank",
        statement="Small scales keep the rank low.",
        verdict="fails",
        status="heuristic",
        test="bound",
        stderr=None,
        z=None,
        deviation=0.31,
        tolerance=0.01,
        comparisons=(),
    )
    items = (Item(verdict, figure), Item(second, figure))
    return Report(
        title="What theory says of `digits`",
        lead=("First sentence.", "Second sentence.", "Third sentence."),
        facts=(("samples", "1 797"), ("seed", "0")),
        answers=(
            Answer("Which mode comes first?", "mode 1", "mode 1", "holds"),
            Answer("How does the spectrum decay?", "as $k^{-1}$", "", ""),
        ),
        sections=(Section("Spectral bias", "What does the scale decide?", items),),
        not_asked=(("label noise", "this run has none"),),
        command="linnet analyze digits --seed 0",
        seconds=131.7,
    )
