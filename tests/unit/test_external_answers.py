# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that answer anything: what is used, what is refused, and that a terminal obeys nothing of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.cloud.read.external import BadAnswer
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.data.texts import is_one_line
from circle import good, refused
from external_sites import ExternalCircle, commands
from recovery_builders import the_plan

Change = Callable[[Any], Any]

#: What a terminal obeys.
RED = "\x1b[31m\n\u202e"


def failing_over(change: Change | None = None, verb: str = "status", **options: Any) -> ExternalCircle:
    """A server that is to be failed over, whose storage answers otherwise from now on."""
    circle = ExternalCircle(**options).protected()
    circle.world.source.reachable = False
    if change:
        circle.world.spoil = lambda _world, ran, answer: change(answer) if ran == verb else answer
    return circle


def of_server(**changes: Any) -> Change:
    return lambda answer: {"servers": {"db": {**answer["servers"]["db"], **changes}}}


def of_point(**changes: Any) -> Change:
    """Each point is changed; None leaves a field out."""

    def change(answer: Any) -> Any:
        points = [{**point, **changes} for point in answer["servers"]["db"]["points"]]
        kept = [{key: value for key, value in point.items() if value is not None} for point in points]
        return of_server(points=kept)(answer)

    return change


def notes(disk: str, **changes: Any) -> Change:
    def change(answer: Any) -> Any:
        (point,) = answer["servers"]["db"]["points"]
        return of_point(notes={**point["notes"], disk: {**point["notes"][disk], **changes}})(answer)

    return change


WHOLE: dict[str, tuple[Change, str]] = {
    "a list": (lambda _a: [], "servers is missing, wanted an object with each server by its name"),
    "a number": (lambda _a: 7, "servers is missing, wanted an object"),
    "servers a list": (lambda _a: {"servers": []}, "servers is a list, wanted an object"),
    "a server a text": (lambda _a: {"servers": {"db": "x"}}, "of server db, servers.db is a text, wanted an object"),
    "points an object": (of_server(points={}), "of server db, points is an object, wanted a list"),
    "problems a text": (of_server(problems="x"), "of server db, problems is a text, wanted a list"),
    "source another": (of_server(source=RED), "of server db, source is \ufffd[31m\ufffd\ufffd, wanted a, b or nothing"),
    "source a list": (of_server(source=["a"]), "of server db, source is a list, wanted a, b or nothing"),
}


@pytest.mark.parametrize("case", WHOLE)
def test_an_answer_of_another_form_is_refused(case: str) -> None:
    change, words = WHOLE[case]
    circle = failing_over(change)
    try:
        (result,) = circle.run("failover").values()
    except BadAnswer as error:
        result = error
    assert isinstance(result, BadAnswer), result
    assert words in str(result)
    assert str(result).endswith("Correct the command: docs/providers.md has the form. Nothing was changed by it.")
    assert is_one_line(str(result))


POINTS: dict[str, tuple[Change, str]] = {
    "no object": (of_server(points=[RED]), "it is a text, wanted an object"),
    "no id": (of_point(id=None), "id is missing, wanted up to 200 letters"),
    "an odd id": (of_point(id=f"x{RED}"), "id is x\ufffd[31m\ufffd\ufffd, wanted up to 200 letters"),
    "an id too long": (of_point(id="x" * 201), "id is xxx"),
    "an id that ends a line": (of_point(id="x\n"), "id is x\ufffd, wanted"),
    "no time": (of_point(time=None), "time is missing, wanted UTC such as 2026-11-20T08:00:00+00:00"),
    "a time elsewhere": (of_point(time="2026-11-20T08:00:00+01:00"), "time is 2026-11-20T08:00:00+01:00, wanted UTC"),
    "a time as number": (of_point(time=5), "time is a number, wanted UTC"),
    "complete a text": (of_point(complete="yes"), "complete is yes, wanted true or false"),
    "promoted a number": (of_point(promoted=1), "promoted is a number, wanted true or false"),
    "no notes": (of_point(notes=None), "notes has no disk, wanted root, data"),
    "notes a list": (of_point(notes=[]), "notes is a list, wanted an object"),
    "a disk missing": (lambda a: of_point(notes={"root": _notes(a)["root"]})(a), "notes has root, wanted root, data"),
    "notes of a disk a list": (lambda a: of_point(notes={**_notes(a), "data": []})(a), "notes.data is a list"),
    "size a text": (notes("root", size="1"), "notes.root.size is 1, wanted GiB"),
    "size true": (notes("root", size=True), "notes.root.size is true or false, wanted GiB"),
    "size 0": (notes("root", size=0), "notes.root.size is a number, wanted GiB"),
    "metadata of numbers": (notes("root", metadata={"a": 1}), "notes.root.metadata has something else than texts"),
    "marks gone": (notes("root", metadata={}), "notes.root has standby_plan missing, wanted shop"),
    "marks of another disk": (lambda a: notes("root", **_notes(a)["data"])(a), "standby_disk data, wanted root"),
    "marks of another time": (of_point(time="2026-11-20T07:00:00+00:00"), "wanted 2026-11-20T07:00:00+00:00"),
    "objects a list": (of_point(objects=[]), "objects is a list, wanted an object"),
    "an object of nothing": (of_point(objects={"root": {}}), "objects.root has nothing, wanted host and ref"),
    "an object of both": (
        of_point(objects={"root": {"host": "h", "ref": {"a": "b"}, "volume_id": "v"}}),
        "objects.root has host, ref, volume_id, wanted host and ref, or volume_id",
    ),
    "a host that ends a line": (of_point(objects={"root": {"host": RED, "ref": {"a": "b"}}}), "wanted host and ref"),
    "a ref of lists": (of_point(objects={"root": {"host": "h", "ref": {"a": []}}}), "objects.root.ref has something"),
    "a disk with an odd name": (of_point(objects={RED: 5}), "objects.\ufffd[31m\ufffd\ufffd is a number, wanted"),
}  # fmt: skip


