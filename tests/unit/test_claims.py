# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run holds its plan at the sites: when it takes it, how it loses it, and what people are told."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.standby.openstack.plugins.module_utils import claims as claims_module
from ansible_collections.standby.openstack.plugins.module_utils.claims import Claim, Claims, LockLost
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import CloudError, Refused, StandbyError
from ansible_collections.standby.openstack.plugins.module_utils.data.plan_record import (
    FAILOVER,
    LEASE,
    PLAN_HASH,
    UNKNOWN,
    Holder,
    read,
    written,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.one_run import Asker
from record_model import RECORD, RecordCloud, held_by

OTHER = Holder("r1", "replicate", "ann", "one")
WHO = "replicate, run r1, of ann on one"


def now() -> datetime:
    return datetime.now(UTC)


class Scene:
    """One run and the clouds at which it holds its plan.

    :param run: its id, or that of its move, in which case ``more`` says whether another run follows.
    """

    def __init__(
        self, *clouds: RecordCloud, lease: int = LEASE, gone: tuple[str, ...] = (), run: str = "r2", more: bool = False
    ) -> None:
        self.clouds, self.said = clouds, list[str]()
        asker = Asker("fail over shop", frozenset({run}), frozenset(gone))
        named: Any = zip(("site A", "site B"), clouds, strict=False)
        sites = [Claim(cloud, site, RECORD, asker) for site, cloud in named]
        self.claims = Claims(sites, Holder(run, "failover", "bob", "two", lease), lambda: None, more)

    def look(self) -> None:
        self.claims.look(self.said.append)

    def holder(self, cloud: RecordCloud) -> Holder | None:
        (group,) = cloud.groups.values()
        return read(group["description"])[0]


@pytest.fixture
def cloud() -> RecordCloud:
    return RecordCloud(now)


@pytest.fixture
def scene(cloud: RecordCloud) -> Iterator[Scene]:
    made = Scene(cloud)
    yield made
    made.claims.release({})


@contextmanager
def later(seconds: float) -> Iterator[None]:
    """The clock of this machine, so much further on."""
    with patch.object(claims_module, "_clock", lambda: time.monotonic() + seconds):
        yield


def writes(cloud: RecordCloud) -> list[str]:
    return [line for line in cloud.sent if not line.startswith("GET ")]


def test_a_run_that_changes_nothing_sends_nothing_that_writes(cloud: RecordCloud, scene: Scene) -> None:
    scene.look()
    scene.claims.release({})
    assert writes(cloud) == []


def test_the_first_step_takes_the_plan_and_the_end_lets_go(cloud: RecordCloud, scene: Scene) -> None:
    scene.look()
    scene.claims.take()
    scene.claims.take()
    assert scene.holder(cloud) == Holder("r2", "failover", "bob", "two", LEASE)
    scene.claims.release({"target": {PLAN_HASH: "abc", FAILOVER: "then"}, "source": {PLAN_HASH: "no"}})
    assert read(next(iter(cloud.groups.values()))["description"]) == (None, {PLAN_HASH: "abc", FAILOVER: "then"})
    assert len(writes(cloud)) == 2
    again = Scene(cloud)
    again.look()
    again.claims.take()
    again.claims.release({"target": {PLAN_HASH: "new"}})
    assert read(next(iter(cloud.groups.values()))["description"])[1] == {PLAN_HASH: "new", FAILOVER: "then"}


def test_a_run_that_lives_is_never_taken_over(cloud: RecordCloud, scene: Scene) -> None:
    group = held_by(cloud, OTHER, age=20)
    cloud.turn = lambda what: (
        cloud.sent.count("GET /security-groups") == 1
        and cloud.changed(group, description=written(Holder("r1", "replicate", "ann", "one", LEASE, 1), {}))
    )
    with patch.object(claims_module, "LOOK", 0.01), pytest.raises(Refused) as refused:
        scene.look()
    assert str(refused.value) == (
        f"Refused to fail over shop: a run of this plan is under way: {WHO}, as its record at site A says. Wait until "
        "it has ended, or end it there, then repeat."
    )
    told = r" If it gives no sign of life for another (39|40) s, it is dead and this run goes on\."
    assert re.fullmatch(re.escape(f"The plan is held at site A by {WHO}.") + told, scene.said[0])
    assert writes(cloud) == ["POST /security-groups"]


@pytest.mark.parametrize(("holder", "who"), [(OTHER, WHO), (UNKNOWN, "somebody whose name cannot be read")])
def test_a_dead_run_is_taken_over_with_words(cloud: RecordCloud, scene: Scene, holder: Holder, who: str) -> None:
    held_by(cloud, holder, age=LEASE + 1)
    scene.look()
    assert scene.said == [f"The plan was held at site A by a run that is gone, and is taken over: {who}."]
    scene.claims.take()
    assert scene.holder(cloud) == Holder("r2", "failover", "bob", "two", LEASE)


def test_it_waits_for_the_end_of_the_lease(cloud: RecordCloud, scene: Scene) -> None:
    held_by(cloud, Holder("r1", "replicate", "ann", "one", 2), age=0)
    began = time.monotonic()
    with patch.object(claims_module, "LOOK", 0.1):
        scene.look()
    assert 0.5 < time.monotonic() - began < 30
    assert [text.partition(" by ")[0] for text in scene.said] == [
        "The plan is held at site A",
        "The plan was held at site A",
    ]


def test_a_record_of_the_future_is_held_for_its_whole_lease(cloud: RecordCloud, scene: Scene) -> None:
    held_by(cloud, Holder("r1", "replicate", "ann", "one", 1), age=-7200)
    with patch.object(claims_module, "LOOK", 0.1):
        scene.look()
    assert "another 1 s" in scene.said[0]


def test_a_run_that_is_proved_dead_is_not_waited_for(cloud: RecordCloud) -> None:
    held_by(cloud, OTHER)
    made = Scene(cloud, gone=("r1",))
    made.look()
    assert made.said == [f"The plan was held at site A by a run that is gone, and is taken over: {WHO}."]
    made.claims.take()
    made.claims.release({})


def test_what_came_and_went_since_this_run_looked_is_refused(cloud: RecordCloud, scene: Scene) -> None:
    scene.look()
    held_by(cloud, None)
    for _step in range(2):
        with pytest.raises(Refused) as refused:
            scene.claims.take()
        assert str(refused.value) == (
            "Refused to fail over shop: another run of this plan has begun, or has come and gone, at site A since this "
            "one looked. Repeat: it looks again."
        )
    assert len(cloud.groups) == 1


def test_a_record_that_changed_is_not_taken(cloud: RecordCloud, scene: Scene) -> None:
    group = held_by(cloud, None)
    scene.look()
    cloud.changed(group, description=written(OTHER, {}))
    with pytest.raises(Refused):
        scene.claims.take()
    assert scene.holder(cloud) == OTHER


def test_both_sites_or_none() -> None:
    first, second = RecordCloud(now), RecordCloud(now)
    made = Scene(first, second)
    made.look()
    held_by(second, OTHER)
    with patch.object(claims_module, "MOMENT", 0.5), pytest.raises(Refused):
        made.claims.take()
    assert made.holder(first) is None
    assert made.holder(second) == OTHER


def test_a_run_that_slept_past_its_lease_sends_nothing_more(cloud: RecordCloud, scene: Scene) -> None:
    """Nobody has taken the plan: it does not even look."""
    scene.look()
    scene.claims.take()
    with later(LEASE), pytest.raises(LockLost) as lost:
        scene.claims.check()
    assert str(lost.value) == (
        "This run does not hold its plan any more: no sign of life could be given in time. Nothing more is sent; what "
        "was on its way is carried out. Look with dr_status, then repeat."
    )
    with pytest.raises(LockLost):
        scene.claims.take()


def wait_for_loss(claims: Claims) -> str:
    for _try in range(500):
        try:
            claims.check()
        except StandbyError as error:
            return str(error)
        time.sleep(0.02)
    raise AssertionError("it was never lost")


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("deleted", "the record at site A was deleted or changed by hand"),
        ("another holder", f"a run of this plan is under way: {WHO}, as its record at site A says"),
        ("nobody", "the record at site A was deleted or changed by hand"),
        ("silence", "no sign of life could be given in time"),
    ],
)
def test_how_a_plan_is_lost(cloud: RecordCloud, what: str, why: str) -> None:
    made = Scene(cloud, lease=2)
    made.look()
    made.claims.take()
    group = next(iter(cloud.groups.values()))
    if what == "deleted":
        del cloud.groups[group["id"]]
    elif what == "silence":
        cloud.send = fails  # type: ignore[method-assign]
    else:
        cloud.changed(group, description=written(OTHER if what == "another holder" else None, {}))
    assert why in wait_for_loss(made.claims)
    made.claims.release({})


