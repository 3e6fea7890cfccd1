# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole life of a plan whose storage replicates, with the example of the docs: over, back, and broken off."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.texts import is_one_line
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_points import Wish
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome, converge
from circle import good, interrupted, refused, texts
from external_sites import ExternalCircle

#: Reimage while dormant copies from a volume, and before a failover there is none.
WAYS = ("attach", "recreate", "reimage")
TURNS = (("a", "b"), ("b", "a"), ("a", "b"))
TROUBLES = ("killed", "refused", "lost")


def replicated(circle: ExternalCircle, turn: int) -> dict[str, str]:
    """The guest writes, all of it is replicated, the server stops. Returns what was written."""
    old, new = TURNS[turn]
    written = circle.write(old, f"turn {turn}")
    good(circle.run("replicate", to=new))
    good(circle.run("readiness", to=new))
    circle.stop(old)
    return written


def turned(way: str, turns: int) -> ExternalCircle:
    circle = ExternalCircle(way).protected()
    for turn, (old, new) in enumerate(TURNS[:turns]):
        replicated(circle, turn)
        good(circle.run("failover", to=new))
        good(circle.reprotect(old))
    return circle


def verbs(circle: ExternalCircle) -> list[str]:
    """The commands that ran since the last time, but for those that only look."""
    ran = [given["verb"] for given in circle.world.asked if given["verb"] != "status"]
    circle.world.asked.clear()
    return ran


@pytest.mark.parametrize("way", WAYS)
def test_the_circle(way: str) -> None:
    """The leader has all that was written, the other site rests, and nothing that is superseded is lost."""
    circle = ExternalCircle(way).protected()
    assert verbs(circle) == ["replicate"]
    for turn, (old, new) in enumerate(TURNS):
        written = replicated(circle, turn)
        assert verbs(circle) == [*(["reverse"] if turn else []), "replicate"]
        good(circle.run("failover", to=new))
        assert verbs(circle) == ["promote"]
        assert circle.disks(new) == written
        assert circle.server(new).status == "ACTIVE"
        good(circle.reprotect(old))
        shown = circle.status()
        assert (shown["leader"], shown["generation"], shown["disputed"]) == (new, turn + 2, False)
        assert circle.lost() == []
    assert texts(circle.run("prepare", to="a")) == []


@pytest.mark.parametrize("happens", TROUBLES)
@pytest.mark.parametrize("turns", [0, 1])
@pytest.mark.parametrize("way", WAYS)
def test_a_failover_broken_off(way: str, turns: int, happens: str) -> None:
    """At any request and at any command. The source is dead by then."""
    circle = turned(way, turns)
    old, new = TURNS[turns]
    written = replicated(circle, turns)
    circle.site(old).reachable = False
    whole = circle.copy()
    done = good(whole.run("failover", to=new))
    broken = interrupted(circle, happens, "failover", to=new)
    assert len(broken) >= sum(step.writes for step in done.plan.steps) > 8
    for other in broken:
        good(other.run("failover", to=new))
        assert other.disks(new) == written
        assert other.looks(new) == whole.looks(new)
        assert texts(other.run("failover", to=new))[-1].startswith("check")


@pytest.mark.parametrize("happens", TROUBLES)
@pytest.mark.parametrize("turns", [0, 1, 2])
def test_replication_broken_off(turns: int, happens: str) -> None:
    """Also while the storage is turned round."""
    circle = turned("attach", turns)
    old, new = TURNS[turns]
    written = circle.write(old, "the last")
    broken = interrupted(circle, happens, "replicate", to=new)
    assert len(broken) == (2 if turns else 1), "reverse and replicate"
    for other in broken:
        good(other.run("replicate", to=new))
        other.stop(old)
        good(other.run("failover", to=new))
        assert other.disks(new) == written
        assert other.lost() == []


