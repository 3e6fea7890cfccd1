# Copyright (c) 2026, standby.openstack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told about a server, and every way of naming the cloud."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from api import Api
from factory import Factory

from playbooks import Playbooks, Result

INFO = "server_boot_volume_info"


@pytest.fixture(scope="module")
def servers(shared: Factory) -> Factory:
    """A running server, a shelved one and a dormant one."""
    shared.server("running", data=shared.volume("data", imageRef=None), delete_on_termination=True)
    shared.dormant("dormant")
    return shared


def test_a_server(servers: Factory, ansible: Playbooks, site_b: Api) -> None:
    before = servers.everything()
    result = ansible(INFO, server=servers.name("running"))
    assert servers.everything() == before
    server = result["server"]
    real = site_b.named("compute", "/servers/detail", "servers", servers.name("running"))
    assert (result["changed"], server["id"], server["status"]) == (False, real["id"], "ACTIVE")
    assert (server["flavor"], server["availability_zone"], server["dormant"]) == ("m1.tiny", "nova", False)
    assert server["root_volume"]["found_by"] == "guarded API"
    rows = {row["tag"]: (row["name"], row["is_root"], row["delete_on_termination"]) for row in server["volumes"]}
    assert rows == {
        "root": (servers.name("running-root"), True, True),
        "data": (servers.name("data"), False, False),
    }
    assert [row["id"] for row in server["volumes"] if row["is_root"]] == [server["root_volume"]["volume_id"]]


def test_a_dormant_server(servers: Factory, ansible: Playbooks) -> None:
    server = ansible(INFO, server=servers.name("dormant"))["server"]
    assert (server["status"], server["dormant"]) == ("SHELVED_OFFLOADED", True)
    assert server["root_volume"].pop("device").startswith("/dev/")
    assert server["root_volume"] == {"present": False, "volume_id": None, "found_by": "guarded API"}


def test_no_server_is_no_error(ansible: Playbooks) -> None:
    result = ansible(INFO, server="nobody")
    assert (result["failed"], result["changed"], result["server"]) == (False, False, {})


def offer(result: Result) -> tuple[bool, str]:
    return result["cloud"]["guarded_api"], result["cloud"]["guarded_api_is"]


def test_what_the_clouds_offer(ansible: Playbooks, ansible_a: Playbooks) -> None:
    assert offer(ansible(INFO, server="nobody")) == (True, "advertised")
    assert offer(ansible_a(INFO, server="nobody")) == (False, "not advertised")
    assert offer(ansible_a(INFO, server="nobody", guarded_api="assume")) == (True, "assumed")


def test_how_the_root_is_found_at_a_stock_cloud(make_a: Factory, ansible_a: Playbooks, tmp_path: Path) -> None:
    make_a.server("tagged")
    make_a.server("plain", tag=None)
    found = {
        ("site_a", "tagged"): "tag root",
        ("site_a", "plain"): "first bootable device",
        ("site_a_admin", "plain"): "root_device_name",
    }
    for (cloud, suffix), expected in found.items():
        result = ansible_a(INFO, server=make_a.name(suffix), cloud=cloud)
        assert result["server"]["root_volume"]["found_by"] == expected
        assert result["server"]["volumes"][0]["is_root"]


def auth_of(name: str) -> tuple[dict[str, Any], str]:
    """What clouds.yaml says of a cloud."""
    clouds = yaml.safe_load(Path(os.environ["OS_CLIENT_CONFIG_FILE"]).read_text(encoding="utf-8"))["clouds"]
    return clouds[name]["auth"], clouds[name]["region_name"]


def test_the_cloud_from_environment_variables(tmp_path: Path) -> None:
    auth, region = auth_of("site_b")
    variables = {f"OS_{key.upper()}": value for key, value in auth.items()}
    elsewhere = {"OS_CLIENT_CONFIG_FILE": str(tmp_path / "none.yaml"), "OS_REGION_NAME": region}
    result = Playbooks(tmp_path, {}, {**variables, **elsewhere})(INFO, server="nobody")
    assert offer(result) == (True, "advertised")


def test_the_cloud_from_the_option_auth(tmp_path: Path) -> None:
    auth, region = auth_of("site_b")
    elsewhere = {"OS_CLIENT_CONFIG_FILE": str(tmp_path / "none.yaml")}
    result = Playbooks(tmp_path, {"auth": auth, "region_name": region}, elsewhere)(INFO, server="nobody")
    assert offer(result) == (True, "advertised")


def test_the_cloud_as_a_dictionary(tmp_path: Path) -> None:
    auth, region = auth_of("site_b")
    elsewhere = {"OS_CLIENT_CONFIG_FILE": str(tmp_path / "none.yaml")}
    result = Playbooks(tmp_path, {"cloud": {"auth": auth, "region_name": region}}, elsewhere)(INFO, server="nobody")
    assert offer(result) == (True, "advertised")


def test_a_cloud_that_is_not_configured(ansible: Playbooks) -> None:
    assert ansible(INFO, server="nobody", cloud="moon")["msg"] == "moon: connect: Cloud moon was not found."


def test_a_wrong_password(tmp_path: Path) -> None:
    auth, region = auth_of("site_b")
    wrong = {"auth": {**auth, "password": "not this one"}, "region_name": region}
    result = Playbooks(tmp_path, wrong)(INFO, server="nobody")
    assert (result["error"]["code"], result["error"]["status"]) == ("cloud_error", 401)
    assert "not this one" not in str(result)


def test_a_cloud_that_does_not_answer(tmp_path: Path) -> None:
    auth, region = auth_of("site_b")
    dead = {"auth": {**auth, "auth_url": "http://127.0.0.1:9/v3"}, "region_name": region}
    result = Playbooks(tmp_path, dead)(INFO, server="nobody")
    assert result["error"]["code"] == "unreachable"
    assert result["msg"].startswith(f"{region} does not answer (discover compute): ")
