import numpy as np
import plain_trajectories as plain
import pytest
from hypothesis import given, settings, strategies as st

from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    GradientFlow,
    HeavyBall,
    condensed,
    continuous_checkpoints,
    fixed_target_covariance,
    fixed_target_curve,
    fixed_target_spectrum,
    given_checkpoints,
    input_directions,
    log_checkpoints,
    random_target_spectrum,
    uniform_checkpoints,
)

SCHEDULES = (
    uniform_checkpoints(60),
    uniform_checkpoints(20, every=7),
    uniform_checkpoints(1500),
    log_checkpoints(900, 12),
    given_checkpoints([0, 3, 10, 77], [0.1, 0.4, 0.2, 0.3]),
)
RESPONSES = (GradientDescent(1.7), GradientDescent(0.3, 0.1), GradientFlow(0.05))


def task(seed=0, r=7, k=3):
    rng = np.random.default_rng(seed)
    return np.exp(-0.4 * np.arange(r)), *rng.standard_normal((2, r, k))


def data(seed, n=12, d=5, k=2):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, d)) * np.geomspace(1, 0.1, d)
    teacher, middle = rng.standard_normal((2, k, d))
    return inputs, teacher, middle, rng


@pytest.mark.parametrize("decay", [0.0, 0.2])
@pytest.mark.parametrize("n", [12, 3])
def test_descent_from_many_starts_has_this_covariance_and_spectrum(decay, n):
    inputs, teacher, middle, _ = data(1, n=n)
    directions = input_directions(inputs)
    rate = 1.2 / (directions.variances[0] + decay)
    starts = middle + 0.3 * plain.cloud(np.eye(10)).reshape(-1, 2, 5)
    noise = np.linalg.qr(inputs, mode="complete")[0][:, -1:] * (n > 5)
    path = plain.descend(inputs, inputs @ teacher.T + noise, starts, rate, 40, decay)
    _, seen = plain.moments((path @ inputs.T).reshape(40, len(starts), -1))
    problem = {
        "variances": directions.variances,
        "n": n,
        "target": directions.coordinates(teacher),
        "response": GradientDescent(rate, decay),
        "checkpoints": uniform_checkpoints(40),
        "init_deviation": 0.3,
        "mean_start": directions.coordinates(middle),
    }
    spectrum = fixed_target_spectrum(**problem)
    expected = np.linalg.eigvalsh(seen)[::-1][: len(spectrum)]
    np.testing.assert_allclose(spectrum, expected, rtol=1e-9, atol=1e-14 * expected[0])
    basis = inputs @ directions.basis / np.sqrt(n * directions.variances)
    turn = np.einsum("ni,ce->cnie", basis, np.eye(2)).reshape(2 * n, -1)
    np.testing.assert_allclose(
        fixed_target_covariance(**problem),
        turn.T @ seen @ turn,
        atol=1e-12 * expected[0],
    )
    raw = (path @ inputs.T).reshape(-1, 2 * n)
    np.testing.assert_allclose(
        fixed_target_covariance(**problem, centered=False),
        turn.T @ raw.T @ raw @ turn / len(raw),
        atol=1e-12 * np.sum(raw**2) / len(raw),
    )


@pytest.mark.statistical
def test_a_sample_of_starts_agrees_and_a_cloud_of_half_the_variance_does_not():
    variances, target, middle = task(3, r=4, k=1)
    rng, many = np.random.default_rng(17), 4000
    starts = middle[:, 0] + 0.7 * rng.standard_normal((many, 4))
    inputs = np.diag(np.sqrt(4 * variances))
    path = (
        plain.descend(inputs, inputs @ target, starts[:, None], 0.9, 30)[:, :, 0]
        @ inputs.T
    )
    about = {"mean_start": middle, "init_deviation": 0.7}
    problem = (variances, 4, target, GradientDescent(0.9), uniform_checkpoints(30))
    curve = fixed_target_curve(*problem, mean_start=middle)[:, 0]
    gap = path - curve.mean(1)
    products = np.einsum("tai,taj->aij", gap, gap) / 30
    error = products.std(0, ddof=1) / np.sqrt(many)
    rows, columns = np.triu_indices(4)
    expected = fixed_target_covariance(*problem, **about)
    z = ((products.mean(0) - expected) / error)[rows, columns]
    assert np.abs(z).max() < 4
    about["init_deviation"] = 0.7 / np.sqrt(2)
    wrong = (products.mean(0) - fixed_target_covariance(*problem, **about)) / error
    assert np.abs(wrong.diagonal()).max() > 10


