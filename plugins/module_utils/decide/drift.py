# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between a server that stands and the one that is wanted, and which of it can be changed in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..model import Attachment, Port, Root, Seen, Site
from ..plan import Step
from ..wanted import DiskWanted, NicWanted, ServerWanted
from .facts import is_dormant
from .root_volume import which_root


@dataclass(frozen=True)
class Difference:
    """One difference. ``step`` mends it, and ``mend`` foretells that; without a step it cannot be changed in place."""

    what: str
    wanted: Any
    seen: Any
    step: Step | None = None
    mend: Callable[[Seen], Seen] = lambda seen: seen

    def __str__(self) -> str:
        saw = "none" if self.seen is None else self.seen
        return f"{self.what} is {saw}, wanted {self.wanted}"


def differences(wanted: ServerWanted, site: Site) -> tuple[Difference, ...]:
    """All differences between an existing server and the wanted one. What the user does not ask for is not compared."""
    seen = site.seen
    root = which_root(seen)
    return (
        *_plain(wanted, site),
        *_metadata(wanted, seen),
        *(found for disk in wanted.disks for found in _disk(disk, site, root)),
        *(found for nic in wanted.nics for found in _nic(nic, site)),
    )


def _plain(wanted: ServerWanted, site: Site) -> Iterator[Difference]:
    server = site.seen.found
    flavor = site.around.flavor.name if site.around.flavor else wanted.flavor
    if wanted.flavor and flavor != server.flavor.name:
        yield Difference("flavor", flavor, server.flavor.name)
    if wanted.key_name is not None and wanted.key_name != server.key_name:
        yield Difference("key_name", wanted.key_name, server.key_name)
    if wanted.config_drive is not None and wanted.config_drive != server.config_drive:
        yield Difference("config_drive", wanted.config_drive, server.config_drive)
    zone = wanted.availability_zone
    if zone and server.availability_zone and zone != server.availability_zone:
        yield Difference("availability_zone", zone, server.availability_zone)
    if wanted.description is not None and wanted.description != server.description:
        args = {"server_id": server.id, "description": wanted.description}
        step = Step("update_server", f"change the description of server {server.name}", args)
        yield Difference(
            "description", wanted.description, server.description, step, _mend_server(description=wanted.description)
        )


def _metadata(wanted: ServerWanted, seen: Seen) -> Iterator[Difference]:
    """Keys that are not named are left alone. Nova answers 409 while the server is offloaded."""
    server = seen.found
    missing = {key: value for key, value in (wanted.metadata or {}).items() if server.metadata.get(key) != value}
    if not missing:
        return
    args = {"server_id": server.id, "metadata": missing}
    step = Step("set_server_metadata", f"set metadata {', '.join(sorted(missing))} of server {server.name}", args)
    fixed = server.status.startswith("SHELVED")
    note = " (cannot change while the server is shelved)" if fixed else ""
    current = {key: server.metadata.get(key) for key in missing}
    mend = _mend_server(metadata={**server.metadata, **missing})
    yield Difference(f"metadata{note}", missing, current, None if fixed else step, mend)


def _mend_server(**changes: Any) -> Callable[[Seen], Seen]:
    return lambda seen: replace(seen, server=replace(seen.found, **changes))


def _disk(disk: DiskWanted, site: Site, root: Root) -> Iterator[Difference]:
    """A dormant server has had its volumes taken off: nothing to compare."""
    seen = site.seen
    what = "boot volume" if disk.boot_index == 0 else f"volume {disk.tag}"
    attachment = find_disk(disk, seen, root)
    if attachment is None:
        if not is_dormant(seen, root):
            yield Difference(what, disk.ref or disk.name, "not attached")
        return
    given, volume = site.around.given.get(disk.tag), seen.volumes.get(attachment.volume_id)
    if disk.kind == "volume" and (given is None or given.id != attachment.volume_id):
        yield Difference(what, disk.ref, volume.name if volume and volume.name else attachment.volume_id)
    if disk.size and volume and volume.size < disk.size:
        yield Difference(f"size of the {what}", f"{disk.size} GiB", f"{volume.size} GiB")
    if disk.volume_type and volume and volume.volume_type != disk.volume_type:
        yield Difference(f"type of the {what}", disk.volume_type, volume.volume_type)
    if attachment.delete_on_termination != disk.delete_on_termination:
        yield _delete_flag(what, disk, attachment, seen)


