# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running one plan: references, check mode, waits, reading again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import (
    NotConverged,
    Refused,
    StandbyError,
    UnexpectedState,
)
from ansible_collections.standby.openstack.plugins.module_utils.data.steps import (
    Decision,
    Plan,
    Ref,
    Refusal,
    Step,
    Until,
)
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import (
    MOST_ROUNDS,
    Call,
    Job,
    Outcome,
    Pause,
    converge,
    resolve,
)

DONE = Plan({"state": "as read"}, {"state": "as read"})


def until(what: Any) -> Until:
    return Until("volume", what, frozenset({"available"}))


STEPS = (
    Step("make", "make it", {"size": 1}, result="it"),
    Step("wait", "wait for it", until=until(Ref("it"))),
    Step("use", "use it", {"deep": [{"id": Ref("it")}], "mac": Ref("it", "mac")}, until(Ref("it"))),
)
PLAN = Plan({}, {"state": "foretold"}, STEPS, extra={"e": "foretold"})


class World:
    """A cloud of one job: decisions in their order, answers by verb."""

    def __init__(self, *decisions: Decision, answers: Mapping[str, Any] | None = None) -> None:
        self.decisions = list(decisions)
        self.answers = answers or {"make": {"id": "vol-1", "mac": "fa"}}
        self.performed: list[Step] = []
        self.reads = 0

    def job(self, name: str = "db") -> Job:
        return Job(name, self.read, self.decide, self.perform)

    def read(self, since: float) -> str:
        self.reads += 1
        return f"seen {self.reads}"

    def decide(self, seen: str, first: str) -> Decision:
        assert (seen, first) == (f"seen {self.reads}", "seen 1")
        return self.decisions.pop(0)

    def perform(self, step: Step) -> Any:
        self.performed.append(step)
        return self.answers.get(step.verb, {})


def drive(world: World, check: bool = False, wait: bool = True, on_pause: Callable[[Pause], Any] = print) -> Outcome:
    """As the fleet does, but at once."""
    course = converge(world.job(), check, wait)
    try:
        ask = next(course)
        while True:
            ask = course.send(on_pause(ask) if isinstance(ask, Pause) else answer(ask))
    except StopIteration as stop:
        return stop.value


def answer(ask: Any) -> Any:
    assert isinstance(ask, Call)
    return ask.function() if ask.step else ask.function(0.0)


def test_nothing_to_do_reads_once_and_performs_nothing() -> None:
    world = World(DONE)
    outcome = drive(world)
    assert (world.reads, world.performed, outcome.facts) == (1, [], {"state": "as read"})
    assert not outcome.plan.changed


@pytest.mark.parametrize("wait", [True, False])
def test_check_mode_performs_nothing_and_tells_the_plan(wait: bool) -> None:
    world, pauses = World(PLAN), []
    outcome = drive(world, check=True, wait=wait, on_pause=pauses.append)
    assert (world.reads, world.performed, pauses) == (1, [], [])
    assert (outcome.plan, outcome.facts, outcome.extra) == (PLAN, {"state": "foretold"}, {"e": "foretold"})
    assert outcome.plan.changed


def test_steps_are_carried_out_in_order_with_their_references() -> None:
    world, pauses = World(PLAN, DONE), []
    outcome = drive(world, on_pause=pauses.append)
    assert [(step.verb, dict(step.args)) for step in world.performed] == [
        ("make", {"size": 1}),
        ("wait", {}),
        ("use", {"deep": [{"id": "vol-1"}], "mac": "fa"}),
    ]
    assert [pause.until.id for pause in pauses] == ["vol-1", "vol-1"]
    assert outcome.answers == {"it": {"id": "vol-1", "mac": "fa"}}


LATER = Step("use", "use what was foretold", {"it": Ref("never made")})
STAGED = replace(PLAN, later=(LATER,))


def test_what_follows_later_is_decided_again() -> None:
    other = Step("other", "what is needed now")
    world = World(STAGED, Plan({}, {}, (other,)), DONE)
    outcome = drive(world)
    assert [step.verb for step in world.performed] == ["make", "wait", "use", "other"]
    assert (world.reads, outcome.facts) == (3, {"state": "as read"})
    assert (outcome.plan.steps, outcome.plan.later) == ((*STEPS, other), None)


def test_nothing_may_be_left_to_do_later() -> None:
    world = World(STAGED, DONE)
    assert drive(world).plan.steps == STEPS
    assert world.reads == 2


