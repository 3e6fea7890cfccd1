# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detach and attach: the order of the steps at Cinder and Nova, so that a call that broke off can be repeated.

Detach: Cinder first, then the mapping. If it breaks off between, the mapping still names the volume: a repeat finds
nothing left to delete in Cinder and clears the mapping.
Attach: the Cinder attachment first (it reserves the volume: of two servers one wins), then the mapping. If it breaks
off between, the server has an orphan: a reserved attachment of a volume that none of its mappings names. A repeat with
the same volume adopts it; a call with another volume deletes it, so that its volume is free again.
"""

from __future__ import annotations

import contextlib
from typing import Any

from nova import exception, objects
from nova.compute import instance_actions, task_states, vm_states
from nova.compute import utils as compute_utils
from oslo_config import cfg
from oslo_log import log as logging
from webob import exc

from . import guard, mapping

LOG = logging.getLogger(__name__)


class Operations:
    """The two operations on the root of a SHELVED_OFFLOADED server that passed the guard.

    Args:
        volume_api: nova.volume.cinder.API.
        stale_after: seconds after which the task state of a dead nova-api is taken over.
    """

    def __init__(self, volume_api: Any, stale_after: float) -> None:
        self.volume_api = volume_api
        self.stale_after = stale_after

    def detach(self, context: Any, instance: Any, volume_id: str) -> None:
        """Release the root volume in Cinder, then keep the mapping as "no volume". The volume is never deleted.

        Raises:
            HTTPNotFound: another request has detached it meanwhile.
            HTTPConflict: another request holds the server.
        """
        with mapping.exclusive(instance, self.stale_after):
            root = mapping.find_root(context, instance)
            if root is None or root.volume_id != volume_id:
                raise exc.HTTPNotFound(explanation=f"Instance {instance.uuid} is not attached to volume {volume_id}")
            self._release_and_clear(context, instance, root)
        LOG.info("Detached root volume %s", volume_id, instance=instance)

    def attach(self, context: Any, instance: Any, volume: dict[str, Any], delete_on_termination: bool) -> Any:
        """Reserve the volume for the server in Cinder, then make it the root.

        Returns:
            The root's mapping.

        Raises:
            HTTPConflict: another request holds the server or has attached a root meanwhile.
            nova.exception.Invalid: the volume is in use; a 400.
        """
        with mapping.exclusive(instance, self.stale_after):
            root = mapping.find_root(context, instance)
            guard.check_attach(instance, root)
            with _recorded(context, instance, instance_actions.ATTACH_VOLUME):
                self._reserve_and_fill(context, instance, root, volume, delete_on_termination)
        LOG.info("Attached root volume %s", volume["id"], instance=instance)
        return root

    def is_lost(self, context: Any, instance: Any, root: Any) -> bool:
        """Tell whether Cinder no longer knows the attachment of the root volume.

        So it is after a detach that broke off, or when somebody deleted the attachment at Cinder. An unshelve would
        be accepted and fail; a DELETE of the root attachment puts Nova's side right.
        """
        offloaded = instance.vm_state == vm_states.SHELVED_OFFLOADED and instance.task_state is None
        if not offloaded or root is None or not root.is_volume or not root.attachment_id:
            return False
        try:
            self.volume_api.attachment_get(context, root.attachment_id)
        except exception.VolumeAttachmentNotFound:
            return True
        except Exception:  # Cinder refuses or is down: Nova is going to find out by itself
            LOG.warning("Cannot read attachment %s", root.attachment_id, instance=instance, exc_info=True)
        return False

    def _release_and_clear(self, context: Any, instance: Any, root: Any) -> None:
        with _recorded(context, instance, instance_actions.DETACH_VOLUME):
            self._delete_orphans(context, instance, keep="")
            if root.attachment_id:
                self._delete_attachment(context, root.attachment_id)
            mapping.clear(context, root)

    def _reserve_and_fill(
        self, context: Any, instance: Any, root: Any, volume: dict[str, Any], delete_on_termination: bool
    ) -> None:
        adopted = self._delete_orphans(context, instance, keep=volume["id"])
        attachment = adopted or self.volume_api.attachment_create(context, volume["id"], instance.uuid)["id"]
        try:
            # after the attachment exists: a data attach of the same volume writes its mapping before it reserves
            guard.check_unmapped(context, volume["id"])
            mapping.fill(context, root, volume, attachment, delete_on_termination)
            _require_alive(instance)
        except Exception:
            if not adopted:
                self._delete_attachment(context, attachment)
            raise

    def _delete_orphans(self, context: Any, instance: Any, keep: str) -> str | None:
        """Delete what a broken-off attach left in Cinder, except for one volume.

        The mappings are read after the attachments: a data attach writes its mapping before it reserves the volume.

        Args:
            context: of the request.
            instance: the server.
            keep: the id of the volume whose orphan is not deleted but returned.

        Returns:
            The attachment id of that orphan, None if there is none.
        """
        found = self.volume_api.attachment_get_all(context, instance_id=instance.uuid)
        mappings = objects.BlockDeviceMappingList.get_by_instance_uuid(context, instance.uuid)
        mapped = {mapped.volume_id for mapped in mappings}
        reserved = {"instance": instance.uuid, "status": "reserved"}.items()
        orphans = [each for each in found if reserved <= each.items() and each["volume_id"] not in mapped]
        kept = next((each["id"] for each in orphans if each["volume_id"] == keep), None)
        for orphan in orphans:
            if orphan["id"] != kept:
                self._delete_attachment(context, orphan["id"])
        return kept

    def _delete_attachment(self, context: Any, attachment_id: str) -> None:
        with contextlib.suppress(exception.VolumeAttachmentNotFound):
            self.volume_api.attachment_delete(context, attachment_id)


@contextlib.contextmanager
def _recorded(context: Any, instance: Any, action: str) -> Any:
    """Record a server action and its result, as Nova does for data volumes."""
    objects.InstanceAction.action_start(context, instance.uuid, action, want_result=False)
    with compute_utils.EventReporter(context, f"api_{action}", cfg.CONF.host, instance.uuid):
        yield


def _require_alive(instance: Any) -> None:
    """Refuse if the server was deleted meanwhile: that delete read the mapping before it had this volume."""
    instance.refresh()
    if instance.task_state in (task_states.DELETING, task_states.SOFT_DELETING):
        raise exc.HTTPNotFound(explanation=f"Instance {instance.uuid} could not be found: it is being deleted.")
