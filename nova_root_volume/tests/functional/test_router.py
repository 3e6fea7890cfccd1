# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The filter's routing against Nova's own: for any request both name the same call with the same arguments, or none."""

from __future__ import annotations

import contextlib
import io
from unittest import mock

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nova import conf, config
from nova.api.openstack.compute import routes
from routes.middleware import RoutesMiddleware

from nova_root_volume import router

SERVER = "134ccf15-4a97-4722-a0f8-40de716b36ff"
VOLUME = "6b994ad1-142f-4572-92d8-0a3e8a5dfb8a"

# what Nova calls the calls that the filter looks at
NOVAS = {
    ("VolumeAttachmentController", "delete"): ("root", "detach"),
    ("VolumeAttachmentController", "create"): ("root", "attach"),
    ("ServersController", "action"): ("root", "action"),
    ("ExtensionInfoController", "index"): ("extensions", "index"),
    ("ExtensionInfoController", "show"): ("extensions", "show"),
}
# the filter's own paths: a call of Nova whose path has the same form
TWINS = {
    ("root", "show"): (("os-root-volume", "os-volume_attachments"), ("VolumeAttachmentController", "index")),
    ("list", "index"): (("os-root-volumes", "os-keypairs"), ("KeypairController", "index")),
}


class Table:
    """A routing table, asked as a server asks it."""

    def __init__(self, mapper):
        self.match = None
        self.middleware = RoutesMiddleware(self._keep, mapper)

    def _keep(self, environ, start_response):
        self.match = dict(environ["wsgiorg.routing_args"][1])
        return []

    def ask(self, request, path=None):
        """Returns the match of a request, its controller and the other arguments apart."""
        environ = {
            "REQUEST_METHOD": request["method"],
            "SCRIPT_NAME": "",
            "PATH_INFO": path or request["path"],
            "QUERY_STRING": request["query"],
            "CONTENT_TYPE": request["kind"],
            "CONTENT_LENGTH": str(len(request["body"])),
            "wsgi.input": io.BytesIO(request["body"]),
            "wsgi.url_scheme": "http",
            "HTTP_HOST": "nova",
        }
        self.match = {}
        with contextlib.suppress(ValueError):  # a form that cannot be read: a 500 of Routes, whoever asks it
            self.middleware(environ, lambda *_: None)
        match = dict(self.match)
        return match.pop("controller", None), match.pop("action", None), sorted(map(str, match.values()))


@pytest.fixture(scope="module")
def tables():
    """Nova's own routing table and the filter's."""
    config.parse_args(["nova"], default_config_files=[], configure_db=False, init_rpc=False)
    ours = router.make_mapper({name: name for _, _, name, _ in router.ROUTES})
    # its controllers would connect to the message bus
    with mock.patch.multiple("nova.rpc", get_client=mock.DEFAULT, get_notifier=mock.DEFAULT):
        novas = routes.APIRouterV21().map
    yield Table(novas), Table(ours)
    conf.CONF.reset()  # else Nova's fixtures cannot read it in the next test


def by_nova(table, request):
    """What Nova's table says, in the filter's words."""
    last = request["path"].strip("/").split("/")[-1]
    for call, ((word, twin), wanted) in TWINS.items():
        found = named(table, request, twin.join(request["path"].rsplit(word, 1))) if word in last else None
        if found and found[0] == wanted:
            return call, found[1]
    found = named(table, request)
    return (NOVAS[found[0]], found[1]) if found and found[0] in NOVAS else None


def named(table, request, path=None):
    """What Nova's table says in Nova's words: ((controller class, action), arguments)."""
    resource, action, values = table.ask(request, path)
    return ((type(resource.controller).__name__, action), values) if resource else None


