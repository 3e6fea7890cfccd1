# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server as it will be: built, or running on other volumes. Words take the place of ids that only a cloud gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...data.seen import Attachment, Flavor, Port, Root, Seen, Server, Surroundings, Volume
from ...data.wanted import DiskWanted, NicWanted, ServerWanted
from .facts import server_facts
from .root_volume import answer_about, which_root


def as_built(seen: Seen, wanted: ServerWanted, around: Surroundings) -> Seen:
    """What will be read after a build."""
    volumes = {disk.tag: _volume(disk, around) for disk in wanted.disks}
    server = Server(
        id="(new)",
        name=wanted.name,
        status="ACTIVE",
        flavor=around.flavor or Flavor(wanted.flavor),
        availability_zone=wanted.availability_zone or "",
        attachments=tuple(
            Attachment(volumes[disk.tag].id, None, disk.tag, disk.delete_on_termination) for disk in wanted.disks
        ),
        metadata=dict(wanted.metadata or {}),
        description=wanted.description or "",
        key_name=wanted.key_name,
        config_drive=bool(wanted.config_drive),
    )
    ports = tuple((around.ports.get(nic.name) or (_new_port(nic, around),))[0] for nic in wanted.nics)
    by_id = {volume.id: volume for volume in volumes.values()}
    return replace(seen, server=server, volumes=by_id, ports=ports, root_answer=None)


def facts_as_built(before: Seen, after: Seen) -> dict[str, Any]:
    """The facts of a server that is built; where one stood before, its root will be told in the same way."""
    root = which_root(after)
    return server_facts(after, replace(root, found_by=which_root(before).found_by) if before.server else root)


def _volume(disk: DiskWanted, around: Surroundings) -> Volume:
    given = around.given.get(disk.tag)
    if given is not None:
        return replace(given, status="in-use")
    return Volume(f"(new {disk.name})", disk.name, "in-use", disk.size or 0, bootable=disk.boot_index == 0)


def _new_port(nic: NicWanted, around: Surroundings) -> Port:
    network = around.ids.get(("network", nic.network or "")) or ""
    addresses = (nic.fixed_ip,) if nic.fixed_ip else ()
    groups = tuple(str(around.ids.get(("security_group", group))) for group in nic.security_groups or ())
    return Port("(new)", nic.name, network, nic.mac or "", addresses, groups)


def as_running(seen: Seen, on: Mapping[str, Volume]) -> tuple[Seen, Root]:
    """A server that is kept, once it runs on these volumes, by disk; and its root."""
    device = which_root(seen).device
    attachments = (Attachment(v.id, device if disk == "root" else None) for disk, v in on.items())
    volumes = (replace(volume, status="in-use") for volume in on.values())
    return as_changed(seen, "ACTIVE", attachments, volumes, on["root"].id)


def as_changed(
    seen: Seen, status: str, attachments: Iterable[Attachment], volumes: Iterable[Volume], root_id: str
) -> tuple[Seen, Root]:
    """A server that is kept, in this state on these volumes; and its root."""
    root = replace(which_root(seen), present=True, volume_id=root_id)
    server = replace(seen.found, status=status, task_state=None, attachments=tuple(attachments))
    known = {**seen.volumes, **{volume.id: volume for volume in volumes}}
    return replace(seen, server=server, volumes=known, root_answer=answer_about(seen, root)), root
