# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The whole of nova-api with the filter and without it, below /v2.1 and /v2: the same answer to any request.

The filter's own paths are held against a path of Nova's that has the same form.
"""

from __future__ import annotations

import io
import itertools
import json
import pathlib

import fixtures
import webob
from base import PASTE, GuardedNova
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nova.api import wsgi
from test_router import REQUESTS, SERVER, VOLUME

OTHER = "0" * 32
PREFIXES = ("/v2.1", "/v2", "/v2.1/{project}", "/v2/{project}", f"/v2.1/{OTHER}", f"/v2/{OTHER}", "/v2.1/projects", "")
VERSIONS = (None, "2.1", "2.19", "2.20", "2.96", "latest", "2.999", "rubbish")
# the filter's own words, and words of Nova's that stand for the same kind of thing
TWINS = {"os-root-volumes": "os-keypairs", "os-root-volume": "os-volume_attachments"}


class Pipelines(GuardedNova):
    """Requests to servers that do not exist, so that none changes anything."""

    def setUp(self):
        super().setUp()
        self.guarded = wsgi.Loader().load_app("osapi_compute")
        paste = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / "api-paste.ini"
        paste.write_text(PASTE.read_text())
        self.flags(api_paste_config=str(paste), group="wsgi")
        self.stock = wsgi.Loader().load_app("osapi_compute")

    def outcome(self, app, prefix, version, request):
        """Status and body, without what differs in each answer; what else a server may see is an error's name."""
        environ = {
            "REQUEST_METHOD": request["method"],
            "SCRIPT_NAME": "",
            "PATH_INFO": prefix.format(project=self.api.project_id) + request["path"],
            "QUERY_STRING": request["query"],
            "CONTENT_TYPE": request["kind"],
            "CONTENT_LENGTH": str(len(request["body"])),
            "wsgi.input": io.BytesIO(request["body"]),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
            "HTTP_HOST": "nova",
            "SERVER_NAME": "nova",
            "SERVER_PORT": "80",
            "HTTP_X_AUTH_USER": "fake",
            "HTTP_X_AUTH_PROJECT_ID": self.api.project_id,
            "HTTP_X_ROLES": "reader,member",
        }
        if version:
            environ["HTTP_OPENSTACK_API_VERSION"] = f"compute {version}"
        try:
            answer = webob.Request(environ).get_response(app)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it must be the same
            return type(error).__name__
        return answer.status_int, answer.headers.get("OpenStack-API-Version"), self.without_own(answer)

    def without_own(self, answer):
        """The body; from a list of extensions what the filter adds is taken out."""
        try:
            found = json.loads(answer.body)
        except ValueError:
            return answer.body
        if isinstance(found, dict) and isinstance(found.get("extensions"), list):
            found["extensions"] = [each for each in found["extensions"] if each["alias"] not in TWINS]
        return found

    def novas_form(self, request):
        """The request in Nova's words, if it is one of the filter's own; None if it is not."""
        last = request["path"].strip("/").rpartition("/")[2]
        word = next((each for each in TWINS if each in last), None)
        if word is None:
            return None
        twin = "os-volumes" if "extensions" in request["path"] else TWINS[word]
        return {**request, "path": twin.join(request["path"].rsplit(word, 1))}

    def test_any_request(self):
        statuses = set()

        @settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(prefix=st.sampled_from(PREFIXES), version=st.sampled_from(VERSIONS), request=REQUESTS)
        def same(prefix, version, request):
            guarded = self.outcome(self.guarded, prefix, version, request)
            statuses.add(guarded[0])
            twin = self.novas_form(request)
            if twin is None:
                assert guarded == self.outcome(self.stock, prefix, version, request)
            elif request["method"] == "GET" and "_method" not in f"{request['query']}{request['body']}".lower():
                stock = self.outcome(self.stock, prefix, version, twin)
                assert guarded[:2] == stock[:2], (guarded, stock)

        same()
        assert {200, 400, 404} <= statuses, "the requests are those of an API"

    def test_calls_of_the_filter(self):
        """Each of its calls, whole and well-formed, to a server that does not exist: Nova's own answer, from both."""
        attach = {"volumeAttachment": {"volumeId": VOLUME}}
        path = f"/servers/{SERVER}"
        calls = (
            ("POST", f"{path}/action", {"unshelve": None}),
            ("POST", f"{path}/os-volume_attachments", attach),
            ("DELETE", f"{path}/os-volume_attachments/{VOLUME}", None),
        )
        for (method, where, body), prefix, version in itertools.product(calls, PREFIXES, VERSIONS):
            request = {"method": method, "path": where, "query": "", "kind": "application/json"}
            request["body"] = b"" if body is None else json.dumps(body).encode()
            guarded, stock = (self.outcome(app, prefix, version, request) for app in (self.guarded, self.stock))
            assert guarded == stock, (prefix, version, method, where)

    def test_only_one_of_them_has_the_filter(self):
        """Else they would agree about everything."""
        request = {"method": "GET", "path": "/os-root-volumes", "query": "", "kind": "", "body": b""}
        for prefix in ("/v2", "/v2.1"):
            assert self.outcome(self.guarded, prefix, None, request)[0] == 200
            assert self.outcome(self.stock, prefix, None, request)[0] == 404
