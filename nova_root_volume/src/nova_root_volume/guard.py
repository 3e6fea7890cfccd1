# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold before the root of a server may change: the rules, most of them Nova's own for the same call."""

from __future__ import annotations

from typing import Any

from nova import exception, objects
from nova.api.validation import validators
from nova.compute import vm_states
from webob import exc

from . import mapping, responses

try:
    from nova.api.openstack.compute.schemas import volume_attachments as schemas

    _SCHEMAS = (schemas.create, schemas.create_v249, schemas.create_v279)
except ImportError:  # before Nova 32
    from nova.api.openstack.compute.schemas import volumes as schemas

    _SCHEMAS = (
        schemas.create_volume_attachment,
        schemas.create_volume_attachment_v249,
        schemas.create_volume_attachment_v279,
    )

CANT_DETACH = "Can't detach root device volume"
CANT_ATTACH = "Can't attach root device volume"
CANT_UNSHELVE = "Can't unshelve instance without a root device volume"


def check_body(request: Any, body: dict[str, Any]) -> None:
    """Validate an attach body with Nova's own schema for the request's microversion.

    Raises:
        nova.exception.ValidationError: with Nova's text; a 400.
    """
    schema = _SCHEMAS[responses.since(request, "2.49") + responses.since(request, "2.79")]
    validators._SchemaValidator(  # noqa: SLF001 -- Nova offers no other way to one of its schemas
        schema, request.is_legacy_v2()
    ).validate(body)


def check_lock(context: Any, instance: Any) -> None:
    """Refuse a locked server as nova.compute.api.check_instance_lock does: administrators pass."""
    if instance.locked and not context.is_admin:
        raise exc.HTTPConflict(explanation=exception.InstanceIsLocked(instance_uuid=instance.uuid).format_message())


def check_detach(instance: Any, root: Any) -> None:
    """Refuse to detach a root that is no Cinder volume, or in any state but SHELVED_OFFLOADED without a task.

    Raises:
        HTTPForbidden: with the reason.
    """
    if not root.is_volume:
        raise exc.HTTPForbidden(
            explanation=f"{CANT_DETACH}: the root device {root.device_name} of instance {instance.uuid} is not a "
            f"Cinder volume but a disk of the hypervisor (source type {root.source_type}), which cannot be detached"
        )
    idle = instance.task_state in (None, mapping.TASK)  # our own task: the lock answers, with a 409
    if instance.vm_state != vm_states.SHELVED_OFFLOADED or not idle:
        raise exc.HTTPForbidden(explanation=CANT_DETACH)


def check_attach(instance: Any, root: Any | None) -> None:
    """Refuse a root volume in any state but SHELVED_OFFLOADED, while a task runs, or while a root is present.

    Raises:
        HTTPForbidden: wrong state.
        HTTPConflict: a task runs, or a root is present.
    """
    if instance.vm_state != vm_states.SHELVED_OFFLOADED:
        raise exc.HTTPForbidden(
            explanation=f"{CANT_ATTACH}: instance {instance.uuid} is in vm_state {instance.vm_state}, "
            "it must be shelved_offloaded"
        )
    if not mapping.is_missing(root):
        raise exc.HTTPConflict(explanation=f"{CANT_ATTACH}: {_present(instance, root)}")
    if instance.task_state not in (None, mapping.TASK):
        raise exc.HTTPConflict(
            explanation=f"Cannot 'attach_volume' instance {instance.uuid} while it is in task_state "
            f"{instance.task_state}"
        )


def _present(instance: Any, root: Any | None) -> str:
    if root is None:
        return f"instance {instance.uuid} has no root device in Nova's database"
    what = f"volume {root.volume_id}" if root.is_volume else "a disk of the hypervisor, not a Cinder volume"
    return f"the root device {root.device_name} of instance {instance.uuid} is present ({what})"


def check_volume(context: Any, volume_api: Any, instance: Any, volume: dict[str, Any]) -> None:
    """Refuse a volume that Nova would refuse for this server, at attach or at boot.

    Raises:
        nova.exception.Invalid: with Nova's text; each a 400.
    """
    check_unmapped(context, volume["id"])
    if volume["multiattach"]:
        raise exception.MultiattachToShelvedNotSupported
    if not volume["bootable"]:
        raise exception.InvalidBDMVolumeNotBootable(id=volume["id"])
    volume_api.check_availability_zone(context, volume, instance=instance)


def check_unmapped(context: Any, volume_id: str) -> None:
    """Refuse a volume that a server of this cell has (nova.compute.api._check_volume_already_attached)."""
    try:
        mappings = objects.BlockDeviceMappingList.get_by_volume(context, volume_id)
    except exception.VolumeBDMNotFound:
        return
    servers = " ".join(found.instance_uuid for found in mappings)
    raise exception.InvalidVolume(reason=f"volume {volume_id} is already attached to instances: {servers}")
