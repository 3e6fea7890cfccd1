# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one operation of a recovery plan for all its servers, in this process, and shows each step as it happens."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.closing import closing
from ..module_utils.cloud.session import Session
from ..module_utils.decide.only import chosen
from ..module_utils.decide.recovery_plan import recovery_plan
from ..module_utils.errors import StandbyError
from ..module_utils.events import Event
from ..module_utils.fleet import Fleet
from ..module_utils.lines import Lines
from ..module_utils.options import PLAN_OPTIONS
from ..module_utils.plan import Finding
from ..module_utils.progress import foretold, summary, with_shortage
from ..module_utils.run import Killed, Run, begin, rehearse
from ..module_utils.wave import Wave, utc_now

OPTIONS: dict[str, Any] = {
    "operation": {
        "type": "str",
        "required": True,
        "choices": ["build", "prepare", "readiness", "replicate", "failover"],
    },
    "plan": {"type": "dict", "required": True, "options": PLAN_OPTIONS},
    "only": {"type": "str"},
    "site": {"type": "str", "default": "b", "choices": ["a", "b"]},
    "site_a_is_down": {"type": "str"},
    "min_interval": {"type": "int", "default": 0},
    "assume_networks": {"type": "bool", "default": False},
    "guarded_api": {"type": "str", "default": "advertised", "choices": ["advertised", "assume"]},
    "threads": {"type": "int", "default": 100},
    "requests_per_second": {"type": "int", "default": 0},
    "max_in_flight": {"type": "int", "default": 0},
    "timeout": {"type": "int", "default": 3600},
    "journal_folder": {"type": "path"},
    "quiet": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """See the module of the same name for the documentation."""

    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Runs the operation; every error ends here as a failed result, and in the journal."""
        self._parent = os.getppid()
        super().run(tmp, task_vars)
        validated = ArgumentSpecValidator(OPTIONS).validate(self._task.args)
        if validated.error_messages:
            return {"failed": True, "msg": "; ".join(validated.error_messages)}
        options = validated.validated_parameters
        self._say: Callable[..., None] = _say_nothing if options["quiet"] else Display().display
        try:
            run = self._begin(options, str((task_vars or {}).get("awx_user_name", "")))
        except StandbyError as error:
            return _failed(error)
        with contextlib.closing(run):
            result = run.end(self._operate(run, options))
        if run.journal.broken:
            Display().warning(f"The journal {run.journal.path} lacks its end: {run.journal.broken}")
        return result

    def _begin(self, options: Mapping[str, Any], user: str) -> Run:
        wave, folder = _wave(options, self._task.check_mode), options["journal_folder"] or ""
        if self._task.check_mode:
            return rehearse(wave, options["operation"], folder)
        given = {name: options[name] for name in self._task.args if name != "plan" and options[name] is not None}
        run = begin(wave, options["operation"], folder, given, user)
        for text in run.notes:
            self._say(text)
        return run

    def _operate(self, run: Run, options: Mapping[str, Any]) -> dict[str, Any]:
        try:
            why = run.fence(options["site_a_is_down"]) if options["operation"] == "failover" else ""
            self._go_on(run.wave)
            if why:
                self._say(f"The failover may go on: {why}.")
            result = self._drive(run, options)
        except Killed:
            raise
        except StandbyError as error:
            return _failed(error)
        except Exception as error:  # noqa: BLE001 - the edge: whatever it was, say it
            self._go_on(run.wave)  # without ansible-playbook much fails, and a run that was killed has no end
            Display().vvv(traceback.format_exc())
            return _unexpected(error)
        return {**result, "fence": why} if why else result

    def _go_on(self, wave: Wave) -> None:
        """Ends the run before its next step when ansible-playbook is gone.

        This process is a worker of ansible-playbook with a session of its own (ansible/executor/process/worker.py). It
        would survive a SIGKILL, and go on unseen beside the run that was started to carry on.

        :raises Killed: if it is; requests that wait for their turn are not sent any more.
        """
        if os.getppid() != self._parent:
            wave.stop()
            raise Killed("ansible-playbook was killed. Nothing more is done. Repeat to carry on.")

    @staticmethod
    def _shortage(wave: Wave, operation: str) -> list[Finding]:
        """A failover is not stopped by it: some servers are better than none, but who waits for them should know."""
        shortage = wave.shortage() if operation in _COMES_UP else []
        for finding in shortage if operation == "failover" else ():
            todo = "Servers that do not fit will not come up: raise the quota, then repeat."
            Display().warning(f"{finding}. {todo}")
        return shortage

    def _drive(self, run: Run, options: Mapping[str, Any]) -> dict[str, Any]:
        check, operation, wave = self._task.check_mode, options["operation"], run.wave
        hidden = options["quiet"] or check
        lines = Lines(_say_nothing if hidden else _show, [server.name for server in wave.plan.servers])
        fleet = _fleet(run, options, lines, lambda: self._go_on(wave))
        jobs, shortage = wave.jobs(operation), self._shortage(wave, operation)
        self._go_on(wave)
        results = fleet.run(jobs, check=check)
        lines.flush()
        result = summary(operation, wave, fleet, self._task.diff)
        if operation in _COMES_UP:
            result = with_shortage(result, wave.plan.name, shortage)
        for text in foretold(wave, results) if check else ():
            self._say(text)
        for text in () if check and operation != "readiness" else closing(wave.plan.name, result):
            self._say(text)
        return result


def _fleet(run: Run, options: Mapping[str, Any], lines: Lines, go_on: Callable[[], None]) -> Fleet:
    """What happens is written down first, then shown.

    :param go_on: called again and again; raises when the run must not go on.
    """

    def tell(event: Event) -> None:
        run.tell(event)
        lines.tell(event)

    def tick() -> None:
        go_on()
        lines.tick(run.seconds)

    limits = {name: options[name] for name in ("timeout", "threads", "max_in_flight")}
    return Fleet(run.wave.poll, tell=tell, tick=tick, stop=run.wave.stop, begin=run.began, **limits)


_COMES_UP = ("readiness", "failover")


def _failed(error: StandbyError) -> dict[str, Any]:
    return {"failed": True, "changed": False, **error.as_result()}


def _unexpected(error: Exception) -> dict[str, Any]:
    """As a server that failed so is told (`progress.server_row`)."""
    text = f"Unexpected {type(error).__name__}: {error}. Repeat to carry on."
    return {"failed": True, "changed": False, "msg": text, "error": {"code": "unexpected"}}


def _wave(options: Mapping[str, Any], check: bool) -> Wave:
    return Wave(
        plan=chosen(recovery_plan(options["plan"]), options["plan"], options["only"]),
        connect=lambda name, timeout=None: _connect(name, timeout, options),
        now=utc_now(),
        site=options["site"],
        min_interval=options["min_interval"],
        guarded_api=options["guarded_api"],
        foretold=_foretold(options) if check else frozenset(),
    )


def _say_nothing(*_what: object) -> None:
    pass


def _foretold(options: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """The networks and groups that the plan describes: in check mode nobody has made them before."""
    kinds = {"network": options["plan"]["networks"], "security_group": options["plan"]["security_groups"]}
    named = {(kind, row["name"]) for kind, rows in kinds.items() for row in rows}
    return frozenset(named) if options["assume_networks"] else frozenset()


def _show(text: str, kind: str) -> None:
    color = {"failed": "red", "skipped": "purple", "done": "yellow", "unchanged": "green"}.get(kind)
    Display().display(text, color=color)


def _connect(name: str, timeout: int | None, options: Mapping[str, Any]) -> Session:
    config = {"cloud": name, **({"api_timeout": timeout} if timeout else {})}
    return Session(config, options["threads"], options["requests_per_second"])
