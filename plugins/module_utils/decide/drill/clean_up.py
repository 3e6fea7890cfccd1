# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a drill: everything that it made is deleted, and nothing else. What is left over is told by name.

The volumes of a drill are the only ones with data that a role deletes unasked. Each was cloned for the drill, and its
marks name it: a copy of the marks at another volume counts for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ...data.drill import Left
from ...data.marks import KEPT, is_port_note
from ...data.parts import Part
from ...data.seen import Port, Server, Volume
from ...data.steps import Decision, Finding, Plan, Refusal, Step, Until, for_part, refused_for
from ..server.rebuild import delete_server_steps

#: States of a volume on the way to one in which Cinder deletes it.
_BUSY = frozenset({"in-use", "reserved", "attaching", "detaching", "creating", "downloading"})
_FREE = frozenset({"available", "error"})


def decide_clean_up(what: Left, plan: str, wanted: str, keep: bool = False) -> Decision:
    """Deletes servers, then their volumes and ports, then networks. Refuses when only what must stay is left.

    :param keep: whether a drill that is to stay is left alone.
    """
    kept = sorted(server.name for server in what.servers if server.metadata.get(KEPT) == "yes")
    if keep and kept:
        todo = "End it with dr_drill_cleanup, then repeat. Or carry it on: -e drill_keep=true."
        return Refusal("kept_drill", wanted, f"a drill that is kept is there, with server {', '.join(kept)}", todo)
    blocked = list(_blocked(what, plan))
    going = goes(what)
    steps = for_part(Part.TIDY, (*_servers(going), *_volumes(going), *_ports(going), *_networks(going)))
    if blocked and not steps:
        return refused_for("cleanup_incomplete", wanted, blocked, "Nothing else of it is left. Do this, then repeat.")
    notes = tuple(f"stays: {finding}" for finding in blocked)
    before, stay = _named(what), {key: name for key, name in what.networks.items() if key not in going.networks}
    after = before if blocked else _named(Left(networks=stay, others=what.others))
    # what must stay is refused when the rest is gone
    return Plan({"left": before}, {"left": after}, steps, notes, later=() if blocked else None)


def _named(what: Left) -> dict[str, list[str]]:
    """What is there, by kind and name."""
    found = {
        "servers": [server.name for server in what.servers],
        "volumes": [volume.name or volume.id for volume in what.volumes],
        "ports": [port.name or port.id for port in what.ports],
        "networks": [*what.networks.values()],
    }
    return {kind: sorted((*names, *what.others.get(kind, ()))) for kind, names in found.items()}


def _blocked(what: Left, plan: str) -> Iterator[Finding]:
    """What cannot be deleted, and why."""
    for server in what.servers:
        if server.locked:
            words = f"server {server.name} is locked: unlock it (openstack server unlock {server.id})"
            yield Finding(f"lock of {server.name}", "unlocked", "locked", words)
    going = {server.id for server in what.servers}
    for volume in what.volumes:
        yield from _blocked_volume(volume, what, going)
    for port in what.ports:
        if port.device_id and port.device_id not in going:
            words = (
                f"port {port.name or port.id} belongs to {port.device_id}, which is not of the drill: take it off there"
            )
            yield Finding(f"owner of port {port.name}", "none", port.device_id, words)
    for network in what.networks:
        yield from _blocked_network(network, what, plan)


def _blocked_volume(volume: Volume, what: Left, going: Iterable[str]) -> Iterator[Finding]:
    name = volume.name or volume.id
    others = sorted(set(volume.attached_to) - set(going))
    snapshots = sorted(one.name or one.id for one in what.snapshots.get(volume.id, ()))
    if others:
        words = f"volume {name} is attached to server {', '.join(others)}, which is not of the drill: detach it there"
        yield Finding(f"holder of {name}", "none", others, words)
    elif snapshots:
        words = f"volume {name} has snapshots that the drill did not make: delete {', '.join(snapshots)}"
        yield Finding(f"snapshots of {name}", [], snapshots, words)
    elif volume.status not in _BUSY | _FREE | {"deleting"}:
        words = f"volume {name} is {volume.status}: Cinder deletes it when it is available or in error"
        yield Finding(f"status of {name}", "available", volume.status, words)


def _blocked_network(network: str, what: Left, plan: str) -> Iterator[Finding]:
    """Ports of the drill itself do not block: the network goes when their servers are cleaned up."""
    strange = [port for port in what.ports_of.get(network, ()) if _strange(port, plan)]
    if strange:
        name, ports = what.networks[network], ", ".join(sorted(port.name or port.id for port in strange))
        todo = f"take the router off it ({ports})" if all(port.of_router for port in strange) else f"delete {ports}"
        words = f"network {name} has ports that are not of the drill: {todo}"
        yield Finding(f"ports of {name}", [], ports, words)


def _strange(port: Port, plan: str) -> bool:
    return not _of_neutron(port) and not is_port_note(port.description, plan)


def goes(what: Left) -> Left:
    """What of it is deleted."""
    locked = {server.id for server in what.servers if server.locked}
    ours = {server.id for server in what.servers}
    volumes = (v for v in what.volumes if not locked & {*v.attached_to} and not list(_blocked_volume(v, what, ours)))
    ports = tuple(port for port in what.ports if not port.device_id or port.device_id in ours - locked)
    gone = {port.id for port in ports}
    return Left(
        servers=tuple(server for server in what.servers if not server.locked),
        volumes=tuple(volumes),
        ports=ports,
        networks={key: name for key, name in what.networks.items() if not _in_use(what, key, gone)},
    )


def _in_use(what: Left, network: str, gone: Collection[str]) -> bool:
    """Whether other ports are on it than those of Neutron itself, and such as go now."""
    return any(port.id not in gone and not _of_neutron(port) for port in what.ports_of.get(network, ()))


def _servers(going: Left) -> Iterator[Step]:
    for server in going.servers:
        yield from delete_server_steps(server, "the server of the drill")


def _volumes(going: Left) -> Iterator[Step]:
    """All are asked for before the first is waited for."""
    for volume in going.volumes:
        yield from _delete(volume)
    for volume in going.volumes:
        yield Step("wait", f"wait until volume {volume.name} is gone", until=_until_gone(volume))


def _delete(volume: Volume) -> Iterator[Step]:
    if volume.status in _BUSY:
        until = Until("volume", volume.id, _FREE, _BUSY)
        yield Step("wait", f"wait until volume {volume.name} is free", until=until)
    if volume.status != "deleting":
        yield Step("delete_volume", f"delete volume {volume.name} of the drill", {"volume_id": volume.id})


def _until_gone(volume: Volume) -> Until:
    return Until("volume", volume.id, frozenset({"gone"}), frozenset({"available", "error", "deleting"}))


def _ports(going: Left) -> Iterator[Step]:
    for port in going.ports:
        yield Step("delete_port", f"delete port {port.name} of the drill", {"port_id": port.id})


def _networks(going: Left) -> Iterator[Step]:
    for network, name in going.networks.items():
        yield Step("delete_network", f"delete network {name} of the drill", {"network_id": network})


def _of_neutron(port: Port) -> bool:
    return port.owner.startswith("network:") and not port.of_router


def give_place(servers: Iterable[Server]) -> tuple[Step, ...]:
    """A failover goes first: servers of a drill are deleted where the quota is short. Their volumes stay for now."""
    what = "the server of a drill, which is in the way,"
    return for_part(Part.TIDY, (s for one in servers if not one.locked for s in delete_server_steps(one, what)))