def test_check_mode_tells_what_follows_later() -> None:
    world = World(STAGED)
    assert drive(world, check=True).plan.steps == (*STEPS, LATER)
    assert world.performed == []


def test_later_may_be_refused() -> None:
    with pytest.raises(Refused, match="because"):
        drive(World(STAGED, Refusal("code", "do it", "because", "Do.")))


def test_steps_that_nobody_foretold_are_an_error() -> None:
    with pytest.raises(NotConverged, match="still to do: what is needed now; use what was foretold"):
        drive(World(STAGED, Plan({}, {}, (Step("other", "what is needed now"),)), STAGED_AGAIN))


STAGED_AGAIN = Plan({}, {}, (Step("other", "what is needed now"),), later=(LATER,))


def test_a_wait_before_something_else_counts_as_a_change() -> None:
    wait = Step("wait", "wait", until=until("v"))
    assert Plan({}, {}, (wait,), later=(LATER,)).changed
    assert not Plan({}, {}, (wait,), later=(wait,)).changed


def test_afterwards_it_is_read_again_and_that_is_what_is_told() -> None:
    world = World(PLAN, Plan({"state": "as read again"}, {}, extra={"e": "as read again"}))
    outcome = drive(world)
    assert world.reads == 2
    assert (outcome.facts, outcome.extra) == ({"state": "as read again"}, {"e": "as read again"})
    assert outcome.plan == PLAN


AWAIT = Step("wait", "wait until it is built", until=until("it"))
FIRST = Plan({"state": "BUILD"}, {"state": "foretold"}, (AWAIT,), later=STEPS)


def test_what_can_only_be_decided_later_is_decided_later() -> None:
    """After the first step it is read and decided again; the others only foretell."""
    world = World(FIRST, PLAN, Plan({"state": "as read"}, {}))
    outcome = drive(world)
    assert [step.verb for step in world.performed] == ["wait", "make", "wait", "use"]
    assert (world.reads, outcome.facts) == (3, {"state": "as read"})
    assert (outcome.plan.before, outcome.plan.steps) == ({"state": "BUILD"}, (AWAIT, *STEPS))


def test_check_mode_shows_what_is_foretold() -> None:
    outcome = drive(World(FIRST), check=True)
    assert (outcome.plan.steps, outcome.facts) == ((AWAIT, *STEPS), {"state": "foretold"})


def test_nothing_may_be_left_to_do_after_it() -> None:
    outcome = drive(World(FIRST, DONE))
    assert (outcome.plan.changed, outcome.plan.steps, outcome.facts) == (False, (AWAIT,), {"state": "as read"})


def test_a_decision_that_never_comes_to_an_end_is_given_up() -> None:
    world = World(*[FIRST] * (MOST_ROUNDS + 1))
    with pytest.raises(NotConverged, match="something is still to do: make it; use it"):
        drive(world)
    assert len(world.performed) == MOST_ROUNDS


def test_what_is_left_afterwards_is_an_error() -> None:
    world = World(PLAN, PLAN)
    with pytest.raises(NotConverged) as caught:
        drive(world)
    assert str(caught.value) == ("All steps for db were carried out, yet something is still to do: make it; use it.")
    assert caught.value.details == {"left": "make it; use it"}


def test_a_wait_that_is_left_afterwards_is_none() -> None:
    """Health checks are waits: they are part of every plan of a failover."""
    assert drive(World(PLAN, Plan({"state": "ok"}, {}, (STEPS[1],)))).facts == {"state": "ok"}


def test_a_refusal_changes_nothing() -> None:
    world = World(Refusal("no", "do it", "it is not so", "Do something."))
    with pytest.raises(Refused, match=r"^Refused to do it: it is not so\. Do something\.$") as caught:
        drive(world)
    assert world.performed == []
    assert caught.value.as_result()["error"] == {
        "code": "refused", "reason": "no", "wanted": "do it", "seen": "it is not so", "todo": "Do something.",
    }  # fmt: skip


def test_a_refusal_afterwards_is_told_too() -> None:
    with pytest.raises(Refused):
        drive(World(PLAN, Refusal("gone", "do it", "it vanished", "Look.")))


def test_without_waiting_the_last_wait_and_the_second_reading_are_left_out() -> None:
    world, pauses = World(PLAN), []
    outcome = drive(world, wait=False, on_pause=pauses.append)
    assert [pause.step.text for pause in pauses] == ["wait for it"]
    assert (world.reads, len(world.performed), outcome.facts) == (1, 3, {"state": "foretold"})


