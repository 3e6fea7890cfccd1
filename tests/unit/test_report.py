# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says of a run: outcomes, sentences, figures, times."""

from __future__ import annotations

from typing import Any

import journals
import pytest
from ansible_collections.standby.openstack.plugins.module_utils.report.document import report
from ansible_collections.standby.openstack.plugins.module_utils.report.reading import NoJournal
from ansible_collections.standby.openstack.plugins.module_utils.report.steps import MOST_STEPS
from journals import Journal


def of(journal: Journal | str) -> dict[str, Any]:
    """The report on a journal."""
    return report(journal if isinstance(journal, str) else journal.text, "shop-failover.jsonl")


def data(journal: Journal | str) -> dict[str, Any]:
    """The report as data."""
    return of(journal)["report"]


def page(journal: Journal | str) -> dict[str, Any]:
    """What the page shows."""
    return of(journal)["page"]


def outcomes(journal: Journal | str) -> dict[str, str]:
    """By server what became of it."""
    return {row["name"]: row["outcome"] for row in data(journal)["servers"]}


def unchanged() -> Journal:
    """A second failover: everything ran already."""
    return Journal().fence().server("db", 0.4, "unchanged").server("app", 0.4, "unchanged").end(0.5, changed=False)


def nothing_reached() -> Journal:
    """Site B could not be reached, so that no server was begun."""
    return Journal().fence().end(0.6, failed=True, changed=False, msg="site_b does not answer")


def one(operation: str, outcome: str = "done", **fields: Any) -> Journal:
    """A run about one server."""
    return Journal(operation, ("db",), **fields).server("db", 42.4, outcome).end(43.0)


SHOP = "Failover of shop to site B"


@pytest.mark.parametrize(
    ("journal", "outcome", "headline"),
    [
        (
            journals.succeeded(),
            "succeeded",
            f"{SHOP} succeeded: 2 of 2 servers up in 1 min 42 s; oldest data 4 min 10 s.",
        ),
        (unchanged(), "succeeded", f"{SHOP} succeeded: 2 of 2 servers up; nothing had to be done."),
        (
            journals.failed(),
            "failed",
            f"{SHOP} failed: 1 of 3 servers up, 1 failed, 1 not started; oldest data 4 min 10 s.",
        ),
        (journals.killed(), "stopped", f"{SHOP} was stopped before its end: 1 of 3 servers up after 13 s."),
        (journals.refused(), "refused", f"{SHOP} was refused: nothing was changed."),
        (
            journals.killed().end(14.0, failed=True, msg="Unexpected OSError: full. Repeat to carry on."),
            "failed",
            f"{SHOP} failed: 1 of 3 servers up, 1 under way when it ended, 1 not started",
        ),
        (nothing_reached(), "failed", f"{SHOP} failed before any server was begun."),
        (Journal(), "stopped", f"{SHOP} was stopped before its end: 0 of 2 servers up after 0 s."),
        (one("provision"), "succeeded", "Provisioning of shop at site A succeeded: 1 of 1 servers as planned in 43 s"),
        (one("prepare"), "succeeded", "Preparation of shop at site B succeeded: 1 of 1 servers prepared in 43 s"),
        (
            one("readiness", "unchanged"),
            "succeeded",
            "Readiness check of shop for a failover to site B passed: 1 of 1 servers ready in 43 s; oldest data 4 min",
        ),
        (
            one("replicate"),
            "succeeded",
            "Replication of shop to site B succeeded: 1 of 1 servers replicated in 43 s; oldest data 4 min 53 s",
        ),
        (one("drill_end"), "succeeded", "Drill end of shop succeeded: 1 of 1 servers done in 43 s"),
    ],
)
def test_the_sentence_for_people_who_read_no_further(journal: Journal, outcome: str, headline: str) -> None:
    found = data(journal)
    assert found["outcome"] == outcome
    assert found["headline"].startswith(headline)


def test_what_became_of_each_server() -> None:
    assert outcomes(journals.succeeded()) == {"db": "done", "app": "done"}
    assert outcomes(journals.failed()) == {"db": "done", "web": "failed", "app": "skipped"}
    assert outcomes(journals.killed()) == {"db": "done", "web": "unfinished", "app": "waiting"}
    assert outcomes(unchanged()) == {"db": "unchanged", "app": "unchanged"}


