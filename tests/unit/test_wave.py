# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of an operation: one for each server, in which order, at which clouds, and how old the data is."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.errors import Refused
from ansible_collections.standby.openstack.plugins.module_utils.engine.converge import Job
from ansible_collections.standby.openstack.plugins.module_utils.jobs import Wave, utc_now
from ansible_collections.standby.openstack.plugins.module_utils.operations import OPERATIONS
from builders import plan, refusal
from loopback_cloud import Fails, LoopbackCloud
from recovery_builders import T1, T2, row, the_plan

NOW = datetime.fromisoformat(T2)
EMPTY = re.compile(r"GET \w+ /([\w-]+)(/detail)?(\?.*)?$")
CLOUDS = {
    "provision": ["site_a"],
    "prepare": ["site_b"],
    "readiness": ["site_b"],
    "replicate": ["site_a", "site_b", "site_a_admin", "site_b_admin"],
    "failover": ["site_b"],
}


class Clouds:
    """Every name is the same cloud; ``asked`` are the names in the order in which they were connected."""

    def __init__(self, session: Any) -> None:
        self.session, self.asked = session, []

    def connect(self, name: str, timeout: int | None = None) -> Any:
        self.asked.append(name)
        return self.session


@pytest.fixture
def clouds(cloud: LoopbackCloud, session: Any) -> Clouds:
    known = cloud.answer

    def answer(line: str) -> Any:
        """A list that no test has filled is empty."""
        empty = EMPTY.match(line)
        return known(line) if line in cloud.answers or not empty else {empty[1].replace("-", "_"): []}

    cloud.answer = answer  # type: ignore[method-assign]
    session.authenticate = lambda: None
    return Clouds(session)


def rows() -> list[dict[str, Any]]:
    app = {"name": "app", "flavor": "m1.tiny", "boot_volume": {"image": "cirros"}, "tier": 2, "critical": False}
    return [row(), app, {**app, "name": "web", "depends_on": ["app"], "critical": True}]


def wave(clouds: Clouds, operation: str = "failover", **changes: Any) -> Wave:
    return Wave(OPERATIONS[operation], the_plan(*rows(), handover="recreate", **changes), clouds.connect, NOW)


def jobs(clouds: Clouds, operation: str, **changes: Any) -> list[Job]:
    return wave(clouds, operation, **changes).jobs()


@pytest.mark.parametrize("operation", CLOUDS)
def test_one_job_for_each_server_and_only_the_clouds_that_are_needed(clouds: Clouds, operation: str) -> None:
    found = jobs(clouds, operation)
    assert [(job.name, job.critical) for job in found] == [("db", True), ("app", False), ("web", True)]
    assert clouds.asked == CLOUDS[operation]


@pytest.mark.parametrize("operation", CLOUDS)
def test_only_a_failover_has_an_order(clouds: Clouds, operation: str) -> None:
    after = {job.name: (job.tier, set(job.after)) for job in jobs(clouds, operation)}
    ordered = {"db": (1, set()), "app": (2, set()), "web": (2, {"app"})}
    assert after == (ordered if operation == "failover" else dict.fromkeys(ordered, (0, set())))


@pytest.mark.parametrize("to", ["a", "b"])
@pytest.mark.parametrize("operation", CLOUDS)
def test_the_direction_says_which_cloud_is_which(clouds: Clouds, operation: str, to: str) -> None:
    jobs(clouds, operation, to=to)
    turned = str.maketrans("ab", "ba" if to == "a" else "ab")
    assert clouds.asked == [name[:5] + name[5:6].translate(turned) + name[6:] for name in CLOUDS[operation]]


@pytest.mark.parametrize("site", ["a", "b"])
def test_replication_needs_an_administrator_at_both_sites(clouds: Clouds, site: str) -> None:
    sites = {s: {"cloud": f"site_{s}", **({"admin_cloud": "x"} if s != site else {})} for s in ("a", "b")}
    with pytest.raises(Refused) as refused:
        jobs(clouds, "replicate", sites=sites)
    assert str(refused.value) == (
        f"Refused to replicate shop: the plan has no sites.{site}.admin_cloud. "
        "Name a cloud of clouds.yaml there: replication by cinder_backup needs it."
    )


def test_everything_else_works_without_administrators(clouds: Clouds) -> None:
    sites = {s: {"cloud": f"site_{s}"} for s in ("a", "b")}
    for operation in ("provision", "prepare", "readiness", "failover"):
        assert len(jobs(clouds, operation, sites=sites)) == 3


def test_a_job_reads_and_decides(clouds: Clouds) -> None:
    (db, *_others) = jobs(clouds, "replicate")
    found = refusal(db.decide(seen := db.read(0), seen))
    assert (found.code, found.seen) == ("no_server", "there is no such server at the source")


