# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what was parsed has the types that its dataclass promises: decisions rely on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from functools import cache, wraps
from typing import Any, TypeVar

from ..data.texts import is_one_line, one_line

Made = TypeVar("Made", bound=Callable[..., Any])


def _texts(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_moment(value: Any) -> bool:
    """Cinder and Nova write UTC without a zone, some with a Z."""
    if value:
        datetime.fromisoformat(value.rstrip("Z"))
    return True


#: By annotation of a field what its value must be. All others are made of dataclasses that were checked themselves.
_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "str | None": lambda value: value is None or isinstance(value, str),
    "int": _is_number,
    "tuple[str, ...]": _texts,
    "tuple[tuple[str, str], ...]": lambda value: all(map(_texts, value)),
    "Mapping[str, int]": lambda value: all(map(_is_number, value.values())),
    "Mapping[str, str]": lambda value: isinstance(value, Mapping) and _texts(value.values()),
}

#: Texts that are shown to people, in lines of progress too.
_SHOWN = ("name", "status", "fault", "task_state")

_MOMENTS = ("created_at", "data_timestamp")


@cache
def _checks(kind: type) -> tuple[tuple[str, Callable[[Any], bool]], ...]:
    typed = [(field.name, _CHECKS[str(field.type)]) for field in fields(kind) if str(field.type) in _CHECKS]
    return (*typed, *((field.name, _is_moment) for field in fields(kind) if field.name in _MOMENTS))


def checked(make: Made) -> Made:
    """A function that makes a dataclass, which raises TypeError or ValueError for values that do not fit.

    Texts that are shown cannot be more than a part of a line.
    """

    @wraps(make)
    def made(*arguments: Any, **options: Any) -> Any:
        found = make(*arguments, **options)
        for name, fits in _checks(type(found)):  # type: ignore[arg-type]  # mypy takes a class for unhashable
            if not fits(getattr(found, name)):
                raise TypeError(f"{name} of a {type(found).__name__} is {type(getattr(found, name)).__name__}")
        bad = {name: value for name in _SHOWN if not is_one_line(value := getattr(found, name, None) or "")}
        return replace(found, **{name: one_line(value) for name, value in bad.items()}) if bad else found

    return made  # type: ignore[return-value]
