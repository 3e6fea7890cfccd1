# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The security groups of a plan: what is wanted at a site, and which groups and rules must be made, changed, removed.

No group is ever deleted. A group of the plan ends with exactly its rules; one that names no rule for what leaves keeps
those by which everything may leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from ...data.networks import Group, Groups, GroupsWanted, GroupWanted, Rule, rule
from ...data.parts import Part
from ...data.steps import Decision, Plan, Refusal, Step, for_part
from .dependencies import circles
from .networks import NEW, at_site, given

Row = Mapping[str, Any]

#: What Neutron puts into a new group, unless an administrator has changed that: everything may leave.
LET_OUT = (Rule("egress", "IPv4"), Rule("egress", "IPv6"))


def wanted_groups(plan: Row, site: str) -> tuple[GroupsWanted, ...]:
    """What the plan wants at site "a" or "b"; groups whose rules name each other, directly or not, come together."""
    rows = at_site(plan.get("security_groups"), site)
    groups = [GroupWanted(row["name"], row.get("description"), _rules(row.get("rules") or ())) for row in rows]
    links: dict[str, set[str]] = {group.name: set() for group in groups}
    named = ((group.name, str(one.group)) for group in groups for one in group.rules if one.group in links)
    for name, other in named:
        links[name].add(other)
        links[other].add(name)
    linked: dict[int, list[GroupWanted]] = {}
    circle = circles(links)
    for group in groups:
        together = linked.pop(circle[group.name], [])
        linked[circle[group.name]] = together
        together.append(group)
    return tuple(GroupsWanted(tuple(together)) for together in linked.values())


def _rules(rows: Sequence[Row]) -> tuple[Rule, ...]:
    rules = [_rule(row) for row in rows]
    if not any(one.direction == "egress" for one in rules):
        rules += LET_OUT
    return tuple(dict.fromkeys(rules))


def _rule(row: Row) -> Rule:
    kept = given(row, "protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "description")
    return rule(
        {
            "direction": row.get("direction") or "ingress",
            "ethertype": row.get("ether_type") or "IPv4",
            "remote_group_id": row.get("remote_group"),
            **kept,
        }
    )


def decide_groups(seen: Groups, wanted: GroupsWanted) -> Decision:
    """Makes the groups that are missing; then what they hold is read, and rules are added and removed."""
    unknown = sorted(ref for ref, group_id in seen.ids.items() if group_id is None)
    if unknown:
        saw = f"its rules name {', '.join(unknown)}, and the project has no such security group"
        todo = "Make it before, or describe it in security_groups of the plan."
        return Refusal("no_security_group", f"make {wanted.label}", saw, todo)
    missing = [group for group in wanted.groups if group.name not in seen.there]
    made = {group.name: _new(group) for group in missing}
    after = Groups({**seen.there, **made}, seen.ids)
    changes = for_part(Part.NETWORK, chain(*(_changes(group, after) for group in wanted.groups)))
    making = (Step("create_security_group", f"make security group {group.name}", _head(group)) for group in missing)
    makes = for_part(Part.NETWORK, making)
    before, foretold = _facts(seen, wanted), _facts(_done(after, wanted), wanted)
    return Plan(before, foretold, makes or changes, later=changes if makes else None)


def _new(group: GroupWanted) -> Group:
    """As Neutron makes it."""
    rules = {f"rule {number}": one for number, one in enumerate(LET_OUT)}
    return Group("", group.name, group.description or "", rules)


def _head(group: GroupWanted) -> dict[str, Any]:
    return {"name": group.name, **({} if group.description is None else {"description": group.description})}


def _changes(wanted: GroupWanted, seen: Groups) -> Iterator[Step]:
    """From what is there to what is wanted: rules are added before others are removed, so that traffic goes on."""
    there, ids = seen.there[wanted.name], _ids(seen)
    if wanted.description not in (None, there.description):
        words = f"from {there.description or 'none'} to {wanted.description or 'none'}"
        text = f"change description of security group {wanted.name} {words}"
        yield Step("update_security_group", text, {"group_id": there.id, "description": wanted.description})
    rules = {_with_id(rule, ids): rule for rule in wanted.rules}
    has = set(there.rules.values())
    for with_id, one in rules.items():
        if with_id not in has:
            text = f"add rule {one} to security group {wanted.name}"
            yield Step("add_security_group_rule", text, {"security_group_id": there.id, **_body(with_id)})
    names = {group_id: name for name, group_id in ids.items()}
    for rule_id, one in there.rules.items():
        if one not in rules:
            text = f"remove rule {_with_id(one, names)} from security group {wanted.name}"
            yield Step("remove_security_group_rule", text, {"rule_id": rule_id})


def _ids(seen: Groups) -> dict[str, Any]:
    """By name the ids of all groups; of one that is yet to be made its name, which is the id of no group."""
    return {**seen.ids, **{name: group.id or name for name, group in seen.there.items()}}


def _with_id(rule: Rule, ids: Mapping[str, Any]) -> Rule:
    return replace(rule, group=ids.get(rule.group, rule.group)) if rule.group else rule


def _body(rule: Rule) -> dict[str, Any]:
    """What Neutron is told; it takes no description that is null."""
    body = {
        "direction": rule.direction,
        "ethertype": rule.ethertype,
        "protocol": rule.protocol,
        "port_range_min": rule.low,
        "port_range_max": rule.high,
        "remote_ip_prefix": rule.prefix,
        "remote_group_id": rule.group,
        "description": rule.description or None,
    }
    return {key: value for key, value in body.items() if value is not None}


def _done(seen: Groups, wanted: GroupsWanted) -> Groups:
    """The groups as they will be."""
    done = {}
    for group in wanted.groups:
        there = seen.there[group.name]
        text = there.description if group.description is None else group.description
        rules = {str(number): _with_id(rule, _ids(seen)) for number, rule in enumerate(group.rules)}
        done[group.name] = replace(there, description=text, rules=rules)
    return Groups(done, seen.ids)


def _facts(seen: Groups, wanted: GroupsWanted) -> dict[str, Any]:
    names = {group_id: name for name, group_id in _ids(seen).items()}
    found = [seen.there[group.name] for group in wanted.groups if group.name in seen.there]
    return {
        "security_groups": [
            {
                "id": group.id or NEW,
                "name": group.name,
                "description": group.description,
                "rules": sorted(str(_with_id(rule, names)) for rule in group.rules.values()),
            }
            for group in found
        ]
    }
