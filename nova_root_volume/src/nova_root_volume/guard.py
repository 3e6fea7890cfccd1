# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The rules: what must hold before the root of a server may change. Most are Nova's own for the same call."""

from __future__ import annotations

from typing import Any

from nova import exception, objects
from nova.api.openstack import api_version_request
from nova.api.validation import validators
from nova.compute import vm_states
from webob import exc

from . import mapping

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
    schema = _SCHEMAS[since(request, "2.49") + since(request, "2.79")]
    validators._SchemaValidator(  # noqa: SLF001 -- Nova offers no other way to one of its schemas
        schema, request.is_legacy_v2()
    ).validate(body)


def since(request: Any, version: str) -> bool:
    """Tell whether the request's microversion is ``version`` or newer."""
    return api_version_request.is_supported(request, version)


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
    idle = instance.task_state in (None, mapping.TASK)  # our own task: the mark answers, with a 409
    if instance.vm_state != vm_states.SHELVED_OFFLOADED or not idle:
        raise exc.HTTPForbidden(explanation=CANT_DETACH)


def check_attach(instance: Any, root: Any | None) -> None:
    """Refuse a root volume in any state but SHELVED_OFFLOADED, while a task runs, or while a root is present.

    Raises:
        HTTPForbidden: wrong state.
        HTTPConflict: a task runs, a root is present, or a detach began and has not ended.
    """
    if instance.vm_state != vm_states.SHELVED_OFFLOADED:
        raise exc.HTTPForbidden(
            explanation=f"{CANT_ATTACH}: instance {instance.uuid} is in vm_state {instance.vm_state}, "
            "it must be shelved_offloaded"
        )
    mark = mapping.mark_of(root)
    if mark is not None and mark.task == mapping.DETACHING:
        raise exc.HTTPConflict(explanation=f"{CANT_ATTACH}: {_detaching(mark)}")
    if not mapping.is_missing(root):
        raise exc.HTTPConflict(explanation=f"{CANT_ATTACH}: {_present(instance, root)}")
    if instance.task_state not in (None, mapping.TASK):
        raise exc.HTTPConflict(
            explanation=f"Cannot 'attach_volume' instance {instance.uuid} while it is in task_state "
            f"{instance.task_state}"
        )


def check_unshelve(root: Any | None) -> None:
    """Refuse to unshelve a server whose root is missing, or may still be taken off.

    Raises:
        nova.exception.Forbidden: a 403; the only kind that Nova's own controllers let through.
    """
    if not mapping.is_missing(root):
        return
    mark = mapping.mark_of(root)
    if mark is None:
        raise exception.Forbidden(CANT_UNSHELVE)
    unfinished = _detaching(mark) if mark.task == mapping.DETACHING else _attaching(mark)
    raise exception.Forbidden(f"{CANT_UNSHELVE}: {unfinished}")


def _present(instance: Any, root: Any | None) -> str:
    if root is None:
        return f"instance {instance.uuid} has no root device in Nova's database"
    what = f"volume {root.volume_id}" if root.is_volume else "a disk of the hypervisor, not a Cinder volume"
    return f"the root device {root.device_name} of instance {instance.uuid} is present ({what})"


def _detaching(mark: mapping.Mark) -> str:
    return (
        f"the detach of volume {mark.volume_id} began at {mark.since} and has not ended. Wait for it, or repeat it "
        "until it succeeds; then attach a root"
    )


def _attaching(mark: mapping.Mark) -> str:
    return (
        f"the attach of volume {mark.volume_id} began at {mark.since} and has not ended. Wait for it, or repeat it "
        "until it succeeds"
    )


def check_volume(context: Any, volume_api: Any, instance: Any, volume: dict[str, Any]) -> None:
    """Refuse a volume that Nova would refuse for this server, at attach or at boot.

    Raises:
        nova.exception.Invalid: with Nova's text; each a 400.
    """
    check_unmapped(context, volume["id"])
    if volume["status"] == "downloading":  # Cinder would reserve it, and end the reservation with the download
        raise exception.InvalidVolume(reason=f"volume {volume['id']} is downloading; it must be available")
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


def check_reserved(volume_id: str, status: str) -> None:
    """Refuse to detach a root that is not at rest.

    Cinder makes a free volume only from a `reserved` one. A `downloading` one, for example, stays `reserved` for ever.

    Raises:
        HTTPConflict: with the status.
    """
    if status != "reserved":
        raise exc.HTTPConflict(
            explanation=f"{CANT_DETACH}: volume {volume_id} is {status} in Cinder, it must be reserved. Wait until "
            "what changes it has ended, then repeat this request."
        )


def check_free(volume_id: str, status: str) -> None:
    """Refuse to call a volume detached while Cinder says that it is neither free nor attached to another server.

    Raises:
        HTTPConflict: with the status.
    """
    if status != "available":
        raise exc.HTTPConflict(
            explanation=f"{CANT_DETACH}: volume {volume_id} is {status} in Cinder, although this server has no "
            "attachment of it there. It must be available. If it stays so, an administrator has to reset its state "
            "in Cinder (openstack volume set --state available). Then repeat this request."
        )
