import numpy as np
import pytest

from linnet.phenomena.spectral_bias.claims import escape, runs
from linnet.phenomena.spectral_bias.claims.escape import DIRECTION, SIZE, FirstEscape

CLAIM = FirstEscape()


def test_the_product_leaves_along_the_correlation_and_not_along_the_solution(
    problem, judged
):
    asked, said = problem("canonical"), judged(CLAIM, "canonical")
    seen = said.observed[DIRECTION]
    assert np.linalg.norm(seen) == pytest.approx(1)
    left, _, right = np.linalg.svd(asked.moments.yx)
    assert abs(left[:, 0] @ seen @ right[0]) > 0.999
    left, _, right = np.linalg.svd(runs.limit(asked))
    assert abs(left[:, 0] @ seen @ right[0]) < 0.99
    (entry,) = (c for c in said.verdict.comparisons if c.label == DIRECTION)
    assert entry.wrong_deviation > 0.1


def test_it_is_looked_at_when_the_first_mode_has_grown_to_its_thousandth(
    problem, judged
):
    asked = problem("canonical")
    end = np.linalg.norm(asked.moments.yx, 2) / asked.moments.spectrum()[0]
    size = np.linalg.norm(escape._early(asked)["product"][-1], 2)
    assert size / end == pytest.approx(1e-3, rel=0.01)
    # From a start so small that this growth spans decades.
    assert escape._scale(asked) / end == pytest.approx(1e-9)


@pytest.mark.parametrize("name", ["canonical, white", "white"])
def test_white_inputs_have_one_direction_so_only_the_size_is_asked(name, fresh):
    asked = fresh(name)
    for given in (CLAIM.predict(asked), CLAIM.wrong(asked), CLAIM.observe(asked)):
        assert given.keys() == {SIZE}


def test_half_the_rate_is_seen_as_a_thousandth_of_the_size(judged):
    for name in ("canonical", "correlated", "one output"):
        said = judged(CLAIM, name)
        assert said.wrong[SIZE] / said.predicted[SIZE] < 2e-3
        (entry,) = (c for c in said.verdict.comparisons if c.label == SIZE)
        # The law is right to first order in how far the mode has grown.
        assert 1e-4 < entry.deviation < 3e-3