def test_servers_stand_by_tier_then_in_the_order_of_the_plan() -> None:
    journal = Journal(servers=("web", "db", "app"), tiers={"web": 2, "db": 1, "app": 2})
    assert list(outcomes(journal)) == ["db", "web", "app"]


def test_why_a_server_failed_with_the_id_of_the_request() -> None:
    web, app = page(journals.failed())["problems"]
    assert web["msg"].endswith("answered with 403: Quota exceeded.")
    assert ("OpenStack request id", "req-of-the-quota") in web["facts"]
    assert ("Step", "unshelve server web") in web["facts"]
    assert (app["outcome"], app["facts"]) == ("not started", [])


def test_the_request_of_the_step_that_failed_stands_in() -> None:
    journal = Journal(servers=("db",)).step("db", "unshelve", "unshelve server db", 0.5, 9.0, msg="fell back")
    assert data(journal.fails("db", 9.0, "fell back").end(9.1))["servers"][0]["request_id"] == "req-db-0"


@pytest.mark.parametrize("text", ["", "\n", "{", "[1]", "hello", '{"kind": "end"}'])
def test_what_is_no_journal_is_refused(text: str) -> None:
    with pytest.raises(NoJournal, match="Wanted the journal of a run, saw a file that does not begin like one"):
        of(text)


def test_a_journal_of_another_form_is_refused() -> None:
    with pytest.raises(NoJournal, match=r"Wanted a journal of format 1, saw format 2\. Use the release that wrote it"):
        of(Journal(format=2))


def test_lines_of_another_kind_are_left_out() -> None:
    journal = journals.succeeded()
    text = journal.text.replace(
        '{"kind": "fence"', '{"kind": "weather", "time": "2026-11-21T10:17:15.000Z"}\n{"kind": "fence"'
    )
    assert data(text)["headline"] == data(journal)["headline"]


def test_a_line_without_seconds_has_its_time() -> None:
    journal = Journal(servers=("db",))
    journal.lines.append({"kind": "end", "time": journals.stamp(61.5), "failed": False, "changed": False})
    assert data(journal)["figures"]["seconds"] == 61.5


def tile(journal: Journal, number: int) -> tuple[str, str, str]:
    """Value, note and tone of a figure."""
    found = page(journal)["tiles"][number]
    return found["value"], found["note"], found["tone"]


@pytest.mark.parametrize(
    ("journal", "told"),
    [
        (journals.succeeded(), ("1 min 42 s", "from the start of this run until the last server was up", "")),
        (unchanged(), ("0 s", "everything ran already", "")),
        (journals.failed(), ("not reached", "the last one that came up took 12 s", "bad")),
    ],
)
def test_the_recovery_time(journal: Journal, told: tuple[str, str, str]) -> None:
    assert tile(journal, 1) == told


UP = "from the start of this run until the last server was up"


@pytest.mark.parametrize(
    ("rto", "told"),
    [
        (None, ("12 s", UP, "")),
        (60, ("12 s", f"{UP}; target 1 min: met", "")),
        (5, ("12 s", f"{UP}; target 5 s: missed", "bad")),
    ],
)
def test_the_recovery_time_and_its_target(rto: int | None, told: tuple[str, str, str]) -> None:
    journal = Journal(servers=("db",), rto=rto).failover_of("db").end(12.6)
    assert tile(journal, 1) == told
    assert data(journal)["figures"]["rto_met"] == (None if rto is None else rto == 60)
    aim = "" if rto is None else f"; target {told[1].partition('target ')[2].partition(':')[0]}: missed"
    assert tile(partly(1, rto=rto), 1) == ("not reached", f"the last one that came up took 12 s{aim}", "bad")


@pytest.mark.parametrize(
    ("rpo", "told"),
    [
        (None, ("4 min 10 s", "the plan has no target", "")),
        (250, ("4 min 10 s", "target 4 min 10 s: met", "")),
        (249, ("4 min 10 s", "target 4 min 9 s: missed by 1 of 1 servers", "bad")),
    ],
)
def test_the_age_of_the_data_and_its_target(rpo: int | None, told: tuple[str, str, str]) -> None:
    journal = Journal(servers=("db",), rpo=rpo).failover_of("db").end(12.6)
    assert tile(journal, 2) == told
    assert data(journal)["servers"][0]["within_rpo"] == (None if rpo is None else rpo == 250)


