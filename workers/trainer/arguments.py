"""A job's parameters, which are JSON, as the annotations of the entry function want them."""

from __future__ import annotations

import collections.abc
import enum
import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any

from lrtune.task import TaskError

_LISTS = (
    list,
    collections.abc.Sequence,
    collections.abc.MutableSequence,
    collections.abc.Iterable,
    collections.abc.Collection,
)
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_PLAIN = (bool, str, type(None))
_JSON = (*_PLAIN, int, float, list, tuple, dict)


class _Misfit(ValueError):  # noqa: N818 - what the value is
    """A value is none of its annotation's; says what that would be."""


def arguments(function: Any, params: Mapping[str, Any]) -> dict[str, Any]:
    """``params`` as ``function`` takes them: members of enumerations for their values or names, tuples for
    lists, whole numbers for ``4.0`` where it says int, and floats for ``4`` where it says float; inside of
    lists, tuples, mappings, unions and ``Annotated``, too.

    What has no annotation, or one that means nothing here, stays as it is.

    Args:
        function: The entry; ``params`` bind to its signature.

    Raises:
        TaskError: A value is none of its annotation's, as that of an enumeration that the server could not
            read from the source.
    """
    function = inspect.unwrap(function)
    known = inspect.signature(function).parameters
    rest = next((each for each in known.values() if each.kind is inspect.Parameter.VAR_KEYWORD), None)
    made = {}
    for name, value in params.items():
        parameter = known.get(name, rest)
        try:
            made[name] = value if parameter is None else _fit(_hint(function, parameter), value)
        except _Misfit as misfit:
            raise TaskError("params", f"{name} is {value!r}", f"give {misfit}") from None
    return made


def _hint(function: Any, parameter: inspect.Parameter) -> Any:
    """A parameter's annotation, read where the function stands; ``Any`` if it has none or can't be read."""
    if parameter.annotation is inspect.Parameter.empty:
        return Any
    alone = types.SimpleNamespace(__annotations__={"it": parameter.annotation})
    try:
        return typing.get_type_hints(alone, getattr(function, "__globals__", {}), include_extras=True)["it"]
    except Exception:  # names for type checkers alone, mistakes: an annotation need not mean anything
        return Any


def _fit(hint: Any, value: Any) -> Any:
    """``value`` as ``hint`` has it; raises ``_Misfit``."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _fit(inner[0], value)
    if origin in (typing.Union, types.UnionType):
        return _one_of(inner, value)
    if origin is typing.Literal:
        return _literal(inner, value)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _member(hint, value)
    if hint is int or hint is float:
        return _number(hint, value)
    if _is_one_of(_PLAIN, hint):
        return _checked(hint, value)
    kind = origin or hint
    if kind is tuple:
        return _tuple(inner, _checked(list, value))
    if _is_one_of(_LISTS, kind):
        return [_fit(inner[0], each) for each in _checked(list, value)] if inner else _checked(list, value)
    if _is_one_of(_MAPPINGS, kind):
        found = _checked(dict, value)
        return {_key(inner[0], key): _fit(inner[1], each) for key, each in found.items()} if inner else found
    return _fit(hint.__value__, value) if hasattr(hint, "__value__") else value


def _is_one_of(kinds: tuple[Any, ...], hint: Any) -> bool:
    """By identity: an annotation may be anything, and what ``==`` does of it too."""
    return any(hint is kind for kind in kinds)


def _checked(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise _Misfit({type(None): "null", list: "a list", dict: "an object"}.get(kind, kind.__name__))
    return value


def _number(kind: type, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Misfit("a number")
    if kind is int and isinstance(value, float) and not value.is_integer():
        raise _Misfit("a whole number")
    return kind(value)


def _literal(choices: tuple[Any, ...], value: Any) -> Any:
    for choice in choices:
        if choice == value and isinstance(choice, bool) == isinstance(value, bool):
            return choice
    raise _Misfit(f"one of {', '.join(map(repr, choices))}")


def _member(kind: type[enum.Enum], value: Any) -> enum.Enum:
    wanted = tuple(value) if isinstance(value, list) else value
    for member in kind:
        if member.value in (value, wanted) and isinstance(member.value, bool) == isinstance(value, bool):
            return member
    if isinstance(value, str) and value in kind.__members__:
        return kind[value]
    named = any(type(member.value) not in _JSON for member in kind)
    choices = list(kind.__members__) if named else [member.value for member in kind]
    raise _Misfit(f"a value of {kind.__name__}: {', '.join(map(repr, choices))}")


def _tuple(inner: tuple[Any, ...], values: list[Any]) -> tuple[Any, ...]:
    if not inner:
        return tuple(values)
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_fit(inner[0], each) for each in values)
    if len(inner) != len(values):
        raise _Misfit(f"a list of {len(inner)}")
    return tuple(_fit(hint, each) for hint, each in zip(inner, values, strict=True))


def _key(hint: Any, key: str) -> Any:
    """JSON has no keys but strings; one that means a number stays a string."""
    try:
        return _fit(hint, key)
    except _Misfit:
        return key


def _one_of(hints: tuple[Any, ...], value: Any) -> Any:
    """The value by the first alternative that changes nothing, else by the first that fits. A member of an
    enumeration changes nothing."""
    fitting, wanted = [], []
    for hint in hints:
        try:
            found = _fit(hint, value)
        except _Misfit as misfit:
            wanted.append(str(misfit))
            continue
        if isinstance(found, enum.Enum) or type(found) is type(value):
            return found
        fitting.append(found)
    if not fitting:
        raise _Misfit(", or ".join(wanted))
    return fitting[0]
