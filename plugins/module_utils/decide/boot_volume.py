# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that boots from a volume: present or absent."""

from __future__ import annotations

from dataclasses import replace

from ..model import Attachment, Flavor, Port, Root, Seen, Server, Site, Volume
from ..plan import Decision, Plan, Refusal, Step, Until, refused_for
from ..wanted import DiskWanted, NicWanted, ServerWanted
from .buildable import problems
from .building import BUILDING, build_steps
from .drift import Difference, differences, find_disk
from .facts import server_facts
from .root_volume import which_root
from .states import advice, locked


def decide_present(site: Site, wanted: ServerWanted) -> Decision:
    """Builds the server, or mends what differs and can be changed, or refuses with the list of what cannot."""
    server = site.seen.server
    if server is None:
        return _build(site, wanted)
    return _in_error(server, wanted) or (_await(site, server) if server.status == "BUILD" else _mend(site, wanted))


def _await(site: Site, server: Server) -> Plan:
    """Another run has asked for the server: its end is waited for, and then it is compared."""
    before = server_facts(site.seen, which_root(site.seen))
    after = {**before, "status": "ACTIVE", "task_state": None}
    return Plan(before, after, (await_built(server),), later=_unmark(site))


def await_built(server: Server) -> Step:
    """The wait for a server that is being built."""
    until = Until("server", server.id, frozenset({"ACTIVE"}), frozenset({"BUILD"}), frozenset({"BUILD"}))
    return Step("wait", f"wait until server {server.name} is built", until=until)


def _mend(site: Site, wanted: ServerWanted) -> Decision:
    found = differences(wanted, site)
    if any(difference.blocks and not difference.step for difference in found):
        todo = "What cannot be changed in place: correct the description, or make the server anew. Nothing was changed."
        return refused_for("differs", f"make server {wanted.name} as described", [_marked(d) for d in found], todo)
    root, mended = which_root(site.seen), site.seen
    for difference in found:
        mended = difference.mend(mended)
    steps = tuple(difference.step for difference in found if difference.step)
    notes = tuple(f"{wanted.name}: {d}. A server boots as it was made." for d in found if not d.blocks)
    before, after = server_facts(site.seen, root), server_facts(mended, root)
    return Plan(before, after, (*steps, *_unmark(site)), notes, findings=found)


def _marked(difference: Difference) -> Difference:
    """Says which of several differences could be mended."""
    return replace(difference, words=f"{difference} (can be changed in place)") if difference.step else difference


def _in_error(server: Server, wanted: ServerWanted) -> Refusal | None:
    if server.status != "ERROR":
        return None
    todo = "Remove it with state: absent (its volumes are kept), then repeat. " + advice("ERROR")
    saw = f"a server of that name is in ERROR: {server.fault or 'Nova tells no reason'}"
    return Refusal("server_error", f"build server {wanted.name}", saw, todo)


def _build(site: Site, wanted: ServerWanted) -> Decision:
    found = problems(wanted, site.around)
    if found:
        todo = "Nothing was changed. Correct this, then repeat."
        return refused_for("cannot_build", f"build server {wanted.name}", found, todo)
    predicted = _predicted(site, wanted)
    steps = build_steps(wanted, site.around)
    return Plan({}, server_facts(predicted, which_root(predicted)), steps, findings=())


def _unmark(site: Site) -> tuple[Step, ...]:
    """A run that was killed after the server was made leaves its marks on the volumes."""
    return tuple(
        Step(
            "delete_volume_metadata",
            f"mark volume {volume.name} as finished",
            {"volume_id": volume.id, "key": BUILDING},
        )
        for volume in site.seen.volumes.values()
        if BUILDING in volume.metadata
    )


