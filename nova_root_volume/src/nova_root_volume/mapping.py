# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The root's block device mapping: its states, and the only transactions that change them.

A mapping with boot_index 0 is in one of these states:

==========  =========  =============  ===============  ============================================================
State       volume_id  attachment_id  connection_info  Meaning
==========  =========  =============  ===============  ============================================================
present     set        set            Nova's           the volume is the root
detaching   null       set            a mark           a detach began: Cinder may delete the attachment at any time,
                                                       now or much later
missing     null       null           null             the root was detached
attaching   null       null           a mark           an attach began: nothing is the root yet
==========  =========  =============  ===============  ============================================================

present -> detaching -> missing -> attaching -> present, and never back from detaching to present: an attachment that
Cinder was once told to delete is never the root's again. Nova's own code sees a volume only in the first state.

The mapping stays ``source_type=volume, destination_type=volume``: if an unshelve ever gets past the guard, Nova
finds no volume and fails. With ``image`` or ``blank`` it would make a new disk and boot that.

While a call works, the server also has the task state ``block_device_mapping``, which keeps Nova's own calls out. Mark
and task state are set in one transaction and end in one transaction. The mark names its owner, so that no call ends
what another one began.
"""

from __future__ import annotations

import json
import uuid
from typing import Any, NamedTuple

from nova import objects
from nova.compute import task_states, vm_states
from nova.db.main import api as main_db
from nova.db.main import models
from oslo_db import api as db_api
from oslo_utils import timeutils
from webob import exc

# One of Nova's own task states (notifications accept no other), used elsewhere only while a server is being built.
# Nova refuses shelve, unshelve, attach and detach while any task is set.
TASK = task_states.BLOCK_DEVICE_MAPPING

DETACHING = "detaching"
ATTACHING = "attaching"

_KEY = "nova_root_volume"

_NO_VOLUME = {
    "source_type": "volume",
    "destination_type": "volume",
    "volume_id": None,
    "image_id": None,
    "snapshot_id": None,
    "volume_type": None,
    "delete_on_termination": False,
}
_MISSING = {**_NO_VOLUME, "attachment_id": None, "connection_info": None}


class Mark(NamedTuple):
    """What a call writes into the mapping before it asks Cinder for anything.

    Attributes:
        task: DETACHING or ATTACHING.
        volume_id: of the volume.
        owner: a name of this call alone.
        since: when it began, ISO 8601 in UTC.
    """

    task: str
    volume_id: str
    owner: str
    since: str

    def age(self) -> float:
        """Return the seconds since the call began."""
        since = timeutils.normalize_time(timeutils.parse_isotime(self.since))
        return timeutils.delta_seconds(since, timeutils.utcnow())


class _ChangedError(Exception):
    """The row is not as it was read; ends the transaction without a change."""


def find_root(context: Any, instance: Any) -> Any | None:
    """Read the server's root mapping (boot_index 0) from its cell; None while a server is not built yet."""
    return root_of(of_server(context, instance))


def of_server(context: Any, instance: Any) -> Any:
    """Read all mappings of a server from its cell."""
    return objects.BlockDeviceMappingList.get_by_instance_uuid(context, instance.uuid)


def root_of(mappings: Any) -> Any | None:
    """Return the root's mapping among all mappings of a server."""
    return next((mapping for mapping in mappings if mapping.boot_index == 0), None)


def is_missing(root: Any | None) -> bool:
    """Tell whether the server is volume-backed and has no root volume, or one that is being detached."""
    return root is not None and root.is_volume and root.volume_id is None


def mark_of(root: Any | None) -> Mark | None:
    """Read the mark of a call that works on the root, or broke off; None if there is none."""
    if root is None or not is_missing(root) or not root.connection_info:
        return None
    found = json.loads(root.connection_info)
    return Mark(**found[_KEY]) if isinstance(found, dict) and _KEY in found else None


def volume_of(root: Any) -> str | None:
    """Return the volume that is the root, also while it is being detached."""
    mark = mark_of(root)
    return mark.volume_id if mark is not None and mark.task == DETACHING else root.volume_id


def device_names(instance: Any, root: Any | None) -> frozenset[str]:
    """All names that stand for the root device of a server, such as {"/dev/vda"}."""
    names = (instance.root_device_name, root.device_name if root is not None else None)
    return frozenset(name for name in names if name)


def view(instance: Any, root: Any | None) -> dict[str, Any]:
    """Return what clients are told about the root. A root counts as present until its detach has ended."""
    mark, volume = mark_of(root), volume_of(root) if root is not None else None
    return {
        "device": instance.root_device_name or (root.device_name if root is not None else None),
        "device_present": root is not None and (volume is not None or not root.is_volume),
        "volume_id": volume,
        "task": mark.task if mark else None,
    }