def replicas(time: str) -> dict[str, Any]:
    marks = {"standby_plan": "shop", "standby_server": "db", "standby_role": "replica", "standby_state": "complete"}
    items = [
        {
            "id": disk,
            "name": disk,
            "status": "available",
            "size": 1 if disk == "root" else 2,
            "bootable": "true",
            "attachments": [],
        }
        | {"metadata": {**marks, "standby_disk": disk, "standby_recovery_point": time, "standby_volume": disk}}
        for disk in ("root", "data")
    ]
    return {"volumes": items}


@pytest.mark.parametrize(
    ("rpo", "late"),
    [
        (None, ""),
        (3600, ""),
        (3599, "; the newest recovery point is 3600 s old, the plan allows 3599 s"),
    ],
)
def test_readiness_looks_at_the_age_of_the_newest_point(
    clouds: Clouds, cloud: LoopbackCloud, rpo: int | None, late: str
) -> None:
    cloud.answers["GET block_storage /volumes/detail"] = replicas(T1)
    (db, *_others) = jobs(clouds, "readiness", replication={"rpo": rpo} if rpo else None)
    seen = db.read(0)
    assert refusal(db.decide(seen, seen)).seen == "there is no twin at the target" + late
    assert [volume.id for volume in seen[1].replicas] == ["root", "data"]


def test_readiness_without_any_point(clouds: Clouds) -> None:
    (db, *_others) = jobs(clouds, "readiness")
    assert refusal(db.decide(seen := db.read(0), seen)).seen == (
        "there is no twin at the target; there is no complete recovery point"
    )


def test_a_failover_reads_what_a_new_server_needs(clouds: Clouds, cloud: LoopbackCloud) -> None:
    cloud.answers["GET block_storage /volumes/detail"] = replicas(T1)
    (db, *_others) = jobs(clouds, "failover")
    found = refusal(db.decide(seen := db.read(0), seen))
    assert (found.code, found.seen) == (
        "cannot_build",
        "the cloud knows no flavor m1.tiny; the cloud knows no network net",
    )
    assert cloud.writes() == []


def test_the_recovery_point_of_a_run_is_the_moment_of_its_beginning(clouds: Clouds, cloud: LoopbackCloud) -> None:
    """It stays the same at the second reading, and two jobs of a wave have the same."""
    volumes = [
        {"id": f"{name}-{disk}", "name": f"{name}-{disk}", "status": "in-use", "size": 2, "bootable": "true"}
        for name, disk in (("db", "root"), ("db", "data"), ("app", "root"))
    ]
    servers = [
        {"id": name, "name": name, "status": "ACTIVE", "flavor": {"original_name": "m1.tiny"}, "metadata": {}}
        for name in ("db", "app")
    ]
    cloud.answers["GET block_storage /volumes/detail"] = {"volumes": volumes}
    cloud.answers["GET compute /servers/detail"] = {"servers": servers}
    for name, tags in (("db", ("root", "data")), ("app", ("root",))):
        attachments = [{"volumeId": f"{name}-{tag}", "device": "/dev/vda", "tag": tag} for tag in tags]
        cloud.answers[f"GET compute /servers/{name}/os-volume_attachments"] = {"volumeAttachments": attachments}
        actions = [{"action": "create", "start_time": "2026-11-01T00:00:00.000000"}]
        cloud.answers[f"GET compute /servers/{name}/os-instance-actions"] = {"instanceActions": actions}
    (db, app, _web) = jobs(clouds, "replicate")
    for job in (db, app, db):
        assert plan(job.decide(seen := job.read(0), seen)).after == {"recovery_point": T2}


def test_the_lag_is_counted_to_the_beginning_of_the_run(clouds: Clouds) -> None:
    assert (wave(clouds).lag(T1), wave(clouds).lag(T2)) == (3600, 0)


def test_now_is_utc_to_the_second() -> None:
    now = utc_now()
    assert (now.utcoffset(), now.microsecond, now.isoformat()[-6:]) == (timedelta(), 0, "+00:00")


def test_a_build_is_of_the_server_as_it_is_at_that_site(clouds: Clouds, cloud: LoopbackCloud) -> None:
    for to, flavor in (("b", "m1.tiny"), ("a", "m1.b")):
        plan = the_plan(row(site_b={"flavor": "m1.b"}, ports=[]), to=to)
        (db,) = Wave(OPERATIONS["provision"], plan, clouds.connect, NOW).jobs()
        assert f"the cloud knows no flavor {flavor};" in refusal(db.decide(seen := db.read(0), seen)).seen


