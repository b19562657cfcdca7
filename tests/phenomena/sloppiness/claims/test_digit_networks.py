import numpy as np
import pytest
from judging import failed

from linnet.phenomena.sloppiness import measure
from linnet.phenomena.sloppiness.claims import digit_networks, digit_runs
from linnet.phenomena.sloppiness.claims.digit_networks import (
    ALLOWED,
    MISSED,
    ORDER,
    PLACED,
    STRESS,
    DigitNetworks,
)
from linnet.phenomena.sloppiness.measure.distances import (
    cross_distances,
    distance_matrix,
)
from linnet.phenomena.sloppiness.measure.predictions import Predictions
from linnet.study import run_claim

CLAIM = DigitNetworks()


@pytest.fixture(scope="module")
def asked():
    """Few images, and no batches to be drawn: two programs to compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digit_runs, "SAMPLES", 120)
        patch.setattr(digit_runs, "BATCH", None)
        patch.setattr(digit_runs, "OPTIMIZERS", ("sgd", "momentum"))
        few = (32, "relu", "sgd"), (32, "relu", "momentum")
        patch.setattr(digit_runs, "FEW", few)
        yield CLAIM.canonical(77, True)  # a seed that no cache knows


@pytest.fixture(scope="module")
def told():
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((30, 20, 4)).cumsum(0)
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def test_networks_of_both_kinds_share_a_map_that_linear_ones_make(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert verdict.status == "heuristic"
    assert {each.label for each in verdict.comparisons} == set(ALLOWED)
    placed, held, progress = figure.panels
    assert [series.label for series in placed.series] == [
        "linear",
        "one hidden layer",
        "ignorance",
        "truth",
    ]
    assert any(series.role == "wrong" for series in held.series)
    assert len(progress.series) == 2


def test_the_ends_lie_at_the_ends_of_the_map(asked):
    seen = digit_runs.maps(asked.seed, asked.quick)
    ignorance, truth = seen.ends[:, 0]
    along = seen.together.coordinates[:, 0]
    low, high = sorted((ignorance, truth))
    inside = (along > low - 0.1) & (along < high + 0.1)
    assert inside.mean() > 0.9
    assert high - low > 0.5 * np.ptp(along)


def test_networks_that_scatter_would_fail(asked):
    assert failed(CLAIM, asked, CLAIM.wrong(asked)) == set(ALLOWED)


def test_a_map_of_mistaught_networks_would_not_do(asked, monkeypatch):
    right = digit_runs.maps

    def mistaught(seed, quick):
        seen = right(seed, quick)
        return digit_runs.replace(seen, placed=seen.mistaught)

    monkeypatch.setattr(digit_runs, "maps", mistaught)
    assert failed(CLAIM, asked, CLAIM.predict(asked)) == {PLACED, MISSED}


def test_progress_that_is_out_of_order_would_fail(asked, monkeypatch):
    seen = digit_runs.maps(asked.seed, asked.quick)
    turned = digit_runs.replace(seen, progress=seen.progress[:, ::-1])
    monkeypatch.setattr(digit_runs, "maps", lambda seed, quick: turned)
    assert failed(CLAIM, asked, CLAIM.predict(asked)) == {ORDER}


@pytest.mark.slow
def test_a_dozen_networks_hold_what_is_claimed():
    verdict, _ = run_claim(CLAIM, CLAIM.canonical(0, True))
    assert verdict.verdict == "holds"


def test_a_map_holds_its_own_points_as_its_stress_says(told):
    distances = distance_matrix(Predictions(told, "log-probabilities"))
    embedding = measure.embed_distances(distances, 5)
    held = digit_runs.held_by(embedding, distances, distances)
    np.testing.assert_allclose(held, embedding.explained_stress(), rtol=1e-10)


def test_distances_from_the_ends_are_those_of_any_two_models(told):
    truth = np.eye(4)[np.arange(20) % 4]
    ends = np.stack([measure.ignorance(20, 4), truth])
    exact = cross_distances(ends, np.exp(told))
    np.testing.assert_allclose(digit_runs.from_ends(told, truth), exact, rtol=1e-12)


def test_order_counts_pairs_and_ties_as_halves():
    assert digit_runs.in_order(np.array([[0.0, 1.0, 2.0]])) == 1.0
    assert digit_runs.in_order(np.array([[0.0, 0.0, 2.0]])) == pytest.approx(5 / 6)
    assert digit_runs.in_order(np.array([[2.0, 1.0, 0.0]])) == 0.0


def test_scattered_networks_have_equal_dimensions():
    held = digit_networks.scattered(np.array([2, 8]), 2)
    np.testing.assert_allclose(held, [1.0, 1 - np.sqrt(0.75)])
    assert STRESS in ALLOWED
