# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reverting a server to a snapshot, at a stock site and a guarded one: the bytes go back, the server stays."""

from __future__ import annotations

from typing import Any

import pytest
from revert_site import REVERT, RevertSite

from playbooks import Task


@pytest.mark.parametrize("at", ["a", "b"], indirect=True)
def test_a_revert_and_its_revert(at: RevertSite) -> None:
    """Bytes of before, then those of now again; the same server, ports and addresses all the time."""
    port = at.make.port()
    server = at.server(port=port["id"])
    root = at.root(server)
    at.writes(root, "before the upgrade")
    at.snapshot("good", root)
    at.writes(root, "upgraded")
    before = at.identity(server)
    foretold, applied = at.rounds(REVERT, server=at.make.name(), snapshot=at.make.name("good"))
    assert at.boots_with(server) == ["before the upgrade"]
    assert at.identity(server) == before
    assert applied["server"]["status"] == foretold["server"]["status"] == "ACTIVE"
    (disk,) = applied["revert"]["disks"]
    assert applied["revert"]["method"] == foretold["revert"]["method"] == {"a": "reimage", "b": "attach"}[at.site]
    assert disk["before"]["name"] == f"{at.make.name('srv-root')}-before-revert-1"
    assert disk["old_volume"]["id"] == root
    assert disk["volume"]["id"] == at.root(server)
    assert at.images() == []
    undone = at.ansible(REVERT, server=at.make.name(), snapshot=disk["before"]["id"])
    assert not undone["failed"], undone["msg"]
    assert at.boots_with(server) == ["upgraded"]
    assert at.identity(server) == before
    assert [volume for volume in at.marked() if "standby_reverting" in volume["metadata"]] == []


@pytest.mark.soak
@pytest.mark.parametrize("at", ["a", "b"], indirect=True)
def test_again_and_the_latest(at: RevertSite) -> None:
    """What the server wrote since it was reverted is its own, unless one more revert is asked for."""
    server = at.server()
    at.writes(at.root(server), "good")
    at.snapshot("good", at.root(server))
    options: dict[str, Any] = {"server": at.make.name(), "snapshot": "latest"}
    at.ansible(REVERT, **options)
    at.writes(at.root(server), "written since")
    at.rounds.changes_nothing(REVERT, **options)
    result = at.ansible(REVERT, again=True, **options)
    assert (result["failed"], result["changed"]) == (False, True)
    assert at.boots_with(server) == ["good"]
    assert result["revert"]["disks"][0]["before"]["name"].endswith("-before-revert-2")


@pytest.mark.soak
@pytest.mark.parametrize("at", ["a", "b"], indirect=True)
def test_a_stopped_server_with_a_data_volume(at: RevertSite) -> None:
    """A set: both volumes go back to the snapshots of one name; the server is stopped again."""
    data = at.make.volume("data", imageRef=None)
    server = at.server(data=data)
    for volume, text in ((at.root(server), "root then"), (data, "data then")):
        at.writes(volume, text)
        at.snapshot("set", volume)
        at.writes(volume, "now")
    at.api.act(server, "os-stop")
    at.api.wait_server(server, "SHUTOFF")
    options = {"server": at.make.name(), "snapshot": at.make.name("set"), "volumes": [{"volume": at.make.name("data")}]}
    _foretold, applied = at.rounds(REVERT, **options)
    assert applied["server"]["status"] == "SHUTOFF"
    assert at.boots_with(server) == ["data then", "root then"]
    disk = applied["revert"]["disks"][1]
    assert (disk["disk"], disk["old_volume"]["id"]) == (at.make.name("data"), data)
    assert at.api.volume(data)["status"] == "available"
    assert at.api.volume(disk["volume"]["id"])["metadata"]["standby_disk"] == "data"


@pytest.mark.soak
@pytest.mark.parametrize("at", ["b"], indirect=True)
def test_a_shelved_server_stays_shelved(at: RevertSite) -> None:
    server = at.server(delete_on_termination=True)
    root = at.root(server)
    at.writes(root, "then")
    at.snapshot("good", root)
    at.writes(root, "now")
    at.api.act(server, "shelve")
    at.api.wait_server(server, "SHELVED_OFFLOADED")
    _foretold, applied = at.rounds(REVERT, server=at.make.name(), snapshot=at.make.name("good"))
    assert applied["server"]["status"] == "SHELVED_OFFLOADED"
    assert at.api.volume(root)["status"] == "available"
    at.api.act(server, "unshelve")
    at.api.wait_server(server, "ACTIVE")
    assert at.boots_with(server) == ["then"]


@pytest.mark.soak
@pytest.mark.parametrize("at", ["a"], indirect=True)
def test_a_new_server_boots_from_a_root_that_was_overwritten(at: RevertSite) -> None:
    """Cinder leaves the mapping of the image at the volume; Nova then refuses to make a server from it."""
    server = at.server()
    root = at.root(server)
    at.snapshot("good", root)
    assert not at.ansible(REVERT, server=at.make.name(), snapshot="latest")["failed"]
    at.api.send("DELETE", "compute", f"/servers/{server}")
    at.api.wait_volume(root)
    at.make.server("other", root=root)


