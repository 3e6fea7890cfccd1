# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server is deleted and made again on another root, on the same ports and data volumes: on every cloud.

Its definition is written down before. A run that was killed after the delete makes the server from that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from ...data.replacement import Definition, Replacing
from ...data.seen import Flavor, Port, Root, Seen, Surroundings, Volume
from ...data.steps import Finding, Plan, Refusal, Step
from ..server.build_problems import proved_build
from ..server.facts import server_facts
from ..server.foretold import as_built, facts_as_built
from ..server.present_absent import await_built
from ..server.rebuild import delete_server_steps, ports_freed
from ..server.root_volume import root_volume_of, until_detached, which_root
from .definition import completed, made_of, read_back
from .new_volume import NewRoot, new_root, note_former

_AGAIN = (
    "Repeat the task to carry on; if there is a server in ERROR, remove it first with server_boot_volume state: absent."
)

#: States that end when the server is deleted. Whatever else a volume is busy with goes on, and its end may leave it in
#: the state before, in use by nobody: a backup does (cinder/backup/manager.py, _finish_backup).
_COMES_FREE = frozenset({"in-use", "reserved", "detaching", "available"})


def recreate_plan(what: Replacing, root: Root, wanted: str) -> Plan | Refusal:
    """Writes the definition of the server down, deletes the server, and makes it again."""
    definition = _definition(what, root, wanted)
    if isinstance(definition, Refusal):
        return definition
    loose = _unproven(what)
    if loose and not what.recreation.release:
        return _not_proven(loose, wanted)
    old = root_volume_of(what.seen)
    made = _made(what, definition, old, wanted)
    if isinstance(made, Refusal):
        return made
    new, build = made
    steps = (
        *new.steps,
        _write(definition, what.recreation.file),
        *(note_former(new.volume, old) if what.given and old else ()),
        *_delete(what, [port for port, _why in loose]),
        *build,
        *new.unmark,
    )
    return _plan(what, definition, new, steps, old)


def _definition(what: Replacing, root: Root, wanted: str) -> Definition | Refusal:
    refusal = _no_record(what, wanted) or _is_another(what, wanted) or _volume_lost(what.seen, root, wanted)
    return refusal or read_back(what.seen, root, what.recreation, wanted)


def _write(definition: Definition, file: str | None) -> Step:
    args = {"file": file, "definition": asdict(definition)}
    return Step("write_record", f"write the definition of server {definition.name} to {file}", args)


def from_record(what: Replacing, wanted: str) -> Plan | Refusal | None:
    """The server is gone: it is made from what was written down; None if nothing was."""
    record = what.recreation.record
    if record is None:
        return None
    given = what.recreation.user_data
    if record.user_data != bool(given):
        saw = f"{what.recreation.file} says that the server had {'' if record.user_data else 'no '}user_data"
        return Refusal("user_data_unknown", wanted, saw, "Say user_data as in the first run: it is not written down.")
    old = what.recreation.around.given.get(record.root["id"]) if record.root else None
    made = _made(what, record, old, wanted)
    if isinstance(made, Refusal):
        return made
    new, build = made
    root = (replace(step, safe=_safe(what)) for step in new.steps)
    return _plan(what, record, new, (*root, *build, *new.unmark), old)


def come_up(what: Replacing, wanted: str) -> tuple[Step, ...] | Refusal:
    """The server stands on the new root already: its end is waited for; one that failed is explained."""
    server = what.seen.found
    if server.status == "BUILD":
        return (await_built(server),)
    if server.status != "ERROR":
        return ()
    saw = f"the server was made again and is in ERROR: {server.fault or 'Nova tells no reason'}"
    todo = (
        f"Its definition is in {what.recreation.file}, its volumes and ports are safe. Remove the server with "
        "server_boot_volume state: absent (its volumes stay), then repeat."
    )
    return Refusal("server_error", wanted, saw, todo)


def _no_record(what: Replacing, wanted: str) -> Refusal | None:
    if what.recreation.file:
        return None
    saw = "nothing says where the definition of the server is to be written before the server is deleted"
    return Refusal("no_record", wanted, saw, "Say record, the path of a file that outlives this run.")


def _is_another(what: Replacing, wanted: str) -> Refusal | None:
    """If the user named a server by its id, another server with its name does not count."""
    if not what.recreation.is_another:
        return None
    server = what.seen.found
    saw = f"it is gone, and {server.name} is now another server ({server.id}), which does not run on the new root"
    return Refusal("other_server", wanted, saw, "Name the server by its new id if that is the one.")


def _volume_lost(seen: Seen, root: Root, wanted: str) -> Refusal | None:
    lost = [a.volume_id for a in seen.found.attachments if a.volume_id not in {*seen.volumes, root.volume_id}]
    if not lost:
        return None
    saw = f"the cloud knows no volume {', '.join(lost)}, which is attached to the server"
    return Refusal("volume_lost", wanted, saw, "Detach it: openstack server remove volume. Then repeat.")