def _predicted(site: Site, wanted: ServerWanted) -> Seen:
    """What will be read after the build, with words in the place of ids that only the cloud can give."""
    volumes = {disk.tag: site.around.given.get(disk.tag) or _new_volume(disk) for disk in wanted.disks}
    server = Server(
        id="(new)",
        name=wanted.name,
        status="ACTIVE",
        flavor=site.around.flavor or Flavor(wanted.flavor),
        availability_zone=wanted.availability_zone or "",
        attachments=tuple(
            Attachment(volumes[disk.tag].id, None, disk.tag, disk.delete_on_termination) for disk in wanted.disks
        ),
        metadata=dict(wanted.metadata or {}),
        description=wanted.description or "",
        key_name=wanted.key_name,
        config_drive=bool(wanted.config_drive),
    )
    ports = tuple((site.around.ports.get(nic.name) or (_new_port(nic, site),))[0] for nic in wanted.nics)
    return replace(site.seen, server=server, volumes={v.id: v for v in volumes.values()}, ports=ports)


def _new_volume(disk: DiskWanted) -> Volume:
    return Volume(f"(new {disk.name})", disk.name, "in-use", disk.size or 0, bootable=disk.boot_index == 0)


def _new_port(nic: NicWanted, site: Site) -> Port:
    network = site.around.ids.get(("network", nic.network or "")) or ""
    addresses = (nic.fixed_ip,) if nic.fixed_ip else ()
    groups = tuple(str(site.around.ids.get(("security_group", group))) for group in nic.security_groups or ())
    return Port("(new)", nic.name, network, nic.mac or "", addresses, groups)


def decide_absent(site: Site, wanted: ServerWanted, delete_ports: bool = False) -> Decision:
    """Deletes the server. A volume goes with it only if this very request says so; all others are kept.

    :param delete_ports: whether the ports that the request names are deleted too.
    """
    seen = site.seen
    server = seen.server
    if server is None:
        return Plan({}, {}, _delete_ports(site, wanted) if delete_ports else ())
    refusal = locked(server, f"delete server {wanted.name}")
    if refusal:
        return refusal
    root = which_root(seen)
    asked = _asked_for(wanted, seen, root)
    flags = tuple(_flag(server, a, a.volume_id in asked) for a in server.attachments
                  if a.delete_on_termination != (a.volume_id in asked))  # fmt: skip
    delete = Step("delete_server", f"delete server {wanted.name}", {"server_id": server.id}, until_deleted(server.id))
    ports = _delete_ports(site, wanted) if delete_ports else ()
    return Plan(server_facts(seen, root), {}, (*flags, delete, *ports))


def until_deleted(server_id: str) -> Until:
    """The wait after the deletion of a server."""
    return Until("server", server_id, frozenset({"gone"}), frozenset(), _ANY)


#: States that a server may show while it is being deleted.
_ANY = frozenset(
    {"ACTIVE", "BUILD", "DELETED", "ERROR", "PAUSED", "RESCUE", "SHELVED", "SHELVED_OFFLOADED", "SHUTOFF", "SUSPENDED",
     "VERIFY_RESIZE", "RESIZE", "REBUILD", "UNKNOWN", "SOFT_DELETED"}
)  # fmt: skip


def _asked_for(wanted: ServerWanted, seen: Seen, root: Root) -> set[str]:
    found = (find_disk(disk, seen, root) for disk in wanted.disks if disk.delete_on_termination)
    return {attachment.volume_id for attachment in found if attachment}


def _flag(server: Server, attachment: Attachment, value: bool) -> Step:
    verb = "set" if value else "clear"
    args = {"server_id": server.id, "volume_id": attachment.volume_id, "value": value}
    text = f"{verb} delete_on_termination of volume {attachment.volume_id} at server {server.name}"
    return Step("set_delete_on_termination", text, args)


def _delete_ports(site: Site, wanted: ServerWanted) -> tuple[Step, ...]:
    """Ports that the request names, if they belong to no other server."""
    mine = site.seen.found.id if site.seen.server else ""
    return tuple(
        Step("delete_port", f"delete port {port.name or port.id}", {"port_id": port.id})
        for nic in wanted.nics
        for port in site.around.ports.get(nic.name, ())
        if port.device_id in ("", mine)
    )
