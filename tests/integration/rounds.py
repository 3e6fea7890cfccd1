# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module promises, whatever it does."""

from __future__ import annotations

from typing import Any

from factory import Factory

from playbooks import Playbooks, Result, Task


class Rounds:
    """Check, apply, check again, apply again; each is held to what it promises."""

    def __init__(self, ansible: Playbooks, make: Factory) -> None:
        self.ansible, self.make = ansible, make

    def __call__(self, module: str, **options: Any) -> tuple[Result, Result]:
        """Run all four; return what check mode foretold and what applying returned."""
        before = self.make.everything()
        foretold = self.ansible(module, check=True, **options)
        assert not foretold.get("failed"), foretold["msg"]
        assert self.make.everything() == before, "check mode changed something"
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
        assert self.make.everything() == before, "a second run touched something"
        return again[1]