def _unproven(what: Replacing) -> list[tuple[Port, str]]:
    """Ports that Nova may have made: it deletes those with the server, and tells members nothing about which they are.

    Nova gives a port that it makes no name, and makes it after the server (nova/network/neutron.py,
    _create_port_minimal); so one that has a name and is older than the server was made by somebody else.
    """
    details, found = what.recreation.read, []
    for port in what.seen.ports:
        if not port.name:
            found.append((port, "has no name"))
        elif not "" < details.ports_made.get(port.id, "") < details.created:
            found.append((port, "is not older than the server"))
    return found


def _not_proven(loose: list[tuple[Port, str]], wanted: str) -> Refusal:
    texts = [f"port {port.name or port.id} ({', '.join(port.fixed_ips) or 'no address'}) {why}" for port, why in loose]
    saw = f"Nova deletes the ports that it made together with the server, and these may be such: {'; '.join(texts)}"
    todo = "Say release_ports: true, which takes them off the server before it is deleted, so that Nova finds none."
    return Refusal("ports_of_nova", wanted, saw, todo)


def _made(
    what: Replacing, definition: Definition, old: Volume | None, wanted: str
) -> tuple[NewRoot, tuple[Step, ...]] | Refusal:
    """The new root, and the steps from the end of the delete until the server is made; or a refusal."""
    new = new_root(what, definition.server_id, definition.name, old, wanted)
    if isinstance(new, Refusal):
        return new
    recreation = what.recreation
    server = made_of(definition, new.volume.id, recreation.zone, recreation.user_data)
    there = _freed(recreation.around, definition, new.volume, bool(what.given))
    todo = "Nothing was deleted. Correct this, then repeat."
    if what.seen.server is None:
        todo = f"The server is gone, its definition is in {recreation.file}. Correct this, then repeat."
    build = proved_build(server, there, wanted, todo, _flavor_problems(definition, there.flavor))
    if isinstance(build, Refusal):
        return build
    steps = (*(_wait_free(row) for row in definition.volumes), *build)
    return new, tuple(_complete(step, definition, _safe(what)) for step in steps)


def _complete(step: Step, definition: Definition, safe: str) -> Step:
    done = replace(step, safe=safe)
    return replace(done, args=completed(step.args, definition)) if step.verb == "create_server" else done


def _safe(what: Replacing) -> str:
    """What people should know if a step fails while there is no server."""
    return f"The server is gone; its definition is in {what.recreation.file}, its volumes and ports are safe. {_AGAIN}"


def _freed(around: Surroundings, definition: Definition, root: Volume, is_given: bool) -> Surroundings:
    """What a build needs, as it will be once the server is deleted."""
    mine = {"", definition.server_id}
    volumes = {
        key: _off(volume) if set(volume.attached_to) <= mine else volume
        for key, volume in around.given.items()
        if key in {row["id"] for row in definition.volumes}
    }
    ready = root if is_given else replace(root, status="available", bootable=True)
    return replace(ports_freed(around, definition.server_id), given={**volumes, "root": ready})


def _off(volume: Volume) -> Volume:
    return replace(volume, status="available" if volume.status in _COMES_FREE else volume.status, attached_to=())


def _flavor_problems(definition: Definition, flavor: Flavor | None) -> Iterator[Finding]:
    """A flavor of the same name may have been made anew."""
    for key in ("vcpus", "ram", "disk"):
        was, now = definition.flavor[key], getattr(flavor, key, None)
        if flavor and was != now:
            words = f"flavor {flavor.name} has {key} {now} now, the server has {was}"
            yield Finding(f"{key} of flavor {flavor.name}", was, now, words)


def _delete(what: Replacing, loose: list[Port]) -> tuple[Step, ...]:
    server, safe = what.seen.found, f"Its definition is in {what.recreation.file}. Repeat the task to carry on."
    return (*(_release(port, server.name) for port in loose), *delete_server_steps(server, "server", safe))


def _release(port: Port, server: str) -> Step:
    """What Nova does to ports that it did not make: it looks for ports by device_id, so it does not find this one."""
    args = {"port_id": port.id, "device_id": "", "device_owner": ""}
    return Step("update_port", f"take port {port.name or port.id} off server {server}", args)


def _wait_free(row: Any) -> Step:
    label = row["name"] or row["id"]
    return Step("wait", f"wait until volume {label} is free", until=until_detached(row["id"]))


def _plan(
    what: Replacing, definition: Definition, new: NewRoot, steps: tuple[Step, ...], old: Volume | None
) -> Plan:  # fmt: skip
    before = server_facts(what.seen, which_root(what.seen))
    named = {"id": old.id, "name": old.name} if old else None
    extra = {"definition": asdict(definition), "old_root": named}
    return Plan(before, _foretold(what, definition, new), steps, extra=extra)


def _foretold(what: Replacing, definition: Definition, new: NewRoot) -> dict[str, Any]:
    """The server as it will be, with the tags that its volumes have now."""
    made = made_of(definition, new.volume.id, what.recreation.zone, None)
    around = what.recreation.around
    built = as_built(what.seen, made, replace(around, given={**around.given, "root": new.foretold}))
    tags = {row["id"]: row["tag"] for row in definition.volumes}
    attachments = tuple(replace(a, tag=tags.get(a.volume_id, a.tag)) for a in built.found.attachments)
    return facts_as_built(what.seen, replace(built, server=replace(built.found, attachments=attachments)))
