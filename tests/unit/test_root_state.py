# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the root of a server is: every combination of what can be seen of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.seen import Attachment, Seen, Volume
from ansible_collections.standby.openstack.plugins.module_utils.decide.root.root_state import (
    FILLED,
    Kind,
    RootState,
    is_placeholder,
    is_superseded,
    kind_of,
    root_state,
)
from ansible_collections.standby.openstack.plugins.module_utils.decide.server.states import UNSHELVE_TASKS
from builders import GUARDED, STOCK, nothing, volume
from recovery_builders import PREPARED, T1, T2, twin

LATER = "2026-11-20T12:00:00.000000"
ROLES = ("placeholder", "copy", "replica", "superseded", "handover", "a role of tomorrow", "")
STATES = (("SHELVED_OFFLOADED", None), ("SHELVED_OFFLOADED", "unshelving"), ("ACTIVE", None), ("SHUTOFF", None))


def root(role: str, woken: str = "", status: str = "reserved", held: str = "", **marks: str) -> Volume:
    """The root "r" of the server "db" of the plan "shop", of the recovery point T1."""
    told = {"standby_plan": "shop", "standby_server": "db", "standby_disk": "root", "standby_volume": "r"}
    told |= {"standby_role": role, "standby_woken": woken, "standby_recovery_point": T1, **marks}
    kept = {key: value for key, value in told.items() if value}
    return volume("r", status=status, metadata=kept, image_metadata={"standby_recovery_point": held} if held else {})


def seen(found: Volume, status: str = "SHELVED_OFFLOADED", task: str | None = None, woken: Any = PREPARED) -> Seen:
    return replace(twin([found], STOCK, status=status, task_state=task), woken=woken)


def expected_kind(role: str, woken: str) -> Kind:
    if role == "placeholder":
        return Kind.REFRESHED if woken else Kind.PLACEHOLDER
    return {"copy": Kind.COPY, "replica": Kind.REPLICA, "superseded": Kind.SUPERSEDED, "": Kind.OWN}.get(
        role, Kind.FOREIGN
    )


@pytest.mark.parametrize(("role", "woken"), list(itertools.product(ROLES, ("", PREPARED))))
def test_what_a_volume_is_to_a_server(role: str, woken: str) -> None:
    found = root(role, woken)
    assert kind_of(found, "shop", "db") is expected_kind(role, woken)
    assert is_placeholder(found, "shop", "db") is (role == "placeholder" and not woken)
    assert is_superseded(found, "shop", "db") is (role == "superseded")
    saved = root(role, woken, standby_superseded=T2)
    assert kind_of(saved, "shop", "db") is expected_kind(role, woken)
    assert is_superseded(saved, "shop", "db") is (role == "superseded" or (role == "placeholder" and bool(woken)))


@pytest.mark.parametrize(("role", "woken"), list(itertools.product(ROLES, ("", PREPARED))))
@pytest.mark.parametrize(
    "marks",
    [
        {"standby_plan": "bank"},
        {"standby_plan": ""},
        {"standby_server": "app"},
        {"standby_server": ""},
        {"standby_volume": "another"},
        {"standby_volume": "", "src_backup_id": "a backup"},
    ],
)
def test_a_volume_of_another_server_or_a_copy_of_its_marks_is_foreign(
    role: str, woken: str, marks: dict[str, str]
) -> None:
    assert kind_of(root(role, woken, **marks), "shop", "db") is Kind.FOREIGN


@pytest.mark.parametrize("role", ROLES)
def test_without_a_plan_nothing_is_of_it(role: str) -> None:
    assert kind_of(root(role, standby_plan=""), "", "db") is Kind.FOREIGN


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("noted", "now"), list(itertools.product(("", PREPARED), (PREPARED, LATER, None))))
def test_whether_the_server_ran_on_it(state: tuple[str, str | None], noted: str, now: str | None) -> None:
    """False only if it sleeps, and Nova's record has the same time as when the root was first filled."""
    asleep = state == ("SHELVED_OFFLOADED", None)
    unknown = asleep and (not noted or now is None)
    for role in ("copy", "placeholder"):
        found = root_state(seen(root(role, noted), *state, woken=now), "shop")
        assert found.ran is (None if unknown else not (asleep and noted == now))
        assert found.unused is (found.kind in FILLED and asleep and bool(noted) and noted == now)