def _notes(answer: Any) -> Any:
    return answer["servers"]["db"]["points"][0]["notes"]


@pytest.mark.parametrize("case", POINTS)
def test_a_point_of_another_form_counts_for_nothing_and_is_told(case: str) -> None:
    change, words = POINTS[case]
    circle = failing_over(change)
    text = refused(circle.run("failover"), "no_recovery_point")
    assert is_one_line(text)
    assert words in text
    circle.world.source.reachable = True
    job = circle.world.job("replicate", plan=circle.plan("b"))
    what = job.read(time.monotonic())
    told = [note for note in job.decide(what, what).notes if "of the storage does not count" in note]
    assert told
    assert words in told[0], told
    assert all(map(is_one_line, told))


def test_one_wrong_point_does_not_spoil_the_others() -> None:
    def change(answer: Any) -> Any:
        points = answer["servers"]["db"]["points"]
        return of_server(points=[{**points[0], "id": RED}, *points, {**points[0], "id": "twice"}])(answer)

    circle = failing_over(change)
    done = good(circle.run("failover"))
    assert circle.server("b").status == "ACTIVE"
    assert done.plan.changed


def test_a_server_that_the_storage_does_not_know_has_no_points() -> None:
    circle = failing_over(lambda _answer: {"servers": {}})
    refused(circle.run("failover"), "no_recovery_point")


def test_a_command_that_does_nothing_ends_with_words() -> None:
    """It answers well and makes no point: everything was carried out, and something is left to do."""
    circle = ExternalCircle().protected()
    circle.write("a", "more")
    circle.world.real = True
    circle.options["replication"]["commands"] = {**commands(), "replicate": ["true"]}
    (result,) = circle.run("replicate").values()
    text = "All steps for db were carried out, yet something is still to do: make a recovery point of db at the storage"
    assert text in str(result)


def test_a_point_that_the_storage_has_begun_is_finished() -> None:
    """The next run is about the same moment."""
    circle = ExternalCircle().protected()
    good(circle.run("replicate"))
    (first, last) = circle.world.held()
    half = [True]

    def spoil(_world: Any, verb: str, answer: Any) -> Any:
        half[0] = half[0] and verb != "replicate"
        for point in answer["servers"]["db"]["points"] if verb == "status" and half[0] else ():
            point["complete"] = point["time"] == first
        return answer

    circle.world.spoil = spoil
    circle.world.asked.clear()
    assert good(circle.run("replicate")).extra["recovery_point"] == last
    assert [given["time"] for given in circle.world.asked if given["verb"] == "replicate"] == [last]


PROBLEMS: dict[str, tuple[dict[str, Any], str]] = {
    "no commands": ({"commands": None}, "replication.commands names no status, replicate, promote, remove, reverse"),
    "one missing": ({"commands": commands("F", "status", "replicate", "remove", "reverse")}, "names no promote, which"),
    "an empty one": ({"commands": {**commands(), "status": []}}, "replication.commands.status names no program"),
    "an empty program": ({"commands": {**commands(), "clone": [""]}}, "replication.commands.clone names no program"),
    "a NUL": ({"commands": {**commands(), "status": ["a\0b"]}}, "replication.commands.status[1] has control"),
    "no time": ({"timeout": 0}, "replication.timeout is 0, at least 1 is needed"),
    "no time for status": ({"status_timeout": -1}, "replication.status_timeout is -1, at least 1 is needed"),
    "another method": ({"method": "cinder_backup"}, "replication.method is cinder_backup, which uses none"),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_plan_that_says_it_wrong(case: str) -> None:
    changes, words = PROBLEMS[case]
    replication = {"method": "external", "commands": commands(), **changes}
    with pytest.raises(Refused, match="use the plan shop") as found:
        the_plan(replication=replication)
    assert words in str(found.value)


def test_reimage_while_dormant_has_nothing_to_copy_from() -> None:
    replication = {"method": "external", "commands": commands()}
    with pytest.raises(Refused, match="method external a recovery point is no volume before a failover"):
        the_plan(replication=replication, handover="reimage", when="at_replication")