@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("checkpoints", SCHEDULES)
@pytest.mark.parametrize("response", RESPONSES)
def test_the_spectrum_is_that_of_the_covariance_and_of_the_written_out_curve(
    response, checkpoints, centered
):
    variances, target, middle = task()
    problem = (variances, 20, target, response, checkpoints)
    about = {"mean_start": middle, "init_deviation": 0.4, "centered": centered}
    matrix = fixed_target_covariance(*problem, **about)
    spectrum = fixed_target_spectrum(*problem, **about)
    np.testing.assert_allclose(
        spectrum, np.linalg.eigvalsh(matrix)[::-1], rtol=1e-10, atol=1e-14 * spectrum[0]
    )
    curve = fixed_target_curve(*problem, mean_start=middle).reshape(21, -1)
    weights, h = checkpoints.weights, response.remaining(variances, checkpoints.when)
    if centered:
        curve = curve - (curve @ weights)[:, None]
    cloud = np.repeat(20 * variances * 0.16 * (h**2 @ weights), 3)
    summed = (curve * weights) @ curve.T + np.diag(cloud)
    np.testing.assert_allclose(matrix, summed, atol=3e-14 * spectrum[0])


def test_small_eigenvalues_are_right_where_a_matrix_has_lost_them():
    # Eigenvalues in ninety digits of the closed covariance, once for all.
    variances = np.exp(-1.5 * np.arange(6))
    target = np.array([1.0, -0.5, 2.0, 1.0, -1.5, 0.7])
    exact = np.array(
        [7.644138593034e-04, 2.783911620269e-10, 9.173802634528e-17, 2.705314601232e-26]
    )
    problem = (variances, 1, target, GradientDescent(0.01), uniform_checkpoints(10))
    found = fixed_target_spectrum(*problem)[:4]
    np.testing.assert_allclose(found, exact, rtol=1e-6)
    matrix = np.linalg.eigvalsh(fixed_target_covariance(*problem))[::-1][:4]
    assert abs(matrix[3] / exact[3] - 1) > 0.01


def test_a_billion_steps_take_nodes_and_agree_with_closed_averages():
    variances, target, middle = task()
    many = uniform_checkpoints(10**9)
    for response in (GradientDescent(1.9), GradientDescent(0.1), GradientFlow()):
        problem = (1e-7 * variances, 5, target, response, many)
        about = {"mean_start": middle, "init_deviation": 0.2}
        matrix = fixed_target_covariance(*problem, **about)
        np.testing.assert_allclose(
            fixed_target_spectrum(*problem, **about),
            np.linalg.eigvalsh(matrix)[::-1],
            rtol=1e-11,
        )


def test_momentum_takes_the_matrix_when_there_are_too_many_checkpoints(monkeypatch):
    variances, target, middle = task()
    problem = (variances, 5, target, HeavyBall(0.3, 0.8), uniform_checkpoints(700))
    about = {"mean_start": middle, "init_deviation": [0.0, 0.2]}
    for centered in (True, False):
        written_out = fixed_target_spectrum(*problem, **about, centered=centered)
        with monkeypatch.context() as patch:
            patch.setattr(condensed, "LARGEST_STACK", 100)
            found = fixed_target_spectrum(*problem, **about, centered=centered)
        first = written_out.max(-1, keepdims=True)
        assert found.shape == written_out.shape == (2, 21)
        assert (np.abs(found - written_out) < 1e-13 * first).all()
    many = (*problem[:4], uniform_checkpoints(10**9))
    assert (fixed_target_spectrum(*many, **about)[1] > 0).all()


@settings(max_examples=20)
@given(
    shift=st.floats(-5, 5),
    scale=st.floats(0.01, 100),
    k=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_the_covariance_sees_the_way_only_and_turns_with_the_outputs(
    shift, scale, k, seed
):
    variances, target, middle = task(seed, k=k)
    response, when = GradientDescent(0.8), uniform_checkpoints(25)

    def found(end, begin, deviation, n=3):
        return fixed_target_spectrum(
            variances,
            n,
            end,
            response,
            when,
            mean_start=begin,
            init_deviation=deviation,
        )

    plain_one = found(target, middle, 0.3)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((k, k)))[0]
    near = {"rtol": 1e-9, "atol": 1e-13 * plain_one[0]}
    np.testing.assert_allclose(found(target + shift, middle + shift, 0.3), plain_one,
                               **near)  # fmt: skip
    np.testing.assert_allclose(found(target @ turn, middle @ turn, 0.3), plain_one,
                               **near)  # fmt: skip
    np.testing.assert_allclose(
        found(scale * target, scale * middle, 0.3 * scale) / scale**2, plain_one, **near
    )
    np.testing.assert_allclose(found(target, middle, 0.3, 6), 2 * plain_one, **near)
    assert len(plain_one) == 7 * k
    assert (np.diff(plain_one) <= 0).all()