def test_without_waiting_a_plan_of_one_step_does_not_wait() -> None:
    world, pauses = World(Plan({}, {}, (Step("use", "use it", until=until("v")),))), []
    drive(world, wait=False, on_pause=pauses.append)
    assert pauses == []


def test_an_error_of_a_step_ends_the_plan() -> None:
    world = World(PLAN)
    world.perform = lambda step: 1 / 0  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        drive(world)
    assert world.reads == 1


@pytest.mark.parametrize(
    ("args", "resolved"),
    [
        ({}, {}),
        ({"a": 1, "b": None}, {"a": 1, "b": None}),
        ({"a": Ref("it")}, {"a": "vol-1"}),
        ({"a": Ref("it", "mac")}, {"a": "fa"}),
        ({"a": [1, Ref("it")]}, {"a": [1, "vol-1"]}),
        ({"a": (1, Ref("it"))}, {"a": [1, "vol-1"]}),
        ({"a": {"b": {"c": Ref("it")}}}, {"a": {"b": {"c": "vol-1"}}}),
        ({"a": "Ref"}, {"a": "Ref"}),
    ],
)
def test_references(args: Any, resolved: Any) -> None:
    answers = {"it": {"id": "vol-1", "mac": "fa"}}
    assert resolve(Step("v", "t", args), answers).args == resolved


def test_a_reference_that_nothing_answers_is_never_sent() -> None:
    with pytest.raises(KeyError):
        resolve(Step("v", "t", {"a": Ref("later")}), {})


def test_the_reference_of_a_wait_may_be_the_step_itself() -> None:
    step = Step("make", "make it", {}, until(Ref("it")), result="it")
    world, pauses = World(Plan({}, {}, (step,)), DONE), []
    drive(world, on_pause=pauses.append)
    assert [pause.until.id for pause in pauses] == ["vol-1"]


@pytest.mark.parametrize(
    ("step", "writes"),
    [
        (Step("wait", "t"), False),
        (Step("export_backup", "t", only_reads=True), False),
        (Step("shelve", "t"), True),
        (Step("new", "t"), True),
    ],
    ids=lambda value: value.verb if isinstance(value, Step) else "",
)
def test_what_counts_as_a_change(step: Step, writes: bool) -> None:
    assert Plan({}, {}, (step,)).changed is writes


def test_a_plan_without_steps_changes_nothing() -> None:
    assert not DONE.changed


@pytest.mark.parametrize(
    ("kind", "explain", "text"),
    [
        (
            "server",
            lambda cloud, what: f"{what} at {cloud} says why.",
            "unshelve it: it fell back. srv at here says why. Look at the server, then repeat.",
        ),
        ("server", None, "unshelve it: it fell back. Look at the server, then repeat."),
        (
            "volume",
            lambda cloud, what: "never asked",
            "unshelve it: it fell back. Look at the volume, then repeat.",
        ),
    ],
)
def test_a_server_that_fell_back_is_asked_why(kind: str, explain: Any, text: str) -> None:
    step = Step("unshelve", "unshelve it", {}, Until(kind, "srv", frozenset({"ACTIVE"})))
    job = replace(World(Plan({}, {}, (step,))).job(), explain=explain)
    course = converge(job, check=False)
    pause = course.send(answer(course.send(answer(next(course)))))
    assert isinstance(pause, Pause)
    with pytest.raises(UnexpectedState) as caught:
        course.send(answer(course.throw(UnexpectedState("unshelve it: it fell back.", kind=kind))))
    assert str(caught.value) == text


@pytest.mark.parametrize("where", ["request", "wait"])
@pytest.mark.parametrize("safe", ["", "The old root is safe. Repeat."])
def test_a_step_that_fails_says_what_is_safe(safe: str, where: str) -> None:
    world = World(Plan({}, {}, (Step("use", "use it", {}, until("v"), safe=safe),)))
    course = converge(world.job(), check=False)
    request = course.send(answer(next(course)))
    failing = request if where == "request" else course.send(answer(request))
    assert isinstance(failing, Call if where == "request" else Pause)
    with pytest.raises(StandbyError) as caught:
        course.throw(StandbyError("The quota is used up."))
    assert str(caught.value) == f"The quota is used up. {safe}".strip()
    assert caught.value.details == ({"safe": safe} if safe else {})
