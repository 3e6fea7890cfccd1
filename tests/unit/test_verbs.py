# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request for each verb: what exactly is sent."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.verbs import VERBS
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError
from loopback_cloud import Fails, LoopbackCloud
from network_verbs import NETWORK_ROWS, NETWORKS

SERVER = "compute /servers/s"
ATTACHMENTS = f"{SERVER}/os-volume_attachments"
VOLUME = "block_storage /volumes/v"


def _record(metadata: dict[str, str]) -> dict[str, str]:
    """The record of a backup, as Cinder exports it."""
    text = json.dumps({"id": "b", "metadata": metadata})
    return {"backup_service": "s", "backup_url": base64.b64encode(text.encode()).decode()}


#: Verb, arguments, the request, its body, the answer.
ROWS: list[tuple[str, dict[str, Any], str, Any, Any]] = [
    ("shelve", {"server_id": "s"}, f"POST {SERVER}/action", {"shelve": None}, {}),
    ("unshelve", {"server_id": "s"}, f"POST {SERVER}/action", {"unshelve": None}, {}),
    (
        "unshelve",
        {"server_id": "s", "availability_zone": "az", "host": None},
        f"POST {SERVER}/action",
        {"unshelve": {"availability_zone": "az"}},
        {},
    ),
    ("unshelve", {"server_id": "s", "host": "h"}, f"POST {SERVER}/action", {"unshelve": {"host": "h"}}, {}),
    ("start", {"server_id": "s"}, f"POST {SERVER}/action", {"os-start": None}, {}),
    ("unlock", {"server_id": "s"}, f"POST {SERVER}/action", {"unlock": None}, {}),
    ("lock", {"server_id": "s", "reason": "why"}, f"POST {SERVER}/action", {"lock": {"locked_reason": "why"}}, {}),
    ("stop", {"server_id": "s"}, f"POST {SERVER}/action", {"os-stop": None}, {}),
    (
        "manage_volume",
        {"host": "h@b#p", "ref": {"source-name": "x"}, "name": "n", "volume_type": None, "bootable": True},
        "POST block_storage /manageable_volumes",
        {"volume": {"host": "h@b#p", "ref": {"source-name": "x"}, "name": "n", "bootable": True}},
        {"volume": {"id": "v"}},
    ),
    (
        "unset_image_metadata",
        {"volume_id": "v", "key": "k"},
        "POST block_storage /volumes/v/action",
        {"os-unset_image_metadata": {"key": "k"}},
        {},
    ),
    (
        "attach_volume",
        {"server_id": "s", "volume_id": "v"},
        f"POST {ATTACHMENTS}",
        {"volumeAttachment": {"volumeId": "v", "delete_on_termination": False}},
        {},
    ),
    ("detach_volume", {"server_id": "s", "volume_id": "v"}, f"DELETE {ATTACHMENTS}/v", None, {}),
    (
        "set_delete_on_termination",
        {"server_id": "s", "volume_id": "v", "value": True},
        f"PUT {ATTACHMENTS}/v",
        {"volumeAttachment": {"volumeId": "v", "delete_on_termination": True}},
        {},
    ),
    (
        "create_server",
        {"name": "n", "a": [1]},
        "POST compute /servers",
        {"server": {"name": "n", "a": [1]}},
        {"server": {"id": "s"}},
    ),
    (
        "create_server",
        {"user_data": "#é", "hints": {"group": "g"}},
        "POST compute /servers",
        {"server": {"user_data": base64.b64encode("#é".encode()).decode()}, "os:scheduler_hints": {"group": "g"}},
        {"server": {"id": "s"}},
    ),
    ("delete_server", {"server_id": "s"}, f"DELETE {SERVER}", None, {}),
    ("update_server", {"server_id": "s", "description": "d"}, f"PUT {SERVER}", {"server": {"description": "d"}}, {}),
    (
        "set_server_metadata",
        {"server_id": "s", "metadata": {"a": "1"}},
        f"POST {SERVER}/metadata",
        {"metadata": {"a": "1"}},
        {},
    ),
    (
        "create_volume",
        {"name": "n", "size": 1, "volume_type": None},
        "POST block_storage /volumes",
        {"volume": {"name": "n", "size": 1}},
        {"volume": {"id": "v"}},
    ),
    ("delete_volume", {"volume_id": "v"}, f"DELETE {VOLUME}", None, {}),
    ("update_volume", {"volume_id": "v", "name": "n"}, f"PUT {VOLUME}", {"volume": {"name": "n"}}, {}),
    ("set_bootable", {"volume_id": "v"}, f"POST {VOLUME}/action", {"os-set_bootable": {"bootable": True}}, {}),
    (
        "set_image_metadata",
        {"volume_id": "v", "metadata": {"hw_x": "1"}},
        f"POST {VOLUME}/action",
        {"os-set_image_metadata": {"metadata": {"hw_x": "1"}}},
        {},
    ),
    (
        "set_volume_metadata",
        {"volume_id": "v", "metadata": {"a": "1"}},
        f"POST {VOLUME}/metadata",
        {"metadata": {"a": "1"}},
        {},
    ),
    (
        "unset_image_metadata",
        {"volume_id": "v", "key": "bdm_v2"},
        f"POST {VOLUME}/action",
        {"os-unset_image_metadata": {"key": "bdm_v2"}},
        {},
    ),
    (
        "replace_volume_metadata",
        {"volume_id": "v", "metadata": {"a": "1"}},
        f"PUT {VOLUME}/metadata",
        {"metadata": {"a": "1"}},
        {},
    ),
    ("delete_volume_metadata", {"volume_id": "v", "key": "k"}, f"DELETE {VOLUME}/metadata/k", None, {}),
    (
        "reimage_volume",
        {"volume_id": "v", "image_id": "i"},
        f"POST {VOLUME}/action",
        {"os-reimage": {"image_id": "i", "reimage_reserved": True}},
        {},
    ),
    (
        "create_image",
        {"name": "n", "snapshot_id": "x", "size": 1},
        "POST image /images",
        {
            "name": "n",
            "disk_format": "raw",
            "container_format": "bare",
            "block_device_mapping": (
                '[{"boot_index": 0, "source_type": "snapshot", "destination_type": "volume", "snapshot_id": "x",'
                ' "volume_size": 1, "device_name": "/dev/vda", "delete_on_termination": false}]'
            ),
            "bdm_v2": "True",
            "root_device_name": "/dev/vda",
        },
        {"id": "i"},
    ),
    ("delete_network", {"network_id": "n"}, "DELETE network /networks/n", None, {}),
    ("upload_nothing", {"image_id": "i"}, "PUT image /images/i/file", None, {}),
    ("delete_image", {"image_id": "i"}, "DELETE image /images/i", None, {}),
    (
        "create_snapshot",
        {"volume_id": "v"},
        "POST block_storage /snapshots",
        {"snapshot": {"force": True, "volume_id": "v"}},
        {"snapshot": {"id": "x"}},
    ),
    ("delete_snapshot", {"snapshot_id": "x"}, "DELETE block_storage /snapshots/x", None, {}),
    (
        "create_backup",
        {"volume_id": "v", "incremental": True},
        "POST block_storage /backups",
        {"backup": {"force": True, "volume_id": "v", "incremental": True}},
        {"backup": {"id": "b"}},
    ),
    ("delete_backup", {"backup_id": "b"}, "DELETE block_storage /backups/b", None, {}),
    ("export_backup", {"backup_id": "b"}, "GET block_storage /backups/b/export_record", None, {"backup-record": {}}),
    (
        "import_backup",
        {"record": _record({"theirs": "1"}), "metadata": {"ours": "2"}},
        "POST block_storage /backups/import_record",
        {"backup-record": _record({"ours": "2"})},
        {"backup": {"id": "b"}},
    ),
    (
        "set_backup_metadata",
        {"backup_id": "b", "metadata": {"a": "1"}},
        "PUT block_storage /backups/b",
        {"backup": {"metadata": {"a": "1"}}},
        {},
    ),
    (
        "restore_backup",
        {"backup_id": "b", "volume_id": "v"},
        "POST block_storage /backups/b/restore",
        {"restore": {"volume_id": "v"}},
        {"restore": {"volume_id": "v", "backup_id": "b"}},
    ),
    ("create_port", {"name": "p"}, "POST network /ports", {"port": {"name": "p"}}, {"port": {"id": "p"}}),
    (
        "update_port",
        {"port_id": "p", "security_groups": []},
        "PUT network /ports/p",
        {"port": {"security_groups": []}},
        {"port": {"id": "p"}},
    ),
    ("delete_port", {"port_id": "p"}, "DELETE network /ports/p", None, {}),
]
_IMAGE = next(row for row in ROWS if row[0] == "create_image")
ROWS += [*NETWORK_ROWS, (*_IMAGE[:1], {**_IMAGE[1], "properties": {"a": "b"}}, _IMAGE[2], {**_IMAGE[3], "a": "b"}, {})]
WRAPPED = ("server", "volume", "snapshot", "backup", "port", *NETWORKS)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_one_request(cloud: LoopbackCloud, session: Any, row: Any) -> None:
    verb, arguments, line, body, answer = row
    cloud.answers[line] = answer
    found = VERBS[verb](session, **arguments)
    assert [(request.line, request.body) for request in cloud.sent] == [(line, body)]
    assert found == next((answer[key] for key in WRAPPED if key in answer), answer)


