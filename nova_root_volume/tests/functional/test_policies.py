# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Policies: for every rule overridden in turn, the filter's verdict is Nova's own for the same call."""

from __future__ import annotations

import itertools
import uuid

from base import GuardedNova
from nova import policies as novas_policies
from nova import policy

from nova_root_volume import policies

USER = "user_id:%(user_id)s"
OVERRIDES = ("!", "@", "role:admin", "role:reader", "project_id:%(project_id)s", USER, "user_id:fake")


class Policies(GuardedNova):
    """Each verdict is taken twice: by the filter, and by Nova on a call of the same kind that is not the filter's."""

    def verdict(self, api, method, path, body=None):
        """Tells whether the policies let a call through: the rule that did not, or None."""
        status, answer = self.call(method, path, body, api=api)
        text = str(answer)
        return text if status == 403 and "Policy doesn't allow" in text else None

    def pairs(self, active, rootless):
        """The filter's call and its twin of Nova's own."""
        server, root = active
        bare, _ = rootless
        none = str(uuid.uuid4())
        volumes = f"/servers/{server}/os-volume_attachments"
        unshelve = {"unshelve": None}
        data = {"volumeAttachment": {"volumeId": none}}
        as_root = {"volumeAttachment": {"volumeId": none, "is_root": True}}
        return {
            "detach": (("DELETE", f"{volumes}/{root}"), ("DELETE", f"{volumes}/{none}")),
            "attach": (("POST", volumes, as_root), ("POST", volumes, data)),
            "unshelve": (
                ("POST", f"/servers/{bare}/action", unshelve),
                ("POST", f"/servers/{server}/action", unshelve),
            ),
            "show": (("GET", f"/servers/{server}/os-root-volume"), ("GET", volumes)),
            "extensions": (("GET", "/extensions/os-root-volume"), ("GET", "/extensions/os-volumes")),
            "list": (("GET", "/os-root-volumes"), ("GET", f"/servers/{server}/os-volume_attachments")),
        }

    def test_each_rule_overridden(self):
        active, rootless = self.active(), self.rootless()
        pairs = self.pairs(active, rootless)
        rules = {
            "os_compute_api:os-volumes-attachments:delete": "detach",
            "os_compute_api:os-volumes-attachments:create": "attach",
            "os_compute_api:os-volumes-attachments:index": "show",
            "os_compute_api:os-shelve:unshelve": "unshelve",
            "os_compute_api:extensions": "extensions",
        }
        users = (self.api, self.admin_api, self.api_fixture.reader_api, self.api_fixture.other_api)
        for (rule, call), override in itertools.product(rules.items(), (*OVERRIDES, None)):
            self.policy.set_rules({rule: override or self.default(rule)}, overwrite=False)
            for api in users:
                ours, novas = (self.verdict(api, *one) for one in pairs[call])
                assert ours == novas, (rule, override, api.auth_user)

    def default(self, rule):
        """Nova's own default of a rule."""
        return next(each.check_str for each in novas_policies.list_rules() if each.name == rule)

    def test_each_own_rule_overridden(self):
        """The verdict is Nova's by default, and beside it what Nova's rule would say if it were overridden so."""
        pairs = self.pairs(self.active(), self.rootless())
        rules = {policies.DETACH: "detach", policies.ATTACH: "attach", policies.SHOW: "show", policies.LIST: "list"}
        for ((novas, own), call), override in itertools.product(rules.items(), (*OVERRIDES, None)):
            for api in (self.api, self.admin_api, self.api_fixture.reader_api, self.api_fixture.other_api):
                usual = self.verdict(api, *pairs[call][1])
                self.policy.set_rules({novas: override or self.default(novas)}, overwrite=False)
                overridden = self.verdict(api, *pairs[call][1])
                self.policy.set_rules({novas: self.default(novas), own: override or f"rule:{novas}"}, overwrite=False)
                ours = self.verdict(api, *pairs[call][0])
                wanted = usual or (overridden and overridden.replace(novas, own))
                assert ours == wanted, (own, override, api.auth_user)
                self.policy.set_rules({own: f"rule:{novas}"}, overwrite=False)

    def test_the_list_obeys_the_rules_of_the_server_list(self):
        """Who may list the servers, and those of all projects, may list their roots, and nobody else."""
        self.active()
        rules = {"os_compute_api:servers:index": "", "os_compute_api:servers:index:get_all_tenants": "?all_tenants=1"}
        users = (self.api, self.admin_api, self.api_fixture.reader_api, self.api_fixture.other_api)
        for (rule, query), override, api in itertools.product(rules.items(), (*OVERRIDES, None), users):
            self.policy.set_rules({rule: override or self.default(rule)}, overwrite=False)
            novas, ours = (self.verdict(api, "GET", f"/{each}{query}") for each in ("servers", "os-root-volumes"))
            if novas is not None or override is None:
                assert ours == novas, (rule, override, api.auth_user)

    def test_the_list_has_the_policy_of_the_single_one(self):
        self.active()
        for rule in policies.LIST:
            self.policy.set_rules({rule: "!"}, overwrite=False)
            verdict = self.verdict(self.api, "GET", "/os-root-volumes")
            assert verdict, rule
            assert rule in verdict
            self.policy.set_rules({rule: "@"}, overwrite=False)

    def test_own_rules_restrict_further(self):
        """They stand beside Nova's: an operator can give data volumes to members and roots to a role."""
        server, root = self.active()
        path = f"/servers/{server}/os-volume_attachments"
        body = {"volumeAttachment": {"volumeId": str(uuid.uuid4()), "is_root": True}}
        for rules, call in (
            (policies.DETACH, ("DELETE", f"{path}/{root}")),
            (policies.ATTACH, ("POST", path, body)),
            (policies.SHOW, ("GET", f"/servers/{server}/os-root-volume")),
        ):
            own = rules[1]
            assert self.verdict(self.api, *call) is None
            self.policy.set_rules({own: "role:operator"}, overwrite=False)
            assert f"Policy doesn't allow {own}" in self.verdict(self.api, *call)
            self.policy.set_rules({own: "@", rules[0]: "!"}, overwrite=False)
            assert f"Policy doesn't allow {rules[0]}" in self.verdict(self.api, *call), "Nova's rule holds as well"
            self.policy.set_rules({rules[0]: "@"}, overwrite=False)

    def test_rules_are_registered_with_a_description(self):
        registered = policy._ENFORCER.registered_rules
        for rule in policies.list_rules():
            assert registered[rule.name].check_str == f"rule:{self.beside(rule.name)}"
            assert rule.description
            assert rule.operations

    def beside(self, own):
        """Nova's rule beside one of the filter's."""
        every = (policies.DETACH, policies.ATTACH, policies.SHOW, policies.LIST)
        return next(novas for novas, name in every if name == own)
