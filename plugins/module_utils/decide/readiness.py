# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a failover would succeed now, and everything that stands in its way or differs from the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..model import Root, Seen, Site, Volume
from ..plan import Decision, Finding, Plan, Refusal, refused_for
from ..wanted import DiskWanted
from .boot_properties import BOOTING, unequal
from .building import BUILDING
from .drift import differences, find_port
from .facts import is_dormant, server_facts
from .failover import Recovery, decide_failover, newest_usable
from .handover import choose
from .recovery_plan import PlanServer, RecoveryPlan
from .recreate import renamed_ports
from .refreshed import ROOT_POINT, holds, refreshed_root
from .replicas import RecoveryPoint
from .root_volume import which_root
from .twin import foreign_volumes, is_placeholder


def decide_readiness(
    site: Site, what: Recovery, server: PlanServer, plan: RecoveryPlan, lag: Callable[[str], int]
) -> Decision:
    """An empty plan if the twin is at rest and as planned and its data is fresh, else a refusal with all findings.

    :param lag: the seconds since the time of a recovery point.
    """
    point = newest_usable(what, server)
    found = [*twin_findings(site, server, plan), *_data_findings(site, point, server, plan, lag)]
    if not any(finding.blocks for finding in found):
        found += _refused(what, server, plan)
    facts = server_facts(site.seen, which_root(site.seen))
    if any(finding.blocks for finding in found):
        todo = "Run dr_prepare for the twin and dr_replicate for its replicas."
        return refused_for("not_ready", f"call {server.name} ready", found, todo)
    notes = tuple(f"{server.name}: {finding}" for finding in found)
    extra = {"recovery_point": point.time if point else None, **_held(site.seen, plan)}
    return Plan(facts, facts, notes=notes, extra=extra, findings=tuple(found))


def _held(seen: Seen, plan: RecoveryPlan) -> dict[str, str | None]:
    """The recovery point that the root of the twin holds already, where replication fills it."""
    root = refreshed_root(seen, plan.name)
    return {ROOT_POINT: holds(root) if root else None} if plan.when == "at_replication" else {}


def _refused(what: Recovery, server: PlanServer, plan: RecoveryPlan) -> list[Finding]:
    """Whatever else a failover would be refused for."""
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
        yield Finding("handover", plan.handover, "not offered", chosen.seen)
        return
    if seen.server is None:
        yield Finding("twin", "at rest at site B", None, "there is no twin at site B")
        return
    if seen.found.status == "ERROR":
        why = seen.found.fault or "Nova tells no reason"
        yield Finding("status of the twin", "SHELVED_OFFLOADED", "ERROR", f"the twin is in ERROR: {why}")
        return
    yield from differences(server.at_b, site)
    yield from _unfinished(seen)
    yield from _unplanned_ports(site, server)
    yield from renamed_ports(server.at_b, site) if chosen.method == "recreate" else ()
    yield from _not_dormant(seen) if chosen.method == "attach" else _not_waiting(seen, plan.name, chosen.method)
    if seen.found.locked:
        yield Finding("lock of the twin", "unlocked", "locked", "the twin is locked")


def _unfinished(seen: Seen) -> Iterator[Finding]:
    """What a run that was killed after the server was made left at its volumes."""
    for volume in seen.volumes.values():
        if BUILDING in volume.metadata:
            words = f"volume {volume.name} is still marked as being built"
            yield Finding(f"mark of volume {volume.name}", None, BUILDING, words)


def _unplanned_ports(site: Site, server: PlanServer) -> Iterator[Finding]:
    planned = {port.id for nic in server.at_b.nics if (port := find_port(nic, site))}
    for port in site.seen.ports:
        if port.id not in planned:
            at = f"{port.name or port.id} ({', '.join(port.fixed_ips) or 'no address'})"
            yield Finding("port of the twin", None, at, f"the twin has a port {at} that the plan does not name")


def _not_dormant(seen: Seen) -> Iterator[Finding]:
    root = which_root(seen)
    rest = ", ".join(a.volume_id for a in seen.found.attachments if a.volume_id != root.volume_id)
    if not is_dormant(seen, root):
        yield _state("dormant", f"{seen.found.status}{_on(root)}", ", not dormant")
    elif rest:
        yield Finding("volumes of the twin", None, rest, f"the twin still has volume {rest}")