def fails(*_arguments: Any) -> Any:
    raise CloudError("busy", 503)


def test_signs_of_life_keep_it_also_when_one_gets_lost(cloud: RecordCloud) -> None:
    """A sign arrives and its answer does not; somebody gives the group a tag."""
    made, send, lost = Scene(cloud, lease=1), cloud.send, list[str]()
    made.look()
    made.claims.take()

    def send_and_lose(*arguments: Any) -> Any:
        answer = send(*arguments)
        if len(lost) < 1:
            lost.append(arguments[0])
            raise CloudError("no answer of it", 504)
        return answer

    cloud.send = send_and_lose  # type: ignore[method-assign]
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        made.claims.check()
        time.sleep(0.05)
    assert lost
    assert made.holder(cloud).beat > 4  # type: ignore[union-attr]
    made.claims.release({})
    assert made.holder(cloud) is None


@pytest.mark.parametrize(("more", "changes"), [(True, True), (True, False), (False, False), (False, True)])
def test_nobody_comes_between_the_runs_of_a_move(cloud: RecordCloud, more: bool, changes: bool) -> None:
    """Whether a run changes something or not, it keeps what an earlier one took, or lets go if it is the last one."""
    first = Scene(cloud, run="move-1", more=True)
    first.look()
    first.claims.take()
    first.claims.release({})
    second = Scene(cloud, run="move-1", more=more)
    second.look()
    if changes:
        second.claims.take()
    second.claims.release({})
    left = second.holder(cloud)
    assert (left.run if left else None) == ("move-1" if more else None)
    others = Scene(cloud)
    others.claims._go_on = raises
    with pytest.raises(StopIteration) if more else nullcontext():
        others.look()