def _delete_flag(what: str, disk: DiskWanted, attachment: Attachment, seen: Seen) -> Difference:
    value, old = disk.delete_on_termination, attachment.delete_on_termination
    args = {"server_id": seen.found.id, "volume_id": attachment.volume_id, "value": value}
    text = f"set delete_on_termination of the {what} of server {seen.found.name} to {str(value).lower()}"
    step = Step("set_delete_on_termination", text, args)
    flagged = replace(attachment, delete_on_termination=value)

    def mend(seen: Seen) -> Seen:
        attachments = tuple(flagged if a.volume_id == flagged.volume_id else a for a in seen.found.attachments)
        return replace(seen, server=replace(seen.found, attachments=attachments))

    return Difference(f"delete_on_termination of the {what}", value, old, step, mend)


def find_disk(disk: DiskWanted, seen: Seen, root: Root) -> Attachment | None:
    """The attachment that is this disk: the root, else by tag, by the metadata of its volume, or by its name."""
    attachments = seen.found.attachments if seen.server else ()
    if disk.boot_index == 0:
        return next((a for a in attachments if root.present and a.volume_id == root.volume_id), None)
    for matches in (_by_tag, _by_metadata, _by_name):
        found = [a for a in attachments if matches(disk, a, seen)]
        if len(found) == 1:
            return found[0]
    return None


def _by_tag(disk: DiskWanted, attachment: Attachment, _seen: Seen) -> bool:
    return attachment.tag == disk.tag


def _by_metadata(disk: DiskWanted, attachment: Attachment, seen: Seen) -> bool:
    volume = seen.volumes.get(attachment.volume_id)
    return bool(volume and volume.metadata.get("standby_disk") == disk.tag)


def _by_name(disk: DiskWanted, attachment: Attachment, seen: Seen) -> bool:
    volume = seen.volumes.get(attachment.volume_id)
    return bool(volume and volume.name == disk.name)


def _nic(nic: NicWanted, site: Site) -> Iterator[Difference]:
    port = find_port(nic, site)
    what = f"port {nic.port or nic.name}"
    if port is None:
        yield Difference(what, "a port of the server", "not there")
        return
    network = site.around.ids.get(("network", nic.network or ""))
    if nic.network and network != port.network_id:
        yield Difference(f"network of {what}", nic.network, port.network_id)
    if nic.fixed_ip and nic.fixed_ip not in port.fixed_ips:
        yield Difference(f"address of {what}", nic.fixed_ip, ", ".join(port.fixed_ips) or "none")
    if nic.mac and nic.mac.lower() != port.mac.lower():
        yield Difference(f"MAC address of {what}", nic.mac, port.mac)
    yield from _security_groups(nic, port, site, what)


def _security_groups(nic: NicWanted, port: Port, site: Site, what: str) -> Iterator[Difference]:
    if nic.security_groups is None:
        return
    ids = {group: site.around.ids.get(("security_group", group)) for group in nic.security_groups}
    wanted = sorted(known or f"{group} (unknown)" for group, known in ids.items())
    if None in ids.values():
        yield Difference(f"security groups of {what}", wanted, sorted(port.security_groups))
    elif wanted != sorted(port.security_groups):
        args = {"port_id": port.id, "security_groups": wanted}
        step = Step("update_port", f"change the security groups of {what}", args)
        mended = replace(port, security_groups=tuple(wanted))

        def mend(seen: Seen) -> Seen:
            return replace(seen, ports=tuple(mended if p.id == mended.id else p for p in seen.ports))

        yield Difference(f"security groups of {what}", wanted, sorted(port.security_groups), step, mend)


def find_port(nic: NicWanted, site: Site) -> Port | None:
    """The port of the server that is this one: by id, by name, or the only one with its address on its network."""
    ports = site.seen.ports
    named = {port.id for port in site.around.ports.get(nic.name, ())}
    for matches in (
        [port for port in ports if port.id in named],
        [port for port in ports if nic.fixed_ip and nic.fixed_ip in port.fixed_ips],
    ):
        if len(matches) == 1:
            return matches[0]
    return None
