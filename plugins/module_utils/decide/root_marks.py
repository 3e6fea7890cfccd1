# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written at a volume that became a root: of what it was made, and which volume was the root before.

Metadata of a volume spread: a restore brings those of the volume that was backed up. So a mark counts only at the
volume whose id it names, and whoever overwrites a root says so first: what was written there before holds no more then.
"""

from __future__ import annotations

from typing import Any

from ..model import Source, Volume
from ..plan import Step
from .reverting import NUMBER, TARGET

#: What the data of a root was taken from, such as "snapshot 6f1c...".
FROM = "standby_root_from"

#: The id of the volume that the other marks are about.
VOLUME = "standby_root_volume"

#: The id of the volume that was the root before.
BEFORE = "standby_root_before"


#: All notes that say what the data of a root is, also those of a revert.
ABOUT_DATA = (FROM, NUMBER, TARGET)


def source_mark(source: Source) -> str:
    """How a source is written down."""
    return f"{source.kind} {source.id}"


def is_from(volume: Volume | None, source: Source) -> bool:
    """Whether a volume is the source itself, or was filled from it to the end."""
    if volume is None:
        return False
    return volume.id == source.id or (is_marked(volume) and volume.metadata.get(FROM) == source_mark(source))


def is_marked(volume: Volume) -> bool:
    """Whether the marks at a volume are about itself."""
    return volume.metadata.get(VOLUME) == volume.id


def former_id(volume: Volume | None) -> str | None:
    """The id of the root that a volume took the place of, None if that is not known."""
    return volume.metadata.get(BEFORE) or None if volume is not None and is_marked(volume) else None


def forget_source(root: Volume) -> tuple[Step, ...]:
    """Before a root is overwritten: what is noted at it about its data is over."""
    stale = {key: "" for key in ABOUT_DATA if root.metadata.get(key)}
    args = {"volume_id": root.id, "metadata": stale}
    text = f"note that the root {root.name or root.id} is being overwritten"
    return (Step("set_volume_metadata", text, args),) if stale else ()


def filled_step(label: str, volume_id: Any, source: Source, **more: str) -> Step:
    """After a root is complete: what it was filled from."""
    marks = {FROM: source_mark(source), VOLUME: volume_id, **more}
    args = {"volume_id": volume_id, "metadata": marks}
    return Step("set_volume_metadata", f"note at {label} that it is from {source_mark(source)}", args)
