# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on a run that makes networks and security groups beside servers."""

from __future__ import annotations

from typing import Any

from journals import Journal
from test_report import of

MAKE = ("create_network", "make network shop")


def begun(**fields: Any) -> Journal:
    return Journal("provision", ("db",), networks=["network shop", "security group web"], **fields)


def test_networks_are_rows_of_their_own() -> None:
    journal = begun().step("network shop", *MAKE, 0.5, 1.0).network("network shop", 1.0)
    journal.network("security group web", 1.1, "unchanged").server("db", 9.0).end(9.1)
    found = of(journal)
    assert [row["name"] for row in found["report"]["servers"]] == ["db"]
    assert [(row["name"], row["outcome"]) for row in found["report"]["networks"]] == [
        ("network shop", "done"),
        ("security group web", "unchanged"),
    ]
    assert [[cell["text"] for cell in row] for row in found["page"]["networks"]] == [
        ["network shop", "✓ made or changed", "make network shop"],
        ["security group web", "✓ as planned already", ""],
    ]
    assert [case["name"] for case in found["junit"]["cases"]] == ["network shop", "security group web", "db"]
    assert [row["name"] for row in found["page"]["appendix"]] == ["network shop"]


def test_a_network_that_failed_is_told_like_a_server() -> None:
    said = "site_b: POST /networks was answered with 409: Quota exceeded."
    journal = begun().step("network shop", *MAKE, 0.5, 1.0, msg=said)
    journal.network("network shop", 1.0, "failed", msg=said, error={"code": "cloud_error", "status": 409})
    journal.network("security group web", 1.1, "unchanged").fails("db", 1.2, "db was not started.", "skipped")
    found = of(journal.end(1.3, changed=False, msg=f"build of shop failed.\n{said}"))
    assert [problem["msg"] for problem in found["page"]["problems"]] == [said, "db was not started."]
    assert found["page"]["problems_title"] == "What failed, and why"
    assert found["page"]["notes"] == []
    kinds = {case["name"]: case["kind"] for case in found["junit"]["cases"]}
    assert kinds == {"network shop": "failure", "security group web": "", "db": "skipped"}


def test_a_run_that_was_killed_before_any_server() -> None:
    found = of(begun().step("network shop", *MAKE, 0.5, None))["report"]
    assert [row["outcome"] for row in (*found["networks"], *found["servers"])] == ["unfinished", "waiting", "waiting"]
    assert found["networks"][0]["steps"][0]["state"] == "open"


def test_a_network_alone_that_was_changed_is_something_that_had_to_be_done() -> None:
    def headline(outcome: str) -> str:
        journal = begun().network("network shop", 1.0, outcome).network("security group web", 1.0, "unchanged")
        text: str = of(journal.server("db", 1.1, "unchanged").end(1.2))["report"]["headline"]
        return text

    assert headline("unchanged").endswith("nothing had to be done.")
    assert "1 of 1 servers as planned in 1 s" in headline("done")


def test_a_run_without_networks_shows_none() -> None:
    found = of(Journal().failover_of("db").failover_of("app").end(9.0))
    assert (found["report"]["networks"], found["page"]["networks"]) == ([], [])


NOTHING: dict[str, list[str]] = {"servers": [], "volumes": [], "ports": [], "networks": []}


def test_what_is_left_of_a_drill() -> None:
    what = "what is left of the drill"
    journal = Journal("drill_cleanup", ("db",), networks=[what], parameters={"note": "Change 4711"})
    journal.network(what, 5.0, left=NOTHING).server("db", 4.0).end(5.1)
    found = of(journal)
    assert found["report"]["networks"][0]["left"] == NOTHING
    assert found["page"]["notes"] == ["Note: Change 4711", "Left of the drill, as site B lists it: nothing."]
    assert [cell["text"] for cell in found["page"]["networks"][0]] == [what, "✓ removed", ""]
    rest = Journal("drill_cleanup", ("db",), networks=[what]).network(
        what, 5.0, left={**NOTHING, "volumes": ["x-drill"]}
    )
    assert of(rest.server("db", 4.0).end(5.1))["page"]["notes"] == [
        "Left of the drill, as site B lists it: volumes: x-drill."
    ]


def test_how_a_drill_was_connected_and_what_it_did_not_check() -> None:
    said = "NOT CHECKED: port 22, because nothing outside reaches an isolated network"
    journal = Journal("drill", ("db", "app")).server("db", 4.0, network="isolated", notes=[said])
    found = of(journal.server("app", 5.0, network="connected").end(5.1))
    assert found["page"]["notes"] == [
        "The drill ran in networks that are CONNECTED and in isolated networks: nothing outside reached it.",
        f"db: {said}",
    ]
    many = Journal("drill", ("db",)).server("db", 4.0, network="isolated", notes=[f"note {n}" for n in range(12)])
    assert of(many.end(5.1))["page"]["notes"][-1] == "2 more notes on servers are in the JSON report."
