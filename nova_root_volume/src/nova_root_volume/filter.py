# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSGI filter: asks routing what a request is, guard whether it may, operations to do it."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from nova import exception
from nova.api.openstack import common, wsgi
from nova.compute import api as compute_api
from nova.policies import shelve as shelve_policies
from nova.policies import volumes_attachments as attachment_policies
from nova.volume import cinder
from oslo_serialization import jsonutils
from oslo_utils import strutils
from webob import exc

from . import guard, mapping, operations, responses, routing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

EXTENSION = {
    "alias": "os-root-volume",
    "name": "RootVolume",
    "description": "Detach and attach the root volume of a shelved offloaded server.",
    "links": [],
    "namespace": "",
    "updated": "2026-11-20T00:00:00Z",
}


def factory(_global_conf: dict[str, str], **local_conf: str) -> Callable[[Any], RootVolumeFilter]:
    """Entry point for Paste.

    Args:
        local_conf: ``stale_task_seconds`` (default 60): after this time an attach or detach whose nova-api died no
            longer blocks the next one.
    """
    stale_after = float(local_conf.get("stale_task_seconds", 60))
    return lambda app: RootVolumeFilter(app, stale_after)


class RootVolumeFilter:
    """Handles what routing names and hands everything else to Nova unchanged.

    Args:
        app: the next WSGI application, in the end Nova's API.
        stale_after: seconds, see ``factory``.
    """

    def __init__(self, app: Any, stale_after: float) -> None:
        self.app = app
        self.compute = compute_api.API()
        self.volumes = cinder.API()
        self.operations = operations.Operations(self.volumes, stale_after)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer the request, or let Nova answer it (a handler that returns None has nothing to say)."""
        route = routing.match(environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""))
        request = responses.prepare(environ) if route else None
        if route is None or request is None:
            return self.app(environ, start_response)
        try:
            with wsgi.ResourceExceptionHandler():
                response = getattr(self, route.name)(request, route)
        except wsgi.Fault as fault:
            response = fault
        return (response or self.app)(environ, start_response)

    def detach(self, request: Any, route: routing.Route) -> Any:
        """DELETE of an attachment: the root's is ours."""
        context, instance = self._server(request, route, attachment_policies.POLICY_ROOT % "delete")
        root = mapping.find_root(context, instance)
        if root is None or route.target not in _root_ids(root):
            return None
        guard.check_lock(context, instance)
        guard.check_detach(instance, root)
        if not responses.since(request, "2.20"):
            return None  # Nova refuses volume calls on shelved servers below 2.20, with its own text
        self.operations.detach(context, instance, root.volume_id)
        return responses.answer(request, 202)

    def attach(self, request: Any, route: routing.Route) -> Any:
        """POST of an attachment: ours if it means the root device."""
        try:
            wanted = routing.parse_attach(_json(request))
            if wanted is None:
                return None
            guard.check_body(request, wanted.body)
            context, instance = self._server(request, route, attachment_policies.POLICY_ROOT % "create")
            root = mapping.find_root(context, instance)
            for_root = routing.wants_root(wanted, mapping.device_names(instance, root))
        except routing.BadBodyError as error:
            raise exc.HTTPBadRequest(explanation=str(error)) from error
        _take_is_root_out(request, wanted)
        if not for_root:
            return None
        guard.check_lock(context, instance)
        guard.check_attach(instance, root)
        if not responses.since(request, "2.20"):
            return None
        return self._attach_root(request, context, instance, wanted.body["volumeAttachment"])

    def action(self, request: Any, route: routing.Route) -> None:
        """POST of a server action: unshelve needs a root."""
        if not routing.is_unshelve(_json(request)):
            return
        context, instance = self._server(request, route, shelve_policies.POLICY_ROOT % "unshelve")
        if instance.locked and not context.is_admin:
            return  # Nova's own refusal comes first
        mapping.release_stale(instance, self.operations.stale_after)
        root = mapping.find_root(context, instance)
        if mapping.is_missing(root) or self.operations.is_lost(context, instance, root):
            raise exc.HTTPForbidden(explanation=guard.CANT_UNSHELVE)

    def show(self, request: Any, route: routing.Route) -> Any:
        """GET of the root volume: what no other call tells a member."""
        context, instance = self._server(request, route, attachment_policies.POLICY_ROOT % "index")
        root = mapping.find_root(context, instance)
        device = instance.root_device_name or (root.device_name if root is not None else None)
        present = root is not None and not mapping.is_missing(root)
        view = {"device": device, "device_present": present, "volume_id": root.volume_id if root is not None else None}
        return responses.answer(request, 200, {"root_volume": view})

    def list_extensions(self, request: Any, _route: routing.Route) -> Any:
        """GET of the extension list: Nova's own with ours added."""
        response = request.get_response(self.app)
        if response.status_int == 200:
            body = json.loads(response.text)
            body["extensions"].append(EXTENSION)
            response.text = json.dumps(body)
        return response

    def show_extension(self, request: Any, _route: routing.Route) -> Any:
        """GET of the one extension."""
        return responses.answer(request, 200, {"extension": EXTENSION})

    def _server(self, request: Any, route: routing.Route, policy: str) -> tuple[Any, Any]:
        """Look the server up in its cell and check the policy, as the controllers do.

        The context is copied: looking up binds it to a cell, and Nova may handle this request after us.

        Raises:
            HTTPNotFound: no such server in the caller's reach.
            nova.exception.PolicyNotAuthorized: a 403.
        """
        context = copy.copy(request.environ["nova.context"])
        instance = common.get_instance(self.compute, context, route.server_id)
        context.can(policy, target={"user_id": instance.user_id, "project_id": instance.project_id})
        return context, instance

    def _attach_root(self, request: Any, context: Any, instance: Any, wanted: dict[str, Any]) -> Any:
        if wanted.get("tag"):
            raise exception.VolumeTaggedAttachToShelvedNotSupported
        try:
            volume = self.volumes.get(context, wanted["volumeId"])
        except exception.VolumeNotFound as error:
            raise exc.HTTPNotFound(explanation=error.format_message()) from error
        guard.check_volume(context, self.volumes, instance, volume)
        delete = strutils.bool_from_string(wanted.get("delete_on_termination", False), strict=True)
        root = self.operations.attach(context, instance, volume, delete)
        return responses.answer(request, 202, _attachment_view(request, root))


def _attachment_view(request: Any, root: Any) -> dict[str, Any] | None:
    """The body of Nova's answer for the microversion; from 2.101 it has none."""
    if responses.since(request, "2.101"):
        return None
    ids = {"id": root.volume_id, "serverId": root.instance_uuid, "volumeId": root.volume_id}
    view = {**ids, "device": root.device_name}
    if responses.since(request, "2.70"):
        view["tag"] = root.tag
    if responses.since(request, "2.79"):
        view["delete_on_termination"] = root.delete_on_termination
    return {"volumeAttachment": view}


def _json(request: Any) -> Any:
    """Decode the body as Nova is going to; what is no JSON is Nova's to refuse."""
    try:
        return jsonutils.loads(request.body)
    except ValueError:
        return None


def _take_is_root_out(request: Any, wanted: routing.RootRequest) -> None:
    """Nova's schema refuses ``is_root``, should the request go on to Nova; any other body stays byte for byte."""
    if wanted.is_root is not None:
        request.body = jsonutils.dump_as_bytes(wanted.body)


def _root_ids(root: Any) -> set[str]:
    """What a DELETE may call the root: its volume, or, for a disk that has none, its image or its mapping (2.89)."""
    if root.is_volume:
        return {root.volume_id} - {None}
    return {root.image_id, root.uuid} - {None}
