# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shelving and unshelving on a real Nova."""

from __future__ import annotations

from api import Api
from conftest import Rounds
from factory import Factory

from playbooks import Playbooks, Task


def test_shelve(make: Factory, rounds: Rounds) -> None:
    server = make.server()
    _foretold, applied = rounds("server_shelve", server=make.name())
    assert applied["steps"] == [f"shelve server {make.name()}"]
    assert (applied["diff"]["before"]["status"], applied["server"]["status"]) == ("ACTIVE", "SHELVED_OFFLOADED")
    assert make.api.server(server)["status"] == "SHELVED_OFFLOADED"


def test_shelve_by_id_from_every_other_state(make: Factory, ansible: Playbooks) -> None:
    actions = {"SHUTOFF": "os-stop", "PAUSED": "pause", "SUSPENDED": "suspend"}
    servers = {status: make.server(status.lower()) for status in actions}
    for status, server in servers.items():
        make.api.act(server, actions[status])
        make.api.wait_server(server, status)
    results = ansible.run(*(Task("server_shelve", {"server": server}) for server in servers.values()))
    assert [result["diff"]["before"]["status"] for result in results] == list(actions)
    assert {result["server"]["status"] for result in results} == {"SHELVED_OFFLOADED"}


def test_unshelve(make: Factory, rounds: Rounds) -> None:
    server = make.shelved()
    foretold, applied = rounds("server_unshelve", server=make.name())
    assert applied["steps"] == [f"unshelve server {make.name()}"]
    assert (foretold["server"]["status"], applied["server"]["status"]) == ("ACTIVE", "ACTIVE")
    assert make.api.server(server)["status"] == "ACTIVE"


def test_without_waiting(make: Factory, ansible: Playbooks) -> None:
    server = make.server()
    result = ansible("server_shelve", server=make.name(), wait=False)
    assert (result["changed"], result["server"]["status"]) == (True, "SHELVED_OFFLOADED")
    make.api.wait_server(server, "SHELVED_OFFLOADED")


def test_a_shelve_that_is_under_way_is_waited_for(make: Factory, ansible: Playbooks) -> None:
    """Asked for twice at once: the second run waits for the first, or finds it done."""
    server = make.server()
    make.api.act(server, "shelve")
    result = ansible("server_shelve", server=make.name())
    assert (result["changed"], result["server"]["status"]) == (False, "SHELVED_OFFLOADED")


def test_an_image_backed_server(make: Factory, rounds: Rounds) -> None:
    image = make.api.named("image", "/images", "images", "cirros")["id"]
    make.boot("srv", "m1.small", imageRef=image)
    _foretold, applied = rounds("server_shelve", server=make.name())
    assert applied["server"]["root_volume"]["found_by"] in ("guarded API", "the server boots from an image")
    assert not applied["server"]["dormant"]
    _foretold, applied = rounds("server_unshelve", server=make.name())
    assert applied["server"]["status"] == "ACTIVE"


def test_unshelve_into_a_zone_and_again(make: Factory, rounds: Rounds, ansible: Playbooks) -> None:
    make.shelved()
    _foretold, applied = rounds("server_unshelve", server=make.name(), availability_zone="nova")
    assert applied["steps"] == [f"unshelve server {make.name()} in availability zone nova"]
    assert applied["server"]["availability_zone"] == "nova"
    refused = ansible("server_unshelve", server=make.name(), availability_zone="elsewhere")
    assert refused["msg"] == (
        f"Refused to unshelve server {make.name()}: it already runs in availability zone nova, not elsewhere. "
        "Shelve it first, or leave the option availability_zone out."
    )


def test_unshelve_into_a_zone_that_does_not_exist(make: Factory, ansible: Playbooks) -> None:
    server = make.shelved()
    result = ansible("server_unshelve", server=make.name(), availability_zone="moon")
    assert result["failed"]
    assert "was answered with 400: The requested availability zone is not available" in result["msg"]
    assert make.api.server(server)["status"] == "SHELVED_OFFLOADED"


