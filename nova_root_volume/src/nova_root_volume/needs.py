# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""What the filter needs from the Nova that it is loaded into."""

from __future__ import annotations

import importlib

NEEDED = (
    *(
        f"nova.volume.cinder:API.{method}"
        for method in (
            *("get", "check_availability_zone", "attachment_create", "attachment_delete"),
            *("attachment_get", "attachment_get_all"),  # the last one came with Nova 28 (2023.2)
        )
    ),
    "nova.api.openstack:ProjectMapper.create_route",
    "nova.api.openstack.api_version_request:is_supported",
    "nova.api.openstack.common:get_instance",
    "nova.api.openstack.compute.extension_info:ExtensionInfoController.index",
    "nova.api.openstack.compute.servers:ServersController.index",
    "nova.api.openstack.compute.views.servers:ViewBuilder.index",
    "nova.api.openstack.wsgi:Resource",
    "nova.api.validation.validators:_SchemaValidator",
    "nova.conductor.api:ComputeTaskAPI.unshelve_instance",
    "nova.context:scatter_gather_cells",
    "nova.context:is_cell_failure_sentinel",
    "nova.db.main.api:pick_context_manager_writer",
    "nova.db.main.models:BlockDeviceMapping.attachment_id",
    "nova.db.main.models:Instance.task_state",
    "nova.objects.block_device:BlockDeviceMappingList.bdms_by_instance_uuid",
    "nova.scheduler.client.report:report_client_singleton",
    "nova.scheduler.client.report:SchedulerReportClient.get_allocs_for_consumer",
    "nova.scheduler.client.report:SchedulerReportClient.put_allocations",
    "nova.objects.instance_mapping:InstanceMappingList.get_by_instance_uuids",
)


def missing() -> list[str]:
    """Return what this Nova lacks, as "module:name"; nothing if the filter can work."""
    return [needed for needed in NEEDED if not _is_there(needed)]


def _is_there(needed: str) -> bool:
    module, _, path = needed.partition(":")
    try:
        found = importlib.import_module(module)
    except ImportError:
        return False
    for name in path.split("."):
        if not hasattr(found, name):
            return False
        found = getattr(found, name)
    return True
