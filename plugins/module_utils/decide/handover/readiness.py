# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a failover would succeed now, and everything that stands in its way or differs from the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from ...data.marks import BUILDING
from ...data.seen import Root, Seen, Site, Volume
from ...data.steps import Decision, Finding, Plan, Refusal, refused_for
from ...data.wanted import DiskWanted, ServerWanted
from ..plan.recovery_plan import PlanServer, RecoveryPlan
from ..plan.recovery_points import RecoveryPoint, last_drill
from ..root.refreshed_root import new_twin
from ..root.root_state import ROOT_POINT, Kind, is_placeholder, root_state
from ..root.ways import choose
from ..server.boot_properties import BOOTING, unequal
from ..server.differences import differences, find_port
from ..server.facts import is_dormant, server_facts
from ..server.root_volume import root_volume_of, which_root
from ..server.states import advice
from ..twin.ports import lost_ports
from ..twin.rests_on import REPROTECT, as_it_rests, foreign_volumes, superseded_volumes
from .by_rebuild import renamed_ports
from .failover import decide_failover, used_point
from .recovery import Recovery


def decide_readiness(
    site: Site, what: Recovery, server: PlanServer, plan: RecoveryPlan, lag: Callable[[str], int]
) -> Decision:
    """An empty plan if the twin is at rest and as planned and its data is fresh, else a refusal with all findings.

    :param lag: the seconds since the time of a recovery point.
    """
    choice = used_point(what, server, plan)
    point = choice.point
    found = [*twin_findings(site, server, plan), *_data_findings(site, point, server, plan, lag)]
    found += [Finding("recovery point", "the newest", "an older one", text, False) for text in choice.passed_over]
    found += what.hindrances
    found += [Finding("marks", "a recovery point that counts", "one that does not", d, False) for d in what.doubts]
    if not any(finding.blocks for finding in found):
        found += _refused(what, server, plan)
    facts = server_facts(site.seen, which_root(site.seen))
    if any(finding.blocks for finding in found):
        todo = " ".join(dict.fromkeys(finding.todo for finding in found if finding.blocks and finding.todo))
        return refused_for("not_ready", f"call {server.name} ready", found, todo or "Do what is said there.")
    notes = tuple(f"{server.name}: {finding}" for finding in found)
    drill = last_drill(what.replicas).drilled
    extra = {"recovery_point": point.time if point else None, "last_drill": drill or None, **_held(site.seen, plan)}
    return Plan(facts, facts, notes=notes, extra=extra, findings=tuple(found))


#: What makes a recovery point as the plan wants it.
AGAIN = "Run dr_replicate."

#: What helps where dr_prepare cannot mend the twin.
ANEW = "Remove the twin with server_boot_volume state: absent, which keeps its volumes, and run dr_prepare."


def _held(seen: Seen, plan: RecoveryPlan) -> dict[str, str | None]:
    """The recovery point that the root of the twin holds already, where replication fills it."""
    state = root_state(seen, plan.name)
    held = state.holds if state.kind is Kind.REFRESHED else None
    return {ROOT_POINT: held} if plan.when == "at_replication" else {}


def _refused(what: Recovery, server: PlanServer, plan: RecoveryPlan) -> list[Finding]:
    """The reason, if any, for which a failover would be refused."""
    decided = decide_failover(what, server, plan)
    if isinstance(decided, Plan):
        return []
    words = f"a failover would be refused: {decided.seen.rstrip('.')}. {decided.todo}"
    return [Finding("failover", "possible", decided.seen, words)]