def partly(failed: int, **fields: Any) -> Journal:
    """A failover that brings up db, while others fail."""
    names = tuple(f"s{number}" for number in range(failed))
    journal = Journal(servers=("db", *names), **fields).failover_of("db")
    for name in names:
        journal.fails(name, 2.0, "no host")
    return journal.end(12.6)


@pytest.mark.parametrize(
    ("rpo", "told"),
    [
        (None, "of 1 of 500 servers; the plan has no target"),
        (250, "of 1 of 500 servers; target 4 min 10 s"),
        (249, "of 1 of 500 servers; target 4 min 9 s: missed by 1 of 500 servers"),
    ],
)
def test_a_target_is_not_met_while_the_age_of_some_data_is_not_known(rpo: int | None, told: str) -> None:
    found = partly(499, rpo=rpo)
    assert tile(found, 2) == ("4 min 10 s", told, "" if rpo is None else "bad")
    assert data(found)["figures"]["with_age"] == 1


def test_of_how_many_servers_a_run_that_carries_on_knows_the_age() -> None:
    journal = Journal().server("db", 0.4, "unchanged").failover_of("app").end(12.6)
    assert tile(journal, 2) == ("4 min 10 s", "of 1 of 2 servers; target 1 h", "")


def test_a_server_that_ran_already_lost_nothing() -> None:
    assert tile(unchanged(), 2) == ("-", "no server tells", "")


def test_after_a_replication_the_data_is_as_old_as_the_run_took() -> None:
    journal = Journal("replicate", ("db",)).server("db", 40, lag=0).end(43.0)
    assert data(journal)["servers"][0]["age_of_data"] == 43.0


def test_times_are_shown_in_utc_whatever_zone_they_are_written_in() -> None:
    point = "2026-11-21T12:13:04.250+02:00"
    found = page(Journal(servers=("db",)).server("db", 1.0, recovery_point=point).end(1.1))
    assert found["table"][0][found["columns"].index("Recovery point")]["text"] == "2026-11-21 10:13:04 UTC"
    assert dict(found["about"])["Ended"] == "2026-11-21 10:17:15 UTC"


def test_a_time_that_is_none_is_shown_as_it_is() -> None:
    found = page(Journal(servers=("db",)).server("db", 1.0, recovery_point="yesterday").end(1.1))
    assert found["table"][0][3]["text"] == "yesterday"


def test_columns_that_say_nothing_are_left_out() -> None:
    assert page(journals.refused())["columns"] == ["Server", "Outcome"]
    times = ["Recovery point", "Data lost at most", "Up after"]
    assert page(journals.succeeded())["columns"] == ["Server", "Outcome", "Addresses", "Tier", *times, "Hand-over"]


def test_a_refused_run_has_reached_nothing_and_missed_nothing() -> None:
    (only,) = page(journals.refused())["tiles"]
    assert only == {"label": "Servers", "value": "2", "note": "none was touched", "tone": ""}


def test_what_was_decided_at_the_fence() -> None:
    assert page(journals.succeeded())["fence"]["title"] == "Is site A really down?"
    assert page(journals.succeeded())["fence"]["text"] == "The failover went on: site A does not answer (timed out)."
    assert page(journals.refused())["fence"]["text"].startswith("Refused to fail over shop: site A answers, and these")
    assert page(one("provision"))["fence"] == {}


def test_who_started_it_and_how() -> None:
    found = page(Journal(carries_on="20261121T101000Z-0000", parameters={"only": "db", "timeout": 60, "x": [1]}))
    assert dict(found["about"])["Started by"] == "operator on ansible-1, process 4711"
    assert (dict(found["about"])["Source"], dict(found["about"])["Target"]) == ("site A", "site B")
    assert found["parameters"] == [("only", "db"), ("timeout", "60"), ("x", "[1]")]
    assert dict(found["versions"])["ansible-core"] == "2.19.14"
    assert found["notes"][-1] == "This run carries on run 20261121T101000Z-0000, which did not come to its end."


