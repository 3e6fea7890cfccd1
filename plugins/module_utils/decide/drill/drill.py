# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill: the server of a plan comes up beside its dormant twin, from clones of the replicas. It touches neither."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...data.marks import DRILL, DRILLED, DRILLED_ON, KEPT, POINT
from ...data.parts import Part
from ...data.seen import Port, Seen, Server, Site, Source, Volume
from ...data.steps import Decision, Finding, Plan, Ref, Refusal, Step, for_part
from ...data.texts import listed
from ...data.wanted import ServerWanted
from ..handover.recovery import Recovery
from ..plan.recovery_plan import PlanServer
from ..plan.recovery_points import RecoveryPoint, choose_point, points_of
from ..server.build_problems import CORRECT, proved_build
from ..server.facts import server_facts
from ..server.foretold import as_built, facts_as_built
from ..server.health_checks import first_address, health_steps, needs_address
from ..server.present_absent import await_built, unmark_steps
from ..server.root_volume import which_root
from ..server.states import busy
from ..status.leadership import Standing, at_site

#: What ends a drill, also one that was killed.
CLEAN_UP = "Run dr_drill_cleanup, then repeat."


@dataclass(frozen=True)
class Drill:
    """What a drill of one server looks at.

    :param site: the server of the drill, or its absence, and what it needs around it.
    :param twin: the server of the plan at the target, from lists.
    :param recovery: its replicas.
    :param clones: the volumes of the drill that are there already.
    :param runs_on: the ids of networks on which the plan runs at the target.
    """

    site: Site
    twin: Seen
    recovery: Recovery
    clones: tuple[Volume, ...] = ()
    runs_on: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DrillWish:
    """How the drill is wanted.

    :param definition: the server of the drill, see `definition.drilled`.
    :param connected: the existing networks that drills of the plan use.
    :param keep: whether it stays.
    :param now: when the run began, by the clock of the target.
    """

    definition: ServerWanted
    connected: frozenset[str]
    keep: bool
    now: str

    @property
    def network(self) -> str:
        """How the drill is told: one port on an existing network is enough for "connected"."""
        ways = {nic.network in self.connected for nic in self.definition.nics}
        return "connected" if True in ways else "isolated"

    @property
    def isolated(self) -> bool:
        """Whether nothing outside reaches its first port, at which it is checked."""
        first = next(iter(self.definition.nics), None)
        return first is None or first.network not in self.connected

    def address(self, ports: Iterable[Port]) -> str:
        """That of its first port. Outside, the address of an isolated one may be that of the running application."""
        return first_address(port for port in ports if port.name == self.definition.nics[0].name)


def decide_drill(what: Drill, server: PlanServer, wish: DrillWish) -> Decision:
    """Builds the server of the drill and checks its health; carries on."""
    wanted = f"drill {server.name} at {server.direction.target}"
    refusal = _not_here(what.twin, server, wanted) or _given_port(server, wanted) or _where_it_runs(what, wish, wanted)
    if refusal:
        return refusal
    made = what.site.seen.server
    decided = _anew(what, server, wish, wanted) if made is None else _carry_on(made, what, server, wish)
    if isinstance(decided, Refusal):
        return decided
    return replace(decided, notes=(*decided.notes, *_not_checked(server, wish), *what.recovery.doubts))


def _not_here(twin: Seen, server: PlanServer, wanted: str) -> Refusal | None:
    """A drill tests a failover. Where the server runs already, or is half way there, there is none to test."""
    standing = at_site(twin, server.plan).standing
    if standing in (Standing.DORMANT, Standing.MISSING):
        return None
    here, there = server.direction.target, server.direction.source
    saw = f"{server.name} holds data of the application at {here} ({standing.value})"
    todo = f"If {here} leads, a drill is at {there}: dr_drill -e to={there.letter}. Else finish what was begun there."
    return Refusal("holds_data", wanted, saw, todo)


def _given_port(server: PlanServer, wanted: str) -> Refusal | None:
    given = [nic.port for nic in server.twin.nics if nic.port]
    if not given:
        return None
    saw = f"the plan gives it the existing port {listed(given)}, which belongs to the twin"
    todo = "Say its network and address in the plan instead: then a drill can make a port like it."
    return Refusal("given_port", wanted, saw, todo)


