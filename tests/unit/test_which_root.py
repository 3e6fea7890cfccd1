# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volume is the root: every source of knowledge, alone, absent, and against the others."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, RootAnswer, Seen
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.root_volume import Root, which_root
from builders import DATA, GUARDED, MISSING, ROOT, VOLUMES, nothing, present, seen, server, volume

PLAIN_ROOT = Attachment("vol-root", "/dev/vda")
SECOND_A = Attachment("vol-data", "/dev/sda")

KNOWN_BY = {
    "guarded API": ({}, present()),
    "guarded API, against the tag": ({"attachments": (ROOT, DATA)}, present("vol-data")),
    "root_device_name": ({"attachments": (PLAIN_ROOT, DATA), "root_device_name": "/dev/vda"}, None),
    "root_device_name, against the tag": ({"attachments": (ROOT, DATA), "root_device_name": "/dev/vdb"}, None),
    "tag root": ({"attachments": (ROOT, DATA)}, None),
    "tag root on any device": ({"attachments": (Attachment("vol-root", "/dev/vdc", "root"), DATA)}, None),
    "tag root, an admin's device name that is not there": ({"root_device_name": "/dev/xvda"}, None),
    "first bootable device": ({"attachments": (PLAIN_ROOT, DATA)}, None),
}
EXPECTED = {
    "guarded API": Root(True, "vol-root", "/dev/vda", "guarded API"),
    "guarded API, against the tag": Root(True, "vol-data", "/dev/vda", "guarded API"),
    "root_device_name": Root(True, "vol-root", "/dev/vda", "root_device_name"),
    "root_device_name, against the tag": Root(True, "vol-data", "/dev/vdb", "root_device_name"),
    "tag root": Root(True, "vol-root", "/dev/vda", "tag root"),
    "tag root on any device": Root(True, "vol-root", "/dev/vdc", "tag root"),
    "tag root, an admin's device name that is not there": Root(True, "vol-root", "/dev/vda", "tag root"),
    "first bootable device": Root(True, "vol-root", "/dev/vda", "first bootable device"),
}


@pytest.mark.parametrize("how", KNOWN_BY)
def test_known_by(how: str) -> None:
    changes, answer = KNOWN_BY[how]
    assert which_root(seen(root=answer, **changes)) == EXPECTED[how]


@pytest.mark.parametrize(
    "changes",
    [
        {"attachments": ()},
        {"attachments": (Attachment("vol-root"),)},
        {"attachments": (Attachment("vol-root", "/dev/vdb"),)},
        {"attachments": (PLAIN_ROOT, SECOND_A)},
        {"attachments": (Attachment("vol-data", "/dev/vda"),)},
        {"attachments": (Attachment("unknown-volume", "/dev/vda"),)},
        {"attachments": (Attachment("vol-root", "/dev/vdc", "root"), Attachment("vol-data", "/dev/vdd", "root"))},
        {"attachments": (Attachment("vol-root"), DATA), "root_device_name": None},
    ],
    ids=[
        "no volume", "no device", "not the first device", "two first devices", "not bootable", "volume not readable",
        "two tags", "no device name of an admin",
    ],
)  # fmt: skip
def test_nothing_tells(changes: dict[str, Any]) -> None:
    assert which_root(seen(**changes)) == Root(None, None, None, "nothing tells")


def test_missing_says_the_guarded_api_whatever_else_looks_like_a_root() -> None:
    looks_like_one = seen(root=MISSING, attachments=(ROOT,), root_device_name="/dev/vda")
    assert which_root(looks_like_one) == Root(False, None, "/dev/vda", "guarded API")


def test_an_image_backed_server_has_no_root_volume() -> None:
    found = which_root(seen(image_id="img", attachments=(PLAIN_ROOT,)))
    assert found == Root(False, None, None, "the server boots from an image")


def test_no_server() -> None:
    assert which_root(nothing()) == Root(None)


def test_a_tag_wins_over_a_device_name_that_ends_in_a() -> None:
    both = (Attachment("vol-data", "/dev/vda"), Attachment("vol-root", "/dev/vdb", "root"))
    volumes = {**VOLUMES, "vol-data": volume("vol-data")}
    assert which_root(Seen(server(attachments=both), GUARDED, volumes)).volume_id == "vol-root"


def test_the_answer_of_the_guarded_api_keeps_its_device() -> None:
    assert which_root(seen(root=RootAnswer("/dev/xvda", False, None))).device == "/dev/xvda"
