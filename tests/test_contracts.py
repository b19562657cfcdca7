"""Every import contract is shown to fail on a planted violation.

A contract that cannot fail says nothing: one with a misspelled module passes for ever.
The violations are planted in a copy of the package.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = ROOT / "pyproject.toml"

# contract: (module that gets the line, the line)
PLANTED = {
    "storeys": ("numerics/planted.py", "import linnet.study"),
    "front-door": ("task/planted.py", "import linnet"),
    "cycles": ("numerics/first.py", "import linnet.numerics.second"),
    "answers": ("phenomena/new/claims.py", "import linnet.show"),
    "show": ("show/planted.py", "import linnet.phenomena.new.claims"),
    "phenomena": ("phenomena/new/theory.py", "import linnet.phenomena.other.theory"),
    "theory": ("phenomena/new/theory.py", "import linnet.dynamics"),
    "measure": ("phenomena/new/measure/rank.py", "import linnet.phenomena.new.theory"),
    "foundations": ("network/planted.py", "import jax.numpy as jnp"),
    "drawing": ("study/planted.py", "from matplotlib.figure import Figure"),
    "page": ("cli/planted.py", "import jinja2"),
    "terminal": ("phenomena/new/claims.py", "from rich.progress import track"),
    "web": ("cli/planted.py", "import panel"),
    "cluster": ("dynamics/planted.py", "import dask"),
    "torch": ("phenomena/new/measure/rank.py", "import torch"),
    "solvers": ("phenomena/new/measure/rank.py", "import diffrax"),
    "sklearn": ("phenomena/new/theory.py", "from sklearn.linear_model import Ridge"),
}

# More ways to break a contract, each on its own.
MORE_PLANTED = [
    ("storeys", "task/planted.py", "import linnet.network"),
    ("storeys", "study/planted.py", "import linnet.phenomena"),
    ("storeys", "dynamics/planted.py", "import linnet.study"),
    ("storeys", "phenomena/new/claims.py", "import linnet.cli"),
    ("storeys", "forgotten.py", "import linnet.numerics"),  # on no storey
    ("show", "show/planted.py", "import linnet.task"),
    ("theory", "phenomena/new/theory.py", "import jax"),
    ("theory", "phenomena/new/theory.py", "import linnet.phenomena.new.measure.rank"),
    ("theory", "phenomena/new/theory.py", "import linnet.study"),
    ("foundations", "numerics/planted.py", "def late():\n    import equinox"),
]

# Phenomena that do not exist, with theory as a module and measure as a package.
SCAFFOLD = (
    "phenomena/new/__init__.py",
    "phenomena/new/theory.py",
    "phenomena/new/claims.py",
    "phenomena/new/measure/__init__.py",
    "phenomena/new/measure/rank.py",
    "phenomena/other/__init__.py",
    "phenomena/other/theory.py",
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package with two more phenomena, which keeps all contracts."""
    copy = tmp_path / "linnet"
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "linnet", copy, ignore=unwanted)
    for name in SCAFFOLD:
        plant(copy, name, '"""A phenomenon that does not exist."""')
    plant(copy, "numerics/second.py", "import linnet.numerics.first")
    plant(copy, "numerics/first.py", '"""Imported by `second`."""')
    return copy


def plant(package: Path, name: str, line: str) -> None:
    path = package / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{line}\n")


def lint(package: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the linter on a copy, in a process that has not imported the original."""
    command = "from importlinter.cli import lint_imports_command as run; run()"
    quiet = ("--no-cache", "--no-logo", "--config", str(PYPROJECT))
    return subprocess.run(
        [sys.executable, "-c", command, *quiet, *options],
        cwd=package.parent,
        env={**os.environ, "PYTHONPATH": str(package.parent), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_package_with_new_phenomena_keeps_all_contracts(package: Path):
    result = lint(package)
    assert result.returncode == 0, result.stdout
    assert f"{len(PLANTED)} kept, 0 broken" in result.stdout


def test_every_contract_has_a_planted_violation():
    tools = tomllib.loads(PYPROJECT.read_text())["tool"]
    contracts = {contract["id"] for contract in tools["importlinter"]["contracts"]}
    assert contracts == set(PLANTED)


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [(name, *violation) for name, violation in PLANTED.items()] + MORE_PLANTED,
)
def test_a_planted_violation_breaks_its_contract(
    package: Path, contract: str, module: str, line: str
):
    plant(package, module, line)
    result = lint(package, "--contract", contract)
    assert result.returncode == 1
    assert "0 kept, 1 broken" in result.stdout
    assert Path(module).stem in result.stdout
