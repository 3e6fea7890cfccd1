# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recovery plan: every problem, all told at once; the twin that follows from a server; tiers and dependencies."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.decide.plan.recovery_plan import recovery_plan
from recovery_builders import plan_data, row, the_plan


def problems(*rows: dict[str, Any], **changes: Any) -> str:
    with pytest.raises(Refused) as refused:
        recovery_plan(plan_data(*rows, **changes))
    found = refused.value.refusal
    assert (found.code, found.wanted, found.todo) == (
        "bad_plan",
        "use the plan shop",
        "Correct the plan. Nothing was changed.",
    )
    return found.seen


def small(name: str, **changes: Any) -> dict[str, Any]:
    """A server of one disk and no port."""
    return {"name": name, "flavor": "m1.tiny", "boot_volume": {"image": "cirros", "size": 1}, **changes}


SAME = {"a": {"cloud": "one"}, "b": {"cloud": "one"}}
NEEDS = "when is at_replication, which needs handover: reimage, or handover: auto with fallback: reimage"
HEAD = {
    "no servers": ({"servers": []}, "it has no servers"),
    "one cloud": ({"sites": SAME}, "site a and site b are the same cloud (one)"),
    "keep": ({"replication": {"keep": 0}}, "replication.keep is 0, at least 1 is needed"),
    "full_every": ({"replication": {"full_every": 0}}, "replication.full_every is 0, at least 1 is needed"),
    "when, attach": ({"when": "at_replication"}, NEEDS),
    "when, recreate": ({"when": "at_replication", "handover": "recreate", "fallback": "reimage"}, NEEDS),
    "when, auto": ({"when": "at_replication", "handover": "auto"}, NEEDS),
    "when, auto recreate": ({"when": "at_replication", "handover": "auto", "fallback": "recreate"}, NEEDS),
    "one name": ({"servers": [small("db"), small("db")]}, "2 servers are named db"),
    "one address": (
        {"servers": [row(), small("app", ports=[{"network": "net", "fixed_ip": "10.0.0.5"}])]},
        "address 10.0.0.5 on net is used 2 times at site a; address 10.0.0.5 on net is used 2 times at site b",
    ),
    "one address at site B": (
        {
            "servers": [
                row(),
                small(
                    "app",
                    ports=[{"network": "net", "fixed_ip": "10.0.0.6"}],
                    site_b={"ports": [{"network": "net", "fixed_ip": "10.0.0.5"}]},
                ),
            ]
        },
        "address 10.0.0.5 on net is used 2 times at site b",
    ),
}


@pytest.mark.parametrize("case", HEAD)
def test_problems_of_the_whole_plan(case: str) -> None:
    changes, text = HEAD[case]
    assert problems(**changes) == text


