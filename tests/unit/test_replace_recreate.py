# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a server again on another root: its definition, its ports, and every refusal."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.replacement import (
    KINDS,
    Definition,
    Replacing,
    definition_from,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, Flavor
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.definition import (
    completed,
    made_of,
    read_back,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.root_volume import which_root
from builders import STOCK, plan, port, refusal, volume
from memory_cloud.drive import act
from one_server import HOLDS, Cloud
from test_replace import converged, decide, is_right, settle

RECREATED = "hand volume replica over as the root of server db"


def recreating(kind: str = "volume", cloud: Cloud | None = None, **changes: Any) -> Replacing:
    what = (cloud or Cloud(STOCK)).replacing(kind)
    details = {key: changes.pop(key) for key in ("zone_told", "macs", "flavor", "server_groups") if key in changes}
    if details:
        told = {"zone" if key == "zone_told" else key: value for key, value in details.items()}
        assert what.recreation.details
        changes["details"] = replace(what.recreation.details, **told)
    return replace(what, recreation=replace(what.recreation, **changes))


def test_the_steps() -> None:
    cloud = Cloud(STOCK)
    flagged = (Attachment("vol-root", "/dev/vda", "root", True), Attachment("vol-data", "/dev/vdb", "data"))
    cloud.server = replace(cloud.server, attachments=flagged)
    decided = plan(decide(cloud.replacing("snapshot"), "recreate"))
    assert [step.text for step in decided.steps] == [
        "make volume db-root-snapshot (2 GiB) from snapshot before",
        "wait until volume db-root-snapshot is available",
        "mark volume db-root-snapshot bootable",
        "note at volume db-root-snapshot that it is from snapshot snapshot-1",
        "write the definition of server db to db.json",
        "clear delete_on_termination of volume vol-root at server db",
        "check that no volume is deleted with server db",
        "delete server db",
        "wait until volume db-data is free",
        "make server db",
        "mark volume db-root-snapshot as finished",
    ]
    assert (decided.after["id"], decided.after["status"], decided.after["name"]) == ("(new)", "ACTIVE", "db")
    assert [row["name"] for row in decided.after["volumes"]] == ["db-root-snapshot", "db-data"]
    assert decided.extra["definition"]["volumes"][0]["id"] == "vol-data"


SAFE = (
    "The server is gone; its definition is in db.json, its volumes and ports are safe. "
    "Repeat the task to carry on; if there is a server in ERROR, remove it first with server_boot_volume "
    "state: absent."
)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_safe_while_there_is_no_server(kind: str) -> None:
    """From the delete on every step says it, also those of a run that carries on."""
    verbs = [(step.verb, step.safe) for step in plan(decide(recreating(kind), "recreate")).steps]
    deleted = verbs.index(("delete_server", "Its definition is in db.json. Repeat the task to carry on."))
    made = verbs.index(("create_server", SAFE))
    assert verbs[deleted + 1 : made] == [("wait", SAFE)]
    later = plan(decide(gone(kind=kind).replacing(kind), "recreate")).steps
    made = [step.verb for step in later].index("create_server")
    assert {step.safe for step in later[: made + 1]} == {SAFE}


@pytest.mark.parametrize("kind", KINDS)
def test_ports_of_nova_are_released_and_killed_after_any_step(kind: str) -> None:
    """Nova would delete the port; a run that is killed when it is off already still knows that it belongs to it."""
    for stop in range(1, 16):
        cloud = Cloud(STOCK)
        cloud.made_by_nova()
        cloud.release = True
        cloud.run(plan(decide(cloud.replacing(kind), "recreate")).steps, stop)
        settle(cloud, later=False)
        converged(cloud, "recreate", kind)
        is_right(cloud, "recreate", kind)


def test_a_build_that_failed_is_explained_and_repeated_from_the_record() -> None:
    cloud = Cloud(STOCK)
    cloud.run(plan(decide(cloud.replacing("image"), "recreate")).steps)
    cloud.server = replace(cloud.server, status="ERROR", fault="No valid host was found.")
    found = refusal(decide(cloud.replacing("image"), "recreate"))
    assert (found.code, found.seen, found.todo) == (
        "server_error",
        "the server was made again and is in ERROR: No valid host was found.",
        (
            "Its definition is in db.json, its volumes and ports are safe. Remove the server with "
            "server_boot_volume state: absent (its volumes stay), then repeat."
        ),
    )
    act(cloud, "delete_server", server_id=cloud.server.id)
    cloud.settle()
    converged(cloud, "recreate", "image")
    assert cloud.contents[str(cloud.root)] == HOLDS["image"]


def test_another_source_when_the_first_could_not_be_booted() -> None:
    cloud = Cloud(STOCK)
    cloud.run(plan(decide(cloud.replacing("image"), "recreate")).steps)
    act(cloud, "delete_server", server_id=cloud.server.id)
    cloud.settle()
    converged(cloud, "recreate", "volume")
    assert cloud.root == "vol-new"


def unnamed() -> Cloud:
    cloud = Cloud(STOCK)
    cloud.change("port-0", name="")
    return cloud


def young() -> Cloud:
    cloud = Cloud(STOCK)
    cloud.made_by_nova()
    return cloud


def without_data() -> Cloud:
    cloud = Cloud(STOCK)
    del cloud.volumes["vol-data"]
    return cloud


OF_NOVA = "Nova deletes the ports that it made together with the server, and these may be such: port"
RELEASE = "Say release_ports: true, which takes them off the server before it is deleted, so that Nova finds none."

REFUSED: dict[str, tuple[Any, str, str]] = {
    "no record": (
        lambda: recreating(file=None),
        "no_record",
        (
            "nothing says where the definition of the server is to be written before the server is deleted. "
            "Say record, the path of a file that outlives this run."
        ),
    ),
    "user_data": (
        lambda: recreating(user_data=None),
        "user_data_unknown",
        (
            "Nova does not show the user_data of the server to members. "
            'Say user_data, as it was; user_data: "" if there was none.'
        ),
    ),
    "zone": (
        lambda: recreating(zone_told=None),
        "zone_unknown",
        (
            "this Nova (older than API 2.96) does not tell the availability zone that was asked for. "
            'Say availability_zone; availability_zone: "" for none.'
        ),
    ),
    "another zone": (
        lambda: recreating(zone="az9"),
        "cannot_build",
        "there is no availability zone az9, only none. Nothing was deleted. Correct this, then repeat.",
    ),
    "port without name": (
        lambda: recreating(cloud=unnamed()),
        "ports_of_nova",
        f"{OF_NOVA} port-0 (10.0.0.5) has no name. {RELEASE}",
    ),
    "young port": (
        lambda: recreating(cloud=young()),
        "ports_of_nova",
        f"{OF_NOVA} db-port0 (10.0.0.5) is not older than the server. {RELEASE}",
    ),
    "lost port": (
        lambda: recreating(macs=("fa:16:3e:00:00:99",)),
        "port_lost",
        (
            "the server has a network card fa:16:3e:00:00:99, and no port of it has that MAC address. "
            "Find its port, and set its device_id to the id of the server."
        ),
    ),
    "lost volume": (
        lambda: recreating(cloud=without_data()),
        "volume_lost",
        (
            "the cloud knows no volume vol-data, which is attached to the server. "
            "Detach it: openstack server remove volume. Then repeat."
        ),
    ),
    "flavor changed": (
        lambda: recreating(flavor=Flavor("m1.tiny", "", 2, 64, 0)),
        "cannot_build",
        "flavor m1.tiny has vcpus 1 now, the server has 2. Nothing was deleted. Correct this, then repeat.",
    ),
    "another server": (
        lambda: recreating(is_another=True),
        "other_server",
        (
            "it is gone, and db is now another server (srv), which does not run on the new root. "
            "Name the server by its new id if that is the one."
        ),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    make, code, text = REFUSED[case]
    found = refusal(decide(make(), "recreate"))
    assert (found.code, found.text) == (code, f"Refused to {RECREATED}: {text}")


def gone(kind: str = "volume", **changes: Any) -> Cloud:
    """The server is deleted, its record is there."""
    cloud = Cloud(STOCK)
    steps = plan(decide(cloud.replacing(kind), "recreate")).steps
    cloud.run(steps, next(n for n, step in enumerate(steps, 1) if step.verb == "delete_server"))
    cloud.settle()
    assert cloud.file
    cloud.file = replace(cloud.file, **changes)
    return cloud


def test_without_a_record_a_missing_server_is_refused() -> None:
    cloud = gone()
    cloud.file = None
    assert refusal(decide(cloud.replacing("volume"), "recreate")).code == "no_server"


@pytest.mark.parametrize(("recorded", "given"), [(True, ""), (True, None), (False, "#cloud-config")])
def test_user_data_must_be_said_again(recorded: bool, given: str | None) -> None:
    cloud = gone(user_data=recorded)
    cloud.user_data = given
    found = refusal(decide(cloud.replacing("volume"), "recreate"))
    assert (found.code, found.seen) == (
        "user_data_unknown",
        f"db.json says that the server had {'' if recorded else 'no '}user_data",
    )


def test_what_is_in_the_way_of_a_build_says_where_the_definition_is() -> None:
    cloud = gone()
    cloud.change("port-0", device_id="web")
    found = refusal(decide(cloud.replacing("volume"), "recreate"))
    assert (found.code, found.seen, found.todo) == (
        "cannot_build",
        "port db-port0 belongs to web",
        "The server is gone, its definition is in db.json. Correct this, then repeat.",
    )


def a_definition(**changes: Any) -> Definition:
    what = recreating(**changes)
    found = read_back(what.seen, which_root(what.seen), what.recreation, "do it")
    assert isinstance(found, Definition)
    return found


def test_a_definition_survives_the_file() -> None:
    assert definition_from(asdict(a_definition())) == a_definition()


def test_cards_and_disks_keep_their_order_and_tags() -> None:
    cloud = Cloud(STOCK)
    disks = [Attachment("b", "/dev/vdaa", "b"), Attachment("c", "/dev/vdz"), Attachment("vol-root", "/dev/vda", "root")]
    cloud.server = replace(cloud.server, attachments=tuple(disks))
    cloud.volumes.update({name: volume(name) for name in "bc"})
    what = recreating(cloud=cloud, macs=("m2", "m1"))
    ports = tuple(port(id=f"p{n}", mac=f"m{n}", name=f"port{n}") for n in (1, 2))
    details = what.recreation.details
    assert details
    seen = replace(what.seen, ports=ports)
    told = replace(what.recreation, details=replace(details, nic_tags={"p1": "front"}))
    definition = read_back(seen, which_root(seen), told, "do it")
    assert isinstance(definition, Definition)
    assert [(row["id"], row["tag"]) for row in definition.ports] == [("p2", None), ("p1", "front")]
    assert [row["id"] for row in definition.volumes] == ["c", "b"]
    server = made_of(definition, "new", None, None)
    rows = [{"uuid": disk.ref if disk.tag == "root" else disk.tag, "tag": disk.tag} for disk in server.disks]
    nics = [{"port": nic.port} for nic in server.nics]
    request = completed({"block_device_mapping_v2": rows, "networks": nics}, definition)
    mapped = [{"uuid": "new", "tag": "root"}, {"uuid": "c"}, {"uuid": "b", "tag": "b"}]
    assert request["block_device_mapping_v2"] == mapped
    assert request["networks"] == [{"port": "p2"}, {"port": "p1", "tag": "front"}]
    assert request["tags"] == ["one"]
