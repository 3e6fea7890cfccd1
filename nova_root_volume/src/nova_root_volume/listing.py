# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""GET /os-root-volumes: the root of every server that the server list would show, page by page."""

from __future__ import annotations

from typing import Any

from nova import context as nova_context
from nova import objects
from nova.api.openstack.compute import servers
from nova.api.openstack.compute.views import servers as views

from . import mapping, policies

COLLECTION = "os-root-volumes"

_FOUND = "nova_root_volume.servers"


class _View(views.ViewBuilder):
    """Nova's own view of a server list, which also keeps the servers themselves, and links to our pages."""

    _collection_name = COLLECTION

    def index(self, request: Any, instances: Any, *arguments: Any, **named: Any) -> Any:
        """Keep the servers in the request."""
        request.environ[_FOUND] = list(instances)
        return super().index(request, instances, *arguments, **named)


class _Servers(servers.ServersController):
    """Nova's own controller: query schema by microversion, filters, paging, cells, ``all_tenants`` and its policies."""

    _view_builder_class = _View


class RootVolumesList:
    """The root volumes of many servers."""

    def __init__(self) -> None:
        self.nova = _Servers()

    def index(self, req: Any) -> dict[str, Any]:
        """GET of the list; ``root_volumes_links`` has the next page, if there is one."""
        context = req.environ["nova.context"]
        listed = self.nova.index(req)
        found = req.environ.pop(_FOUND, [])
        for project_id in {context.project_id, *(instance.project_id for instance in found)}:
            for rule in policies.LIST:
                policies.check(context, project_id, rule)
        mappings = _mappings(context, [instance.uuid for instance in found])
        answer = {"root_volumes": [_view(instance, mappings.get(instance.uuid)) for instance in found]}
        if "servers_links" in listed:
            answer["root_volumes_links"] = listed["servers_links"]
        return answer


def _mappings(context: Any, server_ids: list[str]) -> dict[str, Any]:
    """Read the mappings of all servers, each cell once; the result lacks servers of a cell that does not answer."""
    cells: dict[str, Any] = {}
    members: dict[str, list[str]] = {}
    for found in objects.InstanceMappingList.get_by_instance_uuids(context, server_ids):
        if found.cell_mapping is not None:
            cells[found.cell_mapping.uuid] = found.cell_mapping
            members.setdefault(found.cell_mapping.uuid, []).append(found.instance_uuid)
    results = nova_context.scatter_gather_cells(
        context, list(cells.values()), nova_context.CELL_TIMEOUT, _of_cell, server_ids
    )
    mappings: dict[str, Any] = {}
    for cell, result in results.items():
        if not nova_context.is_cell_failure_sentinel(result):
            mappings.update({server: result.get(server, []) for server in members[cell]})
    return mappings


def _of_cell(context: Any, server_ids: list[str]) -> dict[str, Any]:
    return objects.BlockDeviceMappingList.bdms_by_instance_uuid(context, server_ids)


def _view(instance: Any, mappings: Any) -> dict[str, Any]:
    """One server; all null if its cell does not answer."""
    if mappings is None or "root_device_name" not in instance:
        return {"server_id": instance.uuid, "device": None, "device_present": None, "volume_id": None, "task": None}
    return {"server_id": instance.uuid, **mapping.view(instance, mapping.root_of(mappings))}
