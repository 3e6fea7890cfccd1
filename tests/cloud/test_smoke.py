# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pocket cloud itself: what tests and demo rely on. It brings the default cloud up, or uses the one that runs.

Not collected with the unit tests: ``pytest tests/cloud/test_smoke.py``, 60 s. It kills site a and brings it back.
"""

from __future__ import annotations

import pathlib
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import openstack
import pytest
import requests

POCKET_CLOUD = pathlib.Path(__file__).resolve().parent / "pocket-cloud"
sys.path.insert(0, str(POCKET_CLOUD.parent))

from pocket_cloud import layout, site  # noqa: E402

# the SDK warns of its own use of itself
pytestmark = pytest.mark.filterwarnings(r"ignore:::openstack\.")

SECONDS = 120
GOLDEN = "cirros-golden-00"


def pocket_cloud(*arguments: str, expect: int = 0) -> str:
    """Run the launcher; return what it printed."""
    command = [sys.executable, str(POCKET_CLOUD), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


class Person:
    """What one user does at one site; what was made is removed at the end."""

    def __init__(self, cloud: str) -> None:
        """Connect."""
        config = openstack.config.OpenStackConfig(config_files=[str(layout.Layout.from_environment().clouds_yaml)])
        self.openstack = openstack.connection.Connection(config=config.get_one(cloud))
        self.servers: list[Any] = []
        self.volumes: list[str] = []

    def volume(self, name: str) -> str:
        """Make a volume of 1 GiB from the image and wait for it; return its id."""
        image = self.openstack.image.find_image("cirros", ignore_missing=False).id
        volume = self.openstack.block_storage.create_volume(name=name, size=1, image_id=image)
        self.volumes.append(volume.id)
        self.openstack.block_storage.wait_for_status(volume, "available", interval=0.3, wait=SECONDS)
        return str(volume.id)

    def server(self, volume: str) -> str:
        """Boot a server from a volume; return its id."""
        compute = self.openstack.compute
        root = {"source_type": "volume", "destination_type": "volume", "uuid": volume, "boot_index": 0}
        server = compute.create_server(
            name=f"smoke-{uuid.uuid4().hex[:6]}",
            flavor_id=compute.find_flavor("m1.tiny", ignore_missing=False).id,
            networks=[{"uuid": self.openstack.network.find_network("shared-net", ignore_missing=False).id}],
            block_device_mapping=[root],
        )
        self.servers.append(server)
        compute.wait_for_server(server, interval=0.3, wait=SECONDS)
        return str(server.id)

    def wait_for_server(self, server: str, status: str) -> None:
        """Wait for a status without a task: both, as Nova shows the status before the task ends."""
        end = time.monotonic() + SECONDS
        while True:
            seen = self.openstack.compute.get_server(server)
            if seen.status == status and seen.task_state is None:
                return
            assert time.monotonic() < end, (seen.status, seen.task_state)
            time.sleep(0.3)

    def heads(self, server: str) -> list[str]:
        """Return what each boot of a server found at the start of its root volume."""
        console = self.openstack.compute.get_server_console_output(server)["output"]
        assert console.splitlines()[-1] == "login:"
        return [line.partition(" head=")[2] for line in console.splitlines() if " boot_index=0 " in line]

    def wait_for_backup(self, backup: str) -> Any:
        """Wait until a backup can be restored; return it."""
        found = self.openstack.block_storage.get_backup(backup)
        return self.openstack.block_storage.wait_for_status(found, "available", interval=0.5, wait=SECONDS)

    def restored(self, backup: str) -> str:
        """Restore a backup into a new volume; return its id."""
        answer = self.openstack.block_storage.post(f"/backups/{backup}/restore", json={"restore": {"name": "replica"}})
        volume = answer.json()["restore"]["volume_id"]
        self.volumes.append(volume)
        found = self.openstack.block_storage.get_volume(volume)
        self.openstack.block_storage.wait_for_status(found, "available", interval=0.5, wait=SECONDS)
        return str(volume)

    def clean(self) -> None:
        """Remove servers and volumes."""
        for server in self.servers:
            self.openstack.compute.delete_server(server)
        for server in self.servers:
            self.openstack.compute.wait_for_delete(server, interval=0.3, wait=SECONDS)
        for volume in self.volumes:
            self.openstack.block_storage.delete_volume(volume, cascade=True)
        self.openstack.close()


def person(cloud: str) -> Iterator[Person]:
    """Give a user and clean up."""
    someone = Person(cloud)
    yield someone
    someone.clean()


@pytest.fixture(scope="module", autouse=True)
def running() -> None:
    """Have the cloud up."""
    pocket_cloud("up")


@pytest.fixture
def a() -> Iterator[Person]:
    """Be the member at site a."""
    yield from person("site_a")


@pytest.fixture
def b() -> Iterator[Person]:
    """Be the member at site b."""
    yield from person("site_b")


def admin(site: str) -> Any:
    """Be the administrator of a site, in the project demo."""
    return Person(f"site_{site}_admin").openstack


def test_a_second_up_changes_nothing() -> None:
    """Same processes, and it says so."""
    before = pocket_cloud("status")
    assert "site a: runs already" in pocket_cloud("up")
    assert pocket_cloud("status") == before


def test_a_member_boots_shelves_and_unshelves_and_the_console_tells_the_bytes(a: Person) -> None:
    """What the guest wrote is what it boots from."""
    volume = a.volume("root")
    server = a.server(volume)
    assert a.heads(server) == [GOLDEN]
    pocket_cloud("guest-write", "a", volume, "written by the guest")
    a.openstack.compute.shelve_server(server)
    a.wait_for_server(server, "SHELVED_OFFLOADED")
    a.openstack.compute.unshelve_server(server)
    a.wait_for_server(server, "ACTIVE")
    assert a.heads(server) == [GOLDEN, "written by the guest"]


def test_only_the_guarded_site_says_that_it_is(a: Person, b: Person) -> None:
    """Clients read the alias in the list of extensions."""

    def aliases(someone: Person) -> set[str]:
        return {extension.alias for extension in someone.openstack.compute.extensions()}

    assert "os-root-volume" not in aliases(a)
    assert "os-root-volume" in aliases(b)


def test_full_and_incremental_backups_of_a_are_restored_at_b(a: Person, b: Person) -> None:
    """The chain of backups carries the bytes, and the bootable flag."""
    volume = a.volume("root")
    full = back_up(a, volume, incremental=False)
    pocket_cloud("guest-write", "a", volume, "after the full backup")
    incremental = back_up(a, volume, incremental=True)
    hand_over(full)
    hand_over(incremental)
    b.wait_for_backup(incremental)
    replica = b.restored(incremental)
    assert b.heads(b.server(replica)) == ["after the full backup"]


def back_up(someone: Person, volume: str, incremental: bool) -> str:
    """Back a volume up; return the id of the backup."""
    backup = someone.openstack.block_storage.create_backup(
        volume_id=volume, name="recovery point", is_incremental=incremental, force=True
    )
    assert someone.wait_for_backup(backup.id).is_incremental == incremental
    return str(backup.id)


def hand_over(backup: str) -> None:
    """Export a backup record at a and import it at b, as administrators."""
    record = admin("a").block_storage.get(f"/backups/{backup}/export_record").json()["backup-record"]
    answer = admin("b").block_storage.post("/backups/import_record", json={"backup-record": record})
    assert answer.status_code == 201, answer.text
    assert answer.json()["backup"]["id"] == backup


def test_names_ask_for_faults(a: Person) -> None:
    """Storage that is slow or fails, for tests of patience and of errors."""
    begin = time.monotonic()
    a.volume("[slow-3]")
    assert time.monotonic() - begin > 3
    with pytest.raises(openstack.exceptions.ResourceFailure):
        a.volume("[fail-create]")


def test_a_killed_site_comes_back_with_its_data_and_its_guests(a: Person, b: Person) -> None:
    """As after a power cut: what ran boots again, what was off stays off."""
    volume = a.volume("root")
    running, stopped = a.server(volume), a.server(a.volume("root of the other"))
    a.openstack.compute.stop_server(stopped)
    a.wait_for_server(stopped, "SHUTOFF")
    pocket_cloud("guest-write", "a", volume, "before the kill")
    pocket_cloud("kill", "a")
    assert pocket_cloud("status", expect=1).count(" dead") == 6
    with pytest.raises(openstack.exceptions.SDKException):
        Person("site_a").openstack.authorize()
    assert b.openstack.compute.find_flavor("m1.tiny", ignore_missing=False) is not None
    assert "site a: starting all services" in pocket_cloud("up")
    a.wait_for_server(running, "ACTIVE")
    assert a.heads(running) == [GOLDEN, "before the kill"]
    assert a.heads(stopped) == [GOLDEN]
    a.openstack.compute.start_server(stopped)
    a.wait_for_server(stopped, "ACTIVE")
    a.openstack.compute.shelve_server(running)
    a.wait_for_server(running, "SHELVED_OFFLOADED")


def test_a_failed_start_names_the_service_and_shows_its_log() -> None:
    """And once mended, up carries on."""
    pocket_cloud("kill", "a", "placement")
    databases = layout.Layout.from_environment().run / "a" / "db"
    kept = {path: path.read_bytes() for path in databases.glob("placement.sqlite*")}
    try:
        for path in kept:
            path.write_bytes(b"not a database" * 100)
        said = pocket_cloud("up", expect=1)
    finally:
        for path, content in kept.items():
            path.write_bytes(content)
    assert "Site a: placement ended while starting." in said
    assert "file is not a database" in said
    assert "site a: starting placement" in pocket_cloud("up")
    pocket_cloud("status")


def test_a_port_that_is_taken_is_an_error_that_says_so() -> None:
    """A site keeps its ports, as clouds.yaml names them."""
    pocket_cloud("kill", "a", "placement")
    port = site.Site.load(layout.Layout.from_environment().run / "a").ports["placement"]
    with socket.create_server(("127.0.0.1", port)):
        said = pocket_cloud("up", expect=1)
    assert f"Wanted to start placement of site a on port {port}, but something else listens there." in said
    pocket_cloud("up")


def test_the_first_requests_to_a_service_are_answered_as_all_later_ones(a: Person) -> None:
    """Many at once, to a neutron that has just started: it must know its policies by then."""
    pocket_cloud("kill", "a", "neutron")
    pocket_cloud("up")
    endpoint, token = str(a.openstack.network.get_endpoint()), str(a.openstack.session.get_token())
    url = f"{endpoint.rstrip('/').removesuffix('/v2.0')}/v2.0/networks?name=shared-net"
    headers = {"X-Auth-Token": token}

    def networks_found(_number: int) -> int:
        return len(requests.get(url, headers=headers, timeout=SECONDS).json()["networks"])

    with futures.ThreadPoolExecutor(24) as pool:
        assert set(pool.map(networks_found, range(48))) == {1}
