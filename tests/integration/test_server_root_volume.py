# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detaching and attaching root volumes on a real Nova with the guarded API."""

from __future__ import annotations

import pytest
from factory import Factory
from rounds import Rounds

from playbooks import Playbooks

DETACH, ATTACH = "server_root_volume_detach", "server_root_volume_attach"


def root_of(make: Factory, server: str) -> str:
    """The volume that the server was made with as its root."""
    (root,) = [a["volumeId"] for a in make.api.attachments(server) if a["tag"] == "root"]
    return root


def test_detach(make: Factory, rounds: Rounds) -> None:
    server = make.shelved(data=make.volume("data", imageRef=None))
    root = root_of(make, server)
    foretold, applied = rounds(DETACH, server=make.name())
    assert applied["steps"] == [f"detach root volume {make.name('srv-root')} from server {make.name()}"]
    assert foretold["server"] == applied["server"]
    assert applied["server"]["dormant"]
    assert applied["server"]["root_volume"]["present"] is False
    assert [volume["tag"] for volume in applied["server"]["volumes"]] == ["data"]
    assert (make.api.volume(root)["status"], make.api.volume(root)["attachments"]) == ("available", [])


def test_detach_never_deletes_the_volume(make: Factory, rounds: Rounds) -> None:
    """Nova deletes such a volume when it is detached from a shelved server, so the flag is cleared first."""
    server = make.shelved(delete_on_termination=True)
    root = root_of(make, server)
    _foretold, applied = rounds(DETACH, server=make.name())
    assert applied["steps"] == [
        f"clear delete_on_termination of volume {root} at server {make.name()}",
        f"detach root volume {make.name('srv-root')} from server {make.name()}",
    ]
    assert make.api.volume(root)["status"] == "available"


def test_detach_of_the_volume_that_is_named(make: Factory, rounds: Rounds, ansible: Playbooks) -> None:
    server = make.shelved(data=make.volume("data", imageRef=None))
    (data,) = [a["volumeId"] for a in make.api.attachments(server) if a["tag"] == "data"]
    root = root_of(make, server)
    before = make.everything()
    refused = ansible(DETACH, server=make.name(), volume=make.name("data"))
    assert refused["msg"] == (
        f"Refused to detach the root volume of server {make.name()}: its root is volume {root}, not {data}. "
        "Name the volume that is root, or leave the option volume out."
    )
    unknown = ansible(DETACH, server=make.name(), volume="nothing")
    assert unknown["msg"] == "site_b knows no volume nothing. Check the name and the project."
    assert make.everything() == before
    rounds(DETACH, server=make.name(), volume=make.name("srv-root"))


@pytest.mark.parametrize("status", ["ACTIVE", "SHUTOFF"])
def test_detach_only_when_shelved(make: Factory, ansible: Playbooks, status: str) -> None:
    server = make.server()
    if status == "SHUTOFF":
        make.api.act(server, "os-stop")
        make.api.wait_server(server, status)
    before = make.everything()
    for check in (True, False):
        assert ansible(DETACH, check=check, server=make.name())["msg"] == (
            f"Refused to detach the root volume of server {make.name()}: its state is {status}, not "
            "SHELVED_OFFLOADED. Shelve it first, for example with standby.openstack.server_shelve."
        )
    assert make.everything() == before


def test_an_image_backed_server(make: Factory, ansible: Playbooks) -> None:
    image = make.api.named("image", "/images", "images", "cirros")["id"]
    make.boot("srv", "m1.small", imageRef=image)
    volume = make.volume()
    text = "it boots from an image. Only servers that boot from a volume can do this."
    assert ansible(DETACH, server=make.name())["msg"] == (
        f"Refused to detach the root volume of server {make.name()}: {text}"
    )
    assert ansible(ATTACH, server=make.name(), volume=volume)["msg"] == (
        f"Refused to attach volume {make.name('vol')} as the root of server {make.name()}: {text}"
    )


