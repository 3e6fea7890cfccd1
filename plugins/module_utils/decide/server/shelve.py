# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shelving and unshelving."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...data.parts import Part
from ...data.seen import Seen, Server
from ...data.steps import Decision, Plan, Refusal, Step, Until
from .facts import server_facts
from .root_volume import is_leaving, which_root, without_root_task
from .states import CAN_SHELVE, SHELVE_TASKS, UNSHELVE_TASKS, advice, busy, locked, no_server

SHELVED = frozenset({"SHELVED_OFFLOADED"})
RUNNING = frozenset({"ACTIVE"})


@dataclass(frozen=True)
class Placement:
    """Where an unshelved server is to run; None leaves it to the scheduler."""

    availability_zone: str | None = None
    host: str | None = None


def until_shelved(server_id: object) -> Until:
    """The wait after a shelve. An image-backed server stays SHELVED and idle until Nova offloads it."""
    return Until("server", server_id, SHELVED, CAN_SHELVE, frozenset({"SHELVED"}))


def until_active(server_id: object) -> Until:
    """The wait after an unshelve. A server that is idle and still shelved found no host."""
    return Until("server", server_id, RUNNING, SHELVED | {"SHELVED"})


def decide_shelve(seen: Seen, name: str) -> Decision:
    """Shelves a server until it is offloaded."""
    wanted, server = f"shelve server {name}", seen.server
    if server is None:
        return no_server(wanted)
    root = which_root(seen)
    before = server_facts(seen, root)
    after = server_facts(replace(seen, server=replace(server, status="SHELVED_OFFLOADED", task_state=None)), root)
    if server.status == "SHELVED_OFFLOADED" and not server.task_state:
        return Plan(before, before)
    if server.task_state in SHELVE_TASKS or server.status == "SHELVED":
        return Plan(before, after, (await_shelved(server.id, name),))
    refusal = busy(server, wanted) or locked(server, wanted)
    if refusal:
        return refusal
    if server.status not in CAN_SHELVE:
        return Refusal("wrong_state", wanted, f"its state is {server.status}", advice(server.status))
    return Plan(before, after, (shelve_step(server.id, name),))


def shelve_step(server_id: object, name: str) -> Step:
    """The step that shelves a server."""
    return Step("shelve", f"shelve server {name}", {"server_id": server_id}, until_shelved(server_id), part=Part.SHELVE)


def await_shelved(server_id: object, name: str) -> Step:
    """The wait for the end of a shelve that somebody else began."""
    text = f"wait until server {name} is offloaded"
    return Step("wait", text, until=until_shelved(server_id), part=Part.SHELVE)


def decide_unshelve(seen: Seen, name: str, placement: Placement = Placement()) -> Decision:
    """Unshelves a server. Refused without a root volume: Nova itself would accept it and the server would be lost."""
    wanted, server = f"unshelve server {name}", seen.server
    if server is None:
        return no_server(wanted)
    server, root = without_root_task(seen), which_root(seen)
    before = server_facts(seen, root)
    after = server_facts(replace(seen, server=replace(server, status="ACTIVE", task_state=None)), root)
    if server.task_state in UNSHELVE_TASKS and server.status in ("SHELVED_OFFLOADED", "SHELVED"):
        return Plan(before, after, (await_active(server.id, name),))
    refusal = busy(server, wanted)
    if refusal:
        return refusal
    if server.status == "ACTIVE":
        return _already_active(server, before, wanted, placement)
    if server.status not in ("SHELVED_OFFLOADED", "SHELVED"):
        return Refusal(
            "wrong_state", wanted, f"its state is {server.status}, not SHELVED_OFFLOADED", _unshelve_advice(server)
        )
    refusal = locked(server, wanted) or _rootless(seen, wanted)
    return refusal or Plan(before, after, (unshelve_step(server.id, name, placement),))


def _already_active(server: Server, before: dict, wanted: str, placement: Placement) -> Decision:
    zone = placement.availability_zone
    if zone and server.availability_zone and zone != server.availability_zone:
        saw = f"it already runs in availability zone {server.availability_zone}, not {zone}"
        return Refusal("other_zone", wanted, saw, "Shelve it first, or leave the option availability_zone out.")
    return Plan(before, before)


def _unshelve_advice(server: Server) -> str:
    if server.status == "SHUTOFF":
        return "It is stopped, not shelved: openstack server start."
    return advice(server.status if server.status not in CAN_SHELVE else "*")


def _rootless(seen: Seen, wanted: str) -> Refusal | None:
    server, root = seen.found, which_root(seen)
    if is_leaving(seen):
        saw = f"the detach of its root volume {root.volume_id} began and has not ended"
        todo = "Repeat it with standby.openstack.server_root_volume_detach, then attach a root volume."
        return Refusal("no_root", wanted, saw, todo)
    if server.image_id or root.present:
        return None
    if root.present is None and server.attachments:
        saw = f"nothing tells which of its {len(server.attachments)} volumes is the root, if any"
        return Refusal(
            "root_unknown", wanted, saw, "Use administrator credentials, or a server whose root is tagged 'root'."
        )
    todo = "Attach one first, for example with standby.openstack.server_root_volume_attach."
    return Refusal("no_root", wanted, "it has no root volume", todo)


def unshelve_step(server_id: object, name: str, placement: Placement = Placement()) -> Step:
    """The step that unshelves a server."""
    where = {"availability_zone": placement.availability_zone, "host": placement.host}
    there = "".join(f" in {key.replace('_', ' ')} {value}" for key, value in where.items() if value)
    args, text = {"server_id": server_id, **where}, f"unshelve server {name}{there}"
    return Step("unshelve", text, args, until_active(server_id), part=Part.START)


def await_active(server_id: object, name: str) -> Step:
    """The wait for the end of an unshelve that somebody else began."""
    return Step("wait", f"wait until server {name} runs", until=until_active(server_id), part=Part.START)


def stop_step(server_id: str, label: str, part: Part = Part.WORK, states: frozenset[str] = RUNNING) -> Step:
    """The step that stops a server, so that what its guest still has in memory is written first.

    :param label: the server, for people.
    :param states: in which it may be when it begins.
    """
    return Step("stop", f"stop {label}", {"server_id": server_id}, until_stopped(server_id, states), part=part)


def until_stopped(server_id: str, states: frozenset[str] = RUNNING) -> Until:
    """The wait after a stop."""
    return Until("server", server_id, frozenset({"SHUTOFF"}), states)


def start_steps(server: Server) -> tuple[Step, ...]:
    """The step that starts a server that is stopped; none for one that runs."""
    if server.status != "SHUTOFF":
        return ()
    until = Until("server", server.id, RUNNING, frozenset({"SHUTOFF"}))
    return (Step("start", f"start server {server.name}", {"server_id": server.id}, until, part=Part.START),)


def start_refused(server: Server, wanted: str) -> Refusal | None:
    """Why `start_steps` cannot be done: only an administrator may start a locked server."""
    return locked(server, wanted) if server.status == "SHUTOFF" else None
