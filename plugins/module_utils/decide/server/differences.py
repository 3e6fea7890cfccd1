# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between a server that stands and the one that is wanted, and which of it can be changed in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ...data.seen import Attachment, Flavor, Port, Root, Seen, Site
from ...data.steps import Finding, Step
from ...data.wanted import DiskWanted, NicWanted, ServerWanted
from .boot_properties import unequal
from .facts import is_dormant
from .root_volume import root_volume_of, which_root


@dataclass(frozen=True)
class Difference(Finding):
    """One difference. ``step`` mends it, and ``mend`` foretells that; without a step it cannot be changed in place."""

    step: Step | None = None
    mend: Callable[[Seen], Seen] = lambda seen: seen

    @property
    def data(self) -> dict[str, Any]:
        """For people, with whether it can be changed in place."""
        return {**super().data, "in_place": self.step is not None}


def differences(wanted: ServerWanted, site: Site) -> tuple[Difference, ...]:
    """All differences between an existing server and the wanted one. What the user does not ask for is not compared.

    Not shown by Nova to members, so not compared: user data, and bus and type of a disk.
    """
    seen = site.seen
    root = which_root(seen)
    return (
        *_flavor(wanted, site),
        *_plain(wanted, site),
        *_placement(wanted, site),
        *_metadata(wanted, seen),
        *(found for disk in wanted.disks for found in _disk(disk, site, root)),
        *_boot_properties(site),
        *(found for nic in wanted.nics for found in _nic(nic, site)),
    )


def _flavor(wanted: ServerWanted, site: Site) -> Iterator[Difference]:
    """An administrator may have made a new flavor with the old name. The server keeps the sizes it was made with."""
    has, known = site.seen.found.flavor, site.around.flavor
    if wanted.flavor and (known.name if known else wanted.flavor) != has.name:
        yield Difference("flavor", known.name if known else wanted.flavor, has.name)
    elif known and wanted.flavor and (known.vcpus, known.ram) != (has.vcpus, has.ram):
        yield Difference("flavor", _sizes(known), _sizes(has))


def _sizes(flavor: Flavor) -> str:
    return f"{flavor.name} of {flavor.vcpus} vCPUs and {flavor.ram} MiB"


def _plain(wanted: ServerWanted, site: Site) -> Iterator[Difference]:
    server = site.seen.found
    if wanted.key_name is not None and wanted.key_name != server.key_name:
        yield Difference("key_name", wanted.key_name, server.key_name)
    if wanted.config_drive is not None and wanted.config_drive != server.config_drive:
        yield Difference("config_drive", wanted.config_drive, server.config_drive)
    if wanted.description is not None and wanted.description != server.description:
        args = {"server_id": server.id, "description": wanted.description}
        step = Step("update_server", f"change the description of server {server.name}", args)
        mend = _mend_server(description=wanted.description)
        yield _mendable(Difference("description", wanted.description, server.description), step, mend)


def _placement(wanted: ServerWanted, site: Site) -> Iterator[Difference]:
    """A server that is offloaded is in no zone; it comes up in the one that it is pinned to."""
    server, zone = site.seen.found, wanted.availability_zone
    if zone and server.availability_zone and zone != server.availability_zone:
        yield Difference("availability_zone", zone, server.availability_zone)
    elif zone and not server.availability_zone and server.pinned_zone is not None and zone != server.pinned_zone:
        yield Difference("availability_zone to unshelve in", zone, server.pinned_zone or "any")
    group = site.around.ids.get(("server_group", wanted.server_group or ""))
    if wanted.server_group and server.server_groups is not None and group not in server.server_groups:
        words = f"server {server.name} is not in server_group {wanted.server_group}"
        yield Difference("server_group", wanted.server_group, None, words)


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
    there = sorted(missing.keys() & server.metadata.keys())
    mend = _mend_server(metadata={**server.metadata, **missing})
    # values may be secrets, so only keys are shown
    words = f"metadata{note} differs from what is wanted: {', '.join(sorted(missing))}"
    yield _mendable(Difference(f"metadata{note}", sorted(missing), there, words), None if fixed else step, mend)


def _mendable(found: Difference, step: Step | None, mend: Callable[[Seen], Seen]) -> Difference:
    return replace(found, step=step, mend=mend)


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
    if disk.availability_zone and volume and volume.availability_zone != disk.availability_zone:
        yield Difference(f"availability_zone of the {what}", disk.availability_zone, volume.availability_zone)
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

    return _mendable(Difference(f"delete_on_termination of the {what}", value, old), step, mend)


def _boot_properties(site: Site) -> Iterator[Difference]:
    """An image may have changed, or another one have taken its name: the server boots as it was made."""
    image, volume = site.around.sources.get("root"), root_volume_of(site.seen)
    if image is None or volume is None:
        return
    for key, wanted, saw in unequal(image.properties, volume.image_metadata):
        words = f"{key} is {saw or 'none'} at the boot volume, and {wanted or 'none'} at image {image.name} now"
        yield Difference(f"{key} of the boot volume", wanted, saw, words, blocks=False)


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
    return bool(volume and volume.marks.disk == disk.tag)


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
    names = {known: group for group, known in ids.items() if known}
    shown = ", ".join(sorted(group if known else f"{group} (unknown)" for group, known in ids.items()))
    saw = ", ".join(sorted(names.get(group, group) for group in port.security_groups))
    wanted = sorted(known for known in ids.values() if known)
    if None in ids.values():
        yield Difference(f"security groups of {what}", shown, saw)
    elif wanted != sorted(port.security_groups):
        args = {"port_id": port.id, "security_groups": wanted}
        step = Step("update_port", f"change the security groups of {what}", args)
        mended = replace(port, security_groups=tuple(wanted))

        def mend(seen: Seen) -> Seen:
            return replace(seen, ports=tuple(mended if p.id == mended.id else p for p in seen.ports))

        yield _mendable(Difference(f"security groups of {what}", shown, saw), step, mend)


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