def raises() -> None:
    raise StopIteration


def test_a_move_that_changes_nothing_sends_nothing_that_writes(cloud: RecordCloud) -> None:
    for more in (True, False):
        stage = Scene(cloud, run="move-1", more=more)
        stage.look()
        stage.claims.release({})
    assert writes(cloud) == []


def test_a_cloud_without_compare_and_swap_is_refused(cloud: RecordCloud, scene: Scene) -> None:
    cloud.swaps = False
    with pytest.raises(Refused) as refused:
        scene.look()
    assert str(refused.value) == (
        "Refused to fail over shop: site A cannot keep the record that one run holds: Neutron has no extension "
        "revision-if-match. -e lock=host goes on with the lock file alone, which keeps away only runs of this machine "
        "in the same folder."
    )


def test_a_quota_that_is_full_is_refused(cloud: RecordCloud, scene: Scene) -> None:
    scene.look()

    def full(*_arguments: Any) -> Any:
        raise CloudError("Quota exceeded for resources: ['security_group'].", 409)

    cloud.send = full  # type: ignore[method-assign]
    with pytest.raises(Refused, match=r"Quota exceeded for resources.*lock=host"):
        scene.claims.take()


def test_only_groups_of_the_own_project_are_records(cloud: RecordCloud, scene: Scene) -> None:
    held_by(cloud, OTHER)["project_id"] = "theirs"
    scene.look()
    assert scene.said == []