def _where_it_runs(what: Drill, wish: DrillWish, wanted: str) -> Refusal | None:
    """Names were compared when the plan was read. The same network may be named by its id."""
    used = {nic.network for nic in wish.definition.nics if nic.network}
    same = sorted(ref for ref in used if what.site.around.ids.get(("network", ref)) in what.runs_on)
    saw = f"drill.networks of the plan uses {listed(same)}, where the plan runs"
    return Refusal("not_isolated", wanted, saw, "Name another network in it. Nothing was changed.") if same else None


def _anew(what: Drill, server: PlanServer, wish: DrillWish, wanted: str) -> Plan | Refusal:
    finished = [clone.name or clone.id for clone in what.clones if not clone.marks.building]
    if finished:
        saw = f"volumes of an earlier drill are there without their server: {listed(finished)}"
        return Refusal("left_over", wanted, saw, CLEAN_UP)
    point = point_of_drill(what, server, wanted)
    if isinstance(point, Refusal):
        return point
    definition = of_point(wish.definition, point)
    around = replace(what.site.around, sources={tag: _source(v) for tag, v in point.volumes.items()})
    build = proved_build(definition, around, wanted, CORRECT, (*_mixed(what, point), *_other_ports(what, definition)))
    if isinstance(build, Refusal):
        return build
    built = as_built(what.site.seen, definition, around)
    made = _checks(server, wish)
    address = wish.address(built.ports) if needs_address(made) else ""
    rest = (*health_steps(definition.name, Ref("server"), made, address), *_passed(what, server, wish, Ref("server")))
    # read again when it stands: clones may take hours, in which replicas go, and an address may be known only then
    after = facts_as_built(what.site.seen, built)
    extra = _extra(point.time, wish)
    return Plan({}, after, build, extra=extra, later=rest)


def point_of_drill(what: Drill, server: PlanServer, wanted: str) -> RecoveryPoint | Refusal:
    """The newest point that is complete and free and that the operator allows; that of clones which are there."""
    begun = {clone.marks.point for clone in what.clones if clone.marks.point}
    points = points_of(what.recovery.replicas)
    choice = choose_point([one for one in points if what.recovery.wish.takes(one.time)], server.disks, begun)
    if choice.point:
        return choice.point
    if begun:
        of = listed(sorted(begun))
        saw = f"volumes of an earlier drill are of recovery point {of}, which cannot be used any more"
        return Refusal("left_over", wanted, saw, CLEAN_UP)
    whole = [point.time for point in points if point.complete(server.disks)]
    has = f"the target has recovery point {listed(whole)}" if whole else "the target has no complete recovery point"
    saw = "; ".join((f"{has}, and wanted was {what.recovery.wish}", *choice.passed_over))
    return Refusal("no_recovery_point", wanted, saw, "Run dr_replicate, or choose one of those that dr_status shows.")


def _mixed(what: Drill, point: RecoveryPoint) -> Iterator[Finding]:
    """Volumes that a killed drill began to make of another point."""
    for clone in what.clones:
        of = clone.marks.point
        if of != point.time:
            words = f"{clone.name} is of recovery point {of}, not {point.time} (dr_drill_cleanup removes it)"
            yield Finding(f"recovery point of {clone.name}", point.time, of, words)


def _other_ports(what: Drill, definition: ServerWanted) -> Iterator[Finding]:
    """Ports of the names that the drill needs, which are not of it: they may be where the application is reached."""
    around = what.site.around
    there = ((nic, port) for nic in definition.nics for port in around.ports.get(nic.name, ()))
    for nic, port in there:
        if (port.network_id, port.description) != (around.ids["network", nic.network or ""], nic.description):
            words = f"port {port.name} is not of this drill, or not on network {nic.network}"
            words += " (dr_drill_cleanup removes one of an earlier drill; rename any other)"
            yield Finding(f"network of port {port.name}", nic.network, port.network_id, words)


def of_point(definition: ServerWanted, point: RecoveryPoint) -> ServerWanted:
    """The server of the drill, with clones of this point."""
    mark = {POINT: point.time}
    disks = (
        replace(disk, ref=point.volumes[disk.tag].name, metadata={**disk.metadata, **mark})
        for disk in definition.disks
        if disk.tag in point.volumes
    )
    return replace(definition, disks=tuple(disks))


def _source(replica: Volume) -> Source:
    return Source("clone", replica.id, replica.name, replica.status, replica.size)