@pytest.mark.soak
@pytest.mark.parametrize("at", ["b"], indirect=True)
def test_reimage_where_attach_is_offered(at: RevertSite) -> None:
    server = at.server()
    at.writes(at.root(server), "then")
    at.snapshot("good", at.root(server))
    at.writes(at.root(server), "now")
    before = at.root(server)
    result = at.ansible(REVERT, server=at.make.name(), snapshot="latest", method="reimage")
    assert result["revert"]["method_reason"] == "the option method says so"
    assert (at.root(server), at.boots_with(server)) == (before, ["then"])


MULTIATTACH = {
    "a": "Cinder copies into volumes with one attachment only. "
    "Its root cannot be reverted here without making the server anew.",
    "b": "Nova attaches none to a shelved server: copy it to a volume of another type first.",
}


def snapshots_and_their_texts(at: RevertSite) -> dict[tuple[str, str], str]:
    """By server and snapshot why it is refused; all of it is made."""
    name, other, two, multi = (at.make.name(suffix) for suffix in ("srv", "other", "two", "multi"))
    server, second = at.server(), at.server("other")
    at.server("multi", root=at.make.volume("multi", volume_type="multiattach"))
    at.snapshot("other", at.root(second))
    at.snapshot("multi", at.root(at.id_of("multi")))
    ids = ", ".join(sorted(at.snapshot("two", at.root(server)) for _twice in range(2)))
    image = at.api.named("image", "/images", "images", "cirros")["id"]
    at.make.boot("image", "m1.small", imageRef=image)
    root = at.make.name("srv-root")
    return {
        (name, "nothing"): f"there is no snapshot nothing of volume {root}. "
        "Check the name: openstack volume snapshot list.",
        (name, other): f"snapshot {other} is of volume {at.root(second)}, not of volume {root} or one "
        "whose place it took. Name a snapshot of that volume.",
        (name, two): f"2 snapshots of volume {root} are named {two} ({ids}). Say which by its id.",
        ("nobody", "x"): "the cloud knows no server of that name or id. Check the name.",
        (at.make.name("image"), "x"): "it boots from an image. Only servers that boot from a volume can do this.",
        (multi, multi): f"its root {multi} is multiattach. {MULTIATTACH[at.site]}",
    }


@pytest.mark.parametrize("at", ["a", "b"], indirect=True)
def test_refused(at: RevertSite) -> None:
    """Each by its text, in check mode and for real; nothing is touched."""
    texts = snapshots_and_their_texts(at)
    before = at.make.everything()
    tasks = [Task(REVERT, {"server": s, "snapshot": x}, check) for s, x in texts for check in (True, False)]
    for task, result in zip(tasks, at.ansible.run(*tasks), strict=True):
        server, snapshot = task.options["server"], task.options["snapshot"]
        assert result["msg"] == f"Refused to revert server {server} to snapshot {snapshot}: {texts[server, snapshot]}"
    assert at.make.everything() == before


@pytest.mark.parametrize("at", ["a"], indirect=True)
def test_refused_in_a_state(at: RevertSite) -> None:
    """Locked, in ERROR; and at a stock cloud what is shelved already, for its state could not be saved."""
    server, name = at.server(), at.make.name()
    at.snapshot("one", at.root(server))
    said = f"Refused to revert server {name} to its latest snapshot: "
    at.api.act(server, "lock")
    assert at.refused() == f"{said}the server is locked. Unlock it: openstack server unlock."
    at.api.act(server, "unlock")
    at.admin.act(server, "os-resetState", {"state": "error"})
    todo = "Find out why (openstack server show), repair or delete it, then repeat."
    assert at.refused() == f"{said}its state is ERROR. {todo}"
    at.admin.act(server, "os-resetState", {"state": "active"})
    at.api.act(server, "shelve")
    at.api.wait_server(server, "SHELVED_OFFLOADED")
    assert at.refused() == (
        f"{said}it is SHELVED_OFFLOADED, and Cinder makes no snapshot of a reserved volume, so that its state could not"
        " be saved. Unshelve it first, then repeat: it is stopped and saved before the copy."
    )
    assert at.refused(method="attach").startswith(f"{said}the cloud does not advertise the guarded root volume API")


@pytest.mark.parametrize("at", [pytest.param("a", marks=pytest.mark.soak), "b"], indirect=True)
def test_refused_data_volumes(at: RevertSite) -> None:
    data = at.make.volume("data", imageRef=None)
    server, loose = at.server(data=data), at.make.volume("loose", imageRef=None)
    at.snapshot("good", at.root(server))
    said = f"Refused to revert server {at.make.name()} to snapshot {at.make.name('good')}: "
    for volume, text in {
        "nothing": "the cloud knows no volume nothing. Check the name and the project.",
        loose: f"volume {loose} is not attached to it. Name a volume of the server, or leave it out.",
        at.make.name("srv-root"): f"volume {at.make.name('srv-root')} is its root, which goes back in any case. "
        "Name only data volumes in the option volumes.",
        data: f"snapshot {at.make.name('good')} is of volume {at.root(server)}, not of volume {at.make.name('data')} "
        "or one whose place it took. Name a snapshot of that volume.",
    }.items():
        assert at.refused(snapshot=at.make.name("good"), volumes=[{"volume": volume}]) == said + text
