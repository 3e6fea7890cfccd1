# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Detach and attach: the order of the steps at Cinder and Nova, so that a call that broke off can be repeated.

Both: look at Cinder, set the mark, change Cinder, look again, end the mark. Three rules make any order of calls safe,
even when a call hangs, dies, or Cinder carries out a request long after its answer was given up:

1. Cinder is told to delete only attachments that no mapping has as a present root, and that none will ever have. So a
   call looks for leftovers of others only while its own mark is there: else they may be what a successor has reserved.
2. An attachment gets into the mapping only by the call that created it, and only while its mark is there.
3. Nova starts no server whose mapping has no present root (``last_look``).
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from nova import exception, objects
from nova.compute import instance_actions, task_states, vm_states
from nova.compute import utils as compute_utils
from oslo_config import cfg
from oslo_log import log as logging
from webob import exc

from . import guard, mapping, room
from .volumes import ELSEWHERE, GONE, Volumes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOG = logging.getLogger(__name__)


class Operations:
    """The two operations on the root of a SHELVED_OFFLOADED server that passed the guard.

    Args:
        volumes: Cinder.
        stale_after: seconds, see the option ``stale_task_seconds``.
    """

    def __init__(self, volumes: Volumes, stale_after: float) -> None:
        self.volumes = volumes
        self.stale_after = stale_after

    def detach(self, context: Any, instance: Any, root: Any) -> None:
        """Release the root volume in Cinder, then keep the mapping as "no volume". The volume is never deleted.

        Raises:
            HTTPConflict: another request works on the server, or the volume is not at rest in Cinder.
            HTTPServiceUnavailable: Cinder failed.
        """
        volume_id = str(mapping.volume_of(root))
        attachments = self._attachments_of(context, root, volume_id)
        if attachments:
            guard.check_reserved(volume_id, self.volumes.status(context, volume_id))
        else:
            self._check_off(context, instance, volume_id)
        mapping.begin(context, instance, root, mapping.new_mark(mapping.DETACHING, volume_id), self.stale_after)
        with self._ended_by(mapping.let_go, context, instance, root), _recorded(context, instance, "DETACH"):
            for attachment in {*attachments, *self._orphans(context, instance, root)}:
                self.volumes.release(context, attachment)
            self._check_off(context, instance, volume_id)
            room.give_back(context, instance, lambda: self._check_owner(context, instance, root))
            mapping.clear(context, instance, root)
        _log("Detached", context, instance, volume_id)

    def attach(self, context: Any, instance: Any, root: Any, volume: dict[str, Any], delete: bool) -> None:
        """Reserve the volume for the server in Cinder, then make it the root.

        Args:
            context: of the request, bound to the server's cell.
            instance: the server.
            root: its mapping; changed to what the row says then.
            volume: as nova.volume.cinder returns it.
            delete: whether Nova deletes the volume with the server.

        Raises:
            HTTPConflict: another request works on the server or has attached a root meanwhile.
            HTTPServiceUnavailable: Cinder failed.
            nova.exception.Invalid: the volume is in use; a 400.
        """
        mapping.begin(context, instance, root, mapping.new_mark(mapping.ATTACHING, volume["id"]), self.stale_after)
        with self._ended_by(mapping.clear, context, instance, root), _recorded(context, instance, "ATTACH"):
            for orphan in self._orphans(context, instance, root):
                self.volumes.release(context, orphan)
            attachment = self.volumes.reserve(context, volume["id"], instance.uuid)
            with self._released_on_refusal(context, attachment):
                # after the reservation: a data attach of the same volume writes its mapping before it reserves
                guard.check_unmapped(context, volume["id"])
                put_on = {"attachment_id": attachment, "delete_on_termination": delete}
                mapping.fill(context, instance, root, volume, put_on)
            with self._released_on_refusal(context, attachment):
                _require_alive(instance)
        _log("Attached", context, instance, volume["id"])

    def is_lost(self, context: Any, instance: Any, root: Any) -> bool:
        """Tell whether Cinder no longer knows the attachment of the root volume, since somebody deleted it there.

        Nova would accept an unshelve, and it would fail. A DELETE of the root attachment puts Nova's side right.
        """
        offloaded = instance.vm_state == vm_states.SHELVED_OFFLOADED and instance.task_state is None
        if not offloaded or root is None or not root.is_volume or not root.attachment_id:
            return False
        try:
            return not self.volumes.has_attachment(context, root.attachment_id)
        except exception.Forbidden:  # Cinder does not tell this user: Nova is going to find out by itself
            LOG.warning("Cinder's policy hides attachment %s", root.attachment_id, instance=instance)
            return False

    def _attachments_of(self, context: Any, root: Any, volume_id: str) -> list[str]:
        """Return the root's attachments that Cinder knows: the mapping's, or, if that is none, those found there."""
        if root.attachment_id and self.volumes.has_attachment(context, root.attachment_id):
            return [root.attachment_id]
        found = self.volumes.attachments(context, root.instance_uuid)
        return [each["id"] for each in found if each["volume_id"] == volume_id]

    def _check_off(self, context: Any, instance: Any, volume_id: str) -> None:
        """Refuse to say "detached" unless Cinder agrees."""
        status = self.volumes.status_without(context, volume_id, instance.uuid)
        if status not in (GONE, ELSEWHERE):
            guard.check_free(volume_id, status)

    def _orphans(self, context: Any, instance: Any, root: Any) -> list[str]:
        """Find what broken-off attaches left in Cinder: reserved attachments of volumes that no mapping names.

        The mappings are read after the attachments: a data attach writes its mapping before it reserves the volume. And
        while the mark was this call's, no other could begin: so none of what was found is going to be a root.

        Raises:
            HTTPConflict: another call took over, and what was found may be what it has just reserved.
        """
        found = self.volumes.attachments(context, instance.uuid)
        mappings = mapping.of_server(context, instance)
        mapping.check_owner(instance, root, mappings)
        volumes = {each.volume_id for each in mappings}
        reserved = {"instance": instance.uuid, "status": "reserved"}.items()
        return [each["id"] for each in found if reserved <= each.items() and each["volume_id"] not in volumes]

    def _check_owner(self, context: Any, instance: Any, root: Any) -> None:
        mapping.check_owner(instance, root, mapping.of_server(context, instance))

    @contextlib.contextmanager
    def _ended_by(self, end: Any, context: Any, instance: Any, root: Any) -> Iterator[None]:
        """On an error, end the call's mark, unless it has ended or another call has taken over."""
        try:
            yield
        except Exception:
            if instance.task_state == mapping.TASK:
                _try(end, context, instance, root)
            raise

    @contextlib.contextmanager
    def _released_on_refusal(self, context: Any, attachment: str) -> Iterator[None]:
        """Delete the attachment of a call that was refused, so that no mapping of a living server has it.

        After any other error nobody can tell whether the mapping has it. It stays then: if it is an orphan, the next
        attach or detach deletes it.
        """
        try:
            yield
        except (exc.HTTPException, exception.Invalid):
            _try(self.volumes.release, context, attachment)
            raise


