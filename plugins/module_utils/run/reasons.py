# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is a reason for a status to fail: ``fail_on``, as its options say it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..data.errors import Refused
from ..data.steps import Refusal
from .closing_lines import duration

#: What findings of a status may be, and what else there is. All but the last are texts; that one has a time span.
KNOWN = (
    "two_copies", "stale", "disputed", "no_leader", "rpo", "no_point", "unknown", "unanswered", "never_drilled",
    "drill_older_than",
)  # fmt: skip

_SPAN = re.compile(r"(\d{1,6}) ?(s|min|h|d)?", re.ASCII)
_SECONDS = {None: 1, "s": 1, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Reasons:
    """What is a reason to fail.

    :param names: values of ``what`` of findings; "unanswered" for a site that does not answer, "never_drilled".
    :param drilled_within: seconds within which a drill of each server must have passed, None for no such limit.
    """

    names: frozenset[str] = frozenset()
    drilled_within: int | None = None

    def drill(self, name: str, row: Mapping[str, Any]) -> Iterator[str]:
        """Why a server fails because of its drills, from its row in the result of a status."""
        if "error" in row or not (self.drilled_within or "never_drilled" in self.names):
            return
        age = (row["server"].get("last_drill") or {}).get("age")
        if age is None:
            yield f"{name}: never_drilled"
        elif self.drilled_within and age > self.drilled_within:
            yield f"{name}: drill_older_than {duration(self.drilled_within)}"


def reasons(given: Sequence[Any], wanted: str) -> Reasons:
    """The reasons of the option.

    :param wanted: what is about to be done, for the refusal.
    :raises Refused: if one of them is none.
    """
    names, within = set(), None
    for one in given:
        name, value = next(iter(one.items())) if isinstance(one, Mapping) and len(one) == 1 else (one, None)
        span = _SPAN.fullmatch(str(value)) if name == "drill_older_than" else None
        if span:
            within = int(span[1]) * _SECONDS[span[2]]
        elif name in KNOWN[:-1] and value is None:
            names.add(name)
        else:
            todo = f"Say some of {', '.join(KNOWN[:-1])}, or drill_older_than: 30d (s, min, h or d)."
            raise Refused(Refusal("bad_fail_on", wanted, f"fail_on names {one}", todo))
    return Reasons(frozenset(names), within)