def checked(circle: ExternalCircle, operation: str, to: str = "b") -> Outcome:
    """A run in check mode."""
    course = converge(circle.world.job(operation, plan=circle.plan(to)), check=True)
    try:
        course.send(next(course).function(time.monotonic()))
    except StopIteration as ended:
        outcome: Outcome = ended.value
        return outcome
    raise AssertionError("check mode did something")


def test_check_mode_foretells_how_the_storage_is_turned_round() -> None:
    circle = turned("attach", 1)
    circle.world.asked.clear()
    foretold = [step.text for step in checked(circle, "replicate", "a").plan.steps]
    assert foretold == [
        "let the storage replicate db to site A (command reverse)",
        "make a recovery point of db at the storage of site A (command replicate)",
    ]
    assert [given["verb"] for given in circle.world.asked] == ["status"]
    assert texts(circle.run("replicate", to="a")) == foretold


@pytest.mark.parametrize("way", ["attach", "recreate"])
def test_check_mode_foretells_a_failover_and_runs_nothing_but_status(way: str) -> None:
    circle = turned(way, 0)
    replicated(circle, 0)
    verbs(circle)
    foretold = [step.text for step in checked(circle, "failover").plan.steps]
    assert [given["verb"] for given in circle.world.asked] == ["status"]
    assert foretold[0].startswith("make recovery point ")
    assert foretold[0].endswith(" of db usable at the storage (command promote)")
    done = [step.text for step in good(circle.run("failover")).plan.steps]
    assert done == foretold


def test_a_planned_failover_proves_that_nothing_is_lost() -> None:
    circle = turned("attach", 0)
    written = circle.write("a", "the last")
    good(circle.run("stop_source"))
    good(circle.run("replicate"))
    done = good(circle.run("failover", planned=True))
    assert done.extra["proved"] is True
    assert circle.disks("b") == written


def test_a_point_can_be_chosen_and_chosen_again() -> None:
    circle = turned("attach", 0)
    first = circle.write("a", "first")
    good(circle.run("replicate"))
    circle.write("a", "second")
    good(circle.run("replicate"))
    times = circle.status()["recovery_points"]["times"]
    assert len(times) == 2
    circle.world.source.reachable = False
    good(circle.run("failover"))
    wish = Wish(exactly=times[1])
    circle.superseded["b"] += circle.disks("b").values()
    good(circle.run("failover", wish=wish, again="the newest is bad"))
    assert circle.disks("b") == first
    assert circle.lost() == []


def test_the_storage_is_turned_round_only_when_the_old_server_is_at_rest() -> None:
    circle = turned("attach", 0)
    replicated(circle, 0)
    good(circle.run("failover"))
    circle.write("b", "new")
    verbs(circle)
    text = refused(circle.run("replicate", to="a"), "not_dormant")
    assert "the storage replicates from site A, whose server db holds data (at rest). Run dr_reprotect" in text
    assert verbs(circle) == []


def test_an_old_point_outranks_the_site_that_led_since() -> None:
    """A leads, then B, then A again, and A dies before it was replicated. What B ran on is no point any more."""
    circle = turned("attach", 2)
    ran = circle.status()["sites"]["b"]["generation"]
    circle.world.source.reachable = False
    good(circle.run("failover"))
    circle.world.source.reachable = True
    shown = circle.status()
    assert (shown["leader"], shown["generation"], shown["disputed"], ran) == ("b", 4, False, 0)
    assert circle.lost() == []


def test_status_tells_points_of_the_storage_also_while_the_source_is_dead() -> None:
    circle = turned("attach", 0)
    circle.world.source.reachable = False
    told = circle.status()["recovery_points"]
    assert (told["site"], told["number"]) == ("b", 1)


def test_a_second_failover_has_nothing_to_do() -> None:
    circle = turned("attach", 0)
    replicated(circle, 0)
    good(circle.run("failover"))
    verbs(circle)
    assert [text for text in texts(circle.run("failover")) if not text.startswith("check")] == []
    assert verbs(circle) == []


