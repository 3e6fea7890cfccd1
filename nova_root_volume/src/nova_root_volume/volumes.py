# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Cinder as the filter sees it, by Nova's own client. Where Cinder fails, the user reads what it did not do."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from cinderclient import exceptions as cinder_exceptions
from nova import exception
from oslo_log import log as logging
from webob import exc

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG = logging.getLogger(__name__)

GONE = "gone"
"""The status of a volume that does not exist."""

ELSEWHERE = "attached elsewhere"
"""The status of a volume that has attachments, but none of this server."""


class Volumes:
    """Volumes and attachments.

    Args:
        api: nova.volume.cinder.API.
    """

    def __init__(self, api: Any) -> None:
        self.api = api

    def get(self, context: Any, volume_id: str) -> dict[str, Any]:
        """Read a volume.

        Raises:
            nova.exception.VolumeNotFound: there is none.
        """
        with answered(f"read volume {volume_id}"):
            return self.api.get(context, volume_id)

    def status(self, context: Any, volume_id: str) -> str:
        """Return the status of a volume, GONE if there is none."""
        try:
            return self.get(context, volume_id)["status"]
        except exception.VolumeNotFound:
            return GONE

    def status_without(self, context: Any, volume_id: str, server_id: str) -> str:
        """Return the status of a volume that a server has lost; ELSEWHERE if others have it and the server has not."""
        status = self.status(context, volume_id)
        if status in ("available", GONE):
            return status
        with answered(f"list the attachments of volume {volume_id}"):
            found = self.api.attachment_get_all(context, volume_id=volume_id)
        servers = {each["instance"] for each in found}
        return ELSEWHERE if servers and server_id not in servers else status

    def attachments(self, context: Any, server_id: str) -> list[dict[str, Any]]:
        """List the attachments of a server. Cinder shows an administrator of another project none."""
        with answered(f"list the attachments of server {server_id}"):
            return self.api.attachment_get_all(context, instance_id=server_id)

    def has_attachment(self, context: Any, attachment_id: str) -> bool:
        """Tell whether Cinder knows an attachment."""
        try:
            with answered(f"read attachment {attachment_id}"):
                self.api.attachment_get(context, attachment_id)
        except exception.VolumeAttachmentNotFound:
            return False
        return True

    def reserve(self, context: Any, volume_id: str, server_id: str) -> str:
        """Reserve a volume for a server; of two servers one wins. Returns the id of the attachment."""
        with answered(f"reserve volume {volume_id} for server {server_id}"):
            return self.api.attachment_create(context, volume_id, server_id)["id"]

    def release(self, context: Any, attachment_id: str) -> None:
        """Delete an attachment; one that is gone is no error (Nova's client swallows that too)."""
        with contextlib.suppress(exception.VolumeAttachmentNotFound), answered(f"delete attachment {attachment_id}"):
            self.api.attachment_delete(context, attachment_id)


@contextlib.contextmanager
def answered(doing: str) -> Iterator[None]:
    """Let Nova's own refusals through; say everything else that goes wrong in words.

    Args:
        doing: what Cinder is asked to do, for the message.

    Raises:
        HTTPConflict: Cinder refused.
        HTTPServiceUnavailable: Cinder failed, or cannot be reached: it may have done it or not, now or later.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, exception.NovaException) and 400 <= error.code < 500:
            raise
        LOG.exception("Cinder did not %s", doing)
        if isinstance(error, cinder_exceptions.ClientException) and error.code in (400, 403, 404, 409, 413):
            raise exc.HTTPConflict(explanation=f"Cinder refused to {doing}: {error}") from error
        raise exc.HTTPServiceUnavailable(
            explanation=f"Cinder did not {doing}; nova-api has the reason in its log. Repeat this request when Cinder "
            "answers again."
        ) from error
