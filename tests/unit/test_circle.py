# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The circle A -> B -> A -> B with each way of handing over, broken off at each request of it that is new.

Nothing that a guest wrote is lost: the new leader has all of it, and what is superseded is kept.
"""

from __future__ import annotations

from itertools import product

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Outcome
from circle import WAYS, Circle, good, interrupted, refused, texts
from memory_cloud.drive import act, to_the_end

TURNS = (("a", "b"), ("b", "a"), ("a", "b"), ("b", "a"))

#: What happens at a request: the run is killed before it, it fails, or its answer is lost.
TROUBLES = ("killed", "refused", "lost")


def before_the_failover(circle: Circle, turn: int) -> dict[str, str]:
    """The guest writes, all of it is replicated, the server stops. Returns what was written."""
    old, new = TURNS[turn]
    written = circle.write(old, f"turn {turn}")
    notes = good(circle.run("replicate", to=new)).plan.notes
    assert not any("snapshots at" in note for note in notes), "what is superseded is no leftover of a recovery point"
    good(circle.run("readiness", to=new))
    circle.stop(old)
    return written


def turned(way: str, turns: int) -> Circle:
    """A world in which the leadership went round so often."""
    circle = Circle(way).protected()
    for turn, (old, new) in enumerate(TURNS[:turns]):
        before_the_failover(circle, turn)
        good(circle.run("failover", to=new))
        good(circle.reprotect(old))
    return circle


@pytest.mark.parametrize("way", WAYS)
def test_the_circle(way: str) -> None:
    """The leader has all that was written; the other site rests, is ready, and has what it wrote before."""
    circle = Circle(way).protected()
    first = {letter: circle.server(letter).id for letter in "ab"}
    for turn, (old, new) in enumerate(TURNS):
        written = before_the_failover(circle, turn)
        good(circle.run("failover", to=new))
        assert circle.disks(new) == written
        foretold = good(circle.reprotect(old))
        assert circle.server(old).status == "SHELVED_OFFLOADED"
        assert foretold.plan.after == {**foretold.facts}
        assert texts(circle.run("reprotect", site=old)) == []
        shown = circle.status()
        assert (shown["leader"], shown["generation"], shown["disputed"]) == (new, turn + 2, False)
        assert shown["sites"][old]["standing"] == "dormant"
        assert texts(circle.run("prepare", to=old)) == []
        assert circle.lost() == []
    kept = {letter: circle.server(letter).id == first[letter] for letter in "ab"}
    assert kept == dict.fromkeys("ab", way != "recreate")


@pytest.mark.parametrize("happens", TROUBLES)
@pytest.mark.parametrize("turns", [0, 1, 2])
@pytest.mark.parametrize("way", WAYS)
def test_reprotection_broken_off(way: str, turns: int, happens: str) -> None:
    """Repeated, it ends as if nothing had happened, with one snapshot of each volume that is overwritten later."""
    circle = turned(way, turns)
    old, new = TURNS[turns]
    before_the_failover(circle, turns)
    good(circle.run("failover", to=new))
    whole = circle.copy()
    done = good(whole.reprotect(old))
    broken = interrupted(circle, happens, "reprotect", site=old)
    assert len(broken) >= sum(step.writes for step in done.plan.steps)
    for other in broken:
        good(other.reprotect(old))
        assert other.looks(old) == whole.looks(old)
        assert other.looks(new) == whole.looks(new)
        assert texts(other.run("reprotect", site=old)) == []
        assert other.lost() == []


@pytest.mark.parametrize("happens", TROUBLES)
@pytest.mark.parametrize("turns", [1, 2])
@pytest.mark.parametrize("way", WAYS)
def test_the_way_back_broken_off(way: str, turns: int, happens: str) -> None:
    """A failover onto a server that was put to rest. What is superseded there stays, whatever happens."""
    circle = turned(way, turns)
    _old, new = TURNS[turns]
    written = before_the_failover(circle, turns)
    for other in interrupted(circle, happens, "failover", to=new):
        good(other.run("failover", to=new))
        assert other.disks(new) == written
        assert other.server(new).status == "ACTIVE"
        assert texts(other.run("failover", to=new))[-1].startswith("check")
        assert other.lost() == []


@pytest.mark.parametrize("way", WAYS)
def test_the_leader_is_lost_while_the_old_site_is_half_at_rest(way: str) -> None:
    """A failover then uses an older recovery point, or is refused. Either way nothing that is superseded goes."""
    circle = turned(way, 1)
    before_the_failover(circle, 1)
    good(circle.run("failover", to="a"))
    circle.superseded["b"] += circle.disks("b").values()
    for other in interrupted(circle, "killed", "reprotect", site="b"):
        other.world.source.reachable = False
        (result,) = other.run("failover").values()
        assert isinstance(result, (Outcome, Refused)), result
        assert other.lost() == []
        other.world.source.reachable = True
        if isinstance(result, Refused):
            good(other.run("reprotect", site="b"))
            assert texts(other.run("reprotect", site="b")) == []
            assert other.lost() == []


@pytest.mark.parametrize("stale", ["refuse", "stop"])
@pytest.mark.parametrize("turns", [0, 1])
@pytest.mark.parametrize("way", WAYS)
def test_check_mode_foretells_the_run(way: str, turns: int, stale: str) -> None:
    circle = turned(way, turns)
    old, new = TURNS[turns]
    circle.write(old, "the last")
    good(circle.run("replicate", to=new))
    circle.stop(old)
    good(circle.run("failover", to=new))
    if stale == "stop":
        circle.start(old)
    options = {"site": old, "stale": stale, "plan": circle.plan("b")}
    foretold = [step.text for step in good(circle.copy().run("reprotect", site=old, stale=stale)).plan.foretold]
    waves = circle.world.drive("reprotect", **options)
    assert to_the_end(waves) == foretold
    assert ("stop the stale copy db at site A" in foretold) == (stale == "stop" and "reimage" in way and old == "a")


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_is_woken_at_the_old_site_is_a_stale_copy(way: str) -> None:
    """Nobody overlooks that it runs. Reimage keeps what it wrote in one more snapshot, or refuses."""
    circle = turned(way, 1)
    if way == "attach":
        assert circle.server("a").attachments == ()
        return
    act(circle.world.source, "unshelve", server_id=circle.server("a").id)
    circle.world.settle()
    circle.write("a", "by mistake")
    if way == "recreate":  # its guest itself has overwritten what was there
        circle.superseded["a"].clear()
    shown = circle.status()
    assert (shown["leader"], shown["stale"], shown["two_copies"]) == ("b", "a", True)
    stopped = ["stop the stale copy db at site A", "lock the stale copy db at site A"]
    assert texts(circle.run("fence", site="a")) == stopped
    for other in interrupted(circle, "killed", "reprotect", site="a"):
        good(other.reprotect("a"))
        assert other.lost() == []
        assert texts(other.run("reprotect")) == []
        assert other.saved("a") == ({"root": 2, "data": 2} if "reimage" in way else {})
        assert other.status()["sites"]["a"]["standing"] == "dormant"


@pytest.mark.parametrize("way", ["reimage", "reimage while dormant"])
def test_a_root_that_ran_and_was_shelved_by_hand_is_not_overwritten(way: str) -> None:
    """What it wrote since is in no snapshot, and Cinder takes none of it now."""
    circle = turned(way, 1)
    written = circle.write("b", "at B")
    good(circle.run("replicate", to="a"))
    for verb in ("unshelve", "shelve"):
        act(circle.world.source, verb, server_id=circle.server("a").id)
        circle.world.settle()
    assert "no snapshot keeps what it wrote since" in refused(circle.run("reprotect"), "twin_ran")
    circle.stop("b")
    refused(circle.run("failover", to="a"), "twin_ran")
    # what the message says: the server is removed, a new twin is built, and its old volumes stay
    kept = circle.kept("a")
    act(circle.world.source, "delete_server", server_id=circle.server("a").id)
    circle.world.settle()
    good(circle.run("prepare", to="a"))
    good(circle.run("failover", to="a"))
    assert circle.disks("a") == written
    assert not kept - circle.kept("a")


def test_another_handover_after_reprotection() -> None:
    """Whatever the plan says later, what re-protection left is kept."""
    for before, after in product(WAYS, WAYS):
        circle = turned(before, 1)
        circle.world.source.guarded = circle.world.target.guarded = after == "attach"
        circle.says(**{"when": "at_failover", **WAYS[after]})
        for operation in ("prepare", "reprotect", "prepare", "replicate", "readiness"):
            circle.run(operation, to="a")
        circle.stop("b")
        circle.run("failover", to="a")
        circle.run("reprotect")
        assert circle.lost() == [], (before, after)


@pytest.mark.parametrize("way", WAYS)
def test_an_old_recovery_point_on_an_old_root(way: str) -> None:
    """Site B is lost before it was replicated again. Site A has led since its only point, and has written to its root.

    So that point is not on the root any more, whatever Cinder noted there when it was copied.
    """
    circle, written = Circle(way, volumes=[]).protected(), []
    for turn, (old, new) in enumerate(TURNS[:3]):
        written.append(circle.write(old, f"turn {turn}"))
        good(circle.run("replicate", to=new))
        circle.stop(old)
        good(circle.run("failover", to=new))
        good(circle.reprotect(old))
    circle.world.target.reachable = False
    if not way.startswith("reimage"):  # the replica itself was the root, so it is superseded
        refused(circle.run("failover", to="a"), "no_recovery_point")
        return
    assert any("outranks generation 4" in text for text in texts(circle.run("failover", to="a")))
    assert circle.disks("a") == written[1]
    assert circle.lost() == []
    circle.world.target.reachable = True
    shown = circle.status()
    assert (shown["leader"], shown["generation"], shown["stale"]) == ("a", 5, "b")
