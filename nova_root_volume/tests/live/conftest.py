# Copyright (c) 2026, standby.openstack contributors
# Licensed under the Apache License, Version 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: users of the running sites, and servers in the states that the filter meets.

Wants a guarded site "site_b" and a stock site "site_a" in the clouds.yaml that OS_CLIENT_CONFIG_FILE names.
"""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from root_volume_client import User

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = "cirros-golden-00"
REPLICA_HEAD = "replica-of-root1"


@pytest.fixture(scope="session", autouse=True)
def _cloud_is_named() -> None:
    if not os.environ.get("OS_CLIENT_CONFIG_FILE"):
        pytest.fail(
            "Set OS_CLIENT_CONFIG_FILE to the clouds.yaml of a running pocket cloud (site_a stock, site_b guarded)."
        )


@pytest.fixture(scope="session")
def member() -> User:
    """An ordinary member at the guarded site."""
    return User("site_b")


@pytest.fixture(scope="session")
def admin() -> User:
    """An administrator at the guarded site."""
    return User("site_b_admin")


@pytest.fixture(scope="session")
def stock() -> User:
    """An ordinary member at the site without the filter."""
    return User("site_a")


@pytest.fixture(scope="session")
def new_user(admin: User) -> Iterator[Callable[[str, str], User]]:
    """Make a user with a role in a project, which is made if it is not "demo"."""
    made: list[str] = []

    def make(role: str, project: str) -> User:
        name = f"test-{uuid.uuid4().hex[:8]}"
        found = admin.read("identity", f"/projects?name={project}")
        if not found:
            found = [admin.make("identity", "/projects", {"project": {"name": project, "domain_id": "default"}})]
            made.append(f"/projects/{found[0]['id']}")
        user = admin.make("identity", "/users", {"user": {"name": name, "password": name, "domain_id": "default"}})
        made.insert(0, f"/users/{user['id']}")
        role_id = admin.find("identity", "/roles", role)["id"]
        granted = admin.call("PUT", "identity", f"/projects/{found[0]['id']}/users/{user['id']}/roles/{role_id}")
        assert granted.status_code == 204, granted.text
        return User("site_b", username=name, password=name, project_name=project)

    yield make
    for path in made:
        admin.call("DELETE", "identity", path)


@pytest.fixture(scope="session")
def outsider(new_user: Callable[[str, str], User]) -> User:
    """A member of another project."""
    return new_user("member", f"other-{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="session")
def reader(new_user: Callable[[str, str], User]) -> User:
    """A user who may only read in the project."""
    return new_user("reader", "demo")


class Factory:
    """Makes volumes and servers and removes them at the end.

    Args:
        user: who makes them.
    """

    def __init__(self, user: User) -> None:
        self.user = user
        self.servers: list[str] = []
        self.volumes: list[str] = []
        self.image = user.find("image", "/images", "cirros")["id"]
        self.flavor = user.find("compute", "/flavors", "m1.tiny")["id"]
        self.disk_flavor = user.find("compute", "/flavors", "m1.small")["id"]
        self.network = user.find("network", "/networks", "shared-net")["id"]

    def volume(self, **fields: Any) -> str:
        """A volume of 1 GiB made from the image, unless ``imageRef`` says otherwise (None: blank); waits for it."""
        body = {"name": "root-volume-test", "size": 1, "imageRef": self.image, **fields}
        body = {key: value for key, value in body.items() if value is not None}
        volume = self.user.make("volume", "/volumes", {"volume": body})["id"]
        self.volumes.append(volume)
        self.user.wait_volume(volume, "available")
        return volume

    def server(self, volume: str | None, **mapping: Any) -> str:
        """An ACTIVE server that boots from the volume; None: from the image, on a disk of the hypervisor."""
        body: dict[str, Any] = {"name": "root-volume-test", "networks": [{"uuid": self.network}]}
        if volume is None:
            body.update(flavorRef=self.disk_flavor, imageRef=self.image)
        else:
            root = {"uuid": volume, "boot_index": 0, "source_type": "volume", "destination_type": "volume"}
            body.update(flavorRef=self.flavor, block_device_mapping_v2=[{**root, "tag": "root", **mapping}])
        server = self.user.make("compute", "/servers", {"server": body})["id"]
        self.servers.append(server)
        self.user.wait_server(server, "ACTIVE")
        return server

    def offloaded(self, **mapping: Any) -> tuple[str, str]:
        """A SHELVED_OFFLOADED server with its root: (server id, root volume id)."""
        volume = self.volume()
        server = self.server(volume, **mapping)
        assert self.user.act(server, "shelve").status_code == 202
        self.user.wait_server(server, "SHELVED_OFFLOADED")
        # Nova clears the host after that; until then it refuses an evacuate for another reason, with another code
        self.user.wait_action_over(server, "shelve")
        return server, volume

    def rootless(self, **mapping: Any) -> tuple[str, str]:
        """A SHELVED_OFFLOADED server whose root was detached: (server id, former root volume id)."""
        server, volume = self.offloaded(**mapping)
        answer = self.user.detach(server, volume)
        assert answer.status_code == 202, answer.text
        return server, volume

    def clean(self) -> None:
        """Remove what was made; a server or volume that cannot be removed is an error."""
        for server in self.servers:
            self.user.call("DELETE", "compute", f"/servers/{server}")
        for server in self.servers:
            self.user.wait_gone("compute", f"/servers/{server}")
        for volume in self.volumes:
            answer = self.user.call("DELETE", "volume", f"/volumes/{volume}")
            assert answer.status_code in (202, 404), answer.text


@pytest.fixture
def make(member: User) -> Iterator[Factory]:
    """A factory for one test at the guarded site."""
    factory = Factory(member)
    yield factory
    factory.clean()


@pytest.fixture(scope="module")
def shared(member: User) -> Iterator[Factory]:
    """A factory for servers that several tests of a module share, because each leaves them as they were."""
    factory = Factory(member)
    yield factory
    factory.clean()


@pytest.fixture(scope="session")
def root_device(member: User) -> Iterator[str]:
    """The name that this cloud gives to root devices, such as /dev/vda."""
    factory = Factory(member)
    server = factory.server(factory.volume())
    yield member.root(server)["device"]
    factory.clean()
