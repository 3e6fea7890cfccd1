# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting a server: what goes with it, what stays."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, Seen, Site, Surroundings
from ansible_collections.standby.openstack.plugins.module_utils.data.wanted import ServerWanted, server_wanted
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.present_absent import decide_absent
from builders import DATA, ROOT, dormant, nothing, plan, port, present, refusal, seen, verbs
from test_root_volume import STATUSES


def wanted(**options: Any) -> ServerWanted:
    return server_wanted({"name": "db", **options})


def site(what: Seen, **ports: Any) -> Site:
    return Site(what, Surroundings(ports=ports))


def flagged(*volume_ids: str) -> tuple[Attachment, ...]:
    return tuple(Attachment(a.volume_id, a.device, a.tag, a.volume_id in volume_ids) for a in (ROOT, DATA))


@pytest.mark.parametrize("status", STATUSES)
def test_a_server_is_deleted_in_every_state(status: str) -> None:
    found = plan(decide_absent(site(seen(root=present(), status=status)), wanted()))
    (step,) = found.steps
    assert (step.verb, step.text) == ("delete_server", "delete server db")
    assert dict(step.args) == {"server_id": "srv"}
    assert step.until is not None
    assert step.until.target == {"gone"}
    assert found.after == {}
    assert found.before["name"] == "db"


def test_no_server() -> None:
    found = plan(decide_absent(site(nothing()), wanted()))
    assert (found.changed, found.before, found.after) == (False, {}, {})


def test_a_locked_server_is_kept() -> None:
    assert refusal(decide_absent(site(seen(locked=True)), wanted())).text == (
        "Refused to delete server db: the server is locked. Unlock it: openstack server unlock."
    )


VOLUME_OPTIONS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "says nothing": ({}, set()),
    "names them": (
        {"boot_volume": {"image": "i"}, "volumes": [{"tag": "data", "blank": True, "size": 1}]},
        set(),
    ),
    "asks for the root": ({"boot_volume": {"image": "i", "delete_on_termination": True}}, {"vol-root"}),
    "asks for the data": (
        {"volumes": [{"tag": "data", "blank": True, "size": 1, "delete_on_termination": True}]},
        {"vol-data"},
    ),
    "asks for a disk that is not there": (
        {"volumes": [{"tag": "other", "blank": True, "size": 1, "delete_on_termination": True}]},
        set(),
    ),
}
FLAGS = [set(), {"vol-root"}, {"vol-data"}, {"vol-root", "vol-data"}]


@pytest.mark.parametrize(("case", "flags"), list(itertools.product(VOLUME_OPTIONS, range(len(FLAGS)))))
def test_exactly_the_volumes_go_that_this_request_names(case: str, flags: int) -> None:
    """Whatever was said when the server was made: the flags are put right before the server is deleted."""
    options, go = VOLUME_OPTIONS[case]
    found = plan(decide_absent(site(seen(root=present(), attachments=flagged(*FLAGS[flags]))), wanted(**options)))
    assert found.steps[-1].verb == "delete_server"
    changed = {step.args["volume_id"]: step.args["value"] for step in found.steps[:-1]}
    assert changed == {volume: volume in go for volume in FLAGS[flags] ^ go}
    for step in found.steps[:-1]:
        word = "set" if step.args["value"] else "clear"
        assert step.text == f"{word} delete_on_termination of volume {step.args['volume_id']} at server db"


def test_a_dormant_server_has_no_root_that_could_go_with_it() -> None:
    options = {"boot_volume": {"image": "i", "delete_on_termination": True}}
    assert verbs(decide_absent(site(dormant()), wanted(**options))) == ["delete_server"]


PORTS = {"ports": [{"network": "net"}, {"port": "mine"}]}
NAMED = {"db-port0": (port(),), "db-port1": (port(id="port-1", name="mine"),)}


@pytest.mark.parametrize(("delete_ports", "expected"), [(False, []), (True, ["port-0", "port-1"])])
def test_ports_go_only_when_asked_for(delete_ports: bool, expected: list[str]) -> None:
    found = plan(decide_absent(site(seen(root=present()), **NAMED), wanted(**PORTS), delete_ports))
    assert [step.args["port_id"] for step in found.steps if step.verb == "delete_port"] == expected
    assert found.steps[0].verb == "delete_server"


@pytest.mark.parametrize(("device", "goes"), [("", True), ("srv", True), ("another server", False)])
def test_ports_of_others_stay(device: str, goes: bool) -> None:
    ports = {"db-port0": (port(device_id=device),)}
    found = plan(decide_absent(site(seen(root=present()), **ports), wanted(ports=[{"network": "n"}]), True))
    assert ("delete_port" in [step.verb for step in found.steps]) is goes


@pytest.mark.parametrize(("device", "goes"), [("", True), ("srv", False)])
def test_ports_that_are_left_when_the_server_is_gone(device: str, goes: bool) -> None:
    """A run that was killed after the server was deleted is carried on."""
    ports = {"db-port0": (port(device_id=device, name=""),)}
    found = plan(decide_absent(site(nothing(), **ports), wanted(ports=[{"network": "n"}]), True))
    assert [step.text for step in found.steps] == (["delete port port-0"] if goes else [])
