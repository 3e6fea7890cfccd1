# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one operation of a recovery plan for all its servers, in this process, and shows each step as it happens."""

from __future__ import annotations

import contextlib
import gc
import os
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.cloud.session import LAST_ANSWERS, Session, described
from ..module_utils.data.direction import other
from ..module_utils.data.errors import Refused, StandbyError
from ..module_utils.data.plan_record import Move, form_of
from ..module_utils.data.steps import Finding, Refusal
from ..module_utils.data.texts import shown
from ..module_utils.decide.plan.one_run import bad_lease
from ..module_utils.decide.plan.recovery_plan import recovery_plan
from ..module_utils.decide.plan.recovery_points import Wish, wish
from ..module_utils.decide.plan.select_servers import chosen
from ..module_utils.engine.events import Event
from ..module_utils.engine.fleet import Fleet
from ..module_utils.jobs import Wave, utc_now
from ..module_utils.operations import OPERATIONS, Operation
from ..module_utils.run.closing_lines import closing
from ..module_utils.run.live_lines import Lines, wrapped
from ..module_utils.run.reasons import reasons
from ..module_utils.run.result import foretold, summary, with_reasons, with_shortage
from ..module_utils.run.run import Killed, Run, begin, rehearse
from ..plugin_utils.documented_options import WAVE_OPTIONS


class ActionModule(ActionBase):
    """See the module of the same name for the documentation."""

    _supports_check_mode = True
    _supports_diff = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Runs the operation; every error ends here as a failed result, and in the journal."""
        self._parent = os.getppid()
        _collect_less()
        super().run(tmp, task_vars)
        validated = ArgumentSpecValidator(WAVE_OPTIONS).validate(self._task.args)
        if validated.error_messages:
            return {"failed": True, "msg": "; ".join(validated.error_messages)}
        options = validated.validated_parameters
        self._say: Callable[..., None] = _say_nothing if options["quiet"] else _say_wrapped
        try:
            run = self._begin(options, str((task_vars or {}).get("awx_user_name", "")))
        except StandbyError as error:
            return self._told(shown(_failed(error)), options)
        with contextlib.closing(run):
            result = run.end(self._operate(run, options))
        if run.journal.broken:
            Display().warning(f"The journal {run.journal.path} lacks its end: {run.journal.broken}")
        return self._told(shown(result), options)

    def _told(self, result: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
        """Shows a failure in full. After that a role can fail with the short ``brief``."""
        if not result.get("failed") or options["quiet"]:
            return result
        for text in wrapped(result["msg"]):
            Display().display(text, color="red")
        operation = OPERATIONS[options["operation"]]
        return {**result, "brief": f"{operation.words.noun} of {options['plan']['name']} failed: see above."}

    def _begin(self, options: Mapping[str, Any], user: str) -> Run:
        wave, folder = _wave(options, self._task.check_mode), options["journal_folder"] or ""
        self._fail_on = reasons(options["fail_on"], f"{wave.operation.words.verb} {wave.plan.name}")
        if self._task.check_mode:
            return rehearse(wave, folder)
        given = {name: options[name] for name in self._task.args if name != "plan" and options[name] is not None}
        lease = _lease(options, wave) if options["lock"] == "cloud" else 0
        run = begin(wave, folder, given, user, lease=lease, move=Move(**options["move"] or {}))
        for text in run.notes:
            self._say(text)
        return run

    def _operate(self, run: Run, options: Mapping[str, Any]) -> dict[str, Any]:
        try:
            run.look(self._say, lambda: self._go_on(run))
            # a planned failover stops the servers first, which check mode does not
            foretold = self._task.check_mode and options["planned"]
            why = run.fence(options["source_is_down"]) if run.wave.operation.fenced and not foretold else ""
            self._go_on(run)
            if why:
                self._say(f"The failover may go on: {why}.")
            result = self._drive(run, options)
        except Killed:
            raise
        except StandbyError as error:
            return _failed(error, run.wrote)
        except Exception as error:  # noqa: BLE001 - the edge: whatever it was, say it
            self._go_on(run)  # if ansible-playbook is gone, that is the cause, and the journal gets no end
            Display().vvv(traceback.format_exc())
            return _unexpected(error, run.wrote)
        return {**result, "fence": why} if why else result

    def _go_on(self, run: Run) -> None:
        """Ends the run before its next step when ansible-playbook is gone, or the plan is lost to another run.

        This process is a worker of ansible-playbook with a session of its own (ansible/executor/process/worker.py). It
        would survive a SIGKILL, and go on unseen beside the run that was started to carry on.

        :raises StandbyError: if so; requests that wait for their turn are not sent any more.
        """
        try:
            if os.getppid() != self._parent:
                raise Killed("ansible-playbook was killed. Nothing more is done. Repeat to carry on.")
            run.check()
        except StandbyError:
            run.wave.stop()
            raise

    @staticmethod
    def _shortage(wave: Wave) -> list[Finding]:
        """A lack of quota is only a warning in a failover, because some servers are better than none."""
        shortage = wave.shortage() if wave.operation.looks_first else []
        for finding in shortage if wave.operation.writes else ():
            todo = finding.todo or "Servers that do not fit will not come up: raise the quota, then repeat."
            Display().warning(f"{finding}. {todo}")
        return shortage

    def _drive(self, run: Run, options: Mapping[str, Any]) -> dict[str, Any]:
        check, wave = self._task.check_mode, run.wave
        hidden = options["quiet"] or check or wave.operation.about_leaders
        jobs, shortage = wave.jobs(), self._shortage(wave)
        lines = Lines(_say_nothing if hidden else _show, [job.name for job in jobs], wave.operation.words.nothing)
        fleet = _fleet(run, options, lines, lambda: self._go_on(run))
        self._go_on(run)
        results = fleet.run(jobs, check=check)
        run.check()
        for text in wave.clouds.warnings:
            Display().warning(text)
        for text in fleet.untold[:1]:
            Display().warning(f"{len(fleet.untold)} events could not be told, so the journal lacks them. First {text}")
        lines.flush()
        result = summary(wave, fleet, self._task.diff)
        if wave.operation.looks_first:
            result = with_shortage(wave, result, shortage)
        result = with_reasons(wave, result, self._fail_on)
        for text in foretold([job.name for job in jobs], results, wave.operation.words.nothing) if check else ():
            self._say(text)
        for text in () if check and wave.operation.writes else closing(wave.plan.name, result):
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
    return Fleet(run.wave.clouds.poll, tell=tell, tick=tick, stop=run.wave.stop, begin=run.began, **limits)


def _collect_less() -> None:
    """Looks for garbage less often: each look at what Ansible, the SDK and long lists hold is a sixth of the processor.

    Nobody else is concerned: this process was made for this task, and ends with it.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _failed(error: StandbyError, changed: bool = False) -> dict[str, Any]:
    return {"failed": True, "changed": changed, **error.as_result()}


