# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode shows of a wave, and what programs get of it at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from textwrap import indent
from typing import TYPE_CHECKING, Any

from ..data.errors import StandbyError, changed_before
from ..data.plan_record import FACTS
from ..data.steps import PROVED, Finding
from ..decide.plan.one_run import told
from ..decide.root.root_state import ROOT_POINT
from ..engine.converge import Outcome
from ..engine.events import Result
from ..engine.fleet import Fleet
from .live_lines import brief
from .reasons import Reasons

if TYPE_CHECKING:
    from ..jobs import Wave

#: How many reasons the error of a wave spells out.
MOST_REASONS = 5


def foretold(names: Iterable[str], results: Mapping[str, Result], unchanged: str = "nothing to do") -> list[str]:
    """What check mode shows, for each job in this order: what would be done, or in short why it failed.

    :param unchanged: what is said of one for which nothing would be done.
    """
    lines = []
    for name in names:
        first, *more = _foretold(results[name], unchanged)
        lines += [f"{name}: {first}", *(f"{' ' * len(name)}  {text}" for text in more)]
    return lines


def _foretold(result: Result, unchanged: str) -> list[str]:
    if not isinstance(result, Outcome):
        return [f"FAILED: {brief(str(result))}"]
    steps = [step.text for step in result.plan.steps if step.writes]
    way = result.extra.get("handover")
    why = [f"handover {way}: {result.extra['handover_reason']}"] if way and steps else []
    return [*why, *(steps or [unchanged]), *result.plan.notes]


def summary(wave: Wave, fleet: Fleet, diff: bool = True) -> dict[str, Any]:
    """The result of a wave: by server what was done, what was found and why it failed; failed if one job failed.

    :param diff: whether the differences are wanted: for 500 servers they are two thirds of a result of 1.4 MB.
    """
    networks = {one.label: network_row(fleet.results[one.label]) for one in wave.networks}
    names = [server.name for server in wave.plan.servers if server.name in fleet.results]
    servers = {name: server_row(wave, fleet.results[name]) for name in names}
    rows = {name: {**row, "seconds": fleet.seconds[name]} for name, row in {**networks, **servers}.items()}
    failed = [name for name, row in rows.items() if "error" in row]
    outcomes = [(name, result) for name, result in sorted(fleet.results.items()) if isinstance(result, Outcome)]
    result: dict[str, Any] = {
        "changed": any(row["changed"] for row in rows.values()),
        "operation": wave.operation.name,
        **wave.plan.direction.data,
        "seconds": max(fleet.seconds.values(), default=0.0),
        "servers": {name: rows[name] for name in servers},
        **({"networks": {name: rows[name] for name in networks}} if networks else {}),
        "requests": _requests(wave),
        **_of_sites(wave),
    }
    if diff:
        result["diff"] = [_diff(name, outcome) for name, outcome in outcomes if outcome.plan.changed]
    if failed:
        what = [_count(failed, networks, "networks and security groups"), _count(failed, servers, "servers")]
        head = f"{wave.operation.words.noun} of {wave.plan.name}: {' and '.join(filter(None, what))} failed."
        result.update(failed=True, failed_servers=[name for name in failed if name in servers])
        result.update(msg=f"{head}\n{_reasons(rows, failed)}")
    return result


def _of_sites(wave: Wave) -> dict[str, Any]:
    """By letter of a site why it does not answer, or else what the record of the plan tells there."""
    found = {getattr(wave.plan.direction, role).letter: why for role, why in wave.clouds.unanswered.items()}
    return {**({"unanswered": found} if found else {}), **_records(wave)}


def _records(wave: Wave) -> dict[str, Any]:
    """By letter of a site what the record of the plan tells there, and what the plan wants of a failover."""
    if not wave.operation.about_leaders:
        return {"rto": wave.plan.rto} if wave.operation.brings_up else {}
    found = {}
    for role, records in wave.clouds.records.items():
        for record in records[:1]:
            known = {key: record.facts.get(key) for key in FACTS}
            holder = {"holder": told(record.holder) if record.holder else None}
            found[getattr(wave.plan.direction, role).letter] = {
                **known,
                **holder,
                "renewed": record.renewed.isoformat(),
            }
    return {"plan_hash": wave.digest, "records": found, "rto": wave.plan.rto}


def _requests(wave: Wave) -> dict[str, dict[str, int]]:
    """By cloud. A member and an administrator of one cloud may be called the same."""
    found: dict[str, Counter[str]] = {}
    for inventory in wave.clouds.inventories.values():
        found.setdefault(inventory.cloud.label, Counter()).update(inventory.cloud.requests)
    return {label: dict(counts) for label, counts in found.items()}


