# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the pocket cloud that can be judged without running it."""

from __future__ import annotations

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "cloud"))

from pocket_cloud import cli, clouds_yaml, errors, guest, layout, processes, rendering, site
from pocket_cloud_services import console, faults

VOLUME = "01234567-89ab-cdef-0123-456789abcdef"

PASTE = """\
[composite:openstack_compute_api_v21]
keystone = cors faultwrap authtoken keystonecontext osapi_compute_app_v21
[composite:openstack_compute_api_v21_legacy_v2_compatible]
keystone = cors faultwrap authtoken keystonecontext legacy_v2_compatible osapi_compute_app_v21
"""


@pytest.fixture
def place(tmp_path: pathlib.Path) -> site.Site:
    """Give a site that does not run."""
    folder = tmp_path / "run" / "a"
    for name in ("volumes", "pid", "log", "etc"):
        (folder / name).mkdir(parents=True)
    ports = {service: 20000 + number for number, service in enumerate(site.SERVICES)}
    return site.Site("a", folder, guarded=False, computes=1, ports=ports)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that looks like a service: in a session of its own, with our module in its command line."""
    command = [sys.executable, "-c", "import time; time.sleep(60)", processes.MODULE]
    with subprocess.Popen(command, start_new_session=True) as child:
        yield child
        child.kill()


def test_a_site_is_recorded_and_read_again(place: site.Site) -> None:
    place.save()
    assert site.Site.load(place.folder) == place


@pytest.mark.parametrize("name", ["", "A", "1a", "a/b", "../a", "a" * 17])
def test_a_name_that_cannot_be_a_folder_and_a_region_is_refused(name: str) -> None:
    with pytest.raises(errors.PocketCloudError, match="A site name must be"):
        site.check_name(name)


def test_ports_in_use_are_passed_over_or_refused(tmp_path: pathlib.Path) -> None:
    first = site.choose_ports(tmp_path, None)
    assert sorted(first) == sorted(site.PORTS)
    with socket.create_server(("127.0.0.1", first["glance"])):
        assert not {*site.choose_ports(tmp_path, None).values()} & {*first.values()}
        with pytest.raises(errors.PocketCloudError, match=rf"\[{first['glance']}\] are in use"):
            site.choose_ports(tmp_path, first["keystone"])


def test_a_recorded_process_is_recognised_by_its_start_time(sleeper: subprocess.Popen[bytes]) -> None:
    process = processes.Process(sleeper.pid, processes.start_ticks(sleeper.pid))
    another = processes.Process(sleeper.pid, process.start - 1)  # the id was used before by a process that has ended
    assert process.lives()
    assert not another.lives()
    another.signal_group(signal.SIGKILL)
    assert process.lives()
    process.signal_group(signal.SIGKILL)
    assert processes.wait_for_end([process], 10) == []
    assert sleeper.wait() == -signal.SIGKILL


LEADER_ENDS_FIRST = """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(2,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_process_has_ended_when_its_last_thread_has() -> None:
    """A killed service is a zombie while its other threads still hold the port."""
    command = [sys.executable, "-c", LEADER_ENDS_FIRST, processes.MODULE]
    with subprocess.Popen(command, start_new_session=True) as child:
        process = processes.Process(child.pid, processes.start_ticks(child.pid))
        stat = pathlib.Path(f"/proc/{child.pid}/stat")
        while stat.read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)
        assert process.lives()
        assert processes.wait_for_end([process], 10) == []


def test_a_process_that_is_not_ours_is_left_alone() -> None:
    assert not processes.Process(os.getpid(), processes.start_ticks(os.getpid())).lives()


def test_states(place: site.Site, sleeper: subprocess.Popen[bytes]) -> None:
    assert processes.state(place, "nova") == "stopped"
    place.pid_file("nova").write_text(f'{{"pid": {sleeper.pid}, "start": {processes.start_ticks(sleeper.pid)}}}')
    assert processes.state(place, "nova") == "starting"
    place.ready_file("nova").touch()
    assert processes.state(place, "nova") == "running"
    processes.kill(place)
    assert processes.state(place, "nova") == "dead"
    processes.stop(place)
    assert processes.state(place, "nova") == "stopped"


