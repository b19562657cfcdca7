"""Names that are loaded when first used, so that a light question stays light."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def listed(homes: Mapping[str, tuple[str, ...]]) -> list[str]:
    """All names of `homes`, sorted, for `__all__` and `dir`."""
    return sorted(name for names in homes.values() for name in names)


def attach(package: str, homes: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """A module's `__getattr__` that finds each name in its home.

    Args:
        package: The module's own name.
        homes: Names by the sub-module that defines them.
    """
    home = {name: module for module, names in homes.items() for name in names}

    def load(name: str) -> Any:
        if name not in home:
            import difflib  # takes longer to load than all that is told here

            near = difflib.get_close_matches(name, home, n=1)
            hint = f": did you mean `{near[0]}`?" if near else ""
            raise AttributeError(f"module `{package}` has no attribute `{name}`{hint}")
        return getattr(importlib.import_module(f"{package}.{home[name]}"), name)

    return load
