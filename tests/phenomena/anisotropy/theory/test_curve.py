import numpy as np
import pytest
from plain_sets import (
    aligned_start,
    drawn,
    extrapolated,
    generic_start,
    observed,
    trained,
)

from linnet.phenomena.anisotropy.theory import (
    PopulationSpectrum,
    RiskConvention,
    learning_curve,
    limit_risk,
    limit_squared_norm,
    spiked_population,
)

NOISE = 0.7
ALIGNED = spiked_population(5.0, 0.6)
SEVERAL = spiked_population([8.0, 3.0, -0.6], [0.5, 0.3, 0.4])
TIMES = np.array([0.3, 0.7, 1.2, 2.5])
PARTS = ("signal", "variance", "training_error", "learned", "size")


def start_of(depth, init_scale=0.05):
    return init_scale if depth == 2 else None


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("rho", [-0.9, 5.0, 1e4])
@pytest.mark.parametrize("ratio", [0.05, 0.98, 1.02, 2.0, 20.0])
def test_training_ends_at_the_closed_limits(ratio, rho, depth):
    curve = learning_curve(
        spiked_population(rho, 0.6), np.array([1e7]), aspect_ratio=ratio, depth=depth,
        noise=NOISE, init_scale=start_of(depth),
    )  # fmt: skip
    limit = limit_risk(rho, 0.6, ratio, noise=NOISE)
    norm = limit_squared_norm(rho, 0.6, ratio, noise=NOISE)
    np.testing.assert_allclose(curve.signal, limit.bias, atol=1e-8)
    np.testing.assert_allclose(curve.variance, limit.variance, rtol=1e-8)
    np.testing.assert_allclose(curve.size**2, norm, rtol=1e-8)
    floor = NOISE**2 * max(0, 1 - ratio)
    np.testing.assert_allclose(curve.training_error, floor, atol=1e-8)


@pytest.mark.parametrize("rho", [-0.9, 5.0, 1e4])
@pytest.mark.parametrize("ratio", [0.05, 0.98, 1.0, 1.02, 20.0])
def test_training_starts_at_the_signal_power(ratio, rho):
    curve = learning_curve(
        spiked_population(rho, 0.6, norm=2.0), np.zeros(1), aspect_ratio=ratio,
        noise=NOISE,
    )  # fmt: skip
    power = 4 * (1 + 0.36 * rho)
    np.testing.assert_allclose(curve.risk, power, rtol=1e-8)
    np.testing.assert_allclose(curve.training_error, power + NOISE**2, rtol=1e-8)
    np.testing.assert_allclose(curve.learned, 0, atol=1e-12)


def test_two_layers_start_at_the_square_of_the_scale_along_the_drive():
    scale, ratio = 0.3, 0.5
    curve = learning_curve(
        ALIGNED, np.zeros(1), aspect_ratio=ratio, depth=2, noise=NOISE,
        init_scale=scale,
    )  # fmt: skip
    eigenvalues, power = ALIGNED.eigenvalues, ALIGNED.target_power
    drive = power @ (eigenvalues * (eigenvalues + ratio)) + NOISE**2 * ratio
    np.testing.assert_allclose(curve.size, scale**2, rtol=1e-9)
    expected = scale**2 * eigenvalues / np.sqrt(drive)
    np.testing.assert_allclose(curve.learned[:, 0], expected, rtol=1e-9)


def test_one_layer_first_learns_each_direction_at_its_own_variance():
    curve = learning_curve(SEVERAL, np.array([1e-7]), aspect_ratio=2.0)
    rates = curve.learned[:, 0] / 1e-7
    np.testing.assert_allclose(rates, SEVERAL.eigenvalues, rtol=1e-5)


def test_what_is_never_learned_is_the_mean_null_space():
    curve = learning_curve(SEVERAL, np.array([1e4]), aspect_ratio=3.0)
    eigenvalues = SEVERAL.eigenvalues
    np.testing.assert_allclose(curve.learned[:, 0], eigenvalues / (eigenvalues + 2))


@pytest.mark.parametrize("depth", [1, 2])
def test_equal_dimensions_and_samples_are_answered_at_finite_times(depth):
    def curve(ratio):
        return learning_curve(
            ALIGNED, np.geomspace(0.1, 300, 10), aspect_ratio=ratio, depth=depth,
            noise=NOISE, init_scale=start_of(depth),
        )  # fmt: skip

    at = curve(1.0)
    assert at.contour.null is None
    assert (np.diff(at.variance) > 0).all()
    far, near = (
        abs(at.risk - (curve(1 - gap).risk + curve(1 + gap).risk) / 2)
        for gap in (3e-3, 1e-3)
    )
    assert (far < 0.1 * at.risk).all()
    assert (near < far / 8 + 1e-8).all()  # of second order in the gap


