# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written at a volume that became a root: of what it was made, and which volume was the root before.

A restore copies metadata to another volume, so a mark counts only on the volume that it names. Before a root is
overwritten, the marks about its old data are removed.

Before a copy begins, the source and the id of the copied image are written down. They count once Cinder notes that id
at the volume too. Cinder does that at the end of a copy, and only if the copy succeeded (cinder/volume/manager.py,
reimage). So no run has to survive the copy that it began.
"""

from __future__ import annotations

from typing import Any

from ...data.marks import (
    FILLED_WITH,
    POINT,
    REVERT,
    REVERTED_TO,
    ROOT_BEFORE,
    ROOT_COPY,
    ROOT_FROM,
    ROOT_IMAGE,
    ROOT_VOLUME,
)
from ...data.seen import Source, Volume
from ...data.steps import Step

#: All notes that say what the data of a root is, also those of a revert.
ABOUT_DATA = (ROOT_FROM, REVERT, REVERTED_TO)

#: The image properties by which somebody knows that a copy into a root is complete: this module, replication, a revert.
_BY_COPIES = (FILLED_WITH, POINT, REVERT, REVERTED_TO)


def source_mark(source: Source) -> str:
    """How a source is written down."""
    return f"{source.kind} {source.id}"


def is_from(volume: Volume, source: Source) -> bool:
    """Whether a volume is the source itself, or was filled from it to the end."""
    return volume.id == source.id or (_says(volume, source) and _is_whole(volume))


def _says(volume: Volume, source: Source) -> bool:
    return is_marked(volume) and volume.metadata.get(ROOT_FROM) == source_mark(source)


def _is_whole(volume: Volume) -> bool:
    """Whether the copy that was written down is complete, and nothing else was copied into the volume since."""
    filled = volume.metadata.get(ROOT_IMAGE) == volume.image_metadata.get(FILLED_WITH)
    return not is_copy(volume) or (filled and volume.status not in ("downloading", "error"))


def is_copy(volume: Volume) -> bool:
    """Whether what is written at a volume is about a copy into it."""
    return is_marked(volume) and bool(volume.metadata.get(ROOT_IMAGE))


def is_being_filled(root: Volume, source: Source) -> bool:
    """Whether the copy that is under way is one from this source, by all that is known before its end."""
    return root.status == "downloading" and is_begun(root) and _says(root, source)


def is_begun(root: Volume) -> bool:
    """Whether there may be something left of the last copy."""
    return is_copy(root) and root.metadata.get(ROOT_COPY, "").endswith("begun")


def turn(root: Volume) -> int:
    """The number of the last copy into a root, 0 without."""
    number = root.metadata.get(ROOT_COPY, "").partition(" ")[0]
    return int(number) if number.isdigit() else 0


def is_marked(volume: Volume) -> bool:
    """Whether the marks at a volume are about itself."""
    return volume.metadata.get(ROOT_VOLUME) == volume.id


def former_id(volume: Volume | None) -> str | None:
    """The id of the root that a volume took the place of, None if that is not known."""
    return volume.metadata.get(ROOT_BEFORE) or None if volume is not None and is_marked(volume) else None


def says_its_data(root: Volume) -> bool:
    """Whether the last copy left a note at the root about its data."""
    return any(root.metadata.get(key) for key in ABOUT_DATA)


def forget_source(root: Volume) -> tuple[Step, ...]:
    """Before a root is overwritten: removes what is noted at it about its data."""
    stale = {key: "" for key in ABOUT_DATA if root.metadata.get(key)}
    args = {"volume_id": root.id, "metadata": stale}
    text = f"note that the root {root.name or root.id} is being overwritten"
    return (Step("set_volume_metadata", text, args),) if stale else ()


def begin_copy(root: Volume, source: Source, image_id: Any) -> tuple[Step, ...]:
    """Before a root is overwritten: removes what is noted at it about its data, and notes what will be in it.

    :param image_id: of the image that is copied.
    """
    stale = {key: "" for key in ABOUT_DATA if root.metadata.get(key)}
    marks = {**_marks(root.id, source), ROOT_IMAGE: image_id, ROOT_COPY: f"{turn(root) + 1} begun"}
    args = {"volume_id": root.id, "metadata": {**stale, **marks}}
    text = f"note at the root {root.name or root.id} that {source_mark(source)} is copied into it"
    return (*_forget_filling(root, source), Step("set_volume_metadata", text, args))


def _forget_filling(root: Volume, source: Source) -> tuple[Step, ...]:
    """A copy that fails leaves what Cinder noted at the end of the last one, and others believe it.

    The id of an image counts only if it is the same again: an image of the user may have been in the root before.
    """
    told = {key for key in _BY_COPIES if root.image_metadata.get(key)}
    if root.image_metadata.get(FILLED_WITH) != source.id:
        told.discard(FILLED_WITH)
    # it is not known yet what a copy that is under way will leave
    keys = _BY_COPIES if root.status == "downloading" else sorted(told)
    args = {"volume_id": root.id, "metadata": dict.fromkeys(keys, "")}
    text = f"forget with what the root {root.name or root.id} was filled"
    return (Step("set_image_metadata", text, args),) if keys else ()


def end_copy(root: Volume, number: int) -> Step:
    """Once nothing is left of a copy into a root."""
    args = {"volume_id": root.id, "metadata": {ROOT_COPY: str(number)}}
    return Step("set_volume_metadata", f"note at the root {root.name or root.id} that the copy is finished", args)


def _marks(volume_id: Any, source: Source) -> dict[str, Any]:
    return {ROOT_FROM: source_mark(source), ROOT_VOLUME: volume_id}


def filled_step(label: str, volume_id: Any, source: Source, **more: str) -> Step:
    """After a volume that is to be a root is complete: what it was made of. A restore brings the marks of another."""
    stale = {ROOT_IMAGE: ""} if source.kind == "backup" else {}
    marks = {**stale, **_marks(volume_id, source), **more}
    args = {"volume_id": volume_id, "metadata": marks}
    return Step("set_volume_metadata", f"note at {label} that it is from {source_mark(source)}", args)
