# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The controllers: what each request does. Nova's own Resource serves them, so everything around a call is Nova's."""

from __future__ import annotations

import copy
from typing import Any

import webob
from nova import exception
from nova.api.openstack import common, wsgi
from nova.api.openstack.compute import extension_info
from nova.compute import api as compute_api
from nova.policies import shelve as shelve_policies
from oslo_serialization import jsonutils
from oslo_utils import strutils
from webob import exc

from . import bodies, guard, mapping, policies
from .operations import Operations

EXTENSIONS = tuple(
    {
        "alias": alias,
        "name": name,
        "description": description,
        "links": [],
        "namespace": "",
        "updated": "2026-11-20T00:00:00Z",
    }
    for alias, name, description in (
        ("os-root-volume", "RootVolume", "Detach and attach the root volume of a shelved offloaded server."),
        ("os-root-volumes", "RootVolumes", "List the root volumes of all servers."),
    )
)


class NotOursError(Exception):
    """Nova itself is to answer the request."""


class RootVolumes:
    """The root volume of one server.

    Args:
        operations: detach and attach.
    """

    def __init__(self, operations: Operations) -> None:
        self.compute = compute_api.API()
        self.operations = operations

    @wsgi.response(202)
    def detach(self, req: Any, server_id: str, volume_id: str) -> None:
        """DELETE of an attachment: the root's is ours."""
        nova, own = policies.DETACH
        context, instance = self._server(req, server_id, nova)
        mappings = mapping.of_server(context, instance)
        root = mapping.root_of(mappings)
        if root is None or volume_id not in _root_ids(root):
            raise NotOursError
        if any(each.volume_id == volume_id for each in mappings if each is not root):
            raise NotOursError  # the former root is a data disk by now
        policies.check(context, instance.project_id, own)
        guard.check_lock(context, instance)
        guard.check_detach(instance, root)
        if not guard.since(req, "2.20"):
            raise NotOursError  # Nova refuses volume calls on shelved servers below 2.20, with its own text
        self.operations.detach(context, instance, root)

    def attach(self, req: Any, server_id: str, body: Any) -> Any:
        """POST of an attachment: ours if it means the root device."""
        nova, own = policies.ATTACH
        try:
            wanted = bodies.parse_attach(body)
            if wanted is None:
                raise NotOursError
            guard.check_body(req, wanted.body)
            context, instance = self._server(req, server_id, nova)
            root = mapping.find_root(context, instance)
            for_root = _means_root(wanted, instance, root)
        except bodies.BadBodyError as error:
            raise exc.HTTPBadRequest(explanation=str(error)) from error
        _take_is_root_out(req, wanted)
        if not for_root:
            raise NotOursError
        policies.check(context, instance.project_id, own)
        guard.check_lock(context, instance)
        guard.check_attach(instance, root)
        if not guard.since(req, "2.20"):
            raise NotOursError
        self._attach_root(context, instance, root, wanted.body["volumeAttachment"])
        return _attachment_view(req, root)

    def action(self, req: Any, server_id: str, body: Any) -> None:
        """POST of a server action: unshelve needs a root. Nova carries out what is not refused."""
        if not bodies.is_unshelve(body):
            raise NotOursError
        context, instance = self._server(req, server_id, shelve_policies.POLICY_ROOT % "unshelve")
        if instance.locked and not context.is_admin:
            raise NotOursError  # Nova's own refusal comes first
        root = mapping.find_root(context, instance)
        guard.check_unshelve(root)
        if self.operations.is_lost(context, instance, root):
            raise exc.HTTPForbidden(explanation=guard.CANT_UNSHELVE)
        raise NotOursError

    def show(self, req: Any, server_id: str) -> dict[str, Any]:
        """GET of the root volume. No other call tells a member which volume is the root."""
        nova, own = policies.SHOW
        context, instance = self._server(req, server_id, nova)
        policies.check(context, instance.project_id, own)
        return {"root_volume": mapping.view(instance, mapping.find_root(context, instance))}

    def _server(self, req: Any, server_id: str, rule: str) -> tuple[Any, Any]:
        """Look the server up in its cell and check Nova's policy of the call, as Nova's controllers do.

        The context is copied: looking up binds it to a cell, and Nova may handle this request after us.

        Raises:
            HTTPNotFound: no such server in the caller's reach.
            nova.exception.PolicyNotAuthorized: a 403.
        """
        context = copy.copy(req.environ["nova.context"])
        instance = common.get_instance(self.compute, context, server_id)
        policies.check(context, instance.project_id, rule)
        return context, instance

    def _attach_root(self, context: Any, instance: Any, root: Any, wanted: dict[str, Any]) -> None:
        if wanted.get("tag"):
            raise exception.VolumeTaggedAttachToShelvedNotSupported
        volumes = self.operations.volumes
        try:
            volume = volumes.get(context, wanted["volumeId"])
        except exception.VolumeNotFound as error:
            raise exc.HTTPNotFound(explanation=error.format_message()) from error
        guard.check_volume(context, volumes.api, instance, volume)
        delete = strutils.bool_from_string(wanted.get("delete_on_termination", False), strict=True)
        self.operations.attach(context, instance, root, volume, delete)


class Extensions:
    """Nova's own extension list with ours added; Nova's controller makes its own checks first."""

    def __init__(self) -> None:
        self.nova = extension_info.ExtensionInfoController()

    def index(self, req: Any) -> dict[str, Any]:
        """GET of the list."""
        return {"extensions": [*self.nova.index(req)["extensions"], *EXTENSIONS]}

    def show(self, req: Any, alias: str) -> dict[str, Any]:
        """GET of one."""
        for extension in EXTENSIONS:
            if extension["alias"] == alias:
                self.nova.show(req, "os-volumes")
                return {"extension": extension}
        raise NotOursError


def _means_root(wanted: bodies.RootRequest, instance: Any, root: Any) -> bool:
    names = mapping.device_names(instance, root)
    for_root = bodies.wants_root(wanted, names)
    if not for_root and mapping.is_missing(root):
        bodies.check_near_miss(wanted, names)
    return for_root


def _attachment_view(req: Any, root: Any) -> Any:
    """Nova's answer for the microversion: 200 with a body, from 2.101 on 202 without."""
    if guard.since(req, "2.101"):
        return webob.Response(status_int=202)
    ids = {"id": root.volume_id, "serverId": root.instance_uuid, "volumeId": root.volume_id}
    view = {**ids, "device": root.device_name}
    if guard.since(req, "2.70"):
        view["tag"] = root.tag
    if guard.since(req, "2.79"):
        view["delete_on_termination"] = root.delete_on_termination
    return {"volumeAttachment": view}


def _take_is_root_out(req: Any, wanted: bodies.RootRequest) -> None:
    """Take out what Nova's schema refuses, as the request may go on to Nova; any other body stays byte for byte."""
    if wanted.is_root is not None:
        req.body = jsonutils.dump_as_bytes(wanted.body)


def _root_ids(root: Any) -> set[str]:
    """What a DELETE may call the root: its volume, or, for a disk that has none, its image or its mapping (2.89)."""
    if root.is_volume:
        return set(filter(None, [mapping.volume_of(root)]))
    return set(filter(None, [root.image_id, root.uuid]))
