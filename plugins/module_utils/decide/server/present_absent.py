# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that boots from a volume: present or absent."""

from __future__ import annotations

from dataclasses import replace

from ...data.marks import BUILDING
from ...data.parts import Part
from ...data.seen import Attachment, Root, Seen, Server, Site
from ...data.steps import Decision, Plan, Refusal, Step, Until, for_part, refused_for
from ...data.wanted import ServerWanted
from .build_problems import proved_build
from .build_steps import finished_step
from .differences import Difference, differences, find_disk
from .facts import server_facts
from .foretold import as_built, facts_as_built
from .root_volume import which_root
from .states import advice, locked


def decide_present(site: Site, wanted: ServerWanted) -> Decision:
    """Builds the server, or mends what differs and can be changed, or refuses with the list of what cannot."""
    server = site.seen.server
    if server is None:
        return _build(site, wanted)
    return _in_error(server, wanted) or (_await(site, server) if server.status == "BUILD" else _mend(site, wanted))


def _await(site: Site, server: Server) -> Plan:
    """Another run has asked for the server. Waits until it is built, then compares it."""
    before = server_facts(site.seen, which_root(site.seen))
    after = {**before, "status": "ACTIVE", "task_state": None}
    return Plan(before, after, (await_built(server),), later=unmark_steps(site.seen))


def await_built(server: Server) -> Step:
    """The wait for a server that is being built."""
    until = Until("server", server.id, frozenset({"ACTIVE"}), frozenset({"BUILD"}), frozenset({"BUILD"}))
    return Step("wait", f"wait until server {server.name} is built", until=until, part=Part.BUILD)


def _mend(site: Site, wanted: ServerWanted) -> Decision:
    found = differences(wanted, site)
    if any(difference.blocks and not difference.step for difference in found):
        todo = "What cannot be changed in place: correct the description, or make the server anew. Nothing was changed."
        return refused_for("differs", f"make server {wanted.name} as described", [_marked(d) for d in found], todo)
    root, mended = which_root(site.seen), site.seen
    for difference in found:
        mended = difference.mend(mended)
    steps = for_part(Part.MEND, (difference.step for difference in found if difference.step))
    notes = tuple(f"{wanted.name}: {d}. A server boots as it was made." for d in found if not d.blocks)
    before, after = server_facts(site.seen, root), server_facts(mended, root)
    return Plan(before, after, (*steps, *unmark_steps(site.seen)), notes, findings=found)


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
    steps = proved_build(wanted, site.around, f"build server {wanted.name}")
    if isinstance(steps, Refusal):
        return steps
    return Plan({}, facts_as_built(site.seen, as_built(site.seen, wanted, site.around)), steps, findings=())


def unmark_steps(seen: Seen) -> tuple[Step, ...]:
    """A run that was killed after the server was made leaves its marks on the volumes."""
    building = (volume for volume in seen.volumes.values() if volume.marks.building)
    return tuple(finished_step(v.name, v.id, {k: t for k, t in v.metadata.items() if k != BUILDING}) for v in building)


def decide_absent(site: Site, wanted: ServerWanted, delete_ports: bool = False) -> Decision:
    """Deletes the server. A volume is deleted with it only if this request says so. All others are kept.

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
