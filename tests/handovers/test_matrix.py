# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each way of handing over, at a stock and at a guarded site, with a twin in each state: it works, or what is said.

All is done as an ordinary member. The scene is set once for each site: what one way refuses stays as it is, which is
tested, and is there for the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from api import Json
from scene import POINT, Scene

WORKS = "works"

#: By name of the server: the state of its twin. Those with a data disk: the others have only a root.
STATES = {
    "active": "running on its placeholder",
    "stopped": "stopped on its placeholder",
    "shelved": "shelved on its placeholders; reimage brings it up",
    "spare": "the same; recreate brings it up",
    "rootless": "shelved, its root taken off: by Nova where it can, else behind its back at Cinder",
    "error": "in ERROR",
    "locked": "shelved and locked",
    "missing": "not there",
}
GUARDED_STATES = {**STATES, "dormant": "shelved without volumes; attach brings it up", "asleep": "the same, locked"}
WITH_DATA = {"shelved", "spare", "rootless", "missing", "dormant"}

NO_API = (
    "site B does not advertise the guarded root volume API (os-root-volume is not in its extension list). The handover"
    " attach needs it (see nova_root_volume/README.md). Stock Nova can reimage or recreate."
)
NO_REPLICA = (
    "the twin is {status} with volume {on}, which is no replica. Run dr_prepare first, or find out who attached it."
)
NO_TWIN = "there is no twin at site B. Run dr_prepare first."
ERROR = "the twin is in ERROR: Nova tells no reason. "
REPAIR = ERROR + "Find out why (openstack server show), repair or delete it, then repeat."
LOCKED = "the server is locked. Unlock it: openstack server unlock."
SHELVE = "the twin is {status}. Shelve it first, for example with standby.openstack.server_shelve."
AGAIN = "Remove the twin with server_boot_volume state: absent, run dr_prepare, then repeat."
TORN = (
    "the root {server}-root-placeholder of the twin is available: its attachment was deleted at Cinder, so the server"
    " cannot be unshelved any more. The twin stays shelved and the replica is safe. Remove the twin with"
    " server_boot_volume state: absent, rename or delete its volume {server}-root-placeholder, run dr_prepare, then"
    " repeat. Or say handover: recreate in the plan, without when, which needs neither."
)
NO_ROOT = f"the twin has no root volume that could be overwritten. {AGAIN}"
NOT_AT_REST = (
    "the twin is {status}, not at rest. Run dr_prepare first."
    " Bring it into a state from which this can be done, then repeat."
)
NOT_NEEDED = (
    f"{ERROR}The replicas are safe. Remove the twin with server_boot_volume state: absent, then repeat."
    " Nothing of it is needed."
)
OTHER_WAY = (
    "the twin is ACTIVE on {server}-root-%s: the handover %s left it so."
    " Say that handover in the plan, then repeat. Nothing was changed."
)
REIMAGED = OTHER_WAY % ("placeholder, a copy of a replica", "reimage")
ATTACHED = OTHER_WAY % (f"{POINT}, a replica", "attach or recreate")

REIMAGE = {
    "active": SHELVE,
    "stopped": SHELVE,
    "shelved": WORKS,
    "rootless": TORN,
    "error": REPAIR,
    "locked": LOCKED,
    "missing": NO_TWIN,
}
RECREATE = {
    "active": NOT_AT_REST,
    "stopped": NOT_AT_REST,
    "shelved": REIMAGED,
    "spare": WORKS,
    "rootless": WORKS,
    "error": NOT_NEEDED,
    "locked": LOCKED,
    "missing": WORKS,
}
TABLE = {
    ("stock", "attach"): dict.fromkeys(STATES, NO_API),
    ("stock", "reimage"): REIMAGE,
    ("stock", "recreate"): RECREATE,
    ("guarded", "attach"): {
        **dict.fromkeys(STATES, NO_REPLICA),
        "error": REPAIR,
        "missing": NO_TWIN,
        "dormant": WORKS,
        "asleep": LOCKED,
    },
    ("guarded", "reimage"): {**REIMAGE, "rootless": NO_ROOT, "dormant": ATTACHED},
    ("guarded", "recreate"): RECREATE,
}


@pytest.fixture(scope="class")
def scene(request: pytest.FixtureRequest, scene_at: Callable[[str], Scene]) -> Scene:
    """A site with a twin in each state, and its replicas."""
    scene, guarded = scene_at(request.cls.kind), request.cls.kind == "guarded"
    states = GUARDED_STATES if guarded else STATES
    scene.rows.update({short: {"volumes": []} for short in states if short not in WITH_DATA})
    scene.plan("recreate", [short for short in states if short != "missing"])
    scene("dr_prepare").good()
    scene.replicate(states)
    scene.bring("active", ("unshelve", "ACTIVE"))
    scene.bring("stopped", ("unshelve", "ACTIVE"), ("os-stop", "SHUTOFF"))
    (scene.detach if guarded else scene.tear_off)("rootless", "root")
    for short, disk in (("dormant", "root"), ("dormant", "data"), ("asleep", "root")) if guarded else ():
        scene.b.send("DELETE", "block_storage", f"/volumes/{scene.detach(short, disk)}")
    for short in ("locked", "asleep") if guarded else ("locked",):
        scene.b.act(scene.server(scene.b, short)["id"], "lock")
    scene.admin.act(scene.server(scene.b, "error")["id"], "os-resetState", {"state": "error"})
    scene.settle()
    return scene


