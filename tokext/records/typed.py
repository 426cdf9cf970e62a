"""Records from JSON: every value of the type that its field states."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

Record = TypeVar("Record")

Test = Callable[[Any], bool]

#: What is right for a type at a glance, which is all that most values need.
_EXACT: Mapping[Any, frozenset[type]] = {
    int: frozenset({int}),
    float: frozenset({float, int}),
    str: frozenset({str}),
    bool: frozenset({bool}),
    type(None): frozenset({type(None)}),
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
    for name, kind, fits in _fields(whose):
        value = getattr(record, name)
        if not fits(value):
            stated = getattr(kind, "__name__", kind) if kind in _EXACT else kind
            raise TypeError(f"{name} is {repr(value)[:60]}, not {stated}")
    return record


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, Any, Test], ...]:
    return tuple((name, hint, _test(hint)) for name, hint in typing.get_type_hints(kind).items())


@functools.cache
def _test(kind: Any) -> Test:
    """Whether a value is of a kind: found out about the kind once, as records may be many."""
    if kind in _EXACT:
        exact = _EXACT[kind]
        return lambda value: type(value) in exact
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return lambda value: isinstance(value, kind) and typed(value) is value
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        tests = [_test(one) for one in inner]
        return lambda value: any(test(value) for test in tests)
    if origin is tuple:
        all_fit = _test_of_all(inner)
        return lambda value: isinstance(value, tuple | list) and all_fit(value)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        of_value = _test(inner[1])
        return lambda value: isinstance(value, origin) and all(map(of_value, value.values()))
    return lambda value: True


def _test_of_all(kinds: tuple[Any, ...]) -> Callable[[Sequence[Any]], bool]:
    if kinds[1:] != (...,):
        tests = [_test(kind) for kind in kinds]
        return lambda values: (
            len(values) == len(tests)
            and all(test(value) for test, value in zip(tests, values, strict=True))
        )
    if kinds[0] in _EXACT:
        exact = _EXACT[kinds[0]]
        return lambda values: exact.issuperset(map(type, values))
    of_each = _test(kinds[0])
    return lambda values: all(map(of_each, values))
