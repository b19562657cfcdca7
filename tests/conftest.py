"""What all tests run under: careful arrays, checked shapes, repeatable examples.

64-bit JAX stays off for the process, so that a number leaving its scope is seen.
"""

import os
from collections.abc import Iterator

import jax
import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# Before anything imports linnet: shapes in annotations are checked in every call.
install_import_hook("linnet", "shape_checks.checked")

# Mixed types and silently added axes are errors; diffrax and equinox keep to that.
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

# No deadline: the first call compiles. In CI the same examples every time.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_configure(config: pytest.Config) -> None:
    """Compile without optimizing where programs are short: a third of the time.

    The slow tests, and whoever sets `XLA_FLAGS`, run what users run.
    """
    if config.option.markexpr == "not slow":  # before the first program is compiled
        os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")


@pytest.fixture
def x64() -> Iterator[None]:
    """64-bit JAX for one test, to look at a kernel without `simulate` around it."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def standard_promotion() -> Iterator[None]:
    """JAX's usual promotion, for libraries that mix types (optax does)."""
    with jax.numpy_dtype_promotion("standard"):
        yield