def _not_waiting(seen: Seen, plan: str, method: str) -> Iterator[Finding]:
    shelved = seen.found.status == "SHELVED_OFFLOADED" and not seen.found.task_state
    if not shelved or not seen.found.attachments or foreign_volumes(seen, plan, method):
        saw = f"{seen.found.status}{_on(which_root(seen))}"
        yield _state("shelved on its placeholders", saw, ", not shelved on its placeholders")
    elif method == "reimage":
        yield from _not_to_be_overwritten(seen)


def _not_to_be_overwritten(seen: Seen) -> Iterator[Finding]:
    """Cinder copies into a volume only while it is reserved for the shelved server."""
    volume = seen.volumes.get(which_root(seen).volume_id or "")
    if volume is None:
        words = "the twin has no root volume that could be overwritten"
        yield Finding("root volume of the twin", "one that can be overwritten", None, words)
    elif volume.status not in ("reserved", "downloading"):
        words = f"the root {volume.name} of the twin is {volume.status}, not reserved"
        yield Finding("status of the root volume of the twin", "reserved", volume.status, words)


def _state(wanted: str, saw: str, but: str) -> Finding:
    return Finding("state of the twin", wanted, saw, f"the twin is {saw}{but}")


def _on(root: Root) -> str:
    return f" with root volume {root.volume_id}" if root.present else ""


def _data_findings(
    site: Site, point: RecoveryPoint | None, server: PlanServer, plan: RecoveryPlan, lag: Callable[[str], int]
) -> Iterator[Finding]:
    """About the newest recovery point; ``rpo`` of the plan is in seconds."""
    if point is None:
        yield Finding("recovery point", "a complete one at site B", None, "there is no complete recovery point")
        return
    age = lag(point.time)
    if plan.rpo is not None and age > plan.rpo:
        words = f"the newest recovery point is {age} s old, the plan allows {plan.rpo} s"
        yield Finding("age of the recovery point", f"at most {plan.rpo} s", f"{age} s", words)
    for disk in server.at_b.disks:
        if disk.tag in point.volumes:
            yield from _replica(disk, point.volumes[disk.tag])
    yield from _boots_otherwise(site, point.volumes["root"], server, plan.name)


def _replica(disk: DiskWanted, volume: Volume) -> Iterator[Finding]:
    """The plan may have changed since the replica was made, or be wrong about the disk at site A."""
    for what, wanted, saw in (
        ("size", disk.size and f"{disk.size} GiB", f"{volume.size} GiB"),
        ("type", disk.volume_type, volume.volume_type),
        ("availability_zone", disk.availability_zone, volume.availability_zone),
    ):
        if wanted and wanted != saw:
            # a volume that grew at site A does no harm; `decide_failover` says where it does not fit
            blocks = what != "size" or volume.size < (disk.size or 0)
            yield Finding(f"{what} of the replica of {disk.tag}", wanted, saw, blocks=blocks)


def _boots_otherwise(site: Site, replica: Volume, server: PlanServer, plan: str) -> Iterator[Finding]:
    """The replica carries the image properties of site A's root; the twin was proved with those of its placeholder.

    A system that was installed from a CD has none: then nothing tells what it needs, and it is only said.
    """
    proved, told = _proved(site, plan, server.name), bool(BOOTING & replica.image_metadata.keys())
    for key, wanted, saw in unequal(replica.image_metadata, proved) if proved is not None else ():
        words = f"the twin was made with {key} {saw or 'none'}, the root volume at site A has {wanted or 'none'}"
        yield Finding(f"{key} of the twin", wanted, saw, words, blocks=told)


def _proved(site: Site, plan: str, server: str) -> Mapping[str, str] | None:
    """The image properties of the placeholder, or of the image that it was made from; None if nothing tells."""
    root = site.seen.volumes.get(which_root(site.seen).volume_id or "")
    if root is not None:
        return root.image_metadata if is_placeholder(root, plan, server) else None
    image = site.around.sources.get("root")
    return image.properties if image else None
