# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Ansible glue of the modules: options, check mode, diff, exit and failure. No other file knows AnsibleModule."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from .cloud.errors import understood
from .cloud.read.server import last_failure
from .cloud.session import LAST_ANSWERS, Session
from .cloud.shared_lists import Inventory
from .data.errors import StandbyError, changed_before
from .data.steps import Decision
from .data.texts import shown
from .engine.converge import Job, Outcome
from .engine.fleet import Fleet
from .executors import Executor

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
    "interface": {"type": "str", "choices": ["admin", "internal", "public"], "aliases": ["endpoint_type"]},
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

#: (what is seen now, what this run saw first, options) -> plan or refusal.
Decide = Callable[[Any, Any, Mapping[str, Any]], Decision]


def connection(params: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of ``openstack.connect`` for the cloud options. What is given beside a cloud prevails."""
    cloud = params["cloud"]
    whole = dict(cloud) if isinstance(cloud, dict) else {} if cloud is None else {"cloud": cloud}
    renamed = {"validate_certs": "verify", "ca_cert": "cacert", "client_cert": "cert", "client_key": "key"}
    names = ("auth_type", "auth", "region_name", *renamed, "interface", "api_timeout")
    return {**whole, **{renamed.get(name, name): params[name] for name in names if params.get(name) is not None}}


def secrets_of(cloud: Any) -> set[str]:
    """The secrets of a cloud that is described by a dict: all of its auth except user and address, and its keys."""
    if not isinstance(cloud, Mapping):
        return set()
    auth = cloud.get("auth")
    open_ones = ("auth_url", "username", "project_", "user_domain", "project_domain", "domain_", "system_scope")
    pairs = auth.items() if isinstance(auth, Mapping) else ()
    hidden = [value for key, value in pairs if not str(key).startswith(open_ones)]
    return {str(value) for value in (*hidden, *map(cloud.get, ("password", "token", "key"))) if value}


class _Module(AnsibleModule):
    """A module that hides the secrets of a cloud that is described by a dict: from the log of the system too."""

    def _log_invocation(self) -> None:
        self.no_log_values.update(secrets_of(self.params["cloud"]))
        super()._log_invocation()


def understanding(cloud: Session, what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with an answer that is not as OpenStack describes it told as the fault of the cloud."""

    def understood_call(*arguments: Any) -> Any:
        with understood(cloud.label, what):
            return function(*arguments)

    return understood_call


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
    module = _Module(argument_spec=spec, supports_check_mode=True, **rules)
    try:
        outcome = _run(module, read, decide)
    except StandbyError as error:
        module.fail_json(changed=changed_before(error), **shown(error.as_result()))
    except Exception as error:  # noqa: BLE001 - the edge: whatever it was, say it
        text = shown(f"Unexpected {type(error).__name__}: {error}")
        module.fail_json(msg=text, changed=changed_before(error), exception=traceback.format_exc())
    else:
        for note in outcome.plan.notes:
            module.warn(shown(note))
        module.exit_json(**shown(as_result(outcome, writes)))


def _run(module: AnsibleModule, read: Read, decide: Decide) -> Outcome:
    """A fleet of one job. A job's exception is raised."""
    params = module.params
    _log(params)
    timeout = params.get("timeout") or 3600
    cloud = Session(connection(params), seconds=timeout + LAST_ANSWERS)
    inventory = Inventory(cloud)
    executor = Executor(lambda _cloud: cloud)
    job = Job(
        name=str(params.get("server") or params.get("name")),
        read=understanding(cloud, "read", lambda since: read(cloud, params)),
        decide=lambda now, first: decide(now, first, params),
        perform=executor,
        explain=understanding(cloud, "explain", lambda _cloud, server_id: last_failure(cloud, server_id)),
    )
    poll = understanding(cloud, "look", lambda _cloud, *what: inventory.states(*what))
    fleet = Fleet(poll, timeout=timeout, stop=executor.stop)
    result = fleet.run([job], check=module.check_mode, wait=params.get("wait", True))[job.name]
    for text in cloud.warnings:
        module.warn(text)
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
