import numpy as np
import plain_trajectories as plain
import pytest

from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    evaluation_points,
    fixed_target_evaluation,
    fixed_target_spectrum,
    input_directions,
    random_target_evaluation,
    random_target_spectrum,
    uniform_checkpoints,
)

STEPS = 30


def data(seed=0, n=4, d=6, k=2, m=5):
    rng = np.random.default_rng(seed)
    scale = np.geomspace(1, 0.1, d)
    inputs, others = rng.standard_normal((n, d)) * scale, rng.standard_normal((m, d))
    return inputs, others, *rng.standard_normal((2, k, d))


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("n", [4, 15])
def test_random_starts_and_targets_have_this_moment_on_other_inputs(n, decay):
    inputs, others, _, _ = data(n=n)
    points = evaluation_points(input_directions(inputs), others)
    rate = 1.3 / (points.variances[0] + decay)
    both = plain.cloud(np.diag(np.r_[np.full(6, 0.3), np.full(6, 0.7)]))
    starts, targets = both[:, None, :6], both[:, None, 6:]
    path = plain.descend(
        inputs, np.swapaxes(targets @ inputs.T, 1, 2), starts, rate, STEPS, decay
    )
    seen = plain.moments((path @ others.T)[:, :, 0])[1]
    found = random_target_evaluation(
        points, 0.3, 0.7, GradientDescent(rate, decay), uniform_checkpoints(STEPS)
    )
    np.testing.assert_allclose(found.moment, seen, atol=1e-13 * np.trace(seen))
    values = np.linalg.eigvalsh(seen)[::-1]
    np.testing.assert_allclose(found.spectrum, values, atol=1e-13 * values[0])
    # Without what the training inputs do not show, the moment is another one.
    if n == 4 and not decay:
        shown = points.features * (points.variances > 1e-20)
        short = (shown / points.features) * found.factor
        assert np.abs(short @ short.T - seen).max() > 0.1 * np.abs(seen).max()


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("n", [4, 15])
@pytest.mark.parametrize("deviation", [0.0, 0.4])
def test_a_fixed_target_and_one_trajectory_have_this_moment_on_other_inputs(
    deviation, n, decay
):
    inputs, others, teacher, middle = data(1, n=n)
    points = evaluation_points(input_directions(inputs), others)
    rate = 1.3 / (points.variances[0] + decay)
    starts = middle + deviation * plain.cloud(np.eye(12)).reshape(-1, 2, 6)
    path = plain.descend(inputs, inputs @ teacher.T, starts, rate, STEPS, decay)
    seen = np.swapaxes(path @ others.T, -1, -2).reshape(STEPS, len(starts), -1)
    given = (points, teacher, GradientDescent(rate, decay), uniform_checkpoints(STEPS))
    about = {"init_deviation": deviation, "mean_start": middle}
    found = fixed_target_evaluation(*given, **about)
    expected = plain.moments(seen)[1]
    np.testing.assert_allclose(found.moment, expected, atol=1e-13 * np.trace(expected))
    flat = seen.reshape(-1, 10)
    raw = fixed_target_evaluation(*given, **about, centered=False)
    np.testing.assert_allclose(
        raw.moment, flat.T @ flat / len(flat), atol=1e-13 * np.trace(raw.moment)
    )


def test_on_the_training_inputs_it_is_the_training_spectrum():
    inputs, _, teacher, middle = data(2, n=9)
    directions = input_directions(inputs)
    points = evaluation_points(directions, inputs)
    response, when = GradientDescent(1 / points.variances[0]), uniform_checkpoints(2000)
    assert points.features.shape == (9, 6)
    found = random_target_evaluation(points, 0.2, 0.5, response, when)
    expected = random_target_spectrum(directions.variances, 9, 0.2, 0.5, response, when)
    np.testing.assert_allclose(found.spectrum, expected, rtol=1e-10)
    found = fixed_target_evaluation(
        points, teacher, response, when, init_deviation=0.2, mean_start=middle
    )
    expected = fixed_target_spectrum(
        directions.variances, 9, directions.coordinates(teacher), response, when,
        init_deviation=0.2, mean_start=directions.coordinates(middle),
    )  # fmt: skip
    np.testing.assert_allclose(found.spectrum[:12], expected, rtol=1e-9)


def test_inputs_that_are_no_points_are_refused():
    inputs, others, teacher, middle = data()
    directions = input_directions(inputs)
    with pytest.raises(ValueError, match=r"`inputs` must have shape \(m, 6\)"):
        evaluation_points(directions, others[:, :3])
    points = evaluation_points(directions, others)
    given = (GradientDescent(0.1), uniform_checkpoints(3))
    with pytest.raises(ValueError, match=r"`target` must have shape \(k, 6\)"):
        fixed_target_evaluation(points, teacher[0], *given)
    with pytest.raises(ValueError, match="must have the shape of `target`"):
        fixed_target_evaluation(points, teacher, *given, mean_start=middle[:1])
    with pytest.raises(ValueError, match="`target_deviation` must be finite and >= 0"):
        random_target_evaluation(points, 0.1, -1.0, *given)