@pytest.mark.parametrize("depth", [1, 2])
def test_units_of_the_inputs_change_only_those_of_time(depth):
    # x -> sqrt(s) x: the drive and the rates grow, the teacher of the same labels
    # shrinks; two layers are faster by sqrt(s), since they shrink with the teacher.
    s = 3.0
    other = PopulationSpectrum(
        s * SEVERAL.eigenvalues, SEVERAL.shares, SEVERAL.target_power / s
    )
    faster, smaller = (s, 1.0) if depth == 1 else (np.sqrt(s), s**-0.25)
    one, two = (
        learning_curve(
            population,
            times,
            aspect_ratio=2.0,
            depth=depth,
            noise=NOISE,
            init_scale=None if depth == 1 else 0.05 * scale,
        )
        for population, times, scale in (
            (SEVERAL, TIMES, 1.0),
            (other, TIMES / faster, smaller),
        )
    )
    np.testing.assert_allclose(two.risk, one.risk, rtol=1e-7)
    np.testing.assert_allclose(two.training_error, one.training_error, rtol=1e-7)


def test_two_layers_with_a_larger_teacher_are_faster_by_its_length():
    b = 5.0
    one, two = (
        learning_curve(
            spiked_population(5.0, 0.6, norm=norm),
            TIMES / norm,
            aspect_ratio=2.0,
            depth=2,
            noise=NOISE * norm,
            init_scale=0.05 * np.sqrt(norm),
        )
        for norm in (1.0, b)
    )
    np.testing.assert_allclose(two.risk, b**2 * one.risk, rtol=1e-7)
    np.testing.assert_allclose(two.learned, one.learned, atol=1e-7)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_batch_of_noises_and_teachers_is_a_loop_over_them(depth):
    noises = np.array([[0.0], [0.3], [1.0]])
    alignments = np.array([0.0, 0.6])
    batch = learning_curve(
        spiked_population(5.0, alignments[:, None]), TIMES, aspect_ratio=2.0,
        depth=depth, noise=noises, init_scale=start_of(depth),
    )  # fmt: skip
    assert batch.risk.shape == (3, 2, 4)
    assert batch.learned.shape == (3, 2, 2, 4)
    for index in np.ndindex(3, 2):
        alone = learning_curve(
            spiked_population(5.0, alignments[index[1]]),
            TIMES,
            aspect_ratio=2.0,
            depth=depth,
            noise=noises[index[0], 0],
            init_scale=start_of(depth),
        )
        for name in PARTS:
            pair = getattr(batch, name)[index], getattr(alone, name)
            np.testing.assert_allclose(*pair, atol=1e-7)


def test_the_curve_speaks_every_convention():
    curve = learning_curve(ALIGNED, TIMES, aspect_ratio=2.0, noise=NOISE)
    half = RiskConvention(half=True, noise_floor=True)
    expected = (curve.signal + curve.variance + NOISE**2) / 2
    np.testing.assert_allclose(curve.parts.value(half), expected)
    relative = curve.parts.value(RiskConvention("signal_power"))
    np.testing.assert_allclose(relative, curve.risk / 2.8)


def test_times_may_come_in_any_order():
    given = {"aspect_ratio": 2.0, "depth": 2, "init_scale": 0.05}
    forth = learning_curve(ALIGNED, TIMES, **given)
    back = learning_curve(ALIGNED, TIMES[::-1], **given)
    np.testing.assert_allclose(back.risk[::-1], forth.risk, rtol=1e-12)
    assert forth.best()[0] == back.best()[0]


def finite(eigenvalues, d, teacher):
    """A population in d dimensions: levels in equal blocks, or spikes, then a bulk."""
    spectrum = np.concatenate([eigenvalues, np.ones(d - len(eigenvalues))])
    rest = np.sqrt((1 - np.sum(np.square(teacher))) / (d - len(teacher)))
    return spectrum, np.concatenate([teacher, np.full(d - len(teacher), rest)])


def measured(
    seed, ratio, sizes, spikes, teacher, depth, start, scale=0.05, times=TIMES
):
    """Risk, training error and size, means over data sets at two sizes."""
    rng = np.random.default_rng(seed)
    found = []
    for d, sets in sizes:
        spectrum, beta = finite(1 + np.array(spikes), d, np.array(teacher))
        inputs, targets = drawn(rng, sets, round(d / ratio), spectrum, beta, NOISE)
        begin = None
        if depth == 2:
            begin = start(rng, inputs, targets, scale)
        step = 0.5 / (1 + max(spikes))
        end = trained(inputs, targets, times, step, begin)
        found.append(observed(inputs, targets, end, spectrum, beta))
    return found


def aligned(_, inputs, targets, init_scale):
    return aligned_start(inputs, targets, init_scale)


def predicted(population, ratio, depth, scale=0.05, times=TIMES):
    curve = learning_curve(
        population, times, aspect_ratio=ratio, depth=depth, noise=NOISE,
        init_scale=start_of(depth, scale),
    )  # fmt: skip
    return np.stack([curve.risk, curve.training_error, curve.size])