def test_every_verb_is_tested() -> None:
    assert {row[0] for row in ROWS} == set(VERBS) - {"wait", "check_volumes_kept", "check_copy", "attach_root"}


@pytest.mark.parametrize(("aliases", "named"), [(["os-root-volume"], {"is_root": True}), ([], {})])
def test_a_root_is_named_as_such_where_that_is_advertised(
    cloud: LoopbackCloud, session: Any, aliases: list[str], named: dict[str, bool]
) -> None:
    """A nova-api that does not know it then refuses; a vendor's may know only the device."""
    cloud.answers["GET compute /extensions"] = {"extensions": [{"alias": alias} for alias in aliases]}
    cloud.answers[f"POST {ATTACHMENTS}"] = {}
    VERBS["attach_root"](session, server_id="s", volume_id="v", device="/dev/vda")
    body = {"volumeId": "v", "device": "/dev/vda", "delete_on_termination": False}
    assert cloud.sent[-1].body == {"volumeAttachment": {**body, **named}}


def test_waiting_is_no_request(cloud: LoopbackCloud, session: Any) -> None:
    assert VERBS["wait"](session) == {}
    assert cloud.sent == []


DELETES = [row for row in ROWS if row[0].startswith("delete_")]


@pytest.mark.parametrize("row", DELETES, ids=[row[0] for row in DELETES])
@pytest.mark.parametrize(("status", "error"), [(404, False), (400, True), (403, True), (409, True), (500, True)])
def test_what_is_gone_already_is_deleted(
    cloud: LoopbackCloud, session: Any, row: Any, status: int, error: bool
) -> None:
    verb, arguments, line, _body, _answer = row
    cloud.answers[line] = Fails(status)
    if not error:
        assert VERBS[verb](session, **arguments) == {}
        return
    with pytest.raises(CloudError):
        VERBS[verb](session, **arguments)


def test_a_volume_that_is_not_attached_is_not_detached_silently(cloud: LoopbackCloud, session: Any) -> None:
    """A 404 means "already gone" only after server and volume were seen: that is for the decision, not for the verb."""
    with pytest.raises(CloudError, match="404"):
        VERBS["detach_volume"](session, server_id="s", volume_id="v")