def begin(context: Any, instance: Any, root: Any, mark: Mark, stale_after: float) -> None:
    """Write the mark and set the task state, or take both over from a call that is too old or has given up.

    Args:
        context: of the request, bound to the server's cell.
        instance: the server.
        root: the mapping as it was read and found fit; changed to what the row now says.
        mark: made by ``new_mark``.
        stale_after: the age in seconds at which a mark may be taken over while its task state is set.

    Raises:
        HTTPConflict: another call works on the server, or the server or its root changed since they were read.
    """
    before = mark_of(root)
    if instance.task_state is not None and (before is None or before.age() <= stale_after):
        raise _busy(instance)
    values = {**_NO_VOLUME, "connection_info": json.dumps({_KEY: mark._asdict()})}
    _change(context, instance, root, _Change(instance.task_state, TASK, values))


def new_mark(task: str, volume_id: str) -> Mark:
    """Return a mark that no other call has."""
    now = timeutils.utcnow().isoformat(timespec="seconds")
    return Mark(task, volume_id, str(uuid.uuid4()), f"{now}Z")


def check_owner(instance: Any, root: Any, mappings: Any) -> None:
    """Refuse to go on (HTTPConflict) if the mark in ``mappings`` is not that of ``root``: another call took over."""
    now = root_of(mappings)
    if now is None or now.connection_info != root.connection_info:
        raise _busy(instance)


def clear(context: Any, instance: Any, root: Any) -> None:
    """End a detach, or an attach that failed: detaching or attaching -> missing.

    The device name, bus, tag and boot index of the mapping stay.

    Raises:
        HTTPConflict: another call took over.
    """
    _change(context, instance, root, _Change(TASK, None, _MISSING))


def fill(context: Any, instance: Any, root: Any, volume: dict[str, Any], put_on: dict[str, Any]) -> None:
    """End an attach: attaching -> present.

    Args:
        context: of the request, bound to the server's cell.
        instance: the server.
        root: the mapping with the mark of this call.
        volume: as nova.volume.cinder returns it (``size`` in GiB).
        put_on: ``attachment_id``, the reserved Cinder attachment that unshelve connects, and ``delete_on_termination``.

    Raises:
        HTTPConflict: another call took over.
    """
    new = {"volume_id": volume["id"], "volume_size": volume["size"], **put_on}
    _change(context, instance, root, _Change(TASK, None, {**_MISSING, **new}))


def let_go(context: Any, instance: Any, root: Any) -> None:
    """Free the server after a detach that failed. The mark stays: a repeated detach may begin at once.

    Raises:
        HTTPConflict: another call took over.
    """
    _change(context, instance, root, _Change(TASK, None, {"connection_info": root.connection_info}))


class _Change(NamedTuple):
    task_before: str | None
    task_after: str | None
    values: dict[str, Any]


def _change(context: Any, instance: Any, root: Any, change: _Change) -> None:
    try:
        _compare_and_swap(context, instance.uuid, root, change)
    except _ChangedError as error:
        raise _busy(instance) from error
    root.update(change.values)
    root.obj_reset_changes()
    instance.task_state = change.task_after
    instance.obj_reset_changes(["task_state"])


@db_api.wrap_db_retry(max_retries=5, retry_on_deadlock=True)
@main_db.pick_context_manager_writer
def _compare_and_swap(context: Any, server_id: str, root: Any, change: _Change) -> None:
    """One transaction, two UPDATE ... WHERE: both find their row as it was read, or nothing changes."""
    seen = {"volume_id": root.volume_id, "attachment_id": root.attachment_id}
    if root.volume_id is None:
        seen["connection_info"] = root.connection_info  # the mark with its owner
    servers = context.session.query(models.Instance).filter_by(
        uuid=server_id, deleted=0, vm_state=vm_states.SHELVED_OFFLOADED, task_state=change.task_before
    )
    mappings = context.session.query(models.BlockDeviceMapping).filter_by(id=root.id, deleted=0, **seen)
    if not servers.update({"task_state": change.task_after}, synchronize_session=False):
        raise _ChangedError
    if not mappings.update(change.values, synchronize_session=False):
        raise _ChangedError


def _busy(instance: Any) -> exc.HTTPConflict:
    return exc.HTTPConflict(
        explanation=f"Another request is working on instance {instance.uuid}; read it again and decide again."
    )