@pytest.mark.parametrize("task", sorted(UNSHELVE_TASKS))
def test_one_that_is_being_woken_runs(task: str) -> None:
    assert root_state(seen(root("copy", PREPARED), task=task), "shop").ran is True


#: Role, when it was woken before it was filled, status, what Cinder noted, when it was woken last: what it holds.
HOLDS: list[tuple[str, str, str, str, Any, str | None]] = [
    ("placeholder", "", "reserved", "", PREPARED, None),
    ("placeholder", PREPARED, "reserved", T2, PREPARED, T2),
    ("placeholder", PREPARED, "reserved", "", PREPARED, None),
    ("placeholder", PREPARED, "reserved", "no time", PREPARED, None),
    ("placeholder", PREPARED, "downloading", T2, PREPARED, None),
    ("placeholder", PREPARED, "error", T2, PREPARED, None),
    ("placeholder", PREPARED, "reserved", T2, LATER, T2),
    ("copy", PREPARED, "reserved", T2, PREPARED, T2),
    ("copy", PREPARED, "reserved", "", PREPARED, None),
    ("copy", PREPARED, "downloading", T2, PREPARED, None),
    ("copy", PREPARED, "in-use", "", LATER, T1),
    ("copy", PREPARED, "reserved", T2, None, T1),
    ("copy", "", "in-use", "", PREPARED, T1),
    ("replica", "", "in-use", "", PREPARED, T1),
    ("replica", "", "reserved", T2, None, T1),
    ("superseded", "", "reserved", T2, PREPARED, None),
    ("", "", "reserved", T2, PREPARED, None),
    ("handover", "", "reserved", T2, PREPARED, None),
]


@pytest.mark.parametrize(("role", "noted", "status", "held", "now", "holds"), HOLDS)
def test_which_recovery_point_it_holds(
    role: str, noted: str, status: str, held: str, now: Any, holds: str | None
) -> None:
    assert root_state(seen(root(role, noted, status, held), woken=now), "shop").holds == holds


@pytest.mark.parametrize(
    ("text", "number"), [("", 1), ("1", 1), ("7", 7), ("0", 1), ("-2", 1), ("two", 1), ("03", 1), ("9" * 12, 1)]
)
def test_its_generation_is_1_where_nothing_says_one(text: str, number: int) -> None:
    found = root("replica", standby_generation=text)
    assert root_state(seen(found), "shop").generation == number
    assert found.marks.unreadable == (() if text in ("", "1", "7") else ("standby_generation",))


def test_no_server_and_no_root() -> None:
    assert root_state(nothing(), "shop") == RootState(Kind.NONE)
    assert root_state(twin(offer=GUARDED), "shop") == RootState(Kind.NONE)


@pytest.mark.parametrize("offer", [GUARDED, STOCK])
def test_a_root_of_which_cinder_tells_nothing_is_unknown(offer: Any) -> None:
    assert root_state(twin([root("replica")], offer, known=False), "shop") == RootState(Kind.UNKNOWN)


@pytest.mark.parametrize(("role", "woken"), list(itertools.product(ROLES, ("", PREPARED))))
def test_where_nothing_tells_the_root_the_marks_of_a_filled_one_do(role: str, woken: str) -> None:
    """Nobody may overlook that the server ran on it. To overwrite it, they are not enough."""
    untagged = (Attachment("r", None, None), Attachment("other", None, None))
    server = replace(twin(offer=STOCK).found, attachments=untagged)
    found = root_state(Seen(server, STOCK, {"r": root(role, woken)}, woken=PREPARED), "shop")
    kind = expected_kind(role, woken)
    assert found.kind is (kind if kind in FILLED else Kind.UNKNOWN)
    assert (found.volume is not None, found.sure) == ((True, False) if kind in FILLED else (False, True))