def _unexpected(error: Exception, changed: bool) -> dict[str, Any]:
    """The same words as for a server that failed so (`run.result.server_row`)."""
    text = f"Unexpected {type(error).__name__}: {error}. Repeat to carry on."
    return {"failed": True, "changed": changed, "msg": text, "error": {"code": "unexpected"}}


def _wave(options: Mapping[str, Any], check: bool) -> Wave:
    operation = OPERATIONS[options["operation"]]
    plan = chosen(recovery_plan(options["plan"], _target(operation, options)), options["plan"], options["only"])
    return Wave(
        operation=operation,
        plan=plan,
        connect=lambda cloud, timeout=None: _connect(cloud, timeout, options),
        now=utc_now(),
        min_interval=options["min_interval"],
        guarded_api=options["guarded_api"],
        site=options["site"] or "",
        stale=options["stale"],
        planned=_planned(options) and not check,
        wish=_wish(options),
        again=options["again"] or "",
        keep=options["drill_keep"],
        anew=options["drill_anew"] and check,
        check=check,
        digest=form_of(options["plan"]),
    )


def _lease(options: Mapping[str, Any], wave: Wave) -> int:
    lease: int = options["lease"]
    problem = bad_lease(lease, f"{wave.operation.words.verb} {wave.plan.name}")
    if problem:
        raise Refused(problem)
    return lease


def _planned(options: Mapping[str, Any]) -> bool:
    planned: bool = options["planned"]
    if planned and options["source_is_down"]:
        saw = "both planned and source_is_down"
        todo = "A planned failover needs the source: leave one of them out."
        raise Refused(Refusal("planned_and_down", f"fail over {options['plan']['name']}", saw, todo))
    return planned


def _wish(options: Mapping[str, Any]) -> Wish:
    found = wish(options["point"])
    if found is None:
        todo = 'Say "latest", a time as dr_status shows it, such as 2026-11-20T08:00:00Z, or before: and such a time.'
        raise Refused(Refusal("bad_point", f"fail over {options['plan']['name']}", f"point: {options['point']}", todo))
    return found


def _target(operation: Operation, options: Mapping[str, Any]) -> str:
    """The site that is the target. An operation at the source takes ``site``: "to" would mean the other one.

    :raises Refused: if the option of the other kind of operation is given.
    """
    for wrong in {"to", "site"} - {operation.takes}:
        if options[wrong]:
            saw = f"the option {wrong}, which {operation.name} does not know"
            say = f"Say {operation.takes}: {options[wrong]} if that is the site that you mean, else leave"
            todo = f"{say if operation.takes else 'Leave'} {wrong} out."
            raise Refused(Refusal("wrong_site", f"{operation.words.verb} {options['plan']['name']}", saw, todo))
    return (
        other(options["site"] or "a")
        if operation.takes == "site" and operation.at == "source"
        else options["to"] or "b"
    )


def _say_wrapped(text: str) -> None:
    for line in wrapped(shown(text)):
        Display().display(line)


def _say_nothing(*_what: object) -> None:
    pass


def _show(text: str, kind: str) -> None:
    color = {"failed": "red", "skipped": "purple", "done": "yellow", "unchanged": "green"}.get(kind)
    Display().display(text, color=color)


def _connect(cloud: Any, timeout: int | None, options: Mapping[str, Any]) -> Session:
    """A session that ends with the run, or where a time is given, then."""
    given, label = (cloud, described(cloud)) if isinstance(cloud, Mapping) else ({"cloud": cloud}, "")
    config = {**given, **({"api_timeout": timeout} if timeout else {})}
    seconds = timeout or options["timeout"] + LAST_ANSWERS
    return Session(config, options["threads"], options["requests_per_second"], seconds, label)