SEGMENTS = st.sampled_from(
    [
        *("servers", SERVER, VOLUME, "action", "os-volume_attachments", "os-root-volume", "os-root-volumes"),
        *("extensions", "detail", "1194e1a00b964fec9b45fdd11aadaefe", "42", "-", "ABCDEF", "v2.1", "", " ", "."),
        *("..", "servers.json", "action.json", f"{SERVER}.xml", "os-root-volume.json", "x.txt", "%61ction"),
        *("actión", "\udc61ction", "Action", "action;x", "extensions.xml", "{server_id}", "os-keypairs"),
    ]
)
SHAPES = st.sampled_from(
    [
        *(["servers", SERVER, "action"], ["servers", SERVER, "os-volume_attachments"], ["os-root-volumes"]),
        *(["servers", SERVER, "os-volume_attachments", VOLUME], ["servers", SERVER, "os-root-volume"]),
        *(["extensions"], ["extensions", "os-root-volume"]),
    ]
)


@st.composite
def paths(draw):
    """A path that Nova serves, or nearly so."""
    parts = list(draw(SHAPES))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        place = draw(st.integers(0, len(parts)))
        change = draw(st.sampled_from(["insert", "replace", "remove"]))
        parts[place : place + (change != "insert")] = [] if change == "remove" else [draw(SEGMENTS)]
    return draw(st.sampled_from(["/", "", "//"])) + "/".join(parts) + draw(st.sampled_from(["", "/", "//"]))


METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "post", "Delete", "")
FORM = "application/x-www-form-urlencoded"
REQUESTS = st.fixed_dictionaries(
    {
        "method": st.one_of(st.sampled_from(METHODS[:4]), st.sampled_from(METHODS)),
        "path": paths(),
        "query": st.one_of(
            *[st.just("")] * 3,
            st.builds(
                "{}{}{}{}".format,
                st.sampled_from(["", "a=b&", "&", ";", "_method=GET&", "__method=POST&"]),
                st.sampled_from(["_method=", "_METHOD=", "_metho%64=", "_method"]),
                st.sampled_from([*METHODS, "%50OST", "POST ", "+POST", "%ff", "DELETE%00"]),
                st.sampled_from(["", "&x=_method", "&_method=PUT", "#_method=POST"]),
            ),
        ),
        "kind": st.sampled_from(["application/json", FORM, FORM.upper() + "; charset=x", "multipart/form-data", ""]),
        "body": st.sampled_from([b"", b"_method=POST", b"_method=delete&a=b", b"_method=%ff", b'{"unshelve": null}']),
    }
)


def a_request(method, path, query="", kind="application/json", body=b""):
    """One request, as hypothesis makes them."""
    return {"method": method, "path": path, "query": query, "kind": kind, "body": body}


@settings(max_examples=1500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(request=REQUESTS)
@example(request=a_request("PUT", f"/servers/{SERVER}/action", "_method=POST"))
@example(request=a_request("PUT", f"/servers/{SERVER}/os-volume_attachments", "_method=post"))
@example(request=a_request("POST", f"/servers/{SERVER}/os-volume_attachments/{VOLUME}", "", FORM, b"_method=DELETE"))
@example(request=a_request("GET", f"/abc/servers/{SERVER}/os-root-volume"))
@example(request=a_request("GET", f"/ABC/servers/{SERVER}/os-root-volume"))
@example(request=a_request("GET", "/42/os-root-volumes"))
@example(request=a_request("GET", "/extensions/os-root-volume"))
def test_both_tables_agree(tables, request):
    novas, ours = tables
    controller, action, values = ours.ask(request)
    assert ((((controller, action), values)) if controller else None) == by_nova(novas, request)


def test_the_fuzz_meets_every_route(tables):
    """It would agree just as well if no request ever matched."""
    met = set()

    @settings(
        max_examples=1500, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(request=REQUESTS)
    def look(request):
        met.add(tables[1].ask(request)[:2])

    look()
    assert met >= {(controller, action) for _, _, controller, action in router.ROUTES}


def test_every_call_of_nova_that_touches_a_root_is_routed():
    """The table names what Nova's routes call it today: should Nova move a path, this fails and not the guard."""
    listed = {path: methods for path, methods in routes.ROUTE_LIST if not isinstance(methods, str)}
    assert {"GET", "POST"} <= set(listed["/servers/{server_id}/os-volume_attachments"])
    assert {"DELETE"} <= set(listed["/servers/{server_id}/os-volume_attachments/{id}"])
    assert {"POST"} <= set(listed["/servers/{id}/action"])
