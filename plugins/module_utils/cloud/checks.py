# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs that ask a cloud, right before a request, what no list and no version tells. They leave nothing behind."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Collection
from typing import Any

from ..data.errors import CloudError, StandbyError
from .requests import create_image, delete_image
from .session import Session

Json = dict[str, Any]


def check_volumes_kept(cloud: Session, server_id: str, volume_ids: Collection[str]) -> Json:
    """Before a server is deleted: checks that it has these volumes, and that none of them would be deleted with it.

    :raises StandbyError: otherwise. Nothing was deleted then.
    """
    attached = cloud.get("compute", f"/servers/{server_id}/os-volume_attachments")["volumeAttachments"]
    strange = {item["volumeId"] for item in attached} ^ set(volume_ids)
    doomed = [item["volumeId"] for item in attached if item["delete_on_termination"]]
    if strange or doomed:
        volumes = ", ".join(sorted({*strange, *doomed}))
        what = "were attached or detached meanwhile" if strange else "would be deleted with it"
        raise StandbyError(f"{cloud.label}: server {server_id} is not deleted: volumes {volumes} {what}. Repeat.")
    return {}


def check_copy(cloud: Session, volume_id: str) -> Json:
    """Before an image without data overwrites a reserved volume: checks that Cinder copies what the image names.

    One that does not know such images would fill the volume with nothing and say that all is well; its API version is
    the same. So a copy is asked for that no Cinder makes: the volume is reserved, and the request does not allow that.
    One that knows looks for the snapshot first, which is not there (404), any other at the status of the volume (400;
    cinder/api/contrib/volume_actions.py, _reimage). Asked once for each cloud.

    :raises StandbyError: if it does not know them. Nothing was copied.
    """
    return cloud.once("copies snapshots", lambda: _ask_for_no_copy(cloud, volume_id))


def _ask_for_no_copy(cloud: Session, volume_id: str) -> Json:
    image = create_image(cloud, "standby-check", str(uuid.uuid4()), 1)
    try:
        body = {"os-reimage": {"image_id": image["id"], "reimage_reserved": False}}
        cloud.send("POST", "block_storage", f"/volumes/{volume_id}/action", body)
    except CloudError as error:
        if error.status == 404:
            return {}
        if error.status != 400:
            raise
    finally:
        with contextlib.suppress(StandbyError):  # what was answered before counts; the image has no data
            delete_image(cloud, image["id"])
    raise StandbyError(
        f"{cloud.label}: its Cinder does not copy from images that name a snapshot: Cinder 27 (2025.2) or newer is"
        " needed for reimage. Nothing was copied."
    )