def test_deviations_of_the_start_are_one_call():
    variances, target, _ = task()
    problem = (variances, 5, target, GradientDescent(1.0), uniform_checkpoints(30))
    many = fixed_target_spectrum(*problem, init_deviation=[[0.0, 0.1], [1.0, 10.0]])
    assert many.shape == (2, 2, 21)
    one = fixed_target_spectrum(*problem, init_deviation=1.0)
    np.testing.assert_allclose(many[1, 0], one, rtol=1e-12)


def test_the_mean_of_the_second_moment_over_targets_is_that_of_random_targets():
    variances, _, _ = task(r=4)
    response, when = GradientDescent(1.1), uniform_checkpoints(50)
    targets = 0.6 * plain.cloud(np.eye(4))
    mean = np.mean(
        [
            fixed_target_covariance(
                variances, 9, target, response, when, init_deviation=0.5, centered=False
            )
            for target in targets
        ],
        axis=0,
    )
    expected = random_target_spectrum(variances, 9, 0.5, 0.6, response, when)
    np.testing.assert_allclose(mean, np.diag(expected), atol=1e-13 * expected[0])


def test_one_trajectory_has_at_most_as_many_dimensions_as_distinct_rates_and_steps():
    _, target, _ = task(r=7, k=1)
    variances = np.array([1.0, 0.5, 0.5, 0.2, 0.2, 0.2, 0.1])
    target[6] = 0
    response = GradientDescent(0.8)
    values = fixed_target_spectrum(variances, 1, target, response,
                                   uniform_checkpoints(40))  # fmt: skip
    assert values[2] > 1e-8 * values[0]
    assert values[3] < 1e-28 * values[0]
    values = fixed_target_spectrum(variances, 1, target, response,
                                   uniform_checkpoints(3))  # fmt: skip
    assert values[1] > 1e-8 * values[0]
    assert values[2] < 1e-28 * values[0]
    one = fixed_target_spectrum(variances, 1, target, response, uniform_checkpoints(1))
    assert not one.any()


def test_strong_fixed_targets_make_a_ribbon_and_weak_ones_unmake_it():
    # Explained variance of three dimensions, mean over targets, forty modes.
    rng, response, when = (
        np.random.default_rng(5), GradientDescent(1.0), uniform_checkpoints(300)
    )  # fmt: skip
    listed = {0.2: (0.1363, 0.443, 0.970), 0.5: (0.285, 0.527, 0.973),
              1.0: (0.490, 0.664, 0.978)}  # fmt: skip
    for slope, expected in listed.items():
        variances = np.exp(-slope * np.arange(40))
        for ratio, share in zip((0.1, 1.0, 10.0), expected, strict=True):
            shares = []
            for _ in range(12):
                values = fixed_target_spectrum(
                    variances, 1, ratio * rng.standard_normal(40), response, when,
                    init_deviation=1.0,
                )  # fmt: skip
                shares.append(values[:3].sum() / values.sum())
            error = np.hypot(np.std(shares, ddof=1) / np.sqrt(12), 0.004)
            assert abs(np.mean(shares) - share) < 4 * error


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"variances": [1.0, 0.0]},
            "`variances` must be positive and finite, but is 0",
        ),
        ({"variances": [[1.0, 0.5]]}, "must be one row of eigenvalues"),
        ({"variances": [3.0, 0.5]}, "`learning_rate` must be <= 0.666667"),
        ({"n": 0}, "`n` must be a whole number >= 1"),
        ({"n": 2.5}, "`n` must be a whole number >= 1"),
        ({"target": [1.0]}, r"`target` must have shape \(2,\) or \(2, outputs\)"),
        ({"target": [1.0, np.nan]}, "`target` must be finite"),
        ({"mean_start": [[1.0, 1.0], [1.0, 1.0]]}, "must have the shape of `target`"),
        ({"init_deviation": -0.1}, "`init_deviation` must be finite and >= 0"),
        ({"checkpoints": continuous_checkpoints(3.0)}, "continu"),
    ],
)
@pytest.mark.parametrize("function", [fixed_target_covariance, fixed_target_spectrum])
def test_what_is_no_problem_is_refused(function, change, message):
    given_ = {
        "variances": [1.0, 0.5], "n": 3, "target": [1.0, 2.0],
        "response": GradientDescent(1.0), "checkpoints": uniform_checkpoints(5),
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        function(**given_ | change)


def test_text_and_grids_of_deviations_are_refused():
    problem = ([1.0, 0.5], 3, [1.0, 2.0], GradientDescent(1.0), uniform_checkpoints(5))
    with pytest.raises(TypeError, match="`target` must be real numbers"):
        fixed_target_spectrum([1.0], 3, ["a"], *problem[3:])
    with pytest.raises(ValueError, match="`init_deviation` must be one number"):
        fixed_target_covariance(*problem, init_deviation=[0.1, 0.2])
