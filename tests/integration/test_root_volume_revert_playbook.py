# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that reverts a server to a snapshot, and reverts the revert with what it told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from revert_site import RevertSite


def run(at: RevertSite, *options: str, **variables: Any) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and the result of each task."""
    program = str(Path(sys.executable).parent / "ansible-playbook")
    command = [program, "standby.openstack.root_volume_revert", "-e", json.dumps(variables), *options]
    done = subprocess.run(command, env=at.ansible.environment(), capture_output=True, text=True, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize("at", ["a", "b"], indirect=True)
def test_there_and_back(at: RevertSite) -> None:
    server = at.server()
    at.writes(at.root(server), "then")
    at.snapshot("good", at.root(server))
    at.writes(at.root(server), "now")
    named = {"cloud": f"site_{at.site}", "server": at.make.name(), "snapshot": at.make.name("good")}
    before = at.make.everything()
    code, results = run(at, "--check", **named)
    assert (code, results[1]["changed"]) == (0, True)
    assert "(not made yet)" in results[2]["results"][0]["msg"]
    assert at.make.everything() == before
    code, results = run(at, **named)
    assert (code, at.boots_with(server)) == (0, ["then"])
    told = results[2]["results"][0]["msg"]
    match = re.fullmatch(r"root: on volume (\S+), which began with snapshot (\S+)\. The state before is snapshot "
                         r"(\S+) \((\S+)\)\.", told)  # fmt: skip
    assert match, told
    assert (match[2], match[3]) == (at.make.name("good"), f"{at.make.name('srv-root')}-before-revert-1")
    code, _results = run(at, **{**named, "snapshot": match[4]})
    assert (code, at.boots_with(server)) == (0, ["now"])


@pytest.mark.parametrize("at", ["a"], indirect=True)
@pytest.mark.parametrize("missing", ["cloud", "server", "snapshot"])
def test_a_variable_that_is_missing(at: RevertSite, missing: str) -> None:
    named = {"cloud": "site_a", "server": "nobody", "snapshot": "x"}
    code, results = run(at, **{key: value for key, value in named.items() if key != missing})
    assert code != 0
    (said,) = [item["msg"] for item in results[-1]["results"] if item.get("failed")]
    assert said == (
        f"Wanted the variables cloud, server and snapshot, saw no {missing}. "
        "Name them: -e cloud=site_a -e server=db -e snapshot=before-upgrade"
    )
