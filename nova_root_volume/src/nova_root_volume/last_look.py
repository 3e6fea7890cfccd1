# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The last look at the root before an unshelve: after Nova has set the task state, so that no detach can come between.

The controller looks at the root before Nova sees the request. Between that look and Nova's own task state a whole
detach can begin and end. Nova would then send the server to a compute host, where the unshelve fails and leaves an
allocation behind. A Paste filter cannot look at that moment. So this module wraps, in this process only, the one method
with which nova-api hands a server over to the conductor. The same moment is the one to give back what an earlier
unshelve left in placement: nothing but this unshelve can make the server an allocation now.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any

from nova import exception, objects
from nova.compute import task_states, vm_states
from nova.conductor import api as conductor
from webob import exc

from . import guard, mapping, room


def install() -> None:
    """Wrap the method; again is harmless."""
    original = conductor.ComputeTaskAPI.unshelve_instance
    if hasattr(original, "checks_the_root"):
        return

    @functools.wraps(original)
    def unshelve_instance(api: Any, context: Any, instance: Any, *arguments: Any, **named: Any) -> Any:
        try:
            guard.check_unshelve(mapping.find_root(context, instance))
        except Exception:
            _back(instance)
            raise
        _give_back_room(context, instance)
        return original(api, context, instance, *arguments, **named)

    unshelve_instance.checks_the_root = True  # type: ignore[attr-defined]
    conductor.ComputeTaskAPI.unshelve_instance = unshelve_instance


def _give_back_room(context: Any, instance: Any) -> None:
    if instance.vm_state != vm_states.SHELVED_OFFLOADED:
        return  # still on its host
    with contextlib.suppress(exc.HTTPConflict):  # somebody has forced another state
        room.give_back(context, instance, lambda: _check_unshelving(context, instance))


def _check_unshelving(context: Any, instance: Any) -> None:
    now = objects.Instance.get_by_uuid(context, instance.uuid, expected_attrs=[])
    if (now.vm_state, now.task_state) != (vm_states.SHELVED_OFFLOADED, task_states.UNSHELVING):
        raise exc.HTTPConflict


def _back(instance: Any) -> None:
    instance.task_state = None
    with contextlib.suppress(exception.InstanceUpdateConflict, exception.InstanceNotFound):
        instance.save(expected_task_state=[task_states.UNSHELVING])
