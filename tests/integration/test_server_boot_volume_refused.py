# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stops a build: said at once, in full, and before anything is made."""

from __future__ import annotations

from typing import Any

from factory import Factory
from test_server_boot_volume_build import BLANK, BUILD, described

from playbooks import Playbooks, Task


def refused(make: Factory, ansible: Playbooks, cases: list[tuple[dict[str, Any], str]]) -> None:
    """Each case is refused with its one problem, in check mode too, and nothing is made or touched."""
    refused_for(make, ansible, [(options, f" {text}. ") for options, text in cases])


def refused_for(make: Factory, ansible: Playbooks, cases: list[tuple[dict[str, Any], str]]) -> None:
    """As `refused`, with the text as it is laid out between what was wanted and what to do."""
    before = make.everything()
    tasks = [Task(BUILD, described(make, **options), check) for options, _text in cases for check in (True, False)]
    texts = [text for _options, text in cases for _check in (True, False)]
    for result, text in zip(ansible.run(*tasks), texts, strict=True):
        assert result["failed"]
        assert result["msg"] == (
            f"Refused to build server {make.name()}:{text}Nothing was changed. Correct this, then repeat."
        )
    assert make.everything() == before


EVERYTHING_WRONG = {
    "flavor": "huge",
    "boot_volume": {"image": "windows"},
    "volumes": [{"tag": "a", "snapshot": "s"}, {"tag": "b", "backup": "b"}, {"tag": "c", "volume": "v"}],
    "ports": [{"network": "net"}, {"port": "p"}],
    "security_groups": ["sg"],
    "key_name": "k",
    "server_group": "g",
    "availability_zone": "moon",
}
UNKNOWN = (
    *("flavor huge", "image windows", "snapshot s", "backup b", "volume v", "port p", "key k", "network net"),
    *("security group sg", "server group g"),
)


def test_what_nobody_knows(make: Factory, ansible: Playbooks) -> None:
    zones = make.api.get("compute", "/os-availability-zone", "availabilityZoneInfo")
    only = ", ".join(sorted(zone["zoneName"] for zone in zones))
    texts = (*(f"the cloud knows no {what}" for what in UNKNOWN), f"there is no availability zone moon, only {only}")
    lines = "".join(f"\n  {number}. {text}" for number, text in enumerate(texts, 1))
    refused_for(make, ansible, [(EVERYTHING_WRONG, f"{lines}\n")])


def test_volumes_that_do_not_fit(make: Factory, ansible: Playbooks) -> None:
    make.volume("blank", imageRef=None)
    make.volume("busy")
    other = make.server("other", root=make.volume("used"))
    used, blank = make.name("used"), make.name("blank")
    exists = f"a volume {blank} exists already and was not made for this server"
    cases: list[tuple[dict[str, Any], str]] = [
        (
            {"boot_volume": {"image": "needs-2g", "size": 1}},
            f"image needs-2g needs at least 2 GiB, the volume {make.name()}-root is to have 1",
        ),
        ({"volumes": [{"tag": "x", **BLANK, "volume_type": "fast"}]}, "the cloud knows no volume type fast"),
        (
            {"volumes": [{"tag": "x", **BLANK, "availability_zone": "moon"}]},
            "the cloud knows no volume availability zone moon",
        ),
        ({"boot_volume": {"volume": used}}, f"volume {used} is attached to server {other}"),
        ({"boot_volume": {"volume": blank}}, f"volume {blank} is not marked bootable"),
        ({"volumes": [{"tag": "x", "volume": blank, "size": 2}]}, f"volume {blank} has 1 GiB, 2 are wanted"),
        (
            {"boot_volume": {"image": "cirros", "name": blank}},
            f"{exists} (name it as the source volume, choose another name, or delete it)",
        ),
    ]
    refused(make, ansible, cases)


def test_ports_that_do_not_fit(make: Factory, ansible: Playbooks) -> None:
    network = make.network()
    own = make.api.named("network", "/networks", "networks", network)["id"]
    port = make.port("mine", network_id=own)
    address, mac = port["fixed_ips"][0]["ip_address"], port["mac_address"]
    for _number in (1, 2):
        make.port("twice")
    taken = make.port("taken")
    other = make.boot("other", "m1.tiny", networks=[{"port": taken["id"]}], **root_of(make))
    mine, twice = make.name("mine"), make.name("twice")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"port": make.name("taken")}, f"port {make.name('taken')} belongs to {other}"),
        ({"port": mine, "fixed_ip": "10.0.99.99"}, f"port {mine} has the address {address}, not 10.0.99.99"),
        (
            {"port": mine, "mac_address": "fa:16:3e:00:00:99"},
            f"port {mine} has the MAC address {mac}, not fa:16:3e:00:00:99",
        ),
        ({"network": network, "fixed_ip": address}, f"the cloud knows no free address {address}"),
        ({"network": make.shared_net, "name": twice}, f"2 ports carry the name {twice}"),
    ]
    refused(make, ansible, [({"ports": [nic]}, text) for nic, text in cases])


def root_of(make: Factory) -> dict[str, Any]:
    """The mapping of a root volume."""
    both = {"source_type": "volume", "destination_type": "volume"}
    return {"block_device_mapping_v2": [{**both, "uuid": make.volume("used"), "boot_index": 0}]}


def test_input_that_cannot_be_meant(make: Factory, ansible: Playbooks) -> None:
    cases = [
        ({"boot_volume": {"size": 1}}, "the boot volume names no source"),
        ({"boot_volume": {"image": "a", "volume": "b"}}, "the boot volume names volume, image"),
        ({"boot_volume": {"blank": True}}, "the blank volume root has no size"),
        ({"volumes": [{"tag": "root", **BLANK}]}, "two disks have the tag root"),
        ({"volumes": [{"tag": "a,b", **BLANK}]}, "Nova takes no tag like a,b"),
        ({"ports": [{}]}, "a port names neither or both of port and network"),
    ]
    results = ansible.run(*(Task(BUILD, described(make, **options)) for options, _text in cases))
    for result, (_options, text) in zip(results, cases, strict=True):
        assert result["msg"].startswith(f"Refused to build server {make.name()}: {text}. ")
    assert make.everything()["volumes"] == []


def test_a_volume_that_the_storage_cannot_make(make: Factory, ansible: Playbooks) -> None:
    """It is told, no server is made, and the next run tells what is left over."""
    broken = make.name("[fail-create]")
    options = described(make, volumes=[{"tag": "data", **BLANK, "name": broken}])
    first = ansible(BUILD, **options)
    assert first["error"]["code"] == "unexpected_state"
    assert f"wait until volume {broken} is available" in first["msg"]
    assert make.servers() == []
    second = ansible(BUILD, **options)
    assert second["msg"] == (
        f"Refused to build server {make.name()}: volume {broken}, left over from an earlier run, is error (delete it). "
        "Nothing was changed. Correct this, then repeat."
    )


def test_a_server_in_error(make: Factory, ansible: Playbooks, admin_b: Any) -> None:
    server = make.server()
    admin_b.act(server, "os-resetState", {"state": "error"})
    result = ansible(BUILD, **described(make))
    assert result["error"]["reason"] == "server_error"
    assert "Remove it with state: absent (its volumes are kept), then repeat." in result["msg"]
    assert ansible(BUILD, name=make.name(), state="absent")["changed"]
    assert [volume["status"] for volume in make.everything()["volumes"]] == ["available"]
