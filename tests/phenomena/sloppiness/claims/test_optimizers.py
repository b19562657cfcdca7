import numpy as np
import pytest
from judging import failed

from linnet.phenomena.sloppiness.claims import optimizers
from linnet.phenomena.sloppiness.claims.optimizers import METHODS, Optimizers
from linnet.study import run_claim

CLAIM = Optimizers()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_every_method_has_the_spectrum_of_its_response(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert len(verdict.comparisons) == len(METHODS)
    spectra, ratios = figure.panels
    for panel in (spectra, ratios):
        labels = {series.label for series in panel.series if series.role == "theory"}
        assert labels == {each.name for each in METHODS}
    flat = next(series for series in ratios.series if series.role == "wrong")
    np.testing.assert_array_equal(flat.y, 1.0)


@pytest.mark.parametrize(
    ("name", "value", "methods"),
    [
        ("MOMENTUM", 0.8, {"heavy ball", "Nesterov's momentum"}),
        ("DECAY", 0.05, {"weight decay"}),
        ("RATES", optimizers.RATES * 0.7, {"annealed rate"}),
    ],
)
def test_another_setting_fails_where_it_enters(
    asked, monkeypatch, name, value, methods
):
    CLAIM.observe(asked)  # as it was set
    monkeypatch.setattr(optimizers, name, value)
    wrong = failed(CLAIM, asked, CLAIM.predict(asked))
    assert wrong == {f"spread along the directions, {each}" for each in methods}


def test_points_that_are_not_looked_ahead_of_are_not_those_of_nesterov(asked):
    heavy, nesterov = METHODS[:2]
    predicted = dict(CLAIM.predict(asked))
    labels = [f"spread along the directions, {each.name}" for each in (heavy, nesterov)]
    predicted[labels[1]] = predicted[labels[0]]
    assert failed(CLAIM, asked, predicted) == {labels[1]}
