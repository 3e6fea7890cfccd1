# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The room on a host that an unshelve leaves in placement when it fails while the compute host connects the volumes.

Nova forgets it. The server takes it along at its next unshelve, then beside that on its new host, until it is deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nova.scheduler.client import report
from oslo_log import log as logging
from webob import exc

if TYPE_CHECKING:
    from collections.abc import Callable

LOG = logging.getLogger(__name__)


def give_back(context: Any, instance: Any, check: Callable[[], None]) -> None:
    """Delete the allocation of a server that is on no host and has a task of ours, so that none can come meanwhile.

    Placement takes the change only if the allocation is as it was read. A failure is only logged: what is left costs
    room, and the next call tries again.

    Args:
        context: of the request.
        instance: the server, SHELVED_OFFLOADED.
        check: raises an HTTP error if the task has ended meanwhile: what was read may then be in use.
    """
    try:
        client = report.report_client_singleton()
        found = client.get_allocs_for_consumer(context, instance.uuid)
        if not found["allocations"]:
            return
        check()
        client.put_allocations(context, instance.uuid, {**found, "allocations": {}})
        LOG.warning("Deleted the allocation that a failed unshelve has left", instance=instance)
    except exc.HTTPException:
        raise
    except Exception:
        LOG.exception("Could not look for an allocation that a failed unshelve has left", instance=instance)