def _count(failed: Sequence[str], rows: Mapping[str, Any], noun: str) -> str:
    number = sum(name in rows for name in failed)
    return f"{number} of {len(rows)} {noun}" if number else ""


def with_shortage(wave: Wave, result: Mapping[str, Any], shortage: Sequence[Finding]) -> dict[str, Any]:
    """Adds what concerns the wave as a whole: a reason not to be ready, and for a failover only something to know."""
    found = {**result, "findings": [finding.data for finding in shortage]}
    if not shortage or wave.operation.writes:
        return found
    texts = "\n".join(f"  {finding}" for finding in shortage)
    head = f"{wave.operation.words.noun} of {wave.plan.name}: the quota is too small."
    msg = f"{head}\n{texts}\nRaise the quota of the project at {wave.plan.direction.target}."
    return {**found, "failed": True, "msg": "\n".join(filter(None, (result.get("msg"), msg)))}


def with_reasons(wave: Wave, result: Mapping[str, Any], fail_on: Reasons) -> dict[str, Any]:
    """Fails because of what was found, if the user named it as a reason."""
    found = {
        f"{name}: {finding['what']}"
        for name, row in result["servers"].items()
        for finding in row.get("findings") or ()
        if finding["what"] in fail_on.names
    }
    found |= {text for name, row in result["servers"].items() for text in fail_on.drill(name, row)}
    silent = result.get("unanswered", {}) if "unanswered" in fail_on.names else {}
    reasons = [*(f"site {letter.upper()}: unanswered" for letter in silent), *sorted(found)]
    if not reasons:
        return dict(result)
    shown = "\n".join(f"  {reason}" for reason in reasons[:MOST_REASONS])
    more = len(reasons) - MOST_REASONS
    shown += f"\n  and {more} more" if more > 0 else ""
    msg = f"{wave.operation.words.noun} of {wave.plan.name} found what fail_on names:\n{shown}"
    return {**result, "failed": True, "msg": "\n".join(filter(None, (result.get("msg"), msg)))}


def _reasons(rows: Mapping[str, Any], failed: Sequence[str]) -> str:
    shown = "\n".join(indent(f"{name}: {rows[name]['msg']}", "  ") for name in failed[:MOST_REASONS])
    more = len(failed) - MOST_REASONS
    return shown + (f"\n  and {more} more: see servers in the result" if more > 0 else "")


def network_row(result: Result) -> dict[str, Any]:
    """What became of a network, or of security groups that name each other."""
    return {**_steps(result), **(result.facts if isinstance(result, Outcome) else {})}


def _steps(result: Result) -> dict[str, Any]:
    """What every job tells: what it did, or why it failed."""
    if isinstance(result, Exception):
        return {"changed": changed_before(result), "steps": [], **_error(result)}
    return {"changed": result.plan.changed, "steps": [step.text for step in result.plan.steps if step.writes]}


def _error(error: Exception) -> dict[str, Any]:
    if isinstance(error, StandbyError):
        return error.as_result()
    return {"msg": f"Unexpected {type(error).__name__}: {error}", "error": {"code": "unexpected"}}


def server_row(wave: Wave, result: Result) -> dict[str, Any]:
    """What became of one server. If that cannot be told, only this row says so."""
    try:
        return _server_row(wave, result)
    except Exception as error:  # noqa: BLE001 - all other servers are told
        return {**_steps(result), **_error(error)}


def _server_row(wave: Wave, result: Result) -> dict[str, Any]:
    if isinstance(result, Exception):
        return _steps(result)
    row = {
        **_steps(result),
        "server": dict(result.facts),
        **({"notes": list(result.plan.notes)} if result.plan.notes else {}),
        **result.plan.found,
        **result.extra,
    }
    points = {"lag": row.get("recovery_point"), "root_lag": row.get(ROOT_POINT), "drill_age": row.get("last_drill")}
    return {**row, **{key: wave.lag(point) for key, point in points.items() if point}, **_without_loss(row)}


def _without_loss(row: Mapping[str, Any]) -> dict[str, int]:
    """A recovery point may be old and lack nothing: the source did not run since."""
    return {"lag": 0} if row.get(PROVED) else {}


def _diff(name: str, result: Outcome) -> dict[str, Any]:
    before, after = dict(result.plan.before), dict(result.plan.after)
    return {"before": before, "after": after, "before_header": name, "after_header": name}
