# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that exists already: nothing to do, mended, or refused with the list of what cannot be changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import BUILDING
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, Seen, Site, Surroundings
from ansible_collections.standby.openstack.plugins.module_utils.data.wanted import ServerWanted, server_wanted
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.present_absent import decide_present
from builders import (
    DATA,
    MISSING,
    ROOT,
    STOCK,
    TINY,
    VOLUMES,
    dormant,
    plan,
    port,
    present,
    refusal,
    seen,
    source,
    verbs,
    volume,
)

DESCRIBED: dict[str, Any] = {
    "name": "db",
    "flavor": "m1.tiny",
    "boot_volume": {"image": "cirros", "size": 1},
    "volumes": [{"tag": "data", "blank": True, "size": 1}],
    "ports": [{"network": "net", "fixed_ip": "10.0.0.5", "mac_address": "FA:16:3E:00:00:01", "security_groups": ["x"]}],
    "availability_zone": "nova",
    "user_data": "not shown by Nova, so not compared",
    "server_group": "not compared where nothing tells",
}


def wanted(**options: Any) -> ServerWanted:
    return server_wanted({**DESCRIBED, **options})


def site(what: Seen | None = None, **changes: Any) -> Site:
    defaults: dict[str, Any] = {
        "flavor": TINY,
        "ports": {"db-port0": (port(),)},
        "ids": {("network", "net"): "net-1", ("security_group", "x"): "sg-1"},
    }
    return Site(what or seen(root=present()), Surroundings(**{**defaults, **changes}))


AS_DESCRIBED = {
    "running": seen(root=present()),
    "running at a stock cloud": seen(STOCK),
    "stopped": seen(root=present(), status="SHUTOFF"),
    "paused": seen(root=present(), status="PAUSED"),
    "rebooting": seen(root=present(), status="REBOOT", task_state="rebooting"),
    "shelved": seen(root=present(), status="SHELVED_OFFLOADED", availability_zone=""),
    "being shelved": seen(root=present(), task_state="shelving"),
    "locked": seen(root=present(), locked=True),
    "dormant": dormant(),
    "dormant and locked": dormant(locked=True),
    "dormant without data volumes": dormant(attachments=()),
    "with another metadata key": seen(root=present(), metadata={"someone": "else's"}),
    "with another volume": replace(
        seen(root=present(), attachments=(ROOT, DATA, Attachment("other", "/dev/vdc"))),
        volumes={**VOLUMES, "other": volume("other")},
    ),
}


@pytest.mark.parametrize("case", AS_DESCRIBED)
def test_nothing_to_do(case: str) -> None:
    found = plan(decide_present(site(AS_DESCRIBED[case]), wanted()))
    assert found.steps == ()
    assert found.before == found.after


@pytest.mark.parametrize(
    "options",
    [
        {"volumes": []},
        {"ports": []},
        {"availability_zone": None},
        {"boot_volume": {"image": "another image, which no server tells"}},
        {"boot_volume": {"blank": True, "size": 1}},
    ],
    ids=["volumes", "ports", "zone", "source", "source kind"],
)
def test_what_is_not_asked_for_is_not_compared(options: dict[str, Any]) -> None:
    assert not plan(decide_present(site(), wanted(**options))).changed


def test_a_port_is_found_by_its_address_when_its_name_was_changed() -> None:
    what = replace(seen(root=present()), ports=(port(name="renamed"),))
    assert not plan(decide_present(site(what, ports={"db-port0": ()}), wanted())).changed


def step_of(**options: Any) -> Any:
    (step,) = plan(decide_present(site(), wanted(**options))).steps
    return step


def after(**options: Any) -> Any:
    return plan(decide_present(site(), wanted(**options))).after


def test_the_description_is_changed() -> None:
    step = step_of(description="new")
    assert (step.verb, step.text) == ("update_server", "change the description of server db")
    assert dict(step.args) == {"server_id": "srv", "description": "new"}
    assert after(description="new")["description"] == "new"


def test_the_description_is_changed_on_a_shelved_server_too() -> None:
    assert verbs(decide_present(site(dormant()), wanted(description="new"))) == ["update_server"]


