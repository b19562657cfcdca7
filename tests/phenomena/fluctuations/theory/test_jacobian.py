from itertools import pairwise

import numpy as np
import plain_layers as plain
import pytest
from hypothesis import given, strategies as st

from linnet.network import end_to_end, flatten, unflatten, widths
from linnet.phenomena.fluctuations import theory


def drawn(sizes, seed=0):
    rng = np.random.default_rng([seed, *sizes])
    return tuple(rng.normal(size=(b, a)) for a, b in pairwise(sizes))


def of_ranks(d, h, k, first, second, seed=0):
    one = drawn((d, first, h), seed)
    two = drawn((h, second, k), seed + 1)
    return end_to_end(one), end_to_end(two)


@pytest.mark.parametrize("sizes", [(3, 2), (3, 4, 2), (2, 3, 4, 3), (2, 2, 3, 2, 4)])
def test_the_jacobian_is_the_derivative_of_the_product(sizes):
    weights = drawn(sizes)
    here, found = flatten(weights), theory.jacobian(weights)
    for at, column in enumerate(found.T):
        step = np.zeros_like(here)
        step[at] = 0.5  # the product is linear in each weight: no error of the step
        ahead, behind = (
            end_to_end(unflatten(here + s * step, widths(weights))) for s in (1, -1)
        )
        np.testing.assert_allclose((ahead - behind).ravel(), column, atol=1e-12)


@given(
    sizes=st.lists(st.integers(1, 4), min_size=3, max_size=5),
    ranks=st.lists(st.integers(1, 4), min_size=4, max_size=4),
    seed=st.integers(0, 9),
)
def test_the_rank_from_ranks_of_products_is_the_rank_of_the_jacobian(
    sizes, ranks, seed
):
    weights = tuple(
        end_to_end(drawn((a, rank, b), seed))
        for a, b, rank in zip(sizes[:-1], sizes[1:], ranks, strict=False)
    )
    full = theory.jacobian(weights)
    assert theory.jacobian_rank(weights) == np.linalg.matrix_rank(full, rtol=1e-9)


@pytest.mark.parametrize(
    "case",
    [
        (4, 5, 3, 4, 3),
        (4, 2, 3, 2, 2),
        (4, 5, 3, 2, 3),
        (4, 5, 3, 2, 2),
        (4, 3, 2, 3, 2),
    ],
)
def test_ranks_and_gauge_of_two_layers_follow_from_the_ranks_of_the_layers(case):
    d, h, k, r1, r2 = case
    weights = of_ranks(*case)
    rank = theory.jacobian_rank(weights)
    assert rank == k * d - (d - r1) * (k - r2)
    if r1 == r2 == h:
        assert rank == h * (k + d - h)
    tangents = []
    for at in range(h * h):
        turn = np.zeros(h * h)
        turn[at] = 1
        turn = turn.reshape(h, h)
        tangents.append(flatten((turn @ weights[0], -weights[1] @ turn)))
    tangents = np.array(tangents)
    gauge = theory.gauge_dimension(weights)
    assert gauge == np.linalg.matrix_rank(tangents, rtol=1e-9)
    np.testing.assert_allclose(theory.jacobian(weights) @ tangents.T, 0, atol=1e-12)
    beyond = (h - r2) * (d - r1) + (h - r1) * (k - r2)
    assert rank + gauge + beyond == h * (d + k)


@pytest.mark.parametrize("sizes", [(3, 4, 2), (4, 2, 3), (3, 2, 4, 3)])
def test_the_space_is_the_range_with_its_images_and_singular_values(sizes):
    weights = drawn(sizes)
    space = theory.fluctuating_space(weights)
    full = theory.jacobian(weights)
    assert space.rank == theory.jacobian_rank(weights)
    np.testing.assert_allclose(
        space.basis.T @ space.basis, np.eye(space.rank), atol=1e-12
    )
    np.testing.assert_allclose(
        full @ space.basis, space.images * space.singular, atol=1e-12
    )
    np.testing.assert_allclose(full @ space.basis @ space.basis.T, full, atol=1e-12)


def test_the_gap_tells_how_well_the_rank_is_defined():
    clear = of_ranks(4, 2, 3, 2, 2)
    assert theory.fluctuating_space(clear).gap > 1e12
    first = np.diag([1.0, 1e-7, 1e-11])
    second = np.diag([1.0, 1e-7, 1e-11])
    space = theory.fluctuating_space((first, second))
    assert space.rank == 8
    assert space.gap == pytest.approx(1e4 / np.sqrt(2), rel=1e-6)


def test_bad_layers_are_refused():
    one = np.ones((2, 3))
    with pytest.raises(ValueError, match="chain of layers"):
        theory.jacobian((one, one))
    with pytest.raises(ValueError, match="two layers here, but holds 1"):
        theory.gauge_dimension((one,))
    with pytest.raises(ValueError, match=r"`tolerance` must lie in \(0, 1\)"):
        theory.jacobian_rank((one,), tolerance=0.0)
    with pytest.raises(ValueError, match="let the product move"):
        theory.fluctuating_space((np.zeros((2, 3)), np.zeros((2, 2))))


def test_the_residual_hessian_is_the_second_derivative_at_a_fixed_gradient():
    for sizes in ((3, 2, 4), (2, 3, 2, 3), (2, 2, 3, 2, 2)):
        weights = drawn(sizes, seed=3)
        d, k = sizes[0], sizes[-1]
        rng = np.random.default_rng(1)
        inputs, targets = rng.normal(size=(9, d)), rng.normal(size=(9, k))
        gradient = -(targets - inputs @ end_to_end(weights).T).T @ inputs / 9
        full = theory.jacobian(weights)
        flat = full.T @ np.kron(np.eye(k), inputs.T @ inputs / 9) @ full
        bend = theory.residual_hessian(weights, gradient)
        whole = plain.hessian(weights, inputs, targets)
        scale = np.abs(whole).max()
        np.testing.assert_allclose(flat + bend, whole, atol=1e-5 * scale)
        assert np.abs(flat - whole).max() > 0.01 * scale
        some = rng.normal(size=(len(bend), 2))
        np.testing.assert_allclose(
            theory.residual_hessian_product(weights, gradient, some), bend @ some
        )
    with pytest.raises(
        ValueError, match=r"`gradient` must be a finite matrix \(k, d\)"
    ):
        theory.residual_hessian(weights, np.eye(5))
    with pytest.raises(ValueError, match="one row per weight"):
        theory.residual_hessian_product(weights, gradient, np.eye(3))
