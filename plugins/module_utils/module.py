# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible glue of the modules: options, check mode, diff, exit and failure. No other file knows AnsibleModule."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .apply import Job, Outcome
from .cloud.inventory import Inventory
from .cloud.read import last_failure
from .cloud.session import Session
from .cloud.verbs import VERBS
from .errors import StandbyError
from .fleet import Fleet
from .plan import Decision
from .record import LOCAL

#: The options of the collection openstack.cloud that say which cloud, with the same names.
CLOUD_OPTIONS: dict[str, Any] = {
    "cloud": {"type": "raw"},
    "auth_type": {"type": "str"},
    "auth": {"type": "dict", "no_log": True},
    "region_name": {"type": "str"},
    "validate_certs": {"type": "bool", "aliases": ["verify"]},
    "ca_cert": {"type": "str", "aliases": ["cacert"]},
    "client_cert": {"type": "str", "aliases": ["cert"]},
    "client_key": {"type": "str", "no_log": True, "aliases": ["key"]},
    "interface": {
        "type": "str",
        "default": "public",
        "choices": ["admin", "internal", "public"],
        "aliases": ["endpoint_type"],
    },
    "api_timeout": {"type": "int"},
    "sdk_log_path": {"type": "str"},
    "sdk_log_level": {"type": "str", "default": "INFO", "choices": ["INFO", "DEBUG"]},
}

#: Waiting, for every module that changes something.
WAIT_OPTIONS: dict[str, Any] = {"wait": {"type": "bool", "default": True}, "timeout": {"type": "int", "default": 300}}

#: Whether the operator vouches for the guarded API.
GUARDED_OPTION: dict[str, Any] = {
    "guarded_api": {"type": "str", "default": "advertised", "choices": ["advertised", "assume"]},
}


#: (cloud, options) -> what was seen; may raise.
Read = Callable[[Session, Mapping[str, Any]], Any]

#: (what was seen, options) -> plan or refusal.
Decide = Callable[[Any, Mapping[str, Any]], Decision]


def connection(params: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of ``openstack.connect`` for the cloud options, as openstack.cloud makes them."""
    if isinstance(params["cloud"], dict):
        return dict(params["cloud"])
    renamed = {"validate_certs": "verify", "ca_cert": "cacert", "client_cert": "cert", "client_key": "key"}
    names = ("cloud", "auth_type", "auth", "region_name", *renamed, "interface", "api_timeout")
    return {renamed.get(name, name): params[name] for name in names if params.get(name) is not None}


def performer(clouds: Mapping[str, Session]) -> Callable[[Any], Any]:
    """Carries out one step at the cloud that it names."""
    return lambda step: {**VERBS, **LOCAL}[step.verb](clouds[step.cloud], **step.args)


def run_module(
    options: Mapping[str, Any],
    read: Read,
    decide: Decide,
    writes: bool = True,
    **rules: Any,
) -> None:
    """The whole of a module: read, decide, apply, and tell Ansible.

    :param writes: whether the module changes anything, and so knows waiting.
    :param rules: further arguments of AnsibleModule, such as required_one_of.
    """
    spec = {**CLOUD_OPTIONS, **(WAIT_OPTIONS if writes else {}), **options}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True, **rules)
    try:
        outcome = _run(module.params, read, decide, module.check_mode)
    except StandbyError as error:
        module.fail_json(**error.as_result())
    except Exception as error:  # noqa: BLE001 - the edge: whatever it was, say it
        module.fail_json(msg=f"Unexpected {type(error).__name__}: {error}", exception=traceback.format_exc())
    else:
        for note in outcome.plan.notes:
            module.warn(note)
        module.exit_json(**as_result(outcome, writes))


def _run(params: Mapping[str, Any], read: Read, decide: Decide, check: bool) -> Outcome:
    """A fleet of one job. A job's exception is raised."""
    _log(params)
    cloud = Session(connection(params))
    inventory = Inventory(cloud)
    job = Job(
        name=str(params.get("server") or params.get("name")),
        read=lambda since: read(cloud, params),
        decide=lambda seen: decide(seen, params),
        perform=performer({"here": cloud}),
        explain=lambda _cloud, server_id: last_failure(cloud, server_id),
    )
    fleet = Fleet(lambda _cloud, *poll: inventory.states(*poll), timeout=params.get("timeout") or 3600)
    result = fleet.run([job], check=check, wait=params.get("wait", True))[job.name]
    if isinstance(result, Exception):
        raise result
    return result


def as_result(outcome: Outcome, writes: bool = True) -> dict[str, Any]:
    """What a module returns: the facts, and the plan that led to them."""
    plan = outcome.plan
    facts = {"changed": plan.changed, "server": dict(outcome.facts), **outcome.extra}
    if not writes:
        return facts
    return {
        **facts,
        "steps": [step.text for step in plan.steps if step.writes],
        **plan.found,
        "diff": {"before": dict(plan.before), "after": dict(plan.after)},
    }


def _log(params: Mapping[str, Any]) -> None:
    if params.get("sdk_log_path"):
        import openstack

        openstack.enable_logging(
            debug=params["sdk_log_level"] == "DEBUG", http_debug=False, path=params["sdk_log_path"]
        )