def told(scene: Scene, short: str, text: str, before: Json) -> str:
    """A row of the table with its gaps filled."""
    if text == WORKS:
        return WORKS
    on = sorted(row["volumeId"] for rows in before["attached"].values() for row in rows)
    status = next((server["status"] for server in before["servers"]), "")
    server = f"{scene.name}-{short}"
    return f"Refused to fail over {server}: {text.format(server=server, on=', '.join(on), status=status)}"


@pytest.mark.parametrize("method", ["attach", "reimage", "recreate"])
class Matrix:
    """One wave over all states, then one over what it has brought up.

    The tests of one class must run in one process, those of the other may run beside them (--dist loadscope).
    """

    kind = ""

    def test_each_state(self, scene: Scene, method: str) -> None:
        rows = TABLE[kind_of(scene), method]
        before = {short: scene.mine(short) for short in rows}
        expected = {short: told(scene, short, text, before[short]) for short, text in rows.items()}
        scene.plan(method, rows)
        servers = scene.fail_over().last["servers"]
        assert {n[len(scene.name) + 1 :]: row.get("msg", WORKS) for n, row in servers.items()} == expected
        scene.settle()
        after = {short: scene.mine(short) for short in rows}
        assert {short: after[short] for short in rows if rows[short] != WORKS} == {
            short: before[short] for short in rows if rows[short] != WORKS
        }
        for short in rows:
            if rows[short] == WORKS:
                self.handed_over(scene, short, method, before[short], after[short])
        assert not [name for name in scene.left_over() if "handover" in name]

    def handed_over(self, scene: Scene, short: str, method: str, before: Json, after: Json) -> None:
        """What a way of handing over keeps, it keeps, and the bytes are those of site A."""
        assert scene.heads(short) == scene.replica_heads(short)
        (server,) = after["servers"]
        assert server["status"] == "ACTIVE"
        same = [row["id"] for row in before["servers"]] == [server["id"]]
        assert same is (method != "recreate")
        assert ports(after) == ports(before) or short == "missing"
        assert not [v["name"] for v in after["volumes"] if v["metadata"]["standby_role"] == "placeholder"]
        root = after["attached"][server["id"]]
        kept = {row["volumeId"] for row in root} & {v["id"] for v in before["volumes"] if "replica" not in roles(v)}
        assert len(kept) == (1 if method == "reimage" else 0), "only reimage keeps the root volume"
        properties = [volume["volume_image_metadata"] for volume in after["volumes"] if volume["id"] in kept]
        assert not [own for own in properties if "block_device_mapping" in own], "Nova makes no server from it"

    def test_what_came_up_is_only_started_again(self, scene: Scene, method: str) -> None:
        """And a plan that says auto finds the same way."""
        rows = TABLE[kind_of(scene), method]
        up = [short for short, text in rows.items() if text == WORKS]
        if not up:
            pytest.skip("attach brings nothing up at a stock site")
        auto = kind_of(scene) == "stock" or method == "attach"
        scene.plan(
            "auto" if auto else method,
            up,
            **({"fallback": method if method != "attach" else "recreate"} if auto else {}),
        )
        before = scene.everything(scene.b)
        again = scene.fail_over().good()
        assert (again.changed, scene.everything(scene.b)) == (False, before)
        for short in up:
            scene.bring(short, ("os-stop", "SHUTOFF"))
        for name, row in scene.fail_over().good().last["servers"].items():
            assert (row["steps"], row["handover"]) == ([f"start server {name}"], method)
            assert auto == (row["handover_reason"] != "the plan says so")
        assert {short: scene.heads(short) for short in up} == {short: scene.replica_heads(short) for short in up}


class TestStock(Matrix):
    """At a stock site."""

    kind = "stock"


class TestGuarded(Matrix):
    """At a site with the guarded API."""

    kind = "guarded"


def kind_of(scene: Scene) -> str:
    """Which kind of site it is."""
    return "guarded" if scene.letter == "b" else "stock"


def ports(state: Json) -> list[Any]:
    """Id and addresses of the ports of a server."""
    return [(port["id"], port["mac_address"], port["fixed_ips"]) for port in state["ports"]]


def roles(volume: Json) -> str:
    """What a volume is to its plan."""
    return volume["metadata"]["standby_role"]
