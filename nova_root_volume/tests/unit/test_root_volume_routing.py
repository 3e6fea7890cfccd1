# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing and body parsing: pure, so tested exhaustively and without Nova."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "src"))

from nova_root_volume import routing

SERVER = "134ccf15-4a97-4722-a0f8-40de716b36ff"
VOLUME = "6b994ad1-142f-4572-92d8-0a3e8a5dfb8a"
PREFIXES = ("", "/1194e1a00b964fec9b45fdd11aadaefe", "/1194e1a0-0b96-4fec-9b45-fdd11aadaefe", "/42")
ROOT = frozenset({"/dev/vda"})


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("DELETE", f"/servers/{SERVER}/os-volume_attachments/{VOLUME}", ("detach", SERVER, VOLUME)),
        ("POST", f"/servers/{SERVER}/os-volume_attachments", ("attach", SERVER, "")),
        ("POST", f"/servers/{SERVER}/action", ("action", SERVER, "")),
        ("GET", f"/servers/{SERVER}/os-root-volume", ("show", SERVER, "")),
        ("GET", "/extensions", ("list_extensions", "", "")),
        ("GET", "/extensions/os-root-volume", ("show_extension", "", "")),
    ],
)
def test_routes_of_the_filter(prefix, slash, method, path, expected):
    assert routing.match(method, prefix + path + slash) == expected


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/servers/{SERVER}/os-volume_attachments"),
        ("GET", f"/servers/{SERVER}/os-volume_attachments/{VOLUME}"),
        ("PUT", f"/servers/{SERVER}/os-volume_attachments/{VOLUME}"),
        ("POST", f"/servers/{SERVER}/os-volume_attachments/{VOLUME}"),
        ("DELETE", f"/servers/{SERVER}/os-volume_attachments"),
        ("delete", f"/servers/{SERVER}/os-volume_attachments/{VOLUME}"),
        ("DELETE", f"/servers/{SERVER}"),
        ("POST", "/servers"),
        ("POST", f"/servers/{SERVER}/actions"),
        ("GET", f"/servers/{SERVER}/action"),
        ("POST", f"/servers/{SERVER}/os-root-volume"),
        ("DELETE", f"/servers/{SERVER}/os-root-volume"),
        ("GET", "/extensions/os-volumes"),
        ("POST", "/extensions"),
        ("GET", f"/a/b/servers/{SERVER}/os-root-volume"),
        ("GET", f"/servers/{SERVER}/x/os-root-volume"),
        ("GET", ""),
        ("GET", "/"),
    ],
)
def test_everything_else_is_novas(method, path):
    assert routing.match(method, path) is None


@pytest.mark.parametrize(
    "body", [{"unshelve": None}, {"unshelve": {"availability_zone": "az"}}, {"a": 1, "unshelve": 1}]
)
def test_unshelve_is_recognised(body):
    assert routing.is_unshelve(body)


@pytest.mark.parametrize("body", [None, [], "unshelve", ["unshelve"], 1, {}, {"shelve": None}, {"Unshelve": None}])
def test_other_actions_are_not_unshelve(body):
    assert not routing.is_unshelve(body)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"volumeAttachment": None},
        {"volumeAttachment": [VOLUME]},
        {"volumeAttachment": {"volumeId": VOLUME}},
        {"volumeAttachment": {"volumeId": VOLUME, "device": None}},
        {"volumeAttachment": {"volumeId": VOLUME, "tag": "root"}},
    ],
)
def test_attach_that_names_neither_is_novas(body):
    assert routing.parse_attach(body) is None


def test_is_root_never_reaches_nova():
    body = {"volumeAttachment": {"volumeId": VOLUME, "is_root": True, "delete_on_termination": True}}
    parsed = routing.parse_attach(body)
    assert parsed.body == {"volumeAttachment": {"volumeId": VOLUME, "delete_on_termination": True}}
    assert (parsed.is_root, parsed.device) == (True, None)
    assert "is_root" in body["volumeAttachment"], "the caller's body must not change"


@pytest.mark.parametrize("value", [None, 1, 0, "true", "yes", [], {}])
def test_is_root_must_be_a_boolean(value):
    with pytest.raises(routing.BadBodyError, match="is_root"):
        routing.parse_attach({"volumeAttachment": {"volumeId": VOLUME, "is_root": value}})


@pytest.mark.parametrize(
    ("is_root", "device", "expected"),
    [
        (None, "/dev/vda", True),
        (None, "/dev/vdb", False),
        (None, "/dev/vda1", False),
        (True, None, True),
        (True, "/dev/vda", True),
        (True, "/dev/vdb", "is not the root device"),
        (False, None, False),
        (False, "/dev/vdb", False),
        (False, "/dev/vda", "is the root device"),
    ],
)
def test_who_means_the_root(is_root, device, expected):
    request = routing.RootRequest({}, is_root, device)
    if isinstance(expected, bool):
        assert routing.wants_root(request, ROOT) is expected
    else:
        with pytest.raises(routing.BadBodyError, match=expected):
            routing.wants_root(request, ROOT)


def test_a_server_without_known_root_device():
    assert routing.wants_root(routing.RootRequest({}, None, "/dev/vda"), frozenset()) is False
    with pytest.raises(routing.BadBodyError, match="unknown"):
        routing.wants_root(routing.RootRequest({}, True, "/dev/vda"), frozenset())