def twin_findings(site: Site, server: PlanServer, plan: RecoveryPlan) -> Iterator[Finding]:
    """What is missing for the twin to be ready for a failover, and how it differs from the plan."""
    seen = site.seen
    chosen = choose(plan, seen.offer, f"hand {server.name} over")
    if isinstance(chosen, Refusal):
        yield Finding("handover", plan.handover, "not offered", chosen.seen, todo=chosen.todo)
        return
    if seen.server is None:
        words = "there is no twin at the target"
        yield Finding("twin", "at rest at the target", None, words, todo="Run dr_prepare.")
        return
    if seen.found.status == "ERROR":
        words = f"the twin is in ERROR: {seen.found.fault or 'Nova tells no reason'}"
        yield Finding("status of the twin", "SHELVED_OFFLOADED", "ERROR", words, todo=advice("ERROR"))
        return
    yield from _differences(site, as_it_rests(server.twin, seen, plan.name, chosen.method))
    yield from lost_ports(seen) if chosen.method != "recreate" else ()
    yield from _unfinished(seen)
    yield from _unplanned_ports(site, server)
    yield from renamed_ports(server.twin, site) if chosen.method == "recreate" else ()
    yield from _not_at_rest(seen, plan.name, chosen.method)
    if seen.found.locked:
        todo = "Unlock the twin: openstack server unlock."
        yield Finding("lock of the twin", "unlocked", "locked", "the twin is locked", todo=todo)


def _differences(site: Site, twin: ServerWanted) -> Iterator[Finding]:
    for found in differences(twin, site):
        yield replace(found, todo="Run dr_prepare." if found.step else f"Correct the plan. Or: {ANEW}")


def _unfinished(seen: Seen) -> Iterator[Finding]:
    """What a run that was killed after the server was made left at its volumes."""
    for volume in seen.volumes.values():
        if volume.marks.building:
            words = f"volume {volume.name} is still marked as being built"
            yield Finding(f"mark of volume {volume.name}", None, BUILDING, words, todo="Run dr_prepare.")


def _unplanned_ports(site: Site, server: PlanServer) -> Iterator[Finding]:
    planned = {port.id for nic in server.twin.nics if (port := find_port(nic, site))}
    for port in site.seen.ports:
        if port.id not in planned:
            at = f"{port.name or port.id} ({', '.join(port.fixed_ips) or 'no address'})"
            words = f"the twin has a port {at} that the plan does not name"
            yield Finding("port of the twin", None, at, words, todo=f"Add the port to the plan. Or: {ANEW}")
    yield from _set_down(site)


def _set_down(site: Site) -> Iterator[Finding]:
    """The server would come up, and its guest would reach nothing."""
    for port in site.seen.ports:
        if not port.admin_up:
            name = port.name or port.id
            todo = f"Set it up: openstack port set --enable {port.id}."
            yield Finding(
                f"admin state of port {name}", "up", "down", f"the port {name} of the twin is set down", todo=todo
            )
    for network in sorted(site.around.networks_down):
        todo = f"Set it up: openstack network set --enable {network}."
        yield Finding(
            f"admin state of network {network}", "up", "down", f"the network {network} is set down", todo=todo
        )


def _not_at_rest(seen: Seen, plan: str, method: str) -> Iterator[Finding]:
    return _not_dormant(seen, plan) if method == "attach" else _not_waiting(seen, plan, method)


def _not_dormant(seen: Seen, plan: str) -> Iterator[Finding]:
    root = which_root(seen)
    rest = ", ".join(a.volume_id for a in seen.found.attachments if a.volume_id != root.volume_id)
    todo = _todo_for_rest(seen, plan, "attach")
    if not is_dormant(seen, root):
        yield _state("dormant", f"{seen.found.status}{_on(root)}", ", not dormant", todo)
    elif rest:
        yield Finding("volumes of the twin", None, rest, f"the twin still has volume {rest}", todo=todo)


def _not_waiting(seen: Seen, plan: str, method: str) -> Iterator[Finding]:
    shelved = seen.found.status == "SHELVED_OFFLOADED" and not seen.found.task_state
    if not shelved or not seen.found.attachments or foreign_volumes(seen, plan, method):
        saw = f"{seen.found.status}{_on(which_root(seen))}"
        todo = _todo_for_rest(seen, plan, method) if seen.found.attachments else ANEW
        yield _state("shelved on its placeholders", saw, ", not shelved on its placeholders", todo)
    elif method == "reimage":
        yield from _not_to_be_overwritten(seen)


def _todo_for_rest(seen: Seen, plan: str, method: str) -> str:
    """How the twin comes to rest. dr_prepare takes only its own placeholders off."""
    state = root_state(seen, plan)
    if state.kind in (Kind.REPLICA, Kind.COPY):
        return "The server was failed over: the target leads, and nothing is to be prepared here."
    foreign = foreign_volumes(seen, plan, method)
    if superseded_volumes(seen, plan):
        return REPROTECT
    if foreign:
        return f"Find out who attached volume {', '.join(foreign)}. Take it off, or: {ANEW}"
    return "Run dr_prepare."


