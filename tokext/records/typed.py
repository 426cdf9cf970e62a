"""Records from JSON: every value of the type that its field states."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

Record = TypeVar("Record")

#: What is right for a type at a glance, which is all that most values need.
_EXACT: Mapping[Any, tuple[type, ...]] = {
    int: (int,),
    float: (float, int),
    str: (str,),
    bool: (bool,),
    type(None): (type(None),),
}


def typed(record: Record) -> Record:
    """The record itself, once it is seen that its fields hold what they state.

    Lists may stand for tuples, and whole numbers for others, as JSON writes them.

    Args:
        record: A dataclass that was filled from JSON.

    Raises:
        TypeError: A field holds something else; it is named.

    Example:
        >>> from tokext.records import CurvePoint
        >>> typed(CurvePoint(rows=1, n_tokens="many"))
        Traceback (most recent call last):
        ...
        TypeError: n_tokens is 'many', not int
    """
    whose: Any = type(record)
    for name, kind in _fields(whose):
        value = getattr(record, name)
        if not _fits(value, kind):
            stated = getattr(kind, "__name__", kind) if kind in _EXACT else kind
            raise TypeError(f"{name} is {repr(value)[:60]}, not {stated}")
    return record


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, Any], ...]:
    return tuple(typing.get_type_hints(kind).items())


def _fits(value: object, kind: Any) -> bool:
    if kind in _EXACT:
        return type(value) in _EXACT[kind]
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return isinstance(value, kind) and typed(value) is value
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return any(_fits(value, one) for one in inner)
    if origin is tuple:
        return isinstance(value, tuple | list) and _all_fit(value, inner)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, origin) and all(_fits(one, inner[1]) for one in value.values())
    return True


def _all_fit(values: tuple[Any, ...] | list[Any], kinds: tuple[Any, ...]) -> bool:
    if kinds[1:] == (...,):
        return all(_fits(value, kinds[0]) for value in values)
    return len(values) == len(kinds) and all(map(_fits, values, kinds))
