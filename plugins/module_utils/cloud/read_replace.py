# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what a decision about another root for a server looks at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model import Named, Seen, Snapshot, Source, Volume
from ..replacing import KINDS, Replacing, helper_name, root_name
from . import parse, read
from .find import find, named, need
from .lookup import Lookup
from .session import Session


def replacing(cloud: Session, options: Mapping[str, Any]) -> Replacing:
    """The server, the source that the options name, and what runs that were killed left.

    :raises NotFound: if the cloud does not know the source.
    """
    seen = read.server(cloud, options["server"], options["guarded_api"] == "assume")
    source, given = _source(cloud, options)
    server = seen.server
    return Replacing(
        seen=seen,
        source=source,
        given=given,
        named_root=_id_of_volume(cloud, options["root_volume"]),
        same_name=_volumes(cloud, root_name(server.name, source)) if server and given is None else (),
        formers=_formers(cloud, seen),
        snapshots=_snapshots(cloud, helper_name(server.id)) if server else (),
        images=_images(cloud, helper_name(server.id)) if server else (),
    )


def _source(cloud: Session, options: Mapping[str, Any]) -> tuple[Source, Volume | None]:
    kind = next(kind for kind in KINDS if options.get(kind))
    data = need(cloud, kind, options[kind])
    if kind == "image":
        return parse.image_source(data), None
    source = Source(kind, data["id"], data.get("name") or "", data["status"], data.get("size") or 0)
    return source, parse.volume(data) if kind == "volume" else None


def _id_of_volume(cloud: Session, ref: str | None) -> str | None:
    """The id of a volume; of one that is gone by now, what was said."""
    data = find(cloud, "volume", ref) if ref else None
    return data["id"] if data else ref


def _volumes(cloud: Session, name: str) -> tuple[Volume, ...]:
    return tuple(parse.volume(item) for item in named(cloud, "volume", name))


def _formers(cloud: Session, seen: Seen) -> dict[str, Volume]:
    ids = {volume.metadata.get("standby_root_before") for volume in seen.volumes.values()}
    return read.volumes(Lookup(cloud), sorted(filter(None, ids)))


def _snapshots(cloud: Session, name: str) -> tuple[Snapshot, ...]:
    return tuple(parse.snapshot(item) for item in named(cloud, "snapshot", name))


def _images(cloud: Session, name: str) -> tuple[Named, ...]:
    return tuple(Named(item["id"], item["name"]) for item in named(cloud, "image", name))
