# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a twin is ready for a failover: what is missing, all of it at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.failover import used_point
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.readiness import decide_readiness
from ansible_collections.standby.openstack.plugins.module_utils.decide.handover.recovery import recovery
from builders import GUARDED, STOCK, TINY, nothing, plan, port, refusal, volume
from recovery_builders import (
    PLACEHOLDERS,
    T1,
    T2,
    T3,
    db,
    placeholder,
    point,
    replica,
    row,
    site_of,
    the_plan,
    twin,
)

HELD = tuple(replace(v, status="reserved", attached_to=("twin",)) for v in PLACEHOLDERS)
GRABBED = (placeholder("root"), volume("y", size=2, metadata={"standby_disk": "data"}))
MOVED = replace(twin(), ports=(port(device_id="twin", security_groups=("sg-9",)),))


def ready(site: Any, method: str = "attach", volumes: Any = None, lag: int = 0, rpo: Any = None, **changes: Any) -> Any:
    on = tuple(site.seen.volumes.values())
    of = the_plan(row(**changes), handover=method, replication={"rpo": rpo})
    found = recovery(site.seen, (*(point() if volumes is None else volumes), *on), of.servers[0])
    what = replace(found, around=site.around)
    return decide_readiness(site, what, of.servers[0], of, lambda time: lag)


@pytest.mark.parametrize(
    ("method", "seen"),
    [
        ("attach", twin()),
        ("recreate", twin(PLACEHOLDERS)),
        ("recreate", twin(PLACEHOLDERS, STOCK)),
        ("reimage", twin(HELD, STOCK)),
    ],
)
def test_a_twin_at_rest_is_ready(method: str, seen: Any) -> None:
    found = plan(ready(site_of(seen), method))
    assert (found.steps, found.before, found.extra) == ((), found.after, {"recovery_point": T2, "last_drill": None})
    assert (found.notes, found.findings) == ((), ())


FINDINGS = {
    "no twin": ("attach", nothing(), "there is no twin at the target"),
    "on its placeholders": (
        "attach",
        twin(PLACEHOLDERS),
        "the twin is SHELVED_OFFLOADED with root volume p-shop-db-root, not dormant",
    ),
    "half taken off": ("attach", twin(PLACEHOLDERS[1:]), "the twin still has volume p-shop-db-data"),
    "a stranger is on": ("attach", twin([volume("x")]), "the twin still has volume x"),
    "locked": ("attach", twin(locked=True), "the twin is locked"),
    "still shelving": (
        "recreate",
        twin(PLACEHOLDERS, task_state="shelving_offloading"),
        "the twin is SHELVED_OFFLOADED with root volume p-shop-db-root, not shelved on its placeholders",
    ),
    "running": (
        "recreate",
        twin(PLACEHOLDERS, status="ACTIVE"),
        "the twin is ACTIVE with root volume p-shop-db-root, not shelved on its placeholders",
    ),
    "running and locked": (
        "attach",
        twin(PLACEHOLDERS, status="ACTIVE", locked=True),
        "the twin is ACTIVE with root volume p-shop-db-root, not dormant; the twin is locked",
    ),
    "empty": ("recreate", twin(), "the twin is SHELVED_OFFLOADED, not shelved on its placeholders"),
    "without its root": ("reimage", twin(HELD[1:]), "the twin has no root volume that could be overwritten"),
    "its root was let go by Cinder": (
        "reimage",
        twin((replace(HELD[0], status="available"), HELD[1]), STOCK),
        "the root db-root-placeholder of the twin is available, not reserved",
    ),
    "an earlier copy failed": (
        "reimage",
        twin((replace(HELD[0], status="error"), HELD[1]), STOCK),
        "the root db-root-placeholder of the twin is error, not reserved",
    ),
    "on a foreign volume": (
        "recreate",
        twin(GRABBED),
        "the twin is SHELVED_OFFLOADED with root volume p-shop-db-root, not shelved on its placeholders",
    ),
    "failed over": (
        "recreate",
        twin(point(), status="ACTIVE"),
        f"the twin is ACTIVE with root volume r-db-root-{T2}, not shelved on its placeholders",
    ),
    "in ERROR": (
        "attach",
        twin(status="ERROR", fault="No valid host was found."),
        "the twin is in ERROR: No valid host was found.",
    ),
    "no guarded API": (
        "attach",
        twin(offer=STOCK),
        "the target does not advertise the guarded root volume API (os-root-volume is not in its extension list)",
    ),
}


ANEW = "Remove the twin with server_boot_volume state: absent, which keeps its volumes, and run dr_prepare."

AGAIN = "Remove the twin with server_boot_volume state: absent, run dr_prepare, then repeat."

#: What to do, where dr_prepare does not help.
ADVICE = {
    "a stranger is on": f"Find out who attached volume x. Take it off, or: {ANEW}",
    "locked": "Unlock the twin: openstack server unlock.",
    "running and locked": "Run dr_prepare. Unlock the twin: openstack server unlock.",
    "empty": ANEW,
    "without its root": ANEW,
    "its root was let go by Cinder": AGAIN,
    "an earlier copy failed": AGAIN,
    "on a foreign volume": f"Find out who attached volume y. Take it off, or: {ANEW}",
    "failed over": "The server was failed over: the target leads, and nothing is to be prepared here.",
    "in ERROR": "Find out why (openstack server show), repair or delete it, then repeat.",
    "no guarded API": (
        "The handover attach needs it (see nova_root_volume/README.md). Stock Nova can reimage or recreate."
    ),
}