def test_the_whole_circle(make: Factory, rounds: Rounds, ansible: Playbooks) -> None:
    """Another root is put on, and the server boots from it."""
    server = make.dormant()
    replica = make.volume("replica")
    foretold, applied = rounds(ATTACH, server=make.name(), volume=make.name("replica"))
    device = applied["server"]["root_volume"]["device"]
    assert applied["steps"] == [f"attach volume {make.name('replica')} as root {device} of server {make.name()}"]
    assert foretold["server"]["root_volume"] == applied["server"]["root_volume"]
    assert applied["server"]["root_volume"]["volume_id"] == replica
    assert (applied["server"]["dormant"], make.api.volume(replica)["status"]) == (False, "reserved")
    assert not applied["server"]["volumes"][0]["delete_on_termination"]
    assert ansible("server_unshelve", server=make.name())["server"]["status"] == "ACTIVE"
    console = make.api.send("POST", "compute", f"/servers/{server}/action", {"os-getConsoleOutput": {}})["output"]
    assert f"boot_index=0 volume={replica} head=cirros-golden-00" in console
    assert not ansible(ATTACH, server=make.name(), volume=replica)["changed"]


def test_data_volumes_stay_data_volumes(make: Factory, rounds: Rounds) -> None:
    make.dormant(data=make.volume("data", imageRef=None))
    make.volume("replica")
    _foretold, applied = rounds(ATTACH, server=make.name(), volume=make.name("replica"))
    roots = {volume["name"]: volume["is_root"] for volume in applied["server"]["volumes"]}
    assert roots == {make.name("replica"): True, make.name("data"): False}


def test_attach_when_a_root_is_present(make: Factory, ansible: Playbooks) -> None:
    make.shelved()
    make.volume("other")
    before = make.everything()
    assert ansible(ATTACH, server=make.name(), volume=make.name("other"))["msg"] == (
        f"Refused to attach volume {make.name('other')} as the root of server {make.name()}: volume "
        f"{make.name('srv-root')} is its root. Detach it first, for example with "
        "standby.openstack.server_root_volume_detach."
    )
    assert make.everything() == before


@pytest.fixture(scope="module")
def dormant(shared: Factory) -> Factory:
    """A dormant server that every refusal leaves as it is."""
    shared.dormant()
    return shared


def refused(ansible: Playbooks, dormant: Factory, volume: str, text: str) -> None:
    """Neither check mode nor a real run does anything but say why not."""
    before = dormant.everything()
    name = dormant.api.volume(volume)["name"]
    for check in (True, False):
        result = ansible(ATTACH, check=check, server=dormant.name(), volume=volume)
        assert result["msg"] == f"Refused to attach volume {name} as the root of server {dormant.name()}: {text}"
    assert dormant.everything() == before


def test_a_volume_in_use_elsewhere(dormant: Factory, ansible: Playbooks) -> None:
    volume = dormant.volume("busy")
    other = dormant.server("other", root=volume)
    refused(
        ansible, dormant, volume,
        f"it is attached to server {other}. Detach it there, or take another volume.",
    )  # fmt: skip


def test_a_volume_that_is_not_ready(dormant: Factory, ansible: Playbooks) -> None:
    volume = dormant.volume("[slow-9]", wait=False)
    result = ansible(ATTACH, server=dormant.name(), volume=volume)
    assert result["error"]["reason"] == "volume_not_available"
    assert result["msg"].endswith(". Wait until it is available, or take another volume.")
    dormant.api.wait_volume(volume)


def test_a_volume_that_is_not_bootable(dormant: Factory, ansible: Playbooks) -> None:
    text = "the volume is not marked bootable. If it holds a system, set the flag: openstack volume set --bootable."
    refused(ansible, dormant, dormant.volume("blank", imageRef=None), text)


def test_a_multiattach_volume(dormant: Factory, ansible: Playbooks) -> None:
    text = "the volume is multiattach. Nova attaches none to a shelved server: copy it to a volume of another type."
    refused(ansible, dormant, dormant.volume("multi", volume_type="multiattach"), text)


