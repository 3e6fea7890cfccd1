# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nova: API, conductor, scheduler and computes in one process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from pocket_cloud import site

from pocket_cloud_services import environment, faults, waiting

RUNNING: list[Any] = []  # services must not be collected as garbage


def load(place: site.Site) -> tuple[Any, Callable[[], None]]:
    """Return the API application and the function that starts the workers."""
    application = load_api()
    if place.spread:
        return application, lambda: waiting.for_file(place.bootstrapped)
    install_driver(place)
    fail_schedules_on_order()
    return application, lambda: start_workers(place)


def load_api() -> Any:
    """Return nova-api's application, with native threads, as each release offers it."""
    sys.argv = ["nova"]
    from nova import monkey_patch

    # OS_NOVA_DISABLE_EVENTLET_PATCHING chooses native threads in every release (environment.py). Before nova 32 the
    # import is enough; the argument `backend` came with nova 33 and does not count beside the variable
    if hasattr(monkey_patch, "patch"):
        monkey_patch.patch()
    environment.install_replacements()
    try:
        from nova.wsgi import osapi_compute
    except ImportError:  # before nova 31
        from nova.api.openstack.compute import wsgi

        return wsgi.init_application()
    return osapi_compute.application


def install_driver(place: site.Site) -> None:
    """Make the driver known as nova.virt.pocket_cloud: nova looks for compute_driver only below nova.virt."""
    import nova.virt
    import os_vif

    from pocket_cloud_services import hypervisor

    os_vif.initialize()
    hypervisor.Driver.folder = place.guests
    sys.modules["nova.virt.pocket_cloud"] = hypervisor
    nova.virt.pocket_cloud = hypervisor


def fail_schedules_on_order() -> None:
    """Let the scheduler find no host for a server as ordered."""
    from nova import exception
    from nova.scheduler import manager

    original = manager.SchedulerManager._schedule

    def schedule(self: Any, context: Any, spec_obj: Any, *arguments: Any, **named: Any) -> Any:
        if faults.ordered(f"schedule {spec_obj.instance_uuid}"):
            raise exception.NoValidHost(reason="it was ordered that this fails")
        return original(self, context, spec_obj, *arguments, **named)

    manager.SchedulerManager._schedule = schedule


def start_workers(place: site.Site) -> None:
    """Start conductor and scheduler when keystone knows the service user, computes when placement answers too."""
    import nova.conf
    from nova import context, objects
    from nova.compute import rpcapi
    from nova.objects import host_mapping

    objects.Service.enable_min_version_cache()
    waiting.for_file(place.bootstrapped)
    start(binary="nova-conductor", topic="conductor")
    start(binary="nova-scheduler", topic="scheduler")
    waiting.for_http(f"{place.keystone_url}/v3")
    waiting.for_http(place.url("placement"))
    for number in range(1, place.computes + 1):
        host = f"compute{number}"
        nova.conf.CONF.set_override("host", host)
        start(host=host, binary="nova-compute", topic=rpcapi.RPC_TOPIC, topic_alt=rpcapi.RPC_TOPIC_ALT)
    nova.conf.CONF.clear_override("host")
    host_mapping.discover_hosts(context.get_admin_context())


def start(**options: str) -> None:
    """Start a worker and report its first heartbeat now: the one in a copied or old database would look dead."""
    from nova import service

    worker = service.Service.create(**options)
    worker.start()
    worker.servicegroup_api._driver._report_state(worker)
    RUNNING.append(worker)
