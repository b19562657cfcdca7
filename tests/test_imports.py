"""What the package shows, and what importing a part of it may load."""

import subprocess
import sys
from pathlib import Path

import pytest

import linnet

PACKAGE = Path(__file__).parents[1] / "src" / "linnet"
PUBLIC_NAMES = 40


def test_public_names_are_few_and_there():
    assert len(linnet.__all__) <= PUBLIC_NAMES
    assert sorted(set(linnet.__all__)) == sorted(linnet.__all__)
    for name in linnet.__all__:
        assert getattr(linnet, name) is not None


HEAVY = (
    "jax",
    "jaxtyping",
    "matplotlib",
    "scipy",
    "sklearn",
    "pandas",
    "diffrax",
    "equinox",
)


def loaded_by(statement: str) -> set[str]:
    """Heavy libraries that a fresh interpreter has loaded after `statement`."""
    report = f"import sys; {statement}; print(*({set(HEAVY)!r} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import linnet") == set()


def phenomena_modules(role: str) -> list[str]:
    folders = [path.parent.name for path in PACKAGE.glob("phenomena/*/__init__.py")]
    return [f"linnet.phenomena.{folder}.{role}" for folder in sorted(folders)]


@pytest.mark.parametrize("module", phenomena_modules("theory"))
def test_importing_a_theory_loads_no_simulation(module: str):
    assert loaded_by(f"import {module}") <= {"scipy"}


@pytest.mark.parametrize("module", phenomena_modules("claims"))
def test_importing_claims_loads_no_simulation(module: str):
    assert not loaded_by(f"import {module}") & {"jax", "diffrax", "equinox"}
