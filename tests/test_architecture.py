"""The rules of the house that import contracts cannot say, read off the source.

`violations` returns one sentence per broken rule; each rule is shown to fail on a
planted violation.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "linnet"

MODULE_LINES = 450
FUNCTION_LINES = 50

VAGUE = {"common", "helper", "helpers", "misc", "util", "utils"}
ROLES = {"claims", "measure", "theory"}
STOREYS_BELOW_STUDY = {"dynamics", "network", "numerics", "task"}
READS_FILES = (("task", "loading"), ("task", "tables"))

OUTSIDE_WORLD = {
    "concurrent", "datetime", "glob", "io", "logging", "multiprocessing", "os",
    "pathlib", "platform", "psutil", "resource", "shutil", "signal", "socket",
    "subprocess", "tempfile", "threading", "time",
}  # fmt: skip
OUTSIDE_CALLS = {"breakpoint", "eval", "exec", "input", "open", "print"}
NUMPY_FILES = {
    "fromfile", "genfromtxt", "load", "loadtxt", "memmap", "save", "savetxt", "savez",
    "savez_compressed",
}  # fmt: skip
RANDOM_MODULES = {"jax.random", "numpy.random", "random", "secrets"}
RANDOM_NAMES = {"Generator", "RandomState", "default_rng", "rvs"}
PRIVATE_JAX = {"core", "experimental", "extend", "interpreters", "lib"}


@dataclass(frozen=True)
class Module:
    """One source file: where it lies (`phenomena`, `x`, `theory`) and what it says."""

    path: Path
    parts: tuple[str, ...]
    text: str
    tree: ast.Module

    @property
    def role(self) -> str | None:
        """`theory`, `measure` or `claims` inside a phenomenon, else None."""
        inside = self.parts[0] == "phenomena" and len(self.parts) > 2
        return self.parts[2] if inside else None

    @property
    def is_pure(self) -> bool:
        """Computes only: no file, clock, process or output."""
        if self.parts[:2] in READS_FILES:
            return False
        return self.parts[0] in STOREYS_BELOW_STUDY or self.role in {
            "measure",
            "theory",
        }


def violations(package: Path) -> list[str]:
    """One sentence per rule that a module of `package` breaks."""
    found = []
    for path in sorted(package.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        parts = path.relative_to(package).with_suffix("").parts
        module = Module(path, parts, text, ast.parse(text))
        name = path.relative_to(package)
        found += [f"{name}: {what}" for rule in RULES for what in rule(module)]
    return found


def names_say_what_is_inside(module: Module) -> Iterator[str]:
    for part in module.parts:
        if part.strip("_") in VAGUE:
            yield f"`{part}` says nothing of what is inside"


def modules_and_functions_are_short(module: Module) -> Iterator[str]:
    lines = module.text.count("\n")
    if lines > MODULE_LINES:
        yield f"{lines} lines, more than {MODULE_LINES}"
    for function in functions(module.tree):
        body = function.body
        if ast.get_docstring(function, clean=False) is not None:
            body = body[1:]
        length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
        if length > FUNCTION_LINES:
            yield f"`{function.name}` has {length} lines, more than {FUNCTION_LINES}"


def arguments_are_annotated(module: Module) -> Iterator[str]:
    methods = {
        function
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        for function in node.body
    }
    for function in functions(module.tree):
        given = function.args
        named = [*given.posonlyargs, *given.args]
        if function in methods and not is_static(function):
            named = named[1:]
        named += [*given.kwonlyargs, given.vararg, given.kwarg]
        for bare in named:
            if bare is not None and bare.annotation is None:
                yield f"argument `{bare.arg}` of `{function.name}` has no annotation"


def phenomena_have_three_roles(module: Module) -> Iterator[str]:
    if module.parts[0] != "phenomena" or module.parts[-1] == "__init__":
        return
    if len(module.parts) < 3 or module.role not in ROLES:
        yield "a module of a phenomenon is theory, measure or claims, or inside them"


def theory_draws_nothing(module: Module) -> Iterator[str]:
    if module.role != "theory":
        return
    for imported, line in imports(module.tree):
        if is_in(imported, RANDOM_MODULES) or last(imported) in RANDOM_NAMES:
            yield f"theory draws nothing, but line {line} imports `{imported}`"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in {"random", *RANDOM_NAMES}:
            yield f"theory draws nothing, but line {node.lineno} uses `{node.attr}`"
        if isinstance(node, ast.arg) and node.arg in {"key", "rng", "seed"}:
            yield f"theory draws nothing, but line {node.lineno} takes `{node.arg}`"


def only_claims_import_both_sides(module: Module) -> Iterator[str]:
    if module.parts[0] != "phenomena" or module.role == "claims":
        return
    imported = [name.split(".") for name, _ in imports(module.tree)]
    roles = {
        name[3] for name in imported if name[:2] == ["linnet", "phenomena"] and name[3:]
    }
    if {"measure", "theory"} <= roles:
        yield "only claims import both theory and measure"


def claims_simulate_late(module: Module) -> Iterator[str]:
    if module.role != "claims":
        return
    for imported, line in imports(module.tree, at_import=True):
        if is_in(imported, {"linnet.dynamics"}):
            yield f"line {line} imports `{imported}`: move it into the function"


def computing_is_pure(module: Module) -> Iterator[str]:
    if not module.is_pure:
        return
    for imported, line in imports(module.tree):
        if imported.split(".")[0] in OUTSIDE_WORLD:
            yield f"line {line} imports `{imported}`: no file, clock, process or output"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and is_outside(node.func):
            name = ast.unparse(node.func)
            yield f"line {node.lineno} calls `{name}`: no file, process or output"


def jax_is_used_by_its_public_names(module: Module) -> Iterator[str]:
    used = list(imports(module.tree))
    used += [
        (ast.unparse(node), node.lineno)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
    ]
    for name, line in used:
        root, *rest = name.split(".")
        if root == "jaxlib":
            yield f"line {line}: `{name}` is private"
        private = any(part.startswith("_") for part in rest)
        if root == "jax" and rest and (private or rest[0] in PRIVATE_JAX):
            yield f"line {line}: `{name}` is no public part of JAX"


def imports_hide_nothing(module: Module) -> Iterator[str]:
    for imported, line in imports(module.tree):
        if imported == "__future__.annotations":
            yield f"line {line}: `{imported}` blinds shape checks"
        if last(imported) == "*":
            yield f"line {line}: `{imported}` hides where names come from"


def nothing_is_overridden(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id == "super":
            yield f"line {node.lineno}: a class is abstract or final, without `super()`"


RULES = (
    names_say_what_is_inside,
    modules_and_functions_are_short,
    arguments_are_annotated,
    phenomena_have_three_roles,
    theory_draws_nothing,
    only_claims_import_both_sides,
    claims_simulate_late,
    computing_is_pure,
    jax_is_used_by_its_public_names,
    imports_hide_nothing,
    nothing_is_overridden,
)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def is_static(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(mark) == "staticmethod" for mark in function.decorator_list)


def imports(tree: ast.AST, at_import: bool = False) -> Iterator[tuple[str, int]]:
    """Full names that are imported, with their lines; nothing in functions on demand.

    `at_import` keeps what runs when the module is imported, in whatever block it
    stands, except behind `TYPE_CHECKING`.
    """
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno
        elif not (at_import and runs_later(node)):
            yield from imports(node, at_import)


def runs_later(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return ast.unparse(node.test).endswith("TYPE_CHECKING")
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def is_outside(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in OUTSIDE_CALLS
    name = ast.unparse(function)
    root, _, rest = name.partition(".")
    if root in {"np", "numpy"}:
        return rest in NUMPY_FILES
    return name == "jax.debug.print"


def is_in(name: str, modules: set[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def last(name: str) -> str:
    return name.rpartition(".")[2]


def test_the_package_keeps_the_rules_of_the_house():
    assert violations(PACKAGE) == []


LONG_FUNCTION = "def f() -> None:\n" + "    x = 1\n" * (FUNCTION_LINES + 1)
THEORY = "phenomena/new/theory.py"
CLAIMS = "phenomena/new/claims.py"


@pytest.mark.parametrize(
    ("name", "source", "complaint"),
    [
        ("task/utils.py", "", "says nothing of what is inside"),
        ("study/_helpers/table.py", "", "says nothing of what is inside"),
        ("study/long.py", "x = 1\n" * (MODULE_LINES + 1), "451 lines"),
        ("study/long.py", LONG_FUNCTION, "51 lines"),
        ("cli/run.py", "def f(x) -> None: ...", "argument `x` of `f`"),
        ("cli/run.py", "def f(*x, y: int) -> None: ...", "argument `x` of `f`"),
        ("cli/run.py", "class A:\n    def f(self, x): ...", "argument `x` of `f`"),
        ("phenomena/new/plots.py", "", "theory, measure or claims"),
        ("phenomena/shared.py", "", "theory, measure or claims"),
        (THEORY, "import random", "draws nothing"),
        (THEORY, "from numpy.random import default_rng", "draws nothing"),
        (THEORY, "from jax import random", "draws nothing"),
        (THEORY, "import numpy as np\nx = np.random.normal()", "uses `random`"),
        ("phenomena/new/theory/a.py", "def f(seed: int) -> None: ...", "takes `seed`"),
        (
            "phenomena/new/__init__.py",
            "from linnet.phenomena.new import measure, theory",
            "only claims import both",
        ),
        (CLAIMS, "from linnet.dynamics import simulate", "move it into the function"),
        (CLAIMS, "try:\n    import linnet.dynamics\nfinally:\n    x = 1", "move it"),
        ("dynamics/run.py", "import time", "imports `time`"),
        ("task/moments.py", "from pathlib import Path", "imports `pathlib.Path`"),
        ("numerics/a.py", "def f() -> None:\n    import logging", "imports `logging`"),
        ("network/a.py", "print(1)", "calls `print`"),
        ("numerics/a.py", "open('a')", "calls `open`"),
        ("task/dataset.py", "import numpy as np\nnp.load('a')", "calls `np.load`"),
        ("phenomena/new/measure/rank.py", "import os", "imports `os`"),
        ("dynamics/a.py", "import jax\njax.debug.print('a')", "`jax.debug.print`"),
        ("dynamics/a.py", "from jax._src import core", "no public part of JAX"),
        ("dynamics/a.py", "import jax.interpreters.mlir", "no public part of JAX"),
        ("dynamics/a.py", "import jax\njax.interpreters.ad", "no public part of JAX"),
        ("dynamics/a.py", "import jaxlib", "is private"),
        ("study/a.py", "from __future__ import annotations", "blinds shape checks"),
        ("study/a.py", "from linnet.task import *", "hides where names come from"),
        ("study/a.py", "class A(B):\n    def f(self):\n        super().f()", "super()"),
    ],
)
def test_a_planted_violation_is_found(
    tmp_path: Path, name: str, source: str, complaint: str
):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(source)
    found = violations(tmp_path)
    assert found
    assert all(sentence.startswith(f"{name}: ") for sentence in found)
    assert any(complaint in sentence for sentence in found)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("task/loading.py", "from pathlib import Path\nopen('a')"),
        ("study/store.py", "import os\nimport time\nprint(open('a'))"),
        (CLAIMS, "def f() -> None:\n    from linnet.dynamics import simulate"),
        (CLAIMS, "from linnet.phenomena.new import measure, theory"),
        ("dynamics/a.py", "import jax.numpy as jnp\nfrom jax import lax, random"),
        ("cli/run.py", "class A:\n    def f(self, x: int) -> None: ..."),
        ("phenomena/new/theory/modes.py", "import numpy as np\nnp.linalg.eigh"),
    ],
)
def test_what_is_allowed_is_not_complained_about(
    tmp_path: Path, name: str, source: str
):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(source)
    assert violations(tmp_path) == []
