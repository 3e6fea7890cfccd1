# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The Paste filter: which requests are ours. Nova's own router decides, with the few routes below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nova.api.openstack import ProjectMapper, wsgi
from nova.volume import cinder
from routes.middleware import RoutesMiddleware
from webob import exc

from .controllers import Extensions, NotOursError, RootVolumes
from .listing import COLLECTION, RootVolumesList
from .operations import Operations
from .volumes import Volumes

if TYPE_CHECKING:
    from collections.abc import Iterable

_SERVER = "/servers/{server_id}"
ROUTES = (
    ("DELETE", _SERVER + "/os-volume_attachments/{volume_id}", "root", "detach"),
    ("POST", _SERVER + "/os-volume_attachments", "root", "attach"),
    ("POST", _SERVER + "/action", "root", "action"),
    ("GET", _SERVER + "/os-root-volume", "root", "show"),
    ("GET", f"/{COLLECTION}", "list", "index"),
    ("GET", "/extensions", "extensions", "index"),
    ("GET", "/extensions/{alias}", "extensions", "show"),
)


def make_mapper(controllers: dict[str, Any]) -> ProjectMapper:
    """Return the routing table, made as Nova makes its own: with and without a project id in the path."""
    mapper = ProjectMapper()
    for method, path, controller, action in ROUTES:
        mapper.create_route(path, method, controllers[controller], action)
    return mapper


class RootVolumeFilter:
    """Answers what is ours and hands everything else to Nova unchanged.

    Args:
        app: the next WSGI application, in the end Nova's API.
        stale_after: seconds, see the option ``stale_task_seconds``.
    """

    def __init__(self, app: Any, stale_after: float) -> None:
        self.app = app
        operations = Operations(Volumes(cinder.API()), stale_after)
        controllers = {"root": RootVolumes(operations), "list": RootVolumesList(), "extensions": Extensions()}
        resources = {name: wsgi.Resource(controller) for name, controller in controllers.items()}
        # it also computes the method as Nova's router does: ?_method=POST makes a PUT a POST
        self.router = RoutesMiddleware(self._dispatch, make_mapper(resources))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer the request, or let Nova answer it."""
        return self.router(environ, start_response)

    def _dispatch(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        match = environ["wsgiorg.routing_args"][1]
        if not match:
            return self.app(environ, start_response)
        request = wsgi.Request(environ)
        try:
            response = request.get_response(match["controller"])
        except NotOursError:
            return self.app(environ, start_response)
        except UnicodeDecodeError:  # Nova's Resource logs bodies as UTF-8
            response = wsgi.Fault(exc.HTTPBadRequest(explanation="Malformed request body"))
        return response(environ, start_response)