def _try(step: Callable[..., None], *arguments: Any) -> None:
    """Take one step of tidying up after an error. If it fails too, the client is told the first error."""
    try:
        step(*arguments)
    except exc.HTTPConflict:
        LOG.info("Another request has taken over")
    except Exception:
        LOG.exception("Tidying up after the error below failed")


@contextlib.contextmanager
def _recorded(context: Any, instance: Any, what: str) -> Iterator[None]:
    """Record a server action and its result, as Nova does for data volumes; ``what`` is ATTACH or DETACH."""
    action = getattr(instance_actions, f"{what}_VOLUME")
    objects.InstanceAction.action_start(context, instance.uuid, action, want_result=False)
    with compute_utils.EventReporter(context, f"api_{action}", cfg.CONF.host, instance.uuid):
        yield


def _require_alive(instance: Any) -> None:
    """Refuse if the server was deleted meanwhile: that delete read the mapping before it had this volume."""
    try:
        instance.refresh()
        alive = instance.task_state not in (task_states.DELETING, task_states.SOFT_DELETING)
    except exception.InstanceNotFound:
        alive = False
    if not alive:
        raise exc.HTTPNotFound(explanation=f"Instance {instance.uuid} could not be found: it is being deleted.")


def _log(done: str, context: Any, instance: Any, volume_id: str) -> None:
    LOG.info(
        "%s root volume %s, server %s, request %s, user %s, project %s",
        done, volume_id, instance.uuid, context.request_id, context.user_id, context.project_id,
    )  # fmt: skip