@pytest.mark.parametrize("case", FINDINGS)
def test_what_is_missing(case: str) -> None:
    method, seen, text = FINDINGS[case]
    found = refusal(ready(site_of(seen), method))
    assert (found.code, found.seen) == ("not_ready", text)
    assert found.todo == ADVICE.get(case, "Run dr_prepare.")


def test_what_could_be_mended_is_a_finding() -> None:
    row_port = {"network": "net", "fixed_ip": "10.0.0.5", "security_groups": ["inside"]}
    ids = {("network", "net"): "net-1", ("security_group", "inside"): "sg-1"}
    found = refusal(ready(site_of(MOVED, ids=ids), ports=[row_port]))
    assert found.seen == "security groups of port db-port0 is sg-9, wanted inside"


def test_what_cannot_be_mended_is_a_finding() -> None:
    assert refusal(ready(site_of(twin()), key_name="ops")).seen == "key_name is none, wanted ops"


def test_findings_about_the_twin_and_its_replicas_are_told_together() -> None:
    found = refusal(ready(site_of(twin(locked=True, flavor=replace(TINY, name="big"))), volumes=()))
    assert found.text == (
        "Refused to call db ready:\n"
        "  1. flavor is big, wanted m1.tiny\n"
        "  2. the twin is locked\n"
        "  3. there is no complete recovery point\n"
        f"Correct the plan. Or: {ANEW} Unlock the twin: openstack server unlock. Run dr_replicate."
    )
    assert [finding.data for finding in found.findings] == [
        {"what": "flavor", "wanted": "m1.tiny", "seen": "big", "text": "flavor is big, wanted m1.tiny",
         "blocks": True, "in_place": False},
        {"what": "lock of the twin", "wanted": "unlocked", "seen": "locked", "text": "the twin is locked",
         "blocks": True},
        {"what": "recovery point", "wanted": "a complete one at the target", "seen": None,
         "text": "there is no complete recovery point", "blocks": True},
    ]  # fmt: skip


LAGS = {
    "nothing": ((), None),
    "the newest": ((*point(T1), *point(T2)), T2),
    "one that is being copied does not count": ((*point(T1), *point(T2, metadata={})), T1),
    "half a point does not count": ((*point(T1), replica("root", T2)), T1),
    "copying": ((*point(T1), replica("root", T3), replica("data", T3, "copying")), T1),
    "unusable": ((*point(T1), replica("root", T3), replica("data", T3, status="error")), T1),
    "unusable, alone": ((replica("root", T3), replica("data", T3, status="maintenance")), None),
    "another server's": ((*point(T1), *point(T3, server="app")), T1),
    "in use, by another server": ((*point(T1), *point(T2, status="in-use", attached_to=("rescue",))), T1),
    "in use, alone": (point(T2, status="in-use", attached_to=("rescue",)), None),
}


@pytest.mark.parametrize("case", LAGS)
def test_the_newest_recovery_point_that_a_failover_could_take(case: str) -> None:
    volumes, time = LAGS[case]
    found = used_point(recovery(nothing(GUARDED), volumes, db()), db(), the_plan()).point
    assert (found.time if found else None) == time


REFRESHED = replace(
    HELD[0],
    metadata={**HELD[0].metadata, "standby_woken": "at first"},
    image_metadata={"standby_recovery_point": T2},
)


def refreshing(seen: Any, method: str = "reimage") -> Any:
    when = {"when": "at_replication"} if method == "reimage" else {}
    of = the_plan(handover=method, **when)
    found = recovery(seen, (*point(), *seen.volumes.values()), of.servers[0])
    what = replace(found, around=site_of(seen).around)
    return decide_readiness(site_of(seen), what, of.servers[0], of, lambda time: 0)


@pytest.mark.parametrize(
    ("root", "held"),
    [
        (REFRESHED, T2),
        (replace(REFRESHED, image_metadata={"standby_recovery_point": T1}), T1),
        (replace(REFRESHED, image_metadata={}), None),
        (replace(REFRESHED, status="downloading"), None),
        (HELD[0], None),
    ],
)
def test_which_recovery_point_the_root_holds(root: Any, held: str | None) -> None:
    """A failover copies what is not there yet, so it is ready all the same."""
    found = plan(refreshing(replace(twin((root, HELD[1]), STOCK), woken="at first")))
    assert found.extra == {"recovery_point": T2, "last_drill": None, "root_recovery_point": held}


@pytest.mark.parametrize(
    ("root", "changes", "method", "says"),
    [
        (REFRESHED, {}, "recreate", "not shelved on its placeholders"),
        (REFRESHED, {"status": "ACTIVE"}, "reimage", "not shelved on its placeholders"),
        (REFRESHED, {"woken": "later"}, "reimage", "the twin was unshelved at later, on its refreshed root"),
        (replace(REFRESHED, status="error", image_metadata={}), {}, "reimage", "is error, not reserved"),
    ],
)
def test_a_refreshed_root_that_is_not_ready(root: Any, changes: Any, method: str, says: str) -> None:
    woken = changes.pop("woken", "at first")
    found = refusal(refreshing(replace(twin((root, HELD[1]), STOCK, **changes), woken=woken), method))
    assert says in found.seen
