# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module promises, whatever it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from api import Json
from factory import Factory

from playbooks import Playbooks, Result, Task


def same(before: Json, after: Json) -> None:
    """Fail with what was touched, field by field."""
    old, new = dict(fields("", before)), dict(fields("", after))
    touched = {name: (old.get(name), new.get(name)) for name in old | new if old.get(name) != new.get(name)}
    assert not touched, f"touched, before and after: {touched}"


def fields(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """All values in a tree of JSON with their paths."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from fields(f"{name}/{key}", item)
    if not isinstance(value, (dict, list)) or not value:
        yield name, value


class Rounds:
    """Check, apply, check again, apply again; each is held to what it promises."""

    def __init__(self, ansible: Playbooks, make: Factory) -> None:
        self.ansible, self.make = ansible, make

    def __call__(self, module: str, **options: Any) -> tuple[Result, Result]:
        """Run all four; return what check mode foretold and what applying returned."""
        before = self.make.everything()
        foretold = self.ansible(module, check=True, **options)
        assert not foretold.get("failed"), foretold["msg"]
        same(before, self.make.everything())
        applied = self.ansible(module, **options)
        assert not applied.get("failed"), applied["msg"]
        assert (foretold["changed"], foretold["steps"]) == (applied["changed"], applied["steps"])
        assert (foretold["diff"]["before"], applied["changed"]) == (applied["diff"]["before"], True)
        self.changes_nothing(module, **options)
        return foretold, applied

    def changes_nothing(self, module: str, **options: Any) -> Result:
        """Run it in check mode and for real: neither may have anything to do, nor touch anything."""
        before = self.make.everything()
        again = self.ansible.run(Task(module, options, check=True), Task(module, options))
        for result in again:
            assert not result.get("failed"), result["msg"]
            assert (result["changed"], result["steps"]) == (False, [])
            assert result["diff"]["before"] == result["diff"]["after"] == result["server"]
        same(before, self.make.everything())
        return again[1]
