# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""A model of Cinder's attachments and volume states, for Nova's own functional fixtures.

Nova's CinderFixture knows neither `reserved` nor a delete that hangs. Here a test can put a call of its own into the
moment before, in or after any request to Cinder.
"""

from __future__ import annotations

import uuid

import fixtures
from cinderclient import exceptions as cinder_exceptions
from nova import exception
from oslo_utils import uuidutils

CALLS = ("get", "attachment_create", "attachment_get", "attachment_get_all", "attachment_delete")


class Cinder(fixtures.Fixture):
    """Volumes and attachments as Cinder keeps them; replaces nova.volume.cinder.API.

    Attributes:
        volumes: by id: the fields that Nova reads.
        kept: attachments by id: volume_id, instance, status.
        hooks: by call: functions that run, once each, in its place; they get the function that does what was asked.
        deleted: ids of all attachments that were deleted.
    """

    def __init__(self):
        super().__init__()
        self.volumes, self.kept, self.hooks, self.deleted = {}, {}, {}, []

    def setUp(self):
        super().setUp()
        more = ("attachment_update", "attachment_complete", "check_attached", "terminate_connection", "detach")
        for name in (*CALLS, *more):
            patch = fixtures.MockPatch(f"nova.volume.cinder.API.{name}", side_effect=self._call(name), autospec=False)
            self.useFixture(patch)

    def _call(self, name):
        do = getattr(self, f"_{name}")

        def call(context, *arguments, **named):
            waiting = self.hooks.get(name)
            if waiting:
                return waiting.pop(0)(lambda: do(*arguments, **named), *arguments)
            return do(*arguments, **named)

        return call

    def on(self, name, function, after=0):
        """Let ``function(do, *arguments)`` stand for the next call of this name, or for a later one."""
        self.hooks.setdefault(name, []).extend([*[lambda do, *_: do()] * after, function])

    def make(self, status="available", **fields):
        """Make a volume; returns its id."""
        volume_id = str(uuid.uuid4())
        usual = {"multiattach": False, "bootable": True, "size": 1, "availability_zone": "nova"}
        usual.update(volume_image_metadata={}, migration_status=None, attach_status="detached", display_name="")
        self.volumes[volume_id] = {**usual, "id": volume_id, "status": status, **fields}
        return volume_id

    def of(self, volume_id):
        """Returns the attachments of a volume: (server id, status)."""
        return [(each["instance"], each["status"]) for each in self.kept.values() if each["volume_id"] == volume_id]

    def status(self, volume_id):
        """Returns the status of a volume."""
        return self.volumes[volume_id]["status"]

    def _get(self, volume_id, microversion=None):
        if volume_id not in self.volumes:
            raise exception.VolumeNotFound(volume_id=volume_id)
        return dict(self.volumes[volume_id])

    def _attachment_create(self, volume_id, instance_id, connector=None, mountpoint=None):
        volume = self._volume(volume_id)
        own = [
            each for each in self.kept.values() if each["volume_id"] == volume_id and each["instance"] == instance_id
        ]
        if volume["status"] == "available":
            volume["status"] = "reserved"
        elif not (volume["status"] in ("in-use", "reserved") and own):  # Cinder lets one server have it twice
            text = f"status must be available or downloading to reserve, but the current status is {volume['status']}"
            raise exception.InvalidInput(reason=f"Volume {volume_id} {text}")
        attachment_id = uuidutils.generate_uuid()
        self.kept[attachment_id] = {"volume_id": volume_id, "instance": instance_id, "status": "reserved"}
        return {"id": attachment_id}

    def _volume(self, volume_id):
        if volume_id not in self.volumes:
            raise exception.VolumeNotFound(volume_id=volume_id)
        return self.volumes[volume_id]

    def _attachment(self, attachment_id):
        if attachment_id not in self.kept:
            raise exception.VolumeAttachmentNotFound(attachment_id=attachment_id)
        return self.kept[attachment_id]

    def _view(self, attachment_id):
        each = self._attachment(attachment_id)
        info = {"driver_volume_type": "fake", "data": {"volume_id": each["volume_id"]}}
        return {"id": attachment_id, **each, "connection_info": info}

    def _attachment_get(self, attachment_id):
        return self._view(attachment_id)

    def _attachment_get_all(self, instance_id=None, volume_id=None):
        return [
            self._view(name)
            for name, each in self.kept.items()
            if instance_id in (None, each["instance"]) and volume_id in (None, each["volume_id"])
        ]

    def _attachment_update(self, attachment_id, connector, mountpoint=None):
        self._attachment(attachment_id)["status"] = "attaching"
        return self._view(attachment_id)

    def _attachment_complete(self, attachment_id):
        attachment = self._attachment(attachment_id)
        attachment["status"] = "attached"
        self._volume(attachment["volume_id"])["status"] = "in-use"

    def _attachment_delete(self, attachment_id):
        if attachment_id not in self.kept:
            return  # Nova's client swallows the 404
        volume_id = self.kept.pop(attachment_id)["volume_id"]
        self.deleted.append(attachment_id)
        left = {status for _, status in self.of(volume_id)}
        volume = self._volume(volume_id)
        if not left and volume["status"] in ("reserved", "in-use", "detaching", "attaching"):
            volume["status"] = "available"
        elif left == {"reserved"}:
            volume["status"] = "reserved"

    def _check_attached(self, *arguments):
        return None

    def _terminate_connection(self, *arguments):
        return None

    def _detach(self, volume_id, *arguments, **named):
        if volume_id is None:
            raise exception.VolumeNotFound(volume_id=volume_id)


def fails(status=500):
    """A hook: Cinder answers with an error and does nothing."""

    def hook(do, *arguments):
        raise cinder_exceptions.from_response(_Answer(status), {"error": {"message": "as ordered"}})

    return hook


class _Answer:
    def __init__(self, status):
        self.status_code, self.headers = status, {}
