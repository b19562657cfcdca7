"""The phenomena, found rather than listed: a new one is a new folder here.

A phenomenon is a package with a `TITLE`, a `QUESTION`, a `BIBLIOGRAPHY` and a module
`claims`. Its `CLAIMS` are the statements that can be run; its `check(problem)` refuses
settings before any work, `settings(problem)` tells what it chose where nothing was
asked for, and `answers(problem, verdicts)`, `headline(problem)` and
`predictions(problem)` are what the owner of a data set is told.
"""

import importlib
import pkgutil
from types import ModuleType


def names() -> tuple[str, ...]:
    """Names of all phenomena, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if m.ispkg))


def find(name: str) -> ModuleType:
    """The package of a phenomenon; light, it loads no claims.

    Raises:
        ValueError: when there is none of this name.
    """
    if name not in names():
        raise ValueError(
            f"There is no phenomenon `{name}`: there is {', '.join(names())}."
        )
    return importlib.import_module(f"{__name__}.{name}")


def claims(name: str) -> tuple:
    """The claims of a phenomenon; simulation is loaded only when one is run."""
    find(name)
    return tuple(importlib.import_module(f"{__name__}.{name}.claims").CLAIMS)