def test_a_first_line_with_little_in_it_is_enough() -> None:
    journal = Journal()
    journal.lines[0] = {"kind": "run", "format": 1, "time": journals.stamp(0.0)}
    assert data(journal.server("db", 1.0).end(1.1))["figures"]["servers"] == 1


def test_why_a_run_failed_before_any_server_was_begun() -> None:
    assert page(nothing_reached())["notes"] == ["site_b does not answer"]


SHORT = {"text": "the 3 servers that are not up need 6 cores, and 2 are left", "blocks": True}
RAISE = f"readiness of shop: the quota is too small.\n  {SHORT['text']}\nRaise the quota of the project at site B."


def short(*failed: str) -> Journal:
    """A readiness check that finds the quota too small, and some servers that are not ready."""
    journal = Journal("readiness", ("db", "app", "web"))
    for name in ("db", "app", "web"):
        journal.fails(name, 0.5, "there is no twin") if name in failed else journal.server(name, 0.5, "unchanged")
    return journal.end(1.0, changed=False, failed=True, findings=[SHORT], msg=RAISE)


READINESS = "Readiness check of shop for a failover to site B failed:"


@pytest.mark.parametrize(
    ("journal", "notes", "headline"),
    [
        (short(), [RAISE], f"{READINESS} 3 of 3 servers ready; oldest data 4 min 10 s."),
        (
            short("web"),
            ["The 3 servers that are not up need 6 cores, and 2 are left."],
            f"{READINESS} 2 of 3 servers ready, 1 not ready; oldest data 4 min 10 s.",
        ),
    ],
)
def test_a_quota_that_is_too_small_is_told_whoever_else_failed(
    journal: Journal, notes: list[str], headline: str
) -> None:
    found = of(journal)
    assert (found["page"]["notes"], found["report"]["headline"]) == (notes, headline)
    assert found["report"]["findings"] == [SHORT["text"]]


@pytest.mark.parametrize(("only", "part"), [("servers[?tier==`1`]", " (a part of the plan)"), ("", ""), (None, "")])
def test_a_run_of_a_part_of_the_plan_says_so(only: str | None, part: str) -> None:
    headline = data(one("failover", parameters={"threads": 5, "only": only}))["headline"]
    assert headline.startswith(f"Failover of shop{part} to site B succeeded: 1 of 1 servers up")


def test_requests_are_counted_however_deep() -> None:
    journal = Journal().end(1.0, requests={"site_b": {"GET": {"compute": 1200, "network": 34}, "POST compute": 1}})
    assert dict(page(journal)["about"])["Requests sent"] == "site_b: 1,235"


def test_what_no_file_can_carry_is_replaced() -> None:
    journal = (
        Journal(servers=("db",)).fails("db", 1.0, "bell \a, escape \x1b[31m, half \ud800, tab \t, line \n, ü").end(1.1)
    )
    text = journal.text.replace("\ud800", "\\ud800")
    assert data(text)["servers"][0]["msg"] == "bell �, escape �[31m, half �, tab \t, line \n, ü"


@pytest.mark.parametrize("character", ["\u2028", "\x85"])
def test_only_a_line_feed_ends_a_line(character: str) -> None:
    found = data(Journal(servers=("db",)).fails("db", 1.0, f"a{character}b").end(1.1))
    assert (found["servers"][0]["msg"], found["unread_lines"]) == ("a\ufffdb", 0)


def test_the_steps_of_many_servers_are_left_to_the_json_report() -> None:
    names = tuple(f"s{number}" for number in range(MOST_STEPS // 3 + 2))
    journal = Journal(servers=names)
    for name in names[1:]:
        journal.failover_of(name)
    journal.step(names[0], "unshelve", "unshelve it", 0.5, 1.0, msg="no").fails(names[0], 1.0, "no").end(13.0)
    found = of(journal)
    assert [server["name"] for server in found["page"]["appendix"]] == [names[0]]
    assert found["page"]["appendix_note"].startswith("The 4,003 steps are in the JSON report; here are those of")
    assert sum(len(row["steps"]) for row in found["report"]["servers"]) == 4003
