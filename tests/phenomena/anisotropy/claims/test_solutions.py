import numpy as np

from linnet.phenomena.anisotropy.claims import solutions
from linnet.phenomena.anisotropy.claims.solutions import Setting


def test_least_norm_is_the_pseudoinverse_on_both_sides_of_the_peak():
    rng = np.random.default_rng(0)
    for n, d in ((6, 15), (15, 6), (8, 8)):
        x, y = rng.normal(size=(n, d)), rng.normal(size=(n, 2))
        expected = (np.linalg.pinv(x) @ y).T
        np.testing.assert_allclose(solutions.least_norm(x, y), expected, atol=1e-10)


def test_tasks_of_several_alignments_share_their_inputs():
    one, other = (Setting(7, 12, 3.0, a, 0.5) for a in (0.0, 1.0))
    pairs = zip(*(solutions.drawn(s, 1, 3) for s in (one, other)), strict=True)
    for first, second in pairs:
        np.testing.assert_array_equal(first.inputs, second.inputs)
        assert not np.array_equal(first.targets, second.targets)


def test_solved_together_or_apart_risks_are_the_same():
    setting = Setting(7, 12, 3.0, 0.0, 0.5)
    together = solutions.solved_risks(setting, (0.0, 1.0), 1, 4)
    apart = [solutions.solved_risks(setting, (a,), 1, 4)[:, 0] for a in (0.0, 1.0)]
    np.testing.assert_allclose(together, np.array(apart).T, rtol=1e-10)


def test_a_trained_network_ends_at_the_solution_of_least_norm():
    setting = Setting(7, 12, 3.0, 0.5)
    ends = solutions.trained(setting, 0, 2)
    assert ends.unfinished == 0
    for end, data in zip(ends.maps, solutions.drawn(setting, 0, 2), strict=True):
        least = solutions.least_norm(data.inputs, data.targets)
        assert np.linalg.norm(end - least) < 1e-4 * np.linalg.norm(least)


def test_the_problem_is_one_data_set_of_its_kind():
    setting = Setting(7, 12, 3.0, 0.5)
    problem = solutions.canonical(setting, "seven samples", 3, True)
    assert problem.canonical
    assert problem.command.endswith("--seed 3 --quick")
    (first,) = solutions.drawn(setting, 3, 1)
    np.testing.assert_array_equal(problem.dataset.inputs, first.inputs)
