# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state tables of docs/states.md are those of the decisions. With UPDATE_DOCS=1 set, this writes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ansible_collections.standby.openstack.plugins.module_utils.data.seen import (
    Attachment,
    Offer,
    RootAnswer,
    Seen,
    Server,
    Volume,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import Decision, Refusal
from ansible_collections.standby.openstack.plugins.module_utils.decide.server import root_volume
from ansible_collections.standby.openstack.plugins.module_utils.decide.server import shelve as shelving

PAGE = Path(__file__).parents[2] / "docs" / "states.md"
BEGIN, END = "<!-- written by tests/unit/test_docs_states.py -->", "<!-- end -->"

STATES = (
    ("ACTIVE", None),
    ("SHUTOFF", None),
    ("PAUSED", None),
    ("SUSPENDED", None),
    ("SHELVED", None),
    ("SHELVED_OFFLOADED", None),
    ("ACTIVE", "shelving"),
    ("SHELVED_OFFLOADED", "unshelving"),
    ("ACTIVE", "rebooting"),
    ("BUILD", "spawning"),
    ("RESCUE", None),
    ("VERIFY_RESIZE", None),
    ("ERROR", None),
    ("NEW_IN_SOME_RELEASE", None),
)

OPERATIONS: dict[str, Callable[[Seen], Decision]] = {
    "shelve": lambda seen: shelving.decide_shelve(seen, "db"),
    "unshelve": lambda seen: shelving.decide_unshelve(seen, "db"),
    "detach root": lambda seen: root_volume.decide_detach(seen, "db"),
    "attach root": lambda seen: root_volume.decide_attach(
        seen, "db", Volume("new", "new", "available", 1, bootable=True)
    ),
}


def seen(status: str, task: str | None, root: bool) -> Seen:
    """A server in this state, with its root volume or without."""
    attachments = (Attachment("old", "/dev/vda", "root"),) if root else ()
    volumes = {"old": Volume("old", "db-root", "in-use", 1, bootable=True)} if root else {}
    server = Server("s", "db", status, task, attachments=attachments)
    answer = RootAnswer("/dev/vda", root, "old" if root else None)
    return Seen(server, Offer(True, "advertised"), volumes, (), answer)


def cell(decision: Decision) -> str:
    """A decision in a word or two."""
    if isinstance(decision, Refusal):
        return f"refused: `{decision.code}`"
    if not decision.steps:
        return "nothing to do"
    return "yes" if decision.changed else "waits"


def table() -> Iterator[str]:
    """The lines of the table."""
    for root in (True, False):
        yield f"With{'' if root else 'out'} a root volume:"
        yield ""
        yield f"| State | {' | '.join(OPERATIONS)} |"
        yield "|---" * (len(OPERATIONS) + 1) + "|"
        for status, task in STATES:
            cells = [cell(decide(seen(status, task, root))) for decide in OPERATIONS.values()]
            yield f"| `{status}`{f', task `{task}`' if task else ''} | {' | '.join(cells)} |"
        yield ""


def page(text: str) -> str:
    """The page with its tables written anew."""
    head, _begin, rest = text.partition(BEGIN)
    return "\n".join((head + BEGIN, "", *table())) + END + rest.partition(END)[2]


def test_the_tables_of_the_documentation_are_what_is_decided() -> None:
    text = PAGE.read_text()
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(page(text))
    assert PAGE.read_text() == page(text), (
        "update it: UPDATE_DOCS=1 build/venv/bin/pytest tests/unit/test_docs_states.py"
    )