def _carry_on(made: Server, what: Drill, server: PlanServer, wish: DrillWish) -> Plan | Refusal:
    """The server of the drill is there, from this run or an earlier one."""
    wanted = f"drill {server.name} at {server.direction.target}"
    refusal = _not_ours(made, server, wish, wanted) or _elsewhere(made, what, wanted)
    if refusal:
        return refusal
    seen = what.site.seen
    facts = server_facts(seen, which_root(seen))
    point = next((clone.marks.point for clone in what.clones if clone.marks.point), "")
    if point and not what.recovery.wish.takes(point):
        saw = f"the server of the drill has data of recovery point {point}, and wanted was {what.recovery.wish}"
        return Refusal("other_point", wanted, saw, CLEAN_UP)
    keeps = _keep(made) if wish.keep and made.metadata.get(KEPT) != "yes" else ()
    building = (await_built(made),) if made.status == "BUILD" else ()
    checks = _checks(server, wish)
    address = wish.address(seen.ports) if needs_address(checks) else ""
    health = health_steps(made.name, made.id, checks, address)
    steps = (*building, *unmark_steps(seen), *keeps, *health, *_passed(what, server, wish, made.id))
    return Plan(facts, {**facts, "status": "ACTIVE"}, steps, extra=_extra(point, wish))


def _not_ours(made: Server, server: PlanServer, wish: DrillWish, wanted: str) -> Refusal | None:
    if made.metadata.get(DRILL) != server.plan:
        saw = f"a server {made.name} is there that is not of a drill of this plan"
        return Refusal("not_of_the_drill", wanted, saw, "Rename one of them, then repeat. Nothing was changed.")
    if made.metadata.get(KEPT) == "yes" and not wish.keep:
        saw = f"a drill that is kept is there, with server {made.name}"
        todo = "End it with dr_drill_cleanup, then repeat. Or carry it on: -e drill_keep=true."
        return Refusal("kept_drill", wanted, saw, todo)
    if made.status not in ("ACTIVE", "BUILD"):
        saw = f"server {made.name} is {made.status}" + (f": {made.fault}" if made.fault else "")
        return Refusal("wrong_state", wanted, saw, CLEAN_UP)
    return busy(made, wanted) if made.status == "ACTIVE" else None


def _elsewhere(made: Server, what: Drill, wanted: str) -> Refusal | None:
    """The plan may have said other networks when it was made, or somebody gave it one more port."""
    theirs = {found for (kind, _ref), found in what.site.around.ids.items() if kind == "network"}
    other = [port.name or port.id for port in what.site.seen.ports if port.network_id not in theirs]
    saw = f"server {made.name} has port {listed(other)} on a network that is not of its drill"
    return Refusal("not_isolated", wanted, saw, CLEAN_UP) if other else None


def _keep(made: Server) -> tuple[Step, ...]:
    args = {"server_id": made.id, "metadata": {KEPT: "yes"}}
    return (Step("set_server_metadata", f"note at server {made.name} that its drill is kept", args, part=Part.BUILD),)


def _passed(what: Drill, server: PlanServer, wish: DrillWish, made: Any) -> tuple[Step, ...]:
    """Notes at the newest replica of the root that this drill passed. Nova takes no metadata for a shelved twin."""
    replicas = what.recovery.replicas
    whole = next((point for point in points_of(replicas) if point.complete(server.disks)), None)
    if whole is None or any(one.marks.named and one.marks.drilled_on == made for one in replicas):
        return ()
    root = whole.volumes["root"]
    args = {"volume_id": root.id, "metadata": {DRILLED: wish.now, DRILLED_ON: made}}
    step = Step("set_volume_metadata", f"note at volume {root.name} that a drill of {server.name} passed", args)
    return for_part(Part.CHECK, (step,))


def _checks(server: PlanServer, wish: DrillWish) -> tuple[Mapping[str, Any], ...]:
    """The health checks that a drill can make. An address in the plan is that of the server, not of its drill."""
    return tuple(c for c in server.health_checks if c.get("console") or not (wish.isolated or c.get("address")))


def _not_checked(server: PlanServer, wish: DrillWish) -> tuple[str, ...]:
    made = _checks(server, wish)
    left: Sequence[Mapping[str, Any]] = [check for check in server.health_checks if check not in made]
    why = "nothing outside reaches an isolated network" if wish.isolated else "its address is not that of the drill"
    return tuple(f"NOT CHECKED: port {check['port']}, because {why}" for check in left)


def _extra(point: str, wish: DrillWish) -> dict[str, Any]:
    return {"recovery_point": point or None, "network": wish.network}
