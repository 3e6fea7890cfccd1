# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Codes, headers and bodies of an attach, judged by Tempest's own response schemas and beside Nova's own answers."""

from __future__ import annotations

import jsonschema
from base import GuardedNova, has
from tempest.lib.api_schema.response.compute.v2_1 import servers as v21
from tempest.lib.api_schema.response.compute.v2_70 import servers as v270
from tempest.lib.api_schema.response.compute.v2_79 import servers as v279

SCHEMAS = {
    "2.20": v21.attach_volume,
    "2.69": v21.attach_volume,
    "2.70": v270.attach_volume,
    "2.78": v270.attach_volume,
    "2.79": v279.attach_volume,
    "2.96": v279.attach_volume,
    "2.100": v279.attach_volume,
    "2.101": None,  # an answer without a body
}
HEADERS = ("Content-Type", "Vary", "OpenStack-API-Version", "X-OpenStack-Nova-API-Version")


class Answers(GuardedNova):
    """Attach and detach at each microversion that changes them."""

    def both(self, server, version, **fields):
        """Attaches a root by the filter and a data volume by Nova: both answers."""
        answers = []
        for more in ({"is_root": True}, {}):
            body = {"volumeAttachment": {"volumeId": self.cinder.make(), **more, **fields}}
            answers.append(self.answer("POST", f"/servers/{server}/os-volume_attachments", body, version))
        return answers

    def test_attach_and_detach(self):
        server, _ = self.rootless()
        known = {version: schema for version, schema in SCHEMAS.items() if has(version)}
        for version, schema in {**known, "latest": list(known.values())[-1]}.items():
            ours, novas = self.both(server, version)
            assert ours.status_code == novas.status_code, (version, ours.text, novas.text)
            self.assert_headers(ours, novas)
            if schema:
                assert ours.status_code in schema["status_code"]
                jsonschema.Draft4Validator(schema["response_body"]).validate(ours.json())
                assert set(ours.json()["volumeAttachment"]) == set(novas.json()["volumeAttachment"])
            else:
                assert (ours.status_code, ours.content) == (202, b"")
            self.check_detach(server, version)

    def check_detach(self, server, version):
        """The root by the filter, a data volume by Nova: the same answer."""
        root = self.root(server)["volume_id"]
        data = next(each for each in self.api.get_server_volumes(server) if each["volumeId"] != root)["volumeId"]
        path = f"/servers/{server}/os-volume_attachments"
        ours, novas = (self.answer("DELETE", f"{path}/{each}", None, version) for each in (root, data))
        assert (ours.status_code, ours.content) == (novas.status_code, novas.content) == (202, b"")
        self.assert_headers(ours, novas)

    def assert_headers(self, ours, novas):
        """What a client looks at is the same."""
        for name in HEADERS:
            assert ours.headers.get(name) == novas.headers.get(name), name

    def test_below_2_20(self):
        server, _ = self.rootless()
        ours, novas = self.both(server, "2.19")
        assert (ours.status_code, ours.json()) == (novas.status_code, novas.json())
        assert ours.status_code == 409

    def test_bad_requests(self):
        """Bodies that Nova refuses are refused alike, and an odd one is never a 500."""
        server, _ = self.rootless()
        for fields in ({"other": 1}, {"device": "sda"}, {"tag": "x" * 80}, {"device": "/dev/sdb\udfff"}):
            ours, novas = self.both(server, self.microversion, **fields)
            assert ours.status_code == novas.status_code == 400, (fields, ours.text, novas.text)
        for body in (b"{", b"[]", b"", b"null", b'"\\ud800"', b"\xff\xfe{\x00}\x00"):
            answer = self.answer("POST", f"/servers/{server}/os-volume_attachments", body)
            assert answer.status_code == 400, (body, answer.text)