def test_what_nobody_knows(dormant: Factory, ansible: Playbooks) -> None:
    assert ansible(ATTACH, server=dormant.name(), volume="nothing")["msg"] == (
        "site_b knows no volume nothing. Check the name and the project."
    )
    volume = dormant.volume("free")
    assert ansible(ATTACH, server="nobody", volume=volume)["msg"] == (
        f"Refused to attach volume {dormant.name('free')} as the root of server nobody: "
        "the cloud knows no server of that name or id. Check the name."
    )


def test_unshelve_without_a_root(dormant: Factory, ansible: Playbooks) -> None:
    before = dormant.everything()
    assert ansible("server_unshelve", server=dormant.name())["msg"] == (
        f"Refused to unshelve server {dormant.name()}: it has no root volume. "
        "Attach one first, for example with standby.openstack.server_root_volume_attach."
    )
    assert dormant.everything() == before


def test_a_locked_dormant_server(make: Factory, rounds: Rounds, ansible: Playbooks) -> None:
    """The lock stops an attach, and is no reason to fail when there is nothing to do."""
    server = make.dormant()
    make.api.act(server, "lock")
    make.volume("replica")
    rounds.changes_nothing(DETACH, server=make.name())
    result = ansible(ATTACH, server=make.name(), volume=make.name("replica"))
    assert result["msg"].endswith("the server is locked. Unlock it: openstack server unlock.")


NOT_ADVERTISED = (
    "the cloud does not advertise the guarded root volume API (os-root-volume is not in its extension list). "
    "Stock Nova cannot do it, or does something else. If the cloud does offer it, say guarded_api: assume."
)


def test_a_stock_cloud(make_a: Factory, ansible_a: Playbooks) -> None:
    """There an attach would succeed, and put a data disk beside the root."""
    server = make_a.shelved()
    make_a.volume("other")
    before = make_a.everything()
    for check in (True, False):
        assert ansible_a(DETACH, check=check, server=make_a.name())["msg"] == (
            f"Refused to detach the root volume of server {make_a.name()}: {NOT_ADVERTISED}"
        )
        assert ansible_a(ATTACH, check=check, server=make_a.name(), volume=make_a.name("other"))["msg"] == (
            f"Refused to attach volume {make_a.name('other')} as the root of server {make_a.name()}: {NOT_ADVERTISED}"
        )
    assert make_a.everything() == before
    assert make_a.api.server(server)["status"] == "SHELVED_OFFLOADED"


def test_the_word_of_the_operator_is_no_key_at_a_stock_cloud(make_a: Factory, ansible_a: Playbooks) -> None:
    """Nova refuses the detach; an attach is refused here, as the root that is tagged so is still there."""
    make_a.shelved()
    make_a.volume("other")
    before = make_a.everything()
    result = ansible_a(DETACH, server=make_a.name(), guarded_api="assume")
    assert (result["error"]["code"], result["error"]["status"]) == ("cloud_error", 400)
    assert "Cannot detach a root device volume" in result["msg"]
    result = ansible_a(ATTACH, server=make_a.name(), volume=make_a.name("other"), guarded_api="assume")
    assert result["error"]["reason"] == "root_present"
    assert make_a.everything()["attached"] == before["attached"]


def test_the_word_of_the_operator_at_a_guarded_cloud(make: Factory, rounds: Rounds) -> None:
    make.shelved()
    _foretold, applied = rounds(DETACH, server=make.name(), guarded_api="assume")
    assert applied["server"]["dormant"]
    _foretold, applied = rounds(ATTACH, server=make.name(), volume=make.name("srv-root"), guarded_api="assume")
    assert applied["server"]["root_volume"]["present"]


def test_without_waiting(make: Factory, ansible: Playbooks) -> None:
    server = make.shelved()
    root = root_of(make, server)
    result = ansible(DETACH, server=make.name(), wait=False)
    assert (result["changed"], result["server"]["dormant"]) == (True, True)
    make.api.wait_volume(root)