def _not_to_be_overwritten(seen: Seen) -> Iterator[Finding]:
    """Cinder copies into a volume only while it is reserved for the shelved server."""
    volume = root_volume_of(seen)
    if volume is None:
        words = "the twin has no root volume that could be overwritten"
        yield Finding("root volume of the twin", "one that can be overwritten", None, words, todo=ANEW)
    elif volume.status not in ("reserved", "downloading"):
        words, todo = f"the root {volume.name} of the twin is {volume.status}, not reserved", new_twin(volume)
        yield Finding("status of the root volume of the twin", "reserved", volume.status, words, todo=todo)


def _state(wanted: str, saw: str, but: str, todo: str) -> Finding:
    return Finding("state of the twin", wanted, saw, f"the twin is {saw}{but}", todo=todo)


def _on(root: Root) -> str:
    return f" with root volume {root.volume_id}" if root.present else ""


def _data_findings(
    site: Site, point: RecoveryPoint | None, server: PlanServer, plan: RecoveryPlan, lag: Callable[[str], int]
) -> Iterator[Finding]:
    """About the recovery point that a failover would use; ``rpo`` of the plan is in seconds."""
    if point is None:
        words = "there is no complete recovery point"
        yield Finding("recovery point", "a complete one at the target", None, words, todo=AGAIN)
        return
    age = lag(point.time)
    if age < 0:
        words = f"the newest recovery point is {-age} s later than now: the clocks of the clouds differ"
        yield Finding("age of the recovery point", "at least 0 s", f"{age} s", words, todo="Have these clocks set.")
    if plan.rpo is not None and age > plan.rpo:
        words = f"the newest recovery point is {age} s old, the plan allows {plan.rpo} s"
        yield Finding("age of the recovery point", f"at most {plan.rpo} s", f"{age} s", words, todo=AGAIN)
    for disk in server.twin.disks:
        if disk.tag in point.volumes:
            yield from _replica(disk, point.volumes[disk.tag])
    yield from _boots_otherwise(site, point.volumes["root"], server, plan.name)


def _replica(disk: DiskWanted, volume: Volume) -> Iterator[Finding]:
    """The plan may have changed since the replica was made, or be wrong about the disk at the source."""
    for what, wanted, saw in (
        ("size", disk.size and f"{disk.size} GiB", f"{volume.size} GiB"),
        ("type", disk.volume_type, volume.volume_type),
        ("availability_zone", disk.availability_zone, volume.availability_zone),
    ):
        if wanted and wanted != saw:
            # a volume that grew at the source does no harm; `decide_failover` says where it does not fit
            blocks = what != "size" or volume.size < (disk.size or 0)
            todo = AGAIN if what != "size" else "Correct the size in the plan, or that of the volume at the source."
            yield Finding(f"{what} of the replica of {disk.tag}", wanted, saw, blocks=blocks, todo=todo)


def _boots_otherwise(site: Site, replica: Volume, server: PlanServer, plan: str) -> Iterator[Finding]:
    """The replica carries the image properties of the source's root; the twin was proved with those of its placeholder.

    A system that was installed from a CD has none. Then nothing tells what it needs, and the finding blocks nothing.
    """
    proved, told = _proved(site, plan, server.name), bool(BOOTING & replica.image_metadata.keys())
    for key, wanted, saw in unequal(replica.image_metadata, proved) if proved is not None else ():
        words = f"the twin was made with {key} {saw or 'none'}, the root volume at the source has {wanted or 'none'}"
        todo = f"Give the boot volume of the plan an image with this property. Then: {ANEW}"
        yield Finding(f"{key} of the twin", wanted, saw, words, told, todo)


def _proved(site: Site, plan: str, server: str) -> Mapping[str, str] | None:
    """The image properties of the placeholder, or of the image that it was made from; None if nothing tells."""
    root = root_volume_of(site.seen)
    if root is not None:
        return root.image_metadata if is_placeholder(root, plan, server) else None
    image = site.around.sources.get("root")
    return image.properties if image else None
