# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root's block device mapping, and the two locks that keep it right.

A missing root ("no volume") is the mapping with boot_index 0 and ``volume_id`` null. It stays
``source_type=volume, destination_type=volume``: should an unshelve ever get past the guard, Nova finds no volume and
fails. With ``image`` or ``blank`` it would make a new disk and boot that.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from nova import exception, objects
from nova.compute import task_states, vm_states
from nova.db.main import api as main_db
from nova.db.main import models
from oslo_utils import timeutils
from webob import exc

if TYPE_CHECKING:
    from collections.abc import Iterator

# One of Nova's own task states (notifications accept no other), used elsewhere only while a server is being built.
# Nova refuses shelve, unshelve, attach and detach while any task is set, so those stay out while the root changes.
TASK = task_states.BLOCK_DEVICE_MAPPING

_EMPTY = {
    "source_type": "volume",
    "destination_type": "volume",
    "volume_id": None,
    "attachment_id": None,
    "connection_info": None,
    "image_id": None,
    "snapshot_id": None,
    "volume_type": None,
    "delete_on_termination": False,
}


def find_root(context: Any, instance: Any) -> Any | None:
    """Read the server's root mapping (boot_index 0) from its cell; None while a server is not built yet."""
    mappings = objects.BlockDeviceMappingList.get_by_instance_uuid(context, instance.uuid)
    return next((mapping for mapping in mappings if mapping.boot_index == 0), None)


def is_missing(root: Any | None) -> bool:
    """Tell whether the server is volume-backed and its root volume has been detached."""
    return root is not None and root.is_volume and root.volume_id is None


def device_names(instance: Any, root: Any | None) -> frozenset[str]:
    """All names that stand for the root device of a server, such as {"/dev/vda"}."""
    names = (instance.root_device_name, root.device_name if root is not None else None)
    return frozenset(name for name in names if name)


def clear(context: Any, root: Any) -> None:
    """Turn the mapping into "no volume"; its device name, bus, tag and boot index stay.

    Raises:
        HTTPConflict: another request changed the mapping since ``root`` was read.
    """
    _swap(context, root, dict(_EMPTY))


def fill(context: Any, root: Any, volume: dict[str, Any], attachment_id: str, delete_on_termination: bool) -> None:
    """Make a volume the root.

    Args:
        context: of the request, bound to the server's cell.
        root: the mapping, which must be "no volume".
        volume: as nova.volume.cinder returns it (``size`` in GiB).
        attachment_id: the reserved Cinder attachment; unshelve connects it.
        delete_on_termination: whether Nova deletes the volume with the server.

    Raises:
        HTTPConflict: another request changed the mapping since ``root`` was read.
    """
    new = {"volume_id": volume["id"], "attachment_id": attachment_id, "volume_size": volume["size"]}
    _swap(context, root, {**_EMPTY, **new, "delete_on_termination": delete_on_termination})


def _swap(context: Any, root: Any, values: dict[str, Any]) -> None:
    """Compare and swap: also when the task lock was taken over, no request undoes what another one did.

    ``root`` itself is changed too, so that it tells what the row says.
    """
    if not _update_if_same(context, root, values):
        raise exc.HTTPConflict(
            explanation=f"The root device of instance {root.instance_uuid} was changed by another request; "
            "read it again and decide again."
        )
    root.update(values)
    root.obj_reset_changes()


@main_db.pick_context_manager_writer
def _update_if_same(context: Any, root: Any, values: dict[str, Any]) -> int:
    """One UPDATE ... WHERE: it either finds the mapping as it was read or changes nothing. Returns the rows changed."""
    query = context.session.query(models.BlockDeviceMapping).filter_by(
        id=root.id, deleted=0, volume_id=root.volume_id, attachment_id=root.attachment_id
    )
    return query.update(values)


@contextlib.contextmanager
def exclusive(instance: Any, stale_after: float) -> Iterator[None]:
    """Hold the server's task state while its root changes.

    Args:
        instance: the server; must be SHELVED_OFFLOADED without a task.
        stale_after: seconds after which a task that was left behind by a killed nova-api is taken over.

    Raises:
        HTTPConflict: another request holds the server, or its state changed.
    """
    release_stale(instance, stale_after)
    instance.task_state = TASK
    try:
        instance.save(expected_vm_state=[vm_states.SHELVED_OFFLOADED], expected_task_state=[None])
    except exception.InstanceUpdateConflict as error:
        raise exc.HTTPConflict(
            explanation=f"Another request is working on instance {instance.uuid}; read it again and decide again."
        ) from error
    try:
        yield
    finally:
        _release(instance)


def release_stale(instance: Any, stale_after: float) -> None:
    """Take away a task state that a nova-api left behind when it died in the middle of an attach or detach."""
    if instance.vm_state != vm_states.SHELVED_OFFLOADED or instance.task_state != TASK:
        return
    age = timeutils.utcnow(with_timezone=True) - (instance.updated_at or instance.created_at)
    if age.total_seconds() > stale_after:
        _release(instance)


def _release(instance: Any) -> None:
    instance.task_state = None
    # a server that is being deleted, or was taken over, keeps the task state it has
    with contextlib.suppress(exception.InstanceUpdateConflict, exception.InstanceNotFound):
        instance.save(expected_task_state=[TASK])
