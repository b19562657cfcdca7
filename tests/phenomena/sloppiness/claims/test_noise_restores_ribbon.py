"""SGD on fresh samples: how many dimensions its noise leaves, and where it explodes."""

from dataclasses import replace

import numpy as np
import pytest

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import noise_restores_ribbon, online_runs
from linnet.phenomena.sloppiness.claims.noise_restores_ribbon import (
    EDGE,
    FALL,
    FILLED,
    FILLED_STRONG,
    REST,
    WIDTHS,
    NoiseRestoresRibbon,
)
from linnet.phenomena.sloppiness.claims.online_runs import KINDS, LOUD, PLAIN
from linnet.study import run_claim

CLAIM = NoiseRestoresRibbon()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def judged(problem, label, predicted):
    test, seen = CLAIM.test(problem, label), CLAIM.observe(problem)[label]
    return test.judge(label, predicted, seen, 0 * np.asarray(predicted))


def test_it_holds_and_rejects_noise_that_is_as_strong_in_all_directions(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    labels = [entry.label for entry in verdict.comparisons]
    assert labels == [FILLED, FILLED_STRONG, WIDTHS, REST, FALL, EDGE]
    for entry in verdict.comparisons:
        assert entry.wrong_deviation > 10
    assert len(figure.panels) == 3
    for panel in figure.panels:
        roles = {series.role for series in panel.series}
        assert roles == {"theory", "simulation", "wrong"}
        assert all(np.isfinite(series.y).all() for series in panel.series)
    assert "plain descent fills 9.4" in figure.caption
    assert "back to 4.1" in figure.caption


def test_the_loudest_noise_leaves_fewer_dimensions_than_plain_descent(asked):
    seen = CLAIM.observe(asked)
    plain, *_, loud = seen[FILLED].value
    assert plain > 8 > 5 > loud
    plain, loud = seen[FILLED_STRONG].value
    assert abs(plain - loud) < 0.5


def test_noise_that_does_not_matter_would_be_seen(asked):
    plain = CLAIM.predict(asked)[FILLED][0]
    assert judged(asked, FILLED, np.full(len(KINDS), plain)).outcome == "fails"


def test_noise_that_does_not_feed_on_itself_would_be_seen(asked, monkeypatch):
    exact = theory.online_spectrum

    def fixed(h, n, start, target, rate, size, steps, *, noise):
        still = exact(h, n, start, target, rate, size, steps)
        nothing = exact(h, n, 0.0, 0.0, rate, 10**9, steps)
        label = exact(h, n, 0.0, 0.0, rate, 10**9, steps, noise=noise * (1e9**0.5))
        return still + (label - nothing) / size

    monkeypatch.setattr(theory, "online_spectrum", fixed)
    noise_restores_ribbon._law.cache_clear()
    predicted = CLAIM.predict(asked)
    noise_restores_ribbon._law.cache_clear()
    assert judged(asked, WIDTHS, predicted[WIDTHS]).outcome == "fails"


def test_batches_of_another_size_would_be_seen_in_the_end_and_at_the_edge(
    asked, monkeypatch
):
    rest, edge = theory.stationary_ribbon, theory.online_largest_rate
    monkeypatch.setattr(
        theory,
        "stationary_ribbon",
        lambda h, n, rate, size, noise: rest(h, n, rate, size + 1, noise),
    )
    monkeypatch.setattr(theory, "online_largest_rate", lambda h, m: edge(h, m + 1))
    predicted = CLAIM.predict(asked)
    for label in (REST, EDGE):
        assert judged(asked, label, predicted[label]).outcome == "fails"


def test_widths_are_those_in_the_population_for_descent_too(asked):
    law = noise_restores_ribbon._law(PLAIN, 0.1, True, online_runs.last_step(True))
    seen = online_runs.widths(asked, PLAIN, 0.1)
    assert np.abs(seen.z(law)).max() < 4
    assert np.abs(seen.z(2 * law)).max() > 10


def test_longer_training_gives_the_numbers_that_are_told():
    found = noise_restores_ribbon._dimensions(
        [noise_restores_ribbon._law(kind, 0.1, False, 3000) for kind in KINDS]
    )
    np.testing.assert_allclose(found, [6.98, 6.38, 5.37, 3.90], atol=0.006)
    strong = noise_restores_ribbon._law(LOUD, 1.0, False, 3000)
    found = noise_restores_ribbon._dimensions([strong])
    np.testing.assert_allclose(found, 3.99, atol=0.006)


def test_it_is_not_asked_of_data(asked):
    assert not CLAIM.of_data
    assert "law of a spectrum" in CLAIM.applies(replace(asked, canonical=False))
