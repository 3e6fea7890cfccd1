# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a storage become volumes: those that it names itself, and what is never taken over."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.standby.openstack.plugins.module_utils.data.marks import EXTERNAL
from circle import good, interrupted, refused
from external_sites import ExternalCircle
from test_external_answers import of_point


class Named:
    """The command makes the volumes itself, with whatever tool, and names them."""

    def __call__(self, world: Any, verb: str, answer: Any) -> Any:
        if verb in ("promote", "clone"):
            for name in sorted(file.name for file in world.target.storage.glob("*-*-*-*-*T*")):
                self._make(world.target, name)
        for point in answer["servers"]["db"]["points"] if verb == "status" else ():
            for kind in ("objects", "clones"):
                names = {disk: told["ref"]["source-name"] for disk, told in point[kind].items()}
                ids = {disk: self.made_of(world.target, name) for disk, name in names.items()}
                point[kind] = {disk: {"volume_id": volume_id} for disk, volume_id in ids.items() if volume_id}
        return answer

    @staticmethod
    def made_of(site: Any, name: str) -> str:
        """The id of the volume that was made of an object of the storage."""
        return next((key for key, made in site.facts.items() if made.get("made_of") == name), "")

    def _make(self, site: Any, name: str) -> None:
        if self.made_of(site, name):
            return
        held = json.loads((site.storage / name).read_text())
        point = name.partition("-")[2].rpartition("-")[0]
        made = {"name": name, "size": held["size"], "metadata": {EXTERNAL: point}}
        volume_id: str = site.create_volume(made)["volume"]["id"]
        site.contents[volume_id], site.facts[volume_id] = held["data"], {"made_of": name}
        site.settle()


def named(**changes: Any) -> ExternalCircle:
    """A storage that names volumes; ``changes`` are of the volumes that it names."""
    circle = ExternalCircle(more={"adopt": "named"})
    circle.world.spoil = Named()
    sites = {site: {"cloud": f"site_{site}"} for site in "ab"}
    circle.says(sites=sites)
    return circle.protected()


def test_volumes_that_the_storage_names_need_no_administrator() -> None:
    circle = named()
    written = circle.write("a", "all")
    good(circle.run("replicate"))
    good(circle.run("readiness"))
    circle.world.source.reachable = False
    good(circle.run("failover"))
    assert circle.disks("b") == written
    assert circle.server("b").status == "ACTIVE"
    names = {v.name.partition("-2")[0] for v in circle.site("b").volumes.values()}
    assert names == {"shop-db-root", "shop-db-data"}


@pytest.mark.parametrize("operation", ["failover", "drill"])
@pytest.mark.parametrize("happens", ["killed", "refused", "lost"])
def test_named_volumes_broken_off(operation: str, happens: str) -> None:
    circle = named()
    for other in interrupted(circle, happens, operation):
        assert [result for result in other.run(operation).values() if isinstance(result, Exception)] == []


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "without the mark": ({"metadata": {}}, "does not have the metadata standby_external="),
    "of another point": ({"metadata": {EXTERNAL: "x"}}, "does not have the metadata standby_external="),
    "in use": ({"status": "in-use", "attached_to": ("x",)}, "is in-use, not available"),
    "too small": ({"size": 0}, "has 0 GiB, and the disk had "),
}


@pytest.mark.parametrize("case", UNFIT)
def test_a_volume_that_is_not_of_the_point_is_never_taken(case: str) -> None:
    """By a slip of the command it may be the volume of somebody."""
    changes, words = UNFIT[case]
    circle = named()
    circle.world.source.reachable = False
    original = circle.world.spoil

    def spoil(world: Any, verb: str, answer: Any) -> Any:
        answer = original(world, verb, answer)
        for volume_id, made in circle.site("b").facts.items():
            if "made_of" in made:
                circle.site("b").change(volume_id, **changes)
        return answer

    circle.world.spoil = spoil
    text = refused(circle.run("failover"), "unfit_object")
    assert words in text
    assert {v.name.partition("-")[0] for v in circle.site("b").volumes.values()} == {"objects"}


def test_a_storage_that_names_another_kind_than_the_plan_says() -> None:
    circle = ExternalCircle().protected()
    circle.world.spoil = Named()
    assert "and not what to manage" in refused(_dead(circle), "unfit_object")
    circle = ExternalCircle(more={"adopt": "named"}).protected()
    assert "the storage names what to manage for db/root, and no volume" in refused(_dead(circle), "unfit_object")


def test_a_volume_that_the_project_does_not_have() -> None:
    circle = named()
    gone = of_point(objects={disk: {"volume_id": "../servers/x"} for disk in ("root", "data")})
    circle.world.spoil = lambda _world, verb, answer: gone(answer) if verb == "status" else answer
    text = refused(_dead(circle), "unfit_object")
    assert "the storage names volume ../servers/x for db/root, which the project does not have" in text


def test_an_object_that_is_a_volume_already_is_never_managed() -> None:
    """A driver may rename it."""
    circle = ExternalCircle().protected()
    site = circle.site("b")
    site.create_volume({"name": "payroll", "size": 1})
    site.settle()
    (payroll,) = (volume for volume in site.volumes.values() if volume.name == "payroll")
    told = {"host": "h", "ref": {"source-name": f"pool/volume-{payroll.id}"}}
    change = of_point(objects=dict.fromkeys(("root", "data"), told))
    circle.world.spoil = lambda _world, verb, answer: change(answer) if verb == "status" else answer
    text = refused(_dead(circle), "unfit_object")
    assert f"the storage names an object for db/root that is volume {payroll.id} already" in text
    assert site.volumes[payroll.id] == payroll


def _dead(circle: ExternalCircle) -> dict[str, Any]:
    circle.world.source.reachable = False
    return circle.run("failover")
