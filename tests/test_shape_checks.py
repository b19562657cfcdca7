"""The run-time check of shapes sees what it should, and lets a refusal pass first."""

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float, TypeCheckError, jaxtyped
from shape_checks import checked

from linnet.numerics import subspace_overlap


@jaxtyped(typechecker=checked)
def product(
    left: Float[np.ndarray, "n d"], right: Float[np.ndarray, "d k"]
) -> Float[np.ndarray, "n k"]:
    if left.shape[1] == 4:
        raise ValueError("four is refused")
    return np.resize(left, (left.shape[0], 2))


@jaxtyped(typechecker=checked)
def scaled(
    layers: tuple[Float[Array, "out in"], ...], factor: float | Float[Array, ""]
) -> tuple[Float[Array, "out in"], ...]:
    return tuple(factor * layer for layer in layers)


def test_shapes_that_agree_pass():
    assert product(np.ones((3, 5)), np.ones((5, 2))).shape == (3, 2)
    assert len(scaled((jnp.ones((3, 2)), jnp.ones((1, 3))), 2)) == 2


def test_an_argument_that_does_not_agree_is_found():
    with pytest.raises(TypeCheckError):
        product(np.ones((3, 5)), np.ones((6, 2)))


def test_a_result_that_does_not_agree_is_found():
    with pytest.raises(TypeCheckError):
        product(np.ones((3, 5)), np.ones((5, 7)))


def test_shapes_inside_tuples_and_unions_are_seen():
    with pytest.raises(TypeCheckError):
        scaled((jnp.ones((3, 2)), jnp.ones(3)), 2.0)
    with pytest.raises(TypeCheckError):
        scaled((jnp.ones((3, 2)),), np.ones((1, 1)))


def test_a_refusal_comes_first():
    with pytest.raises(ValueError, match="four is refused"):
        product(np.ones((3, 4)), np.ones((5, 2)))


def test_the_package_is_under_the_check():
    with pytest.raises(TypeCheckError):
        subspace_overlap(np.ones((3, 1, 1)), np.ones((3, 1, 1)))