@pytest.mark.statistical
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_trained_networks_follow_the_curve_up_to_one_over_n(ratio, depth):
    sizes = ((30, 2400), (60, 900))
    small, large = measured(0, ratio, sizes, [5.0], [0.6], depth, aligned)
    theory = predicted(ALIGNED, ratio, depth)
    limit = extrapolated(small, large)
    assert (abs(limit.z(theory)) < 4).all()
    # It is a matter of 1/n: seen at n, and halved at 2 n.
    off = np.array([small.value[0] - theory[0], large.value[0] - theory[0]])
    assert (abs(small.z(theory)[0]) > 10).any()
    assert abs(off[1]).sum() < 0.75 * abs(off[0]).sum()
    # The other depth, and the same without noise, are seen to be wrong.
    other = predicted(ALIGNED, ratio, 3 - depth)
    assert abs(limit.z(other)[0]).max() > 10
    halved = theory[0] - learning_curve(
        ALIGNED, TIMES, aspect_ratio=ratio, depth=depth, noise=NOISE,
        init_scale=start_of(depth),
    ).variance / 2  # fmt: skip
    assert abs((limit.value[0] - halved) / limit.stderr[0]).max() > 10


@pytest.mark.statistical
def test_several_spikes_and_a_dip_follow_the_curve():
    spikes, teacher = [8.0, 3.0, -0.6], [0.5, 0.3, 0.4]
    sizes = ((30, 1600), (60, 600))
    limit = extrapolated(*measured(1, 1.5, sizes, spikes, teacher, 2, aligned))
    assert (abs(limit.z(predicted(SEVERAL, 1.5, 2))) < 4).all()
    exchanged = spiked_population([8.0, 3.0, -0.6], [0.3, 0.5, 0.4])
    assert abs(limit.z(predicted(exchanged, 1.5, 2))).max() > 10


@pytest.mark.statistical
def test_any_small_start_is_that_of_its_part_along_the_drive():
    # Looked at when the drive has grown beyond what points elsewhere.
    times, scale = np.array([1.8, 2.5, 4.0]), 0.002
    sizes = ((30, 900), (60, 400))
    given = (2, 0.5, sizes, [5.0], [0.6], 2, generic_start, scale, times)
    limit = extrapolated(*measured(*given))
    theory = predicted(ALIGNED, 0.5, 2, scale, times)
    assert (abs(limit.z(theory)) < 4).all()
    # All weights together are longer by about the root of d / 2.
    whole = predicted(ALIGNED, 0.5, 2, np.sqrt(30) * scale, times)
    assert abs(limit.z(whole)).max() > 10


@pytest.mark.statistical
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("ratio", [0.4, 2.5])
def test_a_general_bulk_follows_the_curve(ratio, depth):
    levels = np.array([6.0, 2.0, 1.0, 0.5, 0.2])
    rng = np.random.default_rng(3)
    found = []
    for d, sets in ((20, 2000), (40, 800)):
        spectrum, beta = np.repeat(levels, d // 5), np.full(d, d**-0.5)
        inputs, targets = drawn(rng, sets, round(d / ratio), spectrum, beta, NOISE)
        begin = aligned_start(inputs, targets, 0.05) if depth == 2 else None
        end = trained(inputs, targets, TIMES, 0.06, begin)
        found.append(observed(inputs, targets, end, spectrum, beta))
    limit = extrapolated(*found)
    shares = np.full(5, 0.2)
    population = PopulationSpectrum(levels, shares, shares)
    assert (abs(limit.z(predicted(population, ratio, depth))) < 4).all()
    flat = PopulationSpectrum(np.full(5, levels.mean()), shares, shares)
    assert abs(limit.z(predicted(flat, ratio, depth))).max() > 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times": np.array([])}, "`times` must hold a time, but is empty"),
        ({"times": 1.0}, r"`times` must be a row \(times,\)"),
        ({"times": np.array([-1.0])}, "`times` must be finite and >= 0"),
        ({"times": np.array([np.inf])}, "`times` must be finite and >= 0"),
        ({"aspect_ratio": 0.0}, "`aspect_ratio` must be positive"),
        ({"noise": -1.0}, "`noise` must be finite and >= 0"),
        ({"noise": np.array([0.1, np.nan])}, "`noise` must be finite and >= 0"),
        ({"depth": 3}, "`depth` must be 1 or 2, but is 3"),
        ({"depth": 2}, "`init_scale` must be given for two layers"),
        ({"depth": 2, "init_scale": 0.0}, "`init_scale` must be positive"),
        ({"init_scale": 0.1}, "`init_scale` must be None for one layer, but is 0.1"),
    ],
)
def test_arguments_out_of_range_are_refused(change, message):
    given = {"times": TIMES, "aspect_ratio": 2.0, **change}
    with pytest.raises(ValueError, match=message):
        learning_curve(ALIGNED, given.pop("times"), **given)