def test_metadata_are_set_and_others_left_alone() -> None:
    what = site(seen(root=present(), metadata={"keep": "1", "same": "2", "change": "3"}))
    found = plan(decide_present(what, wanted(metadata={"same": "2", "change": "4", "new": "5"})))
    (step,) = found.steps
    assert (step.verb, step.text) == ("set_server_metadata", "set metadata change, new of server db")
    assert dict(step.args) == {"server_id": "srv", "metadata": {"change": "4", "new": "5"}}
    assert found.after["metadata"] == {"keep": "1", "same": "2", "change": "4", "new": "5"}


@pytest.mark.parametrize(
    ("options", "volume_id", "what"),
    [
        ({"boot_volume": {"image": "i", "delete_on_termination": True}}, "vol-root", "boot volume"),
        (
            {"volumes": [{"tag": "data", "volume": "vol-data", "delete_on_termination": True}]},
            "vol-data",
            "volume data",
        ),
    ],
)
def test_the_delete_flag_is_changed(options: dict[str, Any], volume_id: str, what: str) -> None:
    found = plan(decide_present(site(given={"data": VOLUMES["vol-data"]}), wanted(**options)))
    (step,) = found.steps
    assert step.text == f"set delete_on_termination of the {what} of server db to true"
    assert dict(step.args) == {"server_id": "srv", "volume_id": volume_id, "value": True}
    assert [row["id"] for row in found.after["volumes"] if row["delete_on_termination"]] == [volume_id]


@pytest.mark.parametrize("groups", [["y"], ["x", "y"], []])
def test_the_security_groups_of_a_port_are_changed(groups: list[str]) -> None:
    ids = {("network", "net"): "net-1", ("security_group", "x"): "sg-1", ("security_group", "y"): "sg-2"}
    options = {"ports": [{"network": "net", "security_groups": groups}]}
    found = plan(decide_present(site(ids=ids), wanted(**options)))
    (step,) = found.steps
    expected = sorted(ids["security_group", group] for group in groups)
    assert (step.verb, step.text) == ("update_port", "change the security groups of port db-port0")
    assert dict(step.args) == {"port_id": "port-0", "security_groups": expected}
    assert found.after["ports"][0]["security_groups"] == expected


def test_security_groups_in_another_order_are_the_same() -> None:
    ids = {("network", "net"): "net-1", ("security_group", "x"): "sg-1", ("security_group", "y"): "sg-0"}
    what = site(replace(seen(root=present()), ports=(port(security_groups=("sg-0", "sg-1")),)), ids=ids)
    options = {"ports": [{"network": "net", "security_groups": ["x", "y"]}]}
    assert not plan(decide_present(what, wanted(**options))).changed


def test_a_security_group_that_nobody_knows_is_never_sent() -> None:
    options = {"ports": [{"network": "net", "security_groups": ["typo"]}]}
    what = site(ids={("network", "net"): "net-1", ("security_group", "typo"): None})
    found = refusal(decide_present(what, wanted(**options)))
    assert "security groups of port db-port0 is sg-1, wanted typo (unknown)" in found.text


UEFI = {"hw_firmware_type": "uefi", "name": "not a boot property", "os_distro": "nor this"}


@pytest.mark.parametrize(
    ("properties", "has", "text"),
    [
        (UEFI, {"hw_firmware_type": "uefi"}, None),
        ({}, {"image_name": "cirros"}, None),
        (UEFI, {}, "hw_firmware_type is none at the boot volume, and uefi at image cirros now"),
        ({}, {"hw_disk_bus": "scsi"}, "hw_disk_bus is scsi at the boot volume, and none at image cirros now"),
    ],
)
def test_boot_properties_of_the_image_are_compared_and_stop_nothing(
    properties: dict[str, str], has: dict[str, str], text: str | None
) -> None:
    volumes = {**VOLUMES, "vol-root": replace(VOLUMES["vol-root"], image_metadata=has)}
    what = site(replace(seen(root=present()), volumes=volumes), sources={"root": source(properties=properties)})
    found = plan(decide_present(what, wanted()))
    assert not found.changed
    assert [str(finding) for finding in found.findings or ()] == ([text] if text else [])
    assert found.notes == ((f"db: {text}. A server boots as it was made.",) if text else ())


def test_a_server_in_its_group_and_zone_is_as_described() -> None:
    ids = {("network", "net"): "net-1", ("security_group", "x"): "sg-1", ("server_group", "apart"): "group-1"}
    what = site(dormant(pinned_zone="nova", server_groups=("group-1",)), ids=ids)
    assert not plan(decide_present(what, wanted(server_group="apart"))).findings


