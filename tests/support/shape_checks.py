"""Checks the shapes in annotations while the tests run, after the call.

An ordinary run-time type checker looks at arguments first, so that a test of a refusal
would see its error instead of ours; and it takes 1 for no float. Here a function may
refuse first. Where it returns, the shapes of all that it took and gave must agree.
"""

import inspect
from collections.abc import Callable
from types import UnionType
from typing import Any, Union, get_args, get_origin

import jax
import numpy as np
from jaxtyping import AbstractArray, Shaped, jaxtyped

SCALARS = (bool, complex, float, int, str)


def checked(function: Callable) -> Callable:
    """Check every array against its annotation; for jaxtyping's import hook.

    The hook hands over a stand-in with the signature of what it checks: one for before
    the call, which returns `Any`, and one for after it.
    """
    hints = function.__annotations__
    if hints.get("return") is Any:
        return lambda *args, **kwargs: None
    named = positions(function)

    def check(*args: Any, **kwargs: Any) -> None:
        given = named(args, kwargs)
        returned = function(*args, **kwargs)
        for name, value in [*given.items(), ("return", returned)]:
            if name in hints and not fits(value, hints[name]):
                raise TypeError(f"`{name}` is {describe(value)}, not {hints[name]}")

    return check


def positions(function: Callable) -> Callable[[tuple, dict], dict[str, Any]]:
    """What names arguments; without `*args` far faster than binding a signature."""
    signature = inspect.signature(function)
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    if kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        return lambda args, kwargs: signature.bind(*args, **kwargs).arguments
    names = tuple(signature.parameters)
    return lambda args, kwargs: dict(zip(names, args, strict=False)) | kwargs


def fits(value: Any, hint: Any) -> bool:
    """Whether every array in `value` has the shape that `hint` gives it."""
    if hint in SCALARS:
        return not (is_array(value) and value.shape)
    parts, kind = get_args(hint), get_origin(hint)
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return not is_array(value) or isinstance(value, Shaped[Any, hint.dim_str])
    if kind in (Union, UnionType):
        return any(fits(value, part) for part in parts)
    if kind is tuple and isinstance(value, tuple):
        if parts[-1:] == (...,):
            return all(fits_alone(entry, parts[0]) for entry in value)
        return len(parts) == len(value) and all(map(fits, value, parts))
    return True


def fits_alone(value: Any, hint: Any) -> bool:
    """As `fits`, with sizes of its own: the layers of a network differ in theirs."""
    with jaxtyped("context"):
        return fits(value, hint)


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | jax.Array)


def describe(value: Any) -> str:
    return f"of shape {value.shape}" if is_array(value) else f"{value!r:.200}"
