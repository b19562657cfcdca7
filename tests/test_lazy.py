import ast
import importlib
import sys
from pathlib import Path

import pytest

import linnet
from linnet.lazy import attach

PACKAGE = Path(linnet.__file__).parent
NAME = "package_that_is_loaded_lazily"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose two names live in two sub-modules, one of which is broken."""
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from linnet.lazy import attach\n"
        "here = 'here'\n"
        "__getattr__ = attach(__name__, {'home': ('ANSWER', 'missing'),"
        " 'broken': ('never',)})\n"
    )
    (folder / "home.py").write_text("ANSWER = ['forty-two']\n")
    (folder / "broken.py").write_text("raise RuntimeError('was loaded')\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(NAME)
    for module in [m for m in sys.modules if m.split(".")[0] == NAME]:
        del sys.modules[module]


def test_a_name_is_loaded_when_it_is_first_used(package):
    assert f"{NAME}.home" not in sys.modules
    assert package.ANSWER == ["forty-two"]
    assert f"{NAME}.home" in sys.modules
    assert package.ANSWER is sys.modules[f"{NAME}.home"].ANSWER
    assert f"{NAME}.broken" not in sys.modules


def test_a_name_can_be_imported_from_the_package(package):
    scope = {}
    exec(f"from {NAME} import ANSWER, here", scope)
    assert scope["ANSWER"] is package.ANSWER
    assert scope["here"] == "here"


def test_an_unknown_name_is_no_attribute(package):
    assert not hasattr(package, "unknown")
    with pytest.raises(AttributeError, match=f"`{NAME}` has no attribute `unknown`"):
        _ = package.unknown
    with pytest.raises(ImportError, match="cannot import name 'unknown'"):
        exec(f"from {NAME} import unknown")


def test_a_name_that_its_home_lacks_is_no_attribute(package):
    with pytest.raises(AttributeError, match=r"home' has no attribute 'missing'"):
        _ = package.missing


def test_what_goes_wrong_in_a_home_is_not_hidden(package):
    with pytest.raises(RuntimeError, match="was loaded"):
        _ = package.never


def test_an_empty_table_knows_no_name():
    with pytest.raises(AttributeError, match="`somewhere` has no attribute `name`"):
        attach("somewhere", {})("name")


def told_to_type_checkers(tree):
    """Names by home, as imported where only a type checker looks."""
    return {
        (statement.module, alias.asname)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def attached(tree, package):
    """Names by home, as found while running."""
    named = {
        ast.unparse(node.targets[0]): node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
    }
    (call,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "attach"
    )
    homes = named.get(ast.unparse(call.args[1]), call.args[1])
    return {
        (f"{package}.{home}", name)
        for home, names in ast.literal_eval(homes).items()
        for name in names
    }


SPLIT = [
    path
    for path in sorted(PACKAGE.rglob("__init__.py"))
    if "attach(" in (text := path.read_text("utf-8")) and "TYPE_CHECKING" in text
]


@pytest.mark.parametrize("path", SPLIT, ids=lambda path: path.parent.name)
def test_type_checkers_and_programs_see_the_same_names(path):
    package = ".".join(("linnet", *path.parent.relative_to(PACKAGE).parts))
    tree = ast.parse(path.read_text("utf-8"))
    names = attached(tree, package)
    assert names == told_to_type_checkers(tree)
    module = importlib.import_module(package)
    for home, name in names:
        found = getattr(module, name)
        assert found is getattr(importlib.import_module(home), name)


def test_a_name_that_is_nearly_right_is_answered_by_the_right_one():
    from linnet.phenomena.anisotropy import theory

    with pytest.raises(AttributeError, match="did you mean `best_stopping`"):
        theory.best_stoping  # noqa: B018


def test_all_lazy_names_are_listed_and_documented():
    from linnet.phenomena.anisotropy import theory

    assert dir(theory) == sorted(theory.__all__)
    assert "attach" not in dir(linnet)
    undocumented = [
        name for name in theory.__all__ if not getattr(theory, name).__doc__
    ]
    assert not undocumented
