import numpy as np
import pytest

from linnet.analyze import pose
from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.layer_spectra import LayerSpectra
from linnet.study import run_claim
from linnet.task import Dataset

CLAIM = LayerSpectra()


@pytest.mark.parametrize("seed", range(5))
def test_the_claim_holds_for_every_seed_to_ten_digits(seed):
    verdict, _ = run_claim(CLAIM, problems.anisotropic(seed, True))
    assert verdict.verdict == "holds"
    assert all(entry.outcome == "holds" for entry in verdict.comparisons)
    assert verdict.deviation < 1e-10


@pytest.mark.parametrize("name", ["canonical", "wide"])
def test_at_the_start_all_modes_idle_and_the_output_layer_is_zero(
    name, judged, problem
):
    said = judged(CLAIM, name)
    for given in (said.predicted, said.observed):
        starts = [values[0] for values in given.values()]
        hidden, output = starts[::2], starts[1::2]
        for spectrum, gamma in zip(hidden, runs.scales(problem(name)), strict=True):
            np.testing.assert_allclose(spectrum, np.sqrt(gamma), rtol=1e-12)
        assert all((spectrum == 0).all() for spectrum in output)


def test_both_layers_have_all_their_singular_values_in_any_shape():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(20, 2))
    targets = inputs @ rng.normal(size=(2, 4)) + 0.1 * rng.normal(size=(20, 4))
    asked = pose(Dataset(inputs, targets, "many outputs"), hidden=3, quick=True)
    verdict, _ = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    columns = [values.shape[1] for values in CLAIM.predict(asked).values()]
    assert columns == [2, 3, 2, 3]  # the third one of the output layer stays zero


@pytest.mark.parametrize("share", [0.99, 1.01])
def test_another_law_of_the_layers_makes_the_claim_fail(share, fresh, monkeypatch):
    genuine = theory.layer_singular_values
    monkeypatch.setattr(
        theory, "layer_singular_values", lambda s, gamma: genuine(s, share * gamma)
    )
    verdict, _ = run_claim(CLAIM, fresh("canonical"))
    assert verdict.is_failure


def test_the_figure_shows_modes_and_an_idle_floor(judged, problem):
    figure = judged(CLAIM, "canonical").figure
    assert len(figure.panels) == 3
    for panel, gamma in zip(
        figure.panels, runs.scales(problem("canonical")), strict=True
    ):
        hidden = [s for s in panel.series if s.label == "hidden layer"]
        floor = min(hidden, key=lambda s: s.y.max())
        np.testing.assert_allclose(floor.y, np.sqrt(gamma), rtol=1e-6)
        labels = {s.label for s in panel.series}
        assert labels == {"product", "hidden layer", "output layer"}
