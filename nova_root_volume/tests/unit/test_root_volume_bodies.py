# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Bodies of requests: pure, so tested exhaustively and without Nova."""

from __future__ import annotations

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "src"))

from nova_root_volume import bodies

VOLUME = "6b994ad1-142f-4572-92d8-0a3e8a5dfb8a"
ROOT = frozenset({"/dev/vda"})


@pytest.mark.parametrize(
    "body", [{"unshelve": None}, {"unshelve": {"availability_zone": "az"}}, {"a": 1, "unshelve": 1}]
)
def test_unshelve_is_recognised(body):
    assert bodies.is_unshelve(body)


@pytest.mark.parametrize("body", [None, [], "unshelve", ["unshelve"], 1, {}, {"shelve": None}, {"Unshelve": None}])
def test_other_actions_are_not_unshelve(body):
    assert not bodies.is_unshelve(body)


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
    assert bodies.parse_attach(body) is None


def test_is_root_never_reaches_nova():
    body = {"volumeAttachment": {"volumeId": VOLUME, "is_root": True, "delete_on_termination": True}}
    parsed = bodies.parse_attach(body)
    assert parsed.body == {"volumeAttachment": {"volumeId": VOLUME, "delete_on_termination": True}}
    assert (parsed.is_root, parsed.device) == (True, None)
    assert "is_root" in body["volumeAttachment"], "the caller's body must not change"


@pytest.mark.parametrize("value", [None, 1, 0, "true", "yes", [], {}])
def test_is_root_must_be_a_boolean(value):
    with pytest.raises(bodies.BadBodyError, match="is_root"):
        bodies.parse_attach({"volumeAttachment": {"volumeId": VOLUME, "is_root": value}})


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
    request = bodies.RootRequest({}, is_root, device)
    if isinstance(expected, bool):
        assert bodies.wants_root(request, ROOT) is expected
    else:
        with pytest.raises(bodies.BadBodyError, match=expected):
            bodies.wants_root(request, ROOT)


def test_a_server_without_known_root_device():
    assert bodies.wants_root(bodies.RootRequest({}, None, "/dev/vda"), frozenset()) is False
    with pytest.raises(bodies.BadBodyError, match="unknown"):
        bodies.wants_root(bodies.RootRequest({}, True, "/dev/vda"), frozenset())


NEAR_SDA = ("/dev/vda", "/dev/xvda", "/dev/hda", "/dev/sda1", "/dev/vda2", "/dev/a", "/dev/da")


@pytest.mark.parametrize("device", NEAR_SDA)
def test_near_misses_of_the_root_are_refused_with_the_right_name(device):
    request = bodies.RootRequest({}, None, device)
    with pytest.raises(bodies.BadBodyError, match=r"The root device is /dev/sda and has no volume"):
        bodies.check_near_miss(request, frozenset({"/dev/sda"}))


@pytest.mark.parametrize("device", ["/dev/sdb", "/dev/vdb", "/dev/sdaa", "/dev/sdba", "/dev/xvdb1", "sda", "", None])
def test_other_devices_are_no_near_misses(device):
    bodies.check_near_miss(bodies.RootRequest({}, None, device), frozenset({"/dev/sda"}))


@pytest.mark.parametrize("device", NEAR_SDA)
def test_who_says_is_root_false_means_it(device):
    bodies.check_near_miss(bodies.RootRequest({}, False, device), frozenset({"/dev/sda"}))


def test_nothing_is_near_an_unknown_root():
    bodies.check_near_miss(bodies.RootRequest({}, None, "/dev/sda"), frozenset())


def test_a_lone_surrogate_can_be_answered():
    with pytest.raises(bodies.BadBodyError) as caught:
        bodies.parse_attach({"volumeAttachment": {"volumeId": VOLUME, "is_root": "\ud800"}})
    assert str(caught.value).encode()