def test_unshelve_when_there_is_no_host(make: Factory, ansible: Playbooks, admin_b: Api) -> None:
    """Nova answers 202 and gives up later: the server silently stays shelved. The module says why."""
    group = {"name": make.name("group"), "policy": "anti-affinity"}
    group_id = make.api.send("POST", "compute", "/os-server-groups", {"server_group": group})["server_group"]["id"]
    together = {"os:scheduler_hints": {"group": group_id}}
    server = make.server("away", together=together)
    make.api.act(server, "shelve")
    make.api.wait_server(server, "SHELVED_OFFLOADED")
    for number in range(len(admin_b.get("compute", "/os-hypervisors", "hypervisors"))):
        make.server(f"here{number}", together=together)
    result = ansible("server_unshelve", server=make.name("away"), timeout=60)
    assert result["failed"]
    assert result["error"]["code"] == "unexpected_state"
    fell_back = f"unshelve server {make.name('away')}: the server {server} fell back to SHELVED_OFFLOADED"
    assert result["msg"].startswith(fell_back)
    assert "Nova says that unshelve failed in schedule_instances" in result["msg"]
    assert result["msg"].endswith(
        "It stays shelved with all its volumes and ports: nothing is lost. Make room for its flavor, or let it come up "
        "in another availability zone, then repeat."
    )


def test_unshelve_onto_a_host(make: Factory, rounds: Rounds, ansible: Playbooks) -> None:
    """For administrators only; a member is told so by Nova."""
    make.shelved()
    forbidden = ansible("server_unshelve", server=make.name(), host="compute1")
    assert (forbidden["error"]["code"], forbidden["error"]["status"]) == ("cloud_error", 403)
    rounds.ansible = Playbooks(ansible.folder, {"cloud": "site_b_admin"})
    _foretold, applied = rounds("server_unshelve", server=make.name(), host="compute1")
    assert applied["steps"] == [f"unshelve server {make.name()} in host compute1"]


def test_an_unknown_server(ansible: Playbooks) -> None:
    tasks = [
        Task(f"server_{verb}", {"server": "nobody"}, check)
        for verb in ("shelve", "unshelve")
        for check in (True, False)
    ]
    for task, result in zip(tasks, ansible.run(*tasks), strict=True):
        verb = task.module.removeprefix("server_")
        assert result["failed"]
        assert result["msg"] == (
            f"Refused to {verb} server nobody: the cloud knows no server of that name or id. Check the name."
        )


def test_two_servers_of_one_name(make: Factory, ansible: Playbooks) -> None:
    ids = sorted([make.server(root=make.volume("one")), make.server(root=make.volume("two"))])
    before = make.everything()
    modules = ("server_shelve", "server_unshelve", "server_root_volume_detach", "server_boot_volume_info")
    for result in ansible.run(*(Task(module, {"server": make.name()}) for module in modules)):
        assert result["msg"] == (
            f"site_b: the name {make.name()} is carried by 2 servers ({', '.join(ids)}). Say which by its id."
        )
    assert make.everything() == before


def test_a_locked_server(make: Factory, ansible: Playbooks) -> None:
    running = make.server("run")
    shelved = make.shelved("shelved")
    for server in (running, shelved):
        make.api.act(server, "lock")
    before = make.everything()
    results = ansible.run(
        Task("server_shelve", {"server": make.name("run")}),
        Task("server_shelve", {"server": make.name("shelved")}),
        Task("server_unshelve", {"server": make.name("run")}),
        Task("server_unshelve", {"server": make.name("shelved")}),
        Task("server_root_volume_detach", {"server": make.name("shelved")}),
        Task("server_boot_volume", {"name": make.name("run"), "state": "absent"}),
    )
    locked = "the server is locked. Unlock it: openstack server unlock."
    assert [result.get("msg", "") for result in results] == [
        f"Refused to shelve server {make.name('run')}: {locked}",
        "",
        "",
        f"Refused to unshelve server {make.name('shelved')}: {locked}",
        f"Refused to detach the root volume of server {make.name('shelved')}: {locked}",
        f"Refused to delete server {make.name('run')}: {locked}",
    ]
    assert make.everything() == before


def test_unshelve_of_a_stopped_server(make: Factory, ansible: Playbooks) -> None:
    server = make.server()
    make.api.act(server, "os-stop")
    make.api.wait_server(server, "SHUTOFF")
    assert ansible("server_unshelve", server=make.name())["msg"] == (
        f"Refused to unshelve server {make.name()}: its state is SHUTOFF, not SHELVED_OFFLOADED. "
        "It is stopped, not shelved: openstack server start."
    )
