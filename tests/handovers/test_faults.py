# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the clouds in the middle of a failover: what is said, and that doing what is said leads to the same end.

Several servers of one wave, each with a fault of its own. Faults are ordered by name or id, so others do not meet them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import pytest
from scene import POINT, Scene

from playbooks import Playbooks

Order = Callable[..., None]

UUID = "[0-9a-f-]{36}"
IDS = re.compile(
    rf" \(request id [^)]*\)|(?<=/){UUID}|(?<=the server ){UUID}|(?<=the volume ){UUID}|(?<=snapshot ){UUID}"
)


@pytest.fixture
def order(scene_at: Callable[[str], Scene]) -> Iterator[Order]:
    """Orders faults; those that were not met are taken back at the end."""
    given: list[tuple[Scene, str]] = []

    def give(scene: Scene, event: str, *options: str) -> None:
        given.append((scene, event))
        scene.pocket_cloud("fail-next", scene.letter, event, *options)

    yield give
    for scene, event in given:
        scene.pocket_cloud("fail-next", scene.letter, event, "--forget")


def sleeping(scene: Scene, method: str, shorts: Iterable[str]) -> dict[str, str]:
    """Twins at rest, the first with a data disk, and their replicas; the ids of the twins."""
    first, *others = shorts
    scene.rows.update({short: {"volumes": []} for short in others})
    scene.plan(method, (first, *others))
    scene("dr_prepare").good()
    scene.replicate((first, *others))
    return {short: scene.server(scene.b, short)["id"] for short in (first, *others)}


def told(scene: Scene) -> dict[str, str]:
    """By server what a failover says, without ids, or "" for one that came up."""
    servers = scene.fail_over().last["servers"]
    said = {name[len(scene.name) + 1 :]: row.get("msg", "") for name, row in servers.items()}
    return {short: IDS.sub("", text) for short, text in said.items()}


def the_end(scene: Scene, shorts: Iterable[str]) -> None:
    """Every server runs with the bytes of site A, nothing is left over, and a further run changes nothing."""
    assert {short: scene.heads(short) for short in shorts} == {short: scene.replica_heads(short) for short in shorts}
    assert {server["status"] for short in shorts for server in scene.mine(short)["servers"]} == {"ACTIVE"}
    scene.settle()
    before = scene.everything(scene.b)
    assert (scene.fail_over().good().changed, scene.everything(scene.b)) == (False, before)
    assert scene.left_over() == []


def remove(scene: Scene, short: str) -> None:
    """What the advice says: server_boot_volume state: absent."""
    ansible = Playbooks(scene.folder, {"cloud": f"site_{scene.letter}"})
    result = ansible("server_boot_volume", name=f"{scene.name}-{short}", state="absent")
    assert result["changed"], result


ORDERED = "It was ordered that this fails"
NO_HOST = "Nova says that unshelve failed in "


def test_attach(scene_at: Callable[[str], Scene], order: Order) -> None:
    scene = scene_at("guarded")
    ids = sleeping(scene, "attach", ("data", "root", "late", "host", "unclear"))
    replica = {label: volume["id"] for label, volume in scene.replicas().items()}
    order(scene, f"POST .*/os-volume_attachments .*{replica['data/data']}")
    order(scene, f"POST .*/os-volume_attachments .*{replica['root/root']}", "--status", "500")
    order(scene, f"POST .*/os-volume_attachments .*{replica['late/root']}", "--status", "500", "--late")
    order(scene, f"schedule {ids['host']}")
    order(scene, f"POST .*/servers/{ids['unclear']}/action .*unshelve", "--late")
    said = told(scene)
    attach = "site_b: POST /servers//os-volume_attachments was answered with"
    assert {short: said[short] for short in ("data", "root", "late", "unclear")} == {
        "data": f"{attach} 503: {ORDERED}",
        "root": f"{attach} 500: {ORDERED}",
        "late": f"{attach} 500: {ORDERED}",
        "unclear": f"site_b: POST /servers//action was answered with 503: {ORDERED}",
    }
    assert f"{NO_HOST}schedule_instances" in said["host"]
    assert set(told(scene).values()) == {""}
    the_end(scene, ids)
    assert {short: scene.server(scene.b, short)["id"] for short in ids} == ids


SAFE = (
    "The twin stays shelved and the replica is safe. Remove the twin with server_boot_volume state: absent, rename or"
    " delete its volume %s, run dr_prepare, then repeat. Or say handover: recreate in the plan, without when, which"
    " needs neither."
)


