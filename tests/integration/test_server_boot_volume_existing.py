# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that exists already: mended, or refused with the list of what cannot be changed. And its end."""

from __future__ import annotations

from typing import Any

from factory import Factory
from rounds import Rounds
from test_server_boot_volume_build import BLANK, BUILD, described

from playbooks import Playbooks


def before_and_after(make: Factory) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two descriptions of a server, the second of which can be reached from the first."""
    before = described(
        make,
        volumes=[{"tag": "data", **BLANK}],
        ports=[{"network": make.shared_net, "security_groups": ["default"]}],
        metadata={"keep": "1", "change": "1"},
        description="old",
    )
    after = {
        **before,
        "volumes": [{"tag": "data", **BLANK, "delete_on_termination": True}],
        "ports": [{"network": make.shared_net, "security_groups": [make.name("group")]}],
        "metadata": {"change": "2"},
        "description": "new",
    }
    return before, after


def test_what_can_be_changed_is_changed(make: Factory, rounds: Rounds, ansible: Playbooks) -> None:
    group = {"security_group": {"name": make.name("group")}}
    group_id = make.api.send("POST", "network", "/security-groups", group)["security_group"]["id"]
    before, after = before_and_after(make)
    ansible(BUILD, **before)
    foretold, applied = rounds(BUILD, **after)
    name, server = make.name(), applied["server"]
    assert applied["steps"] == [
        f"change the description of server {name}",
        f"set metadata change of server {name}",
        f"set delete_on_termination of the volume data of server {name} to true",
        f"change the security groups of port {name}-port0",
    ]
    assert foretold["diff"] == applied["diff"]
    assert server == applied["diff"]["after"]
    assert (server["description"], server["metadata"]) == ("new", {"keep": "1", "change": "2"})
    assert server["ports"][0]["security_groups"] == [group_id]
    assert [row["delete_on_termination"] for row in server["volumes"] if row["tag"] == "data"] == [True]


WRONG: dict[str, Any] = {
    "flavor": "m1.small",
    "boot_volume": {"image": "cirros", "size": 2},
    "volumes": [{"tag": "data", **BLANK}],
    "availability_zone": "elsewhere",
    "config_drive": True,
    "description": "could be changed, and is not",
}


def test_what_cannot_be_changed_is_refused(make: Factory, ansible: Playbooks) -> None:
    ansible(BUILD, **described(make, ports=[{"network": make.shared_net}]))
    before = make.everything()
    port = make.api.named("network", "/ports", "ports", f"{make.name()}-port0")
    wrong = described(make, ports=[{"network": make.shared_net, "fixed_ip": "10.0.99.98"}], **WRONG)
    for check in (True, False):
        found = ansible(BUILD, check=check, **wrong)
        assert found["msg"] == (
            f"Refused to make server {make.name()} as described:\n"
            "  1. flavor is m1.tiny, wanted m1.small\n"
            "  2. config_drive is False, wanted True\n"
            "  3. description is none, wanted could be changed, and is not (can be changed in place)\n"
            "  4. availability_zone is nova, wanted elsewhere\n"
            "  5. size of the boot volume is 1 GiB, wanted 2 GiB\n"
            f"  6. volume data is not attached, wanted {make.name()}-data\n"
            f"  7. address of port {make.name()}-port0 is {port['fixed_ips'][0]['ip_address']}, wanted 10.0.99.98\n"
            "What cannot be changed in place: correct the description, or make the server anew. Nothing was changed."
        )
        assert [row["what"] for row in found["findings"]][:3] == ["flavor", "config_drive", "description"]
        assert [row["in_place"] for row in found["findings"]] == [
            row["what"] == "description" for row in found["findings"]
        ]
    assert make.everything() == before


def test_metadata_of_a_shelved_server(make: Factory, ansible: Playbooks, rounds: Rounds) -> None:
    """Nova answers 409, so it is refused before; the description can be changed."""
    make.shelved()
    options = described(make, boot_volume={"image": "cirros"})
    result = ansible(BUILD, **options, metadata={"a": 1})
    assert "metadata (cannot change while the server is shelved) differs from what is wanted: a" in result["msg"]
    _foretold, applied = rounds(BUILD, **options, description="new")
    assert applied["server"]["description"] == "new"


def names(make: Factory) -> dict[str, str]:
    """The volumes of the test and their states, once none is on its way."""
    make.api.wait(
        lambda: str(any(v["status"] in ("deleting", "detaching") for v in make.everything()["volumes"])), {"False"}
    )
    return {volume["name"]: volume["status"] for volume in make.everything()["volumes"]}


def test_absent_keeps_what_was_not_asked_for(make: Factory, rounds: Rounds, ansible: Playbooks) -> None:
    """Also volumes that were to go with the server when it was made."""
    deleted: dict[str, Any] = {"delete_on_termination": True}
    ansible(
        BUILD,
        **described(
            make,
            boot_volume={"image": "cirros", "size": 1, **deleted},
            volumes=[{"tag": "data", **BLANK, **deleted}, {"tag": "logs", **BLANK}],
            ports=[{"network": make.shared_net}],
        ),
    )
    volumes = [{"tag": "logs", **BLANK, **deleted}, {"tag": "data", **BLANK}]
    _foretold, applied = rounds(BUILD, name=make.name(), state="absent", volumes=volumes)
    assert applied["steps"][-1] == f"delete server {make.name()}"
    assert applied["server"] == {}
    assert names(make) == {f"{make.name()}-root": "available", f"{make.name()}-data": "available"}
    assert [port["name"] for port in make.everything()["ports"]] == [f"{make.name()}-port0"]


def test_absent_deletes_what_was_asked_for(make: Factory, rounds: Rounds, ansible: Playbooks) -> None:
    made = described(make, volumes=[{"tag": "data", **BLANK}], ports=[{"network": make.shared_net}])
    ansible(BUILD, **made)
    gone = {
        **made,
        "state": "absent",
        "delete_ports": True,
        "boot_volume": {"image": "cirros", "delete_on_termination": True},
    }
    _foretold, applied = rounds(BUILD, **gone)
    assert applied["steps"][-2:] == [f"delete server {make.name()}", f"delete port {make.name()}-port0"]
    assert names(make) == {f"{make.name()}-data": "available"}
    assert make.everything()["ports"] == []


def test_absent_of_a_dormant_server(make: Factory, rounds: Rounds) -> None:
    make.dormant(data=make.volume("data", imageRef=None), delete_on_termination=True)
    rounds(BUILD, name=make.name(), state="absent")
    assert names(make) == {make.name("srv-root"): "available", make.name("data"): "available"}


def test_absent_of_a_shelved_server_keeps_its_root(make: Factory, ansible: Playbooks) -> None:
    """Nova deletes a volume with the flag when a shelved server is deleted: it is cleared first."""
    make.shelved(delete_on_termination=True)
    assert ansible(BUILD, name=make.name(), state="absent")["changed"]
    assert names(make) == {make.name("srv-root"): "available"}


def test_made_again_from_what_was_kept(make: Factory, ansible: Playbooks) -> None:
    first = ansible(BUILD, **described(make))["server"]
    ansible(BUILD, name=make.name(), state="absent")
    again = ansible(BUILD, **described(make, boot_volume={"volume": f"{make.name()}-root"}))["server"]
    assert again["root_volume"]["volume_id"] == first["root_volume"]["volume_id"]
    assert again["id"] != first["id"]