def test_what_is_changed_is_told_as_data() -> None:
    (finding,) = plan(decide_present(site(), wanted(description="new"))).findings or ()
    assert finding.data == {
        "what": "description", "wanted": "new", "seen": "", "text": "description is none, wanted new",
        "blocks": True, "in_place": True,
    }  # fmt: skip


def test_several_changes_are_all_foretold() -> None:
    found = plan(decide_present(site(), wanted(description="new", metadata={"a": "1"})))
    assert [step.verb for step in found.steps] == ["update_server", "set_server_metadata"]
    assert (found.after["description"], found.after["metadata"]) == ("new", {"a": "1"})


MARKED = {**VOLUMES, "vol-data": replace(VOLUMES["vol-data"], metadata={BUILDING: "db"})}


def test_marks_that_a_killed_run_left_are_removed() -> None:
    found = plan(decide_present(site(replace(seen(root=present()), volumes=MARKED)), wanted()))
    (step,) = found.steps
    assert (step.verb, step.text) == ("replace_volume_metadata", "mark volume db-data as finished")
    assert dict(step.args) == {"volume_id": "vol-data", "metadata": {"standby_volume": "vol-data"}}


def test_a_server_that_is_still_being_built_is_waited_for() -> None:
    building = replace(seen(root=present(), status="BUILD", task_state="spawning"), volumes=MARKED)
    found = plan(decide_present(site(building), wanted(flavor="not looked at yet")))
    assert [step.verb for step in found.foretold] == ["wait", "replace_volume_metadata"]
    until = found.steps[0].until
    assert until is not None
    assert (until.target, until.pending, until.idle_pending) == ({"ACTIVE"}, {"BUILD"}, {"BUILD"})
    assert (found.before["status"], found.after["status"], found.after["task_state"]) == ("BUILD", "ACTIVE", None)


@pytest.mark.parametrize(
    ("fault", "why"), [("No valid host was found.", "No valid host was found"), ("", "Nova tells no reason")]
)
def test_a_server_in_error_is_refused(fault: str, why: str) -> None:
    found = refusal(decide_present(site(seen(status="ERROR", fault=fault)), wanted()))
    assert found.code == "server_error"
    assert found.text == (
        f"Refused to build server db: a server of that name is in ERROR: {why}. Remove it with state: absent (its "
        "volumes are kept), then repeat. Find out why (openstack server show), repair or delete it, then repeat."
    )


FOUND_BY = {
    "tag": (Attachment("vol-data", "/dev/vdb", "data"), VOLUMES["vol-data"]),
    "metadata": (Attachment("vol-x", "/dev/vdb"), volume("vol-x", name="x", metadata={"standby_disk": "data"})),
    "name": (Attachment("vol-x", "/dev/vdb"), volume("vol-x", name="db-data")),
}


@pytest.mark.parametrize("how", FOUND_BY)
def test_a_data_disk_is_recognised(how: str) -> None:
    """Tags do not outlive a detach: a replica is recognised by what its volume carries."""
    attachment, its_volume = FOUND_BY[how]
    volumes = {"vol-root": VOLUMES["vol-root"], its_volume.id: its_volume}
    what = replace(seen(root=present(), attachments=(ROOT, attachment)), volumes=volumes)
    assert not plan(decide_present(site(what), wanted())).changed


def test_two_data_disks_that_look_alike_are_not_guessed_at() -> None:
    twins = {key: volume(key, name="db-data") for key in ("one", "two")}
    attachments = (ROOT, Attachment("one", "/dev/vdb"), Attachment("two", "/dev/vdc"))
    what = replace(seen(root=present(), attachments=attachments), volumes={**VOLUMES, **twins})
    assert refusal(decide_present(site(what), wanted())).seen == "volume data is not attached, wanted db-data"


def test_the_root_is_told_by_the_cloud_and_not_by_its_tag() -> None:
    what = replace(seen(root=present("vol-new"), attachments=(Attachment("vol-new", "/dev/vda"), DATA)),
                   volumes={**VOLUMES, "vol-new": volume("vol-new", name="replica")})  # fmt: skip
    assert not plan(decide_present(site(what), wanted())).changed


def test_a_root_that_is_missing_while_shelved_is_dormancy_not_drift() -> None:
    what = replace(dormant(), root_answer=MISSING)
    assert not plan(decide_present(site(what), wanted(boot_volume={"volume": "gone"}))).changed