def test_clouds_yaml_has_a_member_and_an_administrator_of_one_project(place: site.Site, tmp_path: pathlib.Path) -> None:
    folders = layout.Layout(build=tmp_path, run=place.folder.parent)
    clouds_yaml.write(folders, [place])
    clouds = yaml.safe_load(folders.clouds_yaml.read_text())["clouds"]
    assert {name: (cloud["auth"]["username"], cloud["auth"]["project_name"]) for name, cloud in clouds.items()} == {
        "site_a": ("demo", "demo"),
        "site_a_admin": ("admin", "demo"),
    }
    assert clouds["site_a"]["auth"]["auth_url"] == "http://127.0.0.1:20000/v3"
    assert clouds["site_a"]["region_name"] == "RegionA"


def test_a_guest_writes_the_first_bytes_and_nothing_else(place: site.Site) -> None:
    disk = place.volumes / f"volume-{VOLUME}"
    disk.write_bytes(b"x" * 100)
    guest.write(place, VOLUME, "hello")
    assert disk.read_bytes() == b"hello".ljust(64, b"\0") + b"x" * 36


@pytest.mark.parametrize(
    ("volume", "text", "why"),
    [
        (VOLUME, "hello", "has no volume"),
        ("../../etc/passwd", "hello", "Wanted the id of a volume"),
        (VOLUME, "x" * 65, "at most 64 bytes"),
        (VOLUME, "a\0b", "without NUL"),
    ],
)
def test_a_guest_cannot_write_elsewhere(place: site.Site, volume: str, text: str, why: str) -> None:
    with pytest.raises(errors.PocketCloudError, match=why):
        guest.write(place, volume, text)


def test_the_guarded_api_is_put_into_every_pipeline(tmp_path: pathlib.Path) -> None:
    paste = tmp_path / "api-paste.ini"
    paste.write_text(PASTE)
    rendering.insert_guarded_api(paste)
    text = paste.read_text()
    assert text.count("root_volume osapi_compute_app_v21\n") == 2
    assert f"[filter:root_volume]\npaste.filter_factory = {rendering.GUARDED_API}\n" in text


def test_another_nova_without_that_pipeline_is_refused(tmp_path: pathlib.Path) -> None:
    paste = tmp_path / "api-paste.ini"
    paste.write_text("[composite:openstack_compute_api_v21]\n")
    with pytest.raises(errors.PocketCloudError, match="0 pipelines of nova-api"):
        rendering.insert_guarded_api(paste)


def test_a_dollar_sign_in_a_path_is_no_reference() -> None:
    assert rendering.ini({"a": {"b": "/tmp/$x", "c": True}}) == "[a]\nb = /tmp/$$x\nc = True\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--sites", "a,a"],
        ["--stock", "c"],
        ["--stock", "a", "--guarded", "a"],
        ["--computes", "2", "--cells", "3"],
        ["--computes", "2", "--workers", "2"],
        ["--sites", "a,"],
    ],
)
def test_wishes_that_contradict_are_refused(arguments: list[str]) -> None:
    with pytest.raises(errors.PocketCloudError):
        cli.wishes(cli.parser().parse_args(["up", *arguments]))


def test_wishes_name_only_what_was_asked_for() -> None:
    wishes = cli.wishes(cli.parser().parse_args(["up", "--sites", "a,b,c", "--stock", "b", "--guarded", "c"]))
    assert wishes.guarded == {"b": False, "c": True}


def test_faults_are_asked_for_by_name() -> None:
    faults.apply("create", "plain")
    faults.apply("create", None)
    faults.apply("restore", "[fail-create]")
    with pytest.raises(faults.RequestedFault, match="asks for the step 'create' to fail"):
        faults.apply("create", "root [slow-0] [fail-restore] [fail-create]")


def test_the_console_shows_the_first_bytes(tmp_path: pathlib.Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"cirros\xff\\\n" + b"\0behind")
    info = {
        "block_device_mapping": [
            {"mount_device": "/dev/sdb", "connection_info": {"data": {"volume_id": "2", "device_path": "/none"}}},
            {
                "mount_device": "/dev/sda",
                "boot_index": 0,
                "connection_info": {"data": {"volume_id": "1", "device_path": str(disk)}},
            },
        ]
    }
    boot, *disks = console.boot_text(info).splitlines()
    assert boot.startswith("boot at 20")
    assert disks == [
        r"disk /dev/sda boot_index=0 volume=1 head=cirros\xff\x5c\x0a",
        "disk /dev/sdb boot_index=None volume=2 head=(No such file or directory)",
    ]


def test_a_head_is_at_most_32_bytes(tmp_path: pathlib.Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(b"x" * 40)
    assert console.head(disk) == "x" * 32
