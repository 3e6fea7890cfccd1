# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Neutron in memory: it takes the requests of a session, and can be cut off before or after any of them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from ansible_collections.standby.openstack.plugins.module_utils.cloud.shared_lists import Inventory
from ansible_collections.standby.openstack.plugins.module_utils.cloud.verbs import VERBS
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError, Unreachable
from ansible_collections.standby.openstack.plugins.module_utils.data.networks import Wanted
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.networks import wanted_networks
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.security_groups import wanted_groups
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from ansible_collections.standby.openstack.plugins.module_utils.engine.fleet import Fleet
from ansible_collections.standby.openstack.plugins.module_utils.network_jobs import network_jobs

Json = dict[str, Any]

#: What a new security group holds.
TEMPLATE = ({"direction": "egress", "ethertype": "IPv4"}, {"direction": "egress", "ethertype": "IPv6"})

_OF_RULE = ("protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "remote_group_id")
_OF_SUBNET: Json = {"gateway_ip": "192.168.10.1", "dns_nameservers": [], "allocation_pools": [], "host_routes": []}
_NEW = {"network": {"mtu": 1500, "port_security_enabled": True}, "subnet": _OF_SUBNET}


class Neutron:
    """Stands in the place of a `Session`. ``writes`` are the requests that changed something.

    :param template: the rules that a new security group gets.
    """

    label = "site_b"

    def __init__(self, template: Sequence[Json] = TEMPLATE) -> None:
        self.template = template
        self.items: dict[str, dict[str, Json]] = {"networks": {}, "subnets": {}, "security_groups": {}}
        self.writes: list[str] = []
        self.cut_off: Callable[[str], bool] = lambda when: False
        self._numbers = count(1)

    def add(self, kind: str, **fields: Any) -> Json:
        """Something that is there already, made by another project if ``project_id`` says so."""
        item = {**_NEW.get(kind, {}), "id": f"{kind}-{next(self._numbers)}", "project_id": "own", **fields}
        if kind == "security_group":
            item = {"description": "", **item, "security_group_rules": []}
            for rule in self.template:
                self._add_rule(item, rule)
        self.items[f"{kind}s"][item["id"]] = item
        return item

    def _add_rule(self, group: Json, rule: Json) -> Json:
        made = {**dict.fromkeys(_OF_RULE), **rule, "id": f"rule-{next(self._numbers)}"}
        mine = {key: value for key, value in made.items() if key not in ("id", "description")}
        for other in group["security_group_rules"]:
            if {key: value for key, value in other.items() if key not in ("id", "description")} == mine:
                raise CloudError("the rule exists", status=409)
        group["security_group_rules"].append(made)
        return made

    def who(self) -> tuple[str, frozenset[str]]:
        """The project of the session; an administrator sees all others as well."""
        return "own", frozenset()

    def pages(self, _service: str, _path: str, key: str) -> Iterator[Json]:
        """A list."""
        yield from copy.deepcopy(list(self.items[key].values()))

    def send(self, method: str, _service: str, path: str, body: Any = None) -> Json:
        """A request that changes something."""
        if self.cut_off("before"):
            raise Unreachable("no answer")
        self.writes.append(f"{method} {path}")
        _slash, kind, *_rest = path.replace("-", "_").split("/")
        answer = self._rule(method, path, body) if kind == "security_group_rules" else self._item(method, path, body)
        if self.cut_off("after"):
            raise Unreachable("no answer")
        return copy.deepcopy(answer)

    def _rule(self, method: str, path: str, body: Any) -> Json:
        groups = self.items["security_groups"]
        if method == "POST":
            given = dict(body["security_group_rule"])
            return {"security_group_rule": self._add_rule(groups[given.pop("security_group_id")], given)}
        for group in groups.values():
            group["security_group_rules"] = [r for r in group["security_group_rules"] if r["id"] not in path]
        return {}

    def _item(self, method: str, path: str, body: Any) -> Json:
        ((kind, fields),) = body.items()
        if method == "POST":
            return {kind: self.add(kind, **fields)}
        item = self.items[f"{kind}s"][path.rpartition("/")[2]]
        item.update(fields)
        return {kind: item}

    def state(self) -> Any:
        """Everything that is there, without the ids, which differ from run to run."""
        names = {item["id"]: item["name"] for items in self.items.values() for item in items.values()}
        return _without_ids(list(self.items.values()), names)

    def run(self, wanted: Sequence[Wanted], check: bool = False) -> dict[str, Any]:
        """Runs the jobs for what is wanted, with one thread; returns their results."""
        inventory: Any = Inventory(self)  # type: ignore[arg-type]

        def perform(step: Any) -> Any:
            return VERBS[step.verb](self, **step.args)

        return Fleet(lambda *_poll: {}).run(network_jobs(wanted, inventory, perform), check=check)


def _without_ids(value: Any, names: Json) -> Any:
    if isinstance(value, dict):
        kept = {names.get(key, key): _without_ids(item, names) for key, item in value.items() if key != "id"}
        return sorted(kept.items(), key=str)
    if isinstance(value, list):
        return sorted((_without_ids(item, names) for item in value), key=str)
    return names.get(value, value) if isinstance(value, str) else value


def wanted(plan: Json, site: str = "a") -> tuple[Wanted, ...]:
    """What a plan wants at a site."""
    return (*wanted_networks(plan, site), *wanted_groups(plan, site))


def steps(results: dict[str, Any]) -> dict[str, list[str]]:
    """By job the texts of what it did, without those that had nothing to do."""
    assert all(isinstance(result, Outcome) for result in results.values()), results
    texts = {name: [step.text for step in result.plan.steps if step.writes] for name, result in results.items()}
    return {name: found for name, found in texts.items() if found}


def run(cloud: Neutron, plan: Json) -> list[str]:
    """What a run does, after check mode has foretold the same; a further run does nothing."""
    before = cloud.state()
    foretold = cloud.run(wanted(plan), check=True)
    assert (cloud.state(), cloud.writes) == (before, [])
    done = steps(cloud.run(wanted(plan)))
    assert done == steps(foretold)
    assert len(cloud.writes) == sum(map(len, done.values()))
    after, writes = cloud.state(), len(cloud.writes)
    assert steps(cloud.run(wanted(plan))) == {}
    assert (cloud.state(), len(cloud.writes)) == (after, writes)
    cloud.writes.clear()
    return [text for one in wanted(plan) for text in done.get(one.label, ())]