def test_an_object_that_cinder_cannot_manage_is_told() -> None:
    """The failed volume is no replica, and a repeat tries again."""
    circle = turned("attach", 0)
    written = replicated(circle, 0)
    lost = []

    def spoil(_world: Any, verb: str, answer: Any) -> Any:
        points = answer["servers"]["db"]["points"] if verb == "status" and not lost else ()
        for told in (told for point in points for told in point["objects"].values()):
            told["ref"] = {"source-name": "nothing"}
        return answer

    circle.world.spoil = spoil
    (result,) = circle.run("failover").values()
    assert "error_managing" in str(result)
    lost.append(True)
    good(circle.run("failover"))
    assert circle.disks("b") == written


def test_without_an_admin_cloud_readiness_refuses() -> None:
    circle = turned("attach", 0)
    sites = {site: {"cloud": f"site_{site}"} for site in "ab"}
    circle.says(sites=sites)
    with pytest.raises(Refused, match=r"the plan has no sites.b.admin_cloud"):
        circle.run("readiness")


def test_what_the_storage_says_is_in_the_way_of_readiness() -> None:
    circle = turned("attach", 0)

    def spoil(_world: Any, verb: str, answer: Any) -> Any:
        if verb == "status":
            answer["servers"]["db"]["problems"] = ["the link is down \x1b[31m"]
        return answer

    circle.world.spoil = spoil
    text = refused(circle.run("readiness"), "not_ready")
    assert "the storage says: the link is down \ufffd[31m" in text
    notes = good(circle.run("replicate")).plan.notes
    assert "the storage says: the link is down \ufffd[31m" in notes


def test_the_quota_for_the_volumes_of_a_failover_is_compared() -> None:
    circle = turned("attach", 0)
    circle.site("b").most["volumes"] = len(circle.site("b").volumes) + 1
    (found,) = circle.world.wave("readiness", plan=circle.plan("b")).shortage()
    assert str(found) == "the failover needs 2 volumes, and 1 of the 1 of the quota of site B are left"
    replicated(circle, 0)
    circle.site("b").most.clear()
    good(circle.run("failover"))
    circle.site("b").most["volumes"] = 0
    assert circle.world.wave("readiness", plan=circle.plan("b")).shortage() == []


@pytest.mark.parametrize("way", ["attach", "recreate"])
def test_with_real_processes(way: str) -> None:
    """As a user runs them: over, back, and a drill in between."""
    circle = ExternalCircle(way)
    circle.world.real = True
    circle.protected()
    circle.run("drill")
    circle.run("drill_cleanup")
    for turn, (old, new) in enumerate(TURNS[:2]):
        written = replicated(circle, turn)
        good(circle.run("failover", to=new))
        assert circle.disks(new) == written
        good(circle.reprotect(old))
    assert verbs(circle) == ["replicate", "clone", "note", "replicate", "promote", "reverse", "replicate", "promote"]


def test_what_a_command_says_when_it_fails_is_told() -> None:
    circle = turned("attach", 0)
    circle.world.real = True
    command = ["sh", "-c", r"printf 'no \033[31m link' >&2; exit 3"]
    circle.options["replication"]["commands"]["promote"] = command
    circle.world.source.reachable = False
    (result,) = circle.run("failover").values()
    assert "The program sh ended with 3: no \ufffd[31m link. Mend what it says. Then repeat." in str(result)
    assert is_one_line(str(result))


def test_a_command_that_hangs_is_killed_and_a_repeat_carries_on() -> None:
    circle = turned("attach", 0)
    written = replicated(circle, 0)
    circle.world.real, usual = True, circle.options["replication"]["commands"]
    replication = circle.options["replication"]
    circle.says(replication={**replication, "commands": {**usual, "promote": ["sleep", "100"]}, "timeout": 1})
    (result,) = circle.run("failover").values()
    assert "The program sleep was killed after 1 s. Find out what it waits for. Then repeat." in str(result)
    circle.says(replication=replication)
    good(circle.run("failover"))
    assert circle.disks("b") == written