BAD = {
    "no flavor": ({"flavor": None}, "server db has no flavor"),
    "no boot volume": (
        {"boot_volume": None},
        "server db has no boot_volume; server db: the boot volume names no source",
    ),
    "tier 0": ({"tier": 0}, "server db has tier 0, the first tier is 1"),
    "an empty check": (
        {"health_checks": [{}]},
        "a health check of server db names neither or both of console and port",
    ),
    "a double check": (
        {"health_checks": [{"console": "x", "port": 1}]},
        "a health check of server db names neither or both of console and port",
    ),
    "two sources": (
        {"boot_volume": {"image": "i", "snapshot": "s"}},
        "server db: the boot volume names snapshot, image",
    ),
    "a blank disk without size": (
        {"volumes": [{"tag": "x", "blank": True}]},
        "server db: the blank volume x has no size",
    ),
    "one tag": (
        {"volumes": [{"tag": "x", "blank": True, "size": 1}, {"tag": "x", "blank": True, "size": 1}]},
        "server db: two disks have the tag x",
    ),
    "a second root": (
        {"volumes": [{"tag": "root", "blank": True, "size": 1}]},
        "server db: two disks have the tag root",
    ),
    "a port that is neither": ({"ports": [{}]}, "server db: a port names neither or both of port and network"),
    "a bad source at site B only": (
        {"site_b": {"boot_volume": {"image": "i", "backup": "b"}}},
        "server db: the boot volume names image, backup",
    ),
    "a bad port at site B only": (
        {"site_b": {"ports": [{"network": "n", "port": "p"}]}},
        "server db: a port names neither or both of port and network",
    ),
    "an existing volume as the root of the twin": (
        {"boot_volume": {"volume": "golden", "size": 1}},
        (
            "disk root of the twin of server db would be the existing volume golden: "
            "say under site_b what the twin is made from"
        ),
    ),
    "an existing volume as a disk of the twin": (
        {"volumes": [{"tag": "data", "volume": "files"}]},
        (
            "disk data of the twin of server db would be the existing volume files: "
            "say its size, so that a blank one takes its place"
        ),
    ),
    "an existing volume as a CD-ROM of the twin": (
        {"volumes": [{"tag": "cd", "volume": "iso", "size": 1, "device_type": "cdrom"}]},
        "disk cd of the twin of server db would be the existing volume iso: make it from an image",
    ),
    "a CD-ROM as the root": (
        {"boot_volume": {"image": "i", "device_type": "cdrom"}},
        "the boot volume of server db is a CD-ROM: make it a blank one, and the CD-ROM a further volume",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_problems_of_a_server(case: str) -> None:
    changes, text = BAD[case]
    assert problems(row(**changes)) == text


def test_an_existing_volume_at_site_a_is_no_problem_if_the_twin_is_made_of_something_else() -> None:
    (server,) = the_plan(row(boot_volume={"volume": "db-1"}, site_b={"boot_volume": {"image": "i"}})).servers
    assert (server.source.disks[0].kind, server.twin.disks[0].kind) == ("volume", "image")


DEPENDS = {
    "nobody": ([small("db", depends_on=["dns"])], "server db depends on dns, which is not in the plan"),
    "itself": ([small("db", depends_on=["db"])], "servers db and db depend on each other"),
    "each other": (
        [small("a", depends_on=["b"]), small("b", depends_on=["a"])],
        "servers a and b depend on each other; servers b and a depend on each other",
    ),
    "a ring of three": (
        [small("a", depends_on=["b"]), small("b", depends_on=["c"]), small("c", depends_on=["a"])],
        (
            "servers a and b depend on each other; servers b and c depend on each other; "
            "servers c and a depend on each other"
        ),
    ),
    "one of a later tier": (
        [small("a", depends_on=["b"]), small("b", tier=2)],
        "server a (tier 1) depends on b of the later tier 2",
    ),
}


@pytest.mark.parametrize("case", DEPENDS)
def test_problems_of_dependencies(case: str) -> None:
    rows, text = DEPENDS[case]
    assert problems(*rows) == text


def test_all_problems_are_told_at_once() -> None:
    found = problems(small("a", depends_on=["x"], flavor=None), small("b", tier=0), sites=SAME, replication={"keep": 0})
    assert found == (
        "site a and site b are the same cloud (one); replication.keep is 0, at least 1 is needed; "
        "server a has no flavor; server a depends on x, which is not in the plan; "
        "server b has tier 0, the first tier is 1"
    )


def test_the_plan_as_it_is_used() -> None:
    found = the_plan(handover="auto", fallback="recreate", replication={"rpo": 60})
    clouds = {
        "source": "site_a",
        "source_admin": "site_a_admin",
        "target": "site_b",
        "target_admin": "site_b_admin",
    }
    assert (found.name, found.direction.clouds, found.method) == ("shop", clouds, "cinder_backup")
    assert (found.handover, found.fallback, found.keep, found.rpo) == ("auto", "recreate", 2, 60)
    assert found.options["full_every"] == 7
    assert found.when == "at_failover"
    for way in ({"handover": "reimage"}, {"handover": "auto", "fallback": "reimage"}):
        assert the_plan(when="at_replication", **way).when == "at_replication"
    bare = the_plan(sites={"a": {"cloud": "x"}, "b": {"cloud": "y"}})
    assert (bare.direction.clouds, bare.rpo) == (
        {"source": "x", "source_admin": None, "target": "y", "target_admin": None},
        None,
    )


def test_who_comes_after_whom() -> None:
    rows = [
        small("db"),
        small("dns"),
        small("app", tier=2),
        small("web", tier=2, depends_on=["app"]),
        small("ui", tier=4),
    ]
    after = {server.name: (server.tier, set(server.after)) for server in the_plan(*rows).servers}
    assert after == {"db": (1, set()), "dns": (1, set()), "app": (2, set()), "web": (2, {"app"}), "ui": (4, set())}


def test_critical_unless_it_says_otherwise() -> None:
    assert [s.critical for s in the_plan(small("a"), small("b", critical=False)).servers] == [True, False]


PLACEHOLDERS = {
    "blank": ({"tag": "x", "blank": True, "size": 3}, ("blank", "", "db-x-placeholder", "x", 3)),
    "with a size, whatever it is made from": (
        {"tag": "x", "image": "i", "size": 3},
        ("blank", "", "db-x-placeholder", "x", 3),
    ),
    "an existing one with a size": ({"tag": "x", "volume": "v", "size": 3}, ("blank", "", "db-x-placeholder", "x", 3)),
    "without a size": ({"tag": "x", "image": "i"}, ("image", "i", "db-x-placeholder", "x", None)),
    "with a name": ({"name": "files", "blank": True, "size": 1}, ("blank", "", "files-placeholder", "files", 1)),
    "with tag and name": (
        {"tag": "x", "name": "files", "blank": True, "size": 1},
        ("blank", "", "files-placeholder", "x", 1),
    ),
    "with neither": ({"blank": True, "size": 1}, ("blank", "", "db-disk1-placeholder", "disk1", 1)),
    "a CD-ROM": (
        {"tag": "cd", "image": "i", "size": 1, "device_type": "cdrom"},
        ("image", "i", "db-cd-placeholder", "cd", 1),
    ),
}


@pytest.mark.parametrize("case", PLACEHOLDERS)
def test_the_placeholder_of_a_data_volume(case: str) -> None:
    disk, expected = PLACEHOLDERS[case]
    (server,) = the_plan(row(volumes=[{**disk, "delete_on_termination": True}])).servers
    found = server.twin.disks[1]
    assert (found.kind, found.ref, found.name, found.tag, found.size) == expected
    assert (found.tag, found.delete_on_termination) == (server.source.disks[1].tag, False)
    marks = {"standby_plan": "shop", "standby_server": "db", "standby_disk": found.tag, "standby_role": "placeholder"}
    assert found.metadata == marks
    assert "standby_role" not in server.source.disks[1].metadata


def test_cd_roms_are_no_disks_to_replicate() -> None:
    cd = {"tag": "cd", "image": "i", "device_type": "cdrom"}
    (server,) = the_plan(row(volumes=[cd, {"tag": "data", "blank": True, "size": 1}])).servers
    assert server.disks == ("root", "data")
    assert [disk.tag for disk in server.twin.disks] == ["root", "cd", "data"]


@pytest.mark.parametrize(
    ("root", "name"),
    [({}, "db-root-placeholder"), ({"name": "system", "delete_on_termination": True}, "system-placeholder")],
)
def test_the_placeholder_of_the_root_boots(root: dict[str, Any], name: str) -> None:
    (server,) = the_plan(row(boot_volume={"image": "cirros", **root})).servers
    found = server.twin.disks[0]
    assert (found.kind, found.ref, found.name, found.delete_on_termination) == ("image", "cirros", name, False)


def test_names_that_a_terminal_would_obey_are_refused() -> None:
    rows = [row(name="db\x1b[2J"), row(name="web\nFAKE [1/1] done", ports=[], user_data="a\nb", metadata={"a": "b\nc"})]
    with pytest.raises(Refused) as refused:
        the_plan(*rows)
    words = "has control characters, or marks that change the direction of writing"
    assert [text for text in refused.value.refusal.seen.split("; ") if words in text] == [
        f"servers[1].name {words}",
        f"servers[2].name {words}",
    ]
