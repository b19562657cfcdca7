import numpy as np
import pytest

from linnet.phenomena.anisotropy import measure


def some_inputs(n, d, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * np.linspace(1, 2, d), rng


def test_product_of_recorded_layers_is_taken_time_by_time():
    rng = np.random.default_rng(0)
    layers = [rng.normal(size=(5, *shape)) for shape in ((4, 6), (3, 4), (2, 3))]
    path = measure.end_to_end_path(layers)
    for t in range(5):
        np.testing.assert_allclose(
            path[t], layers[2][t] @ layers[1][t] @ layers[0][t], rtol=1e-13
        )


def test_linear_part_of_a_linear_network_is_its_product():
    x, rng = some_inputs(40, 6, 1)
    product = rng.normal(size=(2, 6))
    found = measure.linear_part(x, x @ product.T)
    np.testing.assert_allclose(found.matrix, product, atol=1e-12)
    np.testing.assert_allclose(found.estimate.stderr, 0, atol=1e-12)
    np.testing.assert_allclose(found.nonlinear_share.value, 0, atol=1e-24)
    assert found.reason is None


def test_offset_is_found_and_leaves_no_share():
    x, rng = some_inputs(40, 5, 2)
    product = rng.normal(size=(2, 5))
    found = measure.linear_part(x, x @ product.T + [3.0, -1.0], with_offset=True)
    np.testing.assert_allclose(found.matrix, product, atol=1e-12)
    np.testing.assert_allclose(found.offset, [3.0, -1.0], atol=1e-12)
    assert found.nonlinear_share.value < 1e-24


@pytest.mark.parametrize("with_offset", [False, True])
def test_errors_are_what_leaving_out_every_sample_gives(with_offset):
    x, rng = some_inputs(25, 3, 3)
    f = np.tanh(x @ rng.normal(size=(3, 2))) + 0.3
    whole = measure.linear_part(x, f, with_offset=with_offset)
    parts = [
        measure.linear_part(
            np.delete(x, i, 0), np.delete(f, i, 0), with_offset=with_offset
        )
        for i in range(25)
    ]
    for read in (
        lambda part: part.matrix,
        lambda part: part.nonlinear_share.value,
    ):
        replaced = np.array([read(part) for part in parts])
        expected = np.sqrt(((replaced - replaced.mean(0)) ** 2).sum(0) * 24 / 25)
        got = whole.estimate if read(whole).ndim else whole.nonlinear_share
        np.testing.assert_allclose(got.stderr, expected, rtol=1e-8)


@pytest.mark.parametrize("with_offset", [False, True])
def test_the_share_knows_how_many_directions_were_fitted(with_offset):
    n, d, shares = 80, 20, []
    for seed in range(100):
        x = np.random.default_rng(seed).normal(size=(n, d))
        f = x[:, :1] + np.sin(4 * x[:, 1:2])  # a sine too fast for any line: a third
        found = measure.linear_part(x, f, with_offset=with_offset)
        shares.append(float(found.nonlinear_share.value))
    mean = measure.curve_band(np.array(shares)[:, None]).mean
    assert abs(mean.value[0] - 1 / 3) < 4 * mean.stderr[0] + 1 / n
    assert abs(mean.z((1 - d / n) / 3)[0]) > 10  # of the residuals as they are


def test_linear_part_of_a_cubic_has_the_error_that_it_shows():
    # f = x^3 on unit Gaussians: slope 3, and of the second moment 15 it explains 9.
    z, shares = [], []
    for seed in range(60):
        x = np.random.default_rng(seed).normal(size=(800, 1))
        found = measure.linear_part(x, x**3)
        z.append(found.estimate.z(np.full((1, 1), 3.0))[0, 0])
        shares.append(found.nonlinear_share.value)
    # Not the error for a noise that knows nothing of the input, which is half of this.
    assert 0.75 < np.std(z) < 1.4
    mean = measure.curve_band(np.array(shares)[:, None]).mean
    assert abs(mean.z(0.4)[0]) < 4
    assert abs(mean.z(0.6)[0]) > 10


def test_fewer_samples_than_directions_have_no_error_bar_but_a_reason():
    x, rng = some_inputs(5, 8, 4)
    f = np.tanh(x @ rng.normal(size=(8, 1)))
    found = measure.linear_part(x, f)
    assert found.estimate is None
    assert "any function is linear" in found.reason
    np.testing.assert_allclose(x @ found.matrix.T, f, atol=1e-12)
    # Of least norm: nothing outside the rows.
    inside = x.T @ np.linalg.lstsq(x.T, found.matrix[0], rcond=None)[0]
    np.testing.assert_allclose(inside, found.matrix[0], atol=1e-10)


def test_unused_inputs_lower_the_rank_only():
    x, _ = some_inputs(30, 4, 5)
    x[:, 2] = 0
    found = measure.linear_part(x, x[:, :2])
    assert found.rank == 3
    np.testing.assert_allclose(found.matrix[0], [1, 0, 0, 0], atol=1e-12)


def test_mean_slopes_by_jax_and_by_differences_agree_with_the_formula():
    import jax.numpy as jnp

    x, rng = some_inputs(50, 4, 6)
    mix = rng.normal(size=(4, 3))
    exact = ((1 - np.tanh(x @ mix) ** 2)[:, :, None] * mix.T).mean(0)
    by_jax = measure.mean_jacobian(lambda rows: jnp.tanh(rows @ jnp.array(mix)), x)
    by_difference = measure.difference_jacobian(lambda rows: np.tanh(rows @ mix), x)
    np.testing.assert_allclose(by_jax.value, exact, rtol=1e-12)
    np.testing.assert_allclose(by_difference.value, exact, atol=1e-5)
    np.testing.assert_allclose(by_difference.stderr, by_jax.stderr, atol=1e-5)


def test_mean_slope_of_a_linear_network_is_its_product_without_error():
    x, rng = some_inputs(20, 4, 7)
    product = rng.normal(size=(2, 4))
    found = measure.difference_jacobian(lambda rows: rows @ product.T, x)
    np.testing.assert_allclose(found.value, product, rtol=1e-9)
    assert (found.stderr < 1e-10).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measure.linear_part(np.ones((4, 2)), np.ones((3, 1))), "samples as"),
        (lambda: measure.linear_part(np.zeros((4, 2)), np.ones((4, 1))), "must vary"),
        (
            lambda: measure.linear_part(np.full((4, 2), np.nan), np.ones((4, 1))),
            "must be finite",
        ),
        (lambda: measure.end_to_end_path([]), "one or more"),
        (
            lambda: measure.end_to_end_path([np.ones((3, 2)), np.ones((2, 4))]),
            "one chain",
        ),
        (
            lambda: measure.end_to_end_path([np.full((3, 2), np.inf)]),
            "must be finite",
        ),
        (
            lambda: measure.difference_jacobian(lambda x: x[:, 0], np.ones((4, 2))),
            "must map a batch of 4 rows",
        ),
        (
            lambda: measure.mean_jacobian(lambda x: x[:, 0], np.ones((4, 2))),
            "must map a batch of 4 rows",
        ),
        (
            lambda: measure.difference_jacobian(lambda x: x, np.ones((4, 2)), 0.0),
            "`step` must be positive",
        ),
    ],
)
def test_what_is_no_batch_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_direction_of_one_sample_has_no_error_bar_and_says_why():
    x, rng = some_inputs(30, 3, 5)
    x[:, 2] = np.eye(30)[0]
    found = measure.linear_part(x, rng.normal(size=(30, 1)))
    assert np.isfinite(found.matrix).all()
    assert found.estimate is None
    assert "one sample alone" in found.reason


def test_one_output_may_be_a_row_or_a_column():
    x, rng = some_inputs(30, 3, 8)
    y = np.tanh(x[:, 0]) + rng.normal(size=30)
    row, column = measure.linear_part(x, y), measure.linear_part(x, y[:, None])
    assert row.matrix.shape == (1, 3)
    np.testing.assert_array_equal(row.matrix, column.matrix)
    np.testing.assert_array_equal(row.estimate.stderr, column.estimate.stderr)