def spoil_copies(scene: Scene, order: Order) -> None:
    """Lets each step of a copy into the root fail, and one unshelve."""
    helper = f"{scene.name}-{scene.name}-%s-handover"
    order(scene, f"create .* from {helper % 'copy'}")
    order(scene, f"create .* from {helper % 'other'}")
    order(scene, f"snapshot {helper % 'snap'}")
    order(scene, f"POST .*/images .*{helper % 'image'}", "--late")
    copy = f"POST .*/volumes/{scene.volume_of('late', 'root')}/action .*os-reimage.*true"
    order(scene, copy, "--status", "500", "--late")
    order(scene, f"spawn {scene.name}-host")


def of_copies(scene: Scene) -> dict[str, str]:
    """What is said then."""
    root = f"{scene.name}-%s-root"
    copied = f"copy replica {root}-{POINT} into the root {root}-placeholder"
    failed = f"{copied}: the volume  is error, expected was reserved. {SAFE % (root + '-placeholder')}"
    return {
        **{short: failed % (short, short, short) for short in ("copy", "other")},
        "snap": f"snapshot replica {root % 'snap'}-{POINT}: the snapshot  is error, expected was available."
        " Look at the snapshot, then repeat.",
        "image": f"site_a: POST /images was answered with 503: {ORDERED}",
        "late": f"site_a: POST /volumes//action was answered with 500: {ORDERED}",
    }


def test_reimage(scene_at: Callable[[str], Scene], order: Order) -> None:
    scene = scene_at("stock")
    ids = sleeping(scene, "reimage", ("copy", "other", "snap", "image", "late", "host"))
    spoil_copies(scene, order)
    said = told(scene)
    assert f"{NO_HOST}compute_unshelve_instance" in said.pop("host")
    assert said == of_copies(scene)
    root = f"{scene.name}-%s-root-placeholder"
    found = f"an earlier copy into the root {root} of the twin failed: it is in error. {SAFE % root}"
    refused = f"Refused to fail over {scene.name}-%s: {found}"
    expected = {short: refused % (short, short, short) for short in ("copy", "other")}
    assert told(scene) == {**dict.fromkeys(ids, ""), **expected}
    assert {short: scene.server(scene.b, short)["id"] for short in ids} == ids
    follow_the_advice(scene)
    the_end(scene, [short for short in ids if short != "other"])


def follow_the_advice(scene: Scene) -> None:
    """Both ways that the message names: the handover recreate, and a new twin."""
    scene.plan("recreate", ["other"])
    scene.fail_over().good()
    assert scene.heads("other") == scene.replica_heads("other")
    remove(scene, "copy")
    for short in ("copy", "other"):
        delete_root(scene, short)
    scene.plan("reimage", ["copy"])
    scene("dr_prepare").good()
    scene.plan("reimage", ["copy", "snap", "image", "late", "host"])
    scene.fail_over().good()


def delete_root(scene: Scene, short: str) -> None:
    """The root into which the copy failed: nothing but people deletes it."""
    name = f"{scene.name}-{short}-root-placeholder"
    (root,) = [volume for volume in scene.mine(short)["volumes"] if volume["name"] == name]
    assert root["metadata"]["standby_role"] == "copy"
    scene.b.send("DELETE", "block_storage", f"/volumes/{root['id']}")


def test_recreate(scene_at: Callable[[str], Scene], order: Order) -> None:
    scene = scene_at("stock")
    ids = sleeping(scene, "recreate", ("gone", "early", "late", "spawn"))
    order(scene, f"DELETE .*/servers/{ids['gone']} ", "--late")
    order(scene, f'POST .*/servers .*"{scene.name}-early"')
    order(scene, f'POST .*/servers .*"{scene.name}-late"', "--status", "500", "--late")
    order(scene, f"spawn {scene.name}-spawn")
    said = told(scene)
    assert {short: said[short] for short in ("gone", "early", "late")} == {
        "gone": f"site_a: DELETE /servers/ was answered with 503: {ORDERED}",
        "early": f"site_a: POST /servers was answered with 503: {ORDERED}",
        "late": f"site_a: POST /servers was answered with 500: {ORDERED}",
    }
    assert "is ERROR" in said["spawn"]
    again = told(scene)
    assert {short: again[short] for short in ("gone", "early", "late")} == dict.fromkeys(("gone", "early", "late"), "")
    assert again["spawn"].startswith(f"Refused to fail over {scene.name}-spawn: the server is ERROR on its replicas: ")
    assert "The replicas are safe. Remove the server with server_boot_volume state: absent" in again["spawn"]
    remove(scene, "spawn")
    scene.fail_over().good()
    the_end(scene, ids)
    assert not {scene.server(scene.b, short)["id"] for short in ids} & set(ids.values())
