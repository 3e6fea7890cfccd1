# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""The filter's own policies. Nova's policy of the same call is always checked first; these only restrict further."""

from __future__ import annotations

from typing import Any

from nova import policy as nova_policy
from nova.policies import volumes_attachments
from oslo_policy import policy

_NOVA = volumes_attachments.POLICY_ROOT
_OWN = "os_compute_api:os-root-volume:%s"
_PATH = "/servers/{server_id}/os-volume_attachments"

DETACH = (_NOVA % "delete", _OWN % "detach")
ATTACH = (_NOVA % "create", _OWN % "attach")
SHOW = (_NOVA % "index", _OWN % "show")
LIST = (_NOVA % "index", _OWN % "list")


def list_rules() -> list[policy.DocumentedRuleDefault]:
    """Return the rules with their defaults, for nova-api and for oslopolicy-sample-generator."""
    return [
        _rule(DETACH, "Detach the root volume of a server", "DELETE", _PATH + "/{volume_id}"),
        _rule(ATTACH, "Attach a root volume to a server", "POST", _PATH),
        _rule(SHOW, "Show the root volume of a server", "GET", "/servers/{server_id}/os-root-volume"),
        _rule(LIST, "List the root volumes of all servers of a project", "GET", "/os-root-volumes"),
    ]


def register() -> None:
    """Add the rules to nova's enforcer; again is harmless."""
    nova_policy.init()
    enforcer = nova_policy._ENFORCER  # noqa: SLF001 -- Nova offers no other way to its enforcer
    for rule in list_rules():
        if rule.name not in enforcer.registered_rules:
            enforcer.register_default(rule)


def check(context: Any, project_id: str, rule: str) -> None:
    """Check one rule for servers of a project.

    Raises:
        nova.exception.PolicyNotAuthorized: a 403 that names the rule.
    """
    context.can(rule, target={"project_id": project_id})


def _rule(rules: tuple[str, str], description: str, method: str, path: str) -> policy.DocumentedRuleDefault:
    novas, own = rules
    operations = [{"method": method, "path": path}]
    return policy.DocumentedRuleDefault(own, f"rule:{novas}", description, operations, scope_types=["project"])