def small(name: str, status: str) -> dict[str, Any]:
    return {"id": name, "name": name, "status": status, "flavor": {"vcpus": 2, "ram": 64}}


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({"maxTotalCores": 3, "totalCoresUsed": 0}, ["quota of cores"]),
        ({"maxTotalCores": 3, "totalCoresUsed": 0, "maxTotalInstances": 1, "totalInstancesUsed": 1}, None),
        ({"maxTotalCores": -1, "totalCoresUsed": 0}, []),
        ({}, []),
    ],
)
def test_the_quota_is_asked_once_for_all_servers(
    clouds: Clouds, cloud: LoopbackCloud, limits: dict[str, int], found: list[str] | None
) -> None:
    """Db sleeps, app runs, web is missing: it needs what the plan says."""
    cloud.answers |= {
        "GET compute /limits": {"limits": {"absolute": limits}},
        "GET compute /servers/detail": {"servers": [small("db", "SHELVED_OFFLOADED"), small("app", "SHUTOFF")]},
        "GET compute /flavors/detail": {"flavors": [{"id": "f", "name": "m1.tiny", "vcpus": 2, "ram": 64}]},
    }
    wave = Wave(OPERATIONS["readiness"], the_plan(*rows()), clouds.connect, NOW)
    expected = ["quota of cores", "quota of instances"] if found is None else found
    assert [finding.what for finding in wave.shortage()] == expected
    assert cloud.lines().count("GET compute /limits") == 1


def test_a_cloud_that_does_not_tell_its_quota_is_believed(clouds: Clouds, cloud: LoopbackCloud) -> None:
    cloud.answers["GET compute /limits"] = Fails(403)
    assert Wave(OPERATIONS["readiness"], the_plan(*rows()), clouds.connect, NOW).shortage() == []


@pytest.mark.parametrize("handover", ["reimage", "recreate"])
@pytest.mark.parametrize("filled", [False, True])
@pytest.mark.parametrize("operation", ["failover", "readiness", "replicate"])
def test_who_is_on_a_root_that_is_or_was_overwritten_is_asked_when_it_woke(
    clouds: Clouds, cloud: LoopbackCloud, operation: str, filled: bool, handover: str
) -> None:
    marks = {"standby_plan": "shop", "standby_server": "db", "standby_role": "placeholder"}
    metadata = {**marks, **({"standby_woken": "then"} if filled else {})}
    root = {"id": "p-root", "name": "p", "status": "reserved", "size": 1, "bootable": "true", "metadata": metadata}
    db = {"id": "db", "name": "db", "status": "SHELVED_OFFLOADED", "flavor": {"original_name": "m1.tiny"}}
    cloud.answers["GET block_storage /volumes/detail"] = {"volumes": [root]}
    cloud.answers["GET compute /servers/detail"] = {"servers": [{**db, "metadata": {}}]}
    cloud.answers["GET compute /servers/db"] = {"server": {**db, "metadata": {}}}
    attachments = [{"volumeId": "p-root", "device": "/dev/vda", "tag": "root"}]
    cloud.answers["GET compute /servers/db/os-volume_attachments"] = {"volumeAttachments": attachments}
    actions = [{"action": "create", "start_time": "then"}, {"action": "unshelve", "start_time": "until"}]
    cloud.answers["GET compute /servers/db/os-instance-actions"] = {"instanceActions": actions}
    of = Wave(OPERATIONS[operation], the_plan(row(), handover=handover), clouds.connect, NOW)
    (job,) = of.jobs()
    seen = job.read(0)
    asked = "GET compute /servers/db/os-instance-actions" in [request.line for request in cloud.sent]
    assert asked == (filled or handover == "reimage" or operation == "replicate")
    looked = {"failover": lambda: seen.seen, "readiness": lambda: seen[1].seen, "replicate": lambda: seen.twin}
    assert looked[operation]().woken == ("until" if asked else None)


@pytest.mark.parametrize("days", [0, 26330, -7])
def test_the_clock_of_site_b_counts_not_the_one_of_this_machine(
    clouds: Clouds, cloud: LoopbackCloud, days: int
) -> None:
    """The next run may be on another machine, and site A may say what it wants."""
    cloud.answers["GET block_storage /volumes/detail"] = replicas(T1)
    run = wave(clouds, "readiness")
    run.now = NOW - timedelta(days=days)
    run.inventory("target").cloud.ahead = timedelta(days=days, milliseconds=300)
    assert run.moment == NOW
    assert run.lag(T1) == (NOW - datetime.fromisoformat(T1)).total_seconds()
    (db, *_others) = run.jobs()
    assert [volume.id for volume in db.read(0)[1].replicas] == ["root", "data"]
