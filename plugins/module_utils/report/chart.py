# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The geometry of the timeline: rows in pixels from the top, times in percent of the width.

Percent, so that one drawing fits a telephone and a wall, with text that keeps its size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..data.parts import Part
from .rows import GOOD, Row

#: How each part of the work is drawn. Like parts look alike; those of one operation mostly differ.
LOOKS = {
    "1": (Part.WORK, Part.NETWORK, Part.VOLUMES, Part.MEND, Part.HANDOVER, Part.SNAPSHOT),
    "2": (Part.BUILD, Part.START, Part.BACKUP),
    "3": (Part.CHECK, Part.RESTORE),
    "4": (Part.SHELVE, Part.REFRESH, Part.FENCE),
    "5": (Part.TAKE_OFF, Part.TIDY),
}

_LOOK_OF = {part.value: look for look, parts in LOOKS.items() for part in parts}

#: Names that are longer than this many characters are cut off in the chart, at their beginning: their ends differ.
LONGEST_NAME = 36

#: More servers than this are shown in dense rows.
MANY = 80

#: How many servers a panel holds, each with an axis of its own: one of few servers, or two of many, fit a sheet of A4.
PANEL, DENSE_PANEL = 38, 30

#: Distances between two marks of the axis, in seconds.
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
#: How many marks an axis has at most.
_MOST_TICKS = 5
#: The last part of the width in which a mark has no room for its text, in percent.
_NO_ROOM = 97.0
#: So wide is a bar at least, in percent, so that it is seen.
_THIN = 0.4
_AXIS = 20
#: The height of a row of few servers, and of many.
_ROOMY, _DENSE = 24, 15


def legend(rows: Sequence[Row]) -> list[dict[str, str]]:
    """What the looks mean, in the order in which they begin; one entry for all parts that look alike."""
    drawn = sorted((drawing for row in rows for drawing in row["parts"]), key=lambda drawing: drawing["begin"])
    parts = [Part(name) for name in dict.fromkeys(drawing["part"] for drawing in drawn)]
    entries = dict.fromkeys(_LOOK_OF[part.value] for part in parts)
    labels = {look: ", ".join(part.label for part in parts if part in LOOKS[look]) for look in entries}
    return [{"label": f"{text[0].upper()}{text[1:]}", "look": look} for look, text in labels.items()]


def panels(rows: Sequence[Row], seconds: float) -> list[dict[str, Any]]:
    """The timeline in panels: each with its height, the marks of its axis and a row for each server.

    :param seconds: the time at the right end.
    """
    end = max([seconds, *(part["end"] for row in rows for part in row["parts"])], default=0.0) or 1.0
    step, many = (_DENSE, DENSE_PANEL) if len(rows) > MANY else (_ROOMY, PANEL)
    marks = list(_marks(end))
    return [_panel(rows[first : first + many], end, step, marks) for first in range(0, len(rows), many)]


def _marks(end: float) -> Iterator[dict[str, Any]]:
    gap = next((gap for gap in _TICKS if end / gap <= _MOST_TICKS), _TICKS[-1])
    for number in range(int(end // gap) + 1):
        x = percent(number * gap, end)
        yield {"x": x, "label": clock(number * gap) if x < _NO_ROOM else ""}


def clock(seconds: float) -> str:
    """A time on the axis, short: "0", "45 s", "2 min", "2:30" minutes, "1 h", "1:30 h"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s" if whole else "0"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600}:{whole // 60 % 60:02} h" if whole % 3600 else f"{whole // 3600} h"


def percent(seconds: float, end: float) -> float:
    """Where a time is on the axis."""
    return round(100 * seconds / end, 2)


def _panel(rows: Sequence[Row], end: float, step: int, marks: list[dict[str, Any]]) -> dict[str, Any]:
    thick = step - (8 if step == _ROOMY else 4)
    return {
        "title": f"Timeline from {rows[0]['name']} to {rows[-1]['name']}",
        "height": _AXIS + len(rows) * step,
        "row": step,
        "bar": thick,
        "dense": step == _DENSE,
        "marks": marks,
        "rows": [
            {
                "name": row["name"],
                "label": row["label"],
                "good": row["outcome"] in GOOD,
                "text": round(_AXIS + (number + 0.5) * step + 4),
                "bar": _AXIS + number * step + (step - thick) // 2,
                "bars": [_bar(part, end) for part in row["parts"]],
            }
            for number, row in enumerate(rows)
        ],
    }


def _bar(part: Row, end: float) -> dict[str, Any]:
    x, right = percent(part["begin"], end), percent(part["end"], end)
    width = max(round(right - x, 2), _THIN)
    return {"x": round(min(x, 100 - width), 2), "width": width, "look": _LOOK_OF[part["part"]], "state": part["state"]}
